"""The second explorer of chapter 14: law after law of the battery, its samples, and what every method said of it."""

import math

import numpy as np
import traitlets

from mi_lab.arenas import methods, standing
from mi_lab.laws.battery import battery
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

POINTS, FAR = 160, 1.0  # samples that are drawn of each law, and nats up to which errors are drawn
SHOWN = [
    "normal, 2 nats",
    "bimodal",
    "cosine and noise",
    "Student 1, 1+1",
    "X",
    "rings",
    "ridges, 1+1",
    "half-cube, 1+1",
    "spikes and normal",
    "uniform steps",
    "spiral, 2+2",
    "spiral, 5+5",
    "galaxy",
    "circle, 10+10",
    "three X, mixed",
    "ridges, 5+5",
    "two pairs, 50+50",
    "10 nats, 20+20",
    "independent, 20+20",
    "independent, label",
]


def _seen(one) -> np.ndarray:
    """Return samples to look at, (2, POINTS), each column brought to -1 … 1 between its 3rd and 97th per cent."""
    x, y = (np.asarray(z, dtype=float) for z in one.sample(POINTS, seed=1))
    pair = np.stack([x[:, 0], x[:, 1] if one.family == "rotations" else y[:, 0]])
    low, high = np.quantile(pair, [0.03, 0.97], axis=1)
    return (2 * (pair - low[:, None]) / np.maximum(high - low, 1e-9)[:, None] - 1).clip(-1.6, 1.6).round(2)


class LineupExplorer(Explorer):
    """Walk along the laws of the battery: samples on the left, errors and 90 % intervals of all methods on the right.

    The numbers are those of the book's own run, `python -m experiments battery`.

    Parameters
    ----------
    law : str
        At the start; one of the twenty that are shown.

    Attributes
    ----------
    law : str
        The first slider's value (synced with the notebook).
    n : int
        The second's: samples of each law, 1,000 or 10,000.

    Raises
    ------
    ValueError
        For a law that isn't shown.
    """

    kind = "lineup"
    title = "Laws of the battery, and what every method says of them"
    control, label, shown = "law", "Law", "{law}"
    spoken = (
        "{law}: truth {truth:.2f} nats, nearest {best}, {best_error:.2f} off, farthest {worst}, {worst_error:.2f} off"
    )
    second = {
        "name": "n",
        "label": "Samples of the law",
        "shown": "n = {n:d}",
        "spoken": "n = {n:d}: nearest {best}, {best_error:.2f} off, farthest {worst}, {worst_error:.2f} off",
    }
    sentence = (
        "{law|plain}: the truth is {truth:.2f|truth} nats. With n = {n:d} {best|plain} is nearest, {best_error:.2f} "
        "nats off, and {worst|plain} farthest, {worst_error:.2f}."
    )

    law = traitlets.Unicode().tag(sync=True)
    n = traitlets.Int().tag(sync=True)

    def __init__(self, law: str = "rings"):
        if law not in SHOWN:
            raise ValueError(f"law is {law!r}, wanted one of: {'; '.join(SHOWN)}.")
        every = {one.name: one for one in battery()}
        self._sizes = [n for n in (1000, 10_000) if methods(n)]
        self._names = list(dict.fromkeys(name for n in self._sizes for name in methods(n)))
        self._truths = [round(every[name].truth, 4) for name in SHOWN]
        self._points = [_seen(every[name]) for name in SHOWN]
        self._bouts = [[self._errors(every[name], n) for n in self._sizes] for name in SHOWN]
        data = {"laws": SHOWN, "sizes": self._sizes, "names": self._names, "truths": self._truths}
        data |= {"points": self._points, "bouts": self._bouts}
        self.description = (
            "Left: samples of the law, its first columns, drawn to one size (for spirals both columns are of X). "
            "Right: a line for each method: errors of single samples as dots, their 90 % intervals as bars; dashed, "
            f"the truth. Errors beyond {FAR:g} nat lie on the edge; a method that gave no answer has no dot."
        )
        printed = sorted({law, "spiral, 5+5", "two pairs, 50+50", "independent, 20+20"}, key=SHOWN.index)
        super().__init__(SHOWN, law, data, printed=printed, second=(self._sizes, self._sizes[0]))

    def _errors(self, one, n: int) -> list:
        """Return, for each method, errors, and low and high ends less the truth, seed by seed; None where missing."""
        cut = lambda v: None if not math.isfinite(v) else round(min(FAR, max(-FAR, v - one.truth)), 3)  # noqa: E731
        found = []
        for name in self._names:
            of = [b for b in standing(name, n).bouts if b.law == one.name] if name in methods(n) else []
            mean = [abs(b.value - one.truth) for b in of if not b.lost]
            found.append(
                {
                    "values": [cut(b.value) for b in of],
                    "low": [cut(b.low) for b in of],
                    "high": [cut(b.high) for b in of],
                    "error": round(float(np.mean(mean)), 4) if mean else None,
                }
            )
        return found

    @traitlets.validate("law", "n")
    def _valid(self, proposal):
        name, value = proposal.trait.name, proposal.value
        known = SHOWN if name == "law" else self._sizes
        if value not in known:
            raise ValueError(f"{name} is {value!r}, wanted one of: {'; '.join(map(str, known))}.")
        return value

    def compute(self, law: str, n: int) -> dict:
        """Return the samples, and dots and bars of every method; see `Explorer.compute`."""
        at = SHOWN.index(law)
        bouts = self._bouts[at][self._sizes.index(n)]
        dots, rows, ends, bars = [], [], [], []
        for k, of in enumerate(bouts):
            seeds = len(of["values"])
            for i in range(seeds):
                height = k + 0.5 + 0.22 * (i - (seeds - 1) / 2)
                dots.append(_gap(of["values"][i]))
                rows.append(height)
                ends += [_gap(of["low"][i]), _gap(of["high"][i]), math.nan]
                bars += [height, height, math.nan]
        told = sorted((of["error"], k) for k, of in enumerate(bouts) if of["error"] is not None)
        (best_error, best), (worst_error, worst) = told[0], told[-1]
        return {
            "law": law,
            "n": n,
            "truth": self._truths[at],
            "best": self._names[best],
            "best_error": best_error,
            "worst": self._names[worst],
            "worst_error": worst_error,
            "x": self._points[at][0],
            "y": self._points[at][1],
            "dots": dots,
            "rows": rows,
            "ends": ends,
            "bars": bars,
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Samples of the law")
        plot = left.plot((60, 36, 220, 220), (-1.7, 1.7), (-1.7, 1.7))
        plot.moving("dots", "x", "y", role="fine")
        plot.axis("bottom", "x, scaled", ticks=[])
        plot.axis("left", "y, scaled", ticks=[])

        right = Panel(state, "Errors of all methods, with their intervals")
        count = len(self._names)
        plot = right.plot((72, 20, 258, 236), (-FAR - 0.08, FAR + 0.08), (count, 0))
        for k in range(count + 1):
            plot.fixed("line", [-FAR - 0.08, FAR + 0.08], [k, k], role="rules")
        plot.fixed("line", [0, 0], [0, count], role="truth")
        plot.moving("line", "ends", "bars", role="soft")
        plot.moving("dots", "dots", "rows", role="big-b")
        plot.axis("bottom", "estimate less truth, nats", ticks=[-1, -0.5, 0, 0.5, 1])
        plot.axis("left", "", ticks=[k + 0.5 for k in range(count)], names=self._names)
        return [left, right]


def _gap(value):
    return math.nan if value is None else value
