"""Grading on other machines: notebooks run in the sandboxes of Dask's workers, marks and pages are made here.

What travels: the submission as it is to be run, with its hidden tests, and the release, once a worker; what comes back:
outputs and the report.  No file system is shared, the grade book stays here, and a worker that dies has its submission
run by another.
"""

import hashlib
import os
import tempfile
import threading
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path

import nbformat

from mi_lab.parallel import cluster
from tools.course import nursery, sandbox
from tools.course.execute import CourseExecute, NbGraderPreprocessor, Report
from tools.course.kernel import Kernel
from tools.course.package import package
from tools.course.settings import Course, CourseError, Limits
from tools.course.testcells import released

ANSWER = 5  # seconds that a scheduler has to answer
PATIENCE = 60  # seconds that a run goes on without a worker
MOST = 64  # submissions under way at a time
ONE = threading.Lock()  # a worker's process runs one submission at a time


class WorkersDied(Exception):
    """The workers that Dask gave a submission to have died."""


def reached(address: str, wish: str) -> dict:
    """Look at the cluster; return how many submissions it takes at a time, and whether all workers have sandboxes.

    Raises
    ------
    CourseError
        No Dask here, nobody answers, there is no worker, or one has other versions or lacks a sandbox that is required.
    """
    client = connected(address)
    try:
        count = sum(client.ncores().values())
        if not count:
            raise CourseError(f"The scheduler {address} has no worker: start some, `dask worker {address}`.")
        walls = {}
        for worker, said in client.run(looked, wanted(), on_error="return").items():
            if isinstance(said, Exception):
                raise CourseError(f"The worker {worker} lacks what grading needs ({said}): start it in a copy of this.")
            if said["other"]:
                raise CourseError(f"The worker {worker} {said['other']}")
            walls[worker] = said["walled"]
    finally:
        client.close(timeout=2)
    open_ones = sorted(worker for worker, walled in walls.items() if not walled)
    if open_ones and wish == "require":
        raise CourseError(
            f"bubblewrap does not work on {open_ones[0]} and course.toml requires it; nothing was graded."
        )
    return {"workers": min(MOST, count + 1), "walled": not open_ones and wish != "off"}


def connected(address: str, seconds: float | None = None):
    """Return a client, within `ANSWER` seconds if no other number is given.

    Raises
    ------
    CourseError
        There is no Dask here, or nobody answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise CourseError("SCHEDULER= needs Dask, which isn't installed: pip install dask distributed.") from None
    made, seconds = [], ANSWER if seconds is None else seconds

    def make() -> None:
        try:
            made.append(Client(address, timeout=seconds, set_as_default=False))
        except Exception as error:
            made.append(error)

    thread = threading.Thread(target=make, daemon=True)  # Dask itself waits for ever where a port is open and mute
    thread.start()
    thread.join(seconds + 1)
    if not made or isinstance(made[0], Exception):
        raise CourseError(
            f"No scheduler answers at {address} within {seconds} seconds: is it running, and is SCHEDULER= right "
            "(tcp://host:8786)?"
        )
    return made[0]


@cache
def wanted() -> dict[str, str]:
    """Return what marks depend on: the package, the libraries, and this grader."""
    total, folder = hashlib.sha256(), Path(__file__).parent
    for path in sorted(folder.glob("*.py")):
        total.update(path.name.encode() + path.read_bytes())
    return cluster.versions() | {"tools.course": total.hexdigest()[:12]}


def looked(client_has: dict) -> dict:
    """Say (on a worker) what it has."""
    return {"other": cluster.differs(client_has, wanted()), "walled": sandbox.available()}


# ---- here: in the processes that make marks --------------------------------------------------------------------------


class Sent(NbGraderPreprocessor):
    """Stands where `CourseExecute` stands, and has a worker do it."""

    address: str = ""
    files: dict[str, bytes] = {}
    order: dict = {}
    report: Report = None
    stopped: Exception | None = None  # what nbgrader would make a line of its log of

    @classmethod
    def bound(cls, **settings):
        return type("Execute", (cls,), settings)

    def preprocess(self, nb, resources):
        """Have the notebook run elsewhere, and take over its outputs and the report."""
        try:
            back = asked(self.address, nbformat.writes(nb), self.files, self.order)
        except (WorkersDied, cluster.Gone) as error:
            type(self).stopped = error
            raise
        nb.cells = nbformat.reads(back["notebook"], as_version=4).cells
        vars(self.report).update(back["report"])
        return nb, resources


def sent(course: Course, assignment: str, student_seed: str, report: Report, address: str):
    """Return the preprocessor for one submission."""
    release = course.folder("release", assignment)
    files = {p.relative_to(release).as_posix(): p.read_bytes() for p in sorted(release.rglob("*")) if p.is_file()}
    order = {"limits": asdict(course.limits), "every_cell": bool(course.grading.get("every_cell"))}
    order |= {"sandbox": course.grading.get("sandbox", "auto"), "student_seed": student_seed, "wanted": wanted()}
    return Sent.bound(address=address, files=files, order=order, report=report)


_clients: dict = {}  # one a process


def asked(address: str, notebook: str, files: dict[str, bytes], order: dict) -> dict:
    """Have a worker run a notebook, and wait for it.

    Raises
    ------
    WorkersDied, CourseError
        The workers died over it; the scheduler is gone, or has no workers left.
    """
    from concurrent.futures import CancelledError

    from distributed.scheduler import KilledWorker

    here = (os.getpid(), address)
    client = _clients.get(here) or _clients.setdefault(here, connected(address, PATIENCE))  # it answered a moment ago
    stamp = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    release = client.submit(
        Release, files, stamp, key=f"release-{stamp}"
    )  # the same for all who ask: it goes there once
    job, done, alive = (
        client.submit(executed, notebook, release, order, pure=False),
        threading.Event(),
        time.monotonic(),
    )
    job.add_done_callback(lambda _: done.set())
    while not done.wait(cluster.LOOK):
        if cluster.count(client):
            alive = time.monotonic()
        elif time.monotonic() - alive > PATIENCE:
            raise cluster.Gone(f"no worker has been there for {PATIENCE} seconds")
    try:
        return job.result()
    except KilledWorker as error:
        raise WorkersDied(str(error)) from None
    except (CancelledError, OSError) as error:
        cluster.count(client)
        raise WorkersDied(str(error)) from None


# ---- there: on a worker ----------------------------------------------------------------------------------------------


class Release:
    """The files of an assignment, laid out on the worker's own disk when the first submission comes."""

    def __init__(self, files: dict[str, bytes], stamp: str):
        self.files, self.stamp = files, stamp

    def folder(self) -> Path:
        """Return the folder with release, home, package and fonts, made once a process."""
        return _laid_out(self)

    def __hash__(self):
        return hash(self.stamp)

    def __eq__(self, other):
        return self.stamp == other.stamp


@cache
def _laid_out(release: Release) -> Path:
    from distributed import get_worker

    root = Path(tempfile.mkdtemp(prefix="course-", dir=get_worker().local_directory))
    for name, data in release.files.items():
        for room in ("release",) if name.endswith(".ipynb") else ("release", "home"):
            path = root / room / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (root / "home").mkdir(exist_ok=True)
    (root / "package").mkdir()
    package(root / "package")
    sandbox.caches(root / "fonts")
    return root


def executed(notebook: str, release: Release, order: dict) -> dict:
    """Run a notebook in this worker's sandbox; return it with its outputs, and the report."""
    if other := cluster.differs(order["wanted"], wanted()):
        raise CourseError(f"A worker {other}")
    walled = sandbox.available() and order["sandbox"] != "off"
    if not walled and order["sandbox"] == "require":
        raise CourseError("bubblewrap does not work on a worker and course.toml requires it.")
    with ONE:
        if walled:
            nursery.trusted()
        root, report = release.folder(), Report()
        given, imports = released(root / "release", release.stamp)
        kernel = Kernel(Limits(**order["limits"]), root / "home", root / "package", root / "fonts", walled)
        execute = CourseExecute.bound(
            kernel=kernel,
            report=report,
            imports=imports,
            given=None if order["every_cell"] else given,
            student_seed=order["student_seed"],
        )
        nb, _ = execute().preprocess(nbformat.reads(notebook, as_version=4), {})
    return {"notebook": nbformat.writes(nb), "report": asdict(report)}
