"""A course made of the exercises of the chapter on MINE, as an instructor's own SOURCE would be."""

import re

import nbformat
import pytest

from tools.book.export import plain
from tools.book.labels import all_labels
from tools.book.source import BOOK, Page
from tools.course.make import make, with_graded_answers
from tools.course.settings import Course

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


def exercises_only(nb):
    """Return a notebook with the section of exercises alone."""
    headed = [(k, m) for k, cell in enumerate(nb.cells) for m in re.finditer(r"^## .*$", cell.source, re.M)]
    place = next(i for i, (_, m) in enumerate(headed) if m[0] == "## Exercises")
    (first, start), (last, end) = headed[place], [*headed, (len(nb.cells), None)][place + 1]
    if last < len(nb.cells):
        nb.cells[last].source = nb.cells[last].source[: end.start()]
    nb.cells[first].source = nb.cells[first].source[start.start() :]
    nb.cells = nb.cells[first : last + 1]
    return nb


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return a folder with one assignment, ``part2``, of one notebook."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "part2").mkdir()
    pages = [Page(p.relative_to(BOOK).with_suffix("").as_posix(), 1, p) for p in sorted(BOOK.rglob("*.md"))]
    page = next(p for p in pages if p.doc == "part2/07-mine")
    nb = plain(page, all_labels(pages), with_graded_answers(page.path))
    nbformat.write(exercises_only(nb), folder / "part2" / "07-mine.ipynb")
    return folder


@pytest.fixture(scope="session")
def course(source, tmp_path_factory):
    """Return a course of that assignment."""
    course = Course(tmp_path_factory.mktemp("all") / "course")
    make(course, source)
    (course.root / "course.toml").write_text(SETTINGS, encoding="utf-8")
    return Course(course.root)
