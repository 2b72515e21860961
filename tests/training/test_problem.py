"""A new estimator is a new problem and nothing else."""

import math

import pytest
import torch

from mi_lab.critics import Net, one_score_each
from mi_lab.laws import BivariateGaussian
from mi_lab.training.problem import FRESH, Block, Problem
from mi_lab.training.trainer import Trainer

WIDTH = 1.5


class FromANormal(Problem):
    """D(P‖N(0, s²)) of one column, against a normal law that one can sample for ever: 21 lines, all told."""

    name = "from a normal"

    def __init__(self, Z, net, n_test):
        super().__init__(net, "dv", torch.device("cpu"))
        self.data, self.columns, self.n_train = (Z,), Z.shape[1], (len(Z) - n_test,)

    def call(self, net, z):
        return one_score_each(net(z), len(z))

    def draw(self, rows, member, steps):
        return {"joint": (self.data[0][rows], self.normal(len(rows), member.generator))}

    def draw_held_out(self, rows, member, shuffles, generator):
        ref = self.normal(shuffles * len(rows[0]), generator)
        of = FRESH + torch.arange(len(ref)).unsqueeze(1)
        return {"joint": Block(self.data[0][rows[0]], ref, rows[0], of)}

    def normal(self, n, generator):
        return WIDTH * torch.randn(n, 1, generator=generator)


def make(**options):
    Z = BivariateGaussian(0.5).sample(1000, 0)[0]
    return Trainer(FromANormal(Z, Net(1, std=None, seed=0), 200), 8, lr=3e-3, **options)


def test_it_trains_fits_saves_and_loads(tmp_path):
    truth = math.log(WIDTH) + 1 / (2 * WIDTH**2) - 0.5
    estimate = make(truth=truth).fit(seeds=4, max_epochs=40)
    assert estimate.method == "from a normal"
    assert abs(estimate.value - truth) < 4 * estimate.error
    assert 0 < estimate.error < 0.1
    through, first = make(seed=[1, 2]), make(seed=[1, 2])
    through.step(3)
    first.step(2)
    first.save(tmp_path / "a.pt")
    again = make(seed=[1, 2]).load(tmp_path / "a.pt")
    assert again.step(1) == through.value
    assert again.member(1)(torch.zeros(3, 1)).shape == (3,)


def test_what_is_maximised_chooses_and_what_is_wanted_is_reported():
    """A problem whose report is minus what is maximised is still trained and stopped by what is maximised."""

    class Upside(FromANormal):
        terms = {"joint": -1}

    Z = BivariateGaussian(0.5).sample(1000, 0)[0]
    up, down = (
        Trainer(kind(Z, Net(1, std=None, seed=0), 200), 8, lr=3e-3).fit(max_epochs=20) for kind in (FromANormal, Upside)
    )
    assert down.value == pytest.approx(-up.value)
    assert up.value > 0.05
