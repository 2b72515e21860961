r"""Neighbours: the estimator of Kraskov, Stögbauer and Grassberger.

Around every sample the smallest cube is taken that holds k others; how crowded the two marginals are inside that cube
says how much more probable the pair is than it would be under independence.  `neighbours` finds and counts.
"""

import math
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mi_lab.counting.batches import NORMALISERS, Items, as_items, is_part, one_of, standardised, whole
from mi_lab.counting.neighbours import Counts, brute_force, crowded, tree
from mi_lab.device import threads, widest

CHANCE = 0.01  # share of samples whose k-th neighbour may be no single one without anything being done about it


def ksg(
    x: Any,
    y: Any,
    k: int = 3,
    *,
    variant: int = 1,
    discrete: str | None = None,
    nonuniformity: bool | float = False,
    normalize: str | None = None,
    clip: bool = False,
    batch: bool = False,
    pointwise: bool = False,
    error: str | None = None,
    backend: str = "auto",
    workers: int | None = None,
    seed: int = 0,
) -> Any:
    r"""Estimate the mutual information in nats from distances to the k-th neighbour.

    .. math:: \hat I = \psi(k) + \psi(n) - \frac1n \sum_i \big( \psi(n_x(i) + 1) + \psi(n_y(i) + 1) \big)

    Equation ``eq-ksg``; kraskov2004.  Distances are maxima over coordinates, each divided by its standard deviation.
    Not a bound, and may be negative.  A sample with k copies of itself (discrete or mixed data) has a cube without
    inside: there its copies are counted instead, ``eq-ksg-ties`` (gao2017).  Where several samples are k-th neighbours
    at once, and not by accident (integers, rounded data, ranks), the data are moved by parts in a million, always the
    same way, first.

    Parameters
    ----------
    x, y : array-like
        Samples, batches or images: the table in `mi_lab.counting.batches`.
    k : int
        Which neighbour, 1 <= k < n.  Fewer: less bias, more spread.
    variant : {1, 2}
        Cube (1) or rectangle (2) around each sample.
    discrete : {"x", "y"}, optional
        This variable holds labels: neighbours are sought under the same label (ross2014); a label seen only once is
        left out and not counted, with a warning.
    nonuniformity : bool or float
        Correct where the neighbours lie along a line instead of filling their rectangle (gao2015): True, or the
        threshold on the ratio of volumes.  Uses the rectangle of variant 2.
    normalize : {"sum", "joint", "max", "min", "geometric"}, optional
        Divide by entropies of x and y in bins (`bins`): a differential entropy can't serve, it changes with the unit.
    clip : bool
        Return negative estimates as 0.
    batch : bool
        The first axis of a 2-d or 3-d input runs over data sets.
    pointwise : bool
        Return one value a sample, whose mean is the estimate (NaN for samples left out).
    error : {"subsample", "jackknife"}, optional
        Return ``(estimate, standard error)``, see `standard_error`.
    backend : {"auto", "tree", "brute"}
        k-d tree (CPU) or all distances in blocks (any device); auto takes the tree for data on the CPU, unless they
        have so many columns that it would look at nearly all samples anyway.
    workers : int, optional
        Threads for the tree, all cores if left out.
    seed : int
        For the random parts of `error`.

    Returns
    -------
    Tensor, shape () or (B,) or (B, C); (…, n) if pointwise

    Raises
    ------
    ValueError
        Bad samples, k >= n, or an option that doesn't exist.
    """
    k = whole(k, "k", 1)
    one_of(variant, "variant", (1, 2))
    one_of(discrete, "discrete", (None, "x", "y"))
    one_of(normalize, "normalize", (None, *NORMALISERS))
    one_of(backend, "backend", ("auto", "tree", "brute"))
    one_of(error, "error", (None, "subsample", "jackknife"))
    items = as_items(x, y, batch)
    if k >= items.n:
        raise ValueError(f"k = {k} with n = {items.n} samples, wanted k < n: there is no {k}-th neighbour.")
    if error is not None:
        if pointwise:
            raise ValueError("error and pointwise exclude each other: take one of them.")
        from mi_lab.counting.errors import standard_error

        options = {"variant": variant, "discrete": discrete, "nonuniformity": nonuniformity, "normalize": normalize}
        options |= {"batch": batch, "backend": backend, "workers": workers}
        value, spread = standard_error(ksg, x, y, by=error, seed=seed, k=k, **options)
        return (value.clamp_min(0) if clip else value), spread
    threshold = _threshold(nonuniformity, k, items.x.shape[2] + items.y.shape[2])
    with threads(0, items.x.device):  # the tree has its own
        local = _local_values(items, k, variant, discrete, threshold, backend, workers)
    local[items.constant.to(local.device)] = 0
    local = local.to(items.x.device, widest(items.x.device))
    if pointwise:
        return items.finish(local, clip=False)
    value = local.nanmean(1)
    if normalize:
        from mi_lab.counting.binning import normalised

        value = normalised(value, items, normalize)
    return items.finish(value, clip)


def _local_values(items: Items, k, variant, discrete, threshold, backend, workers) -> Tensor:
    """Return the n terms of the sum of every item, (A, n), float64, in the order of the samples."""
    x, y = (v.detach().to(widest(v.device)) for v in (items.x, items.y))
    rest = k, variant, threshold, backend, workers
    if not discrete:
        return _values(standardised(x), standardised(y), None, *rest)
    code, count = _codes(x if discrete == "x" else y)
    alone = count < 2
    if alone.any() and not is_part():
        if alone.all():
            raise ValueError("every label occurs only once: wanted labels that repeat (or leave `discrete` out).")
        warnings.warn(f"{int(alone.sum())} sample(s) carry a label seen only once and are left out.", stacklevel=4)

    def of_items(which) -> Tensor:
        """Return the values of some items that leave out equally many samples: neither they nor n count them."""
        keep = torch.from_numpy(~alone[which]).to(x.device)
        size = len(which), int(keep[0].sum()), -1
        u, v = (standardised(w[which][keep].reshape(size)) for w in (x, y))
        codes, wanted = (w[which][~alone[which]].reshape(size[:2]) for w in (code, np.minimum(k, count - 1)))
        # labels are put farther apart than any distance in the other variable: a neighbour then has the same label,
        # and the count of the labels' marginal is the number of samples under it
        other = v if discrete == "x" else u
        reach = 4 * float((other.amax(1) - other.amin(1)).max()) + 1
        far = torch.as_tensor(codes[..., None] * reach, dtype=u.dtype, device=u.device)
        return _values(*((far, v) if discrete == "x" else (u, far)), wanted, *rest)

    if not alone.any():
        return of_items(list(range(len(x))))
    local = torch.full(alone.shape, math.nan, dtype=torch.float64)
    for i in range(len(x)):
        if not alone[i].all():
            local[i, torch.from_numpy(~alone[i])] = of_items([i])[0]
    return local


def _values(x: Tensor, y: Tensor, wanted: np.ndarray | None, k, variant, threshold, backend, workers) -> Tensor:
    """Return the terms (A, n) of samples with a common scale; `wanted`: which neighbour, where labels are scarce."""
    d, n = x.shape[2] + y.shape[2], x.shape[1]
    blocks = backend == "brute" or (backend == "auto" and (x.device.type != "cpu" or crowded(n, d)))

    def count(x, y, wanted):
        if blocks:
            return brute_force(x, y, k, variant, wanted, threshold is not None)
        return tree(x.cpu().numpy(), y.cpu().numpy(), k, variant, wanted, threshold is not None, workers)

    counts = count(x, y, wanted)
    lattice = counts.shared.mean(1) > CHANCE
    if lattice.any():
        which = torch.from_numpy(lattice).to(x.device)
        moved = count(*_moved(x[which], y[which]), None if wanted is None else wanted[lattice])
        for name in ("n_x", "n_y", "volume_ratio"):
            if getattr(counts, name) is not None:
                getattr(counts, name)[lattice] = getattr(moved, name)
    local = _terms(counts, n, variant)
    if threshold is not None:
        ratio = counts.volume_ratio
        local -= np.where(ratio < threshold, np.log(np.maximum(ratio, 1e-300)), 0)
    return torch.from_numpy(local)


def _terms(c: Counts, n: Any, variant: int) -> np.ndarray:
    r"""Return :math:`\psi(k) + \psi(n) - \psi(n_x + 1) - \psi(n_y + 1)` for every sample (and its variants)."""
    from scipy.special import digamma as ψ

    if variant == 1:
        # eq-ksg: strictly inside the cube, the sample itself added
        local = ψ(c.k) + ψ(n) - ψ(c.n_x + 1) - ψ(c.n_y + 1)
    else:
        # eq-ksg2: up to and including the sides of the rectangle
        local = ψ(c.k) - 1 / c.k + ψ(n) - ψ(np.maximum(c.n_x, 1)) - ψ(np.maximum(c.n_y, 1))
    if c.repeated.any():
        # eq-ksg-ties: log of (share of the pair) / (share of x · share of y), in copies
        copied = ψ(c.copies) + ψ(n) - ψ(c.x_copies) - ψ(c.y_copies)
        local = np.where(c.repeated, copied, local)
    return local


def _moved(*parts: Tensor) -> list[Tensor]:
    """Add noise far below any distance that matters, so that no two distances are equal; always the same noise."""
    rng = np.random.default_rng(0)
    out = []
    for v in parts:
        # far above what rounding to float32 may have left of a lattice
        size = max(1e-6, torch.finfo(v.dtype).eps ** 0.6) * v.abs().max()
        noise = torch.as_tensor(rng.uniform(-1, 1, v.shape), dtype=v.dtype, device=v.device)
        out.append(v + size * noise)
    return out


def _codes(labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return a whole number for every label and how many samples of the item carry it, both (A, n)."""
    codes, counts = [], []
    for item in labels.cpu().numpy():
        _, code, count = np.unique(item, axis=0, return_inverse=True, return_counts=True)
        codes.append(code.reshape(-1))
        counts.append(count[code.reshape(-1)])
    return np.stack(codes), np.stack(counts)


def _threshold(nonuniformity: bool | float, k: int, d: int) -> float | None:
    if nonuniformity is False or nonuniformity is None:
        return None
    if nonuniformity is True:
        if k < 2:
            raise ValueError("nonuniformity=True wants k >= 2: one neighbour always lies on a line.")
        return _volume_threshold(k, d)
    if not 0 < float(nonuniformity) <= 1:
        raise ValueError(f"nonuniformity = {nonuniformity!r}, wanted True, False or a ratio in (0, 1].")
    return float(nonuniformity)


@lru_cache
def _volume_threshold(k: int, d: int, level: float = 5e-3, trials: int = 100_000) -> float:
    """Return the ratio of volumes that k neighbours spread evenly over a cube fall short of with chance `level`."""
    from mi_lab.counting.neighbours import volume_ratio

    offsets = np.random.default_rng(0).uniform(-1, 1, (trials, k, d))
    return min(1.0, max(math.ulp(1.0), float(np.quantile(volume_ratio(offsets), level))))
