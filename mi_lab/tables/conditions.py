"""Conditions for methods that know none: the chain rule, and what a function of the condition settles."""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mi_lab.estimates import Estimate
from mi_lab.findings import function_of
from mi_lab.tables.reading import Rows


def of_functions(rows: Rows) -> str:
    """Say that x or y, of one column, is a function of the condition, so that I(X;Y|Z) is 0."""
    if rows.z is None:
        return ""
    z = rows.z.values
    for side in (rows.x, rows.y):
        if len(side.columns) == 1 and side.kinds != ("label",) and function_of(side.values, z):
            return f"{side.name} is a function of the condition: once that is known there is nothing left to learn."
    return ""


def difference(
    estimate: Callable,
    rows: Rows,
    method: str,
    seed: int = 0,
    truth: float | None = None,
    device: str | None = None,
    progress: bool | None = None,
    standardise: bool = True,
    by: str = "difference",
    **options: Any,
) -> Estimate:
    r"""Estimate I(X;Y|Z) by a method that knows no condition.

    .. math:: I(X;Y\vert Z) = I(X;Y,Z) - I(X;Z)

    Both terms have the same seed, so the same members hold the same rows out.  A difference of lower bounds bounds
    nothing; the error is that of two independent estimates.

    Parameters
    ----------
    estimate : callable
        The front door.
    by : {"difference", "reference"}
        The chain rule, or one critic against a reference that keeps the condition (`by_reference`).
    """
    if method == "kde":
        raise ValueError('method "kde" knows no condition: take "ksg", or a method with a critic.')
    if by not in ("difference", "reference"):
        raise ValueError(f"by = {by!r}, wanted 'difference' or 'reference'.")
    if options.get("normalize"):
        raise ValueError(f"method {method!r} under a condition has no ratio: leave normalize out, or take counts.")
    x, y, z = (side.indicators() for side in rows.sides)
    shared = {"seed": seed, "device": device, "progress": progress, "standardise": standardise, **options}
    if by == "reference":
        from mi_lab.trainers.conditional import by_reference

        return by_reference(x, y, z, method, truth=truth, straighten=not rows.x.has_labels, **shared)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both, alone = (estimate(x, w, method, **shared) for w in (np.concatenate([y, z], 1), z))
    errors = [e.error for e in (both, alone)]
    said = tuple(dict.fromkeys((*both.warnings, *alone.warnings)))
    return replace(
        both,
        value=both.value - alone.value,
        error=None if None in errors else math.hypot(*errors),
        truth=truth,
        bounds="no bound",
        members=both.members - alone.members if len(both.members) == len(alone.members) else np.empty(0),
        history={},
        trainer=None,
        warnings=said,
    )
