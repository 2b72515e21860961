"""The long study: it resumes where it stopped, and what is committed belongs to it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from experiments import counting_study as study
from mi_lab import load_run


def test_it_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "SIZES", [100])
    monkeypatch.setattr(study, "INFORMATION", study.INFORMATION[:3])
    monkeypatch.setattr(study, "RESULT", tmp_path / "result.json")
    progress = tmp_path / "progress.jsonl"

    def go():
        done = CliRunner().invoke(study.main, ["--workers", "1", "--progress", str(progress)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output, json.loads((tmp_path / "result.json").read_text())

    output, first = go()
    assert "3 cells" in output
    assert first["about"]["wall seconds"] >= 0
    lines = progress.read_text().splitlines()
    progress.write_text("\n".join(lines[:2]) + "\n")  # as if it had been stopped
    output, second = go()
    assert "1 cells" in output
    for method in study.METHODS:
        assert second["runs"][method]["mean"] == first["runs"][method]["mean"]


def test_the_committed_study_is_whole():
    done = load_run("counting-study")
    assert done["sizes"] == study.SIZES
    np.testing.assert_allclose(done["information"], study.INFORMATION, atol=1e-6)
    assert done["about"]["realisations"] == 64
    assert {"command", "commit"} <= set(done["about"])
    for method in study.METHODS:
        for column in ("mean", "sd", "seconds"):
            table = np.array(done["runs"][method][column])
            assert table.shape == (7, 25)
            assert np.isfinite(table).all()


CORNERS = [("neighbours", 0.015, 0.05), ("kernels", 0.06, 0.05), ("bins", 0.10, 0.05)]


@pytest.mark.parametrize(("method", "high", "low"), CORNERS)
def test_the_committed_study_reaches_what_it_must(method, high, low):
    """The biases at the corners; the oracle's error on the same samples takes out the noise of 64 realisations."""
    apart = np.array(load_run("counting-study")["runs"][method]["apart"])
    assert abs(apart[-1, -1]) <= high
    assert abs(apart[0, 0]) <= low


@pytest.mark.parametrize("which", [0, 12, 24])
def test_the_committed_study_is_what_today_s_code_finds(which):
    """One size of three correlations again: the means of 64 estimates, to the digits in the file."""
    committed, again = load_run("counting-study")["runs"], study.run(100, which, 0)
    for method in study.METHODS:
        assert again[method][0] == pytest.approx(committed[method]["mean"][0][which], abs=2e-4), method
        assert again[method][1] == pytest.approx(committed[method]["sd"][0][which], abs=2e-4), method
