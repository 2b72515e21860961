"""The explorer of chapter 3: what is counted near a point, and what the count makes of mutual information."""

import numpy as np
import traitlets

from mi_lab.samples import as_array_pair
from mi_lab.teaching.sliders.counts import METHODS, default_sample, estimates, geometry
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel


class Neighbourhood(Explorer):
    r"""Move k, the number of bins or the bandwidth and see what is counted, and estimate against truth.

    Parameters
    ----------
    x, y : array-like (n,) or (n, 1), optional
        Joint samples, 10 to 500; 200 samples of a Gaussian with correlation .9 if left out.
    method : {"neighbours", "bins", "kernels"}
        ``"neighbours"``: KSG-1, the slider moves k; ``"bins"``: plug-in histogram, the slider moves the number of bins
        per axis; ``"kernels"``: Gaussian kernels, the slider moves the bandwidth in standard deviations.
    truth : float, optional
        I(X;Y) in nats of the law of x and y; wanted with x and y, known for the sample that is the default.
    value : int or float, optional
        k, bins or bandwidth at the start.
    point : int, optional
        The sample whose neighbourhood is drawn (``"neighbours"``); one near the middle of the cloud if left out.

    Attributes
    ----------
    value : float
        The slider's value: k, bins per axis, or bandwidth (synced with the notebook).
    estimate : float
        The estimate in nats for the present value.

    Raises
    ------
    ValueError
        NaN, different lengths, more than one column, too many samples, unknown method, or a value off its range.
    """

    kind = "neighbourhood"
    control = "value"

    value = traitlets.Float().tag(sync=True)

    def __init__(self, x=None, y=None, *, method: str = "neighbours", truth=None, value=None, point=None):
        if method not in METHODS:
            raise ValueError(f"method is {method!r}, wanted one of {', '.join(map(repr, METHODS))}.")
        if x is None and y is None:
            x, y, truth = default_sample()
        elif x is None or y is None:
            raise ValueError("x and y belong together: give both or neither.")
        elif truth is None or not np.isfinite(truth):
            raise ValueError(f"truth is {truth!r}, wanted I(X;Y) in nats: without it the picture has no line of truth.")
        x, y = as_array_pair(x, y, minimum=10)
        if x.shape[1] > 1 or y.shape[1] > 1:
            raise ValueError(f"x has {x.shape[1]} columns and y {y.shape[1]}: a cloud in the plane wants one each.")
        if len(x) > 500:
            raise ValueError(f"x and y have {len(x)} samples, the page carries at most 500: hand in x[:500], y[:500].")
        self._method, self._spec, self._truth = method, METHODS[method], float(truth)
        self._x, self._y = x[:, 0].round(4), y[:, 0].round(4)
        n = len(self._x)
        grid = self._spec.grid(n)
        self._low, self._high = min(grid), max(grid)
        start = self._checked(self._spec.start if value is None else value)
        self._grid = sorted({*grid, start})
        if point is None:
            middle = np.abs(self._x - np.quantile(self._x, 0.6)) + np.abs(self._y - np.quantile(self._y, 0.6))
            point = int(np.argmin(middle))
        if not 0 <= point < n:
            raise ValueError(f"point is {point!r}, wanted the number of a sample, 0 to {n - 1}.")
        self._facts_of = {
            "x": self._x,
            "y": self._y,
            "point": int(point),
            "range": [_span(self._x), _span(self._y)],
            "sd": [float(self._x.std()), float(self._y.std())],
            "mesh_x": _mesh(self._x),
            "mesh_y": _mesh(self._y),
        }
        self._estimates = estimates(method, self._facts_of, self._grid)
        self.title, self.label, self.shown = self._spec.title, self._spec.label, self._spec.shown
        self.spoken = self._spec.spoken + ", estimate {estimate:.3f} nats"
        self.sentence = (
            self._spec.sentence.replace("#n", str(n))
            + f" {{estimate:.3f|a}} nats, {{error:.3f}} {{side}} the truth, {self._truth:.3f}."
        )
        self.description = (
            f"Left: {n} samples and {self._spec.seen}. Right: the estimate in nats for every {self._spec.what}, "
            "the present one marked, and the truth dashed."
        )
        data = {**self._facts_of, "method": method, "truth": self._truth, "grid": self._grid}
        data |= {"estimates": self._estimates, "log": self._spec.log}
        printed = sorted({self._grid[0], start, self._grid[-1]})
        super().__init__(self._grid, start, data, printed=printed)

    def _checked(self, value) -> float:
        whole = self._method != "kernels"
        wrong = not isinstance(value, (int, float, np.number)) or (whole and value != round(value))
        if wrong or not self._low <= value <= self._high:
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"value is {value!r}, wanted {kind} from {self._low:g} to {self._high:g}.")
        return float(value)

    @traitlets.validate("value")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    @property
    def estimate(self) -> float:
        """The estimate in nats for the present value."""
        return self.numbers["estimate"]

    def compute(self, value: float) -> dict:
        """Return what is counted and the estimate; see `Explorer.compute`."""
        index = int(np.argmin(np.abs(np.asarray(self._grid) - value)))
        estimate = self._estimates[index]
        return {
            **geometry(self._method, value, self._facts_of),
            "value": value,
            "estimate": estimate,
            "at": float(np.log10(value)) if self._spec.log else value,
            "error": abs(estimate - self._truth),
            "side": "below" if estimate < self._truth else "above",
        }

    def _panels(self, state: dict) -> list[Panel]:
        facts, spec = self._facts_of, self._spec
        left = Panel(state, spec.picture)
        plot = left.plot((36, 30, 284, 226), *facts["range"])
        if self._method == "neighbours":
            low, high = facts["range"]
            plot.moving("boxes", "left", "right", repr(high[0]), repr(high[1]), role="c")
            plot.moving("boxes", repr(low[0]), repr(low[1]), "lower", "upper", role="a")
            plot.moving("boxes", "left", "right", "lower", "upper", role="frame")
            plot.fixed("dots", self._x, self._y, role="faint")
            plot.moving("dots", "column_x", "column_y", role="c")
            plot.moving("dots", "row_x", "row_y", role="a")
            plot.moving("dots", "near_x", "near_y", role="b")
            at = self._x[facts["point"]], self._y[facts["point"]]
            plot.fixed("dots", *at, role="halo")
            plot.fixed("dots", *at, role="big-b")
        else:
            for i in range(1, 6):
                plot.moving("boxes", *(f"heat{i}_{k}" for k in ("x0", "x1", "y0", "y1")), role=f"heat{i}")
            if self._method == "bins":
                plot.moving("line", "rule_x", "rule_y", role="rules")
            plot.fixed("dots", self._x, self._y, role="faint")
        plot.axis("bottom", "x")
        plot.axis("left", "y")

        right = Panel(state, f"Estimate against {spec.what}, with the truth")
        place = np.log10(self._grid) if spec.log else np.asarray(self._grid, float)
        span = 0.025 * (place[-1] - place[0])
        xlim = (place[0] - span, place[-1] + span)
        low = min(0.0, *self._estimates)
        high = max(self._truth, *self._estimates)
        plot = right.plot((44, 30, 284, 226), xlim, (low, high + 0.12 * (high - low)))
        plot.fixed("line", xlim, [self._truth, self._truth], role="truth")
        plot.fixed("line", place, self._estimates, role="soft")
        plot.moving("dots", "at", "estimate", role="halo")
        plot.moving("dots", "at", "estimate", role="big-a")
        plot.handle("at", "estimate", x="value:10" if spec.log else "value")
        plot.note(xlim[1], self._truth, "truth", anchor="end", dx=-4, dy=-7)
        ticks = [v for v in spec.ticks if self._grid[0] <= v <= self._grid[-1]]
        places = np.log10(ticks) if spec.log else ticks
        plot.axis("bottom", spec.axis, ticks=list(places), names=[f"{v:g}" for v in ticks])
        plot.axis("left", "estimate of I(X;Y), nats")
        return [left, right]


def _span(v: np.ndarray) -> list[float]:
    margin = 0.02 * max(v.max() - v.min(), 1e-3)
    return [round(float(v.min() - margin), 4), round(float(v.max() + margin), 4)]


def _mesh(v: np.ndarray) -> list[float]:
    low, high = _span(v)
    half = (high - low) / 72
    return np.linspace(low + half, high - half, 36).round(4).tolist()
