"""Ensembles: train to convergence, many seeds at once, and say how sure the result is (chapters 5 and 7).

The held-out samples are cut in two halves.  One half chooses the epoch to stop at and the *other* half reports the
value there, then the other way round: a maximum over epochs is never reported on the samples that chose it.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from mi_lab.estimates import Estimate

if TYPE_CHECKING:
    from mi_lab.training.crew import Scores
    from mi_lab.training.loop import Trainer

COVERED = ("both", "optimisation", "sampling")
PATIENCE_STEPS = 1_000  # steps without improvement after which a member is done, unless told otherwise
BOOTSTRAP = 200  # resampled data sets
BOOTSTRAP_WORK = 2e8  # scores looked at in all, above which fewer are drawn (never fewer than 30)


class Chooser:
    """Watch the held-out scores after each epoch, and keep for every member what each half would have it report."""

    def __init__(self, trainer: "Trainer", patience: int):
        m = len(trainer.seeds)
        self.trainer, self.patience, self.epoch = trainer, patience, 0
        self.best = np.full((2, m), -math.inf)  # the value of the half that chooses
        self.reported = np.full((2, m), math.nan)  # what the other half says there
        self.scores: list[list] = [[None] * m, [None] * m]  # and its scores
        self.best_whole = np.full(m, -math.inf)
        self.since = np.zeros(m, dtype=int)
        self.state = trainer.snapshot()

    def __call__(self, parts: "list[Scores]") -> bool:
        """Take note of an epoch; return True when no member has improved for a while."""
        self.epoch += 1
        trainer, middle = self.trainer, len(parts) // 2
        halves = parts[:middle], parts[middle:]
        values = [trainer.values(half)["total"] for half in halves]
        active = (self.since < self.patience) & trainer.alive
        improved = np.zeros_like(active)
        for chooser in (0, 1):
            with np.errstate(invalid="ignore"):
                better = active & (values[chooser] > self.best[chooser]) & np.isfinite(values[1 - chooser])
            self.best[chooser][better] = values[chooser][better]
            self.reported[chooser][better] = values[1 - chooser][better]
            for k in np.flatnonzero(better):
                self.scores[chooser][k] = [
                    {term: tuple(t[k].clone() for t in pair) for term, pair in part.items()}
                    for part in halves[1 - chooser]
                ]
            improved |= better
        whole = trainer.values(parts)["total"]
        with np.errstate(invalid="ignore"):
            better = active & (whole > self.best_whole)
        if better.any():
            self.best_whole[better] = whole[better]
            trainer.snapshot(into=self.state, which=better)
        self.since = np.where(improved, 0, self.since + 1)
        return not ((self.since < self.patience) & trainer.alive).any()

    def members(self) -> np.ndarray:
        """Return each member's value (nats), the mean of what the two halves report."""
        return self.reported.mean(0)

    def bootstrap(self, seed: int) -> np.ndarray:
        """Return the members' mean value on data sets resampled with replacement, the critics as they are."""
        trainer, rng = self.trainer, np.random.default_rng(seed)
        kept = np.flatnonzero(np.isfinite(self.reported).all(0))  # not a member that was lost before it had a value
        scores = [[_on_cpu(half[k]) for k in kept] for half in self.scores]  # one copy, not one a draw
        parts = [part for half in scores for member in half for part in member]
        work = sum(t.numel() for part in parts for pair in part.values() for t in pair)
        draws = int(min(BOOTSTRAP, max(30, BOOTSTRAP_WORK / max(1, work))))
        rows = trainer.held_out_rows(sum(len(half[0]) for half in scores))
        rows = [tuple(part.cpu() for part in rows[k]) for k in kept]
        size = 1 + max(int(part.max()) for member in rows for part in member)
        out = np.zeros(draws)
        for i in range(draws):
            counts = torch.from_numpy(rng.multinomial(size, np.full(size, 1 / size)))
            ref_seed = int(rng.integers(2**31))
            for k, parts in enumerate(rows):
                middle = len(parts) // 2
                for chooser, own in ((0, parts[middle:]), (1, parts[:middle])):
                    picks = [torch.repeat_interleave(torch.arange(len(part)), counts[part]) for part in own]
                    out[i] += trainer.resampled(scores[chooser][k], picks, ref_seed) / (2 * len(rows))
        return out[np.isfinite(out)]


def _on_cpu(parts: "list[Scores]") -> "list[Scores]":
    return [{term: tuple(t.cpu() for t in pair) for term, pair in part.items()} for part in parts]


def fit(
    trainer: "Trainer",
    max_epochs: int | None = None,
    patience: int | None = None,
    seeds: int | None = None,
    covers: str | None = None,
    progress: bool | None = None,
) -> Estimate:
    """Train to convergence with held-out early stopping; see `Trainer.fit`."""
    if not len(trainer.crews[0].test_rows[0][0]):
        raise ValueError("fit stops by held-out samples and nothing was held out: set held_out.")
    for name, value in (("max_epochs", max_epochs), ("patience", patience), ("seeds", seeds)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1):
            raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 1.")
    several = (seeds or len(trainer.seeds)) > 1
    covers = covers or ("both" if several else "sampling")
    if covers not in COVERED:
        raise ValueError(f"covers = {covers!r}, wanted one of: {', '.join(COVERED)}.")
    if covers != "sampling" and not several:
        raise ValueError(f"covers = {covers!r} wants several seeds: one run doesn't show how much they differ.")
    first = trainer.seeds[0]
    if seeds is not None:
        shared = first if covers == "optimisation" and trainer.split_seed is None else trainer.split_seed
        trainer = trainer.with_seeds(range(first, first + seeds), split_seed=shared)
    patience = patience or max(10, math.ceil(PATIENCE_STEPS / trainer.n_iters_per_epoch))
    facts = {"truth": trainer.truth, "method": trainer.name, "n": len(trainer.data[0]), "bounds": trainer.bounds}
    if trainer.constant:
        return Estimate(0.0, 0.0, covers, members=np.zeros(len(trainer.seeds)), trainer=trainer, **facts)
    chooser = Chooser(trainer, patience)
    trainer.run(max_epochs or 20 * patience, progress, chooser)
    if not np.isfinite(chooser.reported).any():
        raise ValueError(f"no epoch ended with a finite estimate ({trainer.stopped}): take a smaller lr.")
    kept = np.isfinite(chooser.reported).all(0)
    trainer.restore(chooser.state, np.ones(len(kept), dtype=bool))
    members = chooser.members()[kept]
    variance = 0.0
    if covers in ("optimisation", "both"):
        variance += members.var(ddof=1) / len(members) if len(members) > 1 else math.nan
    if covers in ("sampling", "both"):
        variance += chooser.bootstrap(first).var(ddof=1)
    return Estimate(
        float(members.mean()), math.sqrt(variance), covers, members=members, history=trainer.history, trainer=trainer,
        **facts,
    )  # fmt: skip
