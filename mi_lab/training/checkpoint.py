"""Checkpoints: a state in one file that is either the old one or the new one, never half; they know no trainer."""

import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FORMAT = 2


def write_atomically(path: str | os.PathLike, write) -> None:
    """Call `write(file)` on a new file beside `path`, and put it in the place of `path` once it is safely on disk."""
    path = Path(path)
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {str(path.parent)!r} to save {path.name!r} in: make it first.")
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False) as file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise
    os.replace(file.name, path)  # on one file system this happens at once or not at all


def save(state: dict, path: str | os.PathLike) -> None:
    """Write a state: what torch can read back without running code."""
    write_atomically(path, lambda file: torch.save({"format": FORMAT, **state}, file))


def load(path: str | os.PathLike, setting: dict) -> dict:
    """Read a state whose "setting" agrees with this one.

    Raises
    ------
    ValueError
        There is no such file, it isn't a checkpoint, or it was saved with another setting.
    """
    if not Path(path).is_file():
        raise ValueError(f"there is no checkpoint {str(path)!r}.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found = content["format"]
    except Exception as error:  # torch.load raises many kinds, and a foreign file may hold anything
        raise ValueError(f"{str(path)!r} isn't a checkpoint of mi_lab ({type(error).__name__}).") from None
    if found != FORMAT:
        raise ValueError(f"{str(path)!r} has checkpoint format {found!r}, wanted {FORMAT}.")
    for name, mine in setting.items():
        theirs = content["setting"].get(name, False)  # an older file may not know of it
        same = np.allclose(mine, theirs, rtol=1e-6) if name == "sums" and len(mine) == len(theirs) else mine == theirs
        if not same:
            raise ValueError(f"{str(path)!r} was saved with {name} = {theirs!r}, and this trainer has {mine!r}.")
    return content


@torch.no_grad()
def deal(crews: list[tuple[int, dict[str, Tensor]]], saved: list[dict[str, Tensor]]) -> None:
    """Copy saved tensors into those of crews of so many members: another machine may have shared them differently."""
    rows = [{k: v[i] for k, v in kept.items() if v.ndim} for kept in saved for i in range(_rows(kept))]
    scalars = {k: v for kept in saved for k, v in kept.items() if not v.ndim}
    start = 0
    for members, tensors in crews:
        for name, t in tensors.items():
            if name in scalars:
                t.copy_(scalars[name])
            else:
                t.copy_(torch.stack([rows[start + k][name] for k in range(members)]))
        start += members


def _rows(kept: dict[str, Tensor]) -> int:
    return next(len(t) for t in kept.values() if t.ndim)
