"""What `estimate(x, y)` does: look at the samples, prepare them, pick, combine, and say so."""

import math
import sys
import time
from dataclasses import dataclass

import numpy as np

from mi_lab.default.base import CROWD, Base, base, chance, normal_scores, student
from mi_lab.default.critic import Fitted, fit
from mi_lab.default.neighbours import Near, near
from mi_lab.device import pick_device, threads
from mi_lab.estimates import Estimate

LOW = 4  # columns of both sides together up to which neighbours are asked as well
FEW = 8.0  # effective references below which a log-normaliser is not to be trusted
SCATTER = 0.3  # variance that neighbours add to a term
FOLDS = 4
SATURATED = 2.5  # nats beyond which batches of 256 pairs teach a critic little
A_SECOND = 4000  # rows for each second of a budget
SECONDS = 60.0  # that critics may take if no budget is given
SHORTEST = 0.3  # seconds: a smaller budget trains no critic
ROWS = {True: 50_000, False: 20_000}  # at most so many rows are looked at: of one column each, of more
NOTABLE = 0.15  # of the value (and nats, if that is larger): a doubt beyond it is warned of


@dataclass(frozen=True)
class Verdict:
    """A value in nats, its standard error, how far the truth may lie below and above it besides, and what was said."""

    value: float
    error: float
    below: float
    above: float
    how: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def automatic(
    x: np.ndarray,
    y: np.ndarray,
    seed: int = 0,
    truth: float | None = None,
    progress: bool | None = None,
    budget: float | None = None,
    block: int = 1,
    device: str | None = None,
) -> Estimate:
    """Estimate with what suits the samples; see `mi_lab.estimate`.

    Columns become scores of their ranks.  One column each: neighbours.  Else a Gaussian or a Student copula, and a
    critic of what it leaves; neighbours as well in few columns.

    Parameters
    ----------
    x, y : ndarrays (n, d_x) and (n, d_y), float64
    seed : int
    truth : float, optional
    progress : bool, optional
    budget : float, optional
        Seconds.  One that is too small for critics gives the closed form of a copula, and says so.  Ctrl-C does the
        same with what is trained so far.
    block : int
        Rows that stay together in an error bar, as they follow one another.
    device : str, optional
        Checked; networks as small as these are quickest on the processor.

    Returns
    -------
    Estimate
        In nats, with `how`, `bias` and `interval`.
    """
    import torch

    number = isinstance(budget, (int, float)) and not isinstance(budget, bool)
    if budget is not None and not (number and budget > 0):
        raise ValueError(f"budget = {budget!r}, wanted a number of seconds above 0.")
    pick_device(device)
    end = time.monotonic() + (SECONDS if budget is None else budget)
    n = len(x)
    x, y = (v[:, (v != v[:1]).any(0)] for v in (x, y))
    single = x.shape[1] + y.shape[1] == 2
    rows, said = np.arange(n), ()
    most = ROWS[single] if budget is None else min(ROWS[single], max(1000, int(A_SECOND * budget)))
    if n > most:
        rows = np.sort(np.random.default_rng([seed, n]).choice(n, most, replace=False))
        times = math.sqrt(n / len(rows))
        said = (f"Of {n} rows {len(rows)} drawn by chance were looked at: the error is {times:.1f} times as large.",)
    x, y = normal_scores(x[rows]), normal_scores(y[rows])
    with threads(0, torch.device("cpu")):
        ground = base(x, y)
        found = _single(ground, x, y, seed) if single else _several(ground, x, y, seed, end, progress)
    scores = f"Each column became Gaussian scores of its ranks, {x.shape[1]} of x and {y.shape[1]} of y."
    return Estimate(
        found.value,
        found.error * math.sqrt(block),
        "samples",
        truth=truth,
        method="auto",
        n=n,
        bounds="no bound",
        warnings=found.warnings,
        how=(*said, scores, *found.how),
        bias=(found.below, found.above),
    )


def _single(ground: Base, x: np.ndarray, y: np.ndarray, seed: int) -> Verdict:
    """Return what neighbours of one column each find."""
    n = len(x)
    got = near(ground, x, y, seed)
    own = got.share * (float(got.terms.var()) + SCATTER) + (1 - got.share) * float(ground.terms.var())
    error = math.hypot(math.sqrt(own / n), 1.0 / n)
    doubt = 0.3 * abs(got.blur) + 0.3 * error
    how = [
        f"One column each: a Gaussian copula holds {ground.value:.3f} nats, and {got.share:.0%} of what neighbours "
        f"(KSG, k = {got.k}) find beside it is more than noise."
    ]
    if got.blur:
        how.append(f"On a Gaussian copula they err by {-got.blur:+.3f} nats, which was taken off.")
    most = math.log(n) - math.log(2 * got.k)
    warned = ()
    if got.value > most - 1:
        warned = (_too_much(got.value, n),)
    elif got.drift > max(NOTABLE / 3, NOTABLE * got.value):
        warned = (f"neighbours disagree: the nearest show {got.drift:.2f} nats more than those farther away.",)
    return Verdict(got.value, error, doubt, doubt + got.drift, tuple(how), warned)


def _several(ground: Base, x: np.ndarray, y: np.ndarray, seed: int, end: float, progress: bool | None) -> Verdict:
    """Return what copulas, critics and, in few columns, neighbours find."""
    n = len(x)
    crowded = max(x.shape[1], y.shape[1]) - max(1, n // CROWD)
    left = end - time.monotonic()
    tail = student(x, y, ground) if left > SHORTEST else None
    ground = tail or ground
    kind = f"Student copula of {ground.nu:g} degrees of freedom" if tail else "Gaussian copula"
    how = [f"A {kind} holds {ground.value:.3f} nats in closed form."]
    plain = math.hypot(float(ground.terms.std()) / math.sqrt(n), chance(ground))
    if left <= SHORTEST or n < 16:
        why = "the budget is too small for critics" if n >= 16 else "too few samples for critics"
        warned = (f"{why}: the value is that of a {kind}, and what it misses is not in the interval.",)
        return Verdict(ground.value, plain, 0.0, 0.0, tuple(how), warned)
    with _Bar(progress) as told:
        got = fit(ground, FOLDS if n >= 200 else 2, seed, until=end - 0.4 * left, told=told)
    low = x.shape[1] + y.shape[1] <= LOW and time.monotonic() < end
    other = near(ground, x, y, seed) if low and not got.stopped else None
    return _weighed(ground, got, other, plain, how, crowded, n)


def _weighed(ground: Base, got: Fitted, other: Near | None, plain: float, how: list[str], crowded: int, n: int):
    warned = []
    if got.stopped:
        how.append("Stopped from the keyboard: the critics are those of the best look so far.")
    if got.references < FEW:
        how.append("Critics can't check it: too few pairs of strangers resemble a true pair.")
        doubt = 0.05 * max(ground.value, 1.0)
        return Verdict(ground.value, plain, doubt, 2 * doubt, tuple(how), (_too_much(ground.value, n),))
    rest, gap = float(got.rest.mean()), max(0.0, got.gap)
    value = ground.value + rest + 0.5 * gap
    how.append(
        f"Critics of {len(got.folds)} folds, every sample held out once, find {rest:+.3f} nats beside it, "
        f"and {gap:.3f} more on samples they saw, of which half is added ({got.steps} steps)."
    )
    error = math.hypot(float(got.terms.std()) / math.sqrt(n), chance(ground))
    error = math.hypot(error, float(got.folds.std()) / math.sqrt(len(got.folds)) if abs(rest) > error else 0.0)
    learned = max(0.0, rest + 0.5 * gap)  # what a critic had to find, of which some may be missing
    lost = max(0.0, -rest)  # the copula is no coupling of these marginals, and critics did not mend it
    below, above = 0.5 * gap + 0.5 * error, gap + 0.05 * learned + 1.6 * lost + 0.5 * error
    if got.unfinished:
        above += 0.05 * learned
    if other is not None:
        apart = other.value - value
        how.append(f"Neighbours (KSG) find {other.value:.3f} nats.")
        if apart > (0.5 if learned > 3 * error else 2.0) * error:
            how.append("That is more than the critics find, who are never above on average: it is the value.")
            value, below = other.value, max(0.5 * apart, 0.6 * error)
            above = max(0.5 * gap, 0.25 * apart, other.drift)
            gap = min(gap, 2 * apart)
    if lost > max(0.02, 3 * error):
        warned.append(
            f"families disagree: the copula's closed form holds {ground.value:.2f} nats, and critics on its ground "
            f"confirm {lost:.2f} nats less; the truth may be above both."
        )
    elif value > SATURATED and learned > value / 8:
        warned.append(_too_much(value, n))
    if above > max(NOTABLE / 2, NOTABLE * value):
        warned.append(
            f"too few samples for this law: critics gain {gap:.2f} nats on what they saw over what they didn't, "
            f"and the truth may be about {above:.2f} nats higher."
        )
    if crowded > 0:
        warned.append(
            f"too few samples for so many columns: {crowded} directions of the smallest variance were left out."
        )
    return Verdict(value, error, below, above, tuple(how), tuple(warned))


def _too_much(value: float, n: int) -> str:
    return (
        f"too much information for n: at {value:.1f} nats, n = {n} samples hold too few pairs of strangers that "
        "resemble a true pair, so nothing but a copula's closed form or the nearest neighbours speaks for the value."
    )


class _Bar:
    """A progress bar in per cent, where someone watches, after two seconds."""

    def __init__(self, progress: bool | None):
        self.progress = progress

    def __enter__(self):
        from tqdm.auto import tqdm

        hidden = not (sys.stderr.isatty() if self.progress is None else self.progress)
        self.bar = tqdm(total=100, desc="critics", unit="%", delay=2, leave=False, disable=hidden)
        return lambda share: self.bar.update(int(100 * share) - self.bar.n)

    def __exit__(self, *failed):
        self.bar.close()
