"""Chapter 4, statement by statement: exactly on finite alphabets, by quadrature, bounds by random search."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import binom, multivariate_normal

from mi_lab import BivariateGaussian


def laws(rng, k=5, holes=False):
    """Two laws on k points; with holes, the joint misses a point that the reference has."""
    p, q = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k))
    if holes:
        p[0] = 0
        p /= p.sum()
    return p, q


def divergence(p, q):
    """D(p||q) in nats, by definition."""
    if np.any((q == 0) & (p > 0)):
        return math.inf
    on = p > 0
    return float(p[on] @ np.log(p[on] / q[on]))


def score(t, p, q):
    on = p > 0  # a critic may be -inf where the joint has no mass
    return float(p[on] @ t[on] - logsumexp(t, b=q))


@pytest.mark.ledger("eq-dv-divergence")
def test_divergence_is_the_mean_log_ratio_under_the_joint_and_is_infinite_off_support():
    third, half = Fraction(1, 3), Fraction(1, 2)
    p, q = [half, half, 0], [third, third, third]
    exact = sum(sp.Rational(a) * sp.log(sp.Rational(a) / sp.Rational(b)) for a, b in zip(p, q, strict=True) if a)
    assert sp.simplify(exact - sp.log(sp.Rational(3, 2))) == 0
    assert divergence(np.array(p, float), np.array(q, float)) == pytest.approx(math.log(1.5), abs=1e-15)
    assert divergence(np.array(q, float), np.array(p, float)) == math.inf
    law = BivariateGaussian(0.8)  # the same mean by quadrature, on a continuous law, in coordinates u, v = (x ± y)/√2
    r = 0.8

    moments = [quad(lambda u, s=s: u**2 * math.exp(-(u**2) / (2 * s)) / math.sqrt(2 * math.pi * s), -40, 40)[0]
               for s in (1 + r, 1 - r)]  # fmt: skip
    mean_log_ratio = law.mutual_information + r / 2 * (moments[0] / (1 + r) - moments[1] / (1 - r))
    assert mean_log_ratio == pytest.approx(-0.5 * math.log(1 - r**2), abs=1e-9)


@pytest.mark.ledger("eq-log-inequality")
def test_logarithm_lies_below_its_tangent_at_one():
    u = sp.symbols("u", positive=True)
    gap = u - 1 - sp.log(u)
    assert sp.solve(sp.diff(gap, u), u) == [1]  # one stationary point, a minimum, with value 0
    assert sp.simplify(sp.diff(gap, u, 2) - 1 / u**2) == 0
    assert gap.subs(u, 1) == 0


@pytest.mark.ledger("thm-dv-guess", "eq-dv-guess")
@pytest.mark.parametrize("holes", [False, True])
def test_guess_falls_short_by_its_divergence(holes):
    rng = np.random.default_rng(0)
    for _ in range(300):
        p, ref = laws(rng, holes=holes)
        guess = rng.dirichlet(np.full(5, 0.3))
        on = p > 0
        value = p[on] @ np.log(guess[on] / ref[on])
        assert divergence(p, ref) - value == pytest.approx(divergence(p, guess), abs=1e-10)
        assert value <= divergence(p, ref) + 1e-12
    # a guess that leaves out a letter of the joint scores -infinity, and so is its divergence
    assert divergence(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == math.inf
    # the maximum is attained at the joint
    assert p[on] @ np.log(p[on] / ref[on]) == pytest.approx(divergence(p, ref), abs=1e-12)


@pytest.mark.ledger("eq-dv-tilt", "eq-dv-change")
def test_score_of_a_critic_is_the_score_of_its_tilted_law():
    a, b, c = sp.symbols("a b c", real=True)  # exactly, for every critic (a, b, c) on three letters
    p, ref = sp.Matrix([1, 2, 3]) / 6, sp.Matrix([1, 1, 2]) / 4
    t = sp.Matrix([a, b, c])
    mean = sum(ref[i] * sp.exp(t[i]) for i in range(3))
    tilted = [ref[i] * sp.exp(t[i]) / mean for i in range(3)]
    assert sp.simplify(sum(tilted) - 1) == 0
    guess = sum(p[i] * (t[i] - sp.log(mean)) for i in range(3))  # log q_t = t - log E' e^t
    assert sp.simplify(guess - (sum(p[i] * t[i] for i in range(3)) - sp.log(mean))) == 0
    q = [float(x.subs({a: 0.3, b: -1, c: 2})) for x in tilted]
    p_, ref_ = np.array(p, float).ravel(), np.array(ref, float).ravel()
    assert p_ @ np.log(np.array(q) / ref_) == pytest.approx(score(np.array([0.3, -1, 2.0]), p_, ref_), abs=1e-12)


@pytest.mark.ledger("thm-dv", "eq-dv")
def test_no_critic_beats_the_divergence_and_clipped_log_ratios_reach_it():
    rng = np.random.default_rng(1)
    for _ in range(200):
        p, ref = laws(rng, holes=True)
        d = divergence(p, ref)
        for scale in (0.1, 1, 10):
            assert score(scale * rng.standard_normal(5), p, ref) <= d + 1e-12
        with np.errstate(divide="ignore"):
            log_ratio = np.log(p / ref)
        gaps = [d - score(np.clip(log_ratio, -k, k), p, ref) for k in (1, 5, 40)]
        assert gaps[2] == pytest.approx(0, abs=1e-10)
        assert min(gaps) > -1e-12


@pytest.mark.ledger("thm-dv")
def test_score_is_unbounded_when_the_joint_leaves_the_reference():
    p, ref = np.array([0.2, 0.8]), np.array([0.0, 1.0])
    assert divergence(p, ref) == math.inf
    for k in (1.0, 100.0, 10_000.0):
        assert score(np.array([k, 0.0]), p, ref) == pytest.approx(0.2 * k)


@pytest.mark.ledger("prop-dv-continuous")
def test_continuous_critics_reach_the_score_of_a_step():
    # P uniform on [0, 1], P' uniform on [-1, 1]: log-ratio log 2 on [0, 1], -inf else, D = log 2.
    # Continuous critics: -k left of -1/k, 0 on [0, 1], a line between.
    scores = []
    for k in (2, 10, 100, 1000):
        ramp = (1 - math.exp(-k)) / k  # integral of the exponential of the line over (-1/k, 0), divided by its length
        mean = 0.5 + 0.5 * (ramp / k + (1 - 1 / k) * math.exp(-k))
        line = quad(lambda z, k=k: math.exp(k**2 * z), -1 / k, 0)[0]
        assert line == pytest.approx(ramp / k, rel=1e-6)
        scores.append(0 - math.log(mean))
    assert all(a < b < math.log(2) for a, b in zip(scores, scores[1:], strict=False))
    assert scores[-1] == pytest.approx(math.log(2), abs=2e-6)


@pytest.mark.ledger("prop-dv-continuous")
def test_any_step_is_approached_at_the_rate_of_the_proof():
    """Laws with a constant density on each of five intervals, a step critic |t| <= k, and ramps of width w for it."""
    rng, k = np.random.default_rng(5), 2.0
    edges = np.linspace(0, 1, 6)
    for _ in range(100):
        p, ref = laws(rng)
        t, slopes = rng.uniform(-k, k, 5), []
        for w in (0.1, 0.001):
            z = np.r_[0, (edges[1:-1, None] + w / 2 * np.array([-1, 0, 1])).ravel(), 1]
            s = np.interp(z, np.r_[0, (edges[1:-1, None] + w / 2 * np.array([-1, 1])).ravel(), 1], t.repeat(2))
            cell, width, a, b = np.searchsorted(edges, (z[1:] + z[:-1]) / 2) - 1, np.diff(z), s[:-1], s[1:]
            density = 5 * np.stack([p, ref])[:, cell] * width  # the mass of each piece, under both laws
            of_exp = np.exp((a + b) / 2) * np.sinc((b - a) / 2j / np.pi).real  # mean of exp on a line from a to b
            means = np.array([density[0] @ ((a + b) / 2), density[1] @ of_exp])
            gap = means[0] - math.log(means[1]) - score(t, p, ref)
            unlike = 4 * w * 5 * (p.max() + ref.max())  # at least P(s ≠ t) + P'(s ≠ t)
            assert abs(gap) <= 2 * k * unlike + 2 * math.exp(2 * k) * unlike
            slopes.append((means - [p @ t, ref @ np.exp(t)]) / w)
        # both expectations differ from the step's by a multiple of w, so the score tends to the step's
        np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-9, atol=1e-11)  # rounding, divided by w


@pytest.mark.ledger("prop-dv-concave")
def test_score_is_concave():
    rng = np.random.default_rng(2)
    for _ in range(500):
        p, ref = laws(rng)
        s, t, lam = rng.normal(size=5) * 3, rng.normal(size=5) * 3, rng.random()
        mixed = score(lam * s + (1 - lam) * t, p, ref)
        assert mixed >= lam * score(s, p, ref) + (1 - lam) * score(t, p, ref) - 1e-12


@pytest.mark.ledger("thm-dv-optimum", "eq-dv-gap", "eq-dv-optimum")
def test_gap_is_a_divergence_and_only_shifted_log_ratios_close_it():
    rng = np.random.default_rng(3)
    for _ in range(300):
        p, ref = laws(rng)
        t = rng.normal(size=5) * 2
        tilted = ref * np.exp(t) / (ref @ np.exp(t))
        gap = divergence(p, ref) - score(t, p, ref)
        assert gap == pytest.approx(divergence(p, tilted), abs=1e-10)
        assert score(t + rng.normal() * 10, p, ref) == pytest.approx(score(t, p, ref), abs=1e-10)
        best = np.log(p / ref) + rng.normal() * 10
        assert score(best, p, ref) == pytest.approx(divergence(p, ref), abs=1e-10)
        bent = best + np.array([0.1, 0, 0, 0, 0])  # anything but a constant costs
        assert score(bent, p, ref) < divergence(p, ref) - 1e-8


@pytest.mark.ledger("eq-dv-quadratic")
def test_quadratic_critics():
    a, b, rho = sp.symbols("a b rho", real=True)
    value = a * rho - b + sp.log((1 + b) ** 2 - a**2) / 2
    best = {a: rho / (1 - rho**2), b: rho**2 / (1 - rho**2)}
    assert all(sp.simplify(sp.diff(value, w).subs(best)) == 0 for w in (a, b))
    top = sp.simplify(sp.exp(2 * value.subs(best)) - 1 / (1 - rho**2))
    assert sp.simplify(top) == 0
    # E' e^t by quadrature along u, v = (x ± y)/√2, independent standard Gaussians under the reference
    for a_, b_ in [(0.4, 0.3), (-1.0, 0.5), (1.2, 2.0)]:
        mean = math.prod(
            quad(lambda u, c=c: math.exp(c * u**2 / 2 - u**2 / 2) / math.sqrt(2 * math.pi), -60, 60)[0]
            for c in (a_ - b_, -a_ - b_)
        )
        for r in (-0.5, 0.9):
            direct = a_ * r - b_ - math.log(mean)
            assert direct == pytest.approx(float(value.subs({a: a_, b: b_, rho: r})), abs=1e-8)
    # the best of them is the log-ratio of the law
    x, y = torch.tensor([[0.3], [-1.0], [2.0]]), torch.tensor([[1.0], [0.5], [-2.0]])
    law, cov = BivariateGaussian(0.7), [[1, 0.7], [0.7, 1]]
    t = (0.7 * x * y - 0.49 * (x**2 + y**2) / 2) / (1 - 0.49)
    xy = torch.cat([x, y], 1).numpy()
    ratio = multivariate_normal([0, 0], cov).logpdf(xy) - multivariate_normal([0, 0], np.eye(2)).logpdf(xy)
    np.testing.assert_allclose(t[:, 0] + law.mutual_information, ratio, atol=1e-5)
    np.testing.assert_allclose(law.log_ratio(x, y), ratio, atol=1e-5)


@pytest.mark.ledger("eq-dv-sample")
def test_sample_score_is_the_score_of_the_two_empirical_laws():
    rng = np.random.default_rng(4)
    t = rng.normal(size=5)
    p, ref = laws(rng)
    z, z_ref = rng.choice(5, 400, p=p), rng.choice(5, 300, p=ref)
    value = t[z].mean() - math.log(np.exp(t[z_ref]).mean())
    empirical = [np.bincount(s, minlength=5) / len(s) for s in (z, z_ref)]
    assert value == pytest.approx(score(t, *empirical), abs=1e-12)
    # and it converges: the error at a million samples is within 5 standard errors (delta method)
    n = 10**6
    z, z_ref = rng.choice(5, n, p=p), rng.choice(5, n, p=ref)
    w = np.exp(t)
    se = math.sqrt((p @ t**2 - (p @ t) ** 2 + (ref @ w**2) / (ref @ w) ** 2 - 1) / n)
    assert abs(t[z].mean() - math.log(w[z_ref].mean()) - score(t, p, ref)) < 5 * se


@pytest.mark.ledger("prop-dv-without-log", "eq-dv-without-log")
def test_without_its_log_the_formula_loses_one_nat():
    rng = np.random.default_rng(5)
    for _ in range(300):
        p, ref = laws(rng)
        d = divergence(p, ref)
        for scale in (0.1, 1, 3):
            t = scale * rng.normal(size=5)
            assert p @ t - ref @ np.exp(t) <= d - 1 + 1e-12
        best = np.log(p / ref)
        assert p @ best - ref @ np.exp(best) == pytest.approx(d - 1, abs=1e-12)
        shifted = best + 0.3  # here the constant matters
        assert p @ shifted - ref @ np.exp(shifted) < d - 1 - 0.01


@pytest.mark.ledger("lem-logsumexp", "eq-logsumexp")
def test_log_mean_exp():
    rng = np.random.default_rng(6)
    for scale in (0.1, 1, 30):
        t = scale * rng.normal(size=50)
        direct, m = math.log(np.exp(t).mean()), t.max()
        assert m + math.log(np.exp(t - m).mean()) == pytest.approx(direct, abs=1e-12)
        assert max(m - math.log(50), t.mean()) - 1e-12 <= direct <= m + 1e-12
    spike = np.array([0.0] + [-1e9] * 49)  # both bounds are sharp
    assert logsumexp(spike) - math.log(50) == pytest.approx(0 - math.log(50))
    assert logsumexp(np.full(50, 3.0)) - math.log(50) == pytest.approx(3.0)
    big = torch.tensor([100.0, 99.0, 0.0])
    assert torch.isinf(big.exp().mean().log())
    assert torch.logsumexp(big, 0).item() == pytest.approx(100 + math.log1p(math.exp(-1)), abs=1e-5)


def exact_bias(w, q, n):
    """E[-log M] for n independent two-valued weights w (mean 1, first value with probability q): a binomial sum."""
    hits = np.arange(n + 1)
    return -binom.pmf(hits, n, q) @ np.log((hits * w[0] + (n - hits) * w[1]) / n)


@pytest.mark.ledger("prop-dv-bias", "eq-dv-jensen", "eq-dv-bias")
def test_sample_score_is_biased_upwards_at_the_stated_rate():
    rng = np.random.default_rng(7)
    for _ in range(20):
        t, q = 2 * rng.normal(size=2), rng.uniform(0.1, 0.9)
        w = np.exp(t) / (q * math.exp(t[0]) + (1 - q) * math.exp(t[1]))
        var = q * w[0] ** 2 + (1 - q) * w[1] ** 2 - 1
        biases = {n: exact_bias(w, q, n) for n in (1, 2, 10, 1000, 10_000, 100_000)}
        assert all(b > 0 for b in biases.values())
        errors = [abs(n * biases[n] - var / 2) for n in (1000, 10_000, 100_000)]
        # the next term is of order 1/n: ten times the samples, a tenth of the error
        assert errors[2] < 0.15 * errors[1] + 1e-6
        assert errors[2] < 0.01 * max(var, 1e-3)


@pytest.mark.ledger("prop-dv-bias")
def test_bias_needs_only_equal_laws_not_independence_and_vanishes_for_constants():
    # all z'_j equal: M = W_1, bias E[-log W] = log E e^t - E t, still at least 0
    t, q = np.array([1.0, -1.0]), 0.3
    dependent = math.log(q * math.exp(1) + (1 - q) * math.exp(-1)) - (q * t[0] + (1 - q) * t[1])
    assert dependent > exact_bias(np.exp(t) / (q * math.exp(1) + (1 - q) * math.exp(-1)), q, 5) > 0
    assert exact_bias(np.ones(2), 0.3, 7) == pytest.approx(0, abs=1e-12)


@pytest.mark.ledger("prop-dv-bias")
def test_bias_of_the_best_critic_is_half_of_chi_squared_which_grows_like_the_exponential_of_the_divergence():
    rng = np.random.default_rng(8)
    for _ in range(300):
        p, ref = laws(rng)
        r = p / ref
        chi2 = ref @ (r - 1) ** 2
        assert chi2 == pytest.approx(p @ r - 1, abs=1e-10)
        assert chi2 >= math.expm1(divergence(p, ref)) - 1e-12
    rho = sp.symbols(
        "rho", positive=True
    )  # Gaussian pairs: E' r² = E r = (1/(1-ρ²)) by eq-dv-quadratic at twice the log-ratio
    a, b = 2 * rho / (1 - rho**2), 2 * rho**2 / (1 - rho**2)
    second_moment = 1 / (1 - rho**2) / sp.sqrt((1 + b) ** 2 - a**2)
    assert sp.simplify(second_moment.subs(rho, sp.Rational(3, 5)) - 1 / (1 - sp.Rational(9, 25))) == 0
    assert sp.simplify(second_moment.subs(rho, sp.Rational(4, 5)) - 1 / (1 - sp.Rational(16, 25))) == 0


def two_terms(t, p, q, n, repeats, rng):
    """Sample scores of a critic on a finite alphabet, both samples of size n: (repeats,)."""
    first = rng.multinomial(n, p, repeats) / n @ t
    return first - np.log(rng.multinomial(n, q, repeats) / n @ np.exp(t))


@pytest.mark.ledger("prop-dv-spread", "eq-dv-spread")
def test_sample_score_scatters_as_stated():
    rng, repeats, n = np.random.default_rng(11), 40_000, 20_000
    for _ in range(5):
        p, q = laws(rng)
        t = rng.normal(size=5)
        w = np.exp(t)
        stated = p @ t**2 - (p @ t) ** 2 + (q @ w**2) / (q @ w) ** 2 - 1
        found = n * two_terms(t, p, q, n, repeats, rng).var()
        # a variance of Gaussians has the relative standard error √(2/repeats); the next order is of size 1/n
        assert found == pytest.approx(stated, rel=5 * math.sqrt(2 / repeats) + 50 / n)
        r = p / q
        best = p @ np.log(r) ** 2 - (p @ np.log(r)) ** 2 + q @ r**2 - 1
        assert best >= math.expm1(divergence(p, q)) - 1e-12
    # for Gaussian pairs: ρ² + ρ²/(1-ρ²), the first term a moment of two independent Gaussians, the second E' r² - 1
    law = BivariateGaussian(0.5)
    t, t_ref = (law.log_ratio(*z).double().numpy() for z in (law.sample(10**6, 1), law.sample_product(10**6, 2)))
    second = np.exp(t_ref)
    for seen, stated in ((t, 0.25), (second, 0.25 / 0.75)):
        deviation = (seen - seen.mean()) ** 2
        assert abs(deviation.mean() - stated) < 5 * deviation.std() / 1000


@pytest.mark.ledger("eq-dv-moments")
def test_moments_of_the_gaussian_ratio_and_where_they_end():
    rho, s = sp.symbols("rho s", real=True)
    a, b = rho / (1 - rho**2), rho**2 / (1 - rho**2)
    inside = (1 + s * b) ** 2 - s**2 * a**2  # of eq-dv-quadratic, whose two conditions are 1 + sb > ±sa
    assert sp.simplify(inside - (1 - (s - 1) ** 2 * rho**2) / (1 - rho**2)) == 0

    def by_quadrature(r, power):
        rates = [1 + power * (r**2 + sign * r) / (1 - r**2) for sign in (1, -1)]
        assert (min(rates) > 0) == (abs(power - 1) * abs(r) < 1)  # an integral of e^(-rate u²/2): finite if rate > 0
        if min(rates) <= 0:
            return math.inf
        ends = [12 / math.sqrt(rate) for rate in rates]
        parts = [quad(lambda u, v=v: math.exp(-v * u**2 / 2), -end, end)[0] for v, end in zip(rates, ends, strict=True)]
        return (1 - r**2) ** (-power / 2) * math.prod(parts) / (2 * math.pi)

    for r in (-0.9, -0.3, 0.4, 0.6, 0.879):
        for power in (-3.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.05, 3.0, 4.0, 6.0):
            tail = 1 - (power - 1) ** 2 * r**2
            stated = (1 - r**2) ** ((1 - power) / 2) / math.sqrt(tail) if tail > 0 else math.inf
            assert by_quadrature(r, power) == pytest.approx(stated, rel=1e-6)
    # the consequences: third moments below 1/2, fourth below 1/3
    for power, most in ((3, 1 / 2), (4, 1 / 3)):
        assert math.isfinite(by_quadrature(most - 0.01, power))
        assert math.isinf(by_quadrature(most + 0.01, power))


@pytest.mark.ledger("eq-dv-moments")
def test_a_variance_estimated_from_heavy_tails_is_usually_too_small():
    rng, law = np.random.default_rng(12), BivariateGaussian(0.879)
    x, y = (rng.standard_normal((500, 1000)) for _ in range(2))
    r = law.rho
    ratio = np.exp(law.mutual_information - (r**2 * (x**2 + y**2) - 2 * r * x * y) / (2 * (1 - r**2)))
    low = (ratio.var(1) < math.expm1(2 * law.mutual_information)).mean()
    assert low - 5 * math.sqrt(low * (1 - low) / 500) > 0.5


def test_batch_that_the_chapter_names_is_the_smallest():
    """K = 512 letters: the bias falls with n, is below a hundredth at 23,430 reference samples and not before."""

    def bias(n, K=512):
        w = [K * 0.95, K * 0.05 / (K - 1)]
        return exact_bias(w, 1 / K, n)

    coarse = [bias(n) for n in (1, 10, 100, 1000, 10_000, 30_000)]
    assert all(a > b for a, b in zip(coarse, coarse[1:], strict=False))
    assert bias(23_430) < 0.01 < bias(23_429)
