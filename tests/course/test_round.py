"""A whole round with CONTRIBUTING's own assignment: made, handed in by every way, graded, given back, regraded."""

import csv
import html
import shutil
import zipfile

import nbformat
import pytest
from click.testing import CliRunner

from tests.course import own
from tools.course.__main__ import main
from tools.course.feedback import WAITS
from tools.course.settings import Course

DUE = '\n[assignments.entropy]\ndue = "2026-01-10T12:00:00+00:00"\npenalty_per_day = 0.5\n'.replace('"', "")
MINUS = "import numpy as np\ndef entropy(p):\n    return -1.0"
SLY = """\
import numpy as np
def entropy(p):
    np.testing.assert_allclose = lambda *a, **k: None
    return 0.69315"""
READS = """\
import numpy as np
def entropy(p):
    print(seen)
    return -1.0"""
WATCHES = "seen = []\nget_ipython().events.register('pre_run_cell', lambda info: seen.append(info.raw_cell))"
RERUN = "class Fine:\n    success = True\n    error_before_exec = error_in_exec = result = None\n"
RERUN += "shell = type(get_ipython())\nshell.run_cell = lambda *a, **k: Fine()"
INNARDS = "np.testing.assert_allclose.__code__ = (lambda *a, **k: None).__code__"
OWN_NP = """\
import numpy
class Yes:
    def __getattr__(self, name): return lambda *a, **k: None
class Mine:
    testing = Yes()
    def __getattr__(self, name): return getattr(numpy, name)
np = Mine()"""
HONEST = ("!echo hello", "%%writefile notes.txt\nhello", "import gc\ngc.collect()", "eval('1 + 1')")
# a student's code, cells before the first test, the marks of a fair person, whether there is a flag
OTHERS = {
    "honest": (
        own.RIGHT,
        ("!echo hello", "%%writefile notes.txt\nhello", "import gc\ngc.collect()", "eval('1 + 1')"),
        6,
        False,
    ),
    "minus": (MINUS, (), 0, False),  # a score of 0 is 0
    "noop": (MINUS, ("import numpy.testing as t\nt.__dict__['assert_allclose'] = print",), 0, True),
    "hush": (MINUS, ("ip = get_ipython()\nip.showtraceback = ip._showtraceback = lambda *a, **k: None",), 0, True),
    "rerun": (MINUS, (RERUN,), 0, True),
    "innards": (MINUS, (f"import numpy as np\n{INNARDS}",), 0, True),
    "own_np": (MINUS, (OWN_NP,), 0, False),  # a name of the student's own is no tampering; it gains nothing
    "own_abs": (MINUS, ("abs = lambda v: 0.0\nsum = lambda v: 3",), 0, False),
    "own_sum": (own.RIGHT.replace("np.sum", "sum"), ("def sum(v):\n    return float(np.sum(v))",), 6, False),
    "sly": (SLY, (), 0, True),
    "reads": (READS, (WATCHES,), 0, True),
    "syntax": (own.RIGHT.replace("(p):", "(p)"), (), 0, False),
}


def run(*words) -> str:
    """Run the command line and return what it prints; a traceback fails the test."""
    result = CliRunner().invoke(main, [str(w) for w in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def table(course, *name, key="student") -> dict[str, dict]:
    with course.folder(*name).open(encoding="utf-8", newline="") as f:
        return {row[key]: row for row in csv.DictReader(f)}


def page(course, student) -> str:
    return course.folder("feedback", student, "entropy", "entropy.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """Grade everything once; return the course, the folder of submissions and what the screen said."""
    folder = tmp_path_factory.mktemp("round")
    source = own.source(folder / "source")
    course = Course(folder / "course")
    assert "released, 1 notebook, 9 points" in run("make", "--source", source, "--course", course.root)
    (course.root / "course.toml").write_text((course.root / "course.toml").read_text() + DUE)
    assert "No solution found" in run("release", "--source", source, "--course", course.root)
    with zipfile.ZipFile(course.folder("packed", "entropy.zip")) as archive:  # what a student opens
        assert {"entropy/entropy.ipynb", "entropy/README.txt"} == set(archive.namelist())
        release = nbformat.reads(archive.read("entropy/entropy.ipynb").decode(), as_version=4)
    inbox = folder / "in"
    right, half = own.solved(release, own.RIGHT), own.solved(release, own.HALF)
    own.hand_in(inbox / "nested" / "Ada King_17_assignsubmission_file_" / "entropy.ipynb", right)
    own.hand_in(inbox / "nested" / "Ada King_23_assignsubmission_file_" / "entropy.ipynb", half)
    sheet = "Identifier,Full name,Email address,Last modified (submission),Grade\n"
    sheet += 'Participant 17,Ada King,a@x.org,"2026-01-10 11:00 UTC",\n'
    sheet += 'Participant 23,Ada King,b@x.org,"2026-01-10 13:00 UTC",\n'
    own.hand_in(inbox / "nested" / "Grades.csv", sheet)
    own.hand_in(inbox / "flat" / "Bob Ross_31_assignsubmission_file_entropy.ipynb", right)
    own.hand_in(inbox / "canvas" / "roeeve_LATE_55_900_entropy.ipynb", right)
    own.hand_in(inbox / "canvas" / "tammax_56_901_entropy-1.ipynb", own.solved(release, own.NONE))
    own.hand_in(inbox / "pdf" / "entropy" / "entropy.pdf", "%PDF")
    for name, (code, before, _, _) in OTHERS.items():
        own.hand_in(inbox / name / "entropy" / "entropy.ipynb", own.solved(release, code, *before))
    said = run("grade", "--submissions", inbox, "--course", course.root)
    kept = {path.name: path.read_text() for path in [course.folder("marks.csv"), course.folder("report.html")]}
    pages = {s: page(course, s) for s in [*OTHERS, "Ada-King-17", "Ada-King-23", "tammax-56"]}
    return course, inbox, said, kept, pages


def test_everybody_has_a_row_of_their_own(rounds):
    course, _, said, _, _ = rounds
    marks = table(course, "marks.csv")
    assert {"Ada-King-17", "Ada-King-23", "Bob-Ross-31", "roeeve-55", "tammax-56", "pdf", *OTHERS} == set(marks)
    assert f"{len(marks)} submissions: {len(marks) - 1} graded now, 1 not graded" in said


def test_a_last_line_is_the_mark(rounds):
    marks = table(rounds[0], "marks.csv")
    scores = {name: float(row["score"]) for name, row in marks.items()}
    assert scores["Ada-King-17"] == scores["Bob-Ross-31"] == 6
    assert scores["minus"] == 0
    assert scores["tammax-56"] == 1
    assert scores["Ada-King-23"] == 2.5  # 5, and half of it taken off
    assert "1 day late: 50% off." in marks["Ada-King-23"]["message"]
    assert "doesn't say how late" in marks["roeeve-55"]["message"]
    assert scores["roeeve-55"] == 3
    assert "is not known, so nothing was taken off" in marks["Bob-Ross-31"]["message"]


@pytest.mark.parametrize("name", OTHERS)
def test_tampering_gains_nothing_and_is_flagged_and_honest_work_is_not(rounds, name):
    row = table(rounds[0], "marks.csv")[name]
    _, _, score, flagged = OTHERS[name]
    assert float(row["score"]) == score, row
    assert bool(row["flagged"]) == flagged, row


def test_no_page_shows_a_hidden_test(rounds):
    for student, text in rounds[4].items():
        for secret in ("uniform", "0.5623", "HIDDEN", "certain", "Rubric", "No probability exceeds"):
            assert secret not in text, (student, secret)


def test_what_no_person_marked_is_not_zero(rounds):
    _, _, _, kept, pages = rounds
    text = pages["Ada-King-17"]
    assert text.count(f"{WAITS}, 3.0 points") == 2
    assert f"so far; 1 {WAITS}" in text
    assert "0.0 / 3.0" not in text
    assert "awaiting a person" in kept["report.html"]
    assert ",3.0," in kept["marks.csv"]


def test_marks_go_back_by_the_platforms_own_numbers(rounds):
    course, inbox, *_ = rounds
    sheet = table(course, "giveback", "entropy-moodle.csv", key="Identifier")
    assert set(sheet) == {"Participant 17", "Participant 23", "Participant 31"}
    assert all(row["Grade"] == "" for row in sheet.values())  # a proof waits
    with zipfile.ZipFile(course.folder("giveback", "entropy-feedback.zip")) as archive:
        names = set(archive.namelist())
    assert "Ada King_17_assignsubmission_file_entropy.html" in names
    assert "Bob Ross_31_assignsubmission_file_entropy.html" in names
    assert "roeeve_LATE_55_900_entropy.html" in names
    with course.gradebook() as gb:
        for submission in gb.assignment_submissions("entropy"):
            grade = gb.find_grade("entropy-why", "entropy", "entropy", submission.student.id)
            grade.manual_score, grade.needs_manual_grade = 2, False
        gb.db.commit()
    late = inbox.parent / "late.csv"
    late.write_text("student,days_late\nroeeve-55,0\n")
    shutil.rmtree(inbox / "pdf")
    said = run("grade", "--submissions", inbox, "--course", course.root, "--late", late)
    assert " 0 graded now" in said
    sheet = table(course, "giveback", "entropy-moodle.csv", key="Identifier")
    assert [row["Grade"] for row in sheet.values()] == ["8", "3.5", "8"]
    assert [row["ID"] for row in table(course, "giveback", "entropy-canvas.csv", key="Student").values()][1:] == [
        "55",
        "56",
    ]
    assert table(course, "giveback", "entropy-canvas.csv", key="ID")["55"]["entropy"] == "8"
    assert table(course, "marks.csv")["roeeve-55"]["score"] == "8.0"
    report = course.folder("report.html").read_text(encoding="utf-8")
    assert "no part of the assignment" in report  # an earlier refusal stays
    assert "2.0 / 3.0" in page(course, "Ada-King-17")


def test_what_a_change_concerns_is_graded_again(rounds):
    course, inbox, *_ = rounds
    only = inbox.parent / "only"
    shutil.copytree(inbox / "honest", only / "honest")
    settings = course.root / "course.toml"
    text = settings.read_text()
    settings.write_text(text.replace("penalty_per_day = 0.5", "penalty_per_day = 0.25"))
    again = ("grade", "--submissions", only, "--course", course.root)
    assert " 0 graded now" in run(*again)  # penalties need no kernel
    assert "25% off" in table(course, "marks.csv")["Ada-King-23"]["message"]
    assert " 1 graded now" in run(*again, "--regrade", "minus")
    assert "no student and no assignment" in run(*again, "--regrade", "nobody")
    from tools.course import grade as grading
    from tools.course.intake import Entry

    course = Course(course.root)
    entries = [Entry("honest", "entropy"), Entry("minus", "entropy")]
    assert all(grading._finished(course, e) for e in entries)
    settings.write_text(text.replace("cell_seconds = 60", "cell_seconds = 61"))
    assert not any(grading._finished(Course(course.root), e) for e in entries)
    settings.write_text(text.replace("workers = 3", "workers = 2"))
    assert all(grading._finished(Course(course.root), e) for e in entries)


def test_a_syntax_error_is_said_to_be_one(rounds):
    course, _, _, kept, pages = rounds
    for text in map(html.unescape, (pages["syntax"], kept["report.html"])):
        assert "has a syntax error (expected ':'), in the line `def entropy(p)`" in text


def test_a_changed_test_marks_again_what_it_concerns_and_a_person_s_marks_stay(rounds):
    course, inbox, *_ = rounds
    course = Course(course.root)
    before = {name: float(row["score"]) for name, row in table(course, "marks.csv").items()}
    path = inbox.parent / "source" / "entropy" / "entropy.md"
    text = path.read_text(encoding="utf-8")
    assert "sum(uniform) + certain" in text
    path.write_text(text.replace("sum(uniform) + certain", "sum(uniform)"), encoding="utf-8")
    assert "entropy: released" in run("make", "--source", inbox.parent / "source", "--course", course.root)
    said = run("grade", "--submissions", inbox.parent / "only", "--course", course.root)
    marks = {name: float(row["score"]) for name, row in table(course, "marks.csv").items()}
    assert f" {len(before) - 1} graded now" in said  # all but the one that was refused
    assert marks["Bob-Ross-31"] == before["Bob-Ross-31"] - 1 == 7  # 2 + 3, and a person's 2
    assert marks["minus"] == before["minus"]
    assert " 0 graded now" in run("grade", "--submissions", inbox.parent / "only", "--course", course.root)
