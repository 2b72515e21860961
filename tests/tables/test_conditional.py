"""Conditional mutual information: closed forms, tables by enumeration, mixtures, and what a condition settles."""

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy.special import digamma

from experiments.conditional import enumerated, gaussian, numbers_given_class, table
from mi_lab import estimate, ksg
from mi_lab.counting.conditional import conditional_neighbours
from mi_lab.counting.discrete import chosen, counts, expected, joined, tabulated
from mi_lab.counting.surrogate import gaussian_information


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))


# ---- neighbours -----------------------------------------------------------------------------------------------------


def slowly(x, y, z, k, variant):
    """The two formulas, row by row, from all distances."""
    gap = {s: abs(v[:, None] - v[None]).max(2) for s, v in dict(x=x, y=y, z=z).items()}
    joint = np.maximum(np.maximum(gap["x"], gap["y"]), gap["z"])
    terms = []
    for i in range(len(x)):
        near = np.argsort(joint[i])[1 : k + 1]
        side = {s: joint[i, near[-1]] if variant == 1 else gap[s][i, near].max() for s in "xyz"}
        inside = {s: gap[s][i] < side[s] if variant == 1 else gap[s][i] <= side[s] for s in "xyz"}
        n_z, n_xz, n_yz = (np.sum(v) for v in (inside["z"], inside["x"] & inside["z"], inside["y"] & inside["z"]))
        if variant == 1:  # the row itself is inside: n + 1
            terms.append(digamma(k) + digamma(n_z) - digamma(n_xz) - digamma(n_yz))
        else:
            n_z, n_xz, n_yz = n_z - 1, n_xz - 1, n_yz - 1
            terms.append(digamma(k) - 2 / k + digamma(n_z) - digamma(n_xz) + 1 / n_xz - digamma(n_yz) + 1 / n_yz)
    return np.array(terms)


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize(("d", "n", "k"), [(1, 60, 3), (2, 60, 1), (5, 120, 4)])
def test_the_formulas_row_by_row(variant, d, n, k):
    x, y, z = np.random.default_rng(d).standard_normal((3, n, d))
    found = conditional_neighbours({"x": x, "y": y, "z": z}, {}, k, variant)
    np.testing.assert_allclose(found, slowly(x, y, z, k, variant), atol=1e-9)


@pytest.mark.parametrize("variant", [1, 2])
def test_without_a_condition_it_is_the_estimator_of_chapter_3(variant):
    x, y = np.random.default_rng(0).standard_normal((2, 200))
    x, y = ((v - v.mean()) / v.std() for v in (x, y + x))
    found = conditional_neighbours({"x": x[:, None], "y": y[:, None]}, {}, 3, variant).mean()
    if variant == 1:
        assert found == pytest.approx(float(ksg(x, y)), abs=1e-9)
    else:  # there a box that its own neighbour touches is counted up to rounding
        assert found == pytest.approx(float(ksg(x, y, variant=2)), abs=0.01)
    label = (x > 0).astype(int) + (x > 1)
    found = conditional_neighbours({"y": y[:, None]}, {"x": label}).mean()
    assert found == pytest.approx(float(ksg(label, y, discrete="x")), abs=1e-9)


def test_copies_are_counted_and_labels_kept_apart():
    r = np.random.default_rng(0)
    x, z = r.integers(0, 2, (2, 400)).astype(float)
    y = (x + z) % 2
    as_numbers = conditional_neighbours({"x": x[:, None], "y": y[:, None], "z": z[:, None]}, {}).mean()
    as_labels = conditional_neighbours({}, {"x": x.astype(int), "y": y.astype(int), "z": z.astype(int)}).mean()
    assert as_numbers == pytest.approx(math.log(2), abs=0.02)  # XOR: each alone tells nothing
    assert as_labels == pytest.approx(math.log(2), abs=0.02)
    assert abs(float(ksg(x, y))) < 0.02


@pytest.mark.parametrize("d", [1, 2])
def test_gaussian_given_gaussian(d):
    values, truth = [], 0.0
    for s in range(8):
        (x, y, z), truth = gaussian(d, 1000, np.random.default_rng(s))
        values.append(estimate(x, y, "ksg", given=z, parts=0, seed=s).value)
    mean, error = mean_and_error(values)
    assert abs(mean - truth) < 3 * error + 0.01


def test_many_columns_need_what_neighbours_miss_put_back():
    plain, put_back, truth = [], [], 0.0
    for s in range(4):
        (x, y, z), truth = gaussian(5, 500, np.random.default_rng(s))
        plain.append(estimate(x, y, "ksg", given=z, parts=0, surrogate=False).value)
        put_back.append(estimate(x, y, "ksg", given=z, parts=0).value)
    assert np.mean(plain) < truth / 2
    mean, error = mean_and_error(put_back)
    assert abs(mean - truth) < 3 * error + 0.05


def test_nothing_is_put_back_where_the_law_is_not_gaussian_and_there_is_nothing():
    values = []
    for s in range(8):
        r = np.random.default_rng(s)
        z = r.standard_normal((500, 2))
        x, y = z[:, 0] ** 2 + r.standard_exponential(500), abs(z[:, 0]) * r.standard_normal(500)
        values.append(estimate(x, y, "ksg", given=z, parts=0).value)
    mean, error = mean_and_error(values)
    assert abs(mean) < 3 * error + 0.03


def test_a_gaussian_s_information_is_unbiased():
    values = []
    for s in range(400):
        (x, y, z), truth = gaussian(2, 30, np.random.default_rng(s))
        values.append(gaussian_information(np.concatenate([x, y, z], 1), (2, 2, 2)))
    plain, unbiased = np.mean(values, 0)
    error = np.std([v[1] for v in values]) / 20
    assert abs(unbiased - truth) < 3 * error
    assert plain - truth > 3 * error


def test_numbers_under_labels():
    values, truth = [], 0.0
    for s in range(12):
        (x, y, z), truth = numbers_given_class(1000, np.random.default_rng(s))
        values.append(estimate(x, y, "ksg", given=z, parts=0).value)
    mean, error = mean_and_error(values)
    assert abs(mean - truth) < 3 * error + 0.01


def test_labels_given_more_than_one_column_of_both_kinds():
    r = np.random.default_rng(0)
    z, w = r.standard_normal(800), r.integers(0, 2, 800)
    x = (z + w + 0.5 * r.standard_normal(800) > 0.5).astype(str)
    y = z + w + r.standard_normal(800)
    alone, both = estimate(x, y, "ksg"), estimate(x, y, "ksg", given={"z": z, "w": w.astype(bool)})
    assert alone.value > 0.15
    assert abs(both.value) < 4 * both.error
    assert both.error < 0.05


# ---- labels ---------------------------------------------------------------------------------------------------------


def drawn(p, n, seed):
    cell = np.random.default_rng(seed).choice(p.size, n, p=p.ravel())
    return np.unravel_index(cell, p.shape)


def test_exact_counts_by_enumeration():
    p = table()
    x, y, z = np.unravel_index(np.repeat(np.arange(36), np.rint(p.ravel() * 1e4).astype(int)), p.shape)
    assert counts(x, y, z, "plug-in") == pytest.approx(enumerated(p), abs=1e-3)
    q = np.histogramdd(np.c_[x, y, z], bins=(3, 4, 3))[0] / len(x)
    assert counts(x, y, z, "plug-in") == pytest.approx(enumerated(q), abs=1e-12)
    t = tabulated(x, y, z)
    assert t.hx + t.hy - t.hxy == pytest.approx(t.information, abs=1e-12)
    assert t.cells == (9, 12, int((q > 0).sum()), 3)
    assert t.room == 36


@pytest.mark.parametrize("method", ["counts", "ksg", "bins"])
def test_counts_are_nearly_unbiased(method):
    p, values = table(), []
    for s in range(30):
        x, y, z = drawn(p, 1500, s)
        values.append(estimate(np.array(list("abc"))[x], y.astype(str), method, given=z > 0, parts=0).value)
    q = np.stack([p[:, :, 0], p[:, :, 1:].sum(2)], 2)
    mean, error = mean_and_error(values)
    assert abs(mean - enumerated(q)) < 3 * error + 1e-3


def test_what_chance_makes_is_the_mean_over_all_orders():
    x, y = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 1, 0])
    every = [tabulated(x[list(order)], y).information for order in itertools.permutations(range(5))]
    assert expected(x, y) == pytest.approx(np.mean(every), abs=1e-12)
    z = np.array([0, 0, 0, 1, 1])
    within = [tabulated(x[[*a, *b]], y, z).information for a in itertools.permutations(range(3))
              for b in itertools.permutations((3, 4))]  # fmt: skip
    assert expected(x, y, z) == pytest.approx(np.mean(within), abs=1e-12)


def test_scikit_learn_s_expectation_is_the_same():
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    x, y = np.random.default_rng(0).integers(0, 9, (2, 120))
    want = expected_mutual_information(contingency_matrix(x, y, sparse=True).astype(np.int64), 120)
    assert expected(x, y) == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize(("labels", "n"), [(150, 300), (30, 200), (20, 100)])
def test_sparse_tables_of_strangers_show_nothing(labels, n):
    values = []
    for s in range(30):
        x, y = np.random.default_rng(s).integers(0, labels, (2, n))
        assert chosen(tabulated(x, y)) == "adjusted"
        values.append(counts(joined(x, x), joined(y, y)))
        assert counts(x, y, correction="miller-madow") > 0.1
    mean, error = mean_and_error(values)
    assert abs(mean) < 3 * error


def test_sparse_tables_of_the_same_labels_show_their_entropy():
    x = np.random.default_rng(0).integers(0, 50, 100)
    for name in (np.arange(50), np.random.default_rng(1).permutation(50)):
        t = tabulated(x, name[x])
        found = counts(x, name[x])
        assert chosen(t) == "adjusted"
        assert found == pytest.approx(t.hx + (t.cells[0] - 1) / 200)
        assert counts(x, name[x], normalize="sum") == pytest.approx(1)


@pytest.mark.parametrize("by", ["sqrt", "min", "max", "sum", "joint"])
def test_ratios_lie_between_nothing_and_all(by):
    r = np.random.default_rng(0)
    x, other = r.integers(0, 4, (2, 600)).astype(str)
    assert estimate(x, x, "counts", normalize=by).value == pytest.approx(1)
    e = estimate(x, other, "counts", normalize=by, units="bits")
    assert 0 <= e.value < 0.02
    assert e.units == "ratio"
    half = estimate(x, np.where(x < "2", "a", "b"), "counts", normalize=by).value
    assert half == pytest.approx({"sqrt": 0.5**0.5, "min": 1, "max": 0.5, "sum": 2 / 3, "joint": 0.5}[by], abs=0.01)
    with pytest.raises(ValueError, match="normalize"):
        estimate(x, r.standard_normal(600), "mine", normalize=by)
    if by == "min":
        y = r.standard_normal(600) + 9 * (x < "2")
        assert estimate(x, y, "ksg", normalize=by).value == pytest.approx(0.5, abs=0.03)
    else:
        with pytest.raises(ValueError, match=f"normalize = '{by}'.*continuously have none"):
            estimate(x, r.standard_normal(600), "ksg", normalize=by)


# ---- critics, and what a condition settles --------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["difference", "reference"])
def test_critics_under_a_condition(by):
    """Three data sets: the mean within three standard errors of their scatter, and of what a critic leaves."""
    values, truth = [], 0.0
    for s in range(3):
        (x, y, z), truth = gaussian(1, 1500, np.random.default_rng(s))
        e = estimate(x, y, "mine", given=z, by=by, seeds=2, seed=s)
        assert e.bounds == "no bound"
        assert e.error > 0
        values.append(e.value)
    mean, error = mean_and_error(values)
    assert abs(mean - truth) < 3 * error + 0.03


def test_a_function_of_the_condition_has_nothing_left_to_tell():
    r = np.random.default_rng(0)
    z, y = r.standard_normal((2, 300))
    with pytest.warns(UserWarning, match="x is a function of the condition"):
        assert estimate(np.exp(z), y + z, "ksg", given=z).value == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isinf(estimate(y, y, "ksg", given=z).value)
    with pytest.raises(ValueError, match="kde.*knows no condition"):
        estimate(z, y, "kde", given=y + z)


def test_bias_and_coverage_as_measured():
    """At n = 3,000 the bias is at most .02, up to three standard errors of its mean; nine in ten are covered."""
    import json

    from experiments.conditional import FILE

    cases = json.loads(FILE.read_text())["cases"]
    assert {"Gaussian 1|1", "Gaussian 2|2"} <= cases.keys()
    for name, found in cases.items():
        large = found["3000"]
        assert abs(large["bias"]) <= 0.02 + 3 * large["error of the bias"], name
        few = found.get("300", {"covered": 1, "sets": 1})
        assert few["covered"] >= 0.9 - 3 * math.sqrt(0.09 / few["sets"]), name
