"""Wrong answers to the graded exercises of the chapter on hybrid estimators."""

import math

import numpy as np

from tests.course.answers.ch12 import dv, noise, places, total


def no_return(*arguments):
    sum(np.sum(np.asarray(a)) for a in arguments if hasattr(a, "shape"))


def nwj(q, q_y, t, r):
    return (q - q_y + t).mean() - (r - 1).exp().mean()


def per_sample(q, q_y, t, r):
    return q - q_y + dv(t, r)


def not_in_cells(cells, rng):
    return np.array([rng.choice(np.flatnonzero(cells != c)) for c in cells])


def one_for_all(cells, rng):
    found = np.arange(len(cells))
    for c in set(cells.tolist()):
        rows = np.flatnonzero(cells == c)
        found[rows] = rng.choice(rows)
    return found


def own_generator(cells, rng):
    return places(cells, np.random.default_rng(0))


def first_of_the_others(cells, rng):
    found = np.arange(len(cells))
    for i, c in enumerate(cells):
        others = [j for j in np.flatnonzero(cells == c) if j != i]
        found[i] = others[0] if others else i
    return found


def alone_dropped(cells, rng):
    found = places(cells, rng)
    return found[found != np.arange(len(cells))]


MISTAKES = {
    "hybrid-value": {
        "sign": (lambda *z: -total(*z), "sign"),
        "in bits": (lambda *z: total(*z) / math.log(2), "bits"),
        "half": (lambda *z: total(*z) / 2, "half of"),
        "NWJ": (nwj, None),
        "of each sample": (per_sample, "over which axis"),
        "no return": (no_return, "`return` missing"),
        "plus the marginal": (lambda q, q_y, t, r: (q + q_y).mean() + dv(t, r), "not added"),
        "marginal minus conditional": (lambda q, q_y, t, r: (q_y - q).mean() + dv(t, r), "change places"),
        "roles of the scores exchanged": (lambda q, q_y, t, r: (q - q_y).mean() + dv(r, t), None),
        "no logarithm": (lambda q, q_y, t, r: (q - q_y + t).mean() - r.exp().mean(), "where is its logarithm"),
        "sum of the scores": (lambda q, q_y, t, r: (q - q_y).mean() + dv(t, r) - t.mean() + t.sum(), "not summed"),
    },
    "hybrid-noise": {
        "sign": (lambda *z: -noise(*z), "sign"),
        "half": (lambda *z: noise(*z) / 2, "half of"),
        "no return": (no_return, "`return` missing"),
        "times the root": (lambda *z: noise(*z) * z[3], None),
        "variance of one": (lambda *z: noise(*z) ** 2 * z[3], "variance for one"),
        "n' - 1": (lambda p_x, p, q, n: noise(p_x, p, q, n - 1), "n_ref - 1"),
        "log-ratio": (lambda p_x, p, q, n: math.sqrt((p_x[:, None] * p * np.log(p / q)).sum() / n), None),
        "all cells alike": (lambda p_x, p, q, n: (p / q).std() / math.sqrt(n), None),
        "weights forgotten": (lambda p_x, p, q, n: math.sqrt(abs((p * p / q).sum() - 1) / n), "p_x is missing"),
        "in rows": (lambda p_x, p, q, n: np.sqrt(((p * p / q).sum(1) - 1) / n), "over which axis"),
    },
    "hybrid-cell": {
        "other cells": (not_in_cells, "other cells"),
        "one partner for all": (one_for_all, "paired with themselves"),
        "own generator": (own_generator, "same partners"),
        "the first of the others": (first_of_the_others, "same partners"),
        "lonely ones dropped": (alone_dropped, "one place for each"),
        "no return": (no_return, "`return` missing"),
        "the cells themselves": (lambda c, rng: c, "other cells"),
        "itself": (lambda c, rng: np.arange(len(c)), "paired with themselves"),
        "halves": (lambda c, rng: places(c, rng) + 0.5, "whole numbers"),
        "from one": (lambda c, rng: places(c, rng) + 1, "whole numbers"),
    },
}
