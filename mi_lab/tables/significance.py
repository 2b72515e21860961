r"""Is it more than chance?  Tests by permutation, whose level needs no theory of the estimator.

Under the null the rows of x could have come in another order; how often the estimate of such an order is as large as
that of the data is a p-value.  Which orders are as likely as the one that came depends on what the rows are:

=====================  ==============================================================================
rows                   orders
=====================  ==============================================================================
independent            all
under labels z         all within each stratum of z: exact
under numbers z        each row takes the x of one of its nearest rows in z (runge2018): nearly exact
a series               cyclic shifts of x, closed to a circle (`circle`): as exact as the closing
a series, in blocks    blocks of x, closed to a circle, change places
=====================  ==============================================================================
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import xlogy

from mi_lab import parallel
from mi_lab.counting.batches import one_of, whole
from mi_lab.counting.conditional import conditional_neighbours
from mi_lab.counting.discrete import joined, tabulated
from mi_lab.counting.front import gaussian_scores
from mi_lab.findings import serial
from mi_lab.tables.circle import closed_side
from mi_lab.tables.mixed import coded, linear, prepared, scaled, without
from mi_lab.tables.reading import Rows, read

MIN_ROWS = 8
EACH = 16  # orders that a worker is given first
NEAR = 7  # nearest rows, itself included, among which a row of x moves under numbers


@dataclass(frozen=True)
class Significance:
    """What a permutation test found.

    Attributes
    ----------
    p : float
        The p-value: with probability at most a it is at most a, if x tells nothing about y (given z).
    statistic : float
        Of the data, in nats; of series, with x closed to a circle.
    chance : float
        The mean of the statistic over the orders that were tried, in nats.
    drawn : int
        How many orders were tried.
    rows : str
        What the rows were taken for: "independent", "strata", "local", "shifts" or "blocks".
    n : int
    """

    p: float
    statistic: float
    chance: float
    drawn: int
    rows: str
    n: int

    def __float__(self) -> float:
        return self.p


def significance(
    x: Any,
    y: Any,
    given: Any = None,
    permutations: int = 999,
    *,
    rows: str = "auto",
    block: int | None = None,
    kinds: dict | None = None,
    missing: str = "refuse",
    marks: Any = (),
    seed: int = 0,
    early: int = 20,
    n_jobs: int | None = None,
) -> Significance:
    r"""Test whether x tells about y, or about y given z, by permutation.

    .. math:: p = \frac{1 + \#\{b : \hat I_b \ge \hat I\}}{1 + B}

    where b runs over B orders of the rows of x that are as likely as the one that came if there is nothing to find, so
    that p <= a has probability at most a.  Where the answer is clear the test stops early: after the 20th order whose
    estimate is as large, at the l-th of all, with p = 20 / l, which is as exact (besag1991).  The statistic is that of
    exact counts where all columns are labels or few whole numbers, else of neighbours, a twentieth of the rows but 3 to
    30 of them: more than an estimate takes, as weak dependence is then seen better.

    Parameters
    ----------
    x, y, given, kinds, missing, marks
        As for `estimate`.
    permutations : int
        The most orders that are tried; 999 can show p = .001.
    rows : {"auto", "independent", "strata", "local", "shifts", "blocks"}
        Which orders of x are as likely; left out, by the condition: within strata of labels, among nearest rows of
        numbers (runge2018: nearly exact), both for both; without one all, or cyclic shifts where both series remember.
        Under a condition the rows are taken as independent; "shifts" and "blocks" then test x against y and z together.
    block : int, optional
        Rows in a block.
    seed : int
    early : int
        Orders as good as the data's after which the test stops; 0 tries all.
    n_jobs : int, optional
        As in scikit-learn: how many orders are tried at a time, 1 if left out, unless `joblib.parallel_config` says
        otherwise.  The result is the same; it pays from some seconds on.

    Returns
    -------
    Significance

    Raises
    ------
    ValueError
        Bad samples, fewer than 19 permutations, or orders that don't suit the condition.

    Examples
    --------
    >>> significance(x, y).p
    """
    permutations, early = whole(permutations, "permutations", 19), whole(int(early), "early", 0)
    one_of(rows, "rows", ("auto", "independent", "strata", "local", "shifts", "blocks"))
    read_rows = read(x, y, given, kinds, missing, marks, MIN_ROWS)
    if rows in ("strata", "local") and read_rows.z is None:
        raise ValueError(f"rows = {rows!r} wants a condition, and given was left out.")
    if rows == "independent" and read_rows.z is not None:
        raise ValueError("rows = 'independent' would break the link of x and the condition: leave it out.")
    found = 1
    if rows == "auto":
        rows, found = _rows_of(read_rows)
    if rows == "strata" and not read_rows.z.discrete:  # type: ignore[union-attr]
        raise ValueError("rows = 'strata' wants a condition of labels, and this one varies continuously: take 'local'.")
    block = block or max(found, round(math.sqrt(read_rows.x.n)))
    return tested(read_rows, permutations, rows, block, seed, early, n_jobs)


def tested(
    rows: Rows, permutations: int, how: str, block: int, seed: int, early: int, n_jobs: int | None
) -> Significance:
    """Test rows that are read already, by orders of one kind."""
    n = rows.x.n
    rng = np.random.default_rng([seed, 3])
    constant = any((side.values == side.values[:1]).all() for side in (rows.x, rows.y))
    if constant:
        return Significance(1.0, 0.0, 0.0, 0, how, n)
    if how in ("shifts", "blocks"):
        rows = replace(rows, x=closed_side(rows.x))
    of, order = statistic(rows), orders(rows, how, block, rng)
    data, found, as_large = of(np.arange(n)), [], 0
    for value in _estimates(rows, of, order, permutations, n_jobs):
        found.append(value)
        as_large += found[-1] >= data - 1e-12  # equal up to rounding
        if early and as_large == early:
            break
    drawn = len(found)
    p = as_large / drawn if early and as_large == early else (1 + as_large) / (1 + drawn)
    return Significance(p, data, float(np.mean(found)), drawn, how, n)


def _estimates(rows: Rows, of: Callable, order: Callable, permutations: int, n_jobs: int | None) -> Iterator[float]:
    """Yield the estimates of orders, which are drawn here, one after the other, however many work on them."""
    jobs = parallel.workers(n_jobs)
    if jobs == 1:
        yield from (of(order()) for _ in range(permutations))
        return
    left, each = permutations, EACH
    while left:  # most tests stop early, so begin with few
        sizes = [k for j in range(jobs) if (k := max(0, min(each, left - j * each)))]
        tasks = [np.array([order() for _ in range(k)], np.int32) for k in sizes]
        for values in parallel.map_tasks(_of_orders, tasks, shared=(rows,), n_jobs=n_jobs, label="orders"):
            if isinstance(values, parallel.Lost):
                raise RuntimeError(f"{values.reason}: without these orders there is no p-value.")
            yield from values
        left, each = left - sum(sizes), 2 * each


def _of_orders(task: np.ndarray, rows: Rows) -> list[float]:
    of = statistic(rows)
    return [of(order) for order in task]


def discoveries(p: Any, level: float = 0.05) -> np.ndarray:
    """Return which of many tests are discoveries, a share of at most `level` of them false on average.

    By Benjamini and Hochberg's rule (benjamini1995), as SciPy has it.

    Parameters
    ----------
    p : p-values, or what `significance` returns
    level : float
        Between 0 and 1.

    Returns
    -------
    boolean array, in the order of the tests
    """
    from scipy.stats import false_discovery_control

    if not 0 < level < 1:
        raise ValueError(f"level = {level!r}, wanted a number between 0 and 1.")
    values = np.array([float(v) for v in p])
    return false_discovery_control(values) <= level if len(values) else np.zeros(0, bool)


# ---- statistics: a function of an order of the rows of x ------------------------------------------------------------


def statistic(rows: Rows) -> Callable[[np.ndarray], float]:
    """Return the function of an order (n,) that gives the estimate with the rows of x in that order."""
    if all(side.discrete for side in rows.sides):
        return _of_labels(*coded(rows))
    numbers, labels, plain = prepared(rows)
    k = min(30, max(3, rows.x.n // 20))
    scores, basis = None, None
    if plain and rows.z is not None:  # x loses what is linear in z anew in every order: else the data's alone would
        scores, basis = gaussian_scores(rows.x.split()[1]), linear(numbers["z"])  # type: ignore[arg-type]

    def moved(order: np.ndarray) -> np.ndarray | None:
        if scores is not None:
            return scaled(without(scores[order], basis))
        return None if numbers["x"] is None else numbers["x"][order]

    def of(order: np.ndarray) -> float:
        code = labels["x"] if labels["x"] is None else labels["x"][order]
        local = conditional_neighbours(numbers | {"x": moved(order)}, labels | {"x": code}, k)
        return float(np.nanmean(local)) if np.isfinite(local).any() else 0.0

    return of


def _of_labels(x: np.ndarray, y: np.ndarray, z: np.ndarray | None) -> Callable[[np.ndarray], float]:
    n, yz = len(x), y if z is None else joined(z, y)
    wide = int(yz.max()) + 1
    room = (int(x.max()) + 1) * wide

    def cells(order: np.ndarray) -> float:
        key = x[order] * wide + yz
        c = np.bincount(key) if room <= 8 * n + 4096 else np.unique(key, return_counts=True)[1]
        return float(xlogy(c, c).sum()) / n

    rest = tabulated(x, y, z).information - cells(np.arange(n))

    def of(order: np.ndarray) -> float:
        if z is None or (z[order] == z).all():  # the tables of (x, z) and (y, z) stay as they are
            return rest + cells(order)
        return tabulated(x[order], y, z).information

    return of


# ---- orders ---------------------------------------------------------------------------------------------------------


def _rows_of(rows: Rows) -> tuple[str, int]:
    if rows.z is not None:
        return ("strata" if rows.z.discrete else "local"), 1
    block = serial(rows.x.values, rows.y.values)[1]
    return ("shifts" if block > 1 else "independent"), block


def orders(rows: Rows, how: str, block: int, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """Return a function that draws an order (n,) of the rows of x."""
    n = rows.x.n
    if how == "independent":
        return lambda: rng.permutation(n)
    if how == "shifts":
        return lambda: np.roll(np.arange(n), int(rng.integers(1, n)))
    if how == "blocks":
        return lambda: in_blocks(n, min(block, n // 2), rng)
    labels, numbers = rows.z.split()  # type: ignore[union-attr]
    if how == "strata":
        home = np.argsort(labels, kind="stable")

        def within() -> np.ndarray:
            order = np.empty(n, int)
            order[home] = np.lexsort((rng.random(n), labels))
            return order

        return within
    near = _neighbours(scaled(gaussian_scores(numbers)), labels)
    return lambda: _local(near, rng)


def in_blocks(n: int, block: int, rng: np.random.Generator) -> np.ndarray:
    """Return an order (n,) in which blocks of rows have changed places, cut at a random place of the circle."""
    circle = np.roll(np.arange(n), int(rng.integers(n)))
    parts = np.array_split(circle, max(2, round(n / block)))
    return np.concatenate([parts[i] for i in rng.permutation(len(parts))])


def _neighbours(v: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return for each row itself and its nearest rows, those with the same label, (n, NEAR)."""
    from scipy.spatial import KDTree

    if labels is not None:
        reach = 4 * float(np.ptp(v, axis=0).max()) + 1
        v = np.column_stack([v, labels * reach])
    index = KDTree(v).query(v, k=min(NEAR, len(v)), p=np.inf)[1]
    if labels is not None:  # a rare label: itself in the place of others
        index = np.where(labels[index] == labels[:, None], index, np.arange(len(v))[:, None])
    return index


def _local(near: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an order in which every row takes one of its nearest rows, none twice as far as that goes."""
    n = len(near)
    shuffled = rng.permuted(near, axis=1).tolist()
    out, used = np.empty(n, int), bytearray(n)
    for i in rng.permutation(n).tolist():
        row = shuffled[i]
        take = next((j for j in row if not used[j]), row[-1])
        used[take] = 1
        out[i] = take
    return out
