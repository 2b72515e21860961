"""Right and wrong answers to the exercises of the chapter on hybrid estimators, as students write them."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

TRUTH, REST = -0.5 * math.log(0.19), 0.5 * (math.log(2) - 0.5)

ANSWERS = {
    "hybrid-rest": Answers(
        reference=REST,
        alternative="0.0966",
        wrong={
            "all": (TRUTH, "whole information"),
            "known": (TRUTH - REST, "proposal knows"),
            "logarithms": (0.5 * math.log(2), "logarithms of the widths"),
            "other way round": (0.5 * (1 - math.log(2)), "other way round"),
            "no half": (2 * REST, "factor ½"),
            "deviation": (0.5 * (0.25 - 1 + math.log(4)), "not twice the standard deviation"),
            "bits": (REST / math.log(2), "bits"),
        },
    ),
    "hybrid-bounds": Answers(
        reference="ac",
        alternative=["c", "a"],
        wrong={
            "DoE": ("abc", "pushes a difference"),
            "CLUB": ("d", "no lower bound"),
            "one of two": ("c", "not all"),
            "no such choice": ("x", "choices are"),
        },
    ),
}

# The sum --------------------------------------------------------------------------------------------------------------


def total(log_q, log_q_y, t, t_ref):
    top = t_ref.max()
    return (log_q - log_q_y + t).mean() - top - torch.log(torch.exp(t_ref - top).mean())


def total_in_numpy(log_q, log_q_y, t, t_ref):
    q, q_y, t, t_ref = (np.asarray(v) for v in (log_q, log_q_y, t, t_ref))
    return [float(np.mean(q - q_y + t) - np.logaddexp.reduce(t_ref) + np.log(t_ref.size))]


def total_stub(log_q, log_q_y, t, t_ref): ...


def dv(t, t_ref):
    return t.mean() - torch.logsumexp(t_ref, 0) + math.log(len(t_ref))


ANSWERS["hybrid-value"] = Answers(
    total,
    total_in_numpy,
    stub=total_stub,
    wrong={
        "model alone": (lambda q, q_y, t, r: (q - q_y).mean(), "model alone"),
        "critic alone": (lambda q, q_y, t, r: dv(t, r), "critic alone"),
        "no marginal": (lambda q, q_y, t, r: q.mean() + dv(t, r), "marginal model is missing"),
        "sum": (lambda q, q_y, t, r: (q - q_y + t).mean() - torch.logsumexp(r, 0), "logarithm of a sum"),
        "over n": (lambda q, q_y, t, r: total(q, q_y, t, r) + math.log(len(t) / len(r)), "their own number"),
        "mean": (lambda q, q_y, t, r: (q - q_y + t).mean() - r.mean(), "logarithm of the mean"),
        "subtracted": (lambda q, q_y, t, r: (q - q_y).mean() - dv(t, r), "added, not subtracted"),
        "overflow": (lambda q, q_y, t, r: (q - q_y + t).mean() - r.exp().mean().log(), "not finite"),
    },
)

# The noise of the denominator -----------------------------------------------------------------------------------------


def noise(p_x, p, q, n_ref):
    return math.sqrt((np.einsum("i,ij,ij->", p_x, p, p / q) - 1) / n_ref)


def noise_of_draws(p_x, p, q, n_ref):
    weights, ratio = (p_x[:, None] * q).ravel(), (p / q).ravel()
    mean = weights @ ratio
    return np.array([np.sqrt(weights @ (ratio - mean) ** 2) / np.sqrt(n_ref)])


def noise_stub(p_x, p, q, n_ref): ...


def against_shuffled(p_x, p, q, n_ref):
    return noise(p_x, p, np.broadcast_to(p_x @ p, p.shape), n_ref)


def under_the_joint(p_x, p, q, n_ref):
    weights, ratio = (p_x[:, None] * p).ravel(), (p / q).ravel()
    return np.sqrt((weights @ ratio**2 - (weights @ ratio) ** 2) / n_ref)


ANSWERS["hybrid-noise"] = Answers(
    noise,
    noise_of_draws,
    stub=noise_stub,
    wrong={
        "variance": (lambda *z: noise(*z) ** 2, "its root"),
        "one reference": (lambda *z: noise(*z) * math.sqrt(z[3]), "one reference"),
        "n' itself": (lambda *z: noise(*z) / math.sqrt(z[3]), "itself"),
        "no -1": (lambda *z: math.sqrt(noise(*z) ** 2 + 1 / z[3]), "square of the mean"),
        "unweighted": (lambda p_x, *z: noise(np.full(len(p_x), 1 / len(p_x)), *z), "equally probable"),
        "upside down": (lambda p_x, p, q, n: noise(p_x, q, p, n), "q over p"),
        "shuffled": (against_shuffled, "shuffled pairs"),
        "joint": (under_the_joint, "under the joint law"),
    },
)

# Another sample of the same cell --------------------------------------------------------------------------------------


def places(cells, rng):
    found = np.arange(len(cells))
    for c in np.unique(cells):
        (rows,) = np.nonzero(cells == c)
        if len(rows) > 1:
            step = rng.integers(1, len(rows), len(rows))  # somebody else, equally likely each
            found[rows] = rows[(np.arange(len(rows)) + step) % len(rows)]
    return found


def places_one_by_one(cells, rng):
    out = []
    for i in range(len(cells)):
        others = [j for j in range(len(cells)) if j != i and cells[j] == cells[i]]
        out.append(others[int(rng.random() * len(others))] if others else i)
    return torch.tensor(out)


def places_stub(cells, rng): ...


def with_self(cells, rng):
    return np.array([rng.choice(np.flatnonzero(cells == c)) for c in cells])


def neighbour(cells, rng):
    found = np.arange(len(cells))
    for c in set(cells.tolist()):
        rows = np.flatnonzero(cells == c)
        found[rows] = np.roll(rows, 1)
    return found


def nearby(cells, rng):
    found = np.arange(len(cells))
    for c in set(cells.tolist()):
        rows = np.flatnonzero(cells == c)
        found[rows] = np.roll(rows, rng.choice([-1, 1]))
    return found


def lonely_elsewhere(cells, rng):
    found = places(cells, rng)
    alone = [i for i, c in enumerate(cells) if np.sum(cells == c) == 1]
    found[alone] = (np.array(alone) + 1) % len(cells)
    return found


def one_step(cells, rng):
    found = np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        found[here] = np.roll(here, rng.integers(1, max(len(here), 2)))
    return found


def deranged(cells, rng):
    found = np.arange(len(cells))
    for c in np.unique(cells):
        here = np.flatnonzero(cells == c)
        while len(here) > 1 and (found[here] == here).any():
            found[here] = rng.permutation(here)
    return found


ANSWERS["hybrid-cell"] = Answers(
    places,
    places_one_by_one,
    stub=places_stub,
    wrong={
        "any": (lambda c, rng: rng.permutation(len(c)), "other cells"),
        "self": (with_self, "paired with themselves"),
        "fixed": (neighbour, "same partners"),
        "two only": (nearby, "equally likely"),
        "lonely": (lonely_elsewhere, "alone in its cell"),
        "cells": (lambda c, rng: c[places(c, rng)] + 100, "not its cell"),
        "too few": (lambda c, rng: places(c, rng)[:5], "one place for each"),
        "one step": (one_step, "one common step"),
        "derangement": (deranged, "exclude each other"),
    },
)
