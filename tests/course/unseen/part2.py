"""Wrong answers to the graded exercises of chapters 4 to 8, written before anything of the checks was read."""

import math

import numpy as np
import torch

# ch. 4


def best(rho):
    return (math.sqrt(1 + 4 * rho**2) - 1) / (2 * rho) if rho else 0.0


def score(a, rho):
    return a * rho + 0.5 * math.log(1 - a**2)


TILT = {
    "divides by zero at 0": lambda r: (
        (np.sqrt(1 + 4 * r**2) - 1) / (2 * r),
        score((np.sqrt(1 + 4 * r**2) - 1) / (2 * r), r),
    ),
    "a = rho": lambda r: (r, score(r, r)),
    "the optimum of the full family": lambda r: (r / (1 - r**2), -0.5 * math.log(1 - r**2)),
    "score before a": lambda r: (score(best(r), r), best(r)),
    "only the score": lambda r: score(best(r), r),
    "only a": best,
    "the other root": lambda r: ((-1 - math.sqrt(1 + 4 * r**2)) / (2 * r) if r else 0.0, 0.0),
    "score in bits": lambda r: (best(r), score(best(r), r) / math.log(2)),
    "minus the logarithm in the score": lambda r: (best(r), best(r) * r - 0.5 * math.log(1 - best(r) ** 2)),
    "one half missing in the score": lambda r: (best(r), best(r) * r + math.log(1 - best(r) ** 2)),
    "a of log(1-a^2) without the half": lambda r: (
        ((math.sqrt(1 + r**2) - 1) / r if r else 0.0),
        score((math.sqrt(1 + r**2) - 1) / r if r else 0.0, r),
    ),
    "the sign of a lost": lambda r: (abs(best(r)), score(abs(best(r)), abs(r))),
    "the score is the truth": lambda r: (best(r), -0.5 * math.log(1 - r**2)),
    "grid of a from 0 to 1": lambda r: max(((a, score(a, r)) for a in np.linspace(0, 0.999, 1000)), key=lambda v: v[1]),
    "grid of a of width 0.1": lambda r: max(((a, score(a, r)) for a in np.linspace(-0.9, 0.9, 19)), key=lambda v: v[1]),
    "half the truth": lambda r: (best(r), -0.25 * math.log(1 - r**2)),
}

# ch. 5


def walk(f, w, eta, steps, sign=-1, change=False, more=0, power=1, norm=False, zero=True):
    w = (w if change else w.clone()).detach().requires_grad_(True)
    for _ in range(steps + more):
        (g,) = torch.autograd.grad(f(w), w)
        if norm:
            g = g / g.norm()
        with torch.no_grad():
            w = (w + sign * eta * power * g).detach()
        w.requires_grad_(True)
    return w.detach()


def in_place(f, w, eta, steps):
    w.requires_grad_(True)
    for _ in range(steps):
        w.grad = None
        f(w).backward()
        with torch.no_grad():
            w -= eta * w.grad
    return w


def summed(f, w, eta, steps):
    w = w.clone().detach().requires_grad_(True)
    for _ in range(steps):
        f(w).backward()
        with torch.no_grad():
            w -= eta * w.grad
    return w.detach()


def history(f, w, eta, steps):
    path = [walk(f, w, eta, k) for k in range(steps + 1)]
    return torch.stack(path)


def no_leaf(f, w, eta, steps):
    w = w.clone()
    for _ in range(steps):
        f(w).backward()
        w = w - eta * w.grad
    return w


def not_detached(f, w, eta, steps):
    w = w.clone().requires_grad_(True)
    for _ in range(steps):
        f(w).backward()
        w = w - eta * w.grad
    return w


def momentum(f, w, eta, steps):
    w, v = w.clone().detach().requires_grad_(True), 0
    for _ in range(steps):
        (g,) = torch.autograd.grad(f(w), w)
        v = 0.9 * v + g
        w = (w - eta * v).detach().requires_grad_(True)
    return w.detach()


def adam(f, w, eta, steps):
    w = w.clone().detach().requires_grad_(True)
    optimiser = torch.optim.Adam([w], lr=eta)
    for _ in range(steps):
        optimiser.zero_grad()
        f(w).backward()
        optimiser.step()
    return w.detach()


def once(f, w, eta, steps):
    w = w.clone().detach().requires_grad_(True)
    (g,) = torch.autograd.grad(f(w), w)
    for _ in range(steps):
        w = w - eta * g
    return w.detach()


def early(f, w, eta, steps):
    w = w.clone().detach().requires_grad_(True)
    for _ in range(steps):
        (g,) = torch.autograd.grad(f(w), w)
        w = (w - eta * g).detach().requires_grad_(True)
        return w.detach()


def differences(f, w, eta, steps):
    w = w.clone().detach()
    for _ in range(steps):
        g = torch.stack([(f(w + 0.1 * e) - f(w)) / 0.1 for e in torch.eye(len(w), dtype=w.dtype)])
        w = w - eta * g
    return w


DESCEND = {
    "climbs": lambda f, w, eta, steps: walk(f, w, eta, steps, sign=1),
    "one step too many": lambda f, w, eta, steps: walk(f, w, eta, steps, more=1),
    "one step too few": lambda f, w, eta, steps: walk(f, w, eta, steps, more=-1),
    "changes the start in place": in_place,
    "gradients add up": summed,
    "the whole path": history,
    "requires_grad forgotten": no_leaf,
    "new w is no leaf": not_detached,
    "momentum": momentum,
    "Adam": adam,
    "the gradient of the start at all steps": once,
    "return inside the loop": early,
    "the value f(w) returned": lambda f, w, eta, steps: f(walk(f, w, eta, steps)),
    "step of unit length": lambda f, w, eta, steps: walk(f, w, eta, steps, norm=True),
    "twice the step": lambda f, w, eta, steps: walk(f, w, eta, steps, power=2),
    "differences of width 0.1": differences,
}

# ch. 6


def on_grid(high):
    def conjugate(t):
        u = np.linspace(0, high, 2001)
        return np.max(np.asarray(t)[..., None] * u - (np.sqrt(u) - 1) ** 2, axis=-1)

    return conjugate


CONJUGATE = {
    "t/(1+t)": lambda t: t / (1 + t),
    "t/(t-1)": lambda t: t / (t - 1),
    "1/(1-t)": lambda t: 1 / (1 - t),
    "the best u instead of the value": lambda t: 1 / (1 - t) ** 2,
    "the root of the best u": lambda t: 1 / np.sqrt(1 - t),
    "t u* alone, f not taken away": lambda t: t / (1 - t) ** 2,
    "f(u*) added": lambda t: t / (1 - t) ** 2 + (1 / (1 - t) - 1) ** 2,
    "minus f(u*) alone": lambda t: -((1 / (1 - t) - 1) ** 2),
    "twice": lambda t: 2 * t / (1 - t),
    "conjugate of KL": lambda t: np.exp(t - 1),
    "conjugate of 1 - sqrt u": lambda t: -1 - 1 / (4 * t),
    "grid of u up to 1": on_grid(1),
    "grid of u up to 4": on_grid(4),
    "zero for negative slopes": lambda t: np.maximum(t / (1 - t), 0),
    "derivative of f": lambda t: 1 - 1 / np.sqrt(np.abs(t) + 1e-9),
    "f itself": lambda t: (np.sqrt(np.abs(t)) - 1) ** 2,
}

# ch. 7


def resample_alike(x, y, n_ref):
    i = torch.randint(len(x), (n_ref,))
    return x[i], y[i]


def resample_only_x(x, y, n_ref):
    return x[torch.randint(len(x), (n_ref,))], y[:n_ref]


def resample_permuted(x, y, n_ref):
    return x[torch.randperm(len(x))[:n_ref]], y[torch.randperm(len(y))[:n_ref]]


def resample_coordinates(x, y, n_ref):
    i = torch.randint(len(x), (n_ref, x.shape[1]))
    j = torch.randint(len(y), (n_ref, y.shape[1]))
    return x.gather(0, i), y.gather(0, j)


def resample_flat(x, y, n_ref):
    i, j = torch.randint(len(x), (n_ref,)), torch.randint(len(y), (n_ref,))
    return x[i].flatten(), y[j].flatten()


def drawn(x, y, n_ref, low=0, high=0, swap=False):
    i = torch.randint(low, len(x) + high, (n_ref,))
    j = torch.randint(low, len(y) + high, (n_ref,))
    return (y[j], x[i]) if swap else (x[i], y[j])


def resample_joined(x, y, n_ref):
    return torch.cat(drawn(x, y, n_ref), 1)


def resample_seeded(x, y, n_ref):
    torch.manual_seed(0)
    return drawn(x, y, n_ref)


def resample_twice(x, y, n_ref):
    torch.manual_seed(1)
    i = torch.randint(len(x), (n_ref,))
    torch.manual_seed(1)
    return x[i], y[torch.randint(len(y), (n_ref,))]


def resample_noise(x, y, n_ref):
    return (
        x.mean(0) + x.std(0) * torch.randn(n_ref, x.shape[1]),
        y.mean(0) + y.std(0) * torch.randn(n_ref, y.shape[1]),
    )


def resample_choice(x, y, n_ref):
    rng = np.random.default_rng()
    return rng.choice(x, n_ref), rng.choice(y, n_ref)


RESAMPLE = {
    "the same index for both": resample_alike,
    "y not drawn, its first rows": resample_only_x,
    "without replacement": resample_permuted,
    "each coordinate drawn by itself": resample_coordinates,
    "flattened": resample_flat,
    "x and y exchanged": lambda x, y, n: drawn(x, y, n, swap=True),
    "the last row never": lambda x, y, n: drawn(x, y, n, high=-1),
    "the first row never": lambda x, y, n: drawn(x, y, n, low=1),
    "one past the end": lambda x, y, n: drawn(x, y, n, high=1),
    "joined in one tensor": resample_joined,
    "seeded inside": resample_seeded,
    "the same seed for both": resample_twice,
    "a Gaussian of the same mean and spread": resample_noise,
    "NumPy arrays": resample_choice,
    "n instead of n_ref": lambda x, y, n: drawn(x, y, len(x)),
    "the indices": lambda x, y, n: (torch.randint(len(x), (n,)), torch.randint(len(y), (n,))),
}


def mine(t, r, m, beta, old=False, swap=False, detach=True, log=False, sign=1, plus=1, before=False, add=torch.mean):
    e = r.exp().mean()
    new = beta * e + (1 - beta) * m if swap else (1 - beta) * e + beta * m
    if detach:
        new = new.detach()
    by = m if old else new
    second = add(r.exp()) / by
    if log:
        second = second.log()
    return sign * (-t.mean() + plus * second), new


LOSS = {
    "divided by the old average": lambda t, r, m, b: mine(t, r, m, b, old=True),
    "beta and 1 - beta exchanged": lambda t, r, m, b: mine(t, r, m, b, swap=True),
    "m not detached": lambda t, r, m, b: mine(t, r, m, b, detach=False),
    "logarithm of the quotient": lambda t, r, m, b: mine(t, r, m, b, log=True),
    "sign turned": lambda t, r, m, b: mine(t, r, m, b, sign=-1),
    "minus the second term": lambda t, r, m, b: mine(t, r, m, b, plus=-1),
    "sum of the exponentials": lambda t, r, m, b: mine(t, r, m, b, add=torch.sum),
    "new m before the loss": lambda t, r, m, b: mine(t, r, m, b)[::-1],
    "only the loss": lambda t, r, m, b: mine(t, r, m, b)[0],
    "the old m returned": lambda t, r, m, b: (mine(t, r, m, b)[0], m),
    "the loss is a float": lambda t, r, m, b: (mine(t, r, m, b)[0].item(), mine(t, r, m, b)[1]),
    "the exponential forgotten": lambda t, r, m, b: (
        -t.mean() + r.mean() / ((1 - b) * r.mean() + b * m).detach(),
        ((1 - b) * r.mean() + b * m).detach(),
    ),
    "plain Donsker-Varadhan": lambda t, r, m, b: (
        -t.mean() + r.exp().mean().log(),
        ((1 - b) * r.exp().mean() + b * m).detach(),
    ),
    "exponential of the mean": lambda t, r, m, b: (
        -t.mean() + r.mean().exp() / ((1 - b) * r.mean().exp() + b * m).detach(),
        ((1 - b) * r.mean().exp() + b * m).detach(),
    ),
    "t and t_ref exchanged": lambda t, r, m, b: mine(r, t, m, b),
    "everything detached": lambda t, r, m, b: mine(t.detach(), r.detach(), m, b),
}


def log_ratio(x, y, rho=0.9, factor=1.0, plus=0.0, cross=1.0):
    x, y = x.reshape(len(x), -1)[:, 0], y.reshape(len(y), -1)[:, 0]
    square = rho**2 * (x**2 + y**2) - cross * 2 * rho * x * y
    return factor * (-0.5 * math.log(1 - rho**2) - square / (2 * (1 - rho**2))) + plus


REACH = {
    "always zero": lambda x, y: torch.zeros(len(x)),
    "scores (n, 1)": lambda x, y: log_ratio(x, y)[:, None],
    "the product xy": lambda x, y: (x * y).reshape(-1),
    "minus the log ratio": lambda x, y: -log_ratio(x, y),
    "the ratio, not its logarithm": lambda x, y: log_ratio(x, y).exp().clamp(max=50),
    "half the log ratio": lambda x, y: log_ratio(x, y, factor=0.5),
    "twice the log ratio": lambda x, y: log_ratio(x, y, factor=2),
    "a wrong correlation, 0.5": lambda x, y: log_ratio(x, y, rho=0.5),
    "a correlation of -0.9": lambda x, y: log_ratio(x, y, rho=-0.9),
    "one number": lambda x, y: log_ratio(x, y).mean(),
    "a NumPy array": lambda x, y: log_ratio(x, y).numpy(),
    "random scores": lambda x, y: torch.randn(len(x)),
    "depends on x alone": lambda x, y: (x**2).reshape(-1) / 4,
    "only one argument": lambda xy: xy.sum(1),
    "the truth itself": 0.830,
    "all pairs": lambda x, y: x.reshape(-1, 1) * y.reshape(1, -1),
}

TRUTH = {
    "sign": 0.5 * math.log(1 - 0.81),
    "in bits": -0.5 * math.log2(1 - 0.81),
    "without the half": -math.log(1 - 0.81),
    "rho not squared": -0.5 * math.log(1 - 0.9),
    "base 10": -0.5 * math.log10(1 - 0.81),
    "1 + rho^2": 0.5 * math.log(1 + 0.81),
    "rho": 0.9,
    "rho squared": 0.81,
    "the logarithm forgotten": 0.5 * (1 - 0.81),
    "entropy of X": 0.5 * math.log(2 * math.pi * math.e),
    "rho^4": -0.5 * math.log(1 - 0.9**4),
    "a quarter": -0.25 * math.log(1 - 0.81),
    "inverse": 1 / (1 - 0.81),
    "log of rho": -math.log(0.9),
    "text": "0.83 nats or so",
    "a function": lambda rho: -0.5 * math.log(1 - rho**2),
}

# ch. 8


def dv(pair):
    t, r = pair
    return t.mean() - (torch.logsumexp(r, 0) - math.log(len(r)))


def nwj(pair):
    t, r = pair
    return t.mean() - r.exp().mean() + 1


def unnormalised(pair):
    t, r = pair
    return t.mean() - torch.logsumexp(r, 0)


def mean_log(pair):
    return pair[0].mean() - pair[1].mean()


THREE = {
    "the estimate, joint minus both": lambda j, a, b: dv(j) - dv(a) - dv(b),
    "minus the estimate": lambda j, a, b: -(dv(j) - dv(a) - dv(b)),
    "the sum, sign turned": lambda j, a, b: dv(j) + dv(a) + dv(b),
    "the joint critic only": lambda j, a, b: -dv(j),
    "the second marginal forgotten": lambda j, a, b: -dv(j) - dv(a),
    "a marginal twice": lambda j, a, b: -dv(j) - 2 * dv(a),
    "mean of the three": lambda j, a, b: -(dv(j) + dv(a) + dv(b)) / 3,
    "not divided by n'": lambda j, a, b: -(unnormalised(j) + unnormalised(a) + unnormalised(b)),
    "NWJ instead of DV": lambda j, a, b: -(nwj(j) + nwj(a) + nwj(b)),
    "without the exponential": lambda j, a, b: -(mean_log(j) + mean_log(a) + mean_log(b)),
    "data and reference exchanged": lambda j, a, b: -(dv(j[::-1]) + dv(a[::-1]) + dv(b[::-1])),
    "three losses": lambda j, a, b: (-dv(j), -dv(a), -dv(b)),
    "a float": lambda j, a, b: float(-(dv(j) + dv(a) + dv(b))),
    "naive exponential": lambda j, a, b: -sum(t.mean() - torch.log(torch.exp(r).mean()) for t, r in (j, a, b)),
    "in NumPy": lambda j, a, b: -sum(np.mean(t) - np.log(np.mean(np.exp(r))) for t, r in (j, a, b)),
    "n of the joint batch for all": lambda j, a, b: (
        -sum(t.mean() - torch.logsumexp(r, 0) + math.log(len(j[0])) for t, r in (j, a, b))
    ),
}


def over(joint, r_x, r_y, xy=None, x=None, y=None):
    best = np.log(joint / np.outer(r_x, r_y))
    zeros = np.zeros(len(r_x)), np.zeros(len(r_y))
    return (
        best if xy is None else xy(joint, r_x, r_y),
        zeros[0] if x is None else x(joint.sum(1), r_x),
        zeros[1] if y is None else y(joint.sum(0), r_y),
    )


def log_ratio_of(p, r):
    return np.log(p / r)


OVERSHOOT = {
    "three best critics": lambda j, a, b: over(j, a, b, x=log_ratio_of, y=log_ratio_of),
    "one marginal left at its best": lambda j, a, b: over(j, a, b, x=log_ratio_of),
    "the ratio, not its logarithm": lambda j, a, b: over(j, a, b, xy=lambda p, r, s: p / np.outer(r, s)),
    "marginals of the joint for the reference": lambda j, a, b: over(
        j, a, b, xy=lambda p, r, s: np.log(p / np.outer(p.sum(1), p.sum(0)))
    ),
    "sign of the joint critic": lambda j, a, b: over(j, a, b, xy=lambda p, r, s: -np.log(p / np.outer(r, s))),
    "all zeros": lambda j, a, b: (np.zeros_like(j), np.zeros_like(a), np.zeros_like(b)),
    "joint critic last": lambda j, a, b: over(j, a, b)[::-1],
    "marginal critics exchanged": lambda j, a, b: (over(j, a, b)[0], np.zeros(len(b)), np.zeros(len(a))),
    "joint critic transposed": lambda j, a, b: (over(j, a, b)[0].T, np.zeros(len(a)), np.zeros(len(b))),
    "minus infinity for the marginals": lambda j, a, b: over(
        j, a, b, x=lambda p, r: np.full(len(r), -np.inf), y=lambda p, r: np.full(len(r), -np.inf)
    ),
    "scalars for the constant critics": lambda j, a, b: (over(j, a, b)[0], 0.0, 0.0),
    "constant 1000 for the joint": lambda j, a, b: over(j, a, b, xy=lambda p, r, s: np.full(p.shape, 1000.0)),
    "only the joint critic": lambda j, a, b: over(j, a, b)[0],
    "log of the joint": lambda j, a, b: over(j, a, b, xy=lambda p, r, s: np.log(p)),
    "the estimate, a number": lambda j, a, b: float((j * over(j, a, b)[0]).sum()),
    "half the best joint critic": lambda j, a, b: over(j, a, b, xy=lambda p, r, s: 0.5 * np.log(p / np.outer(r, s))),
}

MISTAKES = {
    "dv-tilt": TILT,
    "critic-descend": DESCEND,
    "fdiv-conjugate": CONJUGATE,
    "mine-resample": RESAMPLE,
    "mine-loss": LOSS,
    "mine-reach": REACH,
    "mine-truth": TRUTH,
    "minee-loss": THREE,
    "minee-overshoot": OVERSHOOT,
}
