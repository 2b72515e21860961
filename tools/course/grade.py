"""Grading a folder of submissions: intake, marking side by side, marks and report; safe to interrupt and to repeat."""

import contextlib
import ctypes
import os
import shutil
import signal
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from tqdm import tqdm

from tools.course import sandbox
from tools.course.intake import Entry, intake
from tools.course.make import fingerprint, state
from tools.course.marking import mark
from tools.course.results import results
from tools.course.settings import Course, CourseError


def grade(course: Course, submissions: Path, received: datetime | None = None, workers: int | None = None) -> dict:
    """Grade what is new or changed in ``submissions``; return totals for the last line on the screen.

    Raises
    ------
    CourseError
        If there is no course, no release, no such folder, or another run at work.
    """
    if not course.exists:
        raise CourseError(f"{course.root} is no course yet: run `make course COURSE={course.root}` first.")
    releases = _releases(course)
    walled = _walled(course)
    try:
        with FileLock(course.folder("grading.lock"), timeout=0):
            entries = intake(course, submissions, releases, received or datetime.now(UTC))
            todo = [e for e in entries if not e.refused and not _finished(course, e)]
            _mark(course, todo, workers or int(course.grading.get("workers", 3)), walled)
            return results(course, entries, len(todo), walled)
    except Timeout:
        raise CourseError(f"Another run is grading in {course.root}: wait for it to end.") from None


def _releases(course: Course) -> dict[str, dict[str, nbformat.NotebookNode]]:
    found = {}
    for assignment in course.assignments():
        paths = sorted(course.folder("release", assignment).glob("*.ipynb"))
        found[assignment] = {p.stem: nbformat.read(p, as_version=4) for p in paths}
    if not any(found.values()):
        raise CourseError(f"{course.root} has no release: run `make course COURSE={course.root}` first.")
    return found


def _walled(course: Course) -> bool:
    wish = course.grading.get("sandbox", "auto")
    if sandbox.available():
        return wish != "off"
    if wish == "require":
        raise CourseError("bubblewrap does not work here and course.toml requires the sandbox; nothing was graded.")
    warnings.warn(sandbox.WARNING, stacklevel=2)
    return False


def _key(course: Course, entry: Entry) -> str:
    """Return what a mark depends on: the submission as it is graded, and the release with its hidden tests."""
    folder = course.folder("submitted", entry.student, entry.assignment)
    return f"{fingerprint(folder)}-{fingerprint(course.folder('source', entry.assignment))}"


def _finished(course: Course, entry: Entry) -> bool:
    record = state(course, entry.assignment, f"{entry.student}.json")
    return record.get("key") == _key(course, entry)


def _mark(course: Course, todo: list[Entry], workers: int, walled: bool) -> None:
    """Mark all entries, ``workers`` at a time; what a dying worker takes along gets a second try."""
    if not todo:
        return
    with course.gradebook():  # made here once, not by several workers at the same time
        pass
    tools = course.folder("tools")
    tools.mkdir(exist_ok=True)
    for left in (tools / "package", *tools.glob("home-*")):  # of a run that was killed, or of an older mi_lab
        shutil.rmtree(left, ignore_errors=True)
    (tools / "package").mkdir()
    sandbox.package(tools / "package")
    sandbox.caches(tools / "fonts")
    sandbox.prelude()  # tried out here once; the workers know the answer
    with tqdm(total=len(todo), desc="grading", unit="submission", disable=None) as bar:
        left = _pool(course, todo, workers, walled, bar)
        for entry in left:  # a worker died, and took all that waited with it: those one by one
            if _pool(course, [entry], 1, walled, bar):
                entry.refused = "could not be graded: the marking process died twice."


def _pool(course: Course, todo: list[Entry], workers: int, walled: bool, bar) -> list[Entry]:
    """Mark ``todo`` in worker processes; return those that were not marked because a worker died."""
    left = []
    pool = ProcessPoolExecutor(workers, mp_context=get_context("fork"), initializer=_worker, initargs=(os.getpid(),))
    try:
        jobs = {pool.submit(mark, course, e.student, e.assignment, _key(course, e), walled): e for e in todo}
        for job in as_completed(jobs):
            try:
                job.result()
            except BrokenProcessPool:
                left.append(jobs[job])
                continue
            except Exception as e:
                jobs[job].refused = f"could not be graded: {type(e).__name__}: {str(e).strip()[:200]}"
            bar.update()
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C lets the submissions at work finish and leaves the rest for later
    return left


def _worker(parent: int) -> None:
    """Prepare a worker: one thread, deaf to Ctrl-C, gone when its parent is (its sandbox goes with it)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):  # Linux alone has this
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
