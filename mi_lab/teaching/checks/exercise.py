"""The kinds of exercise, how a chapter declares them, and where ``check`` finds them."""

import difflib
import functools
import json
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np

from mi_lab.teaching.checks import numbers
from mi_lab.teaching.checks.judge import Line, Verdict, general_hint, same
from mi_lab.teaching.checks.observe import NotAttempted, Unusable, is_blank, observe, parse

EXERCISES: dict[str, "Exercise"] = {}
EXPECTED = Path(__file__).with_name("expected.json")  # stands in for references in the package that students get
LATER = "whether it is right you learn with your mark."
BLANK = Verdict(0.0, [Line(False, "not attempted yet.")], attempted=False)


@dataclass
class Exercise:
    """An exercise; ``observe`` runs beside the answer, ``judge`` may run in another process."""

    id: str
    title: str
    seconds: float = 10.0
    seed: int = 0
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

    def known(self) -> list[tuple[float, str]]:
        """Return wrong values and their hints, the exercise's own first."""
        general = [(-self.value, "the size is right, the sign is not.")] if self.value else []
        if self.unit == "nats":
            general.append((self.value / np.log(2), "that is in bits: the book counts in nats."))
            general.append((self.value / np.log(10), "that uses the logarithm to base 10: take the natural one."))
        return [*self.mistakes.items(), *general]

    def observe(self, answer, seed: int = 0) -> dict:
        if isinstance(answer, str):
            return {"typed": answer[:100]} if answer.strip() else {"blank": True}
        if isinstance(answer, tuple) and len(answer) == 2 and all(type(part) is int for part in answer):
            return {"pair": list(answer)}
        try:
            seen = observe(answer)
            values = [leaf["values"] for leaf in seen.values() if "values" in leaf]
            if len(seen) != 1 or len(values) != 1 or len(values[0]) != 1:
                return {"unusable": "one number is wanted."}
            return {"value": values[0][0]}
        except NotAttempted:
            return {"blank": True}
        except Unusable as e:
            return {"unusable": f"{e}."}

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
            return Verdict(0.0, [Line(False, "one number is wanted.")])
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
        for wrong, hint in self.known():
            if abs(x - wrong) <= self.atol + self.rtol * abs(wrong):
                return "known", Verdict(0.0, [Line(False, hint)])
        hint = f"not yet: {numbers.shown(x)} is too {'large' if x > self.value else 'small'}."
        if abs(x - self.value) <= 5 * self.tolerance:
            hint = "close, but not within the tolerance: keep more digits."
        return "other", Verdict(0.0, [Line(False, hint)])


@dataclass(frozen=True)
class Part:
    """One thing that is examined about an answer, and its weight in the mark."""

    name: str
    probe: Callable
    weight: float = 1.0
    judge: Callable | None = None
    rtol: float = 1e-4
    atol: float = 1e-5


@dataclass
class Code(Exercise):
    """A function or class that is probed with random inputs and compared with a reference and with known mistakes."""

    parts: list[Part] = field(default_factory=list)
    answers: list[tuple[str | None, Callable]] = field(default_factory=list)  # hint (None: the reference), answer
    kind = "code"

    def part(self, name: str, **options):
        """Declare a part: decorates its probe ``(answer, rng) -> numbers``."""

        def declare(probe):
            self.parts.append(Part(name, probe, **options))
            return probe

        return declare

    def reference(self, answer):
        """Declare the right answer."""
        self.answers.insert(0, (None, answer))
        return answer

    def mistake(self, hint: str):
        """Declare a wrong answer and the hint for those who give it."""

        def declare(answer):
            self.answers.append((hint, answer))
            return answer

        return declare

    def observe(self, answer, seed: int) -> dict:
        from mi_lab.teaching.checks.probing import probe

        if is_blank(answer):
            return {"blank": True}
        return {part.name: probe(part, answer, self.rng(part, seed)) for part in self.parts}

    def rng(self, part: Part, seed: int) -> np.random.Generator:
        """Return the generator that probe and judge of a part begin with."""
        return np.random.default_rng([seed, self.parts.index(part)])

    def judge(self, observed: dict, seed: int) -> Verdict:
        if observed.get("blank") or all(observed.get(part.name, {}).get("blank") for part in self.parts):
            return BLANK
        lines = [self._judge(part, observed.get(part.name, {}), seed) for part in self.parts]
        earned = sum(part.weight for part, line in zip(self.parts, lines, strict=True) if line.right)
        return Verdict(earned / sum(part.weight for part in self.parts), lines)

    def _judge(self, part: Part, seen: dict, seed: int) -> Line:
        def line(hint: str | None) -> Line:
            return Line(hint is None, hint or "right.", part.name)

        if seen.get("blank"):
            return line("not attempted yet.")
        if "unusable" in seen:
            return line(str(seen["unusable"])[:300])
        if "error" in seen:
            known = self.expected(part.name, seed) if self.answers or self.id in _kept() else []
            hint = next((h for h, o in known if h and o.get("kind") == seen.get("kind")), None)
            return line(hint or str(seen["error"])[:300])
        try:
            found = parse(seen["leaves"])
        except (KeyError, TypeError, ValueError):
            return line("nothing that can be read came back.")
        if part.judge:
            return line(part.judge(found[""] if list(found) == [""] else found, self.rng(part, seed)))
        (_, right), *mistakes = self.expected(part.name, seed)
        right = parse(right["leaves"])
        if same(found, right, part.rtol, part.atol):
            return line(None)
        for hint, wrong in mistakes:
            if "leaves" in wrong:
                wrong = parse(wrong["leaves"])
                if same(found, wrong, part.rtol, part.atol) and not same(wrong, right, part.rtol, part.atol):
                    return line(hint)
        return line(general_hint(found, right, part.rtol, part.atol))

    def expected(self, name: str, seed: int) -> list[tuple[str | None, dict]]:
        """Return what the reference, and after it each mistake, is seen to do in a part."""
        return _expected(self.id, name, seed)


@functools.lru_cache(maxsize=512)
def _expected(exercise: str, name: str, seed: int) -> list[tuple[str | None, dict]]:
    from mi_lab.teaching.checks.probing import probe

    code = EXERCISES[exercise]
    if not code.answers and seed == code.seed and name in _kept().get(exercise, {}):
        return [(hint, seen) for hint, seen in _kept()[exercise][name]]
    part = next(p for p in code.parts if p.name == name)
    seen = [(hint, probe(part, answer, code.rng(part, seed))) for hint, answer in code.answers]
    if part.judge is None and (not seen or seen[0][0] is not None or "leaves" not in seen[0][1]):
        raise RuntimeError(f"exercise {exercise!r}, part {name!r}: the reference gives {seen[:1]}")
    return seen


@functools.lru_cache(maxsize=1)
def _kept() -> dict:
    return json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.is_file() else {}


def _iterable(value) -> bool:
    return isinstance(value, Iterable)


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
