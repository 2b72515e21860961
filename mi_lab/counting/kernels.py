r"""Kernels: a smooth bump at every sample, and densities read off their sum.

The densities are needed at the samples themselves, where each sample's own bump makes them too high and chance makes
their logarithm too low; `BALANCE` weighs the own bump so that the two cancel (`prop-balance`).
"""

import math
from typing import Any

import torch
from torch import Tensor

from mi_lab.counting.batches import NORMALISERS, as_items, one_of, standardised
from mi_lab.counting.grids import FLOOR, Gridded

BALANCE = {"balanced": None, "resubstitution": 1.0, "leave-one-out": 0.0}  # weight of a sample's own bump
RULES = ("likelihood", "scott", "silverman")
STEP = 0.75  # between bandwidths tried one after the other
TOO_FINE = 4096  # grid points along an axis beyond which all pairs are summed instead
_HELD = 1 << 24  # distances held at once by the direct sum


def kde(
    x: Any,
    y: Any,
    bandwidth: str | float | tuple[float, float] = "likelihood",
    *,
    own: str = "balanced",
    direct: bool | None = None,
    normalize: str | None = None,
    clip: bool = False,
    batch: bool = False,
    pointwise: bool = False,
) -> Tensor:
    r"""Estimate the mutual information in nats with a product of Gaussian kernels.

    .. math:: \hat I = \frac1n \sum_i \log \frac{\hat p(x_i, y_i)}{\hat p(x_i)\, \hat p(y_i)}

    Equation ``eq-kde``; moon1995.  One bandwidth, in standard deviations, serves all three densities, so that the
    marginals are those of the joint density.  Not a bound.  Differentiable in x and y (a bandwidth chosen by likelihood
    is held fixed): exactly with ``direct=True``, otherwise up to the grid.

    Parameters
    ----------
    x, y : array-like
        Samples, batches or images: the table in `mi_lab.counting.batches`.
    bandwidth : {"likelihood", "scott", "silverman"}, float or (float, float)
        The one under which each sample is most likely given the others; n^(-1/(d+4)) or Silverman's multiple of it,
        times the standard deviations; or standard deviations of the kernel in the units of x and of y.
    own : {"balanced", "resubstitution", "leave-one-out"}
        How much of its own kernel a sample sees: 2^(-d/2-1), so that the leading bias by chance cancels; all; nothing.
    direct : bool, optional
        Sum over all pairs, cost n²; otherwise the samples go on a grid that is convolved, cost n.  Left out: the grid,
        unless there are more than two columns together.
    normalize, clip, batch, pointwise
        As for `ksg`.

    Returns
    -------
    Tensor, shape () or (B,) or (B, C); (…, n) if pointwise

    Raises
    ------
    ValueError
        Bad samples, a bandwidth that isn't above 0, or an option that doesn't exist.
    """
    one_of(own, "own", tuple(BALANCE))
    one_of(normalize, "normalize", (None, *NORMALISERS))
    items = as_items(x, y, batch)
    d = items.x.shape[2] + items.y.shape[2]
    if direct is None:
        direct = d > 2
    if not direct and d > 2:
        raise ValueError(f"x and y have {d} columns together, wanted 2 for the grid: take direct=True.")
    u, v = _in_bandwidths_of_one(items, bandwidth)
    ways = Direct(u, v) if direct else Gridded(u[..., 0], v[..., 0])
    if bandwidth == "likelihood":
        h = likeliest(ways, u, v)
    else:
        h = u.new_full((len(u),), _rule(bandwidth, items.n, d) if isinstance(bandwidth, str) else 1.0)
    if not direct and max(ways.size(i, float(b)) for i, b in enumerate(h)) > TOO_FINE:
        ways = Direct(u, v)
    weights = [2.0 ** (-dim / 2 - 1) if BALANCE[own] is None else BALANCE[own] for dim in (d, *_dims(items))]
    joint, across, down = ways.log_densities(h, weights)
    local = joint - across - down  # eq-kde
    local = torch.where(items.constant[:, None], torch.zeros_like(local), local)
    if pointwise:
        return items.finish(local, clip=False)
    value = local.mean(1)
    if normalize:
        from mi_lab.counting.binning import normalised

        value = normalised(value, items, normalize)
    return items.finish(value, clip)


def _dims(items) -> tuple[int, int]:
    return items.x.shape[2], items.y.shape[2]


def _rule(name: str, n: int, d: int) -> float:
    """Return Scott's or Silverman's bandwidth in standard deviations."""
    return n ** (-1 / (d + 4)) * ((4 / (d + 2)) ** (1 / (d + 4)) if name == "silverman" else 1.0)


def _in_bandwidths_of_one(items, bandwidth) -> tuple[Tensor, Tensor]:
    """Return x and y in standard deviations, or, where the user gave bandwidths, in those."""
    if isinstance(bandwidth, str):
        one_of(bandwidth, "bandwidth", RULES)
        return standardised(items.x), standardised(items.y)
    pair = tuple(bandwidth) if isinstance(bandwidth, (tuple, list)) else (bandwidth, bandwidth)
    try:
        hx, hy = (float(h) for h in pair)
    except (TypeError, ValueError):
        hx = hy = math.nan
    if not (0 < hx < math.inf and 0 < hy < math.inf):
        raise ValueError(
            f"bandwidth = {bandwidth!r}, wanted a finite number above 0, a pair of them, or one of {RULES}."
        )
    return tuple((v - v.mean(1, keepdim=True)) / h for v, h in ((items.x, hx), (items.y, hy)))


@torch.no_grad()
def likeliest(ways, u: Tensor, v: Tensor) -> Tensor:
    r"""Return, for every item, the bandwidth (A,) that makes each sample most likely given the others.

    .. math:: h = \arg\max_h \sum_i \log \hat p_{-i}(x_i, y_i)

    Steps of a quarter, up or down, from near where a Gaussian with the sample's largest correlation would have it,
    until the likelihood falls on both sides; then the top of the parabola through the best three.  One sample apart
    from all others would forbid every small h, so a density there counts as at least 10^-6 of the sample's own kernel.
    """
    n, d = u.shape[1], u.shape[2] + v.shape[2]
    correlation = ((u.mT @ v) / n).flatten(1).abs().amax(1).clamp(0, 0.9999)
    step = math.log(STEP)
    middle = math.log(1.3 * _rule("scott", n, d)) + 0.4 * torch.log1p(-(correlation.square()))  # log h, (A,)
    middle = middle.clamp_min(math.log(ways.finest))
    every = torch.ones_like(middle, dtype=torch.bool)
    wider, top, finer = (ways.likelihood((middle + i * step).exp(), every) for i in (-1, 0, 1))
    for _ in range(60):
        down = (finer > top) & (finer >= wider) & (middle + 2 * step > math.log(ways.finest))
        up = (wider > top) & (wider > finer) & (middle < math.log(4.0))
        if not (down | up).any():
            break
        middle = middle + step * (down.to(middle) - up.to(middle))
        at = torch.where(down, middle + step, middle - step)
        value = ways.likelihood(at.exp(), down | up)
        old = wider, top, finer
        moved_down, moved_up = (top, finer, value), (value, wider, top)
        wider, top, finer = (
            torch.where(down, a, torch.where(up, b, c)) for a, b, c in zip(moved_down, moved_up, old, strict=True)
        )
    bend = wider - 2 * top + finer
    shift = torch.where(bend < 0, (wider - finer) / (2 * bend.clamp_max(-1e-30)), torch.zeros_like(bend))
    return (middle + step * shift.clamp(-1, 1)).exp()


class Direct:
    """All pairs, in log space, in chunks of rows."""

    finest = 1e-3

    def __init__(self, u: Tensor, v: Tensor):
        self.u, self.v = u, v

    def likelihood(self, h: Tensor, active: Tensor) -> Tensor:
        """Return the mean leave-one-out log density of the pairs for bandwidths h, (A,)."""
        return self.log_densities(h, (0.0, 0.0, 0.0))[0].mean(1)

    def log_densities(self, h: Tensor, weights) -> tuple[Tensor, Tensor, Tensor]:
        """Return log p̂ of the pairs, of x and of y at the samples, each (A, n)."""
        n = self.u.shape[1]
        rows = max(1, _HELD // (n * len(self.u)))
        parts = [self._rows(slice(i, i + rows), h, weights) for i in range(0, n, rows)]
        return tuple(torch.cat(p, 1) for p in zip(*parts, strict=True))

    def _rows(self, rows: slice, h: Tensor, weights) -> list[Tensor]:
        n = self.u.shape[1]
        a, b = (self._squares(t, rows, h) for t in (self.u, self.v))
        every = torch.arange(n, device=a.device)
        diagonal = (every[rows, None] == every).to(a.dtype)
        dims = self.u.shape[2] + self.v.shape[2], self.u.shape[2], self.v.shape[2]
        out = []
        for power, weight, dim in zip((a + b, a, b), weights, dims, strict=True):
            own = math.log(weight) if weight > 0 else -1e30
            total = torch.logsumexp(power + own * diagonal, 2).clamp_min(math.log(FLOOR))  # own kernel: exp 0
            out.append(total - math.log(n - 1 + weight) - dim * (torch.log(h)[:, None] + 0.5 * math.log(2 * math.pi)))
        return out

    def _squares(self, t: Tensor, rows: slice, h: Tensor) -> Tensor:
        total = 0
        for c in range(t.shape[2]):
            total = total + ((t[:, rows, None, c] - t[:, None, :, c]) / h[:, None, None]).square()
        return -0.5 * total
