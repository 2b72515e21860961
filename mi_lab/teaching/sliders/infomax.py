"""The second explorer of chapter 13: a linear map turns, and the gradients of the information tell it where to."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

CLUSTER, SPREAD, NOISE = 0.15, 0.9, 0.3  # standard deviations: inside of the two clusters, across, of the noise
STEP, LENGTH, SCALE = 5, 1.7, 0.8  # degrees; of the direction that is drawn; of a nat per radian


class InfomaxExplorer(Explorer):
    r"""Turn the direction w of z = w·x + noise; see dI/dangle by quadrature, by a spectral and by a Gaussian score.

    X₁ is -1 or 1 and a little noise, X₂ a Gaussian of less variance and more entropy: the direction of the largest
    variance tells least about X, which only a score that sees two modes can know.

    Parameters
    ----------
    angle : int
        Degrees at the start, 0 to 180 in steps of 5.
    n : int
        Samples behind the estimates, 50 to 2000.
    seed : int

    Attributes
    ----------
    angle : int
        The slider's value (synced with the notebook).

    Raises
    ------
    ValueError
        For an angle that the slider doesn't have, or a useless n.
    """

    kind = "infomax"
    title = "A linear map that turns, and the gradient of its information by three scores"
    control = "angle"
    label = "Angle of w"
    shown = "{angle:d}°"
    spoken = "{angle:d} degrees, slope {truth:.2f}, spectral {spectral:.2f}, Gaussian {gaussian:.2f} nats per radian"
    sentence = (
        "At {angle:d}° the information changes by {truth:.2f|truth} nats per radian. The spectral score says "
        "{spectral:.2f|a}, the score of the Gaussian that fits {gaussian:.2f|b}."
    )
    description = (
        "Left: samples of X, two clusters beside each other, and the direction w; at its tip the gradient by the "
        "spectral score (blue) and by a Gaussian score (orange), as arrows along the circle. Right: the derivative of "
        "I(X;Z) by the angle; dashed, the truth; where it crosses zero from above is the best direction."
    )

    angle = traitlets.Int().tag(sync=True)

    def __init__(self, angle: int = 30, *, n: int = 300, seed: int = 0):
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 50 <= n <= 2000:
            raise ValueError(f"n is {n!r}, wanted a whole number of samples from 50 to 2000.")
        start = self._checked(angle)
        self._angles = list(range(0, 181, STEP))
        self._x, spectral, gaussian = slopes(self._angles, n, seed)
        self._slopes = {"truth": true_slopes(self._angles), "spectral": spectral, "gaussian": gaussian}
        data = {"angles": self._angles, "slopes": self._slopes, "length": LENGTH, "scale": SCALE}
        super().__init__(self._angles, start, data, printed=[30, 60, 90])

    @staticmethod
    def _checked(angle) -> int:
        if isinstance(angle, bool) or not isinstance(angle, (int, np.integer)) or angle not in range(0, 181, STEP):
            raise ValueError(f"angle is {angle!r}, wanted degrees from 0 to 180 in steps of {STEP}.")
        return int(angle)

    @traitlets.validate("angle")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    def compute(self, angle: int) -> dict:
        """Return the direction, both arrows and all three slopes; see `Explorer.compute`."""
        at, turn = self._angles.index(angle), angle * np.pi / 180
        found = {name: values[at] for name, values in self._slopes.items()}
        tip = LENGTH * np.cos(turn), LENGTH * np.sin(turn)
        state = {"angle": angle, **found, "w_x": [-tip[0], tip[0]], "w_y": [-tip[1], tip[1]]}
        for name, far in (("spectral", 1.0), ("gaussian", 1.12)):  # beside each other
            end = SCALE * found[name]
            state[f"{name}_x"] = [far * tip[0], far * tip[0] - end * np.sin(turn)]
            state[f"{name}_y"] = [far * tip[1], far * tip[1] + end * np.cos(turn)]
            state[f"{name}_tip_x"], state[f"{name}_tip_y"] = state[f"{name}_x"][1], state[f"{name}_y"][1]
        return state

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Samples, the direction of the map and its gradients")
        plot = left.plot((44, 36, 220, 220), (-2.8, 2.8), (-2.8, 2.8))
        plot.fixed("dots", *self._x[:200].T, role="data")
        plot.moving("line", "w_x", "w_y", role="ink")
        for name, role in (("gaussian", "b"), ("spectral", "a")):
            plot.moving("line", f"{name}_x", f"{name}_y", role=role)
            plot.moving("dots", f"{name}_tip_x", f"{name}_tip_y", role=f"big-{role}")
        plot.axis("bottom", "x₁", ticks=[-2, 0, 2])
        plot.axis("left", "x₂", ticks=[-2, 0, 2])

        right = Panel(state, "Derivative of the information by the angle")
        plot = right.plot((50, 36, 278, 220), (0, 180), (-1.4, 1.4))
        plot.fixed("line", [0, 180], [0, 0], role="rules")
        plot.fixed("line", self._angles, self._slopes["gaussian"], role="b")
        plot.fixed("line", self._angles, self._slopes["spectral"], role="a")
        plot.fixed("line", self._angles, self._slopes["truth"], role="truth")
        for name, role in (("gaussian", "b"), ("spectral", "a")):
            plot.moving("dots", "angle", name, role="halo")
            plot.moving("dots", "angle", name, role=f"big-{role}")
        plot.note(60, -0.12, "Gaussian", role="b", dy=20)
        plot.axis("bottom", "angle of w, degrees", ticks=[0, 45, 90, 135, 180])
        plot.axis("left", "dI/dangle, nats per radian", ticks=[-1, 0, 1])
        return [left, right]


def true_slopes(angles: list[int]) -> list[float]:
    """Return dI/dangle = dh(Z)/dangle by quadrature: Z is a mixture of two Gaussians, and h(Z|X) doesn't move."""

    def entropy(turn: float) -> float:
        middle = np.cos(turn)
        width = np.sqrt((CLUSTER * np.cos(turn)) ** 2 + (SPREAD * np.sin(turn)) ** 2 + NOISE**2)
        z = np.linspace(-12, 12, 6001)
        bells = [np.exp(-(((z - m) / width) ** 2) / 2) for m in (middle, -middle)]
        density = np.maximum(sum(bells) / (2 * width * np.sqrt(2 * np.pi)), 1e-300)
        return float(-(density * np.log(density)).sum() * (z[1] - z[0]))

    turns, step = np.radians(angles), 1e-4
    return [round((entropy(t + step) - entropy(t - step)) / (2 * step), 4) for t in turns]


def slopes(angles: list[int], n: int, seed: int) -> tuple[np.ndarray, list[float], list[float]]:
    """Return samples of X, and dI/dangle on them by a spectral and by a Gaussian score."""
    import torch

    from mi_lab.gradients import GaussianScore, SpectralStein, entropy_term

    rng = np.random.default_rng([seed, n])
    x = rng.standard_normal((n, 2)) * [CLUSTER, SPREAD]
    x[:, 0] += rng.choice([-1.0, 1.0], n)
    noise, points = torch.from_numpy(NOISE * rng.standard_normal(n)), torch.from_numpy(x)
    found: list[list[float]] = [[], []]
    for angle in angles:
        for kind, values in zip((SpectralStein, GaussianScore), found, strict=True):
            turn = torch.tensor(angle * np.pi / 180, dtype=torch.float64, requires_grad=True)
            z = (points[:, 0] * turn.cos() + points[:, 1] * turn.sin() + noise)[:, None]
            entropy_term(z, kind(z)).backward()
            values.append(round(turn.grad.item(), 4))
    return x.round(3), found[0], found[1]
