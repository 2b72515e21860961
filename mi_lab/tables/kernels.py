r"""One pair of columns, as fast as it goes: neighbours for numbers, a table for labels, Ross for one of each.

The formulas are those of `ksg`, `counts` and `conditional_neighbours`, for one column each whose scores are there
already: no checks, no copies, :math:`\psi` from a list.  Whatever is special (ties, labels seen once) goes to these.
"""

import numpy as np
import torch

from mi_lab.counting.conditional import conditional_neighbours
from mi_lab.counting.discrete import counts
from mi_lab.counting.kraskov import CHANCE, _values
from mi_lab.tables.columns import FEW, NAMES, Columns, scored

SMALL = 200  # rows below which `ksg` itself is quick enough


class Digamma:
    """ψ of whole numbers, from a list that grows."""

    def __init__(self):
        self.list = np.empty(0)

    def __call__(self, whole: np.ndarray) -> np.ndarray:
        most = int(np.max(whole))
        if most >= len(self.list):
            from scipy.special import digamma

            with np.errstate(all="ignore"):
                self.list = digamma(np.arange(max(most + 1, 2 * len(self.list))).astype(float))
        return self.list[whole]


ψ = Digamma()


def pair(columns: Columns, i: int, j: int, k: int, rows: np.ndarray | None = None) -> float:
    """Estimate the mutual information of columns i and j in nats, from some of the rows; NaN if there are too few."""
    x, y, labels = columns.scores[i], columns.scores[j], (columns.is_label(i), columns.is_label(j))
    single = bool(columns.single[i] and columns.single[j])
    if rows is None and columns.whole[i] and columns.whole[j]:
        return of_pair(x, y, labels, k, single, (columns.order[i], columns.order[j]))
    there = ~(columns.missing[i] | columns.missing[j])
    rows = np.flatnonzero(there) if rows is None else rows[there[rows]]
    if len(rows) < FEW:
        return np.nan
    # scores are those of the rows that are left
    x, y = (v[rows] if label else scored(v[rows]) for v, label in zip((x, y), labels, strict=True))
    return of_pair(x, y, labels, k, single)


def of_pair(
    x: np.ndarray,
    y: np.ndarray,
    labels: tuple[bool, bool],
    k: int,
    single: bool = False,
    orders: tuple[np.ndarray, np.ndarray] | None = None,
) -> float:
    """Estimate from scores or codes (n,); `single`: neither holds equal values; `orders`: the rows by x and by y."""
    if not single and ((x == x[0]).all() or (y == y[0]).all()):
        return 0.0
    if all(labels):
        return counts(x.astype(int), y.astype(int))
    if any(labels):
        code, v = (x, y) if labels[0] else (y, x)
        return under_labels(code.astype(int), v, k)
    return neighbours(x, y, k, single, orders)


def entropy(counts: np.ndarray, n: int) -> float:
    """Return the entropy of counts in nats, with Miller and Madow's correction."""
    c = counts[counts > 0]
    return float(np.log(n) - (c * np.log(c)).sum() / n + (len(c) - 1) / (2 * n))


def names_rows(code: np.ndarray) -> bool:
    """Say whether labels are so many that they name the rows instead of grouping them."""
    return len(np.unique(code)) > NAMES * len(code)


def neighbours(
    x: np.ndarray,
    y: np.ndarray,
    k: int,
    single: bool = False,
    orders: tuple[np.ndarray, np.ndarray] | None = None,
) -> float:
    """Return the estimate of `ksg`, `eq-ksg`, for one column each of numbers; `single`: scores without equal values.

    Scores of ranks lie on no lattice, so that of those nobody need ask whether the k-th neighbour is a single one (one
    in the middle may not be, which is a share to look at in few rows).
    """
    from scipy.spatial import cKDTree

    n = len(x)
    if n <= k:
        return np.nan
    if n < SMALL:
        return _slowly(x, y, k)
    by_x, by_y = orders or (np.argsort(x), np.argsort(y))
    z = _on_grid(np.stack([x[by_x], y[by_x]], 1))  # samples that follow each other are near: the cache stays warm
    tree = cKDTree(z, leafsize=10, balanced_tree=False, compact_nodes=False)
    distance, _ = tree.query(z, k=[k + 1] if single else [k + 1, min(k + 2, n)], p=np.inf)
    radius = distance[:, 0]
    if not single and ((radius == 0).any() or (n > k + 1 and (radius == distance[:, 1]).mean() > CHANCE)):
        return _slowly(x, y, k)
    place = np.empty(n, np.intp)
    place[by_x] = np.arange(n)
    along = place[by_y]  # the rows by y, as they stand in z
    n_x, n_y = nearer(z[:, 0], radius), nearer(z[along, 1], radius[along])
    return float(ψ(np.array(k)) + ψ(np.array(n)) - ψ(n_x + 1).mean() - ψ(n_y + 1).mean())


def under_labels(code: np.ndarray, v: np.ndarray, k: int) -> float:
    """Return the estimate of `ksg` with ``discrete``: neighbours are sought under the same label (ross2014)."""
    n = len(v)
    size = np.bincount(code)
    if (size[size > 0] < 2).any() or names_rows(code):
        return np.nan if names_rows(code) else _mixed(code, v, k)
    v = _on_grid(v)
    order = np.lexsort((v, code))
    sorted_v, sorted_code = v[order], code[order]
    if (np.diff(sorted_v)[np.diff(sorted_code) == 0] == 0).any():
        return _mixed(code, v, k)
    wanted = np.minimum(k, size[sorted_code] - 1)
    radius = _kth(sorted_v, sorted_code, wanted)
    along = np.argsort(sorted_v)
    n_v = nearer(sorted_v[along], radius[along])
    return float((ψ(wanted) - ψ(size[sorted_code])).mean() - ψ(n_v + 1).mean() + ψ(np.array(n)))


def _kth(v: np.ndarray, code: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the distance to the wanted-th neighbour of the same label, of values sorted under each label.

    The k nearest are an interval of k + 1 values that holds the value itself: the shortest such reach is it.
    """
    n, best, place = len(v), np.full(len(v), np.inf), np.arange(len(v))
    for left in range(int(wanted.max()) + 1):
        a, b = place - left, place - left + wanted
        fits = (left <= wanted) & (a >= 0) & (b < n)
        a, b = np.where(fits, a, place), np.where(fits, b, place)
        fits &= (code[a] == code) & (code[b] == code)
        reach = np.maximum(v - v[a], v[b] - v)
        best = np.where(fits & (reach < best), reach, best)
    return best


def nearer(v: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Count the other values strictly nearer than the radius, by two searches in the sorted values."""
    v = np.ascontiguousarray(v)
    inside = np.searchsorted(v, v + radius, side="left") - np.searchsorted(v, v - radius, side="right") - 1
    return np.maximum(inside, 0)


def _on_grid(v: np.ndarray) -> np.ndarray:
    """Round to whole numbers below 2^51, after which v ± distance is exact; see `mi_lab.counting.neighbours`."""
    _, exponent = np.frexp(abs(v).max() or 1.0)
    return np.rint(np.ldexp(v, 51 - exponent))


def _slowly(x: np.ndarray, y: np.ndarray, k: int) -> float:
    x, y = (torch.from_numpy(v).reshape(1, -1, 1) for v in (x, y))
    return float(_values(x, y, None, k, 1, None, "tree", 1).mean())


def _mixed(code: np.ndarray, v: np.ndarray, k: int) -> float:
    local = conditional_neighbours({"x": None, "y": v[:, None]}, {"x": code, "y": None}, k)
    return float(np.nanmean(local)) if np.isfinite(local).any() else np.nan
