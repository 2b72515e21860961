"""What chapter 12 claims: identities exactly on rational tables, variances by simulation, the runs as recorded."""

import math

import numpy as np
import pytest
import torch
from exact_information import Logs, divergence, entropy, information, log, push, table
from scipy import integrate, stats

from mi_lab import CorrelatedMixture, load_run
from mi_lab.references import Conditional, SameCell

K, L = 3, 4


def proposal(rng):
    return [table(rng, L) for _ in range(K)]


def drawn(joint, q):
    """Return the law P_X Q of (X, Y′)."""
    px = push(joint, lambda x, y: x)
    return {(x, y): px.get(x, 0) * q[x][y] for x in range(K) for y in range(L)}


def known(joint, q, marginal):
    return sum((p * (log(q[x][y]) - log(marginal[y])) for (x, y), p in joint.items() if p), Logs())


def score(t, p, q):
    """Return DV(t) for tables and a critic, with exact expectations."""
    top = max(t.values())
    return (
        sum(float(v) * t[k] for k, v in p.items())
        - top
        - math.log(sum(float(v) * math.exp(t[k] - top) for k, v in q.items()))
    )


def tilted(t, q):
    mass = {k: float(v) * math.exp(t[k]) for k, v in q.items()}
    return {k: v / sum(mass.values()) for k, v in mass.items()}


def real_divergence(p, q):
    return sum(float(v) * math.log(float(v) / float(q[k])) for k, v in p.items() if v)


@pytest.mark.ledger("thm-hybrid", "eq-hybrid")
def test_what_the_model_knows_and_the_rest_make_the_information():
    rng = np.random.default_rng(0)
    for _ in range(200):
        joint, q = table(rng, K, L, zeros=0.2), proposal(rng)
        py, px = push(joint, lambda x, y: y), push(joint, lambda x, y: x)
        assert known(joint, q, py) + divergence(joint, drawn(joint, q)) == information(joint)
        if min(py.values()) > 0:  # the two ends: a model that ignores x, and the true conditional
            assert divergence(joint, drawn(joint, [py] * K)) == information(joint)
            right = [{y: joint[x, y] / px[x] if px[x] else py[y] for y in range(L)} for x in range(K)]
            assert divergence(joint, drawn(joint, right)) == Logs()


@pytest.mark.ledger("prop-hybrid-error", "eq-hybrid-error")
def test_the_error_of_a_hybrid_and_its_side_when_the_marginal_is_known():
    rng, signs = np.random.default_rng(1), set()
    for _ in range(300):
        joint, q, q_y = table(rng, K, L), proposal(rng), table(rng, L)
        py, ref = push(joint, lambda x, y: y), drawn(joint, q)
        t = {k: rng.normal() for k in joint}
        gap = real_divergence(joint, tilted(t, ref))
        error = float(known(joint, q, q_y)) + score(t, joint, ref) - float(information(joint))
        assert error == pytest.approx(float(divergence(py, q_y)) - gap, abs=1e-10)
        signs.add(error > 0)
        assert float(known(joint, q, py)) + score(t, joint, ref) <= float(information(joint)) + 1e-12
        assert score(dict.fromkeys(joint, 0.0), joint, ref) == pytest.approx(0, abs=1e-12)
    assert signs == {True, False}


@pytest.mark.ledger("eq-hybrid-estimate")
def test_the_estimate_with_the_best_critic_comes_to_the_information():
    """One pair of ridges, a least squares line for a model: batches with references from the package."""
    law, n, values = CorrelatedMixture(d=1), 4000, []
    slope, width = 0.9, 0.4

    class Line:
        def sample(self, x, generator=None):
            return slope * x + width * torch.randn(x.shape, generator=generator)

    def log_q(x, y):
        return stats.norm.logpdf(y.double(), slope * x.double(), width).sum(1)

    marginal = law.marginal()
    for seed in range(12):
        x, y = law.sample(n, seed=seed)
        x_ref, y_ref = Conditional(Line())(x, y, torch.Generator().manual_seed(seed), 4 * n)
        t, t_ref = (  # log p(y|x)/q(y|x)
            law.log_ratio(a, b).numpy() + marginal.log_prob(b).detach().numpy() - log_q(a, b)
            for a, b in ((x, y), (x_ref, y_ref))
        )
        generative = (log_q(x, y) - marginal.log_prob(y).detach().numpy()).mean()
        values.append(generative + t.mean() - math.log(np.exp(t_ref).mean()))
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    assert error < 0.01
    assert np.mean(values) == pytest.approx(law.mutual_information, abs=5 * error)


@pytest.mark.ledger("prop-hybrid-variance", "eq-hybrid-variance")
def test_the_denominator_s_variance_on_tables():
    rng = np.random.default_rng(2)
    for _ in range(100):
        joint, q = table(rng, K, L, zeros=0.2), proposal(rng)
        ref = drawn(joint, q)
        ratio = {k: joint[k] / m if m else 0 for k, m in ref.items()}
        variance = sum(m * (ratio[k] - 1) ** 2 for k, m in ref.items())
        mean = sum(p * ratio[k] for k, p in joint.items())
        assert variance == mean - 1
        assert float(mean) >= math.exp(float(divergence(joint, ref))) - 1e-12
    n_ref, batches = 50, 20_000  # and of a mean, by drawing
    weights, values = np.array([float(m) for m in ref.values()]), np.array([float(r) for r in ratio.values()])
    means = (rng.multinomial(n_ref, weights, batches) @ values) / n_ref
    assert means.mean() == pytest.approx(1, abs=4 * math.sqrt(float(variance) / n_ref / batches))
    squares = (means - 1) ** 2
    assert squares.mean() == pytest.approx(float(variance) / n_ref, abs=4 * squares.std() / math.sqrt(batches))


@pytest.mark.ledger("prop-hybrid-variance", "eq-hybrid-gaussian")
@pytest.mark.parametrize(("rho", "a", "s"), [(0.8, 0.8, 0.6), (0.8, 0.5, 0.9), (0.9, 0.0, 1.0), (0.5, 0.7, 1.2)])
def test_the_mean_ratio_of_gaussians_by_quadrature(rho, a, s):
    v = 1 - rho**2

    x, dx = np.linspace(-30, 30, 1501, retstep=True)
    u, du = np.linspace(-8, 8, 3201, retstep=True)  # y - ρx; the trapezoid rule is exact to rounding here
    x, y = x[:, None], rho * x[:, None] + u
    log_p = stats.norm.logpdf(u, 0, math.sqrt(v))
    found = np.exp(stats.norm.logpdf(x) + 2 * log_p - stats.norm.logpdf(y, a * x, s)).sum() * dx * du
    assert s**2 / math.sqrt(v * (2 * s**2 - v - 2 * (rho - a) ** 2)) == pytest.approx(found, rel=1e-6)


@pytest.mark.ledger("eq-hybrid-gaussian")
@pytest.mark.parametrize(("rho", "a", "s"), [(0.8, 0.8, 0.42), (0.8, 0.0, 0.8)])
def test_too_narrow_a_proposal_has_an_infinite_mean_ratio(rho, a, s):
    """Where the bracket isn't positive the integral over [-R, R] grows without end."""
    v = 1 - rho**2
    assert 2 * s**2 - v - 2 * (rho - a) ** 2 < 0

    def inside(radius):  # the inner integral in closed form where it is finite
        x = np.linspace(-radius, radius, 4001)
        if 2 * s**2 > v:
            rate = (rho - a) ** 2 / (2 * s**2 - v)
            return integrate.simpson(np.exp((rate - 0.5) * x**2), x=x)
        return integrate.simpson(np.exp((0.5 / s**2 - 1 / v) * x**2), x=x)  # over y - ρx, at a = ρ

    values = [inside(r) for r in (4, 8, 16)]
    assert values[1] > 1.9 * values[0]
    assert values[2] > 1.9 * values[1]


@pytest.mark.ledger("eq-hybrid-narrow")
@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_what_a_proposal_of_another_width_leaves(share):
    v = 0.19
    normal = torch.distributions.Normal
    kl = torch.distributions.kl_divergence(normal(0.0, math.sqrt(v)), normal(0.0, math.sqrt(share * v)))
    assert 0.5 * (1 / share - 1 + math.log(share)) == pytest.approx(float(kl), abs=1e-6)


@pytest.mark.ledger("prop-same-cell", "eq-same-cell-model", "eq-same-cell")
def test_the_same_cell_is_a_proposal_made_of_cells():
    rng, cells = np.random.default_rng(3), [0, 0, 1, 1]
    for _ in range(100):
        joint = table(rng, K, L)
        px, py = push(joint, lambda x, y: x), push(joint, lambda x, y: y)
        coarse = push(joint, lambda x, y: (x, cells[y]))
        share = push(coarse, lambda x, c: c)
        q = [{y: coarse[x, cells[y]] / px[x] / share[cells[y]] * py[y] for y in range(L)} for x in range(K)]
        # the law of (X, Y′), drawn cell first, then another y of it
        by_hand = {(x, y): coarse[x, cells[y]] * py[y] / share[cells[y]] for x in range(K) for y in range(L)}
        assert drawn(joint, q) == by_hand
        assert known(joint, q, py) == information(coarse)
        inner = Logs()
        for c in (0, 1):
            part = {k: p / share[c] for k, p in joint.items() if cells[k[1]] == c}
            inner = inner + share[c] * information(part)
        assert divergence(joint, by_hand) == inner
        guess, t = [table(rng, 2) for _ in range(K)], {k: rng.normal() for k in joint}
        pq = entropy(share) + sum((p * log(guess[x][c]) for (x, c), p in coarse.items() if p), Logs())
        assert float(pq) + score(t, joint, by_hand) <= float(information(joint)) + 1e-12


@pytest.mark.ledger("prop-same-cell")
def test_the_package_s_reference_has_that_law():
    """Two columns of discrete values, many samples: shares of the pairs against the law drawn cell first."""
    rng, n = np.random.default_rng(4), 200_000
    joint = table(rng, K, L)
    flat = np.array([float(joint[x, y]) for x in range(K) for y in range(L)])
    code = rng.choice(K * L, n, p=flat)
    x, y = (torch.tensor(v, dtype=torch.float32).reshape(-1, 1) for v in (code // L, code % L))
    x_ref, y_ref = SameCell(lambda y: (y.ravel() >= 2).long())(x, y, torch.Generator().manual_seed(0))
    seen = np.bincount((x_ref * L + y_ref).ravel().long().numpy(), minlength=K * L) / n
    coarse, py = push(joint, lambda x, y: (x, y // 2)), push(joint, lambda x, y: y)
    share = push(coarse, lambda x, c: c)
    wanted = np.array([float(coarse[x, y // 2] * py[y] / share[y // 2]) for x in range(K) for y in range(L)])
    assert np.abs(seen - wanted).max() < 5 * math.sqrt(0.25 / n) * 2  # x and y′ come from shares that scatter, too
    assert np.abs(flat - wanted).max() > 10 * math.sqrt(0.25 / n)  # and it isn't the joint law


def test_what_the_chapter_says_of_its_runs():
    """Four seeds a method: the mixtures' error bar covers, DoE + MINE is near and calm, PQ is at its wall."""
    results = load_run("hybrids")
    truth = results["about"]["truth"]

    def of(method, key):
        return np.array([r[key] for r in results["runs"] if r["method"] == method], float)

    assert all(len(of(m, "value")) >= 4 for m in results["about"]["epochs"])
    value, error = of("doe mixtures", "value"), of("doe mixtures", "error")
    assert (np.abs(value / truth - 1) < 0.02).all()
    assert (np.abs(value - truth) < 2 * error).mean() >= 0.75  # of four: one may miss
    assert (of("doe mixtures", "seconds")[:, -1] < 60).all()
    assert (np.abs(of("doe+mine", "value") / truth - 1) < 0.05).all()
    assert of("mine", "log_ratio_sd").mean() > 10 * of("doe+mine", "log_ratio_sd").mean()
    assert (of("pq", "value") < math.log(32)).all()
    assert (of("pq", "value") > 0.95 * math.log(32)).all()
    assert (of("pq+mine", "value") > math.log(32)).all()
