"""Gaussian laws: correlated pairs, and the data of the course."""

import math

import numpy as np
import torch
from torch import Tensor

from mi_lab.generative.gaussians import LinearGaussian
from mi_lab.laws.law import Law, correlation, count, tensor


class CorrelatedGaussian(Law):
    r"""d independent pairs of standard Gaussians, each with correlation ρ.

    .. math:: I(X;Y) = -\frac d2 \log(1 - \rho^2)

    Parameters
    ----------
    rho : float
        Correlation, -1 < rho < 1.
    d : int
        Dimensions of X, and of Y.
    """

    def __init__(self, rho: float, d: int = 1):
        self.rho, self.d = correlation(rho), count(d, "d")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rho={self.rho:g}" + (f", d={self.d})" if self.d > 1 else ")")

    @classmethod
    def with_information(cls, nats: float, d: int = 1) -> "CorrelatedGaussian":
        """Return the law whose mutual information is `nats`: ρ² = 1 - exp(-2 I / d)."""
        if not 0 <= float(nats) < math.inf:
            raise ValueError(f"nats = {nats!r}, wanted a finite number of at least 0.")
        return cls(math.sqrt(-math.expm1(-2 * nats / count(d, "d"))), d)

    @property
    def mutual_information(self) -> float:
        return -self.d / 2 * math.log1p(-(self.rho**2))

    def _draw(self, n, rng):
        x, e = rng.standard_normal((2, n, self.d))
        return x, self.rho * x + math.sqrt(1 - self.rho**2) * e

    def _log_ratio(self, x, y):
        r = self.rho
        q = (r**2 * (x**2 + y**2) - 2 * r * x * y) / (2 * (1 - r**2))
        return self.mutual_information - q.sum(1)

    def conditional(self) -> LinearGaussian:
        """Return p(y|x) = N(ρx, 1 - ρ²) as a density model with nothing to train."""
        one = torch.eye(self.d)
        return LinearGaussian.known(self.rho * one, torch.zeros(self.d), (1 - self.rho**2) * one)

    def marginal(self) -> LinearGaussian:
        """Return p(y) = N(0, 1) as a density model with nothing to train."""
        return LinearGaussian.known(torch.zeros(self.d, 0), torch.zeros(self.d), torch.eye(self.d))


class BivariateGaussian(CorrelatedGaussian):
    r"""Two standard Gaussians with correlation ρ: :math:`I(X;Y) = -\frac12 \log(1 - \rho^2)`."""

    def __init__(self, rho: float):
        super().__init__(rho, 1)

    @classmethod
    def with_information(cls, nats: float) -> "BivariateGaussian":
        """Return the law whose mutual information is `nats`, with ρ ≥ 0: ρ² = 1 - exp(-2 I)."""
        return cls(CorrelatedGaussian.with_information(nats).rho)

    def __repr__(self) -> str:
        return f"BivariateGaussian(rho={self.rho:g})"


def course_data(n: int = 1000, seed: int = 0) -> tuple[Tensor, Tensor, float]:
    """Return the data of the course: n samples of a bivariate Gaussian, and their mutual information in nats.

    With the default seed ρ = 1 - .19 U = .87898 and I = .74052.

    Returns
    -------
    x, y : Tensors of shape (n, 1)
    truth : float
    """
    rng = np.random.default_rng(seed)
    rho = 1 - 0.19 * rng.random()
    xy = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=count(n))
    return tensor(xy[:, :1]), tensor(xy[:, 1:]), BivariateGaussian(rho).mutual_information
