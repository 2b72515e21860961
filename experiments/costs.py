"""What steps, neighbours, counts, tables and classes cost, in processor time, from small runs to large ones.

    python -m experiments costs                # about ten minutes of processor time; goes on where it was stopped
    python -m experiments costs --only step    # one part

Everything is the processor time of one core (a clock shows what others do as well), the shortest of some turns.  Of a
step the operations are counted too, and what they multiply and move: those are the same on any machine.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator

import click
import numpy as np

from experiments.results import CURVES, about, write

RESULT = CURVES / "costs.json"
MEMBERS, BATCHES = (1, 2, 4, 8, 16, 32), (50, 100, 200, 400)
NEIGHBOURS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
LABELS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TABLES = ((30, 250), (30, 500), (30, 1000), (60, 250), (60, 500), (100, 250))
TABLES += ((100, 1000), (30, 4000), (300, 250), (600, 250))
CLASSES = (4, 8, 16)
MEMORY = (100_000, 200_000, 400_000, 1_000_000)


def shortest(call: Callable, turns: int = 5, least: float = 0.05) -> float:
    """Return the seconds of processor time that a call takes: the least of some turns, each repeated to be long."""
    call()
    repeats, spent = 1, 0.0
    while True:
        start = time.process_time()
        for _ in range(repeats):
            call()
        spent = time.process_time() - start
        if spent >= least:
            break
        repeats = max(2 * repeats, int(repeats * least / max(spent, 1e-4)) + 1)
    best = spent / repeats
    for _ in range(turns - 1):
        start = time.process_time()
        for _ in range(repeats):
            call()
        best = min(best, (time.process_time() - start) / repeats)
    return best


# ---- a step --------------------------------------------------------------------------------------------------------


def counted(call: Callable) -> dict:
    """Return the operations of a call that compute (views do not), what they multiply, and what they read and write."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode

    seen = {"launches": 0, "bytes": 0}

    def tensors(value):
        values = value if isinstance(value, (list, tuple)) else [value]
        return [t for t in values if isinstance(t, torch.Tensor)]

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if not func.is_view and "empty" not in func.name():
                seen["launches"] += 1
                moved = [t for a in args for t in tensors(a)] + tensors(out)
                seen["bytes"] += sum(t.numel() * t.element_size() for t in moved)
            return out

    with Count():
        call()
    with FlopCounterMode(display=False) as flops:
        call()
    return seen | {"flops": flops.get_total_flops()}


def a_step(members: int, batch: int) -> Callable:
    """Return a function that makes one step of MINE for so many members together, written out as `MINETrainer` has it.

    The network is 2 → 100 → 100 → 1 on `batch` joint and as many reference samples.
    """
    import torch

    from mi_lab import Net
    from mi_lab.objectives import mine_objective
    from mi_lab.training.engines import adam_options, make_engine

    torch.manual_seed(0)
    nets = [Net(seed=s) for s in range(members)]
    call = lambda net, z: net(z[..., :1], z[..., 1:])  # noqa: E731
    engine = make_engine(nets, torch.device("cpu"), adam_options({}), call, True, False)
    objective = mine_objective(1, 0.9)
    state = objective.state(members)
    z = torch.randn(members, 2 * batch, 2)

    def step():
        t = engine.scores(z)
        engine.backward(objective.gradient(t, batch, state))
        engine.step()

    return step


def steps() -> list[dict]:
    """Measure the step for some numbers of members and sizes of the batch.

    Alone, and as `MINETrainer.step` makes it, with the drawing of batches and the history.
    """
    import torch

    from mi_lab import MINETrainer, Net, course_data

    torch.set_num_threads(1)
    out, (x, y, _) = [], course_data()
    for members, batch in [(m, 100) for m in MEMBERS] + [(m, b) for b in BATCHES if b != 100 for m in (1, 4)]:
        step = a_step(members, batch)
        step()
        row = {"members": members, "batch": batch, "seconds": shortest(step)} | counted(step)
        if batch == 100:
            trainer = MINETrainer(x, y, Net(seed=0), 10, seed=range(members), held_out=None)
            row["trainer"] = shortest(lambda: trainer.step(5), 5, 0.2) / 50  # noqa: B023
        out.append(row)
    return out


def textbook() -> list[dict]:
    """Measure the loop that any textbook prints: autograd, an Adam of many small operations, one critic at a time."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(2, 100), nn.ELU(), nn.Linear(100, 100), nn.ELU(), nn.Linear(100, 1))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    joint, reference = torch.randn(2, 100, 2)

    def step():
        t, r = net(joint), net(reference)
        loss = -t.mean() + r.exp().mean().log()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    torch.set_num_threads(1)
    step()
    return [{"members": 1, "batch": 100, "seconds": shortest(step)} | counted(step)]


# ---- rows ----------------------------------------------------------------------------------------------------------


def neighbours() -> list[dict]:
    """Measure `ksg` on two columns of numbers."""
    from mi_lab import ksg

    out = []
    for n in NEIGHBOURS:
        r = np.random.default_rng(n)
        x = r.standard_normal(n)
        y = 0.8 * x + 0.6 * r.standard_normal(n)
        turns = 3 if n < 300_000 else 1
        out.append({"rows": n, "seconds": shortest(lambda: ksg(x, y, workers=1), turns)})  # noqa: B023
    return out


def labels() -> list[dict]:
    """Measure the counting of two columns of labels, chunk by chunk."""
    from mi_lab import LabelCounts

    r = np.random.default_rng(0)
    chunk = r.integers(0, 12, (100_000, 2)).astype(float)
    out = []
    for n in LABELS:
        part = chunk[:n]

        def count():
            total = LabelCounts("ab")
            for _ in range(max(1, n // len(part))):  # noqa: B023
                total.add_values(part)  # noqa: B023
            return total.n

        out.append({"rows": n, "seconds": shortest(count, 3 if n < 10**6 else 1)})
    return out


PEAK = """
import re, sys
import numpy as np
from mi_lab import ksg
field = lambda name: int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
n = int(sys.argv[1])
ksg(np.random.default_rng(0).standard_normal(1000), np.random.default_rng(1).standard_normal(1000), workers=1)
before = field("VmRSS")
r = np.random.default_rng(0)
x, y = r.standard_normal((2, n))
ksg(x, y, workers=1)
print(field("VmHWM") - before)
"""


def memory() -> list[dict]:
    """Measure the peak of `ksg` above what the libraries hold, data included, each in a process of its own (Linux)."""
    out = []
    for n in MEMORY:
        words = [sys.executable, "-c", PEAK, str(n)]
        out.append({"rows": n, "bytes": int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)})
    return out


# ---- tables and classes --------------------------------------------------------------------------------------------


def tables() -> list[dict]:
    """Measure `pairwise` on numbers, one core."""
    import pandas as pd

    from mi_lab import pairwise

    out = []
    for columns, rows in TABLES:
        z = np.random.default_rng([columns, rows]).standard_normal((rows, columns))
        z[:, 1:] += 0.5 * z[:, :1]
        frame = pd.DataFrame(z, columns=[f"c{j}" for j in range(columns)])
        call = lambda: pairwise(frame, n_jobs=1, progress=False)  # noqa: B023, E731
        small = columns * columns * rows < 3e6
        start = time.process_time()
        call()
        seconds = time.process_time() - start
        for _ in range(3 if small else 0):
            start = time.process_time()
            call()
            seconds = min(seconds, time.process_time() - start)
        out.append({"columns": columns, "rows": rows, "seconds": seconds})
        print(out[-1], flush=True)
    return out


def classes(skip: int = 0) -> Iterator[dict]:
    """Measure the grading of submissions of chapter 7, kernels included (`python -m tests.course.two_hundred`)."""
    for number in CLASSES[skip:]:
        with tempfile.TemporaryDirectory() as place:
            words = [sys.executable, "-m", "tests.course.two_hundred", place, "--count", str(number), "--workers", "1"]
            said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        yield {"submissions": number, "seconds": float(re.search(r"processor (\d+) s", said)[1])}


PARTS = {"step": steps, "textbook": textbook, "neighbours": neighbours, "labels": labels, "memory": memory}
PARTS |= {"tables": tables, "classes": classes}


@click.command()
@click.option("--only", type=click.Choice(list(PARTS)), multiple=True, help="Measure these parts again.")
def main(only: tuple[str, ...]) -> None:
    """Measure what is missing, or the parts named, and write mi_lab/teaching/curves/costs.json after each part."""
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, whoever asks how many there are
    head = about("python -m experiments costs", time="processor seconds of one core, the shortest of some turns")
    done = json.loads(RESULT.read_text()).get("runs", {}) if RESULT.exists() else {}
    for name in only or [p for p in PARTS if p not in done or (p == "classes" and len(done[p]) < len(CLASSES))]:
        if name == "classes":  # minutes each: written one by one
            done[name] = [] if name in only else done.get(name, [])
            for row in classes(len(done[name])):
                done[name].append(row)
                write(RESULT, head, indent=1, runs=done)
        else:
            done[name] = PARTS[name]()
        print(name, *done[name], sep="\n  ", flush=True)
        write(RESULT, head, indent=1, runs=done)


if __name__ == "__main__":
    main()
