"""MINE: Donsker–Varadhan with a corrected gradient (chapter 7)."""

import math
import sys

import torch

from mi_lab.objectives import mine_objective
from mi_lab.objectives.objectives import memory
from mi_lab.trainers.critic import CriticTrainer
from mi_lab.training.ensemble import positive


class MINETrainer(CriticTrainer):
    """Estimate I(X;Y) by MINE (chapter 7): Donsker–Varadhan against permuted samples, its gradient corrected.

    The gradient of log avg e^t' has avg e^t' of one small batch in its denominator, and is biased by that; MINE puts a
    moving average there instead, m ← (1 - β) · avg e^t' + β · m, where **β multiplies the old value**.  β = 0 has no
    memory and is the plain, biased gradient; β near 1 remembers long; β = 1 leaves m as it was given.

    The estimate is Donsker–Varadhan on held-out samples, never the surrogate that is descended on.
    References: belghazi2018mine; `eq-mine-surrogate`.

    Parameters
    ----------
    X, Y, net, n_iters_per_epoch, writer_params
        As for `CriticTrainer`.
    m : float
        Where the moving average starts.
    beta : float or None
        Weight of the old value, from 0 to 1.  The course's .1 looks back at hardly more than one batch, which does for
        a fraction of a nat and no further; None takes the weight that looks back at ten passes, `memory`.
    **options
        Options of `CriticTrainer` (reference, held_out, seed, device, …) and of Adam (lr, …).

    Examples
    --------
    >>> X, Y, truth = course_data()
    >>> MINETrainer(X, Y, Net(), n_iters_per_epoch=10).step(10)
    """

    def __init__(self, X, Y, net, n_iters_per_epoch, writer_params=None, m=1, beta=0.1, **options):
        beta = memory(positive(n_iters_per_epoch, "n_iters_per_epoch")) if beta is None else beta
        super().__init__(X, Y, net, n_iters_per_epoch, mine_objective(m, beta), writer_params, **options)

    @property
    def m(self) -> float | list[float]:
        """The moving average as it stands, one number a member if there are several."""
        log_m = torch.cat([crew.states["joint"]["log_m"].cpu() for crew in self.crews]).double()
        m = log_m.clamp(max=math.log(sys.float_info.max)).exp()  # itself is kept as its logarithm, which can't overflow
        return float(m) if len(m) == 1 else m.tolist()
