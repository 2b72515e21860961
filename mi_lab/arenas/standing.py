"""How an estimator stands: its bouts, a table, a picture beside others, and the book's own run."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from mi_lab.laws.battery import FAMILIES, Benchmark, battery

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
