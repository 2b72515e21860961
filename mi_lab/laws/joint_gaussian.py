"""Gaussian and Student laws with any covariance between many columns."""

import math
from functools import cached_property

import numpy as np
from scipy.special import digamma, gammaln

from mi_lab.laws.law import Law, correlation, count


class JointGaussian(Law):
    r"""(X, Y) Gaussian with mean 0 and the covariance C, whose first d_x columns are those of X.

    .. math:: I(X;Y) = \tfrac12 \log \frac{\det C_{XX} \det C_{YY}}{\det C}

    Parameters
    ----------
    covariance : array (d_x + d_y, d_x + d_y)
        Symmetric, positive definite.
    d_x : int
        Columns of X.
    """

    def __init__(self, covariance: np.ndarray, d_x: int):
        c = np.asarray(covariance, dtype=float)
        if c.ndim != 2 or c.shape[0] != c.shape[1] or not np.allclose(c, c.T):
            raise ValueError(f"covariance has the shape {c.shape}, wanted a symmetric square matrix.")
        if not count(d_x, "d_x") < len(c):
            raise ValueError(f"d_x = {d_x!r}, wanted fewer than the {len(c)} columns of X and Y together.")
        try:
            self._root = np.linalg.cholesky(c)
        except np.linalg.LinAlgError:
            raise ValueError(
                "covariance is not positive definite: no such Gaussian has a finite information."
            ) from None
        self.covariance, self.d_x = c, d_x

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dims[0]}+{self.dims[1]} columns)"

    @classmethod
    def dense(cls, d_x: int, d_y: int, rho: float, **more) -> "JointGaussian":
        """Return unit variances and the same correlation ρ >= 0 between any two of all columns."""
        d = count(d_x, "d_x") + count(d_y, "d_y")
        return cls((1 - correlation(rho)) * np.eye(d) + rho * np.ones((d, d)), d_x, **more)

    @classmethod
    def sparse(cls, d_x: int, d_y: int, rho: float, pairs: int = 2, **more) -> "JointGaussian":
        """Return unit variances; X_j and Y_j have correlation ρ for the first `pairs` j, all else is independent."""
        c = np.eye(count(d_x, "d_x") + count(d_y, "d_y"))
        for j in range(min(count(pairs, "pairs"), d_x, d_y)):
            c[j, d_x + j] = c[d_x + j, j] = correlation(rho)
        return cls(c, d_x, **more)

    @property
    def dims(self) -> tuple[int, int]:
        return self.d_x, len(self.covariance) - self.d_x

    def _blocks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        k = self.d_x
        return self.covariance[:k, :k], self.covariance[k:, k:], self.covariance

    @cached_property
    def mutual_information(self) -> float:
        in_x, in_y, both = (np.linalg.slogdet(c)[1] for c in self._blocks())
        return float(in_x + in_y - both) / 2

    def _draw(self, n, rng):
        z = rng.standard_normal((n, len(self.covariance))) @ self._root.T
        return z[:, : self.d_x], z[:, self.d_x :]

    def _log_ratio(self, x, y):
        in_x, in_y, both = (
            self._log_density(z, c) for z, c in zip((x, y, np.hstack([x, y])), self._blocks(), strict=True)
        )
        return both - in_x - in_y

    def _log_density(self, z: np.ndarray, c: np.ndarray) -> np.ndarray:
        q = np.einsum("ij,ij->i", z @ np.linalg.inv(c), z)
        return -(q + np.linalg.slogdet(c)[1] + len(c) * math.log(2 * math.pi)) / 2


class Student(JointGaussian):
    r"""A Gaussian divided by the root of one shared χ²_ν / ν: every column has Student's tails.

    The shared divisor ties X and Y even where C_{XY} = 0, by an amount that depends on ν and the columns alone.
    With h_k(C), the entropy of k columns,

    .. math::
        I(X;Y) = h_{d_x}(C_{XX}) + h_{d_y}(C_{YY}) - h_{d_x+d_y}(C), \qquad
        h_k(C) = \log\frac{\Gamma(\nu/2)}{\Gamma((\nu+k)/2)} + \tfrac k2 \log(\nu\pi) + \tfrac12\log\det C
        + \tfrac{\nu+k}2 \left(\psi(\tfrac{\nu+k}2) - \psi(\tfrac\nu2)\right)

    Parameters
    ----------
    covariance, d_x
        As of `JointGaussian`; here the dispersion matrix (a covariance exists only for ν > 2).
    freedom : float
        Degrees of freedom ν, above 0; 1 is Cauchy's law.
    """

    def __init__(self, covariance: np.ndarray, d_x: int, freedom: float = 1.0):
        super().__init__(covariance, d_x)
        if not 0 < float(freedom) < math.inf:
            raise ValueError(f"freedom = {freedom!r}, wanted a finite number above 0.")
        self.freedom = float(freedom)

    def __repr__(self) -> str:
        return f"Student({self.dims[0]}+{self.dims[1]} columns, freedom={self.freedom:g})"

    def _entropy(self, c: np.ndarray) -> float:
        v, k = self.freedom, len(c)
        shape = gammaln(v / 2) - gammaln((v + k) / 2) + k / 2 * math.log(v * math.pi) + np.linalg.slogdet(c)[1] / 2
        return float(shape + (v + k) / 2 * (digamma((v + k) / 2) - digamma(v / 2)))

    @cached_property
    def mutual_information(self) -> float:
        in_x, in_y, both = map(self._entropy, self._blocks())
        return in_x + in_y - both

    def _draw(self, n, rng):
        divisor = np.sqrt(rng.chisquare(self.freedom, (n, 1)) / self.freedom)
        x, y = super()._draw(n, rng)
        return x / divisor, y / divisor

    def _log_density(self, z, c):
        v, k = self.freedom, len(c)
        q = np.einsum("ij,ij->i", z @ np.linalg.inv(c), z)
        front = gammaln((v + k) / 2) - gammaln(v / 2) - k / 2 * math.log(v * math.pi) - np.linalg.slogdet(c)[1] / 2
        return front - (v + k) / 2 * np.log1p(q / v)
