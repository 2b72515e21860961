"""The level of the permutation tests, over independent data sets in which there is nothing to find.

``python -m experiments level`` writes mi_lab/teaching/curves/level.json; what is there already stays, unless ``--part``
names it.
"""

import json
import warnings
from functools import partial

import click
import numpy as np

from experiments.results import CURVES, about, write
from mi_lab import map_tasks

FILE = CURVES / "level.json"
N, SERIES, BURN = 100, 300, 1000


def labels(r):
    return {"x": r.choice(4, N, p=[0.4, 0.3, 0.2, 0.1]), "y": r.integers(0, 3, N)}


def numbers(r):
    return {"x": r.standard_t(2, N), "y": r.standard_normal(N)}


def mixed(r):
    return {"x": r.choice(4, N, p=[0.4, 0.3, 0.2, 0.1]), "y": r.standard_normal(N)}


def series(φ, r):
    from scipy.signal import lfilter

    x, y = lfilter([1], [1, -φ], r.standard_normal((2, SERIES + BURN)), axis=1)[:, BURN:]
    return {"x": x, "y": y}


def given_labels(r):
    z = r.integers(0, 3, N)
    return {"x": z + r.standard_normal(N), "y": z + r.standard_normal(N), "given": z}


def given_labels_labels(r):
    z = r.integers(0, 3, N)
    return {"x": (z + r.integers(0, 2, N)) % 3, "y": (z + r.integers(0, 2, N)) % 3, "given": z}


def given_numbers(r):
    z = r.standard_normal(N)
    return {"x": z + r.standard_normal(N), "y": z**2 + r.standard_normal(N), "given": z}


PARTS = {
    "labels": labels,
    "numbers": numbers,
    "mixed": mixed,
    "series": partial(series, 0.9),
    "slow series": partial(series, 0.98),
    "given labels, labels": given_labels_labels,
    "given labels, numbers": given_labels,
    "given numbers": given_numbers,
    "transfer entropy": partial(series, 0.98),
    "transfer entropy, .9": partial(series, 0.9),
    "transfer entropy, .99": partial(series, 0.99),
}


def one(seed: int, part: str, permutations: int) -> float:
    """Return the p-value of one data set; of a transfer entropy, which is dear, from up to 19 orders."""
    from mi_lab import significance, transfer_entropy

    warnings.simplefilter("ignore")
    data = PARTS[part](np.random.default_rng([seed, 16]))
    if part.startswith("transfer entropy"):
        return transfer_entropy(**data, permutations=19, early=1, parts=0, surrogate=False, seed=seed).p
    return significance(**data, permutations=permutations, seed=seed, early=10).p


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(list(PARTS)))
@click.option("--sets", default=1000, show_default=True, help="Data sets.")
@click.option("--permutations", default=99, show_default=True)
@click.option("--jobs", default=2, show_default=True)
def main(parts, sets: int, permutations: int, jobs: int) -> None:
    """Measure how often p <= .05 where there is nothing to find."""
    found = json.loads(FILE.read_text())["parts"] if FILE.exists() else {}
    for part in parts or [part for part in PARTS if part not in found]:
        p = np.array(map_tasks(one, range(sets), shared=(part, permutations), n_jobs=jobs, label=part))
        share = float((p <= 0.05).mean())
        found[part] = {
            "share": share,
            "error": float(np.sqrt(0.05 * 0.95 / sets)),
            "at .01": float((p <= 0.01).mean()),
            "at .2": float((p <= 0.2).mean()),
            "sets": sets,
            "permutations": 19 if part.startswith("transfer entropy") else permutations,
        }
        click.echo(f"{part}: {share:.3f} at .05, {found[part]['at .2']:.3f} at .2")
        head = about("python -m experiments level", rows=N, rows_of_a_series=SERIES)
        write(FILE, head, indent=1, parts={name: found[name] for name in PARTS if name in found})
