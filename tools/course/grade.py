"""Grading a folder of submissions: intake, marking side by side, marks and report; safe to interrupt and to repeat."""

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import signal
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from tqdm import tqdm

from mi_lab.parallel.cluster import Gone
from mi_lab.teaching import checks
from tools.course import nursery, sandbox
from tools.course.far import WorkersDied, reached
from tools.course.intake import Entry, intake
from tools.course.make import fingerprint, state
from tools.course.marking import mark
from tools.course.package import package
from tools.course.results import results
from tools.course.settings import Course, CourseError
from tools.course.testcells import hidden_checks


def grade(
    course: Course,
    submissions: Path,
    received: datetime | None = None,
    workers: int | None = None,
    regrade: str = "",
    scheduler: str = "",
) -> dict:
    """Grade what is new in ``submissions`` and all that a change concerns; return totals for the screen's last line.

    Parameters
    ----------
    received : when these were handed in, where no platform says
    regrade : grade these anew in any case: ``all``, an assignment, or a student
    scheduler : the address of a Dask scheduler, whose workers run the notebooks; here, if not given

    Raises
    ------
    CourseError
        If there is no course, no release, no such folder, another run at work, or a cluster that can't be used.
    """
    if not course.exists:
        raise CourseError(f"{course.root} is no course yet: run `make course COURSE={course.root}` first.")
    releases = _releases(course)
    if scheduler:
        found = _in_a_child(course, scheduler)
        workers, walled = workers or found["workers"], found["walled"]
    else:
        walled = _walled(course)
    try:
        with FileLock(course.folder("grading.lock"), timeout=0):
            entries = intake(course, submissions, releases, received)
            earlier = [e for e in _graded(course) if e.assignment in releases]
            concerned = {(e.student, e.assignment): e for e in [*earlier, *(e for e in entries if not e.refused)]}
            if regrade not in ("", "all", *(name for key in concerned for name in key)):
                raise CourseError(f"REGRADE={regrade}: that is no student and no assignment here; REGRADE=all is all.")
            again = {"all": set(concerned)}.get(regrade, {key for key in concerned if regrade in key})
            todo = [e for key, e in concerned.items() if key in again or not _finished(course, e)]
            _mark(course, todo, workers or int(course.grading.get("workers", 3)), walled, scheduler)
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


def _in_a_child(course: Course, scheduler: str) -> dict:
    """Look at the cluster in a process of its own: a process with Dask's threads should not be forked."""
    wish = course.grading.get("sandbox", "auto")
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        found = pool.submit(reached, scheduler, wish).result()
    if not found["walled"] and wish != "off":
        warnings.warn(sandbox.WARNING.replace("here", "on every worker"), stacklevel=3)
    return found


def _graded(course: Course) -> list[Entry]:
    """Return what earlier runs graded; a changed check or setting concerns those as well."""
    paths = sorted(course.folder("state").glob("*/*.json"))
    found = [Entry(p.stem, p.parent.name) for p in paths if p.parent.name != "refused"]
    return [e for e in found if any(course.folder("submitted", e.student, e.assignment).glob("*.ipynb"))]


@lru_cache(maxsize=64)
def _rules(source: Path, stamp: str, settings: str) -> str:
    """Return a hash of what marks an assignment besides its source: its exercises' checks, and course.toml."""
    wanted = {
        name
        for path in source.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        for name, _ in hidden_checks(cell.source)
    }
    digest = hashlib.sha256(f"{stamp}{settings}".encode())
    folder = Path(checks.__file__).parent
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not path.stem.startswith("ch") or any(f'"{name}"' in text for name in wanted):
            digest.update(text.encode() if wanted else b"")
    return digest.hexdigest()[:12]


def _key(course: Course, entry: Entry) -> str:
    """Return what a mark depends on: the submission as it is graded, the release with its hidden tests, the rules."""
    source = course.folder("source", entry.assignment)
    settings = {k: v for k, v in course.grading.items() if k != "workers"}  # how many at a time changes no mark
    rules = _rules(source, fingerprint(source), json.dumps(settings, default=str, sort_keys=True))
    folder = course.folder("submitted", entry.student, entry.assignment)
    return f"{fingerprint(folder, '*.ipynb')}-{fingerprint(source)}-{rules}"


def _finished(course: Course, entry: Entry) -> bool:
    record = state(course, entry.assignment, f"{entry.student}.json")
    return record.get("key") == _key(course, entry)


def _mark(course: Course, todo: list[Entry], workers: int, walled: bool, scheduler: str = "") -> None:
    """Mark all entries, ``workers`` at a time; what a dying worker takes along gets a second try."""
    if not todo:
        return
    with course.gradebook():  # made here once, not by several workers at the same time
        pass
    if not scheduler:
        _furnish(course)
    with tqdm(total=len(todo), desc="grading", unit="submission", disable=None) as bar:
        left = _pool(course, todo, workers, walled, bar, scheduler)
        for entry in left:  # a worker died, and took all that waited with it: those one by one
            if _pool(course, [entry], 1, walled, bar, scheduler):
                entry.refused = "could not be graded: the marking process died twice."


def _furnish(course: Course) -> None:
    """Make what kernels are given to see."""
    tools = course.folder("tools")
    tools.mkdir(exist_ok=True)
    for left in (tools / "package", *tools.glob("home-*")):  # of an earlier release, or of an older mi_lab
        shutil.rmtree(left, ignore_errors=True)
    (tools / "package").mkdir()
    package(tools / "package")
    sandbox.caches(tools / "fonts")
    nursery.trusted()  # tried out here once; the workers know the answer


def _pool(course: Course, todo: list[Entry], workers: int, walled: bool, bar, scheduler: str = "") -> list[Entry]:
    """Mark ``todo`` in worker processes; return those that were not marked because a worker died."""
    left, gone = [], None
    pool = ProcessPoolExecutor(workers, mp_context=get_context("fork"), initializer=_worker, initargs=(os.getpid(),))
    try:
        jobs = {pool.submit(mark, course, e.student, e.assignment, _key(course, e), walled, scheduler): e for e in todo}
        for job in as_completed(jobs):
            try:
                job.result()
            except (BrokenProcessPool, WorkersDied):
                left.append(jobs[job])
                continue
            except Gone as e:
                gone = e
                break
            except Exception as e:
                jobs[job].refused = f"could not be graded: {type(e).__name__}: {str(e).strip()[:200]}"
            bar.update()
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C lets the submissions at work finish and leaves the rest for later
    if gone:
        done = sum(_finished(course, entry) for entry in todo)
        raise CourseError(
            f"Stopped, as {gone}; {done} of {len(todo)} submissions are graded, and the same command goes on."
        )
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
