"""Old module paths, which notebooks in the wild may use: they keep working for one release, with a warning."""

import importlib.abc
import importlib.util
import sys
import warnings

MOVED = {
    "mi_lab.checks": "mi_lab.teaching.checks",
    "mi_lab.curves": "mi_lab.teaching.curves",
    "mi_lab.distributions": "mi_lab.laws",
    "mi_lab.engines": "mi_lab.training.engines",
    "mi_lab.formulas": "mi_lab.objectives.formulas",
    "mi_lab.logs": "mi_lab.training.logs",
    "mi_lab.pages": "mi_lab.teaching.pages",
    "mi_lab.product_laws": "mi_lab.references.product_laws",
    "mi_lab.sliders": "mi_lab.teaching.sliders",
    "mi_lab.trainers.divergence": "mi_lab.trainers.dv",
    "mi_lab.trainers.pairs": "mi_lab.trainers.critic",
    "mi_lab.written": "mi_lab.training.written",
}


class Forwarding(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Find a module by its old path and hand out the one at its new path."""

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if new_path(name) else None

    def create_module(self, spec):
        new = new_path(spec.name)
        if spec.name in MOVED:
            warnings.warn(f"{spec.name} is now {new}: import it from there.", FutureWarning, stacklevel=2)
        module = importlib.import_module(new)
        self._own = module.__spec__  # the machinery writes the spec it found into the module
        return module

    def exec_module(self, module):
        module.__spec__ = self._own


def new_path(name: str) -> str | None:
    """Return where a module of an old path is now, None if it was never moved."""
    for old, new in MOVED.items():
        if name == old or name.startswith(old + "."):
            return new + name[len(old) :]
    return None


if not any(type(finder).__name__ == "Forwarding" for finder in sys.meta_path):
    sys.meta_path.append(Forwarding())
