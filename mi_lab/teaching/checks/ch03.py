"""The exercises of the chapter on counting."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "counting-ceiling",
    "Ten bins",
    right="b",
    reasons={
        "a": "it can't exceed 5 by binning, true, but ten bins cut it off much lower: how much can [X] tell at all?",
        "b": "the information of two bins is at most the entropy of one of them, and ten bins have log 10 at most.",
        "c": "the table's entropy can be log 100, but information is what X's bin tells about Y's bin.",
        "d": "the upward bias is there, (B-1)²/2n, but with a million samples it is tiny, and no bias lifts a discrete "
        "variable above its entropy.",
    },
)

numeric(
    "counting-bias",
    "The bias of 20 bins",
    value=361 / 2000,
    unit="nats",
    rtol=1e-3,
    right="(B-1)(B-1)/2n, and the truth is 0.",
    mistakes={
        0.2: "that is B²/2n: the margins' own biases are to be taken off, which leaves (B-1)².",
        0.1995: "that is (B²-1)/2n, the bias of the joint entropy alone: the two margins have a share in it.",
        0.361: "that is (B-1)²/n: a factor of one half is missing.",
        0.0095: "that is (B-1)/2n, the bias of one entropy.",
        0.0: "the truth is 0, but shares that are unequal by chance look like dependence.",
    },
)

choice(
    "counting-negative",
    "A negative estimate",
    right="b",
    reasons={
        "a": "then the average of many estimates at independence is above zero: you would have made a bias.",
        "b": "near independence the estimates scatter around zero, and only the uncut ones average to the truth.",
        "c": "an estimator that is zero on average must come out below it now and then: half of the time, say.",
        "d": "the sign carries information: with absolute values even independent data average well above zero.",
    },
)

text(
    "counting-many",
    "Too many bins",
    rubric=[
        (1, "Finds n occupied cells with shares 1/n and 1/n², hence log n, independent of the data."),
        (1, "Finds the correction (1-n)/2n, negative, so that the corrected estimate is even higher."),
        (1, "Concludes that the samples in an occupied cell must become many, so bins grow more slowly than n."),
    ],
)

# The corrected table --------------------------------------------------------------------------------------------------

madow = code("counting-madow", "The corrected table")


def _entropies(counts):
    n = counts.sum()
    shares = [c[c > 0] / n for c in (counts.sum(1), counts.sum(0), counts.ravel())]
    return n, [-np.sum(p * np.log(p)) for p in shares], [len(p) for p in shares]


@madow.part("a table with empty cells, rows and columns", weight=2)
def _(answer, rng):
    counts = rng.integers(1, 9, (5, 6)) * (rng.random((5, 6)) < 0.6)
    counts[int(rng.integers(5))] = 0
    counts[:, int(rng.integers(6))] = 0
    counts[0, 0], counts[1, 1] = counts[0, 0] + 1, counts[1, 1] + 2
    return answer(counts)


@madow.part("a full table", weight=1)
def _(answer, rng):
    return answer(rng.integers(3, 40, (int(rng.integers(2, 5)), int(rng.integers(5, 8)))))


@madow.part("an independent table", weight=1)
def _(answer, rng):
    rows, columns = rng.integers(1, 5, int(rng.integers(3, 5))), rng.integers(1, 5, int(rng.integers(3, 5)))
    return answer(np.outer(rows, columns))  # the plug-in is 0 there, so the corrected value is negative


@madow.reference
def _(counts):
    n, h, k = _entropies(counts)
    return h[0] + h[1] - h[2] - (k[2] - k[0] - k[1] + 1) / (2 * n)


@madow.mistake("you cut the value off at 0: an estimate that may not be negative is too high on average.")
def _(counts):
    n, h, k = _entropies(counts)
    return max(h[0] + h[1] - h[2] - (k[2] - k[0] - k[1] + 1) / (2 * n), 0.0)


@madow.mistake("that is the plug-in: now subtract what chance adds.")
def _(counts):
    _, h, _ = _entropies(counts)
    return h[0] + h[1] - h[2]


@madow.mistake("you add the correction, but the plug-in is too high: subtract it.")
def _(counts):
    n, h, k = _entropies(counts)
    return h[0] + h[1] - h[2] + (k[2] - k[0] - k[1] + 1) / (2 * n)


@madow.mistake("a factor of one half is missing in the correction: it is divided by 2n.")
def _(counts):
    n, h, k = _entropies(counts)
    return h[0] + h[1] - h[2] - (k[2] - k[0] - k[1] + 1) / n


@madow.mistake("count the occupied cells, rows and columns, not all of them: empty ones bring no bias to first order.")
def _(counts):
    n, h, _ = _entropies(counts)
    return h[0] + h[1] - h[2] - (counts.shape[0] - 1) * (counts.shape[1] - 1) / (2 * n)


@madow.mistake("that corrects the joint entropy only: the two margins are too low by chance as well.")
def _(counts):
    n, h, k = _entropies(counts)
    return h[0] + h[1] - h[2] - (k[2] - 1) / (2 * n)


@madow.mistake("that is in bits: the book counts in nats, with the natural logarithm.")
def _(counts):
    n, h, k = _entropies(counts)
    return (h[0] + h[1] - h[2]) / np.log(2) - (k[2] - k[0] - k[1] + 1) / (2 * n)


@madow.mistake("some cells are empty, and 0 log 0 counts as 0: leave them out of the sum.")
def _(counts):
    p = counts / counts.sum()
    with np.errstate(all="ignore"):
        return np.sum(p * np.log(p / (p.sum(1, keepdims=True) * p.sum(0))))


# The second variant ---------------------------------------------------------------------------------------------------

second = code("counting-second", "The second variant")


def _ksg2(x, y, k, closed=True, own=0, less=1, ranks=False, square=False, extra=0, euclid=False, psi=None, n=0, s=""):
    """The estimator, and by its options the mistakes that people make."""
    from scipy.special import digamma

    digamma = psi or digamma

    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    size = np.hypot(dx, dy) if euclid else np.maximum(dx, dy)
    nearest = np.argsort(size, 1)[:, : k + 1 - extra]
    total = 0.0
    for d in (dx, dy):
        reach = np.take_along_axis(size if square else d, nearest, 1)
        reach = reach[:, -1:] if ranks else reach.max(1)[:, None]
        inside = (d <= reach if closed else d < reach).sum(1) - 1 + own
        inside = inside.mean() if s == "means first" else inside
        total = 0 if s == "y only" else total
        total = total + (0 if s == "x only" and d is dy else digamma(np.maximum(inside, 1)))
    return digamma(k) - less / k + digamma(len(x) + n) - (np.sum(total) if s == "sum" else np.mean(total))


def _cloud(rng, n):
    rho = rng.uniform(0.2, 0.9)
    x, e = rng.standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * e


@second.part("three neighbours", weight=2)
def _(answer, rng):
    x, y = _cloud(rng, 80)
    return answer(x, y, 3)


@second.part("other numbers of neighbours, other units", weight=1)
def _(answer, rng):
    x, y = _cloud(rng, 60)
    return [answer(x, 0.2 * y, k) for k in (1, int(rng.integers(4, 8)))]


@second.part("samples on a lattice", weight=1)
def _(answer, rng):
    x, y = np.divmod(np.arange(36), 6) + 0.3 * rng.uniform(-1, 1, (2, 36))
    return answer(x, y, 3)  # more even than chance allows: the value is negative


second.reference(_ksg2)


@second.form
def _(x, y, k):
    from scipy.special import digamma

    dx = np.abs(x[:, None] - x)
    dy = np.abs(y[:, None] - y)
    near = np.argsort(np.maximum(dx, dy), 1)[:, 1 : k + 1]
    reach_x = np.take_along_axis(dx, near, 1).max(1)
    reach_y = np.take_along_axis(dy, near, 1).max(1)
    inside_x = (dx <= reach_x[:, None]).sum(1) - 1
    inside_y = (dy <= reach_y[:, None]).sum(1) - 1
    return digamma(k) - 1 / k + digamma(len(x)) - np.mean(digamma(inside_x) + digamma(inside_y))


@second.mistake("you cut the value off at 0: an estimate that may not be negative is too high on average.")
def _(x, y, k):
    return max(_ksg2(x, y, k), 0.0)


@second.mistake("count the samples on the edge, too: the counts are with ≤, while the first variant has <.")
def _(x, y, k):
    return _ksg2(x, y, k, closed=False)


@second.mistake("the sample itself is among those you count: l_x and l_y are numbers of *other* samples.")
def _(x, y, k):
    return _ksg2(x, y, k, own=1)


@second.mistake("the term 1/k is missing: with a rectangle the neighbours on its edges cost that much.")
def _(x, y, k):
    return _ksg2(x, y, k, less=0)


@second.mistake("you measure the k-th neighbour only: a side is the largest distance among all k neighbours.")
def _(x, y, k):
    return _ksg2(x, y, k, ranks=True)


@second.mistake("that is a square: each side has its own length, the largest distance in that coordinate.")
def _(x, y, k):
    return _ksg2(x, y, k, square=True)


@second.mistake("the nearest is the sample itself, at distance 0: you have one neighbour too few.")
def _(x, y, k):
    return _ksg2(x, y, k, extra=1)


@second.mistake("neighbours are sought in the maximum norm, not in the Euclidean one.")
def _(x, y, k):
    return _ksg2(x, y, k, euclid=True)


@second.mistake("that is the first variant, with its square and its n_x + 1.")
def _(x, y, k):
    from scipy.special import digamma

    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    rho = np.sort(np.maximum(dx, dy), 1)[:, [k]]
    return digamma(k) + digamma(len(x)) - np.mean(sum(digamma((d < rho).sum(1)) for d in (dx, dy)))


@second.mistake("the term 1/k has the wrong sign: it is taken away.")
def _(x, y, k):
    return _ksg2(x, y, k, less=-1)


@second.mistake("ψ is the digamma function, not the logarithm: for small counts the two differ.")
def _(x, y, k):
    return _ksg2(x, y, k, psi=np.log)


@second.mistake("ψ(n), not ψ(n - 1): all n samples are counted there.")
def _(x, y, k):
    return _ksg2(x, y, k, n=-1)


@second.mistake("the average comes last: take ψ of each count, then the mean.")
def _(x, y, k):
    return _ksg2(x, y, k, s="means first")


@second.mistake("only x's margin is in the mean: both ψ(l_x) and ψ(l_y) belong there.")
def _(x, y, k):
    return _ksg2(x, y, k, s="x only")


@second.mistake("only y's margin is in the mean: both ψ(l_x) and ψ(l_y) belong there.")
def _(x, y, k):
    return _ksg2(x, y, k, s="y only")


@second.mistake("a sum over the samples where their average belongs.")
def _(x, y, k):
    return _ksg2(x, y, k, s="sum")


@second.mistake("x and y are rescaled before distances are taken; the exercise asks to leave their units.")
def _(x, y, k):
    return _ksg2((x - x.mean()) / x.std(), (y - y.mean()) / y.std(), k)
