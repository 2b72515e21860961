"""The explorer of chapter 7: a moving average in the denominator trades noise and Jensen's bias for a lag."""

import numpy as np
import traitlets
from scipy.signal import lfilter

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

GRID = [*np.round(np.arange(0, 0.9, 0.05), 2).tolist(), *np.round(np.arange(0.9, 0.991, 0.01), 2).tolist()]


class MovingAverage(Explorer):
    r"""Move the weight β of the old value in m ← (1 − β)·new + β·m and see noise and bias.

    The critic is the optimal one, :math:`t = \log r` of a Gaussian, times a scale s = 1, plus the constant c that
    nothing holds.  The derivative of the loss with respect to s has the term
    :math:`E_{P'}[t e^{t}]/E_{P'}[e^{t}] = I(X;Y)`; a
    minibatch replaces it by :math:`\overline{t e^t}/m`.  With β = 0 noise in m biases the ratio (Jensen); with a long
    memory m lags behind, when c drifts.

    Parameters
    ----------
    beta : float
        Weight of the *old* value at the start, 0 to .99.
    rho : float
        Correlation of the Gaussian, so that the truth is I = −½ log(1 − ρ²).
    batch : int
        Reference samples a step.
    drift : float
        By how much c grows a step, in nats.
    seed : int
        Of the batches.

    Attributes
    ----------
    beta : float
        The slider's value (synced with the notebook).
    noise : float
        Standard deviation of log m about the log of the true denominator's level, in nats.
    bias : float
        Mean of the ratio minus the truth, in nats.

    Raises
    ------
    ValueError
        A parameter out of range.
    """

    kind = "average"
    title = "Moving average of the denominator: noise against bias"
    control = "beta"
    label = "Weight β of the old value"
    shown = "β = {beta:.2f}"
    spoken = "beta {beta:.2f}, noise {noise:.3f} nats, bias {bias:.3f} nats"

    beta = traitlets.Float().tag(sync=True)

    def __init__(self, beta: float = 0.1, *, rho: float = 0.9, batch: int = 32, drift: float = 0.003, seed: int = 0):
        if not 0 < abs(rho) <= 0.95:
            raise ValueError(f"rho is {rho!r}, wanted a correlation with 0 < |rho| <= 0.95.")
        if isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or not 2 <= batch <= 1000:
            raise ValueError(f"batch is {batch!r}, wanted a whole number of samples from 2 to 1000.")
        if not 0 <= drift <= 0.1:
            raise ValueError(f"drift is {drift!r}, wanted 0 to 0.1 nats a step.")
        start = self._checked(beta)
        self._grid = sorted({*GRID, start})
        self._truth, self._drift = -0.5 * float(np.log(1 - rho**2)), drift
        steps = 20_000
        denominators, numerators = _batches(rho, int(batch), steps, seed)
        # Relative to the drifting level e^{ci} the recursion is stationary: m/level = (1-β) new + β e^{-drift} m/level.
        self._noise, self._bias = [], []
        for b in self._grid:
            relative = lfilter([1 - b], [1, -b * np.exp(-drift)], denominators)[500:]
            self._noise.append(round(float(np.log(relative).std()), 4))
            self._bias.append(round(float(np.mean(numerators[500:] / relative)) - self._truth, 4))
        shown = 120
        self._step = np.arange(1, shown + 1)
        self._batch_means = (denominators[:shown] * np.exp(drift * self._step)).round(4)
        self.sentence = (
            "β = {beta:.2f}: the denominator remembers about {memory:.1f} batches. Its noise is {noise:.3f|a} nats, "
            "and the term of the gradient that it divides is {size:.3f|b} nats too {direction} on average "
            f"(its true value is I(X;Y) = {self._truth:.3f} nats)."
        )
        self.description = (
            f"Left: the logarithm of the denominator over {shown} steps: dots are the means of single batches of "
            f"{batch}, the line is the moving average m, dashed is the truth"
            + (f", which drifts by {drift:g} nats a step. " if drift else ". ")
            + "Right: noise of log m (blue) and bias of the gradient’s term (orange) for every β, in nats; dashed is 0."
        )
        data = {"batches": self._batch_means, "step": self._step, "first": 1.0, "grid": self._grid}
        data |= {"noise": self._noise, "bias": self._bias}
        super().__init__(self._grid, start, data, printed=sorted({0.0, start, 0.9, 0.99}))

    @staticmethod
    def _checked(beta) -> float:
        if not (isinstance(beta, (int, float, np.number)) and 0 <= beta <= 0.99):
            raise ValueError(f"beta is {beta!r}, wanted the weight of the old value, 0 to 0.99.")
        return float(beta)

    @traitlets.validate("beta")
    def _valid(self, proposal):
        return self._checked(proposal.value)

    @property
    def noise(self) -> float:
        """Standard deviation of log m, in nats."""
        return self.numbers["noise"]

    @property
    def bias(self) -> float:
        """Mean of the gradient's term minus its true value, in nats."""
        return self.numbers["bias"]

    def compute(self, beta: float) -> dict:
        """Return the trace of log m, noise and bias; see `Explorer.compute`."""
        index = int(np.argmin(np.abs(np.asarray(self._grid) - beta)))
        m, trace = 1.0, []
        for batch in self._batch_means.tolist():
            m = (1 - beta) * batch + beta * m
            trace.append(np.log(m))
        bias = self._bias[index]
        return {
            "beta": beta,
            "memory": 1 / (1 - beta),
            "noise": self._noise[index],
            "bias": bias,
            "size": abs(bias),
            "direction": "low" if bias < 0 else "high",
            "at": -np.log10(1 - beta),
            "step": self._step,
            "trace": trace,
        }

    def _panels(self, state: dict) -> list[Panel]:
        steps, logs = self._step, np.log(self._batch_means)
        left = Panel(state, "The denominator over the steps: batches, moving average and truth")
        low, high = min(0.0, float(logs.min())), max(float(logs.max()), self._drift * steps[-1])
        room = 0.06 * (high - low)
        plot = left.plot((44, 36, 284, 220), (0, steps[-1] + 1), (low - room, high + room))
        plot.fixed("dots", steps, logs, role="faint")
        plot.fixed("line", [0, steps[-1]], [0, self._drift * steps[-1]], role="truth")
        plot.moving("line", "step", "trace", role="a")
        plot.axis("bottom", "step")
        plot.axis("left", "log of the denominator, nats")

        right = Panel(state, "Noise and bias against beta")
        at = -np.log10(1 - np.asarray(self._grid))
        values = [*self._noise, *self._bias, 0.0]
        low, high = min(values), max(values)  # all of both curves, so that no dot leaves the panel
        room = 0.08 * (high - low)
        plot = right.plot((44, 36, 284, 220), (-0.04, 2.04), (low - 2 * room, high + 2 * room))
        plot.fixed("line", [-0.04, 2.04], [0, 0], role="truth")
        plot.fixed("line", at, self._noise, role="a")
        plot.fixed("line", at, self._bias, role="b")
        plot.moving("dots", "at", "noise", role="halo")
        plot.moving("dots", "at", "noise", role="big-a")
        plot.moving("dots", "at", "bias", role="halo")
        plot.moving("dots", "at", "bias", role="big-b")
        plot.note(at[3], self._noise[3], "noise", dx=6, dy=-8)
        plot.note(at[3], self._bias[3], "bias", dx=6, dy=18)
        ticks = [0, 0.5, 0.8, 0.9, 0.95, 0.99]
        plot.axis("bottom", "weight β of the old value", ticks=[-np.log10(1 - b) for b in ticks], names=map(str, ticks))
        plot.axis("left", "nats")
        return [left, right]


def _batches(rho: float, batch: int, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the batch means of e^t and t e^t over samples of the product, t the optimal critic: (steps,) each."""
    rng = np.random.default_rng(seed)
    denominators, numerators = [], []
    for part in np.array_split(np.arange(steps), max(1, steps * batch // 1_000_000)):
        x, y = rng.standard_normal((2, len(part), batch))
        rest = 1 - rho**2
        t = -0.5 * np.log(rest) - (rho**2 * (x**2 + y**2) - 2 * rho * x * y) / (2 * rest)
        denominators.append(np.exp(t).mean(1))
        numerators.append((t * np.exp(t)).mean(1))
    return np.concatenate(denominators), np.concatenate(numerators)
