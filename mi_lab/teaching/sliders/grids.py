"""The values that a slider of `explore` can take: checked here, once."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FRAMES = 64  # pictures that one block may hold: what a reader would flip through, and a build can wait for
COUNTS = {1: 12, 2: 4}  # values made of a bare range, by the number of parameters
ADVICE = "(low, high), (low, high, step) or a list of values"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a drawing function: its name, its values on the page, and its range live."""

    name: str
    label: str
    values: list
    start: Any
    low: float | None = None
    high: float | None = None
    step: float | None = None


def parameters(draw: Callable, specs: dict, labels: dict | None, start: dict | None) -> list[Parameter]:
    """Check the ranges handed to `explore` and return one `Parameter` each.

    Raises
    ------
    TypeError
        If ``draw`` isn't a function, or can't be called with these names.
    ValueError
        If there are none or more than two parameters, or a range is empty, reversed or not finite.
    """
    if not callable(draw):
        raise TypeError(f"explore: draw is a {type(draw).__name__}, wanted a function that draws a figure.")
    if not 1 <= len(specs) <= 2:
        raise ValueError(f"explore: {len(specs)} parameters, wanted one or two, such as n_=(2, 1000).")
    try:
        inspect.signature(draw).bind(**specs)
    except TypeError as problem:
        name = getattr(draw, "__name__", "draw")
        raise TypeError(f"explore: {name} can't be called with {', '.join(specs)} alone: {problem}.") from None
    except ValueError:  # some built-in functions have no signature
        pass
    for given, what in ((labels, "labels"), (start, "start")):
        strangers = set(given or {}) - set(specs)
        if strangers:
            raise ValueError(f"explore: {what} names {sorted(strangers)}, the parameters are {sorted(specs)}.")
    count = COUNTS[len(specs)]
    return [_parameter(name, spec, (labels or {}).get(name, name), start or {}, count) for name, spec in specs.items()]


def _parameter(name: str, spec: Any, label: str, start: dict, count: int) -> Parameter:
    low = high = step = None
    if isinstance(spec, tuple):
        low, high, step = _range(name, spec)
        values = _spread(low, high, count) if step is None else _steps(low, high, step)
        live_step = step if step is not None else (1 if isinstance(low, int) else (high - low) / 100)
    else:
        values, live_step = _listed(name, spec), None
    first = start.get(name, values[0])
    if first not in values:
        if low is None or step is not None or not low <= first <= high:
            raise ValueError(f"explore: {name} can't start at {first!r}, its values are {_short(values)}.")
        values = sorted([*values, type(low)(first)])
    return Parameter(name, label, values, first, low, high, live_step)


def _range(name: str, spec: tuple) -> tuple:
    if len(spec) not in (2, 3) or not all(_is_number(v) for v in spec):
        raise ValueError(f"explore: {name} is {spec!r}, wanted {ADVICE}.")
    if not all(math.isfinite(v) for v in spec):
        raise ValueError(f"explore: {name} is {spec!r}, wanted finite numbers.")
    if spec[0] >= spec[1]:
        what = "empty" if spec[0] == spec[1] else "reversed"
        raise ValueError(f"explore: the range {name}={spec!r} is {what}, wanted low < high.")
    if len(spec) == 3 and not 0 < spec[2] <= spec[1] - spec[0]:
        raise ValueError(f"explore: the step of {name}={spec!r} must be positive and at most high − low.")
    whole = all(isinstance(v, (int, np.integer)) for v in spec)
    spec = tuple(int(v) if whole else float(v) for v in spec)
    return (*spec, None) if len(spec) == 2 else spec


def _is_number(v: Any) -> bool:
    return isinstance(v, (int, float, np.integer, np.floating)) and not isinstance(v, bool)


def _spread(low, high, count: int) -> list:
    """Return about ``count`` values from low to high, in equal ratios where the range spans more than a factor 20."""
    values = np.geomspace(low, high, count) if low > 0 and high / low > 20 else np.linspace(low, high, count)
    if isinstance(low, int):
        return sorted({round(v) for v in values.tolist()} | {low, high})
    return [low, *(float(f"{v:.4g}") for v in values[1:-1]), high]


def _steps(low, high, step) -> list:
    count = math.floor((high - low) / step + 1e-9) + 1
    if isinstance(low, int):
        return [low + i * step for i in range(count)]
    return [float(f"{low + i * step:.12g}") for i in range(count)]


def _listed(name: str, spec: Any) -> list:
    if isinstance(spec, (str, bytes, dict)) or not hasattr(spec, "__iter__"):
        raise ValueError(f"explore: {name} is {spec!r}, wanted {ADVICE}.")
    values = [v.item() if isinstance(v, np.generic) else v for v in spec]
    if len(values) < 2:
        raise ValueError(f"explore: {name} has {len(values)} value(s), a slider wants at least two.")
    if any(_is_number(v) and not math.isfinite(v) for v in values):
        raise ValueError(f"explore: {name} holds a value that isn't finite: {_short(values)}.")
    if any(v in values[:i] for i, v in enumerate(values)):
        raise ValueError(f"explore: {name} holds a value twice: {_short(values)}.")
    return values


def _short(values: list) -> str:
    return ", ".join(map(repr, values[:8])) + (", …" if len(values) > 8 else "")


def check_count(wanted: list[Parameter]) -> None:
    """Raise a `ValueError` with advice if the page would need too many pictures."""
    total = math.prod(len(p.values) for p in wanted)
    if total > FRAMES:
        sizes = " × ".join(f"{len(p.values)} values of {p.name}" for p in wanted)
        example = (
            ", ".join(f"{v!r}" for v in _spread(wanted[0].values[0], wanted[0].values[-1], 6))
            if all(_is_number(v) for v in wanted[0].values)
            else "…"
        )
        raise ValueError(
            f"explore: {sizes} make {total} pictures, a page takes at most {FRAMES}; "
            f"name the values to show, such as {wanted[0].name}=[{example}]."
        )


def written(value: Any) -> str:
    """Write a parameter's value as a reader would."""
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "\u2212")
    return str(value).replace("-", "\u2212") if isinstance(value, int) else str(value)
