r"""Labels: exact counts, with or without a condition.

No cell is ever merged with another.  The plug-in estimate is too high by chance; where a table is well filled the
leading term of that is subtracted (Miller and Madow), where it is sparse what chance alone makes of the same margins.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, xlogy

from mi_lab.counting.bayes import mixture_entropy

CORRECTIONS = ("miller-madow", "adjusted", "nsb", "plug-in")
FILLED = 5  # rows a cell, on average, from which on a table counts as filled (cochran1954)
NORMALISERS = ("sum", "joint", "max", "min", "geometric")


class Table(NamedTuple):
    """What counts say of X and Y given Z, plug-in, in nats."""

    information: float  # I(X;Y|Z)
    hx: float  # H(X|Z)
    hy: float  # H(Y|Z)
    hxy: float  # H(X,Y|Z)
    cells: tuple[int, int, int, int]  # occupied by (x, z), (y, z), (x, y, z) and z
    room: int  # cells of all strata's tables, the empty ones included
    n: int


def tabulated(x: np.ndarray, y: np.ndarray, z: np.ndarray | None = None, weights: np.ndarray | None = None) -> Table:
    r"""Return the plug-in entropies of labels x and y (n,), whole numbers of at least 0, within the strata of z.

    .. math:: \hat I(X;Y\vert Z) = \hat H(X,Z) + \hat H(Y,Z) - \hat H(X,Y,Z) - \hat H(Z)

    `weights`: how many rows each entry stands for, where rows were counted before; the result is that of the rows.
    """
    n = len(x) if weights is None else int(weights.sum())
    z = np.zeros(len(x), np.int64) if z is None else z
    xz, yz = joined(z, x), joined(z, y)
    count = [_counted(v, weights) for v in (xz, yz, joined(xz, y), z)]
    hxz, hyz, hxyz, hz = (math.log(n) - float(xlogy(c, c).sum()) / n for c in count)
    room = int((_per_stratum(xz, z) * _per_stratum(yz, z)).sum())
    return Table(max(0.0, hxz + hyz - hxyz - hz), hxz - hz, hyz - hz, hxyz - hz, tuple(len(c) for c in count), room, n)


def joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a code (n,) for every different pair of codes, numbered from 0 without a gap."""
    key = a.astype(np.int64) * (int(b.max()) + 1) + b
    return np.unique(key, return_inverse=True)[1].reshape(-1)


def _counted(v: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return how many rows hold each code, in the order of the codes."""
    if weights is None:
        return np.unique(v, return_counts=True)[1]
    _, which = np.unique(v, return_inverse=True)
    out = np.zeros(int(which.max()) + 1, np.int64)
    np.add.at(out, which.reshape(-1), weights)
    return out


def _per_stratum(vz: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return how many different values of v each stratum holds."""
    first = np.unique(vz, return_index=True)[1]
    return np.unique(z[first], return_counts=True)[1]


def chosen(t: Table) -> str:
    """Return the correction that suits a table: Miller and Madow's where it is filled."""
    return "miller-madow" if t.n >= FILLED * t.room else "adjusted"


def counts(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray | None = None,
    correction: str | None = None,
    normalize: str | None = None,
    weights: np.ndarray | None = None,
) -> float:
    r"""Estimate I(X;Y) or I(X;Y|Z) of labels in nats from exact counts.

    ``miller-madow`` (paninski2003) adds (K - 1) / 2n to each entropy of K occupied cells.  ``adjusted`` (after
    vinh2010) takes off the mean E of the plug-in over all tables with the same margins, those within the strata, and
    stretches the rest so that identical labels keep their entropy:

    .. math:: \hat I = \frac{\hat I_{\text{plug-in}} - E}{M - E}\, M, \quad M = \min(\hat H(X\vert Z), \hat H(Y\vert Z))

    ``nsb`` takes each entropy by a mixture of Dirichlet laws (nemenman2001).  On sparse tables it is off by less than
    ``adjusted`` on average, but too high where there is nothing to find, and there ``adjusted`` is right on average:
    so that is the default (``python -m experiments sparse`` measures both).

    Parameters
    ----------
    x, y, z : integer arrays (n,), codes from 0 on
    correction : {"miller-madow", "adjusted", "nsb", "plug-in"}, optional
        Left out: "miller-madow" where a cell holds 5 rows on average (cochran1954), else "adjusted".
    normalize : {"sum", "joint", "max", "min", "geometric"}, optional
        Divide by entropies (given Z), so that the result is a ratio between 0 and 1.
    weights : integer array (n,), optional
        How many rows each entry stands for.

    Returns
    -------
    float
        Unless normalised, in nats; negative where chance gave less than it does on average.
    """
    t = tabulated(x, y, z, weights)
    correction = correction or chosen(t)
    hx, hy, hxy, value = t.hx, t.hy, t.hxy, t.information
    if correction == "nsb":
        hx, hy, hxy = _by_mixture(x, y, z, weights, t.room)
    elif correction != "plug-in":
        kxz, kyz, kxyz, kz = t.cells
        hx, hy, hxy = (h + (k - kz) / (2 * t.n) for h, k in ((hx, kxz), (hy, kyz), (hxy, kxyz)))
    if correction in ("miller-madow", "nsb"):
        value = hx + hy - hxy
    elif correction == "adjusted":
        chance, most = expected(x, y, z, weights), min(t.hx, t.hy)
        value = (value - chance) / (most - chance) * min(hx, hy) if most - chance > 1e-12 else 0.0
    if normalize is None:
        return float(value)
    below = {
        "sum": (hx + hy) / 2,
        "joint": max(hx + hy - value, max(hx, hy)),
        "max": max(hx, hy),
        "min": min(hx, hy),
        "geometric": math.sqrt(max(0.0, hx * hy)),
    }[normalize]
    return float(min(1.0, max(0.0, value / below))) if below > 1e-12 else 0.0


def _by_mixture(x, y, z, weights, room: int) -> tuple[float, float, float]:
    """Return H(X|Z), H(Y|Z) and H(X,Y|Z) by `mixture_entropy`; labels that were never seen are no cells."""
    z = np.zeros(len(x), np.int64) if z is None else z
    xz, yz = joined(z, x), joined(z, y)
    several = [_counted(v, weights) for v in (z, xz, yz, joined(xz, y))]
    hz, hxz, hyz, hxyz = (
        mixture_entropy(c, cells) for c, cells in zip(several, [*map(len, several[:3]), room], strict=True)
    )
    return hxz - hz, hyz - hz, hxyz - hz


def expected(x: np.ndarray, y: np.ndarray, z: np.ndarray | None = None, weights: np.ndarray | None = None) -> float:
    r"""Return the mean of the plug-in estimate over all ways to pair x with y within the strata of z.

    The number k of rows in a cell with margins a and b is then hypergeometric (vinh2010):

    .. math:: E = \sum_{a,b} \sum_k \frac{k}{n} \log\frac{n k}{a b}\, P(k)
    """
    n = len(x) if weights is None else int(weights.sum())
    if z is None:
        return _expected(_counted(x, weights), _counted(y, weights), n)
    order = np.argsort(z, kind="stable")
    ends = np.cumsum(np.unique(z, return_counts=True)[1])
    total = 0.0
    for rows in np.split(order, ends[:-1]):
        some = None if weights is None else weights[rows]
        size = len(rows) if some is None else int(some.sum())
        if size > 1:
            a, b = (_counted(v[rows], some) for v in (x, y))
            if len(a) > 1 and len(b) > 1:
                total += size / n * _expected(a, b, size)
    return total


def _expected(cx: np.ndarray, cy: np.ndarray, n: int) -> float:
    """Return the mean for one table from its margins; equal margins are looked at once."""
    (a, many_a), (b, many_b) = (np.unique(c[c > 0], return_counts=True) for c in (cx, cy))
    total = 0.0
    for u, times in zip(a, many_a, strict=True):
        low, high = np.maximum(1, u + b - n), np.minimum(u, b)
        length = np.maximum(0, high - low + 1)
        j = np.repeat(np.arange(len(b)), length)
        k = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + low[j]
        v = b[j]
        log_p = gammaln(u + 1) + gammaln(v + 1) + gammaln(n - u + 1) + gammaln(n - v + 1) - gammaln(n + 1)
        log_p -= gammaln(k + 1) + gammaln(u - k + 1) + gammaln(v - k + 1) + gammaln(n - u - v + k + 1)
        total += times * float((many_b[j] * np.exp(log_p) * k / n * np.log(n * k / (u * v))).sum())
    return total
