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
    """A copula: coordinates of both sides (n, d_x), (n, d_y) of unit scale, canonical correlations (r,), and ν.

    `value` is what it holds in nats, its bias taken off; `nu` is infinite for a Gaussian one; `seen` is what networks
    look at, the coordinates and their squared lengths.
    """

    u: np.ndarray
    v: np.ndarray
    rho: np.ndarray
    value: float
    terms: np.ndarray
    seen: tuple[np.ndarray, np.ndarray]
    nu: float = float("inf")


def base(x: np.ndarray, y: np.ndarray) -> Base:
    """Return the Gaussian copula of scores x (n, d_x) and y (n, d_y)."""
    x, y = whitened(x), whitened(y)
    left, rho, right = np.linalg.svd(x.T @ y / len(x), full_matrices=True)
    u, v, rho = x @ left, y @ right.T, np.sqrt(np.minimum(rho**2, LEAST))
    n, d_x, d_y = len(u), u.shape[1], v.shape[1]
    value = float(-0.5 * np.log1p(-(rho**2)).sum()) - bias(n, d_x, d_y)
    kept = adjusted(rho, n, d_x, d_y)
    return Base(u, v, kept, value, log_ratio(u, v, kept), (_seen(u), _seen(v)))


def _seen(u: np.ndarray) -> np.ndarray:
    """Return coordinates, their squared length, and their products with it (of turns that depend on the length)."""
    length = np.clip(((u**2).sum(1) - u.shape[1]) / np.sqrt(2 * u.shape[1]), -3, 3)[:, None]
    return np.c_[u, length, u * length] if u.shape[1] > 1 else np.c_[u, length]


def log_ratio(u: np.ndarray, v: np.ndarray, rho: np.ndarray, nu: float = float("inf")) -> np.ndarray:
    r"""Return the copula's log-ratio (n,) of pairs of coordinates of unit scale.

    With :math:`\delta = |u|^2 + |v|^2 + \sum_i (\rho_i^2 (u_i^2 + v_i^2) - 2 \rho_i u_i v_i) / (1 - \rho_i^2)` it is
    :math:`-\frac12 \sum_i \log(1 - \rho_i^2)` plus :math:`\frac12(|u|^2 + |v|^2 - \delta)`, or for a Student copula
    :math:`-\frac{\nu+d}2 \log(1 + \delta/\nu)` plus the same of both sides, plus `constant` (demarta2005).
    """
    r = len(rho)
    a, b = u[:, :r], v[:, :r]
    more = ((rho**2 * (a**2 + b**2) - 2 * rho * a * b) / (1 - rho**2)).sum(1)
    det = -0.5 * np.log1p(-(rho**2)).sum()
    if not np.isfinite(nu):
        return det - 0.5 * more
    uu, vv = (u**2).sum(1), (v**2).sum(1)
    d_x, d_y = u.shape[1], v.shape[1]
    power = lambda d, q: 0.5 * (nu + d) * np.log1p(q / nu)  # noqa: E731
    return det + constant(nu, d_x, d_y) - power(d_x + d_y, uu + vv + more) + power(d_x, uu) + power(d_y, vv)


def constant(nu: float, d_x: int, d_y: int) -> float:
    """Return what the densities' constants leave in the Student copula's log-ratio."""
    from scipy.special import gammaln

    g = lambda d: gammaln((nu + d) / 2)  # noqa: E731
    return float(g(d_x + d_y) + gammaln(nu / 2) - g(d_x) - g(d_y))


DEGREES = (1.0, 2.0, 3.0, 5.0, 8.0, 15.0)  # of freedom that are tried
MOST = 120  # columns up to which a Student copula is tried


def student(x: np.ndarray, y: np.ndarray, ground: Base) -> Base | None:
    """Return the Student copula of scores x, y where it is far more likely than the Gaussian one, else None.

    Its scale matrix is the most likely one, by reweighting (lange1989).
    """
    from scipy.special import ndtr

    n, d_x, d_y = len(x), ground.u.shape[1], ground.v.shape[1]
    if x.shape[1] + y.shape[1] > min(MOST, n // 10) or x.shape[1] != d_x or y.shape[1] != d_y:
        return None
    z = np.c_[x, y]
    p, thin = ndtr(z), slice(None, None, max(1, n // 3000))
    best, chosen = 0.0, None
    for nu in DEGREES:
        gain = _likelihood(_as_student(p[thin], nu), nu) - _likelihood(z[thin], float("inf"))
        if chosen is not None and gain < best:
            break
        if gain > max(best, 12.0 / len(z[thin])):
            best, chosen = gain, nu
    if chosen is None:
        return None
    w = _as_student(p, chosen)
    scale = _scale(w, chosen)
    halves = []
    for block in (slice(0, d_x), slice(d_x, None)):
        e, q = np.linalg.eigh(scale[block, block])
        halves.append(q / np.sqrt(e))
    left, rho, right = np.linalg.svd(halves[0].T @ scale[:d_x, d_x:] @ halves[1], full_matrices=True)
    u, v = w[:, :d_x] @ halves[0] @ left, w[:, d_x:] @ halves[1] @ right.T
    rho = np.sqrt(np.minimum(rho**2, LEAST))
    terms = log_ratio(u, v, rho, chosen)
    return Base(u, v, rho, float(terms.mean()) - bias(n, d_x, d_y), terms, ground.seen, chosen)


def _as_student(p: np.ndarray, nu: float) -> np.ndarray:
    from scipy.special import stdtrit

    return stdtrit(nu, p)


def _scale(w: np.ndarray, nu: float, rounds: int = 12) -> np.ndarray:
    """Return the scale matrix under which w (n, d) is most likely, d correlated columns of scale 1."""
    scale = np.corrcoef(np.sign(w) * np.log1p(abs(w)), rowvar=False)
    d = w.shape[1]
    if not np.isfinite(nu):
        return w.T @ w / len(w)
    for _ in range(rounds):
        distance = (w @ np.linalg.inv(scale) * w).sum(1)
        weighted = w * ((nu + d) / (nu + distance))[:, None]
        scale = w.T @ weighted / len(w)
    return scale


def _likelihood(w: np.ndarray, nu: float) -> float:
    """Return the mean log-likelihood of a copula of scores w (n, d), in nats."""
    from scipy.special import gammaln

    scale = _scale(w, nu)
    d = w.shape[1]
    distance = (w @ np.linalg.inv(scale) * w).sum(1)
    det = -0.5 * np.linalg.slogdet(scale)[1]
    if not np.isfinite(nu):
        return float((det - 0.5 * distance + 0.5 * (w**2).sum(1)).mean())
    alone = 0.5 * (nu + 1) * np.log1p(w**2 / nu).sum(1)
    const = gammaln((nu + d) / 2) + (d - 1) * gammaln(nu / 2) - d * gammaln((nu + 1) / 2)
    return float((det + const - 0.5 * (nu + d) * np.log1p(distance / nu) + alone).mean())


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
