"""The kind of exercise that runs: probed with random inputs, compared with a reference and with known mistakes."""

import functools
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from mi_lab.teaching.checks import hints
from mi_lab.teaching.checks.judge import Line, Seen, Verdict, same
from mi_lab.teaching.checks.kinds import BLANK, EXERCISES, Exercise
from mi_lab.teaching.checks.observe import Unusable, is_blank, parse
from mi_lab.teaching.checks.poking import in_words
from mi_lab.teaching.checks.variants import variants

EXPECTED = Path(__file__).with_name("expected.json")  # stands in for references in the package that students get
DERIVED = ", derived"  # what `expected.json` calls a part's derived mistakes
REPEATS = 2  # a part that yields few numbers is looked at with so many further inputs
FEW, SOME = 8, 200  # with fewer numbers than SOME it is one further input
PLAIN = re.compile(r"AttributeError: '(?:numpy\.)?(float|int|float64|float32|ndarray)' object has no attribute")


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
    forms: list[Callable] = field(default_factory=list)  # right answers whose code is changed to make further mistakes
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

    def form(self, answer):
        """Declare a right answer as a student might write it: what becomes of it by one change is named as a mistake.

        It is written with ``def``, calls no function of the book's, and its arguments bear the stub's names.
        """
        self.forms.append(answer)
        return answer

    def observe(self, answer, seed: int) -> dict:
        if is_blank(answer):
            return {"blank": True}
        return {part.name: self.look(part, answer, seed, about=part.judge is None) for part in self.parts}

    def look(self, part: Part, answer, seed: int, about: bool = False) -> dict:
        """Return what an answer does in a part; where that is few numbers, with further inputs as well."""
        from mi_lab.teaching.checks.probing import probe

        seen = probe(part, answer, self.rng(part, seed), about, about)
        count = sum(len(leaf.get("values", ())) for leaf in seen.get("leaves", {}).values())
        repeats = 0 if not count else REPEATS if count < FEW else 1 if count < SOME else 0
        if repeats:
            seen["more"] = [probe(part, answer, self.rng(part, seed, k), about) for k in range(1, repeats + 1)]
        return seen

    def rng(self, part: Part, seed: int, again: int = 0) -> np.random.Generator:
        """Return the generator that probe and judge of a part begin with."""
        return np.random.default_rng([seed, self.parts.index(part), *([again] if again else [])])

    def judge(self, observed: dict, seed: int) -> Verdict:
        if observed.get("blank") or all(observed.get(part.name, {}).get("blank") for part in self.parts):
            return BLANK
        said = [self._hints(part, observed.get(part.name, {}), seed) for part in self.parts]
        fits = Counter(hint for hints_ in said for hint in set(hints_))
        plain = any(hint in hints.PLAIN for hint in fits)
        if (
            fits and not plain and max(fits.values()) < sum(map(bool, said))
        ):  # no one mistake explains all: one that is derived may
            more = [self._hints(part, observed.get(part.name, {}), seed, True) for part in self.parts]
            said = [[*one, *(h for h in two if h not in one)] for one, two in zip(said, more, strict=True)]
            fits = Counter(hint for hints_ in said for hint in set(hints_))
        lines = []
        for part, possible in zip(self.parts, said, strict=True):  # of the known mistakes, the one that explains most
            hint = max(possible, key=lambda h: fits[h], default=None)
            lines.append(Line(hint is None, hint or "right.", part.name))
        earned = sum(part.weight for part, line in zip(self.parts, lines, strict=True) if line.right)
        return Verdict(earned / sum(part.weight for part in self.parts), lines)

    def _hints(self, part: Part, seen: dict, seed: int, changed: bool = False) -> list[str]:
        """Return what may be wrong in a part, best first, nothing if it is right; ``changed``: derived mistakes."""
        known = self.expected(part.name, seed) if self.answers or self.id in _kept() else []
        right = known[0][1] if known and known[0][0] is None and "leaves" in known[0][1] else None
        for once in (seen, *seen.get("more", [])):
            if once.get("blank"):
                return ["not attempted yet."]
            if "unusable" in once:
                return [str(once["unusable"])[:300]]
            if "leaves" not in once:
                mistakes = [h for h, o in known if h and "kind" in o and o["kind"] == once.get("kind")]
                return mistakes or [str(once["error"])[:300] if "error" in once else _unfit(once, right, part)]
        try:
            found = _parsed(seen)
            given = _returned(seen)
        except (KeyError, TypeError, ValueError, AttributeError):
            return ["nothing that can be read came back."]
        if words := _kind(given, right, part):
            return [words]
        if part.judge:
            if changed:
                return []
            if right and (words := hints.shapes(found[0], parse(right["leaves"]))):
                return [words]
            try:
                hint = part.judge(found[0][""] if list(found[0]) == [""] else found[0], self.rng(part, seed))
            except (KeyError, IndexError, TypeError, ValueError):  # another kind of result than the judge can read
                return [UNREADABLE.format(f", {hints.described(given)}," if given else "")]
            return [] if hint is None else [hint]
        wanted = _parsed(right)
        if same(found, wanted, part.rtol, part.atol):
            return []
        if changed:
            return _fitting(self.derived(part.name, seed), found, wanted, part) if all(map(_finite, found)) else []
        if fitting := _fitting(known[1:], found, wanted, part):
            return fitting
        both = "returned" in seen and "returned" in right
        if both and (moved := hints.swapped([given], [_returned(right)], part.rtol, part.atol)):
            return [moved]
        context = _context(seen, right)
        if plain := hints.naming(found, wanted, part.rtol, part.atol, context, plain=True):
            return [plain]
        derived = self.derived(part.name, seed) if all(map(_finite, found)) else []  # nan equals nan
        return (
            _fitting(derived, found, wanted, part)
            or _fitting(known[1:] + derived, found, wanted, part, alone=True)
            or [hints.naming(found, wanted, part.rtol, part.atol, context)]
        )

    def expected(self, name: str, seed: int) -> list[tuple[str | None, dict]]:
        """Return what the reference, and after it each mistake, is seen to do in a part."""
        return _expected(self.id, name, seed)

    def derived(self, name: str, seed: int) -> list[tuple[str, dict]]:
        """Return what changed right answers are seen to do in a part, each with what was changed."""
        return _changed(self.id, name, seed)


def _finite(seen: Seen) -> bool:
    return all(np.isfinite(v).all() for v in seen.values() if not isinstance(v, str))


def _fitting(known: list, found: list[Seen], wanted: list[Seen], part: Part, alone: bool = False) -> list[str]:
    """Return the hints of those mistakes that do the same; ``alone``: the same in what is wrong of the answer."""
    where, target = "", wanted
    if alone:
        lasts = list(dict.fromkeys(path.split(".")[-1] for path in wanted[0]))
        wrong = [last for last in lasts if not same(_only(found, last), _only(wanted, last), part.rtol, part.atol)]
        if len(lasts) < 2 or len(wrong) != 1 or any(last.isdigit() for last in lasts):
            return []
        good = [last for last in lasts if last not in wrong]
        found, target, where = _only(found, wrong[0]), _only(wanted, wrong[0]), wrong[0]
    fitting = []
    for hint, seen in known:
        if "leaves" in seen:
            whole = _parsed(seen)
            if alone and not all(same(_only(whole, g), _only(wanted, g), part.rtol, part.atol) for g in good):
                continue
            other = _only(whole, where) if alone else whole
            if same(found, other, part.rtol, part.atol) and not same(other, target, part.rtol, part.atol):
                fitting.append(f"{where}: {hint}" if alone else hint)
    return fitting


def _only(seen: list[Seen], last: str) -> list[Seen]:
    return [{p: v for p, v in once.items() if p.split(".")[-1] == last} for once in seen]


def _parsed(seen: dict) -> list[Seen]:
    """Return what was seen with each of the inputs; what failed with later ones counts as nothing."""
    return [parse(once.get("leaves", {})) for once in (seen, *seen.get("more", []))]


def _returned(seen: dict) -> Seen:
    return parse(seen["returned"]) if "returned" in seen else {}


def _context(seen: dict, right: dict) -> hints.Context:
    """Return what the answer was given in each of the inputs, and what of it made no difference, though it should."""
    runs = [seen, *seen.get("more", [])]
    try:
        given = [{str(k)[:80]: float(v) for k, v in dict(once.get("facts", {})).items()} for once in runs]
        names = [str(name)[:40] for name in seen.get("names", [])]
        idle = [str(v)[:40] for v in seen.get("ignored", []) if v not in right.get("ignored", [])]
        return hints.Context(given, [in_words(label, names) for label in idle])
    except (TypeError, ValueError, AttributeError):
        return hints.Context()


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
    kind = str(seen.get("kind"))[:120]
    if plain := PLAIN.match(kind):
        return f"a tensor is wanted where a plain {plain[1]} comes back: no item(), float() or NumPy on the way to it."
    if "complex" in kind:
        return "your function gives back a complex number: which power or root is taken of a negative number?"
    what = f", {hints.described(given)}," if given else ""
    return f"what your function gives back{what} is not of the kind that is asked for ({kind})."


UNREADABLE = "what your function gives back{} is not of the kind that is asked for."
EXCHANGE = "this is what comes out when {} and {} change places."
INSTEAD = "this is what comes out with {} in place of {}."
OTHER = {  # what a number among the arguments may have been taken for
    "half of {}": lambda v: v / 2,
    "twice {}": lambda v: 2 * v,
    "minus {}": lambda v: -v,
    "1 - {}": lambda v: 1 - v,
    "{} + 1": lambda v: v + 1,
    "{} - 1": lambda v: v - 1,
    "the square of {}": lambda v: v * v,
    "0": lambda v: 0 * v,
    "1": lambda v: 0 * v + 1,
}


def _derived(code: Code) -> list[tuple[str, Callable]]:
    """Return mistakes that every exercise has for free: right answers with other arguments, or with other code."""
    reference = code.answers[0][1] if code.answers and code.answers[0][0] is None else None
    written = [f for f in (*code.forms, reference) if inspect.isfunction(f)]
    if not written:
        return []
    right, found = written[0], []
    names = _arguments(right)
    written = [f for f in written if list(inspect.signature(f).parameters) == names]  # no other names, no options
    for one, two in combinations(range(len(names)), 2):
        found.append((EXCHANGE.format(names[one], names[two]), _with_order(right, one, two)))
    if len(names) == 4:
        first, second = f"({', '.join(names[:2])})", f"({', '.join(names[2:])})"
        found.append((EXCHANGE.format(first, second), lambda a, b, c, d: right(c, d, a, b)))
    for place, name in enumerate(names):
        found += [
            (INSTEAD.format(words.format(name), name), _with_other(right, place, other))
            for words, other in OTHER.items()
        ]
    return found + [changed for form in written for changed in variants(form)]


def _arguments(function: Callable) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD]


def _with_order(reference: Callable, one: int, two: int) -> Callable:
    def answer(*args):
        turned = list(args)
        turned[one], turned[two] = turned[two], turned[one]
        return reference(*turned)

    return answer


def _with_other(reference: Callable, place: int, other: Callable) -> Callable:
    def answer(*args):
        value = args[place]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unusable("no number to be changed")
        return reference(*args[:place], type(value)(other(value)), *args[place + 1 :])

    return answer


@functools.lru_cache(maxsize=512)
def _expected(exercise: str, name: str, seed: int) -> list[tuple[str | None, dict]]:
    code = EXERCISES[exercise]
    if not code.answers and seed == code.seed and name in _kept().get(exercise, {}):
        return [(hint, seen) for hint, seen in _kept()[exercise][name]]
    part = next(p for p in code.parts if p.name == name)
    seen = [(hint, code.look(part, answer, seed, about=hint is None)) for hint, answer in code.answers]
    if part.judge is None and (not seen or seen[0][0] is not None or "leaves" not in seen[0][1]):
        raise RuntimeError(f"exercise {exercise!r}, part {name!r}: the reference gives {seen[:1]}")
    return seen


@functools.lru_cache(maxsize=512)
def _changed(exercise: str, name: str, seed: int) -> list[tuple[str, dict]]:
    code = EXERCISES[exercise]
    if not code.answers and seed == code.seed:
        return [(hint, seen) for hint, seen in _kept().get(exercise, {}).get(f"{name}{DERIVED}", [])]
    part, found = next(p for p in code.parts if p.name == name), []
    for hint, answer in _derived(code) if part.judge is None else []:
        seen = code.look(part, answer, seed)
        if "leaves" in seen:
            more = [{"leaves": once.get("leaves", {})} for once in seen.get("more", [])]
            found.append((hint, {"leaves": seen["leaves"], "more": more} if more else {"leaves": seen["leaves"]}))
    return found


@functools.lru_cache(maxsize=1)
def _kept() -> dict:
    return json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.is_file() else {}
