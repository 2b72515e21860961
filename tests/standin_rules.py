"""What torch lets an operation do on a device: the rules that the stand-in holds every operation to."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

aten = torch.ops.aten
INDEXING = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default}
ANSWERS = {aten._local_scalar_dense.default, aten.equal.default, aten.is_nonzero.default}  # the CPU waits for these
ANSWERS |= {aten.nonzero.default, aten.masked_select.default, aten._unique2.default, aten.unique_dim.default}
FILLS = {aten.fill_.Tensor, aten.masked_fill_.Tensor, aten.masked_fill.Tensor}  # with a number from either device


class Facts(NamedTuple):
    """What the stand-in wants to know of an operation."""

    name: str
    written: set[int]  # which arguments it writes to
    takes_numbers: bool  # whether a tensor of shape () may come from the CPU
    copies: bool  # between any two devices
    multiplies: bool  # matrices
    on_mps: bool


@cache
def facts_of(func) -> Facts:
    """Look an operation up."""
    name, copies = func.name(), func is aten.copy_.default
    written = {i for i, a in enumerate(func._schema.arguments) if a.alias_info and a.alias_info.is_write}
    numbers = torch.Tag.pointwise in func.tags or func in FILLS | INDEXING
    multiplies = name.split("::")[1].split(".")[0] in ("mm", "addmm", "bmm", "baddbmm")
    return Facts(name, written, numbers, copies, multiplies, copies or _mps_operations().get(name, True))


def indices_moved(func, args: tuple, strays: list[tuple[int, Tensor]], device: torch.device) -> int:
    """Raise where tensors of the CPU, `strays`, meet those of the device in one operation and torch would mind.

    Returns how many of them torch would bring to the device by itself: indices, every time they are used.
    """
    facts, moved = facts_of(func), 0
    for i, t in strays:
        if func in INDEXING and i == 1 and all(t is not args[0] for _, t in strays):
            moved += 1
        elif t.ndim or i in facts.written or i < 0 or not facts.takes_numbers:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {device} and cpu! "
                f"(in {facts.name})"
            )
    return moved


def tensors_in(value) -> list[Tensor]:
    """Return the tensors of an argument."""
    if isinstance(value, Tensor):
        return [value]
    return [t for t in value if isinstance(t, Tensor)] if isinstance(value, (list, tuple)) else []


def mapped(f, value):
    """Return an argument with f(t) in the place of its tensors t."""
    if isinstance(value, (list, tuple)):
        return tuple(mapped(f, v) for v in value) if isinstance(value, tuple) else [mapped(f, v) for v in value]
    return f(value) if isinstance(value, Tensor) else value


@cache
def _mps_operations() -> dict[str, bool]:
    """Return whether MPS has an operation, by its name, from torch's list of its own operations."""
    import torchgen
    import yaml

    path = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"
    entries = {e["func"].split("(")[0]: e for e in yaml.load(path.read_text(), yaml.CSafeLoader)}

    def has(name: str) -> bool:
        entry = entries[name]
        if "structured_delegate" in entry:
            return has(entry["structured_delegate"])
        keys = ", ".join(entry.get("dispatch", {"Composite": 0}))
        return "MPS" in keys or "Composite" in keys

    return {f"aten::{name}": has(name) for name in entries}
