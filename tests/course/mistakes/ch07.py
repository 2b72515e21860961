"""Wrong answers to the graded exercises of the chapter on MINE."""

import math

import torch

from mi_lab import BivariateGaussian


def averaged(t_ref, m, beta):
    return (1 - beta) * t_ref.exp().mean().detach() + beta * m


def right(t, t_ref, m, beta):
    m = averaged(t_ref, m, beta)
    return t_ref.exp().mean() / m - t.mean(), m


def swapped(t, t_ref, m, beta):
    return right(t, t_ref, m, beta)[::-1]


def item(t, t_ref, m, beta):
    value, m = right(t, t_ref, m, beta)
    return value.item(), m


def dv(t, t_ref, m, beta):
    return -(t.mean() - t_ref.exp().mean().log())


def no_m(t, t_ref, m, beta):
    value, _ = right(t, t_ref, m, beta)
    return value, m


def logsumexp(t, t_ref, m, beta):
    m = averaged(t_ref, m, beta)
    return torch.logsumexp(t_ref, 0) / m - t.mean(), m


def no_return(t, t_ref, m, beta):
    m = averaged(t_ref, m, beta)
    value = t_ref.exp().mean() / m - t.mean()  # noqa: F841


def exchanged(t, t_ref, m, beta):
    return right(t_ref, t, m, beta)


def numpy_mean(t, t_ref, m, beta):
    import numpy as np

    m = (1 - beta) * np.exp(t_ref).mean() + beta * m
    return np.mean(np.exp(t_ref)) / m - np.mean(t), m


def no_beta(t, t_ref, m, beta):
    m = t_ref.exp().mean().detach()
    return t_ref.exp().mean() / m - t.mean(), m


def half_loss(t, t_ref, m, beta):
    value, m = right(t, t_ref, m, beta)
    return value / 2, m


def each_sample(t, t_ref, m, beta):
    m = averaged(t_ref, m, beta)
    return t_ref.exp() / m, m


def biased_indices(x, y, n_ref):
    i = (torch.rand(n_ref) ** 2 * len(x)).long()
    j = torch.randint(len(y), (n_ref,))
    return x[i], y[j]


def permuted(x, y, n_ref):
    return x[torch.randperm(len(x))[:n_ref]], y[torch.randperm(len(y))[:n_ref]]


def last_never(x, y, n_ref):
    return x[torch.randint(len(x) - 1, (n_ref,))], y[torch.randint(len(y) - 1, (n_ref,))]


def indices(x, y, n_ref):
    return torch.randint(len(x), (n_ref,)), torch.randint(len(y), (n_ref,))


def x_kept(x, y, n_ref):
    return x[:n_ref], y[torch.randint(len(y), (n_ref,))]


def together(x, y, n_ref):
    i, j = torch.randint(len(x), (2, n_ref))
    return torch.cat([x[i], y[j]], 1)


def exchanged_pair(x, y, n_ref):
    i, j = torch.randint(len(x), (2, n_ref))
    return y[j], x[i]


def too_many(x, y, n_ref):
    i, j = torch.randint(len(x) + 1, (2, n_ref))
    return x[i], y[j]


def noise(x, y, n_ref):
    return torch.randn(n_ref, x.shape[1]), torch.randn(n_ref, y.shape[1])


def shifted(x, y, n_ref):
    i = torch.randint(len(x), (n_ref,))
    return x[i], y[(i + 1) % len(y)]


LAW = BivariateGaussian(0.9)


def half(x, y):
    return LAW.log_ratio(x, y) / 2


MISTAKES = {
    "mine-loss": {
        "swapped": (swapped, "wrong order"),
        "a plain number": (item, "a tensor is wanted"),
        "the value alone": (dv, "two values are wanted"),
        "the old m returned": (no_m, "is the old one"),
        "log of the sum": (logsumexp, "logarithm too many"),
        "no return": (no_return, "`return` missing"),
        "arguments exchanged": (exchanged, "change places"),
        "through NumPy": (numpy_mean, "raised"),
        "no memory": (no_beta, "forgets the past"),
        "half the loss": (half_loss, "half of"),
        "beta twice": (lambda t, r, m, b: right(t, r, m, b * b), "square of beta"),
        "dv with m": (
            lambda t, r, m, b: (averaged(r, m, b).__class__(0) - t.mean() + r.exp().mean().log(), m),
            "is the old one",
        ),
        "mean of both": (lambda t, r, m, b: right(torch.cat([t, r]), r, m, b), None),
        "clamped": (lambda t, r, m, b: (right(t, r, m, b)[0].clamp(min=0), right(t, r, m, b)[1]), "cut off at 0"),
        "m a list": (lambda t, r, m, b: [right(t, r, m, b)[0], [right(t, r, m, b)[1]] * 2], "two values are wanted"),
        "each sample": (each_sample, "over which axis"),
        "without beta": (lambda t, t_ref, m: (t_ref.exp().mean() / m - t.mean(), m), "takes (t, t_ref, m)"),
        "tuple of three": (lambda t, r, m, b: (*right(t, r, m, b), b), "two values are wanted"),
    },
    "mine-resample": {
        "small indices preferred": (biased_indices, "evenly"),
        "permuted": (permuted, "number of pairs is n'"),
        "the last never": (last_never, "never drawn"),
        "indices": (indices, "values of x"),
        "x kept": (x_kept, "pairs you gave"),
        "one array": (together, "not of the kind"),
        "x and y exchanged": (exchanged_pair, "x' must consist of values of x"),
        "one too far": (too_many, "IndexError"),
        "noise": (noise, "values of x"),
        "shifted partner": (shifted, "never meets"),
        "no return": (lambda x, y, n: print(x[torch.randint(len(x), (n,))]), "gives nothing back"),
        "one index": (
            lambda x, y, n: (x[torch.randint(len(x), (1,)).repeat(n)], y[torch.randint(len(y), (n,))]),
            "never drawn in",
        ),
        "y sorted": (
            lambda x, y, n: (x[torch.randint(len(x), (n,))].sort(0)[0], y[torch.randint(len(y), (n,))].sort(0)[0]),
            "not independent",
        ),
        "half and half": (
            lambda x, y, n: (x[torch.arange(n) % len(x)], y[torch.randint(len(y), (n,))]),
            "exactly once",
        ),
        "same indices": (lambda x, y, n: (x[(i := torch.randint(len(x), (n,)))], y[i]), "same indices"),
    },
    "mine-truth": {
        "log(1 - rho)": (-0.5 * math.log(0.1), "squared"),
        "no minus": (0.5 * math.log(0.19), "sign"),
        "bits": (-0.5 * math.log2(0.19), "bits"),
        "base 10": (-0.5 * math.log10(0.19), "base 10"),
        "no half": (-math.log(0.19), "twice"),
        "rho": (0.9, "ρ itself"),
        "with a comma": (f"{-0.5 * math.log(0.19):.0f},5", None),
        "plus": (0.5 * math.log(1 + 0.81), "inside the logarithm"),
        "rounded": (0.8, "rounded too much"),
        "the function": (math.log, "a function, not the number"),
        "a pair": ((0.83, 0.0), "yours are 2"),
        "nothing but nats": ("nats", "like 0.25"),
    },
    "mine-reach": {
        "x alone": (lambda x, y: x, "no better than saying nothing"),
        "product": (lambda x, y: x * y, "no better than saying nothing"),
        "half the log-ratio": (half, "about 2 times"),
        "log-ratio of another law": (lambda x, y: BivariateGaussian(0.5).log_ratio(x, y), None),
        "one number": (lambda x, y: LAW.log_ratio(x, y).mean(), "one score for each"),
        "matrix": (
            lambda x, y: LAW.log_ratio(x[:300], y[:300].T) if False else (x[:200] - y[:200].T),
            "one score for each",
        ),
        "four times": (lambda x, y: 4 * LAW.log_ratio(x, y), "wrong scale"),
        "probability": (lambda x, y: torch.sigmoid(LAW.log_ratio(x, y)), "as a probability does"),
        "numbers of the truth": (0.83, "a function is wanted"),
        "a tensor": (torch.zeros(2000), "a function is wanted"),
        "one argument": (lambda z: z, "takes (z)"),
        "squared distance": (lambda x, y: -((x - y) ** 2), None),
        "for another rho": (lambda x, y: BivariateGaussian(-0.9).log_ratio(x, y), "no better than saying"),
        "clamped": (lambda x, y: LAW.log_ratio(x, y).clamp(-0.5, 0.5), None),
        "nan": (lambda x, y: torch.log(x * y), "not finite"),
        "constant": (lambda x, y: torch.zeros(len(x)), "same of every pair"),
        "minus": (lambda x, y: -LAW.log_ratio(x, y), "sign"),
    },
}
