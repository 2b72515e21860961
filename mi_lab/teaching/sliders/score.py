"""The first explorer of chapter 13: a score written in few eigenfunctions, or many, on few samples, or many."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

SIZES, MOST, APART, WIDTH = (50, 100, 200, 400), 12, 2.0, 0.4
MODES = f"N(−{APART:g}, 1) and N({APART:g}, 1)"


class ScoreExplorer(Explorer):
    r"""Change how many eigenfunctions carry the spectral Stein estimate of a score, and on how many samples.

    The law is an even mixture of N(-2, 1) and N(2, 1), whose score is -z + 2 tanh 2z. The estimate is
    `SpectralStein` with ``base=None`` and the bandwidth .4, made once for every place of the sliders.

    Parameters
    ----------
    number : int
        Eigenfunctions at the start, 1 to 12.
    n : int
        Samples at the start: 50, 100, 200 or 400.
    seed : int
        Of the samples.

    Attributes
    ----------
    number, n : int
        The sliders' values (synced with the notebook).

    Raises
    ------
    ValueError
        For a number or n that the sliders don't have.
    """

    kind = "score"
    title = "The score of a law with two modes by the spectral Stein estimator"
    control = "number"
    label = "Eigenfunctions, J"
    shown = "J = {number:d}"
    spoken = "{number:d} eigenfunctions, relative error {error:.1%}"
    second = {"name": "n", "label": "Samples, n", "shown": "n = {n:d}", "spoken": "{n:d} samples"}
    sentence = (
        "With J = {number:d|a} eigenfunctions on n = {n:d} samples the estimate misses the score by "
        "{error:.1%|b} of its mean square. On these samples the best J is {best:d}, with {least:.1%}."
    )
    description = (
        f"Left: the score of an even mixture of {MODES}, dashed, and the estimate; grey, the samples. Right: the mean "
        "squared error under the law, as a share of the score's mean square, for every number of eigenfunctions; the "
        "large dot is the present one. An error of 100 % is that of the estimate zero; what is larger than 150 % is "
        "drawn at the upper edge."
    )

    number = traitlets.Int().tag(sync=True)
    n = traitlets.Int().tag(sync=True)

    def __init__(self, number: int = 2, n: int = 200, *, seed: int = 0):
        self._checked("number", number), self._checked("n", n)
        self._grid = np.linspace(-5.5, 5.5, 89).round(4)
        self._truth = score(self._grid)
        made = [estimates(size, self._grid, seed) for size in SIZES]
        self._samples = [rows for rows, _, _ in made]
        self._curves, self._errors = [c for _, c, _ in made], [e for _, _, e in made]
        data = {"z": self._grid, "curves": self._curves, "errors": self._errors, "sizes": SIZES}
        data |= {"samples": self._samples, "numbers": list(range(1, MOST + 1))}
        grid = list(range(1, MOST + 1))
        super().__init__(grid, number, data, printed=[2, 5, 12], second=(list(SIZES), n))

    @staticmethod
    def _checked(name: str, value) -> int:
        wanted = range(1, MOST + 1) if name == "number" else SIZES
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value not in wanted:
            raise ValueError(f"{name} is {value!r}, wanted one of {', '.join(map(str, wanted))}.")
        return int(value)

    @traitlets.validate("number", "n")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, number: int, n: int) -> dict:
        """Return the estimate and its errors; see `Explorer.compute`."""
        at = SIZES.index(n)
        errors = self._errors[at]
        best = int(np.argmin(errors))
        return {
            "number": number,
            "n": n,
            "z": self._grid,
            "estimate": self._curves[at][number - 1],
            "samples": self._samples[at],
            "numbers": list(range(1, MOST + 1)),
            "errors": [min(e, 1.5) for e in errors],
            "error": errors[number - 1],
            "height": min(errors[number - 1], 1.5),
            "best": best + 1,
            "least": errors[best],
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "The score and its estimate")
        plot = left.plot((44, 36, 284, 220), (-5.5, 5.5), (-4.5, 4.5))
        plot.fixed("line", [-5.5, 5.5], [0, 0], role="rules")
        plot.moving("dots", "samples", "-4.3", role="faint")
        plot.fixed("line", self._grid, self._truth, role="truth")
        plot.moving("line", "z", "estimate", role="a")
        plot.axis("bottom", "z", ticks=[-4, -2, 0, 2, 4])
        plot.axis("left", "score ∇ log q(z)", ticks=[-4, -2, 0, 2, 4])

        right = Panel(state, "Error against the number of eigenfunctions")
        plot = right.plot((50, 36, 278, 220), (0.5, MOST + 0.5), (0, 1.55))
        plot.fixed("line", [0.5, MOST + 0.5], [1, 1], role="guide")
        plot.moving("line", "numbers", "errors", role="b")
        plot.moving("dots", "number", "height", role="halo")
        plot.moving("dots", "number", "height", role="big-b")
        plot.axis("bottom", "eigenfunctions J", ticks=[2, 4, 6, 8, 10, 12])
        plot.axis("left", "relative error", ticks=[0, 0.5, 1, 1.5], names=["0", "50 %", "100 %", "150 %"])
        return [left, right]


def score(z: np.ndarray) -> np.ndarray:
    """Return the score of the mixture, -z + a tanh(a z)."""
    return -z + APART * np.tanh(APART * z)


def estimates(n: int, grid: np.ndarray, seed: int) -> tuple[list, list, list]:
    """Return n samples (60 of them to be drawn), the estimates on a grid and their errors, for every number."""
    import torch

    from mi_lab.gradients import SpectralStein

    rng = np.random.default_rng([seed, n])
    z = rng.standard_normal(n) + APART * rng.choice([-1.0, 1.0], n)
    density = np.exp(-((grid - APART) ** 2) / 2) + np.exp(-((grid + APART) ** 2) / 2)
    curves, errors = [], []
    estimate = SpectralStein(z, number=MOST, bandwidth=WIDTH, base=None)
    for number in range(1, MOST + 1):
        estimate.number = number
        curve = estimate(torch.from_numpy(grid[:, None]))[:, 0].numpy()
        errors.append(float((density * (curve - score(grid)) ** 2).sum() / (density * score(grid) ** 2).sum()))
        curves.append(curve.round(3))
    return z[:60].round(3), curves, np.round(errors, 4).tolist()
