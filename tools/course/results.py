"""Marks, penalties and feedback pages out of the grade book; a person's marks and comments are only ever read."""

import csv
import json
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from tools.course import feedback
from tools.course.intake import Entry
from tools.course.make import state
from tools.course.marking import shown_marks
from tools.course.report import write_report
from tools.course.settings import Course, write

FIELDS = ("student", "assignment", "score", "max_score", "flagged", "message")


def results(course: Course, entries: list[Entry], marked: int, walled: bool) -> dict:
    """Write marks.csv and the report; refresh feedback pages where a person has marked or commented since."""
    entries = [*entries, *_earlier(course, entries)]
    with course.gradebook() as gb:  # opened once: opening takes longer than all that is read from it
        bar = tqdm(entries, desc="marks", unit="submission", disable=None)
        rows = [_row(course, gb, entry) for entry in bar]
    _write_csv(course.folder("marks.csv"), rows)
    write_report(course, entries, rows, walled)
    flagged = sum(bool(row["flagged"]) for row in rows)
    refused = sum(bool(entry.refused) for entry in entries)
    waiting = sum(entry.waiting for entry in entries)
    return {"all": len(rows), "marked": marked, "flagged": flagged, "refused": refused, "waiting": waiting}


def _row(course: Course, gb, entry: Entry) -> dict:
    """Return a submission's line of marks.csv."""
    path = course.folder("state", entry.assignment, f"{entry.student}.json")
    record = state(course, entry.assignment, path.name)
    row = {"student": entry.student, "assignment": entry.assignment}
    notes, flags = list(entry.notes), list(entry.flags)
    if entry.refused and not record:
        row |= {"score": 0, "max_score": _max_score(course, entry.assignment), "message": entry.refused}
    else:
        if entry.refused:  # an earlier upload was graded; this one takes nothing away
            notes = [f"The latest upload was not used: {entry.refused}"]
        said = {"intake_notes": list(notes), "intake_flags": list(flags)}
        notes += penalise(course, gb, entry)
        score, most, entry.waiting = _scores(gb, entry)
        if entry.waiting:
            notes.insert(0, f"{entry.waiting} answer{'s wait' if entry.waiting > 1 else ' waits'} for a person's mark.")
        notes += record.get("notes", [])
        flags += record.get("flags", [])
        entry.hints = record.get("hints", {})
        page = shown_marks(gb, entry.student, entry.assignment)
        if page != record.get("page"):
            feedback.write(course, entry.assignment, entry.student)
        write(path, json.dumps(record | said | {"page": page}))
        row |= {"score": round(score, 4), "max_score": most, "message": " ".join(map(_capital, notes))}
    entry.flags = list(dict.fromkeys(flags))
    return row | {"flagged": " ".join(map(_capital, entry.flags))}


def _earlier(course: Course, entries: list[Entry]) -> list[Entry]:
    """Return what earlier runs graded and this one was not given: a person may have marked it since."""
    now = {(e.student, e.assignment) for e in entries}
    found = []
    for path in sorted(course.folder("state").glob("*/*.json")):
        if (path.stem, path.parent.name) not in now:
            record = state(course, path.parent.name, path.name)
            notes, flags = record.get("intake_notes", []), record.get("intake_flags", [])
            found.append(Entry(path.stem, path.parent.name, notes=notes, flags=flags))
    return found


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


def _scores(gb, entry: Entry) -> tuple[float, float, int]:
    submission = gb.find_submission(entry.assignment, entry.student)
    penalty = sum(nb.late_submission_penalty or 0 for nb in submission.notebooks)
    waiting = sum(g.needs_manual_grade for nb in submission.notebooks for g in nb.grades)
    return submission.score - penalty, submission.max_score, waiting


def penalise(course: Course, gb, entry: Entry) -> list[str]:
    """Write the penalty into the grade book: a share of all points, manual ones too, for each started day."""
    due, share = course.due(entry.assignment)
    stamp = course.folder("submitted", entry.student, entry.assignment, "timestamp.txt").read_text(encoding="utf-8")
    received = datetime.fromisoformat(stamp.strip().replace(" UTC", "+00:00"))
    late = (received - due).total_seconds() if due else 0
    days = max(0, -(-late // 86400))
    for nb in gb.find_submission(entry.assignment, entry.student).notebooks:
        penalty = min(1, share * days) * nb.score if days and share else None
        if nb.late_submission_penalty != penalty:
            nb.late_submission_penalty = penalty
    gb.db.commit()  # at once: feedback opens the grade book for itself
    return [f"{days:g} day{'s' * (days > 1)} late: {min(1, share * days):.0%} off."] if days and share else []
