"""Right and wrong answers to the exercises of the chapter on samples of the product."""

import math

import numpy as np

from tests.course.answers import Answers

ANSWERS = {
    "product-couples": Answers(
        reference="b",
        alternative="B.",
        wrong={
            "none": ("a", "special"),
            "one in e": ("c", "none survives"),
            "dependence": ("d", "look at the data"),
            "no such choice": ("x", "choices are"),
        },
    ),
    "product-batch": Answers(
        reference=math.ceil(math.exp(10)),
        alternative=np.float64(22027),
        wrong={
            "rounded down": (22026, "round up"),
            "not rounded": (math.exp(10), "whole number"),
            "bits": (2**10, "not bits"),
            "base ten": (10**10, "natural"),
            "the bound on the loss": (math.ceil(math.exp(20)), "asks for less"),
            "the batch of the text": (128, "less than 5"),
            "a guess": (100, "too small"),
        },
    ),
    "product-statements": Answers(
        reference="c",
        alternative=["c"],
        wrong={
            "permutation": ("a", "only if"),
            "afresh": ("b", "same sample"),
            "derangement": ("d", "alone"),
            "a number": (3, "choices are"),
        },
    ),
}
# All strangers at once ------------------------------------------------------------------------------------------------


def strangers_mean(scores):
    n = len(scores)
    return (scores.sum() - np.trace(scores)) / (n * (n - 1))


def by_shifts(scores):
    """The average over all cyclic shifts."""
    n = len(scores)
    return np.mean([scores[k, (k + s) % n] for s in range(1, n) for k in range(n)])


def strangers_stub(scores): ...


ANSWERS["product-strangers"] = Answers(
    reference=strangers_mean,
    alternative=by_shifts,
    stub=strangers_stub,
    wrong={
        "with the diagonal": (lambda s: s.mean(), "diagonal is in it"),
        "divided by n squared": (lambda s: (s.sum() - np.trace(s)) / len(s) ** 2, "count"),
        "the couples": (lambda s: np.diag(s).mean(), "couples: the strangers"),
        "one half": (lambda s: s[np.triu_indices(len(s), 1)].mean(), "half"),
        "a sum": (lambda s: s.sum() - np.trace(s), "a sum"),
        "by rows": (lambda s: (s.sum(1) - np.diag(s)) / (len(s) - 1), "shape"),
    },
)

# A derangement --------------------------------------------------------------------------------------------------------


def derangement(n, rng):
    while True:
        order = rng.permutation(n)
        if (order != np.arange(n)).all():
            return order


def by_early_refusal(n, rng):
    """Fisher and Yates, begun again at the first fixed point."""
    order = list(range(n))
    for k in range(n - 1, -1, -1):
        j = int(rng.integers(k + 1))
        order[k], order[j] = order[j], order[k]
        if order[k] == k:
            return by_early_refusal(n, rng)
    return np.array(order)


def derangement_stub(n, rng): ...


def cycles(n, rng):
    """Sattolo's algorithm: a single cycle."""
    order = np.arange(n)
    for k in range(n - 1, 0, -1):
        j = int(rng.integers(k))
        order[[k, j]] = order[[j, k]]
    return order


def mended(n, rng):
    order = rng.permutation(n)
    while (order == np.arange(n)).any():
        k = int(np.argmax(order == np.arange(n)))
        j = (k + 1) % n
        order[[k, j]] = order[[j, k]]
    return order


def with_replacement(n, rng):
    order = rng.integers(n, size=n)
    while (order == np.arange(n)).any():
        order = rng.integers(n, size=n)
    return order


def own_seed(n, rng):
    return derangement(n, np.random.default_rng(0))


ANSWERS["product-derangement"] = Answers(
    reference=derangement,
    alternative=by_early_refusal,
    stub=derangement_stub,
    wrong={
        "a permutation": (lambda n, rng: rng.permutation(n), "fixed points"),
        "nothing": (lambda n, rng: np.arange(n), "stays in its place: nothing"),
        "shifts": (lambda n, rng: np.roll(np.arange(n), rng.integers(1, n)), "shifts only"),
        "cycles": (cycles, "cycles only"),
        "mended": (mended, "equally likely"),
        "not a permutation": (with_replacement, "comes twice"),
        "own seed": (own_seed, "same"),
        "too long": (lambda n, rng: np.append(derangement(n, rng), 0), "is wanted"),
    },
)
