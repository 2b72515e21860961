r"""Compare every estimator that is made of density models with the truth, on Gaussians of .5, 2 and 5 nats.

    python -m experiments models

In 1, 5 and 20 columns each: BA, DoE, GM, CLUB and leave-one-out by linear Gaussians, which are right there; DoE by
mixtures that have to learn it; PQ; and two hybrids. Beside them what CLUB tends to, dρ²/(1-ρ²), and PQ's ceiling.
Writes ``mi_lab/teaching/curves/models.json`` after each run and goes on where it was stopped.
"""

import json
import math
import time
import warnings

import click
import torch

from experiments.results import CURVES, about, write
from mi_lab.frontdoor import estimate
from mi_lab.laws import CorrelatedGaussian

OUT = CURVES / "models.json"
NATS, COLUMNS, CELLS = (0.5, 2.0, 5.0), (1, 5, 20), 32
LINEAR = {"conditional": "linear"}
METHODS = {
    "ba": ("ba", LINEAR),
    "doe": ("doe", LINEAR),
    "doe mixtures": ("doe", {"conditional": "autoregressive"}),
    "gm": ("gm", LINEAR),
    "club": ("club", LINEAR),
    "l1out": ("l1out", LINEAR),
    "pq": ("pq", {"cells": CELLS}),
    "doe+mine": ("doe+mine", LINEAR),
    "pq+mine": ("pq+mine", {"cells": CELLS}),
}


@click.command()
@click.option("--samples", default=5000, show_default=True, help="Joint samples.")
@click.option("--epochs", default=20, show_default=True, help="Passes through the training samples, at most.")
def main(samples: int, epochs: int) -> None:
    """Run every method on every law and write the table; what is there already is kept."""
    torch.set_num_threads(1)
    settings = {"n": samples, "epochs": epochs, "ceiling": round(math.log(CELLS), 4)}
    head = about(f"python -m experiments models --samples {samples} --epochs {epochs}", **settings)
    runs = []
    if OUT.is_file():
        old = json.loads(OUT.read_text())
        runs = old["runs"] if all(old["about"].get(k) == v for k, v in settings.items()) else []
    done = {(one["truth"], one["d"], one["method"]) for one in runs}
    for nats in NATS:
        for d in COLUMNS:
            law = CorrelatedGaussian.with_information(nats, d)
            x, y = law.sample(samples, seed=0)
            limit = d * law.rho**2 / (1 - law.rho**2)
            for name, (method, options) in METHODS.items():
                if (nats, d, name) in done:
                    continue
                start = time.process_time()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    e = estimate(x, y, method, seeds=1, max_epochs=epochs, **options)
                one = {"truth": nats, "d": d, "method": name, "value": round(e.value, 4), "error": round(e.error, 4)}
                one |= {"club limit": round(limit, 4), "seconds": round(time.process_time() - start, 1)}
                runs.append(one)
                write(OUT, head, runs=runs)
                click.echo(one)


if __name__ == "__main__":
    main()
