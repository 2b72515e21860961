"""What `estimate` is asked for of a table in chunks: which columns play which part, and how a chunk is read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mi_lab.findings import serial
from mi_lab.large.sources import Arrays, LargeTable, open_table
from mi_lab.tables.kinds import Column, check_kinds, read_column
from mi_lab.tables.missing import whole_rows

LOOKED = 5_000  # first rows that are looked at for a series


@dataclass(frozen=True)
class Sides:
    """Columns of one table that play the parts of x, y and, if there is one, the condition."""

    table: LargeTable
    x: list
    y: list
    z: list

    @property
    def every(self) -> list:
        return [*self.x, *self.y, *self.z]

    def cut(self) -> list[list[int]]:
        """Return which of `every` belong to x, to y and to z."""
        ends = np.cumsum([len(self.x), len(self.y), len(self.z)])
        return [list(range(b - len(s), b)) for b, s in zip(ends, (self.x, self.y, self.z), strict=True) if s]


@dataclass(frozen=True)
class Context:
    """What every way to estimate from a large table is told: the columns, how to read a chunk, and what to report."""

    sides: Sides
    kinds: dict
    marks: tuple
    missing: str
    chunk: int
    seed: int
    truth: float | None
    normalize: str | None
    progress: bool | None = None

    @property
    def n(self) -> int:
        return len(self.sides.table)

    def read(self, frame: Any) -> tuple[list[Column], int]:
        """Return the columns of a chunk without the rows that have gaps, and how many were left out."""
        return read_chunk(frame, self.sides.every, self.kinds, self.marks, self.missing)

    def chunks(self) -> Iterator[tuple[list[Column], int]]:
        """Yield all rows chunk by chunk, and how many of each were left out."""
        from mi_lab.training.logs import progress

        with progress(self.n, self.progress, "rows", unit="row") as bar:
            for frame in self.sides.table[self.sides.every].chunks(self.chunk):
                yield self.read(frame)
                bar.update(len(frame))

    def each(self, count: Callable[[list[Column]], None], said: list) -> int:
        """Call `count` with every chunk; return how many rows were left out.

        Ctrl-C leaves what was counted so far, with a sentence in `said`.
        """
        seen = gone = 0
        try:
            for columns, dropped in self.chunks():
                count(columns)
                gone, seen = gone + dropped, seen + dropped + len(columns[0].values)
        except KeyboardInterrupt:
            if not seen:
                raise
            said.append(f"stopped from the keyboard: of {self.n} rows only the first {seen} were counted.")
        return gone


def read_chunk(frame: Any, names: list, kinds: dict, marks: tuple, missing: str) -> tuple[list[Column], int]:
    """Return columns of a chunk, whole rows alone, and how many were left out."""
    columns = [read_column(frame[c], str(c), kinds.get(c), marks) for c in names]
    for c in columns:
        if np.isinf(c.values).any():
            raise ValueError(f"column {c.name!r} holds infinite values: drop or fill those rows first.")
    if not any(c.missing.any() for c in columns):
        return columns, 0
    if missing == "drop" and np.logical_or.reduce([c.missing for c in columns]).all():
        return [c.at(slice(0, 0)) for c in columns], len(frame)
    kept, _ = whole_rows([(c.name, c) for c in columns], missing)
    return [c.at(kept) for c in columns], len(frame) - int(kept.sum())


def sides_of(x: Any, y: Any, given: Any) -> Sides:
    """Return the columns as those of one table; arrays that are mapped into memory are put beside one another."""
    parts = {"x": x, "y": y} | ({} if given is None else {"given": given})
    tables = {name: v if isinstance(v, LargeTable) else _mapped(v, name, parts) for name, v in parts.items()}
    sizes = {name: len(t) for name, t in tables.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"{' and '.join(f'{name} has {n} rows' for name, n in sizes.items())}: wanted equally many.")
    base, columns, sources = None, {}, {}
    for name, t in tables.items():
        if base is None or t.source is base.source:
            base = base or t
            columns[name] = t.columns
        elif isinstance(base.source, Arrays) and isinstance(t.source, Arrays):
            if id(t.source) not in sources:
                sources[id(t.source)] = len(base.source.columns)
                base = LargeTable(base.source.beside(t.source), [])
            columns[name] = [sources[id(t.source)] + c for c in t.columns]
        else:
            raise ValueError(
                f"x comes from {tables['x'].name!r} and {name} from {t.name!r}: wanted columns of one table, or "
                "memory-mapped arrays of equally many rows."
            )
    table = LargeTable(base.source, base.source.columns)
    return Sides(table, columns["x"], columns["y"], columns.get("given", []))


def _mapped(v: Any, name: str, parts: dict) -> LargeTable:
    if isinstance(v, np.memmap):
        return open_table(v)
    large = next(k for k, w in parts.items() if isinstance(w, (LargeTable, np.memmap)))
    raise ValueError(
        f"{large} is a table that is read in chunks and {name} is a {type(v).__name__}: wanted both from one table."
    )


def kinds_given(kinds: dict | None, sides: Sides) -> dict:
    """Return the kinds that were said column by column, those of a whole side included."""
    check_kinds(dict(kinds or {}), [*sides.every, "x", "y", "given"])
    out = {}
    for name, columns in (("x", sides.x), ("y", sides.y), ("given", sides.z)):
        for c in columns:
            if (kind := (kinds or {}).get(c, (kinds or {}).get(name))) is not None:
                out[c] = kind
    return out


def kinds_found(sample: Any, sides: Sides, kinds: dict, marks: tuple) -> tuple[dict, bool]:
    """Return the kinds of columns, as the sub-sample shows them, and whether all serve as labels."""
    read = {c: read_column(sample[c], str(c), kinds.get(c), marks) for c in sides.every}
    there = {c: v.at(~v.missing) for c, v in read.items()}
    return {c: v.kind for c, v in read.items()}, all(v.discrete for v in there.values())


def series(first: Any, sides: Sides, kinds: dict, marks: tuple, missing: str) -> Iterator[str]:
    """Say that the first rows follow one another."""
    if missing == "refuse" and first.head(LOOKED).isna().to_numpy().any():
        return  # it is refused further on, by a sentence of its own
    columns, _ = read_chunk(first.head(LOOKED), sides.every, kinds, marks, missing)
    x, y = (np.column_stack([columns[i].values for i in side]) for side in sides.cut()[:2])
    if len(x) > 40:
        sentence, _ = serial(x, y)
        if sentence:
            yield f"of the first {len(x)} rows, {sentence}"
