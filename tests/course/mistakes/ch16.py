"""Wrong answers to the graded exercises of the chapter on generative adversarial networks."""

import numpy as np
import torch
from torch.nn import functional as F


def parts(x, centres):
    far = np.sqrt(((x[:, None] - centres) ** 2).sum(2))
    return far.argmin(1), far.min(1)


def modes(x, centres, sd):
    which, far = parts(x, centres)
    p = np.bincount(which[far < 3 * sd], minlength=len(centres)) / (far < 3 * sd).sum()
    return (p > 0).sum(), (far < 3 * sd).mean(), np.sum(p[p > 0] * np.log(len(p) * p[p > 0]))


def with_squares(x, centres, sd):
    which, far = parts(x, centres)
    near = far**2 < 3 * sd
    p = np.bincount(which[near], minlength=len(centres)) / near.sum()
    return (p > 0).sum(), near.mean(), np.sum(p[p > 0] * np.log(len(p) * p[p > 0]))


def all_samples(x, centres, sd):
    p = np.bincount(parts(x, centres)[0], minlength=len(centres)) / len(x)
    return *modes(x, centres, sd)[:2], np.sum(p[p > 0] * np.log(len(p) * p[p > 0]))


def value(t, t_ref):
    return t.mean() - t_ref.exp().mean().log()


def loss(d, t, t_ref, weight):
    return F.softplus(-d).mean() - weight * value(t, t_ref)


def clip(game, term):
    return game + term * min(1, np.linalg.norm(game) / np.linalg.norm(term))


MISTAKES = {
    "gans-modes": {
        "all samples": (all_samples, "belongs to neither"),
        "squares": (with_squares, "not its square"),
        "sd forgotten": (lambda x, c, sd: modes(x, c, 1.0), "3 * sd"),
        "one sd": (lambda x, c, sd: modes(x, c, sd / 3), "within 3 sd"),
        "nearest": (lambda x, c, sd: (len(set(parts(x, c)[0])), *modes(x, c, sd)[1:]), "merely the nearest"),
        "bits": (lambda x, c, sd: (*modes(x, c, sd)[:2], modes(x, c, sd)[2] / np.log(2)), "has index 2"),
        "order": (lambda x, c, sd: modes(x, c, sd)[::-1], "wrong order"),
        "no return": (lambda x, c, sd: print(len(x)), "nothing back"),
        "KL alone": (lambda x, c, sd: modes(x, c, sd)[2], "three"),
    },
    "gans-loss": {
        "sign": (lambda d, t, r, w: F.softplus(-d).mean() + w * value(t, r), "the sign of the term"),
        "discriminator": (lambda d, t, r, w: F.softplus(d).mean() - w * value(t, r), "discriminator's part"),
        "saturating": (lambda d, t, r, w: torch.log(1 - torch.sigmoid(d)).mean() - w * value(t, r), "hardly pulls"),
        "no log": (
            lambda d, t, r, w: F.softplus(-d).mean() - w * (t.mean() - r.exp().mean()),
            "logarithm of the average",
        ),
        "no weight": (lambda d, t, r, w: F.softplus(-d).mean() - value(t, r), "weight"),
        "term only": (lambda d, t, r, w: -w * value(t, r), "is left out"),
        "logits": (lambda d, t, r, w: -d.mean() - w * value(t, r), "logits"),
        "no return": (lambda d, t, r, w: print(w), "nothing back"),
        "all negative": (lambda d, t, r, w: -loss(d, t, r, w), "sign"),
    },
    "gans-clip": {
        "none": (lambda g, t: g + t, "nothing is clipped"),
        "always": (lambda g, t: g + t * np.linalg.norm(g) / np.linalg.norm(t), "keeps a short one"),
        "elementwise": (lambda g, t: g + np.clip(t, -abs(g), abs(g)), "keeps its direction"),
        "the other": (lambda g, t: clip(t, g), "it is the term that is shortened"),
        "term only": (lambda g, t: clip(g, t) - g, "add the game's"),
        "squares": (lambda g, t: g + t * min(1, np.sum(g**2) / np.sum(t**2)), "root of the sum"),
        "minus": (lambda g, t: g - (clip(g, t) - g), "subtracted, not added"),
        "no return": (lambda g, t: print(len(g)), "nothing back"),
    },
}
