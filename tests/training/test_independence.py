"""What is called independent is: every source of random numbers has a stream of its own."""

import itertools
import math

import numpy as np
import pytest
import torch

from mi_lab.critics import Net
from mi_lab.laws import CorrelatedGaussian
from mi_lab.streams import digest, stream, stream_seed
from mi_lab.trainers import CriticTrainer, MINEETrainer, MINETrainer
from mi_lab.training.choose import Chooser
from mi_lab.training.errors import FRESH, jackknife, reports, standard_error

LAW = CorrelatedGaussian(0.9, d=3)
X, Y = LAW.sample(200, 0)


def minee(x=X, y=Y, **options):
    return MINEETrainer(x, y, Net(6, seed=0), 2, **({"seed": 0, "lr": 3e-3} | options))


def test_a_stream_a_purpose():
    purposes = [("split", 0), ("split", 1), (0, "batches"), (1, "batches"), ("batches", 0), (0,), (1,)]
    draws = [torch.randn(50, generator=stream(*p)) for p in purposes]
    for a, b in itertools.combinations(draws, 2):
        assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 4 / math.sqrt(50)
    assert torch.equal(draws[0], torch.randn(50, generator=stream("split", 0)))
    assert 0 <= stream_seed(3, "x") < 2**63


def test_data_sets_have_digests_of_their_own():
    seen = {digest(*LAW.sample(200, seed)) for seed in range(50)}
    assert len(seen) == 50
    assert digest(X, Y) == digest(X.clone(), Y.clone()) != digest(Y, X)


def noises(trainer):
    """Return the reference noise that members meet on held-out samples: (member, half) -> (rows, columns)."""
    out = {}
    for crew in trainer.crews:
        for half in (0, 1):
            ((blocks, _),) = crew.drawn(half, 4)
            for k, member in enumerate(crew.members):
                mean, root = member.reference.first
                x_ref = blocks["x"][1][k]
                out[member.seed, half] = torch.linalg.solve(root, (x_ref - mean).T).T  # back to standard normal noise
    return out


def test_held_out_references_are_independent_of_each_other():
    """Halves, members and data sets: the noise of each correlates with no other's (today's code had 1.00)."""
    drawn = {}
    for data in (0, 1):
        x, y = LAW.sample(200, data)
        drawn |= {(data, *key): noise for key, noise in noises(minee(x, y, seed=[0, 1, 2])).items()}
    assert len(drawn) == 12
    for (one, a), (two, b) in itertools.combinations(drawn.items(), 2):
        n = min(len(a), len(b))
        correlation = torch.corrcoef(torch.stack([a[:n].flatten(), b[:n].flatten()]))[0, 1]
        assert abs(float(correlation)) < 4.5 / math.sqrt(3 * n), (one, two)


def test_held_out_references_are_the_same_at_every_look():
    trainer = minee()
    first, second = (trainer.values(trainer.crews[0].evaluate()[0])["total"] for _ in range(2))
    assert first == second


def test_no_two_critics_of_an_ensemble_begin_alike():
    trainer = minee(seed=range(4))
    first = [trainer.member(k, term).layers[1].weight.detach().flatten() for k in range(4) for term in ("xy", "x", "y")]
    for a, b in itertools.combinations(first, 2):
        assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 0.06  # 10,000 weights: six standard errors


def test_members_with_other_seeds_meet_other_batches():
    trainer = MINETrainer(X, Y, Net(6, seed=0), 2, seed=[0, 1], split_seed=3)
    orders = [torch.randperm(160, generator=m.generator) for m in trainer.members]
    assert (orders[0] == orders[1]).sum() < 8  # one on average
    weights = torch.randperm(160, generator=torch.Generator().manual_seed(0))  # the stream of `Net(seed=0)`
    fresh = MINETrainer(X, Y, Net(6, seed=0), 2, seed=0)
    assert (torch.randperm(160, generator=fresh.members[0].generator) == weights).sum() < 8


def test_the_error_bar_holds_the_noise_of_the_reference():
    """With data and critics as they are, other reference samples move the value as much as the jackknife says."""
    trainer = minee()
    chooser = Chooser(trainer, 100)
    trainer.run(40, each=chooser)
    trainer.restore(chooser.state)
    values, without = jackknife(trainer, [reports(trainer, half) for half in (0, 1)])
    whole = standard_error(values, without, "sampling") ** 2
    own = trainer.problem.held_out_generator
    again = []
    for k in range(100):
        trainer.problem.held_out_generator = lambda member, part, k=k: stream(k, part, "again")
        again.append(jackknife_value(trainer))
    trainer.problem.held_out_generator = own
    only_data = jackknife(trainer, [unshared(reports(trainer, half)) for half in (0, 1)])
    difference = whole - standard_error(*only_data, "sampling") ** 2
    # three variances, each right to sqrt(2/49) or better, of which the greater are subtracted
    noise = 3 * math.sqrt(2 / 49) * (2 * whole + np.var(again))
    assert abs(difference - np.var(again)) < noise
    assert np.var(again) > 0


def jackknife_value(trainer):
    parts = [reports(trainer, half)[0] for half in (0, 1)]
    pairs = [[{t: tuple(s.unsqueeze(0) for s in part[t][:2]) for t in part} for part in half] for half in parts]
    return float(np.mean([trainer.values(half)["total"][0] for half in pairs]))


def unshared(members):
    """Give all reference samples the number of one that no group holds."""
    return [
        [{t: (s, r, of, torch.full_like(ref_of, FRESH)) for t, (s, r, of, ref_of) in part.items()} for part in member]
        for member in members
    ]


@pytest.mark.parametrize("objective", ["dv", "infonce"])
def test_the_same_seed_gives_the_same_estimate_whatever_ran_before(objective):
    def once():
        return CriticTrainer(X, Y, Net(6, std=None, seed=0), 4, objective, seed=5).fit(max_epochs=3, seeds=2).members

    first = once()
    torch.manual_seed(77)
    np.testing.assert_array_equal(first, once())


def test_a_fitted_reference_has_not_seen_the_held_out_samples():
    trainer = minee(seed=[0, 1])
    for member in trainer.members:
        mean, root = member.reference.first
        assert torch.allclose(mean, X[member.train[0]].mean(0), atol=1e-5)
        assert torch.allclose(root @ root.T, 1.5**2 * torch.cov(X[member.train[0]].T), atol=1e-4)
    one, two = (member.reference.first[0] for member in trainer.members)
    assert not torch.equal(one, two)
    assert trainer.estimate(X, Y, 4) != trainer.estimate(X, Y, 5)
