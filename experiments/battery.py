"""Run methods over the battery of laws: errors, coverage and seconds, for chapter 14 and for the arena's tables.

    python -m experiments battery --methods ksg,bins,cca --n 1000,10000 --seeds 3
    python -m experiments battery --methods mine,infonce --n 1000 --seeds 1 --limit 60

Every method runs as a reader's own function does in `mi_lab.arena`: in a process of its own, on one thread, with a
limit in seconds for one call.  Each call is a line of ``experiments/progress/battery-METHOD.jsonl``, which is kept with
the sources; a run that was interrupted goes on.  After a change of a method its lines are stale: run it with
``--fresh``.  Methods and sizes that were not run stay in the result, ``mi_lab/teaching/curves/battery.json``.
"""

import json
import warnings

import click

from experiments.results import CURVES, ROOT, commit, machine, write
from mi_lab.arenas import arena, cca, compare, standing
from mi_lab.laws.battery import battery

RESULT = CURVES / "battery.json"
PROGRESS = ROOT / "experiments" / "progress"
ORDER = ("auto", "ksg", "mine", "infonce", "cca", "bins")
OPTIONS = {"mine": {"seeds": 2}, "infonce": {"seeds": 2}}  # critics that are trained; four are the front door's habit


class Method:
    """A method of `mi_lab.estimate`, or the baseline "cca", as a function of x and y."""

    def __init__(self, name: str):
        self.__name__ = self.key = name

    def __call__(self, x, y):
        from mi_lab import estimate

        return cca(x, y) if self.key == "cca" else estimate(x, y, self.key, progress=False, **OPTIONS.get(self.key, {}))


def merge(method: str, n: int, seeds: int, limit: float, bouts: list[list]) -> None:
    """Put the bouts of one method and size into the result file; the others stay."""
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"about": {}, "runs": []}
    runs = [r for r in before["runs"] if (r["method"], r["n"]) != (method, n)]
    runs.append({"method": method, "n": n, "seeds": seeds, "bouts": bouts})
    place = {name: i for i, name in enumerate(ORDER)}
    runs.sort(key=lambda r: (place.get(r["method"], len(ORDER)), r["method"], r["n"]))
    made = before["about"].get("made", {}) | {
        f"{method}, n = {n}": {
            "command": f"python -m experiments battery --methods {method} --n {n} --seeds {seeds} --limit {limit:g}",
            "commit": commit(),
            "options": OPTIONS.get(method, {}),
            "seeds": list(range(seeds)),
            "machine": machine(),
        }
    }
    laws = [
        {"law": b.name, "family": b.family, "dims": list(b.dims), "truth": round(b.truth, 6), "tuned": b.tuned}
        for b in battery()
    ]
    about = {
        "command": "python -m experiments battery",
        "bouts": "law, seed of its samples, nats, low and high end of the 90 % interval, sentences of warning, "
        "processor seconds, why it was lost",
        "laws": laws,
        "made": made,
    }
    write(RESULT, about, runs=runs)


@click.command()
@click.option("--methods", default="ksg,bins,cca", show_default=True, help="Names, separated by commas.")
@click.option("--n", "sizes", default="1000", show_default=True, help="Samples of each law; several by commas.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--limit", default=60.0, show_default=True, help="Seconds for one call.")
@click.option("--fresh", is_flag=True, help="Forget what was done before for these methods and sizes.")
def main(methods: str, sizes: str, seeds: int, limit: float, fresh: bool) -> None:
    """Run what is missing, then write the result of the methods that were run."""
    PROGRESS.mkdir(exist_ok=True)
    for method in [name.strip() for name in methods.split(",")]:
        for n in map(int, sizes.split(",")):
            file = PROGRESS / f"battery-{method}-{n}.jsonl"
            if fresh:
                file.unlink(missing_ok=True)
            with warnings.catch_warnings(record=True) as stopped:
                warnings.simplefilter("always")
                result = arena(Method(method), n, seeds, limit, name=method, file=file)
            print(result)
            if any("stopped after" in str(w.message) for w in stopped):
                raise SystemExit("stopped: the same command goes on.")
            merge(method, n, seeds, limit, [b.line() for b in result.bouts])
    pairs = [(r["method"], r["n"]) for r in json.loads(RESULT.read_text(encoding="utf-8"))["runs"]]
    for n in sorted({n for _, n in pairs}):
        print(f"\nmean error in nats, n = {n:,}")
        print(compare([standing(m, size) for m, size in pairs if size == n]).round(3).to_string())


if __name__ == "__main__":
    main()
