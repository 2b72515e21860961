"""Columns that are mixtures of four correlated Gaussians: the law of torch-mist's hybrid example (chapter 12)."""

import math
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mi_lab.generative.density import Density, choices, randn
from mi_lab.laws.law import Law, correlation, count


def _log_normal(z: np.ndarray, variance: float) -> np.ndarray:
    return -(z**2) / (2 * variance) - math.log(2 * math.pi * variance) / 2


class CorrelatedMixture(Law):
    r"""d independent pairs (X_j, Y_j), each an even mixture of four Gaussians of one covariance.

    The covariance of a component is σ [[1, ρ], [ρ, 1]], so that **σ is a variance**, and the means are
    (ε + δ, -ε + δ), (-ε + δ, ε + δ), (ε - δ, -ε - δ), (-ε - δ, ε - δ): two pairs of thin parallel ridges.
    The mutual information has no closed form and is found by quadrature: 1.37050 nats a pair with the numbers of the
    example, 6.85252 for five.  Reference: federici2023.

    Parameters
    ----------
    d : int
        Columns of X, and of Y.
    rho, sigma, epsilon, delta : float
        Correlation and variance of a component, half the distance between the ridges along one axis, and where the
        two pairs lie.
    """

    def __init__(self, d: int = 5, rho: float = 0.95, sigma: float = 0.1, epsilon: float = 0.15, delta: float = 1.5):
        self.d, self.rho = count(d, "d"), correlation(rho)
        for name, value in (("sigma", sigma), ("epsilon", epsilon), ("delta", delta)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ValueError(f"{name} = {value!r}, wanted a finite number.")
        if sigma <= 0:
            raise ValueError(f"sigma = {sigma!r}, wanted a variance above 0.")
        self.sigma, self.epsilon, self.delta = float(sigma), float(epsilon), float(delta)
        e, f = self.epsilon, self.delta
        self.means = np.array([[e + f, -e + f], [-e + f, e + f], [e - f, -e - f], [-e - f, e - f]])  # (4, 2)

    def __repr__(self) -> str:
        return (
            f"CorrelatedMixture(d={self.d}, rho={self.rho:g}, sigma={self.sigma:g}, epsilon={self.epsilon:g}, "
            f"delta={self.delta:g})"
        )

    @cached_property
    def mutual_information(self) -> float:
        # Along the ridge and across it a component has the widths √σ(1±ρ); the trapezoid rule in these coordinates,
        # over one component after the other, converges like that of a Gaussian.
        nodes, step = np.linspace(-9, 9, 361, retstep=True)
        a, b = np.meshgrid(nodes, nodes, indexing="ij")
        weight = np.exp(-(a**2 + b**2) / 2) / (2 * math.pi) * step**2
        along, across = math.sqrt(self.sigma * (1 + self.rho) / 2) * a, math.sqrt(self.sigma * (1 - self.rho) / 2) * b
        total = 0.0
        for mean_x, mean_y in self.means:
            x, y = mean_x + along + across, mean_y + along - across
            total += float((weight * self._log_ratios(x, y)).sum()) / 4
        return self.d * total

    def _log_marginals(self, z: np.ndarray) -> np.ndarray:
        """Return log p of single values, of X_j or of Y_j: the same law."""
        each = _log_normal(z[..., None] - self.means[:, 0], self.sigma)
        return np.logaddexp.reduce(each, -1) - math.log(4)

    def _log_conditionals(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return log p(y_j|x_j) of single values."""
        from_x = x[..., None] - self.means[:, 0]
        log_weight = _log_normal(from_x, self.sigma)
        each = _log_normal(y[..., None] - self.means[:, 1] - self.rho * from_x, self.sigma * (1 - self.rho**2))
        return np.logaddexp.reduce(log_weight + each, -1) - np.logaddexp.reduce(log_weight, -1)

    def _log_ratios(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self._log_conditionals(x, y) - self._log_marginals(y)

    def _log_ratio(self, x, y):
        return self._log_ratios(x, y).sum(1)

    def _draw(self, n, rng):
        mean = self.means[rng.integers(4, size=(n, self.d))]  # (n, d, 2)
        a, b = rng.standard_normal((2, n, self.d)) * math.sqrt(self.sigma)
        return mean[..., 0] + a, mean[..., 1] + self.rho * a + math.sqrt(1 - self.rho**2) * b

    def log_conditional(self, y, x) -> Tensor:
        """Return log p(y|x), shape (n,), in nats."""
        return self.conditional().log_prob(y, x)

    def log_marginal(self, y) -> Tensor:
        """Return log p(y), shape (n,), in nats; X has the same law."""
        return self.marginal().log_prob(y)

    def conditional(self) -> "Density":
        """Return p(y|x) as a density model with nothing to train."""
        return _Known(self, self.d)

    def marginal(self) -> "Density":
        """Return p(y) as a density model with nothing to train."""
        return _Known(self, 0)


class _Known(Density):
    """The law's own p(y|x), or p(y)."""

    def __init__(self, law: CorrelatedMixture, d_x: int):
        super().__init__(law.d, d_x)
        self.sigma, self.rho = law.sigma, law.rho
        self.register_buffer("means", torch.from_numpy(law.means).float())

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, float]:
        """Return log-weights and means (…, d, 4), and the variance of the components."""
        if self.d_x == 0:
            return self.means.new_full((4,), -math.log(4)), self.means[:, 1], self.sigma
        from_x = x.unsqueeze(-1) - self.means[:, 0]
        log_weight = torch.log_softmax(-(from_x**2) / (2 * self.sigma), -1)
        return log_weight, self.means[:, 1] + self.rho * from_x, self.sigma * (1 - self.rho**2)

    def _log_density(self, u, x):
        log_weight, mean, variance = self._parts(x)
        each = -((u.unsqueeze(-1) - mean) ** 2) / (2 * variance) - math.log(2 * math.pi * variance) / 2
        return torch.logsumexp(log_weight + each, -1).sum(-1)

    def _draw(self, x, generator):
        n = len(x)
        log_weight, mean, variance = self._parts(x)
        log_weight, mean = (part.expand(n, self.d_y, 4) for part in (log_weight, mean))
        pick = choices(log_weight.reshape(-1, 4), generator).view(n, self.d_y, 1)
        noise = randn(n, self.d_y, like=x, generator=generator)
        return mean.gather(-1, pick).squeeze(-1) + math.sqrt(variance) * noise
