"""Labels, counts, and variables that are partly one and partly the other; samples are float32, labels whole numbers."""

import math
from functools import cached_property

import numpy as np
from scipy import integrate
from scipy.special import gammaln, ndtr, xlogy

from mi_lab.laws.gaussian import BivariateGaussian
from mi_lab.laws.law import Law, correlation, count


def _share(value: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise ValueError(f"{name} = {value!r}, wanted a number between 0 and 1.")
    return float(value)


def _binary_entropy(q: float) -> float:
    return -q * math.log(q) - (1 - q) * math.log1p(-q)


class LabelTable(Law):
    r"""X and Y labels 0, 1, … with a table of probabilities: :math:`I = \sum p_{ij} \log (p_{ij} / (p_i p_j))`.

    Parameters
    ----------
    table : array (labels of X, labels of Y)
        At least 0, with the sum 1.
    """

    def __init__(self, table: np.ndarray):
        self.table = np.asarray(table, dtype=float)
        if self.table.ndim != 2 or (self.table < 0).any() or not math.isclose(self.table.sum(), 1, rel_tol=1e-9):
            raise ValueError("table is no table of probabilities, wanted numbers of at least 0 with the sum 1.")

    def __repr__(self) -> str:
        return f"LabelTable({self.table.shape[0]} x {self.table.shape[1]})"

    @classmethod
    def rounded_gaussian(cls, rho: float, edges) -> "LabelTable":
        """Return a Gaussian pair of correlation ρ of which only the cells between the edges are seen."""
        edges, s = np.asarray(edges, dtype=float), math.sqrt(1 - correlation(rho) ** 2)
        z, w = np.polynomial.legendre.leggauss(60)
        ends = np.concatenate([[-9.0], edges, [9.0]])
        upper = np.concatenate([edges, [np.inf]])
        table = np.empty((len(ends) - 1,) * 2)
        for i, (a, b) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
            x = (a + b) / 2 + (b - a) / 2 * z
            weight = w * (b - a) / 2 * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
            below = ndtr((upper - rho * x[:, None]) / s)  # P(Y < edge | x)
            table[i] = weight @ np.diff(below, axis=1, prepend=0)
        return cls(table / table.sum())

    @cached_property
    def mutual_information(self) -> float:
        p = self.table
        return float((xlogy(p, p)).sum() - xlogy(p.sum(1), p.sum(1)).sum() - xlogy(p.sum(0), p.sum(0)).sum())

    def _draw(self, n, rng):
        cell = rng.choice(self.table.size, size=n, p=self.table.ravel())
        i, j = np.unravel_index(cell, self.table.shape)
        return i[:, None].astype(float), j[:, None].astype(float)

    def _log_ratio(self, x, y):
        with np.errstate(divide="ignore"):
            ratio = np.log(self.table) - np.log(self.table.sum(1))[:, None] - np.log(self.table.sum(0))
        return ratio[x[:, 0].astype(int), y[:, 0].astype(int)]


class NoisyXor(Law):
    r"""X two fair bits, Y their exclusive or, wrong with probability q: :math:`I = \log 2 - h(q)`.

    Each bit alone is independent of Y.
    """

    dims = (2, 1)

    def __init__(self, wrong: float = 0.1):
        self.wrong = _share(wrong, "wrong")

    def __repr__(self) -> str:
        return f"NoisyXor({self.wrong:g})"

    @property
    def mutual_information(self) -> float:
        return math.log(2) - _binary_entropy(self.wrong)

    def _draw(self, n, rng):
        x = rng.integers(2, size=(n, 2))
        y = x[:, :1] ^ x[:, 1:] ^ (rng.random((n, 1)) < self.wrong)
        return x.astype(float), y.astype(float)

    def _log_ratio(self, x, y):
        right = (x[:, 0].astype(int) ^ x[:, 1].astype(int)) == y[:, 0]
        return np.where(right, math.log(2 * (1 - self.wrong)), math.log(2 * self.wrong))


class UniformSteps(Law):
    r"""A label X uniform on 0, …, m - 1, and Y uniform on (X, X + 2): :math:`I = \log m - \frac{m-1}m \log 2`.

    Reference: gao2017.
    """

    def __init__(self, m: int = 5):
        self.m = count(m, "m")

    def __repr__(self) -> str:
        return f"UniformSteps({self.m})"

    @property
    def mutual_information(self) -> float:
        return math.log(self.m) - (self.m - 1) / self.m * math.log(2)

    def _draw(self, n, rng):
        x = rng.integers(self.m, size=(n, 1)).astype(float)
        return x, x + 2 * rng.random((n, 1))

    def _log_ratio(self, x, y):
        covered = ((y >= np.arange(self.m)) & (y <= np.arange(self.m) + 2)).sum(1)  # p(y) = covered / 2m
        inside = ((y >= x) & (y <= x + 2)).ravel()
        return np.where(inside, math.log(self.m) - np.log(np.maximum(covered, 1)), -np.inf)


class PoissonCounts(Law):
    r"""X exponential with mean 1; Y is 0 with probability p₀, else a Poisson count with mean X.

    Without the extra zeros Y is geometric, P(Y = y) = 2^{-(y+1)}, and with them the zeros of both kinds look alike:
    the information is found by quadrature.  (Printed as (1 - p₀)(2 log 2 - γ - Σ 2^{-k} log k), which is right only
    for p₀ = 0.)  Reference: gao2017.
    """

    def __init__(self, zeros: float = 0.15):
        self.zeros = 0.0 if zeros == 0 else _share(zeros, "zeros")

    def __repr__(self) -> str:
        return f"PoissonCounts({self.zeros:g})"

    @cached_property
    def mutual_information(self) -> float:
        def integrand(x, k):
            ratio = float(self._log_ratio(np.array([[x]]), np.array([[k]]))[0])
            p = (1 - self.zeros) * math.exp(k * math.log(x) - x - math.lgamma(k + 1)) + (k == 0) * self.zeros
            return math.exp(-x) * p * ratio

        return sum(integrate.quad(integrand, 1e-12, 60, args=(k,), points=[k + 0.5, 5])[0] for k in range(45))

    def _draw(self, n, rng):
        x = rng.exponential(size=(n, 1))
        y = rng.poisson(x) * (rng.random((n, 1)) >= self.zeros)
        return x, y.astype(float)

    def _log_ratio(self, x, y):
        x, y, keep = x.ravel(), y.ravel(), math.log1p(-self.zeros)
        given, alone = y * np.log(x) - x - gammaln(y + 1) + keep, -(y + 1) * math.log(2) + keep
        if self.zeros:
            extra = np.where(y == 0, math.log(self.zeros), -np.inf)
            given, alone = np.logaddexp(given, extra), np.logaddexp(alone, extra)
        return given - alone


class LabelledClusters(Law):
    r"""A label X of 2^k, and Y in k columns, Gaussian around the corner ±a of a cube that the label names.

    Each bit of the label and its column are one pair: I is k times :math:`h(\tfrac12 N(a, 1) + \tfrac12 N(-a, 1)) -
    \tfrac12\log 2\pi e`, by quadrature.
    """

    def __init__(self, k: int = 2, a: float = 1.0):
        self.k, self.a = count(k, "k"), float(a)

    def __repr__(self) -> str:
        return f"LabelledClusters({self.k}, {self.a:g})"

    @property
    def dims(self) -> tuple[int, int]:
        return 1, self.k

    @cached_property
    def mutual_information(self) -> float:
        # log 2 - E log(1 + exp(-2 a (a + ε))): what the other corner takes away
        e, step = np.linspace(-9, 9, 721, retstep=True)
        lost = np.exp(-(e**2) / 2) / math.sqrt(2 * math.pi) * np.logaddexp(0, -2 * self.a * (self.a + e))
        return self.k * (math.log(2) - float(lost.sum() * step))

    def _corners(self, x: np.ndarray) -> np.ndarray:
        bits = (x.astype(int) >> np.arange(self.k)) & 1  # (n, k)
        return self.a * (2 * bits - 1)

    def _draw(self, n, rng):
        x = rng.integers(2**self.k, size=(n, 1))
        return x.astype(float), self._corners(x) + rng.standard_normal((n, self.k))

    def _log_ratio(self, x, y):
        # per bit: log p(y|b) - log((p(y|0) + p(y|1)) / 2) with p(y|b) the density around ±a
        return (math.log(2) - np.logaddexp(0, -2 * self._corners(x) * y)).sum(1)


class SpikedGaussian(Law):
    r"""With probability w a Gaussian pair of correlation ρ, else two signs ±1 that agree with probability q.

    Whether a value is exactly ±1 is seen in X and in Y alike, hence
    :math:`I = h(w) - \tfrac w2 \log(1 - \rho^2) + (1 - w)(\log 2 - h(q))`.  Reference: gao2017.
    """

    def __init__(self, w: float = 0.5, rho: float = 0.8, agree: float = 0.9):
        self.w, self.pair, self.agree = _share(w, "w"), BivariateGaussian(rho), _share(agree, "agree")

    def __repr__(self) -> str:
        return f"SpikedGaussian({self.w:g}, {self.pair.rho:g}, {self.agree:g})"

    @property
    def mutual_information(self) -> float:
        spikes = math.log(2) - _binary_entropy(self.agree)
        return _binary_entropy(self.w) + self.w * self.pair.mutual_information + (1 - self.w) * spikes

    def _draw(self, n, rng):
        x, y = self.pair._draw(n, rng)
        sign = rng.choice([-1.0, 1.0], size=(n, 1))
        other = sign * np.where(rng.random((n, 1)) < self.agree, 1, -1)
        smooth = rng.random((n, 1)) < self.w
        return np.where(smooth, x, sign), np.where(smooth, y, other)

    def _log_ratio(self, x, y):
        spike_x, spike_y = np.abs(x).ravel() == 1, np.abs(y).ravel() == 1
        same = (x == y).ravel()
        smooth = self.pair._log_ratio(x, y) - math.log(self.w)
        spikes = np.where(same, math.log(2 * self.agree), math.log(2 * (1 - self.agree))) - math.log1p(-self.w)
        return np.where(spike_x & spike_y, spikes, np.where(spike_x | spike_y, -np.inf, smooth))
