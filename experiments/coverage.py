"""Measure how often ± 2 errors cover: about a method's own mean over fresh data, and about the truth.

    python -m experiments coverage                            # everything; hours for the critics; resumes
    python -m experiments coverage --methods bins,kde,ksg     # about ten minutes on two quiet cores
    python -m experiments coverage --methods mine --fast      # a quarter of the data sets, two laws

Every method goes through `mi_lab.estimate(x, y, method, seed=…)`, as a reader would use it, on fresh data sets of
every law.  Each estimate is a line of the progress file, ``experiments/progress/coverage.jsonl``, which is kept with
the sources: methods can be run one after the other, a run that was interrupted goes on where it stopped, and more data
sets can be added later.  After a change of a method its lines are stale: run it with ``--fresh``.  Rows of methods
that weren't run stay in the result, ``mi_lab/teaching/curves/coverage.json``.  Data set i of a law is the same for
all methods.
"""

import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from experiments.results import CURVES, ROOT, commit, finished, machine, write

RESULT = CURVES / "coverage.json"
PROGRESS = ROOT / "experiments" / "progress" / "coverage.jsonl"
COUNTING = ("bins", "kde", "ksg")
CRITICS = ("mine", "minee", "dv", "nwj", "js", "smile", "tuba", "infonce")
SETS = {"counting": 200, "critics": 60}  # data sets of a law: a coverage of 95 % to ± 1.5 %, ± 2.8 %


def gaussian(rho: float, n: int, d: int = 1) -> tuple[Callable, int, str]:
    """Return how to build a Gaussian law, n, and its name in a table."""

    def law():
        from mi_lab import CorrelatedGaussian

        return CorrelatedGaussian(rho, d)

    return law, n, f"Gaussian, ρ = {rho:g}, {d}+{d} columns"


def mixed(n: int) -> tuple[Callable, int, str]:
    """Return how to build the law of chapter 8, a mixture of Gaussians without correlation, n, and its name."""

    def law():
        from mi_lab import MixedGaussian

        return MixedGaussian(0.9)

    return law, n, "mixed Gaussian, ρ = ±0.9"


LAWS = {
    "g0-200": gaussian(0.0, 200),
    "g0-400": gaussian(0.0, 400),
    "g0-1000": gaussian(0.0, 1000),
    "g6-400": gaussian(0.6, 400),
    "g9-200": gaussian(0.9, 200),
    "g9-400": gaussian(0.9, 400),
    "g9-1000": gaussian(0.9, 1000),
    "mixed-400": mixed(400),
    "three-400": gaussian(0.6, 400, 3),
}
FAST = ("g6-400", "g9-400")


def _start() -> None:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")


def run(method: str, name: str, first: int, last: int, seed: int) -> list[list]:
    """Estimate from data sets `first` to `last` of a law; one line each."""
    from mi_lab import estimate

    build, n, _ = LAWS[name]
    law, lines = build(), []
    for i in range(first, last):
        x, y = law.sample(n, seed=np.random.default_rng([seed, i, n]))
        start = time.process_time()
        e = estimate(x, y, method, seed=i, progress=False)
        told = int(any("bias rules" in s for s in e.warnings))
        values = [round(e.value, 6), round(e.error, 6), told, round(time.process_time() - start, 3)]
        lines.append([method, name, seed, i, values])
    return lines


def row(values: list[list], truth: float) -> dict:
    """Summarise the values of one method and one law."""
    values = np.array(values, dtype=float)
    value, error, biased, seconds = values.T
    mean, number = value.mean(), len(value)
    deviation = value.std(ddof=1)
    own = abs(value - mean) <= 2 * error
    return {
        "data sets": number,
        "truth": round(truth, 5),
        "mean": round(mean, 5),
        "sd": round(deviation, 5),
        "error": round(float(np.sqrt(np.mean(error**2))), 5),
        "covers own mean": round(own.mean(), 4),
        "covers truth": round(float((abs(value - truth) <= 2 * error).mean()), 4),
        "says bias rules": round(biased.mean(), 4),
        "seconds": round(float(np.median(seconds)), 4),
    }


def _names(given: str, known: tuple[str, ...], option: str) -> list[str]:
    names = [name.strip() for name in given.split(",")]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r}, wanted some of: {', '.join(known)}.", param_hint=option)
    return names


@click.command()
@click.option("--methods", default=",".join(COUNTING + CRITICS), help="Names, separated by commas; default: all.")
@click.option("--laws", default=",".join(LAWS), help="Names, separated by commas; default: all.")
@click.option("--sets", type=int, default=None, help="Data sets of a law; default: 200, for critics 60.")
@click.option("--fast", is_flag=True, help="Two laws and a quarter of the data sets; the result file is left alone.")
@click.option("--seed", default=0, show_default=True, help="Of the data.")
@click.option("--workers", default=2, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=PROGRESS)
@click.option("--fresh", is_flag=True, help="Forget what was done before for these methods.")
def main(methods, laws, sets, fast, seed, workers, progress: Path, fresh: bool) -> None:
    """Run what is missing, then write the rows of the methods that were run."""
    methods = _names(methods, COUNTING + CRITICS, "--methods")
    laws = list(FAST) if fast else _names(laws, tuple(LAWS), "--laws")
    lines = finished(progress)
    if fresh:
        lines = [line for line in lines if line[0] not in methods]
        progress.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = defaultdict(dict)
    for method, law, of, i, values in lines:
        if of == seed:
            done[method, law][i] = values
    jobs = []
    for method in methods:
        wanted = sets or SETS["counting" if method in COUNTING else "critics"] // (4 if fast else 1)
        step = 20 if method in COUNTING else 2
        for law in laws:
            missing = [i for i in range(wanted) if i not in done[method, law]]
            for i in range(0, wanted, step):
                if any(j in missing for j in range(i, min(i + step, wanted))):
                    jobs.append((method, law, i, min(i + step, wanted), seed))
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start)
    with pool, progress.open("a") as file:
        pending = [pool.submit(run, *job) for job in jobs]
        for job in tqdm(as_completed(pending), total=len(pending), desc="coverage", disable=None):
            for line in job.result():
                done[line[0], line[1]][line[3]] = line[4]
                file.write(json.dumps(line) + "\n")
            file.flush()
    rows = {}
    for method in methods:
        for law in laws:
            build, n, told = LAWS[law]
            found = list(done[method, law].values())
            if len(found) < 2:
                continue
            summary = row(found, build().mutual_information)
            rows[f"{method} {law}"] = {"method": method, "law": told, "n": n, **summary}
            print(f"{method:8} {law:10}", *(f"{k} {v}" for k, v in summary.items()), sep="  ")
    if not fast:
        merge(rows, methods, laws, sets, seed)


def merge(rows: dict, methods: list[str], laws: list[str], sets: int | None, seed: int) -> None:
    """Merge the rows into the result file; those of other methods and laws stay."""
    before = json.loads(RESULT.read_text()) if RESULT.exists() else {"about": {}, "runs": {}}
    runs = before["runs"] | rows
    order = [f"{m} {law}" for m in COUNTING + CRITICS for law in LAWS]
    made = dict(before["about"].get("made", {}))
    part = "" if len(laws) == len(LAWS) else f" --laws {','.join(laws)}"
    part += "" if sets is None else f" --sets {sets}"
    for method in methods:
        made[method] = {
            "command": f"python -m experiments coverage --methods {method}{part} --seed {seed}",
            "commit": commit(),
            "seed": seed,
            "machine": machine(),
        }
    about = {
        "command": "python -m experiments coverage",
        "columns": "mean and sd of the estimates, root mean square of the stated errors, nats; share of data sets "
        "whose ± 2 errors cover the method's own mean, the truth; share of which the result says that bias rules; "
        "processor seconds an estimate",
        "made": made,
    }
    write(RESULT, about, indent=1, runs={key: runs[key] for key in order if key in runs})


if __name__ == "__main__":
    main()
