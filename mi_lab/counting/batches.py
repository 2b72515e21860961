"""What the counting estimators take and give back: one data set, a batch of them, or a batch of images.

=====================  =================  ==============================
input                  meaning            result
=====================  =================  ==============================
(n,) or (n, d)         n samples          a number, tensor of shape ()
(B, n), batch=True     B data sets        (B,)
(B, n, d), batch=True  B data sets        (B,)
(B, C, H, W)           images, n = H · W  (B, C), one value a channel
=====================  =================  ==============================

Inside, every estimator works on items of shape (A, n, d_x) and (A, n, d_y).
"""

import math
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mi_lab.device import cores, threads, widest
from mi_lab.samples import _finite, _numeric, native

WANTED = "(n,), (n, d), with batch=True (B, n) or (B, n, d), or images (B, C, H, W)"
NORMALISERS = ("sum", "joint", "max", "min", "geometric")


_PART: ContextVar[bool] = ContextVar("part", default=False)


@contextmanager
def parts_of_samples() -> Iterator[None]:
    """Estimate from parts of samples that were accepted as a whole: nothing is refused or said a second time."""
    before = _PART.set(True)
    try:
        yield
    finally:
        _PART.reset(before)


def is_part() -> bool:
    """Say whether the samples are part of others; to be asked in the caller's thread."""
    return _PART.get()


@dataclass(frozen=True)
class Items:
    """A data sets of n samples each: x (A, n, d_x) and y (A, n, d_y), and the shape that the result is to have."""

    x: Tensor
    y: Tensor
    shape: tuple[int, ...]

    @property
    def n(self) -> int:
        return self.x.shape[1]

    @property
    def constant(self) -> Tensor:
        """Which items hold a variable that never varies, so that I = 0: (A,) booleans."""
        return _unvarying(self.x) | _unvarying(self.y)

    def widened(self) -> "Items":
        """Return the same in the widest type of numbers that the device has."""
        wide = widest(self.x.device)
        return Items(self.x.to(wide), self.y.to(wide), self.shape)

    def finish(self, values: Tensor, clip: bool) -> Tensor:
        """Give values (A,) or (A, n) the shape of the result, negative ones at 0 if `clip`."""
        values = values.reshape(self.shape + values.shape[1:])
        return values.clamp_min(0) if clip else values


def as_items(x: Any, y: Any, batch: bool = False, minimum: int = 2) -> Items:
    """Check what a counting estimator was given and bring it into the form (A, n, d).

    Tensors stay on their device and keep their graph; float32 stays float32, everything else becomes float64 (float32
    where the device has nothing wider).

    Raises
    ------
    ValueError
        Not numbers, NaN, infinite, a shape that has no meaning here, too few samples, or x and y that don't match.

    Warns
    -----
    UserWarning
        A variable that is constant: its mutual information with anything is 0.
    """
    x, shape_x = _items(x, "x", batch)
    y, shape_y = _items(y, "y", batch)
    if shape_x != shape_y or x.shape[:2] != y.shape[:2]:
        raise ValueError(
            f"x holds {_told(x, shape_x)} and y {_told(y, shape_y)}: wanted equally many, "
            "sample i of one going with sample i of the other."
        )
    if x.shape[1] < minimum:
        raise ValueError(f"x has n = {x.shape[1]} samples, wanted at least {minimum}.")
    if x.device != y.device:
        raise ValueError(f"x is on {x.device} and y on {y.device}, wanted one device.")
    dtype = torch.promote_types(x.dtype, y.dtype)
    items = Items(x.to(dtype), y.to(dtype), shape_x)
    for name, part in (("x", x), ("y", y)):
        count = int(_unvarying(part).sum())
        if count and not is_part():
            where = f" in {count} of {len(part)} items" if shape_x else f" in all {items.n} samples"
            warnings.warn(
                f"{name} is constant{where}, so its mutual information with anything is 0: nothing was estimated.",
                stacklevel=3,
            )
    return items


def _items(x: Any, name: str, batch: bool) -> tuple[Tensor, tuple[int, ...]]:
    if isinstance(x, Tensor):
        if x.is_complex() or x.layout != torch.strided:
            raise ValueError(f"{name} has dtype {x.dtype} and layout {x.layout}, wanted real, dense numbers.")
    else:
        array = _numeric(x, name)
        array = native(array if array.dtype.kind == "f" else array.astype("float64"))
        x = torch.as_tensor(array if array.flags.writeable else array.copy())
    if x.dtype not in (torch.float32, torch.float64):
        x = x.to(torch.float32 if x.dtype in (torch.float16, torch.bfloat16) else widest(x.device))
    shape: tuple[int, ...] = ()
    if x.ndim == 4:
        shape, x = tuple(x.shape[:2]), x.reshape(math.prod(x.shape[:2]), -1, 1)
    elif batch and x.ndim in (2, 3):
        shape, x = (x.shape[0],), x if x.ndim == 3 else x[:, :, None]
    elif not batch and x.ndim in (1, 2):
        x = x.reshape(1, x.shape[0], -1) if x.numel() else x.reshape(1, x.shape[0], 1 if x.ndim == 1 else x.shape[1])
    else:
        raise ValueError(f"{name} has shape {tuple(x.shape)} with batch={batch}, wanted {WANTED}.")
    if x.numel() == 0:
        raise ValueError(f"{name} is empty (items, samples, dimensions: {tuple(x.shape)}), wanted {WANTED}.")
    _finite(x.detach().reshape(-1, x.shape[2]), name, torch.isnan, torch.isinf)
    return x, shape


def _unvarying(x: Tensor) -> Tensor:
    return (x == x[:, :1]).flatten(1).all(1)


def _told(x: Tensor, shape: tuple[int, ...]) -> str:
    return f"{x.shape[1]} samples" + (f" in each of {' x '.join(map(str, shape))} items" if shape else "")


def standardised(x: Tensor) -> Tensor:
    """Centre every column of every item and divide it by its standard deviation (a constant column becomes 0).

    A mutual information does not change when a coordinate is rescaled, but distances do: without a common scale the
    estimate would depend on the unit.
    """
    x = x - x.mean(1, keepdim=True)
    # In two steps, so that neither a tiny nor a huge unit under- or overflows when squared.
    largest = x.detach().abs().amax(1, keepdim=True)
    x = x / torch.where(largest > 0, largest, torch.ones_like(largest))
    variance = x.square().mean(1, keepdim=True)
    return x / torch.where(variance > 0, variance, torch.ones_like(variance)).sqrt()


def whole(value: Any, name: str, least: int) -> int:
    """Return `value` as an int of at least `least`, or raise a `ValueError` that says what was found."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise ValueError(f"{name} = {value!r}, wanted a whole number of at least {least}.")
    return value.__index__()


def one_of(value: Any, name: str, choices: tuple) -> Any:
    """Return `value` if it is one of `choices`, or raise a `ValueError` that lists them."""
    if value not in choices:
        raise ValueError(f"{name} = {value!r}, wanted one of: {', '.join(repr(c) for c in choices)}.")
    return value


def normaliser(by: str, hx: Tensor, hy: Tensor, hxy: Tensor) -> Tensor:
    """Return what a mutual information is divided by to lie between 0 and 1, from discrete entropies in nats."""
    return {
        "sum": (hx + hy) / 2,
        "joint": hxy,
        "max": torch.maximum(hx, hy),
        "min": torch.minimum(hx, hy),
        "geometric": (hx * hy).clamp_min(0).sqrt(),
    }[by]


def by_crews(function: Callable, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    """Run ``function(x, y) -> tensors`` on the items, shared among the cores of a CPU, each of them in one thread.

    Small operations lose by torch's own threads.  A gradient or another device keeps the items together.
    """
    slope = torch.is_grad_enabled() and (x.requires_grad or y.requires_grad)
    crews = min(cores(), len(x))
    with threads(0, x.device):
        if x.device.type != "cpu" or slope or crews == 1:
            return tuple(function(x, y))
        with ThreadPoolExecutor(crews, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            parts = list(pool.map(function, x.chunk(crews), y.chunk(crews)))
    return tuple(torch.cat(p) for p in zip(*parts, strict=True))
