"""How a chapter declares its exercises, and where ``check`` finds them."""

import difflib
import pkgutil
from importlib import import_module
from pathlib import Path

from mi_lab.teaching.checks.coding import EXPECTED, Code
from mi_lab.teaching.checks.kinds import EXERCISES, Choice, Exercise, Numeric, Text

__all__ = [
    "EXERCISES",
    "EXPECTED",
    "Choice",
    "Code",
    "Exercise",
    "Numeric",
    "Text",
    "choice",
    "code",
    "numeric",
    "text",
]

code, choice, numeric, text = Code, Choice, Numeric, Text


def chapters() -> list[str]:
    """Return the names of the modules that declare exercises."""
    here = [str(Path(__file__).parent)]
    return sorted(m.name for m in pkgutil.iter_modules(here, f"{__package__}.") if m.name.split(".")[-1][:2] == "ch")


def everything() -> dict[str, Exercise]:
    """Return all exercises of the book by id."""
    for module in chapters():
        import_module(module)
    return EXERCISES


def find(exercise: str) -> Exercise:
    """Return the exercise of that id.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    for module in chapters():
        if exercise in EXERCISES:
            break
        import_module(module)
    if exercise not in EXERCISES:
        near = difflib.get_close_matches(str(exercise), EXERCISES, n=1, cutoff=0.3)
        raise ValueError(
            f"check: no exercise is called {exercise!r}" + (f"; did you mean {near[0]!r}?" if near else ".")
        )
    return EXERCISES[exercise]
