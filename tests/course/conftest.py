"""A course made of the exercises of the chapter on MINE, as an instructor's own SOURCE would be."""

import re

import pytest

from tools.course.make import make
from tools.course.settings import Course
from tools.source import BOOK

SETTINGS = """\
[grading]
workers = 3
cell_seconds = 15
every_cell = true
notebook_seconds = 100
memory_mb = 1500
output_kb = 200
seed = 1
"""


def exercises_only(text: str) -> str:
    """Return a chapter's header and its section of exercises."""
    head = re.match(r"---\n.*?\n---\n", text, re.S)[0]
    return head + "\n# Exercises\n\n" + re.search(r"^## Exercises\n(.*?)(?=^## |\Z)", text, re.S | re.M)[1]


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return a folder with one assignment, ``part2``, of one notebook."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "part2").mkdir()
    chapter = (BOOK / "part2" / "07-mine.md").read_text(encoding="utf-8")
    (folder / "part2" / "07-mine.md").write_text(exercises_only(chapter), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def course(source, tmp_path_factory):
    """Return a course of that assignment."""
    course = Course(tmp_path_factory.mktemp("all") / "course")
    make(course, source)
    (course.root / "course.toml").write_text(SETTINGS, encoding="utf-8")
    return Course(course.root)
