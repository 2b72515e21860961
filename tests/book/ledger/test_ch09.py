"""Chapter 9, statement by statement: on finite laws by enumeration, so that expectations are exact."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import logsumexp

from mi_lab import CorrelatedGaussian, load_run


def law(rng, rows=3, columns=4):
    """Return a joint table P (x down, y across), the product P', the ratio and the information."""
    joint = 0.02 + rng.dirichlet(np.full(rows * columns, 0.6)).reshape(rows, columns)
    joint /= joint.sum()
    product = joint.sum(1, keepdims=True) * joint.sum(0)
    return joint, product, joint / product, float((joint * np.log(joint / product)).sum())


def phi(u):
    return np.expm1(u) - u


def ba(t, p, q):
    """Return the bet's score for each y, averaged: E t - E log Z(Y)."""
    log_z = logsumexp(t, axis=0, b=q.sum(1, keepdims=True))
    return (p * t).sum() - (q.sum(0) * log_z).sum()


def tuba(t, a, p, q):
    return 1 + (p * (t - np.log(a))).sum() - (q * np.exp(t) / a).sum()


def dv(t, p, q):
    return (p * t).sum() - logsumexp(t, b=q)


def critics(rng, r, count=10):
    """Return critics near the best one and far from it."""
    return [np.log(r) + rng.normal(0, s, r.shape) for s in rng.choice([0.05, 0.5, 2.0], count)]


@pytest.mark.ledger("prop-bounds-ba", "eq-bounds-ba")
def test_the_gap_of_a_bet_is_the_mean_divergence_from_it():
    rng = np.random.default_rng(0)
    for _ in range(60):
        p, q, r, information = law(rng)
        for t in critics(rng, r):
            bet = q.sum(1, keepdims=True) * np.exp(t)
            bet /= bet.sum(0)  # Q_t(x|y)
            gap = (p * np.log(p / p.sum(0) / bet)).sum()
            assert information - ba(t, p, q) == pytest.approx(gap, abs=1e-10)
            assert gap >= -1e-12
        best = np.log(r) + rng.normal(0, 2, r.shape[1])  # a constant for each y
        assert ba(best, p, q) == pytest.approx(information, abs=1e-10)
        assert ba(best + np.eye(*r.shape), p, q) < information - 1e-4


@pytest.mark.ledger("eq-tuba", "thm-tuba", "eq-tuba-gap", "eq-tuba-order")
def test_three_normalisers_of_one_formula():
    rng = np.random.default_rng(1)
    for _ in range(60):
        p, q, r, information = law(rng)
        for t in critics(rng, r):
            z = (q.sum(1, keepdims=True) * np.exp(t)).sum(0)
            a = np.exp(rng.normal(0, 1, r.shape[1]))
            gap = (information - ba(t, p, q)) + (q.sum(0) * phi(np.log(z / a))).sum()
            assert information - tuba(t, a, p, q) == pytest.approx(gap, abs=1e-9)
            assert tuba(t, a, p, q) <= information + 1e-12
            assert tuba(t, z, p, q) == pytest.approx(ba(t, p, q), abs=1e-9)
            constant = (q * np.exp(t)).sum()
            assert tuba(t, constant, p, q) == pytest.approx(dv(t, p, q), abs=1e-9)
            for other in (constant * 0.9, constant * 1.1):
                assert tuba(t, other, p, q) < dv(t, p, q) - 1e-4
            nwj = (p * t).sum() - (q * np.exp(t - 1)).sum()
            assert tuba(t, math.e, p, q) == pytest.approx(nwj, abs=1e-9)
            assert nwj <= dv(t, p, q) + 1e-12 <= ba(t, p, q) + 2e-12 <= information + 3e-12
            assert tuba(t, a, p, q) == pytest.approx(tuba(t - np.log(a) + 1, math.e, p, q), abs=1e-9)  # NWJ(s + 1)
        assert tuba(np.log(r * a), a, p, q) == pytest.approx(information, abs=1e-10)
        assert tuba(np.log(r * a) + 0.1, a, p, q) < information - 1e-3


def means_and_variances(f, weights):
    """Return mean and variance of a function of a finite variable."""
    mean = (weights * f).sum()
    return mean, (weights * (f - mean) ** 2).sum()


@pytest.mark.ledger("prop-free-constant", "eq-free-constant", "eq-free-constant-spread")
def test_a_constant_moves_nwj_and_leaves_dv():
    rng = np.random.default_rng(2)
    for _ in range(20):
        p, q, r, information = law(rng, 2, 2)
        c, t = rng.normal(0.5, 1), np.log(r)
        # all samples of n = 2 joint and n' = 3 reference pairs
        cells = list(np.ndindex(r.shape))
        values, weights = [], []
        for joint in itertools.product(cells, repeat=2):
            for reference in itertools.product(cells, repeat=3):
                i_bar = np.mean([t[k] for k in joint])
                r_bar = np.mean([r[k] for k in reference])
                nwj = np.mean([t[k] + c for k in joint]) - np.mean([np.exp(t[k] + c - 1) for k in reference])
                assert nwj == pytest.approx(i_bar + c - math.exp(c - 1) * r_bar, abs=1e-12)
                dv_c = np.mean([t[k] + c for k in joint]) - np.log(np.mean([np.exp(t[k] + c) for k in reference]))
                assert dv_c == pytest.approx(i_bar - math.log(r_bar), abs=1e-12)
                values.append(nwj)
                weights.append(np.prod([p[k] for k in joint]) * np.prod([q[k] for k in reference]))
        mean, variance = means_and_variances(np.array(values), np.array(weights))
        assert mean == pytest.approx(information - phi(c - 1), abs=1e-12)
        wanted = means_and_variances(t, p)[1] / 2 + math.exp(2 * (c - 1)) * ((p * r).sum() - 1) / 3
        assert variance == pytest.approx(wanted, abs=1e-12)


def rows_of_samples(p, q, k):
    """Enumerate (x_1, ..., x_K, y), their probability with x_1 the partner, and with y a stranger to all."""
    px = q.sum(1)
    for y in range(p.shape[1]):
        for xs in itertools.product(range(p.shape[0]), repeat=k):
            rest = np.prod(px[list(xs[1:])])
            yield list(xs), y, p[xs[0], y] * rest, q[xs[0], y] * rest


def nce(t, p, q, k):
    """Return InfoNCE's expectation and the variance of one term."""
    found = [(t[xs[0], y] - logsumexp(t[xs, y]) + math.log(k), joint) for xs, y, joint, _ in rows_of_samples(p, q, k)]
    return means_and_variances(*map(np.array, zip(*found, strict=True)))


@pytest.mark.ledger("eq-infonce", "thm-infonce", "eq-infonce-optimum", "eq-infonce-spread")
@pytest.mark.parametrize("k", [2, 3, 4])
def test_infonce_is_below_the_information_and_below_log_k(k):
    rng = np.random.default_rng(k)
    for _ in range(24 // k):
        p, q, r, information = law(rng)
        best, variance = nce(np.log(r), p, q, k)
        diluted = (p * np.log(k * r / (k - 1 + r))).sum()
        floor = information - math.log(1 + ((p * r).sum() - 1) / k)
        assert floor <= diluted + 1e-12 <= best + 2e-12 <= min(information, math.log(k)) + 3e-12
        assert variance <= math.log(k + math.e - 1) ** 2
        shifted = np.log(r) + rng.normal(0, 2, r.shape[1])
        assert nce(shifted, p, q, k)[0] == pytest.approx(best, abs=1e-12)
        for t in critics(rng, r, 6):
            assert nce(t, p, q, k)[0] <= best + 1e-12


@pytest.mark.ledger("eq-infonce-spread")
def test_the_spread_of_infonce_is_bounded_where_a_ratio_explodes():
    """The bound's proof: log²u is concave beyond e, and the worst of many posteriors keeps below it."""
    u = np.linspace(1, 200, 20_000)
    bent = np.log(u + math.e - 1) ** 2
    assert (np.diff(bent, 2) < 1e-15).all()
    assert (bent >= np.log(u) ** 2 - 1e-15).all()
    rng, worst = np.random.default_rng(3), 0.0
    for k in (2, 3, 8, 64):
        for _ in range(2000):
            share = rng.dirichlet(np.full(k, rng.choice([0.03, 0.3, 3.0]))).clip(1e-300)
            second = (share * np.log(share) ** 2).sum()
            assert second <= math.log(k + math.e - 1) ** 2
            worst = max(worst, second / math.log(k + math.e - 1) ** 2)
    assert worst > 0.7, "the search came near enough to be a search"


def alpha_tuba(t, a, alpha, p, q, k):
    value = 1.0
    for xs, y, joint, stranger in rows_of_samples(p, q, k):
        w = alpha * np.exp(t[xs, y]).mean() + (1 - alpha) * a[y]
        value += joint * (t[xs[0], y] - math.log(w)) - stranger * math.exp(t[xs[0], y]) / w
    return value


@pytest.mark.ledger("prop-alpha-tuba", "eq-alpha-tuba")
def test_alpha_tuba_is_a_bound_with_a_ceiling_and_has_both_ends():
    rng = np.random.default_rng(4)
    for _ in range(12):
        p, q, r, information = law(rng)
        for t in critics(rng, r, 3):
            a = np.exp(rng.normal(0, 1, r.shape[1]))
            for alpha in (0, 0.01, 0.3, 0.9, 1):
                value = alpha_tuba(t, a, alpha, p, q, 3)
                assert value <= information + 1e-12
                assert alpha == 0 or value <= 1 + math.log(3 / alpha)
            assert alpha_tuba(t, a, 0, p, q, 3) == pytest.approx(tuba(t, a, p, q), abs=1e-10)
            assert alpha_tuba(t, a, 1, p, q, 3) == pytest.approx(nce(t, p, q, 3)[0], abs=1e-10)
    # the 1 can't be spared: X = Y on many letters and a large critic, by the number of equal letters
    letters, k, alpha, high = 10**9, 3, 0.5, 40.0
    hit = 1 / letters
    joint = high - math.log(alpha * (math.exp(high) + (k - 1) * math.exp(-high)) / k + 1 - alpha)  # strangers miss
    stranger = hit * k / alpha + math.exp(-high) / (1 - alpha)  # at most
    value = 1 + joint - stranger - hit * k * 2 * high  # and what strangers' hits may take away
    assert math.log(k / alpha) + 0.99 < value <= 1 + math.log(k / alpha)


@pytest.mark.ledger("eq-flo", "prop-flo", "eq-flo-gap", "eq-flo-spread")
def test_flo_has_a_gap_for_each_pair_and_at_its_best_the_spread_of_nwj():
    rng = np.random.default_rng(5)
    for _ in range(40):
        p, q, r, information = law(rng)
        px = q.sum(1)

        def summands(t, u, p=p, px=px):
            """(x', x, y): what is averaged, and its probability."""
            exponent = -u[None] + t[:, None, :] - t[None]
            return 1 - u[None] - np.exp(exponent), px[:, None, None] * p[None]

        for t in critics(rng, r, 5):
            u = -t + rng.normal(0, 0.7, r.shape)
            value, _ = means_and_variances(*summands(t, u))
            z = (px[:, None] * np.exp(t)).sum(0) * np.exp(-t)
            gap = information - ba(t, p, q) + (p * phi(np.log(z) - u)).sum()
            assert information - value == pytest.approx(gap, abs=1e-9)
            assert gap >= -1e-12
        best = np.log(r) + rng.normal(0, 1, r.shape[1])
        mean, variance = means_and_variances(*summands(best, -np.log(r)))
        assert mean == pytest.approx(information, abs=1e-10)
        wanted = means_and_variances(np.log(r), p)[1] + (p * r).sum() - 1
        assert variance == pytest.approx(wanted, abs=1e-10)
        assert means_and_variances(*summands(best, 0.3 - np.log(r)))[0] < information - 1e-2


@pytest.mark.ledger("prop-remine", "eq-remine")
def test_remine_is_dv_less_its_penalty_and_pins_the_constant():
    rng = np.random.default_rng(6)
    for _ in range(60):
        p, q, r, information = law(rng)
        weight, constant = rng.exponential(1), rng.normal()
        for t in critics(rng, r):
            tilted = q * np.exp(t) / (q * np.exp(t)).sum()
            penalty = weight * (logsumexp(t, b=q) - constant) ** 2
            gap = (p * np.log(p / tilted)).sum() + penalty
            assert information - (dv(t, p, q) - penalty) == pytest.approx(gap, abs=1e-10)
        best = np.log(r) + constant
        assert logsumexp(best, b=q) == pytest.approx(constant, abs=1e-12)
        assert dv(best, p, q) == pytest.approx(information, abs=1e-12)
        assert logsumexp(best + 0.5, b=q) - constant == pytest.approx(0.5, abs=1e-12)  # which the penalty sees


@pytest.mark.ledger("prop-log-odds", "eq-log-odds")
def test_the_mean_of_the_log_odds_believes_the_critic():
    rng = np.random.default_rng(7)
    above = below = 0
    for _ in range(60):
        p, _, r, information = law(rng)
        for t in critics(rng, r):
            error = (p * (t - np.log(r))).sum()
            assert (p * t).sum() - information == pytest.approx(error, abs=1e-12)
            above, below = above + (error > 0), below + (error < 0)
        assert (p * (np.log(r) + 7)).sum() == pytest.approx(information + 7, abs=1e-10)
    assert min(above, below) > 50
    # the spread of an average of n, on a law with a closed form: Var log r = d ρ²
    gaussian = CorrelatedGaussian.with_information(3, d=20)
    t = gaussian.log_ratio(*gaussian.sample(200_000, seed=0)).double().numpy().reshape(-1, 50).mean(1)
    variance = 20 * gaussian.rho**2 / 50
    assert t.var(ddof=1) == pytest.approx(variance, abs=5 * variance * math.sqrt(2 / len(t)))


def smile(t, p, q, tau):
    return (p * t).sum() - math.log((q * np.exp(np.clip(t, -tau, tau))).sum())


@pytest.mark.ledger("eq-smile", "prop-smile", "eq-smile-error", "eq-smile-spread")
def test_smile_errs_upwards_by_at_most_tau_and_has_no_ceiling():
    rng, largest = np.random.default_rng(8), 0.0
    for _ in range(300):
        p, q, r, information = law(rng, *rng.integers(2, 9, 2))
        tau = rng.uniform(0.05, 3)
        error = smile(np.log(r), p, q, tau) - information
        assert -math.log1p(math.exp(-tau)) <= error <= tau
        largest = max(largest, error / tau)
        constant = np.full(r.shape, tau + rng.exponential(10))
        assert smile(constant, p, q, tau) == pytest.approx(constant[0, 0] - tau, abs=1e-9)
    assert largest > 0.1
    many = np.eye(500) / 500 + 1e-9  # X determines Y nearly: the error comes near tau
    many /= many.sum()
    product = many.sum(1, keepdims=True) * many.sum(0)
    information = (many * np.log(many / product)).sum()
    assert smile(np.log(many / product), many, product, 1.0) - information > 0.9
    # the spread of the second term, over all samples of two reference pairs
    for _ in range(50):
        p, q, r, _ = law(rng, 2, 3)
        tau = rng.uniform(0.1, 2)
        kept = np.exp(np.clip(np.log(r) + rng.normal(0, 2, r.shape), -tau, tau)).ravel()
        weights = np.outer(q.ravel(), q.ravel())
        second = np.log((kept[:, None] + kept) / 2)
        assert means_and_variances(second, weights)[1] <= math.expm1(2 * tau) ** 2 / 8


@pytest.mark.ledger("prop-bounds-spread", "eq-bounds-spread")
def test_the_spread_at_the_best_critic_is_at_least_what_the_information_says():
    assert math.expm1(10) / 64 == pytest.approx(344.15, abs=0.01)  # the published figure
    rng = np.random.default_rng(9)
    for _ in range(300):
        p, q, r, information = law(rng, *rng.integers(2, 7, 2))
        second = (q * r**2).sum() - 1
        assert second == pytest.approx((p * r).sum() - 1, abs=1e-10)
        assert second >= math.expm1(information) - 1e-12
    # Gaussian pairs where the variance can be seen: E r^s is finite for s < 1 + 1/ρ = 6.8, so even that of a variance
    n, batches, d, information = 50, 2000, 20, 0.3
    gaussian = CorrelatedGaussian.with_information(information, d)
    t = gaussian.log_ratio(*gaussian.sample(n * batches, seed=1)).double().numpy().reshape(batches, n)
    r = gaussian.log_ratio(*gaussian.sample_product(n * batches, seed=2)).double().exp().numpy().reshape(batches, n)
    nwj = 1 + t.mean(1) - r.mean(1)
    variance = (d * gaussian.rho**2 + math.expm1(2 * information)) / n
    assert abs(nwj.mean() - information) < 4 * math.sqrt(variance / batches)
    spread = math.sqrt(((nwj - nwj.mean()) ** 2).var() / batches)  # standard error of a variance
    assert abs(nwj.var() - variance) < 5 * spread


def test_where_the_setting_is_the_published_one_so_are_the_means():
    content = load_run("staircase-bounds")
    told = content["published"]["joint"]
    joint = [r for r in content["runs"] if r["critic"] == "joint" and r["objective"] in told and not r["cubed"]]
    assert joint
    for r in joint:
        assert r["steps"] == 4000
        for mean, sd, published in zip(r["mean"], r["sd"], told[r["objective"]]["mean"], strict=True):
            assert mean is None or abs(mean - published) < sd, r["objective"]


def test_critics_that_are_compared_cost_the_same():
    from experiments.critics import KINDS, multiplications, width_of

    content, wanted = load_run("critics"), multiplications("separable", width_of("separable"))
    assert {r["critic"] for r in content["runs"]} == set(KINDS)
    for r in content["runs"]:
        assert r["width"] == width_of(r["critic"])
        assert abs(r["multiplications"] / wanted - 1) < 0.05
        assert r["multiplications"] == multiplications(r["critic"], r["width"])
