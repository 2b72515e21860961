"""An explorer of chapter 12: the nearer the proposal comes to P_{Y|X}, the calmer the critic's denominator."""

import math

import numpy as np
import traitlets

from mi_lab.laws import BivariateGaussian
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.sliders.words import number, within

LIMITS = {"near": (0.0, 1.0), "w": (0.5, 2.0)}
BATCH, BATCHES, DRAWN = 64, 40, 250


class ProposalExplorer(Explorer):
    r"""Slide the proposal q(y|x) = N(ax, s²) from P_Y to P_{Y|X}; see what is left to a critic, and its noise.

    The law is a bivariate Gaussian, a = λρ and s² = w²(1 - a²), so that λ = 0, w = 1 is P_Y and λ = w = 1 is P_{Y|X}.
    With r = p(y|x)/q(y|x) the mean of r over n' reference samples has the variance (E_P r - 1)/n', and

    .. math:: E_P r = s^2 / \sqrt{(1-\rho^2)(2s^2 - (1-\rho^2) - 2(\rho-a)^2)},

    infinite where the root's argument isn't positive.

    Parameters
    ----------
    near : float
        λ at the start, 0 to 1.
    rho : float
        Correlation, 0 < rho <= .99.
    seed : int
        Of the samples.

    Attributes
    ----------
    near, w : float
        The sliders' values (synced with the notebook); w, the width, goes from .5 to 2.

    Raises
    ------
    ValueError
        For a nearness, a width or a correlation out of range.
    """

    kind = "proposal"
    title = "From the marginal to the conditional: what the critic still has to find, and its denominator"
    control, label, shown = "near", "How near the proposal is to P(Y|X)", "λ = {near:.2f}"
    spoken = "lambda {near:.2f}, left to the critic {left:.3f} nats, noise of a denominator {shown}"
    second = {
        "name": "w",
        "label": "Width of the proposal",
        "shown": "w = {w:.2f}",
        "spoken": "w {w:.2f}, left to the critic {left:.3f} nats, noise of a denominator {shown}",
    }

    near = traitlets.Float().tag(sync=True)
    w = traitlets.Float().tag(sync=True)

    def __init__(self, near: float = 0.0, *, rho: float = 0.95, seed: int = 0):
        if not 0 < rho <= 0.99:
            raise ValueError(f"rho is {rho!r}, wanted a correlation with 0 < rho <= 0.99.")
        law, rng, start = BivariateGaussian(rho), np.random.default_rng(seed), within(LIMITS, "near", near)
        self._rho, self._truth = law.rho, law.mutual_information
        self._samples = [v.ravel().numpy().round(3) for v in law.sample(DRAWN, seed)]
        self._z, self._noise = rng.standard_normal((2, BATCHES * BATCH)).round(3)
        self.sentence = (
            f"Of {self._truth:.3f} nats the proposal accounts for {{known:.3f|a}} and leaves {{left:.3f}} to the "
            f"critic. The mean of r over {BATCH} references has the standard deviation {{shown|b}}. {{verdict}}"
        )
        self.description = (
            f"Left: {DRAWN} samples (grey) and as many references (blue), y drawn from the proposal given x. Right: "
            f"the logarithm of the perfect critic’s denominator in {BATCHES} batches of {BATCH} references (orange "
            "dots), in nats; dashed is 0, what it would be with references without end; the band is one standard "
            "deviation either way, as computed, and missing where that is infinite."
        )
        self._k = np.arange(1, BATCHES + 1)
        data = {"rho": self._rho, "truth": self._truth, "batch": BATCH, "drawn": DRAWN, "ends": [0, BATCHES + 1]}
        data |= {"z": self._z, "noise": self._noise, "k": self._k}
        nearness = sorted({*np.linspace(0, 1, 51).round(2).tolist(), start})
        widths = np.round(np.arange(0.5, 2.01, 0.05), 2).tolist()
        super().__init__(nearness, start, data, [0.0, 0.8, 1.0], second=(widths, 1.0))

    @traitlets.validate("near", "w")
    def _valid(self, proposal):
        return within(LIMITS, proposal.trait.name, proposal.value)

    def compute(self, near: float, w: float) -> dict:
        """Return what the proposal accounts for, and the batches' denominators; see `Explorer.compute`."""
        rho, v = self._rho, 1 - self._rho**2
        a = near * rho
        s2 = w * w * (1 - a * a)
        known = 0.5 - 0.5 * math.log(s2) - (1 - 2 * a * rho + a * a) / (2 * s2)  # E log q(Y|X)/p(Y)
        room = 2 * s2 - v - 2 * (rho - a) ** 2
        spread = math.sqrt(max((s2 / math.sqrt(v * room) - 1) / BATCH, 0)) if room > 0 else math.nan
        y = a * self._z + math.sqrt(s2) * self._noise
        ratio = 0.5 * math.log(s2 / v) + self._noise**2 / 2 - (y - rho * self._z) ** 2 / (2 * v)
        return {
            "near": near,
            "w": w,
            "known": known,
            "left": self._truth - known,
            "spread": spread,
            "shown": number(spread, ".3f") if room > 0 else "no finite number",
            "verdict": ""
            if room > 0
            else "The proposal is too narrow: now and then a ratio is so large that no average settles.",
            "x": self._z[:DRAWN],
            "y": y[:DRAWN],
            "k": self._k,
            "means": np.log(np.exp(ratio).reshape(BATCHES, BATCH).mean(1)),
            "ends": [0, BATCHES + 1],
            "up": [spread, spread],
            "down": [-spread, -spread],
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Samples, and references from the proposal")
        plot = left.plot((36, 36, 292, 220), (-3.6, 3.6), (-4.2, 4.2))
        plot.fixed("dots", *self._samples, role="faint")
        plot.moving("dots", "x", "y", role="fine")
        plot.axis("bottom", "x", ticks=[-2, 0, 2])
        plot.axis("left", "y", ticks=[-4, -2, 0, 2, 4])

        right = Panel(state, "The denominator's logarithm in each batch")
        plot = right.plot((50, 36, 278, 220), (0, BATCHES + 1), (-1.6, 1.6))
        plot.moving("area", "ends", "up", "ends", "down", role="data")
        plot.fixed("line", [0, BATCHES + 1], [0, 0], role="truth")
        plot.moving("dots", "k", "means", role="b")
        plot.axis("bottom", "batch")
        plot.axis("left", "log of the denominator, nats", ticks=[-1.5, -1, -0.5, 0, 0.5, 1, 1.5])
        return [left, right]
