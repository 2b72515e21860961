"""What chapter 15 claims: by enumeration, by exact finite laws, by many draws of p-values."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import mi_lab
from mi_lab.teaching.sliders.discovery import DiscoveryExplorer
from mi_lab.teaching.sliders.exclusive import ExclusiveExplorer


def entropy(p) -> float:
    p = np.ravel(p)
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def information(p, x: tuple, y: tuple, z: tuple = ()) -> float:
    """Return I(x; y | z) of the axes of an array of probabilities."""

    def h(axes) -> float:
        return entropy(p.sum(tuple(set(range(p.ndim)) - set(axes)))) if axes else 0.0

    return h(x + z) + h(y + z) - h(x + y + z) - h(z)


@pytest.mark.ledger("prop-tables-exclusive", "eq-tables-exclusive")
def test_two_fair_bits_tell_nothing_one_by_one():
    p = np.zeros((2, 2, 2))
    for a, b in itertools.product((0, 1), repeat=2):
        p[a, b, a ^ b] = 0.25
    assert information(p, (0,), (2,)) == pytest.approx(0, abs=1e-15)
    assert information(p, (1,), (2,)) == pytest.approx(0, abs=1e-15)
    assert information(p, (0, 1), (2,)) == pytest.approx(math.log(2))
    assert information(p, (1,), (2,), (0,)) == pytest.approx(math.log(2))
    unfair = np.zeros((2, 2, 2))
    for a, b in itertools.product((0, 1), repeat=2):
        unfair[a, b, a ^ b] = (0.7 if a else 0.3) * (0.7 if b else 0.3)
    assert information(unfair, (0,), (2,)) > 0.01
    shown = ExclusiveExplorer(0.7, 0.0).compute(0.7, 0.0)
    assert shown["one"] == pytest.approx(information(unfair, (0,), (2,)))
    assert shown["two"] == pytest.approx(information(unfair, (0, 1), (2,)))


@pytest.mark.ledger("prop-tables-copy", "eq-tables-copy")
def test_a_function_of_a_column_adds_nothing_and_tells_no_more():
    rng = np.random.default_rng(0)
    for _ in range(20):
        pair = rng.dirichlet(np.full(12, 0.5)).reshape(4, 3)  # (x1, y)
        of = rng.integers(0, 2, 4)
        p = np.zeros((4, 2, 3))  # (x1, x2, y)
        for a in range(4):
            p[a, of[a]] = pair[a]
        assert information(p, (1,), (2,), (0,)) == pytest.approx(0, abs=1e-12)
        assert information(p, (1,), (2,)) <= information(p, (0,), (2,)) + 1e-12
        noisy = 0.9 * p + 0.1 * p[:, ::-1]  # a copy with errors that depend on nothing still adds nothing
        assert information(noisy, (1,), (2,), (0,)) == pytest.approx(0, abs=1e-12)
        free = rng.dirichlet(np.full(24, 0.5)).reshape(4, 2, 3)  # no function of the first
        assert information(free, (1,), (2,), (0,)) > 1e-3


DRAWS, TESTS, IDLE = 20_000, 20, 14


def drawn(alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Return false and all discoveries of many sets of tests, by the rule, written anew."""
    rng = np.random.default_rng(1)
    p = np.concatenate([rng.uniform(size=(DRAWS, IDLE)), norm.sf(rng.normal(2.5, 1, (DRAWS, TESTS - IDLE)))], 1)
    order = np.argsort(p, 1)
    ranks = np.arange(1, TESTS + 1)
    under = np.take_along_axis(p, order, 1) <= alpha * ranks / TESTS
    called = (ranks * under).max(1)
    false = ((order < IDLE) & (ranks <= called[:, None])).sum(1)
    return false, called


@pytest.mark.ledger("thm-tables-bh", "eq-tables-bh", "eq-tables-fdr")
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_rule_keeps_the_mean_share_of_false_discoveries_exactly(alpha):
    false, called = drawn(alpha)
    share = false / np.maximum(called, 1)
    error = share.std() / math.sqrt(DRAWS)
    assert abs(share.mean() - alpha * IDLE / TESTS) < 4 * error
    assert error < 0.1 * alpha
    assert (share > alpha).mean() > 0.02  # on average, not always


@pytest.mark.ledger("thm-tables-bh", "eq-tables-bh")
def test_the_package_and_the_explorer_follow_the_rule():
    rng = np.random.default_rng(2)
    for _ in range(50):
        p = np.concatenate([rng.uniform(size=30), rng.uniform(size=10) ** 4])
        ranked = np.sort(p)
        called = max([l for l in range(1, 41) if ranked[l - 1] <= 0.1 * l / 40], default=0)
        assert mi_lab.discoveries(p, 0.1).sum() == called
    explorer = DiscoveryExplorer()
    for real, level in itertools.product((0, 10, 40), (0.05, 0.2)):
        state = explorer.compute(level, real)
        p = np.array([a if b is None else b for a, b in zip(state["linked"], state["idle"], strict=True)])
        assert state["found"] == mi_lab.discoveries(p, level).sum()
        assert state["alone"] == (p <= level).sum()
        wrong = [v for v in state["idle"] if v is not None and v <= level]
        assert state["alone_wrong"] == len(wrong)


@pytest.mark.ledger("prop-tables-chance", "eq-tables-chance")
def test_idle_tests_pass_a_share_of_the_level_whatever_links_them():
    """Permutation p-values, which are whole shares, of 30 columns that share their noise."""
    rng, alpha, columns, orders = np.random.default_rng(3), 0.1, 30, 19
    passed = []
    for _ in range(400):
        y = rng.normal(size=25)
        common = rng.normal(size=25)
        x = 0.9 * common + 0.3 * rng.normal(size=(columns, 25))  # all of them nearly alike, none linked to y
        shuffled = np.array([rng.permutation(y) for _ in range(orders)])
        here, chance = abs(x @ y), abs(x @ shuffled.T)
        p = (1 + (chance >= here[:, None]).sum(1)) / (1 + orders)
        passed.append((p <= alpha).sum())
    error = np.std(passed) / 20
    assert np.mean(passed) < alpha * columns + 3 * error
    assert np.mean(passed) > alpha * columns - 4 * error  # 2 / 20 is the level exactly
    assert np.std(passed) > 3  # they come together


@pytest.mark.ledger("eq-tables-noise")
@pytest.mark.parametrize(("f", "sigma"), [(lambda x: x, 0.5), (lambda x: 2 * x**2, 0.25)])
def test_information_through_noise_is_one_entropy_less_another(f, sigma):
    x = (np.arange(4000) + 0.5) / 2000 - 1

    def density(y):
        return norm.pdf(y, f(x), sigma).mean()

    def integrand(y):
        p = density(y)
        return -p * math.log(p) if p > 1e-300 else 0.0

    h = quad(integrand, f(x).min() - 8 * sigma, f(x).max() + 8 * sigma, limit=200)[0]
    wanted = h - math.log(2 * math.pi * math.e * sigma**2) / 2
    assert mi_lab.AdditiveNoise(f, sigma).mutual_information == pytest.approx(wanted, abs=1e-5)


@pytest.mark.ledger("eq-tables-transfer", "prop-tables-autoregression", "eq-tables-autoregression")
@pytest.mark.parametrize(("a", "b", "v", "sigma"), [(0.5, 0.8, 1.0, 1.0), (-0.9, 0.3, 2.0, 0.4)])
def test_transfer_in_a_gaussian_series_by_determinants(a, b, v, sigma):
    """The stationary covariance of (X_{t-1}, Y_{t-1}, X_t, Y_t), entropies by its determinants."""
    s = (b**2 * v + sigma**2) / (1 - a**2)  # variance of Y
    link = np.array([[v, 0], [0, s]])  # X and Y of one time are independent: Y has seen X's past alone
    step = np.array([[0, 0], [b, a]])
    cross = link @ step.T
    covariance = np.block([[link, cross], [cross.T, link]])
    assert np.allclose(step @ link @ step.T + np.diag([v, sigma**2]), link)  # it is stationary

    def h(*axes):
        return np.linalg.slogdet(covariance[np.ix_(axes, axes)])[1] / 2

    forward = h(0, 1) + h(3, 1) - h(0, 3, 1) - h(1)  # I(X_{t-1}; Y_t | Y_{t-1})
    backward = h(1, 0) + h(2, 0) - h(1, 2, 0) - h(0)
    assert forward == pytest.approx(math.log(1 + b**2 * v / sigma**2) / 2)
    assert backward == pytest.approx(0, abs=1e-12)


def test_the_package_s_transfer_entropy_finds_it():
    rng, a, b = np.random.default_rng(4), 0.5, 0.8
    x, noise = rng.normal(size=(2, 1500))
    y = np.zeros(1500)
    for t in range(1, 1500):
        y[t] = a * y[t - 1] + b * x[t - 1] + noise[t]
    found, back = (mi_lab.transfer_entropy(*s, surrogate=False) for s in ((x, y), (y, x)))
    assert abs(found.value - math.log(1 + b**2) / 2) < 3 * found.error
    assert abs(back.value) < 3 * back.error
