"""Checkpoints: everything that training changes, in one file that is either the old one or the new one, never half."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from mi_lab.training.loop import Trainer

FORMAT = 1


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


def _setting(trainer: "Trainer") -> dict:
    """Return what must agree between the trainer that saved and the one that loads."""
    return {
        "trainer": type(trainer).__name__,
        "objective": trainer.objective.name,
        "seeds": list(trainer.seeds),
        "split_seed": trainer.split_seed,
        "n_iters_per_epoch": trainer.n_iters_per_epoch,
        "n_train": list(trainer.n_train),
        "shapes": [list(z.shape) for z in (*trainer.data, *(trainer.test_data or ()))],
        "sums": [float(z.cpu().double().sum()) for z in (*trainer.data, *(trainer.test_data or ()))],
        "optimiser": repr(sorted(trainer.optimiser.items())),
        "beta": getattr(trainer.objective, "beta", None),
    }


def save(trainer: "Trainer", path: str | os.PathLike) -> None:
    """Write a trainer's state to a file; see `Trainer.save`."""
    content = {
        "format": FORMAT,
        "setting": _setting(trainer),
        "tensors": [{name: t.cpu() for name, t in crew.tensors().items()} for crew in trainer.crews],
        "generators": [g.get_state() for crew in trainer.crews for g in crew.generators],
        "history": {name: torch.as_tensor(np.asarray(past)) for name, past in trainer.history.items()},
        "counts": [trainer.epochs, trainer.steps],
        "alive": trainer.alive.tolist(),
        "stopped": trainer.stopped,
    }
    write_atomically(path, lambda file: torch.save(content, file))


def load(trainer: "Trainer", path: str | os.PathLike) -> None:
    """Put a trainer where a saved one was; see `Trainer.load`."""
    if not Path(path).is_file():
        raise ValueError(f"there is no checkpoint {str(path)!r}.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found = content["format"]
    except Exception as error:  # torch.load raises many kinds, and a foreign file may hold anything
        raise ValueError(f"{str(path)!r} isn't a checkpoint of mi_lab ({type(error).__name__}).") from None
    if found != FORMAT:
        raise ValueError(f"{str(path)!r} has checkpoint format {found!r}, wanted {FORMAT}.")
    for name, mine in _setting(trainer).items():
        theirs = content["setting"][name]
        same = np.allclose(mine, theirs, rtol=1e-6) if name == "sums" and len(mine) == len(theirs) else mine == theirs
        if not same:
            raise ValueError(f"{str(path)!r} was saved with {name} = {theirs!r}, and this trainer has {mine!r}.")
    saved = [{k: v[i] for k, v in kept.items() if v.ndim} for kept in content["tensors"] for i in range(_rows(kept))]
    scalars = {k: v for kept in content["tensors"] for k, v in kept.items() if not v.ndim}
    start = 0
    for crew in trainer.crews:  # another machine may have shared the members among other crews
        with torch.no_grad():
            for name, t in crew.tensors().items():
                if name in scalars:
                    t.copy_(scalars[name])
                else:
                    t.copy_(torch.stack([saved[start + k][name] for k in range(len(crew.seeds))]))
        start += len(crew.seeds)
    generators = [g for crew in trainer.crews for g in crew.generators]
    for generator, state in zip(generators, content["generators"], strict=True):
        generator.set_state(state)
    several = len(trainer.seeds) > 1
    trainer.history = {
        name: list(past.numpy()) if several and past.ndim > 1 else past.tolist()
        for name, past in content["history"].items()
    }
    trainer.epochs, trainer.steps = content["counts"]
    trainer.alive, trainer.stopped = np.array(content["alive"]), content["stopped"]
    trainer._good = trainer.snapshot()


def _rows(kept: dict[str, torch.Tensor]) -> int:
    return next(len(t) for t in kept.values() if t.ndim)
