"""The look of the book's figures, said once: colours, the line of truth, bands over seeds, heat maps of a critic."""

import os
import re
from types import SimpleNamespace

import numpy as np

# Okabe and Ito's palette: eight colours that colour-blind readers can tell apart.
C = SimpleNamespace(
    blue="#0072B2", orange="#E69F00", green="#009E73", red="#D55E00", purple="#CC79A7", sky="#56B4E9", grey="#6E6E6E"
)
CYCLE = [C.blue, C.red, C.green, C.purple, C.orange, C.sky]


MANY = 1000  # more marks than this in one artist are drawn as a picture inside the drawing: less to load


def use_style() -> None:
    """Set Matplotlib's defaults to the book's: readable at phone width, no chart junk.

    On a page that is being built every figure becomes a drawing (SVG) without a ground, of which the builder makes a
    light and a dark one; in a live notebook figures stay as they are.
    """
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.figsize": (6.4, 3.6),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "axes.prop_cycle": cycler(color=CYCLE),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#E3E3E3",
            "grid.linewidth": 0.6,
            "axes.titlesize": 12,
            "font.size": 11.5,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "image.cmap": "cividis",
            "svg.hashsalt": "mi_lab",
        }
    )
    if os.environ.get("MI_LAB_PAGE") == "1":  # the book's builder runs the cell
        _draw_svg()


def _draw_svg() -> None:
    """Let IPython show figures as SVG; the same figure gives the same bytes."""
    import matplotlib as mpl
    from IPython import get_ipython
    from matplotlib.figure import Figure

    mpl.rcParams.update({"figure.facecolor": "none", "savefig.facecolor": "none", "axes.facecolor": "none"})
    if shell := get_ipython():
        shell.run_line_magic("matplotlib", "inline")
        shell.run_line_magic("config", "InlineBackend.figure_formats = ['svg']")
        shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, svg)


def svg(figure) -> str:
    """Return a figure as SVG text: marks beyond ``MANY`` in one artist as pixels, no date, no program's name."""
    from io import StringIO

    from matplotlib.collections import PathCollection
    from matplotlib.lines import Line2D

    for artist in figure.findobj(lambda a: isinstance(a, Line2D | PathCollection)):
        marks = artist.get_offsets() if isinstance(artist, PathCollection) else artist.get_xdata()
        bare = isinstance(artist, Line2D) and artist.get_marker() in ("None", "none", None, "", " ")
        if len(marks) > MANY and not bare:
            artist.set_rasterized(True)
    buffer = StringIO()
    nothing = {"Date": None, "Creator": None}
    figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.03, dpi=200, metadata=nothing)
    return re.sub(r"(?<![\d.])([1-9]\d*\.\d\d)\d+", r"\1", buffer.getvalue())  # a hundredth of a point is enough


def truth_line(ax, value: float, label: str = "truth", vertical: bool = False):
    """Draw the closed form as a dashed dark line with its value (nats) in the legend."""
    draw = ax.axvline if vertical else ax.axhline
    return draw(
        value, color="#222222", linestyle=(0, (5, 3)), linewidth=1.4, label=f"{label} {value:.3f} nats", zorder=3
    )


def band(ax, x, curves, label: str, color: str | None = None, members: bool = True):
    r"""Draw the mean over seeds, a band of one standard deviation, and every seed's curve faintly.

    Parameters
    ----------
    ax : matplotlib axes
    x : (T,) positions
    curves : (seeds, T) one row a seed, nats
    label : words for the legend
    color : a Matplotlib colour; the next of the cycle if left out
    members : draw the single curves too

    Returns
    -------
    The line of the mean.
    """
    x, curves = np.asarray(x), np.asarray(curves, dtype=float)
    if curves.ndim != 2 or curves.shape[1] != x.shape[0]:
        raise ValueError(f"curves must have shape (seeds, {x.shape[0]}) to go with x, found {curves.shape}")
    mean = curves.mean(0)
    spread = curves.std(0, ddof=1) if len(curves) > 1 else np.zeros_like(mean)
    (line,) = ax.plot(x, mean, label=label, color=color, zorder=4)
    ax.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.22, linewidth=0)
    if members:
        ax.plot(x, curves.T, color=line.get_color(), alpha=0.18, linewidth=0.6)
    return line


def nats(ax, what: str = "mutual information", axis: str = "y") -> None:
    """Label an axis with a quantity and its unit."""
    getattr(ax, f"set_{axis}label")(f"{what} (nats)")


def heat_maps(surfaces: dict, extent: float = 3.0, points: int = 60, samples=None, axes=None):
    r"""Draw functions of (x, y) side by side as heat maps on one colour scale.

    Parameters
    ----------
    surfaces : name -> function
        Each function takes tensors ``x, y`` of shape (N, 1) and returns (N,) values: a critic t(x, y), or the
        log-ratio log p(x,y)/(p(x)p(y)) of a law. A constant that a critic is free to carry is removed by the caller.
    extent : half the width of the square that is drawn
    points : grid points a side
    samples : (x, y) to scatter on top, where the data lie
    axes : axes to draw into, one a surface

    Returns
    -------
    (figure, axes)
    """
    import matplotlib.pyplot as plt
    import torch

    grid = torch.linspace(-extent, extent, points)
    gx, gy = torch.meshgrid(grid, grid, indexing="xy")
    x, y = gx.reshape(-1, 1), gy.reshape(-1, 1)
    with torch.no_grad():
        values = {name: np.asarray(f(x, y).detach()).reshape(points, points) for name, f in surfaces.items()}
    low, high = np.percentile(np.concatenate([v.ravel() for v in values.values()]), [10, 99.5])
    if axes is None:
        width = 3.4 * len(values) + 0.8
        _, axes = plt.subplots(1, len(values), figsize=(width, 3.4), sharex=True, sharey=True, squeeze=False)
        axes = axes[0]
    for ax, (name, v) in zip(axes, values.items(), strict=True):
        mesh = ax.pcolormesh(grid, grid, v, vmin=low, vmax=high, shading="auto", rasterized=True)
        ax.grid(False)
        ax.set(title=name, xlabel="x", aspect="equal")
        if samples is not None:
            sx, sy = (np.asarray(s).ravel() for s in samples)
            inside = (abs(sx) < extent) & (abs(sy) < extent)
            ax.plot(sx[inside], sy[inside], ".", color="white", markersize=1.6, alpha=0.5)
    axes[0].set_ylabel("y")
    axes[0].figure.colorbar(
        mesh, ax=list(axes), label="nats", shrink=0.85, extend="both"
    )  # the ends of the scale are cut
    return axes[0].figure, axes
