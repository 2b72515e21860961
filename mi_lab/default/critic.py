r"""A critic that learns only what the base leaves, cross-fitted: every sample is held out once.

The critic's scores are :math:`t(x, y) = g(x, y) + f(x, y)`: g is the Gaussian copula's log-ratio, f a separable
network that starts near 0.  It is trained on all pairs of a batch in both directions (InfoNCE;
oord2018representation), and held out

.. math:: \hat I = I_G + \mathrm E_P f - \tfrac12 \Big( \mathrm E_x \log \mathrm E_{y'} e^{t(x, y')}
          + \mathrm E_y \log \mathrm E_{x'} e^{t(x', y)} \Big)

since the mean of g over the joint law is the closed form :math:`I_G` whatever that law is: its second moments are
those of g.  So a law with a Gaussian copula costs no accuracy, and of all others only the rest must be learned.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from mi_lab.default.base import Base, constant

HIDDEN, EMBED, LAYERS = 64, 32, 2
BATCH, RATE, KEEP = 256, 3e-3, 0.98  # pairs a step, Adam's rate, memory of the averaged weights
LOOK, EVERY = 1000, 20  # held-out samples of a look at the curve, steps between two looks
ROWS = 5000  # held-out samples of a fold that the final value takes pairs of
WORTH = 0.002  # nats that a critic has to gain, times 1 + what the base holds
SPARSE = 400.0  # effective references below which their shortfall is looked at
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
    stopped: bool = False
    unfinished: bool = False
    chosen: list[int] = field(default_factory=list)
    curve: np.ndarray | None = None

    @property
    def gap(self) -> float:
        """Return what the critics gain on samples they saw over samples they didn't."""
        return self.trained - float(self.rest.mean())


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
    """The base's log-ratios of all pairs: what each sample brings, and what pairs make of it."""

    def __init__(self, base: Base):
        r, self.nu = len(base.rho), base.nu
        self.d_x, self.d_y = base.u.shape[1], base.v.shape[1]
        rho = np.minimum(base.rho, STRONG)
        cross, square = np.sqrt(rho / (1 - rho**2)), 0.5 * rho**2 / (1 - rho**2)
        det = -0.5 * np.log1p(-(rho**2)).sum()
        made = [base.u[:, :r] * cross, base.v[:, :r] * cross]
        own = [(z[:, :r] ** 2 * square).sum(1) for z in (base.u, base.v)]
        if math.isfinite(self.nu):
            squares = [(z**2).sum(1) for z in (base.u, base.v)]
            power = lambda s, d: 0.5 * (self.nu + d) * np.log1p(s / self.nu)  # noqa: E731
            alone = [power(squares[0], self.d_x), power(squares[1], self.d_y)]
            own = [squares[0] + 2 * own[0], squares[1] + 2 * own[1]]
            det += constant(self.nu, self.d_x, self.d_y)
        else:
            alone = [np.zeros(len(base.u))] * 2
        self.made, self.own, self.alone = ([torch.from_numpy(z).float() for z in part] for part in (made, own, alone))
        self.alone[0] = self.alone[0] + float(det)

    def sides(self, rows: Tensor) -> tuple:
        """Return factors, own sums and rest of x and of y for rows (…,)."""
        return tuple(part[side][rows] for side in (0, 1) for part in (self.made, self.own, self.alone))

    def join(self, sides: tuple, hx: Tensor, hy: Tensor) -> Tensor:
        """Return t = g + f for all pairs (…, n, n)."""
        px, qx, ax, py, qy, ay = sides
        if not math.isfinite(self.nu):
            t = torch.cat([px, hx], -1) @ torch.cat([py, hy], -1).transpose(-1, -2)
            return t - (qx - ax).unsqueeze(-1) - (qy - ay).unsqueeze(-2)
        with torch.no_grad():
            delta = qx.unsqueeze(-1) + qy.unsqueeze(-2) - 2 * (px @ py.transpose(-1, -2))
            g = -0.5 * (self.nu + self.d_x + self.d_y) * torch.log1p(delta.clamp_(min=0).div_(self.nu))
            g += ax.unsqueeze(-1) + ay.unsqueeze(-2)
        return hx @ hy.transpose(-1, -2) + g


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
    u, v = (torch.from_numpy(z).float() for z in base.seen)
    n = len(u)
    order = np.random.default_rng(seed).permutation(n)
    size = n // folds
    test = [order[k * size : (k + 1) * size] for k in range(folds)]
    train = [np.concatenate([order[: k * size], order[(k + 1) * size : folds * size]]) for k in range(folds)]
    pairs = BasePairs(base)
    generator = torch.Generator().manual_seed(seed)
    nets = Networks(folds, u.shape[1], v.shape[1], hidden, generator)
    rows = torch.from_numpy(np.stack([t[:LOOK] for t in test]))
    look = u[rows], v[rows], pairs, pairs.sides(rows)
    silent = torch.zeros_like(nets.flat)
    curve, saved = [value(look, nets, silent)], [silent]
    taken = Adam(nets.flat)
    batches = Batches(train, min(BATCH, max(8, len(train[0]) // 2)), generator)
    best, waited, stopped = -math.inf, 0, False
    for step in range(1, steps + 1):
        try:
            _step(batches, nets, taken, pairs, u, v)
        except KeyboardInterrupt:
            stopped = True
            break
        if step % EVERY == 0:
            curve.append(value(look, nets, taken.average))
            saved.append(taken.average.clone())
            mean = float(curve[-1].mean())
            best, waited = (mean, 0) if mean > best + 1e-4 else (best, waited + 1)
            if told is not None:
                told(step / steps)
            if waited >= patience or time.monotonic() > until:
                break
    return _evaluated(base, u, v, nets, pairs, np.stack(curve), saved, test, train, (step, stopped, steps))


def _step(batches: "Batches", nets: Networks, taken: "Adam", pairs: BasePairs, u: Tensor, v: Tensor) -> None:
    """Take one step of every fold."""
    index = batches.next()
    a, b = u[index], v[index]
    flat = taken.flat.requires_grad_()
    wx, wy = nets.views(flat)
    hx, hy = apply(wx, a), apply(wy, b)
    t = pairs.join(pairs.sides(index), hx, hy)
    (gradient,) = torch.autograd.grad(t, flat, slope(t.detach()))
    taken.step(gradient)


def value(look, nets: Networks, flat: Tensor) -> np.ndarray:
    """Return every fold's value on the samples of a look, in nats."""
    u, v, pairs, sides = look
    with torch.no_grad():
        wx, wy = nets.views(flat)
        t = pairs.join(sides, apply(wx, u), apply(wy, v))
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


def _evaluated(base, u, v, nets, pairs, curve, saved, test, train, way) -> Fitted:
    rest = np.full(len(u), np.nan)
    trained, references, means, chosen = [], [], [], []
    for k in range(len(test)):
        gained = np.delete(curve, k, 1).mean(1) - np.delete(curve[0], k).mean()
        chosen.append(int(gained.argmax()) if gained.max() > WORTH * (1 + base.value) else 0)
        weights = [[w[k : k + 1] for w in side] for side in nets.views(saved[chosen[-1]])]
        held = test[k][:ROWS]
        rest[held], effective = _pointwise(u, v, weights, pairs, held)
        references.append(effective)
        means.append(rest[held].mean())
        trained.append(_pointwise(u, v, weights, pairs, train[k][: 2 * LOOK])[0].mean())
    kept = np.isfinite(rest)
    short = _shortfall(pairs, base, len(test[0][:ROWS])) if np.mean(references) < SPARSE else 0.0
    rest, means, trained = rest[kept] - short, np.array(means) - short, np.mean(trained) - short
    step, stopped, steps = way
    return Fitted(
        rest, base.terms[kept] + rest, means, float(trained), float(np.mean(references)), step, stopped,
        step >= steps and max(chosen) >= len(curve) - 2, chosen, curve,
    )  # fmt: skip


def _shortfall(pairs: BasePairs, base: Base, n: int) -> float:
    """Return what n references make of log-normalisers that are 0: those of the base on samples of its own law."""
    rng = np.random.default_rng(8)
    d_x, d_y, r = base.u.shape[1], base.v.shape[1], len(base.rho)
    u, v = rng.standard_normal((n, d_x)), rng.standard_normal((n, d_y))
    v[:, :r] = base.rho * u[:, :r] + np.sqrt(1 - base.rho**2) * v[:, :r]
    if math.isfinite(base.nu):
        tail = np.sqrt(base.nu / rng.chisquare(base.nu, (n, 1)))
        u, v = u * tail, v * tail
    drawn = BasePairs(replace(base, u=u, v=v))
    sides, none = drawn.sides(torch.arange(n)), torch.zeros(n, 1)
    with torch.no_grad():
        by_x = log_means(drawn, sides, none, none)[0].mean()
        by_y = log_means(drawn, sides[3:] + sides[:3], none, none)[0].mean()
    return -0.5 * float(by_x + by_y)


def _pointwise(u, v, weights, pairs, rows) -> tuple[np.ndarray, float]:
    """Return f less the log-normalisers of rows, and the effective number of references behind these."""
    rows = torch.from_numpy(rows)
    with torch.no_grad():
        hx, hy = apply(weights[0], u[rows][None])[0], apply(weights[1], v[rows][None])[0]
        sides = pairs.sides(rows)
        by_x, number = log_means(pairs, sides, hx, hy)
        by_y, other = log_means(pairs, sides[3:] + sides[:3], hy, hx)
    return ((hx * hy).sum(1) - 0.5 * (by_x + by_y)).numpy(), min(number, other)


def log_means(pairs: BasePairs, sides: tuple, hx: Tensor, hy: Tensor, block: int = 512) -> tuple[Tensor, float]:
    r"""Return every row's :math:`\log \mathrm E\, e^{t}` over the other rows' partners, and how many count.

    The logarithm of a mean of N weights is too small by half their squared coefficient of variation over N, on
    average: that is put back.
    """
    n = len(hx)
    out, number = torch.empty(n), torch.empty(n)
    for start in range(0, n, block):
        end = start + block
        t = pairs.join(tuple(s[start:end] for s in sides[:3]) + sides[3:], hx[start:end], hy)
        t.diagonal(start).fill_(-math.inf)
        top = t.amax(1, keepdim=True)
        w = (t - top).exp_()
        total = w.sum(1)
        number[start:end] = total.square() / w.square().sum(1)
        out[start:end] = top[:, 0] + total.log() - math.log(n - 1)
    out += 0.5 * (1 / number - 1 / (n - 1))
    return out, float(number.median())
