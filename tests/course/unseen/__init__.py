"""Wrong answers written from the exercises' texts alone, sixteen each, drawn into two batches.

The hints were mended by what batch A showed; batch B was read once, afterwards: its first score is the blind one.
"""

import random

from . import later, latest, part1, part2, part3

ALL = part1.MISTAKES | part2.MISTAKES | part3.MISTAKES


def batches() -> tuple[dict, dict]:
    """Return the two batches, exercise by exercise and drawn by a seed."""
    return _drawn(ALL)


def later_batches() -> tuple[dict, dict]:
    """Return the same of a second round: five exercises once more, and those of chapters 14 and 15."""
    return _drawn(later.MISTAKES)


def last_batch() -> dict:
    """Return eight more of each of those, written by somebody who knew only which mistakes had been written before."""
    return latest.MISTAKES


def _drawn(mistakes: dict) -> tuple[dict, dict]:
    a, b = {}, {}
    for exercise, wrong in mistakes.items():
        names = sorted(wrong)
        random.Random(f"{exercise}, 20261125").shuffle(names)
        a[exercise] = {name: wrong[name] for name in names[:8]}
        b[exercise] = {name: wrong[name] for name in names[8:]}
    return a, b
