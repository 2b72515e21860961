"""What a term's critics see: joint and reference samples in, scores out; and the scale that samples are brought to."""

import torch
from torch import Generator, Tensor, nn

from mi_lab.critics import one_score_each, score_all_pairs
from mi_lab.objectives import Objective
from mi_lab.references import GaussianReference
from mi_lab.references.resampling import RESAMPLING

FACTOR = 1.5  # how much wider than the samples MI-NEE's reference is
KEEP = 0.9  # of the old mean and variance, at each batch


class Scorer(nn.Module):
    """The critics of a term: one of I(X;Z), or MI-NEE's three, each with the sign of its divergence."""

    def __init__(self, critics: dict[str, nn.Module], objective: Objective, reference: str, x_dim: int, z_dim: int):
        super().__init__()
        self.critics, self.objective = nn.ModuleDict(critics), objective
        self.signs = {name: 1 if name == "joint" else -1 for name in critics}
        product = GaussianReference.standard(x_dim, z_dim, FACTOR)
        self.reference = product if reference == "gaussian" else RESAMPLING[reference]()
        self.resamples = reference != "gaussian"

    def draw(self, x: Tensor, z: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return reference samples made of these, or drawn from the law."""
        if not self.resamples:
            return self.reference(x, z, generator)
        rows = torch.arange(len(x), dtype=torch.float64).unsqueeze(1)  # on the CPU: no device is waited for
        i, j = (r.squeeze(1).long().to(x.device) for r in self.reference(rows, rows, generator))
        return x[i], z[j]

    def forward(self, x: Tensor, z: Tensor, x_ref: Tensor, z_ref: Tensor) -> dict[str, Tensor]:
        """Return for each critic its scores (1, rows): of joint samples first, or of all pairs."""
        seen = {"joint": ((x, z), (x_ref, z_ref)), "x": ((x,), (x_ref,)), "z": ((z,), (z_ref,))}
        out = {}
        for name, critic in self.critics.items():
            if self.objective.all_pairs:
                out[name] = score_all_pairs(critic, x, z).reshape(1, -1)
                continue
            t = critic(*(torch.cat(pair) for pair in zip(*seen[name], strict=True)))
            out[name] = one_score_each(t, len(x) + len(x_ref)).unsqueeze(0)
        return out

    def value(self, scores: dict[str, Tensor], b: int) -> Tensor:
        """Return the estimate, the signed sum of what the critics' scores say; shape ()."""
        total = 0
        for name, t in scores.items():
            split = (t.view(1, b, b),) if self.objective.all_pairs else (t[:, :b], t[:, b:])
            total = total + self.signs[name] * self.objective.value(*split).squeeze(0)
        return total


class Scale(nn.Module):
    """Means and variances of what went by, to bring samples to scale; it forgets as the encoder moves."""

    def __init__(self, d: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(d))
        self.register_buffer("variance", torch.full((d,), torch.nan))  # NaN: nothing was seen yet

    @torch.no_grad()
    def see(self, z: Tensor) -> None:
        """Move towards a batch (n, d); the first is taken whole."""
        mean, variance = z.mean(0), z.var(0, correction=0)
        fresh = self.variance.isnan()
        self.mean.copy_(torch.where(fresh, mean, KEEP * self.mean + (1 - KEEP) * mean))
        self.variance.copy_(torch.where(fresh, variance, KEEP * self.variance + (1 - KEEP) * variance))

    def forward(self, z: Tensor) -> Tensor:
        """Return z on a scale of its own, (n, d); as it is before anything was seen."""
        fresh = self.variance.isnan()
        spread = torch.where(fresh | (self.variance <= 0), torch.ones_like(self.variance), self.variance).sqrt()
        return (z - self.mean) / spread
