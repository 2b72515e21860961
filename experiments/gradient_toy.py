r"""Follow the gradient of mutual information: correlated Gaussians by scores and by critics, and a linear infomax.

    python -m experiments gradient-toy           # about five minutes on one core; resumes where it was stopped

Toy: y = rho x + sqrt(1 - rho^2) noise in d columns, 256 samples, 9 correlations in [-.8, .8], several seeds; asked is
dI/drho = d rho/(1 - rho^2).  In the law "bent" every y is seen through sinh(y): the information is the same, and no
Gaussian fits.  Infomax: z = w.x + noise, gradient in w against its closed form.  Writes
``mi_lab/teaching/curves/gradient-toy.json``, for chapter 13.
"""

import json
import math
import time
from collections import defaultdict
from pathlib import Path

import click
import torch
from torch import Tensor
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, finished, write
from mi_lab import Net, donsker_varadhan, nwj
from mi_lab.gradients import GaussianScore, SpectralStein, information_term

RESULT = CURVES / "gradient-toy.json"
DIMENSIONS, N = (8, 16, 32), 256
RHOS = torch.linspace(-0.8, 0.8, 9, dtype=torch.float64).tolist()
STEPS, LOOK, LR = 200, 10, 1e-3
PUBLISHED = {"mige": [0.43, 1.71, 8.25], "mine": [1.13, 6.01, 22.3], "mine-f": [3.08, 8.74, 24.3]}  # wen2020mige
SCORES = {
    "spectral": ("SpectralStein(x)", SpectralStein),
    "spectral, as published": (
        "SpectralStein(x, share=.99, base=None, whiten=False)",
        lambda x: SpectralStein(x, share=0.99, base=None, whiten=False),
    ),
    "spectral, whitened": ("SpectralStein(x, share=.99, base=None)", lambda x: SpectralStein(x, share=0.99, base=None)),
    "Gaussian": ("GaussianScore(x)", GaussianScore),
}
CRITICS = {"mine": donsker_varadhan, "mine-f": nwj}
INFOMAX = {"n": 1000, "variances": [4.0, 1.0, 0.25], "sigma": 0.5, "w": [0.8, 0.5, 0.33]}


def draw(d: int, rho: float, law: str, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return rho with a graph, x and y (N, d); the correlations share their noise."""
    g = torch.Generator().manual_seed(1000 * seed + d)
    x, e = torch.randn(2, N, d, generator=g, dtype=torch.float64)
    r = torch.tensor(rho, dtype=torch.float64, requires_grad=True)
    y = r * x + (1 - r**2).sqrt() * e
    return r, x, torch.sinh(y) if law == "bent" else y


def by_score(score, d: int, rho: float, law: str, seed: int) -> float:
    """Return dI/drho by two scores, that of y and that of (x, y)."""
    r, x, y = draw(d, rho, law, seed)
    information_term(x, y, score=score).backward()
    return r.grad.item()


def by_critic(value, d: int, rho: float, law: str, seed: int) -> float:
    """Train a critic with the bound `value` on 4/5 of the samples, keep what is best on the rest, and let dI/drho flow
    through it and all samples."""
    r, x, y = draw(d, rho, law, seed)
    x = x.float()
    fixed, g = y.detach().float(), torch.Generator().manual_seed(seed)
    cut = N - N // 5
    net = Net(2 * d, std=None, seed=seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=LR)

    def bound(rows: slice, y: Tensor) -> Tensor:
        a, b = x[rows], y[rows]
        return value(net(a, b), net(a.repeat(4, 1), torch.cat([b.roll(s, 0) for s in shifts])))

    best, kept = -math.inf, None
    for step in range(STEPS + 1):
        shifts = (1 + torch.randperm(40, generator=g)[:4]).tolist()
        if step % LOOK == 0:
            with torch.no_grad():
                held = float(bound(slice(cut, N), fixed))
            if held > best:
                best, kept = held, {k: v.clone() for k, v in net.state_dict().items()}
        optimiser.zero_grad()
        (-bound(slice(cut), fixed)).backward()
        optimiser.step()
    net.load_state_dict(kept)
    shifts = [1, 2, 3, 4]
    bound(slice(N), y.float()).backward()
    return r.grad.item()


def infomax(seed: int) -> tuple[list[float], list[float]]:
    """Return dI/dw of z = w.x + sigma noise by the default score, and the closed form Sw/(sigma^2 + w.Sw)."""
    g = torch.Generator().manual_seed(seed)
    variances = torch.tensor(INFOMAX["variances"], dtype=torch.float64)
    x = torch.randn(INFOMAX["n"], 3, generator=g, dtype=torch.float64) * variances.sqrt()
    e = torch.randn(INFOMAX["n"], generator=g, dtype=torch.float64)
    w = torch.tensor(INFOMAX["w"], dtype=torch.float64, requires_grad=True)
    z = x @ w + INFOMAX["sigma"] * e
    information_term(x, z[:, None]).backward()
    pushed = variances * w.detach()
    return w.grad.tolist(), (pushed / (INFOMAX["sigma"] ** 2 + w.detach() @ pushed)).tolist()


def tasks(seeds: int, critic_seeds: int):
    """Yield (what, d, law, seed) of everything there is to do."""
    for seed in range(seeds):
        for law in ("Gaussian", "bent"):
            for d in DIMENSIONS:
                yield from ((name, d, law, seed) for name in SCORES)
                if seed < critic_seeds and law == "Gaussian":
                    yield from ((name, d, law, seed) for name in CRITICS)
        yield "infomax", 3, "Gaussian", seed


def run(name: str, d: int, law: str, seed: int) -> dict:
    """Do one of the tasks: all correlations of one method, dimension, law and seed."""
    start = time.process_time()
    if name == "infomax":
        got, truth = infomax(seed)
        rhos = []
    else:
        rhos = RHOS
        one = (lambda r: by_score(SCORES[name][1], d, r, law, seed)) if name in SCORES else None
        one = one or (lambda r: by_critic(CRITICS[name], d, r, law, seed))
        got, truth = [one(r) for r in rhos], [d * r / (1 - r**2) for r in rhos]
    seconds = (time.process_time() - start) / max(1, len(rhos))
    found = {"gradient": [round(v, 4) for v in got], "truth": [round(v, 4) for v in truth]}
    return {"name": name, "d": d, "law": law, "seed": seed, "rho": [round(r, 2) for r in rhos], **found} | {
        "seconds": round(seconds, 4)
    }


def summary(lines: list[dict]) -> list[dict]:
    """Return one row a method, dimension and law: the root mean squared error over correlations and seeds."""
    groups = defaultdict(list)
    for line in lines:
        if line["name"] != "infomax":
            groups[line["name"], line["d"], line["law"]].append(line)
    rows = []
    for (name, d, law), found in groups.items():
        squares = torch.tensor([[(g - t) ** 2 for g, t in zip(f["gradient"], f["truth"], strict=True)] for f in found])
        each = squares.mean(1).sqrt()
        row = {"name": name, "d": d, "law": law, "rmse": round(float(squares.mean().sqrt()), 4), "seeds": len(found)}
        row["rmse sd"] = round(float(each.std()), 4) if len(found) > 1 else None
        rows.append(row | {"seconds": round(sum(f["seconds"] for f in found) / len(found), 4)})
    return rows


@click.command()
@click.option("--seeds", default=4, show_default=True)
@click.option("--critic-seeds", default=4, show_default=True)
@click.option("--progress", type=click.Path(path_type=Path), default=ROOT / "_build" / "gradient-toy.jsonl")
@click.option("--fresh", is_flag=True, help="Start again from nothing.")
def main(seeds: int, critic_seeds: int, progress: Path, fresh: bool) -> None:
    """Run what is missing, then write the summary."""
    torch.set_num_threads(1)
    lines = finished(progress, fresh)
    done = {(f["name"], f["d"], f["law"], f["seed"]): f for f in lines}
    wanted = list(tasks(seeds, critic_seeds))
    with progress.open("a") as file:
        for task in tqdm([t for t in wanted if t not in done], unit="task", disable=None):
            done[task] = run(*task)
            file.write(json.dumps(done[task]) + "\n")
            file.flush()
    lines = [done[t] for t in wanted]
    facts = {"n": N, "scores": {name: call for name, (call, _) in SCORES.items()}, "published": PUBLISHED}
    facts |= {"critics": f"Net(2 d, std=None), Adam {LR}, {STEPS} steps, best of a held-out fifth", "infomax": INFOMAX}
    facts["units"] = "nats per unit of rho, nats per unit of w; processor seconds a gradient"
    head = about(f"python -m experiments gradient-toy --seeds {seeds} --critic-seeds {critic_seeds}", **facts)
    head["seed"] = f"0 to {seeds - 1}"
    curves = [f for f in lines if f["d"] == 16 and f["law"] == "Gaussian" and f["name"] != "infomax" and f["seed"] < 4]
    runs = curves + [f for f in lines if f["name"] == "infomax"]
    write(RESULT, head, table=summary(lines), runs=runs)
    for row in summary(lines):
        print(row)


if __name__ == "__main__":
    main()
