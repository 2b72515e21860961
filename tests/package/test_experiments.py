"""One way to run a long run, and what every result file says of itself."""

import ast
import json

import pytest
from click.testing import CliRunner

from experiments import results
from experiments.__main__ import APART, main


def names(root):
    return sorted(p.stem for p in (root / "experiments").glob("*.py") if p.stem not in APART)


def test_help_lists_every_experiment_with_its_first_words(root):
    said = CliRunner().invoke(main, ["--help"]).output
    for name in names(root):
        docstring = ast.get_docstring(ast.parse((root / "experiments" / f"{name}.py").read_text(encoding="utf-8")))
        assert name.replace("_", "-") in said
        assert docstring.split()[0] in said


def test_every_experiment_has_a_command_with_help(root):
    for name in names(root):
        done = CliRunner().invoke(main, [name.replace("_", "-"), "--help"])
        assert done.exit_code == 0, done.output
        assert "Usage" in done.output


def test_an_unknown_experiment():
    done = CliRunner().invoke(main, ["kraken"])
    assert done.exit_code == 2
    assert "No such command 'kraken'" in done.output


def test_a_result_says_how_it_was_made_and_is_written_in_one_stroke(tmp_path, monkeypatch):
    path = tmp_path / "new" / "run.json"
    results.write(path, results.about("python -m experiments x", n=3), runs=[1])
    content = json.loads(path.read_text())
    assert content["runs"] == [1]
    assert content["about"]["command"] == "python -m experiments x"
    assert content["about"]["commit"].rstrip("+") == results.commit().rstrip("+") != ""
    assert {"processor", "cores", "Python", "torch"} <= set(content["about"]["machine"])
    with pytest.raises(TypeError):
        results.write(path, {}, runs=object())
    assert json.loads(path.read_text()) == content
    assert [p.name for p in path.parent.iterdir()] == ["run.json"]


def test_every_committed_result_names_its_command_and_commit(root):
    for path in (root / "mi_lab" / "teaching" / "curves").glob("*.json"):
        head = json.loads(path.read_text(encoding="utf-8"))["about"]
        assert head["command"].startswith("python -m "), path.name
        assert head.get("commit") or head.get("made"), path.name


def test_a_stopped_run_goes_on_from_its_lines_or_forgets_them(tmp_path):
    from experiments.results import finished

    progress = tmp_path / "folder" / "run.jsonl"
    assert finished(progress) == []
    progress.write_text('{"seed": 1}\n{"seed": 2}\n')
    assert [line["seed"] for line in finished(progress)] == [1, 2]
    assert finished(progress, fresh=True) == []
    assert not progress.exists()
