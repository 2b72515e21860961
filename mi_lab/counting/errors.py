"""How far an estimate may be off by chance: error bars for estimators that have no formula for one (chapter 3)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mi_lab.counting.batches import as_items, one_of, whole


def standard_error(
    estimator: Callable,
    x: Any,
    y: Any,
    by: str = "subsample",
    parts: int = 10,
    seed: int = 0,
    batch: bool = False,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    r"""Estimate, and estimate the standard error of the estimate, from the data alone.

    ``subsample``: the samples are cut into 2, 3, … `parts` equal pieces; the variance of an estimate from n samples
    falls as 1/n, and the spread among the pieces of every cutting says how fast (holmes2019):

    .. math:: \hat\sigma^2 = \frac{\sum_p (p - 1)\, s_p^2 / p}{\sum_p (p - 1)}

    ``jackknife``: each of `parts` blocks is left out in turn, :math:`\hat\sigma^2 = \frac{g-1}{g} \sum_j (\hat I_{-j} -
    \bar I)^2`.  Never resample with replacement here: copies of a sample look like dependence.

    The error says how an estimate scatters, in nats; it knows nothing of the bias.

    Parameters
    ----------
    estimator : callable
        ``estimator(x, y, **options)``: `ksg`, `kde` or `bins`.
    x, y, batch
        As for the estimator.
    by : {"subsample", "jackknife"}
    parts : int
        The finest cutting, or the number of blocks; at least 2.
    seed : int
        The samples are shuffled before they are cut.
    **options
        Handed to the estimator.

    Returns
    -------
    estimate, standard error : Tensors of the estimate's shape

    Raises
    ------
    ValueError
        Too few samples for so many parts.
    """
    one_of(by, "by", ("subsample", "jackknife"))
    parts = whole(parts, "parts", 2)
    items = as_items(x, y, batch)
    least = options.get("k", 3) + 1 if by == "subsample" else 2
    if items.n < parts * max(least, 2):
        raise ValueError(
            f"n = {items.n} samples can't be cut into {parts} parts of at least {max(least, 2)}: use fewer."
        )
    order = torch.randperm(items.n, generator=torch.Generator().manual_seed(seed)).to(items.x.device)
    xs, ys = items.x.detach()[:, order], items.y.detach()[:, order]

    def run(a: Tensor, b: Tensor) -> Tensor:
        return estimator(a, b, batch=True, **options)  # (A,)

    if by == "jackknife":
        block = torch.arange(items.n) * parts // items.n
        left = [torch.nonzero(block != j).flatten() for j in range(parts)]
        values = torch.stack([run(xs[:, i], ys[:, i]) for i in left])
        variance = (parts - 1) / parts * (values - values.mean(0)).square().sum(0)
    else:
        total, weight = 0.0, 0
        for p in range(2, parts + 1):
            m = items.n // p
            cut = [v[:, : m * p].reshape(len(v) * p, m, -1) for v in (xs, ys)]
            spread = run(*cut).reshape(-1, p).var(1, unbiased=True)
            total, weight = total + (p - 1) * spread / p, weight + p - 1
        variance = total / weight
    value = estimator(x, y, batch=batch, **options)
    return value, variance.sqrt().reshape(value.shape).to(value.dtype)
