"""Measure what TensorBoard adds to training, in CPU seconds of all threads, its writer's included.

python -m benchmarks.tensorboard_cost
"""

import tempfile

from benchmarks.harness import cpu_seconds, medians, report, torch_threads
from mi_lab import MINETrainer, Net, course_data

EPOCHS = 60


def main() -> None:
    X, Y, truth = course_data()
    with tempfile.TemporaryDirectory() as folder, torch_threads(1):
        quiet = MINETrainer(X, Y, Net(seed=0), 10)
        logged = MINETrainer(X, Y, Net(seed=0), 10, writer_params={"log_dir": folder}, truth=truth)
        trainers = {"quiet": quiet, "logged": logged}
        seen = medians(
            {name: lambda t=t: cpu_seconds(lambda: t.step(EPOCHS)) for name, t in trainers.items()}, repeats=25
        )
        logged.writer.close()
    report(what="TensorBoard", unit="CPU s", **seen, cost=seen["logged"] / seen["quiet"] - 1, wanted=0.05)


if __name__ == "__main__":
    main()
