"""What chapter 3 claims of bins, kernels and neighbours: exactly where the sums can be done, else within its error."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.special import digamma

from mi_lab import BivariateGaussian, CorrelatedGaussian, bins, kde, ksg
from mi_lab.counting import soft, standard_error
from mi_lab.counting.tables import table


def information(p: np.ndarray) -> float:
    """Return the mutual information of a table of probabilities."""
    q = p.sum(1, keepdims=True) * p.sum(0)
    return float(np.sum(p[p > 0] * np.log(p[p > 0] / q[p > 0])))


@pytest.mark.ledger("prop-bins-ceiling", "eq-bins-ceiling")
def test_bins_see_no_more_than_there_is():
    rng = np.random.default_rng(0)
    for _ in range(300):  # coarser tables of random laws
        p = rng.dirichlet(np.full(30, rng.uniform(0.05, 2))).reshape(5, 6)
        a, b = rng.integers(0, 3, 5), rng.integers(0, 2, 6)
        coarse = np.zeros((3, 2))
        np.add.at(coarse, (a[:, None], b[None]), p)
        assert information(coarse) <= min(information(p), math.log(3), math.log(2)) + 1e-12
    # the estimate of data that are their own copies attains log B
    x = np.arange(120.0)
    assert float(bins(x, x, 12, correction="plug-in")) == pytest.approx(math.log(12))
    assert float(bins(x, -x, (12, 4), correction="plug-in")) <= math.log(4) + 1e-12


@pytest.mark.ledger("thm-bins-bias", "eq-bins-bias")
def test_the_bias_of_the_plug_in_exactly():
    """The estimate is a sum of functions of single shares, whose means are binomial sums: no simulation."""

    def mean_of_f(p, n):
        share = np.arange(n + 1) / n
        f = -share * np.log(np.maximum(share, 1e-300))
        return float(stats.binom.pmf(np.arange(n + 1), n, p) @ f)

    rng = np.random.default_rng(1)
    for shape in ((2, 2), (3, 4), (2, 6)):
        p = rng.dirichlet(np.full(shape[0] * shape[1], 4.0)).reshape(shape)
        rest = []
        for n in (2_000, 4_000, 8_000):
            parts = [sum(mean_of_f(q, n) for q in v.ravel()) for v in (p.sum(1), p.sum(0), p)]
            rest.append(parts[0] + parts[1] - parts[2] - information(p) - (shape[0] - 1) * (shape[1] - 1) / (2 * n))
        # what is left falls as 1/n²: each doubling divides it by four
        assert rest[1] / rest[0] == pytest.approx(0.25, abs=0.03)
        assert rest[2] / rest[1] == pytest.approx(0.25, abs=0.03)


@pytest.mark.ledger("prop-kde-limit", "eq-kde-limit")
def test_what_blur_costs():
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    for rho in (0.0, 0.5, -0.9, 0.99):
        for h in (0.05, 0.3, 1.0):
            x = nodes[:, None] + 0 * nodes
            y = rho * x + math.sqrt(1 - rho**2) * nodes
            v = 1 + h * h
            joint = stats.multivariate_normal(cov=[[v, rho], [rho, v]]).logpdf(np.dstack([x, y]))
            alone = stats.norm(scale=math.sqrt(v))
            by_quadrature = float((weights * (joint - alone.logpdf(x) - alone.logpdf(y))).sum())
            r = rho / v
            formula = -0.5 * math.log(1 - r**2) + r * (rho - r) / (v * (1 - r**2))
            assert by_quadrature == pytest.approx(formula, abs=1e-9)
    # and the estimator goes there when h stays: standard error of the average, and a little for the finite sum
    x, y = BivariateGaussian(0.9).sample(40_000, seed=0)
    r, h = 0.9 / 1.09, 0.3
    limit = -0.5 * math.log(1 - r**2) + r * (0.9 - r) / ((1 + h * h) * (1 - r**2))
    assert abs(float(kde(x, y, h)) - limit) < 4 * 0.9 / math.sqrt(40_000) + 2e-3


@pytest.mark.ledger("eq-balance")
def test_the_kernel_s_square_is_a_kernel():
    """The step of the proof that makes the weight 2^(-d/2-1), and that of exercise 7 for the box."""
    u, h = np.linspace(-3, 3, 101), 0.7
    for d in (1, 2, 3):
        normal = stats.norm.pdf(u, scale=h) ** d  # at the point (u, ..., u)
        narrower = stats.norm.pdf(u, scale=h / math.sqrt(2)) ** d
        np.testing.assert_allclose(normal**2, 2 ** (-d / 2) * stats.norm.pdf(0, scale=h) ** d * narrower)
    box = (abs(u) <= h) / (2 * h)
    np.testing.assert_allclose(box**2, box / (2 * h))


@pytest.mark.ledger("lem-ball-mass", "eq-ball-mass")
@pytest.mark.parametrize(("k", "n"), [(1, 2), (1, 10), (3, 10), (9, 10), (4, 500)])
def test_the_mass_up_to_the_kth_neighbour(k, n):
    law = stats.beta(k, n - k)
    by_quadrature, _ = integrate.quad(lambda u: law.pdf(u) * math.log(u), 0, 1, limit=200)
    assert by_quadrature == pytest.approx(digamma(k) - digamma(n), abs=1e-6)
    # a law that is anything but uniform, about a point off its centre: exponential samples
    rng = np.random.default_rng(k)
    x = rng.exponential(size=(3000, n))
    r = np.sort(abs(x[:, 1:] - x[:, :1]), 1)[:, k - 1]
    mass = stats.expon.cdf(x[:, 0] + r) - stats.expon.cdf(x[:, 0] - r)
    assert stats.kstest(mass, law.cdf).pvalue > 1e-3
    values = np.log(mass)
    assert abs(values.mean() - digamma(k) + digamma(n)) < 4 * values.std() / math.sqrt(3000)


def slowly(x, y, k, variant):
    """Evaluate eq-ksg and eq-ksg2 from all distances."""
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    n = len(x)
    if variant == 1:
        rho = np.sort(np.maximum(dx, dy), 1)[:, [k]]
        counts = [(d < rho).sum(1) for d in (dx, dy)]  # with the sample itself: n_x + 1
        return digamma(k) + digamma(n) - np.mean(digamma(counts[0]) + digamma(counts[1]))
    nearest = np.argsort(np.maximum(dx, dy), 1)[:, : k + 1]
    counts = [(d <= np.take_along_axis(d, nearest, 1).max(1)[:, None]).sum(1) - 1 for d in (dx, dy)]
    return digamma(k) - 1 / k + digamma(n) - np.mean(digamma(counts[0]) + digamma(counts[1]))


@pytest.mark.ledger("eq-ksg", "eq-ksg2")
@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_neighbours_are_the_formula(variant, k):
    x, y = (v.numpy()[:, 0].astype(float) for v in BivariateGaussian(0.7).sample(250, seed=k))
    x, y = x / x.std(), y / y.std()
    assert float(ksg(x, y, k, variant=variant)) == pytest.approx(slowly(x, y, k, variant), abs=1e-10)


@pytest.mark.ledger("prop-ksg-ceiling", "eq-ksg-ceiling")
def test_neighbours_have_a_ceiling():
    rng = np.random.default_rng(0)
    reached = {}
    for n in (5, 20, 200):
        for k in (1, 2, 4):
            ceiling = digamma(n) - digamma(k) - 1 / k
            assert ceiling < math.log(n)
            for _ in range(40):  # from independent to all but deterministic, straight and bent
                x = rng.standard_normal(n)
                bent = (x, np.exp(x), x**3)[rng.integers(3)]
                y = bent + 10 ** rng.uniform(-9, 1) * rng.standard_normal(n)
                value = slowly(x, y, k, 1)
                assert value <= ceiling + 1e-12
                reached[n, k] = max(reached.get((n, k), -9), value / ceiling)
    assert min(reached[200, k] for k in (1, 2, 4)) > 0.97  # nothing smaller would be a ceiling
    x, y = CorrelatedGaussian.with_information(14).sample(1000, seed=0)
    assert float(ksg(x, y)) == pytest.approx(digamma(1000) - digamma(3) - 1 / 3, abs=0.02)


@pytest.mark.ledger("prop-soft", "eq-soft-table", "eq-soft-gradient")
@pytest.mark.parametrize("kernel", soft.KERNELS)
def test_the_gradient_of_soft_bins(kernel):
    number, span = 6, ((-3.0, 3.0), (-4.0, 4.0))
    x, y = (v.double().reshape(1, -1) for v in BivariateGaussian(0.5).sample(400, seed=2))
    x.requires_grad_()
    p = soft.soft_table(x, y, (number, number), kernel, span)[0]
    wx, wy = (
        soft.shares(soft.place(v, number, kernel, s), number, kernel)[0] for v, s in zip((x, y), span, strict=True)
    )
    torch.testing.assert_close(p, wx.T @ wy / 400)  # eq-soft-table
    assert float(p.sum()) == pytest.approx(1)
    slopes = torch.stack([torch.autograd.grad(wx[:, a].sum(), x, retain_graph=True)[0][0] for a in range(number)], 1)
    assert slopes.sum(1).abs().max() < 1e-12
    log_ratio = torch.log(p.clamp_min(1e-30) / p.sum(1, keepdim=True).clamp_min(1e-30))
    by_formula = torch.einsum("na,nb,ab->n", slopes, wy, log_ratio) / 400
    value = bins(x, y, number, soft=kernel, span=span, batch=True).sum()
    torch.testing.assert_close(torch.autograd.grad(value, x)[0][0], by_formula.detach(), atol=1e-10, rtol=1e-8)


@pytest.mark.ledger("prop-other-walls")
def test_bins_and_kernels_have_walls():
    """No data pass them: copies, lines, clouds; and all three are nearly reached, so nothing smaller would do."""
    rng = np.random.default_rng(1)
    nearest = [-9.0] * 3
    for n in (4, 10, 60, 300):
        for spread in (0.0, 1e-6, 1e-2, 1.0):
            x = rng.permutation(n) + 0.1 * rng.random(n)
            y = x + spread * rng.standard_normal(n)
            values = [
                float(bins(x, y, n, correction="plug-in")) - math.log(n),
                float(bins(x, y, n)) - math.log(n) - 0.5,
                float(kde(x, y, 1e-3, direct=True)) - math.log(2 * n),
            ]
            assert values[0] <= 1e-6
            assert max(values[1:]) < 1e-6
            nearest = [max(a, b) for a, b in zip(nearest, values, strict=True)]
    assert min(nearest) > -0.01


def test_what_the_text_says_of_bins_by_chance():
    """The exact mean of the plug-in in 20 by 20 cells, summed from binomials in the chapter, against simulation."""
    counts = np.arange(1, 1001)
    surprise = counts / 1000 * np.log(1000 / counts)
    across, down = (cells * float(stats.binom.pmf(counts, 1000, 1 / cells) @ surprise) for cells in (20, 400))
    rng = np.random.default_rng(0)
    values = [
        information(np.bincount(rng.integers(0, 400, 1000), minlength=400).reshape(20, 20) / 1000) for _ in "x" * 400
    ]
    assert abs(np.mean(values) - 2 * across + down) < 4 * np.std(values) / 20


def with_copies(x, y, k=3):
    """Evaluate eq-ksg, and eq-ksg-ties where a sample has k copies: the chapter's function."""
    dx, dy = abs(x[:, None] - x), abs(y[:, None] - y)
    eps = np.sort(np.maximum(dx, dy), 1)[:, [k]]
    inside = [np.where(eps > 0, d < eps, d == 0) for d in (dx, dy)]
    k_i = np.where(eps[:, 0] > 0, k, np.sum(inside[0] & inside[1], 1))
    n_x, n_y = (d.sum(1) for d in inside)
    return digamma(len(x)) + np.mean(digamma(k_i) - digamma(n_x) - digamma(n_y))


def test_whole_numbers_up_to_29_need_to_be_moved():
    """Strict counts leave several k-th neighbours out: more than a nat of nothing; `ksg` moves the data first."""
    rng = np.random.default_rng(3)
    pairs = [rng.integers(0, 30, (2, 500)).astype(float) for _ in range(12)]
    strict, moved = ([f(*pair) for pair in pairs] for f in (with_copies, lambda x, y: float(ksg(x, y))))
    assert np.mean(strict) > 1
    assert abs(np.mean(moved)) < 4 * np.std(moved) / math.sqrt(12)


@pytest.mark.ledger("eq-cells-rule")
@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2), (1, 4)])
def test_cells_are_full_enough_in_any_number_of_columns(across, down):
    """So many bins are never too many, for no data set; and two a column too many are refused."""
    rng, columns = np.random.default_rng(across), across + down
    for n in (5 * 2**columns, 600, 3000):
        x, y = rng.standard_normal((n, across)), rng.standard_normal((n, down))
        rule = (n / max(5, n**0.25)) ** (1 / columns)
        found = table(torch.from_numpy(x), torch.from_numpy(y))
        assert n / len(found.cxy) >= 4.9  # on average over the occupied cells; equal masses are whole numbers
        least = table(torch.from_numpy(x), torch.from_numpy(y), (int(rule + 1e-9),) * 2)
        assert len(least.cxy) <= len(found.cxy)
    if columns > 2:
        few = 5 * 2**columns // 4
        with pytest.raises(ValueError, match="too many"):
            bins(rng.standard_normal((few, across)), rng.standard_normal((few, down)))


@pytest.mark.ledger("eq-halves")
def test_half_the_difference_of_halves_scatters_like_the_whole():
    """For a mean, where the sum can be done: over all cuts the mean of the squares is s²/n; R cuts come near it."""

    def mean(x, y, batch=False):
        return x.mean((1, 2)) if batch else x.mean()

    x = torch.from_numpy(np.random.default_rng(0).exponential(size=(400, 1)))
    _, error = standard_error(mean, x, x, parts=2000)
    assert float(error) ** 2 == pytest.approx(float(x.var()) / 400, rel=4 * math.sqrt(2 / 2000))


def test_kernels_refuse_where_bumps_part():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="too many columns"):
        kde(rng.standard_normal((1000, 10)), rng.standard_normal((1000, 10)))
    # the text's reason: with nothing but its own bump a sample contributes log 2n, almost
    x, y = rng.standard_normal((2, 300))
    assert float(kde(x, y, 1e-7, direct=True)) == pytest.approx(math.log(600), abs=0.01)
