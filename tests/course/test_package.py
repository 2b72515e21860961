"""The package that students get holds no answer to a graded exercise, and its hints still name mistakes."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from mi_lab.teaching.checks.exercise import everything
from tests.course.test_graders import ANSWERS, VAGUE
from tools.book.source import ROOT
from tools.course.make import sources
from tools.course.package import wheel
from tools.course.release import answers_in, graded_exercises, leaks, secrets


@pytest.fixture(scope="module")
def book():
    """Return the book's assignments and its graded exercises."""
    found = sources(None)
    return found, graded_exercises(found)


@pytest.fixture(scope="module")
def unpacked(book, tmp_path_factory):
    """Return the students' package, as it is once installed."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel(folder, book[1])) as archive:
        archive.extractall(folder / "open")
    return folder / "open"


@pytest.fixture(scope="module")
def said(book, unpacked):
    """Return what its `check` says to the answers of the graded graders."""
    env = os.environ | {"PYTHONPATH": f"{unpacked}{os.pathsep}{ROOT}"}
    names = sorted(book[1] & set(ANSWERS))
    words = [sys.executable, "-m", "tests.course.students", *names]
    out = subprocess.run(words, capture_output=True, text=True, env=env, cwd=unpacked, check=False)
    assert out.returncode == 0, out.stderr
    found = json.loads(out.stdout)
    assert found.pop("package").startswith(str(unpacked))
    return found


def test_no_answer_lies_in_it(book, unpacked):
    found, graded = book
    assert len(graded) > 15
    assert answers_in(unpacked, graded) == []
    assert leaks(secrets(found), [unpacked]) == []


def test_the_repositorys_own_package_would_not_pass(book):
    assert any("mine-loss: answers" in words for words in answers_in(ROOT, book[1]))


def test_graded_choices_and_numbers_are_not_confirmed(said):
    for name, verdicts in said.items():
        if everything()[name].kind in ("choice", "numeric"):
            assert verdicts["right"] == [0, 0], name
            assert all("with your mark" in hint for hint in verdicts["said"]), name
            assert not any(score for score, _, _ in verdicts["wrong"].values()), name


def test_graded_code_gets_its_hints_all_the_same(said):
    specific = total = 0
    for name, verdicts in said.items():
        if everything()[name].kind == "code":
            assert verdicts["right"] == [1, 1], (name, verdicts["said"])
            for mistake, (score, hint, words) in verdicts["wrong"].items():
                assert score < 1, (name, mistake)
                specific += words.lower() in hint.lower() and not VAGUE.search(hint)
                total += 1
    assert specific >= 0.8 * total, f"{specific} of {total}"
