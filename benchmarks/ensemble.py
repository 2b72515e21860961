"""Time 16 seeds trained at once against 16 trainings of ours one after another.

    python -m benchmarks.ensemble

n = 1000, batch 100, critic 2 → 100 → 100 → 1, a fixed number of epochs.  Both may use every core.
"""

from benchmarks.harness import medians, report, seconds, torch_threads
from mi_lab import MINETrainer, Net, course_data
from mi_lab.device import cores

SEEDS, EPOCHS = 16, 10


def main() -> None:
    X, Y, _ = course_data()

    def together():
        MINETrainer(X, Y, Net(seed=0), 10, seed=range(SEEDS), held_out=None).step(EPOCHS)

    def apart():
        for seed in range(SEEDS):
            MINETrainer(X, Y, Net(seed=seed), 10, seed=seed, held_out=None).step(EPOCHS)

    with torch_threads(cores()):
        seen = medians({"apart": lambda: seconds(apart), "together": lambda: seconds(together)})
    report(what=f"{SEEDS} seeds", cores=cores(), unit="s", **seen, ratio=seen["together"] / seen["apart"], wanted=0.45)


if __name__ == "__main__":
    main()
