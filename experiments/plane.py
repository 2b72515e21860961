"""Draw the information plane: twelve-bit words, small nets, 20 seeds together; binned, exact, and with honest noise.

    python -m experiments plane                  # about eight minutes on one core; goes on where it was stopped

Nets 12-10-7-5-4-3-2, tanh and ReLU, Adam, trained on 3,481 of the 4,096 words and measured on all of them.  Third, tanh
nets that live with Gaussian noise on their third layer: its I(X;T) is finite, and is estimated by neighbours and by a
critic beside a Monte-Carlo truth.  Writes ``mi_lab/teaching/curves/plane.json``, for chapter 17.
"""

import json
import math
import time
from pathlib import Path

import click
import numpy as np
import torch
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln
from torch import Tensor
from tqdm import tqdm

import mi_lab
from experiments.results import CURVES, ROOT, about, finished, write
from mi_lab.teaching.plane import SIZES, Nets, binned_information, exact_information, noisy_information, words

RESULT = CURVES / "plane.json"
TIMES = [0, 1, 2, 4, 7, 11, 16, 23, 32, 45, 64, 128, 256, 512]
BINS = [2, 3, 5, 8, 12, 20, 30, 50, 100, 300, 1000, 10_000]
SIGMA, NOISY, SAMPLES = 0.1, 3, 5_000  # noise, the layer that has it, samples of an estimate
LOOKED, TRIED, JUDGED = [1, 7, 16, 32, 128, 512], (1, 16, 512), 3  # noisy nets: times of truth and of estimates, seeds


def data() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return all words and labels, and the rows that are trained on and those held out."""
    x, y = words()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(17))
    return x, y, order[:3481], order[3481:]


def trained(nets: Nets, at: list[int], look) -> None:
    """Train on the training rows, and call look(epoch) at the given epochs."""
    x, y, train, _ = data()
    for epoch in tqdm(range(max(at) + 1), unit="epoch", disable=None):
        if epoch:
            nets.epoch(x[train], y[train])
        if epoch in at:
            look(epoch)


def summary(values: list) -> dict:
    """Return mean and standard deviation over seeds of (seeds, ...) informations in x and in y, rounded."""
    v = np.array(values)
    return {
        "x": v[..., 0].mean(0).round(4).tolist(),
        "x sd": v[..., 0].std(0, ddof=1).round(4).tolist() if len(v) > 1 else None,
        "y": v[..., 1].mean(0).round(4).tolist(),
        "y sd": v[..., 1].std(0, ddof=1).round(4).tolist() if len(v) > 1 else None,
    }


def plain(activation: str, seeds: int) -> dict:
    """Return the plane of nets without noise: at every time, for every layer, by every number of bins and exactly."""
    x, y, _, held_out = data()
    nets, kept, errors = Nets(range(seeds), activation), [], []

    def look(epoch: int) -> None:
        with torch.no_grad():
            kept.append([t.numpy() for t in nets.layers(x)[:-1]])
        errors.append(nets.errors(x[held_out], y[held_out]))

    trained(nets, TIMES, look)
    labels, layers = y.numpy(), len(kept[0])
    # tanh ends at -1 and 1; a ReLU layer's bins reach from 0 to the largest value that the seed's layer ever had
    high = [[max(float(at[k][s].max()) for at in kept) for s in range(seeds)] for k in range(layers)]
    out = []
    for at in tqdm(kept, unit="time", disable=None):
        of = {"exact": summary([[exact_information(t[s], labels) for t in at] for s in range(seeds)])}
        for bins in BINS:
            found = [
                [
                    binned_information(t[s], labels, bins)
                    if activation == "tanh"
                    else binned_information(t[s], labels, bins, 0.0, high[k][s] or 1.0)
                    for k, t in enumerate(at)
                ]
                for s in range(seeds)
            ]
            of[str(bins)] = summary(found)
        out.append(of)
    error = torch.stack(errors)
    return {
        "plane": out,
        "error": error.mean(1).numpy().round(5).tolist(),
        "error sd": error.std(1).numpy().round(5).tolist(),
    }


def nearest(t: np.ndarray, k: int = 3) -> float:
    """Return I(X;T) of T = f(X) + σε by neighbours: Kozachenko and Leonenko's entropy of T less that of the noise."""
    n, d = t.shape
    reach = cKDTree(t).query(t, k + 1)[0][:, -1]
    ball = d / 2 * math.log(math.pi) - gammaln(d / 2 + 1)
    h = digamma(n) - digamma(k) + ball + d * np.log(reach).mean()
    return float(h - d / 2 * math.log(2 * math.pi * math.e * SIGMA**2))


def judged(x: Tensor, centre: Tensor, seed: int) -> dict:
    """Return estimates of I(X;T) from fresh samples: neighbours with and without the noise's law, and a critic."""
    g = torch.Generator().manual_seed(1000 + seed)
    rows = torch.randint(len(x), (SAMPLES,), generator=g)
    t = centre[rows] + SIGMA * torch.randn(SAMPLES, centre.shape[1], generator=g)
    critic = mi_lab.estimate(x[rows], t, method="mine", seed=seed)
    ksg = mi_lab.estimate(x[rows], t, method="ksg")
    return {
        "neighbours, known noise": round(nearest(t.numpy()), 4),
        "neighbours, pairs": round(ksg.value, 4),
        "critic": round(critic.value, 4),
        "critic error": round(critic.error, 4),
    }


def noisy(seeds: int) -> dict:
    """Return I(X;T) and I(T;Y) of the noisy layer by Monte Carlo for every seed, and estimates for the first ones."""
    x, y, _, held_out = data()
    nets, truth, tries = Nets(range(seeds), noise={NOISY: SIGMA}), [], []

    def look(epoch: int) -> None:
        with torch.no_grad():
            centres = nets.layers(x)[NOISY - 1]
        values = [noisy_information(t, y, SIGMA, seed=s) for s, t in enumerate(centres)]
        truth.append({name: [round(v[name], 4) for v in values] for name in values[0]})
        truth[-1] |= {"epoch": epoch, "error": nets.errors(x[held_out], y[held_out]).numpy().round(5).tolist()}
        if epoch in TRIED:
            for s in range(min(JUDGED, seeds)):
                tries.append({"epoch": epoch, "seed": s, "truth": truth[-1]["x"][s], **judged(x, centres[s], s)})

    trained(nets, LOOKED, look)
    return {"truth": truth, "estimates": tries, "sigma": SIGMA, "layer": NOISY, "samples": SAMPLES}


def speed(seeds: int, epochs: int = 4) -> dict:
    """Return the seconds that the members take together, and one by one, in turns."""
    x, y, train, _ = data()
    found = {"together": [], "apart": []}
    for _ in range(3):
        for name, crews in (("together", [range(seeds)]), ("apart", [[s] for s in range(seeds)])):
            nets = [Nets(c) for c in crews]
            start = time.process_time()
            for n in nets:
                for _ in range(epochs):
                    n.epoch(x[train], y[train])
            found[name].append(time.process_time() - start)
    return {name: round(min(v), 3) for name, v in found.items()} | {"epochs": epochs, "members": seeds}


@click.command()
@click.option("--seeds", default=20, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "plane.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(seeds: int, progress: Path, fresh: bool) -> None:
    """Do the parts that are missing, then write the result file."""
    torch.set_num_threads(1)
    lines = finished(progress, fresh)
    done = {line["part"]: line["found"] for line in lines if line["seeds"] == seeds}
    parts = {
        "tanh": lambda: plain("tanh", seeds),
        "relu": lambda: plain("relu", seeds),
        "noisy": lambda: noisy(seeds),
        "speed": lambda: speed(seeds),
    }
    with progress.open("a") as file:
        for part, do in parts.items():
            if part not in done:
                done[part] = do()
                file.write(json.dumps({"part": part, "seeds": seeds, "found": done[part]}) + "\n")
                file.flush()
    _, y, train, _ = data()
    head = about(f"python -m experiments plane --seeds {seeds}", sizes=list(SIZES), trained_on=len(train))
    head |= {"units": "nats; processor seconds", "seed": f"0 to {seeds - 1}", "ones": int(y.sum())}
    write(RESULT, head, times=TIMES, bins=BINS, **done)
    print(done["speed"], *done["noisy"]["estimates"], sep="\n")


if __name__ == "__main__":
    main()
