"""Conditional mutual information where it is known: bias, and how often two errors cover.

``python -m experiments conditional`` writes mi_lab/teaching/curves/conditional.json, case by case; a case that is there
already is kept unless it is named by ``--case``.
"""

import json
import math
import warnings
from functools import partial

import click
import numpy as np
from scipy.special import xlogy

from experiments.results import CURVES, about, write
from mi_lab import map_tasks

FILE = CURVES / "conditional.json"


def gaussian(d: int, n: int, r):
    """Return d columns each with pairwise partial correlation .6, given d columns that both depend on."""
    mix = np.random.default_rng(7).standard_normal((2, d, d)) / math.sqrt(d)
    z, u, v = r.standard_normal((3, n, d))
    x, y = z @ mix[0] + u, z @ mix[1] + 0.6 * u + 0.8 * v
    return (x, y, z), -d / 2 * math.log(1 - 0.36)


def table() -> np.ndarray:
    """Return a law of three labels (3, 4, 3), no probability zero."""
    return np.random.default_rng(5).dirichlet(np.ones(36)).reshape(3, 4, 3)


def enumerated(p: np.ndarray) -> float:
    """Return I(X;Y|Z) of a table p (x, y, z) by summing over its cells."""
    h = lambda q: -float(xlogy(q, q).sum())  # noqa: E731
    return h(p.sum(1)) + h(p.sum(0)) - h(p) - h(p.sum((0, 1)))


def discrete(n: int, r):
    p = table()
    cell = r.choice(p.size, n, p=p.ravel())
    x, y, z = np.unravel_index(cell, p.shape)
    return (np.array(list("abc"))[x], np.array(list("pqrs"))[y], z), enumerated(p)


def class_given_number(n: int, r):
    """Return a label that moves a number, given a number that moves both: I = that of a shift by 1.2 at p(z)."""
    from scipy.integrate import quad

    z = r.standard_normal(n)
    share = 1 / (1 + np.exp(-z))
    x = (r.random(n) < share).astype(int)
    y = 1.2 * x + z + r.standard_normal(n)
    truth = quad(lambda v: _shift(1 / (1 + math.exp(-v)), 1.2) * math.exp(-v * v / 2) / math.sqrt(2 * math.pi), -7, 7)
    return (np.array(["no", "yes"])[x], y, z), truth[0]


def _shift(p: float, by: float) -> float:
    """Return I(X;Y) of a label with P(X=1) = p that moves a standard normal Y by so much, by quadrature."""
    y = np.linspace(-8, 8 + by, 1601)
    f = lambda m: np.exp(-((y - m) ** 2) / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    a, b = f(0), f(by)
    whole = (1 - p) * a + p * b
    return float(np.trapezoid(xlogy((1 - p) * a, a / whole) + xlogy(p * b, b / whole), y))


def numbers_given_class(n: int, r):
    """Return two numbers with a correlation of its own under each of three labels."""
    rho = np.array([0.0, 0.5, 0.8])
    z = r.choice(3, n, p=[0.5, 0.3, 0.2])
    x = 2 * z + r.standard_normal(n)
    y = -z + rho[z] * (x - 2 * z) + np.sqrt(1 - rho[z] ** 2) * r.standard_normal(n)
    return (x, y, np.array(list("uvw"))[z]), float(-0.5 * np.log(1 - rho**2) @ [0.5, 0.3, 0.2])


CASES = {
    "Gaussian 1|1": partial(gaussian, 1),
    "Gaussian 2|2": partial(gaussian, 2),
    "Gaussian 5|5": partial(gaussian, 5),
    "labels": discrete,
    "label, number | number": class_given_number,
    "numbers | label": numbers_given_class,
}
SETS = {3000: 30, 300: 40}  # at n = 3,000 without an error bar, which takes 16 times as long


def one(seed: int, case: str, n: int) -> tuple[float, float, float]:
    """Return the estimate, its error and the truth of one data set."""
    from mi_lab import estimate

    warnings.simplefilter("ignore")
    (x, y, z), truth = CASES[case](n, np.random.default_rng([seed, n]))
    e = estimate(x, y, "ksg", given=z, seed=seed, parts=None if n == min(SETS) else 0)
    return e.value, math.nan if e.error is None else e.error, truth


@click.command()
@click.option("--case", "cases", multiple=True, type=click.Choice(list(CASES)))
@click.option("--jobs", default=2, show_default=True)
def main(cases, jobs: int) -> None:
    """Measure bias and coverage."""
    found = json.loads(FILE.read_text())["cases"] if FILE.exists() else {}
    for case in cases or [c for c in CASES if c not in found]:
        found[case] = {}
        for n, sets in SETS.items():
            found_of_all = map_tasks(one, range(sets), shared=(case, n), n_jobs=jobs, label=f"{case} n={n}")
            values, errors, truths = np.array(found_of_all).T
            off = values - truths
            found[case][str(n)] = {
                "truth": float(truths[0]),
                "bias": float(off.mean()),
                "error of the bias": float(off.std(ddof=1) / math.sqrt(sets)),
                "spread": float(off.std(ddof=1)),
                "sets": sets,
            }
            if np.isfinite(errors).all():
                covered = {"mean error bar": float(errors.mean()), "covered": float((abs(off) <= 2 * errors).mean())}
                found[case][str(n)] |= covered
            click.echo(f"{case} n={n}: " + ", ".join(f"{k} {v:.3f}" for k, v in found[case][str(n)].items()))
            kept = {c: found[c] for c in CASES if c in found}
            write(FILE, about("python -m experiments conditional"), indent=1, cases=kept)
