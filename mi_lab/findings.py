"""What the rows themselves say: copies, functions, and rows that follow one another, before anything is estimated.

Every finding is one sentence for `Estimate.warnings`.  Genuinely discrete data (labels, rounded numbers, counts) are
full of equal values by chance; nothing here mistakes them for copies or for functions.
"""

import math
from dataclasses import dataclass

import numpy as np

EXACT = 1e-6  # of a column's spread: what rounding to float32 leaves
STRETCH, SEEN = 8, 3.0  # rows that sorting leaves exchangeable; standard errors by which a memory is seen
MANY = 50  # columns beyond which no search for functions is made


@dataclass(frozen=True)
class Findings:
    """Sentences about the rows, whether I(X;Y) is infinite, and how many rows stay together in an error bar."""

    sentences: tuple[str, ...] = ()
    infinite: bool = False
    copied: bool = False
    block: int = 1


def findings(x: np.ndarray, y: np.ndarray) -> Findings:
    """Look at samples x (n, d_x) and y (n, d_y)."""
    said = function_of(x, y)
    if said:
        return Findings((said,), infinite=True)
    said = copied_rows(x, y)
    if said:  # copies side by side look like a series, and like a bias: said once
        return Findings((said,), copied=True)
    said, block = serial(x, y)
    return Findings((said,) if said else (), block=block)


# ---- functions -----------------------------------------------------------------------------------------------------


def function_of(x: np.ndarray, y: np.ndarray) -> str:
    """Say that a continuous column is a function of the other side: a copy, a monotone or a linear map of columns."""
    n = len(x)
    continuous = [[j for j in range(v.shape[1]) if _continuous(v[:, j])] for v in (x, y)]
    ranks = [v[:, found].argsort(0, kind="stable") for v, found in ((x, continuous[0]), (y, continuous[1]))]
    for i, a in zip(continuous[0], ranks[0].T, strict=True):
        for j, b in zip(continuous[1], ranks[1].T, strict=True):
            if _same_order(x[:, i], y[:, j], a, b):
                return _infinite(f"{_name('y', y, j)} rises or falls with {_name('x', x, i)} without exception")
    for name, v, found, other, w in (("y", y, continuous[1], "x", x), ("x", x, continuous[0], "y", y)):
        if 1 < w.shape[1] <= MANY and n >= 2 * (w.shape[1] + 2) and found:
            basis = np.c_[np.ones(n), _scaled(w)]
            targets = _scaled(v[:, found])
            rest = targets - basis @ np.linalg.lstsq(basis, targets, rcond=None)[0]
            exact = abs(rest).max(0) < EXACT
            if exact.any():
                return _infinite(f"{_name(name, v, found[int(exact.argmax())])} is a linear function of {other}")
    return ""


def _infinite(what: str) -> str:
    return (
        f"{what}: of numbers that vary continuously the mutual information is infinite, and no error bar covers that."
    )


def _same_order(u: np.ndarray, v: np.ndarray, by_u: np.ndarray, by_v: np.ndarray) -> bool:
    """Say whether v never falls where u rises, or never rises: equal values on one side are so on the other."""
    along = v[by_u]
    for step in (np.diff(along), -np.diff(along)):
        tied = np.diff(u[by_u]) == 0
        if (step >= 0).all() and (step[tied] == 0).all():
            return True
    return False


def _scaled(v: np.ndarray) -> np.ndarray:
    largest = abs(v).max(0)
    v = v / np.where(largest > 0, largest, 1)
    v = v - v.mean(0)
    spread = v.std(0)
    return v / np.where(spread > 0, spread, 1)


def _name(name: str, v: np.ndarray, j: int) -> str:
    return name if v.shape[1] == 1 else f"column {j} of {name}"


def _continuous(v: np.ndarray) -> bool:
    """Say whether a column varies continuously: many different values that lie on no lattice."""
    values = np.unique(v)
    return len(values) >= max(8, len(v) / 5) and not _lattice(values)


def _lattice(values: np.ndarray) -> bool:
    """Say whether sorted, different values are whole multiples of one step, as counts and rounded numbers are.

    Measured numbers have a smallest gap, too, of which the others are no multiples.
    """
    room = values[-1] - values[0]
    gaps = np.diff(values)
    step = gaps.min()
    if room <= 0 or not np.isfinite(room) or room / step > 1e7:
        return False
    return bool((abs(gaps / step - np.rint(gaps / step)) < 1e-3 * np.maximum(1, gaps / step * 1e-3)).all())


# ---- copies --------------------------------------------------------------------------------------------------------


def copied_rows(x: np.ndarray, y: np.ndarray) -> str:
    """Say that rows occur several times where numbers vary so finely that chance would not repeat them.

    A value of such a column that comes back always brings its whole row along; labels and rounded numbers come back
    with other partners.
    """
    n = len(x)
    rows = np.ascontiguousarray(np.concatenate([x, y], 1))
    group, count = _groups(rows)
    copied = count[group] > 1
    if copied.mean() < 0.01:
        return ""
    for side in (x, y):
        for j in range(side.shape[1]):
            values, sizes = _groups(side[:, [j]])
            tied = sizes[values] > 1
            whole = copied[tied].mean() > 0.95 and (sizes[values] == count[group])[tied].mean() > 0.95
            if whole and (_continuous(side[:, j]) or (copied.all() and len(sizes) >= max(8, n / 5))):
                return (
                    f"{int(copied.sum())} of {n} rows are copies of one another: to neighbours, kernels and bins "
                    "copies look like dependence, so leave them out (or look at where they come from)."
                )
    return ""


def _groups(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which group of equal rows each row is in, and how large each group is."""
    if v.shape[1] == 1:
        _, group, count = np.unique(v[:, 0], return_inverse=True, return_counts=True)
    else:
        _, group, count = np.unique(v, axis=0, return_inverse=True, return_counts=True)
    return group.reshape(-1), count


# ---- rows that follow one another ----------------------------------------------------------------------------------


def serial(x: np.ndarray, y: np.ndarray) -> tuple[str, int]:
    r"""Say that the rows follow one another, and return how many of them an error bar is to keep together.

    Two series that both remember hold fewer independent rows than they have: n divided by

    .. math:: \tau = 1 + 2 \sum_{h \ge 1} \rho_x(h)\, \rho_y(h)

    (bartlett1935), of ranks here, the largest of all columns.  Rows sorted by one of the columns are no series.  Where
    rows are alike over long stretches and neighbours no more so than rows of one stretch, they may have been sorted by
    something that isn't here: that is said.
    """
    n = len(x)
    if n < 40 or any(in_order(v[:, j]) for v in (x, y) for j in range(v.shape[1])):
        return "", 1
    most = n // 8
    memory = []
    for v in (x, y):
        series = [_autocorrelation(v[:, j], most) for j in range(min(v.shape[1], MANY))]
        memory.append(max(series, key=lambda r: abs(r[0])))
    (a, b), limit = memory, 4.5 / math.sqrt(n)  # independent rows pass it once in 100,000 columns
    if min(abs(a[0]), abs(b[0])) < limit:
        return "", 1
    product = a * b
    end = np.argmax(product < 0.02) if (product < 0.02).any() else most
    tau = 1 + 2 * max(0.0, float(product[:end].sum()))
    if tau < 1.1:
        return "", 1
    block = int(min(most, math.ceil(3 * tau)))
    columns = [v[:, j] for v in (x, y) for j in range(min(v.shape[1], MANY))]
    if not any(remembers(v) for v in columns):
        return (
            "rows near one another are alike, but neighbours no more so than rows some places apart: was the table "
            "sorted or grouped by something?  Then shuffle its rows first; if it is a series, it holds about "
            f"{max(1, round(n / tau))} independent ones and looks dependent by chance, by more than an error bar for "
            "independent rows says."
        ), block
    return (
        f"the rows follow one another (lag-1 autocorrelation {a[0]:.2f} in x, {b[0]:.2f} in y) and hold about "
        f"{max(1, round(n / tau))} independent ones: such series look dependent by chance, by much more than an error "
        "bar for independent rows says (rows that were only sorted may be shuffled first)."
    ), block


def in_order(v: np.ndarray) -> bool:
    """Say whether a column is sorted, or holds each of few values in one stretch of rows."""
    step = np.diff(v)
    if (step >= 0).all() or (step <= 0).all():
        return True
    values = len(np.unique(v))
    return bool(values <= len(v) / 4 and np.count_nonzero(step) == values - 1)


def remembers(v: np.ndarray, stretches: np.ndarray | None = None) -> bool:
    """Say whether neighbouring rows are more alike than rows of one stretch of eight, as they are in a series only.

    Rows that were sorted by something can change places with those nearby.  In every stretch the mean square of the
    steps is then that of all differences, on average; by what share it is below is a t-statistic over stretches.

    Parameters
    ----------
    v : (n,)
    stretches : (n,), optional
        A column that no stretch is to hold two values of.
    """
    from scipy.stats import rankdata

    ranks = rankdata(v)
    cuts = [] if stretches is None else (np.flatnonzero(np.diff(stretches)) + 1).tolist()
    parts = [part[: len(part) // STRETCH * STRETCH] for part in np.split(ranks, cuts)]
    rows = np.concatenate(parts).reshape(-1, STRETCH)
    if len(rows) < 4:
        return False
    every = 2 * rows.var(1, ddof=1)  # the mean of (u_i - u_j)² over all pairs
    below = 1 - (np.diff(rows, axis=1) ** 2).mean(1) / np.where(every > 0, every, 1)  # 0 on average over all orders
    below[every == 0] = 0
    spread = below.std(ddof=1)
    return bool(spread > 0 and below.mean() > SEEN * spread / math.sqrt(len(rows)))


def _autocorrelation(v: np.ndarray, most: int) -> np.ndarray:
    """Return the autocorrelations of a column's ranks at lags 1, 2, …, `most`."""
    from scipy.stats import rankdata

    u = rankdata(v)
    u = u - u.mean()
    size = 1 << (2 * len(u) - 1).bit_length()
    spectrum = np.fft.rfft(u, size)
    r = np.fft.irfft(abs(spectrum) ** 2, size)[: most + 1]
    return r[1:] / r[0] if r[0] > 0 else np.zeros(most)
