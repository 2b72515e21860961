"""Wrong answers to the graded exercises of the chapter on real tables."""

import numpy as np


def entropy(p):
    p = np.ravel(p)
    p = p[p > 0]
    return -np.sum(p * np.log(p))


def conditional(p):
    return entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p) - entropy(p.sum((0, 1)))


def count(p, level):
    p = np.sort(p)
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


def beside(x, y, lag):
    return x[: len(x) - lag], y[lag:]


MISTAKES = {
    "tables-conditional": {
        "sign": (lambda p: -conditional(p), "sign"),
        "bits": (lambda p: conditional(p) / np.log(2), "bits"),
        "no condition": (lambda p: entropy(p.sum((1, 2))) + entropy(p.sum((0, 2))) - entropy(p.sum(2)), "condition"),
        "p(z) forgotten": (lambda p: entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p), "p(z) is missing"),
        "first axis": (lambda p: conditional(np.moveaxis(p, 0, 2)), "that is I(Y;Z|X)"),
        "last two exchanged": (lambda p: conditional(np.swapaxes(p, 1, 2)), "the last axis"),
        "no return": (lambda p: print(len(p)), "nothing back"),
        "with z beside x": (
            lambda p: entropy(p.sum(1)) + entropy(p.sum((0, 2))) - entropy(p),
            "by the chain rule",
        ),
        "product of three": (
            lambda p: entropy(p.sum((1, 2))) + entropy(p.sum((0, 2))) + entropy(p.sum((0, 1))) - entropy(p),
            "also counts what z tells",
        ),
    },
    "tables-rule": {
        "one by one": (lambda p, a: int((p <= a).sum()), "each test by itself"),
        "Bonferroni": (lambda p, a: int((p * len(p) <= a).sum()), "Bonferroni"),
        "not sorted": (
            lambda p, a: int(np.flatnonzero(p <= a * np.arange(1, len(p) + 1) / len(p)).max(initial=-1) + 1),
            "sort the p-values",
        ),
        "how many lie under": (
            lambda p, a: int((np.sort(p) <= a * np.arange(1, len(p) + 1) / len(p)).sum()),
            "also those above the line",
        ),
        "one less": (lambda p, a: max(count(p, a) - 1, 0), "ranks begin at 1"),
        "the idle": (lambda p, a: len(p) - count(p, a), "how many are not discoveries"),
        "no return": (lambda p, a: print(len(p)), "nothing back"),
        "which": (lambda p, a: np.sort(p)[: count(p, a)], "one"),
    },
    "tables-lag": {
        "the other way": (lambda x, y, l: (x[l:], y[: len(y) - l]), "changed places in time"),
        "rolled": (lambda x, y, l: (np.roll(x, l), y), "no circle"),
        "the same rows": (lambda x, y, l: (x[l:], y[l:]), "the same end"),
        "minus nothing": (lambda x, y, l: (x[:-l], y[l:]), "at lag 0"),
        "one off": (lambda x, y, l: (x[: len(x) - l - 1], y[l + 1 :]), "one step off"),
        "y first": (lambda x, y, l: beside(x, y, l)[::-1], "wrong order"),
        "no return": (lambda x, y, l: print(l), "nothing back"),
        "no lag": (lambda x, y, l: (x, y), "in place of lag"),
    },
}
