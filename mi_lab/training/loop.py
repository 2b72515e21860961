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
from mi_lab.estimates import Estimate
from mi_lab.training import checkpoint
from mi_lab.training import fit as ensembles
from mi_lab.training.crew import Scores
from mi_lab.training.logs import progress
from mi_lab.training.members import Members, positive


class Trainer(Members):
    """Train the critics of an estimate; subclasses say where joint and reference samples come from.

    Attributes
    ----------
    history : dict of lists
        One entry an epoch: "epoch", "step", "train" (the estimate over the pairs met during the epoch, nats) and
        "held_out" (the estimate on samples nothing was learned from).  With one seed the entries are floats, with
        several arrays of one number a member; see `curves`.
    value : float
        The latest estimate in nats, held-out if anything was held out, the mean over members.
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

    def run(self, epochs: int, show: bool = False, each: Callable[[list[Scores]], bool] | None = None) -> None:
        """Train for some epochs; `each` sees the held-out scores after each and may end it by returning True."""
        self.stopped = None if self.alive.any() else self.stopped
        if self.constant:
            self._record_zeros(epochs)
        if self.stopped or self.constant:
            return
        big = len(self.seeds) * 2 * self.batch_size * 100 * 100 / len(self.crews)
        with (
            devices.threads(0 if len(self.crews) > 1 else big, self.device),
            devices.full_precision(self.device),
            _interrupts() as interrupted,
            self._pool() as pool,
            progress(epochs, show, type(self).__name__) as bar,
        ):
            for _ in range(epochs):
                met = _together(pool(lambda crew: crew.epoch(interrupted)))
                held_out = [_together(part) for part in zip(*pool(lambda crew: crew.evaluate()), strict=True)]
                if self._record(met, held_out):
                    bar.update()
                    bar.set_postfix(nats=f"{self.value:.3f}", refresh=False)
                if interrupted():
                    self.stopped = f"interrupted after {self.steps} steps; what was trained is kept"
                    warnings.warn(self.stopped, stacklevel=3)
                if self.stopped or (each is not None and each(held_out)):
                    break
        if self.writer:
            self.writer.flush()

    @contextmanager
    def _pool(self):
        """Give a map over crews: in threads if there are several, each of them using one core."""
        if len(self.crews) == 1:
            yield lambda f: [f(self.crews[0])]
            return
        with ThreadPoolExecutor(len(self.crews), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield lambda f: list(pool.map(f, self.crews))

    def _record(self, met: Scores, held_out: list[Scores]) -> bool:
        """Write an epoch into the history, or go back to the last good state where its values aren't finite."""
        steps = next(iter(met.values()))[0].shape[1]
        rows = {"train": self.values([met])}
        if held_out:
            rows["held_out"] = self.values(held_out)
        finite = np.isfinite(np.stack([v["total"] for v in rows.values()])).all(0)
        if not finite[self.alive].all():
            self._go_back(finite)
        if not self.alive.any():
            return False
        self.epochs, self.steps = self.epochs + 1, self.steps + steps
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
            self.writer.epoch(self.steps, self._loss(met), entry)
        self._good = self.snapshot()
        return True

    def _record_zeros(self, epochs: int) -> None:
        """Write into the history what is known without training."""
        zero = 0.0 if len(self.seeds) == 1 else np.zeros(len(self.seeds))
        for _ in range(epochs):
            self.epochs, self.steps = self.epochs + 1, self.steps + self.n_iters_per_epoch
            row = {"epoch": self.epochs, "step": self.steps, "train": zero}
            row |= {"held_out": zero} if len(self.crews[0].test_rows[0][0]) else {}
            for name, value in row.items():
                self.history.setdefault(name, []).append(value)

    def _loss(self, met: Scores) -> float:
        """Return minus the value of a step's batch, averaged over steps and members: what the steps descended on."""
        return float(sum(-self.value_of(*met[term]).mean() for term in self.signs))

    def fit(self, max_epochs: int | None = None, patience: int | None = None, seeds: int | None = None,
            covers: str | None = None, progress: bool | None = None) -> Estimate:  # fmt: skip
        """Train to convergence with held-out early stopping, and return the estimate with its error bar.

        One half of the held-out samples chooses the epoch and the other half reports the value there, and the other way
        round.  Afterwards the critics are those of the best epoch.

        Parameters
        ----------
        max_epochs : int, optional
            At most so many epochs; 20 times the patience if left out.
        patience : int, optional
            Epochs without improvement after which a member is done; 1,000 steps' worth if left out.
        seeds : int, optional
            Train so many members at once, with this trainer's seed and those that follow, instead of this trainer
            itself.  Member k is what ``Net(seed=k)`` trained with ``seed=k`` would be.
        covers : {"both", "optimisation", "sampling"}, optional
            What the error bar covers.  "optimisation": the mean's standard error over the seeds, all with the same
            split.  "sampling": a bootstrap of the held-out samples with the critics as they are.  "both": their sum,
            each seed with its own split; the default with several seeds, as "sampling" is with one.
        progress : bool, optional
            Show a progress bar; left out, only where someone watches, after two seconds.

        Returns
        -------
        Estimate
            Its `trainer` holds the trained members, its `history` every member's curve.
        """
        return ensembles.fit(self, max_epochs, patience, seeds, covers, progress)

    def save(self, path) -> None:
        """Write the state to a file: weights, optimiser, moving average, generators and history.

        A trainer made with the same samples and options that loads it goes on bit for bit as this one would.  The file
        is replaced in one stroke: a kill in the middle of writing leaves the old one whole.
        """
        checkpoint.save(self, path)

    def load(self, path) -> "Trainer":
        """Go on where a saved trainer was, and return this trainer.

        Raises
        ------
        ValueError
            There is no such file, it isn't a checkpoint, or it was saved with other samples or options.
        """
        checkpoint.load(self, path)
        return self

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
