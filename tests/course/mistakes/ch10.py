"""Wrong answers to the graded exercises of the chapter on limits."""

import numpy as np


def gain(o, c, a, b):
    return 1 + np.clip(o, -a, b).mean(1) - np.exp(np.clip(c, -a, b)).mean(1)


def share(g, floor, claim):
    return (g - floor) / (claim - floor)


def wealth(g, floor, claim, u):
    return np.log(1 - u + u * share(g, floor, claim))


MISTAKES = {
    "limits-gains": {
        "ends swapped": (lambda o, c, a, b: gain(o, c, b, a), "changed places"),
        "above only": (lambda o, c, a, b: gain(o, c, np.inf, b), "above only"),
        "the gain clipped": (
            lambda o, c, a, b: np.clip(1 + o.mean(1) - np.exp(np.minimum(c, 700)).mean(1), -a, b),
            "not the gain",
        ),
        "no exponential": (lambda o, c, a, b: 1 + np.clip(o, -a, b).mean(1) - np.clip(c, -a, b).mean(1), "exponential"),
        "plus": (lambda o, c, a, b: 2 + 2 * np.clip(o, -a, b).mean(1) - gain(o, c, a, b), "taken away"),
        "first alone": (lambda o, c, a, b: gain(o[:, :1], c[:, :1], a, b), "not the first alone"),
        "t - 1": (lambda o, c, a, b: np.clip(o, -a, b).mean(1) - np.exp(np.clip(c, -a, b) - 1).mean(1), None),
        "no return": (lambda o, c, a, b: print(len(o)), "nothing back"),
        "summed": (lambda o, c, a, b: gain(o, c, a, b).mean(), "each couple"),
        "joint only clipped": (
            lambda o, c, a, b: 1 + np.clip(o, -a, b).mean(1) - np.exp(np.minimum(c, 700)).mean(1),
            "crossed scores as well",
        ),
    },
    "limits-purse": {
        "floor added": (lambda g, f, c, u: np.log(abs(1 - u + u * (g + f) / (c + f))).sum(), "added"),
        "claim alone below": (lambda g, f, c, u: np.log(1 - u + u * (g - f) / c).sum(), "below the line"),
        "nothing kept back": (lambda g, f, c, u: np.log(1 + u * share(g, f, c)).sum(), "not 1"),
        "minus": (lambda g, f, c, u: -wealth(g, f, c, u).sum(), "sign"),
        "not summed": (wealth, "one number"),
        "base two": (lambda g, f, c, u: wealth(g, f, c, u).sum() / np.log(2), "natural"),
        "claim over gain": (lambda g, f, c, u: np.log(1 - u + u / share(g, f, c)).sum(), "changed places"),
        "no return": (lambda g, f, c, u: print(u), "nothing back"),
        "best couple": (lambda g, f, c, u: wealth(g, f, c, u).max(), None),
    },
}
