"""Marks and feedback as Moodle and Canvas take them back: two tables and an archive for each assignment."""

import csv
import io
import zipfile
from pathlib import Path

from tools.course.settings import Course, write

SHEET = ("Identifier", "Full name", "Grade", "Feedback comments")  # the columns that Moodle's worksheet import reads
TABLE = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")  # the columns that begin Canvas's gradebook import
WAITS = "An answer awaits a person's mark; the grade follows."


def write_back(course: Course, entries: list, rows: list[dict]) -> None:
    """Write ``giveback/<assignment>-moodle.csv``, ``-canvas.csv`` and ``-feedback.zip``.

    A mark that still waits for a person is left empty: an import then changes nothing.
    """
    marks = {(row["student"], row["assignment"]): row for row in rows}
    for assignment in sorted({e.assignment for e in entries if not e.refused}):
        mine = [e for e in entries if e.assignment == assignment and not e.refused]
        sheet, table = [], []
        for e in mine:
            row, origin = marks[e.student, assignment], e.origin or {}
            waits = float(row["awaiting"] or 0) > 0
            grade = "" if waits else f"{float(row['score']):g}"
            if origin.get("platform") == "moodle":
                comment = WAITS if waits else row["message"]
                sheet.append((f"Participant {origin['id']}", origin["name"], grade, comment))
            elif origin.get("platform") == "canvas":
                table.append((origin["name"], origin["id"], "", "", "", grade))
        most = next((marks[e.student, assignment]["max_score"] for e in mine), "")
        if sheet:
            _write(course.folder("giveback", f"{assignment}-moodle.csv"), SHEET, sheet)
        if table:
            points = ("Points Possible", "", "", "", "", most)
            _write(course.folder("giveback", f"{assignment}-canvas.csv"), (*TABLE, assignment), [points, *table])
        _pack(course, assignment, mine)


def _write(path: Path, head: tuple, rows: list[tuple]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    # a spreadsheet must not take a name or a comment for a formula
    writer.writerows([f"'{v}" if str(v)[:1] in "=+@" and v != "" else v for v in row] for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, out.getvalue())


def _pack(course: Course, assignment: str, entries: list) -> None:
    """Pack the pages under the names that the platform gave to the submissions; it puts them where they belong."""
    path = course.folder("giveback", f"{assignment}-feedback.zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for e in entries:
            for page in sorted(course.folder("feedback", e.student, assignment).glob("*.html")):
                prefix = (e.origin or {}).get("prefix") or f"{e.student}/"
                member = zipfile.ZipInfo(f"{prefix}{page.name}", (2020, 1, 1, 0, 0, 0))
                archive.writestr(member, page.read_bytes(), zipfile.ZIP_DEFLATED)
    if not path.is_file() or path.read_bytes() != out.getvalue():
        path.write_bytes(out.getvalue())
