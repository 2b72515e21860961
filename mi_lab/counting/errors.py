"""How far an estimate may be off by chance: error bars for estimators that have no formula for one (chapter 3)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mi_lab.counting.batches import Items, as_items, one_of, parts_of_samples, whole
from mi_lab.counting.binning import bins
from mi_lab.counting.tables import table
from mi_lab.device import widest

PAIRS, FEWER = 50, 20  # pairs of halves; fewer where they cost more: each error bar then scatters by 10 %, by 16 %
CHEAP = 5000  # samples of one column each up to which an estimate costs little
BLOCKS = 10  # left out, one after the other, by the jackknife
GAUGED = 4  # pairs of halves whose tables are looked at
_TOGETHER = 1 << 19  # samples estimated from in one call


class Scatter(NamedTuple):
    """An estimate from n samples, and what pairs of halves say about it; tensors of the estimate's shape."""

    value: Tensor
    error: Tensor  # one standard error
    drift: Tensor  # the mean over all halves, less the value
    failed: Tensor  # the share of halves that gave no number


def standard_error(
    estimator: Callable,
    x: Any,
    y: Any,
    by: str = "subsample",
    parts: int | None = None,
    seed: int = 0,
    batch: bool = False,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    r"""Estimate, and estimate the standard error of the estimate, from the data alone.

    ``subsample``: the samples are cut at random into two halves that share none, `parts` times over.  Two such halves
    are independent, so half of their difference has half of the variance of an estimate from n/2 samples; that is the
    variance of one from n, as far as variances fall like 1/n from n/2 to n (after holmes2019, who cut into more and
    smaller pieces, where that is less true).  Bins get finer from n/2 to n, which `_growth` puts in.

    .. math:: \hat\sigma^2 = \frac1R \sum_{r=1}^R \Big(\frac{\hat I(A_r) - \hat I(B_r)}{2}\Big)^2

    ``jackknife``: each of `parts` blocks is left out in turn, :math:`\hat\sigma^2 = \frac{g-1}{g} \sum_j (\hat I_{-j} -
    \bar I)^2`.  Too wide by 10 to 100 %, as what one block changes locally is counted whole (efron1981).

    Never resample with replacement here: copies of a sample look like dependence.  The error says how an estimate
    scatters, in nats; it knows nothing of the bias.

    Parameters
    ----------
    estimator : callable
        ``estimator(x, y, **options)``: `ksg`, `kde` or `bins`.
    x, y, batch
        As for the estimator.
    by : {"subsample", "jackknife"}
    parts : int, optional
        Pairs of halves, 50 if left out (20 of many samples or columns), or blocks, 10 if left out; at least 2.
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
    if by == "subsample":
        return halves(estimator, x, y, parts, seed, batch, **options)[:2]
    parts = BLOCKS if parts is None else whole(parts, "parts", 2)
    items = as_items(x, y, batch)
    _enough(items.n, parts, 2)
    order = torch.randperm(items.n, generator=torch.Generator().manual_seed(seed))
    block = torch.arange(items.n) * parts // items.n
    xs, ys = items.x.detach(), items.y.detach()
    value = estimator(x, y, batch=batch, **options)
    with parts_of_samples():
        left = [order[block != j].to(xs.device) for j in range(parts)]
        values = torch.stack([estimator(xs[:, i], ys[:, i], batch=True, **options) for i in left])
    variance = (parts - 1) / parts * (values - values.mean(0)).square().sum(0)
    return value, variance.sqrt().reshape(value.shape).to(value.dtype)


def halves(
    estimator: Callable,
    x: Any,
    y: Any,
    pairs: int | None = None,
    seed: int = 0,
    batch: bool = False,
    block: int = 1,
    **options: Any,
) -> Scatter:
    """Estimate from all samples and from pairs of halves, see `standard_error`.

    Parameters
    ----------
    block : int
        Rows that follow one another stay together in blocks of so many, so that what they share doesn't make two
        halves alike.
    """
    items = as_items(x, y, batch)
    if pairs is None:
        dear = items.n > CHEAP or items.x.shape[2] + items.y.shape[2] > 2
        pairs = FEWER if dear else PAIRS
    pairs = whole(pairs, "parts", 2)
    _enough(items.n, 2, 2 * block if block > 1 else max(2, options.get("k", 3) + 1))
    value = estimator(x, y, batch=batch, **options)
    xs, ys = items.x.detach(), items.y.detach()
    generator = torch.Generator().manual_seed(seed)
    together = max(1, _TOGETHER // (len(xs) * items.n * max(xs.shape[2], ys.shape[2])))
    found = []
    with parts_of_samples():
        for start in range(0, pairs, together):
            cuts = [_cut(items.n, block, generator) for _ in range(min(together, pairs - start))]
            index = torch.stack(cuts).flatten(0, 1).to(xs.device)  # (2 R, n // 2)
            a, b = (v[:, index].flatten(0, 1) for v in (xs, ys))
            found.append(estimator(a, b, batch=True, **options).reshape(len(xs), -1, 2))
    values = torch.cat(found, 1).to(widest(xs.device))  # (A, R, 2)
    good = values.isfinite().all(2)
    values = torch.where(good[..., None], values, 0)
    number = good.sum(1)
    error = ((values[..., 0] - values[..., 1]) / 2).square().sum(1).div(number).sqrt()  # 0 / 0 where none is good
    if estimator is bins and options.get("number") is None and not options.get("soft"):
        error = error * _growth(items, options.get("kind", "mass"), generator)
    drift = values.mean(2).sum(1) / number - value.detach().reshape(-1)
    out = (v.reshape(value.shape).to(value.dtype) for v in (error, drift, 1 - number / good.shape[1]))
    return Scatter(value, *out)


def _cut(n: int, block: int, generator: torch.Generator) -> Tensor:
    """Return two halves without a common sample, (2, n // 2): of single samples or of whole blocks of neighbours."""
    number = n // block // 2 * 2
    order = torch.randperm(number, generator=generator).reshape(2, -1)
    return (order[..., None] * block + torch.arange(block)).flatten(1)


def _growth(items: Items, kind: str, generator: torch.Generator) -> Tensor:
    r"""Return by how much the error of bins, times the root of n, grows from n/2 to n samples, (A,): at least 1.

    For independent variables the variance is :math:`\nu / 2n^2` with :math:`\nu = K_{xy} - K_x - K_y + 1` degrees of
    freedom of the occupied cells.  Where bins get finer with n it falls more slowly than 1/n, and a whole number of
    bins makes steps; labels keep their cells, and nothing grows.
    """
    x, y, cuts = items.x.detach(), items.y.detach(), [_cut(items.n, 1, generator) for _ in range(GAUGED)]

    def freedom(a: Tensor, b: Tensor) -> float:
        t = table(a, b, kind=kind, part=True)
        return (len(t.cxy) - int((t.cx > 0).sum()) - int((t.cy > 0).sum()) + 1) / t.n

    out = []
    for a, b in zip(x, y, strict=True):
        half = sum(freedom(a[h], b[h]) for cut in cuts for h in cut.to(a.device)) / (2 * GAUGED)
        out.append(max(1.0, freedom(a, b) / half if half > 0 else 1.0) ** 0.5)
    return torch.tensor(out, dtype=torch.float64).to(x.device, widest(x.device))


def _enough(n: int, parts: int, least: int) -> None:
    if n < parts * least:
        raise ValueError(f"n = {n} samples can't be cut into {parts} parts of at least {least}: use fewer.")
