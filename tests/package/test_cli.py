"""The command line: tables as people have them, one estimate or many out, and errors in one sentence."""

import bz2
import gzip
import io
import json
import lzma
import math
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mi_lab import BivariateGaussian, cli, estimate, pairwise
from mi_lab.cli.columns import pick
from mi_lab.cli.reading import read_table

X, Y = (v.numpy().ravel() for v in BivariateGaussian(0.8).sample(300, 0))
SIDE = np.arange(300.0)


def run(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CliRunner().invoke(cli.main, list(map(str, words)))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    frame = pd.DataFrame({"a": X, "b": SIDE, "c": Y, "word": np.where(X > 0, "hi", "lo")})
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    frame.to_parquet(folder / "t.parquet")
    frame.to_feather(folder / "t.feather")
    np.savez(folder / "t.npz", a=X, b=SIDE, c=Y, short=Y[:5])
    (folder / "bad.parquet").write_text("hello")
    (folder / "t.xls").write_text("hello")
    (folder / "empty.csv").write_text("")
    (folder / "head.csv").write_text("a,b\n")
    (folder / "bytes.csv").write_bytes(b"\x00\x01\x02" * 100 + b"\x03")
    (folder / "ragged.csv").write_text("a,b\n" + "1,2\n" * 30 + "1,2,3,4\n" + "1,2\n" * 30)
    return folder


# ---- reading ---------------------------------------------------------------------------------------------------------

NUMBERS = [1234.5, -0.25, 12.0, 1000000.75, 7.125]
NAMES = ["a b", "größe", "n"]


def frame():
    return pd.DataFrame({"a b": NUMBERS, "größe": [3.5, np.nan, 4.25, 5.0, 6.5], "n": [1, 2, 3, 4, 5]})


def written(sep=",", decimal=".", thousands="", na="", head=True, quote=False) -> str:
    def number(v, whole=False):
        if v != v:
            return na
        text = f"{v:,.0f}" if whole else f"{v:,.3f}"
        text = text.replace(",", "T").replace(".", decimal).replace("T", thousands)
        return f'"{text}"' if quote or sep in text else text

    lines = [sep.join(f'"{n}"' if quote else n for n in NAMES)] if head else []
    for a, b, n in frame().itertuples(index=False):
        lines.append(sep.join([number(a), number(b), number(n, True)]))
    return "\n".join(lines) + "\n"


STYLES = {
    "commas": written(),
    "semicolons and decimal commas": written(";", ","),
    "tabs": written("\t"),
    "bars": written("|"),
    "tabs and decimal commas": written("\t", ","),
    "quoted, with decimal commas": written(",", ",", quote=True),
    "English thousands": written(";", ".", ","),
    "English thousands in quotes": written(",", ".", ","),
    "German thousands": written(";", ",", "."),
    "Swiss thousands": written(";", ".", "'"),
    "French thousands": written(";", ",", "\u202f"),
    "thousands by blanks": written("\t", ",", " "),
    "a word for nothing": written(na="n/a"),
    "a dash for nothing": written(";", ",", na="-"),
    "a question mark for nothing": written(na="?"),
    "comments": "# made by hand\n# in 2024\n" + written().replace("7.125", "7.125", 1),
    "comments in between": written().replace("\n12.000", "\n# here\n12.000"),
    "lines above the header": "Device: 7\nDate; 2024\n\n" + written(";", ","),
    "what spreadsheets say": "sep=;\n" + written(";"),
    "empty columns at the end": "\n".join(line + ";;" for line in written(";", ",").split("\n")[:-1]),
    "separators at the ends of rows alone": "\n".join(
        line + "," * (i > 0) for i, line in enumerate(written().split("\n")[:-1])
    ),
    "blank lines": written().replace("\n", "\n\n"),
    "Windows' ends of lines": written().replace("\n", "\r\n"),
    "a minus sign": written().replace("-0.25", "\u22120.25"),
    "no last end of line": written()[:-1],
}


@pytest.mark.parametrize("style", STYLES)
def test_a_text_in_any_style_is_the_same_table(style, tmp_path):
    (tmp_path / "t.csv").write_bytes(STYLES[style].encode())
    out = read_table(str(tmp_path / "t.csv"))
    pd.testing.assert_frame_equal(out.frame, frame(), check_dtype=False)


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_in_any_encoding_is_the_same_table(encoding, tmp_path):
    (tmp_path / "t.csv").write_bytes(STYLES["semicolons and decimal commas"].encode(encoding))
    pd.testing.assert_frame_equal(read_table(str(tmp_path / "t.csv")).frame, frame(), check_dtype=False)


@pytest.mark.parametrize("pack", ["gzip", "bzip2", "xz", "zip"])
def test_a_packed_text_is_unpacked_whatever_its_name(pack, tmp_path):
    data = written().encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside.csv", data)
    packed = {"gzip": gzip.compress(data), "bzip2": bz2.compress(data), "xz": lzma.compress(data)}
    (tmp_path / "t.dat").write_bytes((packed | {"zip": buffer.getvalue()})[pack])
    out = read_table(str(tmp_path / "t.dat"))
    pd.testing.assert_frame_equal(out.frame, frame(), check_dtype=False)
    assert pack in out.told()


def test_zstandard_is_unpacked(tmp_path):
    import zstandard

    (tmp_path / "t.csv.zst").write_bytes(zstandard.compress(written().encode()))
    out = read_table(str(tmp_path / "t.csv.zst"))
    pd.testing.assert_frame_equal(out.frame, frame(), check_dtype=False)
    assert "packed by zstandard" in out.told()
    (tmp_path / "t.csv.zst").write_bytes(zstandard.compress(written().encode())[:40])
    with pytest.raises(ValueError, match="t.csv.zst'"):
        read_table(str(tmp_path / "t.csv.zst"))


@pytest.mark.parametrize("sheet", [None, "2", "second"])
def test_a_spreadsheet_is_the_same_table(sheet, tmp_path):
    path = tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as book:
        frame().to_excel(book, sheet_name="first", index=False)
        frame()[::-1].to_excel(book, sheet_name="second", index=False)
    want = frame() if sheet is None else frame()[::-1].reset_index(drop=True)
    out = read_table(str(path), {"sheet": sheet})
    pd.testing.assert_frame_equal(out.frame, want, check_dtype=False)
    assert "a spreadsheet" in out.told()
    with pytest.raises(ValueError, match="t.xlsx' can't be read as Excel: .*third"):
        read_table(str(path), {"sheet": "third"})


def test_a_spreadsheet_without_its_reader_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    frame().to_csv(tmp_path / "t.csv")
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    with pytest.raises(ValueError, match="t.xlsx': reading Excel needs openpyxl: pip install openpyxl, or save"):
        read_table(str(tmp_path / "t.xlsx"))


def test_without_a_header_columns_have_numbers(tmp_path):
    (tmp_path / "t.csv").write_text(written(head=False))
    out = read_table(str(tmp_path / "t.csv"))
    assert list(out.frame) == ["column 1", "column 2", "column 3"]
    assert len(out.frame) == 5
    assert "no header" in out.told()
    blanks = "\n".join(f"  {a:8.3f}   {b:8.3f}" for a, b in zip(NUMBERS, NUMBERS, strict=True))
    (tmp_path / "b.txt").write_text(blanks)
    assert read_table(str(tmp_path / "b.txt")).frame["column 2"].tolist() == NUMBERS
    np.savetxt(tmp_path / "n.txt", np.c_[NUMBERS, NUMBERS], header="u v")  # NumPy's header is a comment
    assert list(read_table(str(tmp_path / "n.txt")).frame) == ["u", "v"]


def test_blanks_in_words_separate_nothing(tmp_path):
    (tmp_path / "t.csv").write_text("note\n" + "12 %\n" * 5)
    assert list(read_table(str(tmp_path / "t.csv")).frame) == ["note"]
    (tmp_path / "u.csv").write_text('name,note\n"a","x, y; z"\n"b","two\nlines # here"\n"c","it\'s"\n')
    assert read_table(str(tmp_path / "u.csv")).frame["note"].tolist() == ["x, y; z", "two\nlines # here", "it's"]


def test_what_may_be_read_two_ways_is_said(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n" + "1,234;x\n5,678;y\n" * 5)
    out = read_table(str(tmp_path / "t.csv"))
    assert out.frame["a"].tolist()[:2] == [1234, 5678]
    assert "1,234 is taken for 1234 (--decimal , if it is 1.234)" in out.told()
    assert read_table(str(tmp_path / "t.csv"), {"decimal": ","}).frame["a"].tolist()[:2] == [1.234, 5.678]


def test_dates_and_words_stay_what_they_are(tmp_path):
    lines = "\n".join(f"{d:02d}/03/2024;{d},5;C#" for d in range(1, 29))
    (tmp_path / "t.csv").write_text("day;v;language\n" + lines)
    out = read_table(str(tmp_path / "t.csv"))
    assert out.frame["day"].dt.day.tolist() == list(range(1, 29))
    assert set(out.frame["language"]) == {"C#"}
    (tmp_path / "u.csv").write_text("day,v\n" + "\n".join(f"03/{d:02d}/2024,{d}" for d in range(1, 29)))
    assert read_table(str(tmp_path / "u.csv")).frame["day"].dt.month.unique().tolist() == [3]


# ---- row 12 of the list of wrong inputs, and two of its kind ---------------------------------------------------------


def exported(x, y, sep, decimal, mark=""):
    number = lambda v: f"{v:.4f}".replace(".", decimal)  # noqa: E731
    rows = [
        f"{10 + i % 18}/03/2004{sep}{number(a)}{sep}{number(b)}{sep}{sep}"
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    return mark + f"Date{sep}CO(GT){sep}Sensor{sep}{sep}\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("case", ["as it came", "with tabs in UTF-16", "with -200 for nothing"])
def test_a_semicolon_table_with_decimal_commas(case, tmp_path):
    x, y = (v.numpy().ravel().astype(float) for v in BivariateGaussian(0.8).sample(400, 7))
    x, y, more = 2 + 0.5 * x, 900 + 80 * y, []
    text, encoding = exported(x, y, ";", ","), "latin-1"
    if case == "with tabs in UTF-16":
        text, encoding = exported(x, y, "\t", ","), "utf-16"
    if case == "with -200 for nothing":
        rows = text.split("\n")
        rows[5::20] = [";".join([r.split(";")[0], "-200", *r.split(";")[2:]]) if r else r for r in rows[5::20]]
        text, more = "\n".join(rows), ["--na", "-200", "--missing", "drop"]
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    result = run("estimate", tmp_path / "t.csv", "--x", "CO(GT)", "--y", "Sensor", "--method", "ksg", "--json", *more)
    assert result.exit_code == 0, result.output
    out = json.loads(result.stdout)
    assert abs(out["value"] - 0.511) < 3 * out["error"]  # -log(1 - .8²) / 2
    assert out["error"] < 0.08
    assert "decimal comma" in result.stderr
    assert "2 empty columns left out" in result.stderr
    assert out["n"] == (400 if not more else 380)


# ---- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("CO(GT)", ["CO(GT)"]),
        ("2", ["CO(GT)"]),
        ("1-2,7", ["Date", "CO(GT)", "7"]),
        ("S*", ["S1", "S2"]),
        ("S?, Date", ["S1", "S2", "Date"]),
        ('"a, b"', ["a, b"]),
        ("'a, b',S1", ["a, b", "S1"]),
        ("a, b", ["a, b"]),
        ("7", ["7"]),
        ("S1,S*", ["S1", "S2"]),
    ],
)
def test_columns_are_named_as_people_do(words, meant):
    frame = pd.DataFrame(columns=["Date", "CO(GT)", "S1", "S2", "a, b", "7"])
    assert pick(frame, words, "--x") == meant


def test_a_column_that_is_not_there():
    frame = pd.DataFrame(columns=["Date", "Sensor"])
    with pytest.raises(ValueError, match=r"--x names 'sensr', and the file has: Date, Sensor \(did you mean 'Sensor'"):
        pick(frame, "sensr", "--x")
    with pytest.raises(ValueError, match="--x asks for column 3, and the file has columns 1 to 2"):
        pick(frame, "3", "--x")
    with pytest.raises(ValueError, match="names no column"):
        pick(frame, ",", "--x")


# ---- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "feather", "npz"])
def test_every_table_gives_the_same_json(table, ending):
    result = run(
        "estimate", table / f"t.{ending}", "--x", "a", "--y", "c", "--method", "ksg", "--truth", "0.5", "--json"
    )
    assert result.exit_code == 0, result.output
    out = json.loads(result.stdout)
    assert out["value"] == pytest.approx(estimate(X, Y, "ksg").value, abs=1e-5)
    assert (out["truth"], out["units"], out["x"], out["y"]) == (0.5, "nats", ["a"], ["c"])


def test_options_of_estimate(table):
    words = ["--x", "a,b", "--y", "c", "--method", "mine", "--seeds", "2", "--seed", "3", "--units", "bits", "--json"]
    words += ["--option", "max_epochs=2", "--option", "lr=0.001", "--quiet"]
    result = run("estimate", table / "t.csv", *words)
    assert result.exit_code == 0, result.output
    expected = estimate(np.c_[X, SIDE], Y, "mine", seeds=2, seed=3, units="bits", max_epochs=2, lr=0.001)
    out = json.loads(result.stdout)
    assert out["value"] == pytest.approx(expected.value, abs=1e-4)
    assert len(out["members"]) == 2


def test_lines_for_people(table):
    result = run("estimate", table / "t.csv", "--x", "a", "--y", "c", "--method", "ksg")
    assert result.stdout.startswith("I(a; c) = ")
    assert "nats (ksg; 300 samples" in result.stdout
    assert result.stderr.startswith(f"read {table / 't.csv'}: 300 rows, 4 columns; fields between commas")
    quiet = run("estimate", table / "t.csv", "--x", "a", "--y", "c", "--method", "ksg", "--quiet")
    assert (quiet.stdout, quiet.stderr) == (result.stdout, "")
    given = run("estimate", table / "t.csv", "--x", "a", "--y", "c", "--given", "word", "--method", "ksg")
    assert given.stdout.startswith("I(a; c | word) = ")


def test_matrix(table, tmp_path):
    result = run("matrix", table / "t.csv", "--columns", "a,c,word", "--json", "--permutations", 19, "--jobs", 1)
    assert result.exit_code == 0, result.output
    out = json.loads(result.stdout)
    expected = pairwise(pd.read_csv(table / "t.csv"), ["a", "c", "word"], permutations=19, n_jobs=1)
    assert out["values"][0][1] == expected.loc["a", "c"]
    assert out["values"][0][0] is None
    assert out["p"][0][2] == expected.p.loc["a", "word"]
    assert out["kinds"]["word"] == "label"
    text = run("matrix", table / "t.csv", "--columns", "a,c,word", "--plot", tmp_path / "m.png")
    assert "word" in text.stdout
    assert (tmp_path / "m.png").stat().st_size > 5000


def test_rank(table, tmp_path):
    result = run("rank", table / "t.csv", "--target", "c", "--columns", "a,b", "--json")
    out = json.loads(result.stdout)
    assert [r["column"] for r in out["ranking"]] == ["a", "b"]
    assert out["target"] == "c"
    text = run("rank", table / "t.csv", "--target", "3", "--how", "cmim", "--plot", tmp_path / "r.svg")
    assert text.stdout.split("\n")[1].split()[0] == "a"
    assert (tmp_path / "r.svg").exists()


def test_lags(table, tmp_path):
    frame = pd.DataFrame({"x": X[2:], "y": Y[:-2]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    result = run("lags", tmp_path / "t.csv", "--x", "x", "--y", "y", "--lags", "3", "--json")
    out = json.loads(result.stdout)["lags"]
    assert [r["lag"] for r in out] == list(range(-3, 4))
    assert max(out, key=lambda r: r["value"])["lag"] == 2  # y is what x was two rows before
    text = run("lags", tmp_path / "t.csv", "--x", "x", "--y", "y", "--lags", "0,1", "--plot", tmp_path / "l.pdf")
    assert len(text.stdout.strip().split("\n")) == 3
    assert (tmp_path / "l.pdf").exists()


def test_a_warning_goes_to_the_error_stream(tmp_path):
    pd.DataFrame({"a": [1.0] * 20, "c": range(20)}).to_csv(tmp_path / "flat.csv", index=False)
    result = CliRunner().invoke(cli.main, ["estimate", str(tmp_path / "flat.csv"), "--x", "a", "--y", "c", "--json"])
    assert json.loads(result.stdout)["value"] == 0
    assert "\nwarning: x is constant" in result.stderr


def test_nothing_to_estimate_has_an_exit_code_of_its_own(tmp_path):
    pd.DataFrame({"id": [f"r{i}" for i in range(20)], "v": range(20)}).to_csv(tmp_path / "ids.csv", index=False)
    result = run("matrix", tmp_path / "ids.csv")
    assert result.exit_code == 3
    assert run("matrix", tmp_path / "ids.csv", "--colour").exit_code == 2


def test_nothing_is_written_over(table, tmp_path):
    (tmp_path / "mine.png").write_text("mine")
    result = run("matrix", table / "t.csv", "--plot", tmp_path / "mine.png")
    assert result.exit_code == 1
    assert "is there already and stays as it is" in result.stderr
    kept = run("matrix", table / "t.csv", "--resume", tmp_path / "mine.png")
    assert "another kind of file: it stays as it is" in kept.stderr
    assert (tmp_path / "mine.png").read_text() == "mine"


BAD = [
    (["estimate", "none.csv", "--x", "a", "--y", "c"], "there is no file"),
    (["lags", ".", "--x", "a", "--y", "c"], "is a folder"),
    (["estimate", "t.xls", "--x", "a", "--y", "c"], "t.xls'"),
    (["estimate", "bad.parquet", "--x", "a", "--y", "c"], "can't be read as parquet"),
    (["estimate", "empty.csv", "--x", "a", "--y", "c"], "empty.csv' is empty"),
    (["estimate", "head.csv", "--x", "a", "--y", "b"], "has a header and no rows"),
    (["estimate", "bytes.csv", "--x", "a", "--y", "b"], "is no text file"),
    (["estimate", "ragged.csv", "--x", "a", "--y", "b"], "line 32 has 4 fields, wanted 2"),
    (["estimate", "t.csv", "--x", "z", "--y", "c"], "--x names 'z', and the file has: a, b, c, word"),
    (["estimate", "t.npz", "--x", "a,short", "--y", "c"], "--x names 'short', and the file has: a, b, c"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--method", "magic"], "unknown method 'magic'"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--option", "lr"], "wanted NAME=VALUE"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--method", "mine", "--option", "lr=fast"], "lr = 'fast'"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--kind", "a=colour"], "wanted COLUMN=number"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--kind", "b=label"], "none of the columns used: a, c"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--sep", "ab"], "--sep 'ab'"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--encoding", "klingon"], "which Python doesn't know"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--plot", "no/f.png"], "there is no folder"),
    (["estimate", "t.csv", "--x", "a", "--y", "c", "--plot", "f.doc"], "wanted one of"),
    (["rank", "t.csv", "--target", "a,b"], "--target means 2 columns"),
    (["rank", "t.csv", "--target", "a", "--how", "best"], "how = 'best'"),
    (["lags", "t.csv", "--x", "a", "--y", "b", "--lags", "few"], "--lags 'few'"),
    (["matrix", "t.csv", "--columns", "a"], "wanted at least 2"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(w) for w, _ in BAD])
def test_bad_command_lines(table, words, said):
    result = run(words[0], table / words[1], *words[2:])
    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def faulty(fault: str) -> pd.DataFrame:
    out = pd.DataFrame({"a": X[:60], "b": Y[:60]}).astype(object)
    out.loc[4, "a"] = {"a gap": None, "infinite": math.inf, "a word": "oops"}[fault]
    return out


@pytest.mark.parametrize("command", ["estimate", "matrix", "rank", "lags"])
@pytest.mark.parametrize(
    ("fault", "way"),
    [("a gap", "--missing drop"), ("infinite", "drop or fill those rows"), ("a word", "call it missing by --na WORD")],
)
def test_a_fault_is_told_by_file_column_and_row_and_what_to_do(command, fault, way, tmp_path):
    faulty(fault).to_csv(tmp_path / "bad.csv", index=False)
    options = {"matrix": [], "rank": ["--target", "b"]}.get(command, ["--x", "a", "--y", "b"])
    result = run(command, tmp_path / "bad.csv", *options)
    assert result.exit_code == 1
    last = result.stderr.strip().split("\n")[-1]
    assert all(word in last for word in ("bad.csv", "'a'", "row 5 below the header", way)), last


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(table, tmp_path, monkeypatch):
    from mi_lab.tables import pairwise as room

    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "pairwise", stop)
    result = run("matrix", table / "t.csv", "--resume", tmp_path / "pairs.jsonl")
    assert result.exit_code == 130
    assert f"stopped: what is finished is in {tmp_path / 'pairs.jsonl'}, the same command goes on" in result.stderr
    assert run("matrix", table / "t.csv").stderr.strip().endswith("stopped.")


def test_it_starts_quickly_and_reads_the_standard_input(root):
    text = "a;b\n" + "".join(f"{a:.3f};{b:.3f}\n".replace(".", ",") for a, b in zip(X, Y, strict=True))
    words = [sys.executable, "-m", "mi_lab.cli", "estimate", "-", "--x", "a", "--y", "b", "--method", "ksg", "--json"]
    out = subprocess.run(words, input=text.encode(), capture_output=True, cwd=root)
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout)["value"] == pytest.approx(estimate(X, Y, "ksg").value, abs=0.02)
    code = "import sys, mi_lab.cli; print([m for m in ('torch', 'pandas', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
