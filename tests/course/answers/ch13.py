"""Right and wrong answers to the exercises of the chapter on gradients without values, as students write them."""

import numpy as np
import torch

from tests.course.answers import Answers

ANSWERS = {
    "gradients-scale": Answers(
        reference=6.0,
        alternative=torch.tensor([6.01]),
        wrong={
            "one dimension": (2.0, "one dimension"),
            "added": (3 * np.log(0.5), "asked is its derivative"),
            "times": (1.5, "derivative of log a"),
            "second": (12.0, "second derivative"),
            "sign": (-6.0, "sign"),
        },
    ),
    "gradients-noise": Answers(
        reference="b",
        alternative=["B"],
        wrong={
            "rises": ("a", "before and after"),
            "zero": ("c", "needs no noise"),
            "no uncertainty": ("d", "minus infinity"),
            "no such choice": ("e", "choices are"),
        },
    ),
}


def gradient(score, moved):
    return -torch.mean(torch.sum(score * moved, dim=1))


def gradient_by_einsum(score, moved):
    return [-np.einsum("ij,ij->", score.numpy(), moved.numpy()) / len(score)]


def gradient_stub(score, moved): ...


ANSWERS["gradients-entropy"] = Answers(
    gradient,
    gradient_by_einsum,
    stub=gradient_stub,
    wrong={
        "sign": (lambda s, m: -gradient(s, m), "sign"),
        "columns averaged": (lambda s, m: -(s * m).mean(), "over columns"),
        "sum": (lambda s, m: -(s * m).sum(), "sum over the samples"),
        "product of averages": (lambda s, m: -(s.mean(0) @ m.mean(0)), "product of averages"),
        "a vector": (lambda s, m: -(s * m).mean(0), "one number"),
    },
)


def stein(functions, slopes):
    coefficients = -slopes.mean(0)  # (J, d)
    return functions @ coefficients


def stein_by_einsum(functions, slopes):
    return -np.einsum("nj,kjd->nd", functions.numpy(), slopes.numpy()) / len(slopes)


def stein_stub(functions, slopes): ...


ANSWERS["gradients-stein"] = Answers(
    stein,
    stein_by_einsum,
    stub=stein_stub,
    wrong={
        "sign": (lambda f, s: -stein(f, s), "sign"),
        "sum": (lambda f, s: len(s) * stein(f, s), "divide by n"),
        "pointwise": (lambda f, s: -torch.einsum("nj,njd->nd", f, s), "average the slopes first"),
        "averaged functions": (lambda f, s: stein(f, s) / f.shape[1], "added up"),
        "coefficients": (lambda f, s: -s.mean(0), "coefficients"),
    },
)


def term(score, z):
    with torch.no_grad():
        s = score(z)
    return -(s * z).sum(1).mean()


def term_by_hook(score, z):
    return torch.einsum("ij,ij->", -score(z.detach()).detach() / len(z), z)


def term_stub(score, z): ...


ANSWERS["gradients-term"] = Answers(
    term,
    term_by_hook,
    stub=term_stub,
    wrong={
        "not detached": (lambda s, z: -(s(z) * z).sum(1).mean(), "detach it"),
        "sign": (lambda s, z: -term(s, z), "sign"),
        "all detached": (lambda s, z: (s(z) * z).detach().mean() + 0 * z.sum(), "no gradient arrives"),
        "z detached": (lambda s, z: -(s(z) * z.detach()).sum(1).mean(), "wrong one is detached"),
        "columns averaged": (lambda s, z: term(s, z) / z.shape[1], "over columns"),
        "sum": (lambda s, z: term(s, z) * len(z), "sum over the samples"),
    },
)
