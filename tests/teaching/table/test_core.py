"""The page's reader and estimators, run by Node as the page's worker runs them: the package's numbers to 1e-9."""

import json
import math
import re
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from mi_lab.counting import ksg
from mi_lab.counting.tables import entropies, table
from mi_lab.teaching.table import example, worker
from tools.book.formulas import node

OPTIONS = {"header": "guess", "decimal": "guess", "missing": []}
HERE = Path(__file__).parent


def ask(tables=(), pairs=(), orders=()) -> dict:
    """Return what the page's program makes of texts and of pairs of (kind, values), their errors by orders of rows."""
    numbered = [[[kind, [None if math.isnan(v) else float(v) for v in values]] for kind, values in p] for p in pairs]
    data = {
        "program": worker(),
        "tables": list(tables),
        "pairs": numbered,
        "orders": [list(map(int, o)) for o in orders],
    }
    command = [node(), HERE / "run.mjs"]
    done = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def read(text: str, **options) -> dict:
    return ask([{"text": text, "options": OPTIONS | options}])["tables"][0]


def cases() -> dict:
    """Shared columns: continuous, heavy tails, integers, rounded, with an atom, copies; labels full and rare."""
    rng = np.random.default_rng(1)
    n = 400
    x = rng.normal(size=n)
    y = 0.8 * x + 0.6 * rng.normal(size=n)
    label = rng.integers(0, 4, n)
    rare = label.copy()
    rare[[0, 1, 2, 3]] = 9, 8, 8, -1
    many = rng.integers(0, 1000, n)
    out = {
        "numbers": (("number", x), ("number", y)),
        "heavy tails": (("number", np.exp(3 * x)), ("number", y**3)),
        "few rows": (("number", x[:9]), ("number", y[:9])),
        "integers": (("count", many // 30), ("count", many // 29 + np.rint(4 * x))),
        "rounded": (("number", x.round(1)), ("number", y.round(2))),
        "an atom": (("number", np.maximum(x, 0)), ("number", np.maximum(y, 0))),
        "copies": (("number", np.repeat(x[:80], 5)), ("number", np.repeat(y[:80], 5))),
        "far from zero": (("number", 1e6 + x), ("number", 1e-9 * y)),
        "label and number": (("label", label), ("number", x + label)),
        "number and label": (("number", x + label), ("label", label)),
        "label and integers": (("label", label), ("count", np.rint(9 * x + label))),
        "integers and label": (("count", np.rint(9 * x + label)), ("label", label)),
        "rare labels": (("label", rare), ("number", x + label)),
        "labels": (("label", label), ("label", (label + rng.integers(0, 2, n)) % 4)),
        "few whole numbers": (("count", rng.poisson(1, n).clip(0, 3)), ("number", x)),
    }
    rows = [line.split(",") for line in example()["text"].splitlines()[1:]]
    wine = np.array([r[1:] for r in rows], float).T
    wines = np.unique([r[0] for r in rows], return_inverse=True)[1]
    out |= {f"wine {j}": (("label", wines), ("number", wine[j])) for j in (0, 4, 6, 12)}
    return out | {f"wine {i} {j}": (("number", wine[i]), ("number", wine[j])) for i, j in ((0, 9), (5, 6), (4, 12))}


def package(x: tuple, y: tuple) -> float:
    """Return what the package's own formulas give for a pair."""
    few = [kind == "label" or len(np.unique(v)) * 20 <= len(v) for kind, v in (x, y)]
    a, b = x[1], y[1]
    if all(few):
        codes = [torch.from_numpy(np.unique(v, return_inverse=True)[1].astype(float))[:, None] for v in (a, b)]
        hx, hy, hxy = entropies(table(*codes, sizes=(1, 1)), "miller-madow")
        return float(hx + hy - hxy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(ksg(a, b, discrete=("x" if few[0] else "y") if any(few) else None))


def test_the_page_s_numbers_are_the_package_s():
    shared = cases()
    found = ask(pairs=shared.values())["pairs"]
    off = {name: f["value"] - package(*pair) for (name, pair), f in zip(shared.items(), found, strict=True)}
    assert {name: gap for name, gap in off.items() if not abs(gap) < 1e-9} == {}
    assert len({round(f["value"], 6) for f in found}) > 15  # they differ from one another


def test_the_page_s_error_bar_is_the_package_s_formula():
    """Of the same halves; the halves that the page draws are all of the rows, in another order each time."""
    shared = {
        name: cases()[name] for name in ("numbers", "label and number", "number and label", "labels", "heavy tails")
    }
    rng = np.random.default_rng(0)
    for name, (x, y) in shared.items():
        n = len(x[1])
        orders = [rng.permutation(n) for _ in range(20)]
        found = ask(pairs=[(x, y)], orders=orders)
        gaps = []
        for order in orders:
            a, b = order[: n // 2], order[n // 2 : 2 * (n // 2)]
            gaps.append(np.subtract(*(package((x[0], x[1][h]), (y[0], y[1][h])) for h in (a, b))) / 2)
        assert found["errors"][0] == pytest.approx(math.sqrt(np.mean(np.square(gaps))), abs=1e-9), name
    mixed = found["mixed"]
    assert [sorted(rows) for rows in mixed] == [list(range(7))] * 3
    assert len({tuple(rows) for rows in mixed}) == 3


def test_rows_that_lack_one_of_the_two_are_left_out_pair_by_pair():
    x, y = (v.copy() for _, v in cases()["numbers"])
    x[:40], y[30:60] = np.nan, np.nan
    (found,) = ask(pairs=[(("number", x), ("number", y))])["pairs"]
    assert found["n"] == 340
    assert found["value"] == pytest.approx(float(ksg(x[60:], y[60:])), abs=1e-9)


def test_what_is_infinite_constant_or_too_little_is_said():
    x = np.random.default_rng(0).normal(size=60)
    pairs = [
        (("number", x), ("number", np.exp(x))),
        (("number", x), ("number", 0 * x + 3)),
        (("number", np.where(np.arange(60) < 5, x, np.nan)), ("number", x)),
        (("label", np.arange(60)), ("label", np.arange(60) // 2)),
    ]
    infinite, constant, few, sparse = ask(pairs=pairs)["pairs"]
    assert infinite["infinite"]
    assert "infinite" in infinite["note"]
    assert constant["value"] == 0
    assert "never varies" in constant["note"]
    assert few["value"] is None
    assert "only 5 rows have both" in few["note"]
    assert "fewer than five" in sparse["note"]


def test_kinds_are_guessed_as_the_package_guesses_them():
    from io import StringIO

    import pandas as pd

    from mi_lab.tables.kinds import kinds_of

    rng = np.random.default_rng(0)
    n = 50
    frame = pd.DataFrame(
        {
            "height": rng.normal(1.7, 0.1, n),
            "children": rng.poisson(2, n),
            "town": rng.choice(["Bern", "Basel", "Chur"], n),
            "day": pd.date_range("2026-01-01", periods=n, freq="3D").astype(str),
            "smokes": rng.choice([True, False], n),
        }
    )
    text = frame.to_csv(index=False)
    found = [c["kind"] for c in read(text)["columns"]]
    assert found == list(kinds_of(pd.read_csv(StringIO(text), parse_dates=["day"])))
    assert found == ["number", "count", "label", "number", "label"]


LINES = [f"{0.5 * i + (i % 7)},{i % 3},{'ab'[i % 2]}" for i in range(20)]


def written(lines: list[str], between: str = ",", point: str = ".") -> str:
    return "\n".join(["size,times,group", *lines]).replace(",", "\0").replace(".", point).replace("\0", between)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (written(LINES), ("commas", "", False)),
        (written(LINES, ";", ","), ("semicolons", "", True)),
        (written(LINES, "\t"), ("tabs", "", False)),
        (written(LINES, "  "), ("blanks", "", False)),
        ("# measured in May\n" + written(LINES).replace("\n", "\r\n") + "\r\n\r\n", ("commas", "", False)),
        ("\ufeff" + written(LINES, "|"), ("bars", "", False)),
    ],
)
def test_tables_in_every_dress_are_read_alike(text, words):
    found = read(text)
    assert (found["between"], found["encoding"], found["comma"]) == words
    assert [c["name"] for c in found["columns"]] == ["size", "times", "group"]
    assert [c["kind"] for c in found["columns"]] == ["number", "count", "label"]
    assert found["columns"][0]["numbers"] == [0.5 * i + (i % 7) for i in range(20)]


def test_no_names_thousands_quotes_and_gaps():
    rows = [f'"1,{100 + i}","a, b",{"NA" if i == 4 else -i / 2}' for i in range(12)]
    found = read("\n".join(rows))
    assert not found["header"]
    assert found["columns"][0]["numbers"] == [1100 + i for i in range(12)]
    assert found["columns"][1]["levels"] == ["a, b"]
    assert found["columns"][2]["missing"] == 1
    assert found["columns"][2]["numbers"][4] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing in it"),
        ("a,b\n1,2\n3,4", "2 rows below the names: wanted at least 8"),
        ("\n".join(["alone", *map(str, range(20))]), "row 1 has only one cell"),
        (written([*LINES[:5], "1,2", *LINES[5:]]), "row 7 has 2 cells, wanted 3 as in row 1"),
        (written([*LINES[:5], "1,2,a,b", *LINES[5:]]), "row 7 has 4 cells, wanted 3 as in row 1"),
        (written([*LINES[:3], '"1,2,a', *LINES[3:]]), "row 5: a quotation mark is opened"),
        ("PK\x03\x04rest", "save it as CSV"),
        ("PAR1rest", "Parquet"),
        ("a\0b\0c", "holds no text"),
    ],
)
def test_bad_tables_are_refused_with_their_row(text, said):
    assert said in read(text)["trouble"]


def test_a_cell_that_is_no_number_is_named_by_row_and_column():
    found = read(written([*LINES[:9], "n.n.,1,a", *LINES[9:]]))
    column = found["columns"][0]
    assert column["first"] == {"row": 11, "text": "n.n."}
    assert column["kind"] == "number"
    assert any(re.search("row 11, column “size”: “n.n.” is no number", words) for words in found["said"])


def test_marks_for_missing_values_are_pointed_at_and_taken_as_told():
    rows = [f"{-200 if i % 5 == 0 else 0.1 * (i % 13)},{i / 7:.3f}" for i in range(40)]
    text = "\n".join(["co,time", *rows])
    assert any("co” holds -200 8 times" in words for words in read(text)["said"])
    found = read(text, missing=["-200"])
    assert found["columns"][0]["missing"] == 8
    assert found["said"] == []


def test_names_and_numbers_of_rows_are_left_out():
    rows = [f"{i + 1},person {i},{i % 5}.5" for i in range(40)]
    found = read("\n".join(["id,who,score", *rows]))
    assert [c["kind"] for c in found["columns"]] == ["leave out", "leave out", "number"]
    assert len(found["said"]) == 2
