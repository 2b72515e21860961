"""Hints are scored: mistakes that nobody planned for mostly read what is true and specific, and never what is false."""

import pytest

from mi_lab.teaching.checks.exercise import everything
from tests.course.hints import VAGUE, said, wrong
from tools.course.make import sources
from tools.course.release import graded_exercises

GRADED = sorted(n for n in graded_exercises(sources(None)) if everything()[n].kind != "text")
LEAST, ENOUGH = 0.7, 8


@pytest.mark.parametrize("name", GRADED)
def test_mistakes_that_nobody_planned_for_are_named(name):
    found = said(name)
    assert len(found) >= ENOUGH, f"{name}: write {ENOUGH} mistakes into tests/course/mistakes"
    for mistake, (hint, score, hit) in found.items():
        words = wrong(name)[mistake][1]
        assert score < 1, mistake
        # what a person read and found true; where no cause is named, no cause may be claimed
        assert hit if words else VAGUE.search(hint), f"{mistake}: {hint}"
    assert sum(hit for *_, hit in found.values()) >= LEAST * len(found)
