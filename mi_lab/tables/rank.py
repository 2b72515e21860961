"""Which columns tell most about one of them, each for itself or beside those that are chosen already."""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd

from mi_lab import parallel
from mi_lab.counting.batches import one_of, whole
from mi_lab.estimates import UNITS, check_units
from mi_lab.tables import kernels, nulls
from mi_lab.tables.columns import FEW, Columns, as_columns, as_frame
from mi_lab.tables.mixed import by_kinds
from mi_lab.tables.pairwise import ROW, SMALL, _about_pairs, _about_rows, _pair, series
from mi_lab.tables.reading import Rows, Side

HOW = ("relevance", "mrmr", "jmi", "cmim")
UNDER = 10  # times as long as a pair takes an estimate under a condition


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
    errors: bool = False,
    permutations: int = 0,
    seed: int = 0,
    n_jobs: int | None = -1,
    progress: bool | None = None,
    resume: Any = None,
) -> pd.DataFrame:
    r"""Rank columns by what they tell about a target.

    Parameters
    ----------
    table, kinds, missing, k, units, seed, n_jobs, progress
        As for `pairwise`.
    target : str
        The column Y that is to be told about.
    given : str or list, optional
        Columns Z that are known already: every information is then one given Z.
    how : {"relevance", "mrmr", "jmi", "cmim"}
        "relevance" ranks each column by its own I(X;Y).  The others choose one column after the other, with those
        chosen, S, in mind: "mrmr" by :math:`I(X;Y) - \frac1{|S|}\sum_{s\in S} I(X;X_s)` (peng2005), "jmi" by the mean
        of :math:`I(X;Y\mid X_s)` over S (brown2012), "cmim" by the least of these and I(X;Y) (fleuret2004).
    columns : list, optional
        Which to rank; all others if left out.
    number : int, optional
        How many to choose; all if left out.
    errors, permutations, resume
        As for `pairwise`: of I(X;Y).

    Returns
    -------
    DataFrame
        One row a column, best first: "information" I(X;Y), the "score" by which it was ranked, its "kind"; "error" and
        "p" if asked for.  ``.attrs`` holds target, given, how, units and warnings.

    Raises
    ------
    ValueError
        As for `pairwise`, or an unknown way to rank.

    Examples
    --------
    >>> rank(frame, "price", given="year", how="cmim", number=5)
    """
    one_of(how, "how", HOW)
    check_units(units)
    k, permutations = whole(k, "k", 1), whole(permutations, "permutations", 0)
    whole(seed, "seed", 0)
    frame = as_frame(table)
    known = [] if given is None else list(given) if isinstance(given, (list, tuple, pd.Index)) else [given]
    if target in known:
        raise ValueError(f"the target {target!r} is among the columns given: wanted another.")
    chosen = [c for c in (frame.columns if columns is None else columns) if c != target and c not in known]
    if not chosen:
        raise ValueError("there is no column to rank beside the target and what is given.")
    p = len(chosen)
    number = p if number is None else min(p, whole(number, "number", 1))
    data = as_columns(frame, [*chosen, target, *known], kinds, missing)
    said = _about_rows(data)
    setting = {"k": k, "method": None, "errors": errors, "permutations": permutations, "seed": seed, "options": {}}
    about = setting | {
        "columns": [str(n) for n in data.names],
        "ranked": p,
        "kinds": data.kinds,
        "table": parallel.digest(data.values),
        "format": 1,
    }
    z = tuple(range(p + 1, p + 1 + len(known)))
    if permutations and not z:
        setting["null"] = nulls.shared(data, k, permutations, seed, n_jobs, progress)
        setting["series"] = frozenset(series(data))
    run = Run(data, p, z, setting, n_jobs, progress)
    value, error, chance = run.each(resume, about, said)
    if how == "relevance":
        order, score = _falling(value)[:number], value
    else:
        order, score = run.one_after_another(value, how, number)
    out = pd.DataFrame({"information": value[order] / UNITS[units], "score": score[order] / UNITS[units]})
    if errors:
        out["error"] = error[order] / UNITS[units]
    if permutations:
        out["p"] = chance[order]
    out["kind"] = [data.kinds[j] for j in order]
    out.index = pd.Index([data.names[j] for j in order], name="column")
    square = np.full((p + 1, p + 1), np.nan)
    square[:p, p] = value
    said += _about_pairs(data, np.maximum(square, square.T), range(p))
    out.attrs = {"target": target, "given": known, "how": how, "units": units, "warnings": tuple(said)}
    out.attrs["scores"] = {n: float(v) / UNITS[units] for n, v in zip(chosen, value, strict=True)}
    if permutations:
        out.attrs["p"] = {n: float(v) for n, v in zip(chosen, chance, strict=True)}
    for sentence in said:
        warnings.warn(sentence, stacklevel=2)
    return out


class Run:
    """What the steps of one ranking share."""

    def __init__(self, data: Columns, target: int, given: tuple, setting: dict, n_jobs, progress):
        self.data, self.target, self.given, self.setting = data, target, given, setting
        self.n_jobs, self.progress = n_jobs, progress

    def map(self, function, tasks: list, label: str, times: float = 1, **file) -> list:
        """Estimate something of each of some columns."""
        more = UNDER if times > 1 else 1
        work = ROW * self.data.n * len(tasks) * more * (1 + 10 * self.setting["errors"])
        small = work < SMALL and not self.setting["permutations"]
        shared = (self.data, self.target, self.setting)
        jobs = 1 if small else self.n_jobs
        return parallel.map_tasks(
            function, tasks, shared=shared, n_jobs=jobs, progress=self.progress, label=label, **file
        )

    def each(self, file, about: dict, said: list) -> tuple[np.ndarray, ...]:
        """Return I(X;Y) of every column, or that given Z, its error and p-value."""
        tasks = [(j, self.given) for j in range(self.target)]
        found = self.map(_one, tasks, "columns", len(self.given) + 1, file=file, about=about)
        for j, f in enumerate(found):
            if isinstance(f, parallel.Lost):
                said.append(f"{f.reason}; column {self.data.names[j]!r} is missing.")
                found[j] = (math.nan,) * 3
        return tuple(np.array([f[c] for f in found], float) for c in range(3))

    def one_after_another(self, value: np.ndarray, how: str, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Choose columns with those that are chosen in mind; return their order and scores."""
        left, order = list(range(len(value))), []
        self.setting = self.setting | {"errors": False, "permutations": 0}
        score, own = value.copy(), np.nan_to_num(value, nan=-1e300, posinf=1e300)
        total, least = np.zeros(len(value)), own.copy()
        while left and len(order) < number:
            s = max(1, len(order))
            now = {
                "mrmr": own - total / s,  # I(X;Y) - (1/|S|) Σ I(X;X_s)
                "jmi": total / s if order else own,  # (1/|S|) Σ I(X;Y|X_s)
                "cmim": least,  # min of I(X;Y) and I(X;Y|X_s)
            }[how]
            best = max(left, key=lambda j: now[j])
            score[best] = now[best] if abs(now[best]) < 1e299 else value[best]
            order.append(best)
            left.remove(best)
            if not left or len(order) == number:
                break
            label = f"{how}: {len(order)} of {number} chosen"
            if how == "mrmr":
                told = self.map(_with, [(j, best) for j in left], label)
            else:
                told = [
                    f if isinstance(f, parallel.Lost) else f[0]
                    for f in self.map(_one, [(j, (best, *self.given)) for j in left], label, 2)
                ]
            told = [0.0 if isinstance(t, parallel.Lost) or math.isnan(t) else min(t, 1e300) for t in told]
            total[left] += told
            least[left] = np.minimum(least[left], told)
        return np.array(order), score


def _falling(value: np.ndarray) -> np.ndarray:
    return np.argsort(-np.nan_to_num(value, nan=-1e300, posinf=1e300), kind="stable")


def _with(task: tuple, data: Columns, target: int, setting: dict) -> float:
    return kernels.pair(data, *task, setting["k"])


def _one(task: tuple, data: Columns, target: int, setting: dict) -> tuple[float, float, float]:
    """Return value, error and p-value of column j and the target, given others."""
    j, given = task
    if not given:
        return _pair(data, j, target, setting)[:3]
    used = (j, target, *given)
    there = ~data.missing[list(used)].any(0)
    if there.sum() < FEW:
        return (math.nan,) * 3
    rows = Rows(
        *(
            Side(s, tuple(data.read[c].at(there) for c in at))
            for s, at in (("x", (j,)), ("y", (target,)), ("given", given))
        )
    )
    if any(len(np.unique(data.values[c][there])) == 1 for c in (j, target)):
        return 0.0, 0.0, 1.0
    if data.is_label(j) and kernels.names_rows(data.values[j][there]):
        return (math.nan,) * 3
    out = by_kinds(rows, "auto", setting["seed"], parts=None if setting["errors"] else 0, k=setting["k"])
    chance = math.nan
    if setting["permutations"]:
        from mi_lab.tables.significance import significance

        x, y, z = (s.values for s in rows.sides)
        kinds = {s.name: "label" for s in rows.sides if s.discrete}
        chance = significance(
            x, y, z, max(19, setting["permutations"]), rows="auto", kinds=kinds, seed=setting["seed"], n_jobs=1
        ).p
    return out.value, math.nan if out.error is None else out.error, chance
