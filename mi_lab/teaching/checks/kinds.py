"""Exercises as such, and those that need no code: a choice, a number, a text."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from mi_lab.teaching.checks import numbers
from mi_lab.teaching.checks.judge import Line, Verdict
from mi_lab.teaching.checks.observe import NotAttempted, Unusable, is_blank, observe
from mi_lab.teaching.checks.variants import variants

EXERCISES: dict[str, "Exercise"] = {}
LATER = "whether it is right you learn with your mark."
BLANK = Verdict(0.0, [Line(False, "not attempted yet.")], attempted=False)


@dataclass
class Exercise:
    """An exercise; ``observe`` runs beside the answer, ``judge`` may run in another process."""

    id: str
    title: str
    seconds: float = 10.0
    seed: int = 0
    tally: Callable | None = None  # (observed, seed) -> column -> (a number, a name, that one's number): class table
    kind = "text"

    def __post_init__(self):
        if self.id in EXERCISES and EXERCISES[self.id].title != self.title:
            raise ValueError(f"two exercises are called {self.id!r}: give one of them another id")
        EXERCISES[self.id] = self

    def observe(self, answer, seed: int) -> dict:
        """Return what the answer does, as plain JSON."""
        raise NotImplementedError

    def judge(self, observed: dict, seed: int) -> Verdict:
        """Return what is to be said about an observation."""
        raise NotImplementedError


@dataclass
class Text(Exercise):
    """Free text, marked by a person along a rubric of ``(points, criterion)``."""

    rubric: list[tuple[float, str]] = field(default_factory=list)


@dataclass
class Choice(Exercise):
    """Multiple choice: a reason for every choice, the right ones (a letter, or several: ``"ac"``)."""

    right: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    kind = "choice"

    def observe(self, answer, seed: int = 0) -> dict:
        if is_blank(answer) or answer in ("", [], ()):
            return {"blank": True}
        letters = answer if isinstance(answer, str) else "".join(map(str, answer)) if _iterable(answer) else str(answer)
        letters = "".join(sorted({c for c in letters.lower() if c.isalnum()}))
        return {"letters": letters[:50]}

    def judge(self, observed: dict, seed: int = 0) -> Verdict:
        if observed.get("blank"):
            return BLANK
        given, right = set(str(observed["letters"])), set(self.right)
        if not given or given - set(self.reasons):
            choices = ", ".join(f'"{c}"' for c in self.reasons)
            return Verdict(0.0, [Line(False, f"the choices are {choices}.")])
        if not right:
            return Verdict(0.0, [Line(False, f"the form is right; {LATER}", asks=True)])
        wrong = sorted(given - right)
        if wrong:
            return Verdict(0.0, [Line(False, self.reasons[wrong[0]])])
        if given < right:
            return Verdict(0.0, [Line(False, "so far right, but not all: one more of them holds.")])
        return Verdict(1.0, [Line(True, "right: " + " ".join(self.reasons[c] for c in sorted(right)))])


@dataclass
class Numeric(Exercise):
    """One number with a tolerance and a unit, and hints for numbers that a known mistake leads to."""

    value: float = 0.0
    unit: str = ""
    rtol: float = 1e-2
    atol: float = 0.0
    right: str = ""
    mistakes: dict[float, str] = field(default_factory=dict)
    formula: Callable | None = None  # what gives the value, of `given`: each change of its code is a known mistake
    given: tuple[float, ...] = ()
    kind = "numeric"

    def __post_init__(self):
        super().__post_init__()
        if self.tolerance == 0:
            raise ValueError(f"exercise {self.id!r}: a right value of 0 needs an absolute tolerance, atol")

    @property
    def tolerance(self) -> float:
        return self.atol + self.rtol * abs(self.value)

    @property
    def explained(self) -> str:
        """Return what is said to a right answer."""
        return f"right: {self.right}" if self.right else "right."

    def about(self, wrong: float) -> float:
        """Return how near a number has to be to a known wrong one: three digits of it, so that luck says nothing."""
        digits = 0.5 * 10.0 ** (np.floor(np.log10(abs(wrong))) - 2) if wrong else 0.0
        return self.atol + min(self.rtol * abs(wrong), digits)

    def known(self) -> list[tuple[float, str]]:
        """Return wrong values and their hints, the exercise's own first."""
        general = [(-self.value, "the size is right, the sign is not.")] if self.value else []
        if self.unit == "nats":
            general.append((self.value / np.log(2), "that is in bits: the book counts in nats."))
            general.append((self.value / np.log(10), "that uses the logarithm to base 10: take the natural one."))
        return [*self.mistakes.items(), *general, *self._changed()]

    def _changed(self) -> list[tuple[float, str]]:
        """Return what the formula gives with one thing in it changed: only what no other known number is near to."""
        found: list[tuple[float, str]] = []
        for words, changed in variants(self.formula) if self.formula else []:
            try:
                with np.errstate(all="ignore"):
                    value = float(changed(*self.given))
            except (ArithmeticError, TypeError, ValueError):
                continue
            others = [self.value, -self.value, *self.mistakes, *(v for v, _ in found)]
            if np.isfinite(value) and all(abs(value - v) > 2 * (self.about(value) + self.about(v)) for v in others):
                found.append((value, words))
        return found

    def observe(self, answer, seed: int = 0) -> dict:
        if isinstance(answer, str):
            return {"typed": answer[:100]} if answer.strip() else {"blank": True}
        if isinstance(answer, tuple) and len(answer) == 2 and all(type(part) is int for part in answer):
            return {"pair": list(answer)}
        try:
            seen = observe(answer)
            values = [leaf["values"] for leaf in seen.values() if "values" in leaf]
            if len(seen) != 1 or len(values) != 1 or len(values[0]) != 1:
                return {"unusable": f"one number is wanted, yours are {sum(map(len, values)) or 'none'}."}
            return {"value": values[0][0]}
        except NotAttempted:
            return {"blank": True}
        except Unusable as e:
            return {"unusable": str(e) if str(e).endswith("?") else f"{e}."}

    def judge(self, observed: dict, seed: int = 0) -> Verdict:
        if observed.get("blank"):
            return BLANK
        if "typed" in observed:
            return self._of_text(str(observed["typed"])[:100])
        if "pair" in observed:  # what Python makes of an answer with a comma in it
            left, right = observed["pair"]
            hint = f"with a comma these are two numbers, {left} and {right}: write one, without a comma."
            return Verdict(0.0, [Line(False, hint, asks=True)])
        if "unusable" in observed:
            return Verdict(0.0, [Line(False, str(observed["unusable"])[:200])])
        return self._of(float(observed["value"]))[1]

    def _of_text(self, typed: str) -> Verdict:
        """Judge a number as it was written; form.mjs does the same."""
        found = numbers.read(typed, self.unit)
        if found.ask:
            return Verdict(0.0, [Line(False, found.ask, asks=True)])
        verdicts = [self._of(x) for x in found.values]
        for kind in ("right", "known"):
            of_kind = [verdict for k, verdict in verdicts if k == kind]
            if len(of_kind) == 1:
                return of_kind[0]
        if len(verdicts) > 1:
            return Verdict(0.0, [Line(False, numbers.which(typed, found.values), asks=True)])
        return verdicts[0][1]

    def _of(self, x: float) -> tuple[str, Verdict]:
        """Return whether a number is right, a known mistake or another one, and what is said to it."""
        if not np.isfinite(x):
            return "other", Verdict(0.0, [Line(False, numbers.FINITE)])
        if np.isnan(self.value):
            return "other", Verdict(0.0, [Line(False, f"one number, as is wanted; {LATER}", asks=True)])
        if abs(x - self.value) <= self.tolerance:
            return "right", Verdict(1.0, [Line(True, self.explained)])
        near = [(abs(x - wrong), hint) for wrong, hint in self.known()]
        fitting = [(gap, hint) for (gap, hint), (w, _) in zip(near, self.known(), strict=True) if gap <= self.about(w)]
        if fitting:
            return "known", Verdict(0.0, [Line(False, min(fitting)[1])])
        if x and any(abs(x - round(self.value, digits)) < 1e-9 for digits in (1, 2, 3)):
            return "other", Verdict(
                0.0, [Line(False, "right as far as it goes, but rounded too much: keep more digits.")]
            )
        hint = f"not yet: {numbers.shown(x)} is too {'large' if x > self.value else 'small'}."
        if abs(x - self.value) <= 5 * self.tolerance:
            hint = "close, but not within the tolerance: keep more digits."
        return "other", Verdict(0.0, [Line(False, hint)])


def _iterable(value) -> bool:
    return isinstance(value, Iterable)
