"""The explorer of chapter 4: two knobs of a critic on fixed samples, and where their score stops meaning anything."""

import math

import numpy as np
import traitlets

from mi_lab.laws import BivariateGaussian
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.sliders.words import number


class SampleScore(Explorer):
    r"""Turn both knobs of the critic t = a xy - b (x² + y²)/2 and see its score on few samples, and its exact score.

    For a bivariate Gaussian of correlation ρ the exact score is
    :math:`a\rho - b + \tfrac12\log((1+b)^2 - a^2)`, and minus infinity where :math:`|a| \ge 1 + b` (eq-dv-quadratic).
    The score on samples is finite everywhere, and may be largest where the exact one is minus infinity.

    Parameters
    ----------
    rho : float
        Correlation, -1 < rho < 1.
    n : int
        Samples of the joint law, and of the reference: 2 to 500.
    seed : int
        Of the samples.

    Attributes
    ----------
    a, b : float
        The sliders' values (synced with the notebook), 0 to 6 and 0 to 5.

    Raises
    ------
    ValueError
        For a useless n, or a knob out of range.
    """

    kind = "knobs"
    title = "Two knobs of a critic: its score on fifty samples, and its exact score"
    control, label, shown = "a", "Knob a, how the product xy counts", "a = {a:.1f}"
    spoken = "a {a:.1f}, score on the samples {sample:.3f} nats, exact score {shown} nats"
    second = {
        "name": "b",
        "label": "Knob b, how the squares count",
        "shown": "b = {b:.1f}",
        "spoken": "b {b:.1f}, score on the samples {sample:.3f} nats, exact score {shown} nats",
    }
    sentence = (
        "On the samples the critic scores {sample:.3f|b} nats; exactly it is worth {shown|a} nats. {verdict|plain}"
    )

    a = traitlets.Float().tag(sync=True)
    b = traitlets.Float().tag(sync=True)

    def __init__(self, rho: float = 0.879, *, n: int = 50, seed: int = 8):
        if not (isinstance(n, (int, np.integer)) and 2 <= n <= 500):
            raise ValueError(f"n is {n!r}, wanted a whole number of samples from 2 to 500.")
        law, rng = BivariateGaussian(rho), np.random.default_rng(seed)
        self._rho, self._truth = law.rho, law.mutual_information
        drawn = (law.sample(n, rng), law.sample_product(n, rng))
        self._joint, self._reference = (
            np.stack([(x * y).ravel().numpy(), ((x**2 + y**2) / 2).ravel().numpy()]).astype(float).round(4)
            for x, y in drawn
        )
        self._line = np.linspace(0, 6, 121).round(4)
        knobs = [np.round(np.arange(0, most * 10 + 1) / 10, 1).tolist() for most in (6, 5)]
        self.description = (
            "Left: all settings of both knobs; in grey those with a ≥ 1 + b, where the exact score is −∞. The green "
            f"dot is the best setting, whose exact score is the truth, {self._truth:.3f} nats; orange is yours: "
            f"drag it. Right: for your b and every a, the score on {n} samples of the joint law and {n} of the "
            "reference (orange) and the exact score (blue), in nats; dashed is the truth."
        )
        data = {"rho": self._rho, "joint": self._joint, "reference": self._reference, "line": self._line}
        super().__init__(knobs[0], 2.0, data, printed=[1.0, 2.0, 3.9], second=(knobs[1], 2.3))

    @traitlets.validate("a", "b")
    def _valid(self, proposal):
        value, most = proposal.value, 6 if proposal.trait.name == "a" else 5
        if not 0 <= value <= most:
            raise ValueError(f"{proposal.trait.name} is {value!r}, wanted a number from 0 to {most}.")
        return float(value)

    def sample_score(self, a: float, b: float) -> float:
        """Return the score of the critic on the samples, in nats."""
        t, ref = (a * xy - b * squares for xy, squares in (self._joint, self._reference))
        return float(t.mean() - ref.max() - np.log(np.exp(ref - ref.max()).mean()))

    def exact_score(self, a: float, b: float) -> float:
        """Return the exact score, in nats: minus infinity where the mean of the exponential is infinite."""
        inside = (1 + b) ** 2 - a**2
        return a * self._rho - b + 0.5 * math.log(inside) if b > -1 and inside > 0 else -math.inf

    def compute(self, a: float, b: float) -> dict:
        """Return both scores, here and along a; see `Explorer.compute`."""
        exact = self.exact_score(a, b)
        # up to the edge, where it falls without end, and no further
        inside = np.append(self._line[self._line < 1 + b], 1 + b - 1e-6)
        sample, finite = self.sample_score(a, b), math.isfinite(exact)
        way = "sell it short" if sample < exact else "flatter it"
        return {
            "a": a,
            "b": b,
            "sample": sample,
            "edge": [1 + b, 1 + b],
            "edge_y": [-2, 2],
            "line": self._line,
            "exact": exact if finite else math.nan,
            "shown": number(exact, ".3f") if finite else "−∞",
            "verdict": f"The samples {way} by {number(abs(sample - exact), '.3f')} nats."
            if finite
            else "From a = 1 + b on the mean of eᵗ is infinite: the samples don’t notice, and the critic certifies "
            "nothing.",
            "sample_line": np.array([self.sample_score(v, b) for v in self._line]),
            "exact_x": inside,
            "exact_line": np.array([self.exact_score(v, b) for v in inside]),
        }

    def _panels(self, state: dict) -> list[Panel]:
        best = (self._rho / (1 - self._rho**2), self._rho**2 / (1 - self._rho**2))
        left = Panel(state, "The plane of both knobs, your setting and the best one")
        plot = left.plot((36, 36, 292, 220), (-0.15, 6.15), (-0.15, 5.15))
        plot.fixed("area", [1, 6.15], [0, 5.15], [1, 6.15], -0.15, role="forbidden")
        plot.fixed("line", [0.85, 6.15], [-0.15, 5.15], role="guide")
        plot.note(4.25, 0.7, "exact score −∞", anchor="middle")
        plot.note(2.1, 4.3, "a < 1 + b", anchor="middle")
        plot.fixed("dots", [best[0]], [best[1]], role="halo")
        plot.fixed("dots", [best[0]], [best[1]], role="big-c")
        plot.note(best[0], best[1], "best", dx=10, dy=-7)
        plot.moving("dots", "a", "b", role="halo")
        plot.moving("dots", "a", "b", role="big-b")
        plot.handle("a", "b", x="a", y="b")
        plot.axis("bottom", "a")
        plot.axis("left", "b")

        right = Panel(state, "Scores for this b against a")
        plot = right.plot((50, 36, 278, 220), (-0.1, 6.1), (-1.6, 1.3))
        plot.fixed("line", [-0.1, 6.1], [self._truth, self._truth], role="truth")
        plot.moving("line", "edge", "edge_y", role="guide")
        plot.moving("line", "exact_x", "exact_line", role="a")
        plot.moving("line", "line", "sample_line", role="b")
        plot.moving("dots", "a", "exact", role="halo")
        plot.moving("dots", "a", "exact", role="big-a")
        plot.moving("dots", "a", "sample", role="halo")
        plot.moving("dots", "a", "sample", role="big-b")
        plot.note(0, self._truth, "truth", dx=2, dy=-7)
        plot.axis("bottom", "a")
        plot.axis("left", "score, nats")
        return [left, right]
