"""Many independent tasks, on one core, on all of them, or on a cluster, by joblib.

``n_jobs`` is scikit-learn's, and inside ``with joblib.parallel_config(backend="dask")`` the same call runs there.  What
a task returns depends on the task alone (seeds belong to tasks, never to workers), so results are the same, bit for
bit, however many work.  What all tasks share is sent once.
"""

import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SENT_ONCE = 1 << 14  # bytes from which an array is laid where all workers read it, instead of travelling with tasks
MARK = b'{"tasks of mi_lab"'  # how a file of finished tasks begins
DIED = ("TerminatedWorkerError", "BrokenProcessPool", "KilledWorker", "BrokenExecutor")  # loky's and Dask's words


@dataclass(frozen=True)
class Lost:
    """What stands in the place of a result where the task ended its worker, twice, the second time alone."""

    task: int
    reason: str


def map_tasks(
    function: Callable,
    tasks: Iterable,
    *,
    shared: tuple = (),
    n_jobs: int | None = None,
    progress: bool | None = None,
    label: str = "tasks",
    file: str | os.PathLike | None = None,
    about: dict | None = None,
) -> list:
    """Call a function for every task and return the results in the tasks' order.

    Each call is ``function(task, *shared)``.

    Parameters
    ----------
    function : callable
        Of a task and of what all share; draws random numbers from a seed that the task holds, if at all.
    tasks : iterable
    shared : tuple
        Sent to each worker once (arrays of at least `SENT_ONCE` bytes).
    n_jobs : int, optional
        As in scikit-learn: 1 if left out, unless `joblib.parallel_config` says otherwise; -1 for all cores.
    progress : bool, optional
        Show a bar; left out, only where someone watches, after two seconds.
    label : str
        What the bar says.
    file : path, optional
        Results (what JSON can hold) are written there as soon as they are there; a call with the same `about` goes on
        where the file ends.
    about : dict, optional
        What the results depend on; a file of anything else is refused.

    Returns
    -------
    list
        A `Lost` where a task ended its worker; that costs no other task.

    Raises
    ------
    ValueError
        `file` belongs to something else or is in use, or what was to be sent can't be pickled.
    """
    from mi_lab.training.logs import progress as bar_of

    tasks = list(tasks)
    with Finished(file, about or {}) as book, bar_of(len(tasks), progress, label, unit="task") as bar:
        done = {i: result for i, result in book.results.items() if i < len(tasks)}
        bar.update(len(done))
        for i, result in _run(function, tasks, [i for i in range(len(tasks)) if i not in done], shared, n_jobs):
            done[i] = result
            if not isinstance(result, Lost):  # it is tried again by who goes on
                book.write(i, result)
            bar.update()
    return [done[i] for i in range(len(tasks))]


def task_seed(seed: int, task: int) -> np.random.Generator:
    """Return the random numbers of one task: the same whoever works on it, and none of another's."""
    return np.random.default_rng([seed, task])


def digest(*parts: Any) -> str:
    """Return what tells one input from another: of arrays their bytes, of all else what it prints."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype != object:
            total.update(f"{part.dtype.str}{part.shape}".encode())
            total.update(np.ascontiguousarray(part).tobytes())
        else:
            total.update(repr(part.tolist() if isinstance(part, np.ndarray) else part).encode())
    return total.hexdigest()[:16]


# ---- who works -----------------------------------------------------------------------------------------------------


def _one(function: Callable, i: int, task: Any, shared: tuple) -> tuple[int, Any]:
    return i, function(task, *shared)


def _run(function, tasks: list, todo: list[int], shared: tuple, n_jobs: int | None) -> Iterator[tuple[int, Any]]:
    """Yield (task, result) as they come; where a worker dies, what it may have held is done again, one at a time."""
    from joblib import Parallel, delayed

    waiting, call = set(todo), delayed(_one)
    while waiting:
        started: list[int] = []

        def calls(started=started):
            for i in sorted(waiting):
                started.append(i)
                yield call(function, i, tasks[i], shared)

        pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered", max_nbytes=SENT_ONCE)
        try:
            for i, result in pool(calls()):
                waiting.discard(i)
                yield i, result
        except Exception as error:
            if not _died(error):
                raise _explained(error) from error
            for i in [i for i in started if i in waiting]:
                waiting.discard(i)
                yield i, _alone(call(function, i, tasks[i], shared), i)


def _alone(call: tuple, i: int) -> Any:
    from joblib import Parallel

    try:
        # of two, so that it runs in a worker and not here
        return Parallel(n_jobs=2, max_nbytes=SENT_ONCE)([call])[0][1]
    except Exception as error:
        if not _died(error):
            raise
        return Lost(i, f"task {i} ended its worker twice (out of memory?): {str(error).splitlines()[0]}")


def _died(error: Exception) -> bool:
    return any(kind.__name__ in DIED for kind in type(error).__mro__)


def _explained(error: Exception) -> Exception:
    if isinstance(error, pickle.PicklingError):
        return ValueError(f"what the workers are to do can't be sent to them ({error}): use n_jobs=1.")
    return error


# ---- what is finished ----------------------------------------------------------------------------------------------


class Finished:
    """A file of finished tasks: a line that says what they depend on, then one a result; without a path, nothing."""

    def __init__(self, path: str | os.PathLike | None, about: dict):
        self.path = None if path is None else Path(path)
        self.about = json.loads(json.dumps(about, default=str))
        self.results: dict[int, Any] = {}
        self._file = None

    def __enter__(self) -> "Finished":
        if self.path is None:
            return self
        if not self.path.parent.is_dir():
            raise ValueError(f"there is no folder {str(self.path.parent)!r} for {self.path.name!r}: make it first.")
        if self.path.exists() and not self.path.is_file():
            raise ValueError(f"{str(self.path)!r} is no file: name one that may be written.")
        try:
            self._file = open(self.path, "r+b" if self.path.exists() else "x+b")
        except OSError as error:
            raise ValueError(f"{str(self.path)!r} can't be written: {error.strerror}.") from None
        try:
            _lock(self._file, self.path)
            self._read()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, task: int, result: Any) -> None:
        """Write a result at once, so that whatever ends this program leaves it."""
        if self._file is not None:
            self._line({"task": task, "result": result})

    def _line(self, content: dict) -> None:
        self._file.write(json.dumps(content).encode() + b"\n")
        self._file.flush()

    def _read(self) -> None:
        """Take over what is there up to the last whole line; begin an empty file."""
        lines = self._file.read().split(b"\n")
        whole = lines[:-1]  # what stands behind the last end of line was cut off in the middle
        if not whole:
            if not (MARK.startswith(lines[-1]) or lines[-1].startswith(MARK)):
                raise ValueError(f"{str(self.path)!r} is another kind of file: it stays as it is, name a new one.")
            self._file.seek(0)
            self._file.truncate()
            self._line({"tasks of mi_lab": self.about})
            return
        try:
            before = json.loads(whole[0])["tasks of mi_lab"]
            self.results = {r["task"]: r["result"] for r in map(json.loads, whole[1:])}
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{str(self.path)!r} is another kind of file: it stays as it is, name a new one."
            ) from None
        if before != self.about:
            names = sorted(k for k in {*before, *self.about} if before.get(k) != self.about.get(k))
            raise ValueError(
                f"{str(self.path)!r} holds results of something else ({', '.join(names)} differ): it stays as it is, "
                "name a new file."
            )
        end = sum(len(line) + 1 for line in whole)
        self._file.seek(end)
        self._file.truncate()


def _lock(file, path: Path) -> None:
    """Let no second program write the same file; what ends this one ends the lock."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ValueError(
            f"{str(path)!r} is being written by another program: wait for it, or name a new file."
        ) from None
