"""Tasks by joblib's processes, or by whatever else joblib was told to use."""

import pickle
from collections.abc import Callable, Iterator
from typing import Any

from mi_lab.parallel.lost import Lost

SENT_ONCE = 1 << 14  # bytes from which an array is laid where all workers read it, instead of travelling with tasks
DIED = ("TerminatedWorkerError", "BrokenProcessPool", "BrokenExecutor")  # loky's words


def one(function: Callable, i: int, task: Any, shared: tuple) -> tuple[int, Any]:
    """Return a task's number and result: they come back in any order."""
    return i, function(task, *shared)


def run(function, tasks: list, todo: list[int], shared: tuple, n_jobs: int | None) -> Iterator[tuple[int, Any]]:
    """Yield (task, result) as they come; where a worker dies, what it may have held is done again, one at a time."""
    from joblib import Parallel, delayed

    waiting, call = set(todo), delayed(one)
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
