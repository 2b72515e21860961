"""What chapter 1 claims: on rational tables exactly, on laws with densities by quadrature, averages by their error."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from exact_information import Logs, divergence, entropy, information, log, product, push, table
from scipy.integrate import quad
from scipy.stats import norm

from mi_lab import AdditiveNoise, BivariateGaussian, CorrelatedGaussian, MixedGaussian, course_data

RHOS = (-0.9, -0.3, 0.0, 0.5, 0.87898, 0.99)


@pytest.mark.ledger("eq-divergence", "thm-divergence-nonnegative")
def test_divergence_is_zero_only_between_equal_laws():
    rng = np.random.default_rng(1)
    for _ in range(300):
        p, q = (table(rng, 5, zeros=0.2) for _ in range(2))
        d = divergence(p, q)
        missing = any(p[k] and not q[k] for k in p)
        assert (d == math.inf) == missing
        assert divergence(p, p) == Logs()
        assert p == q or d == math.inf or float(d) > 0
    # and with densities: N(m, s²) from N(0, 1) has a closed form of its own
    for m, s in ((0.0, 1.0), (1.0, 0.5), (-2.0, 2.0)):
        p, q = norm(m, s), norm()
        d, error = quad(lambda x, p=p, q=q: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), m - 12 * s, m + 12 * s)
        assert d == pytest.approx((s**2 + m**2 - 1) / 2 - math.log(s), abs=1e-8 + 10 * error)
        assert d >= -1e-8


@pytest.mark.ledger("eq-mi", "prop-mi-basic")
def test_information_is_symmetric_and_zero_only_for_independent_variables():
    rng = np.random.default_rng(2)
    for _ in range(200):
        joint = table(rng, 3, 4, zeros=0.2)
        i = information(joint)
        assert i == information(push(joint, lambda x, y: (y, x)))
        independent = joint == product(push(joint, lambda x, y: x), push(joint, lambda x, y: y))
        assert i == Logs() if independent else float(i) > 0
        assert information(product(table(rng, 3), table(rng, 4))) == Logs()


@pytest.mark.ledger("eq-mi-reversed")
def test_the_expectation_under_the_product_is_minus_the_reversed_divergence():
    rng = np.random.default_rng(3)
    for _ in range(100):
        joint = table(rng, 3, 3)
        strangers = product(push(joint, lambda x, y: x), push(joint, lambda x, y: y))
        average = sum((strangers[k] * log(joint[k] / strangers[k]) for k in joint), Logs())
        assert average == -divergence(strangers, joint)
        assert float(average) <= 0
    # the number that the page prints: its law has the closed form -½ log(1-ρ²) - ρ²/(1-ρ²)
    law, n = BivariateGaussian(0.9), 200_000
    t = law.log_ratio(*law.sample_product(n, seed=4)).double()
    expected = law.mutual_information - 0.81 / 0.19
    assert abs(t.mean().item() - expected) < 4 * t.std().item() / math.sqrt(n)
    assert expected < 0


def _random_map(rng, size, onto):
    image = rng.integers(0, onto, size)
    return lambda a: int(image[a])


@pytest.mark.ledger("thm-data-processing")
def test_no_map_raises_a_divergence_and_bijections_keep_it():
    rng = np.random.default_rng(5)
    for _ in range(300):
        p, q = (table(rng, 6, zeros=0.15) for _ in range(2))
        d, f, order = divergence(p, q), _random_map(rng, 6, 3), rng.permutation(6)
        mapped = divergence(push(p, f), push(q, f))
        assert float(mapped) <= float(d) + 1e-12
        assert divergence(push(p, lambda a, o=order: int(o[a])), push(q, lambda a, o=order: int(o[a]))) == d


@pytest.mark.ledger("cor-mi-processing")
def test_processing_either_side_loses_information_and_noise_adds_none():
    rng = np.random.default_rng(6)
    for _ in range(150):
        joint, noise = table(rng, 3, 4, zeros=0.15), table(rng, 3)
        i, g, k = float(information(joint)), _random_map(rng, 3, 2), _random_map(rng, 4, 2)
        assert float(information(push(joint, lambda x, y, g=g, k=k: (g(x), k(y))))) <= i + 1e-12
        with_noise = push(product(joint, noise), lambda xy, u: (xy[0], (xy[1], u)))
        assert information(with_noise) == information(joint)
        f = _random_map(rng, 12, 3)
        assert float(information(push(with_noise, lambda x, yu, f=f: (x, f(3 * yu[0] + yu[1]))))) <= i + 1e-12


@pytest.mark.ledger("cor-mi-invariance")
def test_relabelling_each_variable_changes_nothing():
    rng = np.random.default_rng(7)
    for _ in range(100):
        joint, a, b = table(rng, 4, 3, zeros=0.15), rng.permutation(4), rng.permutation(3)
        assert information(push(joint, lambda x, y, a=a, b=b: (int(a[x]), int(b[y])))) == information(joint)
    # a density: (exp X, sinh Y) of a Gaussian pair, integrated over a grid in the new variables
    rho, values = 0.8, []
    for n in (801, 1601):
        s, t = np.exp(np.linspace(-7, 7, n)), np.sinh(np.linspace(-7, 7, n))
        x, y = np.log(s)[:, None], np.arcsinh(t)[None, :]
        jacobian = 1 / s[:, None] / np.sqrt(1 + t**2)[None, :]
        joint = np.exp(-(x**2 - 2 * rho * x * y + y**2) / (2 * (1 - rho**2))) / (2 * np.pi * np.sqrt(1 - rho**2))
        p, q = joint * jacobian, norm.pdf(x) * norm.pdf(y) * jacobian
        values.append(np.trapezoid(np.trapezoid(p * np.log(p / q), t, axis=1), s))
    extrapolated = (4 * values[1] - values[0]) / 3  # the trapezoid rule's error falls by four
    assert extrapolated == pytest.approx(BivariateGaussian(rho).mutual_information, abs=1e-6)
    # but a rotation of the pair as a whole does change it: X+Y and X-Y are independent
    x, y = (a.ravel().double().numpy() for a in BivariateGaussian(rho).sample(20_000, seed=1))
    assert abs(np.corrcoef(x + y, x - y)[0, 1]) < 4 / math.sqrt(20_000)


@pytest.mark.ledger("eq-conditional-mi", "thm-chain-rule", "eq-chain-rule")
def test_chain_rule_holds_exactly():
    rng = np.random.default_rng(8)
    for _ in range(60):
        joint = table(rng, 3, 2, 3, zeros=0.2)  # (x, y, z)
        y, xy = push(joint, lambda x, y, z: y), push(joint, lambda x, y, z: (x, y))
        yz = push(joint, lambda x, y, z: (y, z))
        conditional = Logs()
        for (a, b, c), mass in joint.items():
            if mass:  # p(x,z|y) / (p(x|y) p(z|y))
                conditional = conditional + mass * log((mass / y[b]) / ((xy[a, b] / y[b]) * (yz[b, c] / y[b])))
        whole = information(push(joint, lambda x, y, z: (x, (y, z))))
        assert whole == information(xy) + conditional
        assert float(conditional) >= -1e-12
    coins = {(b ^ c, b, c): Fraction(1, 4) for b in (0, 1) for c in (0, 1)}  # the exercise on two useless columns
    assert information(push(coins, lambda x, y, z: (x, y))) == Logs()
    assert information(push(coins, lambda x, y, z: (x, (y, z)))) == log(Fraction(2))


def left_open(joint: dict) -> Logs:
    """Return H(X|Y), the expectation of -log p(x|y)."""
    y = push(joint, lambda x, y: y)
    return -sum((mass * log(mass / y[b]) for (_, b), mass in joint.items() if mass), Logs())


@pytest.mark.ledger("eq-umbrella")
def test_the_table_of_the_neighbours_umbrella_in_both_ways():
    joint = {("umbrella", "rain"): Fraction(3, 10), ("umbrella", "dry"): Fraction(1, 10)}
    joint |= {("none", "rain"): Fraction(1, 10), ("none", "dry"): Fraction(5, 10)}
    umbrella, rain = push(joint, lambda x, y: x), push(joint, lambda x, y: y)
    strangers = product(umbrella, rain)
    assert [strangers[k] for k in joint] == [Fraction(v, 100) for v in (16, 24, 24, 36)]
    printed = [(30, 30, 16), (10, 10, 24), (10, 10, 24), (50, 50, 36)]
    assert information(joint) == sum((Fraction(w, 100) * log(Fraction(a, b)) for w, a, b in printed), Logs())
    # what the look takes from the openness of "will it rain?"
    parts = [({"r": Fraction(3, 4), "d": Fraction(1, 4)}, Fraction(2, 5))]
    parts += [({"r": Fraction(1, 6), "d": Fraction(5, 6)}, Fraction(3, 5))]
    after = sum((weight * entropy(law) for law, weight in parts), Logs())
    assert after == left_open(push(joint, lambda x, y: (y, x)))
    assert information(joint) == entropy(rain) - after


@pytest.mark.ledger("prop-mi-entropies", "eq-mi-entropies", "eq-conditional-entropy")
def test_information_from_entropies_is_exact():
    rng = np.random.default_rng(9)
    for _ in range(200):
        joint = table(rng, 4, 3, zeros=0.25)
        x, y = push(joint, lambda x, y: x), push(joint, lambda x, y: y)
        assert information(joint) == entropy(x) + entropy(y) - entropy(joint)
        assert information(joint) == entropy(x) - left_open(joint)
        assert information(joint) == entropy(y) - left_open(push(joint, lambda x, y: (y, x)))


@pytest.mark.ledger("cor-chain-loses", "eq-chain-loses")
def test_a_chain_loses_what_the_middle_still_tells():
    rng = np.random.default_rng(15)
    for _ in range(60):
        xy = {k: v for k, v in table(rng, 3, 3, zeros=0.2).items() if v}
        channel = {b: table(rng, 2, zeros=0.3) for b in range(3)}  # what Z is, given Y alone
        joint = {(a, b, c): v * w for (a, b), v in xy.items() for c, w in channel[b].items() if w}
        xz, yz = push(joint, lambda x, y, z: (x, z)), push(joint, lambda x, y, z: (y, z))
        z = push(joint, lambda x, y, z: z)
        rest = Logs()
        for (a, b, c), mass in joint.items():  # p(x,y|z) / (p(x|z) p(y|z))
            rest = rest + mass * log((mass / z[c]) / ((xz[a, c] / z[c]) * (yz[b, c] / z[c])))
        assert information(xy) == information(xz) + rest
        assert float(rest) >= -1e-12


@pytest.mark.ledger("prop-mi-entropies", "eq-mi-differential", "eq-conditional-entropy")
def test_information_from_differential_entropies():
    rho = sp.symbols("rho", real=True)
    h_one, h_two = sp.log(2 * sp.pi * sp.E) / 2, sp.log((2 * sp.pi * sp.E) ** 2 * (1 - rho**2)) / 2
    difference = 2 * h_one - h_two + sp.log(1 - rho**2) / 2
    for value in RHOS:
        assert abs(float(difference.subs(rho, sp.Rational(str(value))).evalf(30))) < 1e-25
    # a law that is no Gaussian: X = A, Y = A + B, both uniform on (0, 1): h = 0, ½, 0, and I = ½ by its definition
    h_y = -2 * quad(lambda y: y * math.log(y), 0, 1)[0]  # a triangle, both halves alike
    a = (np.arange(1000) + 0.5) / 1000
    y = a[:, None] + a[None, :]
    by_definition = -np.log(np.minimum(y, 2 - y)).mean()  # p(x, y) = p(x) = 1 on the support
    assert 0 + h_y - 0 == pytest.approx(0.5, abs=1e-8)  # h(X) + h(Y) - h(X,Y), and h(Y) - h(Y|X): given A, uniform
    assert by_definition == pytest.approx(0.5, abs=1e-5)  # midpoints: error of order 1/1000²


@pytest.mark.ledger("prop-self-information")
def test_deterministic_maps_carry_an_entropy_or_no_finite_information():
    rng = np.random.default_rng(10)
    for _ in range(100):
        x, f = table(rng, 6), _random_map(rng, 6, 3)
        assert information(push(x, lambda a, f=f: (a, f(a)))) == entropy(push(x, f))
    # continuous: X in 2m equally likely cells, S = max(X, 0) the mass below zero and m cells above
    for m in (1, 4, 64, 512):
        cells = {k: Fraction(1, 2 * m) for k in range(2 * m)}
        rectified = push(cells, lambda k, m=m: (k, max(k - m + 1, 0)))
        assert information(rectified) == log(Fraction(2)) + Fraction(1, 2) * log(Fraction(m))  # no ceiling
        x, s = push(rectified, lambda k, v: k), push(rectified, lambda k, v: v)
        graph = [key for key in rectified if key[1] > 0]
        assert sum(rectified[k] for k in graph) == Fraction(1, 2)  # the joint law keeps it, the product loses it
        assert sum(x[k] * s[v] for k, v in graph) == Fraction(1, 4 * m)


@pytest.mark.ledger("prop-gaussian", "eq-gaussian-log-ratio")
def test_gaussian_log_ratio_symbolically_and_in_code():
    x, y, r = sp.symbols("x y rho", real=True)
    u, v = (x + y) / sp.sqrt(2 * (1 + r)), (x - y) / sp.sqrt(2 * (1 - r))
    joint = -sp.log(1 - r**2) / 2 - (x**2 - 2 * r * x * y + y**2) / (2 * (1 - r**2))
    stated = -sp.log(1 - r**2) / 2 + r / 2 * (u**2 - v**2)
    assert sp.simplify(joint + (x**2 + y**2) / 2 - stated) == 0
    # u and v are independent standard Gaussians: Gaussian, with the identity as covariance
    cov = sp.Matrix([[1, r], [r, 1]])
    a = sp.Matrix([[1 / sp.sqrt(2 * (1 + r))] * 2, [1 / sp.sqrt(2 * (1 - r)), -1 / sp.sqrt(2 * (1 - r))]])
    assert sp.simplify(a * cov * a.T) == sp.eye(2)
    rng = np.random.default_rng(11)
    for rho in RHOS:
        points = rng.normal(size=(50, 2)) * 1.5
        expected = sp.lambdify((x, y, r), stated, "numpy")(points[:, 0], points[:, 1], rho)
        t = BivariateGaussian(rho).log_ratio(points[:, :1], points[:, 1:]).numpy()
        assert np.allclose(t, expected, rtol=1e-5, atol=1e-5)  # float32


@pytest.mark.ledger("prop-gaussian", "eq-gaussian-mi")
@pytest.mark.parametrize("rho", RHOS)
def test_gaussian_information_and_variance_of_the_log_ratio(rho):
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    w = np.outer(weights, weights) / (2 * np.pi)
    t = -0.5 * np.log(1 - rho**2) + rho / 2 * (nodes[:, None] ** 2 - nodes[None, :] ** 2)  # exact: a polynomial
    mean = (w * t).sum()
    assert mean == pytest.approx(-0.5 * math.log(1 - rho**2), abs=1e-10)
    assert (w * (t - mean) ** 2).sum() == pytest.approx(rho**2, abs=1e-9)
    assert BivariateGaussian(rho).mutual_information == pytest.approx(mean, abs=1e-10)
    # the narrowing, with other units and means: Y = 3 + 5 y; what is left of Y once X is known, by its density
    sd, x0 = 5.0, 0.7
    y = np.linspace(-9, 9, 20_001)
    slice_ = np.exp(-(x0**2 - 2 * rho * x0 * y + y**2) / (2 * (1 - rho**2)))
    slice_ /= slice_.sum()
    left = sd * math.sqrt((slice_ * y**2).sum() - (slice_ * y).sum() ** 2)
    assert -math.log(left / sd) == pytest.approx(mean, abs=1e-7)
    assert CorrelatedGaussian(rho, d=7).mutual_information == pytest.approx(7 * mean, abs=1e-9)
    # a second way, which uses no closed form: p log p/q over a grid
    g, step = np.linspace(-8, 8, 1601, retstep=True)
    x, y = g[:, None], g[None, :]
    log_p = -(x**2 - 2 * rho * x * y + y**2) / (2 * (1 - rho**2)) - math.log(2 * math.pi * math.sqrt(1 - rho**2))
    log_q = -(x**2 + y**2) / 2 - math.log(2 * math.pi)
    assert (np.exp(log_p) * (log_p - log_q)).sum() * step**2 == pytest.approx(mean, abs=1e-8)


TRUTHS = {("x", 0.1): 1.667, ("x^3", 0.1): 1.249, ("sin x", 0.1): 1.536}
TRUTHS |= {("x", 0.5): 0.419, ("x^3", 0.5): 0.226, ("sin x", 0.5): 0.365}
FUNCTIONS = {"x": lambda x: x, "x^3": lambda x: x**3, "sin x": np.sin}


@pytest.mark.ledger("prop-additive-noise", "eq-additive-noise")
@pytest.mark.parametrize(("name", "sigma"), TRUTHS)
def test_additive_noise_by_the_definition(name, sigma):
    x = np.linspace(-1, 1, 2002)
    x = (x[1:] + x[:-1]) / 2  # midpoints
    f = FUNCTIONS[name](x)
    y, step = np.linspace(f.min() - 8 * sigma, f.max() + 8 * sigma, 1501, retstep=True)
    log_phi = norm.logpdf(y[None, :], f[:, None], sigma)  # (x, y)
    phi = np.exp(log_phi)
    p = phi.mean(0)
    by_definition = (phi * (log_phi - np.log(p))).sum() * step / len(x)  # the average of log φ(y-f(x))/p(y)
    by_entropy = -(p * np.log(p)).sum() * step - 0.5 * math.log(2 * math.pi * math.e * sigma**2)
    law = AdditiveNoise(name, sigma)
    assert by_definition == pytest.approx(by_entropy, abs=1e-9)
    assert law.mutual_information == pytest.approx(by_definition, abs=1e-5)  # midpoints: error of order (1/1001)²
    assert law.mutual_information == pytest.approx(TRUTHS[name, sigma], abs=5.1e-4)
    t = law.log_ratio(*law.sample(20_000, seed=12)).double()
    assert abs(t.mean().item() - law.mutual_information) < 4 * t.std().item() / math.sqrt(20_000)


@pytest.mark.ledger("prop-small-noise", "eq-small-noise")
def test_small_noise_is_squeezed_between_two_lines_of_slope_one():
    entropy_of = {"x": math.log(2), "x^3": math.log(6) - 2, "sin x": None}
    entropy_of["sin x"] = math.log(2) + quad(lambda x: math.log(math.cos(x)), 0, 1)[0]
    variance = {"x": 1 / 3, "x^3": 1 / 7, "sin x": (1 - math.sin(2) / 2) / 2}
    for name, h in entropy_of.items():
        for sigma in np.geomspace(0.01, 10, 10):
            value = AdditiveNoise(name, sigma).mutual_information - math.log(1 / sigma)
            assert h - 0.5 * math.log(2 * math.pi * math.e) - 1e-9 <= value
            assert value <= 0.5 * math.log(variance[name] + sigma**2) + 1e-9
    slope = AdditiveNoise("x", 0.01).mutual_information - AdditiveNoise("x", 0.01 * math.e).mutual_information
    assert 0.95 < slope <= 1 + 1e-9  # a nat for each factor e


@pytest.mark.ledger("prop-oracle", "eq-oracle")
@pytest.mark.parametrize("rho", [-0.5, 0.87898, 0.99])
def test_the_oracle_is_unbiased_and_spreads_like_rho_over_root_n(rho):
    law, n, runs = BivariateGaussian(rho), 50, 4000
    t = law.log_ratio(*law.sample(n * runs, seed=13)).double().numpy().reshape(runs, n).mean(1)
    assert abs(t.mean() - law.mutual_information) < 4 * t.std() / math.sqrt(runs)
    kurtosis = ((t - t.mean()) ** 4).mean() / t.var() ** 2
    error = t.var() * math.sqrt((kurtosis - 1) / runs)  # of a sample variance
    assert abs(t.var() - rho**2 / n) < 4 * error


def test_the_plug_in_outside_its_family_goes_to_zero_as_predicted():
    law, n, runs = MixedGaussian(0.9), 2000, 400
    x, y = (a.double().numpy().reshape(runs, n) for a in law.sample(n * runs, seed=14))
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    r = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    estimate = -0.5 * np.log(1 - r**2)
    assert abs(estimate.mean() - (1 + 2 * 0.81) / (2 * n)) < 4 * estimate.std() / math.sqrt(runs)
    assert law.mutual_information > 0.4


def test_the_numbers_of_the_course():
    assert course_data()[2] == pytest.approx(0.74052, abs=5e-6)
    assert math.sqrt(1 - math.exp(-2 * course_data()[2])) == pytest.approx(0.87898, abs=5e-6)
