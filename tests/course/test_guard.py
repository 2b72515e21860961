"""What watches a kernel: a library's own exchange of functions is no tampering, anybody else's is put back."""

import importlib.util
import sys
import types

import pytest

from tools.course import guard


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return a module of a library, and a way to load functions from its own files."""
    (tmp_path / "shelf.py").write_text("def weigh(x, unit=1):\n    return x * unit\n")
    (tmp_path / "later.py").write_text(
        "box = 3\ndef make():\n    box = 4\n    def weigh(x):\n        return box * x\n    return weigh\n"
    )
    loaded = []
    for name in ("shelf", "later"):
        spec = importlib.util.spec_from_file_location(name, tmp_path / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        loaded.append(module)
    return loaded


def test_a_library_may_exchange_its_own_functions_later(library):
    shelf, later = library
    watched = guard.Watched("shelf", shelf)
    shelf.weigh = new = later.make()  # has a variable of its own, so the old code would not even fit
    assert list(watched.changed()) == []
    assert list(watched.changed()) == []
    assert shelf.weigh is new
    assert new(2) == 8


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shelf: setattr(shelf, "weigh", lambda x: 0),
        lambda shelf: setattr(shelf.weigh, "__code__", (lambda x, unit: 0).__code__),
        lambda shelf: setattr(shelf.weigh, "__defaults__", (0,)),
        lambda shelf: delattr(shelf, "weigh"),
        lambda shelf: shelf.__dict__.update(weigh=types.MethodType(len, "")),
    ],
)
def test_anybody_else_s_change_is_named_and_put_back(library, spoil):
    shelf, _ = library
    watched = guard.Watched("shelf", shelf)
    spoil(shelf)
    assert list(watched.changed()) == ["shelf.weigh"]
    assert shelf.weigh(2) == 2
    assert list(watched.changed()) == []
