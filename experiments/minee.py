r"""Run MINE and MI-NEE for as long, and with the settings, as the runs that are published beside the MI-NEE paper.

    python -m experiments minee mixed                        # 1+1 dimensions, mixture of two Gaussians, n = 400
    python -m experiments minee gaussian                     # 6+6 dimensions, rho = .9, n = 1000
    python -m experiments minee mixed --arrival --seeds 8    # each run only until it has 90 % of the truth

Each writes ``mi_lab/teaching/curves/minee-<law>.json`` or ``minee-arrival.json``, which chapter 8 reads.
The settings are those of the notebooks at github.com/ccha23/MI-NEE (uniform reference over the range of the data,
drawn afresh at every step; a value computed on the training samples and smoothed with rate .01 a step: there at every
step, here at every fiftieth, or tenth).
What is added here: several seeds, each with samples of its own; the value on samples that
no critic was trained on; that value again with the second expectation computed by importance sampling, which the
known law allows ("resolved"); and MINE with a critic of MI-NEE's size. Plain PyTorch on purpose: this checks what the
package does, so it does not lean on it.
"""

import json
import math
from itertools import chain, product
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from experiments.results import CURVES, about, write

RUNS = CURVES
BATCH, FACTOR, RATE = 100, 10, 0.1  # samples a step; references a sample (MI-NEE); moving average (MINE)
LOOK, HELD_OUT = 50, 4000  # steps between two looks; fresh samples to look with

LAWS = {
    "mixed": {"n": 400, "d": 1, "lr": 1e-4, "truth": 0.40844, "steps": {"mi-nee": 30_000, "mine": 80_000}},
    "gaussian": {"n": 1000, "d": 6, "lr": 5e-5, "truth": -3 * math.log(1 - 0.81), "steps": 20_000},
}


def draw(law: str, n: int, generator: torch.Generator):
    """Draw n pairs: correlation +.9 for one half and -.9 for the other (mixed), or six pairs at .9 (gaussian)."""
    d = LAWS[law]["d"]
    x, noise = torch.randn(2, n, d, generator=generator)
    rho = torch.full((n, 1), 0.9)
    if law == "mixed":
        rho[n // 2 :] *= -1
    return x, rho * x + math.sqrt(1 - 0.81) * noise


def log_densities(law: str, xy: torch.Tensor):
    """Return the logarithms of the densities of (X, Y), of X and of Y."""
    x, y = xy.double().chunk(2, 1)
    one, two = (-(z**2 + math.log(2 * math.pi)).sum(1) / 2 for z in (x, y))

    def given_x(rho):
        return -((y - rho * x) ** 2 / (1 - rho**2) + math.log(2 * math.pi * (1 - rho**2))).sum(1) / 2

    if law == "mixed":
        return one + torch.logaddexp(given_x(0.9), given_x(-0.9)) - math.log(2), one, two
    return one + given_x(0.9), one, two


def critic(inputs: int, width: int, generator: torch.Generator) -> nn.Sequential:
    """Build inputs -> width -> width -> 1 with ELU; weights N(0, .02^2), biases zero."""
    net = nn.Sequential(
        nn.Linear(inputs, width), nn.ELU(), nn.Linear(width, width), nn.ELU(), nn.Linear(width, 1), nn.Flatten(0)
    )
    for p in net.parameters():
        nn.init.normal_(p, std=0.02, generator=generator) if p.ndim == 2 else nn.init.zeros_(p)
    return net


def dv(net, p, q):
    """Return avg_p t - log avg_q e^t: the Donsker-Varadhan value."""
    return net(p).mean() - net(q).logsumexp(0) + math.log(len(q))


def resolved(net, p, q, log_p, log_q):
    """Return avg_p t - log E_q e^t, the expectation by importance sampling from the mixture of both sets of samples."""
    m, n = len(p), len(q)
    t = torch.cat([net(p), net(q)]).double()
    log_ratio = log_p(torch.cat([p, q])) - log_q(torch.cat([p, q]))
    weighted = t + math.log(m + n) - torch.logaddexp(log_ratio + math.log(m), torch.tensor(math.log(n)))
    return net(p).mean() - weighted.logsumexp(0) + math.log(m + n)


class MINEE:
    """Three critics against uniform references over the range of the training samples."""

    def __init__(self, x, y, lr, generator, width=100):
        self.data, self.g, d = (torch.cat([x, y], 1), x, y), generator, x.shape[1]
        self.low, self.high = self.data[0].amin(0), self.data[0].amax(0)
        self.nets = [critic(k, width, generator) for k in (2 * d, d, d)]
        self.opt = torch.optim.Adam(chain(*(net.parameters() for net in self.nets)), lr=lr, fused=True)

    def references(self, n):
        xy = self.low + (self.high - self.low) * torch.rand(n, len(self.low), generator=self.g)
        return (xy, *xy.chunk(2, 1))

    def step(self):
        n = len(self.data[0])
        batches = [z[torch.randperm(n, generator=self.g)[:BATCH]] for z in self.data]
        references = self.references(FACTOR * BATCH)
        loss = -sum(map(dv, self.nets, batches, references))
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()

    @torch.no_grad()
    def value(self, x, y):
        data, references = (torch.cat([x, y], 1), x, y), self.references(FACTOR * len(x))
        joint, one, two = (float(dv(*a)) for a in zip(self.nets, data, references, strict=True))
        return joint - one - two, joint, one, two

    def log_reference(self, xy):
        """Return the logarithm of the reference's density of (X', Y')."""
        inside = ((xy >= self.low) & (xy <= self.high)).all(1)
        return torch.where(inside, -(self.high - self.low).log().sum(), -math.inf).double()

    @torch.no_grad()
    def resolved(self, law, x, y):
        """Return the joint critic's value on fresh samples, with its second expectation resolved."""
        xy, references = torch.cat([x, y], 1), self.references(FACTOR * len(x))[0]
        return float(resolved(self.nets[0], xy, references, lambda z: log_densities(law, z)[0], self.log_reference))


class MINE:
    """One critic against shuffled samples, with the moving average of the denominator in the gradient."""

    def __init__(self, x, y, lr, generator, width=300):
        self.x, self.y, self.g, self.average = x, y, generator, torch.tensor(1.0)
        self.net = critic(2 * x.shape[1], width, generator)
        self.opt = torch.optim.Adam(self.net.parameters(), lr=lr, fused=True)

    def pick(self, z, k):
        return z[torch.randperm(len(z), generator=self.g)[:k]]

    def step(self):
        joint = self.pick(torch.cat([self.x, self.y], 1), BATCH)
        reference = torch.cat([self.pick(self.x, BATCH), self.pick(self.y, BATCH)], 1)
        e = self.net(reference).exp().mean()
        self.average = (1 - RATE) * self.average + RATE * e.detach()
        loss = -self.net(joint).mean() + e / self.average
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()

    @torch.no_grad()
    def value(self, x, y):
        reference = torch.cat([self.pick(x, len(x)), self.pick(y, len(y))], 1)
        return (float(dv(self.net, torch.cat([x, y], 1), reference)),)

    @torch.no_grad()
    def resolved(self, law, x, y):
        """Return the critic's value on fresh samples, with its second expectation resolved."""
        reference = torch.cat([self.pick(x, len(x)), self.pick(y, len(y))], 1)
        densities = lambda z: log_densities(law, z)  # noqa: E731
        log_q = lambda z: sum(densities(z)[1:])  # noqa: E731
        return float(resolved(self.net, torch.cat([x, y], 1), reference, lambda z: densities(z)[0], log_q))


def run(law: str, method: str, seed: int, steps: int, width: int, arrival: bool) -> dict:
    """Train one estimator; look at it every few steps, on its training samples and on fresh ones."""
    look = LOOK // 5 if arrival else LOOK
    law_, g = LAWS[law], torch.Generator().manual_seed(seed)
    x, y = draw(law, law_["n"], g)
    fresh = draw(law, HELD_OUT, g)
    estimator = {"mi-nee": MINEE, "mine": MINE}[method](x, y, law_["lr"], g, width)
    smooth, keep = 1 - 0.99**look, {"step": [], "train": [], "held_out": [], "resolved": [], "parts": []}
    value, reached = 0.0, None
    for step in tqdm(range(1, steps + 1), desc=f"{method} {width} seed {seed}", leave=False, mininterval=5):
        estimator.step()
        if step % look:
            continue
        value += smooth * (estimator.value(x, y)[0] - value)
        if reached is None and value > 0.9 * law_["truth"]:
            reached = step
        if arrival and reached:
            break
        if not arrival and step % (steps // 80) < look:
            held_out, *parts = estimator.value(*fresh)
            exact = estimator.resolved(law, *fresh) - sum(parts[1:])
            for name, v in zip(keep, (step, value, held_out, exact, parts), strict=True):
                keep[name].append(np.round(v, 4).tolist())
    found = {"method": method, "seed": seed, "width": width, "reached_90_percent": reached}
    return found if arrival else found | keep


@click.command()
@click.argument("law", type=click.Choice(list(LAWS)))
@click.option("--seeds", default=3, show_default=True, help="How many runs of each estimator.")
@click.option("--arrival", is_flag=True, help="End a run when it has 90 % of the truth, and keep only the step.")
@click.option("--out", default=RUNS, type=click.Path(path_type=Path), help="The folder to write to.")
def main(law: str, seeds: int, arrival: bool, out: Path) -> None:
    """Run every estimator with every seed on LAW and write the curves."""
    torch.set_num_threads(1)
    plan = [("mi-nee", 100), ("mine", 300), *([] if arrival else [("mine", 100)])]
    name, flag = ("arrival", " --arrival") if arrival else (law, "")
    facts = {"batch": BATCH, "references_a_sample": FACTOR, **LAWS[law]}
    head = about(f"python -m experiments minee {law}{flag} --seeds {seeds}", **facts)
    file, runs = out / f"minee-{name}.json", []
    out.mkdir(exist_ok=True)
    if arrival and file.exists():  # go on where an earlier run of the same settings stopped
        kept = json.loads(file.read_text())
        runs = kept["runs"] if all(kept["about"].get(name) == value for name, value in facts.items()) else []
    there = {(r["method"], r["width"], r["seed"]) for r in runs}
    steps = LAWS[law]["steps"]
    for seed, (method, width) in product(range(seeds), plan):
        if (method, width, seed) not in there:
            most = steps if isinstance(steps, int) else max(steps.values()) if arrival else steps[method]
            runs.append(run(law, method, seed, most, width, arrival))
            click.echo(f"{method} {width} seed {seed}: 90 % at {runs[-1]['reached_90_percent']}", err=True)
            write(file, head, runs=runs)


if __name__ == "__main__":
    main()
