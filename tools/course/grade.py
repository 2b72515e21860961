"""Grading a folder of submissions: intake, marking side by side, marks and report; safe to interrupt and to repeat."""

import csv
import json
import os
import re
import shutil
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from tqdm import tqdm

from tools.course import feedback, sandbox, uploads
from tools.course.kernel import Kernel
from tools.course.make import fingerprint, state
from tools.course.rebuild import likeness, nbgrader, rebuild
from tools.course.settings import Course, CourseError, convert
from tools.course.suspicion import flags as look_at
from tools.course.suspicion import shadows

FIELDS = ("student", "assignment", "score", "max_score", "flagged", "message")
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


def grade(course: Course, submissions: Path, received: datetime | None = None, workers: int | None = None) -> dict:
    """Grade what is new or changed in ``submissions``; return totals for the last line on the screen.

    Raises
    ------
    CourseError
        If there is no course, no release, no such folder, or another run at work.
    """
    if not course.exists:
        raise CourseError(f"{course.root} is no course yet: run `make course COURSE={course.root}` first.")
    releases = _releases(course)
    walled = _walled(course)
    try:
        with FileLock(course.folder("grading.lock"), timeout=0):
            entries = intake(course, submissions, releases, received or datetime.now(UTC))
            todo = [e for e in entries if not e.refused and not _finished(course, e)]
            _mark(course, todo, workers or int(course.grading.get("workers", 3)), walled)
            return _results(course, entries, len(todo), walled)
    except Timeout:
        raise CourseError(f"Another run is grading in {course.root}: wait for it to end.") from None


def _releases(course: Course) -> dict[str, dict[str, nbformat.NotebookNode]]:
    found = {}
    for assignment in course.assignments():
        paths = sorted(course.folder("release", assignment).glob("*.ipynb"))
        found[assignment] = {p.stem: nbformat.read(p, as_version=4) for p in paths}
    if not any(found.values()):
        raise CourseError(f"{course.root} has no release: run `make course COURSE={course.root}` first.")
    return found


def _walled(course: Course) -> bool:
    wish = course.grading.get("sandbox", "auto")
    if sandbox.available():
        return wish != "off"
    if wish == "require":
        raise CourseError("bubblewrap does not work here and course.toml requires the sandbox; nothing was graded.")
    warnings.warn(sandbox.WARNING, stacklevel=2)
    return False


# ---- intake ----


def intake(course: Course, folder: Path, releases: dict, received: datetime) -> list[Entry]:
    """Store what arrived and write the notebooks that are graded to ``submitted/``."""
    found = uploads.find(folder, course, sorted(releases))
    taken: dict[tuple[str, str], Entry] = {}
    for upload in tqdm(found, desc="intake", unit="submission", disable=None):
        for assignment, entry in _take_in(course, upload, releases, received):
            taken[entry.student, assignment] = entry
    return list(taken.values())


def _take_in(course: Course, upload: uploads.Upload, releases: dict, received: datetime):
    if upload.notes and "students.csv" in upload.notes[0]:
        yield upload.assignment, Entry(upload.student, upload.assignment, refused=upload.notes[0])
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
        mine = {book: names for (a, book), names in places.items() if a == assignment}
        if not mine:
            entry.refused = " ".join(entry.notes) or "Nothing was handed in."
            yield assignment, entry
            continue
        record = uploads.keep(upload, course, assignment, received.isoformat(timespec="seconds"))
        _write_submission(course, entry, releases[assignment], {b: books[n[-1]] for b, n in mine.items()}, record)
        for book, names in mine.items():
            if len(names) > 1:
                entry.notes.append(f"{len(names)} files are {book}; {names[-1]} counts.")
        for book in releases[assignment]:
            if book not in mine and _worth(releases[assignment][book]):
                entry.notes.append(f"{book}.ipynb was not handed in.")
        yield assignment, entry


def _may_be_notebook(name: str, data: bytes) -> bool:
    return ".ipynb" in name.lower() or name.lower().endswith((".json", ".jupyter")) or b'"cells"' in data[:4000]


def _worth(nb) -> bool:
    return any(nbgrader(cell).get("grade") for cell in nb.cells)


def _place(books: dict, releases: dict, assignment: str | None) -> dict[tuple[str, str], list[str]]:
    """Return (assignment, release notebook) -> files, the one that counts last; by content, and by name if that is poor."""
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
        names.sort(key=lambda n: (_answers(releases[a][book], books[n]), n))
    return places


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _answers(release, nb) -> int:
    return len(rebuild(release, nb).answered)


def _write_submission(course: Course, entry: Entry, releases: dict, books: dict, record: dict) -> None:
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
        _write(folder / f"{book}.ipynb", nbformat.writes(rebuilt.nb, indent=1) + "\n")
    _write(folder / "timestamp.txt", record["received"].replace("T", " ").replace("+00:00", " UTC"))


def _where(cell) -> str:
    return f"the answer to {nbgrader(cell)['grade_id']}" if nbgrader(cell) else "a cell"


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)


# ---- marking ----


def _key(course: Course, entry: Entry) -> str:
    """Return what a mark depends on: the submission as it is graded, and the release with its hidden tests."""
    folder = course.folder("submitted", entry.student, entry.assignment)
    return f"{fingerprint(folder)}-{fingerprint(course.folder('source', entry.assignment))}"


def _finished(course: Course, entry: Entry) -> bool:
    record = state(course, entry.assignment, f"{entry.student}.json")
    return record.get("key") == _key(course, entry)


def _mark(course: Course, todo: list[Entry], workers: int, walled: bool) -> None:
    """Mark all entries, ``workers`` at a time; a worker that dies costs its submission a second try, then that one only."""
    if not todo:
        return
    with course.gradebook():  # made here once, not by several workers at the same time
        pass
    tools = course.folder("tools")
    tools.mkdir(exist_ok=True)
    shutil.rmtree(tools / "package", ignore_errors=True)
    (tools / "package").mkdir()
    sandbox.package(tools / "package")
    sandbox.caches(tools / "fonts")
    with tqdm(total=len(todo), desc="grading", unit="submission", disable=None) as bar:
        for attempt in (1, 2):
            left = []
            pool = ProcessPoolExecutor(
                workers if attempt == 1 else 1, mp_context=get_context("fork"), initializer=_calm
            )
            with pool:
                jobs = {pool.submit(mark, course, e.student, e.assignment, _key(course, e), walled): e for e in todo}
                for job in as_completed(jobs):
                    try:
                        job.result()
                    except BrokenProcessPool:
                        left.append(jobs[job])
                        continue
                    except Exception as e:
                        jobs[job].refused = f"could not be graded: {type(e).__name__}: {str(e).strip()[:200]}"
                    bar.update()
            todo = left
            if not todo:
                return
        for entry in todo:
            entry.refused = "could not be graded: the marking process died twice."


def _calm() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)


def mark(course: Course, student: str, assignment: str, key: str, walled: bool) -> None:
    """Mark one submission (in a worker), write its feedback, and record that it is done."""
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import CheckCellMetadata, LimitOutput, SaveAutoGrades

    from tools.course.execute import CourseExecute, Report

    release = course.folder("release", assignment)
    report = Report()
    home = course.folder("tools", f"home-{os.getpid()}")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(release, home, ignore=shutil.ignore_patterns("*.ipynb"))
    tools = course.folder("tools")
    kernel = Kernel(course.limits, home, tools / "package", tools / "fonts", walled)
    books = [nbformat.read(path, as_version=4) for path in release.glob("*.ipynb")]
    given = frozenset(cell.source for nb in books for cell in nb.cells if not nbgrader(cell).get("solution"))
    execute = CourseExecute.bound(
        kernel=kernel,
        report=report,
        given=None if course.grading.get("every_cell") else given,
        student_seed=f"{course.grading.get('seed', 0)}|{student}" if course.grading.get("student_seeds") else "",
    )
    before = manual(course, student, assignment)
    config = course.config()
    converter = Autograde(coursedir=course.coursedir(assignment, student), config=config)
    converter.autograde_preprocessors = [execute, LimitOutput, SaveAutoGrades, CheckCellMetadata]
    try:
        convert(converter)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    keep_manual(course, student, assignment, before)
    feedback.write(course, assignment, student)
    path = course.folder("state", assignment, f"{student}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"key": key, "notes": report.notes, "flags": report.flags, "hints": report.hints}
    record["page"] = shown_marks(course, student, assignment)
    _write(path, json.dumps(record))


def _answer_texts(course: Course, student: str, assignment: str) -> dict[tuple[str, str], str]:
    texts = {}
    for path in course.folder("autograded", student, assignment).glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if "grade_id" in nbgrader(cell):
                texts[path.stem, nbgrader(cell)["grade_id"]] = cell.source
    return texts


def manual(course: Course, student: str, assignment: str) -> dict:
    """Return the marks a person gave, with the answers they were given to."""
    texts, found = _answer_texts(course, student, assignment), {}
    for grade in _grades(course, student, assignment):
        if grade.manual_score is not None and not grade.needs_manual_grade:
            found[grade.notebook.name, grade.name] = texts.get((grade.notebook.name, grade.name))
    return found


def _grades(course: Course, student: str, assignment: str):
    from nbgrader.api import MissingEntry

    with course.gradebook() as gb:
        try:
            submission = gb.find_submission(assignment, student)
        except MissingEntry:
            return
        for nb in submission.notebooks:
            yield from nb.grades


def keep_manual(course: Course, student: str, assignment: str, before: dict) -> None:
    """A manual mark whose answer is still the same needs no second look; nbgrader would ask for one."""
    texts = _answer_texts(course, student, assignment)
    with course.gradebook() as gb:
        for nb in gb.find_submission(assignment, student).notebooks:
            for grade in nb.grades:
                place = (nb.name, grade.name)
                if before.get(place) is not None and before[place] == texts.get(place):
                    grade.needs_manual_grade = False
        gb.db.commit()


def shown_marks(course: Course, student: str, assignment: str) -> str:
    """Return what a feedback page shows besides the notebook: marks, comments, penalty."""
    out = []
    with course.gradebook() as gb:
        submission = gb.find_submission(assignment, student)
        for nb in submission.notebooks:
            out.append((nb.name, nb.late_submission_penalty))
            out += sorted((g.name, g.score, g.needs_manual_grade) for g in nb.grades)
            out += sorted((c.name, c.comment or "") for c in nb.comments)
    return json.dumps(out)


# ---- results ----


def _results(course: Course, entries: list[Entry], marked: int, walled: bool) -> dict:
    """Write marks.csv and the report; refresh feedback pages where a person has marked or commented since."""
    from tools.course.report import write_report

    rows, waiting = [], 0
    for entry in tqdm(entries, desc="marks", unit="submission", disable=None):
        row = dict.fromkeys(FIELDS, "") | {"student": entry.student, "assignment": entry.assignment}
        record = state(course, entry.assignment, f"{entry.student}.json")
        notes, flags = list(entry.notes), list(entry.flags)
        if entry.refused:
            row |= {"score": 0, "max_score": _max_score(course, entry.assignment), "message": entry.refused}
        else:
            penalise(course, entry)
            score, most, manually = _scores(course, entry)
            waiting += manually
            if manually:
                notes.insert(0, f"{manually} answer{'s wait' if manually > 1 else ' waits'} for a person's mark.")
            notes += record.get("notes", [])
            flags += record.get("flags", [])
            entry.hints = record.get("hints", {})
            shown = shown_marks(course, entry.student, entry.assignment)
            if shown != record.get("page"):
                feedback.write(course, entry.assignment, entry.student)
                _write(
                    course.folder("state", entry.assignment, f"{entry.student}.json"),
                    json.dumps(record | {"page": shown}),
                )
            row |= {"score": round(score, 4), "max_score": most, "message": _capital(" ".join(map(_capital, notes)))}
        entry.flags = list(dict.fromkeys(flags))
        row["flagged"] = " ".join(map(_capital, entry.flags))
        rows.append(row)
    _write_csv(course.folder("marks.csv"), rows)
    write_report(course, entries, rows, walled)
    flagged = sum(bool(row["flagged"]) for row in rows)
    refused = sum(bool(entry.refused) for entry in entries)
    return {"all": len(rows), "marked": marked, "flagged": flagged, "refused": refused, "waiting": waiting}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _write_csv(path: Path, rows: list[dict]) -> None:
    """Merge this run's rows into the marks of earlier ones and write the file in one go."""
    old = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as f:
            old = list(csv.DictReader(f))
    merged = {(r["student"], r["assignment"]): r for r in [*old, *rows]}
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, FIELDS)
        writer.writeheader()
        for row in sorted(merged.values(), key=lambda r: (r["assignment"], r["student"])):
            # a spreadsheet must not take a message for a formula
            writer.writerow({k: f"'{v}" if str(v)[:1] in "=+@" and v != "" else v for k, v in row.items()})
    part.replace(path)


def _max_score(course: Course, assignment: str) -> float | str:
    from tools.course.make import total_points

    folder = course.folder("source", assignment)
    return total_points(folder) if assignment != "?" and folder.is_dir() else ""


def _scores(course: Course, entry: Entry) -> tuple[float, float, int]:
    with course.gradebook() as gb:
        submission = gb.find_submission(entry.assignment, entry.student)
        penalty = sum(nb.late_submission_penalty or 0 for nb in submission.notebooks)
        waiting = sum(g.needs_manual_grade for nb in submission.notebooks for g in nb.grades)
        return submission.score - penalty, submission.max_score, waiting


def penalise(course: Course, entry: Entry) -> None:
    """Write the penalty for lateness into the grade book: a share of the points, manual ones included, per started day."""
    due, share = course.due(entry.assignment)
    stamp = course.folder("submitted", entry.student, entry.assignment, "timestamp.txt").read_text(encoding="utf-8")
    received = datetime.fromisoformat(stamp.strip().replace(" UTC", "+00:00"))
    late = (received - due).total_seconds() if due else 0
    days = max(0, -(-late // 86400))
    if days and share:
        entry.notes.append(f"{days:g} day{'s' * (days > 1)} late: {min(1, share * days):.0%} off.")
    with course.gradebook() as gb:
        for nb in gb.find_submission(entry.assignment, entry.student).notebooks:
            nb.late_submission_penalty = min(1, share * days) * nb.score if days and share else None
        gb.db.commit()
