"""Wrong answers to the graded exercises of chapters 9 to 13, written before anything of the checks was read."""

import math

import numpy as np
import torch

# ch. 9

NOISE = {
    "standard deviation not squared": 2 * (math.e**6 - 1),
    "multiplied by the variance": (math.e**6 - 1) / 4,
    "bits: 2^6": (2**6 - 1) * 4,
    "six itself": 24,
    "divided by four": (math.e**6 - 1) * 0.5,
    "root not undone": math.sqrt(4 * (math.e**6 - 1)),
    "squared twice": 16 * (math.e**6 - 1),
    "e^3": 4 * (math.e**3 - 1),
    "e^12": 4 * (math.e**12 - 1),
    "logarithm of the number": math.log(4 * (math.e**6 - 1)),
    "10^6": 4 * (10**6 - 1),
    "only e^6": math.e**6 - 1,
    "only 4": 4,
    "one half nat as half of six": (math.e**6 - 1) / 9,
    "as a text": "about sixteen hundred",
    "negative exponent": 4 * (1 - math.exp(-6)),
}


def nce(scores, axis=0, k=0, sign=1, mean=True, base=1.0, own=True, stable=True, add=True):
    s = torch.as_tensor(scores)
    n = len(s)
    s_all = s if own else s.masked_fill(torch.eye(n, dtype=torch.bool), -torch.inf)
    total = torch.logsumexp(s_all, axis) if stable else torch.log(torch.exp(s_all).sum(axis))
    terms = s.diagonal() - total + (math.log(n + k) if add else 0)
    return sign * (terms.mean() if mean else terms.sum()) / base


INFONCE = {
    "over the rows": lambda s: nce(s, axis=1),
    "without log K": lambda s: nce(s, add=False),
    "strangers only, over K": lambda s: nce(s, own=False),
    "strangers only, over K - 1": lambda s: nce(s, own=False, k=-1),
    "K - 1 for K": lambda s: nce(s, k=-1),
    "sign turned": lambda s: nce(s, sign=-1),
    "sum over the columns": lambda s: nce(s, mean=False),
    "in bits": lambda s: nce(s, base=math.log(2)),
    "overflow": lambda s: nce(s, stable=False),
    "a vector": lambda s: torch.as_tensor(s).diagonal() - torch.logsumexp(torch.as_tensor(s), 0) + math.log(len(s)),
    "logarithm of the whole table": lambda s: (
        torch.as_tensor(s).diagonal().mean() - torch.logsumexp(torch.as_tensor(s).flatten(), 0) + 2 * math.log(len(s))
    ),
    "mean of the scores for the logarithm": lambda s: (
        torch.as_tensor(s).diagonal() - torch.as_tensor(s).mean(0)
    ).mean(),
    "minus log K": lambda s: nce(s) - 2 * math.log(len(s)),
    "trace for the mean diagonal": lambda s: (
        torch.as_tensor(s).trace() - torch.logsumexp(torch.as_tensor(s), 0).mean() + math.log(len(s))
    ),
    "softmax, logarithm forgotten": lambda s: torch.softmax(torch.as_tensor(s), 0).diagonal().mean(),
    "capped at log K": lambda s: torch.clamp(nce(s), 0, 1),
}


def flo_of(scores, u, mean=None, sign_u=1, axis=0, own=False, count=-1, ratio=-1, plus=1.0, factor=1.0):
    t, u = torch.as_tensor(scores), torch.as_tensor(u)
    n = len(t)
    partner = t.diagonal()
    along = (lambda v: v[None, :]) if axis == 0 else (lambda v: v[:, None])
    e = torch.exp(-sign_u * along(u) + t + ratio * along(partner))
    if not own:
        e = e * (1 - torch.eye(n, dtype=e.dtype))
    return plus - sign_u * u.mean() - factor * (e.sum(axis) / (n + count)).mean()


FLO = {
    "strangers along the row": lambda s, u: flo_of(s, u, axis=1),
    "with its own partner, over K": lambda s, u: flo_of(s, u, own=True, count=0),
    "with its own partner, over K - 1": lambda s, u: flo_of(s, u, own=True),
    "strangers over K": lambda s, u: flo_of(s, u, count=0),
    "sign of u": lambda s, u: flo_of(s, u, sign_u=-1),
    "own score added": lambda s, u: flo_of(s, u, ratio=1),
    "own score forgotten": lambda s, u: flo_of(s, u, ratio=0),
    "without the 1": lambda s, u: flo_of(s, u, plus=0.0),
    "sign of the whole": lambda s, u: -flo_of(s, u),
    "plus the exponential": lambda s, u: flo_of(s, u, factor=-1),
    "u forgotten in the exponent": lambda s, u: 1 - u.mean() - (1 - flo_of(s, 0 * u)),
    "u outside forgotten": lambda s, u: flo_of(s, u) + u.mean(),
    "sum over j": lambda s, u: len(s) * flo_of(s, u),
    "a vector": lambda s, u: (
        1 - u - (torch.exp(-u + s - s.diagonal()) * (1 - torch.eye(len(s), dtype=s.dtype))).sum(0) / (len(s) - 1)
    ),
    "in NumPy": lambda s, u: 1 - np.mean(u) - np.mean(np.exp(-u + s - np.diag(s))),
    "sum over the strangers": lambda s, u: flo_of(s, u, factor=len(s) - 1),
}

# ch. 10


def gain(own, crossed, a, b, clip=True, half=0.5, half2=0.5, one=1.0, low=None, exp=None, sign=1, axis=1, add="sum"):
    own, crossed = np.asarray(own, dtype=float), np.asarray(crossed, dtype=float)
    if clip:
        own, crossed = (np.clip(v, -a if low is None else low(a), b) for v in (own, crossed))
    return one + half * own.sum(axis) - sign * half2 * (np.exp(crossed) if exp is None else exp(crossed)).sum(axis)


GAINS = {
    "not clipped": lambda o, c, a, b: gain(o, c, a, b, clip=False),
    "clipped to [a, b]": lambda o, c, a, b: gain(o, c, a, b, low=lambda a: a),
    "a and b exchanged": lambda o, c, a, b: gain(o, c, b, a),
    "only the crossed clipped": lambda o, c, a, b: 1 + o.sum(1) / 2 - np.exp(np.clip(c, -a, b)).sum(1) / 2,
    "only the own clipped": lambda o, c, a, b: 1 + np.clip(o, -a, b).sum(1) / 2 - np.exp(c).sum(1) / 2,
    "clipped after the exponential": lambda o, c, a, b: (
        1 + np.clip(o, -a, b).sum(1) / 2 - np.clip(np.exp(c), -a, b).sum(1) / 2
    ),
    "halves forgotten": lambda o, c, a, b: gain(o, c, a, b, half=1, half2=1),
    "half of the first forgotten": lambda o, c, a, b: gain(o, c, a, b, half=1),
    "the 1 forgotten": lambda o, c, a, b: gain(o, c, a, b, one=0),
    "plus the exponential": lambda o, c, a, b: gain(o, c, a, b, sign=-1),
    "no exponential": lambda o, c, a, b: gain(o, c, a, b, exp=lambda v: v),
    "own and crossed exchanged": lambda o, c, a, b: gain(c, o, a, b),
    "averaged over the couples": lambda o, c, a, b: gain(o, c, a, b).mean(),
    "the wrong axis": lambda o, c, a, b: gain(o, c, a, b, axis=0),
    "exponential of the mean": lambda o, c, a, b: 1 + np.clip(o, -a, b).mean(1) - np.exp(np.clip(c, -a, b).mean(1)),
    "the gain clipped instead of the scores": lambda o, c, a, b: np.clip(gain(o, c, a, b, clip=False), -a, b),
}


def log_purse(g, floor, L, u, log=np.log, swap=False, sub=True, add=np.sum, denominator=None, u2=None):
    g = np.asarray(g, dtype=float)
    below = (L - floor) if denominator is None else denominator(L, floor)
    q = ((g - floor) if sub else g) / below
    a = u if swap else 1 - u
    b = (1 - u if swap else u) if u2 is None else u2
    return add(log(a + b * q))


PURSE = {
    "the product, not its logarithm": lambda g, f, L, u: float(np.prod(1 - u + u * (g - f) / (L - f))),
    "logarithm of the product": lambda g, f, L, u: float(np.log(np.prod(1 - u + u * (g - f) / (L - f)))),
    "mean of the logarithms": lambda g, f, L, u: log_purse(g, f, L, u, add=np.mean),
    "u and 1 - u exchanged": lambda g, f, L, u: log_purse(g, f, L, u, swap=True),
    "base 2": lambda g, f, L, u: log_purse(g, f, L, u, log=np.log2),
    "sign turned": lambda g, f, L, u: -log_purse(g, f, L, u),
    "floor not taken from L": lambda g, f, L, u: log_purse(g, f, L, u, denominator=lambda L, f: L),
    "floor not taken from g": lambda g, f, L, u: log_purse(g, f, L, u, sub=False),
    "floor added": lambda g, f, L, u: log_purse(g + 2 * f, f, L, u, denominator=lambda L, f: L + f),
    "floor nowhere": lambda g, f, L, u: log_purse(g, 0, L, u),
    "quotient upside down": lambda g, f, L, u: float(np.log(1 - u + u * (L - f) / (g - f)).sum()),
    "1 + u for 1 - u": lambda g, f, L, u: float(np.log(1 + u + u * (g - f) / (L - f)).sum()),
    "1 - u forgotten": lambda g, f, L, u: float(np.log(1 + u * (g - f) / (L - f)).sum()),
    "a running purse": lambda g, f, L, u: np.cumsum(np.log(1 - u + u * (g - f) / (L - f))),
    "log of the mean": lambda g, f, L, u: len(g) * float(np.log(np.mean(1 - u + u * (g - f) / (L - f)))),
    "L and floor exchanged": lambda g, f, L, u: float(np.log(np.abs(1 - u + u * (g - L) / (f - L))).sum()),
}

# ch. 11


def out(log_q, axis=0, own=False, count=-1, sign=1, stable=True, add="mean", base=1.0):
    q = np.asarray(log_q, dtype=float)
    n = len(q)
    m = q.copy()
    if not own:
        np.fill_diagonal(m, -np.inf)
    with np.errstate(all="ignore"):
        top = m.max(axis, keepdims=True) if stable else 0.0
        total = np.log(np.exp(m - top).sum(axis)) + (np.squeeze(top, axis) if stable else 0.0)
    terms = np.diag(q) - total + (math.log(n + count) if count is not None else 0.0)
    return float(sign * {"mean": np.mean, "sum": np.sum}[add](terms)) / base


L1OUT = {
    "along the row": lambda q: out(q, axis=1),
    "with its own, over K": lambda q: out(q, own=True, count=0),
    "with its own, over K - 1": lambda q: out(q, own=True),
    "others over K": lambda q: out(q, count=0),
    "others summed, not averaged": lambda q: out(q, count=None),
    "sign turned": lambda q: out(q, sign=-1),
    "underflow": lambda q: out(q, stable=False),
    "summed over i": lambda q: out(q, add="sum"),
    "in bits": lambda q: out(q, base=math.log(2)),
    "mean of the logarithms of the others": lambda q: float(
        (np.diag(q) - (np.asarray(q).sum(0) - np.diag(q)) / (len(q) - 1)).mean()
    ),
    "numerator forgotten": lambda q: out(q) - float(np.diag(q).mean()),
    "the others set to zero, not to minus infinity": lambda q: float(
        (np.diag(q) - np.log(np.exp(np.where(np.eye(len(q)), 0.0, q)).sum(0)) + math.log(len(q) - 1)).mean()
    ),
    "exponential of the numerator": lambda q: float((np.exp(np.diag(q)) + out(q) - np.diag(q)).mean()),
    "one row only": lambda q: float(q[0, 0] - np.log(np.exp(q[1:, 0]).mean())),
    "log K added": lambda q: out(q) + math.log(len(q)),
    "nothing returned": lambda q: None,
}


def difference(
    x, y, xh, yh, ddof=0, on="held", slope=None, centre=True, base=1.0, sign=1, parts="both", spread=None, own=False
):
    x, y, xh, yh = (np.asarray(v, dtype=float) for v in (x, y, xh, yh))
    a = np.cov(x, y, bias=True)[0, 1] / np.var(x) if slope is None else slope(x, y)
    b = y.mean() - a * x.mean() if centre else 0.0
    rest = y - a * x - b
    s2 = (rest**2).sum() / (len(y) - ddof)
    mu, v2 = y.mean(), y.var(ddof=min(ddof, 1))
    if own:
        mu, v2 = yh.mean(), yh.var()
    if on == "train":
        xh, yh = x, y
    first = -0.5 * np.log(2 * np.pi * s2) - (yh - a * xh - b) ** 2 / (2 * s2)
    second = -0.5 * np.log(2 * np.pi * v2) - (yh - mu) ** 2 / (2 * v2)
    value = {"both": first - second, "first": first, "second": second, "sum": first + second}[parts].mean()
    return float(sign * value / base)


DOE = {
    "on the training samples": lambda x, y, xh, yh: difference(x, y, xh, yh, on="train"),
    "fitted to the held-out": lambda x, y, xh, yh: difference(xh, yh, xh, yh),
    "arguments exchanged": lambda x, y, xh, yh: difference(xh, yh, x, y),
    "unbiased variances, n - 1": lambda x, y, xh, yh: difference(x, y, xh, yh, ddof=1),
    "sign turned": lambda x, y, xh, yh: difference(x, y, xh, yh, sign=-1),
    "in bits": lambda x, y, xh, yh: difference(x, y, xh, yh, base=math.log(2)),
    "only the conditional": lambda x, y, xh, yh: difference(x, y, xh, yh, parts="first"),
    "only the marginal, an entropy": lambda x, y, xh, yh: -difference(x, y, xh, yh, parts="second"),
    "sum of the two": lambda x, y, xh, yh: difference(x, y, xh, yh, parts="sum"),
    "the line without b": lambda x, y, xh, yh: difference(x, y, xh, yh, centre=False),
    "the slope is the correlation": lambda x, y, xh, yh: difference(
        x, y, xh, yh, slope=lambda x, y: np.corrcoef(x, y)[0, 1]
    ),
    "the slope of x on y": lambda x, y, xh, yh: difference(
        x, y, xh, yh, slope=lambda x, y: np.cov(x, y, bias=True)[0, 1] / np.var(y)
    ),
    "the formula of the Gaussian": lambda x, y, xh, yh: float(-0.5 * np.log(1 - np.corrcoef(xh, yh)[0, 1] ** 2)),
    "marginal fitted to the held-out": lambda x, y, xh, yh: difference(x, y, xh, yh, own=True),
    "logarithms of the variances only": lambda x, y, xh, yh: float(
        0.5 * np.log(y.var() / (y - np.polyval(np.polyfit(x, y, 1), x)).var())
    ),
    "a sum over the held-out": lambda x, y, xh, yh: len(xh) * difference(x, y, xh, yh),
}

# ch. 12


def hybrid(a, b, t, r, one=1, two=1, three=1, norm=True, stable=True, add=np.mean):
    a, b, t, r = (np.asarray(v, dtype=float) for v in (a, b, t, r))
    top = r.max() if stable else 0.0
    with np.errstate(all="ignore"):
        log_z = np.log(np.exp(r - top).mean() if norm else np.exp(r - top).sum()) + top
    return float(add(a) - one * add(b) + two * add(t) - three * log_z)


HYBRID = {
    "model's part forgotten": lambda a, b, t, r: hybrid(0 * a, 0 * b, t, r),
    "critic's part forgotten": lambda a, b, t, r: float(np.mean(np.asarray(a) - np.asarray(b))),
    "log q_Y forgotten": lambda a, b, t, r: hybrid(a, b, t, r, one=0),
    "log q_Y added": lambda a, b, t, r: hybrid(a, b, t, r, one=-1),
    "critic's part taken away": lambda a, b, t, r: hybrid(a, b, t, r, two=-1, three=-1),
    "plus the logarithm": lambda a, b, t, r: hybrid(a, b, t, r, three=-1),
    "sum of the exponentials": lambda a, b, t, r: hybrid(a, b, t, r, norm=False),
    "overflow": lambda a, b, t, r: hybrid(a, b, t, r, stable=False),
    "sums for means": lambda a, b, t, r: hybrid(a, b, t, r, add=np.sum),
    "mean of t_ref": lambda a, b, t, r: hybrid(a, b, t, r, three=0) - float(np.mean(np.asarray(r))),
    "t and t_ref exchanged": lambda a, b, t, r: hybrid(a, b, r, t),
    "log_q and log_q_y exchanged": lambda a, b, t, r: hybrid(b, a, t, r),
    "the logarithms taken again": lambda a, b, t, r: float(
        np.mean(np.log(np.abs(np.asarray(a) / np.asarray(b)))) + hybrid(0 * a, 0 * b, t, r)
    ),
    "exponentials of the logarithms": lambda a, b, t, r: float(
        np.mean(np.exp(np.asarray(a)) - np.exp(np.asarray(b))) + hybrid(0 * a, 0 * b, t, r)
    ),
    "in bits": lambda a, b, t, r: hybrid(a, b, t, r) / math.log(2),
    "a vector over the samples": lambda a, b, t, r: (
        np.asarray(a) - np.asarray(b) + np.asarray(t) - hybrid(0 * a, 0 * b, 0 * t, r)
    ),
}


def noise(p_x, p, q, n, weight=None, ratio=None, root=True, one=1.0, scale=None):
    p_x, p, q = (np.asarray(v, dtype=float) for v in (p_x, p, q))
    r = p / q if ratio is None else ratio(p, q)
    w = p_x[:, None] * q if weight is None else weight(p_x, p, q)
    variance = (w * r**2).sum() - one * (w * r).sum() ** 2
    value = math.sqrt(abs(variance)) if root else variance
    return float(value / (math.sqrt(n) if scale is None else scale(n)))


DENOMINATOR = {
    "variance": lambda a, p, q, n: noise(a, p, q, n, root=False, scale=lambda n: n),
    "not divided by n_ref": lambda a, p, q, n: noise(a, p, q, n, scale=lambda n: 1),
    "divided by n_ref, not by its root": lambda a, p, q, n: noise(a, p, q, n, scale=lambda n: n),
    "q over p": lambda a, p, q, n: noise(a, p, q, n, ratio=lambda p, q: q / p),
    "weighted by the true law": lambda a, p, q, n: noise(a, p, q, n, weight=lambda a, p, q: a[:, None] * p),
    "p_x forgotten": lambda a, p, q, n: noise(a, p, q, n, weight=lambda a, p, q: q / len(a)),
    "second moment, mean not taken away": lambda a, p, q, n: noise(a, p, q, n, one=0),
    "logarithm of the ratio": lambda a, p, q, n: noise(a, p, q, n, ratio=lambda p, q: np.log(p / q)),
    "divided by the root of n - 1": lambda a, p, q, n: noise(a, p, q, n, scale=lambda n: math.sqrt(n - 1)),
    "spread of the table": lambda a, p, q, n: float(np.std(p / q) / math.sqrt(n)),
    "p_x along the columns": lambda a, p, q, n: noise(a, p, q, n, weight=lambda a, p, q: a * q),
    "relative: chi-square": lambda a, p, q, n: float((a[:, None] * (p - q) ** 2 / q).sum() / n),
    "mean of the spreads of the rows": lambda a, p, q, n: float(
        (a * np.sqrt((q * (p / q) ** 2).sum(1) - 1)).sum() / math.sqrt(n)
    ),
    "times the root of n_ref": lambda a, p, q, n: noise(a, p, q, n, scale=lambda n: 1 / math.sqrt(n)),
    "a value for each x": lambda a, p, q, n: np.sqrt(((q * (p / q) ** 2).sum(1) - 1) / n),
    "one simulation": lambda a, p, q, n: float(
        np.std(
            [
                np.mean(np.random.default_rng(s).choice((p / q).ravel(), n, p=(a[:, None] * q).ravel()))
                for s in range(10)
            ]
        )
    ),
}


def places(cells, rng, keep=False, alone="own", shift=False, values=False, one_way=False):
    cells = np.asarray(cells)
    found = np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        for i in here:
            others = here if keep else here[here != i]
            if len(others):
                found[i] = rng.choice(others)
    return found


def shuffled_in_cell(cells, rng):
    cells, found = np.asarray(cells), np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        found[here] = rng.permutation(here)
    return found


def next_in_cell(cells, rng):
    cells, found = np.asarray(cells), np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        found[here] = np.roll(here, 1)
    return found


def rolled_in_cell(cells, rng):
    cells, found = np.asarray(cells), np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        found[here] = np.roll(here, rng.integers(1, len(here))) if len(here) > 1 else here
    return found


def within(cells, rng):
    cells, found = np.asarray(cells), np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        found[here] = rng.integers(len(here), size=len(here))
    return found


def one_for_all(cells, rng):
    cells, found = np.asarray(cells), np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        found[here] = rng.choice(here)
    return found


def first_other(cells, rng):
    cells = np.asarray(cells)
    return np.array([next((j for j in range(len(cells)) if j != i and cells[j] == c), i) for i, c in enumerate(cells)])


def neighbours(cells, rng):
    order = np.argsort(cells, kind="stable")
    found = np.empty(len(cells), dtype=int)
    found[order] = np.roll(order, 1)
    return found


def lonely(value):
    def answer(cells, rng):
        found = places(cells, rng)
        kinds, counts = np.unique(cells, return_counts=True)
        found[np.isin(cells, kinds[counts == 1])] = value
        return found

    return answer


def lonely_anywhere(cells, rng):
    found = places(cells, rng)
    kinds, counts = np.unique(cells, return_counts=True)
    for i in np.flatnonzero(np.isin(cells, kinds[counts == 1])):
        found[i] = rng.integers(len(cells))
    return found


def lonely_dropped(cells, rng):
    kinds, counts = np.unique(cells, return_counts=True)
    return places(cells, rng)[~np.isin(cells, kinds[counts == 1])]


def lonely_crash(cells, rng):
    cells = np.asarray(cells)
    return np.array(
        [rng.choice([j for j in range(len(cells)) if cells[j] == cells[i] and j != i]) for i in range(len(cells))]
    )


CELL = {
    "itself allowed": lambda c, rng: places(c, rng, keep=True),
    "shuffled within the cell": shuffled_in_cell,
    "the next of the cell": next_in_cell,
    "a common shift in each cell": rolled_in_cell,
    "places within the cell": within,
    "one draw for the whole cell": one_for_all,
    "the first other": first_other,
    "anybody": lambda c, rng: rng.permutation(len(c)),
    "neighbours across cells": neighbours,
    "minus one for the lonely": lonely(-1),
    "anybody for the lonely": lonely_anywhere,
    "the lonely left out": lonely_dropped,
    "crashes for the lonely": lonely_crash,
    "the cells, not the places": lambda c, rng: np.asarray(c)[places(c, rng)],
    "own generator": lambda c, rng: places(c, np.random.default_rng(3)),
    "places as decimals": lambda c, rng: places(c, rng).astype(float) + 0.5,
}

# ch. 13

ENTROPY = {
    "sign": lambda s, m: (s * m).sum(1).mean(),
    "mean over everything": lambda s, m: -(s * m).mean(),
    "sum over everything": lambda s, m: -(s * m).sum(),
    "a vector over the samples": lambda s, m: -(s * m).sum(1),
    "a vector over the coordinates": lambda s, m: -(s * m).mean(0),
    "mean of each, then multiplied": lambda s, m: -(s.mean(0) * m.mean(0)).sum(),
    "the score alone": lambda s, m: -s.sum(1).mean(),
    "the motion alone": lambda s, m: -m.sum(1).mean(),
    "added": lambda s, m: -(s + m).sum(1).mean(),
    "quotient": lambda s, m: -(s / m).sum(1).mean(),
    "first coordinate only": lambda s, m: -(s[:, 0] * m[:, 0]).mean(),
    "n - 1": lambda s, m: -(s * m).sum() / (len(s) - 1),
    "covariance": lambda s, m: -((s - s.mean(0)) * (m - m.mean(0))).sum(1).mean(),
    "matrix product": lambda s, m: -(s @ m.T).mean(),
    "half": lambda s, m: -0.5 * (s * m).sum(1).mean(),
    "divided by the square of the score": lambda s, m: -((s * m).sum(1) / (s**2).sum(1)).mean(),
}


def stein(f, g, sign=-1, add="mean", axis=None):
    a = sign * (g.mean(0) if add == "mean" else g.sum(0))
    return f @ a


STEIN = {
    "sign": lambda f, g: stein(f, g, sign=1),
    "sum for the mean": lambda f, g: stein(f, g, add="sum"),
    "the coefficients": lambda f, g: -g.mean(0),
    "slopes of each sample": lambda f, g: -torch.einsum("nj,njd->nd", torch.as_tensor(f), torch.as_tensor(g)),
    "transposed": lambda f, g: stein(f, g).T,
    "mean over j": lambda f, g: stein(f, g) / f.shape[1],
    "divided by n once more": lambda f, g: stein(f, g) / len(f),
    "the first function left out": lambda f, g: stein(f[:, 1:], g[:, 1:]),
    "the first function only": lambda f, g: stein(f[:, :1], g[:, :1]),
    "coefficients weighted by the functions": lambda f, g: (
        f @ -(torch.as_tensor(f)[:, :, None] * torch.as_tensor(g)).mean(0)
    ),
    "mean over the functions": lambda f, g: -g.mean(1),
    "mean over the samples at the end": lambda f, g: stein(f, g).mean(0),
    "n - 1": lambda f, g: stein(f, g, add="sum") / (len(f) - 1),
    "slopes and functions exchanged": lambda f, g: stein(g, f),
    "summed over the coordinates": lambda f, g: stein(f, g).sum(1),
    "squared functions": lambda f, g: (f**2) @ -g.mean(0),
}

TERM = {
    "sign": lambda score, z: (score(z).detach() * z).sum(1).mean(),
    "score not detached": lambda score, z: -(score(z) * z).sum(1).mean(),
    "z detached too": lambda score, z: -(score(z.detach()).detach() * z.detach()).sum(1).mean(),
    "only z detached": lambda score, z: -(score(z) * z.detach()).sum(1).mean(),
    "mean over everything": lambda score, z: -(score(z).detach() * z).mean(),
    "summed over the samples": lambda score, z: -(score(z).detach() * z).sum(),
    "a vector": lambda score, z: -(score(z).detach() * z).sum(1),
    "a float": lambda score, z: float(-(score(z).detach() * z).sum(1).mean()),
    "the score alone": lambda score, z: -score(z).sum(1).mean(),
    "the score's square": lambda score, z: (score(z) ** 2).sum(1).mean(),
    "z alone": lambda score, z: -z.sum(1).mean(),
    "half": lambda score, z: -0.5 * (score(z).detach() * z).sum(1).mean(),
    "score not called": lambda score, z: -(score * z).sum(1).mean(),
    "no graph": lambda score, z: torch.tensor(float(-(score(z) * z).sum(1).mean())),
    "mean of the score times mean of z": lambda score, z: -(score(z).detach().mean(0) * z.mean(0)).sum(),
    "in NumPy": lambda score, z: -(np.asarray(score(z)) * np.asarray(z)).sum(1).mean(),
}

MISTAKES = {
    "bounds-noise": NOISE,
    "bounds-infonce": INFONCE,
    "bounds-flo": FLO,
    "limits-gains": GAINS,
    "limits-purse": PURSE,
    "gen-l1out": L1OUT,
    "gen-doe": DOE,
    "hybrid-value": HYBRID,
    "hybrid-noise": DENOMINATOR,
    "hybrid-cell": CELL,
    "gradients-entropy": ENTROPY,
    "gradients-stein": STEIN,
    "gradients-term": TERM,
}
