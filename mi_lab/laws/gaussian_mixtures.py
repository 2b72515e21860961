"""Mixtures of Gaussians: rings, clusters, and what galaxies and waves are bent from."""

import math
from functools import cached_property
from itertools import product

import numpy as np
from scipy.special import logsumexp

from mi_lab.laws.law import Law, count


class GaussianMixture(Law):
    r"""A mixture of Gaussians in (X, Y) together: all its densities are known, its information is found by quadrature.

    .. math:: I(X;Y) = \sum_k w_k \E_{Z \sim N(\mu_k, C_k)} \log \frac{p(Z)}{p_X(Z_X) p_Y(Z_Y)}

    by the trapezoid rule in the coordinates of each component, where it converges like that of a Gaussian.

    Parameters
    ----------
    weights : array (components,)
    means : array (components, d_x + d_y)
    covariances : array (components, d_x + d_y, d_x + d_y), or one for all
    d_x : int
        Columns of X.
    """

    STEP = 0.25  # of the trapezoid rule, in standard deviations; a test halves it

    def __init__(self, weights, means, covariances, d_x: int):
        self.means = np.atleast_2d(np.asarray(means, dtype=float))
        k, d = self.means.shape
        self.weights = np.broadcast_to(np.asarray(weights, dtype=float), (k,))
        if (self.weights <= 0).any() or not math.isclose(self.weights.sum(), 1, rel_tol=1e-9):
            raise ValueError(f"weights = {weights!r}, wanted numbers above 0 that add up to 1.")
        if not count(d_x, "d_x") < d:
            raise ValueError(f"d_x = {d_x!r}, wanted fewer than the {d} columns of X and Y together.")
        self.d_x = d_x
        self.covariances = np.broadcast_to(np.asarray(covariances, dtype=float), (k, d, d))
        self._roots = np.linalg.cholesky(self.covariances)

    def __repr__(self) -> str:
        return f"GaussianMixture({len(self.weights)} components, {self.dims[0]}+{self.dims[1]} columns)"

    @classmethod
    def rings(cls, radii=(1.0, 2.5), sd: float = 0.2, around: int = 24) -> "GaussianMixture":
        """Return circles around the origin, each of `around` round Gaussians: one column each."""
        angle = 2 * math.pi * np.arange(around) / around
        circle = np.stack([np.cos(angle), np.sin(angle)], 1)
        means = np.concatenate([r * circle for r in radii])
        return cls(1 / len(means), means, sd**2 * np.eye(2), 1)

    @classmethod
    def clusters(cls, means, sd: float, d_x: int) -> "GaussianMixture":
        """Return round Gaussians of one size with these means."""
        return cls(1 / len(means), means, sd**2 * np.eye(len(means[0])), d_x)

    @property
    def dims(self) -> tuple[int, int]:
        return self.d_x, self.means.shape[1] - self.d_x

    def _log_mixture(self, z: np.ndarray, where: slice) -> np.ndarray:
        """Return the log-density of the columns `where` at z, (n,)."""
        out = []
        for w, mean, c in zip(self.weights, self.means[:, where], self.covariances[:, where, where], strict=True):
            r = np.linalg.solve(np.linalg.cholesky(c), (z - mean).T)
            out.append(math.log(w) - ((r**2).sum(0) + np.linalg.slogdet(c)[1] + len(c) * math.log(2 * math.pi)) / 2)
        return logsumexp(out, axis=0)

    @cached_property
    def mutual_information(self) -> float:
        d = self.means.shape[1]
        nodes = np.arange(-7, 7 + self.STEP / 2, self.STEP)
        grid = np.array(list(product(nodes, repeat=d)))
        grid = grid[(grid**2).sum(1) < 49]  # outside lies less than a 10⁻⁹ of the mass in up to three dimensions
        weight = np.exp(-(grid**2).sum(1) / 2) * (self.STEP / math.sqrt(2 * math.pi)) ** d
        total = 0.0
        for w, mean, root in zip(self.weights, self.means, self._roots, strict=True):
            z = mean + grid @ root.T
            total += w * float(weight @ self._log_ratio(z[:, : self.d_x], z[:, self.d_x :]))
        return total

    def _draw(self, n, rng):
        k = rng.choice(len(self.weights), size=n, p=self.weights)
        z = self.means[k] + np.einsum("nij,nj->ni", self._roots[k], rng.standard_normal((n, self.means.shape[1])))
        return z[:, : self.d_x], z[:, self.d_x :]

    def _log_ratio(self, x, y):
        k = self.d_x
        both = self._log_mixture(np.hstack([x, y]), slice(None))
        return both - self._log_mixture(x, slice(k)) - self._log_mixture(y, slice(k, None))
