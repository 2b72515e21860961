"""Columns as people name them: by name, by number, by a pattern, or by a name in quotes."""

import csv
import difflib
import re
from fnmatch import fnmatchcase
from typing import Any


def pick(frame: Any, words: str, option: str) -> list[str]:
    """Return the names of the columns that an option means.

    Parts are separated by commas.  Each is a name ("CO(GT)"), in quotes if it holds commas or blanks at its ends, a
    number from 1 on or a range of them (2-5) where no column is called so, or a pattern with * and ? (sensor_*).

    Raises
    ------
    ValueError
        A part means no column; the message lists what there is.
    """
    there = [str(c) for c in frame.columns]
    if words.strip() in there:
        return [words.strip()]
    out: list[str] = []
    for quoted, part in _parts(words):
        out += [name for name in _meant(part, quoted, there, option) if name not in out]
    if not out:
        raise ValueError(f"{option} names no column; the file has: {listed(there)}.")
    return out


def _parts(words: str) -> list[tuple[bool, str]]:
    """Cut at commas outside of quotes."""
    out = []
    for part in re.findall(r"""\s*"(?:[^"]|"")*"\s*(?=,|$)|\s*'(?:[^']|'')*'\s*(?=,|$)|[^,]+""", words):
        bare = part.strip()
        quote = bare[:1] if len(bare) > 1 and bare[:1] in "\"'" and bare[-1:] == bare[:1] else ""
        if quote:
            out.append((True, next(csv.reader([bare], quotechar=quote))[0]))
        elif bare:
            out.append((False, bare))
    return out


def _meant(part: str, quoted: bool, there: list[str], option: str) -> list[str]:
    if part in there:
        return [part]
    if not quoted:
        span = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if span:
            low, high = int(span[1]), int(span[2] or span[1])
            if not 1 <= low <= high <= len(there):
                raise ValueError(f"{option} asks for column {part}, and the file has columns 1 to {len(there)}.")
            return there[low - 1 : high]
        if "*" in part or "?" in part:
            found = [name for name in there if fnmatchcase(name, part)]
            if found:
                return found
    near = difflib.get_close_matches(part, there, 1) or [name for name in there if name.lower() == part.lower()]
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"{option} names {part!r}, and the file has: {listed(there)}{meant}.")


def listed(names: list[str], most: int = 30) -> str:
    """Return names as a list, the first `most` of them."""
    return ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")
