r"""How sure an ensemble's estimate is: what the held-out samples leave open, and what initial weights and batches do.

The jackknife leaves out one group of held-out samples after the other, with every reference pair that was made from
them, and looks at how the estimate moves (the critics as they are):

.. math:: \hat\sigma^2 = \frac{g-1}{g} \sum_j (\hat I_{-j} - \bar I)^2

A group is left out everywhere at once, in all members and in both halves, so that what members share in samples is
counted as shared.  A reference sample that comes from a known law is a sample of its own.  Members differ for two
reasons: they are evaluated on other samples (which is in the jackknife already) and they were trained apart; only what
their variance exceeds the first by is added.
"""

import math

import numpy as np
import torch
from torch import Tensor

from mi_lab.objectives import Objective
from mi_lab.streams import stream
from mi_lab.training.loop import Loop
from mi_lab.training.problem import FRESH

GROUPS = 50  # the variance is then right to 1/√(2 · 49), a tenth
REPORT_ROWS = 16_384  # reference samples of a half when the value is reported, if that many can be made

Report = dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]  # term -> scores t, t_ref, and what they are made of


def reports(trainer: Loop, half: int) -> list[list[Report]]:
    """Return for each member the scores of a half of the held-out samples, part by part, on the CPU."""
    size = max(1, len(trainer.members[0].test[0].tensor_split(2)[half]))
    shuffles = max(4, REPORT_ROWS // size)
    out: list[list[Report]] = [[] for _ in trainer.seeds]
    first = 0
    for crew in trainer.crews:
        for blocks, origins in crew.drawn(half, shuffles):
            scores = {term: tuple(t.cpu() for t in pair) for term, pair in crew.score(blocks).items()}
            for k, of in enumerate(origins):
                out[first + k].append(
                    {t: (*(side[k] for side in scores[t]), *(o.cpu() for o in of[t])) for t in scores}
                )
        first += len(crew.members)
    return out


class Groups:
    """The held-out samples of all members shared out among groups, at random and equally; and reference samples."""

    def __init__(self, parts: list[Report]):
        there = torch.cat([part[term][2] for part in parts for term in part]).unique()
        self.count = min(GROUPS, len(there))
        made_of = [part[term][3].flatten() for part in parts for term in part]
        numbers = torch.cat([there, *(m[m < FRESH] for m in made_of)])
        self._of = torch.randint(self.count, (1 + int(numbers.max()),), generator=stream(len(there), "references"))
        order = torch.randperm(len(there), generator=stream(len(there), "jackknife"))
        self._of[there[order]] = torch.arange(len(there)) % self.count

    def __call__(self, numbers: Tensor) -> Tensor:
        """Return the groups of samples with these numbers."""
        if len(numbers) and int(numbers.flatten()[0]) >= FRESH:
            return numbers % self.count
        return self._of[numbers]


def value_without(trainer: Loop, parts: list[Report], group_of: Groups, left_out: int) -> float:
    """Return what a member reports (nats) when a group of samples is left out; -1 leaves none out."""
    terms = {}
    for term in trainer.problem.terms:
        objective = trainer.problem.objective_of(term)
        if objective.all_pairs:
            terms[term] = _all_pairs(objective, [part[term] for part in parts], group_of, left_out)
            continue
        kept, kept_ref = [], []
        for t, t_ref, of, ref_of in (part[term] for part in parts):
            kept.append(t[group_of(of) != left_out])
            kept_ref.append(t_ref[(group_of(ref_of) != left_out).all(1)])
        t, t_ref = torch.cat(kept), torch.cat(kept_ref)
        wanted = any(len(part[term][1]) for part in parts)  # a mean of log-densities has no reference
        terms[term] = float(objective.value(t, t_ref)) if len(t) and (len(t_ref) or not wanted) else math.nan
    return float(trainer.problem.reported(terms))


def _all_pairs(objective: Objective, parts: list[tuple], group_of: Groups, left_out: int) -> float:
    """Return the mean of the rows' values, of batches (k, k) in which a group's rows and columns are left out.

    Where a value is no mean over rows, each batch counts as often as it has rows.
    """
    rows = []
    for t, _, of, _ in parts:
        k = math.isqrt(t.shape[1])
        for batch, own in zip(t.view(-1, k, k), of[: len(t) * k].view(-1, k), strict=True):
            keep = group_of(own) != left_out
            if keep.sum() > 1:
                rest = batch[keep][:, keep]
                rows.append(objective.rows(rest) if objective.rows else objective.value(rest).expand(len(rest)))
    return float(torch.cat(rows).mean()) if rows else math.nan


def jackknife(trainer: Loop, halves: list[list[list[Report]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the members' values (m,), and their values without each group (groups, m); nats.

    `halves[h][k]`: what member k says of half h; a member's value is the mean of both.
    """
    everything = [part for half in halves for member in half for part in member]
    group_of = Groups(everything)
    table = np.array(
        [
            [np.mean([value_without(trainer, half[k], group_of, j) for half in halves]) for k in range(len(halves[0]))]
            for j in range(-1, group_of.count)
        ]
    )
    return table[0], table[1:]


def standard_error(members: np.ndarray, without: np.ndarray, covers: str) -> float:
    """Return the standard error of the members' mean (nats) from the jackknife's table (groups, members)."""
    m = len(members)
    without = without[np.isfinite(without).all(1)]
    g = len(without)
    moved = without - without.mean(0) if g else without
    covariance = (g - 1) / g * moved.T @ moved if g > 1 else np.full((m, m), math.nan)  # of what samples do to members
    sampling = covariance.sum() / m**2
    if covers == "sampling":
        return math.sqrt(sampling)
    spread = members.var(ddof=1) if m > 1 else math.nan
    if covers == "optimisation":
        return math.sqrt(spread / m)
    explained = (np.trace(covariance) - covariance.sum() / m) / (m - 1)
    return math.sqrt(sampling + max(0.0, spread - explained) / m)
