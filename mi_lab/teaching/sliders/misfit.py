"""An explorer of chapter 11: a conditional model learns, and its estimates move round the truth."""

import math

import numpy as np
import traitlets

from mi_lab.laws import BivariateGaussian
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.sliders.words import within

LIMITS = {"share": (0.0, 1.0), "v": (0.6, 2.0)}


class MisfitExplorer(Explorer):
    r"""Let a model q(y|x) = N(ax, s²) learn, and see BA, DoE and CLUB against the truth.

    The law is a bivariate Gaussian; a is a share of ρ, and s² = 1 - 2aρ + a² the best variance for that slope.  With a
    marginal model N(0, v²)

    .. math:: BA = -\tfrac12\log s^2, \quad DoE = BA + \log v + \tfrac1{2v^2} - \tfrac12, \quad CLUB = a\rho/s^2 .

    Parameters
    ----------
    share : float
        Share of the true slope at the start, 0 to 1.
    rho : float
        Correlation, 0 < rho <= .9.

    Attributes
    ----------
    share, v : float
        The sliders' values (synced with the notebook); v, the width of the marginal model, goes from .6 to 2.

    Raises
    ------
    ValueError
        For a share, a width or a correlation out of range.
    """

    kind = "misfit"
    title = "A conditional model learns: BA, DoE and CLUB against the truth"
    control, label, shown = "share", "What the conditional has learnt", "{share:.1%} of the slope"
    spoken = "{share:.1%} learnt, BA {ba:.3f}, DoE {doe:.3f}, CLUB {club:.3f} nats"
    second = {
        "name": "v",
        "label": "Width of the marginal model",
        "shown": "v = {v:.2f}",
        "spoken": "v {v:.2f}, BA {ba:.3f}, DoE {doe:.3f}, CLUB {club:.3f} nats",
    }

    share = traitlets.Float().tag(sync=True)
    v = traitlets.Float().tag(sync=True)

    def __init__(self, share: float = 0.5, *, rho: float = 0.8, seed: int = 0):
        if not 0 < rho <= 0.9:
            raise ValueError(f"rho is {rho!r}, wanted a correlation with 0 < rho <= 0.9.")
        law, start = BivariateGaussian(rho), within(LIMITS, "share", share)
        self._rho, self._truth = law.rho, law.mutual_information
        self._samples = [z.ravel().numpy().round(3) for z in law.sample(250, seed)]
        self._shares, self._line = np.linspace(0, 1, 101).round(2), np.array([-3.2, 3.2])
        self.sentence = (
            "The model says y = {slope:.2f} x ± {width:.2f}. BA reports {ba:.3f|a} nats, below the truth "
            f"{self._truth:.3f}; DoE {{doe:.3f|b}}, {{doe_side}} it; CLUB {{club:.3f|c}}, {{club_side}} it."
        )
        self.description = (
            "Left: samples, and what the conditional model expects: its mean, and a band of two standard deviations "
            "either way. Right: BA (blue), DoE (orange) and CLUB (green) against what has been learnt; dashed is the "
            f"truth, {self._truth:.3f} nats. With everything learnt BA is right, and CLUB is "
            f"{rho**2 / (1 - rho**2):.2f}. The large dots can be dragged."
        )
        data = {"rho": self._rho, "truth": self._truth, "shares": self._shares, "line": self._line}
        widths = np.round(np.arange(0.6, 2.01, 0.05), 2).tolist()
        super().__init__(sorted({*self._shares.tolist(), start}), start, data, [0.0, 0.5, 1.0], second=(widths, 1.3))

    @traitlets.validate("share", "v")
    def _valid(self, proposal):
        return within(LIMITS, proposal.trait.name, proposal.value)

    def _variance(self, a):
        return 1 - 2 * a * self._rho + a * a

    def _ba(self, share):
        return -0.5 * np.log(self._variance(share * self._rho))

    def _club(self, share):
        return share * self._rho**2 / self._variance(share * self._rho)

    def _side(self, value: float) -> str:
        if abs(value - self._truth) < 5e-4:
            return "on"
        return "below" if value < self._truth else "above"

    def compute(self, share: float, v: float) -> dict:
        """Return the model's line, and the three estimates here and along the way; see `Explorer.compute`."""
        a, extra = share * self._rho, math.log(v) + 1 / (2 * v * v) - 0.5  # D(P_Y‖q_Y)
        s, ba, club = math.sqrt(self._variance(a)), float(self._ba(share)), float(self._club(share))
        return {
            "share": share,
            "v": v,
            "slope": a,
            "width": s,
            "ba": ba,
            "doe": ba + extra,
            "club": club,
            "doe_side": self._side(ba + extra),
            "club_side": self._side(club),
            "line": self._line,
            "mean": a * self._line,
            "low": a * self._line - 2 * s,
            "high": a * self._line + 2 * s,
            "shares": self._shares,
            "doe_end": self._truth + extra,
            "ba_line": self._ba(self._shares),
            "doe_line": self._ba(self._shares) + extra,
            "club_line": self._club(self._shares),
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Samples and the conditional model")
        plot = left.plot((36, 36, 292, 220), (-3.2, 3.2), (-3.6, 3.6))
        plot.fixed("dots", *self._samples, role="faint")
        plot.moving("area", "line", "high", "line", "low", role="a")
        plot.moving("line", "line", "mean", role="a")
        plot.axis("bottom", "x", ticks=[-2, 0, 2])
        plot.axis("left", "y", ticks=[-2, 0, 2])

        right = Panel(state, "BA, DoE and CLUB against what the conditional model has learnt")
        top = 1.08 * float(self._club(1.0))
        plot = right.plot((44, 36, 284, 220), (-0.03, 1.03), (-0.06 * top, top))
        plot.fixed("line", [-0.03, 1.03], [self._truth, self._truth], role="truth")
        plot.note(0, self._truth, "truth", dx=2, dy=-7)
        for key, role in (("club", "c"), ("doe", "b"), ("ba", "a")):
            plot.moving("line", "shares", f"{key}_line", role=role)
            plot.moving("dots", "share", key, role="halo")
            plot.moving("dots", "share", key, role=f"big-{role}")
            plot.handle("share", key, x="share")
        plot.note("0.8", f"{self._club(0.8):.4f}", "CLUB", anchor="end", dx=-6, dy=-4)
        plot.note("1", "doe_end", "DoE", anchor="end", dx=-2, dy=-8)
        plot.note(1, self._truth, "BA", anchor="end", dx=-2, dy=17)
        plot.axis("bottom", "learnt share of the slope", ticks=[0, 0.25, 0.5, 0.75, 1])
        plot.axis("left", "estimate, nats")
        return [left, right]
