"""What every named trainer is: a loop over a problem that fits, saves and loads."""

import math

import numpy as np
import torch

from mi_lab.certificates import DEFAULT, check_confidence, largest_claim
from mi_lab.estimates import Estimate
from mi_lab.training import checkpoint
from mi_lab.training.certify import purses
from mi_lab.training.choose import Chooser
from mi_lab.training.errors import jackknife, reports, standard_error
from mi_lab.training.loop import Loop

COVERED = ("both", "optimisation", "sampling")
PATIENCE_STEPS = 1_000  # steps without improvement after which a member is done, unless told otherwise
LOOK_STEPS = 25  # steps between two looks at the held-out samples


class Trainer(Loop):
    """Train the critics of a problem to convergence; named trainers only choose the problem."""

    def fit(self, max_epochs: int | None = None, patience: int | None = None, seeds: int | None = None,
            covers: str | None = None, progress: bool | None = None) -> Estimate:  # fmt: skip
        """Train to convergence with held-out early stopping, and return the estimate with its error bar.

        One half of the held-out samples chooses when to stop, by what is maximised, and the other half reports the
        value of the critics then; and the other way round.  Afterwards the critics are those that both choose together.

        Parameters
        ----------
        max_epochs : int, optional
            At most so many epochs; 20 times the patience if left out.
        patience : int, optional
            Epochs without improvement after which a member is done; 1,000 steps' worth if left out.
        seeds : int, optional
            Train so many members at once, with this trainer's seed and those that follow, instead of this trainer
            itself; the result's `trainer` holds them.  They take turns in what they hold out.
        covers : str, optional
            What the error bar is to cover: "both" (the default with several seeds), "optimisation" (initial weights and
            batches; the same samples held out for all) or "sampling" (the held-out samples, by the jackknife).
        progress : bool, optional
            Show a progress bar; left out, only where someone watches, after two seconds.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            Nothing is held out, an option that doesn't exist, or no epoch with a finite estimate.
        """
        if not self.holds_out:
            raise ValueError("fit stops by held-out samples and nothing was held out: set held_out.")
        for name, value in (("max_epochs", max_epochs), ("patience", patience), ("seeds", seeds)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1):
                raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 1.")
        several = (seeds or len(self.seeds)) > 1
        covers = covers or ("both" if several else "sampling")
        self._check_covers(covers, seeds, several)
        trainer, first = self, self.seeds[0]
        if seeds is not None:
            shared = first if covers == "optimisation" and self.split_seed is None else self.split_seed
            trainer = self.with_seeds(range(first, first + seeds), shared, None if shared is not None else first)
        facts = {
            "truth": self.truth, "method": self.name, "n": len(self.data[0]), "bounds": self.bounds
        }  # fmt: skip
        if self.constant:
            return Estimate(0.0, 0.0, covers, members=np.zeros(len(trainer.seeds)), trainer=trainer, **facts)
        patience = patience or max(10, math.ceil(PATIENCE_STEPS / self.n_iters_per_epoch))
        chooser = Chooser(trainer, patience)
        clean = not trainer.stopped_by_held_out
        trainer.run(max_epochs or 20 * patience, progress, chooser, math.ceil(LOOK_STEPS / self.n_iters_per_epoch))
        members, error = trainer._report(chooser, covers)
        trainer.chosen, trainer.stopped_by_held_out = chooser.chosen if clean else None, True
        return Estimate(
            float(members.mean()), error, covers, members=members, history=trainer.history, trainer=trainer, **facts
        )

    def _check_covers(self, covers: str, seeds: int | None, several: bool) -> None:
        if covers not in COVERED:
            raise ValueError(f"covers = {covers!r}, wanted one of: {', '.join(COVERED)}.")
        if covers != "sampling" and not several:
            raise ValueError(f"covers = {covers!r} wants several seeds: one run doesn't show how much they differ.")
        if covers == "optimisation" and seeds is None and self.split_seed is None and self.test_data is None:
            raise ValueError(
                "covers = 'optimisation' wants the same samples held out for all members, and these have splits of "
                "their own: make the trainer with split_seed=0, or let fit make the members with seeds=…."
            )

    @torch.no_grad()
    def _report(self, chooser: Chooser, covers: str) -> tuple[np.ndarray, float]:
        """Return the members' values and the error of their mean: each half reports on the critics the other chose."""
        seen = np.isfinite(chooser.best).all(0)  # not a member that was lost before it had a value
        if not seen.any():
            raise ValueError(f"no epoch ended with a finite estimate ({self.stopped}): take a smaller lr.")
        halves = []
        with self.quiet_work():
            for half in (0, 1):
                self.restore(chooser.chosen[1 - half])
                halves.append([member for member, ok in zip(reports(self, half), seen, strict=True) if ok])
        self.restore(chooser.state)
        values, without = jackknife(self, halves)
        kept = np.isfinite(values)
        if not kept.any():
            raise ValueError("no member's held-out estimate is finite: take a smaller lr.")
        return values[kept], standard_error(values[kept], without[:, kept], covers)

    # ---- certificates ----

    def certified(self, confidence: float = DEFAULT) -> float:
        """Return the largest number of nats that I(X;Y) is at least, with this probability: `Estimate.certified`.

        Raises
        ------
        ValueError
            A confidence outside (0, 1), no `fit` yet, or a problem without a critic of pairs.
        """
        confidence = check_confidence(confidence)
        if self.constant:
            return 0.0
        if self.chosen is None:
            before = "was fitted twice, so either half had a say in all critics" if self.stopped_by_held_out else (
                "wasn't fitted: its held-out samples chose no critic"
            )  # fmt: skip
            raise ValueError(f"the trainer {before}: make a new one and fit it once.")
        if self._purses is None:
            self._purses = purses(self)
        return largest_claim(self._purses[0], confidence, self._purses[1])

    # ---- files ----

    def save(self, path) -> None:
        """Write the state to a file: weights, optimiser, moving average, generators and history.

        A trainer made with the same samples and options that loads it goes on bit for bit as this one would.  The file
        is replaced in one stroke: a kill in the middle of writing leaves the old one whole.
        """
        checkpoint.save(
            {
                "setting": self._setting(),
                "tensors": [{name: t.cpu() for name, t in crew.tensors().items()} for crew in self.crews],
                "generators": [member.generator.get_state() for member in self.members],
                "history": {name: torch.as_tensor(np.asarray(past)) for name, past in self.history.items()},
                "counts": [self.epochs, self.steps],
                "alive": self.alive.tolist(),
                "stopped": self.stopped,
                "stopped by held-out": self.stopped_by_held_out,
                "chosen": self.chosen
                and [[{name: t.cpu() for name, t in crew.items()} for crew in half] for half in self.chosen],
            },
            path,
        )

    def load(self, path) -> "Trainer":
        """Go on where a saved trainer was, and return this trainer.

        Raises
        ------
        ValueError
            There is no such file, it isn't a checkpoint, or it was saved with other samples or options.
        """
        content = checkpoint.load(path, self._setting())
        checkpoint.deal([(len(crew.members), crew.tensors()) for crew in self.crews], content["tensors"])
        for member, state in zip(self.members, content["generators"], strict=True):
            member.generator.set_state(state)
        several = len(self.seeds) > 1
        self.history = {
            name: list(past.numpy()) if several and past.ndim > 1 else past.tolist()
            for name, past in content["history"].items()
        }
        self.epochs, self.steps = content["counts"]
        self.alive, self.stopped = np.array(content["alive"]), content["stopped"]
        self.stopped_by_held_out, self._purses = content.get("stopped by held-out", True), None
        self.chosen = content.get("chosen")
        if self.chosen:
            kept = [self.snapshot(weights=True) for _ in range(2)]
            for half, saved in zip(kept, self.chosen, strict=True):
                sizes = [len(crew.members) for crew in self.crews]
                checkpoint.deal(list(zip(sizes, half, strict=True)), saved)
            self.chosen = kept
        self._good = self.snapshot()
        return self

    def _setting(self) -> dict:
        """Return what must agree between the trainer that saved and the one that loads."""
        samples = (*self.data, *(self.test_data or ()))
        return {
            "trainer": type(self).__name__,
            "objective": f"{self.objective.name} {dict(self.objective.options) or ''}".strip(),
            "seeds": list(self.seeds),
            "split_seed": self.split_seed,
            "folds": self.folds,
            "n_iters_per_epoch": self.n_iters_per_epoch,
            "n_train": list(self.n_train),
            "shapes": [list(z.shape) for z in samples],
            "sums": [float(z.cpu().double().sum()) for z in samples],
            "averaged": self.averaged,
            "optimiser": repr(sorted(self.optimiser.items())),
            "standardise": getattr(self.problem, "standardise", False),
            "beta": getattr(self.objective, "beta", None),
        }
