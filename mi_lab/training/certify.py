"""Purses from a trainer's critics: each half of the held-out samples bets on the critic that the other half chose.

Nothing that happened to a critic knows of the half that certifies: not its training, nor its stopping, nor how it is
clipped.  Members that were stopped because a value was no longer finite, which either half may have noticed, are
counted as empty purses.
"""

import numpy as np
import torch
from torch import Tensor

from mi_lab.certificates import TRIED, Purse, best_clip, couple_gains, couples, shufflings
from mi_lab.streams import stream_seed
from mi_lab.training.loop import Loop
from mi_lab.training.problem import Member

ROWS = 65_536  # pairs scored at a time
FEWEST = 4  # samples in a half, for two couples to choose by


@torch.no_grad()
def purses(trainer: Loop) -> tuple[list[Purse], int]:
    """Return a purse a member and half, and how many are given up; the trainer stays as it is."""
    out, before = [], trainer.snapshot(weights=True)
    alive = [k for k in range(len(trainer.seeds)) if trainer.alive[k]]
    with trainer.quiet_work():
        for half in (0, 1):
            trainer.restore(trainer.chosen[1 - half])
            for k in alive:
                nets = {term: trainer.member(k, term).eval() for term in trainer.problem.terms}
                out.append(_purse(trainer, nets, trainer.members[k], half))
    trainer.restore(before)
    return out, 2 * (len(trainer.seeds) - len(alive))


def _purse(trainer: Loop, nets: dict, member: Member, half: int) -> Purse:
    halves = member.test[0].tensor_split(2)
    if len(halves[1]) < FEWEST:
        found = len(member.test[0])
        raise ValueError(f"{found} held-out samples are too few to certify anything, wanted at least {2 * FEWEST}.")
    rng = np.random.default_rng(stream_seed(member.seed, "couples", half))
    clip = best_clip(*_scores(trainer, nets, member, halves[1 - half], rng, TRIED))
    t, t_cross = _scores(trainer, nets, member, halves[half], rng)
    return Purse(couple_gains(t, t_cross, clip), clip.floor)


def _scores(trainer: Loop, nets: dict, member: Member, rows: Tensor, rng, most: int | None = None):
    """Return the scores of couples (shufflings, couples, 2): of both joint samples, and of both crossed pairs."""
    n = len(rows)
    ij = couples(n, shufflings(n) if most is None else min(most, shufflings(n)), rng)
    x, y = trainer.problem.held_out(rows, member)

    def score(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        i, j = (torch.from_numpy(v.ravel()).to(x.device) for v in (i, j))
        parts = [
            trainer.problem.pair_scores(nets, x[a], y[b]) for a, b in zip(i.split(ROWS), j.split(ROWS), strict=True)
        ]
        return torch.cat(parts).cpu().double().numpy()

    every = np.arange(n)
    return score(every, every)[ij], score(ij, ij[..., ::-1].copy()).reshape(ij.shape)
