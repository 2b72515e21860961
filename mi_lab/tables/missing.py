"""Rows that go together: gaps are refused or left out, pandas indices are aligned or refused."""

from typing import Any

import numpy as np

from mi_lab.tables.kinds import Column, is_frame, is_series

WAYS = ("refuse", "drop")


def aligned(parts: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the arguments with the rows of pandas' in one order, and a sentence where they had to be moved.

    Two tables whose indices hold the same labels, none twice, in another order are brought into the first one's order.
    What has no index goes by position.

    Raises
    ------
    ValueError
        The indices differ in what they hold, or a label stands twice in one that differs.
    """
    indexed = {name: v for name, v in parts.items() if is_frame(v) or (is_series(v) and hasattr(v, "index"))}
    if len(indexed) < 2:
        return parts, ""
    (first, base), *rest = indexed.items()
    moved = []
    for name, v in rest:
        if base.index.equals(v.index):
            continue
        if len(v) != len(base):
            common = len(base.index.intersection(v.index))
            raise ValueError(
                f"{first} has {len(base)} rows and {name} has {len(v)}, with {common} index labels in common: wanted "
                "equally many; join the tables first."
            )
        if not (base.index.is_unique and v.index.is_unique) or len(base.index.difference(v.index)):
            common = len(base.index.intersection(v.index).unique())
            raise ValueError(
                f"{first} and {name} have different indices ({common} labels in common, {len(base)} rows): join the "
                "tables first, or hand in .to_numpy() if row i of one goes with row i of the other."
            )
        parts = parts | {name: v.loc[base.index]}
        moved.append(name)
    return parts, f"the rows of {' and '.join(moved)} were brought into the order of {first}'s index." if moved else ""


def whole_rows(columns: list[tuple[str, Column]], missing: str) -> tuple[np.ndarray | None, str]:
    """Return which rows have no gap, None if all of them, and a sentence where some are left out.

    Parameters
    ----------
    columns : (argument, column) of every column
    missing : {"refuse", "drop"}

    Raises
    ------
    ValueError
        Rows have gaps and are to be refused, or none is left.
    """
    if missing not in WAYS:
        raise ValueError(f"missing = {missing!r}, wanted one of: {', '.join(map(repr, WAYS))}.")
    gone = np.zeros(len(columns[0][1].values), bool)
    for _, column in columns:
        gone |= column.missing
    if not gone.any():
        return None, ""
    n, holes = len(gone), [(side, c) for side, c in columns if c.missing.any()]
    where = ", ".join(
        f"{side if c.name == side or c.name.endswith(f' of {side}') else f'{side} (column {c.name!r})'} holds "
        f"{int(c.missing.sum())} missing value(s) (NaN)"
        for side, c in holes[:3]
    )
    if missing == "refuse":
        raise ValueError(
            f"{where}{' and more' if len(holes) > 3 else ''} in {int(gone.sum())} of {n} rows (the first is row "
            f'{int(gone.argmax())}): fill them, or leave such rows out by missing="drop".'
        )
    if gone.all():
        raise ValueError(f"{where}: every one of the {n} rows has a gap, so none is left.")
    return ~gone, f"{int(gone.sum())} of {n} rows have missing values and were left out."
