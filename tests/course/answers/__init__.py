"""What students may hand in, per chapter: see ``Answers``; ``test_graders.py`` holds every exercise against it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answers:
    """One exercise's graded grader.

    Parameters
    ----------
    reference, alternative : right answers, written in two ways
    wrong : name of a mistake -> (the wrong answer, words that its hint must contain); four at least
    stub : what the untouched notebook leaves behind (Ellipsis for a variable, a function that returns None)
    """

    reference: Any
    alternative: Any
    wrong: dict[str, tuple[Any, str]] = field(default_factory=dict)
    stub: Any = ...
