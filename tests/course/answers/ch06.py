"""Right and wrong answers to the exercises of the chapter on f-divergences."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

ANSWERS = {
    "fdiv-which": Answers(
        reference="b",
        alternative="B",
        wrong={
            "KL": ("a", "exponential"),
            "Hellinger": ("c", "below one"),
            "reverse": ("d", "logarithm in it"),
            "no such choice": ("x", "choices are"),
        },
    ),
    "fdiv-critic": Answers(
        reference="c",
        alternative=["c"],
        wrong={
            "ratio": ("a", "no ratio"),
            "log-ratio": ("b", "one more"),
            "flat": ("d", "flat direction"),
            "a number": (2, "choices are"),
        },
    ),
}

# Any divergence of two finite laws ------------------------------------------------------------------------------------


def f_divergence(f, p, q, f0, f_inf):
    both, only_q, only_p = (p > 0) & (q > 0), (p == 0) & (q > 0), p[q == 0].sum()
    value = sum(q[i] * f(p[i] / q[i]) for i in np.flatnonzero(both))
    if only_q.any():
        value += q[only_q].sum() * f0
    return value + (only_p * f_inf if only_p > 0 else 0.0)


def by_cases(f, p, q, f0, f_inf):
    def cost(a, b):
        if a == 0 and b == 0:
            return 0.0
        if b == 0:
            return a * f_inf
        return b * f(a / b) if a else b * f0

    return math.fsum(cost(a, b) for a, b in zip(p, q, strict=True))


def upside_down(f, p, q, f0, f_inf):
    return by_cases(f, q, p, f0, f_inf)


def over_the_joint(f, p, q, f0, f_inf):
    return sum(a * f(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def unweighted(f, p, q, f0, f_inf):
    return sum(f(a / b) if a > 0 else f0 for a, b in zip(p, q, strict=True))


def without_zero(f, p, q, f0, f_inf):
    inside = sum(b * f(a / b) for a, b in zip(p, q, strict=True) if a > 0 and b > 0)
    outside = p[q == 0].sum()
    return inside + (outside * f_inf if outside else 0)


def without_outside(f, p, q, f0, f_inf):
    return sum(b * (f(a / b) if a > 0 else f0) for a, b in zip(p, q, strict=True) if b > 0)


def zero_times_infinity(f, p, q, f0, f_inf):
    outside = sum(a * f_inf for a, b in zip(p, q, strict=True) if b == 0)
    return without_outside(f, p, q, f0, f_inf) + outside


ANSWERS["fdiv-exact"] = Answers(
    f_divergence,
    by_cases,
    stub=lambda f, p, q, f0, f_inf: ...,
    wrong={
        "upside down": (upside_down, "upside down"),
        "over the joint": (over_the_joint, "not over the joint"),
        "unweighted": (unweighted, "counts the same"),
        "no f(0)": (without_zero, "f(0) is missing"),
        "no f'(∞)": (without_outside, "left out"),
        "zero times infinity": (zero_times_infinity, "0 · ∞"),
    },
)

# A conjugate by hand --------------------------------------------------------------------------------------------------

GRID = np.linspace(1e-4, 10, 100_001)

ANSWERS["fdiv-conjugate"] = Answers(
    lambda t: t / (1 - t),
    lambda t: 1 / (1 - t) - 1,
    stub=lambda t: ...,
    wrong={
        "the ratio": (lambda t: 1 / (1 - t) ** 2, "touches"),
        "sign": (lambda t: t / (t - 1), "sign: the conjugate"),
        "the curve": (lambda t: (1 / (1 - t) - 1) ** 2, "point of contact"),
        "other sign": (lambda t: t / (1 + t), "got lost"),
        "the derivative": (lambda t: 1 - 1 / math.sqrt(abs(t)), "supremum"),
        "a grid that ends": (lambda t: (t * GRID - (np.sqrt(GRID) - 1) ** 2).max(), "too small"),
    },
)

# The shift that DV finds by itself ------------------------------------------------------------------------------------


def best_shift(t, t_ref):
    c = 1 - torch.logsumexp(t_ref, 0) + math.log(len(t_ref))
    return c, t.mean() + c - 1


def best_shift_in_numpy(t, t_ref):
    t, t_ref = t.numpy().astype(float), t_ref.numpy().astype(float)
    log_mean = np.logaddexp.reduce(t_ref) - np.log(t_ref.size)
    return float(1 - log_mean), float(t.mean() - log_mean)


def overflowing(t, t_ref):
    c = 1 - t_ref.exp().mean().log()
    return c, (t + c).mean() - (t_ref + c - 1).exp().mean()


def changed(c=0.0, value=0.0, sign=1):
    def answer(t, t_ref):
        right = best_shift(t, t_ref)
        return sign * right[0] + c, right[1] + value

    return answer


def summed(t, t_ref):
    c = 1 - torch.logsumexp(t_ref, 0)
    return c, t.mean() + c - 1


def unshifted(t, t_ref):
    return 0.0, t.mean() - (t_ref - 1).exp().mean()


ANSWERS["fdiv-shift"] = Answers(
    best_shift,
    best_shift_in_numpy,
    stub=lambda t, t_ref: ...,
    wrong={
        "overflows": (overflowing, "overflow"),
        "one missing": (changed(c=-1.0), "misses its 1"),
        "value": (changed(value=1.0), "avg t + c - 1"),
        "a sum": (summed, "sums"),
        "sign": (changed(sign=-1), "sign of the shift"),
        "no shift": (unshifted, "without any shift"),
    },
)

# From a classifier to information -------------------------------------------------------------------------------------


def dv(t, t_ref):
    return t.mean() - torch.logsumexp(t_ref, 0) + math.log(len(t_ref))


def jensen_shannon(pi, pi_ref):
    return math.log(2) + 0.5 * (pi.log().mean() + (1 - pi_ref).log().mean())


ANSWERS["fdiv-js"] = Answers(
    lambda pi, pi_ref: dv(torch.logit(pi), torch.logit(pi_ref)),
    lambda pi, pi_ref: (pi / (1 - pi)).log().mean() - (pi_ref / (1 - pi_ref)).mean().log(),
    stub=lambda pi, pi_ref: ...,
    wrong={
        "log probability": (lambda a, b: dv(a.log(), b.log()), "logit"),
        "probability": (dv, "no critic"),
        "odds": (lambda a, b: dv(a / (1 - a), b / (1 - b)), "odds, the ratio"),
        "JS": (jensen_shannon, "Jensen-Shannon"),
        "averaged": (lambda a, b: a.logit().mean() - b.logit().mean(), "average of the logits"),
        "no logarithm": (lambda a, b: a.logit().mean() - (b / (1 - b)).mean(), "missing"),
    },
)
