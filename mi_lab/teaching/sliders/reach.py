"""The second explorer of chapter 19: how far a cost model reaches beyond the runs that it was fitted on."""

import numpy as np
import traitlets

from mi_lab.teaching.costs import fit_cost, pair_units
from mi_lab.teaching.curves import load_run
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

COLUMNS = [30, 60, 100, 300, 600, 1000, 3000, 10_000, 30_000, 44_722, 100_000]  # 44,722 make a thousand million pairs
CORES, ROWS, FITTED = [1, 2, 8, 64, 512], 250, 100
UNITS = [("seconds", 1.0), ("minutes", 60.0), ("hours", 3600.0), ("days", 86400.0), ("years", 365.25 * 86400)]


class ReachExplorer(Explorer):
    r"""Predict how long all pairs of a table's columns take, from runs of a hundred columns at most.

    Parameters
    ----------
    columns : int
        At the start, one of the slider's.
    cores : int
        At the start: 1, 2, 8, 64 or 512.

    Attributes
    ----------
    columns : int
    cores : int
        The sliders' values (synced with the notebook).

    Raises
    ------
    ValueError
        For a number that the sliders don't have.
    """

    kind = "reach"
    title = "How long all pairs of columns take, from small runs to large tables"
    control, label, shown = "columns", "Columns", "{columns:d}"
    spoken = "{columns:d} columns, {pairs:d} pairs: {took:.1f} {unit} on {on}, {word}"
    second = {
        "name": "cores",
        "label": "Cores, all busy",
        "shown": "{cores:d}",
        "spoken": "{cores:d} cores",
    }
    sentence = "{columns:d} columns of 250 rows make {pairs:d} pairs: {took:.1f|a} {unit} on {on}, {word}."
    description = (
        "Time against the number of columns, both on logarithmic axes. Green dots: runs that were measured on one "
        "core. Solid blue: the model, as far as a run was measured; dashed: what it says beyond. More cores move the "
        "point down."
    )

    columns = traitlets.Int().tag(sync=True)
    cores = traitlets.Int().tag(sync=True)

    def __init__(self, columns: int = 10_000, cores: int = 1):
        self._checked("columns", columns), self._checked("cores", cores)
        runs = load_run("costs")["runs"]["tables"]
        small = [r for r in runs if r["columns"] <= FITTED and r["rows"] <= 1000]
        cost = fit_cost([pair_units(r["columns"], r["rows"]) for r in small], [r["seconds"] for r in small])
        self._seconds = [float(cost @ pair_units(p, ROWS)) for p in COLUMNS]
        self._measured = [(r["columns"], r["seconds"]) for r in runs if r["rows"] == ROWS]
        data = {"columns": COLUMNS, "seconds": self._seconds, "most": max(p for p, _ in self._measured)}
        data |= {"units": UNITS}
        super().__init__(COLUMNS, columns, data, printed=[600, 10_000, 44_722], second=(CORES, cores))

    @staticmethod
    def _checked(name: str, value) -> int:
        grid = COLUMNS if name == "columns" else CORES
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value not in grid:
            raise ValueError(f"{name} is {value!r}, wanted one of {', '.join(map(str, grid))}.")
        return int(value)

    @traitlets.validate("columns", "cores")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, columns: int, cores: int) -> dict:
        """Return pairs and time, in the largest unit of which it is one; see `Explorer.compute`."""
        seconds = self._seconds[COLUMNS.index(columns)] / cores
        unit, size = [(u, s) for u, s in UNITS if s == 1 or seconds >= 2 * s][-1]
        return {
            "columns": columns,
            "cores": cores,
            "pairs": columns * (columns - 1) // 2,
            "took": seconds / size,
            "unit": unit,
            "on": "1 core" if cores == 1 else f"{cores} cores",
            "word": "as measured runs confirm" if columns <= self._facts_most else "an extrapolation",
            "at": float(np.log10(columns)),
            "height": float(np.log10(seconds)),
        }

    @property
    def _facts_most(self) -> int:
        return max(p for p, _ in self._measured)

    def _panels(self, state: dict) -> list[Panel]:
        panel = Panel(state, "Time of all pairs against the number of columns")
        plot = panel.plot((62, 36, 266, 220), (1.3, 5.1), (-2.6, 7.6))
        x, y = np.log10(COLUMNS), np.log10(self._seconds)
        near = x <= np.log10(self._facts_most) + 1e-9
        last = int(near.sum())
        for name, seconds in (("minute", 60), ("hour", 3600), ("day", 86400), ("month", 30 * 86400)):
            plot.fixed("line", [1.3, 5.1], [np.log10(seconds)] * 2, role="rules")
            plot.note(1.35, np.log10(seconds), f"a {name}" if name != "hour" else "an hour", role="ink", dy=-3)
        plot.fixed("line", x[last - 1 :], y[last - 1 :], role="truth")
        plot.fixed("line", x[:last], y[:last], role="a")
        plot.fixed("dots", *np.log10(np.array(self._measured, float)).T, role="c")
        plot.moving("dots", "at", "height", role="halo")
        plot.moving("dots", "at", "height", role="big-a")
        plot.axis("bottom", "columns", ticks=[2, 3, 4, 5], names=["100", "1,000", "10⁴", "10⁵"])
        plot.axis("left", "seconds", ticks=[-2, 0, 2, 4, 6], names=["0.01", "1", "100", "10⁴", "10⁶"])
        return [panel]
