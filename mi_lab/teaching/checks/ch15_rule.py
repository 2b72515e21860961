"""The exercises of the chapter on real tables: a rule for many tests, and rows beside later ones."""

import numpy as np

from mi_lab.teaching.checks.exercise import code

# The rule ------------------------------------------------------------------------------------------------------------

rule = code("tables-rule", "The rule")


@rule.part("how many")
def _(answer, rng):
    found = {}
    for name, p, level in _cases(rng):
        found[name] = answer(rng.permutation(p), level)
    return found


def _cases(rng):
    """p-values whose k-th lies below or above level k / N, as the name says."""
    level, total = float(rng.choice([0.1, 0.2])), 40
    line = level * np.arange(1, total + 1) / total
    below, above = line * rng.uniform(0.6, 0.9, total), line + 0.3 * level / total
    below[3] = 1.05 * line[0]  # more than level / N, less than level / (N - 3)
    below[:3] = line[0] * rng.uniform(0.2, 0.8, 3)  # more than one lies below the threshold of the first
    last = int(rng.integers(12, 16))
    below[last - 1] = line[last - 1] - 0.3 * line[0]  # above the line of the one before
    rest = 0.3 + 0.7 * rng.uniform(size=total)
    rest[last : last + 4] = level * rng.uniform(0.7, 0.95, 4)  # under the level, not under the line
    few = np.sort(np.where(np.arange(total) < last, below, rest))
    gap = few.copy()
    gap[3:6] = above[3:6]  # the first that lies above is not the end
    none = np.sort(line[0] * 1.5 + (1 - line[0] * 1.5) * rng.uniform(size=total) ** 0.3)
    return [("a few", few, level), ("a few, with a gap", np.sort(gap), level), ("none", none, level)]


@rule.reference
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("that is each test by itself, at the level: the threshold of the l-th smallest is level · l / N.")
def _(p, level):
    return int((np.asarray(p) <= level).sum())


@rule.mistake("that is Bonferroni's level / N for all: the threshold grows with the rank.")
def _(p, level):
    return int((np.asarray(p) <= level / len(p)).sum())


@rule.mistake("sort the p-values first, from the smallest: the rank is that among all of them.")
def _(p, level):
    under = np.asarray(p) <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("the largest l counts, also where a smaller one lies above the line: don't stop at the first.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.argmin(under)) if not under.all() else len(p)


@rule.mistake("all up to the largest l are discoveries, also those above the line between.")
def _(p, level):
    p = np.sort(p)
    return int((p <= level * np.arange(1, len(p) + 1) / len(p)).sum())


@rule.mistake("ranks begin at 1: the largest l is one more than its place in the array.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max()) if under.any() else 0


@rule.mistake("divide by the number of tests: the threshold is level · l / N.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("the largest l below its threshold counts, not the first of them.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).min() + 1) if under.any() else 0


@rule.mistake("the level is an argument: yours is .05 whatever is asked.")
def _(p, level):
    p = np.sort(p)
    under = p <= 0.05 * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("sort the p-values first, from the smallest: the rank is that among all of them.")
def _(p, level):
    p = np.sort(p)[::-1]
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("that is Holm's or Hochberg's level / (N + 1 - l): here the threshold is level · l / N.")
def _(p, level):
    p = np.sort(p)
    under = p <= level / (len(p) - np.arange(len(p)))
    return int(np.argmin(under)) if not under.all() else len(p)


@rule.mistake("that is Holm's or Hochberg's level / (N + 1 - l): here the threshold is level · l / N.")
def _(p, level):
    p = np.sort(p)
    under = p <= level / (len(p) - np.arange(len(p)))
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("that is how many are not discoveries: asked is how many are.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return len(p) - (int(np.flatnonzero(under).max() + 1) if under.any() else 0)


@rule.mistake("that is the largest p-value that passes, not how many pass.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return p[under].max() if under.any() else 0.0


@rule.mistake("the threshold of the smallest is level / N, not 0: ranks begin at 1.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(len(p)) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("where none lies below its threshold the answer is 0.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return len(p) - int(np.argmax(under[::-1]))


@rule.mistake("below the line counts, not above it: p ≤ level · l / N.")
def _(p, level):
    p = np.sort(p)
    return int((p > level * np.arange(1, len(p) + 1) / len(p)).sum())


@rule.mistake("the fraction is upside down: level · l / N, which grows with the rank.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * len(p) / np.arange(1, len(p) + 1)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("that is Benjamini and Yekutieli's, with level / (1 + 1/2 + … + 1/N): asked is level itself.")
def _(p, level):
    p, n = np.sort(p), len(p)
    under = p <= level / np.sum(1 / np.arange(1, n + 1)) * np.arange(1, n + 1) / n
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


@rule.mistake("sort the p-values first, from the smallest: the rank is that among all of them.")
def _(p, level):
    return int((np.asarray(p) <= level * np.arange(1, len(p) + 1) / len(p)).sum())


@rule.mistake("that is a share of the tests: asked is how many.")
def _(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return (int(np.flatnonzero(under).max() + 1) if under.any() else 0) / len(p)


# Side by side --------------------------------------------------------------------------------------------------------

lag = code("tables-lag", "Side by side")


@lag.part("the couples")
def _(answer, rng):
    found, n = {}, int(rng.integers(12, 20))
    x, y = rng.normal(size=(2, n))
    for name, step in (("a lag of some steps", int(rng.integers(2, 5))), ("no lag", 0)):
        a, b = answer(x.copy(), y.copy(), step)
        found[name] = np.concatenate([np.ravel(a), np.ravel(b)])
    return found


@lag.reference
def _(x, y, lag):
    return x[: len(x) - lag], y[lag:]


@lag.mistake("x and y have changed places in time: x is to be the earlier one.")
def _(x, y, lag):
    return x[lag:], y[: len(y) - lag]


@lag.mistake("the series has no circle: the last values of x don't belong beside the first of y.")
def _(x, y, lag):
    return np.roll(x, lag), y


@lag.mistake("both are cut at the same end: that leaves the rows of the same time side by side.")
def _(x, y, lag):
    return x[lag:], y[lag:]


@lag.mistake("at lag 0 nothing is left: x[:-0] is empty, take x[: len(x) - lag].")
def _(x, y, lag):
    return x[:-lag], y[lag:]


@lag.mistake("one step off: n - lag rows are wanted, with y from index lag on.")
def _(x, y, lag):
    return x[: len(x) - lag - 1], y[lag + 1 :]


@lag.mistake("the change from one step to the next is another question: x itself, a lag earlier, stands beside y.")
def _(x, y, lag):
    return x[lag:] - x[: len(x) - lag], y[lag:]


@lag.mistake("both are cut at the same end: that leaves the rows of the same time side by side.")
def _(x, y, lag):
    return x[: len(x) - lag], y[: len(y) - lag]


@lag.mistake("x is to be cut at its end and y at its start, by the lag each: here only one of them is cut.")
def _(x, y, lag):
    return x, y[lag:]


@lag.mistake("x is to be cut at its end and y at its start, by the lag each: here only one of them is cut.")
def _(x, y, lag):
    return x[: len(x) - lag], y


@lag.mistake("every lag-th value is another thing: all values are wanted, each beside the y that comes a lag later.")
def _(x, y, lag):
    step = max(lag, 1)
    return x[::step], y[::step]


@lag.mistake("the lag moves places, not values: nothing is added to x or taken from it.")
def _(x, y, lag):
    return x[: len(x) - lag] - lag, y[lag:]


@lag.mistake("x stands in its own order, not from the last to the first.")
def _(x, y, lag):
    return x[::-1][lag:], y[lag:]


@lag.mistake("x stands in its own order, not from the last to the first.")
def _(x, y, lag):
    return x[: len(x) - lag][::-1], y[lag:]


@lag.mistake("rows without a partner are left out, not filled up: n - lag of them remain.")
def _(x, y, lag):
    return np.concatenate([np.zeros(lag), x[: len(x) - lag]]), y


@lag.mistake("rows without a partner are left out, not filled up: n - lag of them remain.")
def _(x, y, lag):
    return x, np.concatenate([y[lag:], np.zeros(lag)])


@lag.mistake("x is rolled the wrong way: beside y at time i stands x at time i - lag.")
def _(x, y, lag):
    return np.roll(x, -lag)[lag:], y[lag:]


@lag.mistake("rows without a partner are left out, not filled up: n - lag of them remain.")
def _(x, y, lag):
    return np.concatenate([np.full(lag, np.nan), x[: len(x) - lag]]), y
