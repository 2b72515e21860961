"""The trainer of a divergence between two laws, from samples of either (chapter 5)."""

import torch

from mi_lab.critics import one_score_each
from mi_lab.device import full_precision
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
from mi_lab.training.loop import Trainer


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
    **options
        seed, split_seed, device, truth, written and Adam's options, as for `CriticTrainer`.

    Raises
    ------
    ValueError
        As for `CriticTrainer`; also when Z and Z_ref don't overlap, where the divergence looks infinite.
    """

    name = "dv"

    def __init__(self, Z, Z_ref, net, n_iters_per_epoch, writer_params=None, *, objective="dv", **options):
        self.data = (Z, Z_ref)
        super().__init__(net, n_iters_per_epoch, objective, writer_params, **options)

    def _take(self, held_out) -> None:
        if self.objective.all_pairs:
            raise ValueError(f"objective {self.objective.name!r} looks at pairs (x, y): use CriticTrainer.")
        self.data, self.test_data = self._checked(self.data, ("Z", "Z_ref"), MIN_SAMPLES), None
        Z, Z_ref = self.data
        check_overlap(Z, Z_ref)
        self.columns, self.n_train = Z.shape[1], (len(Z), len(Z_ref))
        if is_samples(held_out):
            self.test_data = self._checked(held_out, ("held-out Z", "held-out Z_ref"), MIN_HELD_OUT)
            same_columns(self.test_data[0], Z, "held-out Z", "Z")
        else:
            self.n_train = tuple(n - n_held_out(n, held_out) for n in self.n_train)
        try_critic(self.call, self.net, Z[:2])

    def _checked(self, pair, names, minimum):
        first, second = (
            as_samples(z, name, minimum, self.device).detach() for z, name in zip(pair, names, strict=True)
        )
        same_columns(second, first, names[1], names[0])
        return first, second

    def call(self, net, z):
        return one_score_each(net(z), len(z))

    def draw(self, rows, crew, k):
        per_batch = self.n_train[1] // self.n_iters_per_epoch  # reference samples a batch
        pick = torch.randperm(self.n_train[1], generator=crew.generators[k])[: len(rows) // self.batch_size * per_batch]
        return {"joint": (self.data[0][rows], self.data[1][crew.train_rows[k][1][pick.to(self.device)]])}

    def draw_held_out(self, rows, shuffles, crew, k):
        Z, Z_ref = self.data if self.test_data is None else self.test_data
        return {"joint": (Z[rows[0]], Z_ref[rows[1]])}

    def resampled_reference(self, t_ref, pick, n, seed):
        """Return reference scores resampled by themselves: they are samples of their own."""
        generator = torch.Generator().manual_seed(seed)
        return t_ref[torch.randint(len(t_ref), (len(t_ref),), generator=generator)]

    @torch.no_grad()
    def estimate(self, Z=None, Z_ref=None) -> float:
        """Return the value (nats) of the critics as they are, on other samples or on those that were held out."""
        if (Z is None) != (Z_ref is None):
            raise ValueError("only one of Z and Z_ref was given: wanted both, or neither for the held-out samples.")
        if Z is not None:
            Z, Z_ref = self._checked((Z, Z_ref), ("Z", "Z_ref"), MIN_HELD_OUT)
            same_columns(Z, self.data[0], "Z", "the Z that was trained on")
        elif not len(self.crews[0].test_rows[0][0]):
            raise ValueError("nothing was held out: hand in samples Z, Z_ref to evaluate on.")
        with full_precision(self.device):
            if Z is None:
                parts = [crew.evaluate() for crew in self.crews]
            else:
                parts = [[crew.evaluate_on(lambda k: {"joint": (Z, Z_ref)})] for crew in self.crews]
        return float(torch.cat([torch.from_numpy(self.values(p)["total"]) for p in parts]).mean())
