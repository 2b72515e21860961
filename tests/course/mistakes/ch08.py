"""Wrong answers to the graded exercises of the chapter on MI-NEE."""

import math

import numpy as np
import torch


def value(t, t_ref):
    return t.mean() - (torch.logsumexp(t_ref, 0) - math.log(len(t_ref)))


def right(*pairs):
    return -sum(value(*pair) for pair in pairs)


def item(joint, one, two):
    return right(joint, one, two).item()


def parts(joint, one, two):
    return tuple(-value(*pair) for pair in (joint, one, two))


def squares(joint, one, two):
    return right(joint, one, two) ** 2


def pairs_reversed(joint, one, two):
    return right(joint[::-1], one[::-1], two[::-1])


def biggest(joint, one, two):
    return max(-value(*pair) for pair in (joint, one, two))


def unpacked(t, t_ref):
    return -value(t, t_ref)


def no_return(joint, one, two):
    total = 0
    for t, t_ref in (joint, one, two):
        total = total - value(t, t_ref)


def marginals_only(joint, one, two):
    return right(one, two)


def softplus(joint, one, two):
    soft = torch.nn.functional.softplus
    return sum(soft(-t).mean() + soft(t_ref).mean() for t, t_ref in (joint, one, two))


def nwj(joint, one, two):
    return sum((t_ref - 1).exp().mean() - t.mean() for t, t_ref in (joint, one, two))


def minus_log(joint, one, two):
    return sum(-torch.logsumexp(t_ref, 0) + math.log(len(t_ref)) - t.mean() for t, t_ref in (joint, one, two))


def ratio(joint, r_x, r_y):
    return joint / (r_x[:, None] * r_y[None, :])


def swapped(joint, r_x, r_y):
    return np.zeros_like(r_x), np.zeros_like(r_y), np.log(ratio(joint, r_x, r_y))


def margins(joint, r_x, r_y):
    return np.log(ratio(joint, r_x, r_y)), np.log(joint.sum(1) / r_x), np.log(joint.sum(0) / r_y)


def scalars(joint, r_x, r_y):
    return np.log(ratio(joint, r_x, r_y)), 0.0, 0.0


def wrong_axes(joint, r_x, r_y):
    return np.log(ratio(joint, r_x, r_y)), np.zeros_like(r_y), np.zeros_like(r_x)


def one_only(joint, r_x, r_y):
    return np.log(ratio(joint, r_x, r_y)), np.log(joint.sum(1) / r_x), np.zeros_like(r_y)


def joint_log(joint, r_x, r_y):
    return np.log(joint), np.zeros_like(r_x), np.zeros_like(r_y)


def broadcast(joint, r_x, r_y):
    return np.log(joint / (r_x * r_y)), np.zeros_like(r_x), np.zeros_like(r_y)


def infinite(joint, r_x, r_y):
    return np.log(ratio(joint, r_x, r_y)), np.full_like(r_x, -np.inf), np.zeros_like(r_y)


MISTAKES = {
    "minee-loss": {
        "a plain number": (item, "a tensor is wanted"),
        "three losses": (parts, "three values"),
        "squared": (squares, "square"),
        "pairs reversed": (pairs_reversed, "change places"),
        "the largest": (biggest, "worst of the three"),
        "two arguments": (unpacked, "takes (t, t_ref)"),
        "no return": (no_return, "`return` missing"),
        "no joint": (marginals_only, "only the two marginal"),
        "classifier's loss": (softplus, "classifier's loss"),
        "nwj": (nwj, "NWJ's loss"),
        "sign of the logarithm": (minus_log, "sign of the logarithm"),
        "twice": (lambda *pairs: 2 * right(*pairs), "twice"),
        "maximum for logsumexp": (lambda *p: sum(r.max() - t.mean() for t, r in p), "largest score stands"),
        "means of sigmoids": (lambda *p: sum(r.sigmoid().mean() - t.sigmoid().mean() for t, r in p), None),
        "joint minus the others": (lambda j, a, b: right(j) - right(a) - right(b), "minus the estimate"),
        "only the first reference": (lambda *p: sum(r[0] - t.mean() for t, r in p), None),
        "square of the scores": (lambda *p: right(*((t**2, r**2) for t, r in p)), None),
        "divided by n": (lambda *p: -sum(value(t, r) / len(t) for t, r in p), "once more"),
        "bits": (lambda *pairs: right(*pairs) / math.log(2), "bits"),
    },
    "minee-overshoot": {
        "swapped": (swapped, "shapes"),
        "all perfect": (margins, "hit the truth"),
        "numbers for arrays": (scalars, "shapes"),
        "lengths exchanged": (wrong_axes, "shapes"),
        "one fails only": (one_only, "not yet by both"),
        "log of the joint": (joint_log, "not yet by both"),
        "no columns": (broadcast, "raised"),
        "the ratio": (lambda j, x, y: (ratio(j, x, y), 0 * x, 0 * y), "logarithm of the density ratio"),
        "minus": (lambda j, x, y: (-np.log(ratio(j, x, y)), 0 * x, 0 * y), "the sign"),
        "a table for each": (lambda j, x, y: (np.log(ratio(j, x, y)),) * 3, "wanted critics of shapes"),
        "infinite": (infinite, "finite"),
        "ones": (lambda joint, x, y: (np.ones_like(joint), np.ones_like(x), np.ones_like(y)), "idle critics"),
        "no return": (lambda joint, x, y: print(joint), "gives nothing back"),
        "only the joint critic": (lambda joint, x, y: np.log(ratio(joint, x, y)), "not of the kind"),
        "twice the log-ratio": (lambda j, x, y: (2 * np.log(ratio(j, x, y)), 0 * x, 0 * y), "does not overshoot"),
    },
}
