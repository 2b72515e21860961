"""The exercises of the chapter on training a critic."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "critic-start",
    "Before the first step",
    right="a",
    reasons={
        "a": "all scores are nearly equal, so the critic tells no samples apart, and the score of a constant is zero.",
        "b": "that would be the formula without its logarithm, at t = 0.",
        "c": "a random critic is not the best one: the formula is a supremum, and nothing has been maximised yet.",
        "d": "the weights are random but tiny: three layers of them multiply to thousandths.",
    },
)

numeric(
    "critic-count",
    "How many numbers to learn",
    value=11501,
    rtol=1e-6,
    atol=0.4,
    right="12 · 100 + 100, then 100 · 100 + 100, then 100 + 1.",
    mistakes={
        11300: "each unit has a bias too, also the last one.",
        10901: "the critic takes x and y side by side: twelve columns.",
        11500: "one number is missing: the last unit has a bias.",
        10501: "that is the critic for one column each of x and y.",
        1401: "there are two hidden layers.",
        1301: "there are two hidden layers: the largest block of weights joins them.",
        21601: "there are two hidden layers, not three.",
    },
)

# A gradient that knows no calculus ------------------------------------------------------------------------------------

difference = code("critic-difference", "A gradient that knows no calculus")


def _vector(rng, m=None):
    import torch

    return torch.tensor(rng.normal(size=m or int(rng.integers(3, 6))), dtype=torch.float64)


def _wave(rng, m):
    """Return a smooth function of a vector whose coordinates differ in slope and bend."""
    import torch

    a = torch.tensor(rng.uniform(0.5, 2, m), dtype=torch.float64)
    return lambda w: torch.exp((a * w).sum() / m) + (a * w**3).sum()


@difference.part("the gradient")
def _(answer, rng):
    w = _vector(rng)
    wave = _wave(rng, len(w))
    return {"f": answer(wave, w, 1e-5), "-f": answer(lambda v: -wave(v), w, 1e-5)}  # slopes of either sign


@difference.part("a wide step", rtol=1e-6)
def _(answer, rng):
    w = _vector(rng, 3)
    return answer(_wave(rng, 3), w, 0.5)


def _unchanged(seen, rng):
    same = np.allclose(seen["after"], _vector(rng).numpy(), rtol=0, atol=1e-15)
    return None if same else "w itself was changed: work on a copy, or undo each step exactly."


@difference.part("w is left alone", judge=_unchanged)
def _(answer, rng):
    w = _vector(rng)
    found = answer(_wave(rng, len(w)), w, 1e-5)
    return {"after": w, "found": found}


@difference.reference
def _(f, w, h):
    found = []
    for k in range(len(w)):
        up, down = w.clone(), w.clone()
        up[k] += h
        down[k] -= h
        found.append(float(f(up) - f(down)) / (up[k] - down[k]).item())
    return np.array(found)


@difference.mistake("that is the forward quotient: the central one is accurate to h² and uses w - h as well.")
def _(f, w, h):
    return np.array([float(f(_moved(w, k, h)) - f(w)) / h for k in range(len(w))])


@difference.mistake("twice the gradient: the two points are 2 h apart.")
def _(f, w, h):
    return np.array([float(f(_moved(w, k, h)) - f(_moved(w, k, -h))) / h for k in range(len(w))])


@difference.mistake("the sign: f(w + h) - f(w - h), in this order.")
def _(f, w, h):
    return np.array([float(f(_moved(w, k, -h)) - f(_moved(w, k, h))) / (2 * h) for k in range(len(w))])


@difference.mistake("all coordinates move at once: one at a time.")
def _(f, w, h):
    return np.array([float(f(w + h) - f(w - h)) / (2 * h)] * len(w))


@difference.mistake("the difference is not divided by the distance of the two points.")
def _(f, w, h):
    return np.array([float(f(_moved(w, k, h)) - f(_moved(w, k, -h))) for k in range(len(w))])


@difference.mistake("the derivative of the function with step h is asked for: this one looks exact, was autograd used?")
def _(f, w, h):
    import torch

    v = w.clone().requires_grad_()
    return torch.autograd.grad(f(v), v)[0]


def _moved(w, k, h):
    w = w.clone()
    w[k] += h
    return w


# Gradient descent for anything ----------------------------------------------------------------------------------------

descent = code("critic-descend", "Gradient descent for anything")


def _bowl(rng):
    """Return a function of a vector with a minimum, a start, and a safe step size."""
    import torch

    m = int(rng.integers(2, 5))
    a = torch.tensor(rng.uniform(0.5, 2, m), dtype=torch.float64)
    return (lambda w: (a * w**2).sum() / 2 + torch.logsumexp(w, 0)), _vector(rng, m), float(rng.uniform(0.1, 0.2))


@descent.part("one step", weight=1)
def _(answer, rng):
    return answer(*_bowl(rng), 1)


@descent.part("many steps", weight=1)
def _(answer, rng):
    return answer(*_bowl(rng), int(rng.integers(5, 9)))


def _start(seen, rng):
    same = np.allclose(seen["after"], _bowl(rng)[1].numpy(), rtol=0, atol=1e-15)
    return None if same else "the start itself was changed: work on a copy of it."


@descent.part("the start is left alone", weight=1, judge=_start)
def _(answer, rng):
    f, w, eta = _bowl(rng)
    found = answer(f, w, eta, 3)
    return {"after": w, "found": found}


def _walk(f, w, eta, steps, sign=-1.0, remember=0.0, extra=0):
    import torch

    w, total = w.detach().clone(), 0.0
    for _ in range(steps + extra):
        v = w.clone().requires_grad_()
        f(v).backward()
        total = remember * total + v.grad
        w = w + sign * eta * total
    return torch.as_tensor(w)


descent.reference(_walk)


@descent.mistake("uphill: the step goes against the gradient.")
def _(f, w, eta, steps):
    return _walk(f, w, eta, steps, sign=1.0)


@descent.mistake("gradients pile up from step to step: set them to zero, or use torch.autograd.grad.")
def _(f, w, eta, steps):
    return _walk(f, w, eta, steps, remember=1.0)


@descent.mistake("one step too many.")
def _(f, w, eta, steps):
    return _walk(f, w, eta, steps, extra=1)


@descent.mistake("one step too few.")
def _(f, w, eta, steps):
    return _walk(f, w, eta, steps, extra=-1)


@descent.mistake("the step size is missing: it multiplies the gradient.")
def _(f, w, eta, steps):
    return _walk(f, w, 1.0, steps)


@descent.mistake("the gradient is taken at the start in every step: take it where you are.")
def _(f, w, eta, steps):
    return w + steps * (_walk(f, w, eta, 1) - w)


@descent.mistake("however many steps are asked for, one is made: is the return inside the loop?")
def _(f, w, eta, steps):
    return _walk(f, w, eta, 1)


@descent.mistake("that is how far the walk went; the last w itself is wanted.")
def _(f, w, eta, steps):
    return _walk(f, w, eta, steps) - w


@descent.mistake("that is the gradient at the start: now take steps against it.")
def _(f, w, eta, steps):
    return w - _walk(f, w, 1.0, 1)


@descent.mistake("the gradient's length is divided out: a step is eta times the gradient itself.")
def _(f, w, eta, steps):
    for _ in range(steps):
        gradient = w - _walk(f, w, 1.0, 1)
        w = w - eta * gradient / gradient.norm()
    return w


choice(
    "critic-report",
    "Which number to report",
    right="d",
    reasons={
        "a": "a training value is no lower bound, and the largest of many least of all.",
        "b": "the samples that were trained on cannot judge the critic.",
        "c": "the validation samples chose the epoch: the largest of 200 noisy values leans upwards.",
        "d": "only the test samples had no part in training or choosing.",
    },
)

text("critic-adam", "Why Adam leaves the plateau")

# All pairs of a batch -------------------------------------------------------------------------------------------------

all_pairs = code("critic-all-pairs", "All pairs of a batch")


def _matrix(rng, scale=1.0):
    import torch

    n = int(rng.integers(5, 9))
    return torch.tensor(scale * (rng.normal(size=(n, n)) + np.eye(n)), dtype=torch.float32)


@all_pairs.part("ordinary scores")
def _(answer, rng):
    return answer(_matrix(rng))


def _large(seen, rng):
    found, right = float(np.ravel(seen)[0]), _all_pairs(_matrix(rng, 800.0).double().numpy())
    if not np.isfinite(found):
        return "scores of a thousand overflow: logsumexp."
    return None if abs(found - right) < 1e-3 * abs(right) else "with scores of a thousand the number is off."


@all_pairs.part("large scores", judge=_large)
def _(answer, rng):
    return answer(_matrix(rng, 800.0))


def _all_pairs(T):
    top = T.max()
    return np.diag(T).mean() - top - np.log(np.exp(T - top).mean())


@all_pairs.reference
def _(T):
    return _all_pairs(T.double().numpy())


@all_pairs.mistake("the average runs over n² pairs: the logarithm of n² is 2 log n.")
def _(T):
    return _all_pairs(T.double().numpy()) - math.log(len(T))


@all_pairs.mistake("the sum over the pairs is not divided by n².")
def _(T):
    return _all_pairs(T.double().numpy()) - 2 * math.log(len(T))


@all_pairs.mistake("the first average is over the joint samples, the diagonal of T, not over all pairs.")
def _(T):
    T = T.double().numpy()
    return T.mean() - np.log(np.exp(T).mean())


@all_pairs.mistake("that is InfoNCE, a logarithm for each row; here one logarithm stands in front of one average.")
def _(T):
    T = T.double().numpy()
    return np.diag(T).mean() - np.log(np.exp(T).mean(1)).mean()


@all_pairs.mistake("the logarithm is missing.")
def _(T):
    T = T.double().numpy()
    return np.diag(T).mean() - np.exp(T).mean()


@all_pairs.mistake("the joint samples belong to the n² pairs as well: the diagonal is left out of the second average.")
def _(T):
    T = T.double().numpy()
    off = T[~np.eye(len(T), dtype=bool)]
    return np.diag(T).mean() - np.log(np.exp(off).mean())


@all_pairs.mistake("a sum over the diagonal where an average belongs.")
def _(T):
    T = T.double().numpy()
    return np.trace(T) - np.log(np.exp(T).mean())


text(
    "critic-ties",
    "What the search finds when samples repeat",
    rubric=[
        (1, "Identifies both averages as expectations under the empirical law and the product of its marginals."),
        (1, "Applies the Donsker-Varadhan theorem to that pair: the supremum is the empirical mutual information."),
        (1, "Bounds it by the entropy of an empirical marginal, hence log n, and settles equality."),
        (1, "Says that independent dice give a positive value (about .3 nats for n = 50), an artefact of training."),
    ],
)
