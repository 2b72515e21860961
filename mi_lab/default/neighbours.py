r"""Neighbours beside the base: what Kraskov's estimator finds on the samples, less what it errs on Gaussian ones.

.. math:: \hat I = I_G + \hat I_{\text{KSG}}(\text{samples}) - \overline{\hat I_{\text{KSG}}(\text{Gaussian copula})}

The second mean is over samples drawn from the base, as many and in as many columns.  So what neighbourhoods blur is
taken off where it is known; for a Gaussian copula the bias is 0.
"""

import math
from dataclasses import dataclass

import numpy as np

from mi_lab.counting.kraskov import ksg
from mi_lab.default.base import Base, draw

NEIGHBOURS = 4
DRAWN = 3


@dataclass(frozen=True)
class Near:
    """The value in nats, its terms (n,), and how much was taken off for the blur."""

    value: float
    terms: np.ndarray
    blur: float


def near(base: Base, x: np.ndarray, y: np.ndarray, seed: int = 0) -> Near:
    """Estimate by neighbours from scores x (n, d_x) and y (n, d_y)."""
    n, d_x, d_y = len(x), base.u.shape[1], base.v.shape[1]
    terms = ksg(x, y, k=NEIGHBOURS, pointwise=True, workers=1).numpy()
    rng = np.random.default_rng([seed, 77])
    held = float(-0.5 * np.log1p(-(base.rho**2)).sum())
    found = [float(ksg(*draw(base.rho, n, d_x, d_y, rng), k=NEIGHBOURS, workers=1)) for _ in range(DRAWN)]
    blur, noise = held - float(np.mean(found)), float(np.std(found)) / math.sqrt(DRAWN - 1)
    if abs(blur) < 3 * noise:
        blur = 0.0
    return Near(float(terms.mean()) + blur, terms, blur)
