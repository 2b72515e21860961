r"""Play the game of chapter 16 with and without a term for information: 25 Gaussians and a spiral, all seeds at once.

    python -m experiments gans            # both laws; some minutes each on one core, goes on where it was stopped
    python -m experiments gans --law "spiral" --seeds 5

For each law seeds x arms members stand side by side in batched tensors: the same networks, the same steps, the same
size of batch. The arms: without the term; with it, its critic seeing the samples as they are ("sharp") or through a
blur of .3 ("blurred"), its gradient cut to the length of the game's; and cut to twice that ("strong"). The term is the
Donsker-Varadhan value of the critic on samples and codes. Writes ``mi_lab/teaching/curves/gans.json``: what is counted
over the training, and some samples of the first member of two arms.
"""

import json
import math
from pathlib import Path

import click
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from experiments.players import LAWS, Members, counted
from experiments.results import CURVES, ROOT, about, write

RESULT = CURVES / "gans.json"
CODE, WIDTH, BATCH = 2, 64, 128  # columns of the code, all that the generator gets; hidden units; batch
STEPS, LR, INNER, BLUR, WEIGHT = 9000, {"generator": 1e-3, "discriminator": 5e-4, "critic": 2e-3}, 2, 0.3, 10.0
ARMS = {  # the blur of the critic's sight, and how much longer than the game's gradient the term's may be; 0: no term
    "without": (0.0, 0.0),
    "sharp": (0.0, 1.0),
    "blurred": (BLUR, 1.0),
    "strong": (BLUR, 2.0),
}
PLAYED = {"25 Gaussians": list(ARMS), "spiral": ["without", "blurred"]}
LOOKS = [0, 250, 500, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 7500, 9000]
COUNTED, SHOWN = 2500, 250  # samples that are counted at a look, and samples that are kept of it
SAVED = 250  # steps after which all is written down


class Game:
    """Generators, discriminators and critics of all members, their optimisers, and one step of every game.

    Parameters
    ----------
    law : str
        One of `LAWS`.
    arms : list of str
        Of `ARMS`, a member each.
    seed : int
        Of everything.
    steps : int
        Of the whole run: the rates of generator and discriminator fall to zero in its second half.
    """

    def __init__(self, law: str, arms: list[str], seed: int = 0, steps: int = STEPS):
        self.law, self.steps = LAWS[law](), steps
        self.blur, self.most = torch.tensor([ARMS[arm] for arm in arms]).view(-1, 2, 1, 1).unbind(1)
        self.members, self.g, self.at = len(arms), torch.Generator().manual_seed(seed), 0
        hidden, n = [WIDTH] * 3, self.members
        self.nets = {
            "generator": Members([CODE, *hidden, 2], n, self.g, last=2.0),
            "discriminator": Members([2, *hidden, 1], n, self.g, slope=4.0),
            "critic": Members([2 + CODE, WIDTH, WIDTH, 1], n, self.g, slope=1.0, last=0.1),
        }
        betas = {"generator": (0.5, 0.999), "discriminator": (0.5, 0.999), "critic": (0.9, 0.999)}
        self.adams = {
            k: torch.optim.Adam(net.weights, LR[k], betas=betas[k], fused=True) for k, net in self.nets.items()
        }

    def information(self, x: Tensor, code: Tensor) -> Tensor:
        """Return the critics' Donsker-Varadhan values (members,) of blurred samples and their codes, in nats."""
        x = x + self.blur * torch.randn(x.shape, generator=self.g)
        other = code[:, torch.randperm(code.shape[1], generator=self.g)]
        t = self.nets["critic"](torch.cat([torch.cat([x, code], 2), torch.cat([x, other], 2)], 1)).squeeze(2)
        n = x.shape[1]
        return t[:, :n].mean(1) - (t[:, n:].logsumexp(1) - math.log(n))

    def step(self) -> Tensor:
        """Let discriminators, critics and generators learn once; return the critics' values (members,)."""
        rate = min(1.0, 2 * (1 - self.at / self.steps))
        for name in ("generator", "discriminator"):
            self.adams[name].param_groups[0]["lr"] = LR[name] * rate
        code = torch.randn(self.members, BATCH, CODE, generator=self.g)
        x = self.nets["generator"](code)
        seen = x.detach()
        d = self.nets["discriminator"](torch.cat([self.law.sample(self.members, BATCH, self.g), seen], 1)).squeeze(2)
        self._learn("discriminator", F.softplus(-d[:, :BATCH]).mean(1) + F.softplus(d[:, BATCH:]).mean(1))
        for _ in range(INNER):
            self._learn("critic", -self.information(seen, code))

        # the gradient of either part arrives at the samples first: there the term's is cut to the length of the game's
        for name in ("discriminator", "critic"):
            self.nets[name].hold(True)
        seen.requires_grad_()
        game = F.softplus(-self.nets["discriminator"](seen)).mean((1, 2))
        (pull,) = torch.autograd.grad(game.sum(), seen)
        value = self.information(seen, code)
        (push,) = torch.autograd.grad(-value.sum(), seen)
        length, game = (v.flatten(1).norm(dim=1).view(-1, 1, 1) for v in (push, pull))
        push = push * torch.minimum(self.most * game / length.clamp(min=1e-12), WEIGHT * (self.most > 0))
        self.adams["generator"].zero_grad()
        x.backward(pull + push)
        self.adams["generator"].step()
        for name in ("discriminator", "critic"):
            self.nets[name].hold(False)
        self.at += 1
        return value.detach()

    def _learn(self, name: str, losses: Tensor) -> None:
        self.adams[name].zero_grad()
        losses.sum().backward()
        self.adams[name].step()

    @torch.no_grad()
    def samples(self, n: int, seed: int = 1) -> Tensor:
        """Return samples (members, n, 2) of the generators, the same codes each time."""
        g = torch.Generator().manual_seed(seed)
        return self.nets["generator"](torch.randn(self.members, n, CODE, generator=g))

    def state(self) -> dict:
        """Return everything that goes on from here."""
        nets = {k: [w.detach() for w in net.weights] for k, net in self.nets.items()}
        adams = {k: adam.state_dict() for k, adam in self.adams.items()}
        return {"nets": nets, "adams": adams, "g": self.g.get_state(), "at": self.at}

    @torch.no_grad()
    def load(self, state: dict) -> None:
        """Go on from a state."""
        for name, net in self.nets.items():
            for w, kept in zip(net.weights, state["nets"][name], strict=True):
                w.copy_(kept)
            self.adams[name].load_state_dict(state["adams"][name])
        self.g.set_state(state["g"])
        self.at = state["at"]


def look(game: Game, runs: list[dict], values: Tensor) -> None:
    """Count what every member makes at this step, and keep it."""
    x = game.samples(COUNTED)
    for k, run in enumerate(runs):
        which, far = game.law.parts(x[k])
        found = counted(which, far, 25)
        found["information"] = float(values[k])
        for name, value in found.items():
            run.setdefault(name, []).append(round(value, 4))


def play(law: str, seeds: int, steps: int, folder: Path) -> tuple[list[dict], dict]:
    """Play a law's games to the end, from where they were stopped; return what was counted and the samples kept."""
    arms = [arm for arm in PLAYED[law] for _ in range(seeds)]
    looks = sorted({min(steps, s * steps // STEPS) for s in LOOKS})
    settings = {"law": law, "arms": arms, "steps": steps, "blur": BLUR, "inner": INNER, "lr": LR}
    game, path = Game(law, arms, steps=steps), folder / f"gans-{law.replace(' ', '-')}.pt"
    runs = [{"law": law, "arm": arm, "seed": k % seeds} for k, arm in enumerate(arms)]
    kept: dict = {arm: [] for arm in PLAYED[law]}
    smooth = torch.zeros(len(arms))
    if path.exists():
        saved = torch.load(path, weights_only=False)
        if saved["settings"] != settings:
            raise click.ClickException(
                f"{path} was left by a run with {saved['settings']}, asked is {settings}: take the same, or --fresh."
            )
        game.load(saved["game"])
        runs, kept, smooth = saved["runs"], saved["kept"], saved["smooth"]
    with tqdm(total=steps, initial=game.at, unit="step", desc=law, disable=None) as bar:
        while True:
            if game.at in looks and len(runs[0].get("modes", [])) <= looks.index(game.at):
                look(game, runs, smooth)
                shown = game.samples(SHOWN)
                for k, arm in enumerate(PLAYED[law]):
                    kept[arm].append([[round(float(v), 2) for v in column] for column in shown[k * seeds].T])
            if game.at % SAVED == 0:
                folder.mkdir(exist_ok=True)
                state = {"game": game.state(), "runs": runs, "kept": kept, "smooth": smooth, "settings": settings}
                torch.save(state, path)
            if game.at >= steps:
                return [{**run, "step": looks} for run in runs], {law: {"step": looks, **kept}}
            value = game.step()
            smooth = value if game.at == 1 else 0.98 * smooth + 0.02 * value
            bar.update()


@click.command()
@click.option("--law", "laws", multiple=True, type=click.Choice(list(LAWS)), help="Play this one; both if left out.")
@click.option("--seeds", default=5, show_default=True, help="Games with, and as many without the term.")
@click.option("--steps", default=STEPS, show_default=True)
@click.option("--fresh", is_flag=True, help="Begin again, whatever is there.")
def main(laws: tuple[str, ...], seeds: int, steps: int, fresh: bool) -> None:
    """Play what is missing and write what was counted."""
    torch.set_num_threads(1)
    laws, folder = laws or tuple(LAWS), ROOT / "_build" / "gans"
    folder.parent.mkdir(exist_ok=True)
    if fresh:
        for path in folder.glob("gans-*.pt"):
            path.unlink()
    facts = {"steps": steps, "batch": BATCH, "arms": ARMS, "blur": BLUR, "weight": WEIGHT, "inner": INNER, "lr": LR}
    facts |= {"counted": COUNTED, "seed": f"0 to {seeds - 1}", "units": "nats"}
    old = json.loads(RESULT.read_text()) if RESULT.is_file() else {"runs": [], "samples": {}}
    for law in laws:
        runs, samples = play(law, seeds, steps, folder)
        old["runs"] = [r for r in old["runs"] if r["law"] != law] + runs
        old["samples"] |= samples
        head = about(f"python -m experiments gans --seeds {seeds} --steps {steps}", **facts)
        write(RESULT, head, runs=old["runs"], samples=old["samples"])
        for arm in PLAYED[law]:
            last = [[r[k][-1] for k in ("modes", "share", "kl")] for r in runs if r["arm"] == arm]
            means = ", ".join(f"{v:.3f}" for v in torch.tensor(last).double().mean(0))
            click.echo(f"{law}, {arm}: modes, share, KL {means}")


if __name__ == "__main__":
    main()
