"""Right and wrong answers to the exercises of the chapter on limits, as students write them."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

ANSWERS = {
    "limits-samples": Answers(
        reference=math.exp(10),
        alternative=torch.tensor([22026.0]),
        wrong={
            "once": (math.exp(20), "half of it"),
            "no gift": (math.exp(12.5), "take them off first"),
            "added": (math.exp(15), "do not add"),
            "the logarithm": (10, "what is n"),
            "powers of two": (1024, "natural"),
        },
    ),
    "limits-claim": Answers(
        reference="c",
        alternative=["C"],
        wrong={
            "impossible": ("a", "certify"),
            "expectations": ("b", "not about expectations"),
            "critics only": ("d", "every recipe"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "limits-halves": Answers(
        reference="b",
        alternative="B.",
        wrong={
            "both": ("a", "had luck"),
            "the chooser": ("c", "flatters"),
            "all": ("d", "no part"),
            "no such choice": ("f", "choices are"),
        },
    ),
}


def gains(own, crossed, a, b):
    own, crossed = np.clip(own, -a, b), np.clip(crossed, -a, b)
    return 1 + own.mean(1) - np.exp(crossed).mean(1)


def gains_by_torch(own, crossed, a, b):
    own, crossed = (torch.as_tensor(t).clamp(-a, b) for t in (own, crossed))
    return 1 + own.sum(1) / 2 - crossed.exp().sum(1) / 2


def gains_stub(own, crossed, a, b): ...


def clip(t, a, b):
    return np.clip(t, -a, b)


ANSWERS["limits-gains"] = Answers(
    gains,
    gains_by_torch,
    stub=gains_stub,
    wrong={
        "not clipped": (lambda o, c, a, b: 1 + o.mean(1) - np.exp(np.minimum(c, 700)).mean(1), "clipping"),
        "own not clipped": (lambda o, c, a, b: 1 + o.mean(1) - np.exp(clip(c, a, b)).mean(1), "joint scores as well"),
        "no constant": (lambda o, c, a, b: gains(o, c, a, b) - 1, "constant 1"),
        "sums": (lambda o, c, a, b: 1 + clip(o, a, b).sum(1) - np.exp(clip(c, a, b)).sum(1), "not their sum"),
        "exponential of the mean": (
            lambda o, c, a, b: 1 + clip(o, a, b).mean(1) - np.exp(clip(c, a, b).mean(1)),
            "exponential of the mean",
        ),
        "swapped": (lambda o, c, a, b: gains(c, o, a, b), "changed places"),
        "one number": (lambda o, c, a, b: gains(o, c, a, b).mean(), "each couple"),
    },
)


def purse(g, floor, claim, u):
    return np.log1p(u * ((g - floor) / (claim - floor) - 1)).sum()


def purse_by_torch(g, floor, claim, u):
    share = torch.as_tensor(g).sub(floor).div(claim - floor)
    return torch.log(1 - u + u * share).sum().reshape(1)


def purse_stub(g, floor, claim, u): ...


def ratio(g, floor, claim):
    return (g - floor) / (claim - floor)


ANSWERS["limits-purse"] = Answers(
    purse,
    purse_by_torch,
    stub=purse_stub,
    wrong={
        "no logarithm": (lambda g, f, c, u: np.prod(1 - u + u * ratio(g, f, c)), "its logarithm"),
        "only the stake": (lambda g, f, c, u: np.log(u * ratio(g, f, c)).sum(), "1 - u is missing"),
        "all staked": (lambda g, f, c, u: np.log(ratio(g, f, c)).sum(), "whole purse"),
        "mean": (lambda g, f, c, u: purse(g, f, c, u) / len(g), "not a mean"),
        "log of the sum": (lambda g, f, c, u: np.log((1 - u + u * ratio(g, f, c)).sum()), "logarithm of the sum"),
        "other way round": (lambda g, f, c, u: purse(g, f, c, 1 - u), "other way round"),
    },
)
