"""Right and wrong answers to the exercises of the chapter on training a critic."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

ANSWERS = {
    "critic-start": Answers(
        reference="a",
        alternative=["a"],
        wrong={
            "minus one": ("b", "without its logarithm"),
            "the truth": ("c", "maximised"),
            "random": ("d", "tiny"),
            "no such choice": ("q", "choices are"),
        },
    ),
    "critic-report": Answers(
        reference="d",
        alternative="D.",
        wrong={
            "largest": ("a", "least of all"),
            "training": ("b", "cannot judge"),
            "validation": ("c", "chose the epoch"),
            "a number": (0.7, "choices are"),
        },
    ),
    "critic-count": Answers(
        reference=(12 * 100 + 100) + (100 * 100 + 100) + (100 + 1),
        alternative=11501.0,
        wrong={
            "no biases": (11300, "each unit has a bias"),
            "six columns": (10901, "twelve"),
            "last bias": (11500, "one number is missing"),
            "two columns": (10501, "one column each"),
            "one layer": (1401, "two hidden layers"),
            "three layers": (21601, "not three"),
        },
    ),
}

# A gradient that knows no calculus ------------------------------------------------------------------------------------


def numerical_gradient(f, w, h=1e-5):
    steps = h * torch.eye(len(w), dtype=w.dtype)
    return torch.stack([(f(w + step) - f(w - step)) / (2 * h) for step in steps])


def in_place_and_back(f, w, h=1e-5):
    v, out = w.numpy().copy(), np.zeros(len(w))
    for k in range(len(v)):
        old = v[k]
        v[k] = old + h
        up = f(torch.from_numpy(v))
        v[k] = old - h
        out[k] = (up - f(torch.from_numpy(v))) / (2 * h)
        v[k] = old
    return out


def forward_quotient(f, w, h=1e-5):
    return torch.stack([(f(w + e) - f(w)) / h for e in h * torch.eye(len(w), dtype=w.dtype)])


def all_at_once(f, w, h=1e-5):
    return ((f(w + h) - f(w - h)) / (2 * h)).expand(len(w))


def left_behind(f, w, h=1e-5):
    right = numerical_gradient(f, w, h)
    w += h
    return right


def by_autograd(f, w, h=1e-5):
    v = w.clone().requires_grad_()
    return torch.autograd.grad(f(v), v)[0]


ANSWERS["critic-difference"] = Answers(
    numerical_gradient,
    in_place_and_back,
    stub=lambda f, w, h=1e-5: ...,
    wrong={
        "forward": (forward_quotient, "forward quotient"),
        "twice": (lambda f, w, h: 2 * numerical_gradient(f, w, h), "twice"),
        "sign": (lambda f, w, h: -numerical_gradient(f, w, h), "sign"),
        "all at once": (all_at_once, "one at a time"),
        "not divided": (lambda f, w, h: 2 * h * numerical_gradient(f, w, h), "not divided"),
        "w changed": (left_behind, "itself was changed"),
        "autograd": (by_autograd, "autograd"),
    },
)

# Gradient descent for anything ----------------------------------------------------------------------------------------


def descend_by(f, w, eta, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(f(w), w)
        w = (w - eta * gradient).detach().requires_grad_()
    return w.detach()


def by_optimiser(f, w, eta, steps):
    w = w.clone().requires_grad_()
    sgd = torch.optim.SGD([w], lr=eta)
    for _ in range(steps):
        sgd.zero_grad()
        f(w).backward()
        sgd.step()
    return w


def without_zero(f, w, eta, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        f(w).backward()
        with torch.no_grad():
            w -= eta * w.grad
    return w


def frozen(f, w, eta, steps):
    return w + steps * (descend_by(f, w, eta, 1) - w)


def in_place(f, w, eta, steps):
    w.copy_(descend_by(f, w, eta, steps))
    return w


ANSWERS["critic-descend"] = Answers(
    descend_by,
    by_optimiser,
    stub=lambda f, w, eta, steps: ...,
    wrong={
        "uphill": (lambda f, w, eta, steps: descend_by(f, w, -eta, steps), "uphill"),
        "gradients add up": (without_zero, "pile up"),
        "one too many": (lambda f, w, eta, steps: descend_by(f, w, eta, steps + 1), "too many"),
        "one too few": (lambda f, w, eta, steps: descend_by(f, w, eta, steps - 1), "too few"),
        "no step size": (lambda f, w, eta, steps: descend_by(f, w, 1.0, steps), "step size is missing"),
        "gradient at the start": (frozen, "where you are"),
        "start changed": (in_place, "start itself"),
    },
)

# All pairs of a batch -------------------------------------------------------------------------------------------------


def all_pairs_value(T):
    return T.diagonal().mean() - torch.logsumexp(T.flatten(), 0) + 2 * math.log(len(T))


def row_by_row(T):
    rows = torch.logsumexp(T, 1)  # (n,)
    return torch.trace(T) / T.shape[0] - torch.logsumexp(rows, 0) + math.log(T.numel())


def naive(T):
    return T.diagonal().mean() - T.exp().mean().log()


def off_diagonal(T):
    return T.diagonal().mean() - T[~torch.eye(len(T), dtype=torch.bool)].exp().mean().log()


def infonce(T):
    return (T.diagonal() - torch.logsumexp(T, 1)).mean() + math.log(len(T))


ANSWERS["critic-all-pairs"] = Answers(
    all_pairs_value,
    row_by_row,
    stub=lambda T: ...,
    wrong={
        "overflow": (naive, "overflow"),
        "log n": (lambda T: all_pairs_value(T) - math.log(len(T)), "2 log n"),
        "a sum": (lambda T: all_pairs_value(T) - 2 * math.log(len(T)), "not divided by n²"),
        "all pairs twice": (lambda T: T.mean() - T.exp().mean().log(), "diagonal of T"),
        "InfoNCE": (infonce, "InfoNCE"),
        "no logarithm": (lambda T: T.diagonal().mean() - T.exp().mean(), "logarithm is missing"),
        "off diagonal": (off_diagonal, "left out"),
        "trace": (lambda T: T.trace() - T.exp().mean().log(), "over the diagonal"),
    },
)
