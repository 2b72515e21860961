"""The course around the marks: bad input, repeated and broken-off runs, manual marks, lateness, leaks."""
# ruff: noqa: E501 - a submission's lines are as long as students write them

import csv
import json
import shutil
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_output

from tests.course.test_zoo import tree
from tests.course.zoo import Paper, only_two_small_ones, right_other_style
from tools.course import grade as grading
from tools.course import sandbox, uploads
from tools.course.__main__ import main
from tools.course.execute import CourseExecute
from tools.course.feedback import POLICY, formulas
from tools.course.grade import grade
from tools.course.kernel import Ran
from tools.course.make import make
from tools.course.package import without_answers
from tools.course.release import leaks, release, secrets
from tools.course.settings import Course, CourseError, Limits

OWN = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# My own assignment

```{code-cell} ipython3
:nbgrader: {"grade": false, "grade_id": "double", "locked": false, "schema_version": 3, "solution": true, "task": false}

def double(x):
    ### BEGIN SOLUTION
    return x + x  # a remark that nobody may see
    ### END SOLUTION
```

```{code-cell} ipython3
:nbgrader: {"grade": true, "grade_id": "double-marks", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}

import sys
print("a warning", file=sys.stderr)
assert float(double(2)) == 4
### BEGIN HIDDEN TESTS
assert float(double(-3.5)) == -7.0
### END HIDDEN TESTS
```

```{code-cell} ipython3
:nbgrader: {"grade": true, "grade_id": "partly", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}

### BEGIN HIDDEN TESTS
3 if float(double(1.25)) == 2.5 else 99
### END HIDDEN TESTS
```

+++ {"nbgrader": {"grade": true, "grade_id": "essay", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}}

### BEGIN SOLUTION
Because addition commutes with itself.
### END SOLUTION
"""


def run(*words) -> str:
    """Run the command line and return what it prints; a traceback fails the test."""
    result = CliRunner().invoke(main, [str(w) for w in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def rows(course) -> dict[str, dict]:
    with course.folder("marks.csv").open(encoding="utf-8", newline="") as f:
        return {row["student"]: row for row in csv.DictReader(f)}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Return an instructor's own source folder with one assignment, ``essay``."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "essay").mkdir()
    (folder / "essay" / "one.md").write_text(OWN, encoding="utf-8")
    (folder / "essay" / "data.csv").write_text("1,2\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(own, tmp_path_factory):
    """Return a course of that assignment, to be copied."""
    course = Course(tmp_path_factory.mktemp("made") / "course")
    make(course, own)
    return course


@pytest.fixture
def class_of_two(made, tmp_path):
    """Return a course, and a folder with a right and a wrong submission."""
    course = Course(tmp_path / "course")
    shutil.copytree(made.root, course.root)
    nb = nbformat.read(course.folder("release", "essay", "one.ipynb"), as_version=4)
    for student, factor in (("ada", 2), ("bob", 3)):
        mine = nbformat.from_dict(dict(nb))
        for cell in mine.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
                cell.source = f"def double(x):\n    return {factor} * float(x) if open('data.csv').read() else 0"
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "essay":
                cell.source = f"Because, says {student} <script>alert(1)</script>."
        folder = tmp_path / "in" / student / "essay"
        folder.mkdir(parents=True)
        nbformat.write(mine, folder / "one.ipynb")
        nb = nbformat.read(course.folder("release", "essay", "one.ipynb"), as_version=4)
    return course, tmp_path / "in"


def give(course, student: str, points: float, comment: str) -> None:
    """Do what Formgrader does when a person marks."""
    with course.gradebook() as gb:
        mark = gb.find_grade("essay", "one", "essay", student)
        mark.manual_score, mark.needs_manual_grade = points, False
        gb.find_comment("essay", "one", "essay", student).manual_comment = comment
        gb.db.commit()


def test_own_assignments_manual_marks_and_repeated_runs(class_of_two):
    course, folder = class_of_two
    before = tree(folder)
    assert grade(course, folder)["marked"] == 2
    assert [rows(course)[s]["score"] for s in ("ada", "bob")] == ["5.0", "0.0"]  # 2 + 3 of 4; a mark of 99 is none
    assert "wait" in rows(course)["ada"]["message"]
    assert "99" in rows(course)["bob"]["flagged"]
    give(course, "ada", 4.5, "Well said.")
    marked = tree(course.folder("submitted"))
    again = grade(course, folder)
    assert (again["marked"], again["waiting"]) == (0, 1)
    assert rows(course)["ada"]["score"] == "9.5"
    page = course.folder("feedback", "ada", "essay", "one.html").read_text(encoding="utf-8")
    assert "Well said." in page
    shutil.rmtree(course.folder("state"))  # grade everything anew: the person's mark stays and needs no second look
    assert grade(course, folder)["waiting"] == 1
    assert rows(course)["ada"]["score"] == "9.5"
    assert "Well said." in course.folder("feedback", "ada", "essay", "one.html").read_text(encoding="utf-8")
    assert tree(course.folder("submitted")) == marked
    assert tree(folder) == before


def test_a_changed_answer_is_asked_about_again_and_the_old_one_is_kept(class_of_two):
    course, folder = class_of_two
    grade(course, folder)
    give(course, "ada", 4.5, "Well said.")
    path = folder / "ada" / "essay" / "one.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Because, says", "On second thoughts, says"), encoding="utf-8"
    )
    assert grade(course, folder)["waiting"] == 2
    assert len(list(course.folder("received", "ada", "essay").iterdir())) == 2
    shutil.rmtree(folder / "bob")
    grade(course, folder)
    assert set(rows(course)) == {"ada", "bob"}


def test_feedback_shows_no_hidden_test_and_runs_no_script(class_of_two):
    course, folder = class_of_two
    grade(course, folder)
    for student in ("ada", "bob"):
        page = course.folder("feedback", student, "essay", "one.html").read_text(encoding="utf-8")
        assert POLICY in page
        assert "<script" not in page.lower()
        for secret in ("HIDDEN", "-3.5", "-7.0", "double(1.25)", "else 99", "a remark that nobody"):
            assert secret not in page, secret


def test_feedback_draws_formulas_without_a_script():
    page = r'<p>$a&lt;b$</p><pre>"$5 or $6"</pre><p title="$x$">$$\frac{1}{n}\tag{7.1}$$ $\left( &lt;$</p>'
    shown = formulas(page)
    assert shown.count("<math") == 2
    assert "<mo>&#x0003C;</mo>" in shown
    assert "mfrac" in shown
    assert '<pre>"$5 or $6"</pre>' in shown
    assert 'title="$x$"' in shown
    assert r" $\left( &lt;$</p>" in shown  # no TeX: it is shown as it was written


def test_lateness_counts_from_what_was_said_first_and_covers_manual_marks(class_of_two):
    course, folder = class_of_two
    due = "\n[assignments.essay]\ndue = 2026-01-10T12:00:00+00:00\npenalty_per_day = 0.1\n"
    (course.root / "course.toml").write_text((course.root / "course.toml").read_text() + due)
    course = Course(course.root)
    grade(course, folder, received=datetime(2026, 1, 11, 13, tzinfo=UTC))
    assert rows(course)["ada"]["score"] == "4.0"
    assert "2 days late: 20% off" in rows(course)["ada"]["message"]
    give(course, "ada", 5, "")
    grade(course, folder, received=datetime(2026, 3, 1, tzinfo=UTC))  # January was said first, that is what counts
    assert rows(course)["ada"]["score"] == "8.0"


def test_a_run_that_is_killed_goes_on_where_it_was(class_of_two, monkeypatch):
    course, folder = class_of_two
    real = grading._mark

    def half(course, todo, *how):
        real(course, todo[:1], *how)
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "_mark", half)
    with pytest.raises(KeyboardInterrupt):
        grade(course, folder)
    monkeypatch.setattr(grading, "_mark", real)
    (course.folder("autograded") / "bob" / "essay").mkdir(parents=True, exist_ok=True)  # left by a worker that died
    assert grade(course, folder)["marked"] == 1
    assert rows(course)["ada"]["score"] == "5.0"


def test_without_a_sandbox_the_instructor_is_warned_or_nothing_runs(class_of_two, monkeypatch):
    course, folder = class_of_two
    monkeypatch.setattr(sandbox, "available", lambda: False)
    with pytest.warns(UserWarning, match="WITHOUT a sandbox"):
        grade(course, folder)
    assert rows(course)["ada"]["score"] == "5.0"
    assert "WITHOUT a sandbox" in course.folder("report.html").read_text(encoding="utf-8")
    course.settings["grading"]["sandbox"] = "require"
    with pytest.raises(CourseError, match="nothing was graded"):
        grade(course, folder)


def test_bad_input_costs_one_sentence_and_nothing_else(own, tmp_path):
    other = tmp_path / "full"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    assert "is no course" in run("make", "--source", own, "--course", other)
    assert tree(other).keys() == {"thesis.tex"}
    assert "no folder" in run("make", "--source", tmp_path / "nowhere", "--course", tmp_path / "c")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no assignment" in run("make", "--source", empty, "--course", tmp_path / "c")
    assert "no course yet" in run("grade", "--submissions", own, "--course", tmp_path / "c")
    assert "SUBMISSIONS=folder is missing" in run("grade", "--submissions", "", "--course", tmp_path / "c")
    run("make", "--source", own, "--course", tmp_path / "c")
    assert "unchanged" in run("make", "--source", own, "--course", tmp_path / "c")
    assert "no folder" in run("grade", "--submissions", tmp_path / "nowhere", "--course", tmp_path / "c")
    assert "is empty" in run("grade", "--submissions", empty, "--course", tmp_path / "c")
    settings = (tmp_path / "c" / "course.toml").read_text()
    (tmp_path / "c" / "course.toml").write_text("[grading\n")
    assert "cannot be read" in run("grade", "--submissions", own, "--course", tmp_path / "c")
    (tmp_path / "c" / "course.toml").write_text(settings)
    shutil.rmtree(tmp_path / "c" / "release")
    assert "has no release" in run("grade", "--submissions", own, "--course", tmp_path / "c")
    assert "no course yet" in run("formgrader", "--course", empty)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"points": 2', '"points": -2', "needs points"),
        ('"grade_id": "partly"', '"grade_id": "double"', "'double' stands in"),
        ("    ### END SOLUTION\n```", "```", "SOLUTION"),
        ("import sys", "# AUTOTEST\nimport sys", "AUTOTEST"),
        ("### END HIDDEN TESTS\n```\n\n+++", "```\n\n+++", "HIDDEN TESTS"),
    ],
)
def test_a_mistake_in_a_source_names_its_cell(own, tmp_path, old, new, words):
    folder = tmp_path / "source"
    shutil.copytree(own, folder)
    path = folder / "essay" / "one.md"
    assert old in OWN
    path.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    said = run("make", "--source", folder, "--course", tmp_path / "course")
    assert words in said
    assert "Traceback" not in said


def test_a_changed_source_never_takes_marks_away(class_of_two, own, tmp_path):
    course, folder = class_of_two
    grade(course, folder)
    source = tmp_path / "source"
    shutil.copytree(own, source)
    path = source / "essay" / "one.md"
    path.write_text(OWN.replace("# My own assignment", "# My own, corrected"), encoding="utf-8")
    assert "released" in run("make", "--source", source, "--course", course.root)
    path.write_text(OWN.replace('"points": 5', '"points": 50'), encoding="utf-8")
    assert "nothing was overwritten" in run("make", "--source", source, "--course", course.root)
    assert grade(course, folder)["all"] == 2
    assert rows(course)["ada"]["max_score"] == "11.0"


def test_a_roster_refuses_strangers_and_knows_platform_names(class_of_two):
    course, folder = class_of_two
    roster = "id,first_name,last_name,lms_id\nada,Ada,King,17\nbob,Bob,Ross,18\n"
    course.folder("students.csv").write_text(roster, encoding="utf-8")
    (folder / "bob").rename(folder / "Bob Ross_18_assignsubmission_file_")
    shutil.copytree(folder / "ada", folder / "mallory")
    totals = grade(course, folder)
    assert totals["refused"] == 1
    assert "not in students.csv" in rows(course)["mallory"]["message"]
    assert rows(course)["bob"]["score"] == "0.0"
    assert rows(course)["ada"]["score"] == "5.0"


def test_a_leak_stops_the_release(own, tmp_path):
    course = Course(tmp_path / "course")
    assert "No solution found" in release(course, own)[-1]
    assert (course.folder("packed") / "essay.zip").is_file()
    from tools.course.make import sources

    lines = secrets(sources(own))
    assert any("a remark that nobody" in line for line in lines)
    assert any("-7.0" in line for line in lines)
    assert any("commutes" in line for line in lines)
    site = tmp_path / "site"
    site.mkdir()
    for name, text in (
        ("a.html", "<pre>return <span>x</span> + x  # a remark <b>that</b> nobody may see</pre>"),
        ("b.ipynb", json.dumps({"source": ["assert float(double(-3.5)) == -7.0\n"]})),
        ("c.js", json.dumps("Because addition commutes with itself.")),
    ):
        (site / name).write_text(text)
        assert len(leaks(lines, [site])) == 1, name
        (site / name).unlink()
    (own / "essay" / "hint.txt").write_text("    return x + x  # a remark that nobody may see\n")
    try:
        assert "would leak" in run("release", "--source", own, "--course", tmp_path / "course2")
    finally:
        (own / "essay" / "hint.txt").unlink()


def test_nothing_of_the_book_leaks(course, source):
    from tools.course.make import sources

    lines = secrets(sources(source))
    assert len(lines) > 5
    assert leaks(lines, [course.folder("release")]) == []


def test_students_meet_hidden_tests_of_their_own_if_wished(course):
    from tools.course.testcells import hidden_checks

    test = 'check("mine-loss", loss)\ncheck("mine-loss", loss, seed=90417, points=4)'
    one, two = (CourseExecute.bound(student_seed=s)() for s in ("1|ada", "1|bob"))
    seeds = [hidden_checks(e._seeded(test))[0] for e in (one, two, CourseExecute.bound()())]
    assert len(set(seeds)) == 3
    assert seeds[2] == ("mine-loss", 90417)


@pytest.mark.parametrize(
    ("held", "outputs", "reply", "starved"),
    [
        (900, [new_output("error", ename="MemoryError", evalue="")], ("error", "MemoryError: "), True),
        (900, [new_output("stream", text="MemoryError while printing MemoryError")], ("error", ": "), True),
        (900, [], ("error", "MemoryError: "), True),  # the error could not be shown for lack of memory
        (900, [], ("", ""), True),  # nor answered
        (900, [new_output("error", ename="NameError", evalue="x")], ("error", "NameError: x"), False),
        (900, [], ("ok", ": "), False),
        (100, [new_output("error", ename="MemoryError", evalue="")], ("error", "MemoryError: "), False),  # was refused
    ],
)
def test_a_cell_that_left_no_memory_is_known_whatever_it_could_still_say(held, outputs, reply, starved):
    execute = CourseExecute.bound(kernel=SimpleNamespace(limits=Limits(memory_mb=1000), memory_mb=lambda: held))()
    ran = Ran(outputs=outputs, status=reply[0], raised=reply[1], changed=[] if reply[0] else None)
    assert execute._starved(ran) == starved


def test_only_what_an_answer_depends_on_runs():
    from tools.course.slicing import needed

    cells = [
        "import numpy as np\nrng = np.random.default_rng(0)",
        "data = rng.normal(size=9)",
        "long_training = [k for k in range(10**9)]",
        "data.sort()",
        "print(data)",
        "def answer(k):\n    long = 1\n    return data.mean() * k * long",
    ]
    made = [nbformat.v4.new_code_cell(c) for c in cells]
    assert needed(made, set(cells[:-1])) == {0, 1, 3, 5}


def test_a_project_in_the_temporary_folder_is_seen_in_the_sandbox(tmp_path, monkeypatch):
    home, caches = tmp_path / "home", tmp_path / "caches"
    home.mkdir(), caches.mkdir()
    monkeypatch.setattr(sandbox.sys, "prefix", "/tmp/a clone/.venv")
    words = sandbox.command(Limits(), tmp_path, home, tmp_path, caches, True)
    assert words.index("/tmp/a clone/.venv") > words.index("/tmp")  # bound after the empty /tmp, not hidden by it


def test_the_sandbox_holds_no_reference():
    text = without_answers(
        textwrap.dedent("""
        choice("x", "X", right="b", reasons={"a": "", "b": "b is right"})
        loss = code("y", "Y")
        @loss.reference
        def _(t):
            return the_solution(t)
        @loss.mistake("hint")
        def _(t):
            return the_mistake(t)
        for step in (1, 2):
            loss.mistake("in a loop")(lambda t, step=step: the_step(t))
        """)
    )
    assert "the_step" not in text
    assert "the_solution" not in text
    assert "the_mistake" not in text
    assert "'b'" not in text.split("reasons")[0]
    assert "b is right" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_any_encoding_is_read(encoding):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('x = "für n"')])
    found = uploads.notebook(json.dumps(nb, ensure_ascii=False).encode(encoding))
    assert found.cells[0].source == 'x = "für n"'


def test_a_small_class_is_graded_with_a_report(course, tmp_path):
    release_nb = nbformat.read(course.folder("release", "part2", "07-mine.ipynb"), as_version=4)
    fresh = Course(tmp_path / "course")
    shutil.copytree(
        course.root,
        fresh.root,
        ignore=shutil.ignore_patterns(
            "state", "autograded", "submitted", "*.db", "received", "feedback", "*.csv", "*.lock"
        ),
    )
    shutil.rmtree(fresh.folder("release"))
    make(fresh, course.folder("source"))
    for k, bring in enumerate([right_other_style, only_two_small_ones] * 2):
        bring(Paper(release_nb, tmp_path / "in", f"s{k}"))
    totals = grade(Course(fresh.root), tmp_path / "in")
    assert totals["all"] == totals["marked"] == 4
    assert [float(r["score"]) for r in rows(fresh).values()] == [12, 2, 12, 2]
    report = fresh.folder("report.html").read_text(encoding="utf-8")
    for words in ("mine-loss-marks", "not attempted yet", "<script"):
        assert (words in report) == (words != "<script"), words


def test_a_changed_check_of_the_book_concerns_those_assignments_that_use_it(course, made, tmp_path, monkeypatch):
    copy = tmp_path / "checks"
    shutil.copytree(Path(grading.checks.__file__).parent, copy)
    monkeypatch.setattr(grading.checks, "__file__", str(copy / "__init__.py"))

    def rules(course, assignment, stamp):
        return grading._rules(course.folder("source", assignment), stamp, "")  # stamp: not the cached answer

    before = rules(course, "part2", "1"), rules(made, "essay", "1")
    for name, concerned in (("ch01.py", False), ("ch07_training.py", True), ("hints.py", True)):
        with (copy / name).open("a", encoding="utf-8") as f:
            f.write("# changed\n")
        grading._rules.cache_clear()
        after = rules(course, "part2", "1"), rules(made, "essay", "1")
        assert (after[0] != before[0]) == concerned, name
        assert after[1] == before[1]
        before = after
    grading._rules.cache_clear()
