"""Small laws of known mutual information on which the default estimator was developed; none is reported.

The battery (`mi_lab.battery`) holds the laws that are reported.  Those here are of the same families, with other
numbers: columns, correlations, degrees of freedom, speeds of rotation.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import gammaln, ndtr, psi

Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def _split(cov: np.ndarray, d: int) -> tuple[Callable, float]:
    root = np.linalg.cholesky(cov)
    value = 0.5 * (np.linalg.slogdet(cov[:d, :d])[1] + np.linalg.slogdet(cov[d:, d:])[1] - np.linalg.slogdet(cov)[1])
    return lambda n, g: g.standard_normal((n, len(cov))) @ root.T, value


def sparse(d: int, pairs: int, rho: float) -> np.ndarray:
    """Return a covariance of d + d columns of which the first `pairs` of both sides are correlated."""
    cov = np.eye(2 * d)
    for i in range(pairs):
        cov[i, d + i] = cov[d + i, i] = rho
    return cov


def dense(d: int, rho: float) -> np.ndarray:
    """Return a covariance of d + d columns all of which are correlated alike."""
    return np.full((2 * d, 2 * d), rho) + (1 - rho) * np.eye(2 * d)


def gaussian(cov: np.ndarray, fx: Callable = lambda x: x, fy: Callable | None = None) -> tuple[Draw, float]:
    """Return a Gaussian law, both sides of which are sent through a one-to-one map."""
    d = len(cov) // 2
    draw, value = _split(cov, d)

    def sample(n, g):
        z = draw(n, g)
        return fx(z[:, :d]), (fy or fx)(z[:, d:])

    return sample, value


def student(cov: np.ndarray, nu: float, f: Callable = lambda x: x) -> tuple[Draw, float]:
    """Return a Student law; arellanovalle2013."""
    d = len(cov) // 2
    draw, value = _split(cov, d)

    def h(m):
        return (
            gammaln(nu / 2) - gammaln((nu + m) / 2) + m / 2 * math.log(nu * math.pi)
            + (nu + m) / 2 * (psi((nu + m) / 2) - psi(nu / 2))
        )  # fmt: skip

    def sample(n, g):
        z = f(draw(n, g) / np.sqrt(g.chisquare(nu, (n, 1)) / nu))
        return z[:, :d], z[:, d:]

    return sample, value + 2 * h(d) - h(2 * d)


def turned(speed: float, i: int, j: int) -> Callable:
    """Return the map that turns columns i and j by an angle that grows with the squared length."""

    def f(x):
        angle = speed * (x**2).sum(1)
        out = x.copy()
        out[:, i] = np.cos(angle) * x[:, i] - np.sin(angle) * x[:, j]
        out[:, j] = np.sin(angle) * x[:, i] + np.cos(angle) * x[:, j]
        return out

    return f


def half_cube(x: np.ndarray) -> np.ndarray:
    """Return x·sqrt|x|."""
    return x * np.sqrt(abs(x))


def roll(x: np.ndarray) -> np.ndarray:
    """Wind one column up into two."""
    t = 1.5 * math.pi * (1 + 2 * ndtr(x))
    return np.c_[t * np.cos(t), t * np.sin(t)] / 21


def uniform_noise(width: float) -> tuple[Draw, float]:
    """Return X uniform, Y = X plus uniform noise on (-width, width)."""

    def sample(n, g):
        x = g.random((n, 1))
        return x, x + g.uniform(-width, width, (n, 1))

    return sample, 1 / (4 * width) if width > 0.5 else width - math.log(2 * width)


def mixture(weights, means, covs, d: int = 1, draws: int = 400_000) -> tuple[Draw, float]:
    """Return a mixture of Gaussians, its truth a mean of log-ratios over fresh samples."""
    weights, means, covs = (np.asarray(v, float) for v in (weights, means, covs))
    roots = np.linalg.cholesky(covs)

    def both(n, g):
        k = g.choice(len(weights), n, p=weights)
        return means[k] + np.einsum("nij,nj->ni", roots[k], g.standard_normal((n, means.shape[1])))

    def logp(z, keep):
        out = []
        for w, m, c in zip(weights, means, covs, strict=True):
            m, c = m[keep], c[np.ix_(keep, keep)]
            r = np.linalg.solve(np.linalg.cholesky(c), (z - m).T)
            out.append(math.log(w) - 0.5 * (r**2).sum(0) - 0.5 * np.linalg.slogdet(2 * math.pi * c)[1])
        return np.logaddexp.reduce(out, axis=0)

    z = both(draws, np.random.default_rng(99))
    every, first, second = np.arange(means.shape[1]), np.arange(d), np.arange(d, means.shape[1])
    value = float((logp(z, every) - logp(z[:, :d], first) - logp(z[:, d:], second)).mean())

    def sample(n, g):
        z = both(n, g)
        return z[:, :d], z[:, d:]

    return sample, value


def rings() -> tuple[Draw, float]:
    """Return a ring of twelve Gaussians."""
    a = np.arange(12) * math.pi / 6
    return mixture(np.full(12, 1 / 12), 2 * np.c_[np.cos(a), np.sin(a)], np.tile(0.1 * np.eye(2), (12, 1, 1)))


def cross(d: int, rho: float) -> tuple[Draw, float]:
    """Return half of the mass correlated, half of it the other way round."""
    a, b = sparse(d, d, rho), sparse(d, d, -rho)
    return mixture([0.5, 0.5], np.zeros((2, 2 * d)), [a, b], d)


def labels(classes: int, shift: float, d: int) -> tuple[Draw, float]:
    """Return a label against d Gaussian columns whose mean it moves; truth by samples."""
    means = np.random.default_rng(5).standard_normal((classes, d)) * shift

    def sample(n, g):
        k = g.integers(0, classes, n)
        return k[:, None].astype(float), means[k] + g.standard_normal((n, d))

    k, y = sample(400_000, np.random.default_rng(98))
    own = -0.5 * ((y[:, None] - means[None]) ** 2).sum(2)
    row = own[np.arange(len(y)), k[:, 0].astype(int)]
    return sample, float((row - np.logaddexp.reduce(own - math.log(classes), axis=1)).mean())


def counts(high: float) -> tuple[Draw, float]:
    """Return X uniform on (0, high), Y a Poisson count of that mean; truth by samples."""
    from scipy.stats import poisson

    def sample(n, g):
        x = g.random((n, 1)) * high
        return x, g.poisson(x).astype(float)

    x, y = sample(200_000, np.random.default_rng(97))
    grid = (np.arange(2000) + 0.5) / 2000 * high
    p = poisson.pmf(np.arange(int(y.max()) + 1)[:, None], grid).mean(1)
    return sample, float((poisson.logpmf(y, x)[:, 0] - np.log(p[y[:, 0].astype(int)])).mean())


def surface(noise: float, d: int) -> tuple[Draw, float]:
    """Return one hidden Gaussian seen in d columns of both sides through noise: a Gaussian law of rank one."""
    w = np.r_[np.ones(d), np.ones(d)]
    return gaussian(np.outer(w, w) + noise**2 * np.eye(2 * d))


LAWS: dict[str, Callable[[], tuple[Draw, float]]] = {
    "gauss 1+1 .7": lambda: gaussian(sparse(1, 1, 0.7)),
    "noise .15": lambda: uniform_noise(0.15),
    "noise .6": lambda: uniform_noise(0.6),
    "student 1+1 nu 1": lambda: student(np.eye(2) + 0.0, 1.0),
    "rings": rings,
    "cross 1": lambda: cross(1, 0.9),
    "gauss 1+1 .9999": lambda: gaussian(sparse(1, 1, 0.9999)),
    "independent 5+5": lambda: gaussian(np.eye(10)),
    "independent 20+20": lambda: gaussian(np.eye(40)),
    "roll 2+1": lambda: gaussian(sparse(1, 1, 0.8), roll, lambda y: y),
    "sparse 4+4": lambda: gaussian(sparse(4, 2, 0.75)),
    "sparse 20+20": lambda: gaussian(sparse(20, 2, 0.75)),
    "dense 10+10": lambda: gaussian(dense(10, 0.5)),
    "dense 40+40": lambda: gaussian(dense(40, 0.5)),
    "8 nats 10+10": lambda: gaussian(sparse(10, 10, math.sqrt(1 - math.exp(-1.6)))),
    "half-cube 20+20": lambda: gaussian(sparse(20, 2, 0.75), half_cube),
    "student 2+2 nu 2": lambda: student(sparse(2, 2, 0.6), 2.0),
    "student 4+4 nu 2": lambda: student(sparse(4, 2, 0.75), 2.0),
    "student 5+5 nu 4": lambda: student(dense(5, 0.5), 4.0),
    "asinh student 3+3 nu 1": lambda: student(sparse(3, 2, 0.75), 1.0, np.arcsinh),
    "spiral 3+3": lambda: gaussian(sparse(3, 2, 0.75), turned(0.4, 0, 1), turned(0.4, 1, 2)),
    "spiral 5+5": lambda: gaussian(sparse(5, 2, 0.75), turned(0.25, 0, 1), turned(0.25, 1, 2)),
    "spiral 20+20": lambda: gaussian(sparse(20, 2, 0.75), turned(0.06, 0, 1), turned(0.06, 1, 2)),
    "cross 2+2": lambda: cross(2, 0.8),
    "surface 6+6": lambda: surface(1.0, 6),
    "labels 4, 1": lambda: labels(4, 1.5, 1),
    "labels 5, 4": lambda: labels(5, 1.0, 4),
    "counts": lambda: counts(12.0),
}
"""Name -> (sampler, truth in nats)."""
