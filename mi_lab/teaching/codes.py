r"""Codes of chapter 17: encoders and classifiers of many seeds and many β, trained together, with a price on I(X;Z).

Every member minimises :math:`-\mathrm E\log s(Y|Z) + \beta\,\hat I(X;Z)`; the kinds differ in how the noise enters the
code, and in what stands for the information:

* ``"vib"``: its upper bound :math:`\mathrm E\,D(q(\cdot|X)\,\|\,r)` with r standard Gaussian (alemi2017);
* ``"mine"``: Donsker and Varadhan's value of a critic, which the critic raises while the encoder lowers it;
* ``"remine"``: the same with ReMINE's penalty on the critic's free constant (chapter 9);
* ``"mige"``: no value, only its gradient, by a score (chapter 13).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mi_lab.gradients import GaussianScore, information_term
from mi_lab.streams import stream

WIDTH, CODE, CLASSES = 100, 32, 10
INNER = 3  # steps of the critics before each of the encoders
ADDED = 0.3  # standard deviation of the noise of "additive" and "propagated"
PENALTIES, NOISES = ("none", "vib", "mine", "remine", "mige"), ("none", "gaussian", "additive", "propagated")


class _Turned(torch.autograd.Function):
    """Hand z on, and its gradient back times -β: what lies above climbs, what lies below descends."""

    @staticmethod
    def forward(ctx, z, betas):
        ctx.save_for_backward(betas)
        return z.clone()

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.saved_tensors[0] * gradient, None


def turned(z: Tensor, betas: Tensor) -> Tensor:
    r"""Return z, whose gradient will be multiplied by -β.

    With :math:`-\mathrm{DV}` as a loss, the critic above then **maximises** DV and the encoder below **minimises**
    :math:`\beta\,\mathrm{DV}` (eq-bottleneck-game): the sign of the whole game stands here.
    """
    return _Turned.apply(z, betas)


def _linear(a: int, b: int, generators) -> list[Tensor]:
    drawn = torch.stack([torch.randn(a, b, generator=g) / math.sqrt(a) for g in generators])
    return [drawn.requires_grad_(), torch.zeros(len(generators), 1, b).requires_grad_()]


class Codes:
    """Members (seed, β), each with an encoder, a linear classifier on its code, and a critic where one is needed.

    Parameters
    ----------
    members : sequence of (int, float)
        Seed and β of each; a negative β rewards what should be charged for.
    penalty, noise : str
        One of `PENALTIES` and of `NOISES`.
    inputs : int
        Columns of x.
    lr : float
        Adam's; the critics' is twice that.
    """

    def __init__(self, members: Sequence[tuple[int, float]], penalty: str, noise: str, inputs: int, lr: float = 1e-3):
        for name, value, known in (("penalty", penalty, PENALTIES), ("noise", noise, NOISES)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}, wanted one of: {', '.join(known)}.")
        if penalty in ("vib", "mige") and noise != "gaussian":
            raise ValueError(f"penalty {penalty!r} needs the density of the code: noise is {noise!r}, wanted gaussian.")
        self.penalty, self.noise = penalty, noise
        self.generators = g = [stream(seed, "codes") for seed, _ in members]
        self.betas = torch.tensor([beta for _, beta in members])[:, None, None]
        self.noises = torch.Generator().manual_seed(len(members))
        out = 2 * CODE if noise == "gaussian" else CODE
        self.encoder = [_linear(a, b, g) for a, b in ((inputs, WIDTH), (WIDTH, WIDTH), (WIDTH, out))]
        self.decoder = _linear(CODE, CLASSES, g)
        self.critic = [_linear(a, b, g) for a, b in ((inputs, WIDTH), (CODE, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))]
        self.optimiser = torch.optim.Adam([p for pair in [*self.encoder, self.decoder] for p in pair], lr=lr)
        self.inner = torch.optim.Adam([p for pair in self.critic for p in pair], lr=2 * lr)

    def _noise(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=self.noises)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return a code z, its mean and standard deviation given x, (members, n, code) each; x is (members, n, d).

        Of a code whose noise has passed through the layers the last two say nothing about its law.
        """
        h = x
        for k, (w, b) in enumerate(self.encoder):
            if self.noise == "propagated":
                h = h + ADDED * self._noise(h)
            h = torch.baddbmm(b, h, w)
            h = torch.relu(h) if k < 2 else h
        if self.noise == "gaussian":
            mean, raw = h.chunk(2, -1)
            std = F.softplus(raw - 1) + 1e-3
        else:
            mean, std = h, torch.full_like(h, ADDED if self.noise == "additive" else 0.0)
        return mean + std * self._noise(mean), mean, std

    def logits(self, z: Tensor) -> Tensor:
        """Return the classifier's logits, (members, n, classes)."""
        return torch.baddbmm(self.decoder[1], z, self.decoder[0])

    def scores(self, x: Tensor, z: Tensor, shift: int = 1) -> tuple[Tensor, Tensor]:
        """Return the critic's scores of the pairs and of x with the code of another row, (members, n) each."""
        (wx, bx), (wz, bz), (wh, bh), (wo, bo) = self.critic
        z = (z - z.mean(1, keepdim=True)) / (z.std(1, keepdim=True) + 1e-6)  # a scale is no information
        from_x, from_z = torch.baddbmm(bx, x, wx), torch.baddbmm(bz, z, wz)

        def top(h):
            return torch.baddbmm(bo, F.elu(torch.baddbmm(bh, F.elu(h), wh)), wo).squeeze(-1)

        return top(from_x + from_z), top(from_x + from_z.roll(shift, 1))

    def _game(self, x: Tensor, z: Tensor) -> Tensor:
        """Return minus the critic's values, summed over members: what it descends."""
        t, ref = self.scores(x, z)
        log_mean = ref.logsumexp(1) - math.log(ref.shape[1])
        drift = 0.1 * log_mean.square() if self.penalty == "remine" else 0.0
        return -(t.mean(1) - log_mean - drift).sum()

    def _learn(self, x: Tensor, z: Tensor) -> None:
        """Let the critics learn from a batch of codes that stay as they are."""
        for _ in range(INNER):
            self.inner.zero_grad()
            self._game(x, z).backward()
            self.inner.step()

    def charge(self, x: Tensor, z: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Return what is added to the members' cross-entropies: its gradient in the encoder is that of β I(X;Z)."""
        if self.penalty == "vib":
            rate = (mean.square() + std.square() - 1 - 2 * std.log()).sum(-1).mean(1) / 2  # E D(q(.|X) || r)
            return (self.betas.flatten() * rate).sum()
        if "mine" in self.penalty:
            return self._game(x, turned(z, self.betas))
        if self.penalty == "mige":
            total = z.new_zeros(())
            for k, beta in enumerate(self.betas.flatten()):
                density = torch.distributions.Normal(mean[k], std[k]).log_prob(z[k]).sum(-1)
                total = total + beta * information_term(x[k], z[k], score=GaussianScore, log_prob=density)
            return total
        return z.new_zeros(())

    def epoch(self, x: Tensor, y: Tensor, batch: int = 100) -> None:
        """Take every member once through the samples, in an order of its own."""
        orders = torch.stack([torch.randperm(len(x), generator=g) for g in self.generators])
        for rows in orders.split(batch, dim=1):
            z, mean, std = self.encode(x[rows])
            wrong = F.cross_entropy(self.logits(z).flatten(0, 1), y[rows].flatten(), reduction="sum") / rows.shape[1]
            if "mine" in self.penalty:
                self._learn(x[rows], z.detach())
            self.optimiser.zero_grad()
            (wrong + self.charge(x[rows], z, mean, std)).backward()
            self.optimiser.step()

    # ---- what is measured, on samples that were not trained on ----

    @torch.no_grad()
    def classified(self, x: Tensor, y: Tensor, draws: int = 8) -> tuple[Tensor, Tensor]:
        """Return the members' shares of wrong labels, averaged over codes, and cross-entropies in nats."""
        every = x.expand(len(self.generators), -1, -1)
        log_p = torch.stack([self.logits(self.encode(every)[0]).log_softmax(-1) for _ in range(draws)])
        wrong = (log_p.logsumexp(0).argmax(-1) != y).float().mean(1)
        return wrong, -log_p[..., torch.arange(len(y)), y].mean((0, 2))

    @torch.no_grad()
    def known(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return bounds on I(X;Z) from below and above, nats, from the density of the code (members,) each.

        The mean of log q(z|x) less that of the mixture over all rows, with the own row in it (at most log n), and
        without it (chapters 9 and 11).
        """
        every = x.expand(len(self.generators), -1, -1)
        z, mean, std = self.encode(every)
        low, high = [], []
        for zs, m, s in zip(z, mean, std, strict=True):
            scale = s.square().reciprocal()  # log q(z_i|x_j), (i, j), but for a constant
            square = zs.square() @ scale.T - 2 * zs @ (m * scale).T + (m.square() * scale).sum(1)
            log_q = -square / 2 - s.log().sum(1)
            n, own = len(zs), log_q.diagonal()
            rest = log_q.masked_fill(torch.eye(n, dtype=torch.bool), -torch.inf)
            low.append((own - log_q.logsumexp(1) + math.log(n)).mean())
            high.append((own - rest.logsumexp(1) + math.log(n - 1)).mean())
        return torch.stack(low), torch.stack(high)

    @torch.no_grad()
    def judged(self, x: Tensor, shifts: int = 16) -> Tensor:
        """Return the critic's value on these samples, nats (members,), against `shifts` rounds of references."""
        every = x.expand(len(self.generators), -1, -1)
        z = self.encode(every)[0]
        t = self.scores(every, z)[0].mean(1)
        ref = torch.cat([self.scores(every, z, k)[1] for k in range(1, shifts + 1)], 1)
        return t - ref.logsumexp(1) + math.log(ref.shape[1])
