"""What chapter 14 claims: on Gaussians in closed form, on tables exactly, and of its result file by reading it."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from mi_lab.arenas import cca, methods, standing
from mi_lab.default import front
from mi_lab.laws import JointGaussian, battery
from mi_lab.laws.transforms import Exp, Power, Wiggle
from mi_lab.teaching.checks import ch14
from mi_lab.teaching.checks.exercise import EXERCISES
from mi_lab.teaching.sliders.coverage import share


@pytest.mark.ledger("eq-which-risk")
def test_squares_of_bias_and_deviation_add_up():
    """On a law of four estimates, exactly."""
    values, p, truth = np.array([0.1, 0.4, 0.7, 1.2]), np.array([0.2, 0.3, 0.4, 0.1]), 0.6
    mean = p @ values
    assert p @ (values - truth) ** 2 == pytest.approx((mean - truth) ** 2 + p @ (values - mean) ** 2)


@pytest.mark.ledger("prop-which-coverage", "eq-which-coverage")
@pytest.mark.parametrize(("bias", "deviation", "z"), [(0.0, 0.3, 1.645), (0.3, 0.3, 1.645), (-0.5, 0.2, 2.0)])
def test_how_often_a_biased_interval_covers(bias, deviation, z):
    n = 100_000
    estimates = 0.7 + bias + deviation * np.random.default_rng(0).standard_normal(n)
    found = (abs(estimates - 0.7) <= z * deviation).mean()
    right = stats.norm.cdf(z - bias / deviation) - stats.norm.cdf(-z - bias / deviation)
    assert abs(found - right) < 4 * math.sqrt(right * (1 - right) / n) + 1e-12
    assert share(bias / deviation, z) == pytest.approx(right)
    assert ch14.coverage.answers[0][1](bias, deviation, z) == pytest.approx(right)


@pytest.mark.ledger("prop-which-coverage")
def test_an_allowance_as_large_as_the_bias_is_enough():
    for z in (0.5, 1.645, 2.5):
        promised = stats.norm.cdf(z) - stats.norm.cdf(-z)
        for allowance in np.linspace(0, 3, 13):
            biases = np.linspace(-allowance, allowance, 41)
            covered = share(biases, z + allowance)
            assert covered.min() >= promised - 1e-12
            assert covered.min() == pytest.approx(covered[-1])  # least at the largest bias
    assert share(1.0, 1.645 + 0.2) < 0.9 - 0.05  # a smaller one need not be


def test_what_the_page_says_of_one_standard_error():
    assert round(100 * share(1.0, 1.6448536)) == 74
    assert share(1.0, 1.6448536) == pytest.approx(EXERCISES["which-lost"].value, abs=2e-6)


INCREASING = {"exp": Exp(3), "cube": Power(3), "wiggle": Wiggle(), "line": lambda z: 5 * z - 2}


@pytest.mark.ledger("eq-which-scores")
@pytest.mark.parametrize("increasing", INCREASING.values(), ids=INCREASING)
def test_scores_of_ranks_are_gaussian_and_don_t_feel_increasing_maps(increasing):
    z = np.random.default_rng(1).standard_normal((500, 3))
    score = lambda v: ndtri((stats.rankdata(v, axis=0) - 0.5) / len(v))  # noqa: E731
    np.testing.assert_array_equal(score(increasing(z)), score(z))
    assert stats.kstest(score(z)[:, 0], "norm").statistic <= 0.5 / 500 + 1e-9  # as near as n values can be


@pytest.mark.ledger("eq-which-cca")
@pytest.mark.parametrize("law", [JointGaussian.dense(2, 3, 0.5), JointGaussian.sparse(4, 2, 0.8)], ids=repr)
def test_canonical_correlations_of_a_gaussian_hold_its_information(law):
    in_x, in_y, _ = law._blocks()
    across = law.covariance[: law.d_x, law.d_x :]
    square = np.linalg.solve(in_x, across) @ np.linalg.solve(in_y, across.T)
    rho2 = np.sort(np.linalg.eigvals(square).real)
    assert -np.log1p(-rho2).sum() / 2 == pytest.approx(law.mutual_information, abs=1e-10)
    values = [cca(*law.sample(4000, s)) for s in range(6)]
    error = np.std(values, ddof=1) / math.sqrt(6)
    excess = law.dims[0] * law.dims[1] / (2 * 4000)
    assert abs(np.mean(values) - excess - law.mutual_information) < 4 * error


@pytest.mark.ledger("prop-which-base", "eq-which-base")
@pytest.mark.parametrize("base", ["nothing", "some", "the true ratio"])
def test_a_base_and_the_rest_make_the_information(base):
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(12)).reshape(3, 4)
    product = p.sum(1)[:, None] * p.sum(0)
    truth = (p * np.log(p / product)).sum()
    g = {"nothing": 0 * p, "some": rng.normal(0, 1, p.shape), "the true ratio": np.log(p / product) + 0.7}[base]
    z = (product * np.exp(g)).sum()
    q = np.exp(g) * product / z
    rest = (p * np.log(p / q)).sum()
    assert (p * g).sum() - math.log(z) + rest == pytest.approx(truth)
    assert rest == pytest.approx({"nothing": truth, "the true ratio": 0.0}.get(base, rest), abs=1e-12)
    assert rest >= -1e-12


# what the page says in words of its result file


def _mean(method: str, n: int, family: str | None = None) -> float:
    table = standing(method, n).table()
    return float(table[table["family"] == family]["error"].mean() if family else table["error"].mean())


def test_the_prediction_s_answer_is_still_right():
    assert _mean("cca", 1000) < _mean("ksg", 1000) - 0.05
    assert _mean("ksg", 1000, "one column") < 0.1 < 0.5 < _mean("ksg", 1000, "many columns")


def test_what_the_page_says_of_the_default():
    assert (front.FOLDS, front.LOW) == (4, 4)
    table = standing("auto", 1000).table()
    assert _mean("auto", 1000) < min(_mean(m, 1000) for m in methods(1000) if m != "auto")
    kept = table[~table["tuned"]]
    assert set(kept["family"]) == {b.family for b in battery()}
    fell = [standing("auto", n).table() for n in (1000, 10_000)]
    assert fell[1][~fell[1]["tuned"]]["error"].mean() < fell[0][~fell[0]["tuned"]]["error"].mean()
    assert _mean("cca", 10_000) > 0.6 * _mean("cca", 1000)  # "what it lacks is not samples"
