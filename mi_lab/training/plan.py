"""How long the front door trains, from how many samples there are: batches, passes and patience."""

import math
from typing import Any, NamedTuple

from mi_lab.training.data import is_samples, n_held_out

SHARE = 0.8  # of the samples, a tenth of which is a batch unless told otherwise


class Plan(NamedTuple):
    """Batches a pass, passes at most, and passes without improvement."""

    batches: int
    max_epochs: int
    patience: int


def plan(n: int, batch_size: int | None, held_out: Any, max_epochs: int | None, patience: int | None, steps: int,
         unimproved: int) -> Plan:  # fmt: skip
    """Return the plan for n samples: what was asked for, else so many steps and so many without improvement.

    A pass is a whole number of equal batches, so that they are as near to what was asked for as that allows.

    Raises
    ------
    ValueError
        The batch isn't a whole number of at least 2, or is larger than what there is to train on.
    """
    if batch_size is None:
        batches = max(1, round(SHARE * n / min(500, max(50, n // 10))))
    else:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 2:
            raise ValueError(f"batch_size = {batch_size!r}, wanted a whole number of at least 2.")
        trained = n if is_samples(held_out) else n - n_held_out(n, held_out)
        if batch_size > trained:
            raise ValueError(
                f"batch_size = {batch_size} is larger than the number of samples to train on, {trained} of {n}: take "
                "a smaller batch, or hold out fewer."
            )
        batches = max(1, round(trained / batch_size))
    epochs = max_epochs or max(20, math.ceil(steps / batches))
    return Plan(batches, epochs, patience or max(2, math.ceil(unimproved / batches)))
