"""Certificates from a trainer: which samples had a part in which critic, and what comes out at the front door."""

import copy
import math

import numpy as np
import pytest
import torch

import mi_lab
from mi_lab.certificates import largest_claim
from mi_lab.critics import Net
from mi_lab.laws import BivariateGaussian
from mi_lab.trainers import CriticTrainer, DVTrainer, MINEETrainer, MINETrainer

LAW = BivariateGaussian(0.9)
X, Y = LAW.sample(800, 0)
FIT = {"max_epochs": 12, "progress": False}


def mine(x=X, y=Y, **options):
    options = {"seed": 0, "lr": 5e-3, "standardise": True, "held_out": 0.4} | options
    return MINETrainer(x, y, Net(std=None, seed=0), 4, **options)


@pytest.fixture(scope="module")
def fitted():
    return mine(seed=[0, 1]).fit(**FIT)


@pytest.mark.parametrize("half", [0, 1])
def test_the_certifying_half_has_no_part_in_its_critic(half):
    """Put other samples, which no critic likes, into one half: what the other half chose is the same, bit for bit."""
    a = mine()
    rows = a.members[0].test[0].tensor_split(2)[half]
    x, y = X.clone(), Y.clone()
    x[rows], y[rows] = 3 * X[rows], -3 * X[rows]  # where the critic only gets worse
    b = mine(x, y)
    for trainer in (a, b):
        trainer.fit(patience=15, max_epochs=60, progress=False)
    kept, other = (t.chosen[1 - half][0] for t in (a, b))
    assert all(torch.equal(kept[name], other[name]) for name in kept)
    own, changed = (t.chosen[half][0] for t in (a, b))
    assert not all(torch.equal(own[name], changed[name]) for name in own)  # or the test could not fail


def test_the_front_door_hands_on_scales_of_what_was_trained_on():
    e = mi_lab.estimate(X, 3 * Y + 5, "mine", seeds=2, max_epochs=2, progress=False)
    problem = e.trainer.problem
    for member in e.trainer.members:
        for z in problem.samples(member.train[0], member):
            assert float(z.mean().abs()) < 1e-5
            assert float(z.std()) == pytest.approx(1, abs=1e-5)
    raw = mi_lab.estimate(X, Y, "mine", seeds=1, max_epochs=2, progress=False, standardise=False)
    assert torch.equal(raw.trainer.problem.samples(raw.trainer.members[0].train[0], raw.trainer.members[0])[0],
                       X[raw.trainer.members[0].train[0]])  # fmt: skip


def test_other_samples_are_brought_to_the_same_scale():
    """`held_out=(x, y)`: estimate and certificate are those of the same samples on another scale."""
    x, y = LAW.sample(400, 1)
    quick = {"seeds": 1, "max_epochs": 8, "progress": False}
    a = mi_lab.estimate(X, Y, "mine", held_out=(x, y), **quick)
    b = mi_lab.estimate(100 * X + 7, Y, "mine", held_out=(100 * x + 7, y), **quick)
    assert a.value == pytest.approx(b.value, abs=0.02)
    assert a.certified() == pytest.approx(b.certified(), abs=0.02)
    assert a.value > 0.5
    with pytest.raises(ValueError, match="held-out X has 2 columns"):
        mi_lab.estimate(X, Y, "mine", held_out=(np.c_[x, x], y), **quick)


def test_a_certificate_is_below_the_estimate_and_falls_with_the_confidence(fitted):
    levels = [fitted.certified(q) for q in (0.2, 0.5, 0.9, 0.95, 0.999)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > levels[-1]
    assert 0 < fitted.certified() == fitted.certified(0.95) <= fitted.value
    assert fitted.to("bits").certified() == pytest.approx(fitted.certified() / math.log(2))
    critics = fitted.trainer.snapshot(weights=True)
    fitted.certified()
    after = fitted.trainer.snapshot(weights=True)
    assert all(torch.equal(a[k], b[k]) for a, b in zip(critics, after, strict=True) for k in a)


def test_a_certificate_survives_files(fitted, tmp_path):
    fitted.trainer.save(tmp_path / "t.pt")
    other = mine(seed=[0, 1]).load(tmp_path / "t.pt")
    assert other.certified(0.9) == fitted.certified(0.9)
    fresh = mine(seed=[0, 1])
    fresh.save(tmp_path / "f.pt")
    with pytest.raises(ValueError, match="wasn't fitted"):
        mine(seed=[0, 1]).load(tmp_path / "f.pt").certified()
    assert copy.deepcopy(fitted).certified() == fitted.certified()


@pytest.mark.parametrize("method", ["mine", "minee", "nwj", "infonce", "smile"])
def test_every_method_with_a_critic_certifies(method):
    e = mi_lab.estimate(X, Y, method, seeds=2, max_epochs=15, held_out=0.5, progress=False)
    assert 0.05 < e.certified() <= e.value


def test_independent_columns_certify_nothing():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 400))
    e = mi_lab.estimate(x, y, "mine", seeds=2, max_epochs=10, progress=False)
    assert e.certified() <= min(e.value, 0.0) + 1e-9


def test_a_second_fit_is_certified_by_nobody():
    trainer = mine()
    trainer.fit(**FIT)
    assert trainer.certified() > 0
    again = trainer.fit(**FIT)
    with pytest.raises(ValueError, match="fitted twice"):
        again.certified()
    assert trainer.fit(seeds=2, **FIT).certified() > 0  # new members


def test_a_lost_member_is_an_empty_purse(fitted):
    one = copy.deepcopy(fitted.trainer)
    one.alive[1], one._purses = False, None
    assert 0 < one.certified() < largest_claim(one._purses[0])
    assert one._purses[1] == 2
    one.alive[:], one._purses = False, None
    assert one.certified() == 0.0


@pytest.mark.parametrize("confidence", [0, 1, 1.5, -0.1, math.nan, "high", None, True])
def test_a_confidence_outside_is_refused(fitted, confidence):
    with pytest.raises(ValueError, match=r"confidence = .*, wanted a number between 0 and 1"):
        fitted.certified(confidence)


def test_what_has_no_critic_says_so():
    for e in (mi_lab.estimate(X, Y, "ksg"), mi_lab.estimate(X, Y, "bins")):
        with pytest.raises(ValueError, match=f"method '{e.method}' trained no critic"):
            e.certified()
    z, z_ref = torch.randn(400, 1) + 0.3, torch.randn(400, 1)
    with pytest.raises(ValueError, match="no critic of pairs"):
        DVTrainer(z, z_ref, Net(1, seed=0), 4, seed=0).fit(**FIT).certified()
    uniform = MINEETrainer(X, Y, Net(seed=0), 4, reference="uniform", seed=0).fit(max_epochs=2, progress=False)
    with pytest.raises(ValueError, match='reference="gaussian"'):
        uniform.certified()
    with pytest.raises(ValueError, match="wasn't fitted"):
        mine().certified()
    few = CriticTrainer(X[:30], Y[:30], Net(seed=0), 2, seed=0).fit(max_epochs=2, progress=False)
    with pytest.raises(ValueError, match="6 held-out samples are too few"):
        few.certified()
    still = CriticTrainer(torch.zeros(50, 1), torch.randn(50, 1), Net(seed=0), 2, seed=0)
    assert still.fit(max_epochs=2).certified() == 0.0
