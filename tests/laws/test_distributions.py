"""The laws: their truth against quadrature and published values, their samples against their truth."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from mi_lab.laws import AdditiveNoise, BivariateGaussian, CorrelatedGaussian, MixedGaussian, course_data

LAWS = [
    BivariateGaussian(0.5),
    BivariateGaussian(-0.95),
    CorrelatedGaussian(0.9, d=6),
    CorrelatedGaussian(0.0, d=3),
    MixedGaussian(0.9),
    AdditiveNoise("x", 0.1),
    AdditiveNoise("x^3", 0.5),
    AdditiveNoise(np.exp, 0.2),
]


def test_the_course_data():
    x, y, truth = course_data()
    assert x.shape == y.shape == (1000, 1)
    assert truth == pytest.approx(0.74052, abs=5e-6)
    rho = 1 - 0.19 * np.random.default_rng(0).random()
    assert rho == pytest.approx(0.87898, abs=5e-6)
    r = np.corrcoef(x.ravel(), y.ravel())[0, 1]  # its standard error is (1 - rho^2) / sqrt(n)
    assert abs(r - rho) < 4 * (1 - rho**2) / math.sqrt(1000)
    assert all(torch.equal(a, b) for a, b in zip(course_data()[:2], (x, y), strict=True))


@pytest.mark.parametrize(
    ("f", "sigma", "published"),
    [("x", 0.1, 1.667), ("x^3", 0.1, 1.249), ("sin x", 0.1, 1.536)]
    + [("x", 0.5, 0.419), ("x^3", 0.5, 0.226), ("sin x", 0.5, 0.365)],
)
def test_additive_noise_against_the_published_truths(f, sigma, published):
    assert AdditiveNoise(f, sigma).mutual_information == pytest.approx(published, abs=6e-4)


def test_additive_noise_against_a_second_quadrature():
    sigma = 0.3

    def minus_p_log_p(y):  # p(y) in closed form for f(x) = x
        p = (stats.norm.cdf((y + 1) / sigma) - stats.norm.cdf((y - 1) / sigma)) / 2
        return -p * math.log(p)

    entropy, _ = integrate.quad(minus_p_log_p, -1 - 8 * sigma, 1 + 8 * sigma, epsabs=1e-10, limit=200)
    closed = entropy - 0.5 * math.log(2 * math.pi * math.e * sigma**2)
    assert AdditiveNoise("x", sigma).mutual_information == pytest.approx(closed, abs=1e-7)


@pytest.mark.parametrize("rho", [0.3, 0.9, 0.99])
def test_mixed_gaussian_against_a_second_quadrature(rho):
    law, s = MixedGaussian(rho), math.sqrt(1 - rho**2)

    def integrand(e, x):
        xy = np.array([[x]]), np.array([[rho * x + s * e]])
        return stats.norm.pdf(x) * stats.norm.pdf(e) * law._log_ratio(*xy)[0]

    truth, _ = integrate.dblquad(integrand, 0, 7, -7, 7, epsabs=1e-5, epsrel=1e-4)  # even in (x, e)
    assert law.mutual_information == pytest.approx(2 * truth, abs=2e-4)
    if rho == 0.9:
        assert law.mutual_information == pytest.approx(0.4084, abs=6e-5)


def test_gaussian_truths():
    assert CorrelatedGaussian(0.9, 6).mutual_information == pytest.approx(4.982, abs=5e-4)
    assert CorrelatedGaussian.with_information(3.0, d=20).mutual_information == pytest.approx(3.0)
    assert CorrelatedGaussian.with_information(0.0).rho == 0
    two = BivariateGaussian.with_information(0.74)
    assert isinstance(two, BivariateGaussian)
    assert two.mutual_information == pytest.approx(0.74)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_mean_log_ratio_is_the_truth(law):
    ratio = law.log_ratio(*law.sample(20_000, seed=1)).double()
    assert abs(ratio.mean() - law.mutual_information) <= 4 * ratio.std() / math.sqrt(len(ratio)) + 1e-6


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_ratio_has_mean_one_under_the_product(law):
    ratio = law.log_ratio(*law.sample_product(20_000, seed=2)).double().clamp(max=3).exp()
    joint = law.log_ratio(*law.sample(20_000, seed=3)).double()
    # E_product[min(r, c)] = E_joint[min(1, c / r)]: both sides have small variance
    other = (3 - joint).clamp(max=0).exp()
    error = math.sqrt((ratio.var() + other.var()) / len(ratio))
    assert abs(ratio.mean() - other.mean()) <= 4 * error + 1e-6


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_seeds_repeat_and_differ(law):
    (a, b), (c, _), (e, _) = law.sample(50, seed=3), law.sample(50, seed=3), law.sample(50, seed=4)
    assert a.shape == b.shape == (50, law.d)
    assert a.dtype == torch.float32
    assert torch.equal(a, c)
    assert not torch.equal(a, e)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: BivariateGaussian(1.0), "rho = 1.0, wanted -1 < rho < 1"),
        (lambda: BivariateGaussian("high"), "rho = 'high'"),
        (lambda: MixedGaussian(float("nan")), "rho = nan"),
        (lambda: CorrelatedGaussian(0.5, 0), "d = 0"),
        (lambda: CorrelatedGaussian.with_information(-1), "nats = -1"),
        (lambda: AdditiveNoise("cube"), "one of: x, x\\^3, sin x"),
        (lambda: AdditiveNoise("x", 0), "sigma = 0"),
        (lambda: BivariateGaussian(0.5).sample(0), "n = 0"),
        (lambda: BivariateGaussian(0.5).sample(2.5), "n = 2.5"),
        (lambda: BivariateGaussian(0.5).sample_product(-1), "n = -1"),
        (lambda: course_data(0), "n = 0"),
        (lambda: CorrelatedGaussian(0.5, 2).log_ratio([1.0], [1.0]), "wanted 2 each"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()
