"""Wrong answers to the graded exercises of the chapter on private encoders."""

import numpy as np


def proved(right, n):
    s = right / n
    wrong = (1 - s) * np.log((1 - s) * n / (n - 1)) if s < 1 else 0.0
    return s * np.log(s * n) + wrong


def forecast(labels):
    counts = np.unique(labels, return_counts=True)[1]
    p = counts / len(labels)
    return len(counts) / len(labels), -np.sum(p * np.log(p))


def epsilon(q):
    return np.log(q.max(0) / q.min(0)).max()


MISTAKES = {
    "private-proved": {
        "sign": (lambda right, n: -proved(right, n), "sign"),
        "bits": (lambda right, n: proved(right, n) / np.log(2), "bits"),
        "first term": (lambda right, n: right / n * np.log(right), "wrong guesses is missing"),
        "share of log n": (lambda right, n: right / n * np.log(n), "is not s of the entropy"),
        "all of it": (lambda right, n: np.log(n), "in place of right"),
        "no return": (lambda right, n: print(n), "nothing back"),
        "log of right": (lambda right, n: np.log(right), None),
        "one more": (lambda right, n: proved(right, n + 1), "in place of n"),
    },
    "private-deal": {
        "exchanged": (lambda labels: forecast(labels)[::-1], "wrong order"),
        "bits": (lambda labels: (forecast(labels)[0], forecast(labels)[1] / np.log(2)), "bits"),
        "sign": (lambda labels: (forecast(labels)[0], -forecast(labels)[1]), "sign"),
        "number": (lambda labels: (len(set(labels.tolist())), forecast(labels)[1]), "divide the number"),
        "log of the number": (
            lambda labels: (forecast(labels)[0], np.log(len(set(labels.tolist())))),
            "equally likely",
        ),
        "log n": (lambda labels: (forecast(labels)[0], np.log(len(labels))), "entropy of the picture"),
        "no return": (lambda labels: print(len(labels)), "nothing back"),
        "share alone": (lambda labels: forecast(labels)[0], "two values are wanted"),
    },
    "private-epsilon": {
        "sign": (lambda q: -epsilon(q), "sign"),
        "bits": (lambda q: epsilon(q) / np.log(2), "bits"),
        "rows": (lambda q: epsilon(q.T), "down a column"),
        "average": (lambda q: np.log(q.max(0) / q.min(0)).mean(), "not their average"),
        "whole table": (lambda q: np.log(q.max() / q.min()), "different codes"),
        "no logarithm": (lambda q: (q.max(0) / q.min(0)).max(), "take its logarithm"),
        "no return": (lambda q: print(len(q)), "nothing back"),
        "one for each code": (lambda q: np.log(q.max(0) / q.min(0)), "one number is wanted"),
        "twice": (lambda q: 2 * epsilon(q), "which factor"),
    },
}
