"""What the games of chapter 16 are played with: small networks in many members at once, two laws, and what is counted.

A member is a generator, a discriminator and a critic with a seed of their own; all members stand side by side in
batched tensors (members, ...), so one step of the loop is one step of every game, with and without the term.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

GRID, SD = 5, 0.05  # 25 Gaussians at -2, -1, 0, 1, 2 in either column
PIECES, TURNS, THICKNESS = 25, 1.5, 0.05  # of the spiral
NEAR = 3.0  # standard deviations within which a sample counts


class Members:
    """Fully connected ReLU networks, one a member: (members, n, a) -> (members, n, z).

    The first layer's kinks are spread over the square of half-width `box`, at slopes of about `slope`: with biases of
    zero all of them would pass through the origin, and a discriminator of narrow modes would learn for ever.
    """

    def __init__(self, sizes: list[int], members: int, g: torch.Generator, slope: float = 0.0, box: float = 2.5,
                 last: float = 1.0):  # fmt: skip
        self.weights: list[Tensor] = []
        for k, (a, z) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
            spread = last / math.sqrt(a) if k == len(sizes) - 2 else math.sqrt(2 / a)
            w, b = torch.randn(members, a, z, generator=g) * spread, torch.zeros(members, 1, z)
            if k == 0 and slope:
                w = torch.randn(members, a, z, generator=g) * slope
                kinks = (2 * torch.rand(members, a, z, generator=g) - 1) * box
                b = -(w * kinks).sum(1, keepdim=True)
            self.weights += [w.requires_grad_(), b.requires_grad_()]

    def __call__(self, x: Tensor) -> Tensor:
        for k in range(0, len(self.weights), 2):
            x = torch.baddbmm(self.weights[k + 1], F.relu(x) if k else x, self.weights[k])
        return x

    def hold(self, still: bool) -> None:
        """Let no gradient reach the weights, or let it again."""
        for w in self.weights:
            w.requires_grad_(not still)


class Ring:
    """25 equal Gaussians on a grid."""

    def __init__(self):
        line = torch.linspace(-2, 2, GRID)
        self.centres = torch.cartesian_prod(line, line)  # (25, 2)
        self.sd = SD

    def sample(self, members: int, n: int, g: torch.Generator) -> Tensor:
        """Return samples (members, n, 2)."""
        which = torch.randint(len(self.centres), (members, n), generator=g)
        return self.centres[which] + SD * torch.randn(members, n, 2, generator=g)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return for samples (n, 2) the nearest mode, and how many standard deviations away it is."""
        far, which = torch.cdist(x, self.centres).min(-1)
        return which, far / SD


class Spiral:
    """A spiral of one and a half turns, uniform along its length, with Gaussian noise across; 25 pieces of a length."""

    def __init__(self):
        t = torch.linspace(0, 1, 20_001)
        angle, radius = 2 * math.pi * TURNS * t, 0.3 + 1.9 * t
        line = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
        walked = torch.cat([torch.zeros(1), (line[1:] - line[:-1]).norm(dim=1).cumsum(0)])
        at = torch.searchsorted(walked, torch.linspace(0, float(walked[-1]), 1001)).clamp(max=len(line) - 1)
        self.line = line[at]  # (1001, 2), evenly along its length
        self.sd = THICKNESS

    def sample(self, members: int, n: int, g: torch.Generator) -> Tensor:
        """Return samples (members, n, 2)."""
        which = torch.randint(len(self.line), (members, n), generator=g)
        return self.line[which] + THICKNESS * torch.randn(members, n, 2, generator=g)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return for samples (n, 2) the piece that is nearest, and how many standard deviations away it is."""
        far, which = torch.cdist(x, self.line).min(-1)
        return (which * PIECES // len(self.line)).clamp(max=PIECES - 1), far / THICKNESS


LAWS = {"25 Gaussians": Ring, "spiral": Spiral}


def counted(which: Tensor, far: Tensor, parts: int) -> dict[str, float]:
    """Return what is counted: modes with a sample near, the share of samples that are near, KL of the modes' histogram.

    The KL, in nats, is that of the shares of the near samples from equal shares, sum p log(parts p).
    """
    near = far < NEAR
    hits = torch.bincount(which[near], minlength=parts).double()
    share = hits / hits.sum().clamp(min=1)
    kl = torch.special.xlogy(share, parts * share).sum() if hits.sum() else torch.tensor(math.nan)
    return {"modes": int((hits > 0).sum()), "share": float(near.double().mean()), "kl": float(kl)}
