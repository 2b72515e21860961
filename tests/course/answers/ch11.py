"""Right and wrong answers to the exercises of the chapter on generative estimators, as students write them."""

import math

import numpy as np
import torch
from scipy.stats import norm

from tests.course.answers import Answers

BA = 0.5 - 0.5 * math.log(0.75) - 0.3

ANSWERS = {
    "gen-ba": Answers(
        reference=BA,
        alternative="0.344",
        wrong={
            "the truth": (-0.5 * math.log(1 - 0.64), "information itself"),
            "no 2": (0.5 - 0.5 * math.log(0.75) - 0.6, "2s²"),
            "own variance": (-0.5 * math.log(0.75), "mean square error"),
            "best variance": (-0.5 * math.log(0.45), "best variance"),
            "CLUB": (0.5 * 0.8 / 0.75, "CLUB"),
            "no h": (BA - norm.entropy(), "where is h(Y)"),
            "deviation": (0.5 - math.log(0.75) - 0.45 / (2 * 0.75**2), "standard deviation"),
            "bits": (BA / math.log(2), "bits"),
        },
    ),
    "gen-side": Answers(
        reference="ad",
        alternative={"D", "A"},
        wrong={
            "DoE, too": ("abd", "poor marginal"),
            "CLUB": ("c", "pass the truth"),
            "one of two": ("a", "not all"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "gen-cells": Answers(
        reference=149,
        alternative="149",
        wrong={
            "rounded down": (148, "too low"),
            "no whole number": (math.exp(5), "part of a cell"),
            "bits": (2**5, "bits"),
            "itself": (5, "not the number"),
            "square": (25, "invert the logarithm"),
        },
    ),
}

# Leave one out --------------------------------------------------------------------------------------------------------


def l1out(log_q):
    k = len(log_q)
    strangers = log_q.masked_fill(torch.eye(k, dtype=torch.bool), -math.inf)
    return (log_q.diagonal() - strangers.logsumexp(0) + math.log(k - 1)).mean()


def l1out_by_loop(log_q):
    q, values = np.asarray(log_q), []
    for i in range(len(q)):
        column = np.delete(q[:, i], i)
        top = column.max()
        values.append(q[i, i] - top - np.log(np.mean(np.exp(column - top))))
    return np.array([np.mean(values)])


def l1out_stub(log_q): ...


def over_k(log_q):
    return l1out(log_q) + math.log(len(log_q) / (len(log_q) - 1))


def with_own(log_q):
    return (log_q.diagonal() - log_q.logsumexp(0)).mean() + math.log(len(log_q))


def across(log_q):
    return l1out(log_q.T)


def by_exponentials(log_q):
    mean = (log_q.exp().sum(0) - log_q.diagonal().exp()) / (len(log_q) - 1)
    return (log_q.diagonal() - mean.log()).mean()


def contrast(log_q):
    off = ~torch.eye(len(log_q), dtype=torch.bool)
    return log_q.diagonal().mean() - log_q[off].mean()


ANSWERS["gen-l1out"] = Answers(
    l1out,
    l1out_by_loop,
    stub=l1out_stub,
    wrong={
        "over K": (over_k, "divided by K"),
        "sum": (lambda q: l1out(q) - math.log(len(q) - 1), "not an average"),
        "own x stays": (with_own, "InfoNCE"),
        "transposed": (across, "rows and columns"),
        "CLUB": (contrast, "outside the average"),
        "sign": (lambda q: -l1out(q), "sign"),
        "exponentials": (by_exponentials, "not finite"),
    },
)

# A difference of entropies --------------------------------------------------------------------------------------------


def doe(x, y, x_held, y_held, ddof=0):
    a, b = np.polyfit(x, y, 1)
    s = np.sqrt(np.sum((y - a * x - b) ** 2) / (len(x) - ddof))
    v = y.std(ddof=min(ddof, 1))
    return np.mean(norm.logpdf(y_held, a * x_held + b, s) - norm.logpdf(y_held, y.mean(), v))


def doe_by_covariance(x, y, x_held, y_held):
    (xx, xy), (_, yy) = np.cov(x, y, bias=True)
    s2 = yy - xy**2 / xx
    miss = y_held - y.mean() - xy / xx * (x_held - x.mean())
    value = 0.5 * np.log(yy / s2) + np.mean((y_held - y.mean()) ** 2) / (2 * yy) - np.mean(miss**2) / (2 * s2)
    return torch.tensor([value])


def doe_stub(x, y, x_held, y_held): ...


def conditional_only(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    return norm.logpdf(y_held, a * x_held + b, np.std(y - a * x - b)).mean()


def through_the_origin(x, y, x_held, y_held):
    a = (x @ y) / (x @ x)
    conditional = norm.logpdf(y_held, a * x_held, np.sqrt(np.mean((y - a * x) ** 2)))
    return np.mean(conditional - norm.logpdf(y_held, y.mean(), y.std()))


ANSWERS["gen-doe"] = Answers(
    doe,
    doe_by_covariance,
    stub=doe_stub,
    wrong={
        "training": (lambda x, y, p, q: doe(x, y, x, y), "on the training samples"),
        "held out": (lambda x, y, p, q: doe(p, q, p, q), "to judge"),
        "n - 1": (lambda *z: doe(*z, ddof=1), "no degrees of freedom"),
        "n - 2": (lambda *z: doe(*z, ddof=2), "n - 2"),
        "no marginal": (conditional_only, "conditional model alone"),
        "origin": (through_the_origin, "intercept"),
        "sign": (lambda *z: -doe(*z), "sign"),
        "bits": (lambda *z: doe(*z) / math.log(2), "bits"),
    },
)

# Predictive quantisation ----------------------------------------------------------------------------------------------


def entropy(cells):
    share = np.bincount(cells) / len(cells)
    share = share[share > 0]
    return -np.sum(share * np.log(share))


def score(cells, log_q):
    return log_q[np.arange(len(cells)), cells].mean()


def pq(cells, log_q):
    return entropy(cells) + score(cells, log_q)


def pq_by_counts(cells, log_q):
    counts = {c: np.sum(cells == c) for c in set(cells.tolist())}
    gain = [log_q[i, c] - math.log(counts[c] / len(cells)) for i, c in enumerate(cells)]
    return torch.tensor(gain).mean()


def pq_stub(cells, log_q): ...


ANSWERS["gen-pq"] = Answers(
    pq,
    pq_by_counts,
    stub=pq_stub,
    wrong={
        "wall": (lambda c, q: math.log(q.shape[1]) + score(c, q), "log B is the wall"),
        "sign of entropy": (lambda c, q: score(c, q) - entropy(c), "sign of the entropy"),
        "score alone": (score, "score alone"),
        "all entries": (lambda c, q: entropy(c) + q.mean(), "own cell counts"),
        "accuracy": (lambda c, q: float(np.mean(q.argmax(1) == c)), "likeliest cell"),
        "bits": (lambda c, q: pq(c, q) / math.log(2), "bits"),
        "empty cell": (lambda c, q: float("nan"), "logarithm is taken of zero"),
    },
)
