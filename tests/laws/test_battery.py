"""The battery: every truth in two independent ways, every map undone, every law of the shape it says."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from scipy import integrate, stats

import mi_lab
from mi_lab.laws import labels
from mi_lab.laws import transforms as t
from mi_lab.laws.battery import FAMILIES, battery
from mi_lab.laws.circles import NoisyCircle
from mi_lab.laws.gaussian import BivariateGaussian
from mi_lab.laws.gaussian_mixtures import GaussianMixture
from mi_lab.laws.joint_gaussian import JointGaussian, Student
from mi_lab.laws.products import Copies
from mi_lab.laws.uniform_noise import UniformNoise

ALL = battery()
DEPENDENT = [b for b in ALL if b.family != "independence"]
N = 20_000
every = pytest.mark.parametrize("one", ALL, ids=lambda b: b.name)
each_dependent = pytest.mark.parametrize("one", DEPENDENT, ids=lambda b: b.name)


@cache
def drawn(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y and their exact log-ratio, in float64."""
    law = next(b.law for b in ALL if b.name == name)
    x, y = law._draw(N, np.random.default_rng(7))
    return x, y, law._log_ratio(x, y)


def test_what_is_listed():
    assert len(ALL) >= 40
    assert len({b.name for b in ALL}) == len(ALL)
    assert {b.family for b in ALL} == set(FAMILIES)
    for family in FAMILIES:
        assert battery(family, tuned=True), family
        assert battery(family, tuned=False), family
    assert len(battery(tuned=True)) + len(battery(tuned=False)) == len(ALL)
    assert 0.4 < len(battery(tuned=True)) / len(ALL) < 0.6
    assert min(b.truth for b in ALL) == 0
    assert max(b.truth for b in ALL) == pytest.approx(10)
    assert max(b.dims[0] for b in ALL) == 50
    assert mi_lab.battery is battery
    with pytest.raises(ValueError, match="family = 'flat', wanted one of: one column"):
        battery("flat")


@every
def test_samples_have_the_columns_that_are_said_and_repeat(one):
    x, y = one.sample(300, seed=3)
    assert (x.shape, y.shape) == ((300, one.dims[0]), (300, one.dims[1]))
    assert x.dtype == y.dtype == torch.float32
    assert bool(x.isfinite().all() and y.isfinite().all())
    again, other = one.sample(300, seed=3)[0], one.sample(300, seed=4)[0]
    assert torch.equal(x, again)
    assert not torch.equal(x, other)


@each_dependent
def test_the_mean_log_ratio_is_the_truth(one):
    """Closed form or quadrature on one side, the sampler and the densities on the other."""
    ratio = drawn(one.name)[2]
    assert abs(ratio.mean() - one.truth) < 4 * ratio.std() / math.sqrt(N)


@each_dependent
def test_the_ratio_is_that_of_the_joint_law_to_the_product(one):
    """For every r = p/q and c: E_q min(r, c) = E_p min(1, c/r); c = 3 keeps both variances small."""
    x, y, joint = drawn(one.name)
    product = one.law._log_ratio(x, np.roll(y, 1, axis=0))
    left, right = np.exp(np.minimum(product, math.log(3))), np.exp(np.minimum(math.log(3) - joint, 0))
    error = math.sqrt((left.var() + right.var()) / N)
    assert abs(left.mean() - right.mean()) < 4 * error + 1e-12


@pytest.mark.parametrize("one", battery("independence"), ids=lambda b: b.name)
def test_no_rank_of_one_side_tells_of_the_other(one):
    x, y, _ = drawn(one.name)
    assert one.truth == 0
    for of_x in (lambda z: z, np.abs):
        for of_y in (lambda z: z, np.abs):
            p = [stats.spearmanr(of_x(a), of_y(b)).pvalue for a in x.T[:3] for b in y.T[:3]]
            assert min(p) * len(p) > 1e-3


# the second way, law by law


@pytest.mark.parametrize("one", [b for b in ALL if type(b.law) is JointGaussian], ids=lambda b: b.name)
def test_gaussians_by_their_canonical_correlations(one):
    in_x, in_y, _ = one.law._blocks()
    across = one.law.covariance[: one.law.d_x, one.law.d_x :]
    root = lambda c: np.linalg.inv(np.linalg.cholesky(c))  # noqa: E731
    canonical = np.linalg.svd(root(in_x) @ across @ root(in_y).T, compute_uv=False)
    assert one.truth == pytest.approx(-np.log1p(-(canonical**2)).sum() / 2, abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 3])
def test_student_by_quadrature_over_radius_and_angle(freedom):
    """|C^{-1/2} Z|² exceeds q with probability (1 + q/ν)^(-ν/2); the angle is uniform and independent of it."""
    law = Student(np.array([[1, 0.75], [0.75, 1]]), 1, freedom)
    u, w = np.polynomial.legendre.leggauss(100)
    s = (1 + u) / 2
    q = freedom * (s ** (-6 / freedom) - 1)  # the probability is s³: nodes gather where the radius is large
    weight = w / 2 * 3 * s**2
    angle = 2 * math.pi * np.arange(16_000) / 16_000  # at large radii the ratio has thin dips where x or y is small
    z = np.sqrt(q)[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1) @ law._root.T
    ratio = law._log_ratio(z[..., :1].reshape(-1, 1), z[..., 1:].reshape(-1, 1)).reshape(100, -1)
    assert law.mutual_information == pytest.approx(weight @ ratio.mean(1), abs=1e-5)


def test_many_degrees_of_freedom_are_gaussian():
    c = JointGaussian.dense(2, 3, 0.5)
    assert Student(c.covariance, 2, 1e5).mutual_information == pytest.approx(c.mutual_information, abs=1e-4)
    assert Student(np.eye(5), 2, 1).mutual_information > 0.1  # no correlation, and yet one divisor for all


@pytest.mark.parametrize("width", [0.1, 0.5, 0.75, 3])
def test_uniform_noise_by_its_entropy(width):
    p = lambda y: max(0.0, min(1, y + width) - max(0, y - width)) / (2 * width)  # noqa: E731
    y = np.linspace(-width, 1 + width, 200_001)
    density = np.array([p(v) for v in y])
    entropy = -np.trapezoid(np.where(density > 0, density * np.log(np.maximum(density, 1e-300)), 0), y)
    assert UniformNoise(width).mutual_information == pytest.approx(entropy - math.log(2 * width), abs=1e-6)


def test_rings_by_entropies_on_a_plain_grid():
    law, grid = GaussianMixture.rings(), np.arange(-4, 4.001, 0.02)
    points = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1)
    joint = sum(stats.norm.pdf(points, m, 0.2).prod(-1) for m in law.means) / len(law.means)
    minus_h = lambda p: np.where(p > 0, p * np.log(np.maximum(p, 1e-300)), 0.0)  # noqa: E731
    h_joint = -minus_h(joint).sum() * 0.02**2
    h_x, h_y = (-minus_h(joint.sum(axis) * 0.02).sum() * 0.02 for axis in (1, 0))
    assert law.mutual_information == pytest.approx(h_x + h_y - h_joint, abs=1e-5)


@pytest.mark.parametrize("name", ["waves", "galaxy", "four clusters"])
def test_mixtures_by_another_rule(name):
    """Gauss-Hermite nodes instead of the trapezoid rule: another error, the same number."""
    law = next(b.law for b in ALL if b.name == name)
    law = getattr(law, "law", law)
    z, w = np.polynomial.hermite_e.hermegauss(30)
    grid = np.stack(np.meshgrid(z, z, z, indexing="ij"), -1).reshape(-1, 3)
    weight = np.einsum("i,j,k->ijk", w, w, w).ravel() / (2 * math.pi) ** 1.5
    total = 0.0
    for share, mean, root in zip(law.weights, law.means, law._roots, strict=True):
        at = mean + grid @ root.T
        total += share * (weight @ law._log_ratio(at[:, : law.d_x], at[:, law.d_x :]))
    assert law.mutual_information == pytest.approx(total, abs=2e-4)


@pytest.mark.parametrize("noise", [0.3, (0.2, 0.4)])
def test_circles_by_quadrature_over_the_noise(noise):
    law, z = NoisyCircle(noise), np.linspace(-6, 6, 31)
    grid = np.stack(np.meshgrid(z, z, z, z, indexing="ij"), -1).reshape(-1, 4)
    grid = grid[(grid**2).sum(1) < 36]
    weight = np.exp(-(grid**2).sum(1) / 2)
    x, y = law.noise[0] * grid[:, :2] + [1, 0], law.noise[1] * grid[:, 2:] + [1, 0]  # by symmetry θ = 0
    assert law.mutual_information == pytest.approx(weight @ law._log_ratio(x, y) / weight.sum(), abs=1e-4)


def test_a_rounded_gaussian_by_the_bivariate_cdf():
    edges = [-1.5, -0.5, 0.5, 1.5]
    law = labels.LabelTable.rounded_gaussian(0.8, edges)
    ends = np.array([-12, *edges, 12])
    cdf = lambda a, b: stats.multivariate_normal.cdf([a, b], cov=[[1, 0.8], [0.8, 1]])  # noqa: E731
    below = np.array([[cdf(a, b) for b in ends] for a in ends])
    table = np.diff(np.diff(below, axis=0), axis=1)
    np.testing.assert_allclose(law.table, table, atol=1e-6)
    h = lambda p: stats.entropy(np.ravel(p))  # noqa: E731
    assert law.mutual_information == pytest.approx(h(table.sum(0)) + h(table.sum(1)) - h(table), abs=1e-5)


def test_exclusive_or_by_its_table():
    table = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.1]]) / 4
    law = labels.NoisyXor(0.1)
    assert law.mutual_information == pytest.approx(labels.LabelTable(table).mutual_information, abs=1e-12)
    alone = labels.LabelTable(table.reshape(2, 2, 2).sum(1))  # the first bit and Y
    assert alone.mutual_information == pytest.approx(0, abs=1e-12)


def test_uniform_steps_by_the_entropy_of_y():
    p = np.array([1, 2, 2, 2, 2, 1]) / 10  # density of Y on (0,1), (1,2), …
    assert labels.UniformSteps(5).mutual_information == pytest.approx(-(p * np.log(p)).sum() - math.log(2), abs=1e-12)


@pytest.mark.parametrize("zeros", [0.0, 0.15, 0.5])
def test_counts_by_entropies(zeros):
    law, k = labels.PoissonCounts(zeros), np.arange(60)
    extra = np.where(k == 0, zeros, 0)
    p = (1 - zeros) * 0.5 ** (k + 1) + extra
    x, w = np.polynomial.legendre.leggauss(200)
    x, w = 20 * (1 + x), 20 * w
    given = (1 - zeros) * stats.poisson.pmf(k, x[:, None]) + extra
    conditional = (w * np.exp(-x)) @ stats.entropy(given, axis=1)
    assert law.mutual_information == pytest.approx(stats.entropy(p) - conditional, abs=1e-6)


def test_the_printed_formula_for_counts_holds_without_extra_zeros_only():
    k = np.arange(2, 60)
    plain = 2 * math.log(2) - np.euler_gamma - (0.5**k * np.log(k)).sum()
    assert labels.PoissonCounts(0.0).mutual_information == pytest.approx(plain, abs=1e-7)
    assert labels.PoissonCounts(0.15).mutual_information < 0.85 * plain - 0.02


def test_labelled_clusters_by_the_entropy_of_y():
    p = lambda y: (stats.norm.pdf(y, 1) + stats.norm.pdf(y, -1)) / 2  # noqa: E731
    entropy, _ = integrate.quad(lambda y: -p(y) * math.log(p(y)), -12, 12, limit=200)
    one = entropy - math.log(2 * math.pi * math.e) / 2
    assert labels.LabelledClusters(3, 1.0).mutual_information == pytest.approx(3 * one, abs=1e-7)


def test_spikes_by_their_parts():
    """I(X;Y) = I(D;Y) + I(X;Y|D), where D, whether a value is a spike, is a function of X and of Y."""
    law = labels.SpikedGaussian(0.5, 0.8, 0.9)
    d = labels.LabelTable(np.diag([0.5, 0.5])).mutual_information
    spikes = labels.LabelTable(np.array([[0.45, 0.05], [0.05, 0.45]])).mutual_information
    assert law.mutual_information == pytest.approx(d + (BivariateGaussian(0.8).mutual_information + spikes) / 2)


# maps that lose nothing

MAPS = [t.NormalCdf(), t.Power(1.5), t.Power(3), t.Asinh(), t.Exp(2), t.Wiggle(), t.Bimodal()]
MAPS += [t.Spiral(0.7), t.Wave(1.5, 3), t.Mixing(3, 1)]


@pytest.mark.parametrize("map_", MAPS, ids=repr)
def test_a_map_is_undone_by_its_inverse(map_):
    z = np.random.default_rng(0).standard_normal((2000, 3))
    out = map_(z.copy())
    assert out.shape == z.shape
    assert not np.allclose(out, z)
    np.testing.assert_allclose(map_.inverse(out.copy()), z, atol=1e-6)


@pytest.mark.parametrize("map_", MAPS[:7], ids=repr)
def test_a_map_of_columns_increases(map_):
    z = np.linspace(-4, 4, 4001)[:, None]
    assert (np.diff(map_(z), axis=0) > 0).all()


def test_a_roll_is_undone_and_does_not_touch_itself():
    z = np.random.default_rng(0).random((2000, 2))
    roll = t.SwissRoll()
    assert roll(z).shape == (2000, 3)
    np.testing.assert_allclose(roll.inverse(roll(z)), z, atol=1e-9)


@pytest.mark.parametrize("one", [b for b in ALL if isinstance(b.law, t.Transformed)], ids=lambda b: b.name)
def test_a_transformed_law_undoes_to_the_law_it_came_from(one):
    """The same generator draws the same rows of the base law: undone, its samples are those."""
    x, y, ratio = drawn(one.name)
    base_x, base_y = one.law.law._draw(N, np.random.default_rng(7))
    back_x, back_y = one.law._undo(x, y)
    np.testing.assert_allclose(back_x, base_x, atol=1e-5)
    np.testing.assert_allclose(back_y, base_y, atol=1e-5)
    np.testing.assert_allclose(ratio, one.law.law._log_ratio(base_x, base_y), atol=1e-3)
    assert one.truth == one.law.law.mutual_information


def test_copies_add_up():
    pair = BivariateGaussian(0.6)
    assert Copies(pair, 4).mutual_information == pytest.approx(4 * pair.mutual_information)
    assert Copies(pair, 4).dims == (4, 4)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda: JointGaussian(np.ones((2, 3)), 1), "wanted a symmetric square matrix"),
        (lambda: JointGaussian(np.ones((2, 2)), 1), "not positive definite"),
        (lambda: JointGaussian(np.eye(3), 3), "d_x = 3, wanted fewer than the 3"),
        (lambda: Student(np.eye(2), 1, 0), "freedom = 0"),
        (lambda: UniformNoise(0), "width = 0"),
        (lambda: GaussianMixture([0.5, 0.6], np.eye(2), np.eye(2), 1), "weights"),
        (lambda: NoisyCircle(0), "noise = 0"),
        (lambda: NoisyCircle(0.3, 1), "d = 1"),
        (lambda: labels.LabelTable(np.ones((2, 2))), "table is no table of probabilities"),
        (lambda: labels.NoisyXor(1), "wrong = 1"),
        (lambda: labels.UniformSteps(0), "m = 0"),
        (lambda: labels.PoissonCounts(1.0), "zeros = 1.0"),
        (lambda: labels.SpikedGaussian(0), "w = 0"),
        (lambda: JointGaussian.dense(2, 1, 0.5).log_ratio([1.0], [1.0]), "1 and 1 columns, wanted 2 and 1"),
        (lambda: ALL[0].sample(0), "n = 0"),
    ],
)
def test_bad_input(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()
