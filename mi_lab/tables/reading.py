"""x, y and a condition as people hand them in, read into rows that go together."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mi_lab.samples import same_length
from mi_lab.tables.kinds import Column, check_kinds, read_column, split
from mi_lab.tables.missing import aligned, whole_rows


@dataclass(frozen=True)
class Side:
    """One argument: its columns, read."""

    name: str
    columns: tuple[Column, ...]

    @property
    def values(self) -> np.ndarray:
        """Numbers, and codes of labels, (n, d) float64, the caller's own."""
        return np.ascontiguousarray(np.column_stack([c.values for c in self.columns]))

    @property
    def n(self) -> int:
        return len(self.columns[0].values)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(c.kind for c in self.columns)

    @property
    def has_labels(self) -> bool:
        return "label" in self.kinds

    @property
    def discrete(self) -> bool:
        """Say whether all columns serve as labels, see `Column.discrete`."""
        return all(c.discrete for c in self.columns)

    def codes(self) -> np.ndarray:
        """Return one whole number (n,) for every combination of values."""
        return as_codes(self.values)

    def split(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return the codes (n,) of the columns that serve as labels, and the numbers (n, d) of the others."""
        labels = [c.values for c in self.columns if c.discrete]
        rest = [c.values for c in self.columns if not c.discrete]
        return as_codes(np.column_stack(labels)) if labels else None, np.column_stack(rest) if rest else None

    def indicators(self) -> np.ndarray:
        """Return numbers as they are and a column of 0 and 1 for every label but the first, (n, d)."""
        parts = []
        for c in self.columns:
            if c.kind == "label":
                seen = np.unique(c.values)
                parts.append((c.values[:, None] == (seen[1:] if len(seen) > 1 else seen)).astype(float))
            else:
                parts.append(c.values[:, None])
        return np.ascontiguousarray(np.concatenate(parts, 1))

    def at(self, rows: np.ndarray) -> "Side":
        """Return these rows alone."""
        return Side(self.name, tuple(c.at(rows) for c in self.columns))


@dataclass(frozen=True)
class Rows:
    """Samples x, y and, if there is a condition, z, that go together, and what was done to them."""

    x: Side
    y: Side
    z: Side | None = None
    sentences: tuple[str, ...] = field(default=())

    @property
    def sides(self) -> tuple[Side, ...]:
        return (self.x, self.y) if self.z is None else (self.x, self.y, self.z)

    @property
    def has_labels(self) -> bool:
        return any(s.has_labels for s in self.sides)


def as_codes(v: np.ndarray) -> np.ndarray:
    """Return a whole number (n,) for every different row of v (n, d), in the order of the rows."""
    _, codes = np.unique(v[:, 0] if v.shape[1] == 1 else v, axis=0, return_inverse=True)
    return codes.reshape(-1)


def read(
    x: Any,
    y: Any,
    given: Any = None,
    kinds: dict | None = None,
    missing: str = "refuse",
    marks: Any = (),
    minimum: int = 2,
) -> Rows:
    """Read samples and a condition.

    Parameters
    ----------
    x, y, given : array-like or tables of n rows
        NumPy, torch, pandas (indices are aligned or refused), SciPy's sparse matrices, lists, mappings.
    kinds : dict, optional
        Name of a column, or "x", "y", "given" for all columns of it -> "number", "count" or "label".
    missing : {"refuse", "drop"}
        What becomes of rows with a gap.
    marks : values that stand for a missing one, such as -999 or "n/a"
    minimum : int
        The fewest rows wanted.

    Raises
    ------
    ValueError
        In one sentence that names the argument, what was found and what is wanted.
    """
    parts, said = aligned({"x": x, "y": y} | ({} if given is None else {"given": given}))
    marks = tuple(marks) if isinstance(marks, (tuple, list, set)) else (marks,)
    kinds = _checked(kinds, parts)
    sides = {name: _side(v, name, kinds, marks, minimum) for name, v in parts.items()}
    first, *rest = sides.values()
    for other in rest:
        same_length(first.columns[0].values, other.columns[0].values, (first.name, other.name))
    every = [(side.name, c) for side in sides.values() for c in side.columns]
    kept, dropped = whole_rows(every, missing)
    if kept is not None:
        sides = {name: side.at(kept) for name, side in sides.items()}
        if kept.sum() < minimum:
            raise ValueError(f"x has n = {int(kept.sum())} rows without a gap, wanted at least {minimum}.")
    for side in sides.values():
        for c in side.columns:
            infinite = int(np.isinf(c.values).sum())
            if infinite:
                raise ValueError(
                    f"{_where(side, c)} holds {infinite} infinite value(s), the first in row "
                    f"{int(np.isinf(c.values).argmax())}: drop or fill those rows."
                )
    sentences = [said, dropped, *(_sentinel(side, c) for side in sides.values() for c in side.columns)]
    sentences += [_shape(list(sides.values())), *(_constant(side) for side in sides.values())]
    return Rows(sides["x"], sides["y"], sides.get("given"), tuple(s for s in sentences if s))


def _shape(sides: list[Side]) -> str:
    """Say that there are more columns than rows."""
    columns, n = sum(len(side.columns) for side in sides), sides[0].n
    if columns < n:
        return ""
    names = " and ".join(side.name for side in sides)
    return (
        f"{names} have {columns} columns together and only {n} rows: so few rows lie far from one another whatever the "
        "law, and an estimate says next to nothing; take fewer columns."
    )


def _constant(side: Side) -> str:
    """Say that some of several columns never vary."""
    if len(side.columns) == 1:
        return ""
    same = [c for c in side.columns if (c.values == c.values[:1]).all()]
    if not same or len(same) == len(side.columns):
        return ""
    return f"{_where(side, same[0])}{' and others' if len(same) > 1 else ''} holds one value only and tells nothing."


def _where(side: Side, column: Column) -> str:
    named = column.name != side.name and not column.name.endswith(f" of {side.name}")
    return f"{side.name} (column {column.name!r})" if named else column.name


def _checked(kinds: dict | None, parts: dict) -> dict:
    if kinds is None:
        return {}
    if not isinstance(kinds, dict):
        raise ValueError(f"kinds = {kinds!r}, wanted a mapping such as {{'x': 'label'}}.")
    check_kinds(kinds, [*parts, *(name for side, v in parts.items() for name, _ in split(v, side))])
    return kinds


def _side(v: Any, name: str, kinds: dict, marks: tuple, minimum: int) -> Side:
    columns = []
    for column, part in split(v, name):
        n = len(part)
        if n < minimum:
            raise ValueError(f"{name} has n = {n} samples, wanted at least {minimum}.")
        columns.append(read_column(part, column, kinds.get(column, kinds.get(name)), marks))
    return Side(name, tuple(columns))


def _sentinel(side: Side, c: Column) -> str:
    """Say that one repeated value stands far from all others and looks like a mark for "no value"."""
    if c.kind == "label" or len(c.values) < 20:
        return ""
    for end in (c.values.min(), c.values.max()):
        here = c.values == end
        count, rest = int(here.sum()), c.values[~here]
        if not _a_mark(float(end)) or count < 2 or len(rest) < 10:
            continue
        low, high = float(rest.min()), float(rest.max())
        gap = low - end if end < low else end - high
        if gap > max(high - low, 1e-300):
            return (
                f"{_where(side, c)} is {end:g} in {count} of {len(c.values)} rows and between {low:g} and {high:g} in "
                f'the others: if it marks a missing value, say marks=({end:g},) and missing="drop".'
            )
    return ""


def _a_mark(v: float) -> bool:
    """Say whether a number looks made up: −1, −200, ±99…9, or a power of ten beyond a million."""
    size = abs(v)
    nines = size >= 9 and str(int(size)).strip("9") == "" if size < 1e15 and size == int(size) else False
    power = size >= 1e6 and math.isclose(math.log10(size), round(math.log10(size)), abs_tol=1e-9)
    low = v in (-1.0, -200.0, -99.9, -999.9, -9999.9, -32768.0) or (v < 0 and size in (88.0, 888.0, 8888.0))
    return nines or power or low or size > 1e30
