r"""Give the generator of chapter 16 an encoder (BiGAN, ALI) on 25 Gaussians, with and without a term for information.

    python -m experiments gan-encoders      # five seeds each way; goes on where it was stopped

A discriminator tells pairs (x, E(x)) of data and code from pairs (G(u), u); generator and encoder try to make the pairs
alike, by the same loss. With the term the encoder's codes, seen through a blur, are to tell the samples: a critic's
Donsker-Varadhan value of I(E(X) + sN; X), its gradient cut to the length of the game's at the codes. In both games the
critic learns; only in one does the encoder listen. Kept are the error of reconstruction, the root of the mean of
|x - G(E(x))|^2, the estimate, and the modes. Writes ``mi_lab/teaching/curves/gan-encoders.json``.
"""

import math
from pathlib import Path

import click
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from experiments.players import Members, Ring, counted
from experiments.results import CURVES, ROOT, about, write

RESULT = CURVES / "gan-encoders.json"
CODE, WIDTH, BATCH, BLUR, WEIGHT, STEPS = 2, 64, 128, 0.1, 10.0, 6000
LR = {"generator": 1e-3, "encoder": 1e-3, "discriminator": 5e-4, "critic": 2e-3}
LOOKS, COUNTED = [0, 500, 1000, 2000, 3000, 4000, 5000, 6000], 2500
ARMS = {"without": 0.0, "with": 1.0}  # how long the term's gradient may be, in units of the game's


class Pairs:
    """Generators, encoders, discriminators of pairs and critics of all members, and one step of every game."""

    def __init__(self, arms: list[str], seed: int = 0, steps: int = STEPS):
        self.law, self.g, self.steps, self.at = Ring(), torch.Generator().manual_seed(seed), steps, 0
        self.most, self.members, hidden = torch.tensor([ARMS[a] for a in arms]).view(-1, 1, 1), len(arms), [WIDTH] * 3
        make = {"generator": (CODE, 2, 0.0, 2.0), "encoder": (2, CODE, 2.0, 1.0)}
        make |= {"discriminator": (2 + CODE, 1, 3.0, 1.0), "critic": (2 + CODE, 1, 1.0, 0.1)}
        self.nets = {
            name: Members([a, *hidden, z], self.members, self.g, slope=slope, last=last)
            for name, (a, z, slope, last) in make.items()
        }
        self.adams = {
            k: torch.optim.Adam(net.weights, LR[k], betas=(0.9 if k == "critic" else 0.5, 0.999), fused=True)
            for k, net in self.nets.items()
        }

    def score(self, name: str, x: Tensor, u: Tensor) -> Tensor:
        """Return the scores (members, n) of pairs, by the discriminators or the critics."""
        return self.nets[name](torch.cat([x, u], 2)).squeeze(2)

    def information(self, x: Tensor, code: Tensor) -> Tensor:
        """Return the critics' values (members,) of I(code + sN; x), in nats."""
        seen, n = code + BLUR * torch.randn(code.shape, generator=self.g), x.shape[1]
        other = x[:, torch.randperm(n, generator=self.g)]
        t, t_ref = self.score("critic", x, seen), self.score("critic", other, seen)
        return t.mean(1) - (t_ref.logsumexp(1) - math.log(n))

    def step(self) -> Tensor:
        """Let everybody learn once; return the critics' values (members,)."""
        rate = min(1.0, 2 * (1 - self.at / self.steps))
        for name in ("generator", "encoder", "discriminator"):
            self.adams[name].param_groups[0]["lr"] = LR[name] * rate
        u = torch.randn(self.members, BATCH, CODE, generator=self.g)
        x = self.law.sample(self.members, BATCH, self.g)
        made, code = self.nets["generator"](u), self.nets["encoder"](x)
        real, false = self.score("discriminator", x, code.detach()), self.score("discriminator", made.detach(), u)
        self._learn("discriminator", F.softplus(-real).mean(1) + F.softplus(false).mean(1))
        self._learn("critic", -self.information(x, code.detach()))

        for name in ("discriminator", "critic"):
            self.nets[name].hold(True)
        at_made, at_code = made.detach().requires_grad_(), code.detach().requires_grad_()
        game = F.softplus(-self.score("discriminator", at_made, u)) + F.softplus(
            self.score("discriminator", x, at_code)
        )
        pull_made, pull = torch.autograd.grad(game.mean(1).sum(), [at_made, at_code])
        value = self.information(x, at_code)
        (push,) = torch.autograd.grad(-value.sum(), at_code)
        lengths = [v.flatten(1).norm(dim=1).view(-1, 1, 1) for v in (pull, push)]
        push = push * torch.minimum(self.most * lengths[0] / lengths[1].clamp(min=1e-12), WEIGHT * (self.most > 0))
        for name in ("generator", "encoder"):
            self.adams[name].zero_grad()
        torch.autograd.backward([made, code], [pull_made, pull + push])
        for name in ("generator", "encoder"):
            self.adams[name].step()
        for name in ("discriminator", "critic"):
            self.nets[name].hold(False)
        self.at += 1
        return value.detach()

    def _learn(self, name: str, losses: Tensor) -> None:
        self.adams[name].zero_grad()
        losses.sum().backward()
        self.adams[name].step()

    @torch.no_grad()
    def look(self, runs: list[dict], values: Tensor) -> None:
        """Count modes and measure reconstructions of fresh samples, and keep both."""
        g = torch.Generator().manual_seed(1)
        x = self.law.sample(self.members, COUNTED, g)
        back = self.nets["generator"](self.nets["encoder"](x))
        made = self.nets["generator"](torch.randn(self.members, COUNTED, CODE, generator=g))
        error = (back - x).square().sum(2).mean(1).sqrt()
        mode = torch.stack([self.law.parts(b)[0] == self.law.parts(a)[0] for a, b in zip(x, back, strict=True)])
        for k, run in enumerate(runs):
            found = counted(*self.law.parts(made[k]), 25)
            found |= {"error": float(error[k]), "same_mode": float(mode[k].double().mean())}
            for name, v in (found | {"information": float(values[k])}).items():
                run.setdefault(name, []).append(round(v, 4))

    def tensors(self) -> dict:
        """Return everything that goes on from here."""
        nets = {k: [w.detach() for w in net.weights] for k, net in self.nets.items()}
        return {"nets": nets, "adams": {k: a.state_dict() for k, a in self.adams.items()}, "g": self.g.get_state()}

    @torch.no_grad()
    def load(self, state: dict, at: int) -> None:
        """Go on from a state."""
        for name, net in self.nets.items():
            for w, kept in zip(net.weights, state["nets"][name], strict=True):
                w.copy_(kept)
            self.adams[name].load_state_dict(state["adams"][name])
        self.g.set_state(state["g"])
        self.at = at


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Games with, and as many without the term.")
@click.option("--steps", default=STEPS, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "gan-encoders.pt")
@click.option("--fresh", is_flag=True, help="Begin again, whatever is there.")
def main(seeds: int, steps: int, progress: Path, fresh: bool) -> None:
    """Play from where it was stopped, and write what was found."""
    torch.set_num_threads(1)
    progress.parent.mkdir(exist_ok=True)
    arms = [arm for arm in ARMS for _ in range(seeds)]
    settings = {"arms": arms, "steps": steps, "batch": BATCH, "blur": BLUR, "lr": LR}
    game, looks = Pairs(arms, steps=steps), sorted({s * steps // STEPS for s in LOOKS})
    runs, smooth = [{"arm": arm, "seed": k % seeds} for k, arm in enumerate(arms)], torch.zeros(len(arms))
    if progress.exists() and not fresh:
        saved = torch.load(progress, weights_only=False)
        if saved["settings"] != settings:
            raise click.ClickException(
                f"{progress} is of a run with {saved['settings']}, asked is {settings}: take the same, or --fresh."
            )
        game.load(saved["game"], saved["at"])
        runs, smooth = saved["runs"], saved["smooth"]
    with tqdm(total=steps, initial=game.at, unit="step", disable=None) as bar:
        while True:
            if game.at in looks and len(runs[0].get("modes", [])) <= looks.index(game.at):
                game.look(runs, smooth)
            if game.at % 250 == 0:
                kept = {"game": game.tensors(), "at": game.at, "runs": runs, "smooth": smooth, "settings": settings}
                torch.save(kept, progress)
            if game.at >= steps:
                break
            value = game.step()
            smooth = value if game.at == 1 else 0.98 * smooth + 0.02 * value
            bar.update()
    head = about(f"python -m experiments gan-encoders --seeds {seeds} --steps {steps}", **settings)
    head |= {"seed": f"0 to {seeds - 1}", "counted": COUNTED, "units": "nats; errors in units of the grid's spacing"}
    write(RESULT, head, runs=[{**run, "step": looks} for run in runs])
    for arm in ARMS:
        last = [[r[k][-1] for k in ("error", "information", "modes", "kl")] for r in runs if r["arm"] == arm]
        means = ", ".join(f"{v:.3f}" for v in torch.tensor(last).double().mean(0))
        click.echo(f"{arm}: error, information, modes, KL {means}")


if __name__ == "__main__":
    main()
