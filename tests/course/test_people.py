"""Who handed in, and when: exports of Moodle and Canvas of every shape, rosters, tables; nothing is run here."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from tools.course import uploads
from tools.course.intake import Entry
from tools.course.people import late_table, moment
from tools.course.results import lateness
from tools.course.settings import MARK, Course, CourseError

DUE = "[assignments.hw]\ndue = 2026-01-10T12:00:00+00:00\npenalty_per_day = 0.1\n"


@pytest.fixture
def course(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / MARK).write_text(DUE)
    return Course(tmp_path / "course")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def lay(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def found(folder, course):
    return {u.student: sorted(u.files) for u in uploads.find(folder, course, ["hw"])}


NESTED = ("Ada King_17_assignsubmission_file_/a.ipynb", "Ada King_23_assignsubmission_file_/a.ipynb")
FLAT = ("Ada King_17_assignsubmission_file_a.ipynb", "Ada King_23_assignsubmission_file_b.ipynb")
CANVAS = ("kingada_17_900_a.ipynb", "kingada_LATE_23_901_b.ipynb")


@pytest.mark.parametrize("names", [NESTED, FLAT], ids=["nested", "flat"])
def test_two_students_of_one_name_are_two(folder, course, names):
    lay(folder, *names)
    assert set(found(folder, course)) == {"Ada-King-17", "Ada-King-23"}


def test_two_students_of_one_name_are_two_on_canvas(folder, course):
    lay(folder, *CANVAS)
    assert found(folder, course) == {"kingada-17": ["a.ipynb"], "kingada-23": ["b.ipynb"]}
    assert [u.person.late for u in uploads.find(folder, course, [])] == [False, True]


@pytest.mark.parametrize("names", [NESTED, FLAT, CANVAS], ids=["nested", "flat", "canvas"])
def test_an_export_may_lie_in_a_folder_or_an_archive(folder, course, names):
    lay(folder / "hw-1", *names)
    whole = found(folder, course)
    assert len(whole) == 2
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    for name in names:
        (folder / "hw-1" / name).unlink()
    for empty in sorted(folder.rglob("*"), reverse=True):
        empty.rmdir()
    (folder / "hw.zip").write_bytes(buffer.getvalue())
    assert found(folder, course) == whole


def test_loose_notebooks_and_a_students_archive(folder, course):
    lay(folder, "bob.ipynb", "eve/hw/x.ipynb")
    with zipfile.ZipFile(folder / "carol.zip", "w") as archive:
        archive.writestr("x.ipynb", "{}")
    assert set(found(folder, course)) == {"bob", "carol", "eve"}


def test_no_submissions_are_never_passed_over_in_silence(folder, course):
    lay(folder, "readme.txt")
    with pytest.raises(CourseError, match=r"0 submissions .* readme.txt"):
        found(folder, course)


ROSTER = (
    "id,first_name,last_name,email,lms_id\na1,Ada,King,ada1@x.org,17\na2,Ada,King,ada2@x.org,\nb,Bob,Ross,bob@x.org,\n"
)


def test_numbers_go_before_addresses_and_those_before_names(folder, course):
    course.folder("students.csv").write_text(ROSTER)
    lay(folder, *NESTED, "Bob Ross_99_assignsubmission_file_/a.ipynb")
    who = {u.student: u.refused for u in uploads.find(folder, course, ["hw"])}
    assert who["a1"] == who["b"] == ""
    assert "a name that several have" in who["Ada King-23"]
    (folder / "sheet.csv").write_text(
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 23,Ada King,ada2@x.org,"Saturday, 10 January 2026, 1:05 PM"\n',
        encoding="utf-8-sig",
    )
    second = {u.student: u for u in uploads.find(folder, course, ["hw"])}["a2"]
    assert second.person.when == datetime(2026, 1, 10, 13, 5).astimezone()


def test_an_id_that_stands_twice_is_refused(folder, course):
    course.folder("students.csv").write_text(ROSTER.replace("a2,", "a1,"))
    lay(folder, *NESTED)
    with pytest.raises(CourseError, match="twice"):
        found(folder, course)


def test_lateness_is_the_submissions_own(course):
    def days(table=(), **entry):
        return lateness(course, Entry("ada", "hw", **entry), dict(table))

    assert days() == (0, "When it was handed in is not known, so nothing was taken off.")
    assert days(origin={"platform": "canvas"}) == (0, "")  # Canvas marks what is late
    assert days(origin={"platform": "canvas"}, late=True)[0] == 1
    assert "doesn't say how late" in days(late=True)[1]
    assert days(handed_in="2026-01-10T11:59:00+00:00") == (0, "")
    assert days(handed_in="2026-01-11T13:00:00+00:00") == (2, "2 days late: 20% off.")
    in_time = {("ada", ""): (datetime(2026, 1, 10, tzinfo=UTC), None)}
    assert days(in_time, handed_in="2026-01-11T13:00:00+00:00", late=True) == (0, "")
    assert days({("ada", "hw"): (None, 3.0)}) == (3, "3 days late: 30% off.")


def test_the_table_of_late_ones_is_read_or_refused(course):
    path = course.folder("late.csv")
    path.write_text("student,assignment,received\nada,hw,2026-01-12 10:00\n")
    assert late_table(course) == {("ada", "hw"): (datetime(2026, 1, 12, 10).astimezone(), None)}
    path.write_text("student,days_late\nada,2\n")
    assert late_table(course) == {("ada", ""): (None, 2.0)}
    bad_ones = {
        "name,x\na,b\n": "columns",
        "student,days_late\na,two\n": "no number",
        "student,received\na,-\n": "time",
    }
    for bad, words in bad_ones.items():
        path.write_text(bad)
        with pytest.raises(CourseError, match=words):
            late_table(course)


@pytest.mark.parametrize("text", ["-", "", "no submission", "99:99 32 x"])
def test_what_is_no_time_is_none(text):
    assert moment(text) is None


def test_a_stamp_beside_a_notebook_is_its_time(folder, course):
    lay(folder, "eve/hw/x.ipynb")
    (folder / "eve" / "hw" / "timestamp.txt").write_text("2026-01-09 10:00:00 UTC\n")
    (eve,) = uploads.find(folder, course, ["hw"])
    assert eve.person.when == datetime(2026, 1, 9, 10, tzinfo=UTC)
    assert list(eve.files) == ["x.ipynb"]
    first = uploads.keep(eve, course, "hw", datetime(2026, 3, 1, tzinfo=UTC))
    assert first["handed_in"] == "2026-01-09T10:00:00+00:00"  # the platform's word goes first
