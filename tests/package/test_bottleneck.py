"""Blahut and Arimoto's bottleneck against every closed form there is, and against itself."""

import math
import re

import numpy as np
import pytest
from scipy.optimize import brentq

from mi_lab.bottleneck import (
    bottleneck_curve,
    bottleneck_step,
    entropy,
    information_bottleneck,
    informations,
    table_information,
)

LOG2 = math.log(2)


def symmetric(flip: float) -> np.ndarray:
    """Return the law of a fair bit and its copy that is flipped with this probability."""
    return np.array([[1 - flip, flip], [flip, 1 - flip]]) / 2


def some_law(seed: int, k_x: int = 6, k_y: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(k_x * k_y, 0.5)).reshape(k_x, k_y)


@pytest.mark.parametrize("beta", [0.05, 0.3, 0.5, 0.6])
def test_of_a_symmetric_channel_the_best_code_is_a_symmetric_channel(beta):
    """Wyner and Ziv: a code that flips the bit with probability u tells log 2 - h(u ∗ .1) of log 2 - h(u)."""
    found = information_bottleneck(symmetric(0.1), beta)
    u = brentq(lambda u: LOG2 - entropy([u, 1 - u]) - found.information_x, 1e-16, 0.5)
    both = 0.9 * u + 0.1 * (1 - u)
    assert found.information_y == pytest.approx(LOG2 - entropy([both, 1 - both]), abs=1e-9)
    # where it stops: the derivative of the told by the kept information along the curve is β
    rate = lambda u: LOG2 - entropy([u, 1 - u])  # noqa: E731
    told = lambda u: LOG2 - entropy([0.9 * u + 0.1 * (1 - u), 0.9 * (1 - u) + 0.1 * u])  # noqa: E731
    if beta > 0.1:
        d = 1e-6
        assert (told(u + d) - told(u - d)) / (rate(u + d) - rate(u - d)) == pytest.approx(beta, abs=1e-4)


def test_from_a_known_price_on_the_best_code_says_nothing():
    """(1 - 2 · flip)² is the largest slope of the symmetric channel's curve: at a higher price nothing is kept."""
    assert information_bottleneck(symmetric(0.1), 0.66).information_x < 1e-9
    assert information_bottleneck(symmetric(0.1), 0.60).information_x > 0.1
    for seed in range(3):  # β = 1: what is kept costs at least what it tells, by data processing
        assert information_bottleneck(some_law(seed), 1.0).information_x < 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_at_no_price_everything_that_tells_is_kept(seed):
    p = some_law(seed)
    assert information_bottleneck(p, 0.0).information_y == pytest.approx(table_information(p), abs=1e-9)
    assert information_bottleneck(p, 1e-3).information_y == pytest.approx(table_information(p), rel=2e-3)


def test_letters_that_tell_the_same_are_merged_at_no_loss():
    p = np.array([[0.2, 0.05], [0.4, 0.1], [0.05, 0.2]])  # the first two rows tell the same
    found = information_bottleneck(p, 0.01)
    assert found.information_x < entropy([0.75, 0.25]) + 1e-6
    assert found.information_y == pytest.approx(table_information(p), rel=1e-3)
    assert np.abs(found.encoder[0] - found.encoder[1]).max() < 1e-6


def test_where_y_is_a_function_of_x_a_nat_kept_is_a_nat_told():
    p = np.zeros((6, 2))
    p[np.arange(6), [0, 0, 1, 1, 0, 1]] = 1 / 6
    for beta in (0.2, 0.9):
        found = information_bottleneck(p, beta)
        assert found.information_x == pytest.approx(found.information_y, abs=1e-6)
        assert found.information_y == pytest.approx(LOG2, abs=1e-6)


def test_an_erasure_costs_the_same_share_of_every_code():
    """Y is X, or with probability .3 a third letter: then I(Z;Y) = .7 I(X;Z) for every code."""
    p = np.array([[0.35, 0, 0.15], [0, 0.35, 0.15]])
    q = np.random.default_rng(0).dirichlet([1, 1, 1], (5, 2))
    kept, told = informations(p, q)
    np.testing.assert_allclose(told, 0.7 * kept, atol=1e-12)
    assert information_bottleneck(p, 0.69).information_y == pytest.approx(0.7 * LOG2, abs=1e-6)
    assert information_bottleneck(p, 0.71).information_y < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_no_step_raises_the_lagrangian(seed):
    p, beta = some_law(seed), 0.15
    q = np.random.default_rng(seed).dirichlet(np.ones(5), 6)
    values = []
    for _ in range(60):
        kept, told = informations(p, q)
        values.append(beta * kept - told)
        q = bottleneck_step(p, q, beta)
    assert np.diff(values).max() < 1e-14
    assert values[0] - values[-1] > 0.01


def test_the_curve_rises_bends_down_and_no_code_lies_above_it():
    p = some_law(7)
    curve = bottleneck_curve(p, [0.5, 0.02, *np.linspace(0.05, 0.45, 9)])
    assert [b.beta for b in curve[:2]] == [0.5, 0.02]  # in the order that was asked for
    points = sorted((b.information_x, b.information_y, b.beta) for b in curve)
    x, y = np.array(points)[:, 0], np.array(points)[:, 1]
    apart = np.concatenate([[True], np.diff(x) > 1e-3])
    slopes = np.diff(y[apart]) / np.diff(x[apart])
    assert (np.diff(slopes) < 1e-6).all()
    assert (slopes > 0).all()
    for seed in range(200):  # the tangents: β I(X;Z) - I(Z;Y) of any code is at least the best one's
        rng = np.random.default_rng(seed)
        kept, told = informations(p, rng.dirichlet(np.full(6, rng.choice([0.05, 0.3, 1.0])), 6))
        assert all(b.beta * kept - told >= b.loss - 1e-9 for b in curve)


def test_letters_that_never_come_and_counts_by_their_sum():
    p = some_law(3)
    wide = np.insert(p, 2, 0, axis=0)
    assert information_bottleneck(wide, 0.1).loss == pytest.approx(information_bottleneck(p, 0.1).loss, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p": [0.5, 0.5]}, "p has shape (2,), wanted a table"),
        ({"p": [[3, 1], [1, 3]]}, "p sums to 8, wanted 1: divide a table of counts by its sum."),
        ({"p": [[1.5, -0.5], [0, 0]]}, "p holds -0.5"),
        ({"p": [[math.nan, 1], [0, 0]]}, "p holds nan"),
        ({"beta": -0.1}, "beta is -0.1, wanted a number of at least 0."),
        ({"beta": math.inf}, "beta is inf"),
        ({"size": 0}, "size is 0, wanted a whole number of at least 1."),
        ({"starts": 2.5}, "starts is 2.5"),
        ({"first": np.ones((3, 2))}, "first has shape (3, 2), wanted (2, 2)."),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"p": symmetric(0.2), "beta": 0.1} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        information_bottleneck(**arguments)
