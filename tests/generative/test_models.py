"""Density models: they integrate to one, draw what they say, and start from the best linear Gaussian."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch.func import functional_call, stack_module_state, vmap

from mi_lab.generative import MODELS, CellClassifier, Cells, LinearGaussian, ResidualCritic, make_model
from mi_lab.laws import CorrelatedGaussian, CorrelatedMixture

GAUSSIAN = CorrelatedGaussian(0.8, 2)


def disturbed(name, d_y, d_x, seed=0):
    """Return a model whose weights are far from their start, on samples whose columns have odd units."""
    x, y = CorrelatedGaussian(0.7, 2).sample(400, seed)
    x, y = 3 + 100 * x[:, :d_x], -5 + 0.01 * y[:, :d_y]
    model = make_model(name, d_y, d_x, seed=seed).start(x, y)
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.data += 0.1 * torch.randn(p.shape, generator=generator)
    return model.requires_grad_(False), x, y


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("d_x", [0, 2])
def test_a_density_integrates_to_one(name, d_x):
    model, x, y = disturbed(name, 1, d_x)
    grid = torch.linspace(-5.5, -4.5, 20_001)[:, None]
    for row in x[:3]:
        p = model.log_prob(grid, row.expand(len(grid), -1)).double().exp()
        assert float(p.sum() * 1.0 / 20_000) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_it_draws_what_it_says(name):
    """The mean of log q over its own samples is what quadrature over two columns says."""
    model, x, y = disturbed(name, 2, 2)
    row = x[:1]
    drawn = model.sample(row.expand(20_000, -1), torch.Generator().manual_seed(1))
    u = (drawn - drawn.mean(0)) / drawn.std(0)
    side = torch.linspace(-9, 9, 241)
    grid = torch.cartesian_prod(side, side) * drawn.std(0) + drawn.mean(0)
    log_p = model.log_prob(grid, row.expand(len(grid), -1)).double()
    weight = log_p.exp() * float((side[1] - side[0]) ** 2 * drawn.std(0).prod())
    assert float(weight.sum()) == pytest.approx(1, abs=0.02)
    for j in range(2):  # moments of either column against those of its own samples
        z = ((grid - drawn.mean(0)) / drawn.std(0))[:, j].double()
        assert abs(float((weight * z).sum())) < 4 / math.sqrt(20_000) + 0.02
        spread = float(u[:, j].double().pow(4).mean().sqrt()) / math.sqrt(20_000)
        assert abs(float((weight * z**2).sum()) - 1) < 4 * spread + 0.04
    own = model.log_prob(drawn, row.expand(20_000, -1)).double()
    assert abs(own.mean() - float((weight * log_p).sum())) < 4 * own.std() / math.sqrt(20_000) + 0.02


@pytest.mark.parametrize("name", MODELS)
def test_it_starts_from_the_best_line_in_any_units(name):
    x, y = GAUSSIAN.sample(4000, 0)
    scale = torch.tensor([1e-4, 1e5])
    far, near = (make_model(name, 2, 2, seed=1) for _ in range(2))
    a = near.start(x, y).log_prob(y, x)
    x_far, y_far = (7 + x) * scale.flip(0), (y - 9) * scale
    b = far.start(x_far, y_far).log_prob(y_far, x_far)
    assert torch.allclose(a, b + scale.log().sum(), atol=2e-2)
    if name != "mixture" and name != "autoregressive":  # their components start apart
        truth = GAUSSIAN.conditional().log_prob(y, x)
        assert abs(float((a - truth).mean())) < 4 * float((a - truth).std()) / math.sqrt(4000) + 0.05


@pytest.mark.parametrize("name", MODELS)
def test_pairs_rows_and_members_at_once_agree(name):
    model, x, y = disturbed(name, 2, 2)
    other, _, _ = disturbed(name, 2, 2, seed=5)
    own = model.requires_grad_().log_prob(y[:6], x[:6])
    assert torch.allclose(model.pairs(x[:6], y[:8]).diagonal(), own, atol=1e-4)
    assert torch.allclose(model.pairs(x[:3], y[:8])[2], model.log_prob(y[:8], x[2:3].expand(8, -1)), atol=1e-4)
    weights, buffers = stack_module_state([model.requires_grad_(), other.requires_grad_()])
    weights = {k: v.detach().requires_grad_() for k, v in weights.items()}
    z = torch.cat([x, y], 1)[:6].expand(2, -1, -1)
    both = vmap(lambda w, b, rows: functional_call(model, (w, b), (rows,)))(weights, buffers, z)
    assert torch.allclose(both[0], own, atol=1e-4)
    assert torch.allclose(both[1], other.log_prob(y[:6], x[:6]), atol=1e-4)
    both.sum().backward()  # and every weight learns what it would learn alone
    own.sum().backward()
    for k, p in model.named_parameters():
        assert torch.allclose(weights[k].grad[0], p.grad, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_seeds_repeat_and_leave_torchs_generator_alone(name):
    before = torch.get_rng_state()
    a, b, c = (make_model(name, 2, 1, seed=s) for s in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    if name != "linear":
        assert any(not torch.equal(p, q) for p, q in zip(a.parameters(), c.parameters(), strict=True))


def test_the_autoregressive_model_looks_at_no_later_column():
    model, x, y = disturbed("autoregressive", 2, 2)
    moved = y.clone()
    moved[:, 1] += 1.0
    first = lambda rows: model._parts(torch.cat([torch.zeros(len(rows), 2), rows], 1))[1][:, 0]  # noqa: E731
    assert torch.equal(first(y), first(moved))


def test_the_linear_gaussian_is_least_squares():
    x, y = GAUSSIAN.sample(3000, 0)
    model = LinearGaussian(2, 2).start(x, y)
    basis = np.c_[x, np.ones(3000)].astype(float)
    rest = y.double().numpy() - basis @ np.linalg.lstsq(basis, y.double().numpy(), rcond=None)[0]
    covariance = np.cov(rest.T, bias=True)
    assert model.entropy() == pytest.approx(0.5 * np.linalg.slogdet(2 * math.pi * math.e * covariance)[1], abs=1e-4)
    assert float(-model.log_prob(y, x).mean()) == pytest.approx(model.entropy(), abs=1e-4)  # at its own maximum


# ---- cells -------------------------------------------------------------------------------------------------------


def test_cells_are_those_of_the_nearest_centre():
    y = CorrelatedMixture(2).sample(3000, 0)[1] * torch.tensor([1.0, 1000.0])
    cells = Cells.fitted(y, 12, seed=0)
    assert cells.number == 12
    number = cells(y)
    distance = torch.cdist((y / cells.width).double(), (cells.centres / cells.width).double())
    assert (number == distance.argmin(1)).float().mean() > 0.999
    assert len(number.unique()) == 12
    assert torch.equal(Cells.fitted(y, 12, seed=0).centres, cells.centres)


def test_few_values_make_a_cell_each():
    y = torch.tensor([[0.0], [1.0], [5.0]]).repeat(30, 1)
    cells = Cells.fitted(y, 32)
    assert cells.number == 3
    assert len(cells(y).unique()) == 3


def test_a_classifier_without_x_knows_the_frequencies():
    y = torch.tensor([[0.0]] * 60 + [[1.0]] * 30 + [[5.0]] * 10)
    model = CellClassifier(Cells.fitted(y, 4)).start(y[:, :0], y)
    wanted = torch.tensor([60.5, 30.5, 10.5]) / 101.5
    found = model.log_prob(torch.tensor([[0.0], [1.0], [5.0]])).exp()
    assert torch.allclose(found, wanted, atol=1e-5)
    drawn = model.sample(5000, torch.Generator().manual_seed(0)).bincount() / 5000
    assert torch.allclose(drawn, wanted, atol=4 * 0.5 / math.sqrt(5000))


# ---- what has no density -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda x, y: make_model("magic", 1), "unknown model 'magic', wanted one of: linear"),
        (lambda x, y: make_model(torch.nn.ELU(), 1), "model is a ELU, wanted a density model"),
        (lambda x, y: make_model(LinearGaussian(2, 1), 2, 2), "made for d_y = 2 and d_x = 1"),
        (lambda x, y: LinearGaussian(0), "d_y = 0"),
        (lambda x, y: make_model("mixture", 1).log_prob(y), "y has 2 columns"),
        (lambda x, y: LinearGaussian(2, 2).start(x[:5], y[:5]), "at least 6 samples to train on, and there are 5"),
        (
            lambda x, y: LinearGaussian(2, 2).start(x, torch.cat([y[:, :1]] * 2, 1)),
            "column 1 of y is a linear function",
        ),
        (lambda x, y: LinearGaussian(2, 2).start(x, x @ torch.ones(2, 2) + 1), "covariance is singular"),
        (lambda x, y: LinearGaussian(3).start(x[:, :0], torch.cat([y, y.sum(1, True)], 1)), "column 2 of y"),
        (lambda x, y: Cells.fitted(y, 1), "cells = 1"),
        (lambda x, y: Cells.fitted(y[:9], 10), "10 cells want at least as many samples"),
    ],
)
def test_bad_input(bad, said):
    x, y = GAUSSIAN.sample(100, 0)
    with pytest.raises(ValueError, match=said) as error:
        bad(x, y)
    assert "\n" not in str(error.value)


def test_a_ks_check_of_the_drawn_columns():
    """Trained by nothing but its start, a linear Gaussian on Gaussian data draws what the law does."""
    x, y = GAUSSIAN.sample(20_000, 0)
    drawn = LinearGaussian(2, 2).start(x, y).sample(x, torch.Generator().manual_seed(0))
    assert all(stats.ks_2samp(a, b).pvalue > 1e-4 for a, b in zip(drawn.T, y.T, strict=True))


def test_a_residual_critic_is_a_critic_of_x_y_and_what_the_line_leaves():
    law = CorrelatedGaussian.with_information(2.0, 3)
    x, y = law.sample(20_000, 0)
    net = ResidualCritic(x, y, width=8, depth=2, seed=3)
    u = (y - x @ net.line.mT - net.offset) @ net.root_inverse.mT
    torch.testing.assert_close(torch.cov(u.T), torch.eye(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(torch.corrcoef(torch.cat([x, u], 1).T)[:3, 3:], torch.zeros(3, 3), atol=1e-3, rtol=0)
    h = torch.cat([x, y, u], 1)[:5]
    for layer in net.layers[:-1]:
        h = layer(h).relu()
    torch.testing.assert_close(net(x[:5], y[:5]), net.layers[-1](h)[:, 0])
    again = ResidualCritic(x, y, width=8, depth=2, seed=4)
    assert not torch.equal(again.layers[0].weight, net.layers[0].weight)
    assert torch.equal(again.reset(3).layers[0].weight, net.layers[0].weight)
    assert len(list(net.parameters())) == 6
