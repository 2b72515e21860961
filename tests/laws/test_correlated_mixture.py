"""The law of the hybrid example: its truth in two ways, its densities and its samples."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from mi_lab.laws import CorrelatedGaussian, CorrelatedMixture

LAW = CorrelatedMixture()


def test_the_truth_of_the_example():
    assert CorrelatedMixture(1).mutual_information == pytest.approx(1.37050, abs=1e-5)
    assert LAW.mutual_information == pytest.approx(6.85252, abs=2e-5)


@pytest.mark.parametrize("law", [CorrelatedMixture(1), CorrelatedMixture(1, 0.6, 0.3, 0.4, 0.8)], ids=repr)
def test_the_truth_against_entropies_by_another_quadrature(law):
    """I = 2 h(X_j) - h(X_j, Y_j), with densities by SciPy and Simpson's rule on a plain grid."""
    grid = np.linspace(-6.5, 6.5, 2601)
    s = math.sqrt(law.sigma)
    marginal = sum(stats.norm.pdf(grid, m, s) for m in law.means[:, 0]) / 4
    covariance = law.sigma * np.array([[1, law.rho], [law.rho, 1]])
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1)
    joint = sum(stats.multivariate_normal.pdf(points, m, covariance) for m in law.means) / 4
    minus_h = lambda p: np.where(p > 0, p * np.log(np.maximum(p, 1e-300)), 0.0)  # noqa: E731
    h_joint = -integrate.simpson(integrate.simpson(minus_h(joint), x=grid), x=grid)
    h_marginal = -integrate.simpson(minus_h(marginal), x=grid)
    assert law.mutual_information == pytest.approx(2 * h_marginal - h_joint, abs=1e-4)


def test_the_mean_log_ratio_is_the_truth():
    ratio = LAW.log_ratio(*LAW.sample(40_000, seed=1)).double()
    assert abs(ratio.mean() - LAW.mutual_information) < 4 * ratio.std() / 200


@pytest.mark.parametrize("law", [LAW, CorrelatedGaussian(0.8, 3)], ids=repr)
def test_conditional_over_marginal_is_the_ratio(law):
    x, y = law.sample(500, seed=2)
    ratio = law.conditional().log_prob(y, x) - law.marginal().log_prob(y)
    assert torch.allclose(ratio, law.log_ratio(x, y), atol=1e-4)


@pytest.mark.parametrize("law", [LAW, CorrelatedGaussian(0.8, 3)], ids=repr)
def test_y_drawn_from_the_conditional_is_as_good_as_y(law):
    x, y = law.sample(20_000, seed=3)
    drawn = law.conditional().sample(x, torch.Generator().manual_seed(0))
    for a, b in zip(drawn.T, y.T, strict=True):
        assert stats.ks_2samp(a, b).pvalue > 1e-4
    ratio = law.log_ratio(x, drawn).double()
    assert abs(ratio.mean() - law.mutual_information) < 4 * ratio.std() / math.sqrt(len(x))
    alone = law.marginal().sample(20_000, torch.Generator().manual_seed(1))
    for a, b in zip(alone.T, y.T, strict=True):
        assert stats.ks_2samp(a, b).pvalue > 1e-4


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: CorrelatedMixture(0), "d = 0"),
        (lambda: CorrelatedMixture(rho=1), "rho = 1, wanted -1 < rho < 1"),
        (lambda: CorrelatedMixture(sigma=0), "sigma = 0, wanted a variance above 0"),
        (lambda: CorrelatedMixture(delta="far"), "delta = 'far'"),
        (lambda: LAW.log_ratio([1.0], [1.0]), "wanted 5 each"),
        (lambda: LAW.conditional().log_prob(torch.zeros(3, 5), torch.zeros(3, 4)), "x has 4 columns"),
        (lambda: LAW.marginal().sample(0), "n = 0"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()
