"""Time the counting estimators beside other libraries, all in one run on one machine.

    python -m benchmarks.counting            # a few minutes; writes mi_lab/teaching/curves/counting-benchmarks.json

scikit-learn's ``mutual_info_regression`` and a brute force in NumPy always take part; torch_mi
(github.com/Simon-Bertrand/MutualInformation-PyTorch) and NPEET do if they can be imported.  Times are the
shortest of several, in seconds; memory is what a process of its own grew by.  The page "Benchmarks" shows the file.
"""

import importlib.util
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import click
import numpy as np
import torch

from experiments.results import commit, machine
from mi_lab import BivariateGaussian, bins, kde, ksg

RESULT = Path(__file__).parents[1] / "mi_lab" / "teaching" / "curves" / "counting-benchmarks.json"
HAS = {name: importlib.util.find_spec(name) is not None for name in ("torch_mi", "npeet")}
SIZES = [100, 300, 1000, 2000, 4900, 10_000, 30_000, 100_000, 300_000, 1_000_000]
IMAGES, SIDE, RHO = 64, 70, 0.99
JUDGED = 16  # images on which errors are compared


def sample(n: int, seed: int = 0):
    """Draw two columns of n, float64, with correlation .9."""
    return tuple(v.numpy()[:, 0].astype(float) for v in BivariateGaussian(0.9).sample(n, seed=seed))


def clock(call, least: float = 0.7, most: int = 30) -> tuple[float, float]:
    """Return the shortest time of a call and the least processor time, of up to `most` in about `least` seconds.

    On a busy machine the first is longer than it need be; the second, of all threads together, hardly is.
    """
    call()
    walls, cores = [], []
    while len(walls) < most and (sum(walls) < least or len(walls) < 3):
        start, worked = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - start)
        cores.append(time.process_time() - worked)
        if walls[-1] > 1:
            break
    return min(walls), min(cores)


def brute_force(x, y, k=3):
    """KSG-1 from all distances at once, as most short implementations have it."""
    from scipy.special import digamma

    dx, dy = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    rho = np.sort(np.maximum(dx, dy), 1)[:, [k]]
    counts = [(d < rho).sum(1) for d in (dx, dy)]
    return digamma(k) + digamma(len(x)) - np.mean(digamma(counts[0]) + digamma(counts[1]))


def neighbours(x, y) -> dict:
    """Return the calls that compute KSG with k = 3 from two columns: name -> (largest n worth the time, call)."""
    from sklearn.feature_selection import mutual_info_regression

    calls = {
        "mi_lab ksg": (1_000_000, lambda: ksg(x, y)),
        "scikit-learn": (100_000, lambda: mutual_info_regression(x[:, None], y, n_neighbors=3, random_state=0)),
        "NumPy brute force": (4_900, lambda: brute_force(x, y)),
    }
    if HAS["torch_mi"]:
        import torch_mi

        images = [torch.as_tensor(v, dtype=torch.float32).reshape(1, 1, 1, -1) for v in (x, y)]
        calls["torch_mi neighbours"] = (4_900, lambda: torch_mi.KnnMutualInformation(3)(*images))
    if HAS["npeet"]:
        from npeet import entropy_estimators

        calls["NPEET"] = (4_900, lambda: entropy_estimators.mi(x[:, None], y[:, None], k=3))
    calls["mi_lab kde"] = (1_000_000, lambda: kde(x, y))
    calls["mi_lab bins"] = (1_000_000, lambda: bins(x, y))
    return calls


def against_n() -> dict:
    """Time every method at every size."""
    rows: dict[str, list] = {}
    for n in SIZES:
        for name, (most, call) in neighbours(*sample(n)).items():
            if n <= most:
                wall, cores = clock(call)
                rows.setdefault(name, []).append([n, wall, cores])
                print(f"{name:22} n = {n:9,}  {wall:.5f} s, processors {cores:.5f} s", flush=True)
    return rows


def images() -> dict:
    """Time 64 images of 4,900 pixels, an image, and measure the mean distance from the truth."""
    law = BivariateGaussian(RHO)
    x, y = (v.reshape(IMAGES, 1, SIDE, SIDE) for v in law.sample(IMAGES * SIDE**2, seed=1))
    calls = {"neighbours": {"mi_lab": (IMAGES, ksg)}, "kernels": {"mi_lab": (IMAGES, kde)}}
    calls["bins"] = {"mi_lab": (IMAGES, bins)}
    calls["soft bins"] = {"mi_lab": (IMAGES, lambda a, b: bins(a, b, 20, soft="cubic"))}
    if HAS["torch_mi"]:
        import torch_mi

        # as many images at once as fit into memory beside other work
        calls["neighbours"]["torch_mi"] = (2, torch_mi.KnnMutualInformation(3))
        calls["kernels"]["torch_mi"] = (IMAGES, torch_mi.KdeMutualInformation(20))
        calls["bins"]["torch_mi"] = (8, torch_mi.BinsCountMutualInformation(20))
    found = {}
    for what, by in calls.items():
        for library, (together, call) in by.items():
            wall, cores = (t / together for t in clock(lambda: call(x[:together], y[:together]), 4, 12))  # noqa: B023
            parts = [call(x[i : i + together], y[i : i + together]) for i in range(0, JUDGED, min(together, JUDGED))]
            values = torch.cat([p.detach().flatten().double() for p in parts])[:JUDGED]
            error = (values - law.mutual_information).abs().mean()
            found.setdefault(what, {})[library] = {"seconds": wall, "processors": cores, "error": float(error)}
            told = f"{wall:.5f} s an image, processors {cores:.5f} s, mean error {error:.4f} nats"
            print(f"{what:12} {library:10} {told}", flush=True)
    return found


def gradients() -> dict:
    """Say which gradients are finite, on an image of 400 pixels."""
    law = BivariateGaussian(0.9)
    x, y = (v.reshape(1, 1, 20, 20) for v in law.sample(400, seed=1))
    calls = {f"mi_lab soft bins, {k}": (lambda a, b, k=k: bins(a, b, soft=k)) for k in ("linear", "cubic", "gaussian")}
    calls["mi_lab kde"] = kde
    if HAS["torch_mi"]:
        import torch_mi

        calls["torch_mi bins"] = torch_mi.BinsCountMutualInformation(20)
        calls["torch_mi kde"] = torch_mi.KdeMutualInformation(20)
    found = {}
    for name, call in calls.items():
        a = x.clone().requires_grad_()
        call(a, y).sum().backward()
        found[name] = "NaN" if a.grad.isnan().any() else "zero" if (a.grad == 0).all() else "finite"
    print(found)
    return found


MEMORY = """
import re, sys, time
from pathlib import Path
from mi_lab import {method} as estimate
from benchmarks.counting import sample

def now(what):  # VmRSS: memory in use; VmHWM: the most that was, since it was cleared
    return int(re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

x, y = sample({n})
estimate(x[:2000], y[:2000])  # libraries loaded, pools started
before = now("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
start, worked = time.perf_counter(), time.process_time()
value = float(estimate(x, y))
print(time.perf_counter() - start, time.process_time() - worked, now("VmHWM") - before, value)
"""


def large(n: int = 1_000_000) -> dict:
    """Time a million pairs and measure the memory they take above the data, in processes of their own (Linux)."""
    found = {}
    for method in ("ksg", "kde", "bins"):
        code = MEMORY.format(method=method, n=n)
        out = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=Path(__file__).parents[1])
        seconds, work, mb, value = map(float, out.split()[-4:])
        found[method] = {"n": n, "seconds": seconds, "processors": work, "MB above the data": mb, "value": value}
        print(f"{method}: a million pairs in {seconds:.2f} s, {mb:.0f} MB above the data", flush=True)
    return found


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=RESULT)
def main(out: Path) -> None:
    """Run everything and write the file."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    taken_part = {name: "taken part" if there else "not installed" for name, there in HAS.items()}
    about = {"command": "python -m benchmarks.counting", "commit": commit(), "machine": machine() | taken_part}
    parts = {"gradients": gradients(), "images": images(), "against n": against_n()}
    if Path("/proc/self/clear_refs").exists():
        parts["large"] = large()
    at = {name: next((r[1:] for r in rows if r[0] == 4900), None) for name, rows in parts["against n"].items()}
    for name in ("torch_mi neighbours", "scikit-learn", "NumPy brute force"):
        if at.get(name):
            wall, cores = (a / b for a, b in zip(at[name], at["mi_lab ksg"], strict=True))
            print(f"n = 4,900: {name} takes {wall:.1f} times as long, {cores:.1f} times the work")
    for what, by in parts["images"].items():
        if "torch_mi" in by:
            wall, cores = (by["torch_mi"][c] / by["mi_lab"][c] for c in ("seconds", "processors"))
            print(f"images, {what}: torch_mi takes {wall:.1f} times as long, {cores:.1f} times the work")
    out.write_text(json.dumps({"about": about, "runs": parts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
