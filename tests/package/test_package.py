"""The package as a whole: quick to import, no torch until it is wanted, devices and threads."""

import subprocess
import sys

import pytest
import torch

import mi_lab
from mi_lab import device, moved


def test_importing_the_package_leaves_torch_alone():
    heavy = "torch numpy pandas matplotlib IPython ipywidgets tensorboard scipy"
    program = f"import sys, mi_lab; print([m for m in {heavy!r}.split() if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_estimators_never_import_notebook_libraries():
    program = (
        "import sys, mi_lab; x = [0.1 * i % 1 for i in range(20)];"
        "mi_lab.estimate(x, range(20), 'mine', seeds=1, max_epochs=1);"
        "print([m for m in ('IPython', 'ipywidgets', 'anywidget', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", mi_lab.__all__)
def test_every_public_name_is_there_and_explained(name):
    value = getattr(mi_lab, name)
    if callable(value):
        assert value.__doc__
        assert len(value.__doc__.split()) > 3


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'mi_lab' has no attribute 'kraken'; it has: .*MINETrainer"):
        _ = mi_lab.kraken


def test_threads_follow_the_size_of_the_work_and_are_put_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with device.threads(1e5) as n:
            assert n == torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with device.threads(1e12):
            assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), device.threads(1e5):
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_devices():
    assert device.pick_device().type == "cpu"
    assert device.pick_device("auto").type in ("cpu", "cuda", "mps")
    assert device.available()[0] == "cpu"
    assert device.cores() >= 1
    assert device.chunk_rows(100, 1000) == 10
    assert device.chunk_rows(10**9, 1000) == 1


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "", "abacus", 3.5])
def test_bad_devices(name):
    with pytest.raises(ValueError, match=r"unknown device .*wanted one of|isn't on this machine; use one of"):
        device.pick_device(name)


@pytest.mark.parametrize(
    ("terminal", "notebook", "page", "show", "seen"),
    [
        (True, False, False, None, True),
        (False, False, False, None, False),
        (False, True, False, None, True),
        (False, True, True, None, False),  # a page of the book
        (True, True, False, False, False),
        (False, False, False, True, True),
    ],
)
def test_a_progress_bar_shows_where_someone_watches(terminal, notebook, page, show, seen, monkeypatch):
    from mi_lab.training import logs

    monkeypatch.setattr(logs, "tqdm", lambda **options: options)  # a real one would need the notebook's front end
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setitem(sys.modules, "ipykernel", logs)
    if not notebook:
        monkeypatch.delitem(sys.modules, "ipykernel")
    monkeypatch.setenv("MI_LAB_PAGE", "1") if page else monkeypatch.delenv("MI_LAB_PAGE", raising=False)
    bar = logs.progress(10, show, "training")
    assert bar["disable"] is not seen
    assert bar["delay"] == (2 if show is None else 0)


@pytest.mark.parametrize("old", sorted(moved.MOVED))
def test_an_old_path_works_and_says_where_the_module_is_now(old):
    new = moved.MOVED[old]
    program = (
        f"import importlib, warnings; warnings.simplefilter('always'); a = importlib.import_module({old!r});"
        f"b = importlib.import_module({new!r}); print(a is b, b.__name__, b.__spec__.name)"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["True", new, new]
    assert f"{old} is now {new}" in out.stderr
