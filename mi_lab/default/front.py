"""What `estimate(x, y)` does: look at the samples, prepare them, pick, combine, and say so."""

import math
import time
from typing import Any

import numpy as np

from mi_lab.default.base import Base, base, chance, normal_scores, student
from mi_lab.default.critic import Fitted, fit
from mi_lab.default.neighbours import Near, near
from mi_lab.device import pick_device, threads
from mi_lab.estimates import Estimate

LOW = 4  # columns of both sides together up to which neighbours are asked as well
FEW = 16.0  # effective references below which a log-normaliser is not to be trusted
SECONDS = 60.0  # that critics may take if no budget is given


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

    Parameters
    ----------
    x, y : ndarrays (n, d_x) and (n, d_y), float64
    seed : int
    truth : float, optional
    progress : bool, optional
    budget : float, optional
        Seconds.
    block : int
        Rows that stay together in an error bar, as they follow one another.
    device : str, optional
        Checked; networks as small as these are quickest on the processor.
    """
    import torch

    if budget is not None and not (isinstance(budget, (int, float)) and budget > 0 and not isinstance(budget, bool)):
        raise ValueError(f"budget = {budget!r}, wanted a number of seconds above 0.")
    pick_device(device)
    end = time.monotonic() + (budget or SECONDS)
    n = len(x)
    x, y = (normal_scores(v[:, v.std(0) > 0]) for v in (x, y))
    how = [f"Each column became Gaussian scores of its ranks, {x.shape[1]} of x and {y.shape[1]} of y."]
    ground = base(x, y)
    made = {"method": "auto", "n": n, "truth": truth, "bounds": "no bound", "covers": "samples"}
    inflation = math.sqrt(block) if block > 1 else 1.0
    with threads(0, torch.device("cpu")):
        if x.shape[1] + y.shape[1] == 2:
            found = near(ground, x, y, seed)
            how.append("One column each: neighbours (KSG), less what they err on a Gaussian copula.")
            error = inflation * float(found.terms.std()) / math.sqrt(n)
            return Estimate(found.value, error, how=tuple(how), bias=(abs(found.blur), abs(found.blur)), **made)
        ground = student(x, y, ground) or ground
        got = fit(ground, seed=seed, until=end)
        other = near(ground, x, y, seed) if x.shape[1] + y.shape[1] <= LOW else None
    return _by_critic(ground, got, other, how, inflation, made)


def _by_critic(
    ground: Base, got: Fitted, other: Near | None, how: list[str], inflation: float, made: dict[str, Any]
) -> Estimate:
    kind = "Gaussian" if not math.isfinite(ground.nu) else f"Student ({ground.nu:g} degrees of freedom)"
    how.append(f"A {kind} copula holds {ground.value:.3f} nats.")
    rest = float(got.rest.mean())
    how.append(f"Critics of two folds, each held out once, found {rest:+.3f} nats beside it ({got.steps} steps).")
    gap = max(0.0, got.trained - rest)
    error = inflation * math.hypot(float(got.terms.std()) / math.sqrt(made["n"]), chance(ground))
    said = ()
    if got.references < FEW:
        said = ("too much information for n: too few pairs of strangers resemble a true pair.",)
    value = ground.value + rest + 0.5 * gap
    if other is not None and other.value - other.blur > value + 0.5 * error:
        value = other.value - other.blur
    return Estimate(value, error, how=tuple(how), bias=(0.5 * gap, gap), warnings=said, **made)
