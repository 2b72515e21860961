"""The zoo is graded in one run: every mark is fair, honest work is never flagged, nothing else is touched."""

import csv
import hashlib

import nbformat
import pytest

from tests.course.zoo import ANIMALS, fill
from tools.course.grade import grade


def tree(folder) -> dict[str, str]:
    """Return path -> hash of every file, and the target of every link, under ``folder``."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def run(course):
    """Grade the zoo and return its rows of marks.csv and what else lay about, before and after."""
    release = nbformat.read(course.folder("release", "part2", "07-mine.ipynb"), as_version=4)
    zoo, outside = course.root.parent / "zoo", course.root.parent / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("still here")
    fill(zoo, release)
    kept = [zoo, outside, course.folder("source"), course.folder("release")]
    before = [tree(folder) for folder in kept]
    totals = grade(course, zoo)
    with course.folder("marks.csv").open(encoding="utf-8", newline="") as f:
        rows = {row["student"]: row for row in csv.DictReader(f)}
    return rows, before, [tree(folder) for folder in kept], totals


def test_the_zoo_is_large_enough():
    assert len({a.name for a in ANIMALS}) == len(ANIMALS) >= 60


def test_nothing_outside_its_place_was_changed(run):
    _, before, after, _ = run
    assert before == after


def test_every_submission_has_its_row(run):
    rows, _, _, totals = run
    assert totals["all"] == len(rows) == len(ANIMALS)


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda a: a.name)
def test_mark_and_flag_are_what_a_fair_person_gives(run, animal):
    row = run[0][{"Ada_Lovelace": "Ada-Lovelace-4711", "hoppergrace": "hoppergrace-815"}.get(animal.name, animal.name)]
    said = f"{row['flagged']} {row['message']}"
    assert animal.low <= float(row["score"]) <= animal.high, f"{row['score']}: {said}"
    if animal.flagged is not None:
        assert bool(row["flagged"]) == animal.flagged, said
    assert animal.words.lower() in said.lower(), said
