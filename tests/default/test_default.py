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


def test_a_budget_too_small_for_critics_gives_the_closed_form_and_says_so():
    with pytest.warns(UserWarning, match="budget is too small for critics"):
        e = estimate(X, Y, budget=0.01)
    assert abs(e.value - LAW.mutual_information) < 4 * e.error
    assert any("too small" in w for w in e.warnings)


def test_from_the_keyboard_comes_the_best_so_far(monkeypatch):
    from mi_lab.default import critic

    steps, real = [], critic._step

    def stopped(*given):
        steps.append(1)
        if len(steps) > 30:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(critic, "_step", stopped)
    e = estimate(X, Y)
    assert abs(e.value - LAW.mutual_information) < 4 * e.error
    assert any("keyboard" in said for said in e.how)


def test_of_many_rows_some_are_looked_at_and_the_cost_is_said(monkeypatch):
    from mi_lab.default import front

    monkeypatch.setitem(front.ROWS, True, 400)
    e = estimate(X[:, 0], Y[:, 0])
    assert e.n == 600
    assert "Of 600 rows 400 drawn by chance" in e.how[0]


def test_more_information_than_samples_can_show_is_flagged():
    x, y = CorrelatedGaussian(math.sqrt(1 - math.exp(-2)), 8).sample(400, 0)  # 8 nats
    with pytest.warns(UserWarning, match="too much information for n"):
        estimate(x, y)


def test_a_dependence_that_no_copula_of_the_base_knows_is_found():
    g = np.random.default_rng(0)
    z = g.standard_normal((1000, 2))
    e = estimate(z, np.c_[abs(z[:, :1]) + 0.3 * g.standard_normal((1000, 1)), g.standard_normal(1000)])
    assert e.value > 0.4


def test_labels_are_counted():
    g = np.random.default_rng(0)
    a = g.integers(0, 3, 800)
    e = estimate(a, (a + g.integers(0, 2, 800)) % 3, budget=5)
    assert e.value == pytest.approx(math.log(3) - math.log(2), abs=4 * e.error)
    assert e.how
    assert e.interval()


def test_a_student_copula_is_recognised_whatever_the_columns():
    from mi_lab.default.base import base, normal_scores, student

    g = np.random.default_rng(1)
    z = g.standard_normal((3000, 4)) / np.sqrt(g.chisquare(2, (3000, 1)) / 2)
    x, y = normal_scores(np.arcsinh(z[:, :2])), normal_scores(z[:, 2:])
    found = student(x, y, base(x, y))
    assert found is not None
    assert found.nu in (1.0, 2.0, 3.0)
    nothing = normal_scores(g.standard_normal((3000, 2))), normal_scores(g.standard_normal((3000, 2)))
    assert student(*nothing, base(*nothing)) is None


def test_the_closed_form_is_unbiased():
    from mi_lab.default.base import base

    law = CorrelatedGaussian(0.5, 4)
    found = [base(*(z.numpy().astype(float) for z in law.sample(120, s))).value for s in range(200)]
    assert abs(np.mean(found) - law.mutual_information) < 3 * np.std(found) / math.sqrt(200)
