"""The ledger of chapter 7: each labelled equation and statement of the MINE chapter, checked."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from mi_lab import BivariateGaussian, course_data
from mi_lab.critics import Net


def finite_laws(seed, rows=4, columns=5):
    """A random joint law on a finite alphabet, the product of its marginals, and its mutual information (nats)."""
    joint = np.random.default_rng(seed).dirichlet(np.full(rows * columns, 0.7)).reshape(rows, columns)
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    return joint, product, float((joint * np.log(joint / product)).sum())


def value(t, p, q):
    return float((p * t).sum() - np.log((q * np.exp(t)).sum()))


@pytest.mark.ledger("eq-mine")
def test_no_critic_beats_mutual_information_and_the_log_ratio_reaches_it():
    rng = np.random.default_rng(0)
    for seed in range(200):
        p, q, truth = finite_laws(seed)
        assert value(np.log(p / q) + rng.normal(), p, q) == pytest.approx(truth, abs=1e-10)
        for _ in range(20):
            assert value(rng.normal(0, rng.uniform(0.1, 5), p.shape), p, q) <= truth + 1e-12


@pytest.mark.ledger("thm-mine-consistency")
def test_the_largest_error_over_a_family_shrinks_like_one_over_root_n():
    law, scales, clip = BivariateGaussian(0.8), np.linspace(0, 1.5, 31), 4.0

    def values(n, seed):
        x, y = law.sample(2 * n, seed=seed)
        s = law.log_ratio(x[:n], y[:n]).double().numpy()
        s_ref = law.log_ratio(x[n:], torch.roll(y, 1, 0)[n:]).double().numpy()  # independent pairs, i.i.d. in the limit
        t, t_ref = (np.clip(np.multiply.outer(scales, v), -clip, clip) for v in (s, s_ref))
        return t.mean(1) - np.log(np.exp(t_ref).mean(1))

    exact = values(2_000_000, seed=99)
    sizes = np.array([250, 1000, 4000, 16000])
    errors = [np.mean([np.abs(values(n, 100 * k + i) - exact).max() for i in range(40)]) for k, n in enumerate(sizes)]
    slope = stats.linregress(np.log(sizes), np.log(errors))
    # A uniform law of large numbers with the central limit's rate: slope -1/2, within three standard errors.
    assert abs(slope.slope + 0.5) < max(3 * slope.stderr, 0.05)
    assert exact.max() <= law.mutual_information


@pytest.mark.ledger("thm-mine-consistency")
def test_clipped_log_ratios_reach_mutual_information_as_the_clip_grows():
    rho = 0.8
    law = BivariateGaussian(rho)

    def clipped(bound):
        # Under either law the log-ratio is a function of two independent standard normals; integrate on a fine grid.
        u = np.linspace(-7, 7, 1201)
        gx, gy = np.meshgrid(u, u)
        s = law.log_ratio(torch.tensor(gx.reshape(-1, 1)), torch.tensor(gy.reshape(-1, 1))).double().numpy()
        s = s.reshape(gx.shape)
        q = stats.norm.pdf(gx) * stats.norm.pdf(gy)
        t = np.clip(s, -bound, bound)

        def integral(f):
            return integrate.simpson(integrate.simpson(f, x=u), x=u)

        return integral(q * np.exp(s) * t) - np.log(integral(q * np.exp(t)))

    gaps = [law.mutual_information - clipped(bound) for bound in (0.25, 0.5, 1, 2, 4, 8)]
    assert all(a > b for a, b in zip(gaps, gaps[1:], strict=False))
    assert abs(gaps[-1]) < 1e-3


@pytest.mark.ledger("eq-mine-lipschitz")
def test_the_value_is_lipschitz_among_bounded_critics():
    rng = np.random.default_rng(1)
    tightest = np.inf
    for seed in range(500):
        p, q, _ = finite_laws(seed)
        bound = rng.uniform(0.1, 3)
        t, s = rng.uniform(-bound, bound, (2, *p.shape))
        right = (p * np.abs(t - s)).sum() + np.exp(2 * bound) * (q * np.abs(t - s)).sum()
        assert abs(value(t, p, q) - value(s, p, q)) <= right
        tightest = min(tightest, right / max(abs(value(t, p, q) - value(s, p, q)), 1e-12))
    assert tightest < 50, "the search came near enough to be a search"


@pytest.mark.ledger("eq-mine-sample", "eq-mine-loss")
def test_the_loss_is_minus_the_sample_formula():
    from mi_lab.objectives import donsker_varadhan

    x, y, _ = course_data()
    t, t_ref = Net(seed=0)(x, y).double(), Net(seed=0)(x, y.roll(1, 0)).double()
    naive = t.mean() - torch.log(torch.exp(t_ref).mean())
    assert donsker_varadhan(t, t_ref).item() == pytest.approx(naive.item(), abs=1e-9)
    minimised = -t.mean() + torch.logsumexp(t_ref, 0) - np.log(len(t_ref))
    assert minimised.item() == pytest.approx(-naive.item(), abs=1e-9)


@pytest.mark.ledger("eq-mine-gradient")
def test_the_gradient_of_the_loss():
    x, y, _ = course_data()
    net = Net(seed=1, std=0.2).double()
    x, y, y_ref = x.double(), y.double(), y.roll(1, 0).double()
    weights = list(net.parameters())

    def loss():
        return -net(x, y).mean() + net(x, y_ref).exp().mean().log()

    by_autograd = torch.autograd.grad(loss(), weights)
    joint = torch.autograd.grad(net(x, y).mean(), weights)
    t_ref = net(x, y_ref)
    weighted = torch.autograd.grad(t_ref, weights, grad_outputs=torch.softmax(t_ref, 0).detach())
    for a, j, w in zip(by_autograd, joint, weighted, strict=True):
        torch.testing.assert_close(a, w - j, rtol=1e-9, atol=1e-12)
    # and against central finite differences, along one random direction
    direction = [torch.randn(w.shape, generator=torch.Generator().manual_seed(2), dtype=w.dtype) for w in weights]
    step, ends = 1e-6, []
    for sign in (1, -1):
        with torch.no_grad():
            for w, d in zip(weights, direction, strict=True):
                w += sign * step * d
            ends.append(loss().item())
            for w, d in zip(weights, direction, strict=True):
                w -= sign * step * d
    along = sum((a * d).sum().item() for a, d in zip(by_autograd, direction, strict=True))
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(along, rel=1e-6, abs=1e-8)


@pytest.mark.ledger("prop-mine-bias", "eq-mine-bias")
def test_the_bias_of_a_minibatch_gradient_exactly():
    """On a two-point reference every batch can be enumerated: the remainder must shrink like 1/b²."""
    p, t, dt = 0.3, np.array([1.1, -0.4]), np.array([0.7, -1.3])
    e, weights = np.exp(t), np.array([p, 1 - p])
    g = e * dt
    mu, alpha = weights @ e, weights @ g
    var, cov = weights @ e**2 - mu**2, weights @ (g * e) - alpha * mu
    first = alpha * var / mu**3 - cov / mu**2
    sizes, remainders = np.array([16, 32, 64, 128, 256]), []
    for b in sizes:
        k = np.arange(b + 1)
        chance = stats.binom.pmf(k, b, p)
        ratio = (k * g[0] + (b - k) * g[1]) / (k * e[0] + (b - k) * e[1])
        bias = chance @ ratio - alpha / mu
        remainders.append(abs(bias - first / b))
        assert remainders[-1] < abs(first) / b
    slope = np.polyfit(np.log(sizes), np.log(remainders), 1)[0]
    assert slope == pytest.approx(-2, abs=0.1)


@pytest.mark.ledger("eq-mine-moving-average", "prop-mine-moving-average", "eq-mine-noise")
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5, 0.9])
def test_mean_and_variance_of_the_moving_average(beta):
    import sympy

    b, mu, m0, var = sympy.Rational(str(beta)), sympy.Rational(7, 3), sympy.Integer(1), sympy.Rational(5, 2)
    mean, variance = m0, sympy.Integer(0)
    for k in range(1, 12):  # the recursion itself, exactly
        mean, variance = (1 - b) * mu + b * mean, (1 - b) ** 2 * var + b**2 * variance
        assert sympy.simplify(mean - (mu + b**k * (m0 - mu))) == 0
        assert sympy.simplify(variance - (1 - b) / (1 + b) * (1 - b ** (2 * k)) * var) == 0


@pytest.mark.ledger("eq-mine-moving-average", "eq-mine-surrogate")
def test_the_package_follows_the_same_convention():
    """One step of the package's own loss against the formulas written out: beta multiplies the old value."""
    from mi_lab.objectives import mine, moving_average

    rng = torch.Generator().manual_seed(3)
    t = torch.randn(50, generator=rng, dtype=torch.float64, requires_grad=True)
    t_ref = torch.randn(60, generator=rng, dtype=torch.float64, requires_grad=True)
    m_old, beta = 2.5, 0.3
    m = (1 - beta) * t_ref.detach().exp().mean() + beta * m_old
    log_m = moving_average(torch.tensor(m_old, dtype=torch.float64).log(), t_ref, beta)
    assert log_m.exp().item() == pytest.approx(m.item(), rel=1e-12)
    ours, formula = mine(t, t_ref, log_m), -t.mean() + t_ref.exp().mean() / m
    assert ours.item() == pytest.approx(formula.item(), rel=1e-12)
    naive = torch.autograd.grad(formula, [t, t_ref])
    for a, b in zip(torch.autograd.grad(ours, [t, t_ref]), naive, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-14)


@pytest.mark.ledger("prop-mine-surrogate", "eq-mine-surrogate-gap")
def test_the_surrogate_s_value_and_when_it_is_exact():
    rng = np.random.default_rng(4)
    for _ in range(300):
        t, t_ref, m = rng.normal(0, 2, 30), rng.normal(0, 2, 40), rng.uniform(0.05, 20)
        e_bar = np.exp(t_ref).mean()

        def gap(m, t=t, t_ref=t_ref, e_bar=e_bar):
            surrogate = -t.mean() + np.exp(t_ref).mean() / m
            return (t.mean() - np.log(e_bar)) - (1 - np.log(m) - surrogate)

        assert gap(m) >= -1e-9 * (1 + e_bar / m)
        assert gap(e_bar) == pytest.approx(0, abs=1e-9)
        assert gap(1.5 * e_bar) > 0.01


@pytest.mark.ledger("prop-mine-variance", "eq-mine-variance")
def test_the_noise_of_the_denominator_grows_with_mutual_information():
    for seed in range(300):  # any law: E_P r >= e^I, with equality only where r is constant under the joint
        p, q, truth = finite_laws(seed)
        second = float((q * (p / q) ** 2).sum())
        assert second == pytest.approx(float((p * (p / q)).sum()), rel=1e-12)
        assert second >= np.exp(truth) - 1e-12
    for rho in (0.3, 0.6, 0.69):  # the Gaussian: E_P r = 1/(1 - rho²) = e^{2I}, by integrating r² on a fine grid
        u = np.linspace(-9, 9, 2001)
        gx, gy = np.meshgrid(u, u)
        law = BivariateGaussian(rho)
        s = law.log_ratio(torch.tensor(gx.reshape(-1, 1)), torch.tensor(gy.reshape(-1, 1))).double().numpy()
        integrand = stats.norm.pdf(gx) * stats.norm.pdf(gy) * np.exp(2 * s.reshape(gx.shape))
        second = integrate.simpson(integrate.simpson(integrand, x=u), x=u)
        assert second == pytest.approx(1 / (1 - rho**2), rel=1e-4)
        assert second == pytest.approx(np.exp(2 * law.mutual_information), rel=1e-4)
    # the average of n' i.i.d. ratios: variance (E_P r - 1)/n', over 4,000 repetitions within four standard errors
    p, q, _ = finite_laws(7)
    ratios = (p / q).ravel()
    n_ref, repeats = 25, 4000
    draws = np.random.default_rng(5).choice(ratios, (repeats, n_ref), p=q.ravel() / q.sum()).mean(1)
    predicted = ((p * p / q).sum() - 1) / n_ref
    spread = np.sqrt(((draws - 1) ** 2).var() / repeats)
    assert abs(((draws - 1) ** 2).mean() - predicted) < 4 * spread


def test_mine_reaches_the_truth_of_the_course_data_on_samples_it_has_not_seen():
    """Eight seeds, judged on fresh samples of the law: within .06 nats of .7405, and one call trains and returns."""
    from mi_lab import MINETrainer

    x, y, truth = course_data()
    law = BivariateGaussian(1 - 0.19 * np.random.default_rng(0).random())
    assert law.mutual_information == pytest.approx(truth, abs=1e-9)
    trainer = MINETrainer(x, y, Net(), n_iters_per_epoch=10, beta=0.9, seed=range(8), held_out=law.sample(4000, seed=1))
    trainer.step(45)
    per_seed = trainer.curves("held_out")[:, -5:].mean(1)
    assert abs(per_seed.mean() - truth) < 0.06
    assert abs(trainer.curves("train")[:, -5:].mean() - truth) < 0.15
    first = MINETrainer(x, y, Net(), n_iters_per_epoch=10).step(10)
    assert isinstance(first, float)


def constants(beta, eta, sigma, steps, chains, seed):
    """Move c and m alone, as the chapter does: the paths of c and log m, (steps + 1, chains) each."""
    rng, shape = np.random.default_rng(seed), 1 / sigma**2
    c, log_m = np.zeros((steps + 1, chains)), np.zeros((steps + 1, chains))
    for k in range(steps):
        w_bar = np.exp(c[k]) * rng.gamma(shape, 1 / shape, chains)  # mean e^c, relative standard deviation sigma
        m = (1 - beta) * w_bar + beta * np.exp(log_m[k])
        c[k + 1], log_m[k + 1] = c[k] + eta * (1 - w_bar / m), np.log(m)
    return c, log_m


@pytest.mark.ledger("prop-mine-ratchet", "eq-mine-ratchet")
@pytest.mark.parametrize("beta", [0.1, 0.5, 0.9, 0.99])
def test_the_constant_and_the_average_turn_a_ratchet(beta):
    """The identity to rounding, for noise as large as its mean, and a sum that never falls."""
    eta, lag = 0.3, beta / (1 - beta)
    c, log_m = constants(beta, eta, sigma=1.0, steps=500, chains=20, seed=6)
    u = np.diff(log_m, axis=0)
    total, turned = c + eta * lag * log_m, eta * lag * (u - 1 + np.exp(-u))
    np.testing.assert_allclose(np.diff(total, axis=0), turned, rtol=1e-7, atol=1e-9 * (1 + np.abs(total).max()))
    assert (turned >= 0).all()
    assert (np.diff(c, axis=0) < 0).any(), "the constant itself falls at times"
    # the slope in c that the descent takes, by autograd on the package's own loss
    from mi_lab.objectives import mine

    t, t_ref = torch.randn(2, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    mine(t + shift, t_ref + shift, torch.tensor(0.7)).backward()
    assert shift.grad.item() == pytest.approx(t_ref.exp().mean().item() / np.exp(0.7) - 1, rel=1e-6)


def speed(beta, eta, sigma):
    lag = beta / (1 - beta)
    return eta * beta * (1 - beta) * sigma**2 / ((1 + eta * lag) * (1 + beta * (1 - eta)))


@pytest.mark.ledger("prop-mine-drift", "eq-mine-drift")
@pytest.mark.parametrize(("beta", "eta"), [(0.1, 0.1), (0.5, 0.1), (0.5, 1.0), (0.9, 0.1), (0.9, 1.0)])
def test_the_drift_of_the_constant(beta, eta):
    """400 paths: the mean drift lies within four standard errors of the formula and a term of third order."""
    sigma, steps, from_ = 0.1, 4000, 500
    c, _ = constants(beta, eta, sigma, steps, chains=400, seed=7)
    drift = (c[-1] - c[from_]) / (steps - from_)
    predicted = speed(beta, eta, sigma)
    error = drift.std(ddof=1) / np.sqrt(len(drift))
    assert abs(drift.mean() - predicted) < 4 * error + sigma * predicted
    assert drift.mean() > 10 * error, "a drift that is seen"


@pytest.mark.ledger("prop-mine-drift", "eq-mine-drift")
def test_the_bound_on_the_drift_holds_for_every_step_size():
    beta, eta = np.meshgrid(np.linspace(0.01, 0.995, 200), np.linspace(0.001, 1, 200))
    assert (speed(beta, eta, 1.0) <= (1 - beta) ** 2 + 1e-12).all()
    assert (speed(beta, 1.0, 1.0) / (1 - beta) ** 2).max() > 0.98, "and is nearly attained"
    assert speed(0.5, 0.1, 1.0) > 5 * speed(0.98, 0.1, 1.0), "the long memory brakes"


@pytest.mark.ledger("prop-mine-rule", "eq-mine-rule")
@pytest.mark.parametrize(("passes", "batches"), [(1, 6), (10, 1), (10, 8), (10, 80)])
def test_the_rule_for_beta(passes, batches):
    beta = (passes * batches - 1) / (passes * batches + 1)
    v, n_ref = 3.0, 400
    sigma2 = v * batches / n_ref  # a batch of n'/K references
    assert (1 - beta) / (1 + beta) * sigma2 == pytest.approx(v / (passes * n_ref), rel=1e-12)
    assert beta / (1 - beta) == pytest.approx((passes * batches - 1) / 2, rel=1e-12)
    for eta in (0.001, 0.1, 1.0):
        assert batches * speed(beta, eta, np.sqrt(sigma2)) <= 4 * v / (passes**2 * n_ref)


def test_a_short_memory_loses_the_constant_and_the_rule_keeps_it():
    """What chapter 7 says of the runs it draws: eight data sets of a Gaussian of two nats."""
    from mi_lab import load_run

    study = load_run("mine-beta")
    ends = {name: [] for name in study["about"]["betas"]}
    for r in study["runs"]:
        ends[r["name"]].append((r["fresh"][-1], r["log_m"][-1]))
    ends = {name: np.array(v) for name, v in ends.items()}
    assert {len(v) for v in ends.values()} == {8}
    assert study["about"]["betas"]["10 passes"] == pytest.approx(79 / 81)
    log_m = [np.median(ends[name][:, 1]) for name in ("0.1", "0.5", "1 pass", "0.9", "10 passes")]
    assert all(a > 2 * b for a, b in zip(log_m, log_m[1:], strict=False)), "the longer the memory, the slower the drift"
    gap = ends["10 passes"][:, 0] - ends["0"][:, 0]
    assert gap.mean() > 2 * gap.std(ddof=1) / np.sqrt(8), "better than the plain gradient, on the same data"
    fresh, best = ends["10 passes"][:, 0], ends["0.99"][:, 0]
    assert abs(fresh.mean() - best.mean()) < 3 * np.hypot(fresh.std(), best.std()) / np.sqrt(8)
    later = {name: [r for r in study["longer"] if r["name"] == name] for name in ("0.1", "10 passes")}
    assert {len(runs) for runs in later.values()} == {4}
    assert min(r["log_m"][-1] for r in later["0.1"]) > 2 * log_m[0], "and it goes on"


def test_the_third_moment_of_the_ratio_is_infinite_at_the_correlation_that_the_chapter_clips():
    """E r^s is a Gaussian integral: finite while its quadratic form is positive, s < 1 + 1/|rho|."""
    rho = 0.6

    def smallest(s):
        joint = np.array([[1, -rho], [-rho, 1]]) / (1 - rho**2)
        return np.linalg.eigvalsh(s * joint + (1 - s) * np.eye(2)).min()

    assert smallest(2.66) > 0 > smallest(2.67)
    assert smallest(1 + 1 / rho) == pytest.approx(0, abs=1e-12)
