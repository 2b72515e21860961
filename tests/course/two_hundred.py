"""`python -m tests.course.two_hundred FOLDER`: how long a class of two hundred takes; no test, a busy machine decides.

The class hands in the chapter on MINE: six in ten train a critic with a loop of their own, the others are right in
another style, wrong, or half empty. `--both` grades it twice, with kernels forked and with kernels started afresh, and
compares their processor time, which other work on the machine changes little.
"""

import os
import resource
import shutil
import time
import warnings
from pathlib import Path

import click
import nbformat
import psutil

from tests.course import zoo
from tools.course import kernel, nursery
from tools.course.grade import grade
from tools.course.make import make
from tools.course.settings import Course


@click.command()
@click.option("--count", default=200, show_default=True)
@click.option("--workers", default=3, show_default=True)
@click.option("--both", is_flag=True, help="Once with forked kernels, once with fresh ones.")
@click.argument("folder", type=click.Path(path_type=Path))
def main(count: int, workers: int, both: bool, folder: Path) -> None:
    """Make the book's course in FOLDER, hand in COUNT notebooks, grade them and print the time."""
    warnings.simplefilter("ignore")
    course, handed_in = Course(folder / "course"), folder / "submissions"
    make(course, None)
    release = nbformat.read(course.folder("release", "part2", "07-mine.ipynb"), as_version=4)
    animals = {a.name: a.bring for a in zoo.ANIMALS}
    names = ["right_reference"] * 6 + ["right_other_style", "wrong_beta", "wrong_detach", "only_the_loss"]
    shutil.rmtree(handed_in, ignore_errors=True)
    for k in range(count):
        animals[names[k % len(names)]](zoo.Paper(release, handed_in, f"student{k:03d}"))
    spent = {}
    for way in ("forked", "fresh") if both else ("forked",):
        os.environ.pop("MI_LAB_COLD", None)
        if way == "fresh":
            os.environ["MI_LAB_COLD"] = "1"
        notes = folder / f"kernels-{way}.txt"
        notes.unlink(missing_ok=True)
        watched(notes)
        start, before = time.monotonic(), processor()
        totals = grade(course, handed_in, workers=workers, regrade="all")
        taken, own = time.monotonic() - start, processor() - before
        theirs = sum(map(float, notes.read_text().split()))
        spent[way] = own + theirs
        click.echo(f"{way}: {totals}: {taken:.0f} s; processor {spent[way]:.0f} s, {theirs:.0f} s of it in kernels")
    if both:
        click.echo(f"forked / fresh: {spent['forked'] / spent['fresh']:.2f}")


def processor() -> float:
    """Return the seconds that this process and its workers have computed."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def watched(notes: Path) -> None:
    """Let kernels and nurseries note, before they end, what they have computed: nobody waits for them."""

    def noting(end):
        def note(self):
            if self.process is not None:
                nursed = isinstance(self, nursery.Nursery)  # its copies are counted as kernels
                processes = self.process.children(recursive=True) if nursed else self.process.counted()
                times = [p.cpu_times() for p in processes if psutil.pid_exists(p.pid)]
                total = sum(t.user + t.system + (0 if nursed else t.children_user + t.children_system) for t in times)
                with notes.open("a") as f:
                    f.write(f"{total}\n")
            end(self)

        note.inner = end
        return note

    for kind in (kernel.Kernel, nursery.Nursery):
        kind.end = noting(getattr(kind.end, "inner", kind.end))


if __name__ == "__main__":
    main()
