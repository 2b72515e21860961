r"""Climb the staircase of Letizia, Novello and Tonello (2024) on permuted batches: 20+20 dimensions, 2 to 10 nats.

    python -m experiments staircase

A classifier learns to tell a batch's 128 joint pairs from its permuted ones (GAN-DIME), 4,000 steps on each of five
levels; the network has the size of theirs. Its log-odds are the critic t, and the value that such a run reports is the
average of t over the batch's joint pairs. Beside it we keep, from fresh pairs, E t under the joint law and log E e^t
under the law of the reference: their difference is the Donsker-Varadhan value of the same critic, which the divergence
from that reference bounds. Writes ``mi_lab/teaching/curves/staircase.json``.
"""

import math

import click
import torch

from experiments.results import CURVES, about, write
from mi_lab.laws import CorrelatedGaussian
from mi_lab.references import Permutation

LEVELS, D, BATCH, STEPS, LR = [2, 4, 6, 8, 10], 20, 128, 4000, 2e-3
LOOKS, MANY = 10, 20_000  # looks in the second half of a level, and fresh pairs at a look
OUT = CURVES / "staircase.json"


def classifier() -> torch.nn.Module:
    layer, relu = torch.nn.Linear, torch.nn.ReLU
    return torch.nn.Sequential(layer(2 * D, 200), relu(), layer(200, 100), relu(), layer(100, 1), torch.nn.Flatten(0))


def pairs(rho: float, n: int, g: torch.Generator):
    """Draw x and y = x + noise, as published; another scale of y than ours, and the same information."""
    x, noise = torch.randn(2, n, D, generator=g)
    return x, x + math.sqrt(1 / rho**2 - 1) * noise


@torch.no_grad()
def look(net, rho: float, g: torch.Generator) -> tuple[float, float]:
    """Return E t under the joint law, and log E e^t under the law of a pair of a permuted batch."""
    x, y = pairs(rho, MANY, g)
    joint = net(torch.cat([x, y], 1)).double()
    product = net(torch.cat([x, y.roll(1, 0)], 1)).double()
    parts = math.log(1 - 1 / BATCH) + product.logsumexp(0), math.log(1 / BATCH) + joint.logsumexp(0)
    return float(joint.mean()), float(torch.stack(parts).logsumexp(0)) - math.log(MANY)


def climb(seed: int) -> dict:
    """Train through the five levels; return what is reported and what we add, averaged over a level's second half."""
    torch.manual_seed(seed)
    g, net = torch.Generator().manual_seed(seed), classifier()
    optimiser, softplus = torch.optim.Adam(net.parameters(), LR), torch.nn.functional.softplus
    out = {"seed": seed, "reported": [], "joint_mean": [], "log_normaliser": []}
    for level in LEVELS:
        rho, batches, looks = float(CorrelatedGaussian.with_information(level, D).rho), [], []
        for step in range(1, STEPS + 1):
            x, y = pairs(rho, BATCH, g)
            x_ref, y_ref = Permutation()(x, y, g)
            t, t_ref = net(torch.cat([x, y], 1)), net(torch.cat([x_ref, y_ref], 1))
            loss = softplus(-t).mean() + softplus(t_ref).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step > STEPS // 2:
                batches.append(float(t.detach().mean()))
                if step % (STEPS // 2 // LOOKS) == 0:
                    looks.append(look(net, rho, g))
        means = (sum(batches) / len(batches), *(sum(v) / LOOKS for v in zip(*looks, strict=True)))
        for key, value in zip(("reported", "joint_mean", "log_normaliser"), means, strict=True):
            out[key].append(round(value, 4))
    return out


@click.command()
@click.option("--seeds", default=4, show_default=True, help="Climbs.")
def main(seeds: int) -> None:
    """Climb with every seed and write the values."""
    torch.set_num_threads(1)
    runs = []
    for seed in range(seeds):
        runs.append(climb(seed))
        click.echo(runs[-1])
    facts = {
        "levels": LEVELS,
        "d": D,
        "batch": BATCH,
        "steps": STEPS,
        "lr": LR,
        "looks": LOOKS,
        "pairs_at_a_look": MANY,
    }
    write(OUT, about(f"python -m experiments staircase --seeds {seeds}", **facts), runs=runs)


if __name__ == "__main__":
    main()
