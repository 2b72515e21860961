"""Mutants of right answers, made for every exercise alike: none gets full marks, but for those that deserve them."""

from itertools import combinations

import numpy as np
import pytest
import torch

from mi_lab.teaching.checks.run import assess
from tests.course.test_graders import ANSWERS, EXERCISES


def _leaves(change):
    """Return what applies ``change`` to every number, array and tensor of an answer."""

    def mutate(value):
        if isinstance(value, tuple | list):
            return type(value)(mutate(v) for v in value)
        if isinstance(value, dict):
            return {k: mutate(v) for k, v in value.items()}
        return change(value)

    return mutate


def _clip(v):
    return v.clip(min=0) if hasattr(v, "clip") else max(v, 0.0)


def _round(v):
    return torch.round(v, decimals=1) if torch.is_tensor(v) else np.round(np.asarray(v, dtype=float), 1)


def _swap(value):
    return value[::-1] if isinstance(value, tuple) and len(value) > 1 else None


def _lose(value):
    return value[0] if isinstance(value, tuple) and len(value) > 1 else None


OUTPUT = {
    "negated": _leaves(lambda v: -v),
    "two per cent more": _leaves(lambda v: v * 1.02),
    "a little more": _leaves(lambda v: v + 0.05),
    "cut at 0": _leaves(_clip),
    "absolute": _leaves(abs),
    "rounded": _leaves(_round),
    "half": _leaves(lambda v: v / 2),
    "members swapped": _swap,
    "a member lost": _lose,
}


def _without_last(v):
    return v[:-1] if getattr(v, "ndim", 0) == 1 and len(v) > 3 else v


def _sorted(v):
    if torch.is_tensor(v) and v.ndim == 1:
        return v.sort().values
    return np.sort(v) if isinstance(v, np.ndarray) and v.ndim == 1 else v


INPUT = {
    "the last sample left out": lambda args: tuple(map(_without_last, args)),
    "each array sorted": lambda args: tuple(map(_sorted, args)),
    "the arrays exchanged": lambda args: (args[1], args[0], *args[2:]) if len(args) > 1 else None,
}

NEVER_NEGATIVE = dict.fromkeys(("cut at 0", "absolute"), "what is asked for is never negative")
CLOSE = "the exercise allows for a trained critic's error, and this stays within it"

# Mutants that get full marks, and why they deserve them.
FREE = "a constant in a critic changes no Donsker-Varadhan value"
DESERVED: dict[str, dict[str, str]] = {
    **dict.fromkeys(
        (
            "dv-moments",
            "dv-ratio",
            "fdiv-exact",
            "hybrid-noise",
            "mi-blocks",
            "mi-table",
            "private-deal",
            "private-epsilon",
            "private-proved",
        ),
        NEVER_NEGATIVE,
    ),
    # with e^-τ at most 1 - 1/e, what clipping adds below is less than what the information has there
    "bounds-smile": dict.fromkeys(("cut at 0", "absolute"), "for τ of at least .5, as here, it is never negative"),
    "mine-reach": dict.fromkeys(("two per cent more", "half", "rounded"), CLOSE) | {"a little more": FREE},
    "minee-overshoot": {"a little more": FREE},
    "gradients-term": {"a little more": "a term of which only the gradient is wanted may have any value"},
    "mine-forward": {"the arrays exchanged": "which of x and y a critic reads first is a matter of taste"},
    **dict.fromkeys(
        ("which-error", "which-coverage", "tables-conditional", "tables-rule", "gans-modes"), NEVER_NEGATIVE
    ),
    **dict.fromkeys(("bottleneck-step", "bottleneck-rate", "bottleneck-bins"), NEVER_NEGATIVE),
    **dict.fromkeys(("scale-together", "scale-merge", "scale-subsample", "scale-fit"), NEVER_NEGATIVE),
    "which-arena": NEVER_NEGATIVE
    | dict.fromkeys(("two per cent more", "a little more", "rounded"), "what counts is to beat the baselines"),
    **dict.fromkeys(
        ("hybrid-cell", "mine-resample", "product-derangement"),
        dict.fromkeys(("cut at 0", "absolute"), "what is drawn are indices, or samples that carry theirs"),
    ),
}


def _same(a, b) -> bool:
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if callable(a) or isinstance(a, str) or a is None or isinstance(a, np.random.Generator):
        return a is b
    a, b = (v.detach().numpy() if torch.is_tensor(v) else np.asarray(v, dtype=float) for v in (a, b))
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True)


class Mutant:
    """A right answer with one thing changed, which remembers whether that ever made a difference."""

    def __init__(self, answer, name: str):
        self.answer, self.name = answer, name
        # a result that is never negative in the probes hides a cut: that is for DESERVED to say, not for luck
        self.differs = name in ("cut at 0", "absolute")

    def __call__(self, *args):
        if self.name in INPUT:
            changed = INPUT[self.name](args)
            if changed is None or all(map(_same, args, changed)):
                return self.answer(*args)
            value = self.answer(*changed)
            if not self.differs:
                self.differs = not any(isinstance(a, np.random.Generator) for a in args) and self._other(args, value)
            return value
        value = self.answer(*args)
        changed = OUTPUT[self.name](value)
        if changed is None:
            return value
        self.differs = self.differs or not _same(value, changed)
        return changed

    def _other(self, args, value) -> bool:
        return not _same(self.answer(*args), value)


CODE = sorted(n for n in ANSWERS if EXERCISES[n].kind == "code" and not isinstance(ANSWERS[n].reference, type))


def survivors(name: str) -> set[str]:
    """Return the mutants of an exercise's right answer that differ from it and get full marks all the same."""
    found = set()
    for kind in (*OUTPUT, *INPUT):
        mutant = Mutant(ANSWERS[name].reference, kind)
        if assess(name, lambda *args, mutant=mutant: mutant(*args), 11).right and mutant.differs:
            found.add(kind)
    return found


@pytest.mark.parametrize("name", CODE)
def test_no_mutant_gets_full_marks(name):
    assert survivors(name) == set(DESERVED.get(name, {}))


CLASSES = sorted(n for n in ANSWERS if isinstance(ANSWERS[n].reference, type))
CHOICES = sorted(n for n in ANSWERS if EXERCISES[n].kind == "choice")
NUMBERS = sorted(n for n in ANSWERS if EXERCISES[n].kind == "numeric")


@pytest.mark.parametrize("name", CLASSES)
def test_no_mutant_of_a_class_gets_full_marks(name):
    right, found = ANSWERS[name].reference, set()
    (method,) = [m for m in ("forward", "__call__") if m in vars(right)]
    for kind in (*OUTPUT, *INPUT):
        mutant = Mutant(None, kind)

        def call(self, *args, mutant=mutant):
            mutant.answer = lambda *given: getattr(right, method)(self, *given)
            return mutant(*args)

        if assess(name, type("Mutated", (right,), {method: call}), 11).right and mutant.differs:
            found.add(kind)
    assert found == set(DESERVED.get(name, {}))


@pytest.mark.parametrize("name", CHOICES)
def test_every_other_choice_gets_nothing(name):
    letters, right = sorted(EXERCISES[name].reasons), set(EXERCISES[name].right)
    for size in range(1, len(letters) + 1):
        for chosen in combinations(letters, size):
            assert assess(name, list(chosen)).score == (set(chosen) == right), chosen


@pytest.mark.parametrize("name", NUMBERS)
def test_no_mutant_of_a_number_gets_marks(name):
    task, right = EXERCISES[name], float(np.ravel(ANSWERS[name].reference)[0])
    for mutant in (-right, 2 * right, right / 2, 1.05 * right, right + 6 * task.tolerance, right - 6 * task.tolerance):
        assert assess(name, mutant).score == 0, mutant
