"""The first explorer of chapter 15: two columns that tell nothing one by one, and everything together."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

TURNED = [0.0, 0.05, 0.1, 0.2, 0.3]


class ExclusiveExplorer(Explorer):
    r"""Make two bits unfair and their exclusive or unsure; see what each column tells about it, and what both tell.

    X and Y are independent, 1 with probability p, and Z is X xor Y, turned over with probability q.  All numbers are
    exact.

    Parameters
    ----------
    p : float
        Probability of a 1 at the start, .05 to .95.
    turned : float
        Probability q at the start: 0, .05, .1, .2 or .3.

    Attributes
    ----------
    p, turned : float
        The sliders' values (synced with the notebook).

    Raises
    ------
    ValueError
        For a p or q that the sliders don't have.
    """

    kind = "exclusive"
    title = "Two bits and their exclusive or: what one of them tells, and what both tell"
    control, label, shown = "p", "Probability of a 1, p", "p = {p:.2f}"
    spoken = "p {p:.2f}: one bit tells {one:.3f} nats, both tell {two:.3f}"
    second = {"name": "turned", "label": "Turned over, q", "shown": "q = {turned:.2f}", "spoken": "q {turned:.2f}"}
    sentence = (
        "With p = {p:.2f} and q = {turned:.2f} one bit tells {one:.3f|b} nats about Z, both together {two:.3f|a}. "
        "The second bit tells {rest:.3f} nats to who knows the first."
    )
    description = (
        "Information about Z = X xor Y, turned over with probability q, against the probability p of a 1: orange, from "
        "X alone; blue, from X and Y together. At p = ½ the orange curve touches zero, however sure Z is."
    )

    p = traitlets.Float().tag(sync=True)
    turned = traitlets.Float().tag(sync=True)

    def __init__(self, p: float = 0.5, turned: float = 0.05):
        self._checked("p", p), self._checked("turned", turned)
        self._line = np.linspace(0.02, 0.98, 97).round(4)
        grid = np.linspace(0.05, 0.95, 91).round(2).tolist()
        super().__init__(grid, float(p), {"line": self._line}, printed=[0.5, 0.7, 0.9], second=(TURNED, float(turned)))

    @staticmethod
    def _checked(name: str, value) -> float:
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or (name == "p" and not 0.05 <= value <= 0.95) or (name == "turned" and value not in TURNED):
            wanted = "a probability from 0.05 to 0.95" if name == "p" else f"one of {', '.join(map(str, TURNED))}"
            raise ValueError(f"{name} is {value!r}, wanted {wanted}.")
        return float(value)

    @traitlets.validate("p", "turned")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, p: float, turned: float) -> dict:
        """Return the informations, here and along p; see `Explorer.compute`."""
        one, two = informations(p, turned)
        curves = np.array([informations(v, turned) for v in self._line])
        out = {"p": p, "turned": turned, "one": one, "two": two, "rest": two - one, "line": self._line}
        return out | {"ones": curves[:, 0], "twos": curves[:, 1]}

    def _panels(self, state: dict) -> list[Panel]:
        panel = Panel(state, "Information about Z against the probability of a 1")
        plot = panel.plot((50, 36, 278, 220), (0, 1), (-0.03, 0.75))
        plot.moving("line", "line", "ones", role="b")
        plot.moving("line", "line", "twos", role="a")
        for name, role in (("one", "big-b"), ("two", "big-a")):
            plot.moving("dots", "p", name, role="halo")
            plot.moving("dots", "p", name, role=role)
            plot.handle("p", name, x="p")
        plot.axis("bottom", "probability of a 1, p", ticks=[0, 0.25, 0.5, 0.75, 1])
        plot.axis("left", "nats", ticks=[0, 0.2, 0.4, 0.6])
        return [panel]


def informations(p: float, turned: float) -> tuple[float, float]:
    """Return I(X;Z) and I(X,Y;Z) in nats."""
    bit, one = np.array([1 - p, p]), np.array([[1 - turned, turned], [turned, 1 - turned]])
    joint = np.array([[bit[a] * bit[b] * one[a ^ b] for b in (0, 1)] for a in (0, 1)])  # (x, y, z)

    def entropy(cells) -> float:
        v = np.ravel(cells)
        v = v[v > 0]
        return float(-(v * np.log(v)).sum())

    z = entropy(joint.sum((0, 1)))
    return entropy(bit) + z - entropy(joint.sum(1)), 2 * entropy(bit) + z - entropy(joint)
