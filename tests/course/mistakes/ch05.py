"""Wrong answers to the graded exercises of the chapter on training a critic."""

import torch


def gradient(f, w):
    v = w.detach().clone().requires_grad_()
    return torch.autograd.grad(f(v), v)[0]


def walk(f, w, eta, steps, move=lambda w, g, eta, k: w - eta * g):
    w = w.detach().clone()
    for k in range(steps):
        w = move(w, gradient(f, w), eta, k)
    return w


def path(f, w, eta, steps):
    out = [w.detach().clone()]
    for _ in range(steps):
        out.append(out[-1] - eta * gradient(f, out[-1]))
    return torch.stack(out)


def changes_the_start(f, w, eta, steps):
    for _ in range(steps):
        w -= eta * gradient(f, w)
    return w


def value_too(f, w, eta, steps):
    w = walk(f, w, eta, steps)
    return w, f(w)


def returns_early(f, w, eta, steps):
    w = w.clone()
    for _ in range(steps):
        w = w - eta * gradient(f, w)
        return w


def no_graph(f, w, eta, steps):
    w = w.clone()
    for _ in range(steps):
        f(w).backward()
        w = w - eta * w.grad
    return w


def in_place_leaf(f, w, eta, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        f(w).backward()
        w -= eta * w.grad
    return w


def forgets_return(f, w, eta, steps):
    for _ in range(steps):
        w = w - eta * gradient(f, w)


MISTAKES = {
    "critic-descend": {
        "the whole path": (path, "shape"),
        "the start is changed": (changes_the_start, "start itself was changed"),
        "value as well": (value_too, "first value alone"),
        "returns in the loop": (returns_early, "inside the loop"),
        "no gradient asked for": (no_graph, "RuntimeError"),
        "in place on a leaf": (in_place_leaf, "RuntimeError"),
        "no return": (forgets_return, "`return` missing"),
        "half the step": (lambda f, w, eta, steps: walk(f, w, eta / 2, steps), "half of eta"),
        "normed": (
            lambda f, w, eta, s: walk(f, w, eta, s, lambda w, g, e, k: w - e * g / g.norm()),
            "length is divided out",
        ),
        "only the gradient": (lambda f, w, eta, steps: gradient(f, w), "gradient at the start"),
        "steps squared": (lambda f, w, eta, steps: walk(f, w, eta, steps**2), "square of steps"),
        "eta squared": (lambda f, w, eta, steps: walk(f, w, eta**2, steps), "square of eta"),
        "minus the end": (lambda f, w, eta, steps: -walk(f, w, eta, steps), "the sign is not"),
        "the mean": (lambda f, w, eta, steps: walk(f, w, eta, steps).mean(), "are wanted, yours is one"),
        "a list": (lambda f, w, eta, steps: [float(v) for v in walk(f, w, eta, steps)][::-1], "reverse order"),
        "only the first coordinate": (
            lambda f, w, eta, s: walk(f, w, eta, s, lambda w, g, e, k: w - e * g * (torch.arange(len(w)) == 0)),
            "of 4 numbers are right",
        ),
        "value of f": (lambda f, w, eta, steps: f(walk(f, w, eta, steps)), "numbers, of shape"),
        "step over k": (lambda f, w, eta, s: walk(f, w, eta, s, lambda w, g, e, k: w - e / (k + 1) * g), None),
        "sum of steps": (lambda f, w, eta, steps: walk(f, w, eta, steps) - w, "how far the walk went"),
    },
}
