"""Right and wrong answers to the exercises of the chapter on adversarial networks, as students write them."""

import math

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch.nn import functional as F

from tests.course.answers import Answers

ANSWERS = {
    "gans-lost": Answers(
        reference=0.8 * math.log(1.6 / 1.8) + 0.2 * math.log(2) + math.log(2 / 1.8) - 2 * math.log(2),
        alternative=np.array([-1.2365]),
        wrong={
            "perfect": (-2 * math.log(2), "perfect generator"),
            "2 JS": (0.1498, "that is 2 JS"),
            "JS": (0.0749, "JS alone"),
            "KL": (math.log(25 / 20), "asked is the game's value"),
            "one JS": (-1.3114, "counts twice"),
        },
    ),
    "gans-infinite": Answers(
        reference="c",
        alternative=["C"],
        wrong={
            "discrete": ("a", "minus infinity"),
            "bounded": ("b", "infinite for a continuous code"),
            "spread": ("d", "a narrow X"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "gans-histogram-noise": Answers(
        reference=999 / 52_000,
        alternative=torch.tensor(0.0192),
        wrong={
            "25 modes": (0.00048, "24 of them free"),
            "no half": (0.03842, "half of that"),
            "a half too much": (0.00961, "twice that"),
            "upside down": (26.03, "upside down"),
        },
    ),
}


def modes(x, centres, sd):
    far = np.linalg.norm(x[:, None, :] - centres[None], axis=-1)  # (n, modes)
    near = far.min(1) < 3 * sd
    hits = np.bincount(far.argmin(1)[near], minlength=len(centres))
    p = hits / hits.sum()
    return int((hits > 0).sum()), near.mean(), float(np.sum(p[p > 0] * np.log(p[p > 0] * len(centres))))


def modes_by_loops(x, centres, sd):
    hits, inside = [0] * len(centres), 0
    for row in cdist(x, centres):
        if row.min() < 3 * sd:
            inside += 1
            hits[int(row.argmin())] += 1
    entropy = -sum(h / inside * math.log(h / inside) for h in hits if h)
    return [sum(h > 0 for h in hits), inside / len(x), math.log(len(centres)) - entropy]


def modes_stub(x, centres, sd): ...


def nearest_only(x, centres, sd):
    return len(set(cdist(x, centres).argmin(1).tolist())), *modes(x, centres, sd)[1:]


def all_in_the_histogram(x, centres, sd):
    p = np.bincount(cdist(x, centres).argmin(1), minlength=len(centres)) / len(x)
    return *modes(x, centres, sd)[:2], np.sum(p[p > 0] * np.log(p[p > 0] * len(centres)))


def among_the_hit(x, centres, sd):
    count, share, kl = modes(x, centres, sd)
    return count, share, kl + math.log(count / len(centres))


def entropy_of(x, centres, sd):
    count, share, kl = modes(x, centres, sd)
    return count, share, math.log(len(centres)) - kl


ANSWERS["gans-modes"] = Answers(
    modes,
    modes_by_loops,
    stub=modes_stub,
    wrong={
        "nearest is enough": (nearest_only, "merely the nearest"),
        "all samples": (all_in_the_histogram, "belongs to neither"),
        "lost modes forgotten": (among_the_hit, "the lost ones count"),
        "entropy": (entropy_of, "entropy of the histogram"),
        "one sd": (lambda x, c, sd: modes(x, c, sd / 3), "within 3 sd"),
    },
)


def loss(d, t, t_ref, weight):
    information = t.mean() - torch.logsumexp(t_ref, 0) + math.log(len(t_ref))
    return F.softplus(-d).mean() - weight * information


def loss_by_logs(d, t, t_ref, weight):
    return -F.logsigmoid(d).mean() + weight * (torch.log(torch.exp(t_ref).mean()) - t.mean())


def loss_stub(d, t, t_ref, weight): ...


ANSWERS["gans-loss"] = Answers(
    loss,
    loss_by_logs,
    stub=loss_stub,
    wrong={
        "sign": (lambda d, t, r, w: loss(d, t, r, -w), "the sign of the term"),
        "saturating": (
            lambda d, t, r, w: loss(d, t, r, w) - F.softplus(-d).mean() - F.softplus(d).mean(),
            "hardly pulls",
        ),
        "discriminator": (lambda d, t, r, w: loss(-d, t, r, w), "discriminator's part"),
        "no logarithm": (
            lambda d, t, r, w: F.softplus(-d).mean() - w * (t.mean() - r.exp().mean()),
            "logarithm of the average",
        ),
        "sum": (lambda d, t, r, w: loss(d, t, r, w) + w * math.log(len(r)), "not its sum"),
    },
)


def clip(game, term):
    return game + term * min(1, np.linalg.norm(game) / np.linalg.norm(term))


def clip_by_cases(game, term):
    a, b = math.sqrt(sum(game**2)), math.sqrt(sum(term**2))
    return torch.tensor(game + (term if b <= a else term / b * a))


def clip_stub(game, term): ...


def length(v):
    return np.linalg.norm(v)


ANSWERS["gans-clip"] = Answers(
    clip,
    clip_by_cases,
    stub=clip_stub,
    wrong={
        "always": (lambda g, t: g + t / length(t) * length(g), "keeps a short one"),
        "one by one": (lambda g, t: g + np.sign(t) * np.minimum(abs(t), abs(g)), "keeps its direction"),
        "upside down": (lambda g, t: g + t * min(1, length(t) / length(g)), "upside down"),
        "the other": (lambda g, t: t + g * min(1, length(t) / length(g)), "it is the term that is shortened"),
        "no clipping": (lambda g, t: g + t, "nothing is clipped"),
        "squares": (lambda g, t: g + t * min(1, (g @ g) / (t @ t)), "root of the sum"),
    },
)
