"""A file becomes a table, and what was understood on the way is told.

Parquet, Feather, Excel and NumPy's archives say themselves what they hold.  A text file doesn't: one look at its first
lines (`sniff`) finds how it is written, and pandas' own reader does the rest.
"""

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mi_lab.cli.sniffing import Style, sniff

MISSING = ["-", "--", "–", "—", ".", "..", "?", "n.a.", "N.A.", "na", "#NUM!", "#DIV/0!", "#VALUE!", "#REF!"]
PACKED: dict[bytes, tuple[str, Callable]] = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"BZh": ("bzip2", bz2.decompress),
    b"\xfd7zXZ": ("xz", lzma.decompress),
}
LONG = 1_000_000  # rows of a Parquet file from which on it is read in chunks
ZSTANDARD, ZIP = b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
DATE = re.compile(
    r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?Z?\s*$"
)


@dataclass
class Table:
    """A table and how its file was understood, in words."""

    frame: Any
    path: str
    how: list[str] = field(default_factory=list)

    def told(self) -> str:
        """Return one line for people."""
        rows, columns = self.frame.shape
        return f"read {self.path}: {rows} rows, {columns} columns" + "".join(f"; {h}" for h in self.how)


def read_table(path: str, told: dict | None = None) -> Table:
    """Read a file: CSV and the like (packed too), Parquet, Feather, Excel or NumPy's npz; "-" is the standard input.

    Parameters
    ----------
    told : dict, optional
        What the reader is to know better than to guess: sep, decimal, thousands, encoding, header (bool), missing (list
        of words), month_first (bool), sheet.

    Raises
    ------
    ValueError
        There is no such file, it is empty, or it can't be read; in one sentence that names it.
    """
    told = {name: v for name, v in (told or {}).items() if v is not None}
    if path == "-":
        import sys

        return _text(sys.stdin.buffer.read(), path, told, [])
    file = Path(path)
    if file.is_dir():
        raise ValueError(f"{path!r} is a folder, wanted a file: only estimate and matrix read in chunks.")
    if not file.is_file():
        raise ValueError(f"there is no file {path!r}.")
    try:
        if not file.stat().st_size:
            raise ValueError(f"{path!r} is empty.")
        return _read(file, path, told)
    except OSError as error:
        raise ValueError(f"{path!r} can't be read: {error.strerror or error}.") from None


def in_chunks(path: str, able: bool) -> Any:
    """Return a folder of Parquet files, or one of `LONG` rows or more, as a table that is read in chunks, else None."""
    file = Path(path)
    parquet = file.is_file() and file.suffix.lower() in (".parquet", ".pq")
    if not able or not (file.is_dir() or parquet):
        return None
    from mi_lab.large.sources import open_table

    try:
        table = open_table(file)
    except ValueError:
        if file.is_dir():
            raise
        return None  # it is refused in words where it is read
    return table if file.is_dir() or len(table) >= LONG else None


def _read(file: Path, path: str, told: dict) -> Table:
    import pandas as pd

    kind = file.suffix.lower()
    with open(file, "rb") as f:
        head = f.read(8)
    if kind == ".npz":
        how = ["NumPy's archive"]
        return Table(_guarded(lambda: _npz(file, how), path, "npz"), path, how)
    if kind in (".parquet", ".pq") or head[:4] == b"PAR1":
        return Table(_guarded(lambda: pd.read_parquet(file), path, "parquet"), path, ["Parquet"])
    if kind in (".feather", ".arrow") or head[:6] == b"ARROW1":
        return Table(_guarded(lambda: pd.read_feather(file), path, "feather"), path, ["Feather"])
    if kind in (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"):
        sheet = told.get("sheet", 0)
        sheet = int(sheet) - 1 if isinstance(sheet, str) and sheet.isdigit() else sheet
        header = 0 if told.get("header", True) else None
        words = MISSING + list(told.get("missing", ()))
        frame = _guarded(lambda: pd.read_excel(file, sheet_name=sheet, header=header, na_values=words), path, "Excel")
        return Table(
            _tidy(frame, []), path, ["a spreadsheet" + (f", sheet {told['sheet']}" if "sheet" in told else "")]
        )
    return _text(file.read_bytes(), path, told, [])


def _guarded(call: Callable, path: str, kind: str) -> Any:
    try:
        return call()
    except ImportError as error:
        needed = re.search(r"'(\w+)'|(\bopenpyxl\b|\bxlrd\b|\bpyarrow\b|\bodfpy\b|\bpyxlsb\b)", str(error))
        name = next((g for g in needed.groups() if g), "a reader") if needed else "a reader"
        raise ValueError(
            f"{path!r}: reading {kind} needs {name}: pip install {name}, or save the table as CSV."
        ) from None
    except Exception as error:  # readers raise many kinds for a file that isn't what its name says
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path!r} can't be read as {kind}: {first}") from None


def _npz(file: Path, how: list[str]) -> Any:
    """Read the arrays that are columns of one length, the usual one."""
    import numpy as np
    import pandas as pd

    out = {}
    with np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            v = arrays[name]
            if v.ndim == 1 or v.shape[1:] == (1,):
                out[name] = v.reshape(-1)
            elif v.ndim == 2:
                out |= {f"{name}{j + 1}": v[:, j] for j in range(v.shape[1])}
    rows = Counter(len(v) for v in out.values()).most_common(1)[0][0] if out else 0
    other = [name for name in out if len(out[name]) != rows]
    if other:
        how.append(f"{', '.join(other)} left out, which {'has' if len(other) == 1 else 'have'} another number of rows")
    return pd.DataFrame({name: v for name, v in out.items() if len(v) == rows})


# ---- text ----------------------------------------------------------------------------------------------------------


def _text(data: bytes, path: str, told: dict, how: list[str]) -> Table:
    import pandas as pd

    data = _unpacked(data, path, how)
    text = _decoded(data, path, told, how)
    if not text.strip():
        raise ValueError(f"{path!r} is empty.")
    if "\x00" in text[:4096]:
        raise ValueError(f"{path!r} is no text file (it holds zero bytes), wanted CSV, Parquet, Feather, Excel or npz.")
    style = sniff(text, told)
    how += style.told()
    words = MISSING + list(told.get("missing", ()))
    options: dict[str, Any] = {"sep": style.sep, "decimal": style.decimal, "thousands": style.thousands}
    options |= {"quotechar": style.quote, "na_values": words, "skipinitialspace": True, "index_col": False}
    options |= {"header": None, "names": style.names, "skip_blank_lines": True, "on_bad_lines": "error"}
    if style.sep == r"\s+":
        options.pop("skipinitialspace")
    frame = _guarded(lambda: _parse(pd, style, options), path, "a table of text")
    frame = _tidy(frame, how)
    _dates(frame, told, how)
    if not len(frame) or not frame.shape[1]:
        raise ValueError(f"{path!r} has a header and no rows.")
    return Table(frame, path, how)


def _parse(pd: Any, style: Style, options: dict) -> Any:
    try:
        return pd.read_csv(io.StringIO(style.body), **options)
    except pd.errors.ParserError as error:
        found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if found is None:
            raise
        wanted, line, saw = map(int, found.groups())
        raise ValueError(f"line {line + style.above} has {saw} fields, wanted {wanted} (another --sep?).") from None


def _unpacked(data: bytes, path: str, how: list[str]) -> bytes:
    for magic, (name, unpack) in PACKED.items():
        if data.startswith(magic):
            how.append(f"packed by {name}")
            try:
                return unpack(data)
            except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
                raise ValueError(f"{path!r} is a damaged {name} file: {error}.") from None
    if data.startswith(ZSTANDARD):
        how.append("packed by zstandard")
        return _guarded(lambda: _zstandard(data), path, "zstandard")
    if data.startswith(ZIP):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX")]
                if len(names) != 1:
                    raise ValueError(
                        f"{path!r} holds {len(names)} files ({', '.join(names[:5])}), wanted one: unpack it."
                    )
                how.append(f"{names[0]} in a zip")
                return archive.read(names[0])
        except (zipfile.BadZipFile, RuntimeError) as error:
            raise ValueError(f"{path!r} is a damaged or locked zip: {error}.") from None
    return data


def _zstandard(data: bytes) -> bytes:
    try:
        from compression import zstd  # Python 3.14
    except ImportError:
        import zstandard as zstd

        return zstd.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    return zstd.decompress(data)


def _decoded(data: bytes, path: str, told: dict, how: list[str]) -> str:
    """Return text: by its mark, as UTF-8 if it is that, as UTF-16 where every second byte is zero, else as Latin-1."""
    if "encoding" in told:
        try:
            return data.decode(told["encoding"]).removeprefix("\ufeff")
        except LookupError:
            raise ValueError(f"--encoding names {told['encoding']!r}, which Python doesn't know.") from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{path!r} isn't in {told['encoding']}: byte {error.start} is none of it.") from None
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32"}
    marks |= {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    names = {"utf-8-sig": "UTF-8 with a mark", "utf-16": "UTF-16", "utf-32": "UTF-32"}
    for mark, name in marks.items():
        if data.startswith(mark):
            how.append(names[name])
            return data.decode(name, errors="replace")
    zeros = [data[i:4096:2].count(0) / max(1, len(data[i:4096:2])) for i in (0, 1)]
    for share, name in zip(zeros, ("utf-16-be", "utf-16-le"), strict=True):
        if share > 0.4 and len(data) % 2 == 0:
            how.append("UTF-16 without a mark")
            return data.decode(name, errors="replace")
    try:
        text = data.decode("utf-8")
        how += [] if text.isascii() else ["UTF-8"]
        return text
    except UnicodeDecodeError:
        how.append("Latin-1")
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("latin-1")


def _tidy(frame: Any, how: list[str]) -> Any:
    """Leave out rows and nameless columns that hold nothing; names are words without blanks around them."""
    nameless = [
        str(c).startswith("Unnamed") or str(c).strip() == "" or re.fullmatch(r"column \d+", str(c)) for c in frame
    ]
    empty = [bool(a and b) for a, b in zip(nameless, frame.isna().all(), strict=True)]
    if any(empty):
        frame = frame.loc[:, [not e for e in empty]]
        how.append(f"{sum(empty)} empty column{'s' * (sum(empty) > 1)} left out")
    hollow = frame.isna().all(axis=1)
    if hollow.any():
        frame = frame[~hollow].reset_index(drop=True)
        how.append(f"{int(hollow.sum())} empty row{'s' * (int(hollow.sum()) > 1)} left out")
    frame = frame.copy()
    frame.columns = [str(c).strip() for c in frame.columns]
    return frame


def _dates(frame: Any, told: dict, how: list[str]) -> None:
    """Turn columns all of whose words are dates into dates."""
    import pandas as pd

    found = []
    for name in frame.columns[~frame.columns.duplicated(keep=False)]:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            continue
        words = column.dropna().astype(str)
        if not len(words) or not words.head(50).str.match(DATE).all():
            continue
        iso = bool(re.match(r"\s*\d{4}", words.iloc[0]))
        first = words.str.extract(r"^\s*(\d+)\D(\d+)").astype(float)
        month_first = told.get("month_first", bool((first[1] > 12).any()))
        try:
            frame[name] = (
                pd.to_datetime(column, format="ISO8601")
                if iso and "-" in words.iloc[0]
                else pd.to_datetime(column, dayfirst=not iso and not month_first, format="mixed")
            )
        except (ValueError, TypeError):
            continue
        order = "" if iso else " (month first)" if month_first else " (day first)"
        found.append(f"{name!r} holds dates{order}")
    how += found
