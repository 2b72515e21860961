"""A stand-in for an accelerator: tensors that say they are on "cuda" or "mps", are held by the CPU, and stray nowhere.

Every operation that torch is asked for passes through `launch`, which is as strict as the device would be, or stricter:
tensors of two devices don't meet in one operation (a number, of shape (), from the CPU may meet where torch lets it),
a generator of the CPU draws nothing on the device, NumPy gets nothing from it, and on "mps" there is no float64 and no
operation that torch's own list of operations lacks there.  It also counts what a real device would be slowed by: every
wait for a number and every copy between the device and the CPU; and it knows the largest tensor that was ever made.

What this proves: no tensor strays, and the arithmetic is asked for in the right place and type.  What it doesn't: how
fast a device is, how its kernels round, that a driver works, and anything of CUDA graphs, which record kernels.
It knows the MPS operations of the installed torch alone; older ones have fewer.
"""

import contextlib

import pytest
import torch
from standin_rules import ANSWERS, facts_of, indices_moved, mapped, tensors_in
from standin_tensors import META, Generator, Standin
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode


class Names(TorchFunctionMode):
    """Put "meta" in the place of the device's name before C++ sees it and asks for a driver."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        there = self._named(kwargs.get("device"))
        if kwargs.get("generator") is not None and there != self._named(kwargs["generator"].device):
            wanted, found = (self.kind, "cpu") if there else ("cpu", self.kind)
            raise RuntimeError(f"Expected a '{wanted}' device type for generator but found '{found}'")
        if there:
            kwargs["device"] = META
        if func is Tensor.to:
            args = tuple(META if self._named(a) else a for a in args)
        if func in (Tensor.__getitem__, Tensor.__setitem__) and isinstance(args[0], Standin):
            args = (args[0], _tensors_for_lists(args[1]), *args[2:])
        if func is Tensor.new_tensor and isinstance(args[0], Standin):
            kwargs = {"dtype": args[0].dtype, "device": META} | kwargs
            func, args = torch.tensor, args[1:]
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == META and not isinstance(args[0], Tensor):
            return func(*args, **kwargs | {"device": None}).to(META)
        return func(*args, **kwargs)

    def _named(self, device) -> bool:
        return isinstance(device, (str, torch.device)) and torch.device(device).type == self.kind


def _tensors_for_lists(index):
    """Return an index with tensors in the place of lists, from which C++ would make meta tensors."""
    if isinstance(index, tuple):
        return tuple(map(_tensors_for_lists, index))
    return torch.tensor(index) if isinstance(index, list) else index


class Accelerator(TorchDispatchMode):
    """Inside the block the machine has one "cuda" or "mps" device.

    Attributes
    ----------
    largest : int
        Bytes of the largest tensor made on the device.
    waits, copies : list of str
        The operations whose answer the CPU waited for, and those that took content from the CPU to the device.
    precisions : set
        Whether TF32 was allowed in each matrix product.
    """

    def __init__(self, kind: str):
        super().__init__()
        self.device = torch.device(kind, 0)
        self.forget()

    def forget(self) -> None:
        """Count anew."""
        self.largest, self.waits, self.copies, self.precisions = 0, [], [], set()

    def __enter__(self):
        Standin.running.append(self)
        self._names = Names(self.device.type)
        self._names.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._names.__exit__(*error)
        Standin.running.remove(self)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.launch(func, args, kwargs or {})

    def launch(self, func, args: tuple, kwargs: dict):
        """Run an operation on what the tensors hold, if a device would run it."""
        given = [(i, t) for i, value in enumerate(args) for t in tensors_in(value)]
        given += [(-1, t) for value in kwargs.values() for t in tensors_in(value)]
        ours = [t for _, t in given if isinstance(t, Standin)]
        target = kwargs.get("device") or (self.device if ours else None)
        there = target is not None and self._is_ours(target)
        if not ours and not there:
            return func(*args, **kwargs)
        strays = [(i, t) for i, t in given if not isinstance(t, Standin)]
        self._look(func, args, bool(ours), there, strays)
        kwargs = {name: mapped(held_by, value) for name, value in kwargs.items()}
        if kwargs.get("device"):
            kwargs["device"] = torch.device("cpu")
        out = func(*mapped(held_by, args), **kwargs)
        if facts_of(func).copies:
            return args[0]
        same = {id(t.held): t for t in ours}  # in place, or written to `out`
        return mapped(lambda t: self._wrapped(t, same, there), out)

    def _is_ours(self, device: torch.device) -> bool:
        if device.type == self.device.type and (device.index or 0):
            raise RuntimeError(f"{device.type} error: invalid device ordinal")
        return device.type == self.device.type or device == META

    def _wrapped(self, held: Tensor, same: dict, there: bool) -> Tensor:
        if id(held) in same:
            if held.shape != same[id(held)].shape:
                raise RuntimeError("an operation changed the shape of its output: the stand-in can't follow")
            return same[id(held)]
        if not there:
            return held
        self.largest = max(self.largest, held.untyped_storage().nbytes())
        return Standin(held, self.device)

    def _look(self, func, args: tuple, any_ours: bool, there: bool, strays: list) -> None:
        """Raise what the device would raise, and take note of what would slow it."""
        facts = facts_of(func)
        if any(t.is_meta for _, t in strays):
            raise RuntimeError(f"the stand-in lost sight of a tensor made in C++, an argument of {facts.name}")
        if self.device.type == "mps" and not facts.on_mps:
            raise NotImplementedError(f"The operator '{facts.name}' is not currently implemented for the MPS device.")
        if func in ANSWERS:
            self.waits.append(facts.name)
        if facts.multiplies:
            self.precisions.add(torch.backends.cuda.matmul.allow_tf32)
        if func is torch.ops.aten._to_copy.default:
            if there != any_ours:
                (self.copies if there else self.waits).append(facts.name)
            return
        if facts.copies:
            if strays:
                (self.waits if strays[0][0] == 0 else self.copies).append(facts.name)
            return
        self.copies += [facts.name] * indices_moved(func, args, strays, self.device)


def held_by(t: Tensor) -> Tensor:
    return t.held if isinstance(t, Standin) else t


@contextlib.contextmanager
def standin(kind: str, monkeypatch):
    """Give this machine a device for the length of the block: "cuda" or "mps".  Yields the `Accelerator`."""
    for module in (torch.cuda, torch.backends.mps):
        monkeypatch.setattr(module, "is_available", lambda here=(kind in module.__name__): here)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(kind == "cuda"))
    for module in (torch.cuda, torch.mps):
        monkeypatch.setattr(module, "synchronize", lambda *device: None)
    data = Tensor.data

    def set_data(tensor: Tensor, new: Tensor) -> None:
        if isinstance(new, Standin) != isinstance(tensor, Standin):  # C++ sees two kinds of tensor here
            torch.utils.swap_tensors(tensor, torch.nn.Parameter(new, requires_grad=tensor.requires_grad))
            return
        data.__set__(tensor, new)
        if isinstance(new, Standin):
            tensor.held = new.held

    monkeypatch.setattr(torch, "Generator", Generator)
    for cls in (torch.nn.Parameter, Standin):
        monkeypatch.setattr(cls, "data", property(data.__get__, set_data), raising=False)
    monkeypatch.setattr(torch.__future__, "_swap_module_params_on_conversion", True)
    with Accelerator(kind) as device:
        yield device


REAL = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
NONE = pytest.mark.skipif(REAL is None, reason="this machine has no CUDA or MPS device")


@pytest.fixture(params=["cuda stand-in", "mps stand-in", pytest.param("real", marks=[pytest.mark.gpu, NONE])])
def accelerator(request, monkeypatch):
    """The name of a device, "cuda" or "mps": of stand-ins, and of this machine's own if it has one."""
    if request.param == "real":
        yield REAL
        return
    kind = request.param.split()[0]
    with standin(kind, monkeypatch):
        yield kind
