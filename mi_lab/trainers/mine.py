"""MINE: Donsker–Varadhan with a corrected gradient (chapter 7)."""

import torch

from mi_lab.objectives import mine_objective
from mi_lab.trainers.critic import CriticTrainer


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
    beta : float
        Weight of the old value, from 0 to 1.
    **options
        Options of `CriticTrainer` (reference, held_out, seed, device, …) and of Adam (lr, …).

    Examples
    --------
    >>> X, Y, truth = course_data()
    >>> MINETrainer(X, Y, Net(), n_iters_per_epoch=10).step(10)
    """

    def __init__(self, X, Y, net, n_iters_per_epoch, writer_params=None, m=1, beta=0.1, **options):
        super().__init__(X, Y, net, n_iters_per_epoch, mine_objective(m, beta), writer_params, **options)

    @property
    def m(self) -> float | list[float]:
        """The moving average as it stands, one number a member if there are several."""
        m = torch.cat([crew.states["joint"]["log_m"].cpu() for crew in self.crews]).double().exp()
        return float(m) if len(m) == 1 else m.tolist()
