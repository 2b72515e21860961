"""All pairs of columns of a table: a symmetric matrix of mutual information."""

import math
import os
import warnings
from typing import Any

import numpy as np
import pandas as pd

from mi_lab import parallel
from mi_lab.counting.batches import whole
from mi_lab.estimates import UNITS, check_units
from mi_lab.findings import copied_rows, function_of, in_order, remembers, serial
from mi_lab.large.sources import is_large
from mi_lab.tables import kernels, nulls
from mi_lab.tables.columns import FEW, Columns, as_columns, scored

HALVES = 20  # pairs of halves behind an error bar
SLICE = 0.5  # seconds that a task takes, about
ROW = 1.2e-6  # seconds a pair and row, about
SAME = 1e-9  # scores that differ by less are equal
SMALL = 3.0  # seconds of work that aren't worth starting workers for


class Pairs(pd.DataFrame):
    """A symmetric table of mutual information, with what belongs to it beside it.

    Attributes
    ----------
    errors, p, rows : DataFrame or None
        One standard error, the p-value of independence, and the number of rows, of every pair.
    kinds : dict
        "number", "count" or "label" of every column.
    units, method : str
    warnings : tuple of str
    """

    _metadata = ["errors", "p", "rows", "kinds", "units", "method", "warnings"]

    @property
    def _constructor(self):
        return pd.DataFrame  # a part of it, or what is computed from it, is a table like any other

    def top(self, number: int | None = 10) -> pd.DataFrame:
        """Return the pairs in falling order, one a row: x, y, information, error and p where they are there."""
        a, b = np.triu_indices(len(self), 1)
        names = list(self.columns)
        out = pd.DataFrame({"x": [names[i] for i in a], "y": [names[i] for i in b]})
        for name, frame in {"information": self, "error": self.errors, "p": self.p}.items():
            if frame is not None:
                out[name] = frame.to_numpy()[a, b]
        return out.sort_values("information", ascending=False, kind="stable", ignore_index=True).head(
            len(out) if number is None else number
        )

    def adjusted(self) -> pd.DataFrame:
        """Return the p-values adjusted for their number by Benjamini and Hochberg: below q, a share q is chance.

        Raises
        ------
        ValueError
            There are no p-values.
        """
        from scipy.stats import false_discovery_control

        if self.p is None:
            raise ValueError("there are no p-values: ask pairwise for some, with permutations=999.")
        out, (a, b) = self.p.to_numpy(copy=True), np.triu_indices(len(self), 1)
        p = out[a, b]
        good = np.isfinite(p)
        p[good] = false_discovery_control(p[good])
        out[a, b] = out[b, a] = p
        return pd.DataFrame(out, self.index, self.columns)

    def heatmap(self, ax=None, **options):
        """Draw the matrix as a heat map by seaborn; `options` are `seaborn.heatmap`'s.  Returns the axes."""
        import matplotlib.pyplot as plt
        import seaborn

        if ax is None:
            side = self._side()
            _, ax = plt.subplots(figsize=(side + 0.8, side), layout="constrained")
        seaborn.heatmap(self._finite(), ax=ax, **{"square": True} | self._look() | options)
        ax.grid(False)
        return ax

    def dendrogram(self, **options):
        r"""Draw the heat map with columns that tell about one another side by side, joined by a tree.

        The distance is :math:`1 - \sqrt{1 - e^{-2I}}`, 1 - \|ρ\| for Gaussians (linfoot1957), and distances between
        groups are means.  `options` are `seaborn.clustermap`'s.  Returns seaborn's grid.
        """
        import matplotlib.pyplot as plt
        import seaborn
        from scipy.cluster.hierarchy import linkage

        nats = np.nan_to_num(self.to_numpy() * UNITS.get(self.units, 1.0), posinf=np.inf).clip(0)
        apart = 1 - np.sqrt(-np.expm1(-2 * nats))
        tree = linkage(apart[np.triu_indices(len(self), 1)], "average")
        with plt.rc_context({"figure.constrained_layout.use": False}):  # seaborn lays its grid out itself
            more = {"row_linkage": tree, "col_linkage": tree, "figsize": (1.3 * self._side(),) * 2}
            grid = seaborn.clustermap(self._finite(), **more | self._look() | options)
        grid.ax_heatmap.grid(False)
        return grid

    def _side(self) -> float:
        return min(16.0, 3.2 + 0.28 * len(self))  # inches

    def _finite(self) -> pd.DataFrame:
        values = self.to_numpy(copy=True)
        finite = values[np.isfinite(values)]
        values[np.isposinf(values)] = finite.max() if len(finite) else 1.0
        return pd.DataFrame(values, self.index, self.columns)

    def _look(self) -> dict:
        off = self.to_numpy()[~np.eye(len(self), dtype=bool)]
        finite = off[np.isfinite(off)]
        top = float(finite.max()) if len(finite) and finite.max() > 0 else 1.0
        look = {"cmap": "cividis", "vmin": 0, "vmax": top, "cbar_kws": {"label": self.units}}
        return look | ({"annot": True, "fmt": ".2f"} if len(self) <= 8 else {})


def pairwise(
    table: Any,
    columns: Any = None,
    *,
    kinds: dict | None = None,
    missing: str = "refuse",
    method: str | None = None,
    k: int = 3,
    units: str = "nats",
    errors: bool = False,
    permutations: int = 0,
    seed: int = 0,
    n_jobs: int | None = -1,
    progress: bool | None = None,
    resume: str | os.PathLike | None = None,
    **options: Any,
) -> Pairs:
    r"""Estimate the mutual information of every pair of columns.

    Numbers with numbers by neighbours (`eq-ksg`), labels with labels by their table (`eq-plug-in`, less the leading
    bias), numbers with labels by neighbours under the same label (ross2014): what `estimate` gives with
    ``method="ksg"`` and "bins", many times as fast.

    Parameters
    ----------
    table : DataFrame, mapping of columns, or array of shape (n, p)
        Or what `open_table` opens, or a long array that is mapped into memory: labels are counted in all rows,
        ``subsample=`` of them, drawn by chance, serve for the rest (`mi_lab.large.pairs`).
    columns : list, optional
        Which of them; all if left out.
    kinds : dict, optional
        A column's name -> "number", "count" or "label", where the guess is wrong.
    missing : {"refuse", "drop"}
        Refuse missing values, or leave out rows pair by pair.
    method : str, optional
        One of `estimate`'s methods for every pair instead, with its `options`; that is slow.
    k : int
        Which neighbour.
    units : {"nats", "bits"}
    errors : bool
        Estimate a standard error of every pair too, from halves of the rows; twenty times the work.
    permutations : int
        Shuffles behind the p-value of every pair, 0 for no p-values.  Columns of numbers without equal values share
        theirs: scores of ranks have the same law under independence, whatever the columns'.
    seed : int
        Of halves and shuffles; every pair has its own random numbers.
    n_jobs : int, optional
        As in scikit-learn; all cores if left out, or what `joblib.parallel_config` says with None.
    progress : bool, optional
        Show a bar; left out, only where someone watches, after two seconds.
    resume : path, optional
        A file in which finished pairs are kept: after an interruption the same call goes on there.  A file of another
        table or other options is refused.

    Returns
    -------
    Pairs
        A DataFrame; on its diagonal the entropies of labels, nothing for numbers (the entropy of a continuous variable
        depends on its unit, and its information about itself is infinite).  Infinite where one column of numbers is a
        monotone function of the other; missing where a pair has fewer than 8 rows or labels that name rows.

    Raises
    ------
    ValueError
        A bad table, column, kind, option or file; missing values that are to be refused.

    Examples
    --------
    >>> pairwise(frame, missing="drop").top()
    """
    check_units(units)
    k, permutations = whole(k, "k", 1), whole(permutations, "permutations", 0)
    whole(seed, "seed", 0)
    if is_large(table):
        from mi_lab.large.pairs import pairwise_large

        return pairwise_large(
            pairwise, table, columns, kinds, missing, errors, seed, method=method, k=k, units=units,
            permutations=permutations, n_jobs=n_jobs, progress=progress, resume=resume, **options,
        )  # fmt: skip
    if method is None and options:
        raise ValueError(f"unknown option {next(iter(options))!r}: without a method there are none.")
    data = as_columns(table, columns, kinds, missing)
    p = len(data.names)
    if p < 2:
        raise ValueError(f"the table has {p} column(s), wanted at least 2.")
    said = _about_rows(data)
    pairs = list(zip(*(v.tolist() for v in np.triu_indices(p, 1)), strict=True))
    how = {"k": k, "method": method, "errors": errors, "permutations": permutations, "seed": seed, "options": options}
    found, size = {}, len(pairs)
    work = ROW * data.n * (1 + 10 * errors) * (1 if method is None else 100)
    if permutations:
        how["null"] = nulls.shared(data, k, permutations, seed, n_jobs, progress)
        how["series"] = frozenset(series(data))
    chunk = max(1, min(size, int(SLICE / work)))
    tasks = [pairs[i : i + chunk] for i in range(0, size, chunk)]
    about = {n: v for n, v in how.items() if n not in ("null", "series")} | {
        "columns": [str(n) for n in data.names],
        "kinds": data.kinds,
        "table": parallel.digest(data.values),
        "chunk": chunk,
        "format": 1,
    }
    jobs = 1 if work * size < SMALL and not permutations else n_jobs
    for task, result in zip(
        tasks,
        parallel.map_tasks(
            _block, tasks, shared=(data, how), n_jobs=jobs, progress=progress, label="pairs", file=resume, about=about
        ),
        strict=True,
    ):
        if isinstance(result, parallel.Lost):
            said.append(f"{result.reason}; its pairs, from {_names(data, task[0])} on, are missing.")
            result = [(math.nan, math.nan, math.nan, 0)] * len(task)
        found.update(zip(task, result, strict=True))
    scale = 1.0 if options.get("normalize") else UNITS[units]
    value, error, chance, rows = (_square(found, p, c) for c in range(4))
    np.fill_diagonal(value, [_entropy(data, j) for j in range(p)])
    np.fill_diagonal(rows, (~data.missing).sum(1))
    said += _about_pairs(data, value)
    for sentence in said:
        warnings.warn(sentence, stacklevel=2)
    frame = lambda v: pd.DataFrame(v, data.names, data.names)  # noqa: E731
    out = Pairs(value / scale, data.names, data.names)
    out.errors = frame(error / scale) if errors or method is not None else None
    out.p = frame(chance) if permutations else None
    out.rows = frame(rows).fillna(0).astype(int)
    out.kinds = dict(zip(data.names, data.kinds, strict=True))
    out.units, out.method = ("ratio" if options.get("normalize") else units), method or "counting by kind"
    out.warnings = tuple(said)
    return out


def _block(task: list, data: Columns, how: dict) -> list:
    return [_pair(data, i, j, how) for i, j in task]


def _pair(data: Columns, i: int, j: int, how: dict) -> tuple[float, float, float, int]:
    """Return value, error, p-value and number of rows of one pair."""
    there = ~(data.missing[i] | data.missing[j])
    rows = int(there.sum())
    error = chance = math.nan
    if how["method"] is not None:
        return *_by_method(data, i, j, there, how), chance, rows
    if rows < FEW:
        return math.nan, error, chance, rows
    if is_function(data, i, j, there):
        return math.inf, error, 1 / (1 + how["permutations"]), rows
    value = kernels.pair(data, i, j, how["k"])
    if how["errors"]:
        error = _error(data, i, j, there, how)
    if how["permutations"] and math.isfinite(value):
        chance = nulls.p_value(value, data, i, j, there, how)
    return value, error, chance, rows


def is_function(data: Columns, i: int, j: int, there: np.ndarray) -> bool:
    """Say whether one column of numbers is a monotone function of the other, so that I is infinite."""
    if data.is_label(i) or data.is_label(j):
        return False
    x, y = data.scores[i], data.scores[j]
    if data.whole[i] and data.whole[j]:  # a few rows tell most pairs apart
        if abs(x[:9] - y[:9]).max() > SAME and abs(x[:9] + y[:9]).max() > SAME:
            return False
    else:
        x, y = scored(x[there]), scored(y[there])
    alike = abs(x - y).max() < SAME or abs(x + y).max() < SAME
    return bool(alike) and bool(function_of(*(data.values[c][there][:, None] for c in (i, j))))


def _by_method(data: Columns, i: int, j: int, there: np.ndarray, how: dict) -> tuple[float, float]:
    from mi_lab.frontdoor import estimate

    x, y = (data.values[c][there] for c in (i, j))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is to be said of a table is said once
        out = estimate(x, y, how["method"], seed=how["seed"], progress=False, **how["options"])
    return out.value, math.nan if out.error is None else out.error


def _error(data: Columns, i: int, j: int, there: np.ndarray, how: dict) -> float:
    """Return one standard error by pairs of halves that share no row (`mi_lab.standard_error`)."""
    rng, rows = np.random.default_rng([how["seed"], i, j]), np.flatnonzero(there)
    half, gaps = len(rows) // 2, []
    for _ in range(HALVES):
        mixed = rng.permutation(rows)
        a, b = (kernels.pair(data, i, j, how["k"], part) for part in (mixed[:half], mixed[half : 2 * half]))
        gaps.append((a - b) / 2)
    good = np.array(gaps)[np.isfinite(gaps)]
    return float(np.sqrt(np.mean(good**2))) if len(good) > HALVES / 2 else math.nan


def _entropy(data: Columns, j: int) -> float:
    if not data.is_label(j):
        return math.nan
    code = data.values[j][~data.missing[j]].astype(int)
    return kernels.entropy(np.bincount(code), len(code)) if len(code) else math.nan


def _square(found: dict, p: int, c: int) -> np.ndarray:
    out = np.full((p, p), np.nan)
    for (i, j), result in found.items():
        out[i, j] = out[j, i] = result[c]
    return out


def _names(data: Columns, pair: tuple) -> str:
    return " and ".join(repr(data.names[c]) for c in pair)


def _about_rows(data: Columns) -> list[str]:
    """Say, once for the whole table, what its rows show before anything is estimated."""
    said = []
    numbers = [j for j in range(len(data.names)) if not data.is_label(j) and not data.missing[j].any()]
    if len(numbers) > 1:
        block = np.ascontiguousarray(data.values[numbers].T)
        copied = copied_rows(block[:, :1], block[:, 1:])
        if copied:
            return [copied]
        slow, close = memories(data)
        names = f"{len(slow)} columns, {data.names[slow[0]]!r} among them" if slow else ""
        if len(slow) > 1 and 2 * len(close) < len(slow):
            said.append(
                f"rows near one another are alike ({names}), but neighbours no more so than rows some places apart: "
                "was the table sorted or grouped by something?  Then shuffle its rows first; if it is a series, it "
                "looks dependent by chance, by more than an error bar for independent rows says; p-values take it for "
                "one."
            )
        elif len(slow) > 1:
            said.append(
                f"the rows follow one another ({names}): such series look dependent by chance, by much more than an "
                "error bar for independent rows says; p-values take them for series (rows that were only sorted may be "
                "shuffled first)."
            )
    return said


def series(data: Columns) -> list[int]:
    """Return the columns of numbers that are tested as series."""
    return memories(data)[0]


def memories(data: Columns) -> tuple[list[int], list[int]]:
    """Return the columns of numbers that are alike in rows near one another, and those most alike in neighbours.

    Where the table is sorted or grouped by one of its columns the others owe the first to that, and only the second
    count.
    """
    numbers = np.flatnonzero(data.whole & ~data.labels).tolist()
    slow = [j for j in numbers if serial(*(data.values[j][:, None],) * 2)[0]]
    by = next((j for j in np.flatnonzero(data.whole).tolist() if in_order(data.values[j])), None) if slow else None
    groups = data.values[by] if by is not None and data.labels[by] else None
    close = [j for j in slow if remembers(data.values[j], groups)]
    return (close if by is not None else slow), close


def _about_pairs(data: Columns, value: np.ndarray, which: Any = None) -> list[str]:
    """Say which columns and pairs came out as missing or infinite, and why."""
    said = []
    labels = [j for j in (range(len(data.names)) if which is None else which) if data.is_label(j)]
    ids = [data.names[j] for j in labels if kernels.names_rows(data.values[j][~data.missing[j]])]
    if ids:
        said.append(
            f"{', '.join(map(repr, ids))} {'has' if len(ids) == 1 else 'have'} a label of its own in most rows, "
            "which tells nothing: left missing."
        )
    infinite = [(i, j) for i, j in zip(*np.nonzero(np.isposinf(value)), strict=True) if i < j]
    if infinite:
        some = "; ".join(_names(data, pair) for pair in infinite[:5])
        said.append(
            f"{len(infinite)} pair(s) of columns rise or fall together without exception ({some}): of numbers that "
            "vary continuously the mutual information is infinite."
        )
    return said
