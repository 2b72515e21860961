r"""The base: scores of ranks, the Gaussian copula's closed form, and its log-ratio on all pairs.

Mutual information doesn't change when columns are replaced by increasing functions of themselves, so each column
becomes :math:`\Phi^{-1}((r - \frac12)/n)` of its ranks r.  What a Gaussian law of those scores would hold,

.. math:: I_G = -\tfrac12 \log \frac{\det \Sigma}{\det \Sigma_x \det \Sigma_y},

is exact for Gaussian copulas and the point where critics and neighbours begin for all others.
"""

from dataclasses import dataclass

import numpy as np

FLAT = 1e-7  # of the largest: a direction whose variance is smaller repeats the others
CROWD = 6  # samples for each direction of a side that is kept
LEAST = 1.0 - 1e-9  # a squared canonical correlation is at most so large


def normal_scores(v: np.ndarray) -> np.ndarray:
    """Return Gaussian scores of the ranks of every column (n, d), mean 0 and deviation 1; equal values share a rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    out = ndtri((rankdata(v, axis=0) - 0.5) / len(v))
    return (out - out.mean(0)) / out.std(0)


def whitened(v: np.ndarray) -> np.ndarray:
    """Return uncorrelated columns of variance 1 that span the same, fewer if some repeat the others.

    No more than one for `CROWD` samples: the directions of the largest variance.
    """
    w, q = np.linalg.eigh(v.T @ v / len(v))
    kept = w > FLAT * w[-1]
    kept[: -max(1, len(v) // CROWD)] = False
    return v @ (q[:, kept] / np.sqrt(w[kept]))


@dataclass(frozen=True)
class Base:
    """Canonical columns of both sides (n, d_x) and (n, d_y), variance 1, and the canonical correlations (r,)."""

    u: np.ndarray
    v: np.ndarray
    rho: np.ndarray

    @property
    def value(self) -> float:
        """Return I_G in nats, its bias taken off."""
        return float(-0.5 * np.log1p(-(self.rho**2)).sum()) - bias(len(self.u), self.u.shape[1], self.v.shape[1])


def base(x: np.ndarray, y: np.ndarray) -> Base:
    """Return the canonical columns and correlations of scores x (n, d_x) and y (n, d_y)."""
    x, y = whitened(x), whitened(y)
    left, rho, right = np.linalg.svd(x.T @ y / len(x), full_matrices=True)
    return Base(x @ left, y @ right.T, np.sqrt(np.minimum(rho**2, LEAST)))


def bias(n: int, d_x: int, d_y: int) -> float:
    r"""Return by how much the closed form of sample covariances is too large on average, in nats.

    For Gaussian samples :math:`\mathrm E \log\det S = \log\det\Sigma + \sum_{i \le d} \psi(\frac{n-i}2) - d \log
    \frac{n-1}2` (a Wishart matrix; misra2005), of which the last term cancels.
    """
    from scipy.special import psi

    if n <= d_x + d_y + 1:
        return 0.0
    b = lambda d: psi((n - np.arange(1, d + 1)) / 2).sum()  # noqa: E731
    return float(0.5 * (b(d_x) + b(d_y) - b(d_x + d_y)))


def chance(b: Base) -> float:
    r"""Return the standard deviation of I_G where nothing depends: :math:`2 n I_G` is then a chi-square of d_x·d_y."""
    return float(np.sqrt(b.u.shape[1] * b.v.shape[1] / 2) / len(b.u))


def adjusted(rho: np.ndarray, n: int, d_x: int, d_y: int) -> np.ndarray:
    """Return correlations without what chance adds to them, as an adjusted R² does."""
    left = max(1, n - d_x - d_y - 1)
    return np.sqrt(np.clip(1 - (1 - rho**2) * (n - 1) / left, 0, LEAST))


def draw(rho: np.ndarray, n: int, d_x: int, d_y: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n samples of the Gaussian law with these canonical correlations, as scores."""
    u, v = rng.standard_normal((n, d_x)), rng.standard_normal((n, d_y))
    r = len(rho)
    v[:, :r] = rho * u[:, :r] + np.sqrt(1 - rho**2) * v[:, :r]
    return normal_scores(u), normal_scores(v)
