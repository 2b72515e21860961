"""Right and wrong answers to the exercises of the chapter on private encoders, as students write them."""

import math

import numpy as np

from tests.course.answers import Answers

ANSWERS = {
    "private-kept": Answers(
        reference=math.log(2000),
        alternative=7.6,
        wrong={
            "nothing": (0.0, "order is random"),
            "by layers": (20 * math.log(2000), "don't add up"),
            "pictures": (2000, "counts pictures"),
            "half": (math.log(2000) / 2, "takes nothing away"),
        },
    ),
    "private-small": Answers(
        reference="c",
        alternative=["C"],
        wrong={
            "about": ("a", "towards above"),
            "ceiling": ("b", "limits what it says"),
            "no attack": ("d", "looks elsewhere"),
            "no such choice": ("e", "choices are"),
        },
    ),
}


def proved(right, n):
    s = right / n
    out = s * math.log(n * s)
    if right < n:
        out += (1 - s) * math.log((1 - s) / (1 - 1 / n))
    return out


def proved_by_entropy(right, n):
    from scipy.special import rel_entr

    s = np.array([right / n, 1 - right / n])
    return rel_entr(s, [1 / n, 1 - 1 / n]).sum()


def proved_stub(right, n): ...


ANSWERS["private-proved"] = Answers(
    proved,
    proved_by_entropy,
    stub=proved_stub,
    wrong={
        "one term": (lambda right, n: right / n * math.log(right), "wrong guesses is missing"),
        "share of the entropy": (lambda right, n: right / n * math.log(n), "is not s of the entropy"),
        "no n - 1": (
            lambda right, n: math.log(n) - _bit(right / n),
            "has the chance",
        ),
        "no n": (lambda right, n: -_bit(right / n), "n is missing"),
    },
)


def _bit(s):
    return -sum(p * math.log(p) for p in (s, 1 - s) if p > 0)


def forecast(labels):
    _, counts = np.unique(labels, return_counts=True)
    p = counts / counts.sum()
    return counts.size / counts.sum(), -(p * np.log(p)).sum()


def forecast_by_dict(labels):
    seen = {}
    for label in labels:
        seen[int(label)] = seen.get(int(label), 0) + 1
    n = len(labels)
    return [len(seen) / n, sum(k / n * math.log(n / k) for k in seen.values())]


def forecast_stub(labels): ...


def alone(labels):
    return (np.unique(labels, return_counts=True)[1] == 1).mean() * len(np.unique(labels)) / len(labels)


ANSWERS["private-deal"] = Answers(
    forecast,
    forecast_by_dict,
    stub=forecast_stub,
    wrong={
        "alone": (lambda labels: (alone(labels), forecast(labels)[1]), "one is right on average"),
        "number": (lambda labels: (len(set(labels.tolist())), forecast(labels)[1]), "divide the number"),
        "log of the number": (
            lambda labels: (forecast(labels)[0], math.log(len(set(labels.tolist())))),
            "equally likely",
        ),
        "log n": (lambda labels: (forecast(labels)[0], math.log(len(labels))), "entropy of the picture"),
    },
)


def epsilon(q):
    return (np.log(q).max(axis=0) - np.log(q).min(axis=0)).max()


def epsilon_by_pairs(q):
    return max(math.log(a[j] / b[j]) for a in q for b in q for j in range(q.shape[1]))


def epsilon_stub(q): ...


ANSWERS["private-epsilon"] = Answers(
    epsilon,
    epsilon_by_pairs,
    stub=epsilon_stub,
    wrong={
        "rows": (lambda q: epsilon(q.T), "down a column"),
        "mean": (lambda q: np.log(q.max(0) / q.min(0)).mean(), "not their average"),
        "whole table": (lambda q: math.log(q.max() / q.min()), "different codes"),
        "no logarithm": (lambda q: (q.max(0) / q.min(0)).max(), "take its logarithm"),
        "neighbours": (lambda q: np.abs(np.diff(np.log(q), axis=0)).max(), "every pair"),
    },
)
