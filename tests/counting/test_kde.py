"""Kernels: against sums written out, the grid against the direct sum, gradients, and the balance of the own kernel."""

import math

import numpy as np
import pytest
import torch

from mi_lab import BivariateGaussian, CorrelatedGaussian, MixedGaussian, kde
from mi_lab.counting import kernels
from mi_lab.counting.batches import standardised
from mi_lab.counting.grids import Gridded

OWN = {"balanced": (2**-1.5, 0.25), "resubstitution": (1, 1), "leave-one-out": (0, 0)}


def samples(rho, n, items=1, seed=0, dtype=torch.float64):
    return (v.reshape(items, n).to(dtype) for v in BivariateGaussian(rho).sample(items * n, seed=seed))


def literal(x, y, hx, hy, own):
    """Evaluate eq-kde from densities that are sums over the other samples, and a share of the own kernel."""
    w1, w2 = OWN[own]
    n = len(x)

    def bump(d, h):
        return math.exp(-0.5 * (d / h) ** 2) / (h * math.sqrt(2 * math.pi))

    total = 0.0
    for i in range(n):
        kx, ky = [bump(v - x[i], hx) for v in x], [bump(v - y[i], hy) for v in y]
        px, py = ((sum(k) - k[i] + w1 * k[i]) / (n - 1 + w1) for k in (kx, ky))
        both = [a * b for a, b in zip(kx, ky, strict=True)]
        total += math.log((sum(both) - both[i] + w2 * both[i]) / (n - 1 + w2) / px / py)
    return total / n


@pytest.mark.ledger("eq-kde")
@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("direct", [True, False])
def test_it_is_the_formula(own, direct):
    x, y = samples(0.8, 60)
    want = literal(x[0].tolist(), y[0].tolist(), 0.5, 0.4, own)
    assert float(kde(x[0], y[0], (0.5, 0.4), own=own, direct=direct)) == pytest.approx(want, abs=5e-4)
    if direct:
        assert float(kde(x[0], y[0], (0.5, 0.4), own=own, direct=True)) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("bandwidth", ["likelihood", "scott", "silverman", 0.3])
@pytest.mark.parametrize("rho", [0.0, 0.95])
def test_the_grid_agrees_with_all_pairs(own, bandwidth, rho):
    x, y = samples(rho, 300, 3)
    grid = kde(x, y, bandwidth, own=own, batch=True)
    torch.testing.assert_close(grid, kde(x, y, bandwidth, own=own, batch=True, direct=True), atol=2e-3, rtol=0)
    single = kde(x.float(), y.float(), bandwidth, own=own, batch=True)
    torch.testing.assert_close(single.double(), grid, atol=2e-3, rtol=0)


@pytest.mark.parametrize("bandwidth", ["likelihood", "scott", 0.15])
def test_the_coarser_grid_for_many_samples_agrees_too(bandwidth):
    x, y = samples(0.9, 2500, 2)
    # the two searches end a few per cent apart, which moves the estimate by a fraction of its spread, .018
    most = 5e-3 if bandwidth == "likelihood" else 1e-3
    all_pairs = kde(x, y, bandwidth, batch=True, direct=True)
    torch.testing.assert_close(kde(x, y, bandwidth, batch=True), all_pairs, atol=most, rtol=0)


def test_bandwidth_rules():
    x, y = samples(0.5, 200)
    scott = 200 ** (-1 / 6)
    for name, factor in (("scott", 1.0), ("silverman", 1.0)):  # equal for two columns
        h = tuple(float(factor * scott * v.std(correction=0)) for v in (x, y))
        torch.testing.assert_close(kde(x[0], y[0], name, direct=True), kde(x[0], y[0], h, direct=True))
    z = torch.cat([x, y + x], 0).T  # three columns in all: Silverman's factor is (4 / 5)^(1/7)
    h = (4 / 5) ** (1 / 7) * 200 ** (-1 / 7)
    scaled = standardised(z[None])[0]
    torch.testing.assert_close(kde(z, y[0], "silverman"), kde(scaled, standardised(y[..., None])[0], h))


def test_the_likeliest_bandwidth_is_likeliest():
    """A fine search gains less than a tenth of what the criterion scatters by: .05 nats at this n."""
    x, y = samples(0.9, 300)
    u, v = (standardised(t[..., None]) for t in (x, y))
    for ways in (kernels.Direct(u, v), Gridded(u[..., 0], v[..., 0])):
        chosen = kernels.likeliest(ways, u, v)
        tried = [torch.full_like(chosen, h) for h in np.geomspace(0.05, 0.8, 80)]
        one = torch.ones(1, dtype=torch.bool)
        best = max(float(ways.likelihood(h, one)) for h in tried)
        assert best - float(ways.likelihood(chosen, one)) < 5e-3


@pytest.mark.ledger("prop-balance")
@pytest.mark.parametrize("d", [1, 2])
def test_the_balanced_weight_cancels_the_leading_bias(d):
    """E log p̂ - log(K_h * p) at a point is a bracket over n, which the weight 2^(-d/2-1) makes vanish for small h."""
    h, point, n, draws = 0.5, 0.3, 100, 20_000

    def log_normal(variance):
        return -0.5 * d * (point**2 / variance + math.log(2 * math.pi * variance))

    p, own = math.exp(log_normal(1 + h * h)), (h * math.sqrt(2 * math.pi)) ** -d  # (K_h * p)(point), K_h(0)
    square = 2 ** (-d / 2) * own * math.exp(log_normal(1 + h * h / 2))  # (K_h² * p)(point)
    others = np.random.default_rng(d).standard_normal((draws, n - 1, d))
    sums = (np.exp(-0.5 * (((others - point) / h) ** 2).sum(2)) * own).sum(1)
    balanced = 2 ** (-d / 2 - 1)
    for w in (0.0, balanced, 1.0):
        values = np.log((sums + w * own) / (n - 1 + w)) - math.log(p)
        bracket = w * (own / p - 1) - (square / p**2 - 1) / 2
        error = values.std() / math.sqrt(draws)
        assert abs(values.mean() - bracket / n) < 4 * error + 3 * (own / p / n) ** 2  # the next order is a square
    # small h: K_h² * p -> 2^(-d/2) K_h(0) p, and the terms that grow as h shrinks cancel at the balanced weight
    assert balanced * own / p - 2 ** (-d / 2) * own * p / (2 * p * p) == pytest.approx(0, abs=1e-12)


def test_balanced_is_less_biased_than_either_extreme():
    for rho, n in ((0.0, 100), (0.0, 400), (0.9, 400)):
        law = BivariateGaussian(rho)
        x, y = samples(rho, n, 64)
        bias = {own: abs(float(kde(x, y, own=own, batch=True).mean()) - law.mutual_information) for own in OWN}
        assert bias["balanced"] < bias["leave-one-out"] or rho == 0
        assert bias["balanced"] < bias["resubstitution"] or rho > 0


def test_defaults_reach_the_study_s_corner():
    runs = 64
    for rho, n, most in ((0.99, 4900, 0.06), (0.0, 100, 0.05)):
        law = BivariateGaussian(rho)
        x, y = samples(rho, n, runs, seed=5, dtype=torch.float32)
        assert abs(float(kde(x, y, batch=True).mean()) - law.mutual_information) <= most


def test_it_sees_dependence_without_correlation():
    law = MixedGaussian(0.9)
    values = torch.stack([kde(*law.sample(2000, seed=s)) for s in range(8)])
    assert abs(values.mean() - law.mutual_information) < 4 * values.std() / math.sqrt(8) + 0.05


def test_more_columns():
    law = CorrelatedGaussian(0.5, 2)
    values = torch.stack([kde(*law.sample(800, seed=s)) for s in range(4)])
    assert abs(values.mean() - law.mutual_information) < 0.12  # four dimensions blur: see chapter 3


def test_a_user_s_bandwidth_too_fine_for_the_grid_is_summed_directly():
    x, y = samples(0.5, 80)
    torch.testing.assert_close(kde(x[0], y[0], 1e-4), kde(x[0], y[0], 1e-4, direct=True))


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("bandwidth", ["scott", 0.4])
def test_the_gradient_is_that_of_the_formula(own, bandwidth):
    x, y = (v.requires_grad_() for v in samples(0.7, 25, 2, seed=3))
    torch.autograd.gradcheck(lambda a, b: kde(a, b, bandwidth, own=own, direct=True, batch=True), (x, y))


@pytest.mark.parametrize("bandwidth", ["likelihood", "scott"])
def test_the_grid_s_gradient_agrees_with_all_pairs(bandwidth):
    x, y = (v.requires_grad_() for v in samples(0.9, 400, seed=3))
    a, b = (torch.autograd.grad(kde(x, y, bandwidth, direct=way, batch=True).sum(), (x, y)) for way in (True, False))
    for exact, grid in zip(a, b, strict=True):
        assert (exact - grid).norm() < 0.02 * exact.norm()


def test_the_gradient_trains():
    """Turn one of two mixed signals back until it tells most about the other."""
    g = torch.Generator().manual_seed(0)
    source, other = torch.rand(2, 600, generator=g) * 2 - 1
    turn = 0.6
    mixed = math.cos(turn) * source - math.sin(turn) * other, math.sin(turn) * source + math.cos(turn) * other
    angle = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.Adam([angle], lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        found = torch.cos(angle) * mixed[0] + torch.sin(angle) * mixed[1]
        loss = -kde(found, source + 0.1 * other, "scott")
        loss.backward()
        optimiser.step()
    assert abs(angle.item() - turn - math.atan(0.1)) < 0.1
