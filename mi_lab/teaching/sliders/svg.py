"""Pictures as declarations: panels of plots whose moving parts say which numbers they draw.

A moving part is an element with ``data-draw`` (what kind of mark), and the names of the numbers it draws; Python draws
it for the first picture, ``shell.mjs`` draws it again from new numbers.  So a picture is described once, here in
Python, and an explorer's module in the browser holds nothing but its mathematics.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from mi_lab.teaching.sliders.words import fill, rounded


def _pixel(a: float, b: float, value: float) -> str:
    return f"{rounded(a + b * value, 1):g}"


def _points(state: dict, key: str) -> list[float]:
    """Look up a part's coordinates: a name in ``state`` or a literal number."""
    value = state[key] if key in state else float(key)
    return [float(v) for v in np.atleast_1d(np.asarray(value, dtype=float))]


def path(kind: str, scale: Sequence[float], state: dict, keys: Sequence[str]) -> str:
    """Return the ``d`` of a path: ``dots``, ``line``, ``area`` (x, y, base) or ``boxes`` (x0, x1, y0, y1).

    Points that aren't finite are left out, and break a line.
    """
    ax, bx, ay, by = scale
    columns = [_points(state, key) for key in keys]
    length = max(map(len, columns))
    columns = [c * length if len(c) == 1 else c for c in columns]
    rows = [row if np.isfinite(row).all() else None for row in zip(*columns, strict=True)]
    out: list[str] = []
    if kind == "dots":
        out = [f"M{_pixel(ax, bx, r[0])} {_pixel(ay, by, r[1])}h0" for r in rows if r]
    elif kind == "boxes":
        out = [
            f"M{_pixel(ax, bx, r[0])} {_pixel(ay, by, r[2])}H{_pixel(ax, bx, r[1])}V{_pixel(ay, by, r[3])}"
            f"H{_pixel(ax, bx, r[0])}z"
            for r in rows
            if r
        ]
    else:
        before = None
        for r in rows:
            if r:
                out.append(f"{'L' if before else 'M'}{_pixel(ax, bx, r[0])} {_pixel(ay, by, r[1])}")
            before = r
        if kind == "area" and out:
            # the third coordinate is the base, on either axis: a density drawn upwards or sideways
            first, last = rows[0], rows[-1]
            out += [f"L{_pixel(ax, bx, r[2])} {_pixel(ay, by, r[3])}" for r in (last, first)] + ["z"]
    return "".join(out)


class Plot:
    """One pair of axes inside a `Panel`; everything drawn in it is clipped to it.

    Parameters
    ----------
    x, y, width, height : float
        The axes' rectangle in the panel's units.
    xlim, ylim : (float, float)
        The data's limits.
    """

    def __init__(self, svg: ET.Element, box, xlim, ylim, state: dict):
        x, y, width, height = box
        self.box, self.xlim, self.ylim, self.state, self.svg = box, xlim, ylim, state, svg
        bx, by = width / (xlim[1] - xlim[0]), -height / (ylim[1] - ylim[0])
        # rounded, so that both sides compute with the same numbers
        self.scale = [round(float(v), 6) for v in (-bx * xlim[0], bx, height - by * ylim[0], by)]
        self.inner = ET.SubElement(
            svg,
            "svg",
            {
                "class": "mi-plot",
                **{k: f"{v:g}" for k, v in zip(("x", "y", "width", "height"), box, strict=True)},
                "data-scale": " ".join(f"{v!r}" for v in self.scale),
            },
        )

    def moving(self, kind: str, *keys: str, role: str) -> None:
        """Draw a part that follows the slider; ``keys`` name numbers of the explorer's state (or are literal)."""
        d = path(kind, self.scale, self.state, keys)
        ET.SubElement(
            self.inner, "path", {"class": f"mi-{kind} mi-{role}", "data-draw": kind, "data-of": " ".join(keys), "d": d}
        )

    def handle(self, *keys: str, x: str = "", y: str = "") -> None:
        """Let a finger or a mouse drag the point ``keys``: its abscissa moves the control ``x``, its ordinate ``y``.

        ``"n:10"`` says that the axis shows logarithms of the control's values to the base 10.
        """
        drag = " ".join(f"{axis}:{name}" for axis, name in (("x", x), ("y", y)) if name)
        part = {"class": "mi-dots mi-handle", "data-draw": "dots", "data-of": " ".join(keys), "data-drag": drag}
        ET.SubElement(self.inner, "path", {**part, "d": path("dots", self.scale, self.state, keys)})

    def fixed(self, kind: str, *columns, role: str) -> None:
        """Draw a part that stays."""
        state = {str(i): column for i, column in enumerate(columns)}
        d = path(kind, self.scale, state, list(state))
        ET.SubElement(self.inner, "path", {"class": f"mi-{kind} mi-{role}", "d": d})

    def note(self, x, y, text: str, anchor: str = "start", role: str = "ink", dx: float = 0, dy: float = 0) -> None:
        """Write at a point of the data; with a template and names as coordinates, the note follows the slider."""
        moves = "{" in text or isinstance(x, str) or isinstance(y, str)
        at = {"0": x, "1": y}
        xs = _points(self.state, x) if isinstance(x, str) else [at["0"]]
        ys = _points(self.state, y) if isinstance(y, str) else [at["1"]]
        ax, bx, ay, by = self.scale
        attributes = {"class": f"mi-note mi-text-{role}", "text-anchor": anchor}
        if dx or dy:
            attributes |= {"dx": f"{dx:g}", "dy": f"{dy:g}"}
        if moves:
            attributes |= {"data-draw": "note", "data-of": f"{x} {y}", "data-text": text}
        attributes |= {"x": _pixel(ax, bx, xs[0]), "y": _pixel(ay, by, ys[0])}
        ET.SubElement(self.inner, "text", attributes).text = fill(text, self.state)

    def axis(self, side: str, label: str = "", ticks: Sequence[float] | None = None, names=None, count=5) -> None:
        """Draw the axis ``"bottom"`` or ``"left"`` with its ticks and its label (with its unit)."""
        x, y, width, height = self.box
        bottom = side == "bottom"
        low, high = self.xlim if bottom else self.ylim
        if ticks is None:
            ticks = [v for v in MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high) if low <= v <= high]
        names = names or [f"{v:g}".replace("-", "\u2212") for v in ticks]
        group = ET.SubElement(self.svg, "g", {"class": "mi-axis"})
        d = f"M{x:g} {y + height:g}h{width:g}" if bottom else f"M{x:g} {y:g}v{height:g}"
        ax, bx, ay, by = self.scale
        for value, name in zip(ticks, names, strict=True):
            if bottom:
                at = x + ax + bx * value
                d += f"M{at:.1f} {y + height:g}v4"
                position = {"x": f"{at:.1f}", "y": f"{y + height + 16:g}", "text-anchor": "middle"}
            else:
                at = y + ay + by * value
                d += f"M{x:g} {at:.1f}h-4"
                position = {"x": f"{x - 7:g}", "y": f"{at + 4:.1f}", "text-anchor": "end"}
            ET.SubElement(group, "text", position).text = name
        ET.SubElement(group, "path", {"d": d})
        if label and bottom:
            position = {"x": f"{x + width / 2:g}", "y": f"{y + height + 34:g}", "text-anchor": "middle"}
        elif label:  # horizontal, above the axis: nobody has to turn the head
            position = {"x": f"{max(x - 30, 2):g}", "y": f"{y - 9:g}", "text-anchor": "start"}
        if label:
            ET.SubElement(group, "text", {"class": "mi-label", **position}).text = label


class Panel:
    """One picture of ``width`` by ``height`` units that holds plots; panels stand side by side, or stack on a phone."""

    def __init__(self, state: dict, name: str, width: float = 340, height: float = 300):
        self.state = state
        self.svg = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {width:g} {height:g}",
                "class": "mi-panel",
                "role": "img",
                "aria-label": name,
            },
        )

    def plot(self, box, xlim, ylim) -> Plot:
        """Add a pair of axes in the rectangle ``box`` = (x, y, width, height)."""
        return Plot(self.svg, box, xlim, ylim, self.state)

    def markup(self) -> str:
        """Return the panel as markup."""
        return ET.tostring(self.svg, encoding="unicode")
