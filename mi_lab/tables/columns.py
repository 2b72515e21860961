"""A table made ready for all pairs: each column looked at once, in one block of memory that all workers read.

Numbers become Gaussian scores of their ranks; labels, and whole numbers with few values, become codes.  A column's
work is then done once instead of once a pair.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mi_lab.counting.batches import standardised
from mi_lab.counting.front import gaussian_scores
from mi_lab.large.sources import is_large
from mi_lab.tables.kinds import Column, check_kinds, read_column, split

FEW = 8  # rows that a pair needs at least
NAMES = 0.5  # share of different values from which labels are names of rows, which tell nothing


@dataclass(frozen=True)
class Columns:
    """p columns of n rows.

    Attributes
    ----------
    names : list
    kinds : tuple of "number", "count" or "label"
    labels : ndarray (p,), bool
        Which are counted by their values: labels, and whole numbers with few of them.
    values : ndarray (p, n)
        Numbers as they are, codes 0, 1, … of what is counted; NaN where missing.
    scores : ndarray (p, n)
        What distances are taken of; codes again for what is counted.
    missing : ndarray (p, n), bool
    single : ndarray (p,), bool
        Which are numbers without equal values, so that their scores are the same set of numbers in every such column.
    order : ndarray (p, n)
        The rows in ascending order of each column.
    whole : ndarray (p,), bool
        Which miss nothing.
    read : tuple of Column
        The same, one by one.
    """

    names: list
    kinds: tuple[str, ...]
    labels: np.ndarray
    values: np.ndarray
    scores: np.ndarray
    missing: np.ndarray
    single: np.ndarray
    order: np.ndarray
    whole: np.ndarray
    read: tuple[Column, ...]

    @property
    def n(self) -> int:
        return self.values.shape[1]

    def is_label(self, j: int) -> bool:
        return bool(self.labels[j])


def as_columns(table: Any, columns: Any = None, kinds: dict | None = None, missing: str = "refuse") -> Columns:
    """Look at a table: a DataFrame, a mapping of columns, or an array (n, p).

    Raises
    ------
    ValueError
        No such column, two of one name, too few rows, missing values that are to be refused, infinite numbers, or a
        kind that a column can't be.
    """
    frame = as_frame(table, columns)
    if missing not in ("refuse", "drop"):
        raise ValueError(f"missing = {missing!r}, wanted 'refuse' or 'drop'.")
    if len(frame) < FEW:
        raise ValueError(f"the table has {len(frame)} rows, wanted at least {FEW}.")
    kinds = dict(kinds or {})
    check_kinds(kinds, frame.columns)
    read = [read_column(v, name, kinds.get(name)) for name, v in split(frame, "table")]
    for name, c in zip(frame.columns, read, strict=True):
        if np.isinf(c.values).any():
            count = int(np.isinf(c.values).sum())
            row = int(np.isinf(c.values).argmax())
            raise ValueError(
                f"column {name!r} holds {count} infinite value(s), the first in row {row}: drop or fill those rows."
            )
    gaps = {name: c.missing for name, c in zip(frame.columns, read, strict=True) if c.missing.any()}
    if missing == "refuse" and gaps:
        told = ", ".join(
            f"{name!r} {gone.sum()}, first in row {gone.argmax()}" for name, gone in list(gaps.items())[:5]
        )
        raise ValueError(
            f"the table has missing values ({told}{' and more' * (len(gaps) > 5)}): fill them, or say "
            'missing="drop" to leave rows out, pair by pair.'
        )
    values, scores = np.full((2, len(read), len(frame)), np.nan)
    counted = np.array([c.at(~c.missing).discrete for c in read])
    single = np.zeros(len(read), bool)
    for j, c in enumerate(read):
        there = ~c.missing
        v = c.values[there]
        if counted[j]:
            v = np.unique(v, return_inverse=True)[1].reshape(-1).astype(float)
        values[j, there] = v
        single[j] = not counted[j] and len(np.unique(v)) == len(v)
        scores[j, there] = v if counted[j] else scored(v)
    gone, order = np.isnan(values), np.argsort(scores, axis=1, kind="stable")
    kinds_found = tuple(c.kind for c in read)
    return Columns(
        list(frame.columns), kinds_found, counted, values, scores, gone, single, order, ~gone.any(1), tuple(read)
    )


def as_frame(table: Any, columns: Any = None):
    """Return a table as a DataFrame with the columns asked for."""
    import pandas as pd

    if isinstance(table, (str, bytes)) or table is None:
        raise ValueError(f"table is a {type(table).__name__}, wanted a DataFrame, a mapping of columns or an array.")
    if is_large(table):
        raise ValueError(
            f"{getattr(table, 'name', 'the array')!r} is read in chunks, which only estimate and pairwise can do: take "
            "open_table(…).sample(100_000), a table of some of its rows."
        )
    if hasattr(table, "detach"):
        table = table.detach().cpu().numpy()
    try:
        frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
    except (ValueError, TypeError) as error:
        raise ValueError(f"this makes no table: {str(error).splitlines()[0]}") from None
    if columns is not None:
        columns = [columns] if isinstance(columns, str) else list(columns)
        absent = [c for c in columns if c not in frame.columns]
        if absent:
            raise ValueError(f"the table has no column {absent[0]!r}; it has: {', '.join(map(str, frame.columns))}.")
        frame = frame[columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"two columns are called {twice[0]!r}: give each a name of its own.")
    return frame


def scored(v: np.ndarray) -> np.ndarray:
    """Return Gaussian scores of the ranks of one column (n,), of mean 0 and standard deviation 1, as `ksg` has them."""
    if not len(v):
        return v
    scores = torch.from_numpy(gaussian_scores(v[:, None])[None])
    return standardised(scores).numpy()[0, :, 0].copy()
