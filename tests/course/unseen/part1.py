"""Wrong answers to the graded exercises of chapters 1 to 3, written before anything of the checks was read."""

import math

import numpy as np
from scipy.special import digamma

# ch. 1


def table(p, log=np.log, weight=None, px=None, py=None, sign=1, factor=1, after=float):
    """Return the sum over the cells, with one thing wrong."""
    p = np.asarray(p, dtype=float)
    px = p.sum(1, keepdims=True) if px is None else px(p)
    py = p.sum(0, keepdims=True) if py is None else py(p)
    with np.errstate(all="ignore"):
        terms = (p if weight is None else weight(p)) * log(p / (px * py))
    return after(sign * factor * terms[p > 0].sum())


def table_naive(p):
    p = np.asarray(p)
    px, py = p.sum(1), p.sum(0)
    return (p * np.log(p / np.outer(px, py))).sum()


def table_swapped(p):
    px, py = p.sum(axis=0), p.sum(axis=1)
    return sum(
        p[i, j] * np.log(p[i, j] / (px[i] * py[j])) for i in range(p.shape[0]) for j in range(p.shape[1]) if p[i, j] > 0
    )


def entropy(p):
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log(p)).sum())


TABLE = {
    "base 2": lambda p: table(p, log=np.log2),
    "base 10": lambda p: table(p, log=np.log10),
    "sign turned": lambda p: table(p, sign=-1),
    "zero cells not left out": table_naive,
    "axes of the marginals swapped": table_swapped,
    "mean over the cells instead of the sum": lambda p: table(p, factor=1 / np.asarray(p).size),
    "logarithm not weighted by p": lambda p: table(p, weight=np.ones_like),
    "weighted by the product of the marginals": lambda p: table(p, weight=lambda q: np.outer(q.sum(1), q.sum(0))),
    "divided by p(x) alone": lambda p: table(p, py=lambda q: 1.0),
    "joint entropy": entropy,
    "H(X) + H(Y) + H(X,Y)": lambda p: entropy(p.sum(1)) + entropy(p.sum(0)) + entropy(p),
    "H(X) instead of I": lambda p: entropy(p.sum(1)),
    "a small number added inside the logarithm, 0.01": lambda p: float(
        (p * np.log((p + 0.01) / (np.outer(p.sum(1), p.sum(0)) + 0.01))).sum()
    ),
    "array of the terms, not summed": lambda p: np.where(
        p > 0, p * np.log(np.where(p > 0, p, 1) / np.outer(p.sum(1), p.sum(0))), 0
    ),
    "divided by the joint entropy": lambda p: table(p) / entropy(p),
    "keepdim of torch used on NumPy": lambda p: float(
        (p * np.log(p / (p.sum(1, keepdim=True) * p.sum(0, keepdim=True)))).sum()
    ),
}

# ch. 2


def cycle(n, rng):
    p = np.arange(n)
    for i in range(n - 1, 0, -1):
        j = rng.integers(0, i)
        p[i], p[j] = p[j], p[i]
    return p


def mend(n, rng):
    p = rng.permutation(n)
    for i in range(n):
        if p[i] == i:
            j = (i + 1) % n
            p[i], p[j] = p[j], p[i]
    return p


def rejected(n, rng, bad=None):
    while True:
        p = rng.permutation(n)
        if not (p == np.arange(n)).any():
            return p


def only_all(n, rng):
    p = rng.permutation(n)
    while (p == np.arange(n)).all():
        p = rng.permutation(n)
    return p


def only_first(n, rng):
    p = rng.permutation(n)
    while p[0] == 0:
        p = rng.permutation(n)
    return p


def own_noise(n, rng):
    return rejected(n, np.random.default_rng())


def fixed_seed(n, rng):
    return rejected(n, np.random.default_rng(0))


def draws(n, rng):
    p = rng.integers(0, n - 1, n)
    return p + (p >= np.arange(n))


def tries(n, rng):
    count = 0
    while True:
        count += 1
        p = rng.permutation(n)
        if not (p == np.arange(n)).any():
            return p, count


def one_retry(n, rng):
    p = rng.permutation(n)
    if (p == np.arange(n)).any():
        p = rng.permutation(n)
    return p


def shuffled_range(n, rng):
    return rng.shuffle(np.arange(n))


def half(n, rng):
    p = rng.permutation(n)
    while (p == np.arange(n)).sum() > 1:
        p = rng.permutation(n)
    return p


DERANGEMENT = {
    "plain permutation": lambda n, rng: rng.permutation(n),
    "shift by one": lambda n, rng: np.roll(np.arange(n), 1),
    "shift by a random number": lambda n, rng: np.roll(np.arange(n), rng.integers(1, n)),
    "Sattolo: only full cycles": cycle,
    "fixed points swapped with the next": mend,
    "rejects the identity only": only_all,
    "rejects a fixed zero only": only_first,
    "ignores rng, a generator of its own": own_noise,
    "ignores rng, seed 0": fixed_seed,
    "draws another index for each, no permutation": draws,
    "also returns the number of tries": tries,
    "draws a second time at most": one_retry,
    "returns what shuffle returns": shuffled_range,
    "allows one fixed point": half,
    "from 1 to n": lambda n, rng: rejected(n, rng) + 1,
    "reversed order": lambda n, rng: np.arange(n)[::-1],
}

# ch. 3


def ksg(
    x,
    y,
    k,
    own=0,
    strict=False,
    norm="max",
    one_over_k=1,
    first=0,
    square=False,
    psi_n=0,
    counts=0,
    log=False,
    both=1,
    after=float,
):
    """Return the second estimator with one thing wrong."""
    x, y = np.asarray(x, dtype=float).reshape(-1), np.asarray(y, dtype=float).reshape(-1)
    n = len(x)
    dx, dy = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    joint = np.maximum(dx, dy) if norm == "max" else np.hypot(dx, dy) if norm == "euclid" else dx + dy
    near = np.argsort(joint, axis=1)[:, 1 - first : k + 1 - first]
    rows = np.arange(n)[:, None]
    ex, ey = dx[rows, near].max(1), dy[rows, near].max(1)
    if square:
        ex = ey = np.maximum(ex, ey)
    inside = np.less if strict else np.less_equal
    lx = inside(dx, ex[:, None]).sum(1) - 1 + own + counts
    ly = inside(dy, ey[:, None]).sum(1) - 1 + own + counts
    psi = (lambda v: np.log(np.maximum(v, 1e-12))) if log else (lambda v: digamma(np.maximum(v, 1e-12)))
    value = psi(k) - one_over_k / k + psi(n + psi_n) - both * np.mean(psi(lx) + psi(ly))
    return after(value)


def ksg_last(x, y, k):
    n = len(x)
    dx, dy = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    kth = np.argsort(np.maximum(dx, dy), axis=1)[:, k]
    ex, ey = dx[np.arange(n), kth], dy[np.arange(n), kth]
    lx, ly = (dx <= ex[:, None]).sum(1) - 1, (dy <= ey[:, None]).sum(1) - 1
    return digamma(k) - 1 / k + digamma(n) - np.mean(digamma(lx) + digamma(ly))


def ksg_apart(x, y, k):
    n = len(x)
    dx, dy = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    ex, ey = np.sort(dx, axis=1)[:, k], np.sort(dy, axis=1)[:, k]
    lx, ly = (dx <= ex[:, None]).sum(1) - 1, (dy <= ey[:, None]).sum(1) - 1
    return digamma(k) - 1 / k + digamma(n) - np.mean(digamma(lx) + digamma(ly))


def ksg_scaled(x, y, k):
    return ksg((x - x.mean()) / x.std(), (y - y.mean()) / y.std(), k)


SECOND = {
    "counts itself": lambda x, y, k: ksg(x, y, k, own=1),
    "strictly inside": lambda x, y, k: ksg(x, y, k, strict=True),
    "Euclidean neighbours": lambda x, y, k: ksg(x, y, k, norm="euclid"),
    "neighbours by the sum of distances": lambda x, y, k: ksg(x, y, k, norm="sum"),
    "without - 1/k": lambda x, y, k: ksg(x, y, k, one_over_k=0),
    "+ 1/k": lambda x, y, k: ksg(x, y, k, one_over_k=-1),
    "the sample is its own first neighbour": lambda x, y, k: ksg(x, y, k, first=1),
    "one square, as in the first estimator": lambda x, y, k: ksg(x, y, k, square=True),
    "psi(l + 1)": lambda x, y, k: ksg(x, y, k, counts=1),
    "logarithm for digamma": lambda x, y, k: ksg(x, y, k, log=True),
    "rectangle of the k-th neighbour alone": ksg_last,
    "neighbours in x and in y apart": ksg_apart,
    "rescaled": ksg_scaled,
    "in bits": lambda x, y, k: ksg(x, y, k) / math.log(2),
    "sum instead of mean": lambda x, y, k: ksg(x, y, k, both=len(x)),
    "clipped at zero": lambda x, y, k: max(0.0, ksg(x, y, k)),
}

MISTAKES = {"mi-table": TABLE, "product-derangement": DERANGEMENT, "counting-second": SECOND}
