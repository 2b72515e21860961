"""Graded graders: every exercise marks right answers full, the stub zero, and names the mistake in wrong ones."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from mi_lab.teaching.checks.exercise import everything
from mi_lab.teaching.checks.run import assess
from tools.book.source import BOOK

ANSWERS = {}
for path in sorted((Path(__file__).parent / "answers").glob("ch*.py")):
    ANSWERS |= import_module(f"tests.course.answers.{path.stem}").ANSWERS
EXERCISES = {name: task for name, task in everything().items() if task.kind != "text"}
SEEDS = (0, 1, 7301)
VAGUE = re.compile(r"numbers are not right yet|not yet\.$")


def test_every_exercise_has_its_graded_grader():
    missing = sorted(set(EXERCISES) - set(ANSWERS))
    assert not missing, f"no answers in tests/course/answers for: {', '.join(missing)}"
    unknown = sorted(set(ANSWERS) - set(EXERCISES))
    assert not unknown, f"answers for exercises that no module of mi_lab/teaching/checks declares: {', '.join(unknown)}"


def test_every_exercise_stands_in_the_book_and_the_other_way_round():
    called = set()
    for page in BOOK.rglob("*.md"):
        called |= set(re.findall(r'^check\("([^"]+)"', page.read_text(encoding="utf-8"), re.M))
    assert called == set(EXERCISES)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_right_answers_earn_full_marks(name):
    for answer in (ANSWERS[name].reference, ANSWERS[name].alternative):
        for seed in SEEDS:
            verdict = assess(name, answer, seed)
            assert verdict.score == 1, verdict.hint


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_stubs_earn_nothing_and_are_told_so_kindly(name):
    for stub in (ANSWERS[name].stub, ..., None):
        verdict = assess(name, stub)
        assert verdict.score == 0
        assert not verdict.attempted


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_wrong_answers_lose_marks_and_each_reads_a_hint_of_its_own(name):
    wrong = ANSWERS[name].wrong
    assert len(wrong) >= 4
    hints = {}
    for mistake, (answer, words) in wrong.items():
        for seed in SEEDS[::2]:
            verdict = assess(name, answer, seed)
            assert verdict.score < 1, mistake
            assert words.lower() in verdict.hint.lower(), f"{mistake}: {verdict.hint}"
            assert not VAGUE.search(verdict.hint), f"{mistake}: {verdict.hint}"
        hints[mistake] = re.sub(r"[\d.]+", "", verdict.hint)
    assert len(set(hints.values())) == len(wrong), f"two mistakes share a hint: {hints}"


def test_the_class_s_table_names_nobody_and_sorts_by_error():
    from tools.course.intake import Entry
    from tools.course.report import class_tables

    task, entries = EXERCISES["which-arena"], []
    answers = ANSWERS["which-arena"]
    half = {"one column each": (0.5, "plug-in bins", 0.06)}
    for student, answer in (("ada", lambda x, y: 0.3), ("eve", answers.reference), ("bob", answers.alternative)):
        tallies = task.tally(task.observe(answer, 3), 3)
        assert set(tallies) == {"one column each", "many columns"}
        entries.append(Entry(student, "part3", tallies={"which-arena": tallies}))
    assert task.tally(task.observe(answers.stub, 3), 3) == {}
    entries += [Entry("nil", "part3"), Entry("zoe", "part3", tallies={"which-arena": half})]
    table = class_tables(entries)["Into the arena"]
    assert [row["place"] for row in table["rows"]] == ["1.", "2.", "3.", "4.", "plug-in bins", "nearest neighbours"]
    errors = [[float(v) for v in row["cells"]] for row in table["rows"][:3]]
    assert [sum(e) for e in errors] == sorted(sum(e) for e in errors)
    assert table["rows"][3]["cells"] == ["0.500", "–"]  # who has done a half comes last
    assert not {"ada", "eve", "bob", "zoe"} & set(str(table).split("'"))
    assert class_tables([Entry("nil", "part3")]) == {}
