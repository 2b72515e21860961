"""The command line: ``python -m tools.course make | grade | release | formgrader``."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import click
from sqlalchemy.exc import SAWarning

from tools.course.settings import Course, CourseError, with_own_programs

FOLDER = click.Path(path_type=Path)
SOURCE = click.option(
    "--source", type=FOLDER, help="A folder of your own MyST assignments; the book's Parts if not given."
)
BY = click.option(
    "--by", type=click.Choice(["part", "chapter"]), help="What of the book is one assignment; a part if not said."
)
COURSE = click.option("--course", "folder", type=FOLDER, default="course", show_default=True, help="The course folder.")


@click.group()
def main() -> None:
    """Make nbgrader's course from the book, and grade submissions."""
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own use of its data base
    warnings.showwarning = lambda message, *_: click.secho(f"Warning: {message}", fg="yellow", err=True)


@main.command()
@SOURCE
@COURSE
@BY
def make(source: Path | None, folder: Path, by: str | None) -> None:
    """Make the course: sources, release, grade book, rubrics."""
    from tools.course.make import make

    with _one_sentence():
        course = Course(folder)
        for line in make(course, source, by or ""):
            click.echo(line)
        click.echo(f"The course is in {course.root}; students get {course.folder('release')}.")


@main.command()
@click.option("--submissions", type=FOLDER, required=True, help="The folder of submissions; nothing in it is changed.")
@COURSE
@SOURCE
@click.option("--received", help="When all of these arrived, if no platform says (2026-12-01 23:59, local time).")
@click.option("--late", type=FOLDER, help="A table: student, assignment, and received (a time) or days_late.")
@click.option("--regrade", default="", help="Grade these anew: all, an assignment, or a student.")
@click.option("--workers", type=int, help="Submissions graded side by side; course.toml says how many if not given.")
@click.option("--scheduler", default="", help="A Dask scheduler (tcp://host:8786): its workers run the notebooks.")
def grade(
    submissions: Path,
    folder: Path,
    source: Path | None,
    received: str,
    late: Path | None,
    regrade: str,
    workers: int,
    scheduler: str,
) -> None:
    """Grade a folder of submissions; repeat at any time, only what is new or changed is graded."""
    from tools.course.grade import grade
    from tools.course.make import make
    from tools.course.people import moment

    with _one_sentence():
        if str(submissions) in ("", "."):
            raise CourseError("SUBMISSIONS=folder is missing: name the folder that holds the submissions.")
        course = Course(folder)
        if source and not course.exists:
            make(course, source)
        when = moment(received or "")
        if received and not when:
            raise CourseError(f"RECEIVED={received!r} is no time: write it like '2026-12-01 23:59'.")
        if late:
            if not late.is_file():
                raise CourseError(f"There is no file {late}: LATE must name a table of late submissions.")
            shutil.copyfile(late, course.folder("late.csv"))
        total = grade(course, submissions, when, workers, regrade, scheduler)
        click.echo(
            f"{total['all']} submissions: {total['marked']} graded now, {total['refused']} not graded, "
            f"{total['flagged']} flagged, {total['waiting']} manual marks to give."
        )
        for name in ("marks.csv", "report.html", "feedback", "giveback"):
            click.echo(f"  {course.folder(name)}")


@main.command()
@SOURCE
@COURSE
@BY
def release(source: Path | None, folder: Path, by: str | None) -> None:
    """Pack what students get; fails if a solution would leak."""
    from tools.course.release import release

    with _one_sentence():
        for line in release(Course(folder), source, by=by or ""):
            click.echo(line)


@main.command()
@COURSE
@click.option("--port", default=8899, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open the page.")
def formgrader(folder: Path, port: int, browser: bool) -> None:
    """Open nbgrader's Formgrader for the manual part."""
    from tools.book.source import ROOT

    with _one_sentence():
        course = Course(folder)
        if not course.exists:
            raise CourseError(f"{course.root} is no course yet: run `make course` first.")
        with_own_programs()
        settings = ["--ServerApp.jpserver_extensions={'tools.course.formgrading': True, 'notebook': True}"]
        settings += [f"--ServerApp.port={port}", "--ServerApp.default_url=/formgrader"]
        settings += [] if browser else ["--no-browser"]
        settings += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        env = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        }
        command = [sys.executable, "-m", "jupyter", "server", *settings]
        sys.exit(subprocess.run(command, cwd=course.root, env=env).returncode)


class _one_sentence:
    """Turns what the instructor can put right into one sentence instead of a traceback."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, CourseError):
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
