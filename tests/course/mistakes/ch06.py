"""Wrong answers to the graded exercises of the chapter on f-divergences."""

import math

import numpy as np


def by_grid(t):
    u = np.linspace(0, 100, 100_001)
    return (t * u - (np.sqrt(u) - 1) ** 2).max()


def argmax(t):
    u = np.linspace(0, 1e4, 100_001)
    return u[np.argmax(t * u - (np.sqrt(u) - 1) ** 2)]


MISTAKES = {
    "fdiv-conjugate": {
        "f itself": (lambda t: (math.sqrt(t) - 1) ** 2, "f at the slope t"),
        "kl's": (lambda t: math.exp(t - 1), "Kullback"),
        "chi-square's": (lambda t: t + t**2 / 4, "(u - 1)²"),
        "reciprocal": (lambda t: (1 - t) / t, "1 - t in place of t"),
        "one too many": (lambda t: 1 / (1 - t), "off by the same amount"),
        "root of u": (lambda t: 1 / (1 - t) - 2, "off by the same amount"),
        "with u = 2": (lambda t: 2 * t - (2**0.5 - 1) ** 2, None),
        "a log": (lambda t: -math.log(1 - t), None),
        "root of the answer": (lambda t: math.sqrt(abs(t / (1 - t))), None),
        "one half": (lambda t: t / (2 - 2 * t), "half of"),
        "1 + t": (lambda t: (1 + t) / (1 - t), "1 plus 2 times"),
        "twice": (lambda t: 2 * t / (1 - t), "twice"),
        "never negative": (lambda t: max(t / (1 - t), 0), "cut off at 0"),
        "a grid": (by_grid, "search end before"),
        "a grid's place": (argmax, None),
        "no return": (lambda t: print(t / (1 - t)), "gives nothing back"),
        "text": (lambda t: "t / (1 - t)", "a text"),
        "u as well": (lambda t, u: t * u - (math.sqrt(u) - 1) ** 2, "takes (t, u)"),
        "square": (lambda t: (t / (1 - t)) ** 2 * 2, None),
    },
}
