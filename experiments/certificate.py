"""Measure what a certificate is worth (chapter 10): how much at which n, and how often it passes the truth.

    python -m experiments certificate              # a few minutes on one core; resumes where it was stopped

Three tables, each with one entry a cell: `growth`, trained critics on a bivariate Gaussian against n, two shares held
out; `coverage`, hundreds of data sets of several laws, with trained critics and, a thousand each, with fixed ones; and
`oracle`, the certificate of the true log-ratio against the information and n.  Writes
``mi_lab/teaching/curves/certificate.json``.
"""

import json
import math
import time
import warnings
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write

RESULT = CURVES / "certificate.json"
SIZES, SHARES, RHO = (250, 1000, 3000, 10_000), (0.2, 0.5), 0.9
INFORMATION, ORACLE_SIZES = (
    (0.05, 0.2, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0),
    (30, 100, 300, 1000, 3000, 10_000, 100_000),
)
SETS, TRAINED, N_SETS, CONFIDENCES = 1000, 40, 500, (0.95, 0.5)


def gaussian(rho: float, transform=lambda v: v, back=lambda v: v):
    """Return how to draw n pairs, the true log-ratio, and the truth, of a Gaussian pair after a transform of each."""
    truth = -math.log1p(-rho * rho) / 2

    def draw(n, rng):
        x = rng.standard_normal(n)
        return transform(x), transform(rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(n))

    def score(x, y):
        x, y = back(x), back(y)
        return truth - (rho**2 * (x**2 + y**2) - 2 * rho * x * y) / (2 * (1 - rho**2))

    return draw, score, truth


def letters(k: int, keep: float):
    """X uniform on k letters; Y is X with probability `keep`, else any letter."""
    same = keep + (1 - keep) / k
    other = (1 - same) * math.log(k * (1 - same) / (k - 1)) if same < 1 else 0

    def draw(n, rng):
        x = rng.integers(0, k, n)
        return x, np.where(rng.random(n) < keep, x, rng.integers(0, k, n))

    return (
        draw,
        lambda x, y: np.where(x == y, math.log(k * same), math.log(1e-3 + k * (1 - same) / (k - 1))),
        (same * math.log(k * same) + other),
    )


def with_critic(law, critic, truth=None):
    """Return a law with another critic than its log-ratio."""
    return law[0], critic, law[2] if truth is None else truth


LAWS = {
    "independent Gaussians": with_critic(gaussian(0.0), gaussian(0.8)[1]),
    "Gaussian, ρ = .8": gaussian(0.8),
    "Gaussian, ρ = .99": gaussian(0.99),
    "heavy tails, sinh 3z": gaussian(0.8, lambda v: np.sinh(3 * v), lambda v: np.arcsinh(v) / 3),
    "heavy tails, a product for a critic": with_critic(gaussian(0.8, np.sinh), lambda x, y: x * y / 3),
    "64 letters, X = Y": letters(64, 1.0),
    "2 letters, nearly independent": letters(2, 0.3),
    "8 letters, independent": letters(8, 0.0),
    "8 letters, half of them told": letters(8, 0.5),
    "heavy tails, sinh z": gaussian(0.8, np.sinh, np.arcsinh),
    "a critic that boasts": with_critic(gaussian(0.5), lambda x, y: 2 * gaussian(0.5)[1](x, y) + 5),
}
TRAINED_LAWS = ("independent Gaussians", "Gaussian, ρ = .8", "heavy tails, sinh z", "8 letters, half of them told")


def scores(score, x, y, shuffles, rng):
    """Return a critic's scores of couples, of the joint samples and of the crossed pairs."""
    from mi_lab.certificates import couples

    ij = couples(len(x), shuffles, rng)
    return score(x, y)[ij], score(x[ij], y[ij[..., ::-1]])


def fixed_levels(name: str, sets: int, n: int = N_SETS, shuffles: int = 1) -> tuple[np.ndarray, float]:
    """Return the certificates of `sets` data sets of a law with a fixed critic, (sets, confidences), and the truth."""
    from mi_lab.certificates import TRIED, Purse, best_clip, couple_gains, largest_claim

    draw, score, truth = LAWS[name]
    rng = np.random.default_rng([list(LAWS).index(name), 1])
    clip = best_clip(*scores(score, *draw(400, rng), TRIED, rng))
    levels = []
    for _ in range(sets):
        gains = couple_gains(*scores(score, *draw(n, rng), shuffles, rng), clip)
        levels.append([largest_claim([Purse(gains, clip.floor)], q) for q in CONFIDENCES])
    return np.array(levels), truth


def oracle(information: float, n: int) -> dict:
    """Certify the true log-ratio with n samples, clipped by n others."""
    from mi_lab.certificates import TRIED, Purse, best_clip, couple_gains, largest_claim, shufflings

    draw, score, _ = gaussian(math.sqrt(-math.expm1(-2 * information)))
    found = []
    for seed in range(4 if n < 50_000 else 1):
        rng = np.random.default_rng([seed, n])
        clip = best_clip(*scores(score, *draw(min(n, 16_384), rng), min(TRIED, shufflings(n)), rng))
        gains = couple_gains(*scores(score, *draw(n, rng), shufflings(n), rng), clip)
        found.append(largest_claim([Purse(gains, clip.floor)]))
    return {"certified": round(float(np.mean(found)), 4)}


def growth(n: int, share: float, seed: int) -> dict:
    """Estimate and certify one data set of a bivariate Gaussian."""
    import mi_lab

    x, y = mi_lab.BivariateGaussian(RHO).sample(n, seed=np.random.default_rng([seed, n]))
    e = mi_lab.estimate(x, y, "mine", seed=seed, held_out=share, progress=False)
    return {"value": round(e.value, 4), "error": round(e.error, 4), "certified": round(e.certified(), 4)}


def coverage(name: str, i: int) -> dict:
    """Estimate and certify one data set of a law, with critics that are trained quickly."""
    import mi_lab

    draw, _, truth = LAWS[name]
    x, y = draw(N_SETS, np.random.default_rng([i, 7]))
    quick = {"seeds": 1, "max_epochs": 20, "batch_size": 50, "held_out": 0.5, "progress": False}
    e = mi_lab.estimate(x.astype(float), y.astype(float), "mine", seed=i, **quick)
    return {"value": round(e.value, 4), "levels": [round(e.certified(q), 4) for q in CONFIDENCES], "truth": truth}


def fixed(name: str) -> dict:
    """Return how often a fixed critic's certificate passes the truth."""
    levels, truth = fixed_levels(name, SETS)
    return counted(levels, truth)


def counted(levels: np.ndarray, truth: float) -> dict:
    """Count how often the certificates (sets, confidences) pass the truth."""
    return {
        "sets": len(levels),
        "missed": (levels > truth).sum(0).tolist(),
        "certified": levels.mean(0).round(4).tolist(),
        "truth": round(truth, 5),
    }


def cells():
    """Name every cell of the three tables, the quick ones first, with what runs it."""
    out = {f"oracle {i:g} {n}": (oracle, i, n) for n in ORACLE_SIZES for i in INFORMATION}
    out |= {f"fixed {name}": (fixed, name) for name in LAWS}
    out |= {
        f"growth {n} {share} {seed}": (growth, n, share, seed) for n in SIZES for share in SHARES for seed in range(3)
    }
    return out | {f"coverage {i} {name}": (coverage, name, i) for i in range(TRAINED) for name in TRAINED_LAWS}


@click.command()
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "certificate.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(progress: Path, fresh: bool) -> None:
    """Run what is missing, then write the tables."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    lines = finished(progress, fresh)
    done, wanted = {line.pop("cell"): line for line in lines}, cells()
    start = time.process_time()
    with progress.open("a") as file:
        for name in tqdm([c for c in wanted if c not in done], desc="certificate", disable=None):
            run, *where = wanted[name]
            done[name] = run(*where)
            file.write(json.dumps({"cell": name, **done[name]}) + "\n")
            file.flush()
    table = {
        "oracle": [[done[f"oracle {i:g} {n}"]["certified"] for n in ORACLE_SIZES] for i in INFORMATION],
        "fixed": {name: done[f"fixed {name}"] for name in LAWS},
        "growth": [
            {"n": n, "share": share, "seed": seed, **done[f"growth {n} {share} {seed}"]}
            for n in SIZES for share in SHARES for seed in range(3)
        ],
        "trained": {
            name: {
                **counted(np.array([r["levels"] for r in rows]), rows[0]["truth"]),
                "above the value": sum(max(r["levels"]) > r["value"] for r in rows),
                "value": round(float(np.mean([r["value"] for r in rows])), 4),
            }
            for name in TRAINED_LAWS
            for rows in [[done[f"coverage {i} {name}"] for i in range(TRAINED)]]
        },
    }  # fmt: skip
    facts = {
        "confidences": CONFIDENCES, "sets": SETS, "rho": RHO, "information": INFORMATION, "sizes": ORACLE_SIZES,
        "seconds": round(time.process_time() - start),
    }  # fmt: skip
    write(RESULT, about("python -m experiments certificate", **facts), runs=table)
    for kind in ("fixed", "trained"):
        for name, row in table[kind].items():
            click.echo(f"{kind:8} {name:36} {row}")
    for row in table["growth"]:
        click.echo(row)


if __name__ == "__main__":
    main()
