"""The explorers of chapters 11 and 12: what they show, by quadrature and from their own samples."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from mi_lab.teaching.sliders import MisfitExplorer, ProposalExplorer


@pytest.fixture(autouse=True)
def _on_a_page(monkeypatch):
    monkeypatch.setenv("MI_LAB_PAGE", "1")


def mean_under(rho, f):
    """Return E f(X, Y) of a standard Gaussian pair by a Gauss-Hermite rule, exact for what is quadratic."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    x, e = np.meshgrid(nodes, nodes)
    w = np.outer(weights, weights) / (2 * math.pi)
    return float((w * f(x, rho * x + math.sqrt(1 - rho**2) * e)).sum())


@pytest.mark.parametrize(("share", "v"), [(0.0, 1.0), (0.4, 1.7), (1.0, 0.7)])
def test_three_estimates_of_a_gaussian_model(share, v):
    explorer = MisfitExplorer(share)
    explorer.v = v
    shown, rho = explorer.numbers, explorer._rho
    a, s = shown["slope"], shown["width"]

    def log_q(x, y):
        return stats.norm.logpdf(y, a * x, s)

    def log_p(x, y):
        return stats.norm.logpdf(y)

    joint = mean_under(rho, log_q)
    assert shown["ba"] == pytest.approx(joint - mean_under(rho, log_p), abs=1e-9)
    assert shown["doe"] == pytest.approx(joint - mean_under(rho, lambda x, y: stats.norm.logpdf(y, 0, v)), abs=1e-9)
    assert shown["club"] == pytest.approx(joint - mean_under(0.0, log_q), abs=1e-9)
    # no other width of the conditional model does better for this slope
    for other in (0.9 * s, 1.1 * s):
        assert mean_under(rho, lambda x, y, o=other: stats.norm.logpdf(y, a * x, o)) < joint


def test_what_the_page_says_of_the_three():
    """BA never passes the truth, DoE does with a poor marginal, CLUB starts at 0 and ends above."""
    explorer = MisfitExplorer()
    truth, grid = explorer._truth, explorer._facts["controls"][0]["grid"]
    states = [explorer.compute(share, 1.3) for share in grid]
    assert max(s["ba"] for s in states) == pytest.approx(truth, abs=1e-12)
    assert {s["doe_side"] for s in states} == {"below", "above"}
    clubs = [s["club"] for s in states]
    assert clubs == sorted(clubs)
    assert clubs[0] == 0
    assert clubs[-1] > truth + 1


@pytest.mark.parametrize(("near", "w"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 1.6), (0.9, 1.2)])
def test_what_the_proposal_leaves_and_how_its_denominator_scatters(near, w):
    explorer = ProposalExplorer(near, rho=0.8)
    explorer.w = w
    rho, shown = 0.8, explorer.compute(near, w)
    a, s, sd = near * rho, w * math.sqrt(1 - (near * rho) ** 2), math.sqrt(1 - rho**2)
    known = mean_under(rho, lambda x, y: stats.norm.logpdf(y, a * x, s) - stats.norm.logpdf(y))
    assert shown["known"] == pytest.approx(known, abs=1e-9)

    def square(y, x):  # p(x) p(y|x)² / q(y|x)
        return math.exp(stats.norm.logpdf(x) + 2 * stats.norm.logpdf(y, rho * x, sd) - stats.norm.logpdf(y, a * x, s))

    second = integrate.dblquad(square, -9, 9, lambda x: rho * x - 9 * sd, lambda x: rho * x + 9 * sd, epsabs=1e-6)[0]
    assert shown["spread"] == pytest.approx(math.sqrt(max(second - 1, 0) / 64), abs=1e-3)
    # forty batches: their spread has a standard error of a ninth or so, heavy tails aside
    if near == w == 1:
        assert np.abs(shown["means"]).max() < 1e-9
    elif shown["spread"] < 0.06:
        assert np.std(np.exp(shown["means"])) == pytest.approx(shown["spread"], rel=0.5)


def test_a_narrow_proposal_is_said_to_have_no_variance():
    explorer = ProposalExplorer(1.0)
    for w, finite in ((0.5, False), (0.7, False), (0.75, True), (2.0, True)):
        shown = explorer.compute(1.0, w)
        assert math.isfinite(shown["spread"]) == finite
        assert bool(shown["verdict"]) != finite
    assert explorer.compute(0.0, 1.0)["left"] == pytest.approx(explorer._truth, abs=1e-12)
    assert explorer.compute(1.0, 1.0)["left"] == pytest.approx(0, abs=1e-12)
