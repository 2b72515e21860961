"""Every public function that takes samples or scores, with everything that is neither: one sentence, a ValueError."""

import numpy as np
import pytest
import torch

import mi_lab

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 50, 1))


def holding(value):
    z = X.copy()
    z[3] = value
    return z


SAMPLES = {
    "lengths": (X, Y[:40]),
    "NaN": (holding(np.nan), Y),
    "inf": (X, holding(np.inf)),
    "empty": (X[:0], Y[:0]),
    "no columns": (X[:, :0], Y),
    "five axes": (X.reshape(5, 5, 2, 1, 1), Y),
    "text": (np.arange(50).astype(str), Y),
    "objects": (np.array([None] * 50), Y),
    "complex": (X.astype(complex), Y),
    "None": (None, Y),
    "numbers": (3.0, 4.0),
    "ragged": ([[1.0], [2.0, 3.0]], Y[:2]),
    "dicts": ({}, {}),
    "NaN in a tensor": (torch.from_numpy(holding(np.nan)), torch.from_numpy(Y)),
    "inf in a tensor": (torch.from_numpy(X), torch.from_numpy(holding(-np.inf))),
    "an empty tensor": (torch.empty(0, 1), torch.empty(0, 1)),
    "integers without columns": (torch.ones(50, 0, dtype=torch.int64), torch.ones(50, 1)),
}
LAW = mi_lab.BivariateGaussian(0.5)
OF_SAMPLES = {
    **{f"estimate by {name}": lambda x, y, name=name: mi_lab.estimate(x, y, name) for name in mi_lab.METHODS},
    "MINETrainer": lambda x, y: mi_lab.MINETrainer(x, y, mi_lab.Net(), 5),
    "MINEETrainer": lambda x, y: mi_lab.MINEETrainer(x, y, mi_lab.Net(), 5),
    "CriticTrainer": lambda x, y: mi_lab.CriticTrainer(x, y, mi_lab.Net(), 5, objective="nwj"),
    **{name: getattr(mi_lab, name) for name in ("ksg", "kde", "bins", "as_pair", "as_array_pair")},
    "soft bins": lambda x, y: mi_lab.bins(x, y, soft="cubic"),
    "standard_error": lambda x, y: mi_lab.standard_error(mi_lab.ksg, x, y),
    "Permutation": mi_lab.Permutation(),
    "Derangement": mi_lab.Derangement(),
    "CyclicShift": mi_lab.CyclicShift(),
    "WithReplacement": mi_lab.WithReplacement(),
    "GaussianReference": mi_lab.GaussianReference.fitted,
    "UniformReference": mi_lab.UniformReference.fitted,
    "TrainedReference": mi_lab.TrainedReference,
    "log_ratio": LAW.log_ratio,
    "pair_scores": lambda x, y: mi_lab.pair_scores(mi_lab.Net(), x, y),
    "all_pair_scores": lambda x, y: mi_lab.all_pair_scores(mi_lab.Net(), x, y),
}


def refusal(call, *args) -> str:
    with pytest.raises(ValueError) as e:  # noqa: PT011 - the message is looked at below
        call(*args)
    return str(e.value)


@pytest.mark.parametrize("what", SAMPLES)
@pytest.mark.parametrize("name", OF_SAMPLES)
def test_samples(name, what):
    if name == "all_pair_scores" and what == "lengths":
        assert OF_SAMPLES[name](*SAMPLES[what]).shape == (50, 40)
        return
    message = refusal(OF_SAMPLES[name], *SAMPLES[what])
    assert 20 < len(message) < 250
    assert "\n" not in message
    assert any(word in message.split()[:8] for word in ("x", "y", "X", "Y")), message


t, r = torch.randn(2, 40, generator=torch.Generator().manual_seed(0))
SCORES = {
    "arrays": (t.numpy(), r.numpy()),
    "lists": (t.tolist(), r.tolist()),
    "None": (None, r),
    "whole numbers": (torch.arange(4), r),
    "complex": (t, r + 1j),
    "no axis": (t[0], r[0]),
    "empty": (t[:0], r),
    "NaN": (t, torch.where(r > 0, r, torch.nan)),
    "inf": (t, torch.where(r > 0, r, torch.inf)),
    "minus inf": (torch.where(t > 0, t, -torch.inf), r),
    "no mass at all": (t, torch.full_like(r, -torch.inf)),
    "other members": (t.view(4, 10), r.view(8, 5)),
}
OF_SCORES = {
    **{name: getattr(mi_lab, name) for name in ("donsker_varadhan", "nwj", "js", "smile", "tuba")},
    "mine": lambda t, r: mi_lab.mine(t, r, 0.0),
}


@pytest.mark.parametrize("what", SCORES)
@pytest.mark.parametrize("name", OF_SCORES)
def test_scores(name, what):
    message = refusal(OF_SCORES[name], *SCORES[what])
    assert message.startswith(("t ", "t_ref "))
    assert "\n" not in message


@pytest.mark.parametrize("what", sorted(SCORES.keys() - {"minus inf", "other members"}))
def test_one_set_of_scores(what):
    bad = next(z for z, good in zip(SCORES[what], (t, r), strict=True) if z is not good)
    assert refusal(mi_lab.log_mean_exp, bad).startswith("t ")
    assert refusal(mi_lab.moving_average, torch.tensor(0.0), bad, 0.1).startswith("t ")
    assert refusal(mi_lab.infonce, bad).startswith("scores ")


def test_reference_samples_without_mass_are_allowed():
    half = torch.where(r > 0, r, -torch.inf)
    for name, call in OF_SCORES.items():
        assert call(t, half).isfinite(), name


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: mi_lab.infonce(torch.randn(3, 4)), "(3, 4)"),
        (lambda: mi_lab.infonce(torch.randn(3)), "(3,)"),
        (lambda: mi_lab.smile(t, r, tau=0), "tau"),
        (lambda: mi_lab.moving_average(torch.tensor(0.0), r, 1.5), "beta"),
        (lambda: mi_lab.pair_scores("net", X, Y), "critic"),
        (lambda: mi_lab.all_pair_scores(None, X, Y), "critic"),
        (lambda: mi_lab.estimate(X, Y, "magic"), "auto, mine, minee"),
        (lambda: mi_lab.estimate(X, Y, units="bit"), "units"),
        (lambda: mi_lab.estimate(X, Y, "mine", batch_size=51), "batch_size"),
        (lambda: mi_lab.ksg(X, Y, k=50), "k = 50"),
        (lambda: mi_lab.bins(X, Y, 0), "0"),
        (lambda: mi_lab.kde(X, Y, bandwidth=0.0), "bandwidth"),
    ],
)
def test_settings(call, word):
    assert word in refusal(call)
