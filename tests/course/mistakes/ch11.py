"""Wrong answers to the graded exercises of the chapter on generative estimators."""

import math

import numpy as np
import torch

from tests.course.answers.ch11 import doe, l1out


def off_diagonal(log_q):
    return log_q.masked_fill(torch.eye(len(log_q), dtype=torch.bool), -math.inf)


def no_return_l1out(log_q):
    value = l1out(log_q)
    del value


def mean_of_logs_with_own(log_q):
    return (log_q.diagonal() - log_q.mean(0)).mean()


def zeroed(log_q):  # log 0 for log q = 0: the own pair counts as probability 1
    others = log_q * (1 - torch.eye(len(log_q), dtype=log_q.dtype))
    return (log_q.diagonal() - others.logsumexp(0)).mean() + math.log(len(log_q) - 1)


def of_each(log_q):
    return log_q.diagonal() - off_diagonal(log_q).logsumexp(0) + math.log(len(log_q) - 1)


def with_max(log_q):
    return (log_q.diagonal() - off_diagonal(log_q).max(0).values).mean()


def no_return_doe(x, y, x_held, y_held):
    doe(x, y, x_held, y_held)


def marginal_only(x, y, x_held, y_held):
    return 0.5 * math.log(y.var()) + np.mean((y_held - y.mean()) ** 2) / (2 * y.var())


def correlation(x, y, x_held, y_held):
    return -0.5 * np.log(1 - np.corrcoef(x, y)[0, 1] ** 2)


def held_out_correlation(x, y, x_held, y_held):
    return -0.5 * np.log(1 - np.corrcoef(x_held, y_held)[0, 1] ** 2)


def whole(x, y, x_held, y_held):
    x, y = np.concatenate([x, x_held]), np.concatenate([y, y_held])
    return doe(x, y, x, y)


def no_squares(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    return 0.5 * np.log(np.var(y_held) / np.mean((y_held - a * x_held - b) ** 2))


def deviation_for_variance(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    s, v = np.std(y - a * x - b), np.std(y)
    q = -0.5 * np.log(s) - (y_held - a * x_held - b) ** 2 / (2 * s)
    return np.mean(q + 0.5 * np.log(v) + (y_held - y.mean()) ** 2 / (2 * v))


MISTAKES = {
    "gen-l1out": {
        "no return": (no_return_l1out, "`return` missing"),
        "sign": (lambda q: -l1out(q), "sign"),
        "in bits": (lambda q: l1out(q) / math.log(2), "bits"),
        "twice": (lambda q: 2 * l1out(q), "twice"),
        "of each": (of_each, "over which axis"),
        "own pair kept in the mean of logarithms": (mean_of_logs_with_own, None),
        "zero for minus infinity": (zeroed, None),
        "largest": (with_max, None),
        "probabilities wanted": (lambda q: l1out(q.log()), "not finite"),
        "wrong name": (lambda q: q.logsumexp_(0), "AttributeError"),
        "sum over samples": (lambda q: of_each(q).sum(), "sum over the samples"),
    },
    "gen-doe": {
        "sign": (lambda *z: -doe(*z), "sign"),
        "in bits": (lambda *z: doe(*z) / math.log(2), "bits"),
        "half": (lambda *z: doe(*z) / 2, "half of"),
        "marginal alone": (marginal_only, "marginal model alone"),
        "correlation of the training samples": (correlation, "on the training samples"),
        "correlation of the held-out ones": (held_out_correlation, "to judge"),
        "all samples": (whole, "all samples"),
        "variances of the held-out ones": (no_squares, None),
        "deviation for variance": (deviation_for_variance, "standard deviations stand where variances belong"),
        "training exchanged with held out": (lambda x, y, p, q: doe(p, q, x, y), None),
        "no return": (no_return_doe, "`return` missing"),
        "x and y exchanged in training only": (lambda x, y, p, q: doe(y, x, p, q), "change places"),
    },
}
