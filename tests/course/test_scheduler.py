"""`make grade … SCHEDULER=`: notebooks run on Dask's workers, one is killed, and marks are those of this machine."""

import csv
import json
import shutil
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
import pytest
from click.testing import CliRunner

from tests.course import own
from tools.checks.processes import Processes
from tools.course import far
from tools.course.__main__ import main
from tools.course.settings import Course

pytest.importorskip("distributed")

ANSWERS = {"ada": own.RIGHT, "bob": own.HALF, "cleo": own.NONE, "dan": own.EXIT, "eve": own.RIGHT}


def run(*words) -> str:
    return CliRunner().invoke(main, [str(w) for w in words]).output


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """Return a source, and a folder of submissions: right, half right, wrong, one that ends its kernel."""
    folder = tmp_path_factory.mktemp("far")
    source = own.source(folder / "source")
    here = Course(folder / "here")
    run("make", "--source", source, "--course", here.root)
    release = nbformat.read(here.folder("release", "entropy", "entropy.ipynb"), as_version=4)
    for name, code in ANSWERS.items():
        own.hand_in(folder / "in" / name / "entropy" / "entropy.ipynb", own.solved(release, code))
    return folder, source


def rows(course) -> list[dict]:
    with course.folder("marks.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def kill_at_work(victim, course, worker=None) -> int:
    """End a process by its pid while a kernel of a worker runs and some marks are there; return its exit status."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        kernels = psutil.Process((worker or victim).pid).children()
        if kernels and list(course.folder("state").glob("*/*.json")):
            victim.kill()
            break
        time.sleep(0.01)
    return victim.wait(10)


def test_marks_are_those_of_this_machine_though_a_worker_is_killed(handed_in, monkeypatch):
    folder, source = handed_in
    monkeypatch.setattr(far, "MOST", 3)
    local, there = Course(folder / "here"), Course(folder / "there")
    run("grade", "--submissions", folder / "in", "--course", local.root)
    run("make", "--source", source, "--course", there.root)
    with Processes(2) as processes, ThreadPoolExecutor(1) as beside:
        processes.ready()
        status = beside.submit(kill_at_work, processes.workers[0], there)
        words = ["--submissions", folder / "in", "--course", there.root, "--scheduler", processes.address]
        said = run("grade", *words)
        assert status.result() == -9
        assert f"{len(ANSWERS)} submissions: {len(ANSWERS)} graded now, 0 not graded" in said
        assert rows(there) == rows(local)
        assert len({row["student"] for row in rows(there)}) == len(rows(there)) == len(ANSWERS)
        states = {p: json.loads(p.read_text()) for p in there.folder("state").rglob("*.json")}
        assert f"{len(ANSWERS)} submissions: 0 graded now" in run("grade", *words)  # and nothing twice
        assert {p: json.loads(p.read_text()) for p in states} == states
    for name in ANSWERS:
        pages = [c.folder("feedback", name, "entropy", "entropy.html").read_text() for c in (local, there)]
        assert pages[0] == pages[1]


def test_a_scheduler_that_dies_ends_the_run_and_the_next_one_goes_on(handed_in, monkeypatch):
    folder, source = handed_in
    monkeypatch.setattr(far, "MOST", 1)
    course, few = Course(folder / "gone"), folder / "few"
    for name in ("ada", "bob", "cleo"):
        shutil.copytree(folder / "in" / name, few / name)
    run("make", "--source", source, "--course", course.root)
    with Processes(1) as processes, ThreadPoolExecutor(1) as beside:
        processes.ready()
        status = beside.submit(kill_at_work, processes.scheduler, course, processes.workers[0])
        said = run("grade", "--submissions", few, "--course", course.root, "--scheduler", processes.address)
        assert status.result() == -9
    kept = len(list(course.folder("state", "entropy").glob("*.json")))
    assert 1 <= kept < 3
    assert "doesn't answer any more" in said
    assert f"{kept} of 3 submissions are graded, and the same command goes on." in said
    assert f"3 submissions: {3 - kept} graded now" in run("grade", "--submissions", few, "--course", course.root)
    assert [float(row["score"]) for row in rows(course)] == [6, 5, 1]


def test_a_cluster_that_is_not_there_is_said_in_a_sentence(handed_in, monkeypatch):
    folder, _ = handed_in
    words = ["--submissions", folder / "in", "--course", folder / "here", "--scheduler"]
    monkeypatch.setattr(far, "ANSWER", 1)
    with socket.socket() as mute:  # a port that accepts and says nothing
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        assert f"No scheduler answers at {address} within 1 seconds" in run("grade", *words, address)
        assert time.monotonic() - began < 20
    assert "No scheduler answers at nonsense within" in run("grade", *words, "nonsense")
    with Processes(0) as processes:
        assert f"The scheduler {processes.address} has no worker" in run("grade", *words, processes.address)


def test_without_dask_it_is_said_what_to_install(handed_in, monkeypatch):
    folder, _ = handed_in
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = run("grade", "--submissions", folder / "in", "--course", folder / "here", "--scheduler", "tcp://x:1")
    assert "SCHEDULER= needs Dask, which isn't installed: pip install dask distributed." in said


def test_a_worker_with_another_grader_is_refused(monkeypatch):
    there = far.wanted()
    assert far.looked(there)["other"] == ""
    other = far.looked(there | {"tools.course": "older"})["other"]
    assert other.startswith("has tools.course sources with the hash")
    assert "and older is wanted: install the same everywhere" in other
