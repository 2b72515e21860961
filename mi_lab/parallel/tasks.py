"""Call a function for every task, wherever joblib says, and keep what is finished."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from mi_lab.parallel import cluster, local
from mi_lab.parallel.finished import Finished
from mi_lab.parallel.lost import Lost


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
        Inside ``with joblib.parallel_config(backend="dask")`` Dask's workers call it; they need the same versions.
    tasks : iterable
    shared : tuple
        Sent to each worker once.  A worker may not write into arrays of it.
    n_jobs : int, optional
        As in scikit-learn: 1 if left out, unless `joblib.parallel_config` says otherwise; -1 for all cores, or for
        all of a cluster; 1 is this process, wherever.
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
        `file` belongs to something else or is in use, what was to be sent can't be pickled, or a worker has other
        versions.
    OSError
        The disk is full.  As a `ConnectionError`: the scheduler or all workers are gone; a `file` holds what is done.
    """
    from mi_lab.training.logs import progress as bar_of

    tasks = list(tasks)
    with Finished(file, about or {}) as book, bar_of(len(tasks), progress, label, unit="task") as bar:
        done = {i: result for i, result in book.results.items() if i < len(tasks)}
        bar.update(len(done))
        todo = [i for i in range(len(tasks)) if i not in done]
        try:
            for i, result in _coming(function, tasks, todo, shared, n_jobs):
                done[i] = result
                if not isinstance(result, Lost):  # it is tried again by who goes on
                    book.write(i, result)
                bar.update()
        except cluster.Gone as error:
            there = f"{file!s} holds {len(done)} of {len(tasks)} {label}, and the same call goes on there"
            there = there if file else "nothing was kept; with a file (resume= or file=) such a call goes on"
            raise ConnectionError(f"{error}: {there}.") from error
    return [done[i] for i in range(len(tasks))]


def as_done(function: Callable, tasks: list, *, shared: tuple = (), n_jobs: int | None = None) -> Iterator:
    """Yield (number of the task, result) as they come; a cluster that is gone is a `ConnectionError`."""
    try:
        yield from _coming(function, tasks, list(range(len(tasks))), shared, n_jobs)
    except cluster.Gone as error:
        raise ConnectionError(f"{error}.") from error


def _coming(function: Callable, tasks: list, todo: list[int], shared: tuple, n_jobs: int | None) -> Iterator:
    backend = _backend()
    if n_jobs == 1 or not todo:
        return ((i, function(tasks[i], *shared)) for i in todo)
    if cluster.client_of(backend) is None:
        return local.run(function, tasks, todo, shared, n_jobs)
    return cluster.run(backend, function, tasks, todo, shared)


def workers(n_jobs: int | None = None) -> int:
    """Return how many tasks run at a time: with this `n_jobs`, where joblib was told what it was told."""
    from joblib import effective_n_jobs

    return 1 if n_jobs == 1 else effective_n_jobs(n_jobs)


def _backend() -> Any:
    from joblib.parallel import get_active_backend

    return get_active_backend()[0]


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
