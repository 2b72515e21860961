"""Wrong answers to the graded exercises of the chapter on GPUs and scale."""

import numpy as np


def entropy(p):
    p = p[p > 0]
    return -np.sum(p * np.log(p))


def information(c):
    p = c / c.sum()
    return entropy(p.sum(0)) + entropy(p.sum(1)) - entropy(p.ravel())


def spread(v):
    return np.std(v, ddof=1)


MISTAKES = {
    "scale-together": {
        "time together": (lambda a, w, members: a + members * w, "time together"),
        "upside down": (lambda a, w, members: members * (a + w) / (a + members * w), "upside down"),
        "calls for each": (lambda a, w, members: (members * a + w) / (members * (a + w)), "without members"),
        "against one": (lambda a, w, members: (a + members * w) / (a + w), "step of one"),
        "against arithmetic": (lambda a, w, members: (a + members * w) / (members * w), "its own calls"),
        "no return": (lambda a, w, members: print(a), "nothing back"),
        "the saving": (lambda a, w, members: 1 - (a + members * w) / (members * (a + w)), "one minus what is asked"),
        "a and w exchanged": (lambda a, w, members: (w + members * a) / (members * (a + w)), "without members"),
    },
    "scale-merge": {
        "average": (lambda f, s: (information(f) + information(s)) / 2, "add the counts"),
        "sum": (lambda f, s: information(f) + information(s), None),
        "weighted": (
            lambda f, s: (f.sum() * information(f) + s.sum() * information(s)) / (f + s).sum(),
            "weighted by rows",
        ),
        "shares": (lambda f, s: information(f / f.sum() + s / s.sum()), "not shares"),
        "first": (lambda f, s: information(f), "one of the tables"),
        "joint entropy": (lambda f, s: entropy(((f + s) / (f + s).sum()).ravel()), "joint entropy"),
        "bits": (lambda f, s: information(f + s) / np.log(2), "nats"),
        "no return": (lambda f, s: print(f.sum()), "nothing back"),
    },
    "scale-subsample": {
        "about the law": (lambda v, n: spread(v) / len(v) ** 0.5, "law's mean"),
        "variance": (lambda v, n: spread(v) ** 2 / len(v) * (1 - len(v) / n), "is its root"),
        "one value": (lambda v, n: spread(v) * (1 - len(v) / n) ** 0.5, "spread of one value"),
        "by n": (lambda v, n: spread(v) / n**0.5 * (1 - len(v) / n) ** 0.5, "how many were"),
        "the share": (lambda v, n: spread(v) / n**0.5, "1 − l/n, not l/n"),
        "outside the root": (lambda v, n: spread(v) / len(v) ** 0.5 * (1 - len(v) / n), "under the root"),
        "no return": (lambda v, n: print(n), "nothing back"),
        "the mean": (lambda v, n: np.mean(v), "the mean of v"),
    },
    "scale-fit": {
        "in seconds": (lambda u, t: (u * t).sum() / (u * u).sum(), "divide each run's error"),
        "totals": (lambda u, t: t.sum() / u.sum(), "longest run alone"),
        "mean of ratios": (lambda u, t: (t / u).mean(), "averages seconds a unit"),
        "units a second": (lambda u, t: ((u / t) ** 2).sum() / (u / t).sum(), "seconds a unit"),
        "harmonic": (lambda u, t: len(u) / (u / t).sum(), "one over the mean of units a second"),
        "no return": (lambda u, t: print(len(u)), "nothing back"),
        "one for each": (lambda u, t: t / u, "over which axis"),
        "the last run": (lambda u, t: t[-1] / u[-1], None),
    },
}
