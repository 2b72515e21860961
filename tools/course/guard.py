"""Runs inside a stranger's kernel: watches what tests lean on, puts it back before each cell, says what was changed.

This text is handed to the kernel's Python as its program, so it imports nothing of this repository. Inside one process
nothing can be hidden for good; what was changed is put back, reported in the kernel's reply, and flagged to a person.
"""

import contextlib
import sys
import unittest.mock

import IPython.core.ultratb
import numpy.testing
from ipykernel.ipkernel import IPythonKernel

LIBRARIES = ("builtins", "math", "cmath", "numpy", "numpy.linalg", "numpy.testing", "torch", "torch.testing", "pandas")
LIBRARIES += ("pandas.testing", "scipy.stats", "scipy.special", "pytest", "unittest", "unittest.case", "unittest.mock")
LIBRARIES += ("IPython.core.interactiveshell", "IPython.core.ultratb", "IPython.display", "ipykernel.ipkernel")
LIBRARIES += ("mi_lab", "mi_lab.teaching.checks", "mi_lab.teaching.checks.run", "mi_lab.teaching.checks.observe")
LIBRARIES += ("mi_lab.teaching.checks.probing", "mi_lab.teaching.checks.exercise", "mi_lab.teaching.checks.judge")
LIBRARIES += ("mi_lab.teaching.checks.kinds", "mi_lab.teaching.checks.coding", "mi_lab.teaching.checks.hints")
READY = (unittest.mock, IPython.core.ultratb, numpy.testing)  # watched from the first cell on
LISTS = ("ast_transformers", "input_transformers_post", "input_transformers_cleanup")
MISSING, FUNCTION = object(), type(lambda: 0)
INNARDS = ("__code__", "__defaults__", "__kwdefaults__")


def of_a_cell(value) -> bool:
    """Tell whether a function or class was written in a notebook."""
    return getattr(value, "__module__", "") == "__main__"


def of_a_library(value) -> bool:
    """Tell whether a callable comes from those who may set one up in a shell."""
    return str(getattr(value, "__module__", "")).startswith(("IPython", "ipykernel", "matplotlib_inline", "traitlets"))


def of_the_same(value, before) -> bool:
    """Tell whether a library itself put a function of its own in the place of one of the same name, as torch does."""
    root = str(getattr(before, "__module__", "")).partition(".")[0]
    home = str(getattr(sys.modules.get(root), "__file__", "?")).rpartition("/")[0]
    place = getattr(getattr(value, "__code__", None), "co_filename", "")
    return place.startswith(home + "/") and getattr(value, "__name__", "") == getattr(before, "__name__", "?")


def innards(value) -> list:
    """Return what a function does, which can be exchanged while it stays the same object."""
    return [getattr(value, name) for name in INNARDS] if isinstance(value, FUNCTION) else []


class Watched:
    """The attributes of one module, class or instance as they were."""

    def __init__(self, name: str, owner, new: bool = False):
        self.name, self.owner, self.new = name, owner, new
        kinds = classmethod | staticmethod | property
        self.before = {k: v for k, v in dict(vars(owner)).items() if callable(v) or isinstance(v, kinds)}
        self.inner = {k: innards(v) for k, v in self.before.items() if isinstance(v, FUNCTION)}
        self.classes = []
        if type(owner) is type(sys):
            classes = [v for v in self.before.values() if isinstance(v, type) and v.__module__.startswith(name)]
            self.classes = [Watched(f"{name}.{c.__name__}", c) for c in classes]

    def changed(self):
        """Yield what is no longer as it was, and put it back."""
        now = dict(vars(self.owner))
        for key, value in list(self.before.items()):
            found = now.get(key, MISSING)
            if found is not value and of_the_same(found, value):
                self.before[key], self.inner[key] = found, innards(found)
            elif found is not value:
                yield f"{self.name}.{key}"
                with contextlib.suppress(AttributeError, TypeError):
                    setattr(self.owner, key, value)
        for key, kept in self.inner.items():
            if innards(self.before[key]) != kept and innards(self.before[key]):
                yield f"{self.name}.{key}"
                for name, value in zip(INNARDS, kept, strict=True):
                    with contextlib.suppress(AttributeError, TypeError, ValueError):
                        setattr(self.before[key], name, value)
        if self.new:  # an instance: what it did not have before would hide what its class has
            for key in set(now) - set(self.before):
                if callable(now[key]) and hasattr(type(self.owner), key) and not of_a_library(now[key]):
                    yield f"{self.name}.{key}"
                    delattr(self.owner, key)
        for inner in self.classes:
            yield from inner.changed()


class Guarded(IPythonKernel):
    """A kernel that looks at what tests lean on before and after each cell."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.shell.ask_exit = lambda *_: None  # exit() and quit() in an answer leave the kernel alone
        self.seen: dict[str, Watched] = {}
        self.found: list[str] = []
        for name, owner in (("the shell", self.shell), ("the kernel", self), ("the display", self.shell.displayhook)):
            self.seen[name] = Watched(name, owner, new=True)
            for kind in type(owner).__mro__[:-1]:
                self.seen[f"{name} {kind.__name__}"] = Watched(kind.__name__, kind)
        self.lists = {name: list(getattr(self.shell, name, [])) for name in LISTS}

    def look(self) -> list[str]:
        """Return what was changed since the last look, and put it back."""
        found = [words for watched in list(self.seen.values()) for words in watched.changed()]
        for name, before in self.lists.items():
            if list(getattr(self.shell, name, [])) != before:
                found.append(f"the shell.{name}")
                setattr(self.shell, name, list(before))
        for name in LIBRARIES:
            module = sys.modules.get(name)
            if name not in self.seen and module is not None:
                found += [f"{name}.{k}" for k, v in vars(module).items() if callable(v) and of_a_cell(v)]
                self.seen[name] = Watched(name, module)
        return found

    async def do_execute(self, *args, **kwargs):
        self.found += self.look()
        reply = await super().do_execute(*args, **kwargs)
        during = self.look()
        self.found += during
        return {**reply, "changed": sorted(set(self.found)), "changed_now": sorted(set(during))}
