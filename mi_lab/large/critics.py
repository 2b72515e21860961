"""Critics that are trained from chunks: every look at the held-out rows is preceded by rows that were not seen before.

The held-out rows are drawn once and never trained on.  What is trained on between two looks are runs of rows from some
places of the table, so that a table that is sorted still shows all of itself.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from mi_lab.estimates import Estimate
from mi_lab.large.sources import LargeTable, Part, draw
from mi_lab.objectives import OBJECTIVES
from mi_lab.training.problem import Problem

PLACES = 16  # of the table, from which the rows of an epoch come
HELD_OUT = 10_000  # rows at most


def can_stream(method: str) -> bool:
    """Say whether a method trains critics on joint samples alone, so that any rows will do."""
    return method == "mine" or method in OBJECTIVES


class Feed:
    """Rows of a table on the scale of a sub-sample, anew each time a problem asks for them.

    Parameters
    ----------
    table : LargeTable
    x, y : lists of columns
    rows : int
        Of a block.
    held : ndarray
        Numbers of rows that are never handed out, ascending.
    scale : ndarrays (mean, spread) of x's columns and y's together
    read : callable
        DataFrame -> columns without gaps.
    """

    def __init__(self, table: LargeTable, x: list, y: list, rows: int, held: np.ndarray, scale: tuple, read: Callable,
                 rng: np.random.Generator):  # fmt: skip
        self.table, self.columns, self.d = table[[*x, *y]], [*x, *y], len(x)
        self.rows, self.held, self.scale, self.read, self.rng = rows, held, scale, read, rng
        self.blocks = self.left_out = 0

    def __call__(self, problem: Problem) -> None:
        """Put other rows where the problem's samples are."""
        x, y = self.block()
        for target, z in zip(problem.data, (x, y), strict=True):
            target.copy_(torch.from_numpy(z).to(target.dtype))

    def block(self) -> tuple[np.ndarray, np.ndarray]:
        """Return samples x (rows, d_x) and y (rows, d_y), some more than once if the table has too few without gaps."""
        found, size = [], 0
        for _ in range(4 * PLACES):
            if size >= self.rows:
                break
            z = self._run()
            found.append(z)
            size += len(z)
        z = np.concatenate(found)
        if not len(z):
            raise ValueError(f"no row of {self.table.name!r} without a gap was found to train on.")
        self.blocks += 1
        z = (np.resize(z, (self.rows, z.shape[1])) - self.scale[0]) / self.scale[1]
        return z[:, : self.d], z[:, self.d :]

    def _run(self) -> np.ndarray:
        """Return a run of rows from one place, those that are held out left out."""
        parts: list[Part] = self.table.source.parts()
        sizes = np.array([p.rows for p in parts], float)
        part = parts[int(self.rng.choice(len(parts), p=sizes / sizes.sum()))]
        length = min(part.rows, -(-self.rows // PLACES))
        first = int(self.rng.integers(0, part.rows - length + 1))
        rows = np.arange(first, first + length)
        rows = rows[~np.isin(rows + part.start, self.held, assume_unique=True)]
        columns, gone = self.read(self.table.source.take(self.columns, part, rows))
        self.left_out += gone
        return np.column_stack([c.values for c in columns])


def from_chunks(estimate: Callable, c: Any, method: str, subsample: int, how: list, said: list, **options: Any):
    """Estimate by critics; `c` says which columns of which table, and how a chunk is read."""
    sides, rng = c.sides, np.random.default_rng([c.seed, 22])
    for name in ("held_out", "standardise"):
        if name in options:
            raise ValueError(f"{name} can't be chosen for a table that is read in chunks: rows are held out of it all.")
    held = draw(c.n, min(HELD_OUT, subsample // 5), rng)
    columns = [*sides.x, *sides.y]
    read, _ = c.read(sides.table[columns].at(held))
    z = np.column_stack([v.values for v in read])
    spread = z.std(0)
    scale = z.mean(0), np.where(spread > 0, spread, 1.0)
    z = (z - scale[0]) / scale[1]
    d = len(sides.x)
    feed = Feed(sides.table, sides.x, sides.y, subsample // 2, held, scale, c.read, rng)
    first = feed.block()
    out: Estimate = estimate(
        *first, method, held_out=(z[:, :d], z[:, d:]), renew=feed, standardise=False, seed=c.seed, truth=c.truth,
        **options,
    )  # fmt: skip
    how.append(
        f"Critics saw {feed.blocks} blocks of {feed.rows} rows, each from about {PLACES} places; {len(z)} other rows, "
        "drawn by chance, were held out."
    )
    if feed.left_out:
        said.append(f"{feed.left_out} rows that were met have missing values and were left out.")
    return replace(out, n=c.n, how=(*how, *out.how), warnings=(*said, *out.warnings))
