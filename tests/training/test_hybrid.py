"""Hybrids: a model's value and a critic's against the model's reference; their sum, its error and its variance."""

import math

import numpy as np
import pytest
import torch

from mi_lab import Net, deep_net, donsker_varadhan, estimate
from mi_lab.generative import Cells, LinearGaussian
from mi_lab.laws import CorrelatedGaussian, CorrelatedMixture
from mi_lab.references import Conditional, JointModel, Permutation, SameCell
from mi_lab.trainers import HybridTrainer
from mi_lab.training.errors import jackknife, reports

LAW = CorrelatedGaussian.with_information(1.0, 1)
X, Y = LAW.sample(1500, 0)
QUICK = {"max_epochs": 12, "patience": 6, "progress": False}


def net(seed=0, dim=2):
    return deep_net(dim, 48, 2, seed=seed)


# ---- references ----------------------------------------------------------------------------------------------------


def test_conditional_keeps_x_and_draws_y_from_the_model():
    reference = Conditional(LAW.conditional())
    x_ref, y_ref = reference(X, Y, torch.Generator().manual_seed(0), 4000)
    assert torch.equal(x_ref[:1500], X)
    assert torch.equal(x_ref[1500:3000], X)
    ratio = LAW.log_ratio(x_ref, y_ref).double()  # the model is the law: reference pairs are joint samples
    assert abs(ratio.mean() - 1.0) < 4 * ratio.std() / math.sqrt(1500)
    again = reference(X, Y, torch.Generator().manual_seed(0), 4000)[1]
    assert torch.equal(again, y_ref)
    assert not torch.equal(y_ref[:1500], y_ref[1500:3000])
    with pytest.raises(ValueError, match="wanted one with sample"):
        Conditional(3)


def test_same_cell_takes_another_sample_of_the_same_cell():
    y = torch.arange(60.0)[:, None]
    cells = lambda y: (y[:, 0] // 10).long()  # noqa: E731
    x_ref, y_ref = SameCell(cells)(y.clone(), y, torch.Generator().manual_seed(0), 6000)
    assert torch.equal(cells(x_ref), cells(y_ref))
    assert not bool((x_ref == y_ref).any())
    first = y_ref[x_ref == 3.0].long().bincount(minlength=10)  # uniform over the nine others
    assert first[3] == 0
    assert (abs(first[[0, 1, 2, 4, 5, 6, 7, 8, 9]] - 100 / 9) < 5 * math.sqrt(100 / 9)).all()


def test_a_sample_alone_in_its_cell_keeps_its_own_and_empty_cells_do_no_harm():
    y = torch.tensor([[0.0], [50.0], [51.0], [52.0]])
    cells = lambda y: (y[:, 0] // 10).long()  # noqa: E731  (cells 1 … 4 are empty)
    _, y_ref = SameCell(cells)(y, y, torch.Generator().manual_seed(0))
    assert y_ref[0] == 0
    assert set(y_ref[1:].ravel().tolist()) <= {50.0, 51.0, 52.0}


def test_pairs_of_a_joint_model():
    model = LinearGaussian.known(torch.zeros(2, 0), torch.tensor([5.0, -5.0]), torch.tensor([[1.0, 0.9], [0.9, 1.0]]))
    x_ref, y_ref = JointModel(model, 1)(X, Y, torch.Generator().manual_seed(0), 5000)
    assert np.corrcoef(x_ref.ravel(), y_ref.ravel())[0, 1] == pytest.approx(0.9, abs=4 * 0.19 / math.sqrt(5000))
    assert float(x_ref.mean()) == pytest.approx(5, abs=4 / math.sqrt(5000))


# ---- the proposition -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_variance_of_the_denominator_falls_as_the_proposal_nears_the_law(share):
    """With the best critic t = log p/q, avg e^t over n' reference samples has variance (E_P e^t - 1)/n'.

    The proposal is q(y|x) = N(a x, 1 - a²) with a = share · ρ (share 0 is the product), whose E_P p/q is known.
    """
    rho, n_ref = 0.6, 50
    a = share * rho
    law = CorrelatedGaussian(rho)
    q = LinearGaussian.known(torch.tensor([[a]]), torch.zeros(1), torch.tensor([[1 - a**2]]))
    x, y = law.sample(400_000, 0)
    x_ref, y_ref = Conditional(q)(x, y, torch.Generator().manual_seed(1))
    p = law.conditional()
    ratio = (p.log_prob(y_ref, x_ref) - q.log_prob(y_ref, x_ref)).double().exp()
    means = ratio.view(-1, n_ref).mean(1)
    under_law = (p.log_prob(y, x) - q.log_prob(y, x)).double().exp()
    wanted = (under_law.mean() - 1) / n_ref
    # the exact value: p/q is a Gaussian integral; for the product it is 1/(1 - ρ²)
    s, v = 1 - rho**2, 1 - a**2
    spread = 1 - s / (2 * v)  # E_{y|x} p/q = √(v/s) (2 - s/v)^(-1/2) exp((ρ - a)² x²/(2v - s)); then over x
    exact = math.sqrt(v / s) / math.sqrt(2 * spread) / math.sqrt(1 - 2 * (rho - a) ** 2 / (2 * v - s))
    assert float(under_law.mean()) == pytest.approx(exact, abs=5 * float(under_law.std()) / math.sqrt(4e5) + 1e-3)
    if share == 0:
        assert exact == pytest.approx(1 / (1 - rho**2))
    error = float(((means - 1) ** 2).std()) / math.sqrt(len(means))
    assert abs(float(means.var()) - float(wanted)) < 5 * error
    assert float(means.mean()) == pytest.approx(1, abs=5 * float(means.std()) / math.sqrt(len(means)))


def test_the_identity_whatever_the_proposal():
    """E log q(y|x)/p(y) + DV of the best critic against q is the truth, for a proposal that is wrong."""
    law, q = CorrelatedMixture(1), LinearGaussian(1, 1)
    x, y = law.sample(200_000, 0)
    q.start(x, y).requires_grad_(False)
    x_ref, y_ref = Conditional(q)(x, y, torch.Generator().manual_seed(1))
    p = law.conditional()
    generative = (q.log_prob(y, x) - law.log_marginal(y)).double()
    t, t_ref = ((p.log_prob(b, a) - q.log_prob(b, a)).double() for a, b in ((x, y), (x_ref, y_ref)))
    total = float(generative.mean() + donsker_varadhan(t, t_ref))
    error = math.sqrt(float((generative + t).var() + t_ref.exp().var()) / len(x))
    assert abs(total - law.mutual_information) < 4 * error
    assert float(generative.mean()) < law.mutual_information - 0.1


# ---- trained -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("generative", ["ba", "doe", "gm", "l1out"])
def test_on_gaussian_data_hybrids_find_the_truth(generative):
    trainer = HybridTrainer(X, Y, net(), 8, generative, "mine", conditional="linear", model_options={"max_epochs": 8})
    e = trainer.fit(**QUICK)
    assert e.method == f"{generative}+mine"
    assert abs(e.value - 1.0) < 4 * e.error
    assert abs(e.trainer.history["held_out critic"][-1]) < 0.05  # nothing was left for it


def test_a_critic_makes_up_for_a_wrong_model():
    law = CorrelatedMixture(1)
    x, y = law.sample(4000, 0)
    e = HybridTrainer(
        x, y, deep_net(2, 64, 2, seed=0), 12, "doe", "dv", conditional="linear", marginal=law.marginal(), lr=5e-3
    ).fit(max_epochs=80, patience=40, progress=False)
    alone = e.trainer.history["held_out conditional"][-1] - e.trainer.history["held_out marginal"][-1]
    assert alone < law.mutual_information - 0.15
    assert abs(e.value - law.mutual_information) < 4 * e.error + 0.05


def test_pq_and_a_critic_pass_the_ceiling_of_the_cells():
    law = CorrelatedGaussian.with_information(2.0, 1)
    x, y = law.sample(4000, 0)
    e = HybridTrainer(x, y, net(), 12, "pq", "dv", cells=3, lr=2e-3).fit(max_epochs=40, progress=False)
    assert isinstance(e.trainer.members[0].reference, SameCell)
    assert e.value > math.log(3) + 0.2
    assert abs(e.value - 2.0) < 4 * e.error + 0.1


@pytest.mark.parametrize("objective", ["nwj", "js", "smile", "tuba", "kl-dime"])
def test_any_objective_goes_with_any_model(objective):
    e = estimate(X, Y, f"club+{objective}", conditional="linear", seeds=1, **QUICK, model_options={"max_epochs": 3})
    assert e.method == f"club+{objective}"
    assert e.value > 1.0  # I + D(P_X P_Y‖P_X q)


def test_the_models_never_see_what_is_held_out():
    trainer = HybridTrainer(X, Y, net(), 8, "doe", conditional="linear", seed=[0, 1])
    for own, outer in zip(trainer.models.members, trainer.members, strict=True):
        held = set(outer.test[0].tolist())
        assert not held & set(own.train[0].tolist())
        assert not held & set(own.test[0].tolist())
        assert not set(own.train[0].tolist()) & set(own.test[0].tolist())
    fitted = trainer.with_seeds(range(3), folds=0)  # as fit makes its members
    for own, outer in zip(fitted.models.members, fitted.members, strict=True):
        assert not set(outer.test[0].tolist()) & {*own.train[0].tolist(), *own.test[0].tolist()}


def test_other_samples_meet_each_members_own_reference():
    """Of two members one has a poor model; what either says of other samples doesn't depend on its company."""
    x, y = LAW.sample(400, 7)
    make = lambda seed: HybridTrainer(X, Y, net(), 8, "doe", "dv", conditional="mixture", seed=seed,  # noqa: E731
                                      model_options={"max_epochs": 1})  # fmt: skip
    together, alone = make([3, 4]), [make([3]), make([4])]
    for trainer in (together, *alone):
        trainer.prepare()
    assert together.estimate(x, y) == pytest.approx(sum(t.estimate(x, y) for t in alone) / 2, abs=0.02)


@pytest.mark.parametrize("method", ["doe", "l1out", "doe+dv"])
def test_models_and_hybrids_can_be_certified(method):
    """Their log-ratio is a score of pairs like a critic's, so what held-out samples prove about it holds."""
    e = estimate(X, Y, method, conditional="linear", seeds=1, max_epochs=3)
    assert 0.2 < e.certified() < 1.0


def test_other_samples_are_handed_in_on_the_callers_scale():
    held = tuple(5 + 100 * z for z in LAW.sample(400, 8))
    options = {"conditional": "linear", "seeds": 1, "max_epochs": 2, "held_out": held}
    e = estimate(5 + 100 * X, 5 + 100 * Y, "doe", **options)
    assert abs(e.value - 1.0) < 4 * e.error


def test_the_models_are_frozen_and_kept_in_the_checkpoint(tmp_path):
    make = lambda: HybridTrainer(X, Y, net(), 8, "doe", conditional="mixture", seed=[3, 4],  # noqa: E731
                                 model_options={"max_epochs": 2})  # fmt: skip
    through, first = make(), make()
    through.step(1)
    model = {k: v.clone() for k, v in through.member(1, "conditional").state_dict().items()}
    through.step(1)
    assert all(torch.equal(v, model[k]) for k, v in through.member(1, "conditional").state_dict().items())
    first.step(1)
    first.save(tmp_path / "a.pt")
    again = make().load(tmp_path / "a.pt")
    assert again.step(1) == through.value
    trained = again.models
    assert trained.steps == 0  # they came from the file


def test_the_error_counts_the_covariance_of_the_two_terms():
    """Both terms are averages over the same samples: the sum's jackknife is not that of either added in squares."""
    law = CorrelatedMixture(1)
    x, y = law.sample(4000, 0)
    trainer = HybridTrainer(x, y, net(), 8, "doe", "dv", conditional="linear", lr=2e-3)
    trainer.step(12, progress=False)
    halves = [reports(trainer, half) for half in (0, 1)]
    values, without = jackknife(trainer, halves)
    parts = {}
    for term in trainer.problem.terms:
        trainer.problem.reported = lambda values, term=term: trainer.problem.terms[term] * values[term]
        parts[term] = jackknife(trainer, halves)
    del trainer.problem.reported
    assert float(values[0]) == pytest.approx(sum(float(v[0]) for v, _ in parts.values()), abs=1e-6)
    g = len(without)
    moved = {term: w[:, 0] - w[:, 0].mean() for term, (_, w) in parts.items()}
    total = (g - 1) / g * float(((without[:, 0] - without[:, 0].mean()) ** 2).sum())
    summed = (g - 1) / g * float((sum(moved.values()) ** 2).sum())
    apart = (g - 1) / g * sum(float((m**2).sum()) for m in moved.values())
    assert total == pytest.approx(summed, rel=1e-3)
    assert abs(total - apart) > 0.02 * apart


def test_the_spread_of_a_critic_falls_with_the_reference():
    """Values over batches of 64, at the best critics: against q(y|x) a small part of what the product gives."""
    law = CorrelatedMixture(3)
    x, y = law.sample(64 * 300, 0)
    p, q = law.conditional(), LinearGaussian(3, 3).start(x, y).requires_grad_(False)
    g = torch.Generator().manual_seed(0)
    spreads = []
    for reference, log_q in (
        (Permutation(), lambda a, b: law.log_marginal(b)),
        (Conditional(q), lambda a, b: q.log_prob(b, a)),
    ):
        x_ref, y_ref = reference(x, y, g)
        t, t_ref = ((p.log_prob(b, a) - log_q(a, b)).view(300, 64) for a, b in ((x, y), (x_ref, y_ref)))
        spreads.append(float(donsker_varadhan(t, t_ref).std()))
    assert spreads[1] < 0.5 * spreads[0]


BAD = {
    "all pairs": (lambda: estimate(X, Y, "doe+infonce"), "objective 'infonce' looks at all pairs"),
    "an unknown objective": (lambda: estimate(X, Y, "doe+magic"), "unknown method 'doe\\+magic'"),
    "an unknown model": (lambda: estimate(X, Y, "magic+mine"), "unknown method 'magic\\+mine'"),
    "nothing after the plus": (lambda: estimate(X, Y, "doe+"), "unknown method 'doe\\+'"),
    "labels": (lambda: estimate(X, (Y > 0).float(), "doe+mine"), "different values among 1500 samples: discrete"),
    "a critic of other columns": (lambda: HybridTrainer(X, Y, Net(3), 8), "critic takes 3 columns and got 2"),
    "an unknown estimator": (lambda: HybridTrainer(X, Y, net(), 8, "bb"), "unknown estimator 'bb'"),
    "no batches": (lambda: HybridTrainer(X, Y, net(), 0), "n_iters_per_epoch = 0"),
    "few samples": (lambda: HybridTrainer(X[:8], Y[:8], net(), 1), "a hybrid wants more samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    bad, said = BAD[case]
    with pytest.raises(ValueError, match=said) as error:
        bad()
    assert "\n" not in str(error.value)


def test_a_constant_is_zero():
    with pytest.warns(UserWarning, match="constant"):
        assert HybridTrainer(X, torch.ones(1500, 1), net(), 8).fit().value == 0


def test_cells_of_a_member_come_from_its_training_samples():
    trainer = HybridTrainer(X, Y, net(), 8, "pq", cells=5)
    cells = trainer.members[0].reference.cells
    assert isinstance(cells, Cells)
    assert cells.number == 5
