"""The exercises of the chapter on which estimator to use."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text


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
        0.84: "an interval of 90 % is ± 1.645 errors, not ± 2.",
        0.81: "coverage is no product of shares: take Φ at both ends, moved by the bias.",
        0.61442: "coverage is no product of shares: take Φ at both ends, moved by the bias.",
        0.82222: "that is the coverage as a share of the 90 % promised: asked is the coverage itself.",
        0.1636: "that is what is lost: asked is what is left.",
        0.4995: "the bias is one standard error, not half the interval.",
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


@error.mistake("a lost call is no call without error: it counts as one nat, or as the truth if that is larger.")
def _(values, truths):
    return np.nan_to_num(np.abs(values - truths[:, None])).mean()


@error.mistake("one nat or the truth, whichever is larger: not their sum.")
def _(values, truths):
    truths = truths[:, None]
    return np.where(np.isnan(values), truths + 1, np.abs(values - truths)).mean()


@error.mistake("a lost call counts by its own law's truth, not by the largest of all.")
def _(values, truths):
    return np.where(np.isnan(values), max(1, truths.max()), np.abs(values - truths[:, None])).mean()


@error.mistake("each law has a truth of its own: compare with that, not with the mean of the truths.")
def _(values, truths):
    return np.where(np.isnan(values), max(1, truths.mean()), np.abs(values - truths.mean())).mean()


@error.mistake("only a lost call counts one nat at least: the other errors stay as they are.")
def _(values, truths):
    return np.maximum(_errors(values, truths), 1).mean()


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


@coverage.mistake("the shift is b/s, in standard errors: not in units of half the interval, z s.")
def _(bias, error, z):
    return _phi(z - bias / (z * error)) - _phi(-z - bias / (z * error))


@coverage.mistake("an interval covers in a share of the samples, not always or never: the estimate scatters.")
def _(bias, error, z):
    return float(abs(bias) <= z * error)


text(
    "which-paper",
    "Two sentences for a paper",
    rubric=[
        (1, "Gives value and interval with unit, number of samples and method, and what the interval counts."),
        (1, "Says how the method was checked: a second method of another kind, shuffled columns, or a known law."),
        (1, "Says what would make the number wrong (warnings, large information for n, rows that hang together)."),
    ],
)
