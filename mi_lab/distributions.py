"""Laws of (X, Y) whose mutual information is known: to sample from, and to compare estimates with.

Every law has ``sample(n, seed) -> (x, y)``, ``mutual_information`` in nats and ``log_ratio(x, y)``, the logarithm of
p(x, y) / (p(x) p(y)), whose mean under the law is the mutual information.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mi_lab.samples import as_pair

Seed = int | np.random.Generator | None


def _count(n: Any, name: str = "n") -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"{name} = {n!r}, wanted a whole number of at least 1.")
    return int(n)


def _correlation(rho: Any) -> float:
    try:
        value = float(rho)
    except (TypeError, ValueError):
        raise ValueError(f"rho = {rho!r}, wanted a number with -1 < rho < 1.") from None
    if not -1 < value < 1:
        raise ValueError(f"rho = {rho!r}, wanted -1 < rho < 1 (at ±1 the mutual information is infinite).")
    return value


def _tensor(a: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32))


class Law:
    """A law of (X, Y): subclasses give `_draw`, `_log_ratio` (both in float64 NumPy) and `mutual_information`."""

    d = 1  # dimensions of X, and of Y
    mutual_information: float

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _log_ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def sample(self, n: int, seed: Seed = None) -> tuple[Tensor, Tensor]:
        """Draw n independent samples of the joint law.

        Parameters
        ----------
        n : int
            How many.
        seed : int or numpy Generator, optional
            The same seed gives the same samples.

        Returns
        -------
        x, y : Tensors of shape (n, d), float32
        """
        x, y = self._draw(_count(n), np.random.default_rng(seed))
        return _tensor(x), _tensor(y)

    def sample_product(self, n: int, seed: Seed = None) -> tuple[Tensor, Tensor]:
        """Draw n independent samples of the product of the marginals: x of one draw beside y of another."""
        rng = np.random.default_rng(seed)
        return _tensor(self._draw(_count(n), rng)[0]), _tensor(self._draw(n, rng)[1])

    def log_ratio(self, x: Any, y: Any) -> Tensor:
        """Return log p(x, y) / (p(x) p(y)) in nats, shape (n,), float32: the critic that attains the truth."""
        x, y = as_pair(x, y, minimum=1)
        if x.shape[1] != self.d or y.shape[1] != self.d:
            raise ValueError(f"x and y have {x.shape[1]} and {y.shape[1]} columns, wanted {self.d} each for {self!r}.")
        ratio = self._log_ratio(x.detach().cpu().double().numpy(), y.detach().cpu().double().numpy())
        return _tensor(ratio).to(x.device)


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
        self.rho, self.d = _correlation(rho), _count(d, "d")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rho={self.rho:g}" + (f", d={self.d})" if self.d > 1 else ")")

    @classmethod
    def with_information(cls, nats: float, d: int = 1) -> "CorrelatedGaussian":
        """Return the law whose mutual information is `nats`: ρ² = 1 - exp(-2 I / d)."""
        if not 0 <= float(nats) < math.inf:
            raise ValueError(f"nats = {nats!r}, wanted a finite number of at least 0.")
        return cls(math.sqrt(-math.expm1(-2 * nats / _count(d, "d"))), d)

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


class MixedGaussian(Law):
    r"""An even mixture of two bivariate Gaussians with correlations +ρ and -ρ.

    X and Y are standard Gaussians, uncorrelated, and yet dependent.  The mutual information has no closed form and is
    found by quadrature; ρ = .9 gives .4084 nats.
    """

    def __init__(self, rho: float = 0.9):
        self.rho = _correlation(rho)

    def __repr__(self) -> str:
        return f"MixedGaussian(rho={self.rho:g})"

    @cached_property
    def mutual_information(self) -> float:
        # By symmetry the expectation under the mixture is the one under +ρ alone, over independent x and e.
        # x = s sinh v puts nodes where the ratio bends (|x| about s), and the trapezoid rule is then exact to rounding.
        s = math.sqrt(1 - self.rho**2)
        v, dv = np.linspace(-math.asinh(9 / s), math.asinh(9 / s), 401, retstep=True)
        e, de = np.linspace(-9, 9, 361, retstep=True)
        x, jacobian = s * np.sinh(v)[:, None], s * np.cosh(v)[:, None]
        weight = np.exp(-(x**2 + e**2) / 2) / (2 * math.pi) * jacobian * dv * de
        y = self.rho * x + s * e
        ratio = self._log_ratio(np.broadcast_to(x, y.shape).reshape(-1, 1), y.reshape(-1, 1))
        return float(weight.ravel() @ ratio)

    def _draw(self, n, rng):
        x, e = rng.standard_normal((2, n, 1))
        sign = rng.choice([-1.0, 1.0], size=(n, 1))
        return x, sign * self.rho * x + math.sqrt(1 - self.rho**2) * e

    def _log_ratio(self, x, y):
        one, two = (CorrelatedGaussian(r)._log_ratio(x, y) for r in (self.rho, -self.rho))
        return np.logaddexp(one, two) - math.log(2)


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"x": lambda x: x, "x^3": lambda x: x**3, "sin x": np.sin}


class AdditiveNoise(Law):
    r"""X uniform on (-1, 1), Y = f(X) + σ ε with ε a standard Gaussian.

    .. math::
        I(X;Y) = h(Y) - \tfrac12 \log(2 \pi e \sigma^2), \qquad
        p(y) = \tfrac12 \int_{-1}^{1} N(y; f(x), \sigma^2) dx

    Both integrals by quadrature: σ = .1 gives 1.667, 1.249 and 1.536 nats for x, x³ and sin x.

    Parameters
    ----------
    f : {"x", "x^3", "sin x"} or callable
        The function; a callable takes and returns a NumPy array.
    sigma : float
        Standard deviation of the noise, above 0.
    """

    def __init__(self, f: str | Callable = "x", sigma: float = 0.1):
        if not callable(f) and f not in FUNCTIONS:
            raise ValueError(f"f = {f!r}, wanted a function of x or one of: {', '.join(FUNCTIONS)}.")
        if not 0 < float(sigma) < math.inf:
            raise ValueError(f"sigma = {sigma!r}, wanted a finite number above 0 (without noise I is infinite).")
        self.f = f if callable(f) else FUNCTIONS[f]
        self.name = f if isinstance(f, str) else getattr(f, "__name__", "f")
        self.sigma = float(sigma)

    def __repr__(self) -> str:
        return f"AdditiveNoise({self.name!r}, sigma={self.sigma:g})"

    @cached_property
    def _nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return f at, and log weight of, Gauss-Legendre nodes: 8 per panel, panels narrower than the noise."""
        z, w = np.polynomial.legendre.leggauss(8)
        panels = int(min(4000, max(50, 8 / self.sigma)))
        edges = np.linspace(-1, 1, panels + 1)
        half = 1 / panels
        x = (edges[:-1, None] + half + half * z).ravel()
        return np.asarray(self.f(x), dtype=float), np.log(np.tile(w, panels) * half / 2)

    def _log_density(self, y: np.ndarray) -> np.ndarray:
        """Return log p(y), shape (n,)."""
        f, log_weight = self._nodes
        out = np.empty(len(y))
        rows = max(1, 2_000_000 // len(f))
        for i in range(0, len(y), rows):
            a = log_weight - 0.5 * ((y[i : i + rows, None] - f) / self.sigma) ** 2
            top = a.max(1)
            out[i : i + rows] = top + np.log(np.exp(a - top[:, None]).sum(1))
        return out - 0.5 * math.log(2 * math.pi * self.sigma**2)

    @cached_property
    def mutual_information(self) -> float:
        f, _ = self._nodes
        y, step = np.linspace(f.min() - 9 * self.sigma, f.max() + 9 * self.sigma, 4001, retstep=True)
        log_p = self._log_density(y)
        entropy = -step * np.sum(np.exp(log_p) * log_p)  # the density and its derivatives vanish at both ends
        return float(entropy - 0.5 * math.log(2 * math.pi * math.e * self.sigma**2))

    def _draw(self, n, rng):
        x = rng.uniform(-1, 1, (n, 1))
        return x, np.asarray(self.f(x), dtype=float).reshape(n, 1) + self.sigma * rng.standard_normal((n, 1))

    def _log_ratio(self, x, y):
        noise = (y - np.asarray(self.f(x), dtype=float)).ravel() / self.sigma
        return -0.5 * noise**2 - 0.5 * math.log(2 * math.pi * self.sigma**2) - self._log_density(y.ravel())


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
    xy = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=_count(n))
    return _tensor(xy[:, :1]), _tensor(xy[:, 1:]), BivariateGaussian(rho).mutual_information
