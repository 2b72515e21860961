"""A uniform variable and uniform noise added to it."""

import math

import numpy as np

from mi_lab.laws.law import Law


class UniformNoise(Law):
    r"""X uniform on (0, 1), Y = X + N with N uniform on (-w, w).

    .. math:: I(X;Y) = w - \log 2w \;\text{ for } w \le \tfrac12, \qquad \frac1{4w} \;\text{ for } w \ge \tfrac12

    Parameters
    ----------
    width : float
        w, above 0.
    """

    def __init__(self, width: float):
        if not 0 < float(width) < math.inf:
            raise ValueError(f"width = {width!r}, wanted a finite number above 0 (without noise I is infinite).")
        self.width = float(width)

    def __repr__(self) -> str:
        return f"UniformNoise({self.width:g})"

    @property
    def mutual_information(self) -> float:
        w = self.width
        return w - math.log(2 * w) if w <= 0.5 else 1 / (4 * w)

    def _draw(self, n, rng):
        x = rng.random((n, 1))
        return x, x + rng.uniform(-self.width, self.width, (n, 1))

    def _log_ratio(self, x, y):
        # p(y|x) / p(y): the density of Y is the share of (0, 1) that lies within w of y, over 2w
        share = np.minimum(y + self.width, 1) - np.maximum(y - self.width, 0)
        with np.errstate(divide="ignore", invalid="ignore"):  # outside the support the ratio is 0
            inside = (np.abs(y - x) <= self.width) & (share > 0)
            return np.where(inside, -np.log(share), -np.inf).ravel()
