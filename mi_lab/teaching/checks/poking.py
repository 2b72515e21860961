"""What a student's function was given, in numbers with names, and which parts of it make no difference."""

import copy
import inspect
import math
import time

import numpy as np

from mi_lab.teaching.checks.observe import NotAttempted, Unusable, observe

MOST = 20_000  # numbers of an argument that is still looked at
SLOW = 0.05  # seconds: a function that takes longer is not called again


def names_of(answer, count: int) -> list[str]:
    """Return what the arguments of a function are called by the student."""
    try:
        named = [p.name for p in inspect.signature(answer).parameters.values() if p.kind in (0, 1)]
    except (TypeError, ValueError):
        named = []
    return [*named[:count], *(f"argument {k + 1}" for k in range(len(named), count))]


def _numbers(value) -> np.ndarray | None:
    """Return an argument as an array of float64, or None where it is something else."""
    if isinstance(value, bool) or callable(value):
        return None
    if isinstance(value, int | float):
        return np.asarray(float(value))
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and 0 < value.size <= MOST:
        return value.astype(np.float64)
    return None


def facts(names: list[str], args: tuple) -> dict[str, float]:
    """Return plain numbers about the arguments, each under the words that name it."""
    found: dict[str, float] = {}
    for name, value in zip(names, args, strict=True):
        v = _numbers(value)
        if v is None:
            continue
        if v.ndim == 0:
            found[name] = float(v)
            continue
        found |= {f"the number of {'rows' if v.ndim > 1 else 'values'} of {name}": float(len(v))}
        if v.ndim > 1:
            found[f"the number of columns of {name}"] = float(v.shape[1])
        if np.asarray(value).dtype.kind == "f" if isinstance(value, np.ndarray) else hasattr(value, "detach"):
            found |= _summaries(name, v)
    return {words: number for words, number in found.items() if math.isfinite(number)}


def _summaries(name: str, v: np.ndarray) -> dict[str, float]:
    with np.errstate(all="ignore"):
        top = v.max()
        log_mean = float(top + np.log(np.exp(v - top).mean()))
        found = {
            f"the mean of {name}": float(v.mean()),
            f"the sum of {name}": float(v.sum()),
            f"the logarithm of the average of e^{name}": log_mean,
            f"the average of e^{name}": float(np.exp(log_mean)),
            f"the largest value of {name}": float(top),
        }
        if v.ndim == 2 and v.shape[0] == v.shape[1]:
            found[f"the mean of the diagonal of {name}"] = float(np.diag(v).mean())
            found[f"the sum of the diagonal of {name}"] = float(np.trace(v))
    return found


def ignored(answer, args: tuple, seconds: float) -> list[str]:
    """Return the parts of the arguments, ``place:part``, that may change without changing what comes back.

    Parameters
    ----------
    seconds : what the first call took
    """
    if seconds > SLOW or any(isinstance(a, np.random.Generator) for a in args):
        return []
    before = _result(answer, args)
    if before is None:
        return []
    found: list[str] = []
    start = time.monotonic()
    for place, value in enumerate(args):
        for part, other in _others(value):
            if f"{place}:" in found or time.monotonic() - start > 1:
                break
            after = _result(answer, (*args[:place], other, *args[place + 1 :]))
            if after is None or not np.array_equal(after, before):
                continue
            far = [_result(answer, (*args[:place], _far(value, other, by), *args[place + 1 :])) for by in (40.0, -90.0)]
            if all(v is not None and np.array_equal(v, before) for v in far):  # not just too small a change
                found.append(f"{place}:{part}")
    return found


def _result(answer, args: tuple) -> np.ndarray | None:
    try:
        leaves = observe(answer(*[_fresh(a) for a in args]))
        values = np.concatenate([leaf["values"] for leaf in leaves.values()])
    except (NotAttempted, Unusable):
        return None
    except Exception:  # whatever a changed argument does to it
        return None
    return values if np.isfinite(values).all() else None


def _fresh(value):
    if hasattr(value, "detach"):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, tuple | list):
        return type(value)(_fresh(v) for v in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def _others(value):
    """Yield each part of an argument with what the argument is when that part is another."""
    if isinstance(value, tuple | list) and value and all(_numbers(v) is not None for v in value):
        for k, member in enumerate(value):
            for _, other in list(_others(member))[:1]:
                yield f"member {k}", type(value)([*value[:k], other, *value[k + 1 :]])
        return
    v = _numbers(value)
    if v is None or isinstance(value, int) or (isinstance(value, np.ndarray) and value.dtype.kind != "f"):
        return
    if v.ndim == 0:
        yield "", value * 1.03
        return
    if hasattr(value, "detach") and not value.is_floating_point():
        return
    yield "", _scaled(value, np.ones(v.shape, dtype=bool))
    masks = {}
    if v.ndim == 2 and v.shape[0] == v.shape[1]:
        masks["diagonal"] = np.eye(len(v), dtype=bool)
        masks["off"] = ~masks["diagonal"]
    if v.ndim >= 2:
        for word, k in (("first column", 0), ("last column", -1)):
            masks[word] = np.zeros(v.shape, dtype=bool)
            masks[word][:, k] = True
    for word, mask in masks.items():
        yield word, _scaled(value, mask)


def _far(value, other, by: float):
    """Return an argument that is much farther from what it was than ``other``, in the same places."""
    if isinstance(value, tuple | list):
        return type(value)(_far(v, o, by) for v, o in zip(value, other, strict=True))
    new = value + by * (other - value)
    return new.detach().requires_grad_(value.requires_grad) if hasattr(value, "detach") else new


def _scaled(value, mask: np.ndarray):
    """Return an array whose chosen numbers are a little larger in size, each by another share."""
    by = 1 + 0.03 * mask * (0.2 + np.abs(np.sin(1.0 + np.arange(mask.size).reshape(mask.shape))))
    if hasattr(value, "detach"):
        import torch

        new = value.detach() * torch.as_tensor(by, dtype=value.dtype)
        return new.requires_grad_(value.requires_grad)
    return value * by


def in_words(label: str, names: list[str]) -> str:
    """Say which part of which argument a label of ``ignored`` means."""
    place, part = label.split(":", 1)
    name = names[int(place)] if int(place) < len(names) else f"argument {int(place) + 1}"
    if part == "off":
        return f"what stands off the diagonal of {name}"
    if part.startswith("member "):
        return f"the {('first', 'second', 'third', 'fourth')[min(int(part[7:]), 3)]} member of {name}"
    return f"the {part} of {name}" if part else name


def remembered(args: tuple) -> tuple:
    """Return a copy of arguments that later calls cannot change."""
    return tuple(
        a if callable(a) else _fresh(a) if not isinstance(a, np.random.Generator) else copy.deepcopy(a) for a in args
    )
