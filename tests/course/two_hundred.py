"""`python -m tests.course.two_hundred FOLDER`: how long a class of two hundred takes; no test, a busy machine decides.

The class hands in the chapter on MINE: six in ten train a critic with a loop of their own, the others are right in
another style, wrong, or half empty.
"""

import shutil
import time
from pathlib import Path

import click
import nbformat

from tests.course import zoo
from tools.course.grade import grade
from tools.course.make import make
from tools.course.settings import Course


@click.command()
@click.option("--count", default=200, show_default=True)
@click.option("--workers", default=3, show_default=True)
@click.argument("folder", type=click.Path(path_type=Path))
def main(count: int, workers: int, folder: Path) -> None:
    """Make the book's course in FOLDER, hand in COUNT notebooks, grade them and print the time."""
    course, handed_in = Course(folder / "course"), folder / "submissions"
    make(course, None)
    release = nbformat.read(course.folder("release", "part2", "07-mine.ipynb"), as_version=4)
    animals = {a.name: a.bring for a in zoo.ANIMALS}
    names = ["right_reference"] * 6 + ["right_other_style", "wrong_beta", "wrong_detach", "only_the_loss"]
    shutil.rmtree(handed_in, ignore_errors=True)
    for k in range(count):
        animals[names[k % len(names)]](zoo.Paper(release, handed_in, f"student{k:03d}"))
    start = time.monotonic()
    totals = grade(course, handed_in, workers=workers)
    click.echo(f"{totals}: {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
