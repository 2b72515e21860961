r"""The toy of chapter 17: eight coins.  X says which, Y is its throw; the exact curve, and neural codes beside it."""

import math

import numpy as np
import torch
from torch import Tensor, nn

BETAS = [round(k / 100, 2) for k in range(36)]  # prices on the curve that is drawn
THIN = 0.05  # shares of a code that aren't drawn
COINS = (np.arange(8) + 0.5) / 8  # each coin's chance of a 1


def coins() -> np.ndarray:
    """Return the joint law p(x, y), (8, 2): a coin of eight, all alike in number, and its throw."""
    return np.stack([1 - COINS, COINS], 1) / len(COINS)


def _net(inputs: int, outputs: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, 32), nn.Tanh(), nn.Linear(32, outputs))


def labelled(beta: float, game: bool, seed: int = 0, steps: int = 1500) -> tuple[float, float]:
    """Train an encoder into eight labels by gradient descent; return its exact I(X;Z) and I(Z;Y), nats.

    The loss is an exact expectation over x and z.  For I(X;Z) it takes the variational bound with a learned marginal,
    or with `game` the Donsker-Varadhan value of a critic, which takes five steps before each of the encoder's.
    """
    from mi_lab.bottleneck import informations

    p = torch.tensor(coins(), dtype=torch.float32)
    eye, p_x = torch.eye(len(p)), p.sum(1)
    encoder, decoder = _net(8, 8, seed), _net(8, 2, seed + 1)
    nn.init.normal_(encoder[2].weight, std=2.0)  # apart at first: the code that says nothing is a saddle
    marginal, critic = nn.Parameter(torch.zeros(8)), nn.Parameter(torch.zeros(8, 8))
    parts = [{"params": encoder.parameters(), "lr": 2e-3 if game else 1e-2}]  # slower than the decoder, and the critic
    optimiser = torch.optim.Adam([*parts, {"params": [*decoder.parameters(), marginal]}], lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    inner = torch.optim.Adam([critic], lr=0.2)

    def value(q: Tensor) -> Tensor:  # DV of the critic, exactly
        joint = p_x[:, None] * q
        return (joint * critic).sum() - (p_x[:, None] * joint.sum(0) * critic.exp()).sum().log()

    for _ in range(steps):
        q = encoder(eye).softmax(1)  # q(z|x)
        for _ in range(5 * game):
            inner.zero_grad()
            (-value(q.detach())).backward()
            inner.step()
        told = -(q.T @ p * decoder(eye).log_softmax(1)).sum()  # -E log s(y|z)
        log_ratio = q.clamp_min(1e-20).log() - marginal.log_softmax(0)
        rate = value(q) if game else (p_x[:, None] * q * log_ratio).sum()
        optimiser.zero_grad()
        (told + beta * rate).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        q = encoder(eye).softmax(1).double().numpy()
    kept, tells = informations(coins(), q)
    return float(kept), float(tells)


def gaussian(beta: float, seed: int = 0, steps: int = 1500, batch: int = 512) -> tuple[float, float]:
    """Train the deep variational bottleneck with a Gaussian code of two columns; return I(X;Z), I(Z;Y), nats.

    The informations are by Monte Carlo from the code's known density, 40,000 draws a coin.
    """
    encoder, decoder = _net(8, 4, seed), _net(2, 2, seed + 1)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    g, eye = torch.Generator().manual_seed(seed), torch.eye(8)
    weights = torch.tensor(coins(), dtype=torch.float32)
    for _ in range(steps):
        mean, raw = encoder(eye).chunk(2, 1)
        std = nn.functional.softplus(raw) + 1e-3
        z = mean[:, None] + std[:, None] * torch.randn(8, batch // 8, 2, generator=g)
        told = -(weights[:, None] * decoder(z).log_softmax(-1)).sum(-1).mean(1).sum()
        rate = (mean.square() + std.square() - 1 - 2 * std.log()).sum(1).mean() / 2
        optimiser.zero_grad()
        (told + beta * rate).backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        mean, raw = encoder(eye).chunk(2, 1)
        return code_informations(mean, nn.functional.softplus(raw) + 1e-3, g)


def code_informations(mean: Tensor, std: Tensor, g: torch.Generator, draws: int = 40_000) -> tuple[float, float]:
    """Return I(X;Z) and I(Z;Y), nats, of Z given the coin Gaussian with these columns of means and deviations."""
    z = mean[:, None] + std[:, None] * torch.randn(len(mean), draws, mean.shape[1], generator=g)
    log_q = -(((z[:, :, None] - mean) / std).square() / 2 + std.log()).sum(-1)  # (8, draws, 8)
    p = torch.tensor(coins(), dtype=torch.float32)
    own = log_q[torch.arange(8), :, torch.arange(8)]  # (8, draws)
    whole = log_q.logsumexp(-1) - math.log(8)
    kept = (own - whole).mean()
    told = 0.0
    for y in (0, 1):
        given = (log_q + (p[:, y] / p[:, y].sum()).log()).logsumexp(-1)  # log q(z|y)
        told += (p[:, y] * (given - whole).mean(1)).sum()
    return float(kept), float(told)


def letters(encoder: np.ndarray) -> tuple[list[list[float]], int]:
    """Return (coin's chance, letter's chance, q) of a code's letters, those of one chance merged, and their number.

    Blahut and Arimoto leave as many letters as they began with; several of them may say the same.
    """
    used = encoder.mean(0) > 1e-4
    q = encoder[:, used]
    chance = (COINS @ q) / q.sum(0)
    names = np.round(chance, 2)
    found = []
    for name in np.unique(names):
        share = q[:, names == name].sum(1)
        middle = float((COINS @ share) / share.sum())
        found += [
            [float(c), round(middle, 4), round(float(s), 3)] for c, s in zip(COINS, share, strict=True) if s > THIN
        ]
    return found, len(np.unique(names))
