"""Naming the difference between what an answer did and what the reference does: true for any exercise, or not said.

What is looked at came from several random inputs, so no hint rests on one number that fits by chance.
"""

import math
from itertools import permutations

import numpy as np

from mi_lab.teaching.checks import relations
from mi_lab.teaching.checks.judge import Seen, agree, close, squeezed
from mi_lab.teaching.checks.relations import Context

NONE = "your function gives nothing back (None): is a `return` missing?"
INSIDE = "among what your function gives back is a None: is it computed at all, or only printed?"
PRINTED = "your function prints something but gives nothing back (None): end it with `return`."
MEMBERS = 4  # at most so many are tried in other orders
NEAR = 0.05
TIMES = {2: "twice", 0.5: "half of", 3: "three times", 4: "four times", 0.25: "a quarter of", -2: "minus twice"}
SIZES = {1: "one number", 2: "two values", 3: "three values", 4: "four values"}
FIRSTS = ("first", "second", "third", "fourth", "fifth")
LOG2, LOG10 = np.log(2), np.log(10)
WAYS = (  # what was done to the right number instead of nothing
    (lambda r: -r, "the size is right, the sign is not"),
    (lambda r: r / LOG2, "this is in bits: the book counts in nats, so use the natural logarithm"),
    (lambda r: r / LOG10, "this uses the logarithm to base 10: take the natural one"),
    (lambda r: r * LOG2, "you divided by log 2 the wrong way round: the natural logarithm already gives nats"),
    (np.exp, "this is the exponential of what is asked for: is a logarithm missing?"),
    (lambda r: np.exp(-r), "this is exp(-…) of what is asked for: is a logarithm, and a sign, missing?"),
    (np.log, "this is the logarithm of what is asked for: one logarithm too many?"),
    (lambda r: 1 / r, "this is one divided by what is asked for"),
    (np.square, "this is the square of what is asked for: is a root missing?"),
    (np.sqrt, "this is the root of what is asked for: is a square missing?"),
    (lambda r: 1 - r, "this is one minus what is asked for"),
    (np.abs, "the sizes are right, but some signs are lost"),
    (lambda r: np.maximum(r, 0), "negative values are cut off at 0"),
)
PLAIN = {f"{words}." for _, words in WAYS}


def described(seen: Seen) -> str:
    """Say of what kind a result is."""
    if set(seen) != {""}:
        return SIZES.get(len(seen), f"{len(seen)} values") if len(seen) > 1 else "a collection of one value"
    value = seen[""]
    if isinstance(value, str):
        return "a text"
    if value.size == 1:
        return "one number"
    return f"{value.size} numbers in a row" if value.ndim == 1 else f"an array of shape {value.shape}"


def members(seen: Seen) -> Seen:
    """Return a result with the members of a short row of numbers as values of their own: a pair is a pair."""
    if set(seen) == {""} and not isinstance(seen[""], str) and seen[""].ndim == 1 and 1 < seen[""].size <= MEMBERS:
        return {str(k): np.asarray(v) for k, v in enumerate(seen[""])}
    return seen


AMOUNTS = {
    math.log(2): "log 2",
    math.log(2 * math.pi) / 2: "½ log 2π",
    math.log(2 * math.pi): "log 2π",
    math.log(2 * math.pi * math.e) / 2: "½ log 2πe",
}


def kind(found: Seen, right: Seen, rtol: float, atol: float) -> str:
    """Say how the kind of a result differs from what is wanted; nothing if it doesn't."""
    if found.keys() == right.keys():
        return ""
    if members(found).keys() == right.keys() or found.keys() == members(right).keys():
        return ""
    wanted = f"{described(right)} {'are' if len(right) > 1 else 'is'} wanted, your function gave {described(found)}"
    if len(right) > 1 and len(found) == 1:
        (value,) = found.values()
        for place, (path, other) in enumerate(right.items()):
            if _equal(value, other, rtol, atol):
                return f"{wanted}: {_name(path, place)} is there, the rest is missing."
    if len(right) == 1 and len(found) > 1:
        (wanted_value,) = right.values()
        for place, (path, value) in enumerate(found.items()):
            if _equal(value, wanted_value, rtol, atol):
                return f"{wanted}: give back {_name(path, place)} alone."
    return f"{wanted}."


def _equal(a, b, rtol: float, atol: float) -> bool:
    return agree({"": a}, {"": b}, rtol, atol)


def _name(path: str, place: int) -> str:
    last = path.split(".")[-1]
    known = FIRSTS[place] if place < len(FIRSTS) else f"{place + 1}th"
    return f"the {known} value" if last.isdigit() or not last else last


def naming(
    found: list[Seen], right: list[Seen], rtol: float, atol: float, context: Context | None = None, plain: bool = False
) -> str:
    """Return one sentence about how answers to the same inputs differ.

    Parameters
    ----------
    found, right : what the answer and the reference gave, for each of the inputs
    context : what else was seen of the answer
    plain : say only what needs no guess at the formula, such as a lost sign; else nothing
    """
    context, both = context or Context(), min(len(found), len(right))
    found, right = found[:both], right[:both]
    for f, r in zip(found, right, strict=False):
        if f.keys() != r.keys():
            return kind(f, r, rtol, atol) or f"{described(r)} is wanted, yours is {described(f)}."
    for path in right[0]:
        if words := relations.reduced([f[path] for f in found], [r[path] for r in right], rtol, atol):
            return _stop(words + (f" (at {path})" if path else ""))
    for f, r in zip(found, right, strict=False) if not plain else ():
        for path, wanted in r.items():
            if words := _shape(f[path], wanted):
                return _stop(words + (f" (at {path})" if path else ""))
    if moved := swapped(found, right, rtol, atol):
        return moved
    paths = list(right[0])
    wrong = [p for p in paths if not all(_equal(f[p], r[p], rtol, atol) for f, r in zip(found, right, strict=False))]
    if not wrong:
        return "not yet."
    if plain:
        if len(wrong) == len(paths) == 1 and len(found) > 1 and (words := _constant(found, right, wrong[0], atol)):
            return _stop(words)
        ways = {_way([f[p] for f in found], [r[p] for r in right], rtol, atol) for p in wrong}
        return _stop(ways.pop()) if len(ways) == 1 and len(wrong) == len(paths) else ""
    words = _numbers([f[wrong[0]] for f in found], [r[wrong[0]] for r in right], rtol, atol, context)
    if len(paths) == 1:
        return _stop(words)
    named = {p: _name(p, paths.index(p)) for p in paths}
    others = [name for name in dict.fromkeys(named.values()) if name not in {named[p] for p in wrong}]
    if others:
        return _stop(f"{', '.join(others)} right, {named[wrong[0]]} not: {words}")
    alike = {_numbers([f[p] for f in found], [r[p] for r in right], rtol, atol, context) for p in wrong}
    return _stop(words if len(alike) == 1 else f"{words} (at {named[wrong[0]]})")


def shapes(found: Seen, right: Seen) -> str:
    """Say where a result has another shape than the reference's; nothing if it has not."""
    if found.keys() != right.keys():
        return f"{described(right)} {'are' if len(right) > 1 else 'is'} wanted, yours is {described(found)}."
    for path, wanted in right.items():
        wrong = isinstance(found[path], str) != isinstance(wanted, str)
        if wrong or (not isinstance(wanted, str) and squeezed(found[path]) != squeezed(wanted)):
            return _stop(_shape(found[path], wanted) + (f" (at {path})" if path else ""))
    return ""


def _stop(words: str) -> str:
    return words if words.endswith("?") or not words else f"{words}."


def _shape(found, right) -> str:
    if isinstance(right, str) != isinstance(found, str):
        return f"a {'text' if isinstance(right, str) else 'number'} is wanted"
    if isinstance(right, str):
        return ""
    if squeezed(found) != squeezed(right):
        if right.size == 1:
            return f"one number is wanted, yours have shape {found.shape}: over which axis is the sum or the average?"
        if squeezed(found.T) == squeezed(right):
            return f"the axes are swapped: shape {right.shape} is wanted, yours is {found.shape}"
        if found.size == 1:
            return f"{right.size} numbers, of shape {right.shape}, are wanted, yours is one"
        if found.ndim == right.ndim == 1:
            return f"{right.size} numbers are wanted, yours are {found.size}: where do rows get lost, or filled up?"
        return f"shape {right.shape} is wanted, yours is {found.shape}: along which axis did you work?"
    if not np.isfinite(found).all() and np.isfinite(right).all():
        if np.isnan(found).any():
            return "your answer is not finite (nan): what overflows, which logarithm is taken of zero, or below it?"
        return "your answer is not finite (infinite): what overflows, or which logarithm is taken of zero?"
    return ""


def swapped(found: list[Seen], right: list[Seen], rtol: float, atol: float) -> str:
    """Tell whether all values are there, in another order."""
    paths = list(right[0])
    lasts = list(dict.fromkeys(p.split(".")[-1] for p in paths))
    if not 1 < len(lasts) <= MEMBERS or any(isinstance(v, str) for v in found[0].values()):
        return ""
    for order in permutations(lasts):
        if list(order) == lasts:
            continue
        new = dict(zip(lasts, order, strict=True))
        moved = {p: ".".join([*p.split(".")[:-1], new[p.split(".")[-1]]]) for p in paths}
        if not all(q in found[0] for q in moved.values()):
            continue
        turned = [{p: f[moved[p]] for p in paths} for f in found]
        if all(agree(t, r, rtol, atol) for t, r in zip(turned, right, strict=False)):
            wanted = "" if any(name.isdigit() for name in lasts) else f": wanted are {', '.join(lasts)}, in this order"
            return f"the right values in the wrong order{wanted}."
    return ""


def _constant(found: list[Seen], right: list[Seen], path: str, atol: float) -> str:
    """Say that an answer is one number whatever it is asked, where what is wanted differs."""
    f, r = (np.concatenate([np.ravel(v[path]) for v in values]) for values in (found, right))
    if r.size < 2 or not np.isfinite(f).all() or np.ptp(r) <= _spread(r, atol) or np.ptp(f) > 1e-9 * abs(f[0]):
        return ""
    return f"your answer is {f[0]:.4g} for every input tried"


def _way(found: list, right: list, rtol: float, atol: float) -> str:
    """Say which one thing was done to all numbers that are wanted; nothing if it is none of the known."""
    f, r = (np.concatenate([np.ravel(v) for v in values]) for values in (found, right))
    if f.shape != r.shape or r.size < 2 or np.ptp(r) <= _spread(r, atol) or np.ptp(f) <= 1e-9 * abs(f[0]):
        return ""
    with np.errstate(all="ignore"):
        for way, words in WAYS:
            other = way(r)
            if np.isfinite(other).all() and not close(other, r, rtol, atol) and close(f, other, rtol, atol):
                return words
        ratio = f / r
        for factor, words in TIMES.items():
            if np.abs(ratio / factor - 1).max() < 1e-3:
                return f"every value is {words} what is wanted: which factor is missing, or too many?"
    return ""


def _spread(r: np.ndarray, atol: float) -> float:
    """Return how much numbers have to vary before a relation between them means anything."""
    return max(10 * atol, 1e-3 * np.abs(r).max())


def _numbers(found: list, right: list, rtol: float, atol: float, context: Context) -> str:
    """Name how numbers differ that several inputs gave; each way holds for all of them, or is not named."""
    f, r = (np.concatenate([np.ravel(v) for v in values]) for values in (found, right))
    enough = r.size > 1 and np.ptp(r) > _spread(r, atol)
    if enough:
        with np.errstate(all="ignore"):
            if np.ptp(f) <= 1e-9 * abs(f[0]) and len(found) > 1:
                return f"your answer is {f[0]:.4g} for every input tried"
            if words := _way(found, right, rtol, atol):
                return words
            ratio, gap = f / r, f - r
            off = np.abs(ratio - 1).max()  # a factor that is nearly one is no factor
            if np.isfinite(ratio).all() and off > 5e-3 and np.ptp(ratio) < 1e-3 * abs(ratio[0]):
                times = next((w for k, w in TIMES.items() if abs(ratio[0] / k - 1) < 1e-3), "")
                known = "" if times else relations.times(found, right, context, rtol, atol)
                times = times or f"{ratio[0]:.3g} times"
                return known or f"every value is {times} what is wanted: which factor is missing, or too many?"
            if words := relations.named(found, right, context, rtol, atol):
                return words
            if np.ptp(gap) < 1e-3 * abs(gap[0]) and np.ptp(gap) < 1e-3 * np.ptp(r):
                known = next((f" (that is {w})" for k, w in AMOUNTS.items() if abs(abs(gap[0]) / k - 1) < 1e-3), "")
                return f"every value is off by the same amount, {gap[0]:+.3g}{known}"
            if r.size > 4:
                slope, start = np.polyfit(r, f, 1)
                if np.isfinite(slope) and close(start + slope * r, f, rtol, atol) and abs(slope) > 1e-6:
                    if abs(start) < 1e-6 * np.ptp(f):
                        return f"every value is {slope:.3g} times what is wanted: which factor is missing, or too many?"
                    return f"every value is {start:.3g} plus {slope:.3g} times what is wanted"
    if words := _order(found, right, rtol, atol):
        return words
    if words := context.said():
        return words
    if enough and np.isfinite(f).all():
        if words := relations.where(f, r, rtol, atol):
            return words
        off = np.abs(f - r) / np.maximum(np.abs(r), 1e-12)
        if off.max() < NEAR:
            return f"close, but off by up to {off.max():.1%}: is something small left out, or cut off too early?"
        if (f > r).all() or (f < r).all():
            return f"the numbers are not right yet: too {'large' if f[0] > r[0] else 'small'} for every input tried"
    return "the numbers are not right yet" + (f" (yours: {f[0]:.4g})" if f.size == 1 else "")


def _order(found: list, right: list, rtol: float, atol: float) -> str:
    """Name what only a row of numbers can show: another order, a shift, a few wrong ones."""
    f, r = np.ravel(found[0]), np.ravel(right[0])
    if r.size < 3:
        return ""
    pairs = [(np.ravel(a), np.ravel(b)) for a, b in zip(found, right, strict=False)]
    shape = np.shape(right[0])
    if len(shape) == 2 and shape[0] == shape[1] > 1:
        if all(close(np.transpose(a).ravel(), b.ravel(), rtol, atol) for a, b in zip(found, right, strict=False)):
            return "rows and columns are exchanged"
    elif all(close(a[::-1], b, rtol, atol) for a, b in pairs):
        return "the right numbers in reverse order"
    for step in (1, -1):
        if all(close(np.roll(a, step), b, rtol, atol) for a, b in pairs):
            return "the right numbers, shifted by one place"
    if all(close(np.sort(a), np.sort(b), rtol, atol) for a, b in pairs):
        return "the right numbers in another order: does something sort or shuffle them?"
    if all(close(a, np.cumsum(b), rtol, atol) for a, b in pairs):
        return "these are running sums of what is wanted"
    good = np.isclose(f, r, rtol=rtol, atol=atol)
    if 0 < good.sum() < good.size:
        return f"{good.sum()} of {good.size} numbers are right; the first wrong one has index {np.argmin(good)}"
    return ""
