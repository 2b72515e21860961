"""Trainers: what turns samples, a reference, a critic and an objective into an estimate, over one shared loop."""

from mi_lab.trainers.critic import CriticTrainer
from mi_lab.trainers.dv import DVTrainer
from mi_lab.trainers.generative import GenerativeTrainer
from mi_lab.trainers.hybrid import HybridTrainer
from mi_lab.trainers.mine import MINETrainer
from mi_lab.trainers.minee import MINEETrainer

__all__ = ["CriticTrainer", "DVTrainer", "GenerativeTrainer", "HybridTrainer", "MINEETrainer", "MINETrainer"]
