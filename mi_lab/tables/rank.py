"""Which columns tell most about one of them."""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd

from mi_lab import parallel
from mi_lab.counting.batches import one_of, whole
from mi_lab.estimates import UNITS, check_units
from mi_lab.tables import kernels, nulls
from mi_lab.tables.columns import Columns, as_columns, as_frame
from mi_lab.tables.pairwise import ROW, SMALL, _about_rows, _pair

HOW = ("relevance", "mrmr", "jmi", "cmim")


def rank(
    table: Any,
    target: Any,
    given: Any = None,
    how: str = "relevance",
    *,
    columns: Any = None,
    number: int | None = None,
    kinds: dict | None = None,
    missing: str = "refuse",
    k: int = 3,
    units: str = "nats",
    permutations: int = 0,
    errors: bool = False,
    seed: int = 0,
    n_jobs: int | None = -1,
    progress: bool | None = None,
) -> pd.DataFrame:
    r"""Rank columns by what they tell about a target.

    Parameters
    ----------
    table, columns, kinds, missing, k, units, errors, permutations, n_jobs, progress
        As for `pairwise`.
    target : str
        The column Y that is to be told about.
    given : str or list, optional
        Columns Z that are known already: ranks by I(X;Y|Z).
    how : {"relevance", "mrmr", "jmi", "cmim"}
        "relevance" ranks each column by its own I(X;Y).  The others choose one column after the other, with those
        chosen, S, in mind: "mrmr" by :math:`I(X;Y) - \frac1{|S|}\sum_{s\in S} I(X;X_s)` (peng2005), "jmi" by the mean
        of :math:`I(X;Y\mid X_s)` (yang1999), "cmim" by the least of them (fleuret2004).
    number : int, optional
        How many to rank; all if left out.

    Returns
    -------
    DataFrame
        One row a column, best first: "information" I(X;Y), "score" by which it was ranked, "kind"; "error" and "p" if
        asked for.

    Raises
    ------
    ValueError
        As for `pairwise`, or an unknown way to rank.
    """
    one_of(how, "how", HOW)
    check_units(units)
    whole(k, "k", 1), whole(permutations, "permutations", 0), whole(seed, "seed", 0)
    frame = as_frame(table)
    known = [] if given is None else [given] if given in list(frame.columns) else list(given)
    chosen = [c for c in (frame.columns if columns is None else columns) if c != target and c not in known]
    if not chosen:
        raise ValueError("there is no column to rank beside the target.")
    data = as_columns(frame, [*chosen, target, *known], kinds, missing)
    said, p = _about_rows(data), len(chosen)
    setting = {"k": k, "method": None, "errors": errors, "permutations": permutations, "seed": seed, "options": {}}
    if permutations:
        setting["null"] = nulls.shared(data, k, permutations, seed, n_jobs, progress)
    if known or how in ("jmi", "cmim"):
        raise ValueError("given, jmi and cmim are on their way.")
    jobs = 1 if ROW * data.n * p < SMALL else n_jobs
    found = parallel.map_tasks(
        _one, range(p), shared=(data, p, setting), n_jobs=jobs, progress=progress, label="columns"
    )
    found = [(math.nan,) * 3 + (0,) if isinstance(f, parallel.Lost) else f for f in found]
    value, error, chance = (np.array([f[c] for f in found], float) for c in range(3))
    if how == "relevance":
        order, score = np.argsort(-np.nan_to_num(value, nan=-math.inf, posinf=1e300), kind="stable"), value
    else:
        order, score = _one_after_another(data, value, k, number or p)
    order = order[: number or p]
    out = pd.DataFrame({"information": value[order] / UNITS[units], "score": score[order] / UNITS[units]})
    if errors:
        out["error"] = error[order] / UNITS[units]
    if permutations:
        out["p"] = chance[order]
    out["kind"] = [data.kinds[j] for j in order]
    out.index = pd.Index([data.names[j] for j in order], name="column")
    out.attrs = {"target": target, "units": units, "how": how, "warnings": tuple(said)}
    for sentence in said:
        warnings.warn(sentence, stacklevel=2)
    return out


def _one(j: int, data: Columns, target: int, setting: dict) -> tuple:
    return _pair(data, j, target, setting)


def _one_after_another(data: Columns, value: np.ndarray, k: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    left, order, score = list(range(len(value))), [], np.array(value)
    shared = np.zeros(len(value))
    finite = np.nan_to_num(value, nan=-math.inf, posinf=1e300)
    while left and len(order) < number:
        now = {j: finite[j] - (shared[j] / len(order) if order else 0) for j in left}
        best = max(left, key=now.get)
        score[best] = now[best]
        order.append(best)
        left.remove(best)
        for j in left:
            told = kernels.pair(data, j, best, k)
            shared[j] += 0 if math.isnan(told) else told
    return np.array(order), score
