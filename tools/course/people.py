"""Who handed in: a platform's names and numbers, and the students of ``students.csv``."""

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dateutil import parser as dates

from tools.course.settings import Course, CourseError

MOODLE = re.compile(
    r"^(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?$"
)  # a folder, or a file of the flat export
CANVAS = re.compile(r"^(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)$")
PARTICIPANT = re.compile(r"(\d+)\s*$")


@dataclass(frozen=True)
class Person:
    """Who handed something in, as far as the name of a file or folder says."""

    name: str
    platform: str = ""  # "moodle", "canvas" or, for a folder of the instructor's own, nothing
    id: str = ""  # the platform's number: two students may have one name, never one number
    prefix: str = ""  # what the platform's own names of this submission begin with
    late: bool = False  # says the platform
    email: str = ""
    when: datetime | None = None  # the platform's stamp
    batch: str = ""  # the export it came in

    @property
    def own(self) -> str:
        """Return what identifies somebody who stands in no list."""
        return f"{self.name}-{self.id}" if self.id else self.name


def of(name: str, batch: str = "", sheet: dict | None = None) -> tuple[Person, str] | None:
    """Return the person that a platform's file or folder name speaks of, and the rest of the name; else None."""
    if m := MOODLE.match(name):
        row = (sheet or {}).get(m["id"], {})
        rest = m["rest"] or ""
        prefix = name[: len(name) - len(rest)] if rest else name.rstrip("_") + "_"
        known = {"email": row.get("email", ""), "when": row.get("when")}
        return Person(m["name"], "moodle", m["id"], prefix, batch=batch, **known), rest
    if m := CANVAS.match(name):
        prefix = f"{m['name']}_{m['late'] or ''}{m['id']}_{m['file']}_"
        return Person(m["name"], "canvas", m["id"], prefix, late=bool(m["late"]), batch=batch), m["rest"]
    return None


def worksheet(path: Path) -> dict[str, dict]:
    """Read Moodle's grading worksheet: participant -> email and time of submission; nothing if it is another table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as f:
            rows = list(csv.DictReader(f))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    if not rows or "Identifier" not in rows[0]:
        return {}
    found = {}
    for row in rows:
        if m := PARTICIPANT.search(row.get("Identifier") or ""):
            stamp = row.get("Last modified (submission)") or ""
            found[m[1]] = {"email": (row.get("Email address") or "").strip(), "when": moment(stamp)}
    return found


def moment(text: str) -> datetime | None:
    """Return the time that a text names, the instructor's own where it names no zone; None where it names none."""
    if not re.search(r"\d", text):
        return None
    try:
        return dates.parse(text.replace(" UTC", "+00:00")).astimezone()
    except (ValueError, OverflowError):
        return None


class Roster:
    """The students of ``students.csv`` (id, first_name, last_name, email, lms_id); without the file, anybody."""

    def __init__(self, course: Course):
        path = course.folder("students.csv")
        self.rows: list[dict[str, str]] = []
        self.closed = path.is_file()
        if self.closed:
            with path.open(encoding="utf-8-sig", newline="") as f:
                self.rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(f)]
            if any("id" not in row for row in self.rows):
                raise CourseError(f"{path} needs a column `id`.")
            ids = [row["id"] for row in self.rows]
            if twice := {i for i in ids if ids.count(i) > 1}:
                raise CourseError(f"{path}: the id {sorted(twice)[0]!r} stands there twice.")

    def find(self, person: Person, namesakes: set[str] = frozenset()) -> tuple[str | None, str]:
        """Return a student's id, or None and why.

        Numbers go before addresses, addresses before names; a name counts only if one student has it.
        """
        if not self.closed:
            return re.sub(r"[^\w.@-]+", "-", person.own).strip("-.") or "unnamed", ""
        for row in self.rows:
            if person.id and person.id in re.split(r"[\s,;]+", row.get("lms_id", "")):
                return row["id"], ""
        for row in self.rows:
            if person.email and person.email.casefold() == row.get("email", "").casefold():
                return row["id"], ""
        found = [row["id"] for row in self.rows if _plain(person.name) in _names(row)]
        if len(found) == 1 and (not person.id or _plain(person.name) not in namesakes):
            return found[0], ""
        if found:
            why = "goes by a name that several have: put the platform's number into lms_id of students.csv"
            return None, f"{person.own} {why}; nothing was graded."
        return None, f"{person.own} is not in students.csv; nothing was graded."


def _names(row: dict[str, str]) -> set[str]:
    first, last = row.get("first_name", ""), row.get("last_name", "")
    return {_plain(n) for n in (row["id"], row.get("email", ""), first + last, last + first) if n}


def _plain(name: str) -> str:
    return re.sub(r"[^\w@]+", "", name.casefold())


def namesakes(people: list[Person]) -> set[str]:
    """Return the names that go with several numbers within one export."""
    numbers: dict[tuple, set[str]] = {}
    for person in people:
        numbers.setdefault((person.batch, _plain(person.name)), set()).add(person.id)
    return {name for (_, name), ids in numbers.items() if len(ids) > 1}


def late_table(course: Course) -> dict[tuple[str, str], tuple[datetime | None, float | None]]:
    """Read ``late.csv`` (student, assignment or nothing for all, received or days_late).

    Raises
    ------
    CourseError
        If a column or a time in it cannot be read.
    """
    path = course.folder("late.csv")
    if not path.is_file():
        return {}
    found = {}
    with path.open(encoding="utf-8-sig", newline="") as f:
        for row in csv.DictReader(f):
            row = {(k or "").strip(): (v or "").strip() for k, v in row.items()}
            if "student" not in row or not ({"received", "days_late"} & set(row)):
                raise CourseError(f"{path} needs the columns student and received, or student and days_late.")
            when, days = moment(row.get("received", "")), row.get("days_late", "")
            try:
                found[row["student"], row.get("assignment", "")] = (when, float(days) if days else None)
            except ValueError:
                raise CourseError(f"{path}: {days!r} is no number of days.") from None
            if when is None and not days:
                raise CourseError(f"{path}: {row['student']} needs a time like 2026-12-01 23:59, or days_late.")
    return found
