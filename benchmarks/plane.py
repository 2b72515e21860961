"""Time the 20 nets of the information plane trained together against one after another.

    python -m benchmarks.plane

Nets 12-10-7-5-4-3-2 of chapter 17, batches of 256 of 3,481 words, two epochs, one thread.
"""

from benchmarks.harness import cpu_seconds, medians, report, torch_threads
from mi_lab.teaching.plane import Nets, words

SEEDS, EPOCHS = 20, 2


def main() -> None:
    x, y = words()
    x, y = x[:3481], y[:3481]

    def train(crews):
        for seeds in crews:
            nets = Nets(seeds)
            for _ in range(EPOCHS):
                nets.epoch(x, y)

    with torch_threads(1):
        seen = medians(
            {
                "apart": lambda: cpu_seconds(lambda: train([[seed] for seed in range(SEEDS)])),
                "together": lambda: cpu_seconds(lambda: train([range(SEEDS)])),
            }
        )
    report(what=f"{SEEDS} nets", unit="s", **seen, ratio=seen["together"] / seen["apart"], wanted=0.2)


if __name__ == "__main__":
    main()
