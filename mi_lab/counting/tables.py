"""Tables of counts: cutting an axis into bins, choosing how many, and entropies with their corrections."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mi_lab.device import widest

CORRECTIONS = ("plug-in", "miller-madow", "shrinkage")
OCCUPANCY = 5  # Cochran's rule of five: samples an occupied cell should hold on average
CELLS = 1 << 24  # largest table that is laid out in memory


class Axis:
    """One variable, ready to be cut into any number of bins: its ranks, or its place within the span."""

    def __init__(self, v: Tensor, kind: str, span: tuple | None):
        self.n, self.columns = v.shape
        if kind == "mass":
            s, order = v.T.contiguous().sort(-1)
            index = torch.arange(self.n, device=v.device).expand_as(s)
            again = torch.zeros_like(s, dtype=torch.bool)
            again[:, 1:] = s[:, 1:] == s[:, :-1]
            first = index.masked_fill(again, 0).cummax(-1).values  # equal values share the lowest rank
            self.place = torch.empty_like(first).scatter_(-1, order, first).T
            if widest(v.device) == torch.float64:  # floats are quicker; what is added is too little to change a bin
                self.place = (self.place.double() + 1e-6) / self.n
        else:
            low, high = (v.amin(0), v.amax(0)) if span is None else (v.new_tensor(s) for s in span)
            room = high - low
            self.place = ((v - low) / torch.where(room > 0, room, torch.ones_like(room))).clamp(0, 1)

    def cut(self, number: int) -> tuple[Tensor, int]:
        """Return the bin of every sample, (n,), and how many bins there are."""
        ranks = not self.place.is_floating_point()
        cell = self.place * number // self.n if ranks else (self.place * number).long().clamp_max(number - 1)
        if self.columns == 1:
            return cell[:, 0], number
        seen, cell = torch.unique(cell, dim=0, return_inverse=True)
        return cell, len(seen)


class Table(NamedTuple):
    """The counts of one data set; empty cells are left out."""

    cx: Tensor  # samples in each bin of x
    cy: Tensor  # samples in each bin of y
    cxy: Tensor  # samples in each occupied cell
    a: Tensor  # bin of x of each occupied cell
    b: Tensor  # bin of y of each occupied cell
    cell: Tensor  # which occupied cell each sample is in
    n: int


def table(x: Tensor, y: Tensor, sizes=None, kind: str = "mass", spans: tuple = (None, None)) -> Table:
    """Count samples x (n, d_x) and y (n, d_y) in a table of `sizes` bins a column, the rule of five's if None."""
    across, down = (Axis(v, kind, s) for v, s in ((x, spans[0]), (y, spans[1])))
    n = len(x)
    if sizes is None:
        sizes = (_rule_of_five(across, down, n),) * 2
    (ix, nx), (iy, ny) = across.cut(sizes[0]), down.cut(sizes[1])
    key = ix * ny + iy
    if nx * ny <= min(CELLS, 64 * n + 4096):
        count = torch.bincount(key, minlength=nx * ny)
        occupied = count.nonzero()[:, 0]
        cxy = count[occupied]
        number = torch.zeros_like(count)
        number[occupied] = torch.arange(len(occupied), device=count.device)
        cell = number[key]
    else:
        occupied, cell, cxy = torch.unique(key, return_inverse=True, return_counts=True)
    cx, cy = torch.bincount(ix, minlength=1), torch.bincount(iy, minlength=1)
    return Table(cx, cy, cxy, occupied // ny, occupied % ny, cell, n)


def _rule_of_five(across: Axis, down: Axis, n: int) -> int:
    """Return the largest number of bins (to 9 %) whose occupied cells hold 5 samples, or n^(1/4), on average."""
    wanted = max(OCCUPANCY, n**0.25)

    def full(number: int) -> bool:
        (ix, nx), (iy, ny) = across.cut(number), down.cut(number)
        key = ix * ny + iy
        if nx * ny <= min(CELLS, 64 * n + 4096):
            occupied = int(torch.bincount(key, minlength=nx * ny).count_nonzero())
        else:
            occupied = len(torch.unique(key))
        return occupied * wanted <= n

    good = max(1, int((n / wanted) ** 0.5))  # B² cells at most: always full enough
    factor = 2.0
    while factor > 1.05:
        more = max(good + 1, round(good * factor))
        if more <= n and full(more):
            good = more
        else:
            factor **= 0.5
    return good


def entropies(t: Table, correction: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return H(X), H(Y) and H(X,Y) of one table, corrected, in nats."""
    n = t.n
    cx, cy, cxy = (_real(c) for c in (t.cx, t.cy, t.cxy))
    hx, hy, hxy = (math.log(n) - torch.xlogy(c, c).sum() / n for c in (cx, cy, cxy))
    if correction == "miller-madow":  # eq-miller-madow
        hx, hy, hxy = (h + (int((c > 0).sum()) - 1) / (2 * n) for h, c in ((hx, cx), (hy, cy), (hxy, cxy)))
    if correction == "shrinkage":  # (1 - λ) p_ab + λ p_a p_b, whose margins are those of p
        p, q = cxy / n, cx[t.a] * cy[t.b] / n**2
        apart = (p * (p - 2 * q)).sum() + (cx / n).square().sum() * (cy / n).square().sum()  # Σ (p - q)², all cells
        weight = ((1 - p.square().sum()) / ((n - 1) * apart).clamp_min(1e-12)).clamp(0, 1)
        mixed = (1 - weight) * p + weight * q
        here = torch.xlogy(mixed, mixed) - torch.xlogy(weight * q, weight * q)
        hxy = -(here.sum() + torch.xlogy(weight, weight) - weight * (hx + hy))  # with the empty cells, Σ λq log λq
    return hx, hy, hxy


def local_values(t: Table) -> Tensor:
    """Return log p̂_ab / (p̂_a p̂_b) at each sample, (n,)."""
    cx, cy, cxy = (_real(c) for c in (t.cx, t.cy, t.cxy))
    return torch.log(t.n * cxy / (cx[t.a] * cy[t.b]))[t.cell]


def _real(count: Tensor) -> Tensor:
    return count.to(widest(count.device))
