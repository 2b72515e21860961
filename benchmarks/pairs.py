"""Time all pairs of columns beside scikit-learn and ennemi, in one run on one machine, and try the peers' own examples.

    python -m benchmarks.pairs            # some minutes; writes mi_lab/teaching/curves/pairs-benchmarks.json

scikit-learn's ``mutual_info_regression`` takes part column by column, ennemi's ``pairwise_mi`` if it can be imported
(pip install ennemi).  All use the third neighbour and as many cores, each the way it has; the peers on the first `PART`
columns, the shortest of `TURNS` times, ours once on the whole table, workers' start included.  `benchmarks.examples`
runs what the peers' documentation shows through ours.
"""

import importlib.util
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd

from experiments.results import commit, machine
from mi_lab import pairwise

RESULT = Path(__file__).parents[1] / "mi_lab" / "teaching" / "curves" / "pairs-benchmarks.json"
HAS = importlib.util.find_spec("ennemi") is not None
COLUMNS, ROWS, PART, K, TURNS = 100, 2000, 14, 3, 2


def table(columns: int = COLUMNS, rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Draw columns of which each leans on one before it, some in a curve."""
    r = np.random.default_rng(seed)
    z = r.standard_normal((rows, columns))
    for j in range(1, columns):
        z[:, j] += 0.8 * z[:, r.integers(j)] + 0.3 * (j % 7 == 0) * z[:, j - 1] ** 2
    return pd.DataFrame(z, columns=[f"c{j}" for j in range(columns)])


def column_by_column(frame: pd.DataFrame, jobs: int) -> np.ndarray:
    """Return scikit-learn's matrix: every column once the target, with those before it as features."""
    from sklearn.feature_selection import mutual_info_regression

    z, out = frame.to_numpy(), np.zeros((frame.shape[1],) * 2)
    for j in range(1, z.shape[1]):
        out[j, :j] = mutual_info_regression(z[:, :j], z[:, j], n_neighbors=K, random_state=0, n_jobs=jobs)
    return out + out.T


def ennemi(frame: pd.DataFrame, jobs: int) -> np.ndarray:
    """Return ennemi's matrix, preprocessed as it does by default."""
    import ennemi as peer

    return np.asarray(peer.pairwise_mi(frame.to_numpy(), k=K, max_threads=jobs))


def worked() -> float:
    """Return the processor time of this process and its workers so far."""
    import psutil

    own = psutil.Process()
    return sum(sum(p.cpu_times()[:2]) for p in [own, *own.children(recursive=True)])


def timed(call: Callable) -> tuple[float, float, np.ndarray]:
    """Return how long a call takes on the clock, and in processor time, and what it gives."""
    start, before = time.perf_counter(), worked()
    out = np.asarray(call())
    return time.perf_counter() - start, worked() - before, out


def race(jobs: int) -> dict:
    """Time all with so many cores, the peers by turns on a part, ours once on the whole."""
    frame = table()
    some = frame.iloc[:, :PART]
    part, whole = PART * (PART - 1) // 2, COLUMNS * (COLUMNS - 1) // 2
    calls = {"scikit-learn": column_by_column} | ({"ennemi": ennemi} if HAS else {})
    took: dict[str, list] = {name: [] for name in calls}
    values = {name: timed(lambda: call(some, jobs))[2] for name, call in calls.items()}  # noqa: B023  (warm, too)
    ours = np.asarray(pairwise(some, n_jobs=1))
    wall, work, _ = timed(lambda: pairwise(frame, n_jobs=jobs, progress=False))
    found = {"mi_lab": {"ms a pair": 1e3 * wall / whole, "processor ms a pair": 1e3 * work / whole, "seconds": wall}}
    for _ in range(TURNS):
        for name, call in calls.items():
            wall, work, _ = timed(lambda: call(some, jobs))  # noqa: B023
            took[name].append((1e3 * wall / part, 1e3 * work / part))
    upper = np.triu_indices(PART, 1)
    for name, times in took.items():
        wall, work = (min(t[c] for t in times) for c in (0, 1))
        apart = float(np.abs(values[name][upper] - ours[upper]).mean())
        found[name] = {"ms a pair": wall, "processor ms a pair": work, "mean difference": apart}
    ours_took = dict(found["mi_lab"])
    for name, row in found.items():
        if jobs > 1 and name != "mi_lab":  # workers that end take their processor time along
            del row["processor ms a pair"]
        for what in [w for w in row if w.endswith("a pair")]:
            row[what.replace("ms a pair", "times ours")] = row[what] / ours_took[what]
        print(f"{jobs} core(s): {name:13}", {w: round(v, 3) for w, v in row.items()}, flush=True)
    return found


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=RESULT)
@click.option("--jobs", default="1,2", help="Numbers of cores, separated by commas.")
def main(out: Path, jobs: str) -> None:
    """Run everything and write the file."""
    from benchmarks.examples import examples

    warnings.filterwarnings("ignore")
    about = {"command": "python -m benchmarks.pairs", "commit": commit(), "machine": machine()}
    about["machine"] |= {"ennemi": "taken part" if HAS else "not installed"}
    runs = {"examples": examples()}
    about |= {"columns": COLUMNS, "rows": ROWS, "peers' columns": PART}
    for number in map(int, jobs.split(",")):
        runs[f"{number} core" + "s" * (number > 1)] = race(number)
    out.write_text(json.dumps({"about": about, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
