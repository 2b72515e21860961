r"""Score matching: a network as the score, trained by one of two losses that need no score to compare with.

denoising  ½ avg |s(z + σε) + ε/σ|²          smallest at the score of z + σε (vincent2011)
sliced     avg ½|s(z)|² + v·∇(v·s(z))        v of random signs: E = ½|s|² + div s (song2020sliced, hyvarinen2005)
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mi_lab.device import threads
from mi_lab.gradients.affine import Coordinates, Score, checked
from mi_lab.streams import stream, stream_seed

LOOK = 20  # steps between looks at the held-out fifth


class Field(nn.Module):
    """A network d → width → width → d with SiLU, which adds to the score of a standard Gaussian, -z; zero at first."""

    def __init__(self, d: int, width: int, seed: int):
        super().__init__()
        sizes = [d, width, width, d]
        self.layers = nn.ModuleList(
            nn.utils.skip_init(nn.Linear, a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        generator = stream(seed, "score weights")
        with torch.no_grad():
            for layer in self.layers:
                last = layer is self.layers[-1]
                std = 0.0 if last else layer.in_features**-0.5
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * std)
                layer.bias.zero_()

    def forward(self, z: Tensor) -> Tensor:
        a = z
        for layer in self.layers[:-1]:
            a = F.silu(layer(a))
        return self.layers[-1](a) - z


def denoising_loss(score, z: Tensor, sigma: float, noise: Tensor) -> Tensor:
    """Return ½ avg |s(z + σε) + ε/σ|², for z and ε of shape (n, d); ``eq-denoising``."""
    return (score(z + sigma * noise) + noise / sigma).square().sum(1).mean() / 2


def sliced_loss(score, z: Tensor, v: Tensor) -> Tensor:
    """Return avg ½|s(z)|² + v·∇(v·s(z)), for z and v of shape (n, d); ``eq-hyvarinen`` in expectation."""
    z = z.detach().requires_grad_()
    s = score(z)
    (slope,) = torch.autograd.grad((s * v).sum(), z, create_graph=True)
    return (s.square().sum(1) / 2 + (slope * v).sum(1)).mean()


class MatchedScore(Score):
    r"""The score ∇ log q of a law by a network that is trained on samples by score matching.

    Equations ``eq-denoising`` and ``eq-hyvarinen``; vincent2011, song2020sliced.  Samples are whitened first; a fifth
    of them is held out, and the weights that are best there are kept.

    Parameters
    ----------
    x : array-like of shape (n, d)
    kind : {"denoising", "sliced"}
    sigma : float
        Denoising: the noise's standard deviation in whitened coordinates.  The score is that of the *noisy* law.
    width, steps, lr : int, int, float
        Units of two hidden layers, Adam's steps on all samples at once, and its step size.
    seed : int

    Raises
    ------
    ValueError
        As `SpectralStein`; an unknown kind, sigma or lr not above 0, width or steps no whole number above 0.
    """

    def __init__(
        self,
        x: Any,
        kind: str = "denoising",
        *,
        sigma: float = 0.2,
        width: int = 64,
        steps: int = 600,
        lr: float = 5e-3,
        seed: int = 0,
    ):
        x = checked(x)
        if kind not in ("denoising", "sliced"):
            raise ValueError(f"kind = {kind!r}, wanted 'denoising' or 'sliced'.")
        for name, value in {"sigma": sigma, "lr": lr}.items():
            if not (isinstance(value, (int, float)) and 0 < value < float("inf")):
                raise ValueError(f"{name} = {value!r}, wanted a finite number above 0.")
        for name, value in {"width": width, "steps": steps}.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 1.")
        self._coordinates = Coordinates(x)
        z = self._coordinates.of(x).float()
        self._like, self.columns = x[:1], x.shape[1]
        order = torch.randperm(len(z), generator=stream(seed, "score split")).to(z.device)
        held, seen = z[order[: len(z) // 5]], z[order[len(z) // 5 :]]
        generator = torch.Generator(z.device).manual_seed(stream_seed(seed, "score noise"))
        self.field = Field(z.shape[1], width, seed).to(z.device)

        def loss(rows: Tensor) -> Tensor:
            noise = torch.randn(rows.shape, generator=generator, device=rows.device)
            if kind == "denoising":
                return denoising_loss(self.field, rows, sigma, noise)
            return sliced_loss(self.field, rows, torch.where(noise > 0, 1.0, -1.0))

        with threads(len(z) * width**2, z.device), torch.enable_grad():
            self._train(loss, seen, held, steps, lr)

    def _train(self, loss, seen: Tensor, held: Tensor, steps: int, lr: float) -> None:
        optimiser = torch.optim.Adam(self.field.parameters(), lr=lr)
        # the same many noises at every look, so that luck chooses nothing
        many = held.repeat(20, 1)
        best, kept = float("inf"), None
        for step in range(steps + 1):
            if step % LOOK == 0:
                value = float(loss(many).detach())
                if value < best:
                    best, kept = value, [p.detach().clone() for p in self.field.parameters()]
            optimiser.zero_grad()
            loss(seen).backward()
            optimiser.step()
        with torch.no_grad():
            for p, value in zip(self.field.parameters(), kept or [], strict=False):
                p.copy_(value)

    def _at(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            s = self.field(self._coordinates.of(z).float())
        return self._coordinates.back(s.to(z))
