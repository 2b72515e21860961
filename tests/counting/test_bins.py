"""Bins: tables done by hand, corrections against their formulas, soft bins and their gradients, the rule for B."""

import math

import numpy as np
import pytest
import torch

from mi_lab import BivariateGaussian, MixedGaussian, bins
from mi_lab.counting import soft
from mi_lab.counting.tables import OCCUPANCY, table

KERNELS = soft.KERNELS


def by_hand(counts, correction):
    """Estimate from a full table of counts, written out."""
    c = np.asarray(counts, float)
    n = c.sum()
    p, px, py = c / n, c.sum(1) / n, c.sum(0) / n
    if correction == "shrinkage":
        q = np.outer(px, py)
        weight = min(1.0, (1 - (p**2).sum()) / ((n - 1) * ((q - p) ** 2).sum()))
        p = weight * q + (1 - weight) * p

    def h(v):
        v = v[v > 0]
        return -(v * np.log(v)).sum()

    value = h(p.sum(1)) + h(p.sum(0)) - h(p)
    if correction == "miller-madow":
        value += ((px > 0).sum() + (py > 0).sum() - (c > 0).sum() - 1) / (2 * n)
    return value


@pytest.mark.ledger("eq-plug-in", "eq-miller-madow")
@pytest.mark.parametrize("correction", ["plug-in", "miller-madow", "shrinkage"])
def test_tables_by_hand(correction):
    rng = np.random.default_rng(0)
    counts = rng.poisson(3, (4, 5)) * (rng.random((4, 5)) < 0.8)
    a, b = np.divmod(np.repeat(np.arange(20), counts.ravel()), 5)
    order = rng.permutation(len(a))
    got = bins(a[order], b[order], (400, 500), kind="width", correction=correction)
    assert float(got) == pytest.approx(by_hand(counts, correction), abs=1e-12)


@pytest.mark.parametrize("kind", ["width", "mass"])
def test_edges(kind):
    x, y = (v.numpy()[:, 0].astype(float) for v in BivariateGaussian(0.6).sample(503, seed=1))
    if kind == "width":
        edges = [np.linspace(v.min(), v.max(), 8) for v in (x, y)]
    else:  # 503 samples in 7 bins: ranks r with floor(7 r / 503) the same
        edges = [np.r_[np.sort(v)[np.ceil(np.arange(7) * 503 / 7).astype(int)], v.max()] for v in (x, y)]
    counts = np.histogram2d(x, y, edges)[0]
    assert counts.sum() == 503
    want = by_hand(counts, "plug-in")
    assert float(bins(x, y, 7, kind=kind, correction="plug-in")) == pytest.approx(want, abs=1e-12)


def test_equal_values_stay_together():
    x = np.r_[np.zeros(90), np.ones(10)]
    y = np.r_[np.zeros(85), np.ones(15)]
    for number in (2, 3, 50):
        c = table(*(torch.tensor(v)[:, None] for v in (x, y)), (number, number))
        assert len(c.cxy) == len({*zip(x.tolist(), y.tolist(), strict=True)}) or number == 2


def test_span_and_sizes():
    x, y = torch.tensor([0.1, 0.2, 0.7, 5.0]), torch.tensor([0.1, 0.2, 0.7, 0.9])
    # with the span [0, 1] the outlier counts in the last bin, and the halves agree
    got = bins(x, y, 2, kind="width", span=(0, 1), correction="plug-in")
    assert float(got) == pytest.approx(math.log(2))
    assert float(bins(x, y, (1, 4), kind="width", correction="plug-in")) == 0


def test_several_columns():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (4000, 2))
    y = x[:, 0] ^ x[:, 1]  # neither column tells anything alone
    assert float(bins(x, y)) == pytest.approx(math.log(2), abs=2e-3)
    assert abs(float(bins(x[:, 0], y))) < 2e-3


def test_the_rule_of_five():
    for rho in (0.0, 0.9, 0.999):
        for n in (60, 300, 2500):
            x, y = BivariateGaussian(rho).sample(n, seed=2)
            t = table(x, y)
            wanted = max(OCCUPANCY, n**0.25)
            assert len(t.cxy) * wanted <= n
            more = round(1.1 * len(t.cx)) + 1
            assert len(table(x, y, (more, more)).cxy) * wanted > 0.9 * n


def test_a_cell_that_is_empty_by_chance_earns_no_more_bins():
    """n = 400: 8 bins are full enough, 9 as soon as one of 81 cells is empty, which chance does every other time."""
    x, y = BivariateGaussian(0.0).sample(40 * 400, seed=1)
    assert {len(table(a, b).cx) for a, b in zip(x.split(400), y.split(400), strict=True)} == {8}
    finer = [len(table(*BivariateGaussian(0.9).sample(400, seed=s)).cx) for s in range(10)]
    assert min(finer) > 9, "dependence does"


def test_bins_get_finer_and_fuller():
    law = MixedGaussian(0.9)
    gaps = []
    for n in (500, 5_000, 50_000):
        values = torch.stack([bins(*law.sample(n, seed=s)) for s in range(6)])
        gaps.append(abs(float(values.mean()) - law.mutual_information))
    assert gaps[2] < 0.02
    assert gaps[2] < gaps[0]


def test_defaults_reach_the_study_s_corner():
    runs = 64
    for rho, n, most in ((0.99, 4900, 0.10), (0.0, 100, 0.05)):
        law = BivariateGaussian(rho)
        x, y = (v.reshape(runs, n) for v in law.sample(runs * n, seed=5))
        assert abs(float(bins(x, y, batch=True).mean()) - law.mutual_information) <= most


def test_a_table_too_large_to_lay_out(monkeypatch):
    x, y = BivariateGaussian(0.9).sample(700, seed=0)
    want = bins(x, y, 25), bins(x, y), bins(x, y, 25, pointwise=True)
    monkeypatch.setattr("mi_lab.counting.tables.CELLS", 10)
    for a, b in zip((bins(x, y, 25), bins(x, y), bins(x, y, 25, pointwise=True)), want, strict=True):
        torch.testing.assert_close(a, b)


def test_pointwise_values():
    x, y = BivariateGaussian(0.9).sample(400, seed=0)
    for correction in ("plug-in", "miller-madow", "shrinkage"):
        local = bins(x, y, 8, correction=correction, pointwise=True)
        torch.testing.assert_close(local.mean(), bins(x, y, 8, correction=correction))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.ledger("prop-soft")
def test_shares_add_up_and_have_the_right_derivative(kernel):
    intervals = {"linear": 8, "quadratic": 7, "cubic": 6, "gaussian": 8}[kernel]
    u = torch.linspace(0.001, intervals - 0.001, 137, dtype=torch.float64).requires_grad_()  # the ends are kinks
    w = soft.shares(u[None], 9, kernel)
    assert (w >= 0).all()
    torch.testing.assert_close(w.sum(-1), torch.ones_like(w.sum(-1)))
    (slope,) = torch.autograd.grad(w.sum(), u)
    assert slope.abs().max() < 1e-12  # what one bin gains another loses


@pytest.mark.parametrize(("kernel", "degree"), [("linear", 1), ("quadratic", 2), ("cubic", 3)])
def test_shares_are_scipy_s_b_splines(kernel, degree):
    from scipy.interpolate import BSpline

    number = 8
    u = np.linspace(0, number - degree - 1e-9, 200)
    want = BSpline.design_matrix(u, np.arange(-degree, number + 1.0), degree).toarray()
    np.testing.assert_allclose(soft.shares(torch.tensor(u)[None], number, kernel)[0], want, atol=1e-7)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("span", [None, (-2.0, 2.5)])
def test_the_gradient_is_that_of_finite_differences(kernel, span):
    x, y = (v.double().reshape(2, 30).requires_grad_() for v in BivariateGaussian(0.6).sample(60, seed=0))
    torch.autograd.gradcheck(lambda a, b: bins(a, b, 7, soft=kernel, span=span, batch=True), (x, y))
    torch.autograd.gradcheck(lambda a, b: bins(a, b, 7, soft=kernel, normalize="geometric", batch=True), (x, y))


@pytest.mark.parametrize("kernel", KERNELS)
def test_no_gradient_is_nan(kernel):
    """Empty cells, integers on the knots, a constant: where log 0 and 0/0 lie in wait."""
    cases = [torch.arange(12.0), torch.tensor([0.0] * 11 + [1.0]), torch.zeros(12)]
    for x in cases:
        x = x.clone().requires_grad_()
        with pytest.warns(UserWarning, match="constant") if float(x.detach().std()) == 0 else _nothing():
            bins(x, torch.arange(12.0), 12, soft=kernel).backward()
        assert torch.isfinite(x.grad).all()


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_chunks_do_not_matter(monkeypatch):
    x, y = BivariateGaussian(0.6).sample(500, seed=0)
    want = bins(x, y, soft="quadratic")
    monkeypatch.setattr(soft, "_HELD", 700)
    torch.testing.assert_close(bins(x, y, soft="quadratic"), want)


def picture(size=40):
    """Paint smooth spots that no rotation maps to themselves."""
    axis = torch.linspace(-1, 1, size)
    yy, xx = torch.meshgrid(axis, axis, indexing="ij")
    spots = [(0.4, 0.1, 0.25, 1.0), (-0.3, 0.45, 0.18, 0.7), (-0.1, -0.4, 0.3, -0.8), (0.35, -0.35, 0.12, 0.9)]
    image = sum(a * torch.exp(-((xx - u) ** 2 + (yy - v) ** 2) / (2 * s * s)) for u, v, s, a in spots)
    return image, (xx**2 + yy**2 < 0.8).flatten()


def turned(image, angle):
    c, s = torch.cos(angle), torch.sin(angle)
    zero = torch.zeros_like(c)
    grid = torch.nn.functional.affine_grid(
        torch.stack([torch.stack([c, -s, zero]), torch.stack([s, c, zero])])[None],
        (1, 1, *image.shape),
        align_corners=True,
    )
    return torch.nn.functional.grid_sample(image[None, None], grid, align_corners=True)[0, 0]


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_gradient_registers_two_pictures(kernel):
    """One picture is turned and its greys are reversed and bent: MI finds the angle again, correlation couldn't."""
    image, inside = picture()
    truth = 0.35
    other = torch.exp(-turned(image, torch.tensor(truth))).flatten()[inside]
    angle = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.Adam([angle], lr=0.03)
    start = None
    for _ in range(60):
        optimiser.zero_grad()
        value = bins(turned(image, angle).flatten()[inside], other, 12, soft=kernel)
        start = value.item() if start is None else start
        (-value).backward()
        optimiser.step()
    assert abs(angle.item() - truth) < 0.02
    assert value.item() > start + 0.1
