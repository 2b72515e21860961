"""All pairs of 300 columns on one core, by two processes, by two Dask workers, and by four of which one is killed.

    python -m benchmarks.cluster          # some minutes; goes on where it was stopped

Results must be the same bit for bit.  Machines are busy with other work: the time that passes says as much about that
as about us.  So processor time is measured too, of this process and of all that work for it, and that of two ways is
compared in one run, side by side.
"""

import hashlib
import json
import os
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import joblib
import numpy as np
import pandas as pd
import psutil

from experiments.results import CURVES, about, write
from mi_lab import pairwise
from tools.checks.processes import Processes

RESULT = CURVES / "cluster-benchmarks.json"


class Clock:
    """Time that passes, and processor time of this process, those it starts, and others that are named."""

    def __init__(self, others=()):
        self.others = others

    def __enter__(self):
        self.wall, self.spent = time.monotonic(), 0.0
        self.seen: dict[tuple, float] = {}
        self.before = self.look()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def look(self) -> float:
        """Return what has been computed so far; a process that has ended counts as it was last seen."""
        here = psutil.Process()
        for process in [here, *here.children(recursive=True), *map(_process, self.others)]:
            try:
                t = process.cpu_times()
                self.seen[process.pid, process.create_time()] = t.user + t.system
            except (psutil.Error, AttributeError):
                continue
        return sum(self.seen.values())

    def _watch(self) -> None:
        while not self._end.wait(0.2):
            self.look()

    def __exit__(self, *_) -> None:
        self.wall = time.monotonic() - self.wall
        self._end.set()
        self._thread.join()
        self.spent = self.look() - self.before


def _process(popen):
    try:
        return psutil.Process(popen.pid)
    except psutil.Error:
        return None


def table(columns: int, rows: int) -> pd.DataFrame:
    """Return numbers that share a factor."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, columns)) + rng.normal(size=(rows, 1)) * rng.random(columns)
    return pd.DataFrame(x, columns=[f"c{j}" for j in range(columns)])


@click.command()
@click.option("--columns", default=300, show_default=True)
@click.option("--rows", default=1000, show_default=True)
@click.option("--fresh", is_flag=True, help="Measure all again; else what is measured already stays.")
def main(columns: int, rows: int, fresh: bool) -> None:
    """Measure and compare."""
    head, frame = about("python -m benchmarks.cluster", columns=columns, rows=rows), table(columns, rows)
    found = json.loads(RESULT.read_text()) if RESULT.exists() and not fresh else {}
    runs = found["runs"] if found.get("about", {}).get("columns") == columns else {}
    ready()

    def timed(name: str, others=(), **options) -> None:
        with Clock(others) as clock:
            value = pairwise(frame, **options).to_numpy().tobytes()
        load = round(os.getloadavg()[0], 1)
        runs[name] = {"seconds": round(clock.wall, 2), "processor": round(clock.spent, 2), "load": load}
        runs[name]["matrix"] = hashlib.sha256(value).hexdigest()[:16]
        click.echo(f"{name}: {runs[name]}")

    for name in ("one core", "two processes", "two Dask workers", "four Dask workers, one killed"):
        if name in runs:
            continue
        if name == "one core":
            timed(name, n_jobs=1)
        elif name == "two processes":
            joblib.Parallel(n_jobs=2)(joblib.delayed(ready)() for _ in range(8))  # they are there and have imported
            timed(name, n_jobs=2)
        elif name == "two Dask workers":
            with Processes(2) as processes:
                on_dask(processes, timed, name)
        else:
            with Processes(4) as processes, TemporaryDirectory() as folder:
                victim, file = processes.workers[0], Path(folder, "pairs.jsonl")
                pairs = columns * (columns - 1) // 2
                threading.Thread(target=kill_halfway, args=(victim, file, pairs), daemon=True).start()
                on_dask(processes, timed, name, resume=file)
                runs[name] |= {"pid": victim.pid, "exit status": victim.wait(5)}
        write(RESULT, head, indent=1, pairs=columns * (columns - 1) // 2, runs=runs)
    if len({run["matrix"] for run in runs.values()}) > 1:
        raise SystemExit("results differ")
    one, two, dask = (runs[name] for name in ("one core", "two processes", "two Dask workers"))
    click.echo(f"processor time, one core / two processes: {one['processor'] / two['processor']:.2f}")
    click.echo(f"processor time, Dask / two processes: {dask['processor'] / two['processor']:.2f}")


def on_dask(processes: Processes, timed, name: str, **options) -> bytes:
    client = processes.client()
    client.run(ready)
    with joblib.parallel_config(backend="dask", client=client):
        value = timed(name, [*processes.workers, processes.scheduler], n_jobs=-1, **options)
    client.close(timeout=2)
    return value


def kill_halfway(victim, file: Path, pairs: int) -> None:
    """End a worker by its pid when half of the pairs are in the file."""
    while True:
        time.sleep(0.05)
        lines = file.read_bytes().splitlines()[1:] if file.exists() else []
        if sum(line.count(b"[") - 1 for line in lines) >= pairs / 2:
            return victim.kill()


def ready() -> None:
    """Import what is needed, once."""
    pairwise(np.random.default_rng(0).normal(size=(20, 3)), n_jobs=1, progress=False)


if __name__ == "__main__":
    main()
