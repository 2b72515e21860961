"""The divergence between two laws, from samples of either (chapter 5)."""

import torch

from mi_lab.critics import one_score_each
from mi_lab.device import full_precision, pick_device
from mi_lab.samples import as_samples
from mi_lab.training.data import (
    MIN_HELD_OUT,
    MIN_SAMPLES,
    check_overlap,
    is_samples,
    n_held_out,
    same_columns,
    try_critic,
)
from mi_lab.training.problem import Block, Problem
from mi_lab.training.trainer import Trainer


class DivergenceProblem(Problem):
    """D(P‖P') from samples Z of P and Z_ref of P', each split by itself."""

    name = "dv"

    def __init__(self, Z, Z_ref, net, objective="dv", held_out=0.2, device=None):
        super().__init__(net, objective, pick_device(device))
        if self.objective.all_pairs:
            raise ValueError(f"objective {self.objective.name!r} looks at pairs (x, y): use CriticTrainer.")
        self.data = Z, Z_ref = self.checked((Z, Z_ref), ("Z", "Z_ref"), MIN_SAMPLES)
        check_overlap(Z, Z_ref)
        self.columns, self.n_train = Z.shape[1], (len(Z), len(Z_ref))
        if is_samples(held_out):
            self.test_data = self.checked(held_out, ("held-out Z", "held-out Z_ref"), MIN_HELD_OUT)
            same_columns(self.test_data[0], Z, "held-out Z", "Z")
        else:
            self.n_train = tuple(n - n_held_out(n, held_out) for n in self.n_train)
        try_critic(self.call, net, Z[:2])

    def checked(self, pair, names, minimum):
        """Return samples of either law as tensors, or say what is wrong with them."""
        first, second = (
            as_samples(z, name, minimum, self.device).detach() for z, name in zip(pair, names, strict=True)
        )
        same_columns(second, first, names[1], names[0])
        return first, second

    def call(self, net, z):
        return one_score_each(net(z), len(z))

    def draw(self, rows, member, steps):
        per_batch = self.n_train[1] // (self.n_train[0] // (len(rows) // steps))  # reference samples a batch
        pick = torch.randperm(self.n_train[1], generator=member.generator)[: steps * per_batch]
        return {"joint": (self.data[0][rows], self.data[1][member.train[1][pick.to(self.device)]])}

    def draw_held_out(self, rows, member, shuffles, generator):
        Z, Z_ref = self.data if self.test_data is None else self.test_data
        return {"joint": Block(Z[rows[0]], Z_ref[rows[1]], rows[0], len(Z) + rows[1].unsqueeze(1))}


class DVTrainer(Trainer):
    """Estimate D(P‖P') by the Donsker–Varadhan formula: samples Z of P, samples Z_ref of P'.

    Parameters
    ----------
    Z, Z_ref : array-like of shapes (n, d) and (n', d)
        Independent samples of either law.
    net : Module
        The critic, called as net(z).
    n_iters_per_epoch : int
        Batches in a pass; each takes an equal share of Z and of Z_ref.
    writer_params : dict, optional
        For TensorBoard's SummaryWriter, {} for its defaults; nothing is logged if left out.
    objective : str or Objective
        "dv", or another that looks at joint and reference samples.
    held_out : float, None, or (Z, Z_ref)
        The fraction of either that the estimate is reported on, or other samples; None reports on the training samples.
    device : str, optional
        "cpu", "cuda", "mps" or "auto".
    **options
        seed, split_seed, truth, written and Adam's options, as for `CriticTrainer`.

    Raises
    ------
    ValueError
        As for `CriticTrainer`; also when Z and Z_ref don't overlap, where the divergence looks infinite.
    """

    def __init__(self, Z, Z_ref, net, n_iters_per_epoch, writer_params=None, *, objective="dv", held_out=0.2,
                 device=None, **options):  # fmt: skip
        problem = DivergenceProblem(Z, Z_ref, net, objective, held_out, device)
        super().__init__(problem, n_iters_per_epoch, writer_params, **options)

    @torch.no_grad()
    def estimate(self, Z=None, Z_ref=None) -> float:
        """Return the value (nats) of the critics as they are, on other samples or on those that were held out."""
        if (Z is None) != (Z_ref is None):
            raise ValueError("only one of Z and Z_ref was given: wanted both, or neither for the held-out samples.")
        if Z is not None:
            Z, Z_ref = self.problem.checked((Z, Z_ref), ("Z", "Z_ref"), MIN_HELD_OUT)
            same_columns(Z, self.data[0], "Z", "the Z that was trained on")
        elif not self.holds_out:
            raise ValueError("nothing was held out: hand in samples Z, Z_ref to evaluate on.")
        with full_precision(self.device):
            if Z is None:
                parts = [[part for half in crew.evaluate() for part in half] for crew in self.crews]
            else:
                of = torch.arange(max(len(Z), len(Z_ref)))
                block = Block(Z, Z_ref, of[: len(Z)], of[: len(Z_ref), None])
                parts = [[crew.evaluate_on(lambda member: {"joint": block})] for crew in self.crews]
        return float(torch.cat([torch.from_numpy(self.values(p)["total"]) for p in parts]).mean())
