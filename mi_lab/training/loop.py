"""The loop that every trainer shares: minibatches, held-out evaluation, history, logs, and stopping in good order."""

import signal
import threading
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch

from mi_lab import device as devices
from mi_lab.training.crew import Scores
from mi_lab.training.ensemble import Ensemble, positive
from mi_lab.training.logs import progress


class Loop(Ensemble):
    """Train the critics of a problem.

    Attributes
    ----------
    history : dict of lists
        One entry an epoch (by `fit`, one every few): "epoch", "step", "train" (the estimate over the pairs met on
        the way, nats) and "held_out" (the estimate on samples nothing was learned from).  With one seed the entries are
        floats, with several arrays of one number a member; see `curves`.
    stopped : str or None
        Why training ended early, if it did.
    """

    # ---- training -----------------------------------------------------------------------------------------------

    def step(self, epochs: int = 1, progress: bool | None = None) -> float:
        """Train for some epochs and return the estimate in nats: on held-out samples, unless nothing was held out.

        Ctrl-C ends training after the step in hand and keeps what was trained; a value that is no longer finite ends
        it at the last good epoch.  Either way `stopped` says so.

        Parameters
        ----------
        epochs : int
            Passes through the training samples.
        progress : bool, optional
            Show a progress bar; left out, only where someone watches, after two seconds.

        Returns
        -------
        float
            The mean over the members.
        """
        self.run(positive(epochs, "epochs"), progress)
        return self.value

    def run(self, epochs: int, show: bool | None = False, each: Callable[..., bool] | None = None, every: int = 1):
        """Train for some epochs, looking at the held-out samples every few of them.

        `each` sees their scores, half by half, and how many epochs have passed; it ends training by returning True.
        """
        self.stopped = None if self.alive.any() else self.stopped
        if self.constant:
            self._record_zeros(epochs)
        if self.stopped or self.constant:
            return
        with (
            self.quiet_work(),
            _interrupts() as interrupted,
            self._pool() as pool,
            progress(epochs, show, type(self).__name__) as bar,
        ):
            left = epochs
            while left > 0:
                now = min(every, left)
                if self.problem.renew is not None:
                    self.problem.renew(self.problem)
                met = _together(pool(lambda crew, now=now: _in_a_row([crew.epoch(interrupted) for _ in range(now)])))
                looked = pool(lambda crew: crew.evaluate())
                halves = tuple(
                    [_together(part) for part in zip(*half, strict=True)] for half in zip(*looked, strict=True)
                )
                if self._record(met, halves, now):
                    bar.update(now)
                    bar.set_postfix(nats=f"{self.value:.3f}", refresh=False)
                left -= now
                if interrupted():
                    self.stopped = f"interrupted after {self.steps} steps; what was trained is kept"
                    warnings.warn(self.stopped, stacklevel=3)
                if self.stopped or (each is not None and each(halves, now)):
                    break
        if self.writer:
            self.writer.flush()

    @contextmanager
    def quiet_work(self):
        """Take as many threads as the work is worth, and full precision, inside the block."""
        big = len(self.seeds) * 2 * self.batch_size * 100 * 100 / len(self.crews)
        with (
            devices.threads(0 if len(self.crews) > 1 else big, self.device),
            devices.full_precision(self.device),
        ):
            yield

    @contextmanager
    def _pool(self):
        """Give a map over crews: in threads if there are several, each of them using one core."""
        if len(self.crews) == 1:
            yield lambda f: [f(self.crews[0])]
            return
        with ThreadPoolExecutor(len(self.crews), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield lambda f: list(pool.map(f, self.crews))

    def _record(self, met: Scores, halves: tuple[list[Scores], list[Scores]], epochs: int) -> bool:
        """Write into the history, or go back to the last good state where values aren't finite."""
        steps = next(iter(met.values()))[0].shape[1]
        rows = {"train": self.met_values(met)}
        if halves[0]:
            rows["held_out"] = self.values([*halves[0], *halves[1]])
        finite = np.isfinite(np.stack([v["total"] for v in rows.values()])).all(0)
        if not finite[self.alive].all():
            self._go_back(finite)
        if not self.alive.any():
            return False
        self.epochs, self.steps = self.epochs + epochs, self.steps + steps
        self.history["epoch"].append(self.epochs)
        self.history["step"].append(self.steps)
        entry = {}
        for where, values in rows.items():
            for term, value in values.items():
                name = where if term == "total" else f"{where} {term}"
                past = self.history.setdefault(name, [])
                if not self.alive.all():  # a member that was stopped keeps the value it had
                    value = np.where(self.alive, value, past[-1] if past else np.nan)
                past.append(float(value[0]) if len(self.seeds) == 1 else value)
                entry[name] = past[-1]
        if self.writer:
            self.writer.epoch(self.steps, self.loss(met), entry)
        self._good = self.snapshot()
        return True

    def _record_zeros(self, epochs: int) -> None:
        """Write into the history what is known without training."""
        zero = 0.0 if len(self.seeds) == 1 else np.zeros(len(self.seeds))
        for _ in range(epochs):
            self.epochs, self.steps = self.epochs + 1, self.steps + self.n_iters_per_epoch
            row = {"epoch": self.epochs, "step": self.steps, "train": zero}
            row |= {"held_out": zero} if self.holds_out else {}
            for name, value in row.items():
                self.history.setdefault(name, []).append(value)

    # ---- going back ---------------------------------------------------------------------------------------------

    def _go_back(self, finite: np.ndarray) -> None:
        lost = ~finite & self.alive
        self.restore(self._good, ~finite)
        self.alive &= finite
        seeds = ", ".join(str(seed) for seed, gone in zip(self.seeds, lost, strict=True) if gone)
        message = (
            f"the estimate of seed {seeds} was no longer finite in epoch {self.epochs + 1}: training stopped there "
            "and went back to the epoch before; a smaller lr helps."
        )
        warnings.warn(message, stacklevel=5)
        if not self.alive.any():
            self.stopped = message


def _in_a_row(epochs: list[Scores]) -> Scores:
    """Put the scores of some epochs behind each other, along the axis of steps."""
    if len(epochs) == 1:
        return epochs[0]
    return {term: tuple(torch.cat([e[term][side] for e in epochs], 1) for side in (0, 1)) for term in epochs[0]}


def _together(crews: Iterable[Scores]) -> Scores:
    """Put the crews' scores together, members along the first axis."""
    crews = list(crews)
    out = {}
    for term in crews[0]:
        sides = []
        for side in (0, 1):
            scores = [crew[term][side] for crew in crews]
            if scores[0].ndim == 3:  # (members, steps, rows): a Ctrl-C may end one crew some steps earlier
                steps = min(t.shape[1] for t in scores)
                scores = [t[:, :steps] for t in scores]
            sides.append(torch.cat(scores))
        out[term] = tuple(sides)
    return out


@contextmanager
def _interrupts():
    """Turn Ctrl-C into a question that the loop asks after each step; a second Ctrl-C is an ordinary one."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def note(signum, frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
