"""The exercises of the chapter on the family of bounds."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "bounds-side",
    "Which may exceed?",
    right="d",
    reasons={
        "a": "few samples make NWJ scatter, but its mean is an expectation, and below I for every critic.",
        "b": "small batches lower InfoNCE's ceiling to log 4; its expectation stays below I for every critic.",
        "c": "any u is admitted: a bad one widens the gap, and the gap is never negative.",
        "d": "clipping takes from the denominator what the bound needs there; no sample size brings it back.",
    },
)

numeric(
    "bounds-noise",
    "What six nats cost",
    value=math.expm1(6) / 0.25,
    right="(e^6 - 1)/n' must be at most a quarter, the square of one half.",
    mistakes={
        math.expm1(6) / 0.5: "half a nat is the standard deviation: the variance is its square, a quarter.",
        math.expm1(6): "that brings the variance to 1, not to a quarter.",
        math.expm1(6) * 0.25: "the variance falls with n': divide by the quarter, don't multiply.",
        math.expm1(12) / 0.25: "that is the Gaussian's variance, with e^(2I); the bound for every law has e^I.",
        math.expm1(6) / 0.5**4: "you squared twice: the variance is a quarter.",
        math.sqrt(math.expm1(6)) / 0.5: "that is the root of what is wanted: the variance has n', not n' squared.",
        (2**6 - 1) / 0.25: "nats count with e, not with 2.",
        math.expm1(3) / 0.25: "e^(I/2) belongs to the deviation; the variance grows like e^I.",
    },
)

choice(
    "bounds-ceiling",
    "Near the ceiling",
    right="b",
    reasons={
        "a": "the small error bar measures InfoNCE's scatter, and at its ceiling it hardly scatters whatever I is.",
        "b": "a lower bound in expectation, and nothing that it says limits I from above.",
        "c": "log 256 is a ceiling of the value, not of the information.",
        "d": "it is worth much: a lower bound of 5.40 nats. What is worthless is its silence about more.",
    },
)

# What SMILE says in the end ------------------------------------------------------------------------------------------

smile = code("bounds-smile", "What SMILE says in the end")


def _table(rng, zeros=False):
    k, m = int(rng.integers(3, 5)), int(rng.integers(4, 6))
    joint = rng.dirichlet(np.full(k * m, 0.5)).reshape(k, m) + 0.004
    joint[:, :k] += 0.1 * np.eye(k)
    if zeros:
        joint[0, 1] = joint[1, 2] = 0
    return joint / joint.sum(), float(rng.uniform(0.5, 0.8))


@smile.part("a table without zeros", weight=2)
def _(answer, rng):
    return answer(*_table(rng))


@smile.part("a table with zeros")
def _(answer, rng):
    return answer(*_table(rng, zeros=True))


def _parts(joint):
    """Return the product of the marginals, the ratio, and the information."""
    joint = np.asarray(joint, dtype=float)
    product = joint.sum(1, keepdims=True) * joint.sum(0)
    ratio = joint / product
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint > 0, joint * np.log(ratio), 0.0)
    return product, ratio, terms.sum()


@smile.reference
def _(joint, tau):
    product, ratio, information = _parts(joint)
    kept = np.minimum(np.maximum(ratio, math.exp(-tau)), math.exp(tau))
    return information - math.log((product * kept).sum())


@smile.mistake("without clipping the logarithm is zero: this is the information itself.")
def _(joint, tau):
    return _parts(joint)[2]


@smile.mistake("the clipped ratio is averaged over the product of the marginals, not over the joint.")
def _(joint, tau):
    _, ratio, information = _parts(joint)
    return information - math.log((joint * np.clip(ratio, math.exp(-tau), math.exp(tau))).sum())


@smile.mistake("the logarithm of the average is missing in the second term.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    return information - (product * np.clip(ratio, math.exp(-tau), math.exp(tau))).sum()


@smile.mistake("the ratio is clipped at e^-τ and e^τ; at -τ and τ one clips its logarithm.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    return information - math.log((product * np.clip(ratio, -tau, tau)).sum())


@smile.mistake("only the second term is clipped: the mean of log r over the joint stays as it is.")
def _(joint, tau):
    product, ratio, _ = _parts(joint)
    kept = np.clip(ratio, math.exp(-tau), math.exp(tau))
    return (joint * np.log(kept)).sum() - math.log((product * kept).sum())


@smile.mistake("only the large ratios are cut: the small ones are lifted to e^-τ as well.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    return information - math.log((product * np.minimum(ratio, math.exp(tau))).sum())


@smile.mistake("only the small ratios are lifted: the large ones are cut at e^τ as well.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    return information - math.log((product * np.maximum(ratio, math.exp(-tau))).sum())


@smile.mistake("the sign of the second term: its logarithm is taken away.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    return information + math.log((product * np.clip(ratio, math.exp(-tau), math.exp(tau))).sum())


@smile.mistake("the cells count alike here: weigh the clipped ratio with the product of the marginals.")
def _(joint, tau):
    _, ratio, information = _parts(joint)
    return information - math.log(np.clip(ratio, math.exp(-tau), math.exp(tau)).mean())


@smile.mistake("cells without mass count in the second term: the critic is -∞ there, and is lifted to -τ.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    kept = np.clip(ratio, math.exp(-tau), math.exp(tau))
    return information - math.log((product * kept)[np.asarray(joint) > 0].sum())


@smile.mistake("that is the second term alone.")
def _(joint, tau):
    product, ratio, _ = _parts(joint)
    return -math.log((product * np.clip(ratio, math.exp(-tau), math.exp(tau))).sum())


text(
    "bounds-limit",
    "With strangers without end",
    rubric=[
        (1, "Applies the law of large numbers to the strangers' exponentials, for a given y."),
        (1, "Takes the limit through logarithm and expectation, and says why: bounded, so dominated."),
        (1, "Gets BA at least DV from Jensen's inequality, for a constant normaliser."),
        (1, "Says when they differ: when Z(Y) is not almost surely constant."),
    ],
)
