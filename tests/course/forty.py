"""`python -m tests.course.forty FOLDER`: forty submissions by two Dask workers, one killed; no test, it takes minutes.

Five answers go round; marks must be those that this machine gives each of them, nothing lost, nobody twice.
`test_scheduler.py` does it with five submissions.
"""

import csv
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import nbformat

from tests.course import own
from tests.course.test_scheduler import kill_at_work
from tests.course.two_hundred import processor
from tools.checks.processes import Processes
from tools.course.grade import grade
from tools.course.make import make
from tools.course.settings import Course


@click.command()
@click.option("--count", default=40, show_default=True)
@click.argument("folder", type=click.Path(path_type=Path))
def main(count: int, folder: Path) -> None:
    """Grade here, then there, and compare."""
    warnings.simplefilter("ignore")
    source, here, there = own.source(folder / "source"), Course(folder / "here"), Course(folder / "there")
    for course in (here, there):
        make(course, source)
    release = nbformat.read(here.folder("release", "entropy", "entropy.ipynb"), as_version=4)
    answers = [own.RIGHT, own.HALF, own.NONE, own.LOG2, own.EXIT]
    for k in range(count):
        for inbox in ("few", "in") if k < len(answers) else ("in",):
            text = own.solved(release, answers[k % len(answers)])
            own.hand_in(folder / inbox / f"student{k:03d}" / "entropy" / "entropy.ipynb", text)
    click.echo(f"here: {timed(grade, here, folder / 'few')}")
    with Processes(2) as processes, ThreadPoolExecutor(1) as beside:
        processes.ready()
        status = beside.submit(kill_at_work, processes.workers[0], there)
        click.echo(f"there: {timed(grade, there, folder / 'in', scheduler=processes.address)}")
        click.echo(f"worker {processes.workers[0].pid} ended with {status.result()}")
    few, two = rows(here), rows(there)
    one = [few[k % len(few)] | {"student": f"student{k:03d}"} for k in range(count)]
    students = [row["student"] for row in two]
    click.echo(f"same marks: {one == two}; rows {len(two)}, students {len(set(students))}")
    if one != two or not len(two) == len(set(students)) == count or status.result() != -9:
        raise SystemExit("marks differ, or a row is missing or twice, or no worker was killed")


def timed(function, *words, **named) -> str:
    start, before = time.monotonic(), processor()
    totals = function(*words, **named)
    return f"{totals}, {time.monotonic() - start:.0f} s, processor (less kernels) {processor() - before:.0f} s"


def rows(course: Course) -> list[dict]:
    with course.folder("marks.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


if __name__ == "__main__":
    main()
