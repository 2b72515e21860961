"""Right and wrong answers to the exercises of the chapter on GPUs and scale, as students write them."""

import numpy as np

from tests.course.answers import Answers

ANSWERS = {
    "scale-flops": Answers(
        reference=0.42520,
        alternative=np.array([0.4252]),
        wrong={
            "forward": (0.1452, "way forward alone"),
            "samples' gradient": (0.4357, "gradient of the samples"),
            "half": (0.2126, "half of it"),
            "two passes": (0.2904, "two passes of three"),
            "no units": (425197568, "units of 10⁹"),
        },
    ),
    "scale-slow-calls": Answers(
        reference="b",
        alternative=["B"],
        wrong={
            "stays": ("a", "once and apart sixteen times"),
            "rises": ("c", "nothing is left to share"),
            "below": ("d", "arithmetic of sixteen"),
            "no such choice": ("e", "choices are"),
        },
    ),
}


def together(a, w, members):
    return (a / members + w) / (a + w)


def together_by_share(a, w, members):
    s = a / w
    return np.array([(s + members) / (members * (s + 1))])


def together_stub(a, w, members): ...


ANSWERS["scale-together"] = Answers(
    together,
    together_by_share,
    stub=together_stub,
    wrong={
        "together alone": (lambda a, w, members: a + members * w, "time together"),
        "upside down": (lambda a, w, members: 1 / together(a, w, members), "upside down"),
        "calls a member": (lambda a, w, members: (members * a + w) / (members * (a + w)), "without members"),
        "of one step": (lambda a, w, members: (a + members * w) / (a + w), "step of one"),
        "arithmetic": (lambda a, w, members: (a + members * w) / (members * w), "its own calls"),
    },
)


def entropy(p):
    p = np.ravel(p)
    return -sum(v * np.log(v) for v in p if v > 0)


def information(counts):
    p = counts / counts.sum()
    return entropy(p.sum(0)) + entropy(p.sum(1)) - entropy(p)


def merged(first, second):
    return information(np.asarray(first) + np.asarray(second))


def merged_by_loops(first, second):
    total, n = 0.0, first.sum() + second.sum()
    for i in range(first.shape[0]):
        for j in range(first.shape[1]):
            c = first[i, j] + second[i, j]
            if c:
                row, column = first[i].sum() + second[i].sum(), first[:, j].sum() + second[:, j].sum()
                total += c / n * np.log(c * n / (row * column))
    return [total]


def merged_stub(first, second): ...


def weighted(first, second):
    n, l = first.sum(), second.sum()
    return (n * information(first) + l * information(second)) / (n + l)


ANSWERS["scale-merge"] = Answers(
    merged,
    merged_by_loops,
    stub=merged_stub,
    wrong={
        "average": (lambda f, s: (information(f) + information(s)) / 2, "add the counts"),
        "weighted": (weighted, "weighted by rows"),
        "shares": (lambda f, s: information(f / f.sum() + s / s.sum()), "not shares"),
        "joint entropy": (lambda f, s: entropy((f + s) / (f + s).sum()), "joint entropy"),
    },
)


def error(values, n):
    size = len(values)
    variance = sum((v - np.mean(values)) ** 2 for v in values) / (size - 1)
    return (variance / size * (n - size) / n) ** 0.5


def error_by_numpy(values, n):
    return [float(np.std(values, ddof=1) * np.sqrt(1 / len(values) - 1 / n))]


def error_stub(values, n): ...


ANSWERS["scale-subsample"] = Answers(
    error,
    error_by_numpy,
    stub=error_stub,
    wrong={
        "about the law": (lambda v, n: np.std(v, ddof=1) / len(v) ** 0.5, "law's mean"),
        "variance": (lambda v, n: error(v, n) ** 2, "is its root"),
        "one value": (lambda v, n: np.std(v, ddof=1) * (1 - len(v) / n) ** 0.5, "spread of one value"),
        "the share": (lambda v, n: np.std(v, ddof=1) / n**0.5, "1 − l/n, not l/n"),
        "outside": (lambda v, n: np.std(v, ddof=1) / len(v) ** 0.5 * (1 - len(v) / n), "under the root"),
    },
)


def cost(units, seconds):
    return np.linalg.lstsq((units / seconds)[:, None], np.ones(len(units)), rcond=None)[0]


def cost_by_sums(units, seconds):
    return sum(u / t for u, t in zip(units, seconds, strict=True)) / sum(
        (u / t) ** 2 for u, t in zip(units, seconds, strict=True)
    )


def cost_stub(units, seconds): ...


ANSWERS["scale-fit"] = Answers(
    cost,
    cost_by_sums,
    stub=cost_stub,
    wrong={
        "seconds": (lambda u, t: (u * t).sum() / (u * u).sum(), "divide each run's error"),
        "totals": (lambda u, t: t.sum() / u.sum(), "longest run alone"),
        "mean": (lambda u, t: (t / u).mean(), "averages seconds a unit"),
        "units a second": (lambda u, t: 1 / cost_by_sums(u, t), "seconds a unit"),
        "harmonic": (lambda u, t: len(u) / (u / t).sum(), "one over the mean of units a second"),
    },
)
