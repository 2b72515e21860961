"""What chapter 13 claims: on Gaussians in closed form, on mixtures by quadrature, on samples exactly."""

import math

import numpy as np
import pytest
import sympy as sp
import torch
from scipy.integrate import quad
from scipy.stats import norm

from mi_lab import load_run
from mi_lab.gradients import SpectralStein
from mi_lab.gradients.spectral import Expansion


class Moving:
    """Z = a(θ) M + b(θ) ε, M = ±1 with probabilities p and 1 - p: its density, score and movement, by hand."""

    def __init__(self, p=0.3):
        self.p = p

    def a(self, t):
        return 1.5 + math.sin(t)

    def b(self, t):
        return 0.6 + 0.3 * t**2

    def density(self, z, t):
        bells = [np.exp(-(((z - s * self.a(t)) / self.b(t)) ** 2) / 2) for s in (1, -1)]
        return (self.p * bells[0] + (1 - self.p) * bells[1]) / (self.b(t) * math.sqrt(2 * math.pi))

    def entropy(self, t):
        return quad(lambda z: -self.density(z, t) * math.log(self.density(z, t) + 1e-300), -9, 9, limit=200)[0]

    def score(self, z, t, step=1e-5):
        return (math.log(self.density(z + step, t)) - math.log(self.density(z - step, t))) / (2 * step)

    def mean(self, f, t):
        """Return E f(z, ∂z/∂θ), over M and ε."""
        step, total = 1e-5, 0.0
        da = (self.a(t + step) - self.a(t - step)) / (2 * step)
        db = (self.b(t + step) - self.b(t - step)) / (2 * step)
        for sign, p in ((1, self.p), (-1, 1 - self.p)):
            moved = lambda e, s=sign: f(s * self.a(t) + self.b(t) * e, s * da + db * e)  # noqa: E731
            total += p * quad(lambda e, g=moved: norm.pdf(e) * g(e), -7, 7, limit=200)[0]
        return total


@pytest.mark.ledger("thm-entropy-gradient", "eq-entropy-gradient", "eq-vanishing-score")
def test_the_entropy_s_gradient_is_score_times_movement_and_the_other_half_vanishes():
    law, t, step = Moving(), 0.7, 1e-4
    slope = (law.entropy(t + step) - law.entropy(t - step)) / (2 * step)
    assert abs(slope) > 0.1
    assert -law.mean(lambda z, dz: law.score(z, t) * dz, t) == pytest.approx(slope, abs=1e-5)

    def reaction(z, density_at):
        return (math.log(law.density(z, density_at + step)) - math.log(law.density(z, density_at - step))) / (2 * step)

    assert law.mean(lambda z, dz: reaction(z, t), t) == pytest.approx(0, abs=1e-6)
    assert abs(law.mean(lambda z, dz: reaction(z, t + 0.3), t)) > 0.05  # of another density it doesn't vanish


@pytest.mark.ledger("prop-mige", "eq-mige", "eq-mige-known")
def test_the_information_s_gradient_by_two_scores_and_by_one():
    """Symbolically: x ~ N(0, Σ), z = w(t)·x + b(t) ε."""
    t, b = sp.symbols("t b", positive=True)
    w = sp.Matrix([sp.cos(t), 2 + t])
    sigma = sp.Matrix([[2, 1], [1, 3]])
    width = b * sp.exp(t)
    v = (w.T * sigma * w)[0]
    slope = sp.diff(sp.log(1 + v / width**2) / 2, t)
    # ∂z/∂t = w'·x + width' ε; E[z ∂z] = w'Σw + width width'
    moved, moved_width = w.diff(t), sp.diff(width, t)
    cross = (moved.T * sigma * w)[0] + width * moved_width
    entropy = cross / (v + width**2)  # -E[s ∂z], s = -z/(v + width²)
    # the pair's score in z is that of q(z|x): -(z - w·x)/width² = -ε/width
    joint = -moved_width / width  # E[-ε/width ∂z]
    assert sp.simplify(entropy + joint - slope) == 0
    known = sp.diff(-sp.log(width) - sp.Rational(1, 2), t)  # E log q(Z|X), differentiated as a whole
    assert sp.simplify(entropy + known - slope) == 0


def quadrature(n=4001):
    """Return points and weights of an even mixture of N(±1.5, 1), and its score."""
    z = np.linspace(-11, 11, n)
    q = (np.exp(-((z - 1.5) ** 2) / 2) + np.exp(-((z + 1.5) ** 2) / 2)) / (2 * math.sqrt(2 * math.pi))
    return z, q * (z[1] - z[0]), -z + 1.5 * np.tanh(1.5 * z)


@pytest.mark.ledger("lem-stein", "eq-stein")
def test_stein_s_identity():
    z, q, score = quadrature()
    for f, slope in ((np.sin(z), np.cos(z)), (z**3, 3 * z**2), (np.ones_like(z), 0 * z), (np.exp(-z), -np.exp(-z))):
        assert (q * f * score).sum() == pytest.approx(-(q * slope).sum(), abs=1e-9)
    # where q φ doesn't vanish at the end the identity fails: the exponential law with φ = 1, E[score] = -1
    assert quad(lambda u: math.exp(-u) * -1, 0, 50)[0] == pytest.approx(-1)


@pytest.mark.ledger("prop-ssge", "eq-ssge-coefficients")
def test_the_nearest_sum_has_stein_s_coefficients():
    z, q, score = quadrature()
    basis = np.stack([z**k for k in range(6)], 1)
    slopes = np.stack([k * z ** max(k - 1, 0) for k in range(6)], 1)
    turn = np.linalg.inv(np.linalg.cholesky(basis.T @ (q[:, None] * basis))).T
    phi, slope = basis @ turn, slopes @ turn
    np.testing.assert_allclose(phi.T @ (q[:, None] * phi), np.eye(6), atol=1e-9)
    a = -(q[:, None] * slope).sum(0)
    error = (q * (phi @ a - score) ** 2).sum()
    assert error == pytest.approx((q * score**2).sum() - (a**2).sum(), abs=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert (q * (phi @ (a + 0.01 * rng.standard_normal(6)) - score) ** 2).sum() > error


@pytest.mark.ledger("eq-nystrom", "eq-ssge")
def test_nystrom_gives_orthonormal_functions_and_the_estimate_is_stein_s():
    z = torch.from_numpy(np.random.default_rng(1).standard_normal((40, 2)))
    width = 1.2
    kernel = torch.exp(-torch.cdist(z, z).square() / (2 * width**2))
    values, u = (a.flip(-1) for a in torch.linalg.eigh(kernel))

    def phi(v):  # (J,) at one point, eq-nystrom
        k = torch.exp(-(v - z).square().sum(1) / (2 * width**2))
        return math.sqrt(40) / values[:5] * (k @ u[:, :5])

    at_samples = torch.stack([phi(v) for v in z])
    torch.testing.assert_close(at_samples, math.sqrt(40) * u[:, :5])
    torch.testing.assert_close(at_samples.T @ at_samples / 40, torch.eye(5).double())
    # continued to a new point, it solves the eigenvalue equation with the samples' averages
    new = torch.tensor([0.3, -0.2]).double()
    k = torch.exp(-(new - z).square().sum(1) / (2 * width**2))
    torch.testing.assert_close(k @ at_samples / 40, values[:5] / 40 * phi(new))
    a = -torch.stack([torch.func.jacrev(phi)(v) for v in z]).mean(0)  # (J, d) by automatic differentiation
    expansion = Expansion(z, z, width, base=False)
    torch.testing.assert_close(expansion.score(new[None], 5)[0], phi(new) @ a)


@pytest.mark.ledger("prop-hyvarinen", "eq-hyvarinen")
def test_a_loss_ranks_fields_without_the_score():
    z, q, score = quadrature()
    for s, slope in ((-z, -np.ones_like(z)), (np.sin(z), np.cos(z)), (-(z**3), -3 * z**2)):
        left = (q * (s - score) ** 2).sum() / 2
        assert left == pytest.approx((q * (s**2 / 2 + slope)).sum() + (q * score**2).sum() / 2, abs=1e-8)


@pytest.mark.ledger("eq-denoising")
def test_denoising_is_least_at_the_noisy_law_s_score():
    """E|s(Y) + ε/σ|² = E|s - s_Y|² + const: for Y = Z + σε, Z = ±1, by quadrature over ε."""
    sigma = 0.7
    e = np.linspace(-8, 8, 4001)
    bell = np.exp(-(e**2) / 2) / math.sqrt(2 * math.pi) * (e[1] - e[0])

    def noisy_score(y):
        return (-y + np.tanh(y / sigma**2)) / sigma**2

    def loss(s):
        return sum((bell * (s(m + sigma * e) + e / sigma) ** 2).sum() / 2 for m in (1, -1))

    def apart(s):
        return sum((bell * (s(m + sigma * e) - noisy_score(m + sigma * e)) ** 2).sum() / 2 for m in (1, -1))

    least = loss(noisy_score)
    for s in (np.sin, lambda y: -y, lambda y: noisy_score(y) + 0.1 * y):
        assert loss(s) == pytest.approx(least + apart(s), abs=1e-8)
        assert loss(s) > least


@pytest.mark.ledger("eq-infomax")
def test_linear_infomax():
    rng = np.random.default_rng(2)
    half = rng.standard_normal((3, 3))
    sigma, w, noise = half @ half.T, rng.standard_normal(3), 0.6
    joint = np.block([[sigma, (sigma @ w)[:, None]], [(w @ sigma)[None], np.array([[noise**2 + w @ sigma @ w]])]])
    by_determinants = (np.log(np.linalg.det(sigma)) + np.log(joint[3, 3]) - np.log(np.linalg.det(joint))) / 2

    def information(w):
        return math.log1p(w @ sigma @ w / noise**2) / 2

    assert information(w) == pytest.approx(by_determinants)
    gradient = sigma @ w / (noise**2 + w @ sigma @ w)
    for k in range(3):
        step = 1e-5 * np.eye(3)[k]
        assert gradient[k] == pytest.approx((information(w + step) - information(w - step)) / 2e-5, abs=1e-7)
    # with |w| = 1 the best is the first principal component
    values, vectors = np.linalg.eigh(sigma)
    best = information(vectors[:, -1])
    others = rng.standard_normal((500, 3))
    assert max(information(v / np.linalg.norm(v)) for v in others) <= best


@pytest.mark.ledger("eq-toy-slope")
def test_the_toy_s_slope():
    rho, d = sp.symbols("rho d", positive=True)
    assert sp.simplify(sp.diff(-d / 2 * sp.log(1 - rho**2), rho) - d * rho / (1 - rho**2)) == 0


def test_what_the_page_says_of_the_long_run():
    run = load_run("gradient-toy")
    rmse = {(r["name"], r["d"], r["law"]): r["rmse"] for r in run["table"]}
    published = run["about"]["published"]
    for at, d in enumerate((8, 16, 32)):
        assert rmse["spectral", d, "Gaussian"] <= published["mige"][at]
        assert rmse["spectral", d, "Gaussian"] < rmse["spectral, whitened", d, "Gaussian"]
        assert rmse["spectral, whitened", d, "Gaussian"] < rmse["spectral, as published", d, "Gaussian"]
        assert rmse["spectral, as published", d, "Gaussian"] < rmse["mine", d, "Gaussian"]
        assert rmse["spectral", d, "bent"] > 2 * rmse["spectral", d, "Gaussian"]
    found = [r for r in run["runs"] if r["name"] == "infomax"]
    mean, exact = np.mean([r["gradient"] for r in found], 0), np.array(found[0]["truth"])
    assert np.linalg.norm(mean - exact) < 0.02 * np.linalg.norm(exact)


def test_two_modes_weights_are_not_in_the_score():
    """What the page says of distant modes, at samples: even and uneven weights, six away."""
    z = torch.tensor([-6.5, -6.0, -5.5, 5.5, 6.0, 6.5]).double()

    def score(p):
        near = torch.sigmoid(12 * z + math.log(p / (1 - p)))
        return -z + 6 * (2 * near - 1)

    assert (score(0.5) - score(0.1)).abs().max() < 1e-9


def test_the_chapter_s_ten_lines_are_the_package_s():
    z = torch.from_numpy(np.random.default_rng(3).standard_normal((50, 1)))
    found = SpectralStein(z, number=4, bandwidth=1.0, base=None, whiten=False)(z)
    width = float(z.std(correction=0))
    kernel = torch.exp(-torch.cdist(z, z).square() / (2 * width**2))
    values, u = (a.flip(-1)[..., :4] for a in torch.linalg.eigh(kernel))
    phi = math.sqrt(50) * u
    slope = (kernel.sum(0)[:, None] * z - kernel @ z) / width**2
    torch.testing.assert_close(phi @ (-(phi / values).T @ slope / 50), found)
