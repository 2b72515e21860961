"""Many tasks: the same results by however many, a dead worker costs its task only, a stopped run goes on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

from mi_lab import parallel
from mi_lab.parallel import Lost, map_tasks, task_seed


def drawn(task, big):
    return float(task_seed(3, task).normal() + big[task])


def strict(task, folder):
    """Note who works on what; task 3 ends its worker, always."""
    Path(folder, f"{task}-{time.monotonic_ns()}").touch()
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def once(task, folder):
    """Task 2 ends its worker the first time."""
    mark = Path(folder, "struck")
    if task == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


BIG = np.random.default_rng(0).normal(size=5000)


def test_results_are_the_same_by_however_many():
    runs = [map_tasks(drawn, range(40), shared=(BIG,), n_jobs=n) for n in (None, 1, 2, -1)]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        runs.append(map_tasks(drawn, range(40), shared=(BIG,)))
    assert all(run == runs[0] for run in runs)
    assert runs[0] == [drawn(i, BIG) for i in range(40)]


def test_what_joblib_is_told_is_obeyed():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        names = set(map_tasks(lambda _: (time.sleep(0.05), threading.current_thread().name)[1], range(8)))
    assert "MainThread" not in names


def test_a_worker_that_dies_costs_its_task_only(tmp_path):
    out = map_tasks(strict, range(12), shared=(str(tmp_path),), n_jobs=2)
    assert isinstance(out[3], Lost)
    assert "task 3 ended its worker twice" in out[3].reason
    assert [v for i, v in enumerate(out) if i != 3] == [i for i in range(12) if i != 3]
    tries = {i: len(list(tmp_path.glob(f"{i}-*"))) for i in range(12)}
    assert tries[3] == 2
    assert max(tries.values()) <= 2


def test_a_worker_that_was_killed_from_outside_costs_nothing(tmp_path):
    assert map_tasks(once, range(12), shared=(str(tmp_path),), n_jobs=2) == list(range(12))
    assert (tmp_path / "struck").exists()


def test_an_error_of_a_task_is_the_callers():
    with pytest.raises(ZeroDivisionError):
        map_tasks(lambda t: 1 / t, [1, 0], n_jobs=2)


def test_what_cannot_travel_is_said():
    lock = threading.Lock()
    with pytest.raises(ValueError, match="can't be sent to them.*n_jobs=1"):
        map_tasks(lambda t: lock, range(4), n_jobs=2)


# ---- the file of finished tasks ------------------------------------------------------------------------------------


def counted(task, folder):
    Path(folder, f"{task}-{time.monotonic_ns()}").touch()
    return task * 0.1


def test_a_file_is_gone_on_with(tmp_path):
    file, marks = tmp_path / "done.jsonl", tmp_path / "marks"
    marks.mkdir()
    first = map_tasks(counted, range(6), shared=(str(marks),), file=file, about={"of": "this"})
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:4]) + lines[4][:9])  # killed in the middle of a line
    assert map_tasks(counted, range(6), shared=(str(marks),), file=file, about={"of": "this"}) == first
    assert sum(1 for _ in marks.iterdir()) == 6 + 3
    assert file.read_bytes() == whole
    assert json.loads(lines[0]) == {"tasks of mi_lab": {"of": "this"}}


FOREIGN = {
    "a table": b"a,b\n1,2\n",
    "JSON": b'{"a": 1}',
    "lines of JSON": b'{"a": 1}\n{"b": 2}\n',
    "no text": bytes(range(256)),
    "one line": b"notes",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_another_kind_of_file_stays_as_it_is(tmp_path, kind):
    file = tmp_path / "mine"
    file.write_bytes(FOREIGN[kind])
    with pytest.raises(ValueError, match="another kind of file: it stays as it is"):
        map_tasks(drawn, range(3), shared=(BIG,), file=file)
    assert file.read_bytes() == FOREIGN[kind]


def test_another_configuration_stays_as_it_is(tmp_path):
    file = tmp_path / "done.jsonl"
    map_tasks(drawn, range(3), shared=(BIG,), file=file, about={"k": 3, "seed": 0})
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"results of something else \(k differ\): it stays as it is"):
        map_tasks(drawn, range(3), shared=(BIG,), file=file, about={"k": 4, "seed": 0})
    assert file.read_bytes() == before


def test_bad_places(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        map_tasks(drawn, range(3), shared=(BIG,), file=tmp_path / "no" / "file")
    with pytest.raises(ValueError, match="is no file"):
        map_tasks(drawn, range(3), shared=(BIG,), file=tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of files are another matter there")
def test_two_programs_never_write_one_file(tmp_path):
    file = tmp_path / "done.jsonl"
    with parallel.Finished(file, {}), pytest.raises(ValueError, match="is being written by another program"):
        map_tasks(drawn, range(3), shared=(BIG,), file=file)


SLOW = """
import sys, time
from mi_lab.parallel import map_tasks

def slow(task):
    time.sleep(0.05)
    return task

print(map_tasks(slow, range(40), file=sys.argv[1], n_jobs=int(sys.argv[2])))
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_program_goes_on(tmp_path, root, jobs):
    file = tmp_path / "done.jsonl"
    (tmp_path / "slow.py").write_text(SLOW)
    words = [sys.executable, str(tmp_path / "slow.py"), str(file), str(jobs)]
    child = subprocess.Popen(words, cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    until = time.monotonic() + 60
    while time.monotonic() < until and not (file.exists() and file.read_bytes().count(b"\n") > 5):
        time.sleep(0.02)
    child.kill()
    child.wait()
    there = file.read_bytes().count(b"\n") - 1
    assert 5 <= there < 40
    began = file.read_bytes().splitlines()[: there + 1]
    out = subprocess.run(words, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert out.stdout.strip() == str(list(range(40))), out.stderr
    assert file.read_bytes().splitlines()[: there + 1] == began


FULL = """
import resource, signal, sys
from mi_lab.parallel import map_tasks

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))  # from here on the disk is full at a thousand bytes
try:
    map_tasks(lambda task: "x" * 70, range(40), file=sys.argv[1])
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_is_said_and_gone_on_from(tmp_path, root):
    file = tmp_path / "done.jsonl"
    out = subprocess.run([sys.executable, "-c", FULL, str(file)], cwd=root, capture_output=True, text=True)
    assert f"{str(file)!r} can't be written any more (File too large): what is in it stays" in out.stdout, out.stderr
    assert out.stderr == ""
    assert file.stat().st_size == 1000
    whole = file.read_bytes().count(b"\n") - 1
    assert whole > 5
    marks = []
    assert map_tasks(lambda t: marks.append(t) or "x" * 70, range(40), file=file) == ["x" * 70] * 40
    assert marks == list(range(whole, 40))
