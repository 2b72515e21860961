"""Many independent tasks, on one core, on all of them, or on a cluster: one call, and results that don't depend on it.

``n_jobs`` is scikit-learn's, and inside ``with joblib.parallel_config(backend="dask")`` the same call runs on Dask's
workers.  What a task returns depends on the task alone (seeds belong to tasks, never to workers), so results are the
same, bit for bit, however many work.  What all tasks share is sent once.
"""

from mi_lab.parallel.finished import Finished
from mi_lab.parallel.lost import Lost
from mi_lab.parallel.tasks import as_done, digest, map_tasks, task_seed, workers

__all__ = ["Finished", "Lost", "as_done", "digest", "map_tasks", "task_seed", "workers"]
