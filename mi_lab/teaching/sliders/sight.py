"""The second explorer of chapter 16: how sharply a critic sees, and what a lost mode costs it."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

CENTRES, WIDTH = (-2.0, -1.0, 0.0, 1.0, 2.0), 0.05
SIGHTS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0]
GRID = np.round(np.arange(-3, 3.001, 0.025), 3)


class SightExplorer(Explorer):
    r"""Blur what a critic sees of a generator's samples, and read I(X + sN; U) with all modes and with some lost.

    X = G(U) is one of five narrow Gaussians, a deterministic function of the code U.  What is left after the blur is
    finite, h(X + sN) - log(s sqrt(2 pi e)), by quadrature (eq-gans-blurred).

    Parameters
    ----------
    s : float
        Standard deviation of the blur at the start; one of `SIGHTS`.

    Attributes
    ----------
    s : float
        The first slider's value (synced with the notebook).
    kept : int
        The second's: how many of the five modes the generator has kept.

    Raises
    ------
    ValueError
        For a value that a slider doesn't have.
    """

    kind = "sight"
    title = "What a critic can find when it sees a generator's samples through a blur"
    control, label, shown = "s", "Blur s of the critic’s sight", "s = {s:.3f}"
    spoken = "s {s:.3f}, all five modes {full:.2f} nats, {kept:d} of them {few:.2f} nats"
    second = {
        "name": "kept",
        "label": "Modes that the generator has kept",
        "shown": "{kept:d} of 5",
        "spoken": "{kept:d} of 5 modes, {few:.2f} nats, {gap:.2f} less than with all",
    }
    sentence = (
        "Through a blur of {s:.3f} a critic can find {full:.2f|a} nats if all five modes are there, and {few:.2f|b} if "
        "{kept:d} are: the lost modes cost {gap:.2f} nats."
    )
    description = (
        "Left: density of the blurred samples, each curve in units of its own maximum: all five modes (blue), those "
        "that are kept (orange). Right: the information that the blurred samples hold about the code, against the "
        "blur on a logarithmic axis: both curves rise without end to the left, at a fixed distance from each other."
    )

    s = traitlets.Float().tag(sync=True)
    kept = traitlets.Int().tag(sync=True)

    def __init__(self, s: float = 0.3):
        if s not in SIGHTS:
            raise ValueError(f"s is {s!r}, wanted one of: {', '.join(map(str, SIGHTS))}.")
        self._nats = [[round(blurred_information(s, kept), 4) for s in SIGHTS] for kept in range(1, 6)]
        data = {"sights": SIGHTS, "nats": self._nats, "centres": CENTRES, "width": WIDTH, "grid": GRID}
        super().__init__(SIGHTS, s, data, printed=sorted({s, 0.01, 0.1, 1.0}), second=([1, 2, 3, 4, 5], 3))

    @traitlets.validate("s", "kept")
    def _valid(self, proposal):
        name, value = proposal.trait.name, proposal.value
        known = SIGHTS if name == "s" else [1, 2, 3, 4, 5]
        if value not in known:
            raise ValueError(f"{name} is {value!r}, wanted one of: {', '.join(map(str, known))}.")
        return value

    def compute(self, s: float, kept: int) -> dict:
        """Return both densities and both informations; see `Explorer.compute`."""
        at, spread = SIGHTS.index(s), np.sqrt(WIDTH**2 + s**2)
        heights = np.cumsum([np.exp(-(((GRID - c) / spread) ** 2) / 2) for c in CENTRES], axis=0)
        full, few = self._nats[-1][at], self._nats[kept - 1][at]
        return {
            "s": s,
            "kept": kept,
            "full": full,
            "few": few,
            "gap": full - few,
            "log_s": float(np.log10(s)),
            "full_line": heights[-1] / heights[-1].max(),
            "few_line": heights[kept - 1] / heights[kept - 1].max(),
            "grid": GRID,
            "log_sights": np.log10(SIGHTS),
            "few_nats": self._nats[kept - 1],
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Densities of the blurred samples")
        plot = left.plot((44, 36, 284, 220), (-3, 3), (0, 1.1))
        plot.moving("line", "grid", "full_line", role="a")
        plot.moving("line", "grid", "few_line", role="b")
        plot.axis("bottom", "x", ticks=[-2, -1, 0, 1, 2])
        plot.axis("left", "density, of its maximum", ticks=[0, 0.5, 1])

        right = Panel(state, "Information through the blur, against the blur")
        plot = right.plot((50, 36, 278, 220), (-3.1, 0.6), (0, 6.5))
        plot.fixed("line", np.log10(SIGHTS), self._nats[-1], role="a")
        plot.moving("line", "log_sights", "few_nats", role="b")
        for name, role in (("full", "a"), ("few", "b")):
            plot.moving("dots", "log_s", name, role="halo")
            plot.moving("dots", "log_s", name, role=f"big-{role}")
        plot.axis("bottom", "blur s", ticks=[-3, -2, -1, 0], names=["0.001", "0.01", "0.1", "1"])
        plot.axis("left", "information, nats", ticks=[0, 2, 4, 6])
        return [left, right]


def blurred_information(s: float, kept: int) -> float:
    """Return I(X + sN; U) in nats for the first `kept` of the five modes, by quadrature."""
    spread = np.sqrt(WIDTH**2 + s**2)
    x = np.arange(-2 - 9 * spread, 2 + 9 * spread, spread / 60)
    density = sum(np.exp(-(((x - c) / spread) ** 2) / 2) for c in CENTRES[:kept])
    density = np.maximum(density / (kept * spread * np.sqrt(2 * np.pi)), 1e-300)
    entropy = -(density * np.log(density)).sum() * (x[1] - x[0])
    return float(entropy - np.log(s) - np.log(2 * np.pi * np.e) / 2)
