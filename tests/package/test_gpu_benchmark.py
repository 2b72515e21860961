"""`python -m benchmarks.gpu`: every path runs on a device and is compared with the processor."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from standin import standin

from benchmarks import gpu


def test_every_path_agrees_on_a_device(accelerator):
    rows = gpu.measure(accelerator, gpu.SMALL, turns=1)
    names = " ".join(row["path"] for row in rows)
    for part in ("critic step, 4 members", "infonce", "nwj", "neighbours in blocks", "soft bins", "the default"):
        assert part in names
    assert all(row["agrees"] for row in rows), rows
    assert all(row["device seconds"] > 0 and row["cpu seconds"] > 0 for row in rows)


def test_all_but_the_default_use_the_device(monkeypatch):
    with standin("cuda", monkeypatch) as it:
        for path in gpu.paths(torch.device("cuda"), gpu.SMALL):
            it.forget()
            path.make("cuda")()
            assert (it.largest > 0) is not path.name.startswith("the default"), path.name


def test_numbers_that_differ_end_the_run(monkeypatch, tmp_path):
    wrong = gpu.Way("a path", lambda where: lambda: np.asarray(float(where != "cpu")), 1e-3)
    monkeypatch.setattr(gpu, "paths", lambda device, size: [wrong])
    monkeypatch.setattr(gpu, "named", lambda device: "a device")
    with standin("cuda", monkeypatch):
        got = CliRunner().invoke(gpu.main, ["--device", "cuda", "--out", str(tmp_path / "r.json")])
    assert got.exit_code == 1
    assert "not the processor's numbers: a path" in got.output
    assert not (tmp_path / "r.json").exists()


def test_the_command_writes_what_the_page_reads(monkeypatch, tmp_path):
    right = gpu.Way("a path", lambda where: lambda: np.asarray(1.0), 1e-3)
    monkeypatch.setattr(gpu, "paths", lambda device, size: [right])
    monkeypatch.setattr(gpu, "named", lambda device: "a device")
    with standin("cuda", monkeypatch):
        got = CliRunner().invoke(gpu.main, ["--device", "cuda", "--out", str(tmp_path / "r.json")])
    assert got.exit_code == 0, got.output
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["about"]["device"] == "a device"
    assert set(found["runs"][0]) >= {"path", "cpu seconds", "device seconds", "apart", "agrees", "tolerance"}


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a device")
def test_without_a_device_nothing_is_written(monkeypatch):
    monkeypatch.setattr(gpu, "paths", lambda device, size: [])
    got = CliRunner().invoke(gpu.main, [])
    assert got.exit_code == 0
    assert "no GPU here: nothing was written" in got.output
    assert not gpu.RESULT.exists()
