"""The estimate by kinds: exact counts for labels, neighbours for numbers and for mixtures, with or without a condition.

==========================  ==========================================================================
columns                     estimator
==========================  ==========================================================================
labels (and few counts)     exact counts (`counts`)
numbers, mixtures, both     neighbours, labels apart (`conditional_neighbours`)
numbers only, a condition   neighbours, and what they miss of a Gaussian law put back (`missed`)
==========================  ==========================================================================
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from mi_lab.counting.batches import one_of, whole
from mi_lab.counting.conditional import conditional_neighbours
from mi_lab.counting.discrete import CORRECTIONS, FILLED, NORMALISERS, chosen, counts, tabulated
from mi_lab.counting.errors import _cut
from mi_lab.counting.front import gaussian_scores
from mi_lab.counting.surrogate import missed
from mi_lab.estimates import RATIO, Estimate
from mi_lab.tables.reading import Rows, Side, as_codes

PAIRS, FEWER, DEEP = 50, 20, 8  # pairs of halves for labels, for neighbours, for neighbours in many columns
MANY = 6  # columns that are many
SURROGATES = 4  # samples of the Gaussian law
RATIOS = {"sqrt": "geometric"}  # another name for it
METHODS = ("auto", "counts", "ksg", "bins")  # that take labels and a condition here


def takes(rows: Rows, method: str) -> bool:
    """Say whether these rows are estimated here when the method is this one."""
    if method == "counts":
        return True
    if method not in METHODS:
        return False
    return rows.z is not None or rows.has_labels or (method == "auto" and (rows.x.discrete or rows.y.discrete))


def by_kinds(
    rows: Rows,
    method: str = "auto",
    seed: int = 0,
    parts: int | None = None,
    truth: float | None = None,
    block: int = 1,
    k: int = 3,
    variant: int = 1,
    number: int | None = None,
    correction: str | None = None,
    normalize: str | None = None,
    surrogate: bool | None = None,
) -> Estimate:
    """Estimate I(X;Y) or I(X;Y|Z) of columns of any kinds.

    Parameters
    ----------
    rows : Rows
    method : {"auto", "counts", "ksg", "bins"}
        By kinds; every value a label; neighbours wherever there is a number; numbers cut into bins.
    parts : int, optional
        Pairs of halves for the error bar, 0 for none.
    block : int
        Rows that stay together in the halves.
    k, variant : of neighbours; variant 2 under a condition of numbers has a bias, see `conditional_neighbours`
    number : int, optional
        Bins a column; left out, as many as leave 5 rows a cell.
    correction : of `counts`
    normalize : {"sum", "joint", "max", "min", "geometric", "sqrt"}, optional
        Divide by entropies; numbers have none to divide by.
    surrogate : bool, optional
        Put back what neighbours miss of a Gaussian law with the same correlations; left out: under a condition, where
        all columns are numbers that vary continuously.

    Raises
    ------
    ValueError
        A ratio of numbers, or an option that doesn't exist.
    """
    one_of(correction, "correction", (None, *CORRECTIONS))
    normalize = RATIOS.get(normalize, normalize)
    one_of(normalize, "normalize", (None, *NORMALISERS))
    one_of(variant, "variant", (1, 2))
    k, n = whole(k, "k", 1), rows.x.n
    if k >= n:
        raise ValueError(f"k = {k} with n = {n} rows, wanted k < n: there is no {k}-th neighbour.")
    made = {"n": n, "truth": truth, "bounds": "no bound", "units": RATIO if normalize else "nats"}
    all_labels = all(s.discrete for s in rows.sides)
    if method in ("counts", "bins") or all_labels:
        codes = coded(rows, None if method == "counts" or all_labels else _number(rows, number))
        correction = correction or chosen(tabulated(*codes))
        name = "bins" if method == "bins" and not all_labels else "counts"
        function: Callable = lambda i: counts(*(v if v is None else v[i] for v in codes), correction, normalize)  # noqa: E731
        value, said, pairs = function(slice(None)), _of_counts(codes), PAIRS
        extra = 0.0
    else:
        name, pairs = "ksg", FEWER if sum(map(len, (s.kinds for s in rows.sides))) <= MANY else DEEP
        function, value, said, extra = _neighbours(rows, k, variant, seed, surrogate)
        if normalize:
            function, value = _as_ratio(rows, normalize, function)
    least = max(4, 2 * block if block > 1 else 0, k + 1 if name == "ksg" else 0)
    if parts == 0 or n < 2 * least or not math.isfinite(value):
        return Estimate(value, method=name, warnings=said, **made)
    error = _error(function, n, parts or pairs, seed, block)
    if error is None:
        said += ("too few of the halves of the rows gave a number: there is no error bar.",)
        return Estimate(value, method=name, warnings=said, **made)
    return Estimate(value, math.hypot(error, extra), "subsampling", method=name, warnings=said, **made)


def _error(function: Callable, n: int, pairs: int, seed: int, block: int) -> float | None:
    """Return the standard error from pairs of halves that share no row, see `mi_lab.standard_error`."""
    generator = torch.Generator().manual_seed(seed)
    squares = []
    for _ in range(pairs):
        a, b = (function(half.numpy()) for half in _cut(n, block, generator))
        if math.isfinite(a) and math.isfinite(b):
            squares.append(((a - b) / 2) ** 2)
    return math.sqrt(np.mean(squares)) if len(squares) > pairs / 2 else None


# ---- labels ---------------------------------------------------------------------------------------------------------


def coded(rows: Rows, number: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return the codes (n,) of x, y and z, numbers cut into so many bins of equal mass first."""
    return tuple(None if side is None else _codes(side, number) for side in (rows.x, rows.y, rows.z))  # type: ignore


def _codes(side: Side, number: int | None) -> np.ndarray:
    if number is None:
        return side.codes()
    from scipy.stats import rankdata

    columns = [c.values if c.discrete else np.floor(number * (rankdata(c.values) - 0.5) / side.n) for c in side.columns]
    return as_codes(np.column_stack(columns))


def _number(rows: Rows, number: int | None) -> int:
    if number is not None:
        return whole(number, "number", 1)
    columns = [c for side in rows.sides for c in side.columns]
    cut = [c for c in columns if not c.discrete]
    cells = math.prod(len(np.unique(c.values)) for c in columns if c.discrete)
    return max(2, int((rows.x.n / (FILLED * cells)) ** (1 / max(1, len(cut)))))


def _of_counts(codes: tuple) -> tuple[str, ...]:
    x, y, z = codes
    said = []
    for name, v in (("x", x), ("y", y)):
        values = len(np.unique(v))
        if values > 0.5 * len(v):
            said.append(
                f"{name} has {values} different labels in {len(v)} rows, as names or numbers of rows have: labels that "
                "do not come back tell nothing."
            )
    if z is not None:
        alone = int((np.bincount(z)[z] == 1).sum())
        if alone > 0.2 * len(z):
            said.append(f"{alone} of {len(z)} rows are the only ones under their condition: such rows tell nothing.")
    return tuple(said)


# ---- neighbours -----------------------------------------------------------------------------------------------------


def prepared(rows: Rows) -> tuple[dict, dict, bool]:
    """Return the numbers of x, y and z on a common scale, their labels, and whether all vary continuously.

    Numbers become Gaussian scores of their ranks.  Where all vary continuously, x and y lose what is linear in z, which
    leaves I(X;Y|Z) as it is and makes the neighbourhoods rounder.
    """
    numbers, labels = {}, {}
    for s, side in zip("xyz", rows.sides, strict=False):
        labels[s], v = side.split()
        numbers[s] = None if v is None else gaussian_scores(v)
    plain = all(v is None for v in labels.values()) and all(
        len(np.unique(v[:, j])) > 0.9 * len(v) for v in numbers.values() for j in range(v.shape[1])
    )
    basis = linear(numbers["z"]) if plain and "z" in numbers else None
    numbers |= {s: None if numbers[s] is None else without(numbers[s], basis) for s in "xy"}
    return {s: None if v is None else scaled(v) for s, v in numbers.items()}, labels, plain


def linear(z: np.ndarray) -> np.ndarray | None:
    """Return an orthonormal basis (n, d + 1) of what is linear in z (n, d); None where the rows are too few."""
    n, d = z.shape
    if n <= 2 * d + 2:
        return None
    u, size, _ = np.linalg.svd(np.c_[np.ones(n), z], full_matrices=False)
    return u[:, size > 1e-12 * size[0]]


def without(v: np.ndarray, basis: np.ndarray | None) -> np.ndarray:
    """Return columns less what lies in a basis, or as they are if nothing would be left of one."""
    if basis is None:
        return v
    rest = v - basis @ (basis.T @ v)
    return rest if (rest.std(0) > 1e-6).all() else v


def scaled(v: np.ndarray) -> np.ndarray:
    """Return columns with mean 0 and standard deviation 1; one that never varies becomes 0."""
    v = v - v.mean(0)
    spread = v.std(0)
    return v / np.where(spread > 0, spread, 1.0)


def _neighbours(rows: Rows, k: int, variant: int, seed: int, surrogate: bool | None) -> tuple:
    numbers, labels, plain = prepared(rows)
    sizes = tuple(0 if numbers.get(s) is None else numbers[s].shape[1] for s in "xyz")
    put_back = plain and (rows.z is not None if surrogate is None else surrogate)
    noise = np.random.default_rng([seed, 5]).standard_normal((SURROGATES, rows.x.n, sum(sizes))) if put_back else None

    def raw(v: np.ndarray) -> float:
        parts = np.split(v, np.cumsum(sizes)[:-1], 1)
        return float(conditional_neighbours(dict(zip("xyz", map(scaled, parts), strict=True)), {}, k, variant).mean())

    def function(i: Any, samples: int = 1) -> float:
        at = lambda d: {s: None if v is None else v[i] for s, v in d.items()}  # noqa: E731
        value = _mean(conditional_neighbours(at(numbers), at(labels), k, variant))
        if not put_back:
            return value
        together = np.concatenate([v[i] for v in numbers.values()], 1)
        more, spread[0] = missed(together, sizes, raw, [e[: len(together)] for e in noise[:samples]])
        return value + more

    spread = [0.0]
    sizes = sizes if rows.z is not None else (*sizes[:2], 0)
    value = function(slice(None), SURROGATES)
    said = ()
    alone = int(np.isnan(conditional_neighbours(numbers, labels, k, variant)).sum()) if not plain else 0
    if alone:
        said = (f"{alone} row(s) carry a combination of labels seen only once and are left out.",)
    return function, value, said, spread[0]


def _mean(local: np.ndarray) -> float:
    return float(np.nanmean(local)) if np.isfinite(local).any() else math.nan


def _as_ratio(rows: Rows, normalize: str, function: Callable) -> tuple[Callable, float]:
    """Divide by the entropy of the side that holds labels: the other's has no meaning, it changes with the unit."""
    said = {v: k for k, v in RATIOS.items()}.get(normalize, normalize)
    sides = [side for side in (rows.x, rows.y) if side.discrete]
    if normalize != "min" or not sides or rows.z is not None:
        raise ValueError(
            f"normalize = {said!r} divides by entropies of labels, and columns that vary continuously have none: "
            'leave it out, or take normalize="min" for a label and a number without a condition.'
        )
    codes = sides[0].codes()

    def ratio(i: Any) -> float:
        below = tabulated(codes[i], codes[i]).hx
        return min(1.0, max(0.0, function(i) / below)) if below > 1e-12 else 0.0

    return ratio, ratio(slice(None))
