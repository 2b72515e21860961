"""What chapter 8 claims: exactly on rational tables, by quadrature on densities, bounds by a search for a violation."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from exact_information import Logs, divergence, information, log, product, push, table
from scipy.integrate import quad
from scipy.stats import norm, uniform

from mi_lab import CorrelatedGaussian, MixedGaussian, load_run
from mi_lab.references import GaussianReference


def marginals(joint):
    return push(joint, lambda x, y: x), push(joint, lambda x, y: y)


def score(t, p, q):
    """Return DV(t) = E_p t - log E_q e^t for tables p, q and a critic t: outcome -> number."""
    return sum(float(m) * t[k] for k, m in p.items()) - math.log(sum(float(m) * math.exp(t[k]) for k, m in q.items()))


def tilted(t, q):
    """Return the law that the critic guesses, proportional to q e^t."""
    mass = {k: float(m) * math.exp(t[k]) for k, m in q.items()}
    total = sum(mass.values())
    return {k: m / total for k, m in mass.items()}


def real_divergence(p, q):
    return sum(float(m) * math.log(float(m) / float(q[k])) for k, m in p.items() if m)


@pytest.mark.ledger("eq-minee", "thm-minee")
def test_information_is_one_divergence_minus_two_whatever_the_product_reference():
    rng = np.random.default_rng(0)
    infinite = 0
    for _ in range(300):
        joint = table(rng, 3, 4, zeros=0.3)
        one, two = table(rng, 3, zeros=0.1), table(rng, 4, zeros=0.1)
        d_xy, (px, py) = divergence(joint, product(one, two)), marginals(joint)
        d_x, d_y = divergence(px, one), divergence(py, two)
        if math.inf in (d_x, d_y):  # the theorem's condition fails, and then the joint divergence is infinite too
            infinite += 1
            assert d_xy == math.inf
        else:
            assert d_xy == information(joint) + d_x + d_y
            assert information(joint) == d_xy - d_x - d_y
    assert 20 < infinite < 280


@pytest.mark.ledger("eq-minee", "thm-minee")
@pytest.mark.parametrize("k", [2, 16, 256])
def test_both_sides_grow_together_where_the_information_is_infinite(k):
    """X = Y uniform, seen through k cells: I = log k, against a reference with finite marginal divergences."""
    joint = {(i, i): Fraction(1, k) for i in range(k)}
    tilt = {i: Fraction(2 * (i + 1), k * (k + 1)) for i in range(k)}
    d = divergence({i: Fraction(1, k) for i in range(k)}, tilt)
    assert divergence(joint, product(tilt, tilt)) == log(Fraction(k)) + 2 * d
    assert float(d) < 1 - math.log(2) + 0.01  # E[-log 2U] = 1 - log 2: finite, however fine the cells


@pytest.mark.ledger("eq-minee-inf", "cor-minee-inf")
def test_no_product_reference_goes_below_the_information():
    rng = np.random.default_rng(1)
    for _ in range(300):
        joint = table(rng, 3, 3, zeros=0.2)
        one, two = table(rng, 3, zeros=0.2), table(rng, 3, zeros=0.2)
        px, py = marginals(joint)
        truth, d = information(joint), divergence(joint, product(one, two))
        assert divergence(joint, product(px, py)) == truth
        assert d == math.inf or (one, two) == (px, py) or float(d - truth) > 0
    # no search by hand either: softmax references, many small steps from the minimum
    joint = table(rng, 3, 3)
    px, py = ({k: float(v) for k, v in m.items()} for m in marginals(joint))
    for _ in range(200):
        a, b = rng.normal(scale=1e-2, size=(2, 3))
        one, two = tilted(dict(enumerate(a)), px), tilted(dict(enumerate(b)), py)
        assert real_divergence(joint, product(one, two)) > float(information(joint)) - 1e-12


@pytest.mark.ledger("eq-minee-uniform")
@pytest.mark.parametrize(
    ("law", "low", "high"),
    [(norm(0, 1), -9, 9), (norm(1, 0.2), -2, 4), (uniform(0, 0.5), -1, 1), (uniform(0, 3), 0, 3)],
)
def test_a_uniform_reference_measures_the_entropy(law, low, high):
    inside = law.cdf(high) - law.cdf(low)
    assert inside == pytest.approx(1, abs=1e-15)
    a, b = max(low, law.support()[0]), min(high, law.support()[1])
    d, error = quad(lambda x: law.pdf(x) * math.log(law.pdf(x) * (high - low)), a, b, limit=200, points=[law.mean()])
    assert d == pytest.approx(math.log(high - low) - law.entropy(), abs=1e-8 + error)


@pytest.mark.ledger("eq-minee-uniform")
def test_a_box_that_misses_a_little_mass_is_infinitely_far():
    """Bounded critics k·1(outside the box) score k times the missed mass, without bound."""
    missed = 2 * norm.sf(3)
    scores = [k * missed - math.log(1.0) for k in (1e2, 1e4, 1e6)]
    assert missed > 0
    assert scores[-1] > 1000
    assert divergence({0: Fraction(999, 1000), 1: Fraction(1, 1000)}, {0: Fraction(1), 1: Fraction(0)}) == math.inf


@pytest.mark.ledger("eq-minee-gaussian")
@pytest.mark.parametrize("d", [1, 6])
@pytest.mark.parametrize("s", [0.7, 1.0, 1.5, 3.0])
def test_divergence_from_a_wide_gaussian(s, d):
    normal, eye = torch.distributions.MultivariateNormal, torch.eye(d, dtype=torch.float64)
    kl = torch.distributions.kl_divergence(normal(0 * eye[0], eye), normal(0 * eye[0], s**2 * eye))
    assert d * (math.log(s) + 1 / (2 * s**2) - 0.5) == pytest.approx(float(kl), abs=1e-12)


@pytest.mark.ledger("eq-minee-width", "eq-minee")
@pytest.mark.parametrize(("s", "d"), [(1.0, 6), (1.5, 1), (1.5, 6), (3.0, 6)])
def test_the_joint_divergence_grows_with_width_and_dimension(s, d):
    rho, eye = 0.9, torch.eye(d, dtype=torch.float64)
    cov = torch.cat([torch.cat([eye, rho * eye], 1), torch.cat([rho * eye, eye], 1)])
    normal, zero = torch.distributions.MultivariateNormal, torch.zeros(2 * d, dtype=torch.float64)
    kl = torch.distributions.kl_divergence(normal(zero, cov), normal(zero, s**2 * torch.eye(2 * d).double()))
    truth = CorrelatedGaussian(rho, d).mutual_information
    assert truth + 2 * d * (math.log(s) + 1 / (2 * s**2) - 0.5) == pytest.approx(float(kl), abs=1e-10)


@pytest.mark.ledger("eq-minee-fit", "prop-minee-fit")
def test_references_differ_by_the_likelihood_of_the_marginals():
    rng = np.random.default_rng(2)
    for _ in range(100):
        joint = table(rng, 3, 3, zeros=0.2)
        pairs = [(table(rng, 3), table(rng, 3)) for _ in range(2)]

        def loglik(one, two, joint=joint):
            return sum((m * (log(one[x]) + log(two[y])) for (x, y), m in joint.items() if m), Logs())

        gap = divergence(joint, product(*pairs[0])) - divergence(joint, product(*pairs[1]))
        assert gap == loglik(*pairs[1]) - loglik(*pairs[0])


@pytest.mark.ledger("eq-minee-fit", "prop-minee-fit")
def test_the_fitted_gaussian_is_the_nearest_of_its_family():
    """The mixture's marginals are standard Gaussians: no other mean and width comes nearer than (0, 1)."""
    m, s = sp.symbols("m s", positive=True)
    d = sp.log(s) + (1 + m**2) / (2 * s**2) - sp.Rational(1, 2)
    assert sp.simplify(sp.diff(d, m).subs({m: 0, s: 1})) == 0
    assert sp.simplify(sp.diff(d, s).subs({m: 0, s: 1})) == 0
    x, y = MixedGaussian(0.9).sample(40_000, seed=3)
    mean, root = GaussianReference.fitted(x, y).first
    assert float(mean[0]) == pytest.approx(0, abs=5 / 200)  # standard error 1/200
    assert abs(float(root[0, 0])) == pytest.approx(1, abs=5 / 200 / math.sqrt(2))


@pytest.mark.ledger("eq-minee-error", "prop-minee-error")
def test_the_error_is_two_gaps_minus_one_and_takes_either_sign():
    rng = np.random.default_rng(4)
    signs = set()
    for _ in range(300):
        joint, one, two = table(rng, 3, 3), table(rng, 3), table(rng, 3)
        (px, py), both = marginals(joint), product(one, two)
        t = {k: rng.normal() for k in joint}
        t_x, t_y = (dict(enumerate(rng.normal(size=3))) for _ in range(2))
        error = score(t, joint, both) - score(t_x, px, one) - score(t_y, py, two) - float(information(joint))
        gaps = [real_divergence(p, tilted(c, q)) for p, c, q in ((px, t_x, one), (py, t_y, two), (joint, t, both))]
        assert min(gaps) >= -1e-12
        assert error == pytest.approx(gaps[0] + gaps[1] - gaps[2], abs=1e-10)
        signs.add(error > 0)
    assert signs == {True, False}


@pytest.mark.ledger("prop-minee-error", "eq-minee-width")
def test_perfect_joint_critic_and_idle_marginal_critics_overshoot_by_both_marginal_divergences():
    s, d, n = 2.0, 6, 100_000
    law = CorrelatedGaussian(0.9, d)
    x, y = law.sample(n, seed=5)

    def log_reference(z):
        return -((z / s) ** 2 / 2 + math.log(s * math.sqrt(2 * math.pi))).sum(1)

    log_marginals = -((x**2 + y**2) / 2 + math.log(2 * math.pi)).sum(1)
    t = law.log_ratio(x, y) + log_marginals - log_reference(x) - log_reference(y)  # E_R e^t = 1: the score is E_P t
    expected = law.mutual_information + 2 * d * (math.log(s) + 1 / (2 * s**2) - 0.5)
    assert float(t.mean()) == pytest.approx(expected, abs=5 * float(t.std()) / math.sqrt(n))
    assert expected > law.mutual_information + 3.8


@pytest.mark.ledger("eq-minee-estimate")
def test_with_the_best_critics_the_estimate_comes_to_the_information():
    """Critics from the densities, ten batches: the mean lies within five standard errors, and a batch's bias, of I."""
    law, s, n, m = CorrelatedGaussian(0.8), 1.5, 2000, 20_000
    reference, values = GaussianReference.standard(factor=s), []

    def cost(z):
        return (math.log(s) - z**2 * (1 - 1 / s**2) / 2).sum(1)

    def sample_score(t, t_ref):
        return float(t.mean() - t_ref.double().exp().mean().log())

    for seed in range(10):
        x, y = law.sample(n, seed=seed)
        x_ref, y_ref = reference(x, y, torch.Generator().manual_seed(seed), m)
        t_x, t_y = (sample_score(cost(a), cost(b)) for a, b in ((x, x_ref), (y, y_ref)))
        joint = [law.log_ratio(a, b) + cost(a) + cost(b) for a, b in ((x, y), (x_ref, y_ref))]
        values.append(sample_score(*joint) - t_x - t_y)
    error = np.std(values, ddof=1) / math.sqrt(10)
    assert error < 0.02
    assert np.mean(values) == pytest.approx(law.mutual_information, abs=5 * error + 1e-3)


@pytest.mark.ledger("eq-minee-first-step")
def test_the_first_step_sees_the_difference_of_means():
    rng = np.random.default_rng(6)
    for _ in range(50):
        p, q, phi = table(rng, 6), table(rng, 6), dict(enumerate(rng.normal(size=6)))
        h = 1e-4
        slope = (score({k: h * v for k, v in phi.items()}, p, q) - score({k: -h * v for k, v in phi.items()}, p, q)) / (
            2 * h
        )
        means = [sum(float(m) * phi[k] for k, m in law.items()) for law in (p, q)]
        assert slope == pytest.approx(means[0] - means[1], abs=1e-6)


@pytest.mark.ledger("prop-minee-plateau", "eq-minee-moments")
def test_the_mixture_and_the_product_share_all_moments_of_order_three():
    """Moments of a Gaussian pair from its moment generating function, averaged over both signs of the correlation."""
    u, v, r = sp.symbols("u v r", real=True)
    mgf = sp.exp((u**2 + v**2) / 2 + r * u * v)

    def moment(a, b, rho):
        return sp.expand(sp.diff(mgf, u, a, v, b).subs({u: 0, v: 0}).subs(r, rho)) if a + b else sp.Integer(1)

    def mixture(a, b):
        return sp.simplify((moment(a, b, r) + moment(a, b, -r)) / 2)

    for order in range(4):
        for a in range(order + 1):
            assert mixture(a, order - a) == moment(a, order - a, 0)
    differing = {(a, 4 - a): mixture(a, 4 - a) - moment(a, 4 - a, 0) for a in range(5)}
    assert {k for k, gap in differing.items() if gap != 0} == {(2, 2)}
    assert sp.simplify(differing[2, 2] - 2 * r**2) == 0


@pytest.mark.ledger("prop-minee-memorise", "eq-minee-memorise")
def test_a_critic_that_memorises_scores_without_bound():
    """Against the uniform law on (0, 1): c near the samples, 0 elsewhere, and an exact second expectation."""
    z = np.random.default_rng(7).random(50)
    values = []
    for c in (1, 5, 20, 80):
        radius = math.exp(-c) / (2 * len(z))
        edges = np.clip(np.stack([z - radius, z + radius], 1), 0, 1)[np.argsort(z)]
        mass, end = 0.0, 0.0
        for a, b in edges:  # the length of a union of intervals
            mass, end = mass + max(0.0, b - max(a, end)), max(b, end)
        assert mass <= math.exp(-c) * (1 + 1e-9)
        value = c - math.log1p(mass * math.expm1(c))
        assert value > c - 1
        values.append(value)
    assert values[-1] > 79


@pytest.mark.ledger("eq-minee-variance")
def test_resolving_the_best_critic_takes_exponentially_many_references():
    rng = np.random.default_rng(8)
    for _ in range(200):
        p, q = table(rng, 5, zeros=0.2), table(rng, 5)
        ratio = {k: p[k] / q[k] for k in q}
        variance = sum(q[k] * (ratio[k] - 1) ** 2 for k in q)
        assert variance == sum(p[k] * ratio[k] for k in p) - 1
        assert float(variance) >= math.expm1(float(divergence(p, q))) - 1e-12


def test_the_race_was_run_on_eight_data_sets_and_mi_nee_needs_at_most_half_of_the_steps():
    """What chapter 8 quotes: the medians over the seeds that the file holds."""
    runs, median = load_run("minee-arrival")["runs"], {}
    for method in ("mi-nee", "mine"):
        steps = {r["seed"]: r["reached_90_percent"] or math.inf for r in runs if r["method"] == method}
        assert sorted(steps) == list(range(8))
        median[method] = np.median(list(steps.values()))
    assert median["mi-nee"] <= median["mine"] / 2


@pytest.mark.ledger("eq-minee-resolved")
def test_both_sets_of_samples_together_find_the_second_expectation():
    """On a table the mean of the right side is E_P' e^t exactly, however few references; and its noise is smaller."""
    rng = np.random.default_rng(9)
    for _ in range(50):
        p, q = table(rng, 5, zeros=0.2), table(rng, 5)
        n, n_ref = (int(k) for k in rng.integers(1, 9, 2))
        e_t = {k: Fraction(int(rng.integers(1, 1000)), 7) for k in q}
        weighted = {k: e_t[k] / (n * p[k] / q[k] + n_ref) for k in q}
        mean = n * sum(p[k] * weighted[k] for k in q) + n_ref * sum(q[k] * weighted[k] for k in q)
        assert mean == sum(q[k] * e_t[k] for k in q)
    # a wide Gaussian reference, its best critic times 1.1: 200 references alone are far noisier than both sets together
    law, s, n = CorrelatedGaussian(0.9, 2), 1.5, 200
    alone, together = [], []

    def log_ratio(x, y):
        cost = sum((math.log(s) - z**2 * (1 - 1 / s**2) / 2).sum(1) for z in (x, y))
        return (law.log_ratio(x, y) + cost).double()

    for seed in range(300):
        x, y = law.sample(n, seed=seed)
        x_ref, y_ref = s * torch.randn(2, n, 2, generator=torch.Generator().manual_seed(seed))
        data, ref = log_ratio(x, y), log_ratio(x_ref, y_ref)
        alone.append(float((1.1 * ref).exp().mean()))
        both = torch.cat([data, ref])
        together.append(float(((1.1 * both).exp() / (n * both.exp() + n)).sum()))
    assert np.std(together) < np.std(alone) / 3


@pytest.mark.ledger("eq-minee-scatter")
@pytest.mark.parametrize("s", [1.0, 1.5, 3.0])
def test_the_scatter_of_the_log_ratio(s):
    rho, d, n = 0.9, 6, 40_000
    law = CorrelatedGaussian(rho, d)
    x, y = law.sample(n, seed=10)
    cost = sum((math.log(s) - z**2 * (1 - 1 / s**2) / 2).sum(1) for z in (x, y))
    t = (law.log_ratio(x, y) + cost).double()
    variance = d / 2 * ((1 - (1 + rho) / s**2) ** 2 + (1 - (1 - rho) / s**2) ** 2)
    noise = float(((t - t.mean()) ** 2).std()) / math.sqrt(n)
    assert float(t.var()) == pytest.approx(variance, abs=4 * noise)
    mean = law.mutual_information + 2 * d * (math.log(s) + 1 / (2 * s**2) - 0.5)
    assert float(t.mean()) == pytest.approx(mean, abs=4 * float(t.std()) / math.sqrt(n))


def test_the_score_of_a_scaled_gaussian_critic():
    """The closed form that the slider of chapter 8 draws, against quadrature."""
    for variance, s, share in ((0.1, 2.0, 0.3), (1.9, 2.0, 0.6), (1.0, 1.5, 1.0)):
        q, p, r = variance / s**2, norm(0, math.sqrt(variance)), norm(0, s)
        log_ratio = lambda z, p=p, r=r: p.logpdf(z) - r.logpdf(z)  # noqa: E731
        first = quad(lambda z: p.pdf(z) * log_ratio(z), -12, 12)[0]  # noqa: B023
        second = quad(lambda z: r.pdf(z) * math.exp(share * log_ratio(z)), -30, 30, limit=200)[0]  # noqa: B023
        divergence = (q - 1 - math.log(q)) / 2
        log_mean = -(share * math.log(q) + math.log(share / q + 1 - share)) / 2
        assert share * divergence - log_mean == pytest.approx(share * first - math.log(second), abs=1e-6)


def test_widths_and_what_becomes_of_the_estimate():
    """What chapter 8 says of its runs: held up to 1.25, fallen at 1.5 and 2, and far above the resolved value at 3."""
    ends = {}
    for r in load_run("minee-width")["runs"]:
        ends.setdefault(r["width"], []).append((r["held_out"][-1], r["resolved"][-1]))
    ends = {w: np.mean(v, 0) for w, v in ends.items()}
    truth = CorrelatedGaussian(0.9, 6).mutual_information
    assert all(0.2 < truth - ends[w][0] < 0.7 for w in (1.0, 1.25))
    assert ends[1.5].max() < truth - 1
    assert ends[2.0].max() < 0
    assert ends[3.0][0] > truth > 0 > ends[3.0][1]
