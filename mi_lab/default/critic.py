r"""A critic that learns only what the base leaves, cross-fitted: every sample is held out once.

The critic's scores are :math:`t(x, y) = g(x, y) + f(x, y)`: g is the Gaussian copula's log-ratio, f a separable
network that starts near 0.  It is trained on all pairs of a batch in both directions (InfoNCE; oord2018), and held out

.. math:: \hat I = I_G + \mathrm E_P f - \tfrac12 \Big( \mathrm E_x \log \mathrm E_{y'} e^{t(x, y')}
          + \mathrm E_y \log \mathrm E_{x'} e^{t(x', y)} \Big)

since the mean of g over the joint law is the closed form :math:`I_G` whatever that law is: its second moments are
those of g.  So a law with a Gaussian copula costs no accuracy, and of all others only the rest must be learned.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from mi_lab.default.base import Base, adjusted

HIDDEN, EMBED, LAYERS = 64, 32, 2
BATCH, RATE, KEEP = 256, 3e-3, 0.98  # pairs a step, Adam's rate, memory of the averaged weights
LOOK, EVERY = 1000, 20  # held-out samples of a look at the curve, steps between two looks
ROWS = 5000  # held-out samples of a fold that the final value takes pairs of
STRONG = 0.99999  # the largest canonical correlation of a base


@dataclass
class Fitted:
    """What cross-fitting gives: terms of every held-out sample, and the same on the samples trained on.

    `rest` (n,) holds f minus the log-normalisers, so that :math:`I = I_G +` its mean; `terms` (n,) the whole
    log-ratios; `trained` is the mean of `rest` on training samples; `folds` its mean fold by fold; `curve` the looks;
    `references` the effective number of references behind the log-normalisers.
    """

    rest: np.ndarray
    terms: np.ndarray
    folds: np.ndarray
    trained: float
    references: float
    steps: int
    chosen: list[int] = field(default_factory=list)
    curve: np.ndarray | None = None


class Networks:
    """One pair of networks a fold, trained together; their weights are one flat tensor."""

    def __init__(self, folds: int, d_x: int, d_y: int, hidden: int, generator: torch.Generator):
        shapes, start = [], []
        for d in (d_x, d_y):
            sizes = [d, *[hidden] * LAYERS, EMBED]
            for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
                shapes += [(folds, a, b), (folds, 1, b)]
                scale = (0.5 if i == LAYERS else 1.0) / math.sqrt(a)
                start += [torch.randn(folds, a, b, generator=generator) * scale, torch.zeros(folds, 1, b)]
        self.shapes = shapes
        self.flat = torch.cat([p.reshape(-1) for p in start])

    def views(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the weights of x's and of y's network as views of a flat tensor."""
        parts = flat.split([math.prod(s) for s in self.shapes])
        parts = [p.view(s) for p, s in zip(parts, self.shapes, strict=True)]
        return parts[: len(parts) // 2], parts[len(parts) // 2 :]


def apply(weights: list[Tensor], h: Tensor) -> Tensor:
    """Return the features (folds, n, EMBED) of samples (folds, n, d)."""
    for i in range(0, len(weights), 2):
        h = torch.baddbmm(weights[i + 1], h, weights[i])
        if i + 2 < len(weights):
            h = torch.nn.functional.silu(h)
    return h / EMBED**0.25


class BasePairs:
    """The Gaussian log-ratios of every fold, from its training part: a product of factors and two sums of squares."""

    def __init__(self, base: Base, train: list[np.ndarray]):
        d_x, d_y = base.u.shape[1], base.v.shape[1]
        parts = []
        for rows in train:
            left, rho, right = np.linalg.svd(base.u[rows].T @ base.v[rows] / len(rows), full_matrices=False)
            rho = adjusted(np.minimum(rho, STRONG), len(rows), d_x, d_y)
            parts.append((left, right.T, rho))
        stack = lambda i, f: torch.from_numpy(np.stack([p[i] * f(p[2]) for p in parts])).float()  # noqa: E731
        cross, square = lambda r: np.sqrt(r / (1 - r**2)), lambda r: np.sqrt(0.5 * r**2 / (1 - r**2))
        self.x, self.y, self.xx, self.yy = stack(0, cross), stack(1, cross), stack(0, square), stack(1, square)
        self.constant = torch.tensor([-0.5 * np.log1p(-(p[2] ** 2)).sum() for p in parts]).float()

    def sides(self, u: Tensor, v: Tensor, fold=slice(None)):
        """Return factors and sums of squares of samples (folds, n, d)."""
        return (
            u @ self.x[fold],
            v @ self.y[fold],
            (u @ self.xx[fold]).square().sum(-1) - self.constant[fold, None],
            (v @ self.yy[fold]).square().sum(-1),
        )


def scores(sides, hx: Tensor, hy: Tensor) -> Tensor:
    """Return t for all pairs (folds, n, n)."""
    px, py, qx, qy = sides
    t = torch.cat([px, hx], -1) @ torch.cat([py, hy], -1).transpose(-1, -2)
    return t - qx.unsqueeze(-1) - qy.unsqueeze(-2)


def fit(
    base: Base,
    folds: int = 2,
    seed: int = 0,
    steps: int = 800,
    patience: int = 8,
    hidden: int = HIDDEN,
    until: float = math.inf,
    told: Callable | None = None,
) -> Fitted:
    """Train one critic a fold on the other folds and evaluate each on its own.

    Parameters
    ----------
    base : Base
    folds : int
    seed : int
    steps, patience : int
        At most so many steps, and so many looks without improvement.
    hidden : int
        Width of the networks.
    until : float
        `time.monotonic()` at which training ends.
    told : callable, optional
        Gets the share of the steps that are done, at every look.

    Which look a fold's critic is taken from, the curves of the *other* folds say.
    """
    u, v = (torch.from_numpy(z).float() for z in (base.u, base.v))
    n = len(u)
    order = np.random.default_rng(seed).permutation(n)
    size = n // folds
    test = [order[k * size : (k + 1) * size] for k in range(folds)]
    train = [np.concatenate([order[: k * size], order[(k + 1) * size : folds * size]]) for k in range(folds)]
    pairs = BasePairs(base, train)
    generator = torch.Generator().manual_seed(seed)
    nets = Networks(folds, u.shape[1], v.shape[1], hidden, generator)
    rows = torch.from_numpy(np.stack([t[:LOOK] for t in test]))
    look = u[rows], v[rows], pairs.sides(u[rows], v[rows])
    silent = torch.zeros_like(nets.flat)
    curve, saved = [value(look, nets, silent)], [silent]
    taken = Adam(nets.flat)
    batches = Batches(train, min(BATCH, max(8, len(train[0]) // 2)), generator)
    best, waited = -math.inf, 0
    for step in range(1, steps + 1):
        index = batches.next()
        a, b = u[index], v[index]
        flat = taken.flat.requires_grad_()
        wx, wy = nets.views(flat)
        hx, hy = apply(wx, a), apply(wy, b)
        t = scores(pairs.sides(a, b), hx, hy)
        (gradient,) = torch.autograd.grad(t, flat, slope(t.detach()))
        taken.step(gradient)
        if step % EVERY == 0:
            curve.append(value(look, nets, taken.average))
            saved.append(taken.average.clone())
            mean = float(curve[-1].mean())
            best, waited = (mean, 0) if mean > best + 1e-4 else (best, waited + 1)
            if told is not None:
                told(step / steps)
            if waited >= patience or time.monotonic() > until:
                break
    return _evaluated(u, v, nets, pairs, np.stack(curve), saved, test, train, step)


def value(look, nets: Networks, flat: Tensor) -> np.ndarray:
    """Return every fold's value on the samples of a look, in nats."""
    u, v, sides = look
    with torch.no_grad():
        wx, wy = nets.views(flat)
        t = scores(sides, apply(wx, u), apply(wy, v))
        own = torch.diagonal(t, dim1=1, dim2=2).mean(1)
        t.diagonal(dim1=1, dim2=2).fill_(-math.inf)
        both = t.logsumexp(1).mean(1) + t.logsumexp(2).mean(1)
    return (own - 0.5 * both).numpy() + math.log(t.shape[1] - 1)


def slope(t: Tensor) -> Tensor:
    """Return the slope of minus the InfoNCE of rows and of columns, with respect to all scores (folds, n, n)."""
    by_row = torch.softmax(t, 2)
    by_column = torch.softmax(t, 1)
    out = by_row.add_(by_column).mul_(0.5 / t.shape[1])
    out.diagonal(dim1=1, dim2=2).sub_(1 / t.shape[1])
    return out


class Adam:
    """Adam on one flat tensor, and the running mean of the weights."""

    def __init__(self, flat: Tensor):
        self.flat, self.average = flat, flat.clone()
        self.first, self.second, self.steps = torch.zeros_like(flat), torch.zeros_like(flat), 0

    def step(self, gradient: Tensor) -> None:
        """Take one step down."""
        self.steps += 1
        self.first.lerp_(gradient, 0.1)
        self.second.mul_(0.99).addcmul_(gradient, gradient, value=0.01)
        rate = RATE / (1 - 0.9**self.steps)
        self.flat = self.flat.detach()
        self.flat.addcdiv_(self.first, (self.second / (1 - 0.99**self.steps)).sqrt_().add_(1e-8), value=-rate)
        keep = min(KEEP, self.steps / (self.steps + 9))
        self.average.lerp_(self.flat, 1 - keep)


class Batches:
    """Batches of training rows of every fold, without replacement."""

    def __init__(self, train: list[np.ndarray], size: int, generator: torch.Generator):
        self.train, self.size, self.generator = torch.from_numpy(np.stack(train)), size, generator
        self.place, self.order = math.inf, None

    def next(self) -> Tensor:
        """Return rows (folds, size)."""
        n = self.train.shape[1]
        if self.place + self.size > n:
            mixed = [rows[torch.randperm(n, generator=self.generator)] for rows in self.train]
            self.order, self.place = torch.stack(mixed), 0
        self.place += self.size
        return self.order[:, self.place - self.size : self.place]


def _evaluated(u, v, nets, pairs, curve, saved, test, train, steps) -> Fitted:
    rest, terms = np.full(len(u), np.nan), np.full(len(u), np.nan)
    trained, references, means, chosen = [], [], [], []
    for k in range(len(test)):
        others = np.delete(curve, k, 1).mean(1)
        chosen.append(int(others.argmax()))
        weights = [[w[k : k + 1] for w in side] for side in nets.views(saved[chosen[-1]])]
        held = test[k][:ROWS]
        rest[held], terms[held], effective = _pointwise(u, v, weights, pairs, k, held)
        references.append(effective)
        means.append(rest[held].mean())
        trained.append(_pointwise(u, v, weights, pairs, k, train[k][: min(LOOK * 2, ROWS)])[0].mean())
    kept = np.isfinite(rest)
    return Fitted(
        rest[kept], terms[kept], np.array(means), float(np.mean(trained)), float(np.mean(references)), steps, chosen,
        curve,
    )  # fmt: skip


def _pointwise(u, v, weights, pairs, k, rows):
    rows = torch.from_numpy(rows)
    with torch.no_grad():
        a, b = u[rows][None], v[rows][None]
        hx, hy = apply(weights[0], a)[0], apply(weights[1], b)[0]
        px, py, qx, qy = (s[0] for s in pairs.sides(a, b, slice(k, k + 1)))
        left, right = torch.cat([px, hx], 1), torch.cat([py, hy], 1)
        f = (hx * hy).sum(1)
        t = (left * right).sum(1) - qx - qy
        by_x, number = log_means(left, right, qx, qy)
        by_y, other = log_means(right, left, qy, qx)
    normal = 0.5 * (by_x + by_y)
    return (f - normal).numpy(), (t - normal).numpy(), min(number, other)


def log_means(left: Tensor, right: Tensor, own: Tensor, other: Tensor, block: int = 512) -> tuple[Tensor, float]:
    r"""Return every row's :math:`\log \mathrm E\, e^{t}` over the other rows' partners, and how many count.

    The logarithm of a mean of N weights is too small by half their squared coefficient of variation over N, on
    average: that is put back, up to 1.
    """
    n = len(left)
    out, number = torch.empty(n), torch.empty(n)
    for start in range(0, n, block):
        t = left[start : start + block] @ right.T
        t -= own[start : start + block, None]
        t -= other
        t.diagonal(start).fill_(-math.inf)
        top = t.amax(1, keepdim=True)
        w = (t - top).exp_()
        total, squares = w.sum(1), w.square().sum(1)
        number[start : start + block] = total.square() / squares
        out[start : start + block] = top[:, 0] + total.log() - math.log(n - 1)
    out += (0.5 * (1 / number - 1 / (n - 1))).clamp(max=1.0)
    return out, float(number.median())
