"""Comparing what an answer did with what the reference does, and naming the difference."""

import re
from dataclasses import dataclass, field

import numpy as np

Seen = dict[str, np.ndarray | str]


@dataclass(frozen=True)
class Line:
    """One sentence to the student about one part."""

    right: bool
    text: str
    part: str = ""
    asks: bool = False  # a question about what was meant, no verdict


@dataclass(frozen=True)
class Verdict:
    """What is said about an answer, and the share of the points that it earns."""

    score: float  # in [0, 1]
    lines: list[Line] = field(default_factory=list)
    attempted: bool = True

    @property
    def right(self) -> bool:
        return self.score == 1

    @property
    def hint(self) -> str:
        """The first thing to mend, or an empty text."""
        return next((line.text for line in self.lines if not line.right), "")


def sentence(text: str) -> str:
    """Return ``text`` with its first letter large, unless that is a symbol or a name: h is not H, nor log Log."""
    text = " ".join(text.split())
    first = text.split(" ")[0]
    letters = re.match(r"[^\W\d_]*", first)[0]
    symbol = len(letters) == 1 and (first != "a" or text.startswith("a ="))
    name = letters in ("log", "exp") or re.search(r"\w[_.(]\w|\(\)", first)
    return text if symbol or name else text[:1].upper() + text[1:]


def same(seen: Seen, wanted: Seen, rtol: float, atol: float) -> bool:
    """Tell whether two observations agree up to float noise and axes of length one."""
    if seen.keys() != wanted.keys():
        return False
    for path, right in wanted.items():
        found = seen[path]
        if isinstance(right, str) or isinstance(found, str):
            if found is not right and str(found) != str(right):
                return False
        elif _squeezed(found) != _squeezed(right) or not np.allclose(
            found.ravel(), right.ravel(), rtol=rtol, atol=atol, equal_nan=True
        ):
            return False
    return True


def _squeezed(array: np.ndarray) -> tuple[int, ...]:
    return tuple(s for s in array.shape if s != 1)


def general_hint(seen: Seen, wanted: Seen, rtol: float, atol: float) -> str:
    """Name a difference that any numeric answer may show: kind, shape, NaN, sign, unit, factor, offset."""
    if seen.keys() != wanted.keys():
        return f"{_count(wanted)} is wanted, your answer gave {_count(seen)}."
    for path, right in wanted.items():
        found, where = seen[path], f" (at {path})" if path else ""
        if isinstance(right, str) != isinstance(found, str):
            return f"a {'text' if isinstance(right, str) else 'number'} is wanted{where}."
        if isinstance(right, str):
            continue
        if _squeezed(found) != _squeezed(right):
            if right.size == 1:
                return f"one number is wanted{where}, yours have shape {found.shape}: over which axis is the average?"
            if _squeezed(found.T) == _squeezed(right):
                return f"the axes are swapped: shape {right.shape} is wanted{where}, yours is {found.shape}."
            return f"shape {right.shape} is wanted{where}, yours is {found.shape}: along which axis did you work?"
        if not np.isfinite(found).all() and np.isfinite(right).all():
            return f"your answer is not finite{where}: what overflows, or which logarithm is taken of zero?"
        if np.allclose(found.ravel(), right.ravel(), rtol=rtol, atol=atol, equal_nan=True):
            continue
        return _numeric_hint(found.ravel(), right.ravel(), rtol, atol) + where + "."
    return "not yet."


def _numeric_hint(found: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> str:
    def close(values):
        return np.allclose(found, values, rtol=rtol, atol=atol)

    if close(-right):
        return "the size is right, the sign is not"
    if close(right / np.log(2)):
        return "this is in bits: the book counts in nats, so use the natural logarithm"
    if close(right / np.log(10)):
        return "this uses the logarithm to base 10: take the natural one"
    if close(right * np.log(2)):
        return "you divided by log 2 the wrong way round: the natural logarithm already gives nats"
    if np.any(right) and close(np.exp(right)):
        return "this is the exponential of what is asked for: is a logarithm missing?"
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = found / right
    if found.size > 1 and np.isfinite(ratio).all() and np.ptp(ratio) < 1e-3 * abs(ratio[0]):
        return f"every value is {ratio[0]:.3g} times what is wanted: which factor is missing?"
    if found.size > 2 and np.ptp(found - right) < 1e-3 * abs(found[0] - right[0]):
        return f"every value is off by the same amount, {found[0] - right[0]:.3g}"
    shown = f" (yours: {found[0]:.4g})" if found.size == 1 else ""
    return "the numbers are not right yet" + shown


def _count(seen: Seen) -> str:
    return "one value" if len(seen) == 1 else f"{len(seen)} values"
