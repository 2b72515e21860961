"""What comes out: a number with an error bar that says what it covers."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

UNITS = {"nats": 1.0, "bits": math.log(2)}  # one unit, in nats
COVERS = {
    "optimisation": "initial weights and batches, for these samples",
    "sampling": "the held-out samples, for these critics",
    "both": "initial weights, batches, splits and held-out samples",
    "subsampling": "the samples, from how the estimate scatters over parts of them",
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
        "nats" or "bits".
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

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        error = f" ± {self.error:.2g}" if self.error is not None else ""
        digits = 3 if not self.error else max(3, -math.floor(math.log10(self.error)) + 1)
        facts = [self.method, f"{self.n} samples" if self.n else ""]
        facts += [f"{len(self.members)} seeds" if len(self.members) > 1 else ""]
        facts += [f"± covers {COVERS.get(self.covers, self.covers)}" if self.error is not None else "no error bar"]
        facts += [f"truth {self.truth:.{min(digits, 4)}f}" if self.truth is not None else ""]
        return f"{self.value:.{min(digits, 6)}f}{error} {self.units} ({'; '.join(f for f in facts if f)})"

    def to(self, units: str) -> "Estimate":
        """Return the same estimate in "nats" or "bits"; the history stays in nats."""
        scale = UNITS[self.units] / UNITS[check_units(units)]
        return replace(
            self,
            units=units,
            value=self.value * scale,
            error=None if self.error is None else self.error * scale,
            truth=None if self.truth is None else self.truth * scale,
            members=self.members * scale,
        )

    def to_dict(self) -> dict:
        """Return what a JSON file can hold: everything but the history and the trainer."""
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
        }

    def plot(self, ax=None):
        """Draw the held-out estimate of every member against the steps, the training estimate, the value and the truth.

        Returns the axes.
        """
        import matplotlib.pyplot as plt

        from mi_lab import plots

        if ax is None:
            _, ax = plt.subplots()
        scale = 1 / UNITS[self.units]
        for name, label in (("train", "training samples"), ("held_out", "held-out samples")):
            if self.history.get(name):
                curves = np.asarray(self.history[name], dtype=float) * scale
                curves = curves[None] if curves.ndim == 1 else curves.T
                plots.band(ax, self.history["step"], curves, label)
        if self.error is not None:
            ax.axhspan(self.value - self.error, self.value + self.error, color=plots.C.grey, alpha=0.2, linewidth=0)
        ax.axhline(self.value, color=plots.C.grey, linewidth=1, label=f"estimate {self.value:.3f} {self.units}")
        if self.truth is not None:
            ax.axhline(self.truth, color="#222222", linestyle=(0, (5, 3)), label=f"truth {self.truth:.3f} {self.units}")
        ax.set(xlabel="steps", ylabel=f"estimate ({self.units})", title=self.method)
        ax.legend()
        return ax
