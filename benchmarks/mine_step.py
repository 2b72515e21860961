"""Time a step of MINE, ours and the loop that any textbook prints, in one run.

    python -m benchmarks.mine_step

n = 1000, batch 100, critic 2 → 100 → 100 → 1.  Two forward passes, four index operations a step and unfused Adam is the
baseline; ours is `MINETrainer.step`, history included.  Once with one thread each, and once with another process busy
on one core, where the baseline takes its default threads.
"""

import time

import torch
from torch import nn

from benchmarks.harness import busy_neighbour, medians, report, torch_threads
from mi_lab import MINETrainer, Net, course_data
from mi_lab.device import cores

EPOCHS, ITERS = 40, 10


class Textbook(nn.Module):
    """The course's network as one writes it down."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 100), nn.ELU(), nn.Linear(100, 100), nn.ELU(), nn.Linear(100, 1))
        for p in self.layers.parameters():
            nn.init.normal_(p, std=0.02) if p.ndim > 1 else nn.init.zeros_(p)

    def forward(self, x, y):
        return self.layers(torch.cat([x, y], 1))


def textbook(X, Y, epochs: int) -> float:
    """Return microseconds a step of the plain loop."""
    net, m, batch = Textbook(), 1.0, len(X) // ITERS
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    start = time.perf_counter()
    for _ in range(epochs):
        p, q = torch.randperm(len(X)), torch.randperm(len(X))
        for j in range(ITERS):
            i, k = p[j * batch : (j + 1) * batch], q[j * batch : (j + 1) * batch]
            x, y, x_ref, y_ref = X[i], Y[i], X[i], Y[k]
            t, r = net(x, y), net(x_ref, y_ref)
            average = r.exp().mean()
            m = 0.9 * average.detach() + 0.1 * m
            loss = -t.mean() + average / m
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (time.perf_counter() - start) / epochs / ITERS * 1e6


def ours(X, Y, epochs: int) -> float:
    """Return microseconds a step of `MINETrainer`."""
    trainer = MINETrainer(X, Y, Net(), ITERS, held_out=None)
    start = time.perf_counter()
    trainer.step(epochs)
    return (time.perf_counter() - start) / epochs / ITERS * 1e6


def main() -> None:
    X, Y, _ = course_data()
    with torch_threads(1):
        alone = medians({"textbook": lambda: textbook(X, Y, EPOCHS), "ours": lambda: ours(X, Y, EPOCHS)})
    report(what="one thread", unit="µs a step", **alone, ratio=alone["ours"] / alone["textbook"], wanted=0.60)
    with busy_neighbour(), torch_threads(cores()):
        runs = {"textbook": lambda: textbook(X, Y, EPOCHS // 4), "ours": lambda: ours(X, Y, EPOCHS // 4)}
        crowded = medians(runs)
    facts = {"ratio": crowded["ours"] / crowded["textbook"], "wanted": 0.30}
    report(what="a busy neighbour, default threads", unit="µs a step", **crowded, **facts)


if __name__ == "__main__":
    main()
