"""Wrong answers to the graded exercises of the chapter on mutual information."""

import math

import numpy as np


def right(p):
    product = np.outer(p.sum(1), p.sum(0))
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).sum()


def entropy(p):
    p = np.ravel(p)
    return -(p[p > 0] * np.log(p[p > 0])).sum()


def no_return(p):
    total = 0.0
    for value in np.ravel(p):
        total += value


def margins_exchanged(p):
    product = p.sum(0, keepdims=True) * p.sum(1, keepdims=True).T
    return (p * np.log(p / product)).sum()


def small_number(p):
    return (p * np.log((p + 1e-3) / np.outer(p.sum(1), p.sum(0)))).sum()


def zeros_as_ones(p):
    return right(np.where(p > 0, p, 1e-2))


def means_for_sums(p):
    seen = p > 0
    return (p[seen] * np.log(p[seen] / np.outer(p.mean(1), p.mean(0))[seen])).sum()


MISTAKES = {
    "mi-table": {
        "no return": (no_return, "`return` missing"),
        "twice": (lambda p: 2 * right(p), "twice"),
        "half": (lambda p: right(p) / 2, "half of"),
        "axes of the margins exchanged": (margins_exchanged, "raised ValueError"),
        "sum of the margins' entropies": (
            lambda p: entropy(p.sum(0)) + entropy(p.sum(1)),
            "that is H(X) + H(Y)",
        ),
        "per row": (lambda p: np.array([right(row[None, :]) for row in p]), "over which axis"),
        "a small number against zeros": (small_number, None),
        "means for sums": (means_for_sums, "not their averages"),
        "log10": (lambda p: right(p) / math.log(10), "base 10"),
        "maximum": (lambda p: max((p * np.log((p + 1e-300) / np.outer(p.sum(1), p.sum(0)))).ravel()), None),
        "absolute terms": (
            lambda p: np.abs(p * np.log((p + 1e-300) / np.outer(p.sum(1), p.sum(0)))).sum(),
            "sums of absolute terms",
        ),
        "conditional entropy added": (lambda p: right(p) + entropy(p), "that is H(X) + H(Y)"),
        "normalised": (lambda p: right(p) / entropy(p.sum(0)), "share of H(Y)"),
        "an integer": (lambda p: int(right(p)), "answer is 0 for every"),
        "exponential": (lambda p: math.exp(right(p)), "logarithm missing"),
        "information and its bound": (lambda p: (right(p), entropy(p.sum(0))), "first value alone"),
        "two arguments": (lambda p, q: right(p), "takes (p, q)"),
    },
}
