"""What stands in the place of a result that nobody could give."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lost:
    """What stands in the place of a result where the task ended its worker, and again when it ran alone."""

    task: int
    reason: str
