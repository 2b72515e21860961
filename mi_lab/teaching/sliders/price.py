"""The first explorer of chapter 17: the price of a nat moves along the exact curve of the information bottleneck."""

import numpy as np
import traitlets

from mi_lab.bottleneck import entropy, table_information
from mi_lab.teaching.curves import load_run
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.toy import BETAS, COINS, coins

WIDE = 0.055  # half the width of a box, and half the height of a whole one


class BottleneckExplorer(Explorer):
    r"""Move the price β of a nat that the code keeps; see where it stands on the exact curve, and what it tells apart.

    X is one of eight coins, Y its throw.  The codes minimise :math:`\beta I(X;Z) - I(Z;Y)` (eq-bottleneck), by Blahut
    and Arimoto's steps in the book's own run, `python -m experiments bottleneck`: near the prices where letters merge
    they take thousands.

    Parameters
    ----------
    beta : float
        Price at the start, 0 to .35 in steps of .01.

    Attributes
    ----------
    beta : float
        The slider's value (synced with the notebook).

    Raises
    ------
    ValueError
        For a price that the slider doesn't have.
    """

    kind = "price"
    title = "The information bottleneck of eight coins, exactly, at every price"
    control, label, shown = "beta", "Price of a nat kept, β", "β = {beta:.2f}"
    spoken = "price {beta:.2f}: keeps {kept:.3f} nats, tells {told:.3f} nats, {groups:d} letters"
    sentence = (
        "At β = {beta:.2f} the best code keeps {kept:.3f|b} nats of the coin, in {groups:d} letters, and tells "
        "{told:.3f|a} nats about the throw: {share:.1%} of all that there is to tell."
    )
    description = (
        "Left: the exact curve, what a code can tell about Y against what it keeps of X, nats. The thin line is the "
        "tangent, its slope is the price; dashed, all that X tells. Right: for each coin its letters of the code, as "
        "boxes as high as they are likely, at the chance of a 1 that the letter stands for; on the dashed line nothing "
        "is forgotten."
    )

    beta = traitlets.Float().tag(sync=True)

    def __init__(self, beta: float = 0.05):
        start = self._checked(beta)
        curve = load_run("bottleneck")["toy"]["curve"]
        self._points = [[round(b["x"], 5), round(b["y"], 5)] for b in curve]
        self._whole = round(table_information(coins()), 5)
        self._codes, self._groups = [b["code"] for b in curve], [b["letters"] for b in curve]
        data = {"points": self._points, "codes": self._codes, "groups": self._groups, "whole": self._whole}
        super().__init__(BETAS, start, {"betas": BETAS, **data}, printed=[0.02, 0.1, 0.25])

    @staticmethod
    def _checked(beta) -> float:
        if isinstance(beta, bool) or not isinstance(beta, (int, float, np.number)) or float(beta) not in BETAS:
            raise ValueError(f"beta is {beta!r}, wanted a price from 0 to 0.35 in steps of 0.01.")
        return float(beta)

    @traitlets.validate("beta")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    def compute(self, beta: float) -> dict:
        """Return the point, its tangent and the boxes of the code; see `Explorer.compute`."""
        at = BETAS.index(beta)
        kept, told = self._points[at]
        code = self._codes[at]
        return {
            "beta": beta,
            "kept": kept,
            "told": told,
            "groups": self._groups[at],
            "share": told / self._whole,
            "line_x": [kept - 1.2, kept + 1.2],
            "line_y": [told - 1.2 * beta, told + 1.2 * beta],
            "x0": [c - WIDE for c, _, _ in code],
            "x1": [c + WIDE for c, _, _ in code],
            "y0": [v - WIDE * q for _, v, q in code],
            "y1": [v + WIDE * q for _, v, q in code],
        }

    def _panels(self, state: dict) -> list[Panel]:
        whole, points = self._whole, np.array(self._points)
        left = Panel(state, "The curve of the bottleneck, the code and its tangent")
        plot = left.plot((50, 36, 278, 220), (-0.05, entropy(coins().sum(1)) + 0.05), (-0.008, 0.21))
        plot.fixed("line", [0, 2.2], [whole, whole], role="truth")
        plot.note(0.02, whole, "I(X;Y)", dy=-6)
        plot.moving("line", "line_x", "line_y", role="guide-b")
        plot.fixed("line", points[:, 0], points[:, 1], role="a")
        plot.moving("dots", "kept", "told", role="halo")
        plot.moving("dots", "kept", "told", role="big-b")
        plot.axis("bottom", "kept, I(X;Z), nats", ticks=[0, 0.5, 1, 1.5, 2])
        plot.axis("left", "told, I(Z;Y), nats", ticks=[0, 0.05, 0.1, 0.15, 0.2])

        right = Panel(state, "What the code tells apart")
        plot = right.plot((50, 36, 278, 220), (0, 1), (0, 1))
        plot.fixed("line", [0, 1], [0, 1], role="truth")
        plot.moving("boxes", "x0", "x1", "y0", "y1", role="heat4")
        plot.axis(
            "bottom",
            "the coin: its chance of a 1",
            ticks=[float(c) for c in COINS[::2]],
            names=["1/16", "5/16", "9/16", "13/16"],
        )
        plot.axis("left", "the letter: chance of a 1", ticks=[0, 0.25, 0.5, 0.75, 1])
        return [left, right]
