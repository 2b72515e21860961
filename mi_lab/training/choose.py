"""What chooses the epoch: one half of the held-out samples, so that the other can report (chapters 5 and 8).

What is **maximised** chooses: never what is reported, where that is no lower bound.  The difference of MI-NEE's bounds
passes the truth early in training, while the critics of the margins still lag: an epoch chosen by it is on that hump.

Each half stops looking by itself, after so many epochs in which *it* saw no improvement.  If the other half could keep
it looking, what it chooses would depend on the samples that are to report, and certify (chapter 10).
"""

import math

import numpy as np

from mi_lab.training.crew import Scores
from mi_lab.training.loop import Loop


class Chooser:
    """Watch the held-out scores after each epoch, and keep for every member the critics that each half chose."""

    def __init__(self, trainer: Loop, patience: int):
        m = len(trainer.seeds)
        self.trainer, self.patience, self.epoch = trainer, patience, 0
        self.best = np.full((2, m), -math.inf)  # what the half that chooses has seen
        self.chosen = [trainer.snapshot(weights=True) for _ in range(2)]  # the critics then
        self.best_whole = np.full(m, -math.inf)
        self.state = trainer.snapshot()  # what both halves together chose
        self.since = np.zeros((2, m), dtype=int)  # epochs without improvement, as each half sees it

    def __call__(self, halves: tuple[list[Scores], list[Scores]], epochs: int = 1) -> bool:
        """Take note of where training is; return True when no member has improved for a while."""
        self.epoch += epochs
        trainer = self.trainer
        active = (self.since < self.patience) & trainer.alive
        for half in (0, 1):
            value = trainer.maximised(halves[half], half)
            with np.errstate(invalid="ignore"):
                better = active[half] & (value > self.best[half])
            if better.any():
                self.best[half][better] = value[better]
                trainer.snapshot(self.chosen[half], better, weights=True)
            self.since[half] = np.where(better, 0, self.since[half] + epochs)
        whole = trainer.maximised([*halves[0], *halves[1]])
        with np.errstate(invalid="ignore"):
            better = active.any(0) & (whole > self.best_whole)
        if better.any():
            self.best_whole[better] = whole[better]
            trainer.snapshot(self.state, better)
        return not ((self.since < self.patience) & trainer.alive).any()
