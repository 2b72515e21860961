"""`estimate` and `pairwise` of a table that does not fit: what is counted exactly, and what is looked at in part.

==========================  =========================================================================================
columns and method          what becomes of the rows
==========================  =========================================================================================
labels, few counts          all are counted, chunk by chunk: exactly what the whole table would give
"bins"                      all are counted, in bins whose edges are quantiles of a sub-sample (or equally wide)
"ksg"                       neighbours in a sub-sample; the error and the bias from parts of it
critics                     each epoch sees rows of its own, others are held out
all other methods           a sub-sample, with the error that it has
==========================  =========================================================================================
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mi_lab.estimates import Estimate
from mi_lab.large.context import Context, Sides, kinds_found, kinds_given, series, sides_of
from mi_lab.large.counted import binned, counted
from mi_lab.large.critics import can_stream, from_chunks
from mi_lab.large.sources import CHUNK, draw

SUBSAMPLE = 100_000  # rows that are held where rows are needed
DEFAULT = {True: 50_000, False: 20_000}  # of the default estimator, of one column each, of more: all that it looks at
GROUPS = 10  # parts of the sub-sample behind an error bar of neighbours
EXACT = ("auto", "counts", "ksg", "bins")  # methods that count labels as they are


def estimate_large(
    estimate: Callable,
    x: Any,
    y: Any,
    method: str,
    given: Any,
    kinds: dict | None,
    missing: str,
    marks: Any,
    normalize: str | None,
    seed: int,
    truth: float | None,
    subsample: int = SUBSAMPLE,
    chunk: int = CHUNK,
    **options: Any,
) -> Estimate:
    """Estimate from columns of a `LargeTable`, or from arrays that are mapped into memory.

    Parameters
    ----------
    subsample : int
        Rows that are held where rows are needed; a table of no more is read whole and estimated like any other.
    chunk : int
        Rows that are read at a time.
    **options
        Of the method.
    """
    for name, value in (("subsample", subsample), ("chunk", chunk)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 100:
            raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 100.")
    sides = sides_of(x, y, given)
    n = len(sides.table)
    kinds = kinds_given(kinds, sides)
    marks = tuple(marks) if isinstance(marks, (tuple, list, set)) else (marks,)
    shared = {"kinds": kinds, "missing": missing, "marks": marks, "normalize": normalize, "seed": seed, "truth": truth}
    if n <= subsample:
        frame = sides.table.at(np.arange(n))
        return _of_frame(estimate, frame, sides, method, shared | options)
    rng = np.random.default_rng([seed, 18])
    first = next(sides.table[sides.every].chunks(min(chunk, n)))
    sample = sides.table[sides.every].at(draw(n, subsample, rng))
    kinds, discrete = kinds_found(sample, sides, kinds, marks)
    said = [*series(first, sides, kinds, marks, missing)]
    how = [f"{n} rows of {sides.table.name!r} were read, at most {chunk} of a chunk at a time."]
    context = Context(sides, kinds, marks, missing, chunk, seed, truth, normalize, options.get("progress"))
    if method == "counts" or (discrete and method in EXACT):
        return counted(context, how, said, **options)
    words = "label" in kinds.values()
    if method == "bins" and len(sides.x) == len(sides.y) == 1 and not sides.z and not words:
        return binned(context, sample, how, said, **options)
    plain = not sides.z and not words and normalize is None
    if plain and can_stream(method):
        return from_chunks(estimate, context, method, subsample, how, said, **options)
    if plain and method == "ksg":
        return _neighbours(estimate, context, sample, how, said, options)
    if method == "auto":
        sample = sample.iloc[draw(len(sample), DEFAULT[len(sides.x) + len(sides.y) == 2], rng)]
    out = _of_frame(estimate, sample, sides, method, shared | {"kinds": kinds} | options)
    how.append(f"{len(sample)} rows drawn by chance were looked at: the error is theirs, not that of all rows.")
    return replace(out, n=n, how=(*how, *out.how), warnings=(*said, *out.warnings))


def _of_frame(estimate: Callable, frame: Any, sides: Sides, method: str, options: dict) -> Estimate:
    kinds = options.pop("kinds", None)
    more = {"given": frame[sides.z]} if sides.z else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # they are in the result, and said from there
        return estimate(frame[sides.x], frame[sides.y], method, kinds=kinds or None, **more, **options)


def _neighbours(estimate: Callable, c: Context, sample: Any, how: list, said: list, options: dict) -> Estimate:
    r"""Estimate by neighbours in the sub-sample; its parts tell the error, :math:`s / \sqrt{G}`, and the bias."""
    columns, gone = c.read(sample)
    x, y = (np.column_stack([columns[i].values for i in side]) for side in c.sides.cut())
    rows = np.random.default_rng([c.seed, 20]).permutation(len(x))
    run = lambda i: estimate(x[i], y[i], "ksg", seed=c.seed, parts=0, **options).value  # noqa: E731
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        value = run(np.arange(len(x)))
        parts = np.array([run(np.sort(part)) for part in np.array_split(rows, GROUPS)])
    error = float(parts.std(ddof=1)) / math.sqrt(GROUPS)
    rate = min(1.0, 2 / (x.shape[1] + y.shape[1]))
    drift = value - float(parts.mean())
    left = drift / (GROUPS**rate - 1)
    how.append(
        f"Neighbours in {len(x)} rows drawn by chance; {GROUPS} parts of them scatter by {parts.std(ddof=1):.2g} nats, "
        f"so the error is {error:.2g}, that of the sub-sample."
    )
    if abs(left) > 2 * error:
        said.append(
            f"bias rules: parts of {len(x) // GROUPS} rows give {drift:+.3f} nats less, so the estimate is probably "
            f"too {'low' if left > 0 else 'high'} by about {abs(left):.2g} nats; take a larger subsample."
        )
    if gone:
        said.append(f"{gone} of the {len(sample)} rows drawn have missing values and were left out.")
    return Estimate(
        value, error, "subsampling", truth=c.truth, method="ksg", n=c.n, bounds="no bound", warnings=tuple(said),
        how=tuple(how), bias=(max(0.0, -left), max(0.0, left)),
    )  # fmt: skip
