"""The staircase of chapter 9: against plain PyTorch at I = 2, stopped and gone on, and its committed file."""

import json
import math

import numpy as np
import pytest
import torch

from experiments import staircase_bounds as staircase
from tests.training.plain_staircase import values

SEEDS, STEPS, WIDTH, LR = 6, 100, 32, 3e-3


@pytest.fixture(scope="module")
def ours():
    """Return what every objective says at I = 2, (seeds,), all of them and all seeds in one batched network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staircase, "LEVELS", [2])
        patch.setattr(staircase, "LR", LR)
        climb = staircase.Climb("separable", False, STEPS, SEEDS, list(staircase.TRAININGS), width=WIDTH)
        climb.run(None)
    return {name: climb.values[k, :, STEPS // 2 :].mean(1).numpy() for k, name in enumerate(climb.reports)}


@pytest.mark.parametrize("name", ["flo", "tuba", "infonce", "nwj", "dv", "js", "smile-1", "hd-dime"])
def test_within_three_standard_errors_of_a_plain_script(ours, name):
    plain = np.array([values(name, 100 + seed, WIDTH, STEPS, LR) for seed in range(SEEDS)])
    error = math.sqrt((ours[name].var(ddof=1) + plain.var(ddof=1)) / SEEDS)
    assert abs(ours[name].mean() - plain.mean()) < 3 * error
    assert error < 0.15  # so that the comparison says something
    assert plain.mean() > 5 * error


def test_what_is_stopped_goes_on_as_if_nothing_had_been(tmp_path):
    def climb():
        return staircase.Climb("separable", True, 4, 2, ["mine", "flo", "tuba"], width=8)

    through, first, second = climb(), climb(), climb()
    through.run(None)
    for _ in range(7):
        first.step()
    first.save(tmp_path / "a.pt")
    second.run(tmp_path / "a.pt")
    assert second.step_number == 20
    torch.testing.assert_close(second.values, through.values)
    torch.testing.assert_close(second.within, through.within)


def test_what_is_stopped_says_nothing_of_the_level_it_was_on():
    climb = staircase.Climb("bilinear", False, 4, 1, ["infonce"], width=8)
    for _ in range(6):
        climb.step()
    (run,) = climb.runs()
    assert math.isfinite(run["mean"][0])
    assert run["mean"][1:] == run["sd"][1:] == run["within"][1:] == [None] * 4
    climb.run(None, minutes=0)
    assert climb.step_number == 6
    assert climb.between[0].grad.abs().sum() > 0  # the bilinear critic's matrix is trained


def test_a_joint_critic_scores_every_pair():
    torch.manual_seed(0)
    net = staircase.Layers(3, [4, 8, 8, 1], torch.Generator().manual_seed(0), first=2)
    x, y = torch.randn(2, 3, 5, 2)
    pairs = net(x, y).view(3, 5, 5)
    one = net(torch.cat([x[:, 1:2], y[:, 4:5]], -1)).flatten()
    torch.testing.assert_close(pairs[:, 1, 4], one)


def test_the_file_holds_every_objective_and_what_it_must_obey(root):
    content = json.loads((root / "mi_lab/teaching/curves/staircase-bounds.json").read_text(encoding="utf-8"))
    runs = content["runs"]
    plain = [r for r in runs if r["critic"] == "separable" and not r["cubed"]]
    assert {r["objective"] for r in plain} == set(staircase.REPORTS)
    truth = np.array(content["about"]["levels"])
    for run in runs:
        mean, sd = (np.array(run[key], float) for key in ("mean", "sd"))
        done = ~np.isnan(mean) | (run["critic"] == "separable")  # None: beyond what is drawn, or not climbed yet
        if run["objective"] == "infonce":
            assert (mean[done] <= math.log(64)).all()
        if run["objective"] in ("nwj", "tuba", "flo", "js", "infonce"):  # bounds, on fresh samples
            error = sd / math.sqrt(run["steps"] / 2)
            assert (mean <= truth + 4 * error)[done].all(), run["objective"]
    assert content["published"]["joint"]["infonce"]["mean"][0] == 1.74
