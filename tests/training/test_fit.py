"""Training to convergence: early stopping that doesn't flatter, and error bars that cover what they say."""

import math

import matplotlib
import numpy as np
import pytest
import torch

from mi_lab.critics import Net, Separable
from mi_lab.estimates import Estimate
from mi_lab.laws import BivariateGaussian, CorrelatedGaussian
from mi_lab.trainers import CriticTrainer, DVTrainer, MINEETrainer, MINETrainer
from mi_lab.training.fit import Chooser

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
    together = trainer().fit(seeds=3, **QUICK)
    for k in range(3):
        alone = trainer(seed=k)
        alone.net = Net(std=None, seed=k)
        alone._begin()
        assert alone.fit(**QUICK).value == pytest.approx(together.members[k], abs=2e-3)


def test_fit_leaves_the_critics_of_the_best_epoch():
    t = trainer()
    t.fit(max_epochs=60, patience=60)
    best = max(t.history["held_out"])
    parts = t.crews[0].evaluate()
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
    chooser, rng = Chooser(t, patience=1000), np.random.default_rng(0)
    noise = iter(rng.normal(0, 1, (100, 3, 1)))

    def values(parts):
        if len(parts) == 1:
            values.half = 1 - values.half
            if values.half == 0:
                values.now = next(noise)
            return {"total": values.now[values.half]}
        return {"total": values.now[2]}

    values.half = 1
    t.values = values
    parts = t.crews[0].evaluate()
    for _ in range(100):
        chooser(parts)
    assert chooser.best.min() > 1.5  # what a maximum over epochs would report
    assert (np.abs(chooser.reported) < 3.5).all()
    assert set(chooser.reported.ravel()).isdisjoint(chooser.best.ravel())


def test_the_bootstrap_s_error_is_the_delta_method_s():
    t = trainer()
    chooser = Chooser(t, 100)
    t.run(20, each=chooser)
    draws = chooser.bootstrap(seed=0)
    variance = 0.0
    for half in chooser.scores:
        (part,) = half[0]
        s, r = (v.double() for v in part["joint"])
        ratio = r.exp().view(-1, len(s)).mean(0)
        influence = (s - s.mean()) - (ratio / ratio.mean() - 1)
        variance += influence.var() / len(s) / 4
    # the bootstrap's own standard error is 1/sqrt(2 * 200) = 5 %; the delta method is good to order 1/n
    assert draws.std() == pytest.approx(math.sqrt(variance), rel=0.25)


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
    rows = [test[0].tolist() for crew in optimisation.trainer.crews for test in crew.test_rows]
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
