r"""What neighbours miss in many columns, learned from a Gaussian law with the same correlations.

In d columns the smallest cube with k rows is wide, about n^(-1/d), and blurs what it counts.  A Gaussian law blurs
about as much as the data do, and its information is known; so neighbours are asked about samples of it, too, and what
they miss there is put back (a parametric bootstrap of the bias, efron1979bootstrap).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import digamma

ROWS = 4  # rows a column that the correlations want


def gaussian_information(v: np.ndarray, sizes: tuple[int, int, int]) -> tuple[float, float]:
    r"""Return I(X;Y|Z) of the Gaussian law with the correlations of v (n, d_x + d_y + d_z), as it is and unbiased.

    .. math:: \tfrac12 \log \frac{\det S_{xz} \det S_{yz}}{\det S_{xyz} \det S_z}

    The mean of log det S of n Gaussian rows is known in digamma functions, so its bias can be taken off exactly.
    """
    n, (dx, dy, dz) = len(v), sizes
    s = np.cov(v.T, ddof=1).reshape(len(v.T), -1)
    x, y, z = (list(range(a, b)) for a, b in ((0, dx), (dx, dx + dy), (dx + dy, dx + dy + dz)))

    def half(at: list[int]) -> tuple[float, float]:
        if not at:
            return 0.0, 0.0
        bias = sum(digamma((n - 1 - j) / 2) for j in range(len(at))) + len(at) * np.log(2 / (n - 1))
        return 0.5 * float(np.linalg.slogdet(s[np.ix_(at, at)])[1]), 0.5 * float(bias)

    parts = [half(at) for at in (x + z, y + z, x + y + z, z)]
    plain, bias = (p[0] + p[1] - p[2] - p[3] for p in zip(*parts, strict=True))
    return plain, plain - bias


def missed(
    v: np.ndarray, sizes: tuple[int, int, int], estimator: Callable[[np.ndarray], float], noise: list[np.ndarray]
) -> tuple[float, float]:
    """Return what an estimator misses of the Gaussian law with v's correlations, and how much the noise moves that.

    Parameters
    ----------
    v : (n, d_x + d_y + d_z), Gaussian scores on a common scale
    estimator : of rows of that shape
    noise : standard normal arrays of v's shape, one for each sample of the law
    """
    if len(v) < ROWS * v.shape[1] + 2:
        return 0.0, 0.0
    spread, turn = np.linalg.eigh(np.atleast_2d(np.corrcoef(v.T)))
    if spread.min() < 1e-9:  # columns that say the same: no such law has a density
        return 0.0, 0.0
    root = turn * np.sqrt(spread)
    plain, unbiased = gaussian_information(v, sizes)
    found = [estimator(e @ root.T) for e in noise]
    mean = float(np.mean(found))
    share = min(1.0, max(0.0, mean / plain)) if plain > 0 else 0.0  # of the information, what neighbours see
    error = float(np.std(found, ddof=1) / np.sqrt(len(found))) if len(found) > 1 else 0.0
    return unbiased - mean + share * (plain - unbiased), error
