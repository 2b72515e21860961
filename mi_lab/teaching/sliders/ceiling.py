"""The second explorer of chapter 2: what a critic can learn from permuted batches, and what a perfect one reports."""

from functools import cache

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

D, TRUTH, BLOCKS = 20, 10.0, 200


class CeilingExplorer(Explorer):
    r"""Change the batch; see the ratio that can be learnt from it, and the information that a perfect critic reports.

    A pair of a permuted batch of n has the law :math:`Q_n = (1-\frac1n) P_XP_Y + \frac1n P_{XY}`, and the ratio of the
    joint law to that is :math:`nr/(n-1+r) \le n`. The laws are those of the published staircase: 20 independent
    Gaussian pairs of equal correlation, of 0 to 10 nats together.

    Parameters
    ----------
    n : int
        Pairs in a batch at the start, 2 to 1,000,000; the slider has it among its values.

    Attributes
    ----------
    n : int
        The slider's value (synced with the notebook).

    Raises
    ------
    ValueError
        For a batch that isn't a whole number from 2 to 1,000,000.
    """

    kind = "ceiling"
    title = "Permuted batches: the log-ratio that can be learnt, and the information that is left of it"
    control = "n"
    label = "Pairs in a batch, n"
    shown = "n = {n:d}"
    spoken = "batches of {n:d}, ceiling {ceiling:.2f} nats, a perfect critic reports {left:.2f} of 10 nats"
    sentence = (
        "With permuted batches of n = {n:d} no log-ratio above log n = {ceiling:.2f|b} can be learnt. At a truth of "
        "{truth:d} nats a perfect critic reports {left:.2f|a}."
    )
    description = (
        "Left: the log-ratio that a perfect critic learns against the true one; dashed, the truth itself; dotted, the "
        "ceiling log n; in grey, where the true log-ratios of joint pairs lie at 10 nats. Right: the information that "
        "it reports against the true information; dashed, the truth. The large dots can be dragged."
    )

    n = traitlets.Int().tag(sync=True)

    def __init__(self, n: int = 128):
        start = self._checked(n)
        grid = sorted({*np.unique(np.geomspace(2, 1e6, 100).round().astype(int)).tolist(), 128, start})
        self._line = np.linspace(-6, 22, 113).round(4)
        self._levels = np.linspace(0, TRUTH, 41).round(4)
        self._rho = np.sqrt(1 - np.exp(-2 * self._levels / D))
        self._wave = waves()
        data = {"line": self._line, "levels": self._levels, "rho": self._rho.round(6), "wave": self._wave}
        self._rho = data["rho"]
        super().__init__(grid, start, data, printed=[8, 128, 22027])

    @staticmethod
    def _checked(n) -> int:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 2 <= n <= 1_000_000:
            raise ValueError(f"n is {n!r}, wanted a whole number of pairs from 2 to 1000000.")
        return int(n)

    @traitlets.validate("n")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    def compute(self, n: int) -> dict:
        """Return the learnt log-ratios and the reported informations; see `Explorer.compute`."""
        ratios = self._levels + self._rho * self._wave[:, None]  # (BLOCKS, levels): log r of joint pairs
        reported = _learnt(ratios, n).mean(0)
        return {
            "n": n,
            "ceiling": np.log(n),
            "ends": self._line[[0, -1]],
            "truth": int(TRUTH),
            "left": reported[-1],
            "line": self._line,
            "learnt": _learnt(self._line, n),
            "levels": self._levels,
            "reported": reported,
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Learnt log-ratio against the true log-ratio")
        plot = left.plot((44, 36, 284, 220), (-6, 22), (-6, 16))
        centre, spread = TRUTH, np.sqrt(D) * self._rho[-1]  # mean and standard deviation of log r under the joint law
        bell = np.exp(-0.5 * ((self._line - centre) / spread) ** 2)
        plot.fixed("area", self._line, 4 * bell - 6, self._line, -6, role="data")
        plot.note(centre, -5.4, "joint pairs", anchor="middle")
        plot.fixed("line", [-6, 16], [-6, 16], role="truth")
        plot.moving("line", "ends", "ceiling", role="guide")
        plot.moving("line", "line", "learnt", role="b")
        plot.note(-5.4, "ceiling", "log n", dy=-7)
        plot.moving("dots", "20", "ceiling", role="halo")
        plot.moving("dots", "20", "ceiling", role="big-b")
        plot.handle("20", "ceiling", y=f"n:{np.e!r}")
        plot.axis("bottom", "true log-ratio log r, nats", ticks=[-5, 0, 5, 10, 15, 20])
        plot.axis("left", "learnt log-ratio, nats", ticks=[-5, 0, 5, 10, 15])

        right = Panel(state, "Reported information against the true information")
        plot = right.plot((44, 36, 284, 220), (0, 10.5), (0, 10.5))
        plot.fixed("line", [0, 10], [0, 10], role="truth")
        plot.moving("line", "levels", "reported", role="a")
        plot.moving("dots", "truth", "left", role="halo")
        plot.moving("dots", "truth", "left", role="big-a")
        plot.axis("bottom", "true I(X;Y), nats", ticks=[0, 2, 4, 6, 8, 10])
        plot.axis("left", "reported by a perfect critic, nats", ticks=[0, 2, 4, 6, 8, 10])
        return [left, right]


def _learnt(log_ratio, n: int):
    """Return log(n r / (n - 1 + r)), finite for every log r."""
    return np.log(n) - np.logaddexp(0, np.log(n - 1) - log_ratio)


@cache
def waves() -> np.ndarray:
    """Return means of 200 equal slices of the sum of (u^2 - v^2)/2 over 20 pairs: log r is I plus rho times it."""
    gamma = np.random.default_rng(0).gamma(D / 2, size=(2, 400_000))
    wave = np.sort(gamma[0] - gamma[1]).reshape(BLOCKS, -1).mean(1)
    return ((wave - wave[::-1]) / 2).round(4)  # the law is symmetric
