"""Sparse tables of labels where the information is known: which estimate is how far off?

``python -m experiments sparse`` writes mi_lab/teaching/curves/sparse.json: the bias and the root mean square error of
each estimate on each law, for so many rows a cell.
"""

import math
from functools import partial

import click
import numpy as np
from scipy.special import xlogy

from experiments.results import CURVES, about, write
from mi_lab.counting.discrete import counts

FILE = CURVES / "sparse.json"
FILLS, SETS = (0.1, 0.5, 1, 3), 30  # rows a cell; data sets


def laws() -> dict[str, np.ndarray]:
    """Return joint probabilities (K, L) by name; those called independent hold no information."""
    r, out = np.random.default_rng(0), {}
    for size in (10, 30):
        zipf = 1 / np.arange(1, size + 1)
        zipf /= zipf.sum()
        even = np.full(size, 1 / size)
        for name, p in (("even", even), ("zipf", zipf)):
            out[f"independent, {name}, {size}"] = np.outer(p, p)
            out[f"half copied, {name}, {size}"] = 0.6 * np.diag(p) + 0.4 * np.outer(p, p)
        for weight in (1, 0.1):
            out[f"Dirichlet, {weight}, {size}"] = r.dirichlet(np.full(size**2, weight)).reshape(size, size)
        band = np.exp(-0.5 * ((np.arange(size)[:, None] - np.arange(size)) / (size / 8)) ** 2)
        out[f"a band, {size}"] = band / band.sum()
    two = np.repeat([0.9, 0.1], 25) / 50
    return out | {"fifty labels, two halves": np.stack([two, two[::-1]], 1)}


def information(p: np.ndarray) -> float:
    """Return I of a joint law in nats."""
    return float(xlogy(p, p).sum() - xlogy(p.sum(0), p.sum(0)).sum() - xlogy(p.sum(1), p.sum(1)).sum())


def shrunk(x: np.ndarray, y: np.ndarray) -> float:
    """Return the information of the table of shares, shrunk to even shares by hausser2009's weight."""
    t = np.zeros((x.max() + 1, y.max() + 1))
    np.add.at(t, (x, y), 1)
    n, p = len(x), t / len(x)
    off = (n - 1) * ((1 / p.size - p) ** 2).sum()
    weight = min(1.0, (1 - (p**2).sum()) / off) if off > 0 else 1.0
    return information(weight / p.size + (1 - weight) * p)


ESTIMATES = {name: partial(counts, correction=name) for name in ("plug-in", "miller-madow", "adjusted", "nsb")}
ESTIMATES["James and Stein"] = shrunk


@click.command()
def main() -> None:
    """Measure bias and error."""
    found: dict = {}
    for fill in FILLS:
        for name, p in laws().items():
            off: dict[str, list] = {e: [] for e in ESTIMATES}
            for s in range(SETS):
                r = np.random.default_rng([s, 5])
                cell = r.choice(p.size, max(20, int(fill * p.size)), p=p.ravel())
                x, y = (np.unique(v, return_inverse=True)[1].reshape(-1) for v in np.unravel_index(cell, p.shape))
                for e, estimate in ESTIMATES.items():
                    off[e].append(estimate(x, y) - information(p))
            for e, v in off.items():
                row = {"bias": float(np.mean(v)), "error": math.sqrt(np.mean(np.square(v)))}
                found.setdefault(str(fill), {}).setdefault(e, {})[name] = row
        means = {e: np.mean([row["error"] for row in rows.values()]) for e, rows in found[str(fill)].items()}
        click.echo(f"{fill} rows a cell, mean error: " + ", ".join(f"{e} {v:.3f}" for e, v in means.items()))
    write(FILE, about("python -m experiments sparse", sets=SETS), indent=1, fills=found)
