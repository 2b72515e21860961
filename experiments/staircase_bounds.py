r"""Climb the staircase of Song and Ermon (2020) by every objective of chapter 9: 20+20 dimensions, 2 to 10 nats.

    python -m experiments staircase-bounds           # about 20 minutes of one quiet core; goes on where it was stopped
    python -m experiments staircase-bounds --full    # 4,000 steps a level, 4 seeds, every objective: hours
    python -m experiments staircase-bounds --critic separable --no-cubed --steps 4000    # one part of it
    python -m experiments staircase-bounds --critic joint --no-cubed --steps 4000 --minutes 5   # as far as that gets

The published setting: fresh samples at every step, batches of 64, all b (b - 1) pairs beside the diagonal as reference
samples, networks of two hidden layers of 256 ReLUs (separable: two of them, 32 features), Adam at 5e-4, y plain or
cubed.  Without ``--full`` a level has fewer steps, and the joint critic, which scores 4,096 pairs a step, climbs with
one seed by the objectives whose means are published, one after the other (three at once don't fit the processor's
cache and take longer); each run in the result says its own number of steps.  What ``--minutes`` stops has nothing
to say of the levels it didn't finish, and goes on the next time.

Objectives that are descended on alike (SMILE at any τ, JS, GAN-DIME; NWJ and KL-DIME) share a critic and differ in what
they report.  All members of a part are one batched network; objectives see the same samples, seed by seed.
Writes ``mi_lab/teaching/curves/staircase-bounds.json``; unfinished parts lie in ``_build/staircase``.
"""

import json
import math
import time
from pathlib import Path

import click
import torch
from torch import Tensor
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, write
from mi_lab.laws import CorrelatedGaussian
from mi_lab.objectives import OBJECTIVES, all_pairs, joint_and_reference, mine, moving_average, nwj, smile_objective
from mi_lab.objectives.formulas import infonce_rows
from mi_lab.objectives.pairs import alpha_tuba_rows, tuba_rows
from mi_lab.training.checkpoint import write_atomically

LEVELS, D, BATCH, LR, WIDTH, FEATURES = [2, 4, 6, 8, 10], 20, 64, 5e-4, 256, 32
ALPHA, BETA, POINTS, SAVE = 0.01, 0.9, 25, 30  # of α-TUBA; of MINE's old value; of a level's trace; seconds
OUT, PARTS = CURVES / "staircase-bounds.json", ROOT / "_build" / "staircase"
PUBLISHED = {  # read in the source: joint critic, plain y, last half of a level; None where no variance was noted
    "infonce": {"mean": [1.74, 3.01, 3.70, 4.00, 4.11], "variance": [None] * 5},
    "nwj": {"mean": [1.84, 3.71, 5.24, 6.28, 5.04], "variance": [None, None, None, 3.6, 10.7]},
    "smile-1": {"mean": [2.17, 4.32, 6.35, 8.24, 9.98], "variance": [None] * 5},
    "smile-5": {"mean": [1.85, 3.91, 6.15, 8.50, 10.90], "variance": [None] * 5},
    "smile-inf": {"mean": [1.85, 3.77, 5.80, 7.88, 10.07], "variance": [None, None, None, None, 1.5]},
}

# what is descended on: name -> (loss of scores (seeds, b, b), normaliser)
TRAININGS = {name: (all_pairs(OBJECTIVES[name]).loss, None) for name in ("dv", "remine", "nwj", "js", "hd-dime")} | {
    "infonce": (OBJECTIVES["infonce"].loss, None),
    "tuba": (OBJECTIVES["flo"].loss, "y"),
    "alpha-tuba": (lambda s: -alpha_tuba_rows(s.mT, ALPHA).mean(-1), "y"),
    "flo": (OBJECTIVES["flo"].loss, "pair"),
    "mine": (None, None),  # has a memory: see `Climb.step`
}


def _average_score(shift: float = 0.0):
    return lambda s: s.diagonal(dim1=-2, dim2=-1).mean(-1) - shift


# what is reported: name -> (what trained it, value of scores (seeds, b, b))
REPORTS = {
    "dv": ("dv", all_pairs("dv").value),
    "mine": ("mine", all_pairs("dv").value),
    "remine": ("remine", all_pairs("dv").value),
    "nwj": ("nwj", all_pairs("nwj").value),
    "tuba": ("tuba", OBJECTIVES["flo"].value),
    "alpha-tuba": ("alpha-tuba", lambda s: alpha_tuba_rows(s.mT, ALPHA).mean(-1)),
    "infonce": ("infonce", OBJECTIVES["infonce"].value),
    "flo": ("flo", OBJECTIVES["flo"].value),
    "js": ("js", lambda s: nwj(*joint_and_reference(s + 1))),
    "smile-1": ("js", all_pairs(smile_objective(1.0)).value),
    "smile-5": ("js", all_pairs(smile_objective(5.0)).value),
    "smile-inf": ("js", all_pairs("dv").value),
    "gan-dime": ("js", _average_score()),
    "kl-dime": ("nwj", _average_score(1.0)),  # TUBA with a = 1 of t - 1 is NWJ of t
    "hd-dime": ("hd-dime", _average_score()),
}
WITHIN = {  # what one sample contributes: its score, or its row where the row has a denominator of its own
    "infonce": infonce_rows,
    "alpha-tuba": lambda s: alpha_tuba_rows(s.mT, ALPHA),
    "tuba": tuba_rows,
    "flo": tuba_rows,
}
JOINT = ("infonce", "nwj", "js")  # what the joint critic climbs by unless told otherwise


class Layers:
    """Networks of ReLUs, one a member, side by side: z (members, rows, in) -> (members, rows, out)."""

    def __init__(self, members: int, sizes: list[int], g: torch.Generator, first: int | None = None):
        self.first = first  # columns of x where z is every pair (x_i, y_j)
        self.tensors = []
        for a, b in zip(sizes[:-1], sizes[1:], strict=True):  # as torch.nn.Linear draws them
            for shape in ((members, a, b), (members, 1, b)):
                w = (2 * torch.rand(shape, generator=g) - 1) / math.sqrt(a)
                self.tensors.append(w.requires_grad_())

    def __call__(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        weights, biases = self.tensors[::2], self.tensors[1::2]
        if y is None:
            h = torch.baddbmm(biases[0], z, weights[0])
        else:  # the first layer is a sum of what x and what y gives, so it costs 2 b rows instead of b²
            hx, hy = torch.bmm(z, weights[0][:, : self.first]), torch.bmm(y, weights[0][:, self.first :])
            h = (hx.unsqueeze(2) + (hy + biases[0]).unsqueeze(1)).flatten(1, 2)
        for w, b in zip(weights[1:], biases[1:], strict=True):
            h = torch.baddbmm(b, h.relu(), w)
        return h


class Climb:
    """All members of a part, trainings times seeds: their networks, and what they have said at every step."""

    def __init__(self, critic: str, cubed: bool, steps: int, seeds: int, trainings: list[str], d=D, width=WIDTH):
        self.steps, self.seeds, self.trainings, self.cubed, self.d = steps, seeds, trainings, cubed, d
        self.reports = [name for name, (by, _) in REPORTS.items() if by in trainings]
        m, g = len(trainings) * seeds, torch.Generator().manual_seed(0)
        hidden = [width, width]
        if critic == "joint":
            self.nets = [Layers(m, [2 * d, *hidden, 1], g, first=d)]
        else:
            self.nets = [Layers(m, [d, *hidden, FEATURES], g) for _ in "xy"]
        self.between = [torch.eye(FEATURES).repeat(m, 1, 1).requires_grad_()] if critic == "bilinear" else []
        self.with_a = [t for t in trainings if TRAININGS[t][1] == "y"]
        self.with_u = [t for t in trainings if TRAININGS[t][1] == "pair"]
        self.log_a = Layers(len(self.with_a) * seeds, [d, *hidden, 1], g) if self.with_a else None
        self.u = Layers(len(self.with_u) * seeds, [2 * d, *hidden, 1], g) if self.with_u else None
        everything = [*self.nets, *(net for net in (self.log_a, self.u) if net)]
        self.parameters = [p for net in everything for p in net.tensors] + self.between
        self.adam = torch.optim.Adam(self.parameters, LR, fused=True)
        self.generator = torch.Generator().manual_seed(1)
        self.log_m, self.step_number = torch.zeros(seeds), 0
        total = steps * len(LEVELS)
        self.values, self.within = (torch.full((len(self.reports), seeds, total), math.nan) for _ in range(2))

    def samples(self) -> tuple[Tensor, Tensor]:
        """Draw a batch for every seed, (seeds, b, d), of the level that this step belongs to."""
        rho = float(CorrelatedGaussian.with_information(LEVELS[self.step_number // self.steps], self.d).rho)
        x, noise = torch.randn(2, self.seeds, BATCH, self.d, generator=self.generator)
        y = rho * x + math.sqrt(1 - rho**2) * noise
        return x, y**3 if self.cubed else y

    def scores(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Return for each training the scores (seeds, b, b) of all pairs, normalised where it learns to."""

        def for_all(z, trainings):
            return z.repeat(len(trainings), 1, 1)

        many_x, many_y = for_all(x, self.trainings), for_all(y, self.trainings)
        if len(self.nets) == 1:
            s = self.nets[0](many_x, many_y).unflatten(1, (BATCH, BATCH)).squeeze(-1)
        else:
            g, h = self.nets[0](many_x), self.nets[1](many_y)
            s = torch.bmm(torch.bmm(g, self.between[0]) if self.between else g, h.mT)
        s = dict(zip(self.trainings, s.split(self.seeds), strict=True))
        if self.log_a:
            log_a = self.log_a(for_all(y, self.with_a)).squeeze(-1).split(self.seeds)
            s |= {t: s[t] - a.unsqueeze(1) for t, a in zip(self.with_a, log_a, strict=True)}
        if self.u:
            u = self.u(for_all(torch.cat([x, y], -1), self.with_u)).squeeze(-1).split(self.seeds)
            for t, one in zip(self.with_u, u, strict=True):
                s[t] = s[t] - (s[t].diagonal(dim1=1, dim2=2) + one).unsqueeze(2)
        return s

    def step(self) -> None:
        """Take one step, and note what every objective says of this step's batch, before it moves."""
        scores = self.scores(*self.samples())
        with torch.no_grad():
            for k, name in enumerate(self.reports):
                by, value = REPORTS[name]
                s = scores[by].detach()
                self.values[k, :, self.step_number] = value(s)
                rows = WITHIN.get(name, lambda s: s.diagonal(dim1=-2, dim2=-1))(s)
                self.within[k, :, self.step_number] = rows.std(-1)
        loss = sum(self.loss(t, s).sum() for t, s in scores.items())
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.step_number += 1

    def loss(self, training: str, s: Tensor) -> Tensor:
        if training != "mine":
            return TRAININGS[training][0](s)
        t, t_ref = joint_and_reference(s)
        self.log_m = moving_average(self.log_m, t_ref, BETA)
        return mine(t, t_ref, self.log_m)

    def run(self, path: Path | None, bar=None, minutes: float = math.inf) -> None:
        """Climb to the top, or so long; from time to time and in the end leave the state at `path`, to go on from."""
        if path and path.exists():
            self.load(path)
        start = saved = time.monotonic()
        if bar is not None:
            bar.update(self.step_number)
        try:
            while self.step_number < self.steps * len(LEVELS) and time.monotonic() - start < 60 * minutes:
                self.step()
                if bar is not None:
                    bar.update()
                if path and time.monotonic() - saved > SAVE:
                    self.save(path)
                    saved = time.monotonic()
        finally:
            if path:
                self.save(path)

    def save(self, path: Path) -> None:
        state = {"step": self.step_number, "parameters": self.parameters, "adam": self.adam.state_dict()}
        state |= {"log_m": self.log_m, "generator": self.generator.get_state()}
        state |= {"values": self.values, "within": self.within}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: torch.save(state, file))

    @torch.no_grad()
    def load(self, path: Path) -> None:
        state = torch.load(path)
        for mine_, theirs in zip(self.parameters, state["parameters"], strict=True):
            mine_.copy_(theirs)
        self.adam.load_state_dict(state["adam"])
        self.generator.set_state(state["generator"])
        self.step_number, self.log_m = state["step"], state["log_m"]
        self.values, self.within = state["values"], state["within"]

    def runs(self, **facts) -> list[dict]:
        """Summarise what was noted: one entry an objective and seed, a number a level, over the level's last half.

        None for a level that isn't finished.
        """
        out, truth = [], torch.tensor(LEVELS, dtype=torch.float64).unsqueeze(1)
        unfinished = torch.arange(self.values.shape[2]) >= self.step_number // self.steps * self.steps
        trace = max(1, self.steps // POINTS)
        steps = [trace * (k + 1) for k in range(len(LEVELS) * self.steps // trace)]
        for k, name in enumerate(self.reports):
            for seed in range(self.seeds):
                noted = torch.where(unfinished, math.nan, self.values[k, seed].double())
                levels = noted.view(len(LEVELS), self.steps)
                inside = torch.where(unfinished, math.nan, self.within[k, seed]).view_as(levels)[:, self.steps // 2 :]
                half = levels[:, self.steps // 2 :]
                drawn = noted[: len(steps) * trace].view(-1, trace).mean(1)
                out.append(
                    {"objective": name, **facts, "seed": seed, "steps": self.steps}
                    | {"mean": rounded(half.mean(1)), "sd": rounded(half.std(1))}
                    | {"mse": rounded((half - truth).square().mean(1)), "within": rounded(inside.mean(1))}
                    | {"trace": {"step": steps, "value": rounded(drawn)}}
                )
        return out


def rounded(values: Tensor) -> list[float | None]:
    """Return numbers of three decimals, None where one isn't finite or too large to be drawn."""
    return [round(float(v), 3) if math.isfinite(v) and abs(v) < 1e9 else None for v in values]


def times(critic: str, repeats: int = 11) -> dict[str, float]:
    """Return the milliseconds of processor time a step, one seed, each training alone, in turns: the median."""
    climbs = {t: Climb(critic, False, repeats, 1, [t]) for t in TRAININGS}
    met: dict[str, list[float]] = {t: [] for t in climbs}
    for _ in range(repeats):
        for t, climb in climbs.items():
            start = time.process_time()
            climb.step()
            met[t].append(1e3 * (time.process_time() - start))
    return {t: round(sorted(each)[repeats // 2], 2) for t, each in met.items()}


def merged(runs: list[dict], old: list[dict]) -> list[dict]:
    """Put runs in the place of old ones of the same objective, critic and y."""

    def what(run: dict) -> tuple:
        return run["objective"], run["critic"], run["cubed"]

    new = {what(run) for run in runs}
    return [run for run in old if what(run) not in new] + runs


@click.command()
@click.option("--full", is_flag=True, help="4,000 steps a level, 4 seeds, every objective, both critics.")
@click.option("--critic", type=click.Choice(["separable", "joint"]), multiple=True, help="Both if left out.")
@click.option("--cubed/--no-cubed", default=None, help="y³ instead of y; both if left out.")
@click.option("--steps", type=int, default=None, help="Steps a level; default: 500, for the joint critic 300.")
@click.option("--seeds", type=int, default=None, help="Default: 4, for the joint critic 1.")
@click.option("--objectives", default=None, help="What is descended on, separated by commas.")
@click.option("--minutes", type=float, default=math.inf, help="Stop a part after so many, and go on the next time.")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="The result file.")
def main(full, critic, cubed, steps, seeds, objectives, minutes, out: Path) -> None:
    """Climb part by part; write the result after each."""
    torch.set_num_threads(1)
    chosen = objectives.split(",") if objectives else None
    for name in chosen or []:
        if name not in TRAININGS:
            raise click.BadParameter(f"{name!r}, wanted some of: {', '.join(TRAININGS)}.", param_hint="--objectives")
    for y3 in (False, True) if cubed is None else (cubed,):
        for kind in critic or ("separable", "joint"):
            joint = kind == "joint"
            n = steps or (4000 if full else 1000 if joint else 500)
            members = seeds or (1 if joint and not full else 4)
            by = chosen or (list(JOINT) if joint and not full else list(TRAININGS))
            for some in [[one] for one in by] if joint else [by]:
                part(kind, y3, n, members, some, minutes, out)


def part(kind: str, cubed: bool, n: int, members: int, by: list[str], minutes: float, out: Path) -> None:
    """Climb by some objectives and write what they said beside what the file holds of others."""
    y = "cubed" if cubed else "plain"
    climb = Climb(kind, cubed, n, members, by)
    with tqdm(total=n * len(LEVELS), desc=f"{kind}, {y}, {'+'.join(by)}", mininterval=5) as bar:
        climb.run(PARTS / f"{kind}-{y}-{n}-{members}-{'+'.join(by)}.pt", bar, minutes)
    if climb.step_number < n:
        return  # not a level yet
    old = json.loads(out.read_text()) if out.exists() else {}
    ms = old.get("ms", {})
    if kind not in ms:
        ms[kind] = times(kind)
    runs = merged(climb.runs(critic=kind, cubed=cubed), old.get("runs", []))
    rhos = [round(float(CorrelatedGaussian.with_information(v, D).rho), 4) for v in LEVELS]
    facts = {"levels": LEVELS, "rhos": rhos, "d": D, "batch": BATCH, "lr": LR, "width": WIDTH}
    facts |= {"features": FEATURES, "alpha": ALPHA, "beta": BETA, "units": "nats", "last_half_of_a_level": True}
    head = about("python -m experiments staircase-bounds", **facts)
    command = f"--critic {kind} --{'' if cubed else 'no-'}cubed --steps {n} --seeds {members}"
    parts = old.get("parts", {})
    parts[f"{kind}, {y}" + (f", {by[0]}" if kind == "joint" else "")] = f"{command} --objectives {','.join(by)}"
    trained_by = {report: training for report, (training, _) in REPORTS.items()}
    content = {"published": {"joint": PUBLISHED}, "parts": parts, "ms": ms, "trained_by": trained_by}
    write(out, head, **content, runs=runs)


if __name__ == "__main__":
    main()
