"""The arena: an estimator, yours or ours, runs on the battery of laws with known information, and is compared.

``mi_lab.arena(my_estimator)`` calls a function of x and y on fresh samples of every law, in a process of its own: one
that raises, hangs or returns NaN loses that law and nothing else.
"""

import contextlib
import io
import json
import math
import multiprocessing
import signal
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mi_lab.laws.battery import FAMILIES, Benchmark, battery

LEVEL = 0.9  # of the intervals that are counted
NORMAL = 1.6448536269514722  # half the width of such an interval of a Gaussian, in standard deviations
LOST = 1.0  # nats: the error of a law that is lost, or the truth if that is larger


@dataclass(frozen=True)
class Bout:
    """One call of the estimator: the law, the samples' seed, and what came of it."""

    law: str
    seed: int
    value: float = math.nan
    low: float = math.nan  # of the 90 % interval; NaN: the estimator gives none
    high: float = math.nan
    flags: int = 0  # sentences of warning in the result
    seconds: float = math.nan  # of the processor
    lost: str = ""  # why there is no value

    def line(self) -> list:
        """Return what a file can hold: numbers rounded, None for what is not finite."""
        numbers = [self.value, self.low, self.high, self.seconds]
        value, low, high, seconds = (None if not math.isfinite(v) else round(v, 5) for v in numbers)
        return [self.law, self.seed, value, low, high, self.flags, seconds, self.lost]

    @classmethod
    def read(cls, line: list) -> "Bout":
        law, seed, value, low, high, flags, seconds, lost = line
        value, low, high, seconds = (math.nan if v is None else v for v in (value, low, high, seconds))
        return cls(law, seed, value, low, high, flags, seconds, lost)


@dataclass
class Standing:
    """How an estimator did: its bouts, a table, and a picture beside others.

    Attributes
    ----------
    name : str
    n : int
        Samples of each law.
    bouts : list of Bout
    """

    name: str
    n: int
    bouts: list[Bout] = field(default_factory=list, repr=False)

    def table(self):
        """Return a pandas table, a row a law: truth, mean estimate, error, share covered, seconds, why it was lost."""
        import pandas as pd

        rows = []
        for one in battery():
            of = [b for b in self.bouts if b.law == one.name]
            if of:
                rows.append({"law": one.name, "family": one.family, "tuned": one.tuned} | self._row(one, of))
        return pd.DataFrame(rows).set_index("law") if rows else pd.DataFrame()

    @staticmethod
    def _row(one: Benchmark, of: list[Bout]) -> dict:
        kept = [b for b in of if not b.lost]
        errors = [abs(b.value - one.truth) for b in kept] + [max(LOST, one.truth)] * (len(of) - len(kept))
        told = [b for b in kept if math.isfinite(b.low) and math.isfinite(b.high)]
        covered = [b.low <= one.truth <= b.high for b in told]
        wrong = [b for b in told if not b.low <= one.truth <= b.high]
        return {
            "truth": one.truth,
            "mean": float(np.mean([b.value for b in kept])) if kept else math.nan,
            "error": float(np.mean(errors)),
            "covers": float(np.mean(covered)) if told else math.nan,
            "unflagged": sum(b.flags == 0 for b in wrong),
            "seconds": float(np.median([b.seconds for b in kept])) if kept else math.nan,
            "lost": next((b.lost for b in of if b.lost), ""),
        }

    @property
    def error(self) -> float:
        """Mean over laws of the mean absolute error, in nats; a lost law counts as one nat, or its truth."""
        return float(self.table()["error"].mean()) if self.bouts else math.nan

    def families(self):
        """Return a pandas table, a row a family: mean error in nats, and the share of samples that are covered."""
        table = self.table()
        return table.groupby("family", sort=False)[["error", "covers"]].mean().reindex(FAMILIES).dropna(how="all")

    def beside(self, *others: "Standing | str", tuned: bool | None = None):
        """Return a pandas table of mean errors in nats: families and all laws down, estimators across.

        Parameters
        ----------
        *others : Standing or name of a method of the book's own run; all of them at this n if left out.
        tuned : bool, optional
            Only the laws that the default was developed on, or only the others.
        """
        return compare([self, *(_ours(o, self.n) for o in others or methods(self.n))], tuned)

    def plot(self, *others: "Standing | str", ax=None):
        """Draw families down and estimators across, error in colour and number, coverage as a mark; return the axes."""
        return picture([self, *(_ours(o, self.n) for o in others or methods(self.n))], ax)

    def __str__(self) -> str:
        lost = len({b.law for b in self.bouts if b.lost})
        laws = len({b.law for b in self.bouts})
        said = f", {lost} of them lost" if lost else ""
        return f"{self.name}: mean error {self.error:.3f} nats on {laws} laws{said}, n = {self.n:,}"


def compare(standings: Iterable[Standing], tuned: bool | None = None):
    """Return a pandas table of mean errors in nats, on the laws that all have run: families down, estimators across."""
    import pandas as pd

    tables = {s.name: s.table() for s in standings}
    common = set.intersection(*(set(t.index) for t in tables.values()))
    kept = {
        name: t[t.index.isin(common) & (True if tuned is None else t["tuned"] == tuned)] for name, t in tables.items()
    }
    columns = {name: t.groupby("family", sort=False)["error"].mean() for name, t in kept.items()}
    out = pd.DataFrame(columns).reindex(
        [f for f in FAMILIES if f in set.union(*(set(c.index) for c in columns.values()))]
    )
    out.loc["all laws"] = {name: t["error"].mean() for name, t in kept.items()}
    return out


def picture(standings: list[Standing], ax=None):
    """Draw mean errors: families down, estimators across; a dot: 90 % intervals cover 85 %, a ring: they do not."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import LogNorm

    errors = compare(standings)
    errors = errors.drop(index="all laws")
    covers = {s.name: s.families()["covers"] for s in standings}
    if ax is None:
        _, ax = plt.subplots(figsize=(1.6 + 0.72 * len(standings), 0.8 + 0.36 * len(errors)))
    shown = errors.clip(0.01, 1)
    mesh = ax.pcolormesh(shown, norm=LogNorm(0.01, 1), cmap="cividis_r", edgecolors="white", linewidth=1)
    for i, family in enumerate(errors.index):
        for j, name in enumerate(errors.columns):
            dark = shown.iloc[i, j] > 0.09
            color, value = ("white" if dark else "#00224e"), errors.iloc[i, j]
            ax.text(j + 0.42, i + 0.5, f"{value:.2f}", ha="center", va="center", color=color, fontsize=9)
            cover = covers[name].get(family, math.nan)
            if math.isfinite(cover):
                fill = color if cover >= 0.85 else "none"
                ax.plot(j + 0.86, i + 0.5, "o", ms=4.5, mfc=fill, mec=color, mew=1)
    ax.set(xticks=np.arange(len(errors.columns)) + 0.5, yticks=np.arange(len(errors)) + 0.5)
    ax.set_xticklabels(errors.columns, rotation=35, ha="left", rotation_mode="anchor")
    ax.set_yticklabels(errors.index)
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.invert_yaxis(), ax.grid(False)
    bar = ax.figure.colorbar(mesh, ax=ax, orientation="horizontal", extend="both", aspect=30, pad=0.02, shrink=0.9)
    bar.set_label("mean error, nats"), bar.set_ticks([0.01, 0.1, 1], labels=["0.01", "0.1", "1"])
    return ax


def methods(n: int) -> list[str]:
    """Return the names of the methods that the book's own run holds at this n; none if there is no such n."""
    runs = _run().get("runs", [])
    return [r["method"] for r in runs if r["n"] == n]


def standing(method: str, n: int) -> Standing:
    """Return how a method did in the book's own run (`python -m experiments battery`).

    Raises
    ------
    ValueError
        It did not run at this n.
    """
    runs = _run().get("runs", [])
    for run in runs:
        if (run["method"], run["n"]) == (method, n):
            return Standing(method, n, [Bout.read(line) for line in run["bouts"]])
    there = ", ".join(f"{r['method']} at n = {r['n']:,}" for r in runs)
    raise ValueError(f"no run of {method!r} at n = {n!r}, wanted one of: {there or 'none, the file is missing'}.")


def _run() -> dict:
    from mi_lab.teaching.curves import load_run

    try:
        return load_run("battery")
    except ValueError:
        return {}


def _ours(other: "Standing | str", n: int) -> Standing:
    return standing(other, n) if isinstance(other, str) else other


def arena(
    estimator: Callable[[Any, Any], Any],
    n: int = 1000,
    seeds: int = 1,
    limit: float = 20.0,
    laws: Iterable[str | Benchmark] | None = None,
    name: str | None = None,
    file: str | Path | None = None,
    progress: bool | None = None,
) -> Standing:
    """Run an estimator on the battery, and return how it stands.

    It runs in a process of its own, on one thread.  A call that raises, that takes longer than `limit` or returns
    nothing finite loses that law with that seed: it counts as an error of one nat, or of the truth if that is larger.
    Ctrl-C returns what there is.

    Parameters
    ----------
    estimator : function
        Takes x, (n, columns), and y, float32 tensors; returns nats: a number, a pair (number, standard error), a
        triple (number, low, high) with the ends of a 90 % interval, or an `Estimate`.
    n : int
        Samples of each law, at least 8.
    seeds : int
        Samples of each law are drawn so many times; seed i draws the same ones for everybody.
    limit : float
        Seconds for one call.
    laws : names or Benchmarks, optional
        Which; all of `mi_lab.battery()` if left out.
    name : str, optional
        In tables and pictures; the function's own if left out.
    file : path, optional
        Bouts are kept there, and a run that was stopped goes on; those of a function with another code are dropped.
    progress : bool, optional
        Show a progress bar; left out, only where someone watches, after two seconds.

    Returns
    -------
    Standing
        ``print`` it, or take ``.table()``, ``.beside("ksg")``, ``.plot()``.

    Raises
    ------
    ValueError
        No function, no such law, or a number that makes no sense.

    Examples
    --------
    >>> arena(lambda x, y: 0.0, n=100, laws=["X"])
    """
    from tqdm import tqdm

    if not callable(estimator):
        raise ValueError(f"estimator is a {type(estimator).__name__}, wanted a function of x and y.")
    for what, value, least in (("n", n, 8), ("seeds", seeds, 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{what} = {value!r}, wanted a whole number of at least {least}.")
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit < math.inf:
        raise ValueError(f"limit = {limit!r}, wanted seconds above 0.")
    name = name or getattr(estimator, "__name__", type(estimator).__name__)
    laws, mark = _chosen(laws), _fingerprint(estimator)
    kept = _kept(file, mark, n)
    todo = [(one, seed) for seed in range(seeds) for one in laws if (one.name, seed) not in kept]
    cage = _Cage(estimator, limit)
    bar = tqdm(todo, desc=f"arena, {name}", delay=2, disable=None if progress is None else not progress)
    try:
        for one, seed in bar:
            bar.set_postfix_str(one.name)
            bout = cage.call(one, n, seed)
            kept[one.name, seed] = bout
            if file is not None:
                with Path(file).open("a", encoding="utf-8") as out:
                    out.write(json.dumps([mark, n, bout.line()], ensure_ascii=False) + "\n")
    except KeyboardInterrupt:
        warnings.warn(f"stopped after {len(kept)} of {seeds * len(laws)} calls: this is what there is.", stacklevel=2)
    finally:
        cage.end()
    wanted = {(one.name, seed) for one in laws for seed in range(seeds)}
    return Standing(name, n, [bout for key, bout in kept.items() if key in wanted])


def _chosen(laws) -> list[Benchmark]:
    every = {one.name: one for one in battery()}
    if laws is None:
        return list(every.values())
    laws = [laws] if isinstance(laws, (str, Benchmark)) else list(laws)
    for law in laws:
        if not isinstance(law, Benchmark) and law not in every:
            raise ValueError(f"there is no law {law!r}, wanted some of: {', '.join(every)}.")
    if not laws:
        raise ValueError("laws is empty, wanted at least one.")
    return [law if isinstance(law, Benchmark) else every[law] for law in laws]


def _fingerprint(estimator: Callable) -> int:
    """Return a number that changes with a function's code, so that old results aren't taken for those of a new one."""
    seen, todo = [], [getattr(estimator, "__code__", None)]
    while todo:
        code = todo.pop()
        if code is None:
            seen.append(repr(getattr(estimator, "key", type(estimator).__qualname__)))
            continue
        todo += [c for c in code.co_consts if hasattr(c, "co_code")]
        seen += [code.co_code.hex(), str([c for c in code.co_consts if not hasattr(c, "co_code")]), str(code.co_names)]
    return zlib.crc32("".join(seen).encode())


def _kept(file, mark: int, n: int) -> dict[tuple[str, int], Bout]:
    if file is None or not Path(file).is_file():
        return {}
    lines = []
    for text in Path(file).read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a line that was cut off when the run was killed
            lines.append(json.loads(text))
    bouts = [Bout.read(line) for of, size, line in lines if (of, size) == (mark, n)]
    return {(b.law, b.seed): b for b in bouts}


class _Cage:
    """The process in which an estimator runs; ended and started afresh when a call hangs."""

    def __init__(self, estimator: Callable, limit: float):
        self.estimator, self.limit, self.process = estimator, limit, None

    def _start(self) -> None:
        forks = sys.platform.startswith("linux")  # elsewhere a fork is unsafe, and the function travels as bytes
        context = multiprocessing.get_context("fork" if forks else "spawn")
        self.pipe, theirs = context.Pipe()
        given = self.estimator if forks else _pickled(self.estimator)
        self.process = context.Process(target=_serve, args=(theirs, given), daemon=True)
        self.process.start()
        theirs.close()
        with contextlib.suppress(EOFError):
            self.pipe.recv()  # it is ready

    def call(self, one: Benchmark, n: int, seed: int) -> Bout:
        """Return what comes of one call, whatever it does."""
        if self.process is None or not self.process.is_alive():
            self._start()
        begin = time.monotonic()
        try:
            self.pipe.send((one, n, seed))
            if not self.pipe.poll(self.limit):
                self.end()
                return Bout(one.name, seed, seconds=self.limit, lost=f"no answer in {self.limit:g} seconds")
            value, low, high, flags, seconds, lost = self.pipe.recv()
        except (EOFError, OSError):
            self.end()
            return Bout(one.name, seed, seconds=time.monotonic() - begin, lost="its process died")
        return Bout(one.name, seed, value, low, high, flags, seconds, lost)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None


def _pickled(estimator: Callable) -> bytes:
    import cloudpickle

    return cloudpickle.dumps(estimator)


def _serve(pipe, estimator) -> None:
    """Answer calls until the pipe closes; runs in the process of its own."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever waits
    torch.set_num_threads(1)  # also: the threads of a process that was forked did not come along
    if isinstance(estimator, bytes):
        import cloudpickle

        estimator = cloudpickle.loads(estimator)
    pipe.send("ready")
    while True:
        try:
            one, n, seed = pipe.recv()
        except EOFError:
            return
        x, y = one.sample(n, np.random.default_rng([seed, n, zlib.crc32(one.name.encode())]))
        begin = time.process_time()  # whatever else the machine is busy with
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                answer = _read(estimator(x, y))
        except Exception as error:
            answer = (math.nan, math.nan, math.nan, 0, f"{type(error).__name__}: {error}"[:120])
        *numbers, lost = answer
        pipe.send((*numbers, time.process_time() - begin, lost))


def _read(answer: Any) -> tuple[float, float, float, int, str]:
    """Return value, low, high, number of warnings, and why it is lost, of whatever an estimator returns."""
    if answer is None:
        return math.nan, math.nan, math.nan, 0, "it returned nothing"
    low = high = math.nan
    flags = len(getattr(answer, "warnings", ()))
    if hasattr(answer, "value"):
        value, error = float(answer.value), getattr(answer, "error", None)
        if hasattr(answer, "interval"):
            with contextlib.suppress(ValueError):  # without an error bar there is none
                low, high = map(float, answer.interval(LEVEL))
        elif error is not None:
            low, high = value - NORMAL * error, value + NORMAL * error
    elif isinstance(answer, (tuple, list)) and len(answer) in (2, 3):
        value, *more = map(float, answer)
        low, high = more if len(more) == 2 else (value - NORMAL * more[0], value + NORMAL * more[0])
    else:
        value = float(answer)
    if not math.isfinite(value):
        return math.nan, math.nan, math.nan, flags, f"it returned {value}"
    return value, low, high, flags, ""


def cca(x: Any, y: Any) -> float:
    r"""Return the information of Gaussians with the samples' canonical correlations, in nats: the plainest baseline.

    .. math:: \hat I = -\tfrac12 \sum_j \log(1 - r_j^2)

    No bound, and too large by about d_x d_y / 2n for Gaussians; blind to everything that correlation doesn't see.
    """
    z = [np.asarray(v, dtype=float) - np.asarray(v, dtype=float).mean(0) for v in (x, y)]
    q = [np.linalg.qr(v)[0] for v in z]
    r = np.linalg.svd(q[0].T @ q[1], compute_uv=False)
    return float(-np.log1p(-(np.clip(r, 0, 1 - 1e-12) ** 2)).sum() / 2)
