"""Marking one submission: nbgrader's autograding with our execution, then its feedback page."""

import json
import os
import shutil
from pathlib import Path

import nbformat

from tools.course import feedback
from tools.course.kernel import Kernel
from tools.course.make import fingerprint
from tools.course.rebuild import nbgrader
from tools.course.settings import Course, CourseError, convert, write
from tools.course.testcells import released


def mark(course: Course, student: str, assignment: str, key: str, walled: bool, scheduler: str = "") -> None:
    """Mark one submission (in a worker), write its feedback, and record that it is done.

    With a scheduler's address the notebook runs on a Dask worker, and only there.
    """
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import CheckCellMetadata, LimitOutput, SaveAutoGrades

    from tools.course.execute import Report
    from tools.course.rubrics import RubricBeside, rubrics

    report = Report()
    seed = f"{course.grading.get('seed', 0)}|{student}" if course.grading.get("student_seeds") else ""
    if scheduler:
        from tools.course.far import sent

        execute = sent(course, assignment, seed, report, scheduler)
    else:
        execute = _near(course, assignment, seed, report, walled)
    before = manual(course, student, assignment)
    config = course.config()
    converter = Autograde(coursedir=course.coursedir(assignment, student), config=config)
    rubric = RubricBeside.bound(rubrics(course, assignment))
    converter.autograde_preprocessors = [execute, LimitOutput, SaveAutoGrades, CheckCellMetadata, rubric]
    try:
        convert(converter)
    except CourseError:
        if stopped := getattr(execute, "stopped", None):
            raise stopped from None
        raise
    page = keep_manual(course, student, assignment, before)
    feedback.write(course, assignment, student)
    path = course.folder("state", assignment, f"{student}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"key": key, "notes": report.notes, "flags": report.flags, "hints": report.hints}
    record["tallies"] = report.tallies
    record["page"] = page
    write(path, json.dumps(record))


def _near(course: Course, assignment: str, student_seed: str, report, walled: bool):
    """Return the preprocessor that runs a submission's notebook here."""
    from tools.course.execute import CourseExecute

    release, tools = course.folder("release", assignment), course.folder("tools")
    given, imported = released(release, fingerprint(release, "*.ipynb"))
    # a cell that the student did not touch runs only if an answer depends on it
    return CourseExecute.bound(
        kernel=Kernel(course.limits, brought(course, assignment), tools / "package", tools / "fonts", walled),
        report=report,
        imports=imported,
        given=None if course.grading.get("every_cell") else given,
        student_seed=student_seed,
    )


def brought(course: Course, assignment: str) -> Path:
    """Return a folder with what an assignment brings along beside its notebooks, made once a run."""
    home = course.folder("tools", f"home-{assignment}")
    if not home.is_dir():
        part = course.folder("tools", f"home-{assignment}-{os.getpid()}")
        shutil.copytree(course.folder("release", assignment), part, ignore=shutil.ignore_patterns("*.ipynb"))
        try:
            part.rename(home)
        except OSError:  # another worker was quicker
            shutil.rmtree(part)
    return home


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


def keep_manual(course: Course, student: str, assignment: str, before: dict) -> str:
    """Spare a manual mark whose answer is the same the second look nbgrader asks for; return the marks shown."""
    texts = _answer_texts(course, student, assignment)
    with course.gradebook() as gb:
        for nb in gb.find_submission(assignment, student).notebooks:
            for grade in nb.grades:
                place = (nb.name, grade.name)
                if before.get(place) is not None and before[place] == texts.get(place):
                    grade.needs_manual_grade = False
        gb.db.commit()
        return shown_marks(gb, student, assignment)


def shown_marks(gb, student: str, assignment: str) -> str:
    """Return what a feedback page shows besides the notebook: marks, comments, penalty."""
    out = []
    for nb in gb.find_submission(assignment, student).notebooks:
        out.append((nb.name, nb.late_submission_penalty))
        out += sorted((g.name, g.score, g.needs_manual_grade) for g in nb.grades)
        out += sorted((c.name, c.comment or "") for c in nb.comments)
    return json.dumps(out)
