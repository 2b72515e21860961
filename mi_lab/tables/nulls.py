"""What pairs look like by chance: p-values by permutation, one law for all columns of numbers without equal values."""

import math

import numpy as np

from mi_lab import parallel
from mi_lab.tables import kernels
from mi_lab.tables.columns import Columns, scored

ENOUGH = 20  # shuffles that reach the value, after which its p-value is known to a quarter of itself (besag1991)


def shared(data: Columns, k: int, permutations: int, seed: int, n_jobs, progress) -> dict:
    """Return the sorted estimates of shuffled scores, for the columns that share them, and which do."""
    which = np.flatnonzero(data.single & ~data.missing.any(1)).tolist()
    if len(which) < 2:
        return {"columns": frozenset(), "values": np.empty(0)}
    chunk = max(1, int(0.5 / (1.2e-6 * data.n)))
    tasks = [list(range(i, min(permutations, i + chunk))) for i in range(0, permutations, chunk)]
    scores = scored(np.arange(data.n, dtype=float))
    parts = parallel.map_tasks(
        _shuffled, tasks, shared=(scores, k, seed), n_jobs=n_jobs, progress=progress, label="shuffles"
    )
    values = np.sort(np.concatenate([p for p in parts if not isinstance(p, parallel.Lost)]))
    return {"columns": frozenset(which), "values": values}


def _shuffled(task: list, scores: np.ndarray, k: int, seed: int) -> list:
    out = []
    for i in task:
        rng = parallel.task_seed(seed, i)
        out.append(kernels.neighbours(scores, rng.permutation(scores), k, True))
    return out


def p_value(value: float, data: Columns, i: int, j: int, there: np.ndarray, how: dict) -> float:
    """Return the share of shuffles, the table itself counted in, whose estimate is at least as large.

    Where the pair needs shuffles of its own they stop once `ENOUGH` reached the value; the level stays exact
    (besag1991).  Two series are tested by shifts (`significance`).
    """
    if {i, j} <= how["series"]:
        from mi_lab.tables.significance import significance

        orders = max(19, how["permutations"])
        return significance(data.values[i], data.values[j], None, orders, seed=how["seed"], n_jobs=1).p
    if {i, j} <= how["null"]["columns"]:
        null = how["null"]["values"]
        reached = len(null) - int(np.searchsorted(null, value - 1e-12, side="left"))
        return (1 + reached) / (1 + len(null))
    x, y = data.scores[i][there], data.scores[j][there]
    labels = data.is_label(i), data.is_label(j)
    if not there.all():
        x, y = (v if label else scored(v) for v, label in zip((x, y), labels, strict=True))
    rng, reached = np.random.default_rng([how["seed"], i, j, 1]), 0
    for shuffle in range(1, how["permutations"] + 1):
        other = kernels.of_pair(x, rng.permutation(y), labels, how["k"])
        reached += math.isnan(other) or other >= value - 1e-12
        if reached == ENOUGH:
            return reached / shuffle
    return (1 + reached) / (1 + how["permutations"])
