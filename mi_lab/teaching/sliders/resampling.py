"""The explorer of chapter 2: samples of the product, made from samples of the joint law, and what is wrong with it."""

import numpy as np
import traitlets
from matplotlib.ticker import MaxNLocator

from mi_lab.samples import as_array_pair
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel


class ResamplingExplorer(Explorer):
    r"""Draw n′ reference pairs from n joint pairs and see the cloud, its densities, copies and survivors.

    Reference pair i is :math:`(x_{a_i}, y_{b_i})`.  Without replacement a and b are permutations (n′ ≤ n); with
    replacement all indices are drawn independently (any n′).  Either way :math:`P(a_i = b_i) = 1/n`: that share of the
    pairs is expected to survive from the joint sample.

    Parameters
    ----------
    x, y : array-like (n,) or (n, 1), optional
        Joint samples, 2 to 1000; 100 samples of a Gaussian with correlation .9 if left out.
    replacement : bool
        Whether indices are drawn with replacement; then n′ goes to 10 n.
    n_ : int, optional
        n′ at the start; n if left out.
    seed : int
        Of the resampling.

    Attributes
    ----------
    n_ : int
        The slider's value, n′ (synced with the notebook).

    Raises
    ------
    ValueError
        NaN, different lengths, more than one column, too many samples, or an n′ that can't be drawn.
    """

    kind = "resampling"
    title = "Resampling: the cloud, its densities and the joint pairs that survive"
    control = "n_"
    shown = "n′ = {n_:d}"
    spoken = "{n_:d} reference pairs, {joint:d} of them joint pairs, {copies:d} copies"

    n_ = traitlets.Int().tag(sync=True)

    def __init__(self, x=None, y=None, *, replacement: bool = False, n_: int | None = None, seed: int = 0):
        rng = np.random.default_rng(seed)
        if x is None and y is None:
            z, w = np.random.default_rng(1).standard_normal((2, 100))
            x, y = z, 0.9 * z + np.sqrt(1 - 0.81) * w
        elif x is None or y is None:
            raise ValueError("x and y belong together: give both or neither.")
        x, y = as_array_pair(x, y)
        if x.shape[1] > 1 or y.shape[1] > 1:
            raise ValueError(f"x has {x.shape[1]} columns and y {y.shape[1]}: a cloud in the plane wants one each.")
        n = len(x)
        if n > 1000:
            raise ValueError(f"x and y have {n} samples, the page carries at most 1000: hand in x[:1000], y[:1000].")
        self._x, self._y = x[:, 0].round(3), y[:, 0].round(3)
        self._largest = 10 * n if replacement else n
        draw = (lambda: rng.integers(n, size=self._largest)) if replacement else (lambda: rng.permutation(n))
        self._a, self._b = draw(), draw()
        self._sd = [max(float(v.std()), 1e-3) for v in (self._x, self._y)]
        self._lines = [np.linspace(*_limits(v), 81).round(4) for v in (self._x, self._y)]
        start = self._checked(n if n_ is None else n_)
        marks = np.unique(np.geomspace(2, self._largest, 140).round().astype(int))
        self._marks = np.union1d(marks, [n, start])
        how = "with" if replacement else "without"
        again = " {copies:d|c} {repeat} an earlier pair." if replacement else ""
        rings = "on a green ring those drawn more than once, " if replacement else ""
        self.label = f"Reference pairs n′, {how} replacement"
        self.sentence = (
            f"n′ = {{n_:d}} pairs drawn {how} replacement from n = {n}: {{joint:d|b}} {{pairs}} of the joint sample "
            f"survived, a share of {{share:.1%|b}} beside 1/n = {{expected:.1%|truth}}.{again}"
        )
        self.description = (
            f"Left: in grey the joint sample, in blue the reference pairs, {rings}in orange those that survived from "
            "the joint sample; along the edges the density of the sample (grey) and of the reference (blue line). "
            "Right: the share of survivors after each draw, and 1/n dashed; its dot can be dragged."
        )
        data = {"x": self._x, "y": self._y, "a": self._a, "b": self._b, "sd": self._sd, "marks": self._marks}
        data |= {"line_x": self._lines[0], "line_y": self._lines[1]}
        printed = sorted({max(2, n // 10), n, self._largest} | ({2} if not replacement else set()))
        super().__init__(self._marks, start, data, printed=printed)

    def _checked(self, n_) -> int:
        if isinstance(n_, bool) or not isinstance(n_, (int, np.integer)) or not 2 <= n_ <= self._largest:
            raise ValueError(f"n_ is {n_!r}, wanted a whole number of reference pairs from 2 to {self._largest}.")
        return int(n_)

    @traitlets.validate("n_")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    def reference(self):
        """Return the reference pairs shown at present, x′ and y′, each of shape (n′, 1)."""
        return self._x[self._a[: self.n_], None], self._y[self._b[: self.n_], None]

    def compute(self, n_: int) -> dict:
        """Return the groups of pairs, their densities and the running share; see `Explorer.compute`."""
        n, a, b = len(self._x), self._a[:n_], self._b[:n_]
        keys, counts = np.unique(a * n + b, return_counts=True)
        i, j = keys // n, keys % n
        kept = i == j
        again, once = ~kept & (counts > 1), ~kept & (counts == 1)
        joint, copies = int((a == b).sum()), n_ - len(keys)
        drawn = np.arange(1, n_ + 1)
        marks = np.unique([*self._marks[self._marks <= n_], n_])
        share = (np.cumsum(a == b) / drawn)[marks - 1]
        return {
            "n_": n_,
            "joint": joint,
            "copies": copies,
            "share": joint / n_,
            "expected": 1 / n,
            "pairs": "pair" if joint == 1 else "pairs",
            "repeat": "repeats" if copies == 1 else "repeat",
            "once_x": self._x[i[once]],
            "once_y": self._y[j[once]],
            "again_x": self._x[i[again]],
            "again_y": self._y[j[again]],
            "kept_x": self._x[i[kept]],
            "kept_y": self._y[j[kept]],
            "line_x": self._lines[0],
            "line_y": self._lines[1],
            "density_x": _density(self._lines[0], self._x, np.bincount(a, minlength=n), self._sd[0], n_),
            "density_y": _density(self._lines[1], self._y, np.bincount(b, minlength=n), self._sd[1], n_),
            "run_x": np.log10(marks),
            "run_y": share,
            "at": np.log10(n_),
        }

    def _panels(self, state: dict) -> list[Panel]:
        n, (line_x, line_y) = len(self._x), self._lines
        xlim, ylim = (line_x[0], line_x[-1]), (line_y[0], line_y[-1])
        ones = np.ones(n)
        base_x = _density(line_x, self._x, ones, self._sd[0], n)
        base_y = _density(line_y, self._y, ones, self._sd[1], n)
        left = Panel(state, "Cloud of the joint sample and of the reference pairs")
        cloud = left.plot((36, 62, 220, 196), xlim, ylim)
        cloud.fixed("dots", self._x, self._y, role="faint")
        cloud.moving("dots", "again_x", "again_y", role="ring")
        cloud.moving("dots", "once_x", "once_y", role="fine")
        cloud.moving("dots", "again_x", "again_y", role="fine")
        cloud.moving("dots", "kept_x", "kept_y", role="big-b")
        cloud.axis("bottom", "x, x′")
        cloud.axis("left", "y, y′")
        top = left.plot((36, 8, 220, 50), xlim, (0, 1.5 * base_x.max()))
        top.fixed("area", line_x, base_x, line_x, 0, role="data")
        top.moving("line", "line_x", "density_x", role="a")
        side = left.plot((260, 62, 72, 196), (0, 1.5 * base_y.max()), ylim)
        side.fixed("area", base_y, line_y, 0, line_y, role="data")
        side.moving("line", "density_y", "line_y", role="a")

        right = Panel(state, "Share of joint pairs among the reference pairs drawn so far")
        reached = (np.cumsum(self._a == self._b) / np.arange(1, self._largest + 1))[1:].max()
        top_share = _round_up(max(1.15 * reached, 1.6 / n))
        ends = np.log10([2, self._largest])
        ends = ends + np.array([-0.03, 0.04]) * np.ptp(ends)  # room for a whole dot
        run = right.plot((50, 36, 268, 222), ends, (-0.04 * top_share, top_share))
        run.fixed("line", ends, [1 / n, 1 / n], role="truth")
        run.moving("line", "run_x", "run_y", role="b")
        run.moving("dots", "at", "share", role="halo")
        run.moving("dots", "at", "share", role="big-b")
        run.handle("at", "share", x="n_:10")
        run.note(ends[1], 1 / n, "1/n", anchor="end", dx=-4, dy=-7)
        ticks = [v for v in (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) if v <= self._largest]
        ticks = [v for v in ticks if self._largest < 200 or v in (2, 10, 100, 1000, 10000)]
        run.axis("bottom", "reference pairs n′", ticks=list(np.log10(ticks)), names=[str(v) for v in ticks])
        shares = [v for v in MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, top_share) if 0 <= v <= top_share]
        run.axis("left", "share of joint pairs", ticks=shares, names=[f"{100 * v:.3g} %" for v in shares])
        return [left, right]


def _round_up(share: float) -> float:
    """Return the next round share, at most all: an axis ends a little above what it shows."""
    unit = 10.0 ** np.floor(np.log10(share)) / 2
    return min(1.0, float(np.ceil(share / unit) * unit))


def _limits(v: np.ndarray) -> tuple[float, float]:
    margin = 0.08 * max(v.max() - v.min(), 1e-3)
    return v.min() - margin, v.max() + margin


def _density(line, sample, times, sd, n_):
    """Kernel density of the drawn values, bandwidth by the normal rule 1.06 sd n′^(-1/5)."""
    h = 1.06 * sd * n_**-0.2
    return np.exp(-0.5 * ((line[:, None] - sample) / h) ** 2) @ times / (n_ * h * np.sqrt(2 * np.pi))
