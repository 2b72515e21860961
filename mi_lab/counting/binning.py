r"""Bins: cut both axes into intervals, count, and put shares in the place of probabilities.

The plug-in estimate is too high by about one half per spare cell and sample (`eq-bins-bias`), too low by what the cells
blur, and never above log B.  Soft bins, which have a gradient, are in `soft`.
"""

from typing import Any

import torch
from torch import Tensor

from mi_lab.counting.batches import NORMALISERS, Items, as_items, by_crews, is_part, normaliser, one_of, whole
from mi_lab.counting.soft import KERNELS, soft_table
from mi_lab.counting.tables import CORRECTIONS, entropies, local_values, table


def bins(
    x: Any,
    y: Any,
    number: int | tuple[int, int] | None = None,
    *,
    kind: str = "mass",
    correction: str | None = None,
    soft: str | None = None,
    span: tuple | None = None,
    normalize: str | None = None,
    clip: bool = False,
    batch: bool = False,
    pointwise: bool = False,
) -> Tensor:
    r"""Estimate the mutual information in nats from counts in a table of bins.

    .. math:: \hat I = \sum_{a,b} \hat p_{ab} \log \frac{\hat p_{ab}}{\hat p_a \hat p_b}

    Equation ``eq-plug-in``.  Not a bound: too high by :math:`\approx (B-1)^2/2n` from chance, too low by blur.

    Parameters
    ----------
    x, y : array-like
        Samples, batches or images: the table in `mi_lab.counting.batches`.
    number : int or (int, int), optional
        Bins along each column of x and of y.  Left out: the most for which the occupied cells hold 5 samples on average
        (cochran1954), or n^(1/4) where that is more, so that with n cells get both finer and fuller: at least
        (n / 5)^(1 / (d_x + d_y)).  With `soft`: the cube root of n, between 6 and 32.
    kind : {"mass", "width"}
        Equally many samples a bin (equal values stay together, and few different values, or no more than bins, are
        labels with a bin each), or equally wide bins over `span`.
    correction : {"miller-madow", "plug-in", "shrinkage"}, optional
        Subtract the leading bias, occupied cells counted (paninski2003; the default); nothing (always with
        `soft`); or pull the table towards the product of its margins (after hausser2009).
    soft : {"linear", "quadratic", "cubic", "gaussian"}, optional
        Share each sample out among neighbouring bins of equal width: differentiable in x and y; columns must be one.
    span : (low, high) or ((low, high), (low, high)), optional
        Where bins of equal width begin and end; outside values count in the outer bins.  Left out: the data's range.
    normalize : {"sum", "joint", "max", "min", "geometric"}, optional
        Divide by the mean of H(X) and H(Y), H(X,Y), the larger, the smaller, or the geometric mean (all in bins).
    clip, batch, pointwise
        As for `ksg`; pointwise values are those of the plug-in, moved together by the correction.

    Returns
    -------
    Tensor, shape () or (B,) or (B, C); (…, n) if pointwise

    Raises
    ------
    ValueError
        Bad samples, so many columns that two bins on each are too many for n, fewer than one bin, a span that is
        infinite or empty, or an option that doesn't exist.
    """
    one_of(kind, "kind", ("mass", "width"))
    one_of(correction, "correction", (None, *CORRECTIONS))
    one_of(soft, "soft", (None, *KERNELS))
    one_of(normalize, "normalize", (None, *NORMALISERS))
    items = as_items(x, y, batch)
    sizes = _numbers(number)
    if soft:
        if correction not in (None, "plug-in"):
            raise ValueError(f"correction = {correction!r} counts occupied cells; soft bins take 'plug-in' only.")
        if pointwise:
            raise ValueError("pointwise values don't exist for soft bins: a sample lies in several cells.")
        value = _soft(items, soft, sizes, _spans(span), normalize)
        return items.finish(value, clip)
    spans, part = _spans(span), is_part()

    def run(x: Tensor, y: Tensor) -> list[Tensor]:
        tables = [table(a, b, sizes, kind, spans, part) for a, b in zip(x, y, strict=True)]
        h = zip(*(entropies(t, correction or "miller-madow") for t in tables), strict=True)
        local = [torch.stack([local_values(t) for t in tables])] if pointwise else []
        return [torch.stack(v) for v in h] + local

    hx, hy, hxy, *local = by_crews(run, items.x.detach(), items.y.detach())
    value = hx + hy - hxy
    still = items.constant.to(value.device)
    value = torch.where(still, torch.zeros_like(value), value)
    if pointwise:
        moved = local[0] + (value - local[0].mean(1))[:, None]
        return items.finish(moved.to(items.x.device), clip=False)
    if normalize:
        below = normaliser(normalize, hx, hy, hxy)
        value = torch.where(below > 0, value / below.clamp_min(1e-12), torch.zeros_like(value))
    return items.finish(value.to(items.x.device), clip)


def normalised(value: Tensor, items: Items, by: str) -> Tensor:
    """Divide estimates (A,) of another estimator by entropies of x and y in default bins."""
    tables = (table(a, b, part=True) for a, b in zip(items.x.detach(), items.y.detach(), strict=True))
    hx, hy, _ = (torch.stack(v).to(value) for v in zip(*(entropies(t, "miller-madow") for t in tables), strict=True))
    below = normaliser(by, hx, hy, hx + hy - value.detach())
    return torch.where(below > 0, value / below.clamp_min(1e-12), torch.zeros_like(value))


def _numbers(number: Any) -> tuple[int, int] | None:
    if number is None:
        return None
    pair = tuple(number) if isinstance(number, (tuple, list)) else (number, number)
    if len(pair) != 2:
        raise ValueError(f"number = {number!r}, wanted one whole number or a pair of them.")
    return whole(pair[0], "number", 1), whole(pair[1], "number", 1)


def _spans(span: Any) -> tuple:
    """Return ((low, high) or None for x, the same for y)."""
    if span is None:
        return None, None
    try:
        bounds = torch.as_tensor(span, dtype=torch.float64).reshape(-1, 2).expand(2, 2).tolist()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"span = {span!r}, wanted (low, high) or ((low, high), (low, high)).") from None
    for low, high in bounds:
        if not -float("inf") < low < high < float("inf"):
            raise ValueError(f"span = {span!r}, wanted finite low < high.")
    return tuple(map(tuple, bounds))


def _soft(items: Items, kernel: str, sizes, spans: tuple, normalize: str | None) -> Tensor:
    """Estimate from a soft table, (A,), with a gradient with respect to both inputs."""
    if items.x.shape[2] != 1 or items.y.shape[2] != 1:
        raise ValueError("soft bins take x and y of one column each: a table of more has too many cells to be smooth.")
    number = min(32, max(6, round(items.n ** (1 / 3))))
    p = soft_table(items.x[..., 0], items.y[..., 0], sizes or (number, number), kernel, spans)  # (A, bins, bins)
    hx, hy, hxy = (-(q * q.clamp_min(1e-30).log()).flatten(1).sum(1) for q in (p.sum(2), p.sum(1), p))
    value = hx + hy - hxy
    if normalize is None:
        return value
    below = normaliser(normalize, hx, hy, hxy)
    return torch.where(below > 0, value / below.clamp_min(1e-12), torch.zeros_like(value))
