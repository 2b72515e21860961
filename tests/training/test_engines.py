"""Engines: the written-out gradient against autograd and finite differences, Adam against torch's, members against
separate nets."""

import numpy as np
import pytest
import torch
from torch import nn

from mi_lab.critics import Net, Separable
from mi_lab.training.engines import Graph, adam_options, make_engine
from mi_lab.training.written import FlatAdam, Written

CPU = torch.device("cpu")
call = lambda net, z: net(z)  # noqa: E731


def nets(m, **kind):
    return [Net(3, width=7, std=0.5, seed=seed, **kind) for seed in range(m)]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("m", [1, 4])
def test_the_written_gradient_is_autograd_s(m, depth):
    z, dt = torch.randn(m, 11, 3), torch.randn(m, 11)
    engine = Written(nets(m, depth=depth), CPU, {})
    t = engine.scores(z)
    engine.backward(dt)
    for k, net in enumerate(nets(m, depth=depth)):
        s = net(z[k])
        s.backward(dt[k])
        np.testing.assert_allclose(t[k], s.detach(), rtol=1e-5, atol=1e-6)
        flat = torch.cat([p.grad.flatten() for p in net.parameters()])
        np.testing.assert_allclose(engine.grad[k], flat, rtol=2e-4, atol=2e-5)


def test_the_written_gradient_against_finite_differences():
    """In float64, so that the difference quotient is good to 1e-8."""
    engine = Written(nets(1), CPU, {})
    engine.theta, engine.grad = engine.theta.double(), engine.grad.double()
    shapes = [p.shape for p in nets(1)[0].parameters()]
    engine.weights, engine.biases = engine._views(engine.theta, shapes)
    engine.grad_weights, engine.grad_biases = engine._views(engine.grad, shapes)
    z, dt = torch.randn(1, 9, 3, dtype=torch.float64), torch.randn(1, 9, dtype=torch.float64)
    engine.scores(z)
    engine.backward(dt)
    grad, h = engine.grad[0].clone(), 1e-6
    for i in range(0, len(grad), 5):
        ends = []
        for step in (h, -2 * h):
            engine.theta[0, i] += step
            ends.append((engine.scores(z) * dt).sum().item())
        engine.theta[0, i] += h
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(grad[i].item(), abs=1e-7)


@pytest.mark.parametrize("options", [{}, {"lr": 0.02, "betas": (0.5, 0.9), "eps": 1e-4}, {"weight_decay": 0.1}])
def test_flat_adam_is_torch_s(options):
    theta = torch.randn(2, 30, generator=torch.Generator().manual_seed(0))
    other = theta.clone().requires_grad_()
    mine, theirs = FlatAdam(theta, **options), torch.optim.Adam([other], **options)
    for seed in range(30):
        grad = torch.randn(2, 30, generator=torch.Generator().manual_seed(seed))
        mine.step(grad)
        other.grad = grad.clone()
        theirs.step()
    np.testing.assert_allclose(theta, other.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("m", [1, 3])
def test_either_engine_trains_alike(m):
    engines = [Written(nets(m), CPU, {"lr": 0.01}), Graph(nets(m), CPU, {"lr": 0.01}, call)]
    for seed in range(15):
        g = torch.Generator().manual_seed(seed)
        z, dt = torch.randn(m, 8, 3, generator=g), torch.randn(m, 8, generator=g)
        for engine in engines:
            engine.scores(z)
            engine.backward(dt)
            engine.step()
    z = torch.randn(m, 5, 3)
    np.testing.assert_allclose(engines[0].evaluate(z), engines[1].evaluate(z), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(engines[0].graph(z), engines[1].graph(z).detach(), rtol=1e-3, atol=1e-4)


def test_one_net_shares_its_weights_with_the_engine_and_members_can_be_taken_out():
    (net,) = nets(1)
    engine = Written([net], CPU, {"lr": 0.1})
    z = torch.randn(1, 6, 3)
    before = net(z[0]).detach().clone()
    engine.scores(z)
    engine.backward(torch.ones(1, 6))
    engine.step()
    assert not torch.equal(net(z[0]), before)
    for kind in (Written, lambda *a: Graph(*a, call)):
        engine = kind(nets(3), CPU, {})
        fresh = Net(3, width=7)
        engine.export(2, fresh)
        assert torch.equal(fresh(z[0]), nets(3)[2](z[0]))


def test_the_quickest_engine_is_chosen():
    assert isinstance(make_engine([Net()], CPU, {"lr": 0.1}, call), Written)
    assert isinstance(make_engine([Net()], CPU, {"amsgrad": True}, call), Graph)
    assert isinstance(make_engine([Net()], CPU, {}, call, written=False), Graph)
    assert isinstance(make_engine([Separable()], CPU, {}, call), Graph)

    class Twice(Net):
        def forward(self, x, y=None):
            return 2 * super().forward(x, y)

    assert isinstance(make_engine([Twice()], CPU, {}, call), Graph)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: adam_options({"learning_rate": 1}), "unknown option 'learning_rate'; the optimiser, Adam, takes: lr"),
        (lambda: adam_options({"lr": 0}), "lr = 0"),
        (lambda: adam_options({"lr": float("nan")}), "lr = nan"),
        (lambda: Graph([nn.ELU()], CPU, {}, call), "no parameters"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()


@pytest.mark.parametrize("m", [1, 3])
def test_averaged_weights_answer_and_the_latest_go_on(m):
    """Against an average written out: of weights after t steps the newest has the share (η+1)/(η+t), η = 8."""
    make = lambda averaged: Graph(nets(m), CPU, {"lr": 0.05}, call, averaged=averaged)  # noqa: E731
    engine, plain = make(True), make(False)
    z, dt = torch.randn(m, 11, 3), torch.randn(m, 11)
    means = [p.detach().clone() for p in plain.parameters]
    for t in range(1, 7):
        for one in (engine, plain):
            one.scores(z)
            one.backward(dt)
            one.step()
        torch.testing.assert_close(engine.scores(z), plain.scores(z))  # training doesn't know of the average
        engine.backward(dt), plain.backward(dt)
        means = [a + 9 / (8 + t) * (p.detach() - a) for a, p in zip(means, plain.parameters, strict=True)]
        engine.evaluate(z)
    for k in range(m):
        net = nets(1)[0]
        engine.export(k, net)
        flat = torch.cat([p.detach().flatten() for p in net.parameters()])
        wanted = torch.cat([(a[k] if m > 1 else a).flatten() for a in means])
        torch.testing.assert_close(flat, wanted)
        torch.testing.assert_close(engine.evaluate(z)[k], net(z[k]))
    assert not torch.allclose(engine.evaluate(z), engine.scores(z))
    assert {name for name in engine.learned() if not name.startswith("buffer")} == {
        f"mean{i}" for i in range(len(means))
    }
