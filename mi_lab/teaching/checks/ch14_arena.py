"""The exercises of the chapter on which estimator to use: scores of ranks, and the arena."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import code
from mi_lab.teaching.checks.observe import Unusable

# Scores of ranks ------------------------------------------------------------------------------------------------------

scores = code("which-scores", "Scores that a monotone map cannot change")


def _columns(rng):
    n, d = int(rng.integers(30, 50)), int(rng.integers(2, 5))
    return np.exp(rng.normal(0.3, 1.0, (n, d))) + np.arange(d)


@scores.part("the scores")
def _(answer, rng):
    return answer(_columns(rng))


def _ranks(x):
    return np.argsort(np.argsort(x, axis=0), axis=0) + 1


def _normal(u):
    from scipy.special import ndtri

    return ndtri(u)


@scores.reference
def _(x):
    return _normal((_ranks(x) - 0.5) / len(x))


@scores.mistake("column by column: the ranks of all entries together mix the columns.")
def _(x):
    flat = np.argsort(np.argsort(x.ravel())).reshape(x.shape) + 1
    return _normal((flat - 0.5) / x.size)


@scores.mistake("ranks along a column, axis 0: yours run along the rows.")
def _(x):
    return _normal((np.argsort(np.argsort(x, axis=1), axis=1) + 0.5) / x.shape[1])


@scores.mistake("argsort alone is no rank: it says which row comes k-th; argsort of it says a row's place.")
def _(x):
    return _normal((np.argsort(x, axis=0) + 0.5) / len(x))


@scores.mistake("these are the shares (r - ½)/n: apply Φ⁻¹ to them.")
def _(x):
    return (_ranks(x) - 0.5) / len(x)


@scores.mistake("r - ½ over n is asked for: r/(n + 1) is another convention.")
def _(x):
    return _normal(_ranks(x) / (len(x) + 1))


@scores.mistake("the sign: the largest value gets the largest score.")
def _(x):
    return -_normal((_ranks(x) - 0.5) / len(x))


@scores.mistake("that standardises, and a monotone map changes it: take ranks.")
def _(x):
    return (x - x.mean(0)) / x.std(0)


@scores.mistake("Φ⁻¹, the inverse of the distribution function, not Φ.")
def _(x):
    from scipy.special import ndtr

    return ndtr((_ranks(x) - 0.5) / len(x))


@scores.mistake("ranks start at 1: with r from 0 the smallest gets a share below 0.")
def _(x):
    return _normal(np.maximum(_ranks(x) - 1.5, 0) / len(x))


@scores.mistake("these are the ranks: turn them into shares, and the shares into scores.")
def _(x):
    return _ranks(x)


@scores.mistake("r - ½ over n is asked for: (r - 3/8)/(n + 1/4) is another convention.")
def _(x):
    return _normal((_ranks(x) - 0.375) / (len(x) + 0.25))


@scores.mistake("Φ⁻¹(u) is √2 erfinv(2u - 1): the root of two is missing.")
def _(x):
    return _normal((_ranks(x) - 0.5) / len(x)) / math.sqrt(2)


@scores.mistake("divide by the number of rows n, not of entries or of columns.")
def _(x):
    return _normal((_ranks(x) - 0.5) / x.size)


@scores.mistake("sorting the scores tears them from their rows: each row keeps its own.")
def _(x):
    return np.sort(_normal((_ranks(x) - 0.5) / len(x)), axis=0)


@scores.mistake("a logit is another scale: the scores are Φ⁻¹ of the shares.")
def _(x):
    u = (_ranks(x) - 0.5) / len(x)
    return np.log(u / (1 - u))


@scores.mistake("standardised once more: the scores are Φ⁻¹ of the shares as they are.")
def _(x):
    z = _normal((_ranks(x) - 0.5) / len(x))
    return (z - z.mean(0)) / z.std(0)


@scores.mistake("only one column is turned into scores: all of them are wanted.")
def _(x):
    return _normal((_ranks(x) - 0.5) / len(x))[:, 0]


@scores.mistake("the largest rank gives the share 1, and Φ⁻¹(1) is infinite: that is why ½ is taken off.")
def _(x):
    return _normal(_ranks(x) / len(x))


@scores.mistake("ranks start at 1: from 0 the smallest gets a share below 0, where Φ⁻¹ is not defined.")
def _(x):
    with np.errstate(invalid="ignore"):
        return _normal((_ranks(x) - 1.5) / len(x))


@scores.mistake("divide by n, the number of rows: with that of columns the shares exceed 1.")
def _(x):
    return _normal((_ranks(x) - 0.5) / x.shape[1])


def _undefined(u):
    with np.errstate(invalid="ignore"):
        return _normal(u)


for _less, _below, _words in (
    (0.5, -1, "divide by n: with n - 1 the largest share exceeds 1."),
    (-0.5, 0, "½ is taken off the rank, not added: the largest share would exceed 1."),
    (1.0, 0, "with ranks from 0 the smallest share is 0, and Φ⁻¹(0) is infinite: r - ½ with r from 1."),
    (0.0, -1, "divide by n, and take ½ off the rank: the largest share has to stay below 1."),
):
    scores.mistake(_words)(lambda x, less=_less, below=_below: _undefined((_ranks(x) - less) / (len(x) + below)))


@scores.mistake("brackets: r - ½ / n takes ½/n off; divide r - ½ by n.")
def _(x):
    return _undefined(_ranks(x) - 0.5 / len(x))


@scores.mistake("these are the ranks less ½: divide by n, and apply Φ⁻¹.")
def _(x):
    return _ranks(x) - 0.5


@scores.mistake("these are the ranks, standardised: a Gaussian's scores are Φ⁻¹ of the shares.")
def _(x):
    ranks = _ranks(x)
    return (ranks - ranks.mean(0)) / ranks.std(0)


@scores.mistake("n is the number of rows that came, not a number of the text.")
def _(x):
    return _normal((_ranks(x) - 0.5) / 1000)


# The arena ------------------------------------------------------------------------------------------------------------

arena = code("which-arena", "Into the arena", seconds=60)
N, SETS = 400, 9  # rows of a data set, and how many a part has


def _low(rng) -> list:
    """Return laws of one column each, with their truths, that bins of equal width get wrong."""
    from mi_lab.laws import BivariateGaussian, Transformed
    from mi_lab.laws.transforms import Exp, Power

    maps = [(), Power(1.5), Exp(0.7)]
    return [Transformed(BivariateGaussian(float(rng.uniform(0.5, 0.9))), maps[i % 3]) for i in range(SETS)]


def _high(rng) -> list:
    """Return laws of eight to twelve columns a side; a third of them independent."""
    from mi_lab.laws import JointGaussian, Transformed
    from mi_lab.laws.transforms import Power

    found = []
    for i in range(SETS):
        d, pairs = int(rng.integers(8, 13)), int(rng.integers(3, 6))
        base = JointGaussian.sparse(d, d, float(rng.uniform(0.7, 0.9)), pairs) if i % 3 else None
        found.append(Transformed(base or JointGaussian(np.eye(2 * d), d), Power(1.5)))
    return found


def _samples(laws, rng):
    return [law.sample(N, rng) for law in laws]


def _run(answer, rng, make):
    """Return the answer's values, and what it says of the first data set after three changes that tell how it looks."""
    samples = _samples(make(rng), rng)
    x, y = samples[-1]
    rest = y.clone()  # all columns but the first are torn from x
    rest[:, 1:] = rest[np.random.default_rng(0).permutation(len(y)), 1:]
    values = _values(answer, [*samples, (x, rest), (x**3, y)])
    return {"values": values[:SETS], "rest": values[SETS], "cubed": values[SETS + 1]}


def _values(answer, samples) -> list[float]:
    values = [answer(x, y) for x, y in samples]
    values = [getattr(v, "value", v[0] if isinstance(v, (tuple, list)) else v) for v in values]
    for v in values:
        if np.ndim(v) and np.size(v) != 1:
            raise Unusable(f"one number for each data set is wanted, yours is of shape {np.shape(v)}.")
    return [float("nan") if v is None else float(v.item() if hasattr(v, "item") else v) for v in values]


def standings(values, rng, make, baseline) -> tuple[float, float, np.ndarray]:
    """Return the mean error of the values, that of the baseline on the same samples, and the truths."""
    laws = make(rng)
    truths = np.array([law.mutual_information for law in laws])
    base = np.array([float(baseline(x, y)) for x, y in _samples(laws, rng)])
    miss = np.where(np.isfinite(values), np.abs(values - truths), np.maximum(truths, 1))
    return float(miss.mean()), float(np.abs(base - truths).mean()), truths


def _bins(x, y):
    from mi_lab import bins

    return bins(x, y, 10, correction="plug-in", kind="width")


def _ksg(x, y):
    from mi_lab import ksg

    return ksg(x, y)


def _judge(seen, rng, make, baseline, name):
    values = np.asarray(seen["values"], dtype=float).ravel()
    if len(values) != SETS:
        return "one number for each data set is wanted."
    own, theirs, truths = standings(values, rng, make, baseline)
    if own < theirs:
        return None
    if not np.isfinite(values).all():
        lost = int((~np.isfinite(values)).sum())
        return f"{lost} of {SETS} data sets are lost: NaN or infinite. Which columns make it so?"
    if np.ptp(values) < 1e-9:
        return "the same number for every data set: look at x and y."
    half = np.abs(values[None] * np.array([-1, math.log(2), 0.5, 2.0])[:, None] - truths).mean(1)
    best = int(half.argmin())
    if half[best] < 0.6 * own and half[best] < theirs:
        return (
            "the sign is not right: information is never negative.",
            "that is in bits: the book counts in nats.",
            "it is twice what it should be.",
            "it is half of what it should be.",
        )[best]
    if (values < -0.05).sum() > SETS / 2:
        return "most of your values are negative, which information never is: is a sign turned, or too much taken off?"
    side = "too large" if (values - truths).mean() > 0 else "too small"
    said = f"mean error {own:.2f} nats, mostly {side}; {name} on the same samples: {theirs:.2f}."
    if make is _high and float(seen["rest"]) == values[-1]:
        return f"{said} Only the first column of y counts in yours: all have to."
    if abs(float(seen["cubed"]) - values[-1]) > 0.05 + 0.1 * abs(values[-1]):
        return f"{said} Cubing x, which changes no information, changes yours: take ranks first."
    return said


def _against_bins(seen, rng):
    return _judge(seen, rng, _low, _bins, "ten plug-in bins an axis")


def _against_ksg(seen, rng):
    return _judge(seen, rng, _high, _ksg, "nearest neighbours")


@arena.part("one column each, against plug-in bins", weight=1, judge=_against_bins)
def _(answer, rng):
    return _run(answer, rng, _low)


@arena.part("many columns, against nearest neighbours", weight=2, judge=_against_ksg)
def _(answer, rng):
    return _run(answer, rng, _high)


def _tally(observed: dict, seed: int) -> dict[str, tuple[float, str, float]]:
    """Return, for either part that gave numbers, their mean error and that of the baseline: the class's table."""
    found = {}
    sides = (("one column each", _low, _bins, "plug-in bins"), ("many columns", _high, _ksg, "nearest neighbours"))
    for part, (column, make, baseline, name) in zip(arena.parts, sides, strict=True):
        values = np.array(
            observed.get(part.name, {}).get("leaves", {}).get("values", {}).get("values", ()), dtype=float
        )
        if len(values) == SETS:
            own, theirs, _ = standings(values, arena.rng(part, seed), make, baseline)
            found[column] = (round(own, 4), name, round(theirs, 4))
    return found


arena.tally = _tally
