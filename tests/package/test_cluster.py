"""Dask: the same results as one core, a killed worker costs nothing, a dead scheduler leaves a file, plain sentences.

Scheduler and workers are processes of this machine, on the loopback address, begun here and ended by their pids.
"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import yaml

from mi_lab import arena, pairwise, rank, significance
from mi_lab.parallel import Lost, map_tasks, task_seed
from tools.checks.processes import Processes

pytest.importorskip("distributed")

BIG = np.random.default_rng(0).normal(size=20_000)


def drawn(task, big):
    time.sleep(0.03)
    return float(task_seed(3, task).normal() + big[task])


@pytest.fixture(scope="module")
def cluster():
    with Processes(2, path=str(Path(__file__).parent)) as processes:
        client = processes.client()
        yield processes, client
        client.close(timeout=2)


def on_dask(client, function, *args, **options):
    with joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=5):
        return function(*args, **options)


def test_a_cluster_gives_what_one_core_gives(cluster):
    _, client = cluster
    one = map_tasks(drawn, range(30), shared=(BIG,))
    where = on_dask(client, map_tasks, lambda _: (time.sleep(0.02), os.getpid())[1], range(20))
    assert on_dask(client, map_tasks, drawn, range(30), shared=(BIG,)) == one
    assert len(set(where)) == 2
    assert os.getpid() not in where
    assert set(on_dask(client, map_tasks, lambda _: os.getpid(), range(3), n_jobs=1)) == {os.getpid()}


def table(rows=300):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, 4))
    frame = pd.DataFrame(x + x[:, :1], columns=list("abcd"))
    return frame.assign(kind=np.where(frame.a > 0.3, "high", "low"), count=rng.integers(0, 4, rows))


def test_tables_are_the_same_bit_for_bit(cluster):
    _, client = cluster
    frame, more = table(), {"permutations": 99, "errors": True}
    here, there = pairwise(frame, n_jobs=1, **more), on_dask(client, pairwise, frame, **more)
    for a, b in ((here, there), (here.p, there.p), (here.errors, there.errors)):
        assert a.to_numpy().tobytes() == b.to_numpy().tobytes()
    ranked = [rank(frame, "a", permutations=99, n_jobs=1), on_dask(client, rank, frame, "a", permutations=99)]
    pd.testing.assert_frame_equal(*ranked, check_exact=True)
    x, y = frame.a.to_numpy(), np.random.default_rng(2).normal(size=len(frame))
    assert on_dask(client, significance, x, y, permutations=60) == significance(x, y, permutations=60)


class Heavy:
    """Counts, in each process, how often it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __setstate__(self, state):
        self.__dict__ |= state
        open(f"{self.folder}/{os.getpid()}-{time.monotonic_ns()}", "w").close()


def test_what_all_share_is_opened_once_by_each_worker(cluster, tmp_path):
    _, client = cluster
    on_dask(client, map_tasks, lambda task, heavy, big: big[task], range(20), shared=(Heavy(str(tmp_path)), BIG))
    opened = [p.name.split("-")[0] for p in tmp_path.iterdir()]
    assert 1 <= len(opened) == len(set(opened)) <= 2


LOCK = threading.Lock()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda task, lock=LOCK: task, "what the tasks share can't be sent to the workers.*lock"),
        (lambda task: threading.Lock(), "what a task returns can't be sent to the workers.*lock"),
    ],
    ids=["the function", "what it returns"],
)
def test_what_cannot_travel_is_said_in_a_sentence(cluster, function, said):
    with pytest.raises(ValueError, match=said):
        on_dask(cluster[1], map_tasks, function, range(4))


def test_a_module_that_workers_lack_is_said(cluster, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def double(task):\n    return 2 * task\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    with pytest.raises(ValueError, match="a worker lacks what the tasks need .*only_here.*: install it there"):
        on_dask(cluster[1], map_tasks, only_here.double, range(3))


def test_an_error_of_a_task_on_a_worker_is_the_callers(cluster):
    with pytest.raises(ZeroDivisionError):
        on_dask(cluster[1], map_tasks, lambda t: 1 / t, [1, 0])


def test_a_worker_killed_by_its_pid_costs_nothing(cluster):
    processes, client = cluster
    one, victim = map_tasks(drawn, range(60), shared=(BIG,)), processes.more()
    client.wait_for_workers(3, timeout=20)
    seen = []

    def kill():
        time.sleep(0.4)
        victim.kill()
        seen.append(victim.wait())

    thread = threading.Thread(target=kill)
    thread.start()
    assert on_dask(client, map_tasks, drawn, range(60), shared=(BIG,)) == one
    thread.join()
    assert seen == [-9]
    assert len(client.ncores()) == 2


def test_workers_with_another_version_are_refused(cluster, tmp_path):
    processes, client = cluster
    (tmp_path / "sitecustomize.py").write_text(
        "import mi_lab.parallel.cluster as c\nc.versions = lambda: {'mi_lab': 'older', 'numpy': '2'}\n"
    )
    other = processes.more({"PYTHONPATH": f"{tmp_path}{os.pathsep}{processes.env['PYTHONPATH']}"})
    client.wait_for_workers(3, timeout=20)
    try:
        with pytest.raises(ValueError, match=r"the worker tcp://\S+ has mi_lab .*older, and .* is wanted: install"):
            on_dask(client, map_tasks, drawn, range(4), shared=(BIG,))
    finally:
        other.kill()
        other.wait()


def test_a_worker_with_a_nanny_has_an_arena_and_loses_the_task_that_ends_it_and_no_other():
    def left(task):  # travels by value: a restarted worker need not import this module
        if task == 2:
            os._exit(3)
        return task

    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}  # tries that Dask itself makes: 3, and as many deaths
    with Processes(1, nanny=True, env=once) as processes:
        client = processes.client()
        there = on_dask(client, arena, lambda x, y: float(x.sum() + y.sum()), n=50, laws=["normal, 2 nats", "bimodal"])
        out = on_dask(client, map_tasks, left, range(5))
        client.close(timeout=2)
    here = arena(lambda x, y: float(x.sum() + y.sum()), n=50, laws=["normal, 2 nats", "bimodal"])
    assert [(b.law, b.value, b.lost) for b in there.bouts] == [(b.law, b.value, b.lost) for b in here.bouts]
    assert isinstance(out[2], Lost)
    assert "task 2 ended its workers" in out[2].reason
    assert [v for v in out if not isinstance(v, Lost)] == [0, 1, 3, 4]


SLOW = """
import sys, time, joblib
from distributed import Client
from mi_lab.parallel import map_tasks

def slow(task):
    time.sleep(0.05)
    return task

client = Client(sys.argv[1], timeout=20)
client.wait_for_workers(1, timeout=20)
with joblib.parallel_config(backend="dask"):
    try:
        print(map_tasks(slow, range(40), file=sys.argv[2]))
    except ConnectionError as error:
        print(error)
client.close(timeout=2)
"""


def test_a_dead_scheduler_leaves_a_file_from_which_the_run_goes_on(tmp_path, root):
    file, program = tmp_path / "done.jsonl", tmp_path / "slow.py"
    program.write_text(SLOW)
    env = os.environ | {"PYTHONPATH": str(root)}

    def words(address):
        return [sys.executable, str(program), address, str(file)]

    with Processes(1) as processes:
        child = subprocess.Popen(words(processes.address), cwd=root, env=env, stdout=subprocess.PIPE, text=True)
        until = time.monotonic() + 40
        while time.monotonic() < until and not (file.exists() and file.read_bytes().count(b"\n") > 5):
            time.sleep(0.02)
        processes.scheduler.kill()
        said = child.communicate(timeout=40)[0]
        assert "doesn't answer any more" in said
        kept = file.read_bytes().count(b"\n") - 1
        assert f"holds {kept} of 40 tasks, and the same call goes on there" in said
        assert 5 <= kept < 40
        began = file.read_bytes()
    with Processes(1) as processes:
        out = subprocess.run(words(processes.address), cwd=root, env=env, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == str(list(range(40))), out.stderr
    assert file.read_bytes().startswith(began)


def test_a_cluster_without_workers_is_said():
    with Processes(0) as processes:
        client = processes.client()
        with (
            pytest.raises(ConnectionError, match=r"the scheduler tcp://\S+ has no worker after 1 seconds"),
            joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=1),
        ):
            map_tasks(drawn, range(3), shared=(BIG,))
        client.close(timeout=2)


WITHOUT = """
import sys
sys.modules["dask"] = sys.modules["distributed"] = None
import joblib
from mi_lab import map_tasks
print(map_tasks(abs, [-1], n_jobs=1))
with joblib.parallel_config(backend="dask"):
    map_tasks(abs, [-1])
"""


def test_without_dask_it_is_said_what_to_install(root):
    out = subprocess.run([sys.executable, "-c", WITHOUT], cwd=root, capture_output=True, text=True)
    assert out.stdout.strip() == "[1]"
    assert "dask is not installed" in out.stderr.splitlines()[-1]


def test_the_options_in_the_examples_are_dasks(root):
    from distributed.cli import dask_scheduler, dask_worker

    commands = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    seen = 0
    for path in [root / "README.md", root / "book" / "clusters.md", *(root / "examples" / "cluster").iterdir()]:
        for name, rest in re.findall(
            r"dask (scheduler|worker) ([^`#\n]*(?:\n--[^`#\n]*)?)", path.read_text(encoding="utf-8")
        ):
            there = {option for p in commands[name].params for option in (*p.opts, *p.secondary_opts)}
            used = set(re.findall(r"--[a-z-]+", rest))
            assert used <= there, (path.name, name, used - there)
            seen += len(used)
    assert seen > 8
    services = yaml.safe_load((root / "examples" / "cluster" / "compose.yaml").read_text())["services"]
    assert set(services) == {"scheduler", "worker"}
