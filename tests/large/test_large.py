"""Tables that do not fit: what is counted is exact, what is sub-sampled says its error, and little is held."""

import json
import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mi_lab import LabelCounts, cli, estimate, open_table, pairwise, rank, significance
from mi_lab.counting.discrete import counts
from mi_lab.large.counting import halves
from mi_lab.large.sources import draw
from mi_lab.tables.kinds import read_column

N = 6000
SMALL = {"subsample": 1000, "chunk": 337}  # a chunk ends in the middle of everything


def laid_out(seed=0, n=N):
    """Return labels of several types that lean on one another, and a pair of numbers with ρ = .8."""
    r = np.random.default_rng(seed)
    hours = pd.to_timedelta(np.cumsum(r.integers(1, 9, n)), unit="h")
    a = r.choice(["u", "v", "w", "ä"], n, p=[0.5, 0.3, 0.15, 0.05])
    b = np.where(r.random(n) < 0.5, a, r.choice(["one", "two", "three"], n))
    x = r.standard_normal(n)
    y = 0.8 * x + 0.6 * r.standard_normal(n)
    out = pd.DataFrame({"a": a, "b": b, "x": x, "y": y, "k": r.integers(-2, 3, n), "yes": x > 0.3})
    return out.assign(when=pd.Timestamp("2024-01-01") + hours, half=np.rint(2 * y) / 2)


@pytest.fixture(scope="module")
def frame():
    return laid_out()


@pytest.fixture(scope="module")
def folder(frame, tmp_path_factory):
    place = tmp_path_factory.mktemp("parquet")
    (place / "later").mkdir()
    frame[:2500].to_parquet(place / "a.parquet", row_group_size=700)
    frame[2500:].to_parquet(place / "later" / "b.parquet", row_group_size=1100)
    (place / "_SUCCESS").write_text("")
    return place


@pytest.fixture(scope="module")
def table(folder):
    return open_table(folder)


def quietly(call, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)


# ---- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 337, 2500, N, 10 * N])
def test_chunks_are_the_rows_in_order(table, frame, rows):
    chunks = list(table[["x", "a"]].chunks(rows)) if rows > 1 else [next(table[["x", "a"]].chunks(1))]
    assert max(map(len, chunks)) <= rows
    together = pd.concat([c.astype({"a": str}) for c in chunks], ignore_index=True)
    pd.testing.assert_frame_equal(together, frame[["x", "a"]][: len(together)], check_dtype=False)
    assert rows == 1 or len(together) == N


def test_rows_by_their_numbers(table, frame):
    rows = np.array([0, 699, 700, 2499, 2500, 3600, N - 1])
    assert table["x"].at(rows)["x"].tolist() == frame["x"][rows].tolist()
    assert len(table["x"].at(rows[:0])) == 0


def test_dates_are_seconds_and_the_same_in_every_chunk(table, frame):
    seconds = np.concatenate([c["when"] for c in table["when"].chunks(337)])
    np.testing.assert_allclose(seconds, (frame["when"] - pd.Timestamp(0)).dt.total_seconds())


@pytest.mark.parametrize(("n", "rows"), [(10, 20), (1000, 30), (1000, 700), (10**12, 500)])
def test_drawn_rows_are_different_and_evenly_spread(n, rows):
    got = draw(n, rows, np.random.default_rng(0))
    assert len(got) == min(n, rows)
    assert (np.diff(got) > 0).all()
    assert got[0] >= 0
    assert got[-1] < n
    if rows < n:  # the mean of draws without replacement, within 4.5 standard errors
        error = n / math.sqrt(12 * rows) * math.sqrt(1 - rows / n)
        assert abs(got.mean() - (n - 1) / 2) < 4.5 * error


# ---- counts ----------------------------------------------------------------------------------------------------------

COLUMNS = ["a", "b", "k", "yes", "half"]


def counted(frame, columns, cuts):
    out = LabelCounts(columns)
    for some in np.split(np.arange(len(frame)), cuts):
        out.add([read_column(frame[c].iloc[some], c) for c in columns])
    return out


def as_dict(total):
    names = [list(labels) for labels in total.labels]
    cells = total.cells.tolist()
    return {
        tuple(str(w[c]) for w, c in zip(names, cell, strict=True)): int(n)
        for cell, n in zip(cells, total.count, strict=True)
    }


@pytest.mark.parametrize("cuts", [[], [1], [10, 10, 5999], list(range(337, N, 337))])
def test_counts_of_chunks_are_those_of_the_whole(frame, cuts):
    whole = frame.assign(k=frame["k"].astype(float)).groupby(["a", "b", "k"]).size()
    found = as_dict(counted(frame, ["a", "b", "k"], cuts))
    assert found == {tuple(map(str, key)): n for key, n in whole.items()}


def test_counts_add_up_in_any_order(frame):
    parts = [counted(frame[i::3], ["a", "b"], [100]) for i in range(3)]
    whole = as_dict(counted(frame, ["a", "b"], []))
    for order in ([0, 1, 2], [2, 0, 1]):
        total = LabelCounts(["a", "b"])
        for i in order:
            total = total + parts[i]
        assert as_dict(total) == whole
    with pytest.raises(ValueError, match="only the same can be added"):
        parts[0] + LabelCounts(["a", "k"])


def test_counts_of_many_labels_do_not_overflow():
    r = np.random.default_rng(0)
    v = r.integers(0, 10**6, (500, 12)).astype(float)
    total = LabelCounts(range(12))
    for part in np.split(v, 5):
        total.add_values(np.r_[part, part])
    assert total.n == 1000
    assert set(total.count.tolist()) == {2}


@pytest.mark.parametrize("correction", [None, "plug-in", "miller-madow", "adjusted"])
@pytest.mark.parametrize("given", [None, "k", ["k", "yes"]])
def test_labels_in_chunks_give_the_whole_tables_number_to_the_bit(table, frame, given, correction):
    more = {"method": "counts", "correction": correction, "parts": 3}
    z, whole = (table[given], frame[given]) if given else (None, None)
    there = estimate(table[["a", "yes"]], table["b"], given=z, **more, **SMALL)
    here = estimate(frame[["a", "yes"]], frame["b"], given=whole, **more)
    assert there.value == here.value
    assert there.n == here.n == N
    assert "all rows were counted, exactly" in " ".join(there.how)


@pytest.mark.parametrize(("x", "y"), [("a", "b"), ("k", "yes"), ("half", "a"), ("b", ["k", "half"])])
def test_what_serves_as_labels_is_counted_by_default(table, frame, x, y):
    there, here = estimate(table[x], table[y], **SMALL), estimate(frame[x], frame[y])
    assert there.value == here.value
    assert there.method == here.method == "counts"


@pytest.mark.parametrize("how", ["sqrt", "min", "joint"])
def test_ratios_of_labels(table, frame, how):
    there = estimate(table["a"], table["b"], normalize=how, **SMALL)
    assert there.value == estimate(frame["a"], frame["b"], normalize=how).value
    assert there.units == "ratio"


def test_the_error_of_counts_is_that_of_halves_of_the_rows(table, frame):
    """Halves drawn cell by cell have the law of halves of the rows: both errors estimate one number."""
    there = np.array([estimate(table["a"], table["b"], seed=s, **SMALL).error for s in range(8)])
    here = np.array([estimate(frame["a"], frame["b"], seed=s).error for s in range(8)])
    spread = math.hypot(there.std(ddof=1), here.std(ddof=1)) / math.sqrt(8)
    assert abs(there.mean() - here.mean()) < 3.5 * spread
    one, other = halves(np.array([5, 0, 8]), np.random.default_rng(0))
    assert (one + other).tolist() == [5, 0, 8]
    assert one.sum() == 6


@pytest.mark.parametrize("number", [2, 7])
def test_equal_bins_in_chunks_give_the_whole_tables_number(table, frame, number):
    there = quietly(estimate, table["x"], table["y"], "bins", kind="width", number=number, **SMALL)
    here = quietly(estimate, frame["x"], frame["y"], "bins", kind="width", number=number)
    assert there.value == pytest.approx(here.value, abs=1e-12)  # torch's logarithms and NumPy's


def test_bins_of_equal_mass_count_all_rows(table, frame):
    out = quietly(estimate, table["x"], table["y"], "bins", number=8, **SMALL)
    rows = draw(N, 1000, np.random.default_rng([0, 18]))
    codes = [
        np.searchsorted(np.quantile(frame[c][rows], np.arange(1, 8) / 8), frame[c], side="right") for c in ("x", "y")
    ]
    assert out.value == counts(*codes, correction="miller-madow")
    low, high = out.interval(0.99)
    assert low < -0.5 * math.log(1 - 0.8**2) < high
    assert any("bias rules" in w for w in out.warnings)


# ---- sub-samples and critics -----------------------------------------------------------------------------------------

TRUTH = -0.5 * math.log(1 - 0.8**2)


@pytest.mark.parametrize("method", ["ksg", "auto", "kde"])
def test_a_sub_sample_says_its_error(table, method):
    """Within 4 of the errors it states, which are those of 1,000 rows: √6 times those of all."""
    out = quietly(estimate, table["x"], table["y"], method, **SMALL)
    assert abs(out.value - TRUTH) < 4 * out.error + max(out.bias)
    assert out.n == N
    assert "1000 rows drawn by chance" in " ".join(out.how)
    assert 0.015 < out.error < 0.06  # .027 is the spread of log-ratios over √1000


def test_the_error_of_neighbours_is_their_spread_over_tables(tmp_path):
    """Stated errors against the spread of the values over 12 tables: a ratio of 1, known to 4.5 of its own errors."""
    found = []
    for seed in range(12):
        v = laid_out(seed, 3000)
        np.save(tmp_path / f"{seed}.npy", v[["x", "y"]].to_numpy())
        t = open_table(tmp_path / f"{seed}.npy")
        found.append(quietly(estimate, t[0], t[1], "ksg", seed=seed, **SMALL))
    values, errors = np.array([e.value for e in found]), np.array([e.error for e in found])
    ratio = math.sqrt(np.mean(errors**2)) / values.std(ddof=1)
    # a spread of 12 is known to 1/√22, twelve errors of 9 degrees of freedom each to 1/√216
    assert abs(math.log(ratio)) < 4.5 * math.hypot(1 / math.sqrt(22), 1 / math.sqrt(216))
    assert abs(values.mean() - TRUTH) < 4.5 * values.std(ddof=1) / math.sqrt(12)


def test_critics_from_chunks(table, monkeypatch):
    seen, take = [], table.source.take

    def watched(columns, part, rows):
        seen.append(np.asarray(rows) + part.start)
        return take(columns, part, rows)

    monkeypatch.setattr(table.source, "take", watched)
    out = quietly(estimate, table["x"], table["y"], "nwj", seeds=2, max_epochs=6, **SMALL)
    assert abs(out.value - TRUTH) < 4 * out.error + 0.15  # six short epochs: what training itself leaves
    blocks = int(out.how[1].split()[2])
    assert blocks == 1 + len(out.history["step"])  # one to begin with, and one before each look
    assert len(np.unique(np.concatenate(seen[1:17]))) > 400  # places all over the table


def test_rows_that_are_held_out_are_never_trained_on(table):
    from mi_lab.large.critics import Feed

    held = np.arange(0, N, 3)
    scale = np.zeros(2), np.ones(2)
    drawn = []

    def read(frame):
        drawn.append(frame)
        return [read_column(frame[c], c) for c in ("x", "y")], 0

    feed = Feed(table, ["x"], ["y"], 900, held, scale, read, np.random.default_rng(0))
    x, y = feed.block()
    assert x.shape == y.shape == (900, 1)
    out = table["x"].at(held)["x"].to_numpy()
    assert not np.isin(x.ravel(), out).any()


def test_a_small_table_is_estimated_like_any_other(table, frame):
    there = estimate(table["x"], table["y"], "ksg", subsample=N)
    here = estimate(frame["x"], frame["y"], "ksg")
    assert (there.value, there.error) == (here.value, here.error)


def test_labels_against_numbers(table, frame):
    out = quietly(estimate, table["yes"], table["y"], **SMALL)
    whole = quietly(estimate, frame["yes"], frame["y"])
    assert abs(out.value - whole.value) < 4 * math.hypot(out.error, whole.error)


# ---- memory-mapped arrays --------------------------------------------------------------------------------------------


def test_memory_mapped_arrays(frame, tmp_path, monkeypatch):
    from mi_lab.large import sources

    for name in ("k", "half", "x"):
        np.save(tmp_path / f"{name}.npy", frame[name].to_numpy(np.float64))
    k, half, x = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("k", "half", "x"))
    whole = estimate(frame["k"], frame["half"])
    assert estimate(k, half).value == whole.value  # few rows: as any array
    monkeypatch.setattr(sources, "FITS", 1000)
    there = estimate(k, half, **SMALL)
    assert there.value == whole.value
    assert "exactly" in there.how[1]
    both = estimate(k, half, given=k, **SMALL)
    assert both.value == estimate(frame["k"], frame["half"], given=frame["k"]).value
    with pytest.raises(ValueError, match="x has 6000 rows and y has 5000 rows: wanted equally many"):
        estimate(k, x[:5000], **SMALL)
    with pytest.raises(ValueError, match="x is a table that is read in chunks and y is a list"):
        estimate(k, [1, 2, 3], **SMALL)


# ---- all pairs -------------------------------------------------------------------------------------------------------


def test_all_pairs(table, frame):
    some = ["a", "x", "yes", "y", "k"]
    whole = pairwise(frame[some], n_jobs=1)
    with pytest.warns(UserWarning, match="counted in all rows, exactly"):
        out = pairwise(table[some], errors=True, n_jobs=1, **SMALL)
    for i in ("a", "yes", "k"):
        for j in ("a", "yes", "k"):
            assert out.loc[i, j] == pytest.approx(whole.loc[i, j], abs=1e-12)
            assert out.rows.loc[i, j] == N
    assert out.rows.loc["x", "y"] == 1000
    assert abs(out.loc["x", "y"] - TRUTH) < 4.5 * out.errors.loc["x", "y"]
    assert 0 < out.errors.loc["a", "k"] < 0.01
    assert pairwise(table, columns=["a", "yes"], units="bits", **SMALL).iloc[0, 1] == pytest.approx(
        whole.loc["a", "yes"] / math.log(2)
    )


def test_ctrl_c_leaves_what_was_counted(table, frame, monkeypatch):
    add, calls = LabelCounts.add, []

    def stopped(self, columns):
        calls.append(len(columns[0].values))
        if len(calls) == 5:
            raise KeyboardInterrupt
        add(self, columns)

    monkeypatch.setattr(LabelCounts, "add", stopped)
    out = quietly(estimate, table["a"], table["b"], **SMALL)
    assert out.n == sum(calls[:4])
    assert out.value == estimate(frame["a"][: out.n], frame["b"][: out.n]).value
    assert out.warnings == (f"stopped from the keyboard: of {N} rows only the first {out.n} were counted.",)


def test_what_wants_a_table_in_memory_says_so(table):
    with pytest.raises(ValueError, match="x is a table that is read in chunks, which only estimate and pairwise"):
        significance(table["x"], table["y"])
    with pytest.raises(ValueError, match=r"read in chunks, which only estimate and pairwise can do: take .*sample"):
        rank(table, "a")
    assert len(rank(table.sample(500), "a", n_jobs=1)) == 7


# ---- missing values --------------------------------------------------------------------------------------------------


def test_rows_with_gaps(frame, tmp_path):
    holes = frame[["a", "b", "x", "y"]].copy()
    holes.loc[::7, "a"] = None
    holes.loc[3::11, "y"] = np.nan
    holes.to_parquet(tmp_path / "t.parquet", row_group_size=500)
    t = open_table(tmp_path / "t.parquet")
    for x, y in (("a", "b"), ("x", "y")):
        with pytest.raises(ValueError, match=r"missing value.*missing=\"drop\""):
            estimate(t[x], t[y], "ksg", **SMALL)
    there = quietly(estimate, t["a"], t["b"], missing="drop", **SMALL)
    here = quietly(estimate, holes["a"], holes["b"], missing="drop")
    assert there.value == here.value
    assert there.n == here.n
    assert there.warnings == (f"{N - here.n} of {N} rows have missing values and were left out.",)
    for method in ("ksg", "bins", "nwj"):
        more = {"seeds": 2, "max_epochs": 2} if method == "nwj" else {}
        out = quietly(estimate, t["x"], t["y"], method, missing="drop", **more, **SMALL)
        assert math.isfinite(out.value)
        assert any("missing values and were left out" in w for w in out.warnings)


def test_rows_that_follow_one_another_are_seen_though_rows_are_drawn(tmp_path):
    r = np.random.default_rng(0)
    walk = np.cumsum(r.standard_normal((4000, 2)), 0)
    np.save(tmp_path / "w.npy", walk)
    t = open_table(tmp_path / "w.npy")
    out = quietly(estimate, t[0], t[1], "ksg", **SMALL)
    assert any("the rows follow one another" in w for w in out.warnings)


# ---- memory ----------------------------------------------------------------------------------------------------------


CALLS = {
    "labels": ("town", "party", {"parts": 2}),
    "bins": ("x", "y", {"method": "bins", "number": 20, "parts": 2}),
    "neighbours": ("x", "y", {"method": "ksg"}),
}


@pytest.mark.parametrize("what", CALLS)
def test_memory_is_that_of_a_chunk_and_a_sub_sample(what, tmp_path, monkeypatch):
    """Two columns of 400,000 rows are 6.4 MB in memory: neither NumPy nor Arrow ever holds a half of that."""
    import tracemalloc

    import pyarrow as pa

    from benchmarks import large

    monkeypatch.setattr(large, "GROUP", 10_000)
    total, _ = large.drawn(tmp_path, 400_000, 2)
    x, y, more = CALLS[what]
    table, before = open_table(tmp_path), pa.default_memory_pool()
    quietly(estimate, table.sample(500)["x"], table.sample(500)["y"], "ksg")  # what libraries hold once
    pool = pa.proxy_memory_pool(before)
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        out = quietly(estimate, table[x], table[y], **more, subsample=2000, chunk=5000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)
    assert out.n == 400_000 == total.sum()
    assert peak < 3.2e6
    assert pool.max_memory() < 3.2e6


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's own account")
def test_the_benchmark_measures_and_counts_right(monkeypatch):
    from benchmarks import large

    monkeypatch.setattr(large, "CALLS", {"labels": large.CALLS["labels"]})
    found = large.run(20_000, 2)["runs"]["labels"]
    assert found["counts equal"] is True
    assert abs(found["value"] - found["truth"]) < 4.5 * found["error"]
    assert 50e6 < found["peak"] < 1e9


# ---- bad input -------------------------------------------------------------------------------------------------------


def _empty(place):
    (place / "t").mkdir()


def _other_files(place):
    (place / "t").mkdir()
    (place / "t" / "notes.txt").write_text("hello")


def _two_schemas(place):
    (place / "t").mkdir()
    pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0]}).to_parquet(place / "t" / "1.parquet")
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_parquet(place / "t" / "2.parquet")


def _a_column_less(place):
    (place / "t").mkdir()
    pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0]}).to_parquet(place / "t" / "1.parquet")
    pd.DataFrame({"a": [1, 2]}).to_parquet(place / "t" / "2.parquet")


def _cut_off(place):
    pd.DataFrame({"a": np.arange(1000.0)}).to_parquet(place / "t")
    data = (place / "t").read_bytes()
    (place / "t").write_bytes(data[: len(data) // 2])


def _no_rows(place):
    pd.DataFrame({"a": np.empty(0)}).to_parquet(place / "t")


def _nothing(place):
    pass


BAD = {
    _nothing: "there is no file or folder",
    _empty: r"the folder .* holds no Parquet files \(\*\.parquet\), it is empty\.",
    _other_files: r"holds no Parquet files \(\*\.parquet\); it holds 'notes.txt'\.",
    _two_schemas: r"differ: column 'b' is double in '1.parquet' and (large_)?string in '2.parquet'; wanted one schema",
    _a_column_less: r"differ: column 'b' is double in '1.parquet' and absent in '2.parquet'; wanted one schema",
    _cut_off: r"can't be read as Parquet \(cut off, or another kind\?\): ",
    _no_rows: "has columns and no rows",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__.strip("_"))
def test_what_can_not_be_opened(make, tmp_path):
    make(tmp_path)
    with pytest.raises(ValueError, match=BAD[make]) as error:
        open_table(tmp_path / "t")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("read", [lambda t: list(t.chunks(500)), lambda t: t.sample(50)], ids=["chunks", "rows"])
def test_a_file_that_is_cut_off_after_it_was_opened(read, frame, tmp_path):
    frame[["x", "y"]].to_parquet(tmp_path / "t.parquet", row_group_size=1000)
    t = open_table(tmp_path / "t.parquet")
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:9000])
    with pytest.raises(ValueError, match=r"t\.parquet' can't be read as Parquet \(cut off, or another kind\?\)"):
        read(t)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"subsample": 3}, "subsample = 3, wanted a whole number of at least 100"),
        ({"chunk": "all"}, "chunk = 'all', wanted a whole number of at least 100"),
        ({"method": "nwj", "held_out": 0.5}, "held_out can't be chosen for a table that is read in chunks"),
        ({"method": "counts", "soft": "cubic"}, "method 'counts' got an unexpected keyword argument 'soft'"),
        ({"method": "counts", "correction": "none"}, "correction = 'none'"),
        ({"method": "bins", "kind": "odd"}, "kind = 'odd'"),
        ({"kinds": {"z": "label"}}, "kinds names 'z', wanted some of: x, y"),
    ],
)
def test_bad_options(table, options, said):
    with pytest.raises(ValueError, match=said):
        estimate(table["x"], table["y"], **(SMALL | options))


def test_bad_columns(table, folder):
    with pytest.raises(ValueError, match=r"has no column 'X'; it has: a, b, x, y, k, yes, when, half\."):
        table["X"]
    with pytest.raises(ValueError, match="wanted columns of one table"):
        estimate(table["x"], open_table(folder)["y"], **SMALL)


def test_labels_that_name_rows(table, monkeypatch):
    from mi_lab.large import counting

    monkeypatch.setattr(counting, "MOST_CELLS", 2000)
    with pytest.raises(ValueError, match="make more than 2000 different rows in the first .*hardly come back"):
        estimate(table["x"], table["y"], "counts", **SMALL)


# ---- the command line ------------------------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(cli.main, list(map(str, words)))


def test_the_command_line_takes_a_folder(folder, frame):
    few = ["--option", "subsample=1000", "--option", "chunk=500"]
    got = run("estimate", folder, "--x", "a", "--y", "b", "--json", *few)
    assert got.exit_code == 0
    out = json.loads(got.stdout)
    assert out["value"] == estimate(frame["a"], frame["b"]).value
    assert any("all rows were counted, exactly" in sentence for sentence in out["how"])
    got = run("estimate", folder, "--x", "x", "--y", "4", *few)
    assert got.exit_code == 0
    assert "1000 rows drawn by chance" in got.stderr
    got = run("matrix", folder, "--columns", "a,b,k", "--json", "--jobs", "1")
    assert json.loads(got.stdout)["values"][0][1] == pytest.approx(estimate(frame["a"], frame["b"]).value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["estimate", "--x", "q", "--y", "b"], "--x names 'q', and the file has: a, b, x, y"),
        (["rank", "--target", "a"], "is a folder, wanted a file: only estimate and matrix read in chunks"),
        (["lags", "--x", "x", "--y", "y"], "is a folder, wanted a file: only estimate and matrix read in chunks"),
    ],
)
def test_the_command_line_refuses(folder, words, said):
    got = run(words[0], folder, *words[1:])
    assert got.exit_code == 1
    assert said in got.stderr


def test_opening_needs_no_torch(folder):
    program = f"import sys, mi_lab; mi_lab.open_table({str(folder)!r}); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
