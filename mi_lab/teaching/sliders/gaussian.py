"""The explorer of chapter 1: how much does knowing X narrow Y, when both are Gaussian?"""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel


class GaussianExplorer(Explorer):
    r"""Move the correlation of a bivariate Gaussian and see cloud, densities and information.

    The marginals never change; what changes is the law of Y once X is known,
    :math:`N(\rho x, 1-\rho^2)`, and :math:`I(X;Y) = -\tfrac12\log(1-\rho^2) = -\log(\sigma_{Y|X}/\sigma_Y)`.

    Parameters
    ----------
    rho : float
        Correlation at the start, a multiple of .01 with |rho| <= .99.
    n : int
        Points of the cloud, 2 to 2000.
    seed : int
        Of the cloud.

    Attributes
    ----------
    rho : float
        The slider's value (synced with the notebook).
    information : float
        I(X;Y) in nats for the present rho.

    Raises
    ------
    ValueError
        For a correlation outside [-.99, .99] or a useless n.
    """

    kind = "gaussian"
    title = "Bivariate Gaussian: correlation, densities and mutual information"
    control = "rho"
    label = "Correlation ρ"
    shown = "ρ = {rho:.2f}"
    spoken = "correlation {rho:.2f}, mutual information {information:.3f} nats"
    sentence = (
        "At ρ = {rho:.2f}, knowing x shrinks the standard deviation of y from 1 to {spread:.3f|b}, "
        "and I(X;Y) = −log {spread:.3f|b} = {information:.3f|a} nats. The marginal densities haven’t moved."
    )
    description = (
        "Left: a sample with the ellipses of one and two standard deviations; above and at the right, in grey, the "
        "marginal densities of x and y, and in colour the density of y given x = 1. Right: the mutual information, "
        "in nats, of every correlation, and of this one. Both large dots can be dragged."
    )

    rho = traitlets.Float().tag(sync=True)

    def __init__(self, rho: float = 0.6, *, n: int = 400, seed: int = 0):
        if not (isinstance(n, (int, np.integer)) and 2 <= n <= 2000):
            raise ValueError(f"n is {n!r}, wanted a whole number of points from 2 to 2000.")
        grid = np.round(np.arange(-99, 100) / 100, 2)
        start = self._checked(rho)
        self._cloud = np.random.default_rng(seed).standard_normal((2, n)).round(3)
        self._angle = np.linspace(0, 2 * np.pi, 73).round(4)
        self._line = np.linspace(-3.3, 3.3, 111).round(4)
        data = {"z": self._cloud[0], "w": self._cloud[1], "angle": self._angle, "line": self._line}
        super().__init__(sorted({*grid.tolist(), start}), start, data, printed=[0.0, 0.6, 0.9])

    @staticmethod
    def _checked(rho) -> float:
        if not (isinstance(rho, (int, float, np.number)) and -0.99 <= rho <= 0.99):
            raise ValueError(f"rho is {rho!r}, wanted a correlation from -0.99 to 0.99.")
        return float(rho)

    @traitlets.validate("rho")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    @property
    def information(self) -> float:
        """I(X;Y) in nats for the present correlation."""
        return -0.5 * float(np.log1p(-(self.rho**2)))

    def compute(self, rho: float) -> dict:
        """Return cloud, ellipses, conditional density and information; see `Explorer.compute`."""
        spread = np.sqrt(1 - rho**2)
        z, w = self._cloud
        cos, sin = np.cos(self._angle), np.sin(self._angle)
        return {
            "rho": rho,
            "spread": spread,
            "information": -np.log(spread),
            "x": z,
            "y": rho * z + spread * w,
            "inner_x": cos,
            "inner_y": rho * cos + spread * sin,
            "outer_x": 2 * cos,
            "outer_y": 2 * (rho * cos + spread * sin),
            "conditional": _bell(self._line, rho, spread),
            "mean": rho,
            "line": self._line,
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Cloud of points with the densities of x and y")
        line, marginal = self._line, _bell(self._line, 0, 1)
        cloud = left.plot((36, 56, 200, 200), (-3.3, 3.3), (-3.3, 3.3))
        cloud.moving("dots", "x", "y", role="fine")
        cloud.moving("line", "inner_x", "inner_y", role="ink")
        cloud.moving("line", "outer_x", "outer_y", role="ink")
        cloud.fixed("line", [1, 1], [-3.3, 3.3], role="guide")
        cloud.moving("dots", "1", "mean", role="halo")
        cloud.moving("dots", "1", "mean", role="big-b")
        cloud.handle("1", "mean", y="rho")
        cloud.axis("bottom", "x")
        cloud.axis("left", "y")
        top = left.plot((36, 8, 200, 44), (-3.3, 3.3), (0, 0.45))
        top.fixed("area", line, marginal, line, 0, role="data")
        top.note(-3.2, 0.3, "p(x)")
        right = left.plot((240, 56, 98, 200), (0, 2.95), (-3.3, 3.3))
        right.fixed("area", marginal, line, 0, line, role="data")
        right.moving("line", "conditional", "line", role="b")
        right.note(0.6, -2.9, "p(y)")
        right.note(0.62, "mean", "p(y | x = 1)", dy=-24)

        curve = Panel(state, "Mutual information against the correlation")
        plot = curve.plot((44, 36, 284, 220), (-1.08, 1.08), (0, 2.15))
        rhos = np.linspace(-0.9932, 0.9932, 249)
        plot.fixed("line", rhos, -0.5 * np.log(1 - rhos**2), role="soft")
        plot.moving("dots", "rho", "information", role="halo")
        plot.moving("dots", "rho", "information", role="big-a")
        plot.handle("rho", "information", x="rho")
        plot.axis("bottom", "correlation ρ", ticks=[-1, -0.5, 0, 0.5, 1])
        plot.axis("left", "I(X;Y), nats", ticks=[0, 0.5, 1, 1.5, 2])
        plot.note(0, 1.75, "−½ log(1 − ρ²)", anchor="middle")
        return [left, curve]


def _bell(v, mean, sd):
    return np.exp(-0.5 * ((v - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
