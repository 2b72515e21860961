"""Device: the only file that knows about CUDA, MPS and CPU, threads, compilation and chunk sizes.

Small networks lose by threads: with a second program busy, two threads cost a step of `Net` seven times what one does.
So the number of threads follows the size of the work, and is put back afterwards.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch

SMALL_WORK = 60_000_000  # multiply-adds in one operation below which one thread is the faster and the safer choice
CHUNK_BYTES = 24 << 20  # how much of an epoch's samples is gathered at a time


def pick_device(device: "str | torch.device | None" = None) -> torch.device:
    """Return the device asked for, "auto" meaning the best there is; the CPU if nothing is said.

    Raises
    ------
    ValueError
        The device's name is unknown or this machine doesn't have it.
    """
    if device is None:
        return torch.device("cpu")
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if has_mps() else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"unknown device {device!r}, wanted one of: auto, cpu, cuda, mps.") from None
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": has_mps()}
    if not there.get(found.type, False) or (found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f"device {device!r} isn't on this machine; use one of: {', '.join(available())}.")
    return found


def has_mps() -> bool:
    """Say whether Apple's Metal back end can be used."""
    return torch.backends.mps.is_available()


def available() -> list[str]:
    """Return the names of the devices of this machine."""
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return ["cpu", *cuda, *(["mps"] if has_mps() else [])]


def widest(device: torch.device) -> torch.dtype:
    """Return the widest type of real numbers that a device has."""
    return torch.float32 if device.type == "mps" else torch.float64


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


@contextmanager
def threads(multiply_adds: float, device: torch.device | None = None) -> Iterator[int]:
    """Let torch use one thread for small work inside the block, and its own number for large; put it back after.

    Parameters
    ----------
    multiply_adds : float
        Of the largest single operation.
    device : torch.device, optional
        On anything but the CPU nothing is changed.
    """
    before = torch.get_num_threads()
    small = (device is None or device.type == "cpu") and multiply_adds < SMALL_WORK
    try:
        if small and before > 1:
            torch.set_num_threads(1)
        yield 1 if small else before
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def compiled(f: Callable, device: torch.device, how: bool | str) -> Callable:
    """Return `torch.compile` of a function, as CUDA graphs on CUDA; `how` may name a back end of torch.compile.

    Raises
    ------
    ValueError
        torch.compile knows no such back end.
    """
    if isinstance(how, str):
        import torch._dynamo as dynamo

        backends = dynamo.list_backends(exclude_tags=None)
        if how not in backends:
            raise ValueError(f"compile = {how!r}, wanted True, False or one of: {', '.join(backends)}.")
        return torch.compile(f, backend=how)
    return torch.compile(f, mode="reduce-overhead" if device.type == "cuda" else "default")


def chunk_rows(row_bytes: int, budget: int = CHUNK_BYTES) -> int:
    """Return how many rows of so many bytes fit the budget; at least one."""
    return max(1, budget // max(1, row_bytes))


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was given; for timing."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Keep matrix products in float32 inside the block: a critic's scores go through exp, which makes a rounding of
    10⁻³ in t a bias of 10⁻³ in the density ratio, so neither TF32 nor half precision is used for them."""
    with _uncast(device):
        if device.type != "cuda":
            yield
            return
        try:
            before = torch.get_float32_matmul_precision()
        except RuntimeError:  # it was set in torch's newer way, which this question doesn't understand
            before = None
        # the newer way, from torch 2.9 on: the older one writes there too, and would leave its mark
        newer = [m for m in (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul) if hasattr(m, "fp32_precision")]
        marks = [m.fp32_precision for m in newer]
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            if before is not None:
                torch.set_float32_matmul_precision(before)
            for matmul, mark in zip(newer, marks, strict=True):
                matmul.fp32_precision = mark


def _uncast(device: torch.device):
    """Return a block in which an autocast of the caller's is not in force."""
    known = getattr(torch.amp, "is_autocast_available", lambda kind: kind != "mps")  # from torch 2.4 on
    return torch.autocast(device.type, enabled=False) if known(device.type) else nullcontext()
