"""Wrong answers to the graded exercises of the chapter on counting."""

import numpy as np
from scipy.special import digamma as psi


def second(x, y, k, *, n=0, eps=lambda d: d, log=None, minus=True, per=True, mean=np.mean, sides=True):
    """The right answer, and what is done differently."""
    f = log or psi
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    nearest = np.argsort(np.maximum(dx, dy), 1)[:, : k + 1]
    ex, ey = (np.take_along_axis(d, nearest, 1).max(1)[:, None] for d in (dx, dy))
    lx, ly = ((eps(d) <= e).sum(1) - 1 for d, e in ((dx, ex), (dy, ey)))
    return f(k) - (1 / k if minus else -1 / k) + f(len(x) + n) - mean(f(lx) + f(ly))


def psi_of_the_mean(x, y, k):
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    nearest = np.argsort(np.maximum(dx, dy), 1)[:, : k + 1]
    counts = [(d <= np.take_along_axis(d, nearest, 1).max(1)[:, None]).sum(1) - 1 for d in (dx, dy)]
    return psi(k) - 1 / k + psi(len(x)) - psi(counts[0].mean()) - psi(counts[1].mean())


def standardised(x, y, k):
    return second((x - x.mean()) / x.std(), (y - y.mean()) / y.std(), k)


def one_margin(x, y, k):
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    nearest = np.argsort(np.maximum(dx, dy), 1)[:, : k + 1]
    lx = (dx <= np.take_along_axis(dx, nearest, 1).max(1)[:, None]).sum(1) - 1
    return psi(k) - 1 / k + psi(len(x)) - psi(lx).mean()


def columns(x, y, k):
    return second(x[:, 0], y[:, 0], k)


def each_sample(x, y, k):
    return second(x, y, k, mean=lambda v: v)


MISTAKES = {
    "counting-second": {
        "bits": (lambda x, y, k: second(x, y, k) / np.log(2), "bits"),
        "sign": (lambda x, y, k: -second(x, y, k), "sign"),
        "plus 1/k": (lambda x, y, k: second(x, y, k, minus=False), "wrong sign"),
        "log for psi": (lambda x, y, k: second(x, y, k, log=np.log), "digamma"),
        "n - 1": (lambda x, y, k: second(x, y, k, n=-1), "ψ(n - 1)"),
        "psi of the mean count": (psi_of_the_mean, "the average comes last"),
        "one margin": (one_margin, "only x's margin"),
        "rescaled": (standardised, "rescaled"),
        "not averaged": (each_sample, "over which axis"),
        "summed": (lambda x, y, k: second(x, y, k, mean=np.sum), "a sum over the samples"),
        "k - 1": (lambda x, y, k: second(x, y, k) + psi(k - 1 + 1e-9) - psi(k), "off by the same amount"),
        "k + 1 neighbours": (lambda x, y, k: second(x, y, k + 1), "k + 1 in place of k"),
        "x twice": (lambda x, y, k: second(x, x, k), "for every input tried"),
        "sorted": (lambda x, y, k: second(np.sort(x), np.sort(y), k), None),
        "no psi(n)": (lambda x, y, k: second(x, y, k) - psi(len(x)), "off by the same amount"),
        "rounded": (lambda x, y, k: round(second(x, y, k), 2), "close, but off by"),
        "columns": (columns, "raised IndexError"),
        "never negative": (lambda x, y, k: max(second(x, y, k), 0.0), "cut the value off"),
        "k left at 3": (lambda x, y, k: second(x, y, 3), None),
        "no return": (in_vain := (lambda x, y, k: print(second(x, y, k))), "gives nothing back"),
    },
}
