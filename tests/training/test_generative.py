"""Estimators made of density models: against closed forms, with the sides they have and no others."""

import math

import numpy as np
import pytest
import torch

from mi_lab import estimate
from mi_lab.generative import (
    LinearGaussian,
    barber_agakov,
    club,
    difference_of_entropies,
    gaussian_entropy,
    leave_one_out,
)
from mi_lab.laws import CorrelatedGaussian
from mi_lab.references import Derangement
from mi_lab.trainers import GenerativeTrainer
from mi_lab.trainers.generative import CLUB, LEAVE_ONE_OUT, LIKELIHOOD

LAW = CorrelatedGaussian.with_information(0.5, 1)
X, Y = LAW.sample(1500, 0)
QUICK = {"max_epochs": 12, "patience": 6, "progress": False}


def within(estimate, truth, errors=4):
    return abs(estimate.value - truth) < errors * estimate.error


# ---- formulas, with the true models --------------------------------------------------------------------------------


@pytest.mark.parametrize(("nats", "d"), [(0.5, 1), (2.0, 5), (5.0, 20)])
def test_with_the_true_models_ba_and_doe_are_the_truth(nats, d):
    law = CorrelatedGaussian.with_information(nats, d)
    x, y = law.sample(20_000, 1)
    q, q_y = law.conditional(), law.marginal()
    each = q.log_prob(y, x).double()
    entropy = d / 2 * math.log(2 * math.pi * math.e)
    assert abs(float(barber_agakov(each, entropy)) - nats) < 4 * float(each.std()) / math.sqrt(len(x))
    ratio = each - q_y.log_prob(y).double()
    assert abs(float(difference_of_entropies(each, q_y.log_prob(y).double())) - nats) < 4 * ratio.std() / math.sqrt(
        20_000
    )
    assert q.entropy() == pytest.approx(entropy - nats, abs=1e-4)
    # avg log det of the sample covariance is low by about d (d + 1)/2n and spreads by √(d/2n)
    assert gaussian_entropy(y) == pytest.approx(entropy, abs=4 * math.sqrt(d / 4e4) + d**2 / 2e4)


@pytest.mark.parametrize(("nats", "d"), [(0.5, 1), (2.0, 20), (5.0, 20)])
def test_club_with_the_true_conditional_is_far_above(nats, d):
    """E log q(y|x) - E' log q(y'|x') = d ρ²/(1 - ρ²), within its standard error."""
    law = CorrelatedGaussian.with_information(nats, d)
    x, y = law.sample(40_000, 2)
    x_ref, y_ref = Derangement()(x, y, torch.Generator().manual_seed(0))
    q = law.conditional()
    t, t_ref = q.log_prob(y, x).double(), q.log_prob(y_ref, x_ref).double()
    error = math.sqrt(float(t.var() + t_ref.var()) / len(x))
    assert abs(float(club(t, t_ref)) - d * law.rho**2 / (1 - law.rho**2)) < 4 * error
    assert float(club(t, t_ref)) > nats


def test_leave_one_out_divides_by_the_others_and_is_above_with_the_true_conditional():
    law = CorrelatedGaussian.with_information(1.0, 1)
    q, values = law.conditional(), []
    for seed in range(200):
        x, y = law.sample(16, seed)
        scores = q.pairs(x, y).double()
        values.append(float(leave_one_out(scores)))
        if seed == 0:
            own = [
                scores[j, j] - math.log(sum(scores[i, j].exp() for i in range(16) if i != j) / 15) for j in range(16)
            ]
            assert values[0] == pytest.approx(float(sum(own)) / 16, abs=1e-9)
    assert np.mean(values) > 1.0 + 2 * np.std(values) / math.sqrt(200)


@pytest.mark.parametrize(("objective", "pairs"), [(LIKELIHOOD, False), (CLUB, False), (LEAVE_ONE_OUT, True)])
def test_the_written_out_gradient_is_the_losses(objective, pairs):
    scores = torch.randn(2, 49 if pairs else 12, dtype=torch.float64, requires_grad=True)
    loss = objective.loss(scores.view(2, 7, 7)) if pairs else objective.loss(scores[:, :7], scores[:, 7:])
    (wanted,) = torch.autograd.grad(loss.sum(), scores)
    assert torch.allclose(objective.gradient(scores.detach(), 7), wanted)


# ---- trained -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ba", "doe", "gm", "l1out"])
def test_trained_on_gaussian_data_they_find_the_truth(name):
    e = GenerativeTrainer(X, Y, 8, name, conditional="linear").fit(seeds=2, **QUICK)
    assert within(e, 0.5)
    assert 0 < e.error < 0.1
    assert e.method == name
    assert "no bound" in e.bounds


def test_ba_with_the_entropy_given_is_a_lower_bound_and_scales_with_y():
    entropy = 0.5 * math.log(2 * math.pi * math.e) + math.log(7)
    e = estimate(X, 7 * Y + 3, "ba", entropy=entropy, conditional="linear", seeds=1, max_epochs=12)
    assert within(e, 0.5)
    assert "a lower bound" in e.bounds
    poor = LinearGaussian.known(torch.zeros(1, 1), torch.zeros(1), 4 * torch.eye(1))  # knows nothing of x
    low = GenerativeTrainer(X, Y, 8, "ba", conditional=poor, entropy=entropy - math.log(7)).fit(**QUICK)
    assert low.value < 0


def test_the_gaussian_entropy_puts_ba_above_where_y_is_none():
    """X and Y independent, Y two narrow humps: BA with a Gaussian's entropy and a right q(y|x) is far above 0."""
    g = torch.Generator().manual_seed(0)
    y = torch.randint(2, (1500, 1), generator=g) * 4.0 - 2 + 0.1 * torch.randn(1500, 1, generator=g)
    x = torch.randn(1500, 1, generator=g)
    e = GenerativeTrainer(x, y, 8, "ba", conditional="mixture", lr=5e-3).fit(max_epochs=60, progress=False)
    assert e.value > 0.5
    both = GenerativeTrainer(x, y, 8, "doe", conditional="mixture", lr=5e-3).fit(max_epochs=60, progress=False)
    assert abs(both.value) < 4 * both.error + 0.05


def test_club_takes_the_true_conditional_as_it_is_and_a_learned_one_comes_to_it():
    law = CorrelatedGaussian.with_information(2.0, 5)
    x, y = law.sample(4000, 0)
    right = 5 * law.rho**2 / (1 - law.rho**2)
    true = GenerativeTrainer(x, y, 8, "club", conditional=law.conditional()).fit(**QUICK)
    assert within(true, right)
    learned = GenerativeTrainer(x, y, 8, "club", conditional="linear").fit(**QUICK)
    assert within(learned, right, 5)


def test_pq_stays_below_the_logarithm_of_its_cells_and_below_the_truth():
    law = CorrelatedGaussian.with_information(3.0, 1)
    x, y = law.sample(4000, 0)
    e = GenerativeTrainer(x, y, 8, "pq", cells=4, lr=5e-3).fit(seeds=2, max_epochs=30, progress=False)
    assert e.value < math.log(4)
    assert e.value > 0.8 * math.log(4)
    assert "at most log of the number of cells" in e.bounds


def test_pq_of_labels_is_their_information():
    g = np.random.default_rng(0)
    label = g.integers(0, 3, 2000)
    e = estimate(label + 0.05 * g.standard_normal(2000), label, "pq", seeds=1, max_epochs=60)
    assert abs(e.value - math.log(3)) < 4 * e.error + 0.01


def test_members_checkpoints_and_resuming(tmp_path):
    make = lambda: GenerativeTrainer(X, Y, 8, "doe", conditional="mixture", seed=[3, 4], lr=3e-3)  # noqa: E731
    through, first = make(), make()
    through.step(3)
    first.step(2)
    first.save(tmp_path / "a.pt")
    again = make().load(tmp_path / "a.pt")
    assert again.step(1) == through.value
    assert torch.allclose(
        again.member(1, "conditional").log_prob(Y[:5], X[:5]), through.member(1).log_prob(Y[:5], X[:5])
    )
    other = GenerativeTrainer(X, Y, 8, "doe", conditional="spline", seed=[3, 4], lr=3e-3)
    with pytest.raises(ValueError, match="was saved with models"):
        other.load(tmp_path / "a.pt")


def test_tensorboard_has_its_terms(tmp_path):
    trainer = GenerativeTrainer(X, Y, 8, "doe", {"log_dir": str(tmp_path)}, conditional="linear", truth=0.5)
    trainer.step(2)
    assert {p.name for p in tmp_path.iterdir()} == {"train", "held_out", "truth"}
    assert {"held_out conditional", "held_out marginal"} <= set(trainer.history)


# ---- what can't work -----------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
BAD = {
    "labels": (lambda: estimate(X, (Y > 0).float(), "doe"), "Y has 2 different values .*use method 'pq'"),
    "an atom": (
        lambda: estimate(X, torch.where(Y > 1.2, 1.2, Y), "gm"),
        "Y has .* different values among 1500 samples: discrete",
    ),
    "labels in x": (lambda: estimate((X > 0).float(), Y, "gm"), "X has 2 different values"),
    "dependent columns": (
        lambda: estimate(X, torch.cat([Y, Y + X * 0, Y], 1), "doe"),
        "column 1 of y is a linear function of the columns before it",
    ),
    "more columns than samples": (
        lambda: estimate(RNG.standard_normal((20, 30)), RNG.standard_normal((20, 1)), "doe", batch_size=4),
        "31 columns wants at least 33 samples",
    ),
    "an unknown estimator": (lambda: GenerativeTrainer(X, Y, 8, "bb"), "unknown estimator 'bb', wanted one of: ba"),
    "an unknown model": (lambda: estimate(X, Y, "doe", conditional="magic"), "unknown model 'magic'"),
    "a model of other columns": (lambda: estimate(X, Y, "doe", conditional=LinearGaussian(2, 1)), "made for d_y = 2"),
    "an entropy for DoE": (lambda: estimate(X, Y, "doe", entropy=1.0), "entropy is what the estimator 'ba' knows"),
    "an entropy of NaN": (lambda: estimate(X, Y, "ba", entropy=math.nan), "entropy = nan"),
    "a critic for DoE": (
        lambda: estimate(X, Y, "doe", net=torch.nn.ELU()),
        "net is a critic, and method 'doe' has none",
    ),
    "too many cells": (lambda: estimate(X[:20], Y[:20], "pq", cells=30, batch_size=4), "30 cells want at least"),
    "no cells": (lambda: estimate(X, Y, "pq", cells=0), "cells = 0"),
    "an unknown option": (lambda: estimate(X, Y, "doe", colour="red"), "unknown option 'colour'"),
    "a batch": (lambda: estimate(X, Y, "doe", batch_size=1), "batch_size = 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    bad, said = BAD[case]
    with pytest.raises(ValueError, match=said) as error:
        bad()
    assert "\n" not in str(error.value)


def test_a_constant_is_zero():
    with pytest.warns(UserWarning, match="constant"):
        assert GenerativeTrainer(X, torch.ones(1500, 1), 8, "doe").fit().value == 0


def test_a_flow_that_leaves_float_range_says_so_and_loses_nothing():
    trainer = GenerativeTrainer(X, Y, 8, "doe", conditional="spline", lr=1e-3)
    good = trainer.step(1)
    with torch.no_grad():
        trainer.crews[0].engines["conditional"].parameters[0].fill_(math.inf)
    with pytest.warns(UserWarning, match="no longer finite in epoch 2: training stopped there and went back"):
        trainer.step(2)
    assert trainer.value == good
    assert trainer.estimate() == pytest.approx(good, abs=0.02)
