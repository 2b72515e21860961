"""Right and wrong answers to the exercises of the chapter on counting."""

import numpy as np
from scipy.spatial import KDTree
from scipy.special import digamma

from tests.course.answers import Answers

ANSWERS = {
    "counting-ceiling": Answers(
        reference="b",
        alternative="B.",
        wrong={
            "the truth": ("a", "at all"),
            "cells": ("c", "tells about"),
            "bias": ("d", "tiny"),
            "no such choice": ("z", "choices are"),
        },
    ),
    "counting-bias": Answers(
        reference=19 * 19 / 2000,
        alternative=np.float32(0.1805),
        wrong={
            "cells": (0.2, "margins"),
            "joint entropy": (0.1995, "joint entropy"),
            "half": (0.361, "half"),
            "one margin": (0.0095, "one entropy"),
            "the truth": (0.0, "by chance"),
            "bits": (0.1805 / np.log(2), "bits"),
        },
    ),
    "counting-negative": Answers(
        reference="b",
        alternative=["b"],
        wrong={
            "cut": ("a", "made a bias"),
            "drop": ("c", "half of the time"),
            "absolute": ("d", "sign"),
            "a number": (0, "choices are"),
        },
    ),
}

# The corrected table --------------------------------------------------------------------------------------------------


def corrected(counts):
    n = counts.sum()
    h = [np.log(n) - np.sum(c[c > 0] * np.log(c[c > 0])) / n for c in (counts.sum(1), counts.sum(0), counts)]
    k = [(c > 0).sum() for c in (counts.sum(1), counts.sum(0), counts)]
    return h[0] + h[1] - h[2] - (k[2] - k[0] - k[1] + 1) / (2 * n)


def cell_by_cell(counts):
    """The same with loops, as a divergence."""
    n, value = counts.sum(), 0.0
    rows, columns = counts.sum(1), counts.sum(0)
    for a, b in zip(*np.nonzero(counts), strict=True):
        value += counts[a, b] / n * np.log(n * counts[a, b] / (rows[a] * columns[b]))
    spare = np.count_nonzero(counts) - np.count_nonzero(rows) - np.count_nonzero(columns) + 1
    return float(value - spare / n / 2)


def plug_in(counts):
    p = counts / counts.sum()
    q = p.sum(1, keepdims=True) * p.sum(0)
    return np.sum(p[p > 0] * np.log(p[p > 0] / q[p > 0]))


def with_cells(counts):
    return plug_in(counts) - (counts.shape[0] - 1) * (counts.shape[1] - 1) / 2 / counts.sum()


def shift(counts):
    return plug_in(counts) - corrected(counts)


def not_a_number(counts):
    p = counts / counts.sum()
    with np.errstate(all="ignore"):
        return np.sum(p * np.log(p / p.sum(1, keepdims=True) / p.sum(0)))


def corrected_stub(counts): ...


ANSWERS["counting-madow"] = Answers(
    reference=corrected,
    alternative=cell_by_cell,
    stub=corrected_stub,
    wrong={
        "cut at 0": (lambda c: max(corrected(c), 0.0), "cut the value off"),
        "plug-in": (plug_in, "what chance adds"),
        "added": (lambda c: plug_in(c) + shift(c), "subtract it"),
        "half": (lambda c: plug_in(c) - 2 * shift(c), "half"),
        "all cells": (with_cells, "occupied"),
        "joint only": (lambda c: plug_in(c) - (np.count_nonzero(c) - 1) / 2 / c.sum(), "joint entropy only"),
        "bits": (lambda c: plug_in(c) / np.log(2) - shift(c), "bits"),
        "empty cells": (not_a_number, "0 log 0"),
    },
)

# The second variant ---------------------------------------------------------------------------------------------------


def ksg2(x, y, k):
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    nearest = np.argsort(np.maximum(dx, dy), 1)[:, : k + 1]
    m = [np.sum(d <= np.take_along_axis(d, nearest, 1).max(1)[:, None], 1) - 1 for d in (dx, dy)]
    return digamma(k) - 1 / k + digamma(len(x)) - np.mean(digamma(m[0]) + digamma(m[1]))


def with_a_tree(x, y, k):
    """The same, sample by sample, with SciPy's tree."""
    _, nearest = KDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k + 1, p=np.inf)
    total = 0.0
    for i in range(len(x)):
        for v in (x, y):
            side = max(abs(v[j] - v[i]) for j in nearest[i])
            total += digamma(sum(abs(u - v[i]) <= side for u in v) - 1)
    return digamma(k) - 1 / k + digamma(len(x)) - total / len(x)


def variant(closed=True, own=0, less=True, norm=np.maximum, last=False, side=None, skip=0):
    def wrong(x, y, k):
        dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
        nearest = np.argsort(norm(dx, dy), 1)[:, : k + 1 - skip]
        value = digamma(k) - less / k + digamma(len(x))
        for d in (dx, dy):
            reach = np.take_along_axis(d if side is None else side(dx, dy), nearest, 1)
            reach = reach[:, -1:] if last else reach.max(1)[:, None]
            m = np.sum(d <= reach if closed else d < reach, 1) - 1 + own
            value -= np.mean(digamma(np.maximum(m, 1)))
        return value

    return wrong


def first(x, y, k):
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    rho = np.sort(np.maximum(dx, dy), 1)[:, [k]]
    return digamma(k) + digamma(len(x)) - np.mean(digamma((dx < rho).sum(1)) + digamma((dy < rho).sum(1)))


def ksg2_stub(x, y, k): ...


ANSWERS["counting-second"] = Answers(
    reference=ksg2,
    alternative=with_a_tree,
    stub=ksg2_stub,
    wrong={
        "strict": (variant(closed=False), "on the edge"),
        "itself": (variant(own=1), "sample itself is among"),
        "one over k": (variant(less=False), "1/k is missing"),
        "k-th only": (variant(last=True), "among all k"),
        "square": (variant(side=np.maximum), "that is a square"),
        "one too few": (variant(skip=1), "one neighbour too few"),
        "Euclidean": (variant(norm=np.hypot), "maximum norm"),
        "first variant": (first, "first variant"),
    },
)
