"""Wrong answers to the graded exercises of the chapter on the information bottleneck."""

import numpy as np


def parts(p, q):
    p_x = p.sum(1)
    q_z = p_x @ q
    x, s = p / p_x[:, None], (q.T @ p) / q_z[:, None]
    return q_z, x, s, (x[:, None] * np.log(x[:, None] / s)).sum(-1)


def rows(new):
    return new / new.sum(1, keepdims=True)


def step(p, q, b):
    q_z, _, _, d = parts(p, q)
    return rows(q_z * np.exp(-d / b))


def rate(m, s):
    return ((m**2 + s**2 - 1) / 2 - s.log()).sum(1).mean()


def cells(t, b):
    return np.minimum(np.floor((t + 1) / 2 * b), b - 1)


def entropy(c):
    p = np.unique(c, axis=0, return_counts=True)[1] / len(c)
    return -(p * np.log(p)).sum()


MISTAKES = {
    "bottleneck-step": {
        "sign": (lambda p, q, b: rows(parts(p, q)[0] * np.exp(parts(p, q)[3] / b)), "sign"),
        "no marginal": (lambda p, q, b: rows(np.exp(-parts(p, q)[3] / b)), "q(z) is missing"),
        "times the price": (lambda p, q, b: rows(parts(p, q)[0] * np.exp(-parts(p, q)[3] * b)), "divide by β"),
        "not normalised": (lambda p, q, b: parts(p, q)[0] * np.exp(-parts(p, q)[3] / b), "sum to one"),
        "old encoder": (lambda p, q, b: rows(q * np.exp(-parts(p, q)[3] / b)), "taken the place"),
        "transposed": (lambda p, q, b: step(p, q, b).T, "shape"),
        "no return": (lambda p, q, b: print(len(p)), "nothing back"),
        "no price": (lambda p, q, b: rows(parts(p, q)[0] * np.exp(-parts(p, q)[3])), "in place of beta"),
        "columns normalised": (
            lambda p, q, b: parts(p, q)[0] * np.exp(-parts(p, q)[3] / b) / step(p, q, b).sum(0),
            None,
        ),
    },
    "bottleneck-rate": {
        "mean of all": (lambda m, s: rate(m, s) / m.shape[1], "add their divergences"),
        "sum of all": (lambda m, s: rate(m, s) * len(m), "sum over the rows"),
        "sign of the logarithm": (
            lambda m, s: ((m**2 + s**2 - 1) / 2 + s.log()).sum(1).mean(),
            "sign of the logarithm",
        ),
        "no means": (lambda m, s: rate(0 * m, s), "means are missing"),
        "one for each row": (lambda m, s: ((m**2 + s**2 - 1) / 2 - s.log()).sum(1), "one number"),
        "the whole sign": (lambda m, s: -rate(m, s), "sign"),
        "no return": (lambda m, s: print(len(m)), "nothing back"),
        "half": (lambda m, s: rate(m, s) / 2, "which factor"),
        "no logarithm": (lambda m, s: ((m**2 + s**2 - 1) / 2).sum(1).mean(), "left out"),
    },
    "bottleneck-bins": {
        "unit by unit": (lambda t, b: sum(entropy(cells(t[:, [k]], b)) for k in range(t.shape[1])), "whole row"),
        "cells counted": (lambda t, b: np.log(len(np.unique(cells(t, b), axis=0))), "equally likely"),
        "from zero": (lambda t, b: entropy(np.minimum(np.floor(t.clip(0) * b), b - 1)), "from 0 to 1"),
        "rounded": (lambda t, b: entropy(np.round((t + 1) / 2 * b)), "one bin more"),
        "bits": (lambda t, b: entropy(cells(t, b)) / np.log(2), "bits"),
        "sign": (lambda t, b: -entropy(cells(t, b)), "sign"),
        "no return": (lambda t, b: print(len(t)), "nothing back"),
        "first unit": (lambda t, b: entropy(cells(t, b)[:, :1]), "first unit"),
    },
}
