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


def _references(truth, spread):
    return (math.exp(truth) - 1) / spread**2


numeric(
    "bounds-noise",
    "What six nats cost",
    value=math.expm1(6) / 0.25,
    formula=_references,
    given=(6.0, 0.5),
    right="(e^6 - 1)/n' must be at most a quarter, the square of one half.",
    mistakes={
        math.expm1(6) / 0.5: "half a nat is the standard deviation: the variance is its square, a quarter.",
        math.expm1(6): "that brings the variance to 1, not to a quarter.",
        math.expm1(6) * 0.25: "the variance falls with n': divide by the quarter, don't multiply.",
        math.expm1(12) / 0.25: "that is the Gaussian's variance, with e^(2I); the bound for every law has e^I.",
        math.expm1(6) / 0.5**4: "you squared twice: the variance is a quarter.",
        math.sqrt(math.expm1(6)) / 0.5: "that is the root of what is wanted: the variance has n', not n' squared.",
        math.sqrt(math.expm1(6)): "that is the deviation with one sample: the variance is divided by n'.",
        math.expm1(6) * 0.5: "the variance falls with n', and its limit is a quarter: divide by that.",
        math.expm1(6) / 0.125: "half a nat is squared once: the variance is a quarter.",
        6 / 0.25: "the variance grows like e^I, not like I.",
        math.log(math.expm1(6) / 0.25): "that is the logarithm of the number.",
        math.expm1(6) / 0.25 / 1000: "in thousands: write the number itself.",
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


def _smile(low=True, high=True, over="product", log=np.log, sign=-1, first="joint", scale=math.exp, turned=1, zero=0.0):
    """Return SMILE's limit with other choices; ``zero``: the ratio where there is no mass."""

    def answer(joint, tau):
        joint = np.asarray(joint, dtype=float)
        product, ratio, information = _parts(joint)
        ratio = np.where(joint > 0, ratio, zero)
        ends = sorted([-tau, tau]) if scale is None else [scale(-tau), scale(tau)]
        with np.errstate(divide="ignore"):
            kept = np.clip(ratio**turned, ends[0] if low else -np.inf, ends[1] if high else np.inf)
        weights = {"product": product, "joint": joint, "cells": 1 / joint.size, "seen": product * (joint > 0)}[over]
        if first == "clipped":
            information = (joint * np.log(kept)).sum()
        elif first == "none":
            information = 0.0
        return information + sign * log((weights * kept).sum())

    return answer


def _nothing(value):
    return value


smile.reference(_smile())
smile.mistake("without clipping the logarithm is zero: this is the information itself.")(_smile(False, False))
smile.mistake("the clipped ratio is averaged over the product of the marginals, not over the joint.")(
    _smile(over="joint")
)
smile.mistake("the logarithm of the average is missing in the second term.")(_smile(log=_nothing))
smile.mistake("the ratio is clipped at e^-τ and e^τ; at -τ and τ one clips its logarithm.")(_smile(scale=None))
smile.mistake("only the second term is clipped: the mean of log r over the joint stays as it is.")(
    _smile(first="clipped")
)
smile.mistake("only the large ratios are cut: the small ones are lifted to e^-τ as well.")(_smile(low=False))
smile.mistake("only the small ratios are lifted: the large ones are cut at e^τ as well.")(_smile(high=False))
smile.mistake("the sign of the second term: its logarithm is taken away.")(_smile(sign=1))
smile.mistake("the cells count alike here: weigh the clipped ratio with the product of the marginals.")(
    _smile(over="cells")
)
smile.mistake("cells without mass count in the second term: the critic is -∞ there, and is lifted to -τ.")(
    _smile(over="seen")
)
smile.mistake("a cell without mass has the ratio 0, not 1, and is lifted to e^-τ.")(_smile(zero=1.0))
smile.mistake("a cell without mass has the ratio 0, not 1; and the product of the marginals weighs the cells.")(
    _smile(zero=1.0, over="cells")
)
smile.mistake("that is the second term alone.")(_smile(first="none"))
smile.mistake("the ratio is upside down in the second term: joint over product.")(
    lambda joint, tau: _smile(turned=-1, zero=1e-12)(joint, tau)
)


@smile.mistake("the mean of the clipped log-ratios stands for the logarithm of the mean.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    return information - (product * np.log(np.clip(ratio, math.exp(-tau), math.exp(tau)))).sum()


@smile.mistake("the joint itself is clipped: it is the ratio to the product of the marginals that is.")
def _(joint, tau):
    return _parts(joint)[2] - math.log(np.clip(joint, math.exp(-tau), math.exp(tau)).sum())


@smile.mistake("the first term averages log r over the joint, not over the product.")
def _(joint, tau):
    product, ratio, information = _parts(joint)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(np.asarray(joint) > 0, product * np.log(ratio), 0.0).sum()
    return _smile()(joint, tau) - information + below


@smile.mistake("the marginals are not uniform: the reference is the product of the row sums and the column sums.")
def _(joint, tau):
    joint = np.asarray(joint, dtype=float)
    ratio = joint * joint.size
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.where(joint > 0, joint * np.log(ratio), 0.0).sum()
    return information - math.log(np.clip(ratio, math.exp(-tau), math.exp(tau)).mean())


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
