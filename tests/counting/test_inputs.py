"""What the counting estimators accept, and how they refuse the rest: one sentence, a named error."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from mi_lab import BivariateGaussian, bins, kde, ksg, standard_error
from mi_lab.counting.batches import NORMALISERS

METHODS = {"ksg": ksg, "kde": kde, "bins": bins, "soft": lambda x, y, **o: bins(x, y, soft="cubic", **o)}
X, Y = (v.numpy()[:, 0].astype(float) for v in BivariateGaussian(0.8).sample(60, seed=1))
every_method = pytest.mark.parametrize("estimate", METHODS.values(), ids=METHODS.keys())


def spoilt(value, at=3):
    x = X.copy()
    x[at] = value
    return x


@every_method
@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (spoilt(np.nan), Y, "NaN"),
        (X, spoilt(np.inf), "infinite"),
        (X[:-1], Y, "equally many"),
        ([], [], "empty"),
        ([1.0], [2.0], "at least 2"),
        (X.reshape(2, 3, 10), Y, "shape"),
        (["a"] * 60, Y, "x"),
        (None, Y, "NoneType"),
        (X + 1j, Y, "complex"),
        (torch.zeros(2, 1, 6, 6), torch.zeros(2, 2, 6, 6), "equally many"),
    ],
)
def test_bad_samples_are_refused(estimate, x, y, words):
    with pytest.raises(ValueError, match=words):
        estimate(x, y)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ksg(X, Y, k=60), "k = 60 with n = 60"),
        (lambda: ksg(X, Y, k=0), "k = 0"),
        (lambda: ksg(X, Y, k=2.5), "whole number"),
        (lambda: ksg(X, Y, variant=3), "variant = 3"),
        (lambda: ksg(X, Y, discrete="z"), "discrete"),
        (lambda: ksg(X, Y, discrete="x"), "only once"),
        (lambda: ksg(X, Y, k=1, nonuniformity=True), "k >= 2"),
        (lambda: ksg(X, Y, nonuniformity=2.0), "nonuniformity"),
        (lambda: ksg(X, Y, backend="gpu"), "backend"),
        (lambda: ksg(X, Y, error="bootstrap"), "error"),
        (lambda: ksg(X, Y, error="jackknife", pointwise=True), "exclude"),
        (lambda: ksg(X, Y, normalize="both"), "normalize"),
        (lambda: kde(X, Y, 0), "bandwidth = 0"),
        (lambda: kde(X, Y, (0.1, -1)), "bandwidth"),
        (lambda: kde(X, Y, np.inf), "bandwidth"),
        (lambda: kde(X, Y, "best"), "bandwidth"),
        (lambda: kde(X, Y, own="none"), "own"),
        (lambda: kde(np.stack([X, Y], 1), Y, direct=False), "3 columns"),
        (lambda: bins(X, Y, 0), "number = 0"),
        (lambda: bins(X, Y, (4, 5, 6)), "pair"),
        (lambda: bins(X, Y, kind="log"), "kind"),
        (lambda: bins(X, Y, correction="jack"), "correction"),
        (lambda: bins(X, Y, kind="width", span=(0, np.inf)), "finite low < high"),
        (lambda: bins(X, Y, kind="width", span=(1, 1)), "low < high"),
        (lambda: bins(X, Y, kind="width", span="all"), "span"),
        (lambda: bins(X, Y, soft="quartic"), "soft"),
        (lambda: bins(X, Y, 3, soft="cubic"), "at least 4"),
        (lambda: bins(X, Y, soft="cubic", correction="miller-madow"), "plug-in"),
        (lambda: bins(X, Y, soft="cubic", pointwise=True), "pointwise"),
        (lambda: bins(np.stack([X, Y], 1), Y, soft="cubic"), "one column"),
        (lambda: standard_error(ksg, X[:7], Y[:7]), "can't be cut"),
        (lambda: standard_error(ksg, X, Y, by="jackknife", parts=40), "can't be cut"),
        (lambda: standard_error(ksg, X, Y, parts=1), "parts = 1"),
        (lambda: standard_error(ksg, X, Y, by="bootstrap"), "by"),
    ],
)
def test_bad_options_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@every_method
def test_every_container_gives_the_same(estimate):
    want = estimate(X, Y)
    assert want.shape == ()
    for x, y in [
        (X.tolist(), Y.tolist()),
        (torch.tensor(X), torch.tensor(Y)),
        (pd.Series(X), pd.Series(Y)),
        (pd.DataFrame({"a": X}), Y[:, None]),
        (X[:, None], Y),
    ]:
        torch.testing.assert_close(estimate(x, y), want)


@every_method
def test_batches_and_images_are_the_single_results(estimate):
    x, y = (torch.tensor(v) for v in (X, Y))
    xs = torch.stack([x, x.flip(0), x.roll(5)])
    ys = torch.stack([y, y.flip(0), y])
    want = torch.stack([estimate(a, b) for a, b in zip(xs, ys, strict=True)])
    torch.testing.assert_close(estimate(xs, ys, batch=True), want)
    torch.testing.assert_close(estimate(xs[..., None], ys, batch=True), want)
    images = estimate(xs.reshape(1, 3, 6, 10), ys.reshape(1, 3, 6, 10))
    assert images.shape == (1, 3)
    torch.testing.assert_close(images[0], want)


@every_method
def test_a_constant_has_no_information(estimate):
    with pytest.warns(UserWarning, match="y is constant"):
        assert float(estimate(X, np.ones(60))) == 0
    with pytest.warns(UserWarning, match="constant in 1 of 2 items"):
        both = estimate(np.stack([X, np.zeros(60)]), np.stack([Y, Y]), batch=True)
    assert both[1] == 0
    assert both[0] != 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert torch.isfinite(estimate(np.zeros(60), np.zeros(60), normalize="joint"))


@every_method
@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_does_not_matter(estimate, unit):
    torch.testing.assert_close(estimate(unit * X, Y - 3), estimate(X, Y), rtol=1e-4, atol=1e-5)


@every_method
def test_integers_and_booleans_are_numbers(estimate):
    x = np.round(3 * X).astype(int)
    assert torch.isfinite(estimate(x, Y > 0))
    torch.testing.assert_close(estimate(x, Y > 0), estimate(x.astype(float), (Y > 0).astype(float)))


@every_method
def test_normalisations(estimate):
    plain = estimate(X, Y)
    values = {by: float(estimate(X, Y, normalize=by)) for by in NORMALISERS}
    assert 0 < values["joint"] <= values["max"] <= values["geometric"] + 1e-9
    assert values["max"] <= values["sum"] + 1e-9
    assert values["geometric"] <= values["min"] + 1e-9
    assert values["min"] < max(1, float(plain))


def test_a_variable_tells_everything_about_itself():
    labels = np.arange(200) % 4
    for by in NORMALISERS:
        assert float(bins(labels, labels, normalize=by)) == pytest.approx(1)


@every_method
def test_negative_estimates_stay_unless_clipped(estimate):
    x = np.random.default_rng(0).standard_normal((80, 40))
    y = np.random.default_rng(1).standard_normal((80, 40))
    plain, clipped = estimate(x, y, batch=True), estimate(x, y, batch=True, clip=True)
    if estimate is not METHODS["soft"]:  # a plug-in estimate can't be negative
        assert (plain < 0).any()
    torch.testing.assert_close(clipped, plain.clamp_min(0))


@pytest.mark.parametrize("estimate", [ksg, kde, bins])
def test_pointwise_values_average_to_the_estimate(estimate):
    local = estimate(X, Y, pointwise=True)
    assert local.shape == (60,)
    torch.testing.assert_close(local.mean(), estimate(X, Y))
    order = np.random.default_rng(0).permutation(60)
    torch.testing.assert_close(estimate(X[order], Y[order], pointwise=True), local[order], atol=1e-4, rtol=1e-4)


def test_the_input_is_not_written_to():
    x, y = torch.tensor(X), torch.tensor(Y)
    before = x.clone(), y.clone()
    for estimate in METHODS.values():
        estimate(x, y)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


def awkward(x):
    """Return forms that torch doesn't take as they are, and plain copies of them."""
    locked = x.copy()
    locked.flags.writeable = False
    forms = {
        "backwards": x[::-1],
        "every second": np.repeat(x, 2)[::2],
        "big-endian": x.astype(">f8"),
        "little big-endian": x.astype(">f4"),
        "longdouble": x.astype(np.longdouble),
        "read-only": locked,
        "half": x.astype(np.float16),
        "big-endian integers": np.round(9 * x).astype(">i4"),
        "unsigned": np.round(9 * abs(x)).astype(np.uint16)[::-1],
    }
    return {name: (v, np.array(v.tolist(), dtype=np.float64)) for name, v in forms.items()}


@every_method
@pytest.mark.parametrize("form", awkward(X))
def test_every_layout_is_as_good_as_a_copy(estimate, form):
    x, copy = awkward(X)[form]
    single = x.dtype.itemsize < 8 and x.dtype.kind == "f"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(x, Y), estimate(Y, x)
    for value, want in zip(found, (estimate(copy, Y), estimate(Y, copy)), strict=True):
        # soft bins of float32 samples are added up in float32
        torch.testing.assert_close(value.double(), want.double(), atol=1e-5 if single else 0, rtol=0)
