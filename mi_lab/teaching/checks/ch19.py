"""The exercises of the chapter on GPUs and scale."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

numeric(
    "scale-flops",
    "The arithmetic of a step",
    value=0.42520,
    rtol=8e-3,
    right="2 · 1024 · (3 · 70,912 − 5,120) operations: W = 5,120 + 65,536 + 256, and W₁ = 5,120.",
    mistakes={
        0.14523: "that is the way forward alone: backward come the weights' gradients and the inputs'.",
        0.43568: "nobody asks for the gradient of the samples: the first layer spares 2·W₁ a row.",
        0.21260: "half of it: both joint and reference samples pass, and a multiplication and an addition are two.",
        0.29045: "two passes of three: gradients of the weights, and gradients of what goes into the layers.",
        0.42520e9: "right, and asked for in units of 10⁹.",
        425.20: "right in units of 10⁶: asked are units of 10⁹.",
    },
)

choice(
    "scale-slow-calls",
    "Where calls are slow",
    right="b",
    reasons={
        "a": "both take a call of each operation, but together takes it once and apart sixteen times.",
        "b": "with s → ∞ the ratio (s + M) / (M (s + 1)) goes to 1/M: what is shared is all that counts.",
        "c": "that happens where arithmetic rules, s → 0: then nothing is left to share.",
        "d": "sixteen members do the arithmetic of sixteen, and together never take less than one call each.",
    },
)

# Together -------------------------------------------------------------------------------------------------------------

together = code("scale-together", "Together or apart")


@together.part("the ratio")
def _(answer, rng):
    found = {}
    for name, members in (("a few members", int(rng.integers(3, 6))), ("many", int(rng.integers(20, 50)))):
        a, w = rng.uniform(0.5, 3.0, 2)
        found[name] = answer(float(a), float(w), members)
    return found


@together.reference
def _(a, w, members):
    return (a + members * w) / (members * (a + w))


@together.mistake("that is the time together: divide by that of the steps one after another.")
def _(a, w, members):
    return a + members * w


@together.mistake("upside down: together over apart, which is at most 1.")
def _(a, w, members):
    return members * (a + w) / (a + members * w)


@together.mistake("together the calls are made once, not once a member: a stands there without members.")
def _(a, w, members):
    return (members * a + w) / (members * (a + w))


@together.mistake("one after another is a step of one, a + w, members times.")
def _(a, w, members):
    return (a + members * w) / (a + w)


@together.mistake("compare with members single steps, each with its own calls, not with the arithmetic alone.")
def _(a, w, members):
    return (a + members * w) / (members * w)


@together.form
def _(a, w, members):
    side_by_side = a + members * w
    in_a_row = members * (a + w)
    return side_by_side / in_a_row


# Counts that add up ---------------------------------------------------------------------------------------------------

merged = code("scale-merge", "Two tables of counts")


@merged.part("the information")
def _(answer, rng):
    found = {}
    shape = int(rng.integers(3, 5)), int(rng.integers(5, 7))
    first = rng.integers(3, 12, shape)
    second = rng.integers(20, 60, shape) * rng.integers(1, 4, (shape[0], 1))
    found["full tables"] = answer(first.copy(), second.copy())
    first[0], second[0, 1:] = 0, 0
    found["empty cells"] = answer(first.copy(), second.copy())
    return found


def _information(counts):
    p = counts / counts.sum()
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    kept = p > 0
    return np.sum(p[kept] * np.log(p[kept] / product[kept]))


@merged.reference
def _(first, second):
    return _information(first + second)


@merged.mistake("informations don't add up and have no average that is right: add the counts, then estimate once.")
def _(first, second):
    return (_information(first) + _information(second)) / 2


@merged.mistake("also weighted by rows, an average of informations isn't that of all rows: add the counts first.")
def _(first, second):
    n, l = first.sum(), second.sum()
    return (n * _information(first) + l * _information(second)) / (n + l)


@merged.mistake("shares of either table weigh a row of the smaller one more: add counts, not shares.")
def _(first, second):
    return _information(first / first.sum() + second / second.sum())


@merged.mistake("that is the information of one of the tables alone.")
def _(first, second):
    return _information(first)


@merged.mistake("that is the joint entropy: the entropies of the margins come in too, I = H(X) + H(Y) − H(X,Y).")
def _(first, second):
    p = (first + second) / (first + second).sum()
    return -np.sum(p[p > 0] * np.log(p[p > 0]))


@merged.mistake("the margins are those of all rows: take them from the sum of both tables.")
def _(first, second):
    p = (first + second) / (first + second).sum()
    q = first / first.sum()
    product = q.sum(1, keepdims=True) * q.sum(0, keepdims=True)
    kept = (p > 0) & (product > 0)
    return np.sum(p[kept] * np.log(p[kept] / product[kept]))


# A sub-sample ---------------------------------------------------------------------------------------------------------

error = code("scale-subsample", "The error of a sub-sample")


@error.part("the error")
def _(answer, rng):
    found = {}
    for name, size in (("a small part", 30), ("most of the rows", 60)):
        values = rng.normal(2.0, 1.5, size)
        found[name] = answer(values.copy(), int(size * (25 if size == 30 else 1.4)))
    return found


@error.reference
def _(values, n):
    size = len(values)
    return np.sqrt(np.var(values, ddof=1) / size * (1 - size / n))


@error.mistake("that is the error about the law's mean: about these n rows' it is smaller, by √(1 − l/n).")
def _(values, n):
    return np.std(values, ddof=1) / np.sqrt(len(values))


@error.mistake("that is the variance: the standard error is its root.")
def _(values, n):
    return np.var(values, ddof=1) / len(values) * (1 - len(values) / n)


@error.mistake("that is the spread of one value: the mean of l of them has an error √l times smaller.")
def _(values, n):
    return np.std(values, ddof=1) * np.sqrt(1 - len(values) / n)


@error.mistake("the n rows were not looked at: divide by how many were, len(values).")
def _(values, n):
    return np.sqrt(np.var(values, ddof=1) / n * (1 - len(values) / n))


@error.mistake("the share that was looked at is what is taken off: 1 − l/n, not l/n.")
def _(values, n):
    return np.sqrt(np.var(values, ddof=1) / len(values) * (len(values) / n))


@error.mistake("the factor 1 − l/n belongs under the root.")
def _(values, n):
    return np.std(values, ddof=1) / np.sqrt(len(values)) * (1 - len(values) / n)


# A cost model ---------------------------------------------------------------------------------------------------------

cost = code("scale-fit", "Seconds a unit")


@cost.part("the seconds")
def _(answer, rng):
    units = np.array([1.0, 30.0, 900.0]) * rng.uniform(0.8, 1.2, 3)
    seconds = 0.3 * units * np.array([1.35, 0.7, 1.1]) * rng.uniform(0.95, 1.05, 3)
    return answer(units.copy(), seconds.copy())


@cost.reference
def _(units, seconds):
    r = units / seconds
    return r.sum() / (r**2).sum()


@cost.mistake("that minimises seconds, where the longest run drowns all others: divide each run's error by its time.")
def _(units, seconds):
    return (units * seconds).sum() / (units**2).sum()


@cost.mistake("that is all seconds over all units: the longest run alone decides.")
def _(units, seconds):
    return seconds.sum() / units.sum()


@cost.mistake("that averages seconds a unit: set the derivative of the sum of squares to zero.")
def _(units, seconds):
    return (seconds / units).mean()


@cost.mistake("that are units a second: asked are seconds a unit.")
def _(units, seconds):
    r = units / seconds
    return (r**2).sum() / r.sum()


@cost.mistake("that is one over the mean of units a second: set the derivative of the squares to zero.")
def _(units, seconds):
    return len(units) / (units / seconds).sum()


text(
    "scale-colleague",
    "Fifty times faster",
    rubric=[
        (1, "Says that a step of a small critic is calls for a good part, which a faster arithmetic doesn't shorten."),
        (1, "Names what would help: more members, larger batches or critics, or moving data less often."),
        (1, "Says what to measure: one's own step on that device, with the queue waited for, and the same value."),
    ],
)
