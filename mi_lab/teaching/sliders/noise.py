"""The second explorer of chapter 1: the same noise behind three functions, and what is left of X."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

NAMES = {"line": "x", "cube": "x³", "sine": "sin x"}
ROLES = {"line": "a", "cube": "b", "sine": "c"}


class NoiseExplorer(Explorer):
    r"""Turn the noise up and down behind x, x³ and sin x; see the densities of Y and the information about X.

    X is uniform on (-1, 1) and :math:`Y = f(X) + \sigma\varepsilon`, so that
    :math:`I(X;Y) = h(Y) - \tfrac12\log(2\pi e\sigma^2)`: what counts is how widely and evenly Y is spread.

    Parameters
    ----------
    sigma : float
        The noise's standard deviation at the start, .05 to 1.

    Attributes
    ----------
    sigma : float
        The slider's value (synced with the notebook).

    Raises
    ------
    ValueError
        For a noise outside [.05, 1].
    """

    kind = "noise"
    title = "Equal noise behind three functions: densities of y and information about x"
    control = "sigma"
    label = "Noise σ"
    shown = "σ = {sigma:.3f}"
    spoken = "noise {sigma:.3f}: {line:.3f} nats through x, {sine:.3f} through sine x, {cube:.3f} through x cubed"
    sentence = (
        "With the same noise, σ = {sigma:.3f}, x lets {line:.3f|a} nats through, sin x {sine:.3f|c}, x³ {cube:.3f|b}. "
        "The wider and the more even the density of y, the more."
    )
    description = (
        "Left: the densities of y = f(x) + noise for x uniform on (−1, 1); that of x³ has a peak, where x³ is flat. "
        "Right: the information about x against the noise; the large dots can be dragged."
    )

    sigma = traitlets.Float().tag(sync=True)

    def __init__(self, sigma: float = 0.1):
        start = self._checked(sigma)
        grid = sorted({*np.geomspace(0.05, 1, 79).round(4).tolist(), 0.1, 0.5, start})
        x = ((np.arange(400) + 0.5) / 200 - 1).round(6)
        self._f = {"line": x, "cube": x**3, "sine": np.sin(x)}
        self._f = {name: values.round(6) for name, values in self._f.items()}
        self._unit = np.linspace(-1, 1, 161).round(6)
        data = {"unit": self._unit, **{f"f_{name}": values for name, values in self._f.items()}}
        super().__init__(grid, start, data, printed=[0.05, 0.1, 0.5])

    @staticmethod
    def _checked(sigma) -> float:
        if not (isinstance(sigma, (int, float, np.number)) and 0.05 <= sigma <= 1):
            raise ValueError(f"sigma is {sigma!r}, wanted a noise from 0.05 to 1.")
        return float(sigma)

    @traitlets.validate("sigma")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    def compute(self, sigma: float) -> dict:
        """Return the three densities of y and the three informations; see `Explorer.compute`."""
        reach = 1 + 5 * sigma
        y = reach * self._unit
        state = {"sigma": sigma, "at": np.log10(sigma), "y": y}
        for name, f in self._f.items():
            p = np.exp(-0.5 * ((y[:, None] - f) / sigma) ** 2).mean(1) / (sigma * np.sqrt(2 * np.pi))
            h = -np.sum(p * np.log(np.maximum(p, 1e-300))) * (y[1] - y[0])
            state[name] = h - 0.5 * np.log(2 * np.pi * np.e * sigma**2)
            state[f"p_{name}"] = p
        return state

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Densities of y for the three functions")
        plot = left.plot((44, 36, 284, 220), (-2.5, 2.5), (0, 3.25))
        for name in self._f:
            plot.moving("line", "y", f"p_{name}", role=ROLES[name])
        for k, name in enumerate(("line", "sine", "cube")):
            plot.fixed("line", [1.2, 1.5], [2.95 - 0.34 * k] * 2, role=ROLES[name])
            plot.note(1.6, 2.88 - 0.34 * k, NAMES[name])
        plot.axis("bottom", "y")
        plot.axis("left", "density p(y)", ticks=[0, 1, 2, 3])

        right = Panel(state, "Information about x against the noise")
        plot = right.plot((44, 36, 284, 220), (np.log10(0.05) - 0.05, 0.05), (-0.1, 2.6))
        sigmas = np.geomspace(0.05, 1, 60)
        values = [self.compute(s) for s in sigmas]
        for name in self._f:
            plot.fixed("line", np.log10(sigmas), [v[name] for v in values], role=ROLES[name])
        for name in self._f:
            plot.moving("dots", "at", name, role="halo")
            plot.moving("dots", "at", name, role=f"big-{ROLES[name]}")
        for name in self._f:
            plot.handle("at", name, x="sigma:10")
        ticks = [0.05, 0.1, 0.2, 0.5, 1]
        plot.axis("bottom", "noise σ", ticks=list(np.log10(ticks)), names=[f"{v:g}" for v in ticks])
        plot.axis("left", "I(X;Y), nats", ticks=[0, 0.5, 1, 1.5, 2, 2.5])
        return [left, right]
