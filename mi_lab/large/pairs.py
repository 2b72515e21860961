"""`pairwise` of a table that does not fit: labels counted in all rows, exactly; the rest from a sub-sample."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from mi_lab.counting.discrete import counts
from mi_lab.estimates import UNITS
from mi_lab.large.counting import LabelCounts, dense, halves
from mi_lab.large.sources import CHUNK, LargeTable, open_table
from mi_lab.tables.kinds import read_column

SUBSAMPLE = 100_000  # rows that are held
PAIRS = 25  # pairs of halves behind an error bar of counts


def pairwise_large(
    pairwise: Callable,
    table: Any,
    columns: Any,
    kinds: dict | None,
    missing: str,
    errors: bool,
    seed: int,
    subsample: int = SUBSAMPLE,
    chunk: int = CHUNK,
    **options: Any,
) -> Any:
    """Estimate all pairs of columns: of labels from all rows, exactly; of numbers, and of both, from a sub-sample."""
    table = table if isinstance(table, LargeTable) else open_table(table)
    if columns is not None:
        table = table[[columns] if isinstance(columns, str) else list(columns)]
    n = len(table)
    sample = table.sample(subsample, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        out = pairwise(sample, None, kinds=kinds, missing=missing, errors=errors, seed=seed, **options)
    if n <= subsample:
        return _said(out, out.warnings)
    said = [f"{n} rows of {table.name!r}: pairs with numbers were estimated from {len(sample)} rows drawn by chance."]
    read = {c: read_column(sample[c], str(c), out.kinds[c]) for c in table.columns}
    labels = [c for c, v in read.items() if v.at(~v.missing).discrete]
    if len(labels) > 1 and options.get("method") is None:
        said.append(f"pairs of labels ({len(labels)} columns) were counted in all rows, exactly.")
        _exact_pairs(out, table, labels, missing, chunk, errors, seed)
    return _said(out, (*said, *out.warnings))


def _exact_pairs(out: Any, table: LargeTable, labels: list, missing: str, chunk: int, errors: bool, seed: int) -> None:
    """Put the exact values, errors and numbers of rows of pairs of labels into the matrix."""
    from mi_lab.tables.kernels import entropy

    totals = {(a, b): LabelCounts([a, b]) for i, a in enumerate(labels) for b in labels[i + 1 :]}
    alone = {a: LabelCounts([a]) for a in labels}
    for frame in table[labels].chunks(chunk):
        read = {c: read_column(frame[c], str(c), out.kinds[c]) for c in labels}
        gaps = [c for c in labels if read[c].missing.any()]
        if gaps and missing == "refuse":
            raise ValueError(f'column {gaps[0]!r} has missing values: fill them, or leave rows out by missing="drop".')
        for c, total in alone.items():
            total.add([read[c].at(~read[c].missing)])
        for (a, b), total in totals.items():
            there = ~(read[a].missing | read[b].missing)
            total.add([read[a].at(there), read[b].at(there)])
    scale, rng = UNITS[out.units], np.random.default_rng([seed, 21])
    for a, total in alone.items():
        out.loc[a, a] = entropy(total.count, total.n) / scale
        out.rows.loc[a, a] = total.n
    for (a, b), total in totals.items():
        (x, y), weights = total.table([0], [1])
        error = math.nan
        if errors:
            gaps = []
            for _ in range(PAIRS):
                one, other = (counts(dense(x[w > 0]), dense(y[w > 0]), weights=w[w > 0]) for w in halves(weights, rng))
                gaps.append((one - other) / 2)
            error = math.sqrt(np.mean(np.square(gaps)))
        for frame, value in ((out, counts(x, y, weights=weights)), (out.errors, error)):
            if frame is not None:
                frame.loc[a, b] = frame.loc[b, a] = value / scale
        out.rows.loc[a, b] = out.rows.loc[b, a] = total.n


def _said(out: Any, sentences: tuple) -> Any:
    out.warnings = tuple(sentences)
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=3)
    return out
