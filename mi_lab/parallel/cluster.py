"""Tasks on a Dask cluster, by Dask's own futures: what all share is sent once, what dies with a worker is done again.

joblib's way through Dask waits for ever where a worker dies over a task, or where something can't be pickled (its
callback comes with results only; seen with joblib 1.6).  So joblib says *that* Dask is wanted, and by which client, and
the tasks are handed to that client here.  Dask itself gives a dead worker's tasks to another.
"""

import hashlib
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from mi_lab.parallel.lost import Lost

LOOK = 2.0  # seconds without a result after which the cluster is looked at
ANSWER = 10.0  # seconds that a scheduler has to answer
LIBRARIES = ("Python", "numpy", "scipy", "torch")
TRIES = 2  # times that a task alone ends all workers


class Gone(Exception):
    """The cluster can't go on; the message says why, and stands at the beginning of a sentence."""


def client_of(backend: Any):
    """Return the Dask client of what joblib was told to use, None if that isn't Dask."""
    return backend.client if type(backend).__name__ == "DaskDistributedBackend" else None


def run(
    backend: Any, function: Callable, tasks: list, todo: list[int], shared: tuple
) -> Iterator[tuple[int, "Any | Lost"]]:
    """Yield (task, result) as they come; those that workers died over run once more, alone, when all else is done."""
    client, patience = backend.client, backend.wait_for_workers_timeout or 10
    sent = {i: pickled(tasks[i], f"task {i}") for i in todo}
    load, fruitless = Load(function, shared), dict.fromkeys(todo, 0)
    waiting, suspects = list(todo), []  # suspects: workers died over them; they run again alone, when all else is done
    while waiting or suspects:
        alone = not waiting
        now = suspects[:1] if alone else waiting[:]
        came = 0
        for i, result in _round(client, patience, load, {i: sent[i] for i in now}):
            came += 1
            (suspects if alone else waiting).remove(i)
            if not isinstance(result, Died):
                yield i, result
            elif not alone:
                suspects.append(i)
            else:
                yield i, _lost(i, result)
        if came:
            continue
        if not alone:  # all workers have died at once, with what was sent
            suspects, waiting = suspects + waiting, []
            continue
        fruitless[now[0]] += 1
        if fruitless[now[0]] == TRIES:
            suspects.remove(now[0])
            waiting, suspects = suspects, []
            yield now[0], _lost(now[0], "all workers died")


def _lost(i: int, why: Any) -> Lost:
    return Lost(i, f"task {i} ended its workers, alone too (out of memory?): {why}")


class Died(Exception):
    """All workers that Dask gave a task to have died."""


class Load:
    """What all tasks share, sent to each worker once and opened there once; arrays are not copied on the way."""

    def __init__(self, function: Callable, shared: tuple):
        buffers: list = []
        self.blob = pickled((function, shared), "what the tasks share", buffer_callback=buffers.append)
        self.buffers = [memoryview(b.raw()) for b in buffers]
        self.opened = None

    def __reduce__(self):
        import numpy as np

        return Load._arrived, (self.blob, [np.frombuffer(b, np.uint8) for b in self.buffers])

    @classmethod
    def _arrived(cls, blob: bytes, buffers: list) -> "Load":
        self = cls.__new__(cls)
        self.blob, self.buffers, self.opened = blob, buffers, None
        return self

    def open(self) -> tuple[Callable, tuple]:
        if self.opened is None:
            self.opened = pickle.loads(self.blob, buffers=self.buffers)
        return self.opened


def pickled(what: Any, name: str, **options: Any) -> bytes:
    """Return what travels.

    Raises
    ------
    ValueError
        It can't be pickled.
    """
    import cloudpickle

    try:
        return cloudpickle.dumps(what, protocol=5, **options)
    except Exception as error:  # __reduce__ of anything may raise anything
        raise ValueError(f"{name} can't be sent to the workers ({error}): use n_jobs=1.") from error


def work(task: bytes, load: Load, wanted: dict) -> bytes:
    """Do one task (on a worker); what comes back is pickled here, where it can be said why it can't."""
    if other := differs(wanted):  # it came after the others had been looked at
        from distributed import get_worker

        raise Mismatch(f"the worker {get_worker().address} {other}")
    function, shared = load.open()
    return pickled(function(pickle.loads(task), *shared), "what a task returns")


def _round(client, patience: float, load: Load, sent: dict[int, bytes]) -> Iterator[tuple[int, Any]]:
    """Hand out tasks and yield what comes; end early where workers have lost what was sent."""
    _ready(client, patience)
    done: SimpleQueue = SimpleQueue()
    try:
        held = client.scatter([load], broadcast=True, hash=False, timeout=patience)[0]
    except (OSError, TimeoutError, CancelledError):  # the workers died meanwhile
        return
    futures = dict(
        zip(
            sent,
            client.map(work, list(sent.values()), load=held, wanted=versions(), pure=False, key="mi_lab-task"),
            strict=True,
        )
    )
    for i, future in futures.items():
        future.add_done_callback(partial(_note, done, i))
    alive = time.monotonic()
    try:
        while futures:
            try:
                i = done.get(timeout=LOOK)
            except Empty:
                if count(client):
                    alive = time.monotonic()
                elif time.monotonic() - alive > patience:
                    raise Gone(f"no worker has been there for {patience:g} seconds") from None
                continue
            future = futures.pop(i)
            try:
                result = _result(future)
            except CancelledError:  # what was sent is lost, or the result with its worker, or the scheduler
                count(client)
                return
            yield i, result
            alive = time.monotonic()
    finally:
        if client.status == "running":
            client.cancel([*futures.values(), held])


def _note(done: SimpleQueue, i: int, _future: Any) -> None:
    done.put(i)


def _result(future) -> Any:
    from distributed.scheduler import KilledWorker

    try:
        return pickle.loads(future.result())
    except KilledWorker as error:
        return Died(str(error).split(". ")[0])
    except ImportError as error:
        raise ValueError(
            f"a worker lacks what the tasks need ({error}): install it there, or define the function in the notebook "
            "or script that calls."
        ) from error


# ---- who is there ---------------------------------------------------------------------------------------------------


def count(client) -> int:
    """Return how many workers there are.

    Raises
    ------
    Gone
        The scheduler doesn't answer.
    """
    try:
        if client.status == "running":
            return len(client.sync(client.scheduler.ncores, callback_timeout=ANSWER))
    except (OSError, TimeoutError):
        pass
    raise Gone(f"the scheduler {_address(client)} doesn't answer any more") from None


def _address(client) -> str:
    return getattr(client.scheduler, "address", None) or "of this client"


def _ready(client, patience: float) -> None:
    """Wait for a worker, and see to it that all have this package."""
    until = time.monotonic() + patience
    while not count(client):
        if time.monotonic() > until:
            raise Gone(f"the scheduler {_address(client)} has no worker after {patience:g} seconds")
        time.sleep(0.1)
    for worker, said in client.run(differs, versions(), on_error="return").items():
        if isinstance(said, str) and said:
            raise Mismatch(f"the worker {worker} {said}")
        if isinstance(said, (ImportError, AttributeError)):
            raise Mismatch(f"the worker {worker} has another mi_lab, or none ({said}): install the same one there.")


class Mismatch(ValueError):
    """A worker has other versions than the client; results would not be the same."""


@cache
def versions() -> dict[str, str]:
    """Return what results depend on: this package, by its sources, Python, and the libraries that compute."""
    root, total = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    found = {"mi_lab": total.hexdigest()[:12], "Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in LIBRARIES[1:]:
        try:
            found[name] = version(name).split("+")[0]
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def differs(wanted: dict[str, str], has: dict[str, str] | None = None) -> str:
    """Say (on a worker) what it has other than the client; nothing if it has the same."""
    for name, there in wanted.items():
        if (here := (has or versions()).get(name)) != there:
            what = "" if name in LIBRARIES else "sources with the hash "
            return f"has {name} {what}{here}, and {there} is wanted: install the same everywhere, or results differ."
    return ""
