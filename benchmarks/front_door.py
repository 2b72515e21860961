"""Time the front door's training against what it took before: more steps, smaller ones.

    python -m benchmarks.front_door

`estimate(x, y, method="mine")` on 1,000 samples of the course's law with four seeds, beside the same call with the
settings of version 0.1 (lr 1e-3, patience 1,000 steps, 20,000 at most), on the same data sets: processor seconds, and
how far either is from the true log-ratio's value on the same samples.
"""

import numpy as np

from benchmarks.harness import cpu_seconds, report, seconds
from mi_lab import BivariateGaussian, course_data, estimate

DATA_SETS = 4
BATCHES = 8  # of a pass, at 1,000 samples
BEFORE = {"lr": 1e-3, "patience": 1_000 // BATCHES, "max_epochs": 20_000 // BATCHES}


def main() -> None:
    """Print a line for either."""
    law = BivariateGaussian(1 - 0.19 * np.random.default_rng(0).random())
    x, y, _ = course_data()
    estimate(x, y, method="mine", max_epochs=1)  # warm up
    for name, options in (("now", {}), ("before", BEFORE)):
        spent, wall, apart = [], [], []
        for s in range(DATA_SETS):
            x, y = law.sample(1000, s)
            found = []

            def run(x=x, y=y, s=s, found=found, options=options):
                found.append(estimate(x, y, method="mine", seed=s, progress=False, **options))

            wall.append(seconds(lambda run=run, spent=spent: spent.append(cpu_seconds(run))))
            apart.append(found[0].value - float(law.log_ratio(x, y).mean()))
        report(what=name, cpu_seconds=float(np.median(spent)), seconds=float(np.median(wall)), unit="nats",
               apart=float(np.mean(apart)), apart_sd=float(np.std(apart, ddof=1)))  # fmt: skip


if __name__ == "__main__":
    main()
