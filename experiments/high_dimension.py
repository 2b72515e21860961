"""Rerun McAllester and Stratos's example: a Gaussian of 128 + 128 columns, rho = .5, batches of 128 (chapter 10).

    python -m experiments high-dimension           # three minutes on one core; resumes where it was stopped

The truth is -64 log(1 - .25) = 18.41 nats.  Each objective trains a separable critic on fresh batches; in the last
fifth of the steps each batch, before it is learned from, is evaluated: what 128 pairs that nobody has seen are worth.
Beside it the same formulas with the true log-ratio for a critic.  Writes
``mi_lab/teaching/curves/high-dimension.json``.
"""

import json
from pathlib import Path

import click
import numpy as np
import torch

from experiments.results import CURVES, ROOT, about, finished, write

RESULT = CURVES / "high-dimension.json"
D, RHO, BATCH, STEPS, LR = 128, 0.5, 128, 2500, 3e-4
PUBLISHED = {"dv": 10.27, "mine": 9.38, "nwj": 9.25, "infonce": 4.82, "doe": 18.38}


def apart(scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the joint scores (b,) of a batch and those of its b (b - 1) crossed pairs."""
    return scores.diagonal(), scores[~torch.eye(len(scores), dtype=torch.bool)]


def formula(name: str, scores: torch.Tensor) -> torch.Tensor:
    """Return the value of an objective on all pairs of a batch (b, b): all off the diagonal are its reference."""
    import mi_lab

    if name == "infonce":
        return mi_lab.infonce(scores)
    t, t_ref = apart(scores)
    return mi_lab.nwj(t, t_ref) if name == "nwj" else mi_lab.donsker_varadhan(t, t_ref)


def train(name: str, seed: int) -> dict:
    """Train by one objective and return what its last batches were worth before they were learned from."""
    import mi_lab
    from mi_lab.objectives.formulas import moving_average

    law = mi_lab.CorrelatedGaussian(RHO, D)
    generator = np.random.default_rng([seed, D])
    critic = mi_lab.Separable(D, D, width=256, depth=1, features=64, seed=seed, scale=0.05)
    optimiser, log_m, values = torch.optim.Adam(critic.parameters(), LR), torch.tensor(0.0), []
    for step in range(STEPS):
        scores = critic.pairs(*law.sample(BATCH, seed=generator))
        value = formula(name, scores)
        if name == "mine":
            t, t_ref = apart(scores)
            log_m = moving_average(log_m, t_ref, 0.1)
            loss = mi_lab.mine(t, t_ref, log_m)
        else:
            loss = -value
        if step >= 0.8 * STEPS:
            values.append(float(value.detach()))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(critic.parameters(), 10.0)
        optimiser.step()
    values = np.array(values)
    return {"seed": seed, "mean": round(float(values.mean()), 3), "sd": round(float(values.std(ddof=1)), 3)}


def oracle(name: str, batches: int = 500) -> dict:
    """Return mean and spread of a formula over batches, with the true log-ratio for a critic (plus 1 for NWJ)."""
    import mi_lab

    law, generator = mi_lab.CorrelatedGaussian(RHO, D), np.random.default_rng(0)
    values = []
    for _ in range(batches):
        x, y = law.sample(BATCH, seed=generator)
        own = -(RHO**2) / (2 * (1 - RHO**2))
        scores = law.mutual_information + own * ((x**2).sum(1)[:, None] + (y**2).sum(1)) + RHO / (1 - RHO**2) * x @ y.T
        values.append(float(formula(name, scores + (name == "nwj"))))
    return {"mean": round(float(np.mean(values)), 3), "sd": round(float(np.std(values, ddof=1)), 3)}


@click.command()
@click.option("--seeds", default=2, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "high-dimension.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(seeds: int, progress: Path, fresh: bool) -> None:
    """Train by every objective what is missing, and write what came out beside what was published."""
    import mi_lab

    torch.set_num_threads(1)
    lines = finished(progress, fresh)
    done = {(line["objective"], line.get("seed")): line for line in lines}
    truth, runs = mi_lab.CorrelatedGaussian(RHO, D).mutual_information, {}
    for name in ("dv", "mine", "nwj", "infonce"):
        for seed in (None, *range(seeds)):
            if (name, seed) not in done:
                row = oracle(name) if seed is None else train(name, seed)
                done[name, seed] = {"objective": name, "seed": seed, **row}
                with progress.open("a") as file:
                    file.write(json.dumps(done[name, seed]) + "\n")
        rows = [{k: v for k, v in done[name, s].items() if k != "objective"} for s in (None, *range(seeds))]
        runs[name] = {"published": PUBLISHED[name], "oracle": rows[0], "trained": rows[1:]}
        click.echo(f"{name} {runs[name]}")
    runs["doe"] = {"published": PUBLISHED["doe"]}
    facts = {"d": D, "rho": RHO, "batch": BATCH, "steps": STEPS, "lr": LR, "truth": round(truth, 4)}
    write(RESULT, about(f"python -m experiments high-dimension --seeds {seeds}", **facts), runs=runs)


if __name__ == "__main__":
    main()
