r"""A series closed to a circle, so that it has no seam when it is shifted.

A shift that brings the end of a series before its beginning makes a jump that the data don't have.  Slow series drift
from one end of their range to the other; two that both do look more alike unshifted than after any shift, and a test
by shifts then finds too much.
"""

from dataclasses import replace

import numpy as np

from mi_lab.counting.front import gaussian_scores
from mi_lab.tables.kinds import Column
from mi_lab.tables.reading import Side


def closed(v: np.ndarray) -> np.ndarray:
    r"""Return a series (n,) whose end leads to its beginning as any row leads to the next.

    For an autoregression :math:`v_t = φ v_{t-1} + ε_t`

    .. math:: \tilde v_t = v_t + d\,φ^t, \qquad d = \frac{φ v_{n-1} - v_0}{1 - φ^n}

    has the same innovations and fulfils the recursion across the seam, :math:`\tilde v_0 = φ \tilde v_{n-1}`; all its
    cyclic shifts are equally likely.  Without memory little changes, in the limit φ → 1 the line through both ends is
    taken off.  φ is the lag-one autocorrelation.
    """
    n = len(v)
    v = v - v.mean()
    square = float(v[:-1] @ v[:-1])
    φ = min(max(0.0, float(v[1:] @ v[:-1]) / square), 1 - 1 / n**2) if square > 0 else 0.0
    return v + (φ * v[-1] - v[0]) / (1 - φ**n) * φ ** np.arange(n)


def closed_side(side: Side) -> Side:
    """Return a side whose columns that vary continuously are closed, as Gaussian scores of their ranks."""
    return Side(side.name, tuple(_closed_column(c) if _smooth(c) else c for c in side.columns))


def _smooth(c: Column) -> bool:
    return not c.discrete and len(np.unique(c.values)) > len(c.values) / 2


def _closed_column(c: Column) -> Column:
    return replace(c, values=closed(gaussian_scores(c.values[:, None])[:, 0]))
