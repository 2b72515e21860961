"""The process in which an estimator runs: one that raises, hangs or dies loses that call and nothing else."""

import contextlib
import io
import math
import multiprocessing
import signal
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from mi_lab.arenas.standing import Bout
from mi_lab.laws.battery import Benchmark

LEVEL = 0.9  # of the intervals that are counted
NORMAL = 1.6448536269514722  # half the width of such an interval of a Gaussian, in standard deviations


class Cage:
    """The process in which an estimator runs; ended and started afresh when a call hangs."""

    def __init__(self, estimator: Callable | bytes, limit: float):
        self.estimator, self.limit, self.process = estimator, limit, None

    def _start(self) -> None:
        # elsewhere, and in a Dask worker with its threads, a fork is unsafe; joblib's own processes can't but fork
        alone = not isinstance(self.estimator, bytes) or multiprocessing.get_start_method() == "loky"
        forks = sys.platform.startswith("linux") and alone
        context = multiprocessing.get_context("fork" if forks else "spawn")
        self.pipe, theirs = context.Pipe()
        given = self.estimator if forks or isinstance(self.estimator, bytes) else pickled(self.estimator)
        self.process = context.Process(target=_serve, args=(theirs, given), daemon=True)
        with _allowed():
            self.process.start()
        theirs.close()
        with contextlib.suppress(EOFError):
            self.pipe.recv()  # it is ready

    def call(self, one: Benchmark, n: int, seed: int) -> Bout:
        """Return what comes of one call, whatever it does."""
        if self.process is None or not self.process.is_alive():
            self._start()
        begin = time.monotonic()
        try:
            self.pipe.send((one, n, seed))
            if not self.pipe.poll(self.limit):
                self.end()
                return Bout(one.name, seed, seconds=self.limit, lost=f"no answer in {self.limit:g} seconds")
            value, low, high, flags, seconds, lost = self.pipe.recv()
        except (EOFError, OSError):
            self.end()
            return Bout(one.name, seed, seconds=time.monotonic() - begin, lost="its process died")
        return Bout(one.name, seed, value, low, high, flags, seconds, lost)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


@contextlib.contextmanager
def _allowed():
    """Let a daemon have a child: a Dask worker is one, and this child ends by itself when its pipe does."""
    config = multiprocessing.current_process()._config
    before = config.get("daemon")
    config["daemon"] = False
    try:
        yield
    finally:
        config["daemon"] = before


def pickled(estimator: Callable) -> bytes:
    """Return an estimator as bytes that another process can read, closures included; a ValueError if it can't."""
    import cloudpickle

    try:
        return cloudpickle.dumps(estimator)
    except Exception as error:  # whatever is in a closure may raise anything
        raise ValueError(f"the estimator can't be sent to another process ({error}): use n_jobs=1.") from error


def _serve(pipe, estimator) -> None:
    """Answer calls until the pipe closes; runs in the process of its own."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever waits
    torch.set_num_threads(1)  # also: the threads of a process that was forked did not come along
    if isinstance(estimator, bytes):
        import cloudpickle

        estimator = cloudpickle.loads(estimator)
    pipe.send("ready")
    while True:
        try:
            one, n, seed = pipe.recv()
        except EOFError:
            return
        x, y = one.sample(n, np.random.default_rng([seed, n, zlib.crc32(one.name.encode())]))
        begin = time.process_time()  # whatever else the machine is busy with
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                answer = _read(estimator(x, y))
        except Exception as error:
            answer = (math.nan, math.nan, math.nan, 0, f"{type(error).__name__}: {error}"[:120])
        *numbers, lost = answer
        pipe.send((*numbers, time.process_time() - begin, lost))


def _read(answer: Any) -> tuple[float, float, float, int, str]:
    """Return value, low, high, number of warnings, and why it is lost, of whatever an estimator returns."""
    if answer is None:
        return math.nan, math.nan, math.nan, 0, "it returned nothing"
    low = high = math.nan
    flags = len(getattr(answer, "warnings", ()))
    if hasattr(answer, "value"):
        value, error = float(answer.value), getattr(answer, "error", None)
        if hasattr(answer, "interval"):
            with contextlib.suppress(ValueError):  # without an error bar there is none
                low, high = map(float, answer.interval(LEVEL))
        elif error is not None:
            low, high = value - NORMAL * error, value + NORMAL * error
    elif isinstance(answer, (tuple, list)) and len(answer) in (2, 3):
        value, *more = map(float, answer)
        low, high = more if len(more) == 2 else (value - NORMAL * more[0], value + NORMAL * more[0])
    else:
        value = float(answer)
    if not math.isfinite(value):
        return math.nan, math.nan, math.nan, flags, f"it returned {value}"
    return value, low, high, flags, ""
