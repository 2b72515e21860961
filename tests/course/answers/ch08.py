"""Right and wrong answers to the exercises of the chapter on MI-NEE, as students write them."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

LOG2 = math.log(2)

ANSWERS = {
    "minee-cost": Answers(
        reference=6 * (LOG2 + 1 / 8 - 1 / 2),
        alternative=torch.tensor([1.909]),
        wrong={
            "one dimension": (LOG2 + 1 / 8 - 1 / 2, "one dimension"),
            "both": (12 * (LOG2 + 1 / 8 - 1 / 2), "together"),
            "other way round": (6 * (1.5 - LOG2), "other way round"),
            "not squared": (6 * (LOG2 + 1 / 4 - 1 / 2), "squared"),
            "no half": (6 * (LOG2 + 1 / 8), "vanish"),
            "bits": (6 * (LOG2 + 1 / 8 - 1 / 2) / LOG2, "bits"),
        },
    ),
    "minee-bound": Answers(
        reference="c",
        alternative=["C"],
        wrong={
            "lower": ("a", "no lower bound"),
            "upper": ("b", "nor is it an upper"),
            "largest gap": ("d", "add up"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "minee-box": Answers(
        reference="b",
        alternative="B.",
        wrong={
            "little": ("a", "not give a small divergence"),
            "cancels": ("c", "nothing cancels"),
            "only the joint": ("d", "its own divergence"),
            "a number": (7, "choices are"),
        },
    ),
}

# A reference of one's own ---------------------------------------------------------------------------------------------


def uniform(z, n, factor):
    low, high = z.min(0).values, z.max(0).values
    side = factor * (high - low)
    return (low + high - side) / 2 + side * torch.rand(n, z.shape[1])


def box(x, y, n, factor):
    return uniform(x, n, factor), uniform(y, n, factor)


def box_by_distribution(x, y, n, factor):
    z = torch.cat([x, y], 1).numpy()
    middle, half = (z.max(0) + z.min(0)) / 2, factor * np.ptp(z, 0) / 2
    draws = np.random.default_rng().uniform(middle - half, middle + half, (n, z.shape[1]))
    return draws[:, : x.shape[1]], draws[:, x.shape[1] :]


def box_stub(x, y, n, factor): ...


def unit(x, y, n, factor):
    return torch.rand(n, x.shape[1]), torch.rand(n, y.shape[1])


def unwidened(x, y, n, factor):
    return box(x, y, n, 1.0)


def one_sided(x, y, n, factor):
    return tuple(
        z.min(0).values + factor * (z.max(0).values - z.min(0).values) * torch.rand(n, z.shape[1]) for z in (x, y)
    )


def twice(x, y, n, factor):
    return box(x, y, n, 2 * factor)


def one_for_all(x, y, n, factor):
    low = min(x.min(), y.min())
    high = max(x.max(), y.max())
    side = factor * (high - low)
    return tuple((low + high - side) / 2 + side * torch.rand(n, z.shape[1]) for z in (x, y))


def resampled(x, y, n, factor):
    return x[torch.randint(len(x), (n,))], y[torch.randint(len(y), (n,))]


def same_noise(x, y, n, factor):
    u = torch.rand(n, 1)
    return tuple(uniform(z, 1, 0.0) + factor * (z.max(0).values - z.min(0).values) * (u - 0.5) for z in (x, y))


def peaked(x, y, n, factor):
    def draw(z):
        half = factor * (z.max(0).values - z.min(0).values) / 2
        return (z.max(0).values + z.min(0).values) / 2 + half * torch.sin(2 * math.pi * torch.rand(n, z.shape[1]))

    return draw(x), draw(y)


def seeded(x, y, n, factor):
    torch.manual_seed(0)
    return box(x, y, n, factor)


def too_few(x, y, n, factor):
    return box(x, y, len(x), factor)


ANSWERS["minee-box-reference"] = Answers(
    box,
    box_by_distribution,
    stub=box_stub,
    wrong={
        "unit box": (unit, "unit box"),
        "not widened": (unwidened, "just holds"),
        "one side": (one_sided, "one side only"),
        "twice": (twice, "twice too wide"),
        "one box": (one_for_all, "one box serves"),
        "resampled": (resampled, "resampled"),
        "same noise": (same_noise, "fresh numbers"),
        "not uniform": (peaked, "not uniform"),
        "seeded": (seeded, "same draw"),
        "as many as data": (too_few, "rows like those"),
    },
)

# The loss -------------------------------------------------------------------------------------------------------------


def score(t, t_ref):
    return t.mean() - torch.logsumexp(t_ref, 0) + math.log(len(t_ref))


def loss(joint, one, two):
    return -(score(*joint) + score(*one) + score(*two))


def loss_by_means(joint, one, two):
    values = [torch.log(torch.mean(torch.exp(b))) - torch.mean(a) for a, b in (joint, one, two)]
    return torch.stack(values).sum().reshape(1)


def loss_stub(joint, one, two): ...


ANSWERS["minee-loss"] = Answers(
    loss,
    loss_by_means,
    stub=loss_stub,
    wrong={
        "minus the estimate": (lambda j, a, b: -(score(*j) - score(*a) - score(*b)), "minus the estimate"),
        "sign": (lambda j, a, b: -loss(j, a, b), "sign"),
        "joint only": (lambda j, a, b: -score(*j), "only the joint"),
        "no logarithm": (lambda *p: sum(r.exp().mean() - t.mean() for t, r in p), "forget the logarithm"),
        "mean of log": (lambda *p: sum(r.exp().log().mean() - t.mean() for t, r in p), "logarithm of the mean"),
        "log of a sum": (lambda *p: sum(torch.logsumexp(r, 0) - t.mean() for t, r in p), "logarithm of a sum"),
        "over n": (lambda *p: sum(torch.logsumexp(r, 0) - math.log(len(t)) - t.mean() for t, r in p), "divided by n"),
        "averaged": (lambda *p: loss(*p) / 3, "a third"),
        "detached": (lambda *p: loss(*p).detach(), "differentiated"),
    },
)

# Overshoot ------------------------------------------------------------------------------------------------------------


def critics(joint, r_x, r_y):
    return np.log(joint / np.outer(r_x, r_y)), np.zeros(len(r_x)), np.zeros(len(r_y))


def critics_worse_than_idle(joint, r_x, r_y):
    against = np.log(joint) - np.log(r_x)[:, None] - np.log(r_y) + 3
    return torch.tensor(against), -np.log(joint.sum(1) / r_x), -np.log(joint.sum(0) / r_y)


def critics_stub(joint, r_x, r_y): ...


def perfect(joint, r_x, r_y):
    return critics(joint, r_x, r_y)[0], np.log(joint.sum(1) / r_x), np.log(joint.sum(0) / r_y)


def idle(joint, r_x, r_y):
    return 0 * joint, 0 * r_x, 0 * r_y


def against_marginals(joint, r_x, r_y):
    return np.log(joint / np.outer(joint.sum(1), joint.sum(0))), 0 * r_x, 0 * r_y


def half_way(joint, r_x, r_y):
    return critics(joint, r_x, r_y)[0], np.log(joint.sum(1) / r_x), 0 * r_y


ANSWERS["minee-overshoot"] = Answers(
    critics,
    critics_worse_than_idle,
    stub=critics_stub,
    wrong={
        "perfect": (perfect, "three perfect"),
        "idle": (idle, "idle critics"),
        "wrong reference": (against_marginals, "not the product of the marginals"),
        "ratio": (lambda j, a, b: (j / np.outer(a, b), 9 * a, 9 * b), "logarithm of the density ratio"),
        "sign": (lambda j, a, b: (-critics(j, a, b)[0], 0 * a, 0 * b), "sign"),
        "half way": (half_way, "both marginal divergences"),
        "infinite": (lambda j, a, b: (np.full_like(j, np.inf), 0 * a, 0 * b), "finite"),
        "scalars": (lambda j, a, b: (0.0, 0.0, 0.0), "shapes"),
    },
)
