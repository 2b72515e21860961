"""The intake: from uploads to the notebooks that are graded, each built anew from the release."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import nbformat
from tqdm import tqdm

from tools.course import uploads
from tools.course.rebuild import likeness, nbgrader, rebuild
from tools.course.settings import Course, write
from tools.course.suspicion import flags as look_at
from tools.course.suspicion import shadows

SAME = 0.3  # a notebook that has this share of a release's cells is that release's


@dataclass
class Entry:
    """One submission on its way: what arrived, what is graded, what is to be said."""

    student: str
    assignment: str
    digest: str = ""
    refused: str = ""  # why nothing is graded
    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, dict] = field(default_factory=dict)  # exercise -> numbers for the class's table
    waiting: int = 0  # answers that a person has to mark
    handed_in: str = ""  # when, if anybody knows
    late: bool = False  # the platform says so, without a time
    origin: dict = field(default_factory=dict)  # what the platform calls it: marks and feedback go back under that name


def intake(course: Course, folder: Path, releases: dict, received: datetime | None) -> list[Entry]:
    """Store what arrived and write the notebooks that are graded to ``submitted/``."""
    found = uploads.find(folder, course, sorted(releases))
    taken: dict[tuple[str, str], Entry] = {}
    for upload in tqdm(found, desc="intake", unit="submission", disable=None):
        for assignment, entry in _take_in(course, upload, releases, received):
            taken[entry.student, assignment] = entry
    return list(taken.values())


def _take_in(course: Course, upload: uploads.Upload, releases: dict, received: datetime | None):
    if upload.refused:
        entry = Entry(upload.student, upload.assignment, refused=upload.refused, origin=_origin(upload))
        yield upload.assignment, entry
        return
    if upload.assignment is not None and upload.assignment not in releases:
        why = f"There is no assignment {upload.assignment!r}; there are: {', '.join(releases)}."
        yield upload.assignment, Entry(upload.student, upload.assignment, refused=why, flags=upload.flags)
        return
    parsed = {name: uploads.notebook(data) for name, data in upload.files.items() if _may_be_notebook(name, data)}
    notes = [f"The file {name} {nb}." for name, nb in parsed.items() if isinstance(nb, str)]
    flags = list(upload.flags)
    for name in upload.files:
        if shadows(name):
            flags.append(f"The file {name} would stand in for a library; it was left out.")
        elif name not in parsed:
            notes.append(f"The file {name} is no part of the assignment; it was left out.")
    books = {name: nb for name, nb in parsed.items() if not isinstance(nb, str)}
    places = _place(books, releases, upload.assignment)
    for name in books:
        if name not in {n for names in places.values() for n in names}:
            notes.append(f"The file {name} belongs to no assignment that was asked for.")
    assignments = [upload.assignment] if upload.assignment else sorted({a for a, _ in places})
    for assignment in assignments or ["?"]:
        entry = Entry(upload.student, assignment, upload.digest, notes=upload.notes + notes, flags=list(flags))
        entry.origin = _origin(upload)
        mine = {book: names for (a, book), names in places.items() if a == assignment}
        if not mine:
            entry.refused = " ".join(entry.notes) or "Nothing was handed in."
            yield assignment, entry
            continue
        record = uploads.keep(upload, course, assignment, received)
        entry.handed_in, entry.late = record.get("handed_in", ""), upload.person.late
        _write_submission(course, entry, releases[assignment], {b: books[n[-1]] for b, n in mine.items()})
        for book, names in mine.items():
            if len(names) > 1:
                entry.notes.append(f"{len(names)} files are {book}; {names[-1]} counts.")
        for book in releases[assignment]:
            if book not in mine and _worth(releases[assignment][book]):
                entry.notes.append(f"{book}.ipynb was not handed in.")
        yield assignment, entry


def _origin(upload: uploads.Upload) -> dict:
    person = upload.person
    return {"platform": person.platform, "id": person.id, "name": person.name, "prefix": person.prefix}


def _may_be_notebook(name: str, data: bytes) -> bool:
    return ".ipynb" in name.lower() or name.lower().endswith((".json", ".jupyter")) or b'"cells"' in data[:4000]


def _worth(nb) -> bool:
    return any(nbgrader(cell).get("grade") for cell in nb.cells)


def _place(books: dict, releases: dict, assignment: str | None) -> dict[tuple[str, str], list[str]]:
    """Return (assignment, release notebook) -> files, the one that counts last; by content, else by name."""
    places: dict[tuple[str, str], list[str]] = {}
    for name, nb in books.items():
        options = []
        for a, notebooks in releases.items():
            if assignment in (None, a):
                for book, release in notebooks.items():
                    options.append((likeness(release, nb), _plain(book) in _plain(Path(name).name), a, book))
        if not options:
            continue
        best = max(options)
        named = max(options, key=lambda o: (o[1], o[0]))
        chosen = best if best[0] >= SAME else named if named[1] else None
        if chosen:
            places.setdefault(chosen[2:], []).append(name)
    for (a, book), names in places.items():
        if len(names) > 1:
            names.sort(key=lambda n: (_answers(releases[a][book], books[n]), n))
    return places


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _answers(release, nb) -> int:
    return len(rebuild(release, nb).answered)


def _write_submission(course: Course, entry: Entry, releases: dict, books: dict) -> None:
    """Write the rebuilt notebooks; an unchanged one keeps its file, so that a repeated run changes nothing."""
    folder = course.folder("submitted", entry.student, entry.assignment)
    folder.mkdir(parents=True, exist_ok=True)
    for book, release in releases.items():
        if book not in books:
            (folder / f"{book}.ipynb").unlink(missing_ok=True)
            continue
        rebuilt = rebuild(release, books[book])
        head = f"{book}: " if len(releases) > 1 else ""
        entry.notes += [head + note for note in rebuilt.notes]
        entry.flags += [head + flag for flag in rebuilt.flags]
        given = {c.source for c in release.cells}
        for cell in rebuilt.nb.cells:
            if cell.cell_type == "code" and cell.source not in given:
                entry.flags += [f"{head}{_where(cell)} {words}" for words in look_at(cell.source)]
        write(folder / f"{book}.ipynb", nbformat.writes(rebuilt.nb, indent=1) + "\n")
    stamp = folder / uploads.STAMP
    if entry.handed_in:
        write(stamp, entry.handed_in.replace("T", " ").replace("+00:00", " UTC"))
    else:
        stamp.unlink(missing_ok=True)


def _where(cell) -> str:
    return f"the answer to {nbgrader(cell)['grade_id']}" if nbgrader(cell) else "a cell"
