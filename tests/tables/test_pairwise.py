"""All pairs and rankings: the same numbers as one by one, however many work, and what was stopped goes on."""

import itertools
import json
import math
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from mi_lab import CorrelatedGaussian, estimate, ksg, pairwise, rank
from mi_lab.counting.discrete import counts
from mi_lab.tables import kernels
from mi_lab.tables.columns import scored
from mi_lab.tables.mixed import by_kinds
from mi_lab.tables.reading import read


def mixed(n=400, seed=0) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    a, b = r.standard_normal((2, n))
    frame = pd.DataFrame({"a": a, "b": a + b, "c": r.standard_normal(n), "few": r.poisson(2, n).clip(max=4)})
    frame["word"] = np.where(a + 0.5 * b > 0, "up", "down")
    frame["town"] = r.choice(["Bern", "Basel", "Chur"], n, p=[0.6, 0.3, 0.1])
    frame["whole"] = np.rint(8 * a + r.standard_normal(n)).astype(int)
    return frame


FRAME = mixed()


def quietly(call, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)


@pytest.mark.parametrize("n", [9, 60, 999])
def test_kernels_give_what_the_estimators_give(n):
    frame = mixed(n, n)
    x, y = (scored(frame[c].to_numpy()) for c in "ab")
    truth = estimate(frame["a"], frame["b"], "ksg", parts=0).value
    assert kernels.neighbours(x, y, 3) == pytest.approx(truth, abs=1e-12)
    assert kernels.neighbours(x, y, 3, single=True) == pytest.approx(truth, abs=1e-12)
    code = pd.factorize(frame["word"])[0]
    assert kernels.under_labels(code, x, 3) == pytest.approx(float(ksg(code, x, discrete="x")), abs=1e-12)


def test_every_pair_is_what_estimate_says():
    out = pairwise(FRAME)
    for a, b in itertools.combinations(FRAME, 2):
        if "few" in (a, b):  # few whole numbers serve as labels
            one = by_kinds(read(FRAME[a], FRAME[b]), "auto", parts=0)
        else:
            one = quietly(estimate, FRAME[a], FRAME[b], "ksg", parts=0)
        assert out.loc[a, b] == pytest.approx(one.value, abs=1e-12), (a, b)
        assert out.loc[b, a] == out.loc[a, b]
    assert out.loc["town", "town"] == pytest.approx(
        counts(*[pd.factorize(FRAME["town"])[0]] * 2), abs=1e-12
    )  # I(X;X) = H(X)
    assert math.isnan(out.loc["a", "a"])
    assert out.kinds == {c: "number" for c in "abc"} | {
        "few": "count", "word": "label", "town": "label", "whole": "count"}  # fmt: skip
    assert isinstance(out, pd.DataFrame)
    assert type(out[["a"]]) is pd.DataFrame


def test_the_truth_is_covered():
    law = CorrelatedGaussian(0.6, 2)
    seen = []
    for seed in range(12):
        x, y = (v.numpy() for v in law.sample(300, seed))
        frame = pd.DataFrame(np.c_[x, y], columns=["x1", "x2", "y1", "y2"])
        out = pairwise(frame, errors=True, seed=seed, n_jobs=1)
        one = law.mutual_information / 2
        seen += [(out.loc[a, b] - t) / out.errors.loc[a, b] for a, b, t in
                 [("x1", "y1", one), ("x2", "y2", one), ("x1", "x2", 0), ("x1", "y2", 0)]]  # fmt: skip
    off = np.array(seen)
    # 48 errors, nearly independent: their mean has a standard error of .14, and about 5 % lie beyond 2
    assert abs(off.mean()) < 0.6
    assert (abs(off) < 2).mean() > 0.8


def test_it_is_the_same_by_however_many():
    some = FRAME[:150].drop(columns=["few", "c"])
    runs = [pairwise(some, errors=True, permutations=19, n_jobs=n, progress=False) for n in (1, 2)]
    for name in ("errors", "p", "rows"):
        pd.testing.assert_frame_equal(getattr(runs[0], name), getattr(runs[1], name), check_exact=True)
    pd.testing.assert_frame_equal(runs[0], runs[1], check_exact=True)


def test_gaps_are_refused_or_left_out_pair_by_pair():
    frame = FRAME.copy()
    frame.loc[:9, "a"] = np.nan
    frame.loc[5:19, "word"] = None
    with pytest.raises(
        ValueError, match=r"missing values \('a' 10, first in row 0, 'word' 15, first in row 5\).*missing=\"drop\""
    ):
        pairwise(frame)
    out = pairwise(frame, missing="drop")
    assert out.rows.loc["a", "word"] == 380
    assert out.rows.loc["b", "c"] == 400
    assert out.rows.loc["a", "b"] == 390
    assert out.loc["a", "b"] == pytest.approx(
        estimate(frame["a"][10:], frame["b"][10:], "ksg", parts=0).value, abs=1e-12
    )
    assert out.loc["b", "c"] == pairwise(FRAME).loc["b", "c"]


def test_copies_are_infinite_and_names_of_rows_tell_nothing():
    frame = FRAME[["a", "c"]].assign(
        twice=2 * FRAME["a"] + 1, cube=-(FRAME["a"] ** 3), id=[f"r{i}" for i in range(400)]
    )
    with pytest.warns(UserWarning, match="3 pair.s. of columns rise or fall together without exception"):
        out = pairwise(frame)
    assert np.isposinf([out.loc["a", "twice"], out.loc["a", "cube"], out.loc["cube", "twice"]]).all()
    assert out.loc["a", "c"] == pairwise(FRAME).loc["a", "c"]
    assert out["id"].drop("id").isna().all()
    assert any("'id' has a label of its own in most rows" in w for w in out.warnings)
    assert out.heatmap() is not None
    assert out.dendrogram() is not None


def test_units_options_and_forms_of_tables():
    bits = pairwise(FRAME, ["a", "b"], units="bits")
    assert bits.loc["a", "b"] == pytest.approx(pairwise(FRAME).loc["a", "b"] / math.log(2))
    array = pairwise(FRAME[["a", "b"]].to_numpy())
    assert array.loc[0, 1] == pairwise({"a": FRAME["a"], "b": FRAME["b"]}).loc["a", "b"]
    other = pairwise(FRAME, ["a", "b", "c"], method="kde", parts=0)
    assert other.loc["a", "b"] == pytest.approx(estimate(FRAME["a"], FRAME["b"], "kde", parts=0).value)
    top = pairwise(FRAME).top(2)
    assert set(top.loc[0, ["x", "y"]]) == {"a", "whole"}
    assert top["information"].is_monotonic_decreasing


BAD = {
    "no table": (lambda: pairwise("table.csv"), "table is a str"),
    "one column": (lambda: pairwise(FRAME[["a"]]), r"has 1 column\(s\), wanted at least 2"),
    "few rows": (lambda: pairwise(FRAME[:5]), "has 5 rows, wanted at least 8"),
    "no such column": (lambda: pairwise(FRAME, ["a", "z"]), "no column 'z'; it has: a, b"),
    "twice": (lambda: pairwise(FRAME[["a", "a"]]), "two columns are called 'a'"),
    "infinite": (lambda: pairwise(FRAME.assign(a=np.inf)), "column 'a' holds 400 infinite"),
    "a kind": (lambda: pairwise(FRAME, kinds={"a": "colour"}), "kinds says 'a' is 'colour'"),
    "a kind of nothing": (lambda: pairwise(FRAME, kinds={"q": "label"}), "kinds names 'q'"),
    "missing": (lambda: pairwise(FRAME, missing="guess"), "missing = 'guess', wanted"),
    "units": (lambda: pairwise(FRAME, units="dits"), "unknown units"),
    "an option": (lambda: pairwise(FRAME, colour=1), "unknown option 'colour'"),
    "k": (lambda: pairwise(FRAME, k=0), "k = 0, wanted"),
    "no p-values": (lambda: pairwise(FRAME).adjusted(), "there are no p-values"),
    "no target": (lambda: rank(FRAME, "z"), "no column 'z'"),
    "a way": (lambda: rank(FRAME, "a", how="best"), "how = 'best', wanted one of"),
    "target given": (lambda: rank(FRAME, "a", given="a"), "the target 'a' is among the columns given"),
    "nothing to rank": (lambda: rank(FRAME[["a"]], "a"), "no column to rank"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, said = BAD[case]
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


# ---- chance --------------------------------------------------------------------------------------------------------


def test_p_values_keep_their_level_for_numbers_labels_and_both():
    r = np.random.default_rng(5)
    below = {"numbers": [], "both": [], "labels": []}
    for seed in range(60):
        frame = pd.DataFrame(r.standard_normal((60, 3)), columns=list("abc"))
        frame["u"], frame["v"] = r.choice(list("pq"), (2, 60))
        p = pairwise(frame, permutations=39, seed=seed, n_jobs=1).p
        below["numbers"] += [p.loc["a", "b"], p.loc["b", "c"]]
        below["both"] += [p.loc["a", "u"], p.loc["b", "v"]]
        below["labels"] += [p.loc["u", "v"]]
    for kind, p in below.items():
        share, n = np.mean(np.array(p) <= 0.1), len(p)
        assert share < 0.1 + 3 * math.sqrt(0.1 * 0.9 / n), kind  # never above its level, up to three standard errors
    assert np.mean(np.array(below["numbers"]) <= 0.5) > 0.5 - 3 * 0.5 / math.sqrt(120)


def test_series_are_tested_as_series():
    r = np.random.default_rng(3)
    series = r.standard_normal((250, 4))
    for t in range(1, 250):
        series[t] += 0.97 * series[t - 1]
    frame = pd.DataFrame(series, columns=list("abcd"))
    with pytest.warns(UserWarning, match="rows follow one another .4 columns, "):
        out = pairwise(frame, permutations=99, n_jobs=1)
    upper = np.triu_indices(4, 1)
    assert (out.to_numpy()[upper] > 0.1).sum() >= 3  # they look dependent
    assert (out.p.to_numpy()[upper] <= 0.01).sum() == 0  # and aren't


def test_what_is_there_is_found_among_many():
    r = np.random.default_rng(1)
    frame = pd.DataFrame(r.standard_normal((300, 12)), columns=[f"c{i}" for i in range(12)])
    frame["c1"] += frame["c0"]
    out = pairwise(frame, permutations=1999)
    assert out.adjusted().loc["c0", "c1"] == pytest.approx(66 / 2000)  # the least there can be
    assert out.top(1).loc[0, "p"] == 1 / 2000
    assert (out.adjusted().to_numpy()[np.triu_indices(12, 1)] <= 0.05).sum() == 1


# ---- rankings ------------------------------------------------------------------------------------------------------


def puzzle(n=600):
    r = np.random.default_rng(2)
    a, b = r.integers(0, 2, (2, n))
    z = r.standard_normal(n)
    return pd.DataFrame(
        {"a": a, "b": b, "z": z, "copy of z": z + 0.1 * r.standard_normal(n), "noise": r.standard_normal(n),
         "xor": np.where(a ^ b, "one", "zero"), "sum": z + 2 * a + 0.5 * r.standard_normal(n)}
    )  # fmt: skip


def test_each_for_itself_misses_xor_and_a_condition_finds_it():
    frame = puzzle()[["a", "b", "noise", "xor"]]
    alone = rank(frame, "xor")
    assert alone["information"].max() < 0.02
    given = rank(frame, "xor", given="b")
    assert given.index[0] == "a"
    assert given.loc["a", "information"] == pytest.approx(math.log(2), abs=0.02)
    assert given.loc["noise", "information"] < 0.05


@pytest.mark.parametrize("how", ["mrmr", "jmi", "cmim"])
def test_redundant_copies_come_after_what_is_new(how):
    frame = puzzle().drop(columns=["xor", "b"])
    alone = list(rank(frame, "sum").index)
    assert set(alone[:2]) == {"z", "copy of z"}
    chosen = list(rank(frame, "sum", how=how).index)
    assert chosen[0] in ("z", "copy of z")
    assert chosen[1] == "a"
    assert list(rank(frame, "sum", how=how, number=2).index) == chosen[:2]


def test_a_ranking_is_the_same_by_however_many():
    frame = puzzle()
    for how in ("relevance", "cmim"):
        runs = [rank(frame, "sum", how=how, errors=how == "relevance", permutations=9, n_jobs=n) for n in (1, 2)]
        pd.testing.assert_frame_equal(*runs, check_exact=True)
    assert {"information", "score", "p", "kind"} <= set(runs[0])


# ---- a killed matrix -----------------------------------------------------------------------------------------------

MATRIX = """
import sys
import numpy as np, pandas as pd
from mi_lab import pairwise
from mi_lab.tables import pairwise as module

module.SLICE = 0.02
frame = pd.DataFrame(np.random.default_rng(0).standard_normal((250, 9)))
out = pairwise(frame, errors=True, n_jobs=int(sys.argv[2]), resume=sys.argv[1])
print(out.to_numpy().tolist(), out.errors.to_numpy().tolist())
"""


def test_a_killed_matrix_goes_on(tmp_path, root):
    program, file = tmp_path / "matrix.py", tmp_path / "pairs.jsonl"
    program.write_text(MATRIX)
    env = os.environ | {"PYTHONPATH": str(root)}
    call = lambda where, jobs: [sys.executable, str(program), str(where), str(jobs)]  # noqa: E731
    child = subprocess.Popen(call(file, 2), env=env)
    until = time.monotonic() + 90
    while time.monotonic() < until and not (file.exists() and file.read_bytes().count(b"\n") > 4):
        time.sleep(0.01)
    child.kill()
    child.wait()
    lines = file.read_bytes().splitlines()
    done = len(lines) - 1
    assert 3 < done < 36
    went_on = subprocess.run(call(file, 1), env=env, capture_output=True, text=True)
    frame = pd.DataFrame(np.random.default_rng(0).standard_normal((250, 9)))
    whole = pairwise(frame, errors=True, n_jobs=1)
    assert went_on.stdout == f"{whole.to_numpy().tolist()} {whole.errors.to_numpy().tolist()}\n", went_on.stderr
    tasks = [json.loads(line)["task"] for line in file.read_bytes().splitlines()[1:]]
    assert len(tasks) == len(set(tasks))  # nothing was done twice


def test_a_file_of_another_matrix_stays_as_it_is(tmp_path):
    file = tmp_path / "pairs.jsonl"
    pairwise(FRAME, resume=file)
    before = file.read_bytes()
    for options, differs in [({"k": 4}, "k"), ({"columns": ["a", "b"]}, "columns"), ({"seed": 1}, "seed")]:
        with pytest.raises(ValueError, match=f"something else .*{differs}.*it stays as it is"):
            pairwise(FRAME, resume=file, **options)
    other = FRAME.assign(a=FRAME["a"] + 1)
    with pytest.raises(ValueError, match=r"something else \(table differ"):
        pairwise(other, resume=file)
    assert file.read_bytes() == before
    pd.testing.assert_frame_equal(pairwise(FRAME, resume=file), pairwise(FRAME))


@pytest.mark.parametrize("what", ["iris", "sorted by a number", "the label is gone", "a series with its years"])
def test_a_sorted_table_is_no_series_and_a_series_is(what):
    """A column by which the table was sorted explains why near rows are alike; a series remembers within its years."""
    from sklearn.datasets import load_diabetes, load_iris

    iris = load_iris(as_frame=True).frame
    year = np.repeat(np.arange(2000, 2020), 12)
    slow = lfilter([1], [1, -0.9], np.random.default_rng(0).standard_normal((2, 440)), axis=1)[:, 200:]
    table, said = {
        "iris": (iris, None),
        "sorted by a number": (load_diabetes(as_frame=True).frame.sort_values("bmi"), None),
        "the label is gone": (iris.drop(columns="target"), "was the table sorted or grouped by something?"),
        "a series with its years": (pd.DataFrame({"year": year, "x": slow[0], "y": slow[1]}), "rows follow one"),
    }[what]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = pairwise(table, n_jobs=1, progress=False)
    told = [w for w in out.warnings if "near one another" in w or "follow one another" in w]
    assert len(caught) == len(out.warnings)
    assert told == [] if said is None else said in told[0]
