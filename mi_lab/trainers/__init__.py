"""Trainers: what turns samples, a reference, a critic and an objective into an estimate, over one shared loop."""

from mi_lab.trainers.divergence import DVTrainer
from mi_lab.trainers.minee import MINEETrainer
from mi_lab.trainers.pairs import CriticTrainer, MINETrainer

__all__ = ["CriticTrainer", "DVTrainer", "MINEETrainer", "MINETrainer"]
