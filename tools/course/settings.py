"""Where things lie in a course folder, and what its instructor has set in ``course.toml``."""

import logging
import os
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from traitlets.config import Config

MARK = "course.toml"
TEMPLATE = """\
# The instructor's settings; `make course` writes this file once and never again.

by = "{by}"            # an assignment is a part of the book, or a chapter

[grading]
workers = 3            # submissions graded side by side
cell_seconds = 60      # a cell that takes longer is stopped, the rest is still graded
notebook_seconds = 300
memory_mb = 3000       # a kernel that takes more is ended, the rest is still graded
output_kb = 500        # what a cell may print
sandbox = "auto"       # "auto": bubblewrap where it works, else a warning; "require": refuse to grade without it
every_cell = {every}     # false: of the cells that students were given, only those run that an answer depends on
student_seeds = false  # true: hidden tests meet every student with random inputs of their own
seed = {seed}          # which; keep it to yourself

# What is late: by late.csv (student, assignment, received or days_late; `make grade LATE=file` copies it here), by the
# platform's own stamp (Moodle's grading worksheet beside the export, Canvas's LATE, a timestamp.txt beside the
# notebook), or for a whole folder by RECEIVED=. Where none of these speaks, nothing is taken off.
# [assignments.part1]
# due = 2026-12-01T23:59:00+01:00
# penalty_per_day = 0.1   # share of the earned points for each started day, 0.1 is ten per cent
"""


class CourseError(Exception):
    """Something that the instructor can put right; the message is one sentence that says how."""


@dataclass
class Limits:
    """What one submission may use."""

    cell_seconds: float = 60
    notebook_seconds: float = 300
    memory_mb: int = 3000
    output_kb: int = 500


@dataclass
class Course:
    """A course folder."""

    root: Path
    log_level: str = "ERROR"
    _settings: dict = field(default_factory=dict, repr=False)

    def __post_init__(self):
        self.root = Path(self.root).expanduser().absolute()

    @property
    def exists(self) -> bool:
        return (self.root / MARK).is_file()

    def folder(self, name: str, *more: str) -> Path:
        """Return a path inside the course."""
        return self.root.joinpath(name, *more)

    @cached_property
    def settings(self) -> dict:
        """What ``course.toml`` says."""
        try:
            return tomllib.loads((self.root / MARK).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CourseError(f"{self.root} is no course yet: run `make course COURSE={self.root}` first.") from None
        except tomllib.TOMLDecodeError as e:
            raise CourseError(f"{self.root / MARK} cannot be read: {e}.") from None

    @property
    def by(self) -> str:
        """Return whether the book's assignments are parts or chapters."""
        return self.settings.get("by", "part")

    @property
    def grading(self) -> dict:
        return self.settings.get("grading", {})

    @property
    def limits(self) -> Limits:
        known = {k: self.grading[k] for k in Limits.__dataclass_fields__ if k in self.grading}
        return Limits(**known)

    def due(self, assignment: str) -> tuple[datetime | None, float]:
        """Return when an assignment is due, and which share of the points each started day costs."""
        entry = self.settings.get("assignments", {}).get(assignment, {})
        due = entry.get("due")
        if due is not None and not isinstance(due, datetime):
            raise CourseError(f"{MARK}: due of {assignment} must be a time like 2026-12-01T23:59:00+01:00.")
        return due.astimezone() if due else None, float(entry.get("penalty_per_day", 0))

    @property
    def db_url(self) -> str:
        return f"sqlite:///{self.root / 'gradebook.db'}"

    def assignments(self) -> list[str]:
        """Return the released assignments."""
        folder = self.folder("release")
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    def config(self) -> Config:
        """Return nbgrader's configuration: the same that ``nbgrader_config.py`` gives to its own commands."""
        from tools.book.source import STUB

        c = Config()
        c.CourseDirectory.root = str(self.root)
        c.CourseDirectory.course_id = ""
        c.CourseDirectory.db_url = self.db_url
        c.CourseDirectory.submitted_directory = "submitted"
        c.ClearSolutions.code_stub = {"python": STUB}
        c.ClearSolutions.text_stub = "*Write your answer here.*"
        c.Application.log_level = c.NbGrader.log_level = self.log_level
        return c

    def coursedir(self, assignment: str, student: str = "*"):
        """Return nbgrader's view of the folder, narrowed to an assignment and a student."""
        from nbgrader.coursedir import CourseDirectory

        directory = CourseDirectory(config=self.config())
        directory.assignment_id, directory.student_id = assignment, student
        return directory

    def gradebook(self):
        """Open the grade book, creating it where there is none."""
        from nbgrader.api import Gradebook

        with_own_programs()
        return Gradebook(self.db_url, course_id="")


def convert(converter) -> None:
    """Run one of nbgrader's converters; where it fails, say in one sentence what its log says in fifty lines.

    Raises
    ------
    CourseError
        If the converter refuses; the message is the last line of the traceback that it logged.
    """
    from nbgrader.converters.base import NbGraderException

    said = _Kept()
    log = logging.Logger("nbgrader", logging.WARNING)
    log.addHandler(said)
    converter.log = converter.coursedir.log = log
    converter.force = True
    try:
        converter.start()
    except (NbGraderException, SystemExit) as e:
        traces = [text.strip().splitlines()[-1] for text in said.texts if text.lstrip().startswith("Traceback")]
        raise CourseError(traces[-1] if traces else str(e).splitlines()[0] if str(e) else "nbgrader refused") from e


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def write(path: Path, text: str) -> None:
    """Write a file in one go, if it differs from what is there."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def with_own_programs() -> None:
    """Put this environment's programs on PATH: a new grade book calls ``alembic`` from there and breaks without it."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")
