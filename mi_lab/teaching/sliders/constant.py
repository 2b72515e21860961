"""The first explorer of chapter 9: the constant that a critic carries moves NWJ and leaves Donsker-Varadhan alone."""

import math

import numpy as np
import traitlets

from mi_lab.laws import CorrelatedGaussian
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

D, BATCHES = 20, 60
LEVELS = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
LOW, HIGH = -2.0, 7.0  # nats shown


class FreeConstant(Explorer):
    r"""Add a constant c to the best critic, and see what NWJ and Donsker-Varadhan say on sixty batches.

    With t = log r + c the expectation of NWJ is :math:`I + c - e^{c-1}` and its variance
    :math:`(\operatorname{Var}_P\log r + e^{2(c-1)}(\E_P r-1))/n` (eq-free-constant); neither DV nor its spread moves.
    The laws are those of the staircase, 20 independent Gaussian pairs: :math:`\E_Pr=e^{2I}`.

    Parameters
    ----------
    n : int
        Joint samples, and as many reference samples, in a batch: 2 to 4,096.
    seed : int
        Of the batches.

    Attributes
    ----------
    c, information : float
        The sliders' values (synced with the notebook): the constant, -2 to 3, and the truth in nats, .5 to 3.

    Raises
    ------
    ValueError
        For a useless n, or a value that its slider hasn't.
    """

    kind = "constant"
    title = "The free constant of a critic: what it does to NWJ and to Donsker–Varadhan"
    control, label, shown = "c", "Constant c", "c = {c:.1f}"
    spoken = "constant {c:.1f}: NWJ worth {exact:.2f} of {information:.1f} nats, spread {spread:.2f}"
    second = {
        "name": "information",
        "label": "Truth I(X;Y)",
        "shown": "{information:.1f} nats",
        "spoken": "truth {information:.1f} nats: NWJ worth {exact:.2f}, spread {spread:.2f}",
    }
    sentence = (
        "With t = log r + c, c = {c:.1f}, NWJ is worth {exact:.2f|a} of {information:.1f} nats, and batches scatter by "
        "{spread:.2f|a}. DV scores {dv_mean:.2f|b} in the mean over these batches and scatters by {dv_spread:.2f|b}, "
        "whatever c is."
    )

    c = traitlets.Float().tag(sync=True)
    information = traitlets.Float().tag(sync=True)

    def __init__(self, n: int = 64, *, seed: int = 0):
        if isinstance(n, bool) or not (isinstance(n, (int, np.integer)) and 2 <= n <= 4096):
            raise ValueError(f"n is {n!r}, wanted a whole number of samples from 2 to 4096.")
        self._n, self._line = int(n), np.linspace(-2, 3, 101).round(4)
        joint, ratio = zip(*(batches(level, self._n, seed) for level in LEVELS), strict=True)
        self._joint, self._ratio = np.round(joint, 4), np.round(ratio, 5)
        self._noise = [self._variances(level) for level in LEVELS]
        self._at = (np.arange(BATCHES) / (BATCHES - 1) - 0.5).round(4)
        self.description = (
            f"Left: the expectation of NWJ against the constant, and DV, which has none of it; dashed, the truth. "
            f"Right: {BATCHES} batches of {self._n} joint and {self._n} reference samples, a dot each, by DV and by "
            "NWJ; dots beyond the frame lie on its edge. The large dot can be dragged."
        )
        data = {"n": self._n, "line": self._line, "levels": LEVELS, "joint": self._joint, "ratio": self._ratio}
        data |= {"noise": self._noise, "offset": self._at, "low": LOW, "high": HIGH}
        constants = (np.arange(-20, 31) / 10).tolist()
        super().__init__(constants, 0.0, data, printed=[-1.0, 1.0, 2.0], second=(LEVELS, 2.0))

    @staticmethod
    def _variances(information: float) -> list[float]:
        """Return Var_P log r and E_P r - 1 of the law."""
        rho = CorrelatedGaussian.with_information(information, D).rho
        return [D * rho**2, math.expm1(2 * information)]

    @traitlets.validate("c", "information")
    def _valid(self, proposal):
        name, value = proposal.trait.name, proposal.value
        if name == "information" and value not in LEVELS:
            raise ValueError(f"information is {value!r}, wanted one of {', '.join(map(str, LEVELS))} nats.")
        if not -2 <= value <= 3:
            raise ValueError(f"{name} is {value!r}, wanted a number from -2 to 3.")
        return float(value)

    def compute(self, c: float, information: float) -> dict:
        """Return NWJ's expectation and spread, and the values of the batches; see `Explorer.compute`."""
        level = LEVELS.index(information)
        joint, ratio, (of_joint, of_ratio) = self._joint[level], self._ratio[level], self._noise[level]
        dv, nwj = joint - np.log(ratio), joint + c - np.exp(c - 1) * ratio
        return {
            "c": c,
            "information": information,
            "exact": information + c - np.exp(c - 1),
            "spread": np.sqrt((of_joint + np.exp(2 * (c - 1)) * of_ratio) / self._n),
            "dv_mean": dv.mean(),
            "dv_spread": np.sqrt(((dv - dv.mean()) ** 2).mean()),
            "line": self._line,
            "expected": information + self._line - np.exp(self._line - 1),
            "ends": [-2, 3],
            "across": [0.5, 2.5],
            "at_dv": self._at * 0.6 + 1,
            "at_nwj": self._at * 0.6 + 2,
            "dv": np.clip(dv, LOW, HIGH),
            "nwj": np.clip(nwj, LOW, HIGH),
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Expectations against the constant")
        plot = left.plot((44, 36, 284, 220), (-2.1, 3.1), (LOW - 0.15, HIGH + 0.15))
        plot.moving("line", "ends", "information", role="truth")
        plot.moving("line", "ends", "dv_mean", role="b")
        plot.moving("line", "line", "expected", role="a")
        plot.note(-2, "dv_mean", "DV, mean of these batches", dx=2, dy=-8)
        plot.note(3, "information", "truth", anchor="end", dy=16)
        plot.moving("dots", "c", "exact", role="halo")
        plot.moving("dots", "c", "exact", role="big-a")
        plot.handle("c", "exact", x="c")
        plot.axis("bottom", "constant c", ticks=[-2, -1, 0, 1, 2, 3])
        plot.axis("left", "value, nats", ticks=[-2, 0, 2, 4, 6])

        right = Panel(state, "Values of sixty batches by either formula")
        plot = right.plot((44, 36, 284, 220), (0.5, 2.5), (LOW - 0.15, HIGH + 0.15))
        plot.moving("line", "across", "information", role="truth")
        plot.moving("dots", "at_dv", "dv", role="b")
        plot.moving("dots", "at_nwj", "nwj", role="a")
        plot.axis("bottom", "", ticks=[1, 2], names=["DV", "NWJ"])
        plot.axis("left", "value of a batch, nats", ticks=[-2, 0, 2, 4, 6])
        return [left, right]


def batches(information: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each batch, the mean of log r over joint samples and the mean of r over reference samples."""
    rng, rho = np.random.default_rng(seed), CorrelatedGaussian.with_information(information, D).rho
    plus, minus = rng.gamma(D / 2, size=(2, BATCHES, n))  # log r of a joint sample is I + rho (plus - minus)
    joint = information + rho * (plus - minus)
    plus, minus = rng.gamma(D / 2, size=(2, BATCHES, n))
    reference = information + rho / (1 + rho) * plus - rho / (1 - rho) * minus
    return joint.mean(1), np.exp(reference).mean(1)
