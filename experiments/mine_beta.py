r"""Train MINE with several memories of its moving average on a Gaussian of two nats, 400 samples, over eight data sets.

    python -m experiments mine-beta     # some minutes; goes on where it was stopped

Writes ``mi_lab/teaching/curves/mine-beta.json``, which chapter 7 reads: for every β and data set the Donsker–Varadhan
value on fresh samples and log m, every fifty epochs; for two of them, as "longer", for 600 epochs. "oracle" is what the
true log-ratio says of the fresh samples.
Plain PyTorch on purpose: this checks a rule that the package uses, so it does not lean on it. The average is kept as a
logarithm, because with a short memory m overflows.
"""

import json
import math
from pathlib import Path

import click
import torch
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write
from mi_lab import BivariateGaussian, Net

NATS, N, BATCH, EPOCHS, LOOK = 2.0, 400, 50, 200, 50
BATCHES = N // BATCH
PASSES = {"1 pass": 1, "10 passes": 10}  # β whose average is as noisy as that of so many passes' references
BETAS = {"0": 0.0, "0.1": 0.1, "0.5": 0.5, "0.9": 0.9, "0.99": 0.99}
BETAS |= {name: (w * BATCHES - 1) / (w * BATCHES + 1) for name, w in PASSES.items()}
FRESH, SHIFTS = 5000, 10
LONGER, LONG_SETS, LONG_EPOCHS = ("0.1", "10 passes"), 4, 600  # which of them go on, and how far


def value(score, x, y) -> float:
    """Return the Donsker–Varadhan value of a critic against cyclic shifts of the samples."""
    shifted = [score(x, y.roll(1 + k * 37, 0)) for k in range(SHIFTS)]
    return float(score(x, y).mean() - torch.cat(shifted).double().logsumexp(0) + math.log(SHIFTS * len(x)))


def run(law, fresh, name: str, seed: int, epochs: int) -> dict:
    """Train on one data set; look at the critic on fresh samples, and at log m."""
    beta = BETAS[name]
    x, y = law.sample(N, seed=seed)
    net, g = Net(seed=seed), torch.Generator().manual_seed(seed)
    adam, log_m, curves = torch.optim.Adam(net.parameters()), torch.tensor(0.0), {"fresh": [], "log_m": []}
    for epoch in range(1, epochs + 1):
        i, j = (torch.randperm(N, generator=g).split(BATCH) for _ in range(2))
        for rows, partners in zip(i, j, strict=True):
            t, t_ref = net(x[rows], y[rows]), net(x[rows], y[partners])
            log_w = torch.logsumexp(t_ref, 0) - math.log(BATCH)
            new = log_w.detach() + math.log1p(-beta)
            log_m = torch.logaddexp(new, log_m + math.log(beta)) if beta else new
            loss = -t.mean() + (log_w - log_m).exp()
            adam.zero_grad()
            loss.backward()
            adam.step()
        if epoch % LOOK == 0:
            with torch.no_grad():
                curves["fresh"].append(round(value(net, *fresh), 4))
            curves["log_m"].append(round(float(log_m), 4))
    return {"name": name, "beta": round(beta, 6), "seed": seed, **curves}


@click.command()
@click.option("--sets", default=8, show_default=True, help="Data sets.")
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "mine-beta.jsonl")
def main(sets: int, progress: Path) -> None:
    """Run every β on every data set, two of them for longer, and write the curves."""
    torch.set_num_threads(1)
    law = BivariateGaussian(math.sqrt(1 - math.exp(-2 * NATS)))
    fresh = law.sample(FRESH, seed=1000)
    wanted = [(name, seed, EPOCHS) for seed in range(sets) for name in BETAS]
    wanted += [(name, seed, LONG_EPOCHS) for seed in range(min(sets, LONG_SETS)) for name in LONGER]
    lines = finished(progress)
    done = {tuple(job): curves for job, curves in lines}
    with progress.open("a") as file:
        for job in tqdm([job for job in wanted if job not in done], disable=None):
            done[job] = run(law, fresh, *job)
            file.write(json.dumps([job, done[job]]) + "\n")
            file.flush()
    facts = {"truth": NATS, "n": N, "batch": BATCH, "epochs": list(range(LOOK, EPOCHS + 1, LOOK)), "betas": BETAS}
    head = about(
        f"python -m experiments mine-beta --sets {sets}", **facts, oracle=round(value(law.log_ratio, *fresh), 4)
    )
    runs, longer = ([done[job] for job in wanted if job[2] == epochs] for epochs in (EPOCHS, LONG_EPOCHS))
    write(CURVES / "mine-beta.json", head, runs=runs, longer=longer)


if __name__ == "__main__":
    main()
