"""Right and wrong answers to the exercises of the chapter on MINE, as students write them."""

import math

import torch
from torch import nn

from mi_lab import BivariateGaussian
from tests.course.answers import Answers

ANSWERS = {
    "mine-n-prime": Answers(
        reference="b",
        alternative=["B"],
        wrong={
            "memory": ("a", "memory"),
            "all pairs": ("c", "n² pairs"),
            "law of large numbers": ("d", "large numbers"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "mine-iid": Answers(
        reference="c",
        alternative=" C.",
        wrong={
            "the product": ("a", "law is not the product"),
            "independent": ("b", "share the same x"),
            "different laws": ("d", "same law"),
            "a number": (3, "choices are"),
        },
    ),
    "mine-truth": Answers(
        reference=-0.5 * math.log(1 - 0.81),
        alternative=torch.tensor([0.8304]),
        wrong={
            "sign": (0.5 * math.log(1 - 0.81), "sign"),
            "bits": (-0.5 * math.log2(1 - 0.81), "bits"),
            "factor": (-math.log(1 - 0.81), "factor"),
            "not squared": (-0.5 * math.log(0.1), "squared"),
            "base ten": (-0.5 * math.log10(1 - 0.81), "base 10"),
            "rounded": (0.84, "more digits"),
            "a guess": (2.0, "too large"),
            "not a number": ("close to the truth", "one number"),
        },
    ),
}

# Resampling -----------------------------------------------------------------------------------------------------------


def resample(x, y, n_ref):
    i = torch.randint(len(x), (n_ref,))
    j = torch.randint(len(y), (n_ref,))
    return x[i], y[j]


def resample_by_multinomial(x, y, n_ref):
    even = torch.ones(len(x))
    return tuple(v[torch.multinomial(even, n_ref, replacement=True)] for v in (x, y))


def resample_stub(x, y, n_ref): ...


def permuted(x, y, n_ref):
    return x[torch.randperm(len(x))], y[torch.randperm(len(y))]


def permuted_and_cut(x, y, n_ref):
    i = torch.arange(n_ref) % len(x)
    return x[torch.randperm(len(x))[i]], y[torch.randperm(len(y))[i]]


def same_indices(x, y, n_ref):
    i = torch.randint(len(x), (n_ref,))
    return x[i], y[i]


def last_missing(x, y, n_ref):
    return x[torch.randint(len(x) - 1, (n_ref,))], y[torch.randint(len(y) - 1, (n_ref,))]


def shifted(x, y, n_ref):
    i = torch.randint(len(x), (n_ref,))
    return x[i], y[(i + 1) % len(y)]


def seeded(x, y, n_ref):
    g = torch.Generator().manual_seed(0)
    return x[torch.randint(len(x), (n_ref,), generator=g)], y[torch.randint(len(y), (n_ref,), generator=g)]


def only_y(x, y, n_ref):
    return x.repeat(n_ref // len(x) + 1, 1)[:n_ref], y[torch.randint(len(y), (n_ref,))]


def permuted_indices(x, y, n_ref):
    """Draw x by bootstrap, and y with the same indices in another order."""
    i = torch.randint(len(x), (n_ref,))
    return x[i], y[i[torch.randperm(n_ref)]]


def every_y_as_often(x, y, n_ref):
    i = torch.randperm(n_ref) % len(y)
    return x[torch.randint(len(x), (n_ref,))], y[i]


def noise(x, y, n_ref):
    return torch.randn(n_ref, 1), torch.randn(n_ref, 1)


ANSWERS["mine-resample"] = Answers(
    resample,
    resample_by_multinomial,
    stub=resample_stub,
    wrong={
        "a permutation": (permuted, "whatever n is"),
        "a permutation, cut": (permuted_and_cut, "without replacement"),
        "the same indices": (same_indices, "same indices"),
        "the last one missing": (last_missing, "never drawn"),
        "shifted": (shifted, "never meets"),
        "seeded": (seeded, "same draw"),
        "only y drawn": (only_y, "x is not drawn"),
        "the same indices, permuted": (permuted_indices, "in another order"),
        "every y as often": (every_y_as_often, "y is not drawn"),
        "invented": (noise, "must consist of"),
        "flattened": (lambda x, y, n: tuple(v.flatten() for v in resample(x, y, n)), "keep their columns"),
    },
)

# The critic -----------------------------------------------------------------------------------------------------------


def critic(wiring):
    """Return the exercise's class with ``wiring(layers, x, y)`` as its forward."""

    class Critic(nn.Module):
        def __init__(self, width=100):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(2, width), nn.ELU(), nn.Linear(width, 1))

        def forward(self, x, y):
            return wiring(self.layers, x, y)

    return Critic


ANSWERS["mine-forward"] = Answers(
    critic(lambda layers, x, y: layers(torch.cat([x, y], dim=1)).squeeze(1)),
    critic(lambda layers, x, y: layers(torch.hstack((y, x)))),
    stub=critic(lambda layers, x, y: ...),
    wrong={
        "wrong axis": (critic(lambda f, x, y: f(torch.cat([x, y]))), "axis"),
        "added": (critic(lambda f, x, y: f(x + y)), "added"),
        "no layers": (critic(lambda f, x, y: torch.cat([x, y], 1)), "self.layers"),
        "x twice": (critic(lambda f, x, y: f(torch.cat([x, x], 1))), "comes twice"),
        "exponential": (critic(lambda f, x, y: f(torch.cat([x, y], 1)).exp()), "no exponential"),
        "sigmoid": (critic(lambda f, x, y: f(torch.cat([x, y], 1)).sigmoid()), "no sigmoid"),
        "averaged": (critic(lambda f, x, y: f(torch.cat([x, y], 1)).mean()), "one score for each"),
        "detached": (critic(lambda f, x, y: f(torch.cat([x, y], 1)).detach()), "differentiated"),
        "sign": (critic(lambda f, x, y: -f(torch.cat([x, y], 1))), "sign"),
        "shuffled": (critic(lambda f, x, y: f(torch.cat([x, y.roll(1, 0)], 1))), "mixed up"),
        "one argument": (critic(lambda f, x, y: f(x, y)), "TypeError"),
    },
)

# The loss -------------------------------------------------------------------------------------------------------------


def loss(t, t_ref, m, beta):
    new = torch.exp(t_ref).mean()
    m = (1 - beta) * new.detach() + beta * m
    return -t.mean() + new / m, m


def loss_in_logs(t, t_ref, m, beta):
    log_new = torch.logsumexp(t_ref, 0) - math.log(len(t_ref))
    with torch.no_grad():
        m = torch.lerp(log_new.exp(), torch.as_tensor(m), beta)
    return ((log_new - m.log()).exp() - t.mean()).reshape(1, 1), float(m)


def loss_stub(t, t_ref, m, beta): ...


def sign(t, t_ref, m, beta):
    value, m = loss(t, t_ref, m, beta)
    return -value, m


def swapped(t, t_ref, m, beta):
    return loss(t, t_ref, m, 1 - beta)


def attached(t, t_ref, m, beta):
    new = t_ref.exp().mean()
    m = (1 - beta) * new + beta * m
    return -t.mean() + new / m, m


def with_log(t, t_ref, m, beta):
    return t_ref.exp().mean().log() - t.mean(), loss(t, t_ref, m, beta)[1]


def mean_of_log(t, t_ref, m, beta):
    new = t_ref.exp().log().mean()
    return new - t.mean(), (1 - beta) * new.detach() + beta * m


def undivided(t, t_ref, m, beta):
    return t_ref.exp().mean() - t.mean(), loss(t, t_ref, m, beta)[1]


def over_n(t, t_ref, m, beta):
    new = t_ref.exp().sum() / t.shape[0]
    m = (1 - beta) * new.detach() + beta * m
    return new / m - t.mean(), m


def summed(t, t_ref, m, beta):
    new = t_ref.exp().sum()
    m = (1 - beta) * new.detach() + beta * m
    return new / m - t.sum(), m


def joint_twice(t, t_ref, m, beta):
    return loss(t, t, m, beta)


def old_average(t, t_ref, m, beta):
    return t_ref.exp().mean() / m - t.mean(), loss(t, t_ref, m, beta)[1]


def detached(t, t_ref, m, beta):
    return loss(t.detach(), t_ref.detach(), m, beta)


def forgotten_m(t, t_ref, m, beta):
    return loss(t, t_ref, m, beta)[0]


ANSWERS["mine-loss"] = Answers(
    loss,
    loss_in_logs,
    stub=loss_stub,
    wrong={
        "sign": (sign, "minus"),
        "beta swapped": (swapped, "other way round"),
        "missing detach": (attached, "missing detach"),
        "logarithm kept": (with_log, "without the moving average"),
        "mean of log": (mean_of_log, "logarithm of the mean"),
        "m left out": (undivided, "no m in the loss"),
        "n for n'": (over_n, "you divided by n"),
        "sum": (summed, "sum where an average"),
        "joint twice": (joint_twice, "not over t again"),
        "old average": (old_average, "old m"),
        "all detached": (detached, "only m is to be detached"),
        "m not returned": (forgotten_m, "the rest is missing"),
    },
)

# Reach the truth ------------------------------------------------------------------------------------------------------

LAW = BivariateGaussian(0.9)


def truth(x, y):
    return LAW.log_ratio(x, y)


def truth_by_hand(x, y):
    x, y = x.double(), y.double()
    return (0.9 * x * y - 0.405 * (x**2 + y**2)) / 0.19 + 5  # a constant changes nothing


def overfit(x, y):
    """Score a pair by the nearest training pair: splendid on the training samples, poor on others."""
    x_old, y_old = LAW.sample(2000, seed=7)
    near = ((x - x_old.T) ** 2 + (y - y_old.T) ** 2).min(1).values
    return 3.0 * (near < 1e-8) + 0.3 * LAW.log_ratio(x, y)


ANSWERS["mine-reach"] = Answers(
    truth,
    truth_by_hand,
    wrong={
        "constant": (lambda x, y: 0 * x, "same of every pair"),
        "sign": (lambda x, y: -truth(x, y), "sign"),
        "ratio": (lambda x, y: truth(x, y).exp(), "density ratio"),
        "over-fitted": (overfit, "test set"),
        "short training": (lambda x, y: 0.5 * x * y, "train longer"),
        "averaged": (lambda x, y: truth(x, y).mean(), "one score for each"),
    },
)
