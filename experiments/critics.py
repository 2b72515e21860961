r"""Compare separable, bilinear and joint critics of equal cost on the staircase: 20+20 dimensions, 2 to 10 nats.

    python -m experiments critics        # a minute of one quiet core

The separable critic is that of `staircase-bounds`, two networks of two hidden layers of 256 and 32 features; the
bilinear one has a matrix between the two; the joint one sees all b² pairs of a batch, so its hidden layers are as
narrow as makes its multiplications a step as many as the separable one's.  y plain and cubed, several seeds, each
objective on the same samples for all three.  Writes ``mi_lab/teaching/curves/critics.json``.
"""

import math
import time
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from experiments.results import CURVES, about, write
from experiments.staircase_bounds import BATCH, FEATURES, LEVELS, WIDTH, Climb, D

OUT = CURVES / "critics.json"
TRAININGS = ["js"]
SHOWN = ("smile-5",)
KINDS = ("separable", "bilinear", "joint")


def multiplications(kind: str, width: int) -> int:
    """Return how many multiplications it takes to score all pairs of a batch."""
    if kind == "joint":  # the first layer is a sum of what x and what y gives
        return BATCH * 2 * D * width + BATCH**2 * (width * width + width)
    between = BATCH * FEATURES**2 if kind == "bilinear" else 0
    return 2 * BATCH * (D * width + width * width + width * FEATURES) + BATCH**2 * FEATURES + between


def width_of(kind: str) -> int:
    """Return the width with which a critic costs what the separable one does, as nearly as can be."""
    if kind != "joint":
        return WIDTH
    wanted = multiplications("separable", WIDTH)
    return min(range(4, WIDTH), key=lambda w: abs(multiplications("joint", w) - wanted))


@click.command()
@click.option("--steps", default=150, show_default=True, help="Steps a level.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="The result file.")
def main(steps: int, seeds: int, out: Path) -> None:
    """Climb with each critic, y plain and cubed, and write what they said."""
    torch.set_num_threads(1)
    runs = []
    with tqdm(total=2 * len(KINDS) * steps * len(LEVELS), desc="critics", mininterval=5) as bar:
        for cubed in (False, True):
            for kind in KINDS:
                width = width_of(kind)
                climb, start = Climb(kind, cubed, steps, seeds, TRAININGS, width=width), time.process_time()
                climb.run(None, bar)
                ms = 1e3 * (time.process_time() - start) / (steps * len(LEVELS) * seeds * len(TRAININGS))
                shape = {"width": width, "multiplications": multiplications(kind, width), "ms": round(ms, 2)}
                for name in SHOWN:
                    k = climb.reports.index(name)
                    half = climb.values[k].double().view(seeds, len(LEVELS), steps)[..., steps // 2 :]
                    means = half.mean(-1).numpy()  # (seeds, levels)
                    one = {"critic": kind, "cubed": cubed, "objective": name, **shape}
                    one |= {"mean": means.mean(0).round(3).tolist()}
                    one |= {"error": (means.std(0, ddof=1) / math.sqrt(seeds)).round(3).tolist()}
                    one |= {"sd": half.std(-1).numpy().mean(0).round(3).tolist()}
                    runs.append(one)
    facts = {"levels": LEVELS, "d": D, "batch": BATCH, "features": FEATURES, "steps": steps, "seeds": seeds}
    write(out, about(f"python -m experiments critics --steps {steps} --seeds {seeds}", **facts), runs=runs)
    for one in runs:
        click.echo(f"{one['critic']} {one['objective']} cubed={one['cubed']}: {np.array(one['mean'])} {one['ms']} ms")


if __name__ == "__main__":
    main()
