r"""Series: which lag links two of them, and does the past of one tell about the other beyond its own past?

Positive lags let x go first: x a while ago beside y now.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mi_lab.counting.batches import whole
from mi_lab.estimates import Estimate
from mi_lab.findings import serial
from mi_lab.tables.kinds import Column
from mi_lab.tables.mixed import by_kinds
from mi_lab.tables.reading import Rows, Side, read
from mi_lab.tables.significance import Significance, tested

MIN_ROWS = 20
BLOCKS = 20  # fewer blocks have too few orders that differ: p <= .2 came in 24 % of strangers, by shifts in 22 %


def lagged(x: Any, y: Any, lags: int | Iterable[int] = 10, method: str = "ksg", *, given: Any = None, **options: Any):
    r"""Estimate :math:`I(X_{t-l}; Y_t)` for several lags l, given Z_t if there is a condition.

    Parameters
    ----------
    x, y : array-like or tables of n rows, in the order of time
    lags : int or several
        10 stands for -10, -9, …, 10.  Positive: x goes first.
    method, given, **options
        As for `estimate`.

    Returns
    -------
    DataFrame
        Indexed by lag: value, error (in nats, or the units asked for) and n, the rows that the lag leaves.

    Raises
    ------
    ValueError
        A lag leaves fewer than 20 rows, or anything that `estimate` refuses.

    Examples
    --------
    >>> lagged(x, y, range(6)).value.idxmax()
    """
    import pandas as pd

    from mi_lab.frontdoor import estimate

    at = _lags(lags)
    n = _length(x, y, given)
    if n - max(map(abs, at)) < MIN_ROWS:
        raise ValueError(
            f"lag {max(at, key=abs)} leaves {n - max(map(abs, at))} of {n} rows, wanted at least {MIN_ROWS}."
        )
    read(x, y, given, options.get("kinds"), options.get("missing", "refuse"), options.get("marks", ()))  # rows by name
    found = {}
    for lag in at:
        now = slice(max(lag, 0), n + min(lag, 0))  # rows of y
        then = slice(now.start - lag, now.stop - lag)
        z = None if given is None else _rows(given, now)
        e = estimate(_rows(x, then), _rows(y, now), method, given=z, **options)
        found[lag] = {"value": e.value, "error": e.error, "n": e.n}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("lag")


@dataclass(repr=False)
class Transfer(Estimate):
    """A transfer entropy, and whether it is more than chance.

    Attributes
    ----------
    p : float or None
        p-value; None where no test was asked for.
    past : tuple
        Past values of x and of y, see `transfer_entropy`.
    """

    p: float | None = None
    past: tuple[int, int] = (1, 1)

    def __repr__(self) -> str:
        p = "" if self.p is None else f", p = {self.p:.3g}"
        return super().__repr__() + p


def transfer_entropy(
    x: Any,
    y: Any,
    history: tuple[int, int] = (1, 1),
    *,
    given: Any = None,
    delay: int = 1,
    permutations: int = 0,
    early: int = 20,
    block: int | None = None,
    kinds: dict | None = None,
    units: str = "nats",
    seed: int = 0,
    **options: Any,
) -> Transfer:
    r"""Estimate how much the past of x tells about y beyond y's own past.

    .. math:: T_{X\to Y} = I(Y_t;\ X_{t-u}, \dots, X_{t-u-k+1}\,\vert\, Y_{t-1}, \dots, Y_{t-l})

    Reference: schreiber2000.

    Parameters
    ----------
    x, y : array-like or tables of n rows, in the order of time, without gaps
    history : (k, l)
        Past values of x, and of y.
    given : optional
        Another series Z whose value at t - 1 is part of the condition.
    delay : int
        u, how long x takes at least.
    permutations : int
        Orders for the test, 0 for none: blocks of x's past change places while y keeps its own.
    early : int
        As for `significance`.
    block : int, optional
        Rows of a block; left out, three times what the series remember, at least the root of n.  Where that leaves
        fewer than 20 blocks, there are two: x's past is shifted in a circle.
    kinds, units, seed
        As for `estimate`.
    **options
        k, variant, correction, surrogate, …: of `mi_lab.tables.mixed.by_kinds`.

    Returns
    -------
    Transfer
        An `Estimate` with `p`.

    Raises
    ------
    ValueError
        Fewer than 20 rows are left, gaps, or an option that doesn't exist.
    """
    try:
        k, l = (whole(v, "history", 1) for v in history)
    except TypeError:
        raise ValueError(f"history = {history!r}, wanted two whole numbers: past values of x and of y.") from None
    delay = whole(delay, "delay", 1)
    series = read(x, y, given, kinds, minimum=MIN_ROWS)
    n, first = series.x.n, max(delay + k - 1, l)
    if n - first < MIN_ROWS:
        raise ValueError(f"history = {history!r} leaves {n - first} of {n} rows, wanted at least {MIN_ROWS}.")
    past_x, past_y = _past(series.x, first, range(delay, delay + k)), _past(series.y, first, range(1, l + 1))
    condition = past_y if series.z is None else past_y + _past(series.z, first, range(1, 2))
    rows = Rows(
        Side("x", past_x), Side("y", _past(series.y, first, range(1))), Side("given", condition), series.sentences
    )
    tau = serial(series.x.values, series.y.values)[1]
    block = whole(block, "block", 1) if block is not None else max(tau, round((n - first) ** 0.5))
    result = by_kinds(rows, "auto", seed=seed, block=min(tau, (n - first) // 8), **options)
    test: Significance | None = None
    if permutations:
        how = "blocks" if n - first >= BLOCKS * block else "shifts"  # a shift is a change of places of two blocks
        test = tested(rows, whole(permutations, "permutations", 19), how, block, seed, early, 1)
    known = {f.name: getattr(result, f.name) for f in fields(Estimate)}
    return Transfer(**known, p=None if test is None else test.p, past=(k, l)).to(units)  # type: ignore[return-value]


def _past(side: Side, first: int, steps: Iterable[int]) -> tuple[Column, ...]:
    """Return the columns of a series as they were so many steps ago, for the rows from `first` on."""
    n = side.n
    return tuple(c.at(np.arange(first - s, n - s)) for s in steps for c in side.columns)


def _lags(lags: int | Iterable[int]) -> list[int]:
    if isinstance(lags, (int, np.integer)) and not isinstance(lags, bool):
        most = whole(lags, "lags", 0)
        return list(range(-most, most + 1))
    try:
        at = [v.__index__() for v in lags]  # type: ignore[union-attr]
    except (TypeError, AttributeError):
        at = []
    if not at:
        raise ValueError(f"lags = {lags!r}, wanted a whole number or several.")
    return at


def _length(*series: Any) -> int:
    return min(len(s) for s in series if s is not None)


def _rows(v: Any, at: slice) -> Any:
    """Return rows of a series by position; pandas' index is dropped, as the rows have moved against each other."""
    if hasattr(v, "iloc"):
        return v.iloc[at].reset_index(drop=True)
    return v[at] if hasattr(v, "shape") else list(v)[at]
