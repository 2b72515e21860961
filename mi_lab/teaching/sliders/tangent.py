"""The explorer of chapter 6: a convex function lies above its tangents, and the gap is what a critic loses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel


@dataclass(frozen=True)
class Family:
    """A convex f with f(1) = 0, its conjugate f*, the point ``touch`` = (f′)⁻¹ and the slope f′."""

    name: str
    formula: str
    f: Callable
    star: Callable
    touch: Callable
    slope: Callable
    slopes: tuple[float, float]  # shown on the slider, inside the domain of f*
    unit: str = "nats"


def _xlogx(u):
    u = np.asarray(u, dtype=float)
    return np.where(u > 0, u * np.log(np.where(u > 0, u, 1)), 0.0)


FAMILIES = {
    "KL": Family(
        "Kullback–Leibler",
        "f(u) = u log u",
        _xlogx,
        lambda t: np.exp(t - 1),
        lambda t: np.exp(t - 1),
        lambda u: np.log(u) + 1,
        (-1.0, 2.6),
    ),
    "reverse": Family(
        "reverse Kullback–Leibler",
        "f(u) = −log u",
        lambda u: -np.log(u),
        lambda t: -1 - np.log(-np.asarray(t, dtype=float)),
        lambda t: -1 / t,
        lambda u: -1 / u,
        (-3.0, -0.2),
    ),
    "JS": Family(
        "Jensen–Shannon",
        "f(u) = ½ (u log u − (u + 1) log ((u + 1)/2))",
        lambda u: 0.5 * (_xlogx(u) - (u + 1) * np.log((u + 1) / 2)),
        lambda t: -0.5 * np.log(2 - np.exp(2 * t)),
        lambda t: np.exp(2 * t) / (2 - np.exp(2 * t)),
        lambda u: 0.5 * np.log(2 * u / (u + 1)),
        (-1.0, 0.32),
    ),
    "chi2": Family(
        "Pearson χ²",
        "f(u) = (u − 1)²",
        lambda u: (np.asarray(u, dtype=float) - 1) ** 2,
        lambda t: np.where(np.asarray(t) > -2, t + np.asarray(t, dtype=float) ** 2 / 4, -1.0),
        lambda t: np.maximum(1 + np.asarray(t, dtype=float) / 2, 0.0),
        lambda u: 2 * (u - 1),
        (-2.0, 5.0),
        unit="",
    ),
}


class TangentExplorer(Explorer):
    r"""Move the slope of a tangent and see the bound that it gives, and the gap.

    For convex f and any slope t, :math:`f(u) \ge t u - f^*(t)`, with equality if and only if t is a (sub)gradient of f
    at u.  At one density ratio u the right side is what a critic with the value t gets; the mean over the reference is
    :math:`D_f(P\|P') \ge E_P t - E_{P'} f^*(t)`.

    Parameters
    ----------
    f : {"KL", "reverse", "JS", "chi2"}
        The divergence: f(u) = u log u, −log u, ½(u log u − (u+1) log((u+1)/2)), (u−1)².
    ratio : float
        The density ratio u = dP/dP′ at which the bound is read, .1 to 3.5.
    t : float, optional
        Slope at the start; that of f at u = .6 if left out.

    Attributes
    ----------
    t : float
        The slider's value (synced with the notebook).
    bound, gap : float
        t u − f*(t) and f(u) minus it, at the present slope.

    Raises
    ------
    ValueError
        Unknown f, or ratio or slope out of range.
    """

    kind = "tangent"
    title = "The tangent picture: slope, bound and gap"
    control = "t"
    label = "Slope t, the critic’s value"
    shown = "t = {t:.2f}"

    t = traitlets.Float().tag(sync=True)

    def __init__(self, f: str = "KL", *, ratio: float = 2.0, t: float | None = None):
        if f not in FAMILIES:
            raise ValueError(f"f is {f!r}, wanted one of {', '.join(map(repr, FAMILIES))}.")
        if not 0.1 <= ratio <= 3.5:
            raise ValueError(f"ratio is {ratio!r}, wanted a density ratio from 0.1 to 3.5.")
        self._family, self._ratio = FAMILIES[f], float(ratio)
        low, high = self._family.slopes
        step = 0.05 if high - low > 2 else 0.02
        grid = np.round(np.arange(round(low / step), round(high / step) + 1) * step, 2) + 0.0
        start = self._checked(_near(grid, self._family.slope(0.6)) if t is None else t)
        best = float(self._family.slope(self._ratio))
        unit = f" {self._family.unit}" if self._family.unit else ""
        self.spoken = f"slope {{t:.2f}}, bound {{bound:.3f}}{unit}, gap {{gap:.3f}}{unit}"
        self.sentence = (
            f"The tangent of slope t = {{t:.2f|a}} touches f at u = {{touch:.2f|a}}. At the ratio u = {ratio:g} it "
            f"reaches {{bound:.3f|a}}, below f({ratio:g}) = {{truth:.3f|truth}}{unit} by a gap of "
            f"{{gap:.3f|b}}{unit}; there is none at t* = f′({ratio:g}) = {best:.3f}.".replace("= -", "= −")
        )
        self.description = (
            f"Left: the convex {self._family.formula} and its tangent of slope t, which meets the line u = 0 at "
            f"−f*(t); the bar is the gap at u = {ratio:g}. Right: the bound t u − f*(t) for every slope, with its "
            "maximum f(u), the truth, dashed."
        )
        self._span = (-0.85, 4.0)  # room at the left for a label that no tangent touches
        data = {"f": f, "ratio": self._ratio, "span": self._span}
        printed = sorted({start, _near(grid, best), float(grid[-1])})
        super().__init__(sorted({*grid.tolist(), start}), start, data, printed=printed)

    def _checked(self, t) -> float:
        low, high = self._family.slopes
        if not (isinstance(t, (int, float, np.number)) and low - 1e-9 <= t <= high + 1e-9):
            raise ValueError(f"t is {t!r}, wanted a slope from {low:g} to {high:g}.")
        return float(t)

    @traitlets.validate("t")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    @property
    def bound(self) -> float:
        """The tangent's height at the ratio, t u − f*(t)."""
        return self.numbers["bound"]

    @property
    def gap(self) -> float:
        """What the bound lacks of f(u); never negative."""
        return self.numbers["gap"]

    def compute(self, t: float) -> dict:
        """Return tangent, point of contact, bound and gap; see `Explorer.compute`."""
        family, ratio = self._family, self._ratio
        star, touch = float(family.star(t)), float(family.touch(t))
        bound, truth = t * ratio - star, float(family.f(ratio))
        low, high = self._span
        return {
            "t": t,
            "bound": bound,
            "truth": truth,
            "gap": truth - bound,
            "intercept": -star,
            "touch": touch,
            "height": float(family.f(touch)),
            "ratio": ratio,
            "line_u": [low, high],
            "line_f": [t * low - star, t * high - star],
            "gap_u": [ratio, ratio],
            "gap_f": [bound, truth],
            "gap_t": [t, t],
        }

    def _panels(self, state: dict) -> list[Panel]:
        family, ratio = self._family, self._ratio
        unit = f", {family.unit}" if family.unit else ""
        u = np.linspace(0.005, 4, 161)
        height = family.f(u)
        top = float(min(np.max(height[4:]), family.f(ratio) + 0.75 * (np.max(height[4:]) - family.f(ratio)) + 0.1))
        bottom = float(min(height.min(), -0.02) - 0.45 * (top - height.min()))
        left = Panel(state, "Convex function with its tangent and the gap")
        plot = left.plot((44, 36, 284, 220), self._span, (bottom, top))
        plot.fixed("line", [0, 0], [bottom, top], role="guide")
        plot.fixed("line", [ratio, ratio], [bottom, top], role="guide")
        plot.fixed("line", u, height, role="ink")
        plot.moving("line", "line_u", "line_f", role="a")
        plot.moving("line", "gap_u", "gap_f", role="bar-b")
        plot.moving("dots", "0", "intercept", role="big-c")
        plot.moving("dots", "touch", "height", role="big-a")
        plot.moving("dots", "ratio", "bound", role="big-b")
        free = -7 if sum(family.slopes) > 0 else 15  # left of the dot, on the side where the tangent mostly isn't
        plot.note("0", "intercept", "−f*(t)", anchor="end", dx=-4, dy=free)
        side = {"anchor": "end", "dx": -10} if ratio > 2.4 else {"dx": 10}  # on the side where there is room
        plot.note("ratio", "bound", "bound {bound:.2f}", dy=14, **side)
        plot.axis("bottom", "density ratio u")
        plot.axis("left", f"f(u){unit}")

        t = np.linspace(*family.slopes, 121)
        bounds = t * ratio - family.star(t)
        truth = float(family.f(ratio))
        low, high = float(np.min(bounds)), max(truth, 0.0)
        room = 0.18 * (high - low)
        right = Panel(state, "The bound against the slope")
        span = 0.03 * (family.slopes[1] - family.slopes[0])
        plot = right.plot(
            (50, 36, 278, 220), (family.slopes[0] - span, family.slopes[1] + span), (low - room / 3, high + room)
        )
        plot.fixed("line", family.slopes, [truth, truth], role="truth")
        plot.fixed("line", t, bounds, role="soft")
        plot.moving("line", "gap_t", "gap_f", role="bar-b")
        plot.moving("dots", "t", "bound", role="big-b")
        plot.note(family.slopes[0], truth, f"f({ratio:g}), truth", dx=4, dy=-7)
        plot.axis("bottom", "slope t")
        plot.axis("left", f"bound t u − f*(t){unit}")
        return [left, right]


def _near(grid, value: float) -> float:
    return min(grid.tolist(), key=lambda v: abs(v - float(value)))
