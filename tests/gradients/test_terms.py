"""The terms' value is nothing and their gradient that of closed forms, and what they say of bad input."""

import math
import re

import numpy as np
import pytest
import torch

from mi_lab.gradients import GaussianScore, SpectralStein, entropy_term, information_term


def draw(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def encoded(w, n=600, sigma=0.5, seed=0):
    """Return x ~ N(0, diag(4, 1, .25)) and z = w·x + σε, (n, 1), with the graph of w."""
    x = draw(n, 3, seed=seed) * torch.tensor([2.0, 1.0, 0.5])
    return x, (x @ w + sigma * draw(n, seed=seed + 10_000))[:, None]


def infomax_gradient(w, sigma=0.5):
    """Return the closed form, Σw/(σ² + wᵀΣw)."""
    pushed = torch.tensor([4.0, 1.0, 0.25]).double() * w
    return pushed / (sigma**2 + w @ pushed)


def mean_and_error(gradients):
    g = torch.stack(gradients)
    return g.mean(0), g.std(0) / math.sqrt(len(g))


def test_the_value_is_zero_and_the_loss_keeps_its_own():
    w = torch.tensor([1.0, 0.5, 0.2]).double().requires_grad_()
    x, z = encoded(w, 100)
    term = entropy_term(z)
    assert term.item() == 0
    assert (z.square().mean() - 3 * term).item() == z.square().mean().item()
    assert information_term(x, z).item() == 0


@pytest.mark.parametrize("known", ["two scores", "known density"])
def test_linear_infomax_has_the_gradient_of_the_closed_form(known):
    w = torch.tensor([0.8, 0.5, 0.33]).double()
    got = []
    for seed in range(8):
        v = w.clone().requires_grad_()
        x, z = encoded(v, seed=seed)
        log_prob = None if known == "two scores" else -((z[:, 0] - x @ v) ** 2) / (2 * 0.5**2)
        information_term(x, z, log_prob=log_prob).backward()
        got.append(v.grad)
    mean, standard = mean_and_error(got)
    assert ((mean - infomax_gradient(w)).abs() < 4 * standard + 0.02 * infomax_gradient(w).norm()).all()


def test_a_scale_s_entropy_gradient_is_one_over_the_scale():
    """h(aZ) = h(Z) + log a in one dimension: for any law, here two modes."""
    modes = 2.5 * torch.sign(draw(600, seed=1)) + draw(600)
    a = torch.tensor(3.0).double().requires_grad_()
    entropy_term(a * modes).backward()
    assert a.grad.item() == pytest.approx(1 / 3, abs=1e-6)  # one column came without a second axis: float32
    a.grad = None
    entropy_term(a * modes, GaussianScore((a * modes).detach())).backward()
    assert a.grad.item() == pytest.approx(1 / 3, abs=1e-6)  # one column came without a second axis: float32


def test_a_true_score_is_taken_as_it_is():
    s = torch.tensor(0.7).double().requires_grad_()
    e = draw(50, 1)
    entropy_term(s * e, lambda z: -z / 0.49).backward()
    assert s.grad.item() == pytest.approx((e.square().mean() / 0.7).item())


def test_both_ends_may_move():
    """X = A, Z = ρA + …: rescaling both x and z changes no information."""
    a = torch.tensor(1.0).double().requires_grad_()
    x, e = draw(800, 1), draw(800, 1, seed=1)
    information_term(a * x, a * (0.6 * x + 0.8 * e)).backward()
    still = a.grad.item()
    assert abs(still) < 0.05
    a.grad = None
    information_term(x, 0.6 * a * x + 0.8 * e).backward()
    # I = ½ log(1 + (.6a/.8)²), slope at a = 1: .36/(.64 + .36)
    assert a.grad.item() == pytest.approx(0.36, abs=0.08)


def test_the_kind_of_score_can_be_chosen():
    r = torch.tensor(0.5).double().requires_grad_()
    x, e = draw(400, 2), draw(400, 2, seed=1)
    information_term(x, r * x + (1 - r**2).sqrt() * e, score=lambda v: SpectralStein(v, share=0.9)).backward()
    assert r.grad.item() == pytest.approx(2 * 0.5 / 0.75, abs=0.35)


def test_in_single_precision_and_in_a_network():
    torch.manual_seed(0)
    encoder = torch.nn.Linear(3, 2)
    x = torch.randn(200, 3)
    z = encoder(x) + 0.3 * torch.randn(200, 2)
    loss = z.square().mean() - 0.1 * information_term(x, z)
    loss.backward()
    assert encoder.weight.grad.dtype == torch.float32
    assert encoder.weight.grad.isfinite().all()


Z = draw(40, 2)
W = torch.ones(40, 2).double().requires_grad_()
BAD = {
    "no graph": (lambda: entropy_term(Z), "z is a tensor without a graph, wanted a tensor that depends on parameters"),
    "an array": (lambda: entropy_term(Z.numpy()), "z is a ndarray"),
    "score's shape": (lambda: entropy_term(Z * W, lambda z: z[:, 0]), "answered shape (40,) to z of shape (40, 2)"),
    "score's type": (lambda: entropy_term(Z * W, lambda z: 3), "answered a int"),
    "few rows": (lambda: entropy_term((Z * W)[:4]), "n = 4 samples"),
    "lengths": (lambda: information_term(Z[:20], Z * W), "x has 20 samples and z has 40"),
    "deterministic": (lambda: information_term(Z, Z * W), "linearly dependent"),
    "a mean": (lambda: information_term(Z, Z * W, log_prob=Z.sum()), "log_prob has shape ()"),
    "detached": (lambda: information_term(Z, Z * W, log_prob=Z[:, 0]), "log_prob is a tensor without a graph"),
    "infinite": (lambda: information_term(Z, Z * W, log_prob=W[:, 0] / 0), "finite log q"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_on_a_device_as_on_the_cpu(accelerator):
    def gradient(place):
        x, e = (draw(60, 1, seed=s).float().to(place) for s in (0, 1))
        a = torch.ones(1, device=place, requires_grad=True)
        information_term(x, a * x + e).backward()
        return a.grad.cpu()

    torch.testing.assert_close(gradient(accelerator), gradient("cpu"), atol=1e-3, rtol=1e-3)
