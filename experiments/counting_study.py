"""Run the study of chapter 3: how far bins, kernels and neighbours are from the truth, and what they cost.

    python -m experiments counting-study                  # about two minutes on two cores; resumes where it was stopped
    python -m experiments counting-study --fresh          # forget what was done before

Bivariate Gaussians with 25 correlations (I evenly spaced from 0 to that of rho = .99), 7 sizes (100 to 4,900), 64
realisations each: 11,200 estimates a method. Every finished (size, correlation) is a line of the progress file; when
all are there, means, standard deviations and seconds go to
``mi_lab/teaching/curves/counting-study.json``, for the chapter.
"""

import json
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write

RESULT = CURVES / "counting-study.json"
SIZES = [m * m for m in (10, 13, 19, 26, 36, 51, 70)]  # the published study's: pixels of square images
INFORMATION = np.linspace(0, -0.5 * np.log1p(-(0.99**2)), 25)
REALISATIONS = 64
METHODS = {  # the package's defaults, the settings of the published study, and what knowing the law would give
    "neighbours": "ksg(x, y)",
    "kernels": "kde(x, y)",
    "bins": "bins(x, y)",
    "kernels, n^(-1/3)": 'kde(x, y, n ** (-1 / 3), own="resubstitution")',
    "20 bins": 'bins(x, y, 20, kind="width", correction="plug-in", span=…)',
    "oracle": "law.log_ratio(x, y).mean()",
}


def _start() -> None:
    import torch

    torch.set_num_threads(1)
    run(100, 0, 0)  # so that no time goes to loading libraries


def draw(n: int, which: int, seed: int):
    """Draw all realisations of one size and one correlation: the law, x and y, (64, n) each.

    The correlations share their noise, so that curves against the correlation are smooth.
    """
    from mi_lab import CorrelatedGaussian

    law = CorrelatedGaussian.with_information(INFORMATION[which])
    x, y = law.sample(REALISATIONS * n, seed=np.random.default_rng([seed, n]))
    return law, x.reshape(REALISATIONS, n), y.reshape(REALISATIONS, n)


def run(n: int, which: int, seed: int) -> dict:
    """Run every method on all realisations of one size and one correlation."""
    import torch

    from mi_lab import bins, kde, ksg

    def twenty(a, b):
        spans = tuple(v.double().quantile(torch.tensor([0.001, 0.999], dtype=torch.float64)).tolist() for v in (a, b))
        return bins(a, b, 20, kind="width", correction="plug-in", span=spans)

    law, x, y = draw(n, which, seed)
    calls = {
        "neighbours": lambda: ksg(x, y, batch=True, workers=1),
        "kernels": lambda: kde(x, y, batch=True),
        "bins": lambda: bins(x, y, batch=True),
        "kernels, n^(-1/3)": lambda: kde(x, y, n ** (-1 / 3), own="resubstitution", batch=True),
        "20 bins": lambda: torch.stack([twenty(*pair) for pair in zip(x, y, strict=True)]),
        "oracle": lambda: law.log_ratio(x.reshape(-1, 1), y.reshape(-1, 1)).view_as(x).double().mean(1),
    }
    done = {"n": n, "which": which, "seed": seed}
    oracle = calls["oracle"]().double().numpy()
    for name, call in calls.items():
        start = time.perf_counter()
        values = call().double().numpy()
        seconds, apart = (time.perf_counter() - start) / REALISATIONS, values - oracle
        done[name] = [values.mean(), values.std(ddof=1), seconds, apart.mean(), apart.std(ddof=1)]
    return done


@click.command()
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "counting-study.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(seed: int, workers: int, progress: Path, fresh: bool) -> None:
    """Run what is missing, then write the summary."""
    lines = finished(progress, fresh)
    done = {(d["n"], d["which"]): d for d in lines if d["seed"] == seed}
    todo = [(n, w) for n in SIZES for w in range(len(INFORMATION)) if (n, w) not in done]
    start = time.perf_counter()
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start)
    with pool, progress.open("a") as file:
        jobs = [pool.submit(run, n, w, seed) for n, w in todo]
        for job in tqdm(as_completed(jobs), total=len(jobs), unit="cell", desc="study", disable=None):
            d = job.result()
            done[d["n"], d["which"]] = d
            file.write(json.dumps(d) + "\n")
            file.flush()
    seconds = time.perf_counter() - start

    def table(name: str, column: int, digits: int) -> list:
        return [[round(done[n, w][name][column], digits) for w in range(len(INFORMATION))] for n in SIZES]

    facts = {
        "law": "bivariate Gaussian",
        "realisations": REALISATIONS,
        "methods": METHODS,
        "columns": "[size][information]: mean and sd of the estimates in nats; seconds an estimate on one core; mean "
        "and sd of the estimates less the oracle's on the same samples, which show the bias with less noise",
    }
    if len(todo) == len(SIZES) * len(INFORMATION):
        facts["wall seconds"] = round(seconds)
    columns = {"mean": (0, 4), "sd": (1, 4), "seconds": (2, 7), "apart": (3, 4), "apart sd": (4, 4)}
    runs = {m: {name: table(m, *where) for name, where in columns.items()} for m in METHODS}
    head = about(f"python -m experiments counting-study --seed {seed}", **facts)
    write(RESULT, head, sizes=SIZES, information=[round(i, 6) for i in INFORMATION], runs=runs)
    print(f"{len(todo)} cells in {seconds:.0f} s")
    for m in METHODS:
        for at, place in (((-1, -1), "rho=.99, n=4900"), ((0, 0), "rho=0, n=100")):
            mean, sd, _, apart, apart_sd = (runs[m][c][at[0]][at[1]] for c in columns)
            bias, root = mean - INFORMATION[at[1]], REALISATIONS**0.5
            told = f"{bias:+.4f} ± {sd / root:.4f}, against the oracle {apart:+.4f} ± {apart_sd / root:.4f}"
            print(f"{m:20} {place:16} bias {told}")


if __name__ == "__main__":
    main()
