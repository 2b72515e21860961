"""What chapter 16 claims: by quadrature, on tables, by closed forms, and on its own long runs."""

import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from scipy.optimize import minimize
from scipy.special import expit, xlogy
from torch.nn.functional import softplus

from experiments import gan_digits, gan_encoders
from experiments.gans import ARMS, Game
from experiments.players import Ring, Spiral, counted
from mi_lab import MITerm, load_run
from mi_lab.teaching.sliders.sight import blurred_information

Z = np.linspace(-12, 12, 6001)
DZ = Z[1] - Z[0]


def bell(mean, sd):
    return np.exp(-(((Z - mean) / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))


def js(p, q):
    half = (p + q) / 2
    return (xlogy(p, p / half).sum() + xlogy(q, q / half).sum()) / 2


def value(p, q, d):
    return (p * np.log(expit(d))).sum() + (q * np.log(expit(-d))).sum()


@pytest.mark.ledger("eq-gans-value", "prop-gans-js", "eq-gans-js")
def test_the_best_discriminator_s_value_is_twice_the_divergence_less_two_logarithms():
    p, q = bell(0, 1) * DZ, (0.4 * bell(-1, 0.8) + 0.6 * bell(1.5, 1.2)) * DZ
    best = np.log(p / q)
    most = value(p, q, best)
    assert most == pytest.approx(2 * js(p, q) - 2 * math.log(2), abs=1e-9)
    for other in (0.9 * best, best + 0.1, np.tanh(best), 0 * best):
        assert value(p, q, other) < most - 1e-5
    assert value(p, p, 0 * best) == pytest.approx(-2 * math.log(2))
    a, b = np.repeat([0.5, 0], 2), np.repeat([0, 0.5], 2)  # disjoint: the value tends to 0
    assert -1e-8 < value(a, b, np.where(a > 0, 20.0, -20.0)) < 0
    # the loss that is written on the page is minus the value
    d = torch.tensor([0.3, -1.2, 2.0]).double()
    loss = softplus(-d).mean() + softplus(d).mean()
    assert float(loss) == pytest.approx(-value(np.full(3, 1 / 3), np.full(3, 1 / 3), d.numpy()))


@pytest.mark.ledger("prop-gans-lost", "eq-gans-lost")
def test_what_a_lost_mode_costs():
    for kept in (24, 20, 5, 1):
        p, a = np.full(25, 1 / 25), kept / 25
        q = np.where(np.arange(25) < kept, 1 / kept, 0)
        formula = a * math.log(2 * a / (1 + a)) + (1 - a) * math.log(2) + math.log(2 / (1 + a))
        assert formula == pytest.approx(2 * js(p, q), abs=1e-12)
    for s in (1e-3, 1e-4):
        a = 1 - s
        price = a * math.log(2 * a / (1 + a)) + s * math.log(2) + math.log(2 / (1 + a))
        assert abs(price - s * math.log(2)) < 2 * s**2


@pytest.mark.ledger("prop-gans-histogram", "eq-gans-kl", "eq-gans-kl-noise")
def test_the_histogram_of_modes_and_its_own_noise():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(25))
    assert xlogy(p, 25 * p).sum() == pytest.approx(math.log(25) + xlogy(p, p).sum())
    few = np.r_[rng.dirichlet(np.ones(7)), np.zeros(18)]
    assert xlogy(few, 25 * few).sum() >= math.log(25 / 7)
    n, draws = 2500, 4000
    hits = rng.multinomial(n, np.full(25, 1 / 25), draws) / n
    seen = xlogy(hits, 25 * hits).sum(1)
    error = seen.std(ddof=1) / math.sqrt(draws)
    assert abs(seen.mean() - 24 / (2 * n)) < 4 * error + 1e-2 * 24 / (2 * n)  # the next order is below a per cent
    small = rng.multinomial(40, np.full(25, 1 / 25), draws)
    hit = (small > 0).sum(1)
    expected = 25 * (1 - (1 - 1 / 25) ** 40)
    assert abs(hit.mean() - expected) < 4 * hit.std(ddof=1) / math.sqrt(draws)


@pytest.mark.ledger("eq-gans-loss", "eq-gans-clip")
def test_the_term_is_taken_off_and_its_gradient_cut_to_the_game_s():
    torch.manual_seed(0)
    weights = torch.randn(3, 2, requires_grad=True)
    u = torch.randn(64, 3)
    x = u @ weights
    term = MITerm("dv", 2, 3, maximise=True, steps=1, seed=0)
    for _ in range(20):
        term(x.detach(), u)
    state = {k: v.clone() for k, v in term.state_dict().items() if isinstance(v, torch.Tensor)}
    game = 1e-3 * softplus(-x.sum(1)).mean()
    g = torch.autograd.grad(game, weights, retain_graph=True)[0]
    loss = term.loss(game, x, u, 10.0, [weights])
    got = torch.autograd.grad(loss, weights)[0]
    pull = got - g
    assert float(pull.norm()) == pytest.approx(float(g.norm()), rel=1e-4)
    assert state  # it had a critic
    fresh = MITerm("dv", 2, 3, maximise=True, steps=1, seed=0)
    with pytest.raises(ValueError, match="maximise"):
        (weights.sum() + 0.1 * fresh(u @ weights, u)).backward()
    # with a step along -pull the critic's own value rises: what is subtracted is made large
    term.eval()
    with torch.no_grad():
        step = 1e-2 * pull / pull.norm()
        assert float(term(u @ (weights - step), u)) > float(term(u @ (weights + step), u))


@pytest.mark.ledger("prop-gans-infinite", "eq-gans-blurred")
def test_the_information_of_a_generator_grows_without_end_as_the_blur_goes():
    """X = G(U): by quadrature over the code and the noise, against the entropies' formula and the Gaussian bound."""
    s, codes = 0.4, np.linspace(0, 1, 401)[:-1] + 1 / 800  # U uniform on (0, 1)
    made = np.sign(codes - 0.5) * 1.5 + 0.8 * (codes - 0.5)
    rows = np.exp(-(((Z[None] - made[:, None]) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
    mean = rows.mean(0)
    direct = (xlogy(rows, rows / mean).sum(1) * DZ).mean()
    entropy = -xlogy(mean, mean).sum() * DZ
    assert direct == pytest.approx(entropy - math.log(2 * math.pi * math.e * s**2) / 2, abs=1e-6)
    assert direct < math.log1p(made.var() / s**2) / 2
    sights = (1e-1, 1e-2, 1e-3)
    full = [blurred_information(v, 5) for v in sights]
    assert full[1] - full[0] > 0.9
    assert full[2] - full[1] == pytest.approx(math.log(10), abs=0.02)  # minus log s: no end
    for v in sights[1:]:  # what stays is the difference of entropies
        assert blurred_information(v, 5) - blurred_information(v, 3) == pytest.approx(math.log(5 / 3), abs=0.01)


def information(p):
    """Return the information of a table, in nats."""
    product = p.sum(1, keepdims=True) * p.sum(0)
    return float(xlogy(p[p > 0], p[p > 0] / product[p > 0]).sum())


@pytest.mark.ledger("prop-gans-modes", "eq-gans-modes")
def test_information_about_the_mode_bounds_the_histogram_and_that_about_the_sample_does_not():
    rng = np.random.default_rng(1)
    for _ in range(20):
        joint = rng.dirichlet(np.full(60, 0.2)).reshape(6, 10)  # samples x codes; modes are pairs of samples
        modes = joint.reshape(3, 2, 10).sum(1)

        kl = xlogy(modes.sum(1), 3 * modes.sum(1)).sum()
        assert information(modes) <= information(joint) + 1e-12
        assert kl <= math.log(3) - information(modes) + 1e-12
    # one code a sample, all of it in one mode: log 2 nats, and nothing about the mode
    collapsed = np.zeros((6, 2))
    collapsed[0, 0] = collapsed[1, 1] = 0.5
    assert information(collapsed) == pytest.approx(math.log(2))
    assert information(collapsed.reshape(3, 2, 2).sum(1)) == 0


@pytest.mark.ledger("prop-gans-reconstruction", "eq-gans-reconstruction")
def test_reconstruction_is_divergences_an_entropy_and_information():
    rng = np.random.default_rng(2)
    q, p = rng.dirichlet(np.ones(20), 2).reshape(2, 4, 5)  # x in rows, u in columns
    left = -xlogy(q, p / p.sum(0)).sum()
    qx, qu, pu = q.sum(1), q.sum(0), p.sum(0)
    right = xlogy(q, q / p).sum() - xlogy(qu, qu / pu).sum() - xlogy(qx, qx).sum() - information(q)
    assert left == pytest.approx(right)


@pytest.mark.ledger("prop-gans-tempered", "eq-gans-tempered")
def test_where_the_pull_of_an_entropy_ends():
    weight = 0.7
    p = np.random.default_rng(3).dirichlet(np.ones(6))

    def loss(logits):
        q = np.exp(logits - logits.max())
        q /= q.sum()
        return xlogy(q, q / p).sum() + weight * xlogy(q, q).sum()

    found = np.exp(minimize(loss, np.zeros(6), tol=1e-12).x)
    wanted = p ** (1 / (1 + weight))
    np.testing.assert_allclose(found / found.sum(), wanted / wanted.sum(), atol=1e-4)
    # a mixture: wider and more equal
    law = 0.9 * bell(-4, 0.5) + 0.1 * bell(4, 0.5)
    q = law ** (1 / (1 + weight))
    q /= q.sum() * DZ
    left, right = q[Z < 0], q[Z > 0]
    assert right.sum() / left.sum() == pytest.approx((0.1 / 0.9) ** (1 / (1 + weight)), rel=1e-6)
    spread = math.sqrt((q * (Z > 0) * (Z - 4) ** 2).sum() / right.sum())
    assert spread == pytest.approx(0.5 * math.sqrt(1 + weight), rel=1e-4)


def test_one_member_among_many_plays_as_the_formulas_say():
    """A batched member's first discriminator step is Adam's on the plain loss; the term's push is cut as stated."""
    game = Game("25 Gaussians", list(ARMS), seed=3, steps=50)
    first = [w.detach().clone() for w in game.nets["discriminator"].weights]
    g = torch.Generator()
    g.set_state(game.g.get_state())
    code = torch.randn(4, 128, 2, generator=g)
    x = game.nets["generator"](code).detach()
    real = game.law.sample(4, 128, g)
    k = 2
    alone = [w[k].clone().requires_grad_() for w in first]

    def d(v):
        for i in range(0, len(alone), 2):
            v = (v.relu() if i else v) @ alone[i] + alone[i + 1]
        return v

    loss = softplus(-d(real[k])).mean() + softplus(d(x[k])).mean()
    grads = torch.autograd.grad(loss, alone)
    game.step()
    for before, after, grad in zip(alone, game.nets["discriminator"].weights, grads, strict=True):
        moved = after[k].detach() - before.detach()
        sure = grad.abs() > 1e-5  # Adam's first step is lr times the sign
        torch.testing.assert_close(moved[sure], -5e-4 * grad[sure].sign(), rtol=1e-2, atol=1e-6)


def test_a_game_goes_on_where_it_was_stopped():
    whole, halves = (Game("spiral", ["without", "blurred"], seed=1, steps=6) for _ in range(2))
    for _ in range(6):
        whole.step()
    for _ in range(3):
        halves.step()
    again = Game("spiral", ["without", "blurred"], seed=9, steps=6)
    again.load(halves.state())
    for _ in range(3):
        again.step()
    for name, net in whole.nets.items():
        for a, b in zip(net.weights, again.nets[name].weights, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("law", [Ring, Spiral], ids=["grid", "spiral"])
def test_the_laws_own_samples_are_what_a_perfect_generator_would_score(law):
    law, n = law(), 20_000
    found = counted(*law.parts(law.sample(1, n, torch.Generator().manual_seed(0))[0]), 25)
    assert found["modes"] == 25
    assert found["kl"] < 3 * 24 / (2 * n)  # a chi-square of 24 degrees, over 2n: sd 7/2n
    inside = 1 - math.exp(-4.5) if isinstance(law, Ring) else math.erf(3 / math.sqrt(2))
    assert abs(found["share"] - inside) < 4 * math.sqrt(0.0111 / n) + (0 if isinstance(law, Ring) else 0.002)


def test_a_thousand_modes_are_counted_by_three_names():
    """A generator of known names, and a judge that reads them: hits, and the KL of their histogram."""
    names = torch.tensor([[1, 2, 3], [9, 9, 9], [1, 2, 3], [0, 0, 7]])

    class Known(torch.nn.Module):
        def forward(self, z):
            return names.repeat(len(z) // 4, 1).float()[:, :, None, None]

    def judge(x):
        return torch.nn.functional.one_hot(x.flatten().long(), 10)

    hits, kl = gan_digits.modes(Known(), judge, 400, "cpu")
    assert hits == 3
    assert kl == pytest.approx(math.log(1000) - (0.5 * math.log(2) + 0.5 * math.log(4)))


def test_a_run_of_another_kind_is_not_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(gan_encoders, "RESULT", tmp_path / "out.json")
    monkeypatch.setattr(gan_encoders, "COUNTED", 50)
    common = ["--seeds", "1", "--progress", str(tmp_path / "run.pt")]
    assert CliRunner().invoke(gan_encoders.main, [*common, "--steps", "24"]).exit_code == 0
    again = CliRunner().invoke(gan_encoders.main, [*common, "--steps", "48"])
    assert again.exit_code == 1
    assert "is of a run with" in again.output
    assert "take the same, or --fresh" in again.output


def last(law, arm, key):
    return np.array([r[key][-1] for r in load_run("gans")["runs"] if (r["law"], r["arm"]) == (law, arm)])


def test_what_the_page_says_of_the_long_runs():
    """The issue's aim, and what the page calls small, large or not to be told apart, by errors over seeds."""
    law = "25 Gaussians"
    modes, kl = ({arm: last(law, arm, key) for arm in ARMS} for key in ("modes", "kl"))
    assert len(modes["strong"]) >= 5
    assert modes["strong"].mean() >= 24.5
    assert kl["strong"].mean() <= kl["without"].mean() / 2
    assert kl["blurred"].mean() < kl["without"].mean()
    gap = kl["without"] - kl["strong"]
    assert gap.mean() > 4 * gap.std(ddof=1) / len(gap) ** 0.5
    nats = {arm: last(law, arm, "information") for arm in ARMS}
    assert nats["sharp"].min() > max(nats["strong"].max(), nats["blurred"].max())
    assert modes["sharp"].mean() <= modes["without"].mean()
    assert last(law, "strong", "share").mean() < last(law, "without", "share").mean()
    for arm in ("without", "blurred"):
        assert last("spiral", arm, "kl").max() < 4 * 24 / 5000


def test_what_the_page_says_of_the_digits():
    run = load_run("gan-digits")
    kl = {on: {r["seed"]: r["kl"][-1] for r in run["runs"] if r["term"] == on} for on in (False, True)}
    assert kl[False].keys() == kl[True].keys()
    assert all(kl[True][seed] < kl[False][seed] for seed in kl[True])
    assert run["about"]["accuracy"] > 0.95


def test_what_the_page_says_of_the_encoders():
    runs = load_run("gan-encoders")["runs"]

    def both(key, of=lambda v: v[-1]):
        return (np.array([of(r[key]) for r in runs if r["arm"] == arm], float) for arm in ("without", "with"))

    off, on = both("information")
    assert on.min() > off.max()
    off, on = both("error")
    assert abs(off.mean() - on.mean()) < 2 * np.hypot(off.std(ddof=1), on.std(ddof=1)) / len(on) ** 0.5
    off, on = both("error", lambda v: np.mean(v[1:]))  # of the whole training, once it has begun
    assert on.mean() < off.mean() - 2 * np.hypot(off.std(ddof=1), on.std(ddof=1)) / len(on) ** 0.5
    off, on = both("modes")
    assert on.mean() > off.mean()
