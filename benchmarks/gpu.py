"""Measure every path that can run on a device beside the processor, and check its numbers against the processor's.

    python -m benchmarks.gpu                  # the best device there is; writes gpu-benchmarks.json
    python -m benchmarks.gpu --device cuda:1
    python -m benchmarks.gpu --device cpu     # a try without a device, which writes nothing

The steps of a critic by the size of the ensemble, objectives on all pairs, neighbours in blocks, soft bins with their
gradient, and the default.  Seconds are medians of turns taken by the processor and the device one after the other, with
the device's queue waited for; torch_mi (github.com/Simon-Bertrand/MutualInformation-PyTorch) takes part if it can be
imported.  A value that is farther from the processor's than its tolerance ends the run with an exit code of 1.
"""

import importlib.util
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch

from experiments.results import CURVES, about, write
from mi_lab import BivariateGaussian, CriticTrainer, MINETrainer, Net, Separable, bins, estimate, ksg
from mi_lab.device import pick_device, synchronize, widest

RESULT = CURVES / "gpu-benchmarks.json"
MEMBERS, PAIRS, ROWS, IMAGES = (1, 4, 16, 64, 256), (128, 512, 2048), (1_000, 4_900, 20_000), 64
SMALL = {"members": (1, 4), "pairs": (16,), "rows": (120,), "images": 2, "side": 8, "default": 200}
FULL = {"members": MEMBERS, "pairs": PAIRS, "rows": ROWS, "images": IMAGES, "side": 70, "default": 10_000}
PEER = importlib.util.find_spec("torch_mi") is not None
STEPS = 10  # of a critic, in a turn

# What float32 leaves: sums in another order after ten steps of Adam, neighbours that change places, exp of a score.
TRAINED, COUNTED, SOFT = 1e-3, {torch.float64: 1e-6, torch.float32: 2e-3}, 1e-4


@dataclass(frozen=True)
class Way:
    """One path: `make(device)` prepares what `call` then does, returning numbers that all devices agree on."""

    name: str
    make: Callable[[str], Callable[[], np.ndarray]]
    tolerance: float
    per: float = 1.0  # of what the seconds are told: steps, images
    peer: Callable[[str], Callable[[], object]] | None = None


def paths(device: torch.device, size: dict) -> list[Way]:
    """Return all that is measured."""
    law, counted = BivariateGaussian(0.9), COUNTED[widest(device)]
    x, y = law.sample(1000 if size is FULL else 60, seed=0)

    def critic(members):
        def make(where):
            trainer = MINETrainer(x, y, Net(seed=0), 10, seed=range(members), held_out=None, device=where)

            def call():
                trainer.step(STEPS // 10)
                return np.asarray(trainer.history["train"][0])

            return call

        return Way(f"critic step, {members} member{'s' * (members > 1)}", make, TRAINED, STEPS)

    def on_pairs(objective, batch):
        u, v = law.sample(2 * batch, seed=1)

        def make(where):
            trainer = CriticTrainer(u, v, Separable(seed=0), 2, objective, held_out=None, seed=0, device=where)

            def call():
                trainer.step(1)
                return np.asarray(trainer.history["train"][0])

            return call

        return Way(f"{objective} on all pairs of {batch}", make, TRAINED, 2)

    def neighbours(n):
        a, b = (v[:, 0].double() for v in law.sample(n, seed=2))

        def make(where):
            p, q = (v.to(widest(torch.device(where))).to(where) for v in (a, b))
            return lambda: ksg(p, q, backend="brute").cpu().double().numpy()

        def peer(where):
            import torch_mi

            p, q = (v.float().reshape(1, 1, 1, -1).to(where) for v in (a, b))
            knn = torch_mi.KnnMutualInformation(3)
            return lambda: knn(p, q)

        return Way(f"neighbours in blocks, n = {n}", make, counted, 1, peer if PEER and n <= 4_900 else None)

    def soft(images, side):
        a, b = (v.reshape(images, 1, side, side) for v in law.sample(images * side**2, seed=3))

        def make(where):
            p, q = a.to(where).requires_grad_(), b.to(where)

            def call():
                value = bins(p, q, 16, soft="cubic")
                (slope,) = torch.autograd.grad(value.sum(), p)
                return np.r_[value.detach().cpu().numpy().ravel(), slope.cpu().numpy().ravel()]

            return call

        return Way(f"soft bins with gradient, {images} images of {side}×{side}", make, SOFT, images)

    def default(n):
        a, b = law.sample(n, seed=4)
        return Way(
            f"the default, n = {n} (it stays on the processor)",
            lambda where: lambda: np.asarray(estimate(a, b, device=where, progress=False).value),
            1e-12,
        )

    return [
        *map(critic, size["members"]),
        *(on_pairs(objective, batch) for objective in ("infonce", "nwj") for batch in size["pairs"]),
        *map(neighbours, size["rows"]),
        soft(size["images"], size["side"]),
        default(size["default"]),
    ]


def seconds(call: Callable, device: torch.device) -> float:
    """Return how long a call takes, the device's queue included."""
    synchronize(device)
    start = time.perf_counter()
    call()
    synchronize(device)
    return time.perf_counter() - start


def measure(device: str, size: dict = FULL, turns: int = 5) -> list[dict]:
    """Measure and check all paths on a device beside the processor."""
    there, here = pick_device(device), torch.device("cpu")
    out = []
    for path in paths(there, size):
        calls = {"cpu": (here, path.make("cpu"))}
        if there.type != "cpu":
            calls["device"] = (there, path.make(device))
        if path.peer:
            calls["torch_mi"] = (there, path.peer(device))
        first = {name: call() for name, (_, call) in calls.items()}  # warm, and to be compared
        took: dict[str, list] = {name: [] for name in calls}
        for _ in range(turns):
            for name, (where, call) in calls.items():
                took[name].append(seconds(call, where) / path.per)
        row = {"path": path.name, "tolerance": path.tolerance}
        row |= {f"{name} seconds": statistics.median(times) for name, times in took.items()}
        if "device" in first:
            apart = float(np.abs(first["device"] - first["cpu"]).max())
            row |= {"apart": apart, "agrees": bool(apart <= path.tolerance and math.isfinite(apart))}
        out.append(row)
        print({k: f"{v:.3g}" if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    return out


def named(device: torch.device) -> str:
    """Return the device's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@click.command()
@click.option("--device", default="auto", show_default=True)
@click.option("--turns", default=5, show_default=True)
@click.option("--quick", is_flag=True, help="The smallest sizes: does it run, and do the numbers agree?")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write there, whatever the device.")
def main(device: str, turns: int, quick: bool, out: Path | None) -> None:
    """Measure all paths; write the result file where there is a device."""
    warnings.simplefilter("ignore")
    where = pick_device(device)
    facts = {"device": named(where), "kind": where.type, "torch_mi": "taken part" if PEER else "not installed"}
    runs = measure(str(where), SMALL if quick else FULL, turns)
    apart = [row["path"] for row in runs if not row.get("agrees", True)]
    if apart:
        print(f"not the processor's numbers: {'; '.join(apart)}", file=sys.stderr)
    elif out or (where.type != "cpu" and not quick):
        write(out or RESULT, about("python -m benchmarks.gpu", **facts), indent=1, runs=runs)
    elif where.type == "cpu":
        print("there is no GPU here: nothing was written")
    sys.exit(1 if apart else 0)


if __name__ == "__main__":
    main()
