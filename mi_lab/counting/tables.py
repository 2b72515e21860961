"""Tables of counts: cutting an axis into bins, choosing how many, and entropies with their corrections."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mi_lab.device import widest

CORRECTIONS = ("plug-in", "miller-madow", "shrinkage")
OCCUPANCY = 5  # Cochran's rule of five: samples an occupied cell should hold on average
SURE = 3.0  # standard deviations by which dependence must be seen before it earns more bins
CELLS = 1 << 24  # largest table that is laid out in memory


class Axis:
    """One variable, ready to be cut into any number of bins: its ranks, or its place within the span.

    A column with no more different values than `few`, or than there are bins, holds labels: each keeps a bin of its
    own, however rare it is.
    """

    def __init__(self, v: Tensor, kind: str, span: tuple | None, few: float = 0):
        self.n, self.columns = v.shape
        self.values, self.few = [self.n] * self.columns, few  # different values in each column
        if kind == "mass":
            s, order = v.T.contiguous().sort(-1)
            index = torch.arange(self.n, device=v.device).expand_as(s)
            again = torch.zeros_like(s, dtype=torch.bool)
            again[:, 1:] = s[:, 1:] == s[:, :-1]
            rank = index.masked_fill(again, 0).cummax(-1).values  # the lowest rank of equal values
            if again.any():
                last = index.masked_fill(~torch.cat([~again[:, 1:], ~again[:, :1]], 1), self.n)
                last = last.flip(-1).cummin(-1).values.flip(-1)  # and the highest: they share the middle one
                self.values = (self.n - again.sum(-1)).tolist()
                codes = (~again).cumsum(-1) - 1
                self.codes = torch.empty_like(codes).scatter_(-1, order, codes).T
                rank = (rank + last) // 2
            self.place = torch.empty_like(rank).scatter_(-1, order, rank).T
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
        labels = [c for c, found in enumerate(self.values) if found < self.n and found <= max(number, self.few)]
        if labels:
            cell = cell.clone()
            cell[:, labels] = self.codes[:, labels]
        if self.columns == 1:
            return cell[:, 0], max(number, self.values[0]) if labels else number
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


def table(x: Tensor, y: Tensor, sizes=None, kind="mass", spans: tuple = (None, None), part: bool = False) -> Table:
    """Count samples x (n, d_x) and y (n, d_y) in a table of `sizes` bins a column, the rule of five's if None.

    Raises
    ------
    ValueError
        Without `sizes`, where even two bins a column are too many for n (two are taken for `part` of a data set).
    """
    n = len(x)
    across, down = _axes(x, y, kind, spans)
    if sizes is None:
        sizes = (rule_of_five(across, down, n, part),) * 2
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


def chosen(x: Tensor, y: Tensor, kind: str = "mass", spans: tuple = (None, None)) -> int:
    """Return the number of bins a column that the rule of five takes for samples x (n, d_x) and y (n, d_y)."""
    return rule_of_five(*_axes(x, y, kind, spans), len(x), part=True)


def _axes(x: Tensor, y: Tensor, kind: str, spans: tuple) -> tuple[Axis, Axis]:
    n = len(x)
    few = (n / _wanted(n)) ** (1 / (x.shape[1] + y.shape[1]))  # values of which a full table is made without merging
    return Axis(x, kind, spans[0], few), Axis(y, kind, spans[1], few)


def _wanted(n: int) -> float:
    """Return how many samples an occupied cell should hold on average."""
    return max(OCCUPANCY, n**0.25)


def rule_of_five(across: Axis, down: Axis, n: int, part: bool = False) -> int:
    r"""Return the largest number of bins a column (to 9 %) whose occupied cells hold 5 samples, or n^(1/4), on average.

    B bins on each of d_x + d_y columns make B^(d_x + d_y) cells, so (n / wanted)^(1 / (d_x + d_y)) bins are always
    full enough; dependent samples leave cells empty and allow more.  Chance leaves some empty, too, and one more bin
    on account of those would be chosen by luck, the luck that also lifts the estimate.  So more are taken only where
    the empty ones of C cells are more, by three standard deviations, than independence leaves in C equal ones:

    .. math:: C e^{-n/C} \pm \sqrt{C e^{-n/C} (1 - (1 + n/C) e^{-n/C})}
    """
    columns = across.columns + down.columns

    def occupied(number: int) -> tuple[int, int]:
        (ix, nx), (iy, ny) = across.cut(number), down.cut(number)
        key = ix * ny + iy
        if nx * ny <= min(CELLS, 64 * n + 4096):
            return int(torch.bincount(key, minlength=nx * ny).count_nonzero()), nx * ny
        return len(torch.unique(key)), nx * ny

    def enough(number: int) -> bool:
        found, cells = occupied(number)
        empty, load = math.exp(-n / cells), n / cells
        chance = cells * empty + SURE * math.sqrt(cells * empty * (1 - (1 + load) * empty))
        return found * _wanted(n) <= n and cells - found > chance

    good = max(1, int((n / _wanted(n)) ** (1 / columns) + 1e-9))
    if columns > 2 and good < 2:
        cells, _ = occupied(2)
        if cells * OCCUPANCY > n and not part:
            raise ValueError(
                f"x and y have {columns} columns together, of which two bins each fill {cells} cells: too many for "
                f"n = {n} samples, wanted {OCCUPANCY} a cell; use fewer columns or a critic."
            )
        good = 2
    factor = 2.0
    while factor > 1.05:
        more = max(good + 1, round(good * factor))
        if more <= n and enough(more):
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
