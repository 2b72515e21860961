"""The default estimator: right where the truth is known, the same where the information is, and an interval."""

import math

import numpy as np
import pytest

from mi_lab import CorrelatedGaussian, estimate

LAW = CorrelatedGaussian(0.6, 2)
X, Y = (z.numpy().astype(float) for z in LAW.sample(600, 3))
HERE = estimate(X, Y)
SHUFFLED = np.random.default_rng(0).permutation(len(X))


def test_the_default_is_near_the_truth_and_says_how():
    assert abs(HERE.value - LAW.mutual_information) < 3 * HERE.error + max(HERE.bias)
    assert HERE.method == "auto"
    assert "Gaussian scores" in HERE.how[0]
    low, high = HERE.interval()
    assert 0 <= low <= HERE.value <= high
    narrow = HERE.interval(0.5)
    assert low < narrow[0] <= narrow[1] < high


SAME = {  # what mutual information doesn't notice
    "another order of the rows": (lambda: (X[SHUFFLED], Y[SHUFFLED]), 2.0),
    "x for y": (lambda: (Y, X), 2.0),
    "other units": (lambda: (1e6 * X + 3, Y / 7), 0.0),
    "increasing maps": (lambda: (np.exp(X), Y**3), 0.0),
    "falling maps": (lambda: (-X, np.exp(-Y)), 2.0),
    "float32": (lambda: (X.astype(np.float32), Y.astype(np.float32)), 0.0),
    "a constant column": (lambda: (np.c_[X, np.full(len(X), 7.0)], Y), 0.0),
    "a column twice": (lambda: (np.c_[X, 2 * X[:, :1]], Y), 2.0),
}


@pytest.mark.parametrize("case", SAME)
def test_what_changes_no_information_changes_no_answer(case):
    made, errors = SAME[case]
    other = estimate(*made())
    assert other.value == pytest.approx(HERE.value, abs=errors * HERE.error + 1e-9)


def test_the_same_seed_gives_the_same():
    assert estimate(X, Y, seed=5).value == estimate(X, Y, seed=5).value


def test_an_interval_follows_the_units():
    bits = HERE.to("bits")
    assert bits.interval(0.8) == pytest.approx([end / math.log(2) for end in HERE.interval(0.8)])


@pytest.mark.parametrize("level", [0, 1, -0.5, "high", math.nan, True])
def test_a_level_that_is_none(level):
    with pytest.raises(ValueError, match="level = .*, wanted a number between 0 and 1"):
        HERE.interval(level)


def test_no_error_bar_no_interval():
    with pytest.raises(ValueError, match="without an error bar, so there is no interval"):
        estimate(X, Y, "ksg", parts=0).interval()


@pytest.mark.parametrize("budget", [0, -1, "a", math.nan])
def test_a_budget_that_is_none(budget):
    with pytest.raises(ValueError, match="budget = .*, wanted a number of seconds above 0"):
        estimate(X, Y, budget=budget)
