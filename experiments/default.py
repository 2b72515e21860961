"""Ask the default estimator about independent columns: what it says on average where the truth is 0.

    python -m experiments default                  # 400 data sets of 1+1, 5+5 and 20+20 columns, about 20 minutes
    python -m experiments default --sets 60        # a few minutes

Each data set is a line of the progress file, which is kept until ``--fresh``: a run that was stopped goes on, and more
sets can be added.  The result is ``mi_lab/teaching/curves/default.json``: the mean with its standard error, the spread,
and how often the 90 % interval holds 0.  Errors over the laws of the battery: ``python -m experiments battery``.
"""

import json
import time
import warnings
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write

RESULT = CURVES / "default.json"
PROGRESS = ROOT / "_build" / "default.jsonl"
N, COLUMNS = 300, (1, 5, 20)


def once(d: int, seed: int) -> dict:
    """Return value, interval and seconds for one data set of d + d independent normal columns."""
    import mi_lab

    g = np.random.default_rng([d, seed])
    x, y = g.standard_normal((2, N, d))
    began = time.process_time()
    e = mi_lab.estimate(x, y, seed=seed, progress=False)
    seconds = time.process_time() - began
    return {"d": d, "seed": seed, "value": e.value, "interval": list(e.interval(0.9)), "seconds": round(seconds, 3)}


def row(lines: list[dict]) -> dict:
    """Return what the data sets of one number of columns say together."""
    values = np.array([line["value"] for line in lines])
    return {
        "columns": lines[0]["d"],
        "sets": len(lines),
        "mean": float(values.mean()),
        "error of the mean": float(values.std(ddof=1) / np.sqrt(len(values))),
        "spread": float(values.std(ddof=1)),
        "covered": float(np.mean([line["interval"][0] <= 0 for line in lines])),
        "seconds": float(np.median([line["seconds"] for line in lines])),
    }


@click.command()
@click.option("--sets", default=400, show_default=True, help="Data sets of each number of columns.")
@click.option("--progress", type=click.Path(path_type=Path), default=PROGRESS, help="Where finished data sets stand.")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(sets: int, progress: Path, fresh: bool) -> None:
    """Measure the default estimator at independence."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    lines = finished(progress, fresh)
    done = {(line["d"], line["seed"]) for line in lines}
    todo = [(d, seed) for seed in range(sets) for d in COLUMNS if (d, seed) not in done]
    with progress.open("a") as file:
        for d, seed in tqdm(todo, desc="independent columns", disable=None):
            lines.append(once(d, seed))
            file.write(json.dumps(lines[-1]) + "\n")
            file.flush()
    rows = [row([line for line in lines if line["d"] == d and line["seed"] < sets]) for d in COLUMNS]
    head = about(f"python -m experiments default --sets {sets}", n=N, truth=0.0, level=0.9, seeds=f"0 to {sets - 1}")
    write(RESULT, head, indent=1, rows=rows)
    for line in rows:
        click.echo(json.dumps(line))
