"""What chapter 10 claims: by enumeration of all samples of small laws, and for the best that a purse could meet."""

import itertools
import json
import math

import numpy as np
import pytest

from mi_lab import load_run
from mi_lab.certificates import STAKES, Clip, Purse, couple_gains, largest_claim, log_purse


def law(seed, k=2):
    """Return a random joint law (k, k) and its information."""
    p = np.random.default_rng(seed).dirichlet(np.full(k * k, 0.5)).reshape(k, k)
    both = np.outer(p.sum(1), p.sum(0))
    return p, both, float((p * np.log(p / both)).sum())


def raffle(p, n, pool):
    """Return the exact probability of every sequence of n draws from a pool of so many tickets: (k,) * n."""
    k, out = len(p), np.zeros((len(p),) * n)
    for tickets in itertools.product(range(pool), repeat=n):
        names = sorted(set(tickets))
        for values in itertools.product(range(k), repeat=len(names)):
            drawn = dict(zip(names, values, strict=True))
            out[tuple(drawn[i] for i in tickets)] += np.prod(p[list(values)]) / pool**n
    return out


@pytest.mark.ledger("eq-limits-free", "thm-limits-free")
@pytest.mark.parametrize(("n", "pool"), [(2, 3), (2, 10), (3, 5), (3, 9)])
def test_a_raffle_looks_like_the_law(n, pool):
    """Whatever event a recipe's "L > log M" is, its probabilities differ by no more than that of a repeated ticket."""
    p = np.random.default_rng(n * pool).dirichlet(np.ones(4))
    true = p
    for _ in range(n - 1):
        true = np.multiply.outer(true, p)
    drawn = raffle(p, n, pool)
    assert drawn.sum() == pytest.approx(1)
    apart = np.clip(true - drawn, 0, None).sum()  # the largest difference over all events
    assert 0 < apart <= n * (n - 1) / (2 * pool)


@pytest.mark.ledger("eq-limits-free", "thm-limits-free")
def test_a_pool_has_at_most_log_m_and_the_numbers_add_up():
    rng = np.random.default_rng(0)
    for pool in (2, 5, 20):
        for _ in range(50):
            table = np.zeros((6, 6))
            np.add.at(table, tuple(rng.integers(0, 6, (2, pool))), 1 / pool)
            both = np.outer(table.sum(1), table.sum(0))
            information = (table[table > 0] * np.log(table[table > 0] / both[table > 0])).sum()
            assert information <= math.log(pool) + 1e-12
    for n in range(1, 3000):
        m = math.floor(math.exp(5) * n * n)
        assert math.log(m) <= 2 * math.log(n) + 5
        assert n * (n - 1) / (2 * m) < 0.0034


@pytest.mark.ledger("thm-limits-free")
def test_a_bold_recipe_breaks_its_promise_on_a_raffle():
    """ "2 log n + 7 whenever no pair repeats" is right for n pairs of a rich law, and wrong on a pool of e^5 n^2."""
    n, rng, wrong = 30, np.random.default_rng(1), 0
    pool = math.floor(math.exp(5) * n * n)
    for _ in range(300):
        wrong += len(set(rng.integers(0, pool, n).tolist())) == n  # says 2 log n + 7, and the pool has at most log M
    assert wrong / 300 > 0.9


CLIP = Clip(1.0, 0.0, 1.0, 1.5)


def samples(p, critic, n):
    """Yield the probability of every sample of n pairs, and its couples' gains, couples being neighbours."""
    cells = [(i, j) for i in range(len(p)) for j in range(len(p))]
    couple = np.arange(n).reshape(1, -1, 2)
    for sample in itertools.product(cells, repeat=n):
        x, y = np.array(sample).T
        t, t_cross = critic[x, y][couple], critic[x[couple], y[couple[..., ::-1]]]
        yield math.prod(p[cell] for cell in sample), couple_gains(t, t_cross, CLIP)


@pytest.mark.ledger("eq-limits-gain")
@pytest.mark.parametrize("seed", range(6))
def test_the_mean_gain_is_nwj_and_below_the_information(seed):
    p, both, truth = law(seed)
    critic = np.random.default_rng(seed).normal(0, 2, (2, 2))
    pairs = list(samples(p, critic, 2))
    mean = sum(q * g.item() for q, g in pairs)
    t = CLIP(critic)
    assert mean == pytest.approx(1 + (p * t).sum() - (both * np.exp(t)).sum(), abs=1e-12)
    assert mean <= truth + 1e-12
    assert min(g.item() for _, g in pairs) >= CLIP.floor
    best = np.log(p / both)
    assert 1 + (p * best).sum() - (both * np.exp(best)).sum() == pytest.approx(truth)


@pytest.mark.ledger("thm-limits-certificate", "eq-limits-purse", "eq-limits-certificate")
@pytest.mark.parametrize("seed", range(4))
def test_the_purse_is_fair_and_the_level_keeps_its_promise(seed):
    """All samples of four pairs: the mean purse against I is at most 1, the level passes I with probability <= δ."""
    p, both, truth = law(seed)
    critic = np.log(p / both) + 1.5  # the best critic, and too proud
    fair, missed = 0.0, dict.fromkeys((0.3, 0.6, 0.9), 0.0)
    for q, g in samples(p, critic, 4):
        purse = Purse(g, CLIP.floor)
        fair += q * math.exp(log_purse(purse, truth))
        for confidence in missed:
            missed[confidence] += q * (largest_claim([purse], confidence) > truth)
    assert fair <= 1 + 1e-12
    assert all(share <= 1 - confidence + 1e-12 for confidence, share in missed.items())


@pytest.mark.ledger("thm-limits-certificate", "eq-limits-purse")
def test_the_purse_is_the_product_of_the_formula():
    rng = np.random.default_rng(0)
    g, floor, claim = rng.uniform(-3, 2, 40), -4.0, 0.3
    for u in STAKES:
        product = np.prod(1 - u + u * (g - floor) / (claim - floor))
        assert log_purse(Purse(g[None], floor), claim, [u]) == pytest.approx(math.log(product))
    fallen = [log_purse(Purse(g[None], floor), v) for v in np.linspace(0, 3, 30)]
    assert (np.diff(fallen) < 0).all()


@pytest.mark.ledger("prop-limits-ceiling", "eq-limits-ceiling")
@pytest.mark.parametrize("number", [2, 10, 50, 500, 5000])
def test_no_gains_certify_more_than_the_ceiling(number):
    """The best case, every couple gaining all it can, for every clipping: below the ceiling, and near it."""
    delta, found = 0.05, []
    for high in np.linspace(0, 12, 49):
        clip = Clip(1.0, 0.0, 1.0, float(high))
        purse = Purse(np.full((1, number), 1 + high), clip.floor)
        found.append(largest_claim([purse], 1 - delta))
    ceiling = math.log(number / math.log(1 / delta)) if number >= math.log(1 / delta) else 1.0
    assert max(found) <= max(ceiling, 1e-9) + 1e-9
    if number >= 500:
        assert max(found) > ceiling - 1


def test_what_the_chapter_says_of_its_runs():
    study = load_run("certificate")["runs"]
    for kind in ("fixed", "trained"):
        for row in study[kind].values():
            for q, missed in zip(load_run("certificate")["about"]["confidences"], row["missed"], strict=True):
                assert missed / row["sets"] <= 1 - q + 3 * math.sqrt(q * (1 - q) / row["sets"])
    assert all(r["certified"] <= r["value"] for r in study["growth"])
    assert all(r["certified"] >= 0.6 for r in study["growth"] if r["n"] == 10_000)
    digits = load_run("self-consistency")
    rows = {row["method"]: row for row in digits["runs"]}
    assert {"mine", "infonce", "smile", "nwj", "ksg", "doe"} <= set(rows)
    assert rows["doe"]["passes"] == {"independence": True, "data processing": False, "additivity": True}
    assert "there is no density" in rows["doe"]["refused"]["data processing"]
    assert json.dumps(digits["case"])
