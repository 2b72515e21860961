"""Objectives: value and gradient against the formula written naively in float64, and scores of ±500."""

import math

import numpy as np
import pytest
import torch

from mi_lab.critics import Separable
from mi_lab.objectives import (
    OBJECTIVES,
    donsker_varadhan,
    hellinger,
    infonce,
    js,
    log_mean_exp,
    log_odds,
    make_objective,
    mine,
    mine_objective,
    moving_average,
    nwj,
    remine,
    smile,
    tuba,
)

NAIVE = {
    "dv": (donsker_varadhan, lambda t, r: t.mean() - np.log(np.exp(r).mean())),
    "mine": (
        lambda t, r: mine(t, r, torch.tensor(math.log(2.5), dtype=torch.float64)),
        lambda t, r: -t.mean() + np.exp(r).mean() / 2.5,
    ),
    "nwj": (nwj, lambda t, r: t.mean() - np.exp(r - 1).mean()),
    "js": (js, lambda t, r: np.log(2) + (np.log(1 / (1 + np.exp(-t))).mean() + np.log(1 / (1 + np.exp(r))).mean()) / 2),
    "smile": (
        lambda t, r: smile(t, r, 1.0),
        lambda t, r: t.mean() - np.log(np.clip(np.exp(r), np.exp(-1), np.exp(1)).mean()),
    ),
    "tuba": (
        lambda t, r: tuba(t, r, 0.7),
        lambda t, r: 1 + t.mean() - 0.7 - np.exp(r).mean() / np.exp(0.7),
    ),
    "remine": (
        lambda t, r: remine(t, r, 0.3, 1.2),
        lambda t, r: t.mean() - np.log(np.exp(r).mean()) - 0.3 * (np.log(np.exp(r).mean()) - 1.2) ** 2,
    ),
    "hellinger": (hellinger, lambda t, r: 2 - np.exp(-t / 2).mean() - np.exp(r / 2).mean()),
    "log_odds": (lambda t, r: log_odds(t, r) + 0 * r.sum(), lambda t, r: t.mean() + 0 * r.sum()),
}


def scores(seed=0, b=7, c=9):
    g = torch.Generator().manual_seed(seed)
    return (
        2 * torch.randn(b, dtype=torch.float64, generator=g),
        2 * torch.randn(c, dtype=torch.float64, generator=g),
    )


def finite_differences(f, *arrays, h=1e-6):
    grads = []
    for k, a in enumerate(arrays):
        g = np.zeros_like(a)
        for i in np.ndindex(a.shape):
            up, down = [v.copy() for v in arrays], [v.copy() for v in arrays]
            up[k][i] += h
            down[k][i] -= h
            g[i] = (f(*up) - f(*down)) / (2 * h)
        grads.append(g)
    return grads


@pytest.mark.parametrize("name", NAIVE)
def test_value_and_gradient_against_the_naive_formula(name):
    f, naive = NAIVE[name]
    t, r = (s.requires_grad_() for s in scores())
    value = f(t, r)
    value.backward()
    arrays = t.detach().numpy(), r.detach().numpy()
    assert value.item() == pytest.approx(naive(*arrays), rel=1e-12)
    for mine_, theirs in zip((t.grad, r.grad), finite_differences(naive, *arrays), strict=True):
        np.testing.assert_allclose(mine_.numpy(), theirs, atol=1e-7)


def test_infonce_against_the_naive_formula():
    s = torch.randn(6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def naive(a):
        return np.mean([a[i, i] - np.log(np.mean(np.exp(a[i]))) for i in range(len(a))])

    value = infonce(s)
    value.backward()
    assert value.item() == pytest.approx(naive(s.detach().numpy()), rel=1e-12)
    np.testing.assert_allclose(s.grad.numpy(), finite_differences(naive, s.detach().numpy())[0], atol=1e-8)
    assert infonce(1000 * torch.eye(6).double()).item() == pytest.approx(math.log(6))


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.9, 1.0])
def test_beta_multiplies_the_old_value(beta):
    _, r = scores(1)
    old = 3.0
    new = moving_average(torch.tensor(math.log(old), dtype=torch.float64), r, beta).exp().item()
    assert new == pytest.approx((1 - beta) * r.exp().mean().item() + beta * old, rel=1e-12)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.9, 1.0])
def test_mine_s_written_gradient_is_that_of_the_surrogate_with_the_average_updated(beta, members):
    objective = mine_objective(m=2.0, beta=beta)
    state = objective.state(members)
    log_m = torch.full((members,), math.log(2.0))
    for seed in range(4):
        s = 2 * torch.randn(members, 12, generator=torch.Generator().manual_seed(seed))
        log_m = moving_average(log_m, s[:, 5:], beta)
        leaf = s.clone().requires_grad_()
        mine(leaf[:, :5], leaf[:, 5:], log_m).sum().backward()
        np.testing.assert_allclose(objective.gradient(s, 5, state), leaf.grad, rtol=2e-5, atol=1e-7)
        np.testing.assert_allclose(state["log_m"], log_m, rtol=1e-5, atol=1e-6)


def test_without_memory_mine_s_gradient_is_donsker_varadhan_s():
    s = torch.randn(2, 12, generator=torch.Generator().manual_seed(0))
    plain = OBJECTIVES["dv"].gradient(s, 5)
    objective = mine_objective(beta=0.0)
    np.testing.assert_allclose(objective.gradient(s, 5, objective.state(2)), plain, rtol=1e-5)
    leaf = s.clone().requires_grad_()
    (-donsker_varadhan(leaf[:, :5], leaf[:, 5:])).sum().backward()
    np.testing.assert_allclose(plain, leaf.grad, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_s_gradient_is_its_loss_s(name):
    objective = OBJECTIVES[name]
    s = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    leaf = s.clone().requires_grad_()
    parts = (leaf.view(2, 4, 4),) if objective.all_pairs else (leaf[:, :4], leaf[:, 4:])
    objective.loss(*parts).sum().backward()
    np.testing.assert_allclose(objective.gradient(s, 4), leaf.grad, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("name", [*NAIVE, "log_mean_exp", "infonce"])
def test_scores_of_500_in_float32(name, sign):
    t, r = (torch.full((n,), 500.0 * sign).requires_grad_() for n in (6, 9))
    if name == "log_mean_exp":
        assert log_mean_exp(r).item() == pytest.approx(500 * sign)
        return
    if name == "infonce":
        value = infonce(500.0 * sign * torch.ones(4, 4))
        assert value.item() == pytest.approx(0, abs=1e-4)
        return
    if name == "mine":  # m is where the batches are, as a moving average's is
        value = mine(t, r, torch.tensor(500.0 * sign))
        expected = -500 * sign + 1
    else:
        f, naive = NAIVE[name]
        value = f(t, r)
        a, b = t.detach().double().numpy(), r.detach().double().numpy()
        expected = -250 + math.log(2) if name == "js" else naive(a, b)
    assert value.item() == pytest.approx(expected, rel=1e-5)
    value.backward()
    assert torch.isfinite(t.grad).all() or (name == "hellinger" and sign < 0)  # e^(-t/2) is e^250
    if name not in ("nwj", "tuba", "hellinger") or sign < 0:  # theirs is e^500 itself, which float32 doesn't hold
        assert torch.isfinite(r.grad).all()


def test_the_value_reported_is_never_the_surrogate():
    t, r = (s.float() for s in scores())
    assert mine_objective().value(t, r) == donsker_varadhan(t, r)
    assert OBJECTIVES["js"].value(t, r) == nwj(t + 1, r + 1)
    assert OBJECTIVES["smile"].value(t, r) == smile(t, r)


def test_what_the_docstrings_say_about_order():
    for seed in range(20):
        t, r = scores(seed)
        assert nwj(t, r) <= donsker_varadhan(t, r) + 1e-12
        best = log_mean_exp(r)
        assert tuba(t, r, best).item() == pytest.approx(donsker_varadhan(t, r).item())
        assert tuba(t, r, 1.0).item() == pytest.approx(nwj(t, r).item())
        assert tuba(t, r, best) >= tuba(t, r, best + 0.3)
        assert js(t, r) <= math.log(2)


def test_infonce_never_passes_log_b():
    x = torch.randn(16, 2, generator=torch.Generator().manual_seed(0))
    for seed in range(5):
        assert infonce(1e3 * Separable(2, 2, seed=seed).pairs(x, x)) <= math.log(16) + 1e-6


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: make_objective("kl"), "wanted one of: mine, dv, nwj, mine-f, js, smile, .*flo, .*hd-dime"),
        (lambda: mine_objective(m=0), "m = 0"),
        (lambda: mine_objective(m=float("inf")), "m = inf"),
        (lambda: mine_objective(beta=1.1), "beta = 1.1"),
        (lambda: mine_objective(beta=-0.1), "beta = -0.1"),
        (lambda: mine_objective(beta="a"), "beta = 'a'"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()
