"""Wrong answers to the graded exercises of the chapter on samples of the product."""

import numpy as np


def mended_once(n, rng):
    order = rng.permutation(n)
    for i in range(n):
        if order[i] == i:
            j = (i + 1) % n
            order[i], order[j] = order[j], order[i]
    return order


def rolled(n, rng):
    return np.roll(np.arange(n), 1)


def rolled_at_random(n, rng):
    return (np.arange(n) + rng.integers(1, n)) % n


def with_replacement(n, rng):
    return rng.integers(0, n, n)


def from_one(n, rng):
    return rng.permutation(n) + 1


def drops_fixed_points(n, rng):
    order = rng.permutation(n)
    return order[order != np.arange(n)]


def own_generator(n, rng):
    rng = np.random.default_rng(0)
    while True:
        order = rng.permutation(n)
        if (order != np.arange(n)).all():
            return order


def any_for_all(n, rng):
    while True:
        order = rng.permutation(n)
        if (order != np.arange(n)).any():
            return order


def in_place(n, rng):
    order = np.arange(n)
    rng.shuffle(order)


def sattolo(n, rng):
    order = np.arange(n)
    for i in range(n - 1, 0, -1):
        j = rng.integers(i)
        order[i], order[j] = order[j], order[i]
    return order


def pairs(n, rng):
    order = rng.permutation(n)
    return np.stack([np.arange(n), order], 1)


def reversed_order(n, rng):
    return np.arange(n)[::-1]


MISTAKES = {
    "product-derangement": {
        "mended by a swap": (mended_once, "not equally likely"),
        "rolled by one": (rolled, "every call gives the same"),
        "rolled at random": (rolled_at_random, "shifts only"),
        "with replacement": (with_replacement, "missing or comes twice"),
        "counts from one": (from_one, "0 to"),
        "fixed points dropped": (drops_fixed_points, "indices is wanted, yours has"),
        "a generator of its own": (own_generator, "every call gives the same"),
        "any for all": (any_for_all, "may stay in its place"),
        "shuffles, no return": (in_place, "`return` missing"),
        "cycles": (sattolo, "cycles only"),
        "pairs": (pairs, "indices is wanted, yours has"),
        "a list of a set": (lambda n, rng: list(set(range(n))), "every index stays"),
        "one swap": (lambda n, rng: np.r_[1, 0, np.arange(2, n)], "may stay in its place"),
        "choice": (
            lambda n, rng: np.array([rng.choice([j for j in range(n) if j != i]) for i in range(n)]),
            "missing or comes twice",
        ),
        "half an index": (lambda n, rng: sattolo(n, rng) + 0.5, "no permutation of 0 to"),
        "reversed": (reversed_order, "may stay in its place"),
    },
}
