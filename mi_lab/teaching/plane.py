r"""The information plane of chapter 17: every word of twelve bits, small nets trained together, and what is measured.

A layer T of a net without noise is a function of X.  So I(X;T) = H(T), and with the 4,096 words equally likely it is
log 4096 wherever no two words meet in one value of T: what is plotted instead is a statement about the bins
(prop-plane-bins).  With noise of a known width it is finite, and can be had from the law of the mixture
(eq-plane-noisy).
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mi_lab.streams import stream

SIZES = (12, 10, 7, 5, 4, 3, 2)
THRESHOLD = 18  # of the rule
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}


def words() -> tuple[Tensor, Tensor]:
    """Return all 4,096 words of twelve signs, (4096, 12), and their labels (4096,).

    The rule: weigh the signs by 1, 2, …, 12 and add; the label is 1 where the sum is at least 18 away from zero.
    """
    bits = (torch.arange(4096)[:, None] >> torch.arange(12)) & 1
    x = 2.0 * bits - 1
    return x, ((x @ torch.arange(1.0, 13)).abs() >= THRESHOLD).long()


class Nets:
    """Nets of one shape and one activation, trained together: each member's weights are one slice of a tensor.

    Parameters
    ----------
    seeds : sequence of int
        One a member: its weights and its batches.
    activation : {"tanh", "relu"}
    sizes : sequence of int
        Units of the layers, the input first.
    noise : dict
        Hidden layer (1 is the first) → standard deviation of the Gaussian noise that is added to its output.
    lr : float
        Adam's.
    """

    def __init__(self, seeds: Sequence[int], activation: str = "tanh", *, sizes: Sequence[int] = SIZES,
                 noise: dict[int, float] | None = None, lr: float = 2e-3):  # fmt: skip
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}, wanted one of: {', '.join(ACTIVATIONS)}.")
        self.activation, self.noise = ACTIVATIONS[activation], noise or {}
        self.generators = [stream(seed, "plane") for seed in seeds]
        gain = 1.0 if activation == "tanh" else math.sqrt(2)
        self.weights = []
        for a, b in zip(sizes[:-1], sizes[1:], strict=True):
            drawn = [torch.randn(a, b, generator=g) * gain / math.sqrt(a) for g in self.generators]
            self.weights.append([torch.stack(drawn).requires_grad_(), torch.zeros(len(seeds), 1, b).requires_grad_()])
        self.optimiser = torch.optim.Adam([p for pair in self.weights for p in pair], lr=lr)
        self.disturbing = torch.Generator().manual_seed(sum(seeds))

    def layers(self, x: Tensor, noisy: bool = False) -> list[Tensor]:
        """Return the output of every layer, (members, n, units); the last are logits.  x is (n, d) or (members, n, d).

        With `noisy` the noise of the layers is added, too.
        """
        h, found = x.expand(len(self.generators), -1, -1), []
        for k, (w, b) in enumerate(self.weights, 1):
            h = torch.baddbmm(b, h, w)
            if k < len(self.weights):
                h = self.activation(h)
                if noisy and k in self.noise:
                    h = h + self.noise[k] * torch.randn(h.shape, generator=self.disturbing)
            found.append(h)
        return found

    def epoch(self, x: Tensor, y: Tensor, batch: int = 256) -> None:
        """Take every member once through the samples, in an order of its own."""
        orders = torch.stack([torch.randperm(len(x), generator=g) for g in self.generators])  # (members, n)
        for rows in orders.split(batch, dim=1):
            logits = self.layers(x[rows], noisy=True)[-1]
            loss = F.cross_entropy(logits.flatten(0, 1), y[rows].flatten(), reduction="sum") / rows.shape[1]
            self.optimiser.zero_grad()
            loss.backward()  # a member's gradient is its own: the loss is the sum of theirs
            self.optimiser.step()

    @torch.no_grad()
    def errors(self, x: Tensor, y: Tensor) -> Tensor:
        """Return every member's share of wrong labels."""
        return (self.layers(x)[-1].argmax(-1) != y).float().mean(1)


_KEYS = np.random.default_rng(17).integers(-(2**62), 2**62, 64) * 2 + 1  # odd 64-bit numbers


def _entropies(codes: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return H(code) and I(code; Y), nats, of codes (n,) that stand for values of T, all samples equally likely."""

    def entropy(values):
        ends = np.flatnonzero(np.diff(np.sort(values), append=0, prepend=0) | _ends(len(values)))
        runs = np.diff(ends)
        return math.log(len(values)) - float((runs * np.log(runs)).sum()) / len(values)

    h_t, h_y = entropy(codes), entropy(y.astype(np.int64))
    with np.errstate(over="ignore"):
        return h_t, h_t + h_y - entropy(codes + y * _KEYS[-1])


def _ends(n: int) -> np.ndarray:
    mark = np.zeros(n + 1, dtype=np.int64)
    mark[[0, -1]] = 1
    return mark


def _joined(columns: np.ndarray) -> np.ndarray:
    """Return one number a row of whole numbers (n, d): rows that differ get different ones (but for 1 case in 10¹²)."""
    with np.errstate(over="ignore"):
        return (columns.astype(np.int64) * _KEYS[: columns.shape[1]]).sum(1)


def exact_information(t, y) -> tuple[float, float]:
    """Return I(X;T) = H(T) and I(T;Y), nats, where X runs over all words and T is a function of X: by equal values.

    t (n, d) is a layer's output for every word, y (n,) the labels 0 and 1.
    """
    t = np.ascontiguousarray(np.asarray(t) + 0.0)  # no negative zeros: equal numbers are equal bits
    return _entropies(_joined(t.view(f"i{t.itemsize}")), np.asarray(y))


def binned_information(t, y, bins: int, low: float = -1.0, high: float = 1.0) -> tuple[float, float]:
    """Return H(bin T), which is I(X; bin T), and I(bin T; Y), nats: each unit in `bins` equal bins from low to high."""
    t = np.asarray(t, dtype=float)
    cells = np.clip(np.floor((t - low) / (high - low) * bins), 0, bins - 1).astype(np.int64)
    return _entropies(_joined(cells), np.asarray(y))


@torch.no_grad()
def noisy_information(t: Tensor, y: Tensor, sigma: float, draws: int = 1, seed: int = 0) -> dict[str, float]:
    r"""Return I(X;T) and I(T;Y), nats, of T = f(X) + σε: the law of T is a mixture with a Gaussian for every word.

    .. math:: I(X;T) = \mathrm E\log\frac{q(T|X)}{q(T)}, \qquad q(t) = \frac1n\sum_x q(t|x)

    (eq-plane-noisy).  Only the outer expectation is by Monte Carlo: `draws` noises for every word of t (n, d).
    Returns "x", "y" and their standard errors "x error", "y error".
    """
    t = t.double()
    g = torch.Generator().manual_seed(seed)
    found = []
    counts = torch.bincount(y, minlength=2).double()
    for part in torch.arange(len(t)).repeat(draws).split(1024):
        noise = torch.randn(len(part), t.shape[1], generator=g, dtype=torch.float64)
        at = t[part] + sigma * noise
        score = -torch.cdist(at, t).square() / (2 * sigma**2)  # log q(t|x) but for a constant
        own = -noise.square().sum(1) / 2
        whole = torch.logsumexp(score, 1) - math.log(len(t))
        same = torch.where(y[part][:, None] == y, score, -torch.inf).logsumexp(1) - counts[y[part]].log()
        found.append(torch.stack([own - whole, same - whole]))
    values = torch.cat(found, 1)
    mean, error = values.mean(1), values.std(1) / math.sqrt(values.shape[1])
    return dict(zip(("x", "y", "x error", "y error"), [*mean.tolist(), *error.tolist()], strict=True))
