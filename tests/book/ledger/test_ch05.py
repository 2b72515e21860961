"""Chapter 5, statement by statement: descent, Adam, the critic's start, what training and held-out values can be."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from mi_lab import Net, all_pair_scores


@pytest.mark.ledger("eq-gd", "prop-gd-exponential", "eq-gd-exponential")
@pytest.mark.parametrize(("z", "eta", "w0"), [(1.5, 0.1, 0.0), (-0.7, 2.0, 1.0), (3.0, 0.5, -0.2)])
def test_descent_on_an_exponential(z, eta, w0):
    w, losses = w0, []
    for _ in range(200_001):
        losses.append(math.exp(w * z))
        w -= eta * z * losses[-1]
    losses, k = np.array(losses), np.arange(200_001)
    rate = eta * z**2
    np.testing.assert_allclose(losses[1:1000], losses[:999] * np.exp(-rate * losses[:999]), rtol=1e-9)
    assert (np.diff(losses) < 0).all()
    assert (losses <= 1 / (1 / losses[0] + rate * k) * (1 + 1e-9)).all()
    product = rate * k * losses
    early, late = abs(product[2000] - 1), abs(product[200_000] - 1)
    assert late < 2e-3 or late < early / 20  # a correction of order (log k)/k, or the start's 1/(k L_0)
    assert late < 0.05


@pytest.mark.ledger("prop-descent", "eq-descent")
def test_short_steps_descend_and_long_ones_do_not():
    rng = np.random.default_rng(0)
    # L(w) = log-cosh summed over random directions: gradient Lipschitz with β = ||A||², not a quadratic
    for _ in range(20):
        A = rng.normal(size=(6, 4))
        beta = np.linalg.norm(A, 2) ** 2

        def loss(w, A=A):
            return np.log(np.cosh(A @ w)).sum()

        def gradient(w, A=A):
            return A.T @ np.tanh(A @ w)

        for share in (0.1, 1.0, 1.9):
            eta, w = share / beta, rng.normal(size=4)
            for _ in range(100):
                g = gradient(w)
                after = w - eta * g
                assert loss(after) <= loss(w) - eta * (1 - beta * eta / 2) * g @ g + 1e-10
                w = after
            for _ in range(20_000):
                w = w - eta * gradient(w)
                if np.linalg.norm(gradient(w)) < 1e-5:
                    break
            assert np.linalg.norm(gradient(w)) < 1e-5
    w = 1e-3
    for _ in range(200):  # β = 2, η = 1.05 > 2/β
        w -= 1.05 * 2 * w
    assert abs(w) > 1e3


@pytest.mark.ledger("eq-critic")
def test_net_is_the_formula():
    net = Net(seed=3, std=0.5)
    z = torch.randn(7, 2, generator=torch.Generator().manual_seed(0))
    W, b = zip(*[(layer.weight, layer.bias) for layer in net.layers], strict=True)

    def elu(u):
        return torch.where(u > 0, u, torch.expm1(u))

    h1 = elu(z @ W[0].T + b[0])
    h2 = elu(h1 @ W[1].T + b[1])
    torch.testing.assert_close(net(z), h2 @ W[2][0] + b[2][0])
    assert [tuple(w.shape) for w in W] == [(100, 2), (100, 100), (1, 100)]
    assert sum(p.numel() for p in net.parameters()) == 10_501


@pytest.mark.ledger("prop-critic-start", "eq-critic-start")
def test_critic_starts_near_zero():
    z = torch.tensor([[1.0, 0.0], [3.0, -4.0], [0.1, 0.1]])
    t = torch.stack([Net(seed=seed)(z).detach() for seed in range(400)]).double()  # (400, 3)
    size = t.pow(2).mean(0).sqrt()
    bound = 0.02**3 * 100 * z.double().norm(dim=1)
    assert (
        size < bound * (1 + 5 / math.sqrt(2 * 400))
    ).all()  # the bound, with 5 standard errors of a root mean square
    assert (size > bound / 3).all()  # and of the right order
    assert (t.mean(0).abs() < 5 * t.std(0) / math.sqrt(400)).all()
    assert all((layer.bias == 0).all() for layer in Net(seed=0).layers)


@pytest.mark.ledger("eq-adam")
def test_adam_is_the_formula():
    w = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([w], lr=0.1)
    v = w.detach().clone().numpy()
    m, s = np.zeros(3), np.zeros(3)
    for k in range(1, 30):
        adam.zero_grad()
        (w.exp().sum() + (w**4).sum()).backward()
        adam.step()
        g = np.exp(v) + 4 * v**3
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        v = v - 0.1 * (m / (1 - 0.9**k)) / (np.sqrt(s / (1 - 0.999**k)) + 1e-8)
        if k == 1:  # the first step has the size of the step size, whatever the gradient's
            g0 = np.exp([0.5, -1.0, 2.0]) + 4 * np.array([0.5, -1.0, 2.0]) ** 3
            np.testing.assert_allclose(v, [0.5, -1.0, 2.0] - 0.1 * g0 / (abs(g0) + 1e-8), rtol=1e-12)
        np.testing.assert_allclose(w.detach().numpy(), v, rtol=1e-10)


def all_pairs(T):
    n = len(T)
    return np.diag(T).mean() - logsumexp(T) + 2 * math.log(n)


def one_shuffle(T, sigma):
    n = len(T)
    return np.diag(T).mean() - logsumexp(T[np.arange(n), list(sigma)]) + math.log(n)


@pytest.mark.ledger("thm-training-value", "eq-train-all-pairs")
def test_all_pairs_value_stays_below_log_n_and_approaches_it():
    rng = np.random.default_rng(1)
    for n in (2, 3, 10):
        for scale in (0.1, 1, 10):
            for _ in range(200):
                assert all_pairs(scale * (rng.normal(size=(n, n)) + rng.normal() * np.eye(n))) < math.log(n) + 1e-12
        values = [all_pairs(K * np.eye(n)) for K in (1, 5, 10, 20)]
        assert values == sorted(values)
        assert values[-1] == pytest.approx(math.log(n), abs=1e-6)
        assert all(
            v == pytest.approx(K - math.log((math.exp(K) + n - 1) / n))
            for v, K in zip(values, (1, 5, 10, 20), strict=True)
        )


@pytest.mark.ledger("thm-training-value", "eq-train-shuffle")
def test_shuffle_value_has_no_ceiling_alone_or_on_average():
    for n in (2, 3, 5):
        shuffles = list(itertools.permutations(range(n)))
        identity = tuple(range(n))
        for sigma in shuffles:
            i = next((i for i in range(n) if sigma[i] != i), None)
            T = np.zeros((n, n))
            if i is None:
                for _ in range(20):  # against itself the value is at most 0
                    assert one_shuffle(np.random.default_rng(0).normal(size=(n, n)), identity) <= 0
                continue
            T[i, i] = 1000.0
            assert one_shuffle(T, sigma) == pytest.approx(1000 / n)
        for K in (1.0, 10.0, 300.0):
            values = [one_shuffle(K * np.eye(n), s) for s in shuffles]
            fixed = np.array([sum(s[i] == i for i in range(n)) for s in shuffles])
            wanted = K - np.log1p(fixed / n * math.expm1(K))
            np.testing.assert_allclose(values, wanted, atol=1e-9)
            assert min(values) > -1e-9
            assert np.mean(values) >= K * (fixed == 0).mean() - 1e-9
        assert (fixed == 0).any()


@pytest.mark.ledger("thm-training-value")
def test_a_network_can_learn_it():
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(5, 1, generator=rng), torch.randn(5, 1, generator=rng)
    ends = {}
    for name in ("all", "one"):
        net = Net(std=None, seed=0)
        adam = torch.optim.Adam(net.parameters(), lr=5e-3)
        for _ in range(400):
            t = net(x, y)
            t_ref = all_pair_scores(net, x, y).flatten() if name == "all" else net(x, y.roll(1, 0))
            value = t.mean() - torch.logsumexp(t_ref, 0) + math.log(len(t_ref))
            adam.zero_grad()
            (-value).backward()
            adam.step()
        ends[name] = value.item()
    assert 0.6 * math.log(5) < ends["all"] < math.log(5)
    assert ends["one"] > 100


@pytest.mark.ledger("thm-held-out", "eq-held-out")
def test_held_out_value_tends_to_the_score_of_the_critic_from_above_in_expectation():
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4))
    divergence = p @ np.log(p / q)
    # a critic learned from 20 samples: the plug-in log-ratio, smoothed
    counts = [np.bincount(rng.choice(4, 20, p=law), minlength=4) + 0.5 for law in (p, q)]
    t = np.log(counts[0] / counts[1])
    score = p @ t - math.log(q @ np.exp(t))
    assert score <= divergence
    # expectation over all held-out samples of size n = 2: exact, and not below the score
    n, mean = 2, p @ t
    mean -= sum(q[i] * q[j] * math.log((math.exp(t[i]) + math.exp(t[j])) / n) for i in range(4) for j in range(4))
    assert mean > score
    # and the value itself converges: within 5 standard errors (delta method) at a million
    n, w = 10**6, np.exp(t)
    value = t[rng.choice(4, n, p=p)].mean() - math.log(w[rng.choice(4, n, p=q)].mean())
    se = math.sqrt((p @ t**2 - (p @ t) ** 2 + (q @ w**2) / (q @ w) ** 2 - 1) / n)
    assert abs(value - score) < 5 * se


def test_dice_of_the_last_exercise():
    """Fifty throws of two independent dice: the empirical information is .31 nats on average, .25 to first order."""
    rng = np.random.default_rng(3)
    values = []
    for table in rng.multinomial(50, np.full(36, 1 / 36), 20_000).reshape(-1, 6, 6) / 50:
        entropies = [-(v[v > 0] @ np.log(v[v > 0])) for v in (table.sum(0), table.sum(1), table.ravel())]
        values.append(entropies[0] + entropies[1] - entropies[2])
    se = np.std(values) / math.sqrt(len(values))
    assert abs(np.mean(values) - 0.31) < 0.005 + 5 * se  # the two digits that the solution prints
