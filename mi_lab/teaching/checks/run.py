"""``check``: the one function that a notebook calls."""

import os

from mi_lab.teaching.checks.judge import Line, Verdict
from mi_lab.teaching.pages import on_page

OBSERVED = "application/vnd.mi-lab.observed+json"  # how a marking kernel hands observations to the judge outside


def check(exercise: str, answer=None, *, seed: int | None = None, points: float | None = None) -> float | None:
    """Say whether an answer is right, or name the mistake.

    Works in Jupyter, on Colab, in a plain interpreter and without a network. A number may also be given as a text, as
    people write it: ``"10,501"``, ``"3/4"``, ``"1.2 bits"``. On a page of the book forms give the same hints.

    Parameters
    ----------
    exercise : the exercise's id, as printed in the notebook
    answer : what you wrote: a function, a class, a letter, a number
    seed : only in hidden tests: which random inputs the answer meets
    points : only in hidden tests that give partial credit: the cell's points

    Returns
    -------
    None for a reader, and in a hidden test without ``points``; with ``points``, the points earned.

    Raises
    ------
    ValueError
        If there is no exercise of that name.
    AssertionError
        In a hidden test without ``points``: the answer is not right.
    """
    from mi_lab.teaching.checks.exercise import find

    task = find(exercise)
    if task.kind == "text":
        raise ValueError(f"check: {exercise!r} is free text, which a person marks; there is nothing to check.")
    if os.environ.get("MI_LAB_GRADING") == "1":
        if seed is not None:
            _hand_over(exercise, seed, _observe(task, answer, seed))
        return None
    verdict = assess(exercise, answer, task.seed if seed is None else seed)
    if on_page():
        if not verdict.right:
            raise AssertionError(f"check: the book's own answer to {exercise!r} is not right: {verdict.hint}")
        return None  # the builder puts a form where this stood
    if seed is None or points is not None:
        from mi_lab.teaching.checks.show import show

        show(verdict)
    if seed is None:
        return None
    if points is not None:
        return round(points * verdict.score, 2)
    if not verdict.right:
        raise AssertionError(verdict.hint)
    return None


def assess(exercise: str, answer, seed: int = 0) -> Verdict:
    """Return the verdict on an answer without showing it."""
    from mi_lab.teaching.checks.exercise import find

    task = find(exercise)
    return verdict_on(exercise, _observe(task, answer, seed), seed)


def verdict_on(exercise: str, observed: dict, seed: int) -> Verdict:
    """Return the verdict on what an answer was seen to do, perhaps in another process."""
    from mi_lab.teaching.checks.exercise import find

    task = find(exercise)
    if "late" in observed:
        return Verdict(0.0, [Line(False, f"no answer within {task.seconds:g} seconds: is there an endless loop?")])
    return task.judge(observed, seed)


def _observe(task, answer, seed: int) -> dict:
    from mi_lab.teaching.checks.probing import TooSlow, at_most

    try:
        with at_most(task.seconds):
            return task.observe(answer, seed)
    except TooSlow:
        return {"late": True}


def _hand_over(exercise: str, seed: int, observed: dict) -> None:
    from IPython.display import publish_display_data

    publish_display_data({OBSERVED: {"exercise": exercise, "seed": seed, "observed": observed}})
