"""Right and wrong answers to the exercises of the chapter on the information bottleneck, as students write them."""

import numpy as np
import torch
from scipy.special import rel_entr, softmax
from torch.distributions import Normal, kl_divergence

from tests.course.answers import Answers

ANSWERS = {
    "bottleneck-ceiling": Answers(
        reference=np.log(9),
        alternative="2.197",
        wrong={
            "words": (np.log(4096), "ceiling of the words"),
            "one unit": (np.log(3), "one unit"),
            "label": (np.log(2), "ceiling of a label"),
            "added": (np.log(6), "pairs of bins"),
            "exchanged": (np.log(8), "base and exponent"),
            "cells": (9, "number of cells"),
        },
    ),
    "bottleneck-sign": Answers(
        reference="c",
        alternative=["C"],
        wrong={
            "charged": ("a", "taken away"),
            "critic": ("b", "the encoder's sign is not"),
            "bound": ("d", "has a gradient all the same"),
            "no such choice": ("e", "choices are"),
        },
    ),
}


def step(p, q, beta):
    p_x = p.sum(axis=1)
    q_z = p_x @ q
    s = (q.T @ p) / q_z[:, None]
    d = rel_entr((p / p_x[:, None])[:, None, :], s[None]).sum(-1)
    new = q_z * np.exp(-d / beta)
    return new / new.sum(axis=1, keepdims=True)


def step_by_softmax(p, q, beta):
    p, q = np.asarray(p), np.asarray(q)
    p_x = p.sum(axis=1)
    s = (q.T @ p) / (q.T @ p).sum(axis=1, keepdims=True)
    cross = -(p / p_x[:, None]) @ np.log(s).T  # D but for a term of x alone
    return torch.from_numpy(softmax(np.log(p_x @ q) - cross / beta, axis=1))


def step_stub(p, q, beta): ...


def _parts(p, q):
    p_x = p.sum(1)
    q_z = p_x @ q
    s = (q.T @ p) / q_z[:, None]
    return q_z, (p / p_x[:, None])[:, None, :], s


def _normal(new):
    return new / new.sum(1, keepdims=True)


def _divergence(p, q):
    _, x, s = _parts(p, q)
    return rel_entr(x, s).sum(-1)


ANSWERS["bottleneck-step"] = Answers(
    step,
    step_by_softmax,
    stub=step_stub,
    wrong={
        "sign": (lambda p, q, b: _normal(_parts(p, q)[0] * np.exp(_divergence(p, q) / b)), "sign"),
        "no marginal": (lambda p, q, b: _normal(np.exp(-_divergence(p, q) / b)), "q(z) is missing"),
        "times": (lambda p, q, b: _normal(_parts(p, q)[0] * np.exp(-_divergence(p, q) * b)), "divide by β"),
        "unnormalised": (lambda p, q, b: _parts(p, q)[0] * np.exp(-_divergence(p, q) / b), "sum to one"),
        "reversed": (
            lambda p, q, b: _normal(_parts(p, q)[0] * np.exp(-rel_entr(_parts(p, q)[2], _parts(p, q)[1]).sum(-1) / b)),
            "other way round",
        ),
        "old encoder": (lambda p, q, b: _normal(q * np.exp(-_divergence(p, q) / b)), "taken the place"),
    },
)


def rate(mean, std):
    return (0.5 * (mean.square() + std.square() - 1) - torch.log(std)).sum(dim=1).mean()


def rate_by_library(mean, std):
    standard = Normal(torch.zeros_like(mean), torch.ones_like(std))
    return kl_divergence(Normal(mean, std), standard).sum(1).mean().item()


def rate_stub(mean, std): ...


ANSWERS["bottleneck-rate"] = Answers(
    rate,
    rate_by_library,
    stub=rate_stub,
    wrong={
        "columns averaged": (lambda m, s: rate(m, s) / m.shape[1], "add their divergences"),
        "sum": (lambda m, s: rate(m, s) * len(m), "sum over the rows"),
        "logarithm's sign": (lambda m, s: ((m**2 + s**2 - 1) / 2 + s.log()).sum(1).mean(), "sign of the logarithm"),
        "no means": (lambda m, s: rate(torch.zeros_like(m), s), "means are missing"),
        "std for variance": (lambda m, s: rate(m, s.sqrt()), "standard deviation"),
        "reversed": (lambda m, s: (((m**2 + 1) / s**2 - 1) / 2 + s.log()).sum(1).mean(), "other way round"),
    },
)


def binned(t, bins):
    cells = np.floor((t + 1) / 2 * bins).clip(max=bins - 1)
    counts = np.unique(cells, axis=0, return_counts=True)[1]
    p = counts / counts.sum()
    return -(p * np.log(p)).sum()


def binned_by_dictionary(t, bins):
    from collections import Counter

    edges = np.linspace(-1, 1, bins + 1)[1:-1]
    counts = Counter(tuple(row) for row in np.digitize(t, edges))
    return float(np.log(len(t)) - sum(c * np.log(c) for c in counts.values()) / len(t))


def binned_stub(t, bins): ...


ANSWERS["bottleneck-bins"] = Answers(
    binned,
    binned_by_dictionary,
    stub=binned_stub,
    wrong={
        "unit by unit": (lambda t, b: sum(binned(t[:, [k]], b) for k in range(t.shape[1])), "whole row"),
        "cells counted": (
            lambda t, b: np.log(len(np.unique(np.floor((t + 1) / 2 * b), axis=0))),
            "aren't equally likely",
        ),
        "from zero": (lambda t, b: binned(2 * t.clip(0) - 1, b), "from 0 to 1"),
        "rounded": (
            lambda t, b: binned((np.round((t + 1) / 2 * b) + 0.5) / (b + 1) * 2 - 1, b + 1),
            "one bin more",
        ),
        "in one": (lambda t, b: binned(t.reshape(-1, 1), b), "thrown into one"),
        "first unit": (lambda t, b: binned(t[:, :1], b), "first unit"),
    },
)
