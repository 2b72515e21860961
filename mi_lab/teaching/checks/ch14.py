"""The exercises of the chapter on which estimator to use."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text
from mi_lab.teaching.checks.observe import Unusable


def _lost(bias, error, z):
    upper = (1 + math.erf((z - bias / error) / math.sqrt(2))) / 2
    lower = (1 + math.erf((-z - bias / error) / math.sqrt(2))) / 2
    return upper - lower


numeric(
    "which-lost",
    "A bias of one standard error",
    value=0.736403,
    unit="",
    rtol=5e-3,
    formula=_lost,
    given=(1.0, 1.0, 1.645),
    right="Φ(.645) - Φ(-2.645) = .741 - .004.",
    mistakes={
        0.9: "that is the coverage without a bias: shift the interval by it.",
        0.74053: "almost: the other end of the interval counts, too.",
        0.99592: "the bias takes coverage away: Φ(1.645 - 1), not Φ(1.645 + 1).",
        0.263597: "that is the share of samples whose interval misses: one less it.",
        0.68269: "that is the interval of ± 1 error without a bias.",
        0.59976: "1.28 is where 90 % lie below: an interval of 90 % leaves 5 % at either side, z = 1.645.",
        0.82987: "1.96 belongs to 95 %: an interval of 90 % has z = 1.645.",
        0.48107: "the interval keeps its length: both of its ends move the same way.",
        0.75525: "a bias is no further variance: it moves the centre, the error stays.",
        0.31195: "that is the normal density's difference: take the distribution function Φ.",
        0.81907: "Φ(v) is (1 + erf(v/√2))/2: the root of two is missing.",
        0.85792: "the bias is one standard error, not half of one.",
        0.36116: "the bias is one standard error, not two.",
        0.645: "that is where the upper end lies, in errors: Φ of it is the share below.",
        0.35289: "coverage is no proportion of the length: take Φ at both ends.",
    },
)

choice(
    "which-tuned",
    "Two columns of a table",
    right="c",
    reasons={
        "a": "seeds make both columns scatter alike; a factor of four on thirty laws each is no luck of the draw.",
        "b": "the halves hold the same families, and the laws of one are no harder for the other estimators.",
        "c": "choices that look at a law fit that law: only the other half says what to expect of a new one.",
        "d": "the mean over all laws mixes what was fitted with what was not: it flatters.",
    },
)

# The error of a line-up -----------------------------------------------------------------------------------------------

error = code("which-error", "The error that the arena counts")


@error.part("the mean error", weight=2)
def _(answer, rng):
    laws, seeds = int(rng.integers(5, 9)), int(rng.integers(3, 5))
    truths = rng.uniform(0.2, 2.0, laws)
    return answer(truths[:, None] + rng.normal(0.1, 0.5, (laws, seeds)), truths)


@error.part("lost calls", weight=1)
def _(answer, rng):
    laws, seeds = int(rng.integers(5, 9)), int(rng.integers(3, 5))
    truths = rng.uniform(0.2, 0.8, laws)
    truths[:2] = rng.uniform(2, 4, 2)
    values = truths[:, None] + rng.normal(0.1, 0.5, (laws, seeds))
    values[0, 1] = values[1, 0] = values[3, 2] = values[4, 1] = np.nan
    return answer(values, truths)


def _errors(values, truths):
    truths = np.asarray(truths)[:, None]
    return np.where(np.isnan(values), np.maximum(truths, 1), np.abs(values - truths))


@error.reference
def _(values, truths):
    return _errors(values, truths).mean()


@error.mistake("errors of either sign cancel: take the absolute value of each before the mean.")
def _(values, truths):
    truths = truths[:, None]
    return abs(np.where(np.isnan(values), np.maximum(truths, 1), values - truths).mean())


@error.mistake("seed by seed: the error of a mean over seeds is smaller than the mean of the errors.")
def _(values, truths):
    return np.abs(np.nanmean(values, axis=1) - truths).mean()


@error.mistake("a lost call counts: one nat, or the truth if that is larger.")
def _(values, truths):
    return np.nanmean(np.abs(values - truths[:, None]))


@error.mistake("a lost call counts as the truth where that is larger than one nat.")
def _(values, truths):
    return np.where(np.isnan(values), 1, np.abs(values - truths[:, None])).mean()


@error.mistake("a lost call counts as one nat where the truth is smaller: else it would be cheap to answer nothing.")
def _(values, truths):
    return np.where(np.isnan(values), truths[:, None], np.abs(values - truths[:, None])).mean()


@error.mistake("that is the root mean square: the arena takes the mean of absolute errors.")
def _(values, truths):
    return np.sqrt((_errors(values, truths) ** 2).mean())


@error.mistake("squares weigh the worst law most: the arena takes absolute errors.")
def _(values, truths):
    return (_errors(values, truths) ** 2).mean()


@error.mistake("the mean over all calls, not their sum.")
def _(values, truths):
    return _errors(values, truths).sum()


@error.mistake("the median hides the worst laws: take the mean.")
def _(values, truths):
    return np.median(_errors(values, truths))


@error.mistake("one number is wanted: the mean over the laws as well.")
def _(values, truths):
    return _errors(values, truths).mean(1)


@error.mistake("errors in nats, not as a share of the truth: a law of 0 nats would have none.")
def _(values, truths):
    return (_errors(values, truths) / truths[:, None]).mean()


@error.mistake("the worst is not the mean.")
def _(values, truths):
    return _errors(values, truths).max()


@error.mistake(
    "a lost call counts as one nat where the truth is smaller, and as the truth where it is larger: not the smaller."
)
def _(values, truths):
    truths = truths[:, None]
    return np.where(np.isnan(values), np.minimum(truths, 1), np.abs(values - truths)).mean()


@error.mistake("a lost call loses that call only: the other seeds of its law count as they are.")
def _(values, truths):
    lost = np.isnan(values).any(1)
    own = np.abs(values - truths[:, None]).mean(1)
    return np.where(lost, np.maximum(truths, 1), own).mean()


@error.mistake("a lost call has no value that could be compared with the truth: it counts as one nat, or as the truth.")
def _(values, truths):
    return np.abs(np.where(np.isnan(values), 1.0, values) - truths[:, None]).mean()


@error.mistake("a lost call is no estimate of 0: it counts as one nat at least.")
def _(values, truths):
    return np.abs(np.where(np.isnan(values), 0.0, values) - truths[:, None]).mean()


@error.mistake("lost calls are left out of the number that the sum is divided by: they count as calls.")
def _(values, truths):
    return _errors(values, truths).sum() / np.isfinite(values).sum()


@error.mistake("a lost call counts as one nat and nothing else counts: add the errors of the others.")
def _(values, truths):
    return np.where(np.isnan(values), np.maximum(truths[:, None], 1), 0).mean()


@error.mistake("a lost call is NaN, and NaN equals nothing, not even itself: ask isnan.")
def _(values, truths):
    return np.abs(values - truths[:, None]).mean()


@error.mistake("errors of either sign cancel: take the absolute value of each before the mean.")
def _(values, truths):
    truths = truths[:, None]
    return np.where(np.isnan(values), np.maximum(truths, 1), values - truths).mean()


# Coverage of a biased estimate ----------------------------------------------------------------------------------------

coverage = code("which-coverage", "What a bias does to an interval")


@coverage.part("the share")
def _(answer, rng):
    # one estimate after the other: biases of either sign, up to two standard errors
    draws = rng.uniform([-0.2, 0.05, 0.8], [0.2, 0.12, 2.2], (9, 3))
    return np.array([float(answer(*map(float, row))) for row in draws])


def _phi(v):
    return (1 + math.erf(v / math.sqrt(2))) / 2


@coverage.reference
def _(bias, error, z):
    return _phi(z - bias / error) - _phi(-z - bias / error)


@coverage.mistake("that is the coverage without a bias.")
def _(bias, error, z):
    return _phi(z) - _phi(-z)


@coverage.mistake("the other end of the interval is missing: subtract Φ(-z - b/s).")
def _(bias, error, z):
    return _phi(z - bias / error)


@coverage.mistake("measure the bias in standard errors: b/s.")
def _(bias, error, z):
    return _phi(z - bias) - _phi(-z - bias)


@coverage.mistake("that is the share of intervals that miss: one less it.")
def _(bias, error, z):
    return 1 - _phi(z - bias / error) + _phi(-z - bias / error)


@coverage.mistake("the bias shifts both ends the same way: -z - b/s at the lower one.")
def _(bias, error, z):
    return _phi(z - bias / error) - _phi(-z + bias / error)


@coverage.mistake("the standard error counts once: z is in its units already.")
def _(bias, error, z):
    return _phi(z * error - bias) - _phi(-z * error - bias)


@coverage.mistake("Φ, the distribution function, not the density.")
def _(bias, error, z):
    density = lambda v: math.exp(-(v**2) / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    return density(z - bias / error) - density(-z - bias / error)


@coverage.mistake("Φ(v) is (1 + erf(v/√2))/2: the root of two is missing.")
def _(bias, error, z):
    return (math.erf(z - bias / error) - math.erf(-z - bias / error)) / 2


@coverage.mistake("half of it: Φ is (1 + erf)/2.")
def _(bias, error, z):
    return 2 * (_phi(z - bias / error) - _phi(-z - bias / error))


@coverage.mistake("the interval keeps its length: the bias moves both of its ends the same way.")
def _(bias, error, z):
    return _phi(z - abs(bias) / error) - _phi(-z + abs(bias) / error)


@coverage.mistake("the interval keeps its length: the bias moves both of its ends the same way.")
def _(bias, error, z):
    return _phi(z + bias / error) - _phi(-z - bias / error)


@coverage.mistake("that is an interval widened by the bias: this one was not, it is only in the wrong place.")
def _(bias, error, z):
    return _phi(z + abs(bias) / error) - _phi(-z - abs(bias) / error)


@coverage.mistake("an interval that allows for the bias is wider by |b| at either end: this one was not widened.")
def _(bias, error, z):
    wide = z + abs(bias) / error
    return _phi(wide - bias / error) - _phi(-wide - bias / error)


@coverage.mistake("a bias is no further variance: it moves the centre, the error stays.")
def _(bias, error, z):
    wide = math.hypot(bias, error)
    return _phi(z * error / wide) - _phi(-z * error / wide)


@coverage.mistake("z is a number of errors: the ends lie at ± z s, which are ± z after dividing by s.")
def _(bias, error, z):
    return _phi((z - bias) / error) - _phi((-z - bias) / error)


@coverage.form
def _(bias, error, z):
    upper = (1 + math.erf((z - bias / error) / math.sqrt(2))) / 2
    lower = (1 + math.erf((-z - bias / error) / math.sqrt(2))) / 2
    return upper - lower


@coverage.mistake("Φ(v) is (1 + erf(v/√2))/2, not erf itself.")
def _(bias, error, z):
    return math.erf(z - bias / error) - math.erf(-z - bias / error)


@coverage.mistake("z is the quantile already: the interval is ± z standard errors.")
def _(bias, error, z):
    from scipy.special import ndtri

    z = ndtri((1 + z) / 2) if abs(z) < 1 else math.nan
    return _phi(z - bias / error) - _phi(-z - bias / error) if z == z else math.nan


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


text(
    "which-paper",
    "Two sentences for a paper",
    rubric=[
        (1, "Gives value and interval with unit, number of samples and method, and what the interval counts."),
        (1, "Says how the method was checked: a second method of another kind, shuffled columns, or a known law."),
        (1, "Says what would make the number wrong (warnings, large information for n, rows that hang together)."),
    ],
)
