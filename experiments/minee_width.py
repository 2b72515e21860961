r"""Train MI-NEE's three critics against Gaussian references of several widths, and against a box, in 6+6 dimensions.

    python -m experiments minee-width

The divergence of the joint law from N(0, s^2)^12 is I + 12 (log s + 1/(2 s^2) - 1/2): at s = 1 the reference is the
product of the marginals, and every widening adds to what the joint critic has to find. Writes
``mi_lab/teaching/curves/minee-width.json``; same critics, batches and numbers of references as experiments.minee.
"""

import math

import click
import torch

from experiments.minee import BATCH, FACTOR, HELD_OUT, LAWS, MINEE, RUNS, draw, dv
from experiments.results import about, write

WIDTHS = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0, None]  # None: the box around the training samples
LR, STEPS, LOOKS, MANY = 5e-4, 3000, 10, 50_000


class WideMINEE(MINEE):
    """MI-NEE with the reference N(0, width^2) in every coordinate (the box if there is no width)."""

    width: float | None = None

    def references(self, n):
        if self.width is None:
            return super().references(n)
        xy = self.width * torch.randn(n, len(self.low), generator=self.g)
        return (xy, *xy.chunk(2, 1))

    def log_reference(self, xy):
        """Return the logarithm of the reference's density."""
        if self.width is None:
            return super().log_reference(xy)
        return -((xy.double() / self.width) ** 2 + math.log(2 * math.pi * self.width**2)).sum(1) / 2


def run(width: float | None, seed: int) -> dict:
    """Train with one width and seed; look LOOKS times, with many references, on training and on fresh samples."""
    g = torch.Generator().manual_seed(seed)
    x, y = draw("gaussian", LAWS["gaussian"]["n"], g)
    fresh = draw("gaussian", HELD_OUT, g)
    estimator = WideMINEE(x, y, LR, g)
    estimator.width = width
    curves = {"step": [], "train": [], "held_out": [], "parts": [], "resolved": []}
    for step in range(1, STEPS + 1):
        estimator.step()
        if step % (STEPS // LOOKS) == 0:
            values = [value(estimator, *pair) for pair in ((x, y), fresh)]
            for name, v in zip(curves, (step, values[0][0], values[1][0], values[1][1:4], values[1][4]), strict=True):
                curves[name].append(v)
    return {"width": width, "seed": seed, **curves}


@torch.no_grad()
def value(estimator: MINEE, x, y) -> list[float]:
    """Return the estimate and its three parts, with MANY references, and the estimate with the joint part resolved."""
    data, references = (torch.cat([x, y], 1), x, y), estimator.references(MANY)
    joint, one, two = (float(dv(*a)) for a in zip(estimator.nets, data, references, strict=True))
    exact = estimator.resolved("gaussian", x, y) - one - two
    return [round(v, 4) for v in (joint - one - two, joint, one, two, exact)]


@click.command()
@click.option("--seeds", default=3, show_default=True, help="Runs for each width.")
def main(seeds: int) -> None:
    """Run every width with every seed and write the curves."""
    torch.set_num_threads(1)
    runs = [run(width, seed) for seed in range(seeds) for width in WIDTHS]
    facts = {
        "batch": BATCH,
        "references_a_sample": FACTOR,
        "lr": LR,
        "references_at_a_look": MANY,
    }
    facts |= {key: LAWS["gaussian"][key] for key in ("n", "d", "truth")}
    write(RUNS / "minee-width.json", about(f"python -m experiments minee-width --seeds {seeds}", **facts), runs=runs)


if __name__ == "__main__":
    main()
