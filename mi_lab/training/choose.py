"""What chooses the epoch: one half of the held-out samples, so that the other can report (chapters 5 and 8).

What is **maximised** chooses: never what is reported, where that is no lower bound.  The difference of MI-NEE's bounds
passes the truth early in training, while the critics of the margins still lag: an epoch chosen by it is on that hump.
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
        self.since = np.zeros(m, dtype=int)

    def __call__(self, halves: tuple[list[Scores], list[Scores]], epochs: int = 1) -> bool:
        """Take note of where training is; return True when no member has improved for a while."""
        self.epoch += epochs
        trainer = self.trainer
        active = (self.since < self.patience) & trainer.alive
        improved = np.zeros_like(active)
        for half in (0, 1):
            value = trainer.maximised(halves[half], half)
            with np.errstate(invalid="ignore"):
                better = active & (value > self.best[half])
            if better.any():
                self.best[half][better] = value[better]
                trainer.snapshot(self.chosen[half], better, weights=True)
            improved |= better
        whole = trainer.maximised([*halves[0], *halves[1]])
        with np.errstate(invalid="ignore"):
            better = active & (whole > self.best_whole)
        if better.any():
            self.best_whole[better] = whole[better]
            trainer.snapshot(self.state, better)
        self.since = np.where(improved, 0, self.since + epochs)
        return not ((self.since < self.patience) & trainer.alive).any()
