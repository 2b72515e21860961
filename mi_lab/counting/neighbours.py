"""Finding the k-th neighbour in the maximum norm, and counting the samples that are nearer in one marginal alone.

Two ways to the same counts: a k-d tree on the CPU, where one-dimensional marginals are counted in sorted order, and all
distances in chunks of bounded memory on any device.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mi_lab.device import cores

CUTS = 0.8  # halvings of each column below which blocks are quicker: measured, see `benchmarks.neighbours`
CHUNK = 1 << 24  # distances held at once by the brute force: 128 MB in float64


@dataclass
class Counts:
    """What the formula needs, each (A, n): neighbours asked for, and the samples nearer than them in x and in y.

    `repeated` marks samples whose k-th neighbour is a copy of them; the ``_copies`` counts, of use there only, are
    the samples with the same pair, the same x and the same y, the sample itself included.  `shared` marks those whose
    k-th neighbour, at some distance, is no single one.
    """

    k: np.ndarray
    n_x: np.ndarray
    n_y: np.ndarray
    repeated: np.ndarray
    shared: np.ndarray
    copies: np.ndarray
    x_copies: np.ndarray
    y_copies: np.ndarray
    volume_ratio: np.ndarray | None = None


def crowded(n: int, d: int) -> bool:
    """Say whether a k-d tree in d columns is slower than all distances in blocks.

    The smallest cube around a sample reaches over about n^(-1/d) of each column, so a tree of log2(n) levels can cut
    each column only log2(n) / d times, and where that is less than about `CUTS` it searches nearly all of its leaves.
    """
    return d > 2 and math.log2(n) < CUTS * d


def tree(x, y, k: int, variant: int, wanted, ratio: bool, workers: int | None) -> Counts:
    """Count with k-d trees, items in parallel (a single item: its queries in parallel)."""
    items, n = x.shape[:2]
    d = x.shape[2]
    z = on_grid(np.concatenate([x, y], 2))
    x, y = z[:, :, :d], z[:, :, d:]
    workers = workers or cores()
    inner = workers if items == 1 and n > 1000 else 1

    def one(i):
        return _tree(x[i], y[i], k, variant, None if wanted is None else wanted[i], ratio, inner)

    if items == 1 or workers == 1:
        parts = [one(i) for i in range(items)]
    else:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(one, range(items)))
    if items == 1:
        return Counts(*(v if v is None else v[None] for v in vars(parts[0]).values()))
    return Counts(
        *(None if v[0] is None else np.stack(v) for v in zip(*(vars(p).values() for p in parts), strict=True))
    )


def _tree(x, y, k: int, variant: int, wanted, ratio: bool, workers: int) -> Counts:
    from scipy.spatial import KDTree

    n = len(x)
    order = np.argsort(x[:, 0])  # samples that follow each other are near each other: the cache stays warm
    x, y = x[order], y[order]
    z = np.concatenate([x, y], 1)
    joint = KDTree(z, leafsize=12, balanced_tree=False, compact_nodes=False)
    last = min(k + 2, n)  # the sample itself, k neighbours, and one more that tells whether the k-th is a single one
    every = variant == 2 or ratio or wanted is not None
    distance, index = joint.query(
        z, k=range(1, last + 1) if every else range(k + 1, last + 1), p=np.inf, workers=workers
    )
    kk = np.full(n, k) if wanted is None else np.maximum(wanted[order], 1)
    at = kk if every else np.zeros(n, int)
    rows = np.arange(n)
    radius = distance[rows, at]
    following = distance[rows, np.minimum(at + 1, distance.shape[1] - 1)] if at[0] + 1 < distance.shape[1] else np.inf
    repeated = radius == 0
    shared = (radius == following) & ~repeated
    rx = ry = radius
    volumes = None
    if variant == 2 or ratio:
        inside = np.arange(distance.shape[1]) <= at[:, None]
        gap_x, gap_y = (abs(v[index] - v[:, None]).max(2) for v in (x, y))
        sides = np.where(inside, gap_x, 0).max(1), np.where(inside, gap_y, 0).max(1)
        if variant == 2:
            rx, ry = sides
        if ratio:
            volumes = volume_ratio((z[index] - z[:, None])[:, : k + 1])
    strict = variant == 1
    n_x, n_y = (_within(v, r, strict, workers) for v, r in ((x, rx), (y, ry)))
    copies = [_copies(v) for v in (z, x, y)] if repeated.any() else [np.ones(n, int)] * 3
    out = Counts(kk, n_x, n_y, repeated, shared, *copies, volumes)
    back = np.empty(n, int)
    back[order] = rows
    return Counts(*(None if v is None else v[back] for v in vars(out).values()))


def _within(v, radius, strict: bool, workers: int) -> np.ndarray:
    """Count the other samples nearer than `radius` (strict) or at most so far."""
    if v.shape[1] == 1:
        return _within_sorted(v[:, 0], radius, strict)
    from scipy.spatial import KDTree

    reach = np.nextafter(radius, -1) if strict else radius
    found = KDTree(v).query_ball_point(v, reach, p=np.inf, return_length=True, workers=workers)
    return np.maximum(found, 1) - 1  # at radius 0 nothing is strictly nearer, not even the sample


def _within_sorted(v, radius, strict: bool) -> np.ndarray:
    """Count by two searches in the sorted values, exact because `on_grid` makes v ± radius exact."""
    order = None
    if (v[1:] < v[:-1]).any():
        order = np.argsort(v)
        v, radius = v[order], radius[order]
    low = np.searchsorted(v, v - radius, side="right" if strict else "left")
    high = np.searchsorted(v, v + radius, side="left" if strict else "right")
    count = np.maximum(high - low, 1) - 1  # at radius 0 nothing is strictly nearer, not even the sample
    if order is None:
        return count
    out = np.empty_like(count)
    out[order] = count
    return out


def _copies(v: np.ndarray) -> np.ndarray:
    """Count the samples equal to each one, itself included."""
    _, which, count = np.unique(v, axis=0, return_inverse=True, return_counts=True)
    return count[which.reshape(-1)]


def on_grid(v: np.ndarray) -> np.ndarray:
    """Round (A, n, d) to whole numbers below 2^51, a common unit for each item, after which v ± distance is exact.

    Otherwise rounding would decide now and then whether the k-th neighbour itself lies inside its own cube.
    """
    top = np.abs(v).max((1, 2), keepdims=True)
    _, exponent = np.frexp(np.where(top > 0, top, 1.0))
    return np.rint(np.ldexp(v, 51 - exponent))


def volume_ratio(offsets: np.ndarray) -> np.ndarray:
    """Return the volume of the box along the neighbours' principal axes over that of the box along the coordinates.

    `offsets` (m, k, d) lead from each sample to its neighbours; a row of zeros for the sample itself changes nothing.
    """
    _, axes = np.linalg.eigh(np.swapaxes(offsets, 1, 2) @ offsets)
    turned, straight = abs(offsets @ axes).max(1), abs(offsets).max(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = turned.prod(1) / straight.prod(1)
    return np.where(straight.prod(1) > 0, ratio, 1.0)


def brute_force(x: Tensor, y: Tensor, k: int, variant: int, wanted, ratio: bool) -> Counts:
    """Count from all distances, in chunks of at most `CHUNK` of them, on the device that holds x and y."""
    items, n = x.shape[:2]
    group = max(1, min(items, CHUNK // (n * n)))
    rows = max(1, min(n, CHUNK // (n * group)))
    last = min(k + 2, n)
    starts = [(a, i) for a in range(0, items, group) for i in range(0, n, rows)]

    def one(start):
        a, i = start
        some, these = slice(a, a + group), slice(i, i + rows)
        w = None if wanted is None else torch.as_tensor(wanted[some, these], device=x.device)
        return _brute(x[some], y[some], these, k, last, variant, w, ratio)

    if x.device.type == "cpu" and len(starts) > 1 and cores() > 1:
        with ThreadPoolExecutor(cores(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            found = iter(list(pool.map(one, starts)))
    else:
        found = map(one, starts)
    parts = []
    for _ in range(0, items, group):
        pieces = [next(found) for _ in range(0, n, rows)]
        parts.append([None if p[0] is None else np.concatenate(p, 1) for p in zip(*pieces, strict=True)])
    return Counts(*(None if p[0] is None else np.concatenate(p) for p in zip(*parts, strict=True)))


def _brute(x: Tensor, y: Tensor, rows: slice, k: int, last: int, variant: int, wanted, ratio: bool) -> list:
    gap_x, gap_y = _gaps(x, rows), _gaps(y, rows)  # (g, rows, n)
    near = torch.maximum(gap_x, gap_y).topk(last, dim=-1, largest=False, sorted=True)
    kk = torch.full(near.values.shape[:2], k, device=x.device) if wanted is None else wanted.clamp_min(1)
    radius = near.values.gather(2, kk[..., None])
    following = near.values.gather(2, (kk[..., None] + 1).clamp_max(last - 1))
    repeated = radius == 0
    shared = (radius == following) & (kk[..., None] + 1 < last) & ~repeated
    rx = ry = radius
    volumes = None
    if variant == 2 or ratio:
        inside = torch.arange(last, device=x.device) <= kk[..., None]
        sides = [torch.where(inside, g.gather(2, near.indices), 0).amax(2, keepdim=True) for g in (gap_x, gap_y)]
        if variant == 2:
            rx, ry = sides
        if ratio:
            z = torch.cat([x, y], 2)
            at = near.indices[..., : k + 1]
            neighbours = z[torch.arange(len(z), device=z.device)[:, None, None], at]
            offsets = (neighbours - z[:, rows][:, :, None]).cpu().double().numpy()
            volumes = volume_ratio(offsets.reshape(-1, *offsets.shape[2:])).reshape(offsets.shape[:2])

    def count(gap, r, strict):
        return (gap < r if strict else gap <= r).sum(2)

    # the sample itself is at distance 0: inside every cube that has an inside
    n_x, n_y = ((count(g, r, variant == 1) - 1).clamp_min(0) for g, r in ((gap_x, rx), (gap_y, ry)))
    copies = [(g == 0).sum(2) for g in (torch.maximum(gap_x, gap_y), gap_x, gap_y)]
    out = [kk, n_x, n_y, repeated[..., 0], shared[..., 0], *copies]
    return [v.cpu().numpy() for v in out] + [volumes]


def _gaps(v: Tensor, rows: slice) -> Tensor:
    """Return the maximum-norm distances of the samples in `rows` to all, one coordinate after the other."""
    if v.shape[2] > 1 and v.device.type == "cpu":
        return torch.cdist(v[:, rows].contiguous(), v, p=math.inf)  # one pass instead of one for each coordinate
    gap = (v[:, rows, None, 0] - v[:, None, :, 0]).abs()
    for c in range(1, v.shape[2]):
        gap = torch.maximum(gap, (v[:, rows, None, c] - v[:, None, :, c]).abs())
    return gap
