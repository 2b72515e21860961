"""What `Neighbourhood` counts: three methods of chapter 3, their words, their pictures' geometry, their estimates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mi_lab.counting import bins, kde, ksg


@dataclass(frozen=True)
class Method:
    """How one method of counting is named, gridded and told."""

    title: str
    label: str
    shown: str
    spoken: str
    sentence: str
    seen: str
    picture: str
    what: str
    axis: str
    start: float
    grid: Callable[[int], list]
    ticks: tuple
    log: bool = True


METHODS = {
    "neighbours": Method(
        title="Neighbourhoods: k, the counts in two strips, and the estimate",
        label="Neighbours k",
        shown="k = {value:d}",
        spoken="k = {value:d} neighbours, {n_x:d} points in the vertical strip, {n_y:d} in the horizontal one",
        sentence=(
            "k = {value:d}: the square around the marked point ends at its neighbour number {value:d|b}, at distance "
            "{radius:.2f} standard deviations; strictly inside its strips lie n_x = {n_x:d|c} and n_y = {n_y:d|a} of "
            "the other points. Over all #n points the estimate is"
        ),
        seen=(
            "one marked point with the square that reaches its k-th neighbour in the maximum norm, and the other "
            "points in the vertical and in the horizontal strip of that width"
        ),
        picture="Samples with the square and the strips around one point",
        what="k",
        axis="neighbours k",
        start=3.0,
        grid=lambda n: [float(k) for k in range(1, min(60, n // 3) + 1)],
        ticks=(1, 2, 5, 10, 20, 50),
    ),
    "bins": Method(
        title="Bins: the grid, its counts and the estimate",
        label="Bins per axis",
        shown="{value:d} × {value:d} bins",
        spoken="{value:d} bins per axis, {filled:d} of {cells:d} cells hold a sample",
        sentence=(
            "{value:d} × {value:d} = {cells:d} cells for #n samples: {filled:d|a} hold a sample, the fullest "
            "{fullest:d}. The estimate is"
        ),
        seen="a grid of equal cells, darker where more samples lie",
        picture="Samples on a grid whose cells are shaded by their counts",
        what="number of bins",
        axis="bins per axis",
        start=6.0,
        grid=lambda n: [float(b) for b in range(2, 41)],
        ticks=(2, 5, 10, 20, 40),
    ),
    "kernels": Method(
        title="Kernels: bandwidth, the smoothed density and the estimate",
        label="Bandwidth h, in standard deviations",
        shown="h = {value:.2f}",
        spoken="bandwidth {value:.2f} standard deviations",
        sentence=(
            "h = {value:.2f}: every one of the #n samples is a bump {value:.2f|a} standard deviations wide. "
            "The estimate is"
        ),
        seen="the density that kernels of this width make of them, darker where higher",
        picture="Samples over the density that the kernels make of them",
        what="bandwidth",
        axis="bandwidth h, standard deviations",
        start=0.35,
        grid=lambda n: [float(v) for v in np.round(np.geomspace(0.08, 1.5, 45), 3)],
        ticks=(0.1, 0.2, 0.5, 1),
    ),
}


def default_sample() -> tuple[np.ndarray, np.ndarray, float]:
    """Return 200 samples of the Gaussian with correlation .9, and its mutual information in nats."""
    z, w = np.random.default_rng(3).standard_normal((2, 200))
    return z, 0.9 * z + np.sqrt(1 - 0.81) * w, -0.5 * float(np.log(1 - 0.81))


def geometry(method: str, value: float, facts: dict) -> dict:
    """Return the coordinates of what is counted; the twin of the functions in ``neighbourhood.mjs``."""
    own, levels = {"neighbours": _square, "bins": _cells, "kernels": _hills}[method](value, facts)
    for i in range(5):
        for j, key in enumerate(("x0", "x1", "y0", "y1")):
            own[f"heat{i + 1}_{key}"] = [box[j] for box in levels[i]] if levels else []
    return own


def _square(value: float, facts: dict) -> tuple[dict, list]:
    x, y, p, k = facts["x"], facts["y"], facts["point"], int(value)
    sd_x, sd_y = facts["sd"]  # distances in standard deviations, as `mi_lab.counting.ksg` takes them
    far_x, far_y = np.abs(x - x[p]) / sd_x, np.abs(y - y[p]) / sd_y
    far = np.maximum(far_x, far_y)
    order = np.argsort(far, kind="stable")
    order = order[order != p]
    radius, near = far[order[k - 1]], order[:k]
    others = np.arange(len(x)) != p
    column, row = others & (far_x < radius), others & (far_y < radius)
    return {
        "radius": radius,
        "n_x": int(column.sum()),
        "n_y": int(row.sum()),
        "near_x": x[near],
        "near_y": y[near],
        "column_x": x[column],
        "column_y": y[column],
        "row_x": x[row],
        "row_y": y[row],
        "left": x[p] - radius * sd_x,
        "right": x[p] + radius * sd_x,
        "lower": y[p] - radius * sd_y,
        "upper": y[p] + radius * sd_y,
    }, []


def _heat(shares: np.ndarray, boxes, least: float = 0) -> list:
    levels: list[list] = [[] for _ in range(5)]
    for i, share in enumerate(shares):
        if share > least:
            levels[min(4, int(share * 5))].append(boxes(i))
    return levels


def _cell(v: np.ndarray, span, count: int) -> np.ndarray:
    low, high = span
    return np.clip(np.floor((v - low) / (high - low) * count).astype(int), 0, count - 1)


def _cells(value: float, facts: dict) -> tuple[dict, list]:
    count, (range_x, range_y) = int(value), facts["range"]
    cells = _cell(facts["x"], range_x, count) * count + _cell(facts["y"], range_y, count)
    counts = np.bincount(cells, minlength=count * count)

    def box(i):
        a, b = divmod(i, count)
        width, height = range_x[1] - range_x[0], range_y[1] - range_y[0]
        across = [range_x[0] + width * v / count for v in (a, a + 1)]
        return across + [range_y[0] + height * v / count for v in (b, b + 1)]

    edges = np.arange(1, count) / count
    rule_x, rule_y = [], []
    for edge in edges:
        rule_x += [range_x[0] + (range_x[1] - range_x[0]) * edge] * 2 + [np.nan, *range_x, np.nan]
        rule_y += [*range_y, np.nan] + [range_y[0] + (range_y[1] - range_y[0]) * edge] * 2 + [np.nan]
    own = {
        "rule_x": rule_x,
        "rule_y": rule_y,
        "filled": int((counts > 0).sum()),
        "cells": count * count,
        "fullest": int(counts.max()),
    }
    return own, _heat(counts / counts.max(), box)


def _hills(h: float, facts: dict) -> tuple[dict, list]:
    mesh = [np.asarray(facts["mesh_x"]), np.asarray(facts["mesh_y"])]
    hills = [
        np.exp(-0.5 * ((line[:, None] - sample) / (h * sd)) ** 2)
        for line, sample, sd in zip(mesh, (facts["x"], facts["y"]), facts["sd"], strict=True)
    ]
    heights = (hills[0] @ hills[1].T).ravel()
    dx, dy = ((line[1] - line[0]) / 2 for line in mesh)

    def box(i):
        x, y = mesh[0][i // len(mesh[1])], mesh[1][i % len(mesh[1])]
        return [x - dx, x + dx, y - dy, y + dy]

    own = {"reach_x": h * facts["sd"][0], "reach_y": h * facts["sd"][1]}
    return own, _heat(heights / heights.max(), box, least=0.02)


def estimates(method: str, facts: dict, grid: list) -> list[float]:
    """Return the estimate of I(X;Y) in nats for every value of the grid, from the package's own estimators."""
    one = {"neighbours": _neighbours, "bins": _plug_in, "kernels": _kernel}[method]
    return [round(float(one(facts["x"], facts["y"], facts["range"], value)), 4) for value in grid]


def _neighbours(x, y, _, k):
    return ksg(x, y, k=int(k))


def _plug_in(x, y, span, count):
    return bins(x, y, int(count), kind="width", correction="plug-in", span=tuple(map(tuple, span)))


def _kernel(x, y, _, h):
    return kde(x, y, (h * x.std(), h * y.std()), direct=True)
