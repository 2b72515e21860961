"""Kinds of columns: what a column of a table holds, found by looking at it.

==========  ======================================================  =====================================
kind        what is in the column                                   what becomes of it
==========  ======================================================  =====================================
"number"    measured numbers, dates (seconds since the first),      itself
            durations (seconds)
"count"     whole numbers, some of which repeat                     itself; a label each where they are few
"label"     words, booleans, categories                             0, 1, 2, … in the order of the labels
==========  ======================================================  =====================================
"""

import datetime
import numbers
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

KINDS = ("number", "count", "label")
READS = 0.5  # share of a text column's entries from which on it looks like numbers that were read wrongly
ROWS = 20  # rows that each value of a whole number has, on average, where the values serve as labels
DATES = (datetime.date, np.datetime64)  # a datetime is a date
DURATIONS = (datetime.timedelta, np.timedelta64)


@dataclass(frozen=True)
class Column:
    """One column: float64 values (n,) (labels as codes), its kind, which are missing, and the labels by their codes."""

    name: str
    values: np.ndarray
    missing: np.ndarray
    kind: str
    labels: tuple = ()

    def at(self, rows: np.ndarray) -> "Column":
        """Return these rows alone."""
        return replace(self, values=self.values[rows], missing=self.missing[rows])

    @property
    def discrete(self) -> bool:
        """Say whether the values serve as labels: they are labels, or few enough to have `ROWS` rows each."""
        return self.kind == "label" or len(np.unique(self.values)) * ROWS <= len(self.values)


def kinds_of(columns: Any, kinds: dict | None = None) -> tuple[str, ...]:
    """Return the kind of every column: a number, a count or a label.

    Numbers are "number", or "count" where all are whole and some repeat; words, booleans and categories are "label";
    dates and durations are "number".  Missing values say nothing about a kind.

    Parameters
    ----------
    columns : DataFrame, Series, mapping, array-like of shape (n,) or (n, d), or a list of Series or arrays (n,)
    kinds : dict, optional
        Name of a column -> its kind, where it is known better.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        What is in a column is of no kind (complex numbers, lists), or `kinds` names what isn't there.

    Examples
    --------
    >>> kinds_of({"height": [1.71, 1.83, 1.65], "children": [0, 2, 2], "town": ["Bern", "Basel", "Bern"]})
    ('number', 'count', 'label')
    """
    parts = split(columns, "columns")
    wanted = dict(kinds or {})
    check_kinds(wanted, [name for name, _ in parts])
    return tuple(read_column(v, name, wanted.get(name)).kind for name, v in parts)


def check_kinds(kinds: dict, names: Iterable) -> None:
    """Raise a `ValueError` unless `kinds` leads from names that are there to kinds."""
    names = list(dict.fromkeys(names))
    for name, kind in kinds.items():
        if name not in names:
            raise ValueError(f"kinds names {name!r}, wanted some of: {', '.join(map(str, names))}.")
        if kind not in KINDS:
            raise ValueError(f"kinds says {name!r} is {kind!r}, wanted one of: {', '.join(KINDS)}.")


def split(table: Any, name: str) -> list[tuple[Any, Any]]:
    """Return (name, column) for every column of a table, a column, or an array; columns without a name are numbered."""
    if is_frame(table):
        return [(c, table.iloc[:, j]) for j, c in enumerate(table.columns)]
    if is_series(table):
        return [(name if table.name is None else table.name, table)]
    if isinstance(table, dict) and table:
        return list(table.items())
    if isinstance(table, (list, tuple)) and table and all(is_series(c) or getattr(c, "ndim", 0) == 1 for c in table):
        return [(name_of(c, f"column {j}"), c) for j, c in enumerate(table)]
    if hasattr(table, "chunks") and hasattr(table, "sample"):
        raise ValueError(
            f"{name} is a table that is read in chunks, which only estimate and pairwise can do: take .sample(100_000) "
            "of it."
        )
    if table is None or isinstance(table, (str, bytes, dict, set)):
        raise ValueError(f"{name} is a {type(table).__name__}, wanted columns of shape (n,) or (n, d).")
    array = dense(table, name)
    if array.ndim == 1:
        return [(name, array)]
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"{name} has shape {array.shape}, wanted columns of shape (n,) or (n, d).")
    if array.shape[1] == 1:
        return [(name, array[:, 0])]
    return [(f"column {j} of {name}", array[:, j]) for j in range(array.shape[1])]


def is_frame(v: Any) -> bool:
    """Say whether v is a pandas DataFrame."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(v, pandas.DataFrame)


def is_series(v: Any) -> bool:
    """Say whether v is a pandas Series or Index."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(v, (pandas.Series, pandas.Index))


def name_of(v: Any, otherwise: str) -> Any:
    """Return a Series' name, if it has one."""
    name = getattr(v, "name", None)
    return otherwise if name is None else name


def dense(v: Any, name: str) -> np.ndarray:
    """Return an array of what isn't pandas': tensors, sparse matrices, masked arrays (kept), lists, other tables."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(v, torch.Tensor):
        v = v.detach().cpu()
        v = v.to_dense() if v.layout != torch.strided else v
        return v.float().numpy() if v.dtype == torch.bfloat16 else v.numpy()
    sparse = sys.modules.get("scipy.sparse")
    if sparse is not None and sparse.issparse(v):
        return v.toarray()
    if isinstance(v, np.ma.MaskedArray):
        return v
    try:
        return v.to_numpy() if hasattr(v, "to_numpy") else np.asarray(v)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} doesn't form an array (ragged rows?), wanted columns of shape (n,) or (n, d)."
        ) from None


def read_column(v: Any, name: Any, kind: str | None = None, marks: tuple = ()) -> Column:
    """Return one column as numbers or codes.

    Parameters
    ----------
    v : Series or array-like (n,)
    name : how messages call it
    kind : one of `KINDS`, or None to find it
    marks : values that stand for a missing one

    Raises
    ------
    ValueError
        Complex numbers, lists in a cell, text that mostly reads as numbers, or text where numbers are wanted.
    """
    values, missing, labels, found = _raw(v, _called(name))
    for mark in marks:
        if labels:
            missing = missing | np.isin(values, [i for i, w in enumerate(labels) if w == mark])
        elif isinstance(mark, numbers.Real):
            missing = missing | (values == float(mark))
    if labels and kind in ("number", "count"):
        values, missing = _parsed(values, missing, labels, _called(name))
        labels = ()
    elif labels and kind is None:
        _refuse_numbers_as_text(values, missing, labels, _called(name))
    if not labels and kind == "label":
        seen, codes = np.unique(np.where(missing, 0.0, values), return_inverse=True)
        values, labels = codes.reshape(-1).astype(float), tuple(seen.tolist())
    if kind is None:
        kind = found or ("label" if labels else _kind_of_numbers(values[~missing]))
    return Column(str(name), np.where(missing, np.nan, values), missing, kind, labels)


def _called(name: Any) -> str:
    return name if isinstance(name, str) and (name in ("x", "y", "given") or " " in name) else f"column {name!r}"


def _kind_of_numbers(v: np.ndarray) -> str:
    some = v[np.isfinite(v)]
    if not len(some) or (some[: 1 << 10] != np.rint(some[: 1 << 10])).any() or (some != np.rint(some)).any():
        return "number"
    return "count" if len(np.unique(some)) < len(some) else "number"


# ---- one column of any type -> float64 values or codes, what is missing, labels, its kind if the type says it ---


def _raw(v: Any, name: str) -> tuple[np.ndarray, np.ndarray, tuple, str | None]:
    if hasattr(getattr(v, "dtype", None), "categories"):
        codes = np.asarray(v.cat.codes if is_series(v) and hasattr(v, "cat") else v.codes)
        return codes.astype(float), codes < 0, tuple(v.dtype.categories), "label"
    masked = np.ma.getmaskarray(v) if isinstance(v, np.ma.MaskedArray) else None
    array = _of_series(v) if is_series(v) else np.asarray(dense(v, name))
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, wanted one column of shape (n,).")
    values, missing, labels = _of_array(array, name)
    times = array.dtype.kind in "mM" or (array.dtype.kind == "O" and not labels and _of_times(array))
    return values, missing if masked is None else missing | masked, labels, "number" if times else None


def _of_series(v: Any) -> np.ndarray:
    """Return a Series as an array: nullable numbers as floats, categories as objects, zones as universal time."""
    kind = v.dtype
    if getattr(kind, "tz", None) is not None:
        return v.to_numpy(dtype="datetime64[ns]")
    if hasattr(kind, "freq"):  # periods
        return (v.dt if hasattr(v, "dt") else v).to_timestamp().to_numpy()
    if isinstance(kind, np.dtype):
        return v.to_numpy()
    numeric = getattr(kind, "_is_numeric", False) and not getattr(kind, "_is_boolean", False)
    return v.to_numpy(dtype=float, na_value=np.nan) if numeric else v.to_numpy(dtype=object)


def _of_array(v: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, tuple]:
    if v.dtype.kind in "iu":
        return v.astype(float), np.zeros(len(v), bool), ()
    if v.dtype.kind == "f":
        with np.errstate(over="ignore"):
            v = v.astype(np.float64)
        return v, np.isnan(v), ()
    if v.dtype.kind in "mM":
        gone = np.isnat(v)
        if v.dtype.kind == "M":
            v = v.astype("datetime64[ns]")
            v = v - (v[~gone].min() if (~gone).any() else np.datetime64(0, "ns"))
        seconds = v / np.timedelta64(1, "s")
        return seconds.astype(float), gone, ()
    if v.dtype.kind == "b":
        return v.astype(float), np.zeros(len(v), bool), (False, True)
    if v.dtype.kind in "US":
        seen, codes = np.unique(v, return_inverse=True)
        return codes.reshape(-1).astype(float), np.zeros(len(v), bool), tuple(seen.tolist())
    if v.dtype.kind != "O":
        raise ValueError(f"{name} has dtype {v.dtype}, wanted real numbers, words, dates or booleans.")
    return _of_objects(v, name)


def _of_objects(v: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, tuple]:
    gone = np.fromiter((_is_gone(m, name) for m in v), bool, len(v))
    there = v[~gone]
    types = set(map(type, there))
    is_all = lambda *of: bool(types) and all(issubclass(t, of) for t in types)  # noqa: E731
    if is_all(bool, np.bool_):
        array: Any = there.astype(bool)
    elif not types or is_all(numbers.Real, bool, np.bool_, *_decimals()):
        array = there.astype(float)
    elif is_all(*DATES) or is_all(*DURATIONS):
        array = there.astype("datetime64[ns]" if is_all(*DATES) else "timedelta64[ns]")
    else:
        if any(issubclass(t, (complex, np.ndarray)) or not _hashable(t) for t in types):
            kind = sorted(t.__name__ for t in types)[0]
            raise ValueError(
                f"{name} holds a {kind} in a cell (ragged rows?), wanted numbers, words, dates or booleans."
            )
        seen = sorted(set(there), key=lambda m: (str(m), type(m).__name__))
        code = {m: i for i, m in enumerate(seen)}
        array = np.array([code[m] for m in there], float)
        return _filled(array, gone), gone, tuple(seen)
    values, _, labels = _of_array(array, name)
    return _filled(values, gone), gone, labels


def _of_times(v: np.ndarray) -> bool:
    return any(isinstance(m, (*DATES, *DURATIONS)) for m in v[:100])


def _decimals() -> tuple:
    decimal = sys.modules.get("decimal")
    return (decimal.Decimal,) if decimal else ()


def _hashable(kind: type) -> bool:
    return getattr(kind, "__hash__", None) is not None


def _filled(values: np.ndarray, gone: np.ndarray) -> np.ndarray:
    out = np.full(len(gone), np.nan)
    out[~gone] = values
    return out


def _is_gone(m: Any, name: str) -> bool:
    """Say whether an entry is missing: None, NaN, NaT, NA."""
    if m is None:
        return True
    try:
        return bool(m != m)
    except TypeError:  # pandas' NA is neither equal nor unequal to itself
        return True
    except (ValueError, RuntimeError):
        raise ValueError(f"{name} holds arrays in its cells (ragged rows?), wanted one value in each.") from None


# ---- text that should have been numbers -----------------------------------------------------------------------------


def _number(word: Any) -> float:
    try:
        return float(word)
    except (TypeError, ValueError):
        return np.nan


def _parsed(codes, missing, labels, name) -> tuple[np.ndarray, np.ndarray]:
    read = np.array([_number(w) for w in labels])
    values = np.where(missing, np.nan, read[np.where(missing, 0, codes).astype(int)])
    bad = np.isnan(values) & ~missing
    if bad.any():
        row = int(bad.argmax())
        word = labels[int(codes[row])]
        raise ValueError(f"{name} is wanted as numbers, but {word!r} in row {row} is none.")
    return values, missing


def _refuse_numbers_as_text(codes, missing, labels, name) -> None:
    if all(isinstance(w, bool) for w in labels) or len(labels) * ROWS <= (~missing).sum():
        return
    read = ~np.isnan([_number(w) for w in labels])
    share = float(read[codes[~missing].astype(int)].mean()) if (~missing).any() else 0.0
    if share < READS:
        return
    odd = [w for w, good in zip(labels, read, strict=True) if not good]
    row = int(np.argmax((codes == labels.index(odd[0])) & ~missing)) if odd else 0
    but = f" ({odd[0]!r} in row {row} does not)" if odd else ""
    raise ValueError(
        f"{name} is text, {share:.0%} of which reads as numbers{but}: make it numbers first (pandas.to_numeric), or "
        "say that it is a label by kinds={…: 'label'}."
    )
