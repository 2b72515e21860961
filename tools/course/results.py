"""Marks, penalties and feedback pages out of the grade book; a person's marks and comments are only ever read."""

import csv
import json
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from mi_lab.teaching.checks.judge import sentence
from tools.course import feedback
from tools.course.giveback import write_back
from tools.course.intake import Entry
from tools.course.make import state
from tools.course.marking import shown_marks
from tools.course.people import late_table
from tools.course.report import write_report
from tools.course.settings import Course, write

FIELDS = ("student", "assignment", "score", "max_score", "awaiting", "flagged", "message")


def results(course: Course, entries: list[Entry], marked: int, walled: bool) -> dict:
    """Write marks.csv and the report; refresh feedback pages where a person has marked or commented since."""
    entries = [*entries, *_earlier(course, entries)]
    table = late_table(course)
    with course.gradebook() as gb:  # opened once: opening takes longer than all that is read from it
        bar = tqdm(entries, desc="marks", unit="submission", disable=None)
        rows = [_row(course, gb, entry, table) for entry in bar]
    merged = _write_csv(course.folder("marks.csv"), rows)
    write_back(course, entries, merged)
    write_report(course, entries, rows, walled)
    flagged = sum(bool(row["flagged"]) for row in rows)
    refused = sum(bool(entry.refused) for entry in entries)
    waiting = sum(entry.waiting for entry in entries)
    return {"all": len(rows), "marked": marked, "flagged": flagged, "refused": refused, "waiting": waiting}


def _row(course: Course, gb, entry: Entry, table: dict) -> dict:
    """Return a submission's line of marks.csv."""
    path = course.folder("state", entry.assignment, f"{entry.student}.json")
    record = state(course, entry.assignment, path.name)
    row = {"student": entry.student, "assignment": entry.assignment, "awaiting": 0}
    notes, flags = list(entry.notes), list(entry.flags)
    if entry.refused and not record:
        row |= {"score": 0, "max_score": _max_score(course, entry.assignment), "message": entry.refused}
        refusals = course.folder("state", "refused", f"{entry.assignment}-{entry.student}.json".replace("/", "-"))
        refusals.parent.mkdir(parents=True, exist_ok=True)
        write(refusals, json.dumps({"student": entry.student, "assignment": entry.assignment, "why": entry.refused}))
    else:
        if entry.refused:  # an earlier upload was graded; this one takes nothing away
            notes = [f"The latest upload was not used: {entry.refused}"]
        if entry.refused:
            entry.handed_in, entry.late = record.get("handed_in", ""), record.get("late", False)
        said = {"intake_notes": list(notes), "intake_flags": list(flags), "late": entry.late}
        said |= {"handed_in": entry.handed_in, "origin": entry.origin or record.get("origin", {})}
        entry.origin = said["origin"]
        notes += penalise(course, gb, entry, table)
        score, most, entry.waiting, row["awaiting"] = _scores(gb, entry)
        if entry.waiting:
            notes.insert(0, f"{entry.waiting} answer{'s wait' if entry.waiting > 1 else ' waits'} for a person's mark.")
        notes += record.get("notes", [])
        flags += record.get("flags", [])
        entry.hints, entry.tallies = record.get("hints", {}), record.get("tallies", {})
        page = shown_marks(gb, entry.student, entry.assignment)
        if page != record.get("page"):
            feedback.write(course, entry.assignment, entry.student)
        write(path, json.dumps(record | said | {"page": page}))
        row |= {"score": round(score, 4), "max_score": most, "message": " ".join(map(sentence, notes))}
    entry.flags = list(dict.fromkeys(flags))
    return row | {"flagged": " ".join(map(sentence, entry.flags))}


def _earlier(course: Course, entries: list[Entry]) -> list[Entry]:
    """Return what earlier runs graded and this one was not given: a person may have marked it since."""
    now = {(e.student, e.assignment) for e in entries}
    found = []
    for path in sorted(course.folder("state").glob("*/*.json")):
        if path.parent.name != "refused" and (path.stem, path.parent.name) not in now:
            record = state(course, path.parent.name, path.name)
            notes, flags = record.get("intake_notes", []), record.get("intake_flags", [])
            entry = Entry(path.stem, path.parent.name, notes=notes, flags=flags)
            entry.handed_in, entry.late = record.get("handed_in", ""), record.get("late", False)
            entry.origin = record.get("origin", {})
            found.append(entry)
    graded = {(e.student, e.assignment) for e in found} | now
    for path in sorted(course.folder("state", "refused").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if (record["student"], record["assignment"]) in graded:
            path.unlink()  # it has come in since
        else:
            found.append(Entry(record["student"], record["assignment"], refused=record["why"]))
    return found


def _write_csv(path: Path, rows: list[dict]) -> list[dict]:
    """Merge this run's rows into the marks of earlier ones, write the file in one go, and return all rows."""
    old = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as f:
            old = list(csv.DictReader(f))
    merged = {(r["student"], r["assignment"]): r for r in [*old, *rows]}
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, FIELDS)
        writer.writeheader()
        ordered = sorted(merged.values(), key=lambda r: (r["assignment"], r["student"]))
        for row in ordered:
            # a spreadsheet must not take a message for a formula
            writer.writerow({k: f"'{v}" if str(v)[:1] in "=+@" and v != "" else v for k, v in row.items()})
    part.replace(path)
    return ordered


def _max_score(course: Course, assignment: str) -> float | str:
    from tools.course.make import total_points

    folder = course.folder("source", assignment)
    return total_points(folder) if assignment != "?" and folder.is_dir() else ""


def _scores(gb, entry: Entry) -> tuple[float, float, int, float]:
    submission = gb.find_submission(entry.assignment, entry.student)
    penalty = sum(nb.late_submission_penalty or 0 for nb in submission.notebooks)
    unmarked = [g for nb in submission.notebooks for g in nb.grades if g.needs_manual_grade]
    return submission.score - penalty, submission.max_score, len(unmarked), sum(g.max_score for g in unmarked)


def lateness(course: Course, entry: Entry, table: dict) -> tuple[float, str]:
    """Return how many days count as late, and what is to be said about that.

    In this order: the instructor's table, the time of the submission itself, the platform's word that it was late.
    The moment of grading never counts.
    """
    due, share = course.due(entry.assignment)
    if not due or not share:
        return 0, ""
    when, days = table.get((entry.student, entry.assignment)) or table.get((entry.student, "")) or (None, None)
    if when is None and entry.handed_in:
        when = datetime.fromisoformat(entry.handed_in)
    if days is None and when:
        days = max(0, -(-(when - due).total_seconds() // 86400))
    if days is None and entry.late:
        days = 1
    if days:
        unsure = "" if when or not entry.late else " The platform doesn't say how late; it counts as one day."
        return days, f"{days:g} day{'s' * (days != 1)} late: {min(1, share * days):.0%} off.{unsure}"
    known = days is not None or entry.origin.get("platform") == "canvas"  # Canvas marks what is late
    return 0, "" if known else "When it was handed in is not known, so nothing was taken off."


def penalise(course: Course, gb, entry: Entry, table: dict) -> list[str]:
    """Write the penalty into the grade book: a share of all points, manual ones too, for each started day."""
    _, share = course.due(entry.assignment)
    days, words = lateness(course, entry, table)
    for nb in gb.find_submission(entry.assignment, entry.student).notebooks:
        penalty = min(1, share * days) * nb.score if days else None
        if nb.late_submission_penalty != penalty:
            nb.late_submission_penalty = penalty
    gb.db.commit()  # at once: feedback opens the grade book for itself
    return [words] if words else []
