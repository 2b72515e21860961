"""Right and wrong answers to the exercises of the chapter on the family of bounds."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

ANSWERS = {
    "bounds-side": Answers(
        reference="d",
        alternative="D",
        wrong={
            "NWJ": ("a", "few samples"),
            "InfoNCE": ("b", "small batches"),
            "FLO": ("c", "widens the gap"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "bounds-noise": Answers(
        reference=(math.exp(6) - 1) * 4,
        alternative="1610",
        wrong={
            "not squared": (2 * math.expm1(6), "its square"),
            "variance of one": (math.expm1(6), "to 1"),
            "multiplied": (math.expm1(6) / 4, "divide by the quarter"),
            "the Gaussian's": (4 * math.expm1(12), "Gaussian"),
            "in bits": (4 * (2**6 - 1), "not with 2"),
            "half of I": (4 * math.expm1(3), "e^(I/2)"),
            "much too few": (10, "too small"),
        },
    ),
    "bounds-ceiling": Answers(
        reference="b",
        alternative=["b"],
        wrong={
            "the value": ("a", "hardly scatters"),
            "between": ("c", "not of the information"),
            "worthless": ("d", "worth much"),
            "a number": (5.4, "choices are"),
        },
    ),
}

# InfoNCE from a table of scores ---------------------------------------------------------------------------------------


def infonce(scores):
    return (scores.diagonal() - torch.logsumexp(scores, 0) + math.log(len(scores))).mean()


def infonce_by_entropy(scores):
    k = len(scores)
    return math.log(k) - torch.nn.functional.cross_entropy(scores.T.double(), torch.arange(k))


def overflowing(scores):
    return (scores.diagonal().exp() / scores.exp().mean(0)).log().mean()


def without_partner(scores, more=0):
    others = scores - torch.diag(torch.full((len(scores),), math.inf))
    return (scores.diagonal() - others.logsumexp(0)).mean() + math.log(len(scores) - 1 + more)


def off_diagonal_dv(scores):
    others = scores[~torch.eye(len(scores), dtype=torch.bool)]
    return scores.diagonal().mean() - others.logsumexp(0) + math.log(len(others))


ANSWERS["bounds-infonce"] = Answers(
    infonce,
    infonce_by_entropy,
    stub=lambda scores: ...,
    wrong={
        "rows": (lambda s: infonce(s.T), "in its column"),
        "a sum": (lambda s: (s.diagonal() - s.logsumexp(0)).mean(), "log K is missing"),
        "no partner": (without_partner, "partner is missing in the denominator"),
        "no partner, over K": (lambda s: without_partner(s, 1), "partner is missing in the sum"),
        "DV": (lambda s: s.diagonal().mean() - s.flatten().logsumexp(0) + 2 * math.log(len(s)), "DV with all pairs"),
        "DV of strangers": (off_diagonal_dv, "that is DV, not InfoNCE"),
        "whole table": (lambda s: (s - s.logsumexp(0)).mean() + math.log(len(s)), "whole table"),
        "log outside": (lambda s: (s.diagonal() - s.logsumexp(0)).logsumexp(0), "inside the logarithm"),
        "a loss": (lambda s: -infonce(s), "sign is turned"),
        "no exponential": (lambda s: (s.diagonal() - s.mean(0)).mean(), "average of the scores"),
        "log K twice": (lambda s: (s.diagonal() - s.logsumexp(0)).mean() - math.log(len(s)), "other way"),
        "overflows": (overflowing, "overflow"),
        "one for each column": (lambda s: s.diagonal() - s.logsumexp(0) + math.log(len(s)), "one number"),
    },
)

# A normaliser for each pair -------------------------------------------------------------------------------------------


def flo(scores, u, share=None):
    k = len(u)
    terms = (scores - scores.diagonal() - u).exp()
    return 1 - u.mean() - (terms.sum() - terms.diagonal().sum()) / (share or k * (k - 1))


def flo_by_loop(scores, u):
    k, total = len(u), 0.0
    for j in range(k):
        strangers = [math.exp(scores[i, j] - scores[j, j] - u[j]) for i in range(k) if i != j]
        total += 1 - float(u[j]) - sum(strangers) / (k - 1)
    return total / k


def flo_in_pieces(scores, u, own=1, in_exponent=1, one=1.0, outside=1):
    k = len(u)
    terms = (scores - own * scores.diagonal() - in_exponent * u).exp()
    terms = terms[~torch.eye(k, dtype=torch.bool)]
    return one - outside * u.mean() - terms.mean()


ANSWERS["bounds-flo"] = Answers(
    flo,
    flo_by_loop,
    stub=lambda scores, u: ...,
    wrong={
        "rows": (lambda s, u: flo(s.T, u), "along its row"),
        "with itself": (lambda s, u: 1 - u.mean() - (s - s.diagonal() - u).exp().mean(), "strangers belong"),
        "over K": (lambda s, u: flo(s, u, len(u) ** 2), "not by K"),
        "sign of u": (lambda s, u: flo_in_pieces(s, u, in_exponent=-1), "exponent has -u"),
        "not relative": (lambda s, u: flo_in_pieces(s, u, own=0), "lacks"),
        "no 1": (lambda s, u: flo_in_pieces(s, u, one=0.0), "1 of the tangent"),
        "a loss": (lambda s, u: -flo(s, u), "a loss"),
        "u added": (lambda s, u: flo_in_pieces(s, u, outside=-1), "taken away"),
        "a sum": (lambda s, u: flo(s, u, len(u)), "summed"),
        "u outside only": (lambda s, u: flo_in_pieces(s, u, in_exponent=0), "left out of the exponent"),
        "a logarithm": (
            lambda s, u: 1 - u.mean() - torch.log(1 - u.mean() - flo(s, u)),
            "no logarithm",
        ),
    },
)

# What SMILE says in the end -------------------------------------------------------------------------------------------


def smile_limit(joint, tau):
    product = np.outer(joint.sum(1), joint.sum(0))
    r, seen = joint / product, joint > 0
    clipped = (product * np.clip(r, np.exp(-tau), np.exp(tau))).sum()
    return (joint[seen] * np.log(r[seen])).sum() - np.log(clipped)


def smile_by_loop(joint, tau):
    first = second = 0.0
    for i, row in enumerate(joint):
        for j, p in enumerate(row):
            q = joint[i].sum() * joint[:, j].sum()
            first += p * math.log(p / q) if p else 0.0
            second += q * math.exp(max(-tau, min(tau, math.log(p / q)))) if p else q * math.exp(-tau)
    return first - math.log(second)


def pieces(joint):
    product = np.outer(joint.sum(1), joint.sum(0))
    information = sum(p * math.log(p / q) for p, q in zip(joint.ravel(), product.ravel(), strict=True) if p > 0)
    return product, joint / product, information


def clipped(joint, low, high, weights=None):
    product, r, information = pieces(joint)
    weights = product if weights is None else weights
    return information - math.log((weights * np.clip(r, low, high)).sum())


def in_both(joint, tau):
    product, r, _ = pieces(joint)
    kept = np.clip(r, math.exp(-tau), math.exp(tau))
    return (joint * np.log(kept)).sum() - math.log((product * kept).sum())


def without_log(joint, tau):
    product, r, information = pieces(joint)
    return information - (product * np.clip(r, math.exp(-tau), math.exp(tau))).sum()


def zeros_left_out(joint, tau):
    return clipped(joint, math.exp(-tau), math.exp(tau), np.outer(joint.sum(1), joint.sum(0)) * (joint > 0))


def nan_at_zero(joint, tau):
    product, r, _ = pieces(joint)
    kept = np.clip(r, math.exp(-tau), math.exp(tau))
    return (joint * np.log(r)).sum() - math.log((product * kept).sum())


ANSWERS["bounds-smile"] = Answers(
    smile_limit,
    smile_by_loop,
    stub=lambda joint, tau: ...,
    wrong={
        "no clip": (lambda joint, tau: pieces(joint)[2], "information itself"),
        "over the joint": (lambda j, tau: clipped(j, math.exp(-tau), math.exp(tau), j), "not over the joint"),
        "no logarithm": (without_log, "logarithm of the average is missing"),
        "at tau": (lambda j, tau: clipped(j, -tau, tau), "its logarithm"),
        "in both terms": (in_both, "only the second term"),
        "only cut": (lambda j, tau: clipped(j, 0, math.exp(tau)), "only the large"),
        "only lifted": (lambda j, tau: clipped(j, math.exp(-tau), math.inf), "only the small"),
        "sign": (lambda j, tau: 2 * pieces(j)[2] - smile_limit(j, tau), "sign of the second"),
        "alike": (lambda j, tau: clipped(j, math.exp(-tau), math.exp(tau), 1 / j.size), "count alike"),
        "zeros left out": (zeros_left_out, "without mass"),
        "NaN": (nan_at_zero, "not finite"),
    },
)
