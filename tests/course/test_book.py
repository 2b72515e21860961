"""The book's own exercises: marks, tests and rubrics fit together, and nothing leaks into what students get."""

import ast

import pytest

from mi_lab.teaching.checks.exercise import everything
from tools.book.source import ROOT
from tools.course.make import sources
from tools.course.rebuild import is_solution, nbgrader
from tools.course.release import leaks, secrets
from tools.course.testcells import hidden_checks


@pytest.fixture(scope="module")
def found():
    """Return the book's assignments with their answers."""
    return sources(None)


@pytest.fixture(scope="module")
def graded(found):
    """Return (where, cell) for every cell that earns points."""
    return [
        (f"{part}/{name}: {nbgrader(cell)['grade_id']}", cell)
        for part, files in found.items()
        for name, nb in files.items()
        for cell in nb.cells
        if nbgrader(cell).get("grade")
    ]


def test_every_part_is_an_assignment(found):
    assert {"part1", "part2"} <= set(found)
    assert all(name.endswith(".ipynb") for files in found.values() for name in files)


def test_every_test_cell_ends_in_a_hidden_check_of_its_points(graded):
    tests = [(where, cell) for where, cell in graded if not is_solution(cell)]
    assert tests
    for where, cell in tests:
        checks = hidden_checks(cell.source)
        assert len(checks) == 1, where
        assert everything()[checks[0][0]].kind != "text", where
        call = ast.parse(cell.source).body[-1].value
        points = [k.value.value for k in call.keywords if k.arg == "points"]
        if "partial" in cell.metadata.get("tags", []):
            assert points == [nbgrader(cell)["points"]], where
            assert len(everything()[checks[0][0]].parts) > 1, f"{where}: partial credit needs several parts"
        else:
            assert points == [], f"{where}: a cell that gives partial credit needs the tag `partial`"


def test_every_written_answer_has_a_rubric_of_its_points(graded):
    texts = [(where, cell) for where, cell in graded if is_solution(cell)]
    assert texts
    for where, cell in texts:
        rubric = everything()[nbgrader(cell)["grade_id"]].rubric
        assert sum(points for points, _ in rubric) == nbgrader(cell)["points"], where


def test_no_solution_stands_in_the_committed_notebooks(found):
    lines = secrets(found)
    assert len(lines) > 20
    assert leaks(lines, [ROOT / "notebooks"]) == []
