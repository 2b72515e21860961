"""The first explorer of chapter 19: members that are trained together share what a step costs before it computes."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

MEMBERS, SHARES = [1, 2, 4, 8, 16, 32, 64, 128], [10 * k for k in range(1, 10)]


class TogetherExplorer(Explorer):
    r"""Train members together: every operation is called once for all, and computes for each.

    A step of M members takes :math:`a + M w`, so that each costs :math:`a / M + w`; one alone costs :math:`a + w`.

    Parameters
    ----------
    members : int
        At the start: 1, 2, 4, … 128.
    share : int
        Per cent of a single member's step that goes into calls, 10 to 90, at the start.

    Attributes
    ----------
    members : int
    share : int
        The sliders' values (synced with the notebook).

    Raises
    ------
    ValueError
        For a number that the sliders don't have.
    """

    kind = "together"
    title = "What a member costs when several are trained together"
    control, label, shown = "members", "Members trained together", "{members:d}"
    spoken = "{members:d} members together cost {ratio:.0%} of {members:d} steps one after another"
    second = {
        "name": "share",
        "label": "Calls in a single step",
        "shown": "{share:d} per cent",
        "spoken": "{share:d} per cent of a single step goes into calls",
    }
    sentence = (
        "{members:d} members together take {together:.1f|a} times as long as one; one after another, "
        "{apart:d|b} times. That is {ratio:.0%} of it, and no number of members brings it below {least:.0%}."
    )
    description = (
        "Cost of a member's step against the number of members trained together, on a logarithmic axis. The flat "
        "orange line at 1 is one after another. The blue curve falls from 1 towards the dashed line, the arithmetic."
    )

    members = traitlets.Int().tag(sync=True)
    share = traitlets.Int().tag(sync=True)

    def __init__(self, members: int = 16, share: int = 50):
        self._checked("members", members), self._checked("share", share)
        data = {"members": MEMBERS}
        super().__init__(MEMBERS, members, data, printed=[1, 16, 128], second=(SHARES, share))

    @staticmethod
    def _checked(name: str, value) -> int:
        grid = MEMBERS if name == "members" else SHARES
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value not in grid:
            raise ValueError(f"{name} is {value!r}, wanted one of {', '.join(map(str, grid))}.")
        return int(value)

    @traitlets.validate("members", "share")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, members: int, share: int) -> dict:
        """Return the costs, in units of a single member's step; see `Explorer.compute`."""
        a = share / 100
        w = 1 - a
        together = a + members * w
        return {
            "members": members,
            "share": share,
            "together": together,
            "apart": members,
            "ratio": together / members,
            "least": w,
            "x": [int(np.log2(k)) for k in MEMBERS],
            "curve": [a / k + w for k in MEMBERS],
            "ends": [0, len(MEMBERS) - 1],
            "floor": [w, w],
            "at": int(np.log2(members)),
        }

    def _panels(self, state: dict) -> list[Panel]:
        panel = Panel(state, "Cost of a member against the number of members")
        plot = panel.plot((50, 36, 278, 220), (-0.2, 7.2), (0, 1.15))
        plot.fixed("line", [0, 7], [1, 1], role="b")
        plot.moving("line", "ends", "floor", role="truth")
        plot.moving("line", "x", "curve", role="a")
        plot.moving("dots", "at", "ratio", role="halo")
        plot.moving("dots", "at", "ratio", role="big-a")
        plot.axis("bottom", "members trained together", ticks=list(range(8)), names=[str(k) for k in MEMBERS])
        plot.axis("left", "cost of a member, in single steps", ticks=[0, 0.25, 0.5, 0.75, 1])
        return [panel]
