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

DRAWN = 3


@dataclass(frozen=True)
class Near:
    """The value in nats, its terms (n,), what was added for the blur, how much fewer neighbours show more, k, a share.

    The neighbours' share of what they find beside the base: none of a difference that is no larger than its noise
    (james1961).
    """

    value: float
    terms: np.ndarray
    blur: float
    drift: float
    k: int
    share: float


def near(base: Base, x: np.ndarray, y: np.ndarray, seed: int = 0) -> Near:
    """Estimate by neighbours from scores x (n, d_x) and y (n, d_y)."""
    n, d_x, d_y = len(x), base.u.shape[1], base.v.shape[1]
    k = 4 if n >= 100 else 3
    terms = ksg(x, y, k=k, pointwise=True, workers=1).numpy()
    wide = float(ksg(x, y, k=min(3 * k, n - 1), workers=1))
    value = float(terms.mean())
    drift = max(0.0, value - wide)
    blur = 0.0
    if value > 1.5 and d_x + d_y == 2:  # where neighbourhoods are wider than the ridge
        rng = np.random.default_rng([seed, 77])
        held = float(-0.5 * np.log1p(-(base.rho**2)).sum())
        found = [float(ksg(*draw(base.rho, n, d_x, d_y, rng), k=k, workers=1)) for _ in range(DRAWN)]
        blur, spread = held - float(np.mean(found)), float(np.std(found)) / math.sqrt(DRAWN - 1)
        blur = blur if blur > 3 * spread else 0.0
    apart = value + blur - base.value
    noise = float((terms - base.terms).std()) / math.sqrt(n)
    share = max(0.0, 1 - (noise / apart) ** 2) if apart else 0.0
    return Near(base.value + share * apart, terms, blur, share * drift, k, share)
