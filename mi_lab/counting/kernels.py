r"""Kernels: a smooth bump at every sample, and densities read off their sum.

The densities are needed at the samples themselves, where each sample's own bump makes them too high and chance makes
their logarithm too low; `BALANCE` weighs the own bump so that the two cancel (`prop-balance`).
"""

import math
from typing import Any

import torch
from torch import Tensor

from mi_lab.counting.batches import NORMALISERS, as_items, by_crews, is_part, one_of, standardised
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
        Bad samples, too many columns for n (at half of the samples the own kernel outweighs all others, bandwidth by
        a rule), a bandwidth that isn't above 0, or an option that doesn't exist.
    """
    one_of(own, "own", tuple(BALANCE))
    one_of(normalize, "normalize", (None, *NORMALISERS))
    items = as_items(x, y, batch).widened()  # float32 would leave the bandwidth's search to rounding
    d = items.x.shape[2] + items.y.shape[2]
    if direct is None:
        direct = d > 2
    if not direct and d > 2:
        raise ValueError(f"x and y have {d} columns together, wanted 2 for the grid: take direct=True.")
    numbers, check = _user_s(bandwidth), d > 2 and isinstance(bandwidth, str) and not is_part()

    def run(x: Tensor, y: Tensor) -> list[Tensor]:
        return _log_densities(x, y, bandwidth, numbers, direct, BALANCE[own], check)

    joint, across, down = run(items.x, items.y) if direct else by_crews(run, items.x, items.y)
    local = joint - across - down  # eq-kde
    local = torch.where(items.constant[:, None], torch.zeros_like(local), local)
    if pointwise:
        return items.finish(local, clip=False)
    value = local.mean(1)
    if normalize:
        from mi_lab.counting.binning import normalised

        value = normalised(value, items, normalize)
    return items.finish(value, clip)


@torch.no_grad()
def wider(x: Tensor, y: Tensor, factor: float, rule: str = "likelihood", own: str = "balanced", direct=None):
    """Return the estimate (nats) with `factor` times the rule's bandwidth, and that bandwidth (standard deviations)."""
    items = as_items(x, y).widened()
    u, v = standardised(items.x), standardised(items.y)
    dims = u.shape[2] + v.shape[2], u.shape[2], v.shape[2]
    direct = dims[0] > 2 if direct is None else direct
    ways = Direct(u, v) if direct else Gridded(u[..., 0], v[..., 0])
    h = likeliest(ways, u, v) if rule == "likelihood" else u.new_full((1,), _rule(rule, items.n, dims[0]))
    if not direct and ways.size(0, float(factor * h)) > TOO_FINE:
        ways = Direct(u, v)
    weights = tuple(2.0 ** (-d / 2 - 1) if BALANCE[own] is None else BALANCE[own] for d in dims)
    joint, across, down = ways.log_densities(factor * h, weights)
    return float((joint - across - down).mean()), float(h)


def _user_s(bandwidth) -> tuple[float, float] | None:
    """Return the user's bandwidths for x and y, None if a rule is wanted."""
    if isinstance(bandwidth, str):
        one_of(bandwidth, "bandwidth", RULES)
        return None
    pair = tuple(bandwidth) if isinstance(bandwidth, (tuple, list)) else (bandwidth, bandwidth)
    try:
        hx, hy = (float(h) for h in pair)
    except (TypeError, ValueError):
        hx = hy = math.nan
    if not (0 < hx < math.inf and 0 < hy < math.inf):
        raise ValueError(f"bandwidth = {bandwidth!r}, wanted finite numbers above 0 (one or two) or one of {RULES}.")
    return hx, hy


def _rule(name: str, n: int, d: int) -> float:
    """Return Scott's or Silverman's bandwidth in standard deviations."""
    return n ** (-1 / (d + 4)) * ((4 / (d + 2)) ** (1 / (d + 4)) if name == "silverman" else 1.0)


def _log_densities(x, y, rule, numbers, direct: bool, weight: float | None, check: bool) -> list[Tensor]:
    """Return log p̂ of the pairs, of x and of y at the samples, each (A, n), up to constants that cancel in eq-kde."""
    n, dims = x.shape[1], (x.shape[2] + y.shape[2], x.shape[2], y.shape[2])
    if numbers:  # in bandwidths, so that h is 1
        u, v = ((t - t.mean(1, keepdim=True)) / h for t, h in zip((x, y), numbers, strict=True))
    else:
        u, v = standardised(x), standardised(y)
    ways = Direct(u, v) if direct else Gridded(u[..., 0], v[..., 0])
    if rule == "likelihood":
        if check:  # where kernels are lonely, the likelihood wants them ever narrower: no need to search
            _refuse_lonely(ways.others(1.3 * _guess(u, v)), dims[0])
        h = likeliest(ways, u, v)
    else:
        h = u.new_full((len(u),), 1.0 if numbers else _rule(rule, n, dims[0]))
    if not direct and max(ways.size(i, b) for i, b in enumerate(h.tolist())) > TOO_FINE:
        ways = Direct(u, v)
    if check:
        _refuse_lonely(ways.others(h), dims[0])
    weights = tuple(2.0 ** (-d / 2 - 1) if weight is None else weight for d in dims)
    return ways.log_densities(h, weights)


def _refuse_lonely(others: Tensor, d: int) -> None:
    """Refuse where at half of the samples or more all the others' kernels (A, n) weigh less than the own one alone.

    Weights in heights of one kernel: below 1 a kernel holds less than one other sample, and the density there is
    that sample's own kernel, in the joint space sooner than in the marginals, so that independence looks like
    dependence.
    """
    middle = float(others.median(1).values.min())
    if middle < 1:
        raise ValueError(
            f"x and y have {d} columns together, too many columns for kernels with n = {others.shape[1]} samples: at "
            f"half of them all other kernels together weigh {middle:.2g} of the sample's own, wanted at least 1."
        )


@torch.no_grad()
def likeliest(ways, u: Tensor, v: Tensor) -> Tensor:
    r"""Return, for every item, the bandwidth (A,) that makes each sample most likely given the others.

    .. math:: h = \arg\max_h \sum_i \log \hat p_{-i}(x_i, y_i)

    Steps of a quarter, up or down, from near where a Gaussian with the sample's largest correlation would have it,
    until the likelihood falls on both sides; then the top of the parabola through the best three.  One sample apart
    from all others would forbid every small h, so a density there counts as at least 10^-6 of the sample's own kernel.
    """
    step = math.log(STEP)
    middle = torch.log(_guess(u, v))  # (A,)
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


def _guess(u: Tensor, v: Tensor) -> Tensor:
    """Return the bandwidth (A,) that a Gaussian with the sample's largest correlation would have, nearly."""
    n, d = u.shape[1], u.shape[2] + v.shape[2]
    correlation = ((u.mT @ v) / n).flatten(1).abs().amax(1).clamp(0, 0.9999)
    return 1.3 * _rule("scott", n, d) * (1 - correlation.square()) ** 0.45


class Direct:
    """All pairs, in log space, in chunks of rows."""

    finest = 1e-3

    def __init__(self, u: Tensor, v: Tensor):
        self.u, self.v = u, v

    def likelihood(self, h: Tensor, active: Tensor) -> Tensor:
        """Return the mean leave-one-out log density of the pairs for bandwidths h, (A,)."""
        return self.log_densities(h, (0.0, 0.0, 0.0))[0].mean(1)

    @torch.no_grad()
    def others(self, h: Tensor) -> Tensor:
        """Return what the other samples' kernels weigh at each pair, (A, n), in heights of one kernel."""
        n, d = self.u.shape[1], self.u.shape[2] + self.v.shape[2]
        log = self.log_densities(h, (0.0, 0.0, 0.0))[0] + d * (torch.log(h)[:, None] + 0.5 * math.log(2 * math.pi))
        return torch.exp(log + math.log(n - 1))

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
