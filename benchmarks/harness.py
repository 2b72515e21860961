"""What the timings of the trainers share: interleaved runs, medians, and a busy neighbour."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager

import torch


def medians(runs: dict[str, Callable[[], float]], repeats: int = 5) -> dict[str, float]:
    """Call each function `repeats` times, by turns so that a slow minute hits them all, and return the medians."""
    seen: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()  # warm up
    for _ in range(repeats):
        for name, run in runs.items():
            seen[name].append(run())
    return {name: statistics.median(values) for name, values in seen.items()}


def seconds(f: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def cpu_seconds(f: Callable[[], object]) -> float:
    """Return how much processor time a call takes in all threads: what other programs do hardly matters to it."""
    start = time.process_time()
    f()
    return time.process_time() - start


@contextmanager
def busy_neighbour():
    """Keep one core busy with another process inside the block."""
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)
        yield
    finally:
        child.kill()
        child.wait()


@contextmanager
def torch_threads(n: int):
    """Let torch use n threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def report(**facts) -> None:
    """Print a line of JSON."""
    print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in facts.items()}), flush=True)
