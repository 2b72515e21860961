"""All pairs of a batch: in parts the same numbers as at once, and a batch of 4,096 in less than a gigabyte."""

import subprocess
import sys

import pytest
import torch

from mi_lab.critics import Net, Separable
from mi_lab.laws import CorrelatedGaussian
from mi_lab.normalisers import Normalised, PairNormalised
from mi_lab.objectives import OBJECTIVES, all_pairs, objectives
from mi_lab.trainers import CriticTrainer
from mi_lab.training import engines

X, Y = CorrelatedGaussian(0.6, 2).sample(400, 0)
ON_PAIRS = ["infonce", "alpha-tuba", "flo"]


def trained(objective, members, net=None):
    trainer = CriticTrainer(X, Y, net or Net(4, seed=0), 4, objective, seed=list(range(members)))
    trainer.step(3)
    return trainer


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("objective", [*ON_PAIRS, all_pairs("smile")], ids=[*ON_PAIRS, "smile"])
def test_parts_give_the_numbers_that_the_whole_gives(monkeypatch, objective, members):
    whole = trained(objective, members)
    monkeypatch.setattr(engines, "PAIRS_AT_ONCE", 700)
    monkeypatch.setattr(objectives, "ROWS", 7)
    parts = trained(objective, members)
    assert parts.crews[0].engines["joint"]._parts(torch.zeros(1, 80, 4))  # they were taken
    for k in range(
        members
    ):  # up to a constant: where the value leaves it free its gradient is rounding, and Adam's step
        a, b = (trainer.member(k)(X, Y).detach() for trainer in (whole, parts))
        assert a.std() > 1e-4
        torch.testing.assert_close(a - a.mean(), b - b.mean(), rtol=1e-3, atol=1e-4 * float(a.std()))
    assert parts.curves() == pytest.approx(whole.curves(), abs=1e-4)
    assert parts.curves("train") == pytest.approx(whole.curves("train"), abs=1e-4)


@pytest.mark.parametrize("name", ON_PAIRS)
def test_rows_in_parts(monkeypatch, name):
    s = torch.randn(2, 50, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    objective = OBJECTIVES[name]
    value, gradient = objective.value(s), objective.gradient(s.flatten(1), 50)
    monkeypatch.setattr(objectives, "ROWS", 12)
    torch.testing.assert_close(objective.value(s), value)
    torch.testing.assert_close(objective.gradient(s.flatten(1), 50), gradient)


@pytest.mark.parametrize("kind", [Normalised, PairNormalised])
def test_only_a_critic_with_a_product_of_its_own_is_scored_at_once(kind):
    second = Net(2, seed=1) if kind is Normalised else Net(4, seed=1)
    for inner, taken in ((Separable(2, 2, seed=0), False), (Net(4, seed=0), True)):
        objective = "tuba" if kind is Normalised else "flo"
        trainer = CriticTrainer(X, Y, kind(inner, second), 4, all_pairs(objective))
        assert bool(trainer.crews[0].engines["joint"]._parts(torch.zeros(1, 300, 4))) is taken


MEASURE = """
import resource, sys, torch
from mi_lab.critics import Net, Separable
from mi_lab.objectives import all_pairs
from mi_lab.trainers import CriticTrainer
torch.set_num_threads(1)
name, joint = sys.argv[1], sys.argv[2] == "joint"
x = torch.randn(4096, 1); y = x + torch.randn(4096, 1)
x_test, y_test = x[:64], y[:64]
net = Net(2, width=8, depth=1, seed=0) if joint else Separable(1, 1, width=32, seed=0, scale=0.05)
objective = all_pairs(name[4:]) if name.startswith("all ") else name
trainer = CriticTrainer(x, y, net, 1, objective, held_out=(x_test, y_test))
assert trainer.batch_size == 4096
trainer.step(1)
try:  # what getrusage says begins with the most that the parent held, across fork and exec
    peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak / 2**20)
"""


@pytest.mark.parametrize(
    "case", ["infonce separable", "flo separable", "alpha-tuba separable", "all nwj separable", "infonce joint"]
)
def test_a_batch_of_4096_fits_a_gigabyte(case, root):
    """The most memory that a process of its own ever held, torch itself included."""
    name, kind = case.rsplit(" ", 1)
    run = [sys.executable, "-c", MEASURE, name, kind]
    done = subprocess.run(run, capture_output=True, text=True, cwd=root, check=True)
    assert float(done.stdout) < 1.0
