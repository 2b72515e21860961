"""Tests by permutation: exact p-values, their orders, and series."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from scipy.stats import false_discovery_control

from experiments.level import FILE
from mi_lab import discoveries, lagged, significance, transfer_entropy
from mi_lab.counting.discrete import tabulated
from mi_lab.tables.circle import closed
from mi_lab.tables.reading import read
from mi_lab.tables.significance import in_blocks, orders, statistic

R = np.random.default_rng(0)


def test_p_is_the_share_of_all_orders():
    x, y = np.array([0, 0, 0, 1, 1, 1, 1, 0]), np.array([0, 0, 1, 1, 1, 1, 0, 0])
    data = tabulated(x, y).information
    places = itertools.combinations(range(8), 4)  # of the ones among x
    every = [tabulated(np.isin(np.arange(8), ones).astype(int), y).information for ones in places]
    exact = np.mean(np.array(every) >= data - 1e-12)
    found = significance(np.array(["a", "b"])[x], y > 0, permutations=2000, early=0)
    assert found.drawn == 2000
    assert abs(found.p - exact) < 3 * math.sqrt(exact * (1 - exact) / 2000) + 1 / 2000
    assert found.statistic == pytest.approx(data)


def test_it_stops_early_with_an_exact_p():
    found = significance(*R.integers(0, 3, (2, 200)).astype(str))
    assert 20 <= found.drawn < 999
    assert found.p == pytest.approx(20 / found.drawn)
    sure = significance(np.repeat(["a", "b"], 50), np.repeat([0, 1], 50) + R.random(100), permutations=99)
    assert (sure.p, sure.drawn, float(sure)) == (0.01, 99, 0.01)


def test_a_constant_is_never_significant():
    assert significance(np.ones(50), R.random(50)).p == 1


@pytest.mark.parametrize("given", [None, "labels", "numbers"])
@pytest.mark.parametrize("kind", ["labels", "mixed", "numbers"])
def test_dependence_is_found(given, kind):
    r = np.random.default_rng(1)
    z = None if given is None else r.integers(0, 3, 200).astype(str) if given == "labels" else r.standard_normal(200)
    shared = 0.0 if z is None else (z == "1") if given == "labels" else z
    x = shared + r.standard_normal(200)
    y = x + r.standard_normal(200)
    if kind != "numbers":
        x = np.digitize(x, (-1, 0.5)).astype(str)
    if kind == "labels":
        y = np.digitize(y, (-1, 1)).astype(str)
    found = significance(x, y, given=z, permutations=99)
    assert found.p <= 0.02
    assert found.rows == {None: "independent", "labels": "strata", "numbers": "local"}[given]


def test_a_common_cause_is_no_finding_once_it_is_given():
    r = np.random.default_rng(2)
    z = r.standard_normal(300)
    x, y = z + r.standard_normal((2, 300))
    assert significance(x, y, permutations=99).p == 0.01
    assert significance(x, y, given=z, permutations=99).p > 0.05
    c = z > 0
    u, v = (r.integers(0, 3, 300) + c for _ in "xy")
    assert significance(u, v, permutations=99).p <= 0.02
    assert significance(u, v, given=c, permutations=99).p > 0.05


def test_orders_keep_what_they_must():
    z = R.integers(0, 4, 100)
    rows = read(np.arange(100.0), R.random(100), z)
    order = orders(rows, "strata", 1, np.random.default_rng(0))()
    assert (z[order] == z).all()
    assert sorted(order) == list(range(100))
    assert (order != np.arange(100)).any()
    w = R.standard_normal(100)
    order = orders(read(np.arange(100.0), R.random(100), w), "local", 1, np.random.default_rng(0))()
    assert abs(w[order] - w).mean() < 0.3 * abs(w[::-1] - w).mean()
    both = read(np.arange(100.0), R.random(100), {"z": z.astype(str), "w": w})
    order = orders(both, "local", 1, np.random.default_rng(0))()
    assert (z[order] == z).all()
    order = in_blocks(100, 20, np.random.default_rng(0))
    assert sorted(order) == list(range(100))
    assert (np.diff(order) % 100 == 1).sum() >= 90
    shift = orders(rows, "shifts", 1, np.random.default_rng(0))()
    assert (np.diff(shift) % 100 == 1).all()
    assert shift[0] != 0


def test_a_statistic_under_strata_is_that_of_the_whole_table():
    x, y, z = R.integers(0, 3, (3, 150))
    of, draw = statistic(read(x, y, z)), orders(read(x, y, z), "strata", 1, np.random.default_rng(0))
    for order in (np.arange(150), draw(), R.permutation(150)):
        assert of(order) == pytest.approx(tabulated(x[order], y, z).information, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: significance(R.random(50), R.random(50), permutations=9), "permutations = 9, wanted .* at least 19"),
        (lambda: significance(R.random(50), R.random(50), rows="strata"), "rows = 'strata' wants a condition"),
        (
            lambda: significance(R.random(50), R.random(50), R.random(50), rows="strata"),
            "'strata' wants a condition of",
        ),
        (lambda: significance(R.random(50), R.random(50), R.random(50), rows="independent"), "would break the link"),
        (lambda: significance(R.random(50), R.random(50), rows="any"), "rows = 'any', wanted one of"),
        (lambda: discoveries([0.1], 2), "level = 2"),
        (lambda: lagged(R.random(50), R.random(50), 40), "lag -?40 leaves 10 of 50 rows"),
        (lambda: lagged(R.random(50), R.random(50), "a"), "lags = 'a'"),
        (lambda: transfer_entropy(R.random(50), R.random(50), history=2), "history = 2, wanted two whole numbers"),
        (lambda: transfer_entropy(R.random(50), R.random(50), history=(40, 1)), "leaves 10 of 50 rows"),
        (lambda: transfer_entropy([1, np.nan] * 25, R.random(50)), "x holds 25 missing"),
    ],
)
def test_bad_settings(call, said):
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


def test_discoveries_are_scipy_s():
    p = R.random(50) ** 3
    assert (discoveries(p, 0.1) == (false_discovery_control(p) <= 0.1)).all()
    tests = [significance(R.integers(0, 2, 100), R.integers(0, 2, 100), permutations=19, seed=s) for s in range(3)]
    assert discoveries(tests).sum() == 0
    assert discoveries([]).shape == (0,)


def test_the_level_as_measured():
    """A thousand independent data sets of each kind: p <= .05 as often, up to three standard errors of such a share."""
    parts = json.loads(FILE.read_text())["parts"]
    assert {"labels", "numbers", "mixed", "given labels, labels", "given labels, numbers"} <= parts.keys()
    assert {"series", "slow series", *(f"transfer entropy{memory}" for memory in ("", ", .9", ", .99"))} <= parts.keys()
    for name, found in parts.items():
        assert found["sets"] >= 1000, name
        assert abs(found["share"] - 0.05) <= 3 * found["error"], name


# ---- series ---------------------------------------------------------------------------------------------------------


def autoregression(n, seed, cross=0.4):
    """x_t = .6 x + e, y_t = .5 y + cross x_{t-1} + e'."""
    e = np.random.default_rng(seed).standard_normal((2, n + 200))
    x = lfilter([1], [1, -0.6], e[0])
    y = lfilter([1], [1, -0.5], np.r_[0, cross * x[:-1]] + e[1])
    return x[200:], y[200:]


def closed_form(cross=0.4):
    """T = ½ log Var(Y_t | Y_{t-1}) / Var(Y_t | Y_{t-1}, X_{t-1}), by the stationary covariance."""
    from scipy.linalg import solve_discrete_lyapunov

    a = np.array([[0.6, 0], [cross, 0.5]])
    s = solve_discrete_lyapunov(a, np.eye(2))
    lag = a @ s  # Cov(state_t, state_{t-1})
    return 0.5 * math.log(s[1, 1] - lag[1, 1] ** 2 / s[1, 1])


def test_a_gaussian_autoregression():
    values = [transfer_entropy(*autoregression(1000, s), parts=0).value for s in range(8)]
    assert abs(np.mean(values) - closed_form()) < 3 * np.std(values, ddof=1) / math.sqrt(8) + 0.005
    x, y = autoregression(1000, 0)
    there, back = (transfer_entropy(*pair, permutations=39, parts=6) for pair in ((x, y), (y, x)))
    assert there.p == 0.025
    assert back.p > 0.05
    assert abs(back.value) < 3 * back.error
    assert "p = 0.025" in repr(there)
    assert "p = 0.025" in repr(there.to("bits"))


@pytest.mark.parametrize("delay", [1, 3])
def test_a_binary_copy_with_a_delay(delay):
    x = np.random.default_rng(0).integers(0, 2, 2000)
    y = np.roll(x, delay)
    for options in ({"delay": delay}, {"history": (delay, 1)}, {"history": (delay, 2)}):
        e = transfer_entropy(x.astype(str), y.astype(str), permutations=19, **options)
        assert e.value == pytest.approx(math.log(2), abs=0.01)
        assert e.p == 0.05
    assert transfer_entropy(x, y, history=(delay, 1), units="bits").value == pytest.approx(1, abs=0.01)
    assert abs(transfer_entropy(y, x, history=(delay, 1)).value) < 0.01


def test_a_common_driver_is_seen_through():
    r = np.random.default_rng(0)
    z = r.integers(0, 2, 3000)
    x, y = np.roll(z, 1), np.roll(z, 2)  # z moves x at once and y later: x seems to move y
    assert transfer_entropy(x, y).value == pytest.approx(math.log(2), abs=0.01)
    assert transfer_entropy(x, y, given=np.roll(z, 1)).value == pytest.approx(0, abs=0.01)


def test_lags():
    r = np.random.default_rng(0)
    x = r.standard_normal(400)
    y = pd.Series(np.r_[np.zeros(3), x[:-3]] + 0.5 * r.standard_normal(400), index=pd.date_range("2024", periods=400))
    table = lagged(x, y, 5, parts=0)
    assert table.index.tolist() == list(range(-5, 6))
    assert table.value.idxmax() == 3
    assert table.n.tolist() == [395, 396, 397, 398, 399, 400, 399, 398, 397, 396, 395]
    assert table.value.drop(3).abs().max() < 0.1
    assert lagged(y, pd.Series(x, index=y.index), [-3, 0], parts=0).value.idxmax() == -3


def test_a_closed_series_has_no_seam():
    """x_t = .8 x_{t-1} + e_t also from the last row to the first; shifts of it are then equally likely."""
    x = lfilter([1], [1, -0.8], np.random.default_rng(0).standard_normal(400))[200:]
    out = closed(x)
    v = x - x.mean()
    φ = (v[1:] @ v[:-1]) / (v[:-1] @ v[:-1])
    assert out[0] == pytest.approx(φ * out[-1], abs=1e-9)
    assert np.diff(out) - (φ - 1) * out[:-1] == pytest.approx(np.diff(v) - (φ - 1) * v[:-1], abs=1e-9)
    walk = closed(np.arange(50.0))  # never turns: what is left of it is level
    assert abs(walk - walk.mean()).max() < 0.05 * 50
    assert closed(np.ones(9)).tolist() == [0] * 9


def test_x_loses_what_is_linear_in_the_condition_in_every_order():
    """Else only the data's own order would be free of it, and every shift would look more dependent, or less."""
    r = np.random.default_rng(0)
    z = np.cumsum(r.standard_normal(200))
    x, y = np.cumsum(r.standard_normal(200)), z + r.standard_normal(200)
    of = statistic(read(x, y, z))
    for shift in (0, 50, 120):
        order = np.roll(np.arange(200), shift)
        assert of(order) == pytest.approx(statistic(read(x[order], y, z))(np.arange(200)), abs=1e-9)


def test_slow_series_that_are_strangers():
    """φ = .98: tested as a series, 40 pairs are seldom significant; as independent rows nearly all would be."""
    p, naive = [], []
    for s in range(30):
        e = np.random.default_rng(s).standard_normal((2, 900))
        x, y = lfilter([1], [1, -0.98], e, axis=1)[:, 500:]
        found = significance(x, y, permutations=39, early=8)
        assert found.rows == "shifts"
        p.append(found.p)
        if s < 10:
            naive.append(significance(x, y, permutations=39, rows="independent", early=8).p)
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 30)
    assert np.mean(np.array(naive) <= 0.05) > 0.7


@pytest.mark.parametrize("early", [0, 20])
def test_it_is_the_same_by_however_many(early):
    import joblib

    r = np.random.default_rng(5)
    x = r.standard_normal(200)
    data = {"x": x, "y": r.standard_normal(200), "given": 0.3 * x + r.standard_normal(200)}
    one = significance(**data, permutations=150, early=early)
    assert significance(**data, permutations=150, early=early, n_jobs=2) == one
    with joblib.parallel_config(backend="threading", n_jobs=3):
        assert significance(**data, permutations=150, early=early) == one
    assert one.drawn == 150 if not early else one.drawn < 150
