"""A table on disk that is never read whole: Parquet (a file or a folder of them) or memory-mapped arrays.

What every source gives: its columns' names, its number of rows, its rows in chunks, some rows by their numbers, and
rows from some places, all as DataFrames.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 1 << 17  # rows read at a time, unless told otherwise
FITS = 200_000  # rows of a memory-mapped array up to which it is taken for an array like any other
PARQUET = (".parquet", ".pq")
Read = Callable[[int, int], Any]  # (first row, last row + 1) -> DataFrame


@dataclass(frozen=True)
class Part:
    """Rows that are read together where they are read at all: a file's row group, or an array."""

    start: int
    rows: int
    where: str


class LargeTable:
    """Columns of a table on disk; ``table["a"]`` and ``table[["a", "b"]]`` are tables of these columns.

    Attributes
    ----------
    columns : list
    name : str
        What it was opened from.
    """

    def __init__(self, source: Any, columns: Sequence):
        self.source, self.columns = source, list(columns)

    name = property(lambda self: self.source.name)

    def __len__(self) -> int:
        return self.source.rows

    def __repr__(self) -> str:
        return f"LargeTable({self.name!r}, {len(self)} rows, columns {self.columns})"

    def __getitem__(self, columns: Any) -> "LargeTable":
        wanted = columns if isinstance(columns, list) else [columns]
        for c in wanted:
            if c not in self.columns:
                there = ", ".join(map(str, self.columns[:30]))
                raise ValueError(f"{self.name!r} has no column {c!r}; it has: {there}.")
        return LargeTable(self.source, wanted)

    def chunks(self, rows: int = CHUNK) -> Iterator[Any]:
        """Yield the rows in order, as DataFrames of at most so many rows."""
        yield from self.source.chunks(list(dict.fromkeys(self.columns)), rows)

    def at(self, rows: np.ndarray) -> Any:
        """Return these rows, numbers in ascending order, as a DataFrame."""
        import pandas as pd

        found, columns = [], list(dict.fromkeys(self.columns))
        for part in self.source.parts():
            some = rows[np.searchsorted(rows, part.start) : np.searchsorted(rows, part.start + part.rows)]
            if len(some):
                found.append(self.source.take(columns, part, some - part.start))
        return pd.concat(found, ignore_index=True) if found else self.source.take(columns, self.source.parts()[0], rows)

    def sample(self, rows: int, seed: int = 0) -> Any:
        """Return rows drawn without replacement, in the table's order, as a DataFrame (all of them if they are few)."""
        return self.at(draw(len(self), rows, np.random.default_rng([seed, 18])))


def draw(n: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return numbers below n, ascending, drawn without replacement and without a list of all n."""
    if rows >= n:
        return np.arange(n)
    if 2 * rows >= n:
        return np.sort(rng.choice(n, rows, replace=False))
    found = np.unique(rng.integers(0, n, rows))
    while len(found) < rows:
        found = np.unique(np.r_[found, rng.integers(0, n, rows - len(found))])
    return found


def open_table(path: Any) -> LargeTable:
    """Open a table that need not fit into memory, for `estimate` and `pairwise`.

    Parameters
    ----------
    path : path or memory-mapped array
        A Parquet file, a folder of Parquet files of one schema (its folders too), a ``.npy`` file, or a
        `numpy.memmap` of shape (n,) or (n, p), whose columns are called 0, 1, ….

    Returns
    -------
    LargeTable
        ``table["a"]`` is a column, for ``estimate(table["a"], table["b"])``; ``pairwise(table)`` takes all.

    Raises
    ------
    ValueError
        There is no such file, a folder holds no Parquet, files differ in their columns, or one is damaged.

    Examples
    --------
    >>> table = open_table("measurements/")
    >>> estimate(table["height"], table["weight"])
    """
    if isinstance(path, np.ndarray):
        source: Any = Arrays(path, "the array")
        return LargeTable(source, source.columns)
    file = Path(path)
    if not file.exists():
        raise ValueError(f"there is no file or folder {str(path)!r}.")
    if file.suffix == ".npy":
        try:
            source = Arrays(np.load(file, mmap_mode="r", allow_pickle=False), str(path))
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f"{str(path)!r} can't be mapped into memory: {str(error).splitlines()[0]}") from None
        return LargeTable(source, source.columns)
    source = Parquet(file)
    return LargeTable(source, source.columns)


def is_large(v: Any) -> bool:
    """Say whether samples are to be read in chunks: a `LargeTable`, or a memory-mapped array of many rows."""
    return isinstance(v, LargeTable) or (isinstance(v, np.memmap) and v.ndim in (1, 2) and len(v) > FITS)


class Arrays:
    """Columns of arrays that are mapped into memory."""

    def __init__(self, array: np.ndarray, name: str):
        if array.ndim not in (1, 2) or array.dtype.kind not in "fiub" or not array.size:
            raise ValueError(
                f"{name!r} holds an array of shape {array.shape} and type {array.dtype}, wanted numbers of shape (n,) "
                "or (n, p)."
            )
        array = array if array.ndim == 2 else array[:, None]
        self.name, self.rows = name, len(array)
        self.columns: list = list(range(array.shape[1]))
        self._of = {j: array[:, j] for j in self.columns}

    def parts(self) -> list[Part]:
        """Return one part: any rows of it are read alike."""
        return [Part(0, self.rows, self.name)]

    def chunks(self, columns: list, rows: int) -> Iterator[Any]:
        """Yield DataFrames of consecutive rows."""
        for i in range(0, self.rows, rows):
            yield self._frame(columns, slice(i, i + rows))

    def take(self, columns: list, part: Part, rows: Any) -> Any:
        """Return rows of a part as a DataFrame."""
        return self._frame(columns, rows)

    def _frame(self, columns: list, rows: Any) -> Any:
        import pandas as pd

        return pd.DataFrame({c: np.array(self._of[c][rows]) for c in columns})

    def beside(self, other: "Arrays") -> "Arrays":
        """Return the columns of both, those of the other one numbered on."""
        out = object.__new__(Arrays)
        out.name, out.rows = self.name, self.rows
        out._of = self._of | {len(self._of) + j: v for j, v in enumerate(other._of.values())}
        out.columns = list(out._of)
        return out


class Parquet:
    """The rows of Parquet files of one schema, in the order of the files' names."""

    def __init__(self, path: Path):
        self.name = str(path)
        self.files = self._files(path)
        self._parts: list[Part] = []
        first, self.rows = None, 0
        for file in self.files:
            opened = self._open(file)
            schema = opened.schema_arrow.remove_metadata()
            if first is None:
                first = schema
                self.columns = list(schema.names)
                twice = {c for c in schema.names if schema.names.count(c) > 1}
                if twice:
                    raise ValueError(f"two columns of {str(file)!r} are called {twice.pop()!r}.")
            elif not schema.equals(first):
                raise ValueError(self._difference(file, schema, first))
            for g in range(opened.metadata.num_row_groups):
                size = opened.metadata.row_group(g).num_rows
                if size:
                    self._parts.append(Part(self.rows, size, f"{g} {file}"))
                self.rows += size
            opened.close()
        if not self.rows:
            raise ValueError(f"{self.name!r} has columns and no rows.")

    def parts(self) -> list[Part]:
        """Return the row groups."""
        return self._parts

    def chunks(self, columns: list, rows: int) -> Iterator[Any]:
        """Yield DataFrames of consecutive rows."""
        for file in self.files:
            opened = self._open(file, columns)
            batches = opened.iter_batches(batch_size=rows, columns=columns, use_threads=False)
            while (batch := self._guarded(lambda: next(batches, None), file)) is not None:  # noqa: B023
                yield _plain(batch, columns)
            opened.close()

    def take(self, columns: list, part: Part, rows: Any) -> Any:
        """Return rows of a part as a DataFrame."""
        group, file = part.where.split(" ", 1)
        opened = self._open(Path(file), columns)
        table = self._guarded(
            lambda: opened.read_row_group(int(group), columns=columns, use_threads=False).take(rows), file
        )
        opened.close()
        return _plain(table, columns)

    def _open(self, file: Path, columns: Sequence = ()) -> Any:
        pq = _pyarrow().parquet
        opened = self._guarded(lambda: pq.ParquetFile(file), file)
        schema = opened.schema_arrow
        words = [c for c in columns if _is_text(schema.field(c).type)]
        if words:  # as codes and a list of words: nobody then makes a Python object of every cell
            opened.close()
            opened = pq.ParquetFile(file, read_dictionary=words)
        return opened

    def _files(self, path: Path) -> list[Path]:
        if path.is_file():
            return [path]
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith((".", "_")))
        files = [p for p in inside if p.suffix.lower() in PARQUET]
        if not files:
            found = f"; it holds {inside[0].name!r}" if inside else ", it is empty"
            raise ValueError(f"the folder {str(path)!r} holds no Parquet files (*.parquet){found}.")
        return files

    def _difference(self, file: Path, schema: Any, first: Any) -> str:
        for name in [*first.names, *schema.names]:
            here, there = ((s.field(name).type if name in s.names else "absent") for s in (schema, first))
            if here != there:
                break
        else:
            name, here, there = schema.names[0], "in another place or form", "first"
        return (
            f"the files of {self.name!r} differ: column {name!r} is {there} in {self.files[0].name!r} and {here} in "
            f"{file.name!r}; wanted one schema."
        )

    def _guarded(self, call: Callable, file: Any) -> Any:
        try:
            return call()
        except (OSError, ValueError, _pyarrow().ArrowException) as error:
            first = (str(error) or type(error).__name__).splitlines()[0].rstrip(". ")
            raise ValueError(f"{str(file)!r} can't be read as Parquet (cut off, or another kind?): {first}.") from None


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ValueError("reading Parquet needs pyarrow: pip install pyarrow, or save the columns as .npy.") from None
    return pyarrow


def _is_text(kind: Any) -> bool:
    types = _pyarrow().types
    return types.is_string(kind) or types.is_large_string(kind)


def _plain(table: Any, columns: list) -> Any:
    """Return a DataFrame whose dates are seconds since 1970, the same in every chunk."""
    frame = table.to_pandas(ignore_metadata=True)[columns]
    for c in columns:
        kind = frame[c].dtype.kind if isinstance(frame[c].dtype, np.dtype) else ""
        if getattr(frame[c].dtype, "tz", None) is not None:
            frame[c], kind = frame[c].dt.tz_convert(None), "M"
        if kind in "mM" and kind:
            gone = frame[c].isna().to_numpy()
            unit = frame[c].to_numpy().astype(f"{'datetime' if kind == 'M' else 'timedelta'}64[ns]")
            frame[c] = np.where(gone, np.nan, unit.astype(np.int64) / 1e9)
    return frame
