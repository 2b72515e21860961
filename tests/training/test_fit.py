"""Training to convergence: early stopping that doesn't flatter, and error bars that cover what they say."""

import math

import matplotlib
import numpy as np
import pytest
import torch
from scipy.stats import chi2

from mi_lab.critics import Net, Separable
from mi_lab.estimates import Estimate
from mi_lab.laws import BivariateGaussian, CorrelatedGaussian
from mi_lab.trainers import CriticTrainer, DVTrainer, MINEETrainer, MINETrainer
from mi_lab.training.choose import Chooser
from mi_lab.training.errors import standard_error

matplotlib.use("Agg")
LAW = BivariateGaussian(0.8)
X, Y = LAW.sample(400, 0)
QUICK = {"max_epochs": 30, "patience": 15}


def trainer(kind="mine", **options):
    options = {"lr": 3e-3, "seed": 0} | options
    net = Net(std=None, seed=0)
    if kind == "dv":
        return DVTrainer(torch.cat([X, Y], 1), torch.cat(LAW.sample_product(800, 1), 1), net, 4, **options)
    if kind == "minee":
        return MINEETrainer(X, Y, net, 4, **options)
    if kind == "infonce":
        return CriticTrainer(X, Y, Separable(seed=0), 4, "infonce", **options)
    return MINETrainer(X, Y, net, 4, **options)


@pytest.mark.parametrize("kind", ["mine", "dv", "minee", "infonce"])
def test_fit_comes_near_the_truth(kind):
    estimate = trainer(kind, truth=LAW.mutual_information).fit(seeds=3, **QUICK)
    assert len(estimate.members) == 3
    assert estimate.covers == "both"
    assert 0 < estimate.error < 0.3
    assert abs(estimate.value - LAW.mutual_information) < 4 * estimate.error + 0.1
    assert estimate.trainer.curves().shape[0] == 3


def test_members_of_an_ensemble_are_separate_fits():
    together = trainer(seed=[0, 1, 2]).fit(**QUICK)
    for k in range(3):
        alone = trainer(seed=k)
        alone.problem.net = Net(std=None, seed=k)
        alone.begin()
        assert alone.fit(**QUICK).value == pytest.approx(together.members[k], abs=2e-3)


def test_members_take_turns_in_what_they_hold_out():
    several = trainer().fit(seeds=7, max_epochs=1).trainer
    held = [set(member.test[0].tolist()) for member in several.members]
    assert all(len(h) == 80 for h in held)
    assert set.union(*held[:5]) == set(range(400))  # five fifths are everything, and no sample is held out twice
    assert sum(map(len, held[:5])) == 400
    assert held[5] == held[0]
    for member in several.members:
        assert not set(member.train[0].tolist()) & set(member.test[0].tolist())


def test_fit_leaves_the_critics_of_the_best_epoch():
    t = trainer()
    t.fit(max_epochs=60, patience=60)
    best = max(t.history["held_out"])
    parts = [part for half in t.crews[0].evaluate() for part in half]
    assert t.values(parts)["total"][0] == pytest.approx(best, abs=1e-5)


def test_fit_stops_when_nothing_improves():
    x, y = torch.randn(2, 200, 1, generator=torch.Generator().manual_seed(0))
    t = MINETrainer(x, y, Net(std=None, seed=0), 4, lr=3e-3)
    estimate = t.fit(max_epochs=1000, patience=20)
    assert t.epochs < 500
    assert abs(estimate.value) < 4 * estimate.error + 0.05


def test_the_half_that_chooses_is_not_the_half_that_reports():
    """Pure noise: the greatest of many epochs looks good to the half that chose it, and like nothing to the other."""
    t = trainer()
    noise = np.random.default_rng(0).normal(0, 1, (100, 2))
    theta = t.crews[0].engines["joint"].theta
    chooser = Chooser(t, patience=1000)
    for epoch in range(100):
        now = noise[epoch]
        t.maximised = lambda parts, half=None, now=now: np.array([now.mean() if half is None else now[half]])
        theta.fill_(epoch)
        chooser(([None], [None]))
    kept = [int(state[0]["joint.theta"][0, 0]) for state in chooser.chosen]
    assert kept == noise.argmax(0).tolist()  # each half has kept the critics of the epoch that was its own best
    assert chooser.best.min() > 1.5  # what a maximum over epochs would report
    assert np.abs([noise[kept[0], 1], noise[kept[1], 0]]).max() < 2.6  # nothing but noise: 1 % of a normal is beyond
    assert int(chooser.state[0]["joint.theta"][0, 0]) == noise.mean(1).argmax()


def donsker_varadhan_by_hand(net, x, y):
    """Every pair of different samples in the second average: its value and, for each sample, its influence."""
    n = len(x)
    with torch.no_grad():
        table = net(x.repeat_interleave(n, 0), y.repeat(n, 1)).double().view(n, n)
    t, r = table.diagonal(), table.exp()
    r.fill_diagonal_(0)
    mean = r.sum() / (n * (n - 1))
    influence = (t - t.mean()) - ((r.sum(0) + r.sum(1)) / (n - 1) / mean - 2)
    return float(t.mean() - mean.log()), influence


def test_a_half_reports_on_the_critics_that_the_other_chose_and_the_error_is_the_delta_method_s():
    t = trainer()
    chooser = Chooser(t, 100)
    t.run(20, each=chooser)
    members, error = t._report(chooser, "sampling")
    values, variance = [], 0.0
    for half in (0, 1):
        t.restore(chooser.chosen[1 - half])
        rows = t.members[0].test[0].tensor_split(2)[half]
        value, influence = donsker_varadhan_by_hand(t.member(), X[rows], Y[rows])
        values.append(value)
        variance += float(influence.var()) / len(rows) / 4
    assert members[0] == pytest.approx(np.mean(values), abs=1e-5)
    # a variance from 50 groups is right to 1/sqrt(2 * 49), so the error to 1/20 of itself at one standard error twice
    assert error == pytest.approx(math.sqrt(variance), rel=3 / math.sqrt(2 * 49))


def test_what_members_share_in_samples_is_counted_once():
    """Members that are only evaluated on other samples: no more than the samples' variance, however they scatter."""
    rng = np.random.default_rng(0)
    groups, m, each = 400, 4, 50
    errors, means = [], []
    for _ in range(200):
        z = rng.normal(0, 1, groups)
        own = rng.permutation(groups)[: m * each].reshape(m, each)
        members = z[own].mean(1)
        without = np.tile(members, (groups, 1))
        for k, some in enumerate(own):
            without[some, k] = (members[k] * each - z[some]) / (each - 1)
        errors.append(standard_error(members, without, "both"))
        means.append(members.mean())
    seen, truth = np.mean(np.square(errors)), 1 / (m * each)
    assert np.var(means) == pytest.approx(truth, rel=4 * math.sqrt(2 / 200))
    # what members' spread exceeds the samples' share by is chance here, and only ever added: E max(0, χ²/(m-1) - 1)
    chance = chi2.expect(lambda q: max(0.0, q / (m - 1) - 1), args=(m - 1,))
    assert seen == pytest.approx(truth * (1 + chance), rel=4 * np.std(np.square(errors)) / seen / math.sqrt(200))
    assert chance < 0.5 < 1  # a spread that is counted twice would add 1


def test_a_spread_that_samples_do_not_explain_is_counted():
    members = np.array([0.0, 1.0, 2.0, 3.0])
    still = np.tile(members, (50, 1))
    assert standard_error(members, still, "both") == pytest.approx(members.std(ddof=1) / 2)
    assert standard_error(members, still, "sampling") == 0


def test_the_error_bar_says_what_the_estimate_does_on_other_data_sets():
    """Over 12 data sets the estimates scatter about as the error bars say: chi-squared, 12 degrees of freedom."""
    law = CorrelatedGaussian(0.7)
    values, errors = [], []
    for seed in range(12):
        x, y = law.sample(200, 100 + seed)
        e = MINETrainer(x, y, Net(std=None, seed=seed), 2, lr=3e-3, seed=seed).fit(seeds=4, max_epochs=40, patience=30)
        values.append(e.value)
        errors.append(e.error)
    scatter = np.var(values, ddof=1) * 11 / np.mean(np.square(errors))
    assert 2.6 < scatter < 30  # 11 degrees of freedom, 0.5 % either side: 2.6 … 26.8; errors are estimates themselves
    assert abs(np.mean(values) - law.mutual_information) < 4 * np.std(values, ddof=1) / math.sqrt(12) + 0.05


def test_what_error_bars_cover():
    optimisation = trainer().fit(seeds=3, covers="optimisation", **QUICK)
    sampling = trainer().fit(seeds=3, covers="sampling", **QUICK)
    rows = [member.test[0].tolist() for member in optimisation.trainer.members]
    assert rows[0] == rows[1] == rows[2]  # one split for all, so that only the optimisation differs
    assert optimisation.error < sampling.error
    assert optimisation.error == pytest.approx(optimisation.members.std(ddof=1) / math.sqrt(3))


def test_an_estimate_reads_well_and_changes_units():
    e = Estimate(0.7, 0.05, "both", truth=0.74, method="mine", n=1000, members=np.array([0.6, 0.8]))
    assert repr(e) == (
        "0.700 ± 0.05 nats (mine; 1000 samples; 2 seeds; ± covers initial weights, batches, splits and held-out "
        "samples; truth 0.740)"
    )
    bits = e.to("bits")
    assert float(bits) == pytest.approx(0.7 / math.log(2))
    assert bits.error == pytest.approx(0.05 / math.log(2))
    assert bits.to("nats").value == pytest.approx(0.7)
    assert "no error bar" in repr(Estimate(1.0, method="ksg"))
    assert bits.to_dict()["units"] == "bits"
    with pytest.raises(ValueError, match="unknown units 'bytes', wanted one of: nats, bits"):
        e.to("bytes")


def test_plot_draws_members_estimate_and_truth():
    t = trainer(truth=LAW.mutual_information)
    ax = t.fit(seeds=2, max_epochs=3).plot()
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert ax.get_ylabel() == "estimate (nats)"
    assert any(w.startswith("truth 0.511") for w in words)
    assert any("held-out" in w for w in words)
    Estimate(1.0, method="ksg").plot()
    matplotlib.pyplot.close("all")


def test_a_member_that_is_lost_at_once_counts_for_nothing():
    several = trainer(seed=[0, 1, 2])
    several.crews[0].engines["joint"].theta[0] = math.nan
    with pytest.warns(UserWarning, match="seed 0 was no longer finite in epoch 1"):
        estimate = several.fit(max_epochs=3, patience=3)
    assert len(estimate.members) == 2
    assert math.isfinite(estimate.value)
    assert estimate.error > 0


def test_splits_of_their_own_do_not_show_what_optimisation_does():
    with pytest.raises(ValueError, match="wants the same samples held out for all members.*split_seed=0"):
        trainer(seed=[0, 1, 2]).fit(covers="optimisation")
    assert trainer(seed=[0, 1, 2], split_seed=0).fit(max_epochs=2, covers="optimisation").error > 0
