r"""Redo the hybrid example of torch-mist: generative estimators, a critic, and both together, epoch by epoch.

    python -m experiments hybrids

Five columns, each an even mixture of four correlated Gaussians (`CorrelatedMixture`), 100,000 samples; six methods
with several seeds, each seed with samples of its own. After each epoch: the estimate on held-out samples, how it
spreads over held-out batches of 64, how the loss spreads over training batches of 64, and the seconds of processor
time so far. Batches are of 500, those of the mixtures of 1,000 (the example has 64: slower, and more noise in every
step), and what reports is an average over the last eighth of the steps. All critics see, beside x and y, what the
least squares line of y on x leaves (`ResidualCritic`), the line from other samples. At the end the value with its
error bar, and for the first seed a map of the log-ratio in the plane of the first columns.
Writes ``mi_lab/teaching/curves/hybrids.json`` after each run and goes on where it was stopped.
"""

import json
import math
import time

import click
import numpy as np
import torch

from experiments.results import CURVES, about, write
from mi_lab.generative import AutoregressiveMixture, HeteroscedasticGaussian, ResidualCritic, SplineFlow
from mi_lab.laws import CorrelatedMixture
from mi_lab.objectives import mine_objective
from mi_lab.trainers import GenerativeTrainer, HybridTrainer, MINETrainer
from mi_lab.training.errors import jackknife, reports, standard_error

OUT, LAW = CURVES / "hybrids.json", CorrelatedMixture()
SPREAD_BATCH, LOSSES = 64, 100  # the batches whose spread is looked at, and how many of the training samples' batches
BATCH, MIXTURE_BATCH, CRITIC_RATE, MODEL_RATE, BETA = 500, 1000, 2e-3, 5e-3, 0.9
FRAME = 10_000  # other samples, for the critics' line
EPOCHS = {"doe mixtures": 18, "pq": 6, "doe": 6, "mine": 12, "doe+mine": 18, "pq+mine": 12}  # passes of each method
GRID = 41  # points along one side of a map
PEERS = {  # torch-mist: read off its published picture, and run again with held-out evaluation
    "published": {
        "doe": {"value": 4.57},
        "pq": {"value": 3.45},
        "mine": {"value": 12.2, "sd": 7.4},
        "doe+mine": {"value": 6.15, "sd": 2.8},
        "pq+mine": {"value": 6.3, "sd": 4.1},
    },
    "rerun": {
        "doe": {"value": 4.61, "seconds": 235},
        "pq": {"value": 3.42},
        "mine": {"value": 10.3, "sd": 12, "seconds": 120},
        "doe+mine": {"value": 6.59, "sd": 0.53, "seconds": 561},
        "pq+mine": {"error": "does not run on PyTorch of 2025"},
    },
}


def critic(seed: int) -> ResidualCritic:
    return ResidualCritic(*LAW.sample(FRAME, seed=2000 + seed), width=128, depth=3, seed=seed)


def one_hump() -> dict:
    """The example's models: of y given x one Gaussian, of y alone a spline flow."""
    return {
        "conditional": HeteroscedasticGaussian(LAW.d, LAW.d, width=128, seed=0),
        "marginal": SplineFlow(LAW.d, width=32, seed=0),
    }


def mixtures() -> dict:
    """Models that can be right: a mixture a column, of y given x and of y alone."""
    return {
        "conditional": AutoregressiveMixture(LAW.d, LAW.d, width=32, seed=0),
        "marginal": AutoregressiveMixture(LAW.d, width=32, seed=0),
    }


def make(method: str, x, y, seed: int):
    n = round(0.8 * len(x))
    models, critics = {"lr": MODEL_RATE, "seed": seed}, {"lr": CRITIC_RATE, "seed": seed, "averaged": True}
    many, few = max(1, n // BATCH), max(1, n // MIXTURE_BATCH)
    first = {"lr": MODEL_RATE, "max_epochs": 4, "patience": 3}
    return {
        "doe": lambda: GenerativeTrainer(x, y, many, "doe", **one_hump(), **models),
        "pq": lambda: GenerativeTrainer(x, y, many, "pq", **(models | {"lr": 1e-3})),
        "mine": lambda: MINETrainer(x, y, critic(seed), many, beta=BETA, **critics),
        "doe+mine": lambda: HybridTrainer(
            x, y, critic(seed), many, "doe", mine_objective(beta=BETA), model_options=first, **one_hump(), **critics
        ),
        "pq+mine": lambda: HybridTrainer(
            x, y, critic(seed), many, "pq", mine_objective(beta=BETA), model_options=first | {"lr": 1e-3}, **critics
        ),
        "doe mixtures": lambda: GenerativeTrainer(x, y, few, "doe", **mixtures(), **models),
    }[method]()


@torch.no_grad()
def spreads(trainer) -> dict[str, float]:
    """Return the spread over batches of 64: of the estimate (held out), of the loss (training); and over samples."""
    problem, crew = trainer.problem, trainer.crews[0]
    parts = [part for half in crew.evaluate() for part in half]
    held = {term: [torch.cat([p[term][side][0] for p in parts]) for side in (0, 1)] for term in problem.terms}
    k = len(next(iter(held.values()))[0]) // SPREAD_BATCH
    values = {}
    for term, (t, t_ref) in held.items():
        pick = torch.randperm(len(t_ref), generator=torch.Generator().manual_seed(0))  # references in any order
        batches = [z[: k * SPREAD_BATCH].view(k, SPREAD_BATCH) for z in (t, t_ref[pick])] if len(t_ref) else None
        t = t[: k * SPREAD_BATCH].view(k, SPREAD_BATCH)
        values[term] = problem.objective_of(term).value(*(batches or (t, t[:, :0]))).double().numpy()
    member, rows = trainer.members[0], trainer.members[0].train[0][: LOSSES * SPREAD_BATCH]
    scores = crew.score(
        {term: tuple(z[None] for z in pair) for term, pair in problem.draw(rows, member, LOSSES).items()}
    )
    loss = 0.0
    for term in set(problem.terms) - set(problem.fixed):
        t, t_ref = (s[0].view(LOSSES, -1).double() for s in scores[term])
        if term in ("joint", "critic"):  # MINE's surrogate, with the moving average it has
            m = crew.states[term]["log_m"]
            loss = loss - t.mean(1) + (t_ref - m).exp().mean(1)
        else:
            loss = loss - t.mean(1)
    return {"log_ratio_sd": float(problem.reported(values).std(ddof=1)), "loss_sd": float(loss.std())}


def log_ratio(trainer):
    """Return the trainer's log-ratio as a function of x and y: its critic, normalised, and what its models say."""
    problem, crew = trainer.problem, trainer.crews[0]
    nets = {term: trainer.member(0, term) for term in problem.terms}
    shift = {}
    for term in set(problem.terms) & {"joint", "critic"}:
        t_ref = torch.cat([part[term][1][0] for half in crew.evaluate() for part in half])
        shift[term] = torch.logsumexp(t_ref.double(), 0) - math.log(len(t_ref))

    @torch.no_grad()
    def f(x, y):
        total = torch.zeros(len(x), dtype=torch.float64)
        for term, net in nets.items():
            if term in shift:
                total += net(x, y).double() - shift[term]
            elif term == "conditional":
                total += net.log_prob(y, x).double()
            else:
                total -= net.log_prob(y).double()
        return total

    return f


def plane():
    """Return the map's axis, its pairs (x, y), whose other columns are one sample's, and where the law has mass."""
    axis = np.linspace(-3, 3, GRID)
    x, y = (z.expand(GRID * GRID, -1).clone() for z in LAW.sample(1, seed=12))
    a, b = np.meshgrid(axis, axis, indexing="ij")
    x[:, 0], y[:, 0] = (torch.from_numpy(v.ravel()).float() for v in (a, b))
    one = CorrelatedMixture(1)
    log_p = one.log_conditional(y[:, :1], x[:, :1]) + one.log_marginal(x[:, :1])
    return axis, x, y, (log_p > log_p.max() + math.log(1e-4)).numpy()


def as_map(ratio, seen) -> list:
    values = np.where(seen, ratio.double().numpy(), np.nan).reshape(GRID, GRID)
    return [[None if math.isnan(v) else round(float(v), 2) for v in row] for row in values]


def run(method: str, seed: int, n: int, share: float) -> tuple[dict, object]:
    x, y = LAW.sample(n, seed=1000 + seed)
    start = time.process_time()
    trainer = make(method, x, y, seed)
    out = {
        "method": method,
        "seed": seed,
        "epoch": [],
        "held_out": [],
        "log_ratio_sd": [],
        "loss_sd": [],
        "seconds": [],
    }
    for epoch in range(1, max(1, round(share * EPOCHS[method])) + 1):
        trainer.step(progress=False)
        out["seconds"].append(round(time.process_time() - start, 1))  # what is looked at below isn't counted
        before = time.process_time()
        out["epoch"].append(epoch)
        out["held_out"].append(round(trainer.value, 4))
        for name, value in spreads(trainer).items():
            out[name].append(round(value, 4))
        start += time.process_time() - before
        if trainer.stopped:
            out["stopped"] = trainer.stopped
            break
    values, without = jackknife(trainer, [reports(trainer, half) for half in (0, 1)])
    out |= {"value": round(float(values[0]), 4), "error": round(standard_error(values, without, "sampling"), 4)}
    return out, trainer


@click.command()
@click.option("--seeds", default=4, show_default=True, help="Runs of each method.")
@click.option("--share", default=1.0, show_default=True, help="Of the passes through the training samples.")
@click.option("--samples", default=100_000, show_default=True, help="Joint samples, a fifth of them held out.")
def main(seeds: int, share: float, samples: int) -> None:
    """Run every method with every seed and write the curves; what is there already is kept."""
    torch.set_num_threads(1)
    settings = {
        "n": samples,
        "epochs": {name: max(1, round(share * epochs)) for name, epochs in EPOCHS.items()},
        "truth": round(LAW.mutual_information, 5),
        "law": repr(LAW),
        "batch": {"mixtures": MIXTURE_BATCH, "others": BATCH, "spread": SPREAD_BATCH},
        "lr": {"critic": CRITIC_RATE, "models": MODEL_RATE},
        "beta": BETA,
        "averaged": True,
        "critic": "ReLUs, 128 x 3, of x, y and what a line leaves",
        "seconds": "of processor time",
    }
    head = about(f"python -m experiments hybrids --seeds {seeds} --share {share} --samples {samples}", **settings)
    content = {"peers": PEERS, "maps": {}, "runs": []}
    if OUT.is_file():
        old = json.loads(OUT.read_text())
        if all(old["about"].get(name) == value for name, value in settings.items()):
            content |= {name: old[name] for name in ("maps", "runs")}
    axis, x, y, seen = plane()
    content["maps"] |= {"grid": axis.round(3).tolist(), "truth": as_map(LAW.log_ratio(x, y), seen)}
    done = {(one["method"], one["seed"]) for one in content["runs"]}
    for seed in range(seeds):
        for method in EPOCHS:
            if (method, seed) in done:
                continue
            one, trainer = run(method, seed, samples, share)
            if seed == 0:
                content["maps"][method] = as_map(log_ratio(trainer)(x, y), seen)
            content["runs"].append(one)
            write(OUT, head, **content)
            click.echo(f"{method} seed {seed}: {one['value']} ± {one['error']} in {one['seconds'][-1]} s")


if __name__ == "__main__":
    main()
