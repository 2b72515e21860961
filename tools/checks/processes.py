"""Dask's scheduler and workers as processes of this machine, for tests and benchmarks: begun, and ended by their pids.

They listen on the loopback address only, and end by themselves when whoever began them is gone.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 120  # in which they have to be there, on a busy machine


class Processes:
    """A scheduler and some workers; use it as a context manager."""

    def __init__(self, workers: int, nanny: bool = False, path: str = "", env: dict | None = None):
        self.number, self.nanny = workers, nanny
        paths = [path, str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        self.env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(p for p in paths if p)}
        self.env |= env or {}
        self.workers: list[subprocess.Popen] = []

    def __enter__(self) -> "Processes":
        self._folder = tempfile.TemporaryDirectory(prefix="dask-")
        self.folder = Path(self._folder.name)
        place = self.folder / "scheduler.json"
        words = ["--port", "0", "--scheduler-file", str(place), "--idle-timeout", "600s"]
        self.scheduler = self._start("scheduler", "distributed.cli.dask_scheduler", words)
        self.address = ""
        until = time.monotonic() + SECONDS
        while not self.address:
            if time.monotonic() > until or self.scheduler.poll() is not None:
                self.__exit__()
                raise RuntimeError("no scheduler came up")
            if place.is_file() and (text := place.read_text()).strip().endswith("}"):
                self.address = json.loads(text)["address"]
            time.sleep(0.05)
        for _ in range(self.number):
            self.more()
        return self

    def more(self, env: dict | None = None) -> subprocess.Popen:
        """Begin one worker more."""
        words = [self.address, "--nthreads", "1", "--memory-limit", "0", "--death-timeout", "20"]
        words += ["--local-directory", str(self.folder), *([] if self.nanny else ["--no-nanny"])]
        self.workers.append(self._start(f"worker-{len(self.workers)}", "distributed.cli.dask_worker", words, env))
        return self.workers[-1]

    def _start(self, name: str, module: str, words: list[str], env: dict | None = None) -> subprocess.Popen:
        command = [sys.executable, "-m", module, "--host", "127.0.0.1", "--no-dashboard", *words]
        with open(self.folder / f"{name}.log", "w") as log:
            return subprocess.Popen(command, env=self.env | (env or {}), stdout=log, stderr=log)

    def ready(self) -> None:
        """Wait for all workers, without a client (whose threads would not go well with a fork)."""
        until = time.monotonic() + SECONDS
        while not all("Registered to" in self.log(f"worker-{i}") for i in range(len(self.workers))):
            if time.monotonic() > until:
                raise RuntimeError("the workers did not come up")
            time.sleep(0.1)

    def client(self):
        """Return a client that sees all workers; close it before this ends."""
        from distributed import Client

        client = Client(self.address, timeout=SECONDS, set_as_default=False)
        if self.number:
            client.wait_for_workers(self.number, timeout=SECONDS)
        return client

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def __exit__(self, *_) -> None:
        for process in [*self.workers, self.scheduler]:
            if self.nanny and process is not self.scheduler:
                process.terminate()  # a nanny ends its worker first
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.kill()
            process.wait()
        self._folder.cleanup()
