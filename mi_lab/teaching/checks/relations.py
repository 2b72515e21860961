"""How an answer is related to what is wanted and to what it was given: exact for several inputs, or not said."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mi_lab.teaching.checks.judge import close, squeezed

SIZE = "the number of"
AXES = {None: "", 0: " over the first axis", 1: " over the second axis", 2: " over the third axis"}


@dataclass(frozen=True)
class Context:
    """What else was seen of an answer.

    Parameters
    ----------
    given : numbers about the arguments of the first call with each of the inputs, under the words that name them
    idle : parts of the arguments that made no difference, though they should
    """

    given: list[dict[str, float]] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    def said(self) -> str:
        """Say what makes no difference; nothing if all does that should."""
        if not self.idle:
            return ""
        return f"your answer stays the same whatever {self.idle[0]} is: where does it enter?"


def _all(found: list, right: list, rtol: float, atol: float) -> bool:
    """Tell whether all agree, as far as there are as many."""
    return all(
        squeezed(np.asarray(f)) == squeezed(np.asarray(r)) and close(np.ravel(f), np.ravel(r), rtol, atol)
        for f, r in zip(found, right, strict=False)
    )


def reduced(found: list, right: list, rtol: float, atol: float) -> str:
    """Say of an answer of another shape how what is wanted comes out of it; nothing if it doesn't."""
    if any(isinstance(v, str) for v in (*found, *right)) or squeezed(found[0]) == squeezed(right[0]):
        return ""
    if np.size(found[0]) > np.size(right[0]):
        for axis in (None, *range(np.ndim(found[0]))):
            for way, words in ((np.mean, "average"), (np.sum, "sum")):
                if _tried(found, right, lambda v, way=way, axis=axis: way(v, axis=axis), rtol, atol):
                    return f"{_sizes(found[0], right[0])}: all that is missing is the {words}{AXES.get(axis, '')}"
            for k, words in ((-1, "last"), (0, "first")):
                if axis is not None and _tried(found, right, lambda v, k=k, axis=axis: np.take(v, k, axis), rtol, atol):
                    only = f"of what you give back only the {words} one{AXES[axis]} is wanted"
                    return f"{_sizes(found[0], right[0])}: {only}"
        if np.ndim(found[0]) == 2 and _tried(found, right, lambda v: np.diag(v).copy(), rtol, atol):
            return f"{_sizes(found[0], right[0])}: only the diagonal of what you give back is wanted"
    elif np.size(found[0]) == 1:
        for way, words in ((np.mean, "average"), (np.sum, "sum")):
            if _tried(right, found, way, rtol, atol):
                return f"{np.size(right[0])} numbers are wanted, yours is their {words}: leave the {words} out"
    return ""


def _tried(found: list, right: list, way: Callable, rtol: float, atol: float) -> bool:
    try:
        made = [way(np.asarray(f)) for f in found]
    except (ValueError, IndexError):
        return False
    return all(np.isfinite(m).all() for m in made) and _all(made, right, rtol, atol)


def _sizes(found, right) -> str:
    wanted = "one number is" if np.size(right) == 1 else f"shape {np.shape(right)} is"
    return f"{wanted} wanted, yours is of shape {np.shape(found)}"


def _ways(words: str, v: np.ndarray):
    """Yield what may have been done with a number of the given ones, as what becomes of the right answer."""
    size = words.startswith(SIZE)
    yield lambda r: v + 0 * r, f"what you give back is {words}, and no more"
    yield lambda r: r * v, f"every value is {words} times too large" + (": a sum for an average?" if size else "")
    yield lambda r: r / v, f"every value is divided by {words} once too often"
    if size:
        yield (
            lambda r: r * v / (v - 1),
            f"every value is n/(n - 1) times too large, n being {words}: divided by n - 1, not by n?",
        )
        yield (
            lambda r: r * (v - 1) / v,
            f"every value is (n - 1)/n of what is wanted, n being {words}: n and n - 1 exchanged?",
        )
        yield lambda r: r + np.log(v), f"every value is too large by the logarithm of {words}"
        yield lambda r: r - np.log(v), f"every value is too small by the logarithm of {words}"
        yield (
            lambda r: r - 2 * np.log(v),
            f"every value is too small by twice the logarithm of {words}: is a sign turned?",
        )
        yield (
            lambda r: r + 2 * np.log(v),
            f"every value is too large by twice the logarithm of {words}: is a sign turned?",
        )
        yield lambda r: r + np.log((v - 1) / v), "every value is too small by log n - log(n - 1), n being " + words
        yield lambda r: r + np.log(v / (v - 1)), "every value is too large by log n - log(n - 1), n being " + words
    else:
        yield lambda r: r - v, f"every value is too small by exactly {words}: where does that belong?"
        yield lambda r: r + v, f"every value is too large by exactly {words}: does that belong here?"
        yield lambda r: r + 2 * v, f"every value is too large by twice {words}: is its sign turned?"
        yield lambda r: r - 2 * v, f"every value is too small by twice {words}: is its sign turned?"
        yield lambda r: v - r, f"your answer is {words} minus what is wanted"
        yield lambda r: r * v**2, f"every value is {words} times too large, twice over"
    yield lambda r: r * np.sqrt(v), f"every value is too large by the root of {words}, as a factor"
    yield lambda r: r / np.sqrt(v), f"every value is too small by the root of {words}, as a factor"


def named(found: list, right: list, context: Context, rtol: float, atol: float) -> str:
    """Say how the answer follows from what is wanted and one number of the inputs; that takes two inputs at least."""
    return next(_fitting(found, right, context, rtol, atol), "")


def times(found: list, right: list, context: Context, rtol: float, atol: float) -> str:
    """Say the same of an answer that is off by one factor for all inputs: only if the number differs between them."""
    return next(_fitting(found, right, context, rtol, atol, vary=True), "")


def _fitting(found: list, right: list, context: Context, rtol: float, atol: float, vary: bool = False):
    if len(context.given) < max(2, len(found)) or _all(found, right, rtol, atol):
        return
    for words in context.given[0]:
        if not all(words in once for once in context.given):
            continue
        values = [once[words] for once in context.given[: len(found)]]
        v = np.concatenate([np.full(np.size(f), x) for f, x in zip(found, values, strict=True)])
        f, r = (np.concatenate([np.ravel(a) for a in rows]) for rows in (found, right))
        if (
            f.shape != r.shape
            or (vary and np.ptp(v) == 0 and not (words.startswith(SIZE) and v[0] >= 5))
            or np.abs(v).min() < 10 * atol
        ):
            continue
        for way, said in _ways(words, v):
            with np.errstate(all="ignore"):
                other = way(r)
            tight = np.abs(other - f) <= rtol * np.minimum(np.abs(f), np.abs(other)) + atol
            if np.isfinite(other).all() and tight.all() and not close(other, r, 10 * rtol, 10 * atol):
                yield said


def where(f: np.ndarray, r: np.ndarray, rtol: float, atol: float) -> str:
    """Say which values are right and which are not, if their signs or sizes tell them apart."""
    good = np.isclose(f, r, rtol=rtol, atol=atol)
    if not 0 < good.sum() < good.size or good.size < 6:
        return ""
    for mask, here, there in ((r > 0, "positive", "negative"), (r < 0, "negative", "positive")):
        if np.array_equal(good, mask):
            return f"right where the value is {here}, wrong where it is {there}"
    if r[good].max() < r[~good].min() or r[good].min() > r[~good].max():
        small = r[good].max() < r[~good].min()
        edge = r[good].max() if small else r[good].min()
        here, there = ("most", "larger") if small else ("least", "smaller")
        return f"right where the value is at {here} {edge:.3g}, wrong where it is {there}"
    return ""
