"""The kinds of exercise, how a chapter declares them, and where ``check`` finds them."""

import difflib
import functools
import inspect
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np

from mi_lab.teaching.checks import hints, numbers
from mi_lab.teaching.checks.judge import Line, Seen, Verdict, same
from mi_lab.teaching.checks.observe import NotAttempted, Unusable, is_blank, observe, parse

EXERCISES: dict[str, "Exercise"] = {}
EXPECTED = Path(__file__).with_name("expected.json")  # stands in for references in the package that students get
REPEATS = 2  # a part that yields few numbers is looked at with so many further inputs
FEW = 8
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

    def _about(self, wrong: float) -> float:
        return self.atol + self.rtol * abs(wrong)

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
                return {"unusable": f"one number is wanted, yours are {sum(map(len, values)) or 'none'}."}
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
        fitting = [(gap, hint) for (gap, hint), (w, _) in zip(near, self.known(), strict=True) if gap <= self._about(w)]
        if fitting:
            return "known", Verdict(0.0, [Line(False, min(fitting)[1])])
        if any(abs(x - round(self.value, digits)) < 1e-9 for digits in (1, 2, 3)):
            return "other", Verdict(
                0.0, [Line(False, "right as far as it goes, but rounded too much: keep more digits.")]
            )
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
        if is_blank(answer):
            return {"blank": True}
        return {part.name: self.look(part, answer, seed) for part in self.parts}

    def look(self, part: Part, answer, seed: int) -> dict:
        """Return what an answer does in a part; where that is few numbers, with further inputs as well."""
        from mi_lab.teaching.checks.probing import probe

        seen = probe(part, answer, self.rng(part, seed))
        count = sum(len(leaf.get("values", ())) for leaf in seen.get("leaves", {}).values())
        if 0 < count < FEW:
            seen["more"] = [probe(part, answer, self.rng(part, seed, k)) for k in range(1, REPEATS + 1)]
        return seen

    def rng(self, part: Part, seed: int, again: int = 0) -> np.random.Generator:
        """Return the generator that probe and judge of a part begin with."""
        return np.random.default_rng([seed, self.parts.index(part), *([again] if again else [])])

    def judge(self, observed: dict, seed: int) -> Verdict:
        if observed.get("blank") or all(observed.get(part.name, {}).get("blank") for part in self.parts):
            return BLANK
        said = [self._hints(part, observed.get(part.name, {}), seed) for part in self.parts]
        fits = Counter(hint for hints_ in said for hint in set(hints_))
        lines = []
        for part, possible in zip(self.parts, said, strict=True):  # of the known mistakes, the one that explains most
            hint = max(possible, key=lambda h: fits[h], default=None)
            lines.append(Line(hint is None, hint or "right.", part.name))
        earned = sum(part.weight for part, line in zip(self.parts, lines, strict=True) if line.right)
        return Verdict(earned / sum(part.weight for part in self.parts), lines)

    def _hints(self, part: Part, seen: dict, seed: int) -> list[str]:
        """Return what may be wrong in a part, best first; nothing if it is right."""
        known = self.expected(part.name, seed) if self.answers or self.id in _kept() else []
        right = known[0][1] if known and known[0][0] is None and "leaves" in known[0][1] else None
        for once in (seen, *seen.get("more", [])):
            if once.get("blank"):
                return ["not attempted yet."]
            if "unusable" in once:
                return [str(once["unusable"])[:300]]
            if "leaves" not in once:
                raised = [(h, o) for h, o in known if h and "kind" in o and not EXCHANGED.fullmatch(h)]
                mistakes = [h for h, o in raised if o["kind"] == once.get("kind")]
                return mistakes or [str(once["error"])[:300] if "error" in once else _unfit(once, right, part)]
        try:
            found = _parsed(seen)
            given = _returned(seen)
        except (KeyError, TypeError, ValueError, AttributeError):
            return ["nothing that can be read came back."]
        if words := _kind(given, right, part):
            return [words]
        if part.judge:
            if right and (words := hints.shapes(found[0], parse(right["leaves"]))):
                return [words]
            hint = part.judge(found[0][""] if list(found[0]) == [""] else found[0], self.rng(part, seed))
            return [] if hint is None else [hint]
        wanted = _parsed(right)
        if same(found, wanted, part.rtol, part.atol):
            return []
        fitting = []
        for hint, wrong in known[1:]:
            if "leaves" in wrong:
                wrong = _parsed(wrong)
                if same(found, wrong, part.rtol, part.atol) and not same(wrong, wanted, part.rtol, part.atol):
                    fitting.append(hint)
        if "returned" in seen and "returned" in right and not fitting:
            fitting = [w for w in [hints.swapped([given], [_returned(right)], part.rtol, part.atol)] if w]
        return fitting or [hints.naming(found, wanted, part.rtol, part.atol)]

    def expected(self, name: str, seed: int) -> list[tuple[str | None, dict]]:
        """Return what the reference, and after it each mistake, is seen to do in a part."""
        return _expected(self.id, name, seed)


def _parsed(seen: dict) -> list[Seen]:
    """Return what was seen with each of the inputs; what failed with later ones counts as nothing."""
    return [parse(once.get("leaves", {})) for once in (seen, *seen.get("more", []))]


def _returned(seen: dict) -> Seen:
    return parse(seen["returned"]) if "returned" in seen else {}


def _kind(given: Seen, right: dict | None, part: Part) -> str:
    """Say how what came back differs in kind from what the reference gives back; nothing if it doesn't."""
    if not given or not right or "returned" not in right:
        return ""
    return hints.kind(given, _returned(right), part.rtol, part.atol)


def _unfit(seen: dict, right: dict | None, part: Part) -> str:
    """Say why what came back could not be used: that is no error of the student's code."""
    try:
        given = _returned(seen)
    except (KeyError, TypeError, ValueError, AttributeError):
        given = {}
    if words := _kind(given, right, part):
        return words
    what = f", {hints.described(given)}," if given else ""
    return f"what your function gives back{what} is not of the kind that is asked for ({str(seen.get('kind'))[:120]})."


EXCHANGE = "this is what comes out when {} and {} change places."
EXCHANGED = re.compile(EXCHANGE.format(".*", ".*"))


def _exchanged(code: Code) -> list[tuple[str, Callable]]:
    """Return the reference with its first two arguments exchanged, as one more mistake that may be recognised."""
    reference = code.answers[0][1]
    if not inspect.isfunction(reference):
        return []
    names = [p.name for p in inspect.signature(reference).parameters.values() if p.default is p.empty and p.kind == 1]
    if len(names) < 2:
        return []
    return [(EXCHANGE.format(*names[:2]), lambda a, b, *more: reference(b, a, *more))]


@functools.lru_cache(maxsize=512)
def _expected(exercise: str, name: str, seed: int) -> list[tuple[str | None, dict]]:
    code = EXERCISES[exercise]
    if not code.answers and seed == code.seed and name in _kept().get(exercise, {}):
        return [(hint, seen) for hint, seen in _kept()[exercise][name]]
    part = next(p for p in code.parts if p.name == name)
    known = [*code.answers, *(_exchanged(code) if code.answers and code.answers[0][0] is None else [])]
    seen = [(hint, code.look(part, answer, seed)) for hint, answer in known]
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
