"""The first explorer of chapter 14: what a bias does to an interval, and what an allowance for it costs."""

import numpy as np
import traitlets
from scipy.special import ndtr

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

Z = 1.6448536269514722  # half the width of a 90 % interval without a bias, in standard errors
BIASES = (np.arange(0, 41) / 10).round(1)
ALLOWANCES = (np.arange(0, 31) / 10).round(1)


def share(bias, half):
    """Return the share of samples whose interval, `half` standard errors to either side, covers: all in those units."""
    return ndtr(half - bias) - ndtr(-half - bias)


class CoverageExplorer(Explorer):
    r"""Move the bias of an estimate, and an allowance for it; see how often its interval covers the truth.

    All in standard errors: with the bias b and intervals of ± h the share is
    :math:`\Phi(h - b) - \Phi(-h - b)` (eq-which-coverage).  The allowance is added to the 1.645 of an unbiased 90 %
    interval.

    Parameters
    ----------
    bias : float
        At the start, 0 to 4.

    Attributes
    ----------
    bias, allowance : float
        The sliders' values (synced with the notebook), 0 to 4 and 0 to 3 standard errors.

    Raises
    ------
    ValueError
        For a value that its slider hasn't.
    """

    kind = "coverage"
    title = "A biased estimate, its interval, and how often that covers the truth"
    control, label, shown = "bias", "Bias, in standard errors", "{bias:.1f}"
    spoken = "bias {bias:.1f} standard errors, {cover:.0%} of the intervals cover"
    second = {
        "name": "allowance",
        "label": "Allowance, in standard errors",
        "shown": "{allowance:.1f}",
        "spoken": "allowance {allowance:.1f}, {cover:.0%} of the intervals cover",
    }
    sentence = (
        "With a bias of {bias:.1f|b} standard errors, intervals of ± {half:.2f} cover the truth in {cover:.0%|a} of "
        "the samples. {verdict|plain}"
    )
    description = (
        "Left: where estimates fall, a bell around the truth plus the bias; dashed, the truth; filled, the estimates "
        "whose interval covers it. Right: the share that is covered against the bias; dotted, the 90 % that the "
        "interval promises. The large dot can be dragged."
    )

    bias = traitlets.Float().tag(sync=True)
    allowance = traitlets.Float().tag(sync=True)

    def __init__(self, bias: float = 1.0):
        if isinstance(bias, bool) or not isinstance(bias, (int, float)) or not 0 <= bias <= BIASES[-1]:
            raise ValueError(f"bias is {bias!r}, wanted a number of standard errors from 0 to 4.")
        self._biases = sorted({*BIASES.tolist(), float(bias)})
        self._shares = [[round(float(share(b, Z + a)), 6) for b in self._biases] for a in ALLOWANCES]
        self._z = np.linspace(-4, 8, 121).round(2)
        data = {"biases": self._biases, "allowances": ALLOWANCES, "shares": self._shares, "z": self._z, "width": Z}
        super().__init__(self._biases, float(bias), data, printed=[0, 1, 2], second=(ALLOWANCES, 0.0))

    @traitlets.validate("bias", "allowance")
    def _valid(self, proposal):
        name, value = proposal.trait.name, proposal.value
        known = self._biases if name == "bias" else ALLOWANCES.tolist()
        if value not in known:
            raise ValueError(f"{name} is {value!r}, wanted a multiple of .1 from 0 to {known[-1]:g}.")
        return value

    def compute(self, bias: float, allowance: float) -> dict:
        """Return the bell, its covered part and the curve of shares; see `Explorer.compute`."""
        row, half = self._shares[ALLOWANCES.tolist().index(allowance)], Z + allowance
        cover = row[self._biases.index(bias)]
        inside = -half + 2 * half * np.arange(61) / 60
        return {
            "bias": bias,
            "allowance": allowance,
            "half": half,
            "cover": cover,
            "verdict": "As much as promised, or more." if cover >= 0.9 else "Less than the 90 % that it promises.",
            "z": self._z,
            "bell": np.exp(-((self._z - bias) ** 2) / 2),
            "inside": inside,
            "covered": np.exp(-((inside - bias) ** 2) / 2),
            "biases": self._biases,
            "shares": row,
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Estimates around the truth, and those whose interval covers it")
        plot = left.plot((24, 36, 304, 220), (-4, 8), (0, 1.12))
        plot.moving("area", "inside", "covered", "inside", "0", role="a")
        plot.moving("line", "z", "bell", role="b")
        plot.fixed("line", [0, 0], [0, 1.12], role="truth")
        plot.note(0, 1.05, "truth", dx=-6, anchor="end")
        plot.axis("bottom", "estimate less truth, standard errors", ticks=[-4, -2, 0, 2, 4, 6, 8])

        right = Panel(state, "Share of intervals that cover, against the bias")
        plot = right.plot((50, 36, 278, 220), (-0.1, 4.1), (0, 1.04))
        plot.fixed("line", [-0.1, 4.1], [0.9, 0.9], role="guide")
        plot.note(4, 0.9, "promised", anchor="end", dy=16)
        plot.moving("line", "biases", "shares", role="a")
        plot.moving("dots", "bias", "cover", role="halo")
        plot.moving("dots", "bias", "cover", role="big-a")
        plot.handle("bias", "cover", x="bias")
        plot.axis("bottom", "bias, standard errors", ticks=[0, 1, 2, 3, 4])
        plot.axis("left", "share covered", ticks=[0, 0.5, 1], names=["0", "50 %", "100 %"])
        return [left, right]
