"""What comes out: a number with an error bar that says what it covers."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mi_lab.certificates import DEFAULT, check_confidence

UNITS = {"nats": 1.0, "bits": math.log(2)}  # one unit, in nats
RATIO = "ratio"  # a normalised information has no unit
COVERS = {
    "optimisation": "initial weights and batches, for these samples",
    "sampling": "the held-out samples, for these critics",
    "both": "initial weights, batches, splits and held-out samples",
    "subsampling": "the samples, from how the estimates of halves of them differ",
    "samples": "samples and fits, not bias: see interval()",
    "nothing": "",
}


def check_units(units: str) -> str:
    """Return the units' name if there are such."""
    if units not in UNITS:
        raise ValueError(f"unknown units {units!r}, wanted one of: {', '.join(UNITS)}.")
    return units


@dataclass
class Estimate:
    """An estimate of mutual information or of a divergence.

    Attributes
    ----------
    value : float
        In `units`.
    error : float or None
        One standard error; None where none was estimated.  It knows nothing of the method's bias.
    covers : str
        Which randomness the error covers: "optimisation", "sampling", "both", "subsampling" or "nothing".
    units : str
        "nats", "bits", or "ratio" for a normalised information, which has no unit.
    truth : float or None
        The known value, if there is one.
    method : str
    n : int
        Number of samples.
    bounds : str
        What the method's value is: a lower bound in expectation, no bound, ….
    members : ndarray (members,)
        Each member's value.
    history : dict
        Of the trainer, in nats.
    trainer : Trainer or None
        The trained critics, to look at or to evaluate on other samples.
    warnings : tuple of str
        One sentence for everything that neither the value nor the error bar shows: copied rows, rows that follow one
        another, a bias that rules, an infinite truth.
    """

    value: float
    error: float | None = None
    covers: str = "nothing"
    units: str = "nats"
    truth: float | None = None
    method: str = ""
    n: int = 0
    bounds: str = ""
    members: np.ndarray = field(default_factory=lambda: np.empty(0))
    history: dict = field(default_factory=dict, repr=False)
    trainer: Any = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    bias: tuple[float, float] = (0.0, 0.0)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        error = f" ± {self.error:.2g}" if self.error is not None else ""
        exact = self.error is None or not math.isfinite(self.error) or self.error <= 0
        digits = 3 if exact else max(3, -math.floor(math.log10(self.error)) + 1)
        facts = [self.method, f"{self.n} samples" if self.n else ""]
        facts += [f"{len(self.members)} seeds" if len(self.members) > 1 else ""]
        facts += [f"± covers {COVERS.get(self.covers, self.covers)}" if self.error is not None else "no error bar"]
        facts += [f"truth {self.truth:.{min(digits, 4)}f}" if self.truth is not None else ""]
        facts += [f"{len(self.warnings)} warning{'s' * (len(self.warnings) > 1)}" if self.warnings else ""]
        unit = "" if self.units == RATIO else f" {self.units}"
        return f"{self.value:.{min(digits, 6)}f}{error}{unit} ({'; '.join(f for f in facts if f)})"

    def to(self, units: str) -> "Estimate":
        """Return the same estimate in "nats" or "bits"; the history stays in nats, a ratio as it is."""
        check_units(units)
        if self.units == RATIO:
            return self
        scale = UNITS[self.units] / UNITS[units]
        return replace(
            self,
            units=units,
            value=self.value * scale,
            error=None if self.error is None else self.error * scale,
            truth=None if self.truth is None else self.truth * scale,
            members=self.members * scale,
            bias=tuple(b * scale for b in self.bias),
        )

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        r"""Return the ends of an interval that is to hold the truth with this probability, in `units`.

        .. math:: [\,\hat I - z\,s - b_-,\; \hat I + z\,s + b_+\,], \quad z = \Phi^{-1}\big((1 + \text{level})/2\big)

        with the standard error s and the bias :math:`b_\pm` that the default estimator finds it may have: from critics
        that saw fewer samples, from their gain on samples seen and unseen, from families that disagree.  How often it
        covers is measured in chapter 14.  Other methods know no bias, and neither does their interval.  No end lies
        below 0.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Raises
        ------
        ValueError
            A level outside (0, 1), or an estimate without an error bar.
        """
        from statistics import NormalDist

        number = isinstance(level, (int, float)) and not isinstance(level, bool)
        if not number or not 0 < level < 1:
            raise ValueError(f"level = {level!r}, wanted a number between 0 and 1.")
        if self.error is None or not math.isfinite(self.error) or not math.isfinite(self.value):
            raise ValueError(
                f"method {self.method!r} gave {self.value:.3g} without an error bar, so there is no interval: take the "
                'default, method="auto", or a method with an error bar.'
            )
        reach = NormalDist().inv_cdf((1 + level) / 2) * self.error
        ends = self.value - reach - self.bias[0], self.value + reach + self.bias[1]
        return max(0.0, ends[0]), max(0.0, ends[1])

    def certified(self, confidence: float = DEFAULT) -> float:
        """Return the largest L such that I(X;Y) >= L with this probability, whatever the law (chapter 10).

        From held-out samples alone: each half of them bets on the clipped critics that the other half chose.  The rows
        are taken as independent, and the estimate as the only one that was looked at.  L never exceeds the value; 0
        says that nothing is certified.  Holding more out (``held_out=0.5``) certifies more.
        Reference: `thm-limits-certificate`.

        Parameters
        ----------
        confidence : float
            Between 0 and 1.

        Returns
        -------
        float
            In `units`.

        Raises
        ------
        ValueError
            A confidence outside (0, 1), or a method without a critic that held-out samples could certify.
        """
        check_confidence(confidence)
        if self.trainer is None:
            raise ValueError(
                f"method {self.method!r} trained no critic and held no samples out, so there is nothing to certify: "
                'take a method with a critic, such as "mine".'
            )
        if self.units not in UNITS:
            raise ValueError(
                f"a certificate is for an information in nats or bits, and this estimate is a {self.units}."
            )
        return min(self.value, self.trainer.certified(confidence) / UNITS[self.units])

    def to_dict(self) -> dict:
        """Return what a JSON file can hold: all but history and trainer, None for what isn't finite."""
        number = lambda v: None if v is None or not math.isfinite(v) else float(v)  # noqa: E731
        return {
            "value": number(self.value),
            "error": number(self.error),
            "covers": self.covers,
            "units": self.units,
            "truth": number(self.truth),
            "method": self.method,
            "n": self.n,
            "bounds": self.bounds,
            "members": [number(v) for v in self.members],
            "warnings": list(self.warnings),
            "how": list(self.how),
            "interval": None if number(self.error) is None or number(self.value) is None else list(self.interval()),
        }

    def plot(self, ax=None):
        """Draw the held-out estimate of every member against the steps, the training estimate, the value and the truth.

        Returns the axes.
        """
        import matplotlib.pyplot as plt

        from mi_lab import plots

        if ax is None:
            _, ax = plt.subplots()
        scale = 1 / UNITS.get(self.units, 1.0)
        unit = "" if self.units == RATIO else f" {self.units}"
        for name, label in (("train", "training samples"), ("held_out", "held-out samples")):
            if self.history.get(name):
                curves = np.asarray(self.history[name], dtype=float) * scale
                curves = curves[None] if curves.ndim == 1 else curves.T
                plots.band(ax, self.history["step"], curves, label)
        if self.error is not None and math.isfinite(self.value) and math.isfinite(self.error):
            ax.axhspan(self.value - self.error, self.value + self.error, color=plots.C.grey, alpha=0.2, linewidth=0)
        if math.isfinite(self.value):
            ax.axhline(self.value, color=plots.C.grey, linewidth=1, label=f"estimate {self.value:.3f}{unit}")
        if self.truth is not None:
            ax.axhline(self.truth, color="#222222", linestyle=(0, (5, 3)), label=f"truth {self.truth:.3f}{unit}")
        ax.set(xlabel="steps", ylabel=f"estimate ({self.units})", title=self.method)
        ax.legend()
        return ax
