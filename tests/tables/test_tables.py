"""Columns of any kind, gaps, indices, odd arrays: what is read, and what is refused in one sentence."""

import datetime
import decimal
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mi_lab import estimate, kinds_of
from mi_lab.tables.kinds import read_column
from mi_lab.tables.reading import read

R = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=60)
WORDS = R.choice(["red", "green", "blue"], 60)
COLUMNS = {
    "measured": (R.standard_normal(60), "number"),
    "float32": (R.standard_normal(60).astype("f4"), "number"),
    "whole, with ties": (R.integers(0, 9, 60), "count"),
    "whole floats, a gap": (np.where(np.arange(60) == 7, np.nan, R.integers(0, 9, 60)), "count"),
    "whole, no ties": (np.arange(60) * 17, "number"),
    "a decimal": (np.round(R.standard_normal(60), 1), "number"),
    "words": (WORDS, "label"),
    "bytes": (WORDS.astype("S5"), "label"),
    "a list of words": (WORDS.tolist(), "label"),
    "words and a gap": ([None, *WORDS[1:]], "label"),
    "booleans": (R.random(60) < 0.5, "label"),
    "booleans and a gap": ([True, None, False] * 20, "label"),
    "pandas strings": (pd.Series(WORDS, dtype="string"), "label"),
    "pandas objects": (pd.Series(WORDS, dtype=object), "label"),
    "categories": (pd.Series(pd.Categorical(WORDS)), "label"),
    "numbers as categories": (pd.Series(pd.Categorical([3, 1, 2] * 20)), "label"),
    "intervals": (pd.Series(pd.cut(np.arange(60), 3)), "label"),
    "nullable whole numbers": (pd.Series([1, 2, None] * 20, dtype="Int64"), "count"),
    "nullable numbers": (pd.Series([1.5, 2, None] * 20, dtype="Float64"), "number"),
    "nullable booleans": (pd.Series([True, None, False] * 20, dtype="boolean"), "label"),
    "arrow": (pd.Series([1, 2, None] * 20, dtype="int64[pyarrow]"), "count"),
    "dates": (pd.Series(DAYS), "number"),
    "dates of a zone": (pd.Series(DAYS.tz_localize("Europe/Berlin")), "number"),
    "NumPy's dates": (DAYS.to_numpy(), "number"),
    "Python's dates": ([datetime.date(2024, 1, 1 + i % 28) for i in range(60)], "number"),
    "periods": (pd.Series(pd.period_range("2020-01", periods=60, freq="M")), "number"),
    "durations": (pd.Series(DAYS - DAYS[0]), "number"),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal("2.5")] * 30, "number"),
    "zip codes as words": (np.array(["08001", "08002", "09111"] * 20), "label"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_kinds(name):
    column, kind = COLUMNS[name]
    assert kinds_of({"a": column}) == (kind,)
    c = read_column(column, "a")
    assert c.values.dtype == np.float64
    assert (np.isnan(c.values) == c.missing).all()
    other = R.standard_normal(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isfinite(estimate({"a": column}, other, "ksg", missing="drop", parts=0).value)


def test_kinds_of_tables_and_arrays():
    frame = pd.DataFrame({"a": [0.5, 1.5], "b": [1, 1], "c": ["u", "v"]})
    assert kinds_of(frame) == ("number", "count", "label")
    assert kinds_of(frame, {"b": "label"}) == ("number", "label", "label")
    assert kinds_of(frame.b) == ("count",)
    assert kinds_of(np.array([[0.5, 1], [0.7, 1]])) == ("number", "count")
    assert kinds_of([frame.a, frame.c]) == ("number", "label")


def test_a_date_is_a_number_of_seconds():
    c = read_column(pd.Series(DAYS), "day")
    assert (np.diff(c.values) == 86400).all()
    assert estimate(pd.Series(DAYS), R.standard_normal(60), "ksg").value < 0.3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: estimate(["1.5", "2,5", "3.5"] * 9, np.arange(27.0)),
            "x is text, 67% of which.*'2,5' in row 1 does not",
        ),
        (lambda: estimate([[1], [2, 3]] * 9, np.arange(18.0)), r"x .*ragged rows\?"),
        (lambda: estimate([object()] * 9, np.arange(9.0)), "never|constant|at least|object"),
        (lambda: estimate(np.arange(9) + 1j, np.arange(9.0)), "x has dtype complex128"),
        (
            lambda: estimate({"a": WORDS}, R.random(60), kinds={"b": "label"}),
            "kinds names 'b', wanted some of: x, y, a",
        ),
        (lambda: estimate({"a": WORDS}, R.random(60), kinds={"a": "colour"}), "'a' is 'colour', wanted one of: number"),
        (lambda: estimate({"a": WORDS}, R.random(60), kinds={"a": "number"}), "column 'a' is wanted as numbers, but '"),
        (lambda: estimate(WORDS, R.random(60), kinds="label"), "kinds = 'label', wanted a mapping"),
        (lambda: estimate(WORDS, R.random(60), missing="fill"), "missing = 'fill', wanted one of: 'refuse', 'drop'"),
        (lambda: estimate([None] * 60, R.random(60), missing="drop"), "every one of the 60 rows has a gap"),
    ],
)
def test_bad_columns(call, said):
    if "never" in said:
        with pytest.warns(UserWarning, match="never|constant|different labels"):
            call()
        return
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


def test_kinds_are_overruled():
    code = R.permutation(np.repeat([10, 20, 30, 40], 100))
    y = np.where(np.isin(code, (10, 40)), 0.0, 2.0) + R.standard_normal(400)
    by_label = estimate({"code": code}, y, "ksg", kinds={"code": "label"}, parts=0)
    assert by_label.value == estimate(code.astype(str), y, "ksg", parts=0).value
    assert estimate(code, y, "ksg", kinds={"x": "label"}, parts=0).value == by_label.value
    text = np.array([f"{v:.3f}" for v in y])
    assert estimate(code, text, "ksg", kinds={"y": "number"}, parts=0).value == pytest.approx(
        estimate(code, np.round(y, 3), "ksg", parts=0).value
    )


def test_labels_by_other_names_are_the_same_labels():
    x, y = R.integers(0, 5, 300), R.standard_normal(300)
    names = np.array(["q", "b", "zebra", "c", "a"])
    assert estimate(names[x], y, "ksg", parts=0).value == pytest.approx(
        estimate(x.astype(str), y, "ksg", parts=0).value, abs=1e-9
    )
    assert estimate(names[x], y > 0, parts=0).value == pytest.approx(estimate(x.astype(str), y > 0, parts=0).value)


def test_critics_see_labels_as_columns_of_0_and_1():
    rows = read(pd.DataFrame({"a": ["u", "v", "w", "u"], "n": [0.5, 1, 2, 3]}), [1, 2, 3, 4.5])
    assert rows.x.indicators().tolist() == [[0, 0, 0.5], [1, 0, 1], [0, 1, 2], [0, 0, 3]]
    x = R.integers(0, 3, 600)
    e = estimate(np.array(["a", "b", "c"])[x], 2.0 * (x == 1) + R.standard_normal(600), "mine", seeds=2)
    assert e.value > 0.15


# ---- gaps -----------------------------------------------------------------------------------------------------------


def holed():
    r = np.random.default_rng(1)
    frame = pd.DataFrame({"a": r.standard_normal(200), "b": r.choice(["u", "v"], 200), "c": r.standard_normal(200)})
    frame.loc[[3, 50], "a"] = np.nan
    frame.loc[[50, 70, 71], "b"] = None
    return frame


def test_gaps_are_refused_with_their_number():
    frame = holed()
    with pytest.raises(
        ValueError, match=r"x \(column 'a'\) holds 2 missing value\(s\).*in 2 of 200 rows.*row 3"
    ) as error:
        estimate(frame.a, frame.c)
    assert 'missing="drop"' in str(error.value)
    with pytest.raises(ValueError, match="holds 2 .*holds 3 missing .* in 4 of 200 rows"):
        estimate(frame[["a", "b"]], frame.c)
    with pytest.raises(ValueError, match="given .*holds 3 missing"):
        estimate(frame.c, frame.index * 1.0, given=frame.b)


def test_gaps_are_left_out_and_said():
    frame = holed()
    kept = frame.dropna()
    with pytest.warns(UserWarning, match="4 of 200 rows have missing values and were left out"):
        e = estimate(frame.a, frame.c, "ksg", given=frame.b, missing="drop", seed=1)
    assert e.value == estimate(kept.a, kept.c, "ksg", given=kept.b, seed=1).value
    assert e.n == 196
    assert sum("left out" in s for s in e.warnings) == 1


@pytest.mark.parametrize("mark", [-200, -9999, 1e20, 999])
def test_marks_of_missing_values_are_recognised_and_can_be_named(mark):
    r = np.random.default_rng(2)
    x, y = r.standard_normal((2, 300))
    want = estimate(x[20:], y[20:], "ksg", parts=0).value
    x[:20] = mark
    with pytest.warns(UserWarning, match=rf"x is {mark:g} in 20 of 300 rows.*marks=\({mark:g},\)".replace("+", r"\+")):
        estimate(x, y, "ksg", parts=0)
    e = estimate(x, y, "ksg", parts=0, marks=mark, missing="drop")
    assert e.value == want
    with pytest.raises(ValueError, match="20 missing"):
        estimate(x, y, "ksg", marks=(mark,))


def test_words_may_mark_gaps_too():
    x = np.array(["a", "b", "?"] * 30)
    assert estimate(x, R.standard_normal(90), "ksg", marks="?", missing="drop", parts=0).n == 60


@pytest.mark.parametrize(
    "x",
    [np.arange(100.0), R.integers(0, 3, 100) - 1.0, np.where(R.random(100) < 0.3, 0.0, R.random(100) + 5),
     R.standard_cauchy(100), np.where(np.arange(100) == 5, -200.0, R.random(100)), R.integers(-1, 2, 100)],
)  # fmt: skip
def test_other_values_mark_nothing(x):
    assert read(x, R.standard_normal(100)).sentences == ()


def test_masked_arrays_have_gaps():
    x = np.ma.masked_greater(R.standard_normal(100), 1.5)
    assert estimate(x, R.standard_normal(100), "ksg", missing="drop", parts=0).n == 100 - x.mask.sum()


# ---- indices and arrays ---------------------------------------------------------------------------------------------


def test_indices_are_aligned_and_said():
    a = pd.Series(R.standard_normal(100), index=[f"r{i}" for i in range(100)])
    b = a + 0.5 * R.standard_normal(100)
    want = estimate(a, b, "ksg", parts=0).value
    shuffled = b.sample(frac=1, random_state=0)
    with pytest.warns(UserWarning, match="rows of y were brought into the order of x's index"):
        assert estimate(a, shuffled, "ksg", parts=0).value == want
    z = pd.DataFrame({"z": R.standard_normal(100)}, index=a.index)
    with pytest.warns(UserWarning, match="rows of given were"):
        e = estimate(a, b, "ksg", given=z.sample(frac=1, random_state=1), parts=0)
    assert e.value == estimate(a, b, "ksg", given=z, parts=0).value
    assert estimate(a, shuffled.to_numpy(), "ksg", parts=0).value < want / 2  # by position, as asked


@pytest.mark.parametrize(
    "index", [range(1, 101), [0] * 50 + [1] * 50, [f"r{i}" for i in range(100)], pd.date_range("2024", periods=100)]
)
def test_indices_that_differ_are_refused(index):
    a, b = pd.Series(R.standard_normal(100)), pd.Series(R.standard_normal(100), index=index)
    with pytest.raises(ValueError, match=r"x and y have different indices .*join the tables first"):
        estimate(a, b)
    with pytest.raises(ValueError, match="x has 100 rows and y has 60"):
        estimate(a, a[:60])


FORMS = {
    "sparse": lambda v: sparse.csr_matrix(v[:, None]),
    "a sparse column of pandas": lambda v: pd.Series(pd.arrays.SparseArray(v)),
    "steps backwards": lambda v: v[::-1].copy()[::-1],
    "big-endian": lambda v: v.astype(">f8"),
    "longdouble": lambda v: v.astype(np.longdouble),
    "read-only": lambda v: np.broadcast_to(v, v.shape),
    "a column of a table": lambda v: pd.DataFrame({"v": v}).v,
    "a list": lambda v: v.tolist(),
    "a tensor": lambda v: __import__("torch").from_numpy(v.copy()),
    "a tensor of a graph": lambda v: __import__("torch").from_numpy(v.copy()).requires_grad_(),
    "every other row": lambda v: np.repeat(v, 2)[::2],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["ksg", "bins", "kde"])
def test_forms_of_the_same_numbers(form, method):
    r = np.random.default_rng(3)
    x = np.where(r.random(120) < 0.3, 0.0, r.standard_normal(120))
    y = x + r.standard_normal(120)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        got = estimate(FORMS[form](x), FORMS[form](y), method, parts=0).value
    assert got == estimate(x, y, method, parts=0).value


def test_half_precision():
    x, y = R.standard_normal((2, 200)).astype(np.float16)
    assert estimate(x, y, "ksg", parts=0).value == estimate(x.astype(float), y.astype(float), "ksg", parts=0).value


@pytest.mark.parametrize("d", [60, 200])
def test_more_columns_than_rows_are_said(d):
    x, y = R.standard_normal((50, d)), R.standard_normal(50)
    with pytest.warns(UserWarning, match=f"{d + 1} columns together and only 50 rows"):
        e = estimate(x, y, "ksg", parts=0)
    assert sum("only 50 rows" in s for s in e.warnings) == 1


def test_one_value_only_is_said():
    with pytest.warns(UserWarning, match="constant"):
        e = estimate(np.array(["a"] * 40), R.standard_normal(40), "ksg")
    assert e.value == 0
    table = pd.DataFrame({"a": R.standard_normal(40), "same": "x"})
    with pytest.warns(UserWarning, match="column 'same'.* holds one value only"):
        estimate(table, R.standard_normal(40), "ksg", parts=0)


def test_names_of_rows_tell_nothing():
    x = [f"customer {i}" for i in range(100)]
    with pytest.warns(UserWarning, match="x has 100 different labels in 100 rows"):
        assert estimate(x, R.integers(0, 3, 100), "counts").value == pytest.approx(0, abs=1e-9)
