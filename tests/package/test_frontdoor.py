"""The front door: every form of samples in, one estimate out, and errors in one sentence."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from mi_lab import METHODS, OBJECTIVES, course_data, estimate, frontdoor
from mi_lab.laws import BivariateGaussian

LAW = BivariateGaussian(0.8)
X, Y = (z.numpy() for z in LAW.sample(300, 0))
QUICK = {"seeds": 2, "max_epochs": 20, "patience": 10, "lr": 3e-3}
NEURAL = ["mine", "minee", *OBJECTIVES]


@pytest.mark.parametrize("method", NEURAL)
def test_critics_come_near_the_truth(method):
    e = estimate(X, Y, method, truth=LAW.mutual_information, **QUICK)
    assert abs(e.value - LAW.mutual_information) < 4 * e.error + 0.12
    assert e.method == method
    assert e.n == 300
    assert e.truth == LAW.mutual_information
    assert e.bounds
    assert f'"{method}"' in estimate.__doc__


@pytest.mark.parametrize("method", NEURAL)
def test_defaults_do_for_the_course_data(method):
    x, y, truth = course_data()
    e = estimate(x, y, method, seeds=1)
    assert abs(e.value - truth) < 4 * e.error + 0.05
    assert e.error < 0.2


@pytest.mark.parametrize("method", ["flo", "alpha-tuba"])
def test_a_bounded_critic_survives_heavy_tails(method):
    z = np.random.default_rng(0).standard_t(1.5, size=(2, 200, 1))
    e = estimate(z[0], 0.7 * z[0] + z[1], method, seeds=2)
    assert -0.5 < e.value < 1
    assert e.error < 0.5


@pytest.mark.parametrize("method", ["ksg", "kde", "bins"])
def test_counting_comes_near_the_truth(method):
    e = estimate(X, Y, method)
    assert abs(e.value - LAW.mutual_information) < 4 * e.error + 0.12
    assert e.covers == "subsampling"


def test_every_form_of_samples_gives_the_same():
    forms = [(X, Y), (torch.from_numpy(X), torch.from_numpy(Y)), (pd.DataFrame(X), pd.Series(Y.ravel()))]
    values = {estimate(x, y, "mine", seeds=1, max_epochs=2).value for x, y in [*forms, (X.tolist(), Y.tolist())]}
    assert len(values) == 1


def test_scale_and_offset_change_nothing():
    far = X.astype(np.float64) * 1e-3 + 1e6
    a, b = (estimate(x, Y, "mine", seeds=1, max_epochs=5).value for x in (X, far))
    assert a == pytest.approx(b, abs=1e-4)


def test_seed_units_and_truth():
    a = estimate(X, Y, "mine", seed=1, truth=0.5, **QUICK)
    b = estimate(X, Y, "mine", seed=1, units="bits", truth=0.5, **QUICK)
    assert b.value == pytest.approx(a.value / math.log(2))
    assert b.truth == pytest.approx(0.5 / math.log(2))
    assert estimate(X, Y, "mine", seed=2, **QUICK).value != a.value


def test_a_constant_variable():
    with pytest.warns(UserWarning, match="y is constant in all 300 samples"):
        e = estimate(X, np.ones(300), "ksg")
    assert (e.value, e.error) == (0, 0)


def test_a_method_is_one_line_in_the_registry(monkeypatch):
    monkeypatch.setitem(METHODS, "half", lambda x, y, seed: (0.5, 0.1))
    monkeypatch.setitem(METHODS, "late", "mi_lab.objectives:infonce")  # imported when it is used
    assert (estimate(X, Y, "half").value, estimate(X, Y, "half").error) == (0.5, 0.1)
    with pytest.raises(ValueError, match="method 'late' takes 1 positional argument"):
        estimate(X, Y, "late")


def test_standardised_leaves_constant_columns_at_zero():
    z = frontdoor.standardised(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))
    assert z.tolist() == [[-1, 0], [0, 0], [1, 0]]


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_units_near_the_limits_of_float64_change_nothing(scale):
    assert torch.allclose(frontdoor.standardised(scale * X.astype(float)), frontdoor.standardised(X), atol=1e-6)


BAD = {
    "an unknown method": (
        lambda: estimate(X, Y, "magic"),
        "unknown method 'magic', wanted one of: auto, mine, .*bins",
    ),
    "unknown units": (lambda: estimate(X, Y, units="dits"), "unknown units 'dits'"),
    "a bad seed": (lambda: estimate(X, Y, "mine", seed=-3), "seed = -3"),
    "a bad truth": (lambda: estimate(X, Y, truth=math.nan), "truth = nan"),
    "different lengths": (lambda: estimate(X, Y[:7]), "y has n = 7|x has 300 samples and y has 7"),
    "lengths": (lambda: estimate(X, Y[:70]), "x has 300 samples and y has 70"),
    "NaN": (lambda: estimate(X, np.where(Y > 1, np.nan, Y)), "^y holds 44 missing value.*drop"),
    "infinite": (lambda: estimate(np.where(X > 1, np.inf, X), Y), "^x holds .* infinite"),
    "empty": (lambda: estimate([], []), "x has n = 0 samples, wanted at least 8"),
    "one sample": (lambda: estimate([1.0], [1.0]), "x has n = 1 samples"),
    "text": (lambda: estimate([f"{i}.5" for i in range(9)], Y[:9]), "x is text, 100% of which reads as numbers"),
    "three axes": (lambda: estimate(X[:, :, None], Y), "x has shape"),
    "a batch larger than n": (lambda: estimate(X, Y, "mine", batch_size=301), "batch_size = 301 is larger than .* 300"),
    "a batch of one": (lambda: estimate(X, Y, "mine", batch_size=1), "batch_size = 1"),
    "an unknown option": (lambda: estimate(X, Y, "mine", colour="red"), "unknown option 'colour'"),
    "an unknown option of counting": (lambda: estimate(X, Y, "ksg", colour="red"), "colour"),
    "a bad tau": (lambda: estimate(X, Y, "smile", tau=0), "tau = 0, wanted a number above 0"),
    "a tau of nothing": (lambda: estimate(X, Y, "smile", tau=math.nan), "tau = nan"),
    "a tau for another": (lambda: estimate(X, Y, "dv", tau=1), "unknown option 'tau'"),
    "an alpha above 1": (lambda: estimate(X, Y, "alpha-tuba", alpha=1.1), "alpha = 1.1, wanted a number from 0"),
    "an alpha below 0": (lambda: estimate(X, Y, "alpha-tuba", alpha=-0.1), "alpha = -0.1"),
    "a penalty below 0": (lambda: estimate(X, Y, "remine", weight=-1), "weight = -1, wanted a finite number of at"),
    "a bad constant": (lambda: estimate(X, Y, "remine", constant="a"), "constant = 'a', wanted a finite number"),
    "K larger than n": (lambda: estimate(X, Y, "infonce", batch_size=301), "batch_size = 301 is larger than .* 300"),
    "a bad option": (lambda: estimate(X, Y, "mine", beta=3), "beta = 3"),
    "a device that isn't": (lambda: estimate(X, Y, device="abacus"), "unknown device 'abacus'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    bad, said = BAD[case]
    with pytest.raises(ValueError, match=said) as error:
        bad()
    assert "\n" not in str(error.value)
