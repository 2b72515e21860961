r"""One critic for I(X;Y|Z): joint samples (x, y, z) against (x', y, z), x' that of a row with nearly the same z.

.. math:: I(X;Y\vert Z) = D(P_{XYZ} \,\Vert\, P_{X\vert Z} P_{YZ})

The rows nearest in z stand for P(x|z) (after sen2017); in many columns of z they are far, and the estimate is off by
what x changes on the way.
"""

import math
from typing import Any

import numpy as np
import torch

from mi_lab.critics import Net, deep_net
from mi_lab.estimates import Estimate
from mi_lab.objectives import OBJECTIVES, mine_objective
from mi_lab.objectives.objectives import memory
from mi_lab.trainers.critic import CriticProblem
from mi_lab.trainers.joint import PairTrainer
from mi_lab.training.problem import Block

NEAREST = 5  # rows among which x' is drawn
STEPS, PATIENCE = 2_000, 200  # as the front door has it for other critics


class ConditionalProblem(CriticProblem):
    """I(X;Y|Z) by one critic; the last columns of Y hold Z."""

    def __init__(self, X, Y, d_z, net, objective, held_out=0.2, device=None, standardise=True):
        super().__init__(X, Y, net, objective, None, held_out, device, standardise)
        if self.objective.all_pairs:
            raise ValueError(f"method {self.name!r} scores all pairs of a batch, and those break the condition.")
        z = self.data[1][:, -d_z:].cpu().double().numpy()
        self.z = (z - z.mean(0)) / np.where(z.std(0) > 0, z.std(0), 1.0)

    def nearest(self, rows: np.ndarray, number: int) -> np.ndarray:
        """Return for each of these rows the places, among them, of those nearest in z, itself left out."""
        from scipy.spatial import KDTree

        noise = 1e-9 * np.random.default_rng(0).standard_normal(self.z[rows].shape)  # equal labels in a random order
        z = self.z[rows] + noise
        return KDTree(z).query(z, k=range(2, min(number + 1, len(rows)) + 1))[1]

    def draw(self, rows, member, steps):
        if not hasattr(member, "near"):
            train = member.train[0].cpu().numpy()
            near = np.zeros((len(self.z), min(NEAREST, len(train) - 1)), int)
            near[train] = train[self.nearest(train, NEAREST)]
            member.near = torch.from_numpy(near)
        x, y = self.samples(rows, member)
        at = rows.cpu()
        some = torch.randint(member.near.shape[1], (len(at),), generator=member.generator)
        other = self.samples(member.near[at, some].to(rows.device), member)[0]
        return {"joint": (torch.cat([x, y], 1), torch.cat([other, y], 1))}

    def blocks(self, x, y, of, member, shuffles, generator):
        near = torch.from_numpy(self.nearest(of.cpu().numpy(), min(shuffles, NEAREST))).to(x.device)  # (h, s)
        places = torch.stack([near.T.flatten(), torch.arange(len(x), device=x.device).repeat(near.shape[1])], 1)
        reference = torch.cat([x[places[:, 0]], y[places[:, 1]]], 1)
        return {"joint": Block(torch.cat([x, y], 1), reference, of, of[places])}


class ConditionalTrainer(PairTrainer):
    """Train a `ConditionalProblem`."""

    def __init__(self, X, Y, d_z, net, n_iters_per_epoch, objective="dv", *, held_out=0.2, device=None, **options):
        super().__init__(ConditionalProblem(X, Y, d_z, net, objective, held_out, device), n_iters_per_epoch, **options)


def by_reference(
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    method: str,
    seed: int = 0,
    seeds: int = 4,
    truth: float | None = None,
    progress: bool | None = None,
    standardise: bool = True,
    straighten: bool = True,
    max_epochs: int | None = None,
    patience: int | None = None,
    **options: Any,
) -> Estimate:
    """Estimate I(X;Y|Z) of samples (n, d) by one critic against the conditional reference.

    Parameters
    ----------
    method : the name of an objective, or "mine"
    straighten : bool
        Take off x what is linear in z, which leaves I(X;Y|Z) as it is and the nearest rows nearer.
    seed, seeds, max_epochs, patience, progress, **options
        As for critics without a condition.

    Raises
    ------
    ValueError
        A method without a critic, or one that scores all pairs.
    """
    if method not in OBJECTIVES and method != "mine":
        raise ValueError(f"method {method!r} has no critic for a conditional reference: take by='difference'.")
    if straighten and len(z) > 2 * z.shape[1] + 2:
        basis = np.c_[np.ones(len(z)), z]
        x = x - basis @ np.linalg.lstsq(basis, x, rcond=None)[0]
    n = len(x)
    batches = max(1, round(0.8 * n / min(500, max(50, n // 10))))
    objective = mine_objective(1, memory(batches)) if method == "mine" else method
    columns = x.shape[1] + y.shape[1] + z.shape[1]
    net = Net(columns, std=None, seed=seed) if columns == 2 else deep_net(columns, seed=seed)
    to_float = lambda v: ((v - v.mean(0)) / np.where(v.std(0) > 0, v.std(0), 1.0)).astype(np.float32)  # noqa: E731
    trainer = ConditionalTrainer(
        to_float(x), to_float(np.c_[y, z]), z.shape[1], net, batches, objective, seed=seed * seeds, truth=truth,
        **({"lr": 1e-3} | options),
    )  # fmt: skip
    patience = patience or max(2, math.ceil(PATIENCE / batches))
    epochs = max_epochs or max(20, math.ceil(STEPS / batches))
    found = trainer.fit(epochs, patience, None if seeds == 1 else seeds, None, progress)
    found.bounds = "no bound"  # the nearest rows only stand for the law under the condition
    return found
