"""Right and wrong answers to the exercises of the chapter on real tables, as students write them."""

import numpy as np

from tests.course.answers import Answers

ANSWERS = {
    "tables-chance": Answers(
        reference=7.8,
        alternative=np.array([7.81]),
        wrong={
            "columns": (0.4, "counts columns"),
            "twice": (15.6, "counted twice"),
            "with itself": (8.2, "with itself"),
            "five per cent": (39, "asked is .01"),
            "all pairs": (780, "how many pairs are tested"),
        },
    ),
    "tables-nothing": Answers(
        reference="b",
        alternative=["B"],
        wrong={
            "left out": ("a", "decide everything"),
            "independent": ("c", "are independent"),
            "both zero": ("d", "together determine"),
            "no such choice": ("e", "choices are"),
        },
    ),
}


def entropy(p):
    p = np.ravel(p)
    return -sum(v * np.log(v) for v in p if v > 0)


def conditional(p):
    return entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p) - entropy(p.sum((0, 1)))


def conditional_by_loops(p):
    total = 0.0
    for k in range(p.shape[2]):
        pz = p[:, :, k].sum()
        for i in range(p.shape[0]):
            for j in range(p.shape[1]):
                if p[i, j, k]:
                    total += p[i, j, k] * np.log(p[i, j, k] * pz / (p[i, :, k].sum() * p[:, j, k].sum()))
    return [total]


def conditional_stub(p): ...


def plain(p):
    p = p.sum(2)
    return entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p)


def without_weights(p):
    parts = [p[..., k] / p[..., k].sum() for k in range(p.shape[2]) if p[..., k].sum()]
    return sum(plain(q[..., None]) for q in parts)


ANSWERS["tables-conditional"] = Answers(
    conditional,
    conditional_by_loops,
    stub=conditional_stub,
    wrong={
        "no condition": (plain, "without the condition"),
        "three independent": (
            lambda p: entropy(p.sum((1, 2))) + entropy(p.sum((0, 2))) + entropy(p.sum((0, 1))) - entropy(p),
            "also counts what z tells",
        ),
        "no p(z)": (lambda p: entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p), "p(z) is missing"),
        "unweighed": (without_weights, "weigh by p(z)"),
        "wrong axis": (lambda p: conditional(np.swapaxes(p, 1, 2)), "the last axis"),
    },
)


def discoveries(p, level):
    p = sorted(p)
    return max([l for l, v in enumerate(p, 1) if v <= level * l / len(p)], default=0)


def discoveries_by_adjusting(p, level):
    p = np.sort(p)
    adjusted = np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])
    return [float((adjusted <= level).sum())]


def discoveries_stub(p, level): ...


def until_the_first(p, level):
    count = 0
    for l, v in enumerate(sorted(p), 1):
        if v > level * l / len(p):
            break
        count += 1
    return count


ANSWERS["tables-rule"] = Answers(
    discoveries,
    discoveries_by_adjusting,
    stub=discoveries_stub,
    wrong={
        "one by one": (lambda p, a: int(np.sum(p <= a)), "each test by itself"),
        "Bonferroni": (lambda p, a: int(np.sum(p <= a / len(p))), "Bonferroni"),
        "not sorted": (
            lambda p, a: max([l for l, v in enumerate(p, 1) if v <= a * l / len(p)], default=0),
            "sort the p-values",
        ),
        "stops early": (until_the_first, "don't stop at the first"),
        "from zero": (
            lambda p, a: max([l for l, v in enumerate(sorted(p)) if v <= a * (l + 1) / len(p)], default=0),
            "ranks begin at 1",
        ),
    },
)


def beside(x, y, lag):
    n = len(y)
    return x[0 : n - lag], y[lag:n]


def beside_by_loops(x, y, lag):
    couples = [(x[t - lag], y[t]) for t in range(lag, len(y))]
    return [c[0] for c in couples], [c[1] for c in couples]


def beside_stub(x, y, lag): ...


ANSWERS["tables-lag"] = Answers(
    beside,
    beside_by_loops,
    stub=beside_stub,
    wrong={
        "the other way": (lambda x, y, l: beside(y, x, l)[::-1], "changed places in time"),
        "a circle": (lambda x, y, l: (np.roll(x, l), y), "no circle"),
        "the same end": (lambda x, y, l: (x[l:], y[l:]), "the same end"),
        "minus nothing": (lambda x, y, l: (x[:-l], y[l:]), "at lag 0"),
        "one off": (lambda x, y, l: (x[: len(x) - l - 1], y[l + 1 :]), "one step off"),
    },
)
