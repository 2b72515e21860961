"""All rows of a table counted, chunk by chunk: labels as they are, numbers in bins."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from mi_lab.counting.batches import one_of, whole
from mi_lab.counting.blur import WEAK
from mi_lab.counting.discrete import CORRECTIONS, NORMALISERS, chosen, counts, tabulated
from mi_lab.counting.front import SHORT
from mi_lab.counting.tables import OCCUPANCY
from mi_lab.estimates import RATIO, Estimate
from mi_lab.large.context import Context
from mi_lab.large.counting import LabelCounts, dense, halves
from mi_lab.tables.kinds import Column

PAIRS = 50  # pairs of halves behind an error bar


def counted(
    c: Context, how: list, said: list, correction: str | None = None, parts: int | None = None, **options: Any
) -> Estimate:
    """Estimate from labels counted in all rows, in nats: the counts of chunks add up, so nothing is lost by them."""
    _no_more("counts", options)
    one_of(correction, "correction", (None, *CORRECTIONS))
    total = LabelCounts(c.sides.every)
    gone = c.each(total.add, said)
    how.append(f"Labels: all rows were counted, exactly; {len(total.count)} different rows were held.")
    return _of_counts(c, total, gone, how, said, correction, parts, "counts")


def _of_counts(c: Context, total: LabelCounts, gone: int, how, said, correction, parts, method) -> Estimate:
    if gone:
        said.append(f"{gone} of {c.n} rows have missing values and were left out.")
    if total.n < 8:
        raise ValueError(f"x has n = {total.n} rows without a gap, wanted at least 8.")
    sides, weights = total.table(*c.sides.cut())
    if min(int(v.max()) for v in sides[:2]) == 0:
        said.append("a variable is constant: nothing was estimated.")
        return Estimate(0.0, 0.0, truth=c.truth, method=method, n=total.n, warnings=tuple(said), how=tuple(how))
    codes = (*sides, None)[:3]
    correction = correction or chosen(tabulated(*codes, weights=weights))
    normalize = {"sqrt": "geometric"}.get(c.normalize, c.normalize)
    one_of(normalize, "normalize", (None, *NORMALISERS))

    def value(w: np.ndarray) -> float:
        here = w > 0
        return counts(*(v if v is None else dense(v[here]) for v in codes), correction, normalize, w[here])

    rng, gaps = np.random.default_rng([c.seed, 19]), []
    for _ in range(PAIRS if parts is None else parts):
        a, b = (value(half) for half in halves(weights, rng))
        gaps.append((a - b) / 2)
    error = math.sqrt(np.mean(np.square(gaps))) if gaps else None
    return Estimate(
        value(weights), error, "subsampling" if gaps else "nothing", RATIO if normalize else "nats", c.truth,
        method, total.n, "no bound", warnings=tuple(said), how=tuple(how),
    )  # fmt: skip


def binned(
    c: Context,
    sample: Any,
    how: list,
    said: list,
    number: int | None = None,
    kind: str = "mass",
    correction: str | None = None,
    parts: int | None = None,
    **options: Any,
) -> Estimate:
    """Count all rows in bins: their edges are quantiles of the sub-sample, or lie equally wide in the whole range."""
    import torch

    from mi_lab.counting.tables import chosen as number_of

    _no_more("bins", options)
    one_of(kind, "kind", ("mass", "width"))
    one_of(correction, "correction", (None, "miller-madow", "plug-in"))
    columns, _ = c.read(sample)
    x, y = (torch.from_numpy(v.values)[:, None] for v in columns)
    if number is None:  # as many as the sub-sample allows, or as all rows do whatever the law
        number = max(number_of(x, y), int(math.sqrt(c.n / max(OCCUPANCY, c.n**0.25))))
    number = whole(number, "number", 1)
    if kind == "mass":
        inner = np.arange(1, number) / number
        edges = [None if v.discrete else np.unique(np.quantile(v.values, inner)) for v in columns]
        how.append(f"Edges of {number} bins a column: quantiles of {len(columns[0].values)} rows drawn by chance.")
    else:
        spans = np.array([[np.inf, -np.inf]] * 2)
        for read, _ in c.chunks():
            for span, v in zip(spans, read, strict=True):
                if len(v.values):
                    span[:] = min(span[0], v.values.min()), max(span[1], v.values.max())
        edges = list(spans)
        how.append(f"{number} equally wide bins over the range of all rows.")
    total = LabelCounts(c.sides.every)
    cells = lambda read: np.stack([_cut(v, e, number, kind) for v, e in zip(read, edges, strict=True)], 1)  # noqa: E731
    gone = c.each(lambda read: total.add_values(cells(read)), said)
    how.append(f"All rows were counted in them, exactly; {len(total.count)} cells were held.")
    out = _of_counts(c, total, gone, how, said, correction or "miller-madow", parts, "bins")
    return out if c.normalize or any(e is None for e in edges) else _blurred(out, total)


def _blurred(out: Estimate, total: LabelCounts) -> Estimate:
    """Say what bins blur away, told from half as many of them; see `mi_lab.counting.blur`."""
    (x, y), weights = total.table([0], [1])
    drop = out.value - counts(dense(x // 2), dense(y // 2), correction="miller-madow", weights=weights)
    rho = max(WEAK, math.sqrt(-math.expm1(-2 * max(out.value, 0.0))))
    lost = max(0.0, drop) / (2 ** (2 / (1 + rho)) - 1)
    if lost <= SHORT["bins"] * (out.error or 0.0):
        return out
    said = (
        f"bias rules: half as many bins show {drop:.3f} nats less, so the estimate is probably too low by up to about "
        f"{lost:.2g} nats, which the error bar doesn't cover."
    )
    return replace(out, warnings=(*out.warnings, said), bias=(0.0, lost))


def _cut(v: Column, edges: Any, number: int, kind: str) -> np.ndarray:
    """Return the bin of each value, as a number; of few values themselves."""
    if edges is None:
        return v.values
    if kind == "mass":
        return np.searchsorted(edges, v.values, side="right").astype(float)
    low, high = edges
    return np.minimum(np.floor((v.values - low) / (high - low or 1.0) * number), number - 1)


def _no_more(method: str, options: dict) -> None:
    extra = [k for k in options if k not in ("device", "progress", "standardise", "units")]
    if extra:
        raise ValueError(f"method {method!r} got an unexpected keyword argument {extra[0]!r} for a table in chunks.")
