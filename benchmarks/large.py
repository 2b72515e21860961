"""Measure the memory that a table of ten million rows takes, which is never read whole.

    python -m benchmarks.large                 # some minutes; writes mi_lab/teaching/curves/large-benchmarks.json
    python -m benchmarks.large --rows 100000   # a try, which writes nothing

Two columns of labels and two of numbers in a folder of Parquet files.  Each method runs in a process of its own, whose
peak is what the system kept count of (Linux: VmHWM), torch and pandas included.  The counts that come out are compared
with those that were kept while the rows were drawn.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

from experiments.results import CURVES, about, write

RESULT = CURVES / "large-benchmarks.json"
ROWS, FILES, GROUP = 10_000_000, 10, 250_000
TOWNS, PARTIES, RHO = 12, 7, 0.8
CALLS = {
    "labels": ("town", "party", {}),
    "labels, given labels": ("town", "party", {"given": "year"}),
    "default": ("x", "y", {}),
    "neighbours": ("x", "y", {"method": "ksg"}),
    "bins": ("x", "y", {"method": "bins"}),
    "critics": ("x", "y", {"method": "nwj", "max_epochs": 4}),
}
PROGRAM = """
import json, re, sys, time, warnings
warnings.simplefilter("ignore")
import mi_lab
from mi_lab.large.counting import LabelCounts
from mi_lab.large.context import read_chunk
folder, x, y, more = json.loads(sys.argv[1])
if x:
    table = mi_lab.open_table(folder)
    if "given" in more:
        more["given"] = table[more["given"]]
    out = mi_lab.estimate(table[x], table[y], progress=False, **more)
    found = {"value": out.value, "error": out.error, "how": list(out.how), "warnings": list(out.warnings)}
    if x == "town" and "given" not in more:
        total = LabelCounts([x, y])
        for chunk in table[[x, y]].chunks():
            total.add(read_chunk(chunk, [x, y], {}, (), "refuse")[0])
        found["counts"] = sorted(
            [*(list(labels)[c] for labels, c in zip(total.labels, cell)), int(n)]
            for cell, n in zip(total.cells.tolist(), total.count)
        )
else:
    import pandas, pyarrow.parquet, torch  # what the libraries themselves take
    found = {}
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
print(json.dumps(found | {"peak": peak, "processor": time.process_time()}))
"""


def drawn(folder: Path, rows: int, files: int = FILES) -> tuple[np.ndarray, float]:
    """Write the table; return the counts (towns, parties) of its rows and the information of the law of the labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng, total = np.random.default_rng(0), np.zeros((TOWNS, PARTIES), np.int64)
    law = rng.dirichlet(np.ones(TOWNS * PARTIES)).reshape(TOWNS, PARTIES)
    for f in range(files):
        n = rows * (f + 1) // files - rows * f // files
        cell = rng.choice(TOWNS * PARTIES, n, p=law.ravel())
        total += np.bincount(cell, minlength=TOWNS * PARTIES).reshape(TOWNS, PARTIES)
        x = rng.standard_normal(n)
        words = [
            pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), [f"{kind}{i}" for i in range(size)]).cast(
                pa.string()
            )
            for codes, kind, size in ((cell // PARTIES, "town", TOWNS), (cell % PARTIES, "party", PARTIES))
        ]
        columns = dict(zip(("town", "party"), words, strict=True)) | {
            "year": 2000 + rng.integers(0, 20, n),
            "x": x,
            "y": RHO * x + math.sqrt(1 - RHO**2) * rng.standard_normal(n),
        }
        pq.write_table(pa.table(columns), folder / f"part-{f:03}.parquet", row_group_size=GROUP)
    p = law / law.sum()
    truth = float((p * np.log(p / np.outer(p.sum(1), p.sum(0)))).sum())
    return total, truth


def measure(folder: Path, x: str = "", y: str = "", more: dict | None = None) -> dict:
    """Return what a fresh process found, and its peak in bytes."""
    words = json.dumps([str(folder), x, y, more or {}])
    out = subprocess.run([sys.executable, "-c", PROGRAM, words], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def run(rows: int, files: int = FILES) -> dict:
    """Measure every call on a table of so many rows."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        total, truth = drawn(folder, rows, files)
        size = sum(p.stat().st_size for p in folder.iterdir())
        truths = {"town": truth, "x": -0.5 * math.log(1 - RHO**2)}
        runs = {"libraries alone": measure(folder)}
        for name, (x, y, more) in CALLS.items():
            runs[name] = measure(folder, x, y, more) | {"truth": truths[x]}
            found = runs[name].pop("counts", None)
            if found is not None:
                kept = np.zeros_like(total)
                for town, party, n in found:
                    kept[int(town[4:]), int(party[5:])] = n
                runs[name]["counts equal"] = bool((kept == total).all())
            print(name, {k: v for k, v in runs[name].items() if k not in ("how", "warnings")}, flush=True)
        return {"rows": rows, "bytes on disk": size, "runs": runs}


@click.command()
@click.option("--rows", default=ROWS, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write there instead.")
def main(rows: int, out: Path | None) -> None:
    """Run everything; write the file if nothing was left out."""
    head = about("python -m benchmarks.large")
    found = run(rows)
    if out or rows == ROWS:
        write(out or RESULT, head, indent=1, **found)


if __name__ == "__main__":
    main()
