"""Purses and what they refute: exact expectations, extreme laws, and coverage over thousands of data sets."""

import itertools
import math

import numpy as np
import pytest

from experiments.certificate import CONFIDENCES, LAWS, fixed_levels, gaussian, scores
from mi_lab import certificates as c

SETS = 1000


HARD = (
    "independent Gaussians",
    "Gaussian, ρ = .99",
    "heavy tails, sinh z",
    "64 letters, X = Y",
    "a critic that boasts",
)


@pytest.mark.parametrize("name", HARD)
def test_coverage(name):
    """1,000 data sets a law: it passes the truth as often as the confidence allows, within three errors."""
    level, truth = fixed_levels(name, SETS, n=200)
    missed = (level > truth).mean(0)
    for q, share in zip(CONFIDENCES, missed, strict=True):
        assert share <= 1 - q + 3 * math.sqrt(q * (1 - q) / SETS)
    assert (level.mean(0) > 0.05).all() == (name in HARD[1:4])  # it says something where there is something to say


def test_the_plain_bound_would_miss():
    """What the purse is for: mean less 1.64 errors, on the same gains, passes the truth far too often."""
    draw, score, truth = LAWS["64 letters, X = Y"]
    rng, missed, kept = np.random.default_rng(0), 0, 0
    for _ in range(SETS):
        x, y = draw(60, rng)
        t, t_cross = scores(score, x, y, 1, rng)
        clip = c.Clip(1.0, 0.0, 3.0, 5.0)
        gains = c.couple_gains(t, t_cross, clip)[0]
        missed += gains.mean() - 1.64 * gains.std(ddof=1) / math.sqrt(len(gains)) > truth
        kept += c.largest_claim([c.Purse(gains[None], clip.floor)]) > truth
    assert missed / SETS > 0.05 + 3 * math.sqrt(0.05 * 0.95 / SETS)
    assert kept / SETS <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / SETS)


def table(seed, k=2):
    """A random joint law on k x k letters and a random critic, both as arrays; and I."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(k * k, 0.6)).reshape(k, k)
    both = np.outer(p.sum(1), p.sum(0))
    truth = float((p[p > 0] * np.log(p[p > 0] / both[p > 0])).sum())
    return p, rng.normal(0, 2, (k, k)), truth


@pytest.mark.parametrize("seed", range(8))
def test_the_purse_is_fair_exactly(seed):
    """All 4^4 samples of four pairs, with their probabilities: the mean purse against I is at most 1."""
    p, critic, truth = table(seed)
    clip = c.Clip(1.0, 0.3, 1.0, 1.5)
    cells = [(i, j) for i in range(2) for j in range(2)]
    rng = np.random.default_rng(seed)
    mean, gain = 0.0, 0.0
    shuffled = c.couples(4, 3, rng)
    for sample in itertools.product(cells, repeat=4):
        probability = np.prod([p[cell] for cell in sample])
        x, y = np.array(sample).T
        t, t_cross = critic[x, y][shuffled], critic[x[shuffled], y[shuffled[..., ::-1]]]
        purse = c.Purse(c.couple_gains(t, t_cross, clip), clip.floor)
        mean += probability * math.exp(c.log_purse(purse, truth))
        gain += probability * purse.gains.mean()
    assert gain <= truth + 1e-12
    assert mean <= 1 + 1e-12


def test_a_purse_falls_with_the_claim_and_the_level_is_where_it_says():
    rng = np.random.default_rng(0)
    purse = c.Purse(rng.normal(0.8, 0.5, (3, 200)).clip(-4, 3), -4.5)
    claims = np.linspace(0, 3, 40)
    logs = [c.log_purse(purse, v) for v in claims]
    assert (np.diff(logs) < 0).all()
    level = c.largest_claim([purse], 0.9)
    assert c.log_purse(purse, level) >= math.log(10) > c.log_purse(purse, level + 2e-4)
    assert level < purse.gains.mean()
    assert c.largest_claim([purse], 0.9, given_up=1) < level
    assert c.largest_claim([purse, purse], 0.9) == pytest.approx(level, abs=2e-4)
    assert c.largest_claim([], 0.9, given_up=3) == 0.0


def test_couples_use_no_sample_twice():
    for n in (2, 7, 50):
        for ij in c.couples(n, 5, np.random.default_rng(n)):
            assert len(ij) == n // 2
            assert len(np.unique(ij)) == 2 * (n // 2)


def test_wild_scores_are_clipped():
    clip = c.Clip(1.0, 0.0, 2.0, 1.0)
    t = np.array([math.inf, -math.inf, math.nan, 1e30])
    assert clip(t).tolist() == [1.0, -2.0, 0.0, 1.0]
    gains = c.couple_gains(np.full((1, 1, 2), -9.0), np.full((1, 1, 2), 9.0), clip)
    assert gains.item() == pytest.approx(clip.floor)


def test_what_is_certified_grows_with_n_towards_the_truth():
    draw, score, truth = gaussian(0.9)
    rng, found = np.random.default_rng(0), []
    for n in (100, 1000, 10_000, 100_000):
        x, y = draw(n, rng)
        clip = c.best_clip(*scores(score, *draw(n, rng), c.TRIED if n < 20_000 else 1, rng))
        t, t_cross = scores(score, x, y, c.shufflings(n), rng)
        found.append(c.largest_claim([c.Purse(c.couple_gains(t, t_cross, clip), clip.floor)]))
    assert found == sorted(found)
    assert found[-1] > 0.95 * truth - 0.02
    assert found[-1] < truth
    assert found[1] > 0.6
