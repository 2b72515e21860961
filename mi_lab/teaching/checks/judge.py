"""What a verdict is, how a sentence begins, and when two observations are the same."""

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


def agree(seen: Seen, wanted: Seen, rtol: float, atol: float) -> bool:
    """Tell whether two observations agree up to float noise and axes of length one."""
    if seen.keys() != wanted.keys():
        return False
    for path, right in wanted.items():
        found = seen[path]
        if isinstance(right, str) or isinstance(found, str):
            if found is not right and str(found) != str(right):
                return False
        elif squeezed(found) != squeezed(right) or not close(found.ravel(), right.ravel(), rtol, atol):
            return False
    return True


def same(seen: list[Seen], wanted: list[Seen], rtol: float, atol: float) -> bool:
    """Tell whether the observations from all inputs agree."""
    return len(seen) == len(wanted) and all(agree(s, w, rtol, atol) for s, w in zip(seen, wanted, strict=True))


def close(found: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> bool:
    """Tell whether all numbers agree; NaN agrees with NaN."""
    return bool(np.allclose(found, right, rtol=rtol, atol=atol, equal_nan=True))


def squeezed(array: np.ndarray) -> tuple[int, ...]:
    """Return the shape without axes of length one."""
    return tuple(s for s in array.shape if s != 1)
