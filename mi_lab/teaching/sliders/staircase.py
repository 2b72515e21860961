"""The second explorer of chapter 9: the staircase, one objective and one level at a time, beside published figures."""

import numpy as np
import traitlets

from mi_lab.teaching.curves import load_run
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.sliders.words import number

NAMES = {  # as the chapter writes them, in its order: by what stands for the normaliser
    "dv": "DV",
    "mine": "MINE",
    "remine": "ReMINE",
    "nwj": "NWJ",
    "tuba": "TUBA",
    "flo": "FLO",
    "js": "JS, NWJ",
    "infonce": "InfoNCE",
    "alpha-tuba": "α-TUBA",
    "smile-1": "SMILE, 1",
    "smile-5": "SMILE, 5",
    "smile-inf": "SMILE, ∞",
    "demi": "DEMI",
    "gan-dime": "GAN-DIME",
    "kl-dime": "KL-DIME",
    "hd-dime": "HD-DIME",
}
LOW, HIGH, LEFT, RIGHT = -1.0, 13.0, -7.0, 4.0  # nats shown: of the climb, and of the errors


class StaircaseExplorer(Explorer):
    """Climb the staircase with one objective after the other, and look at every level beside published figures.

    The setting is the published one: 20 Gaussian pairs, batches of 64 drawn afresh at each step, 2, 4, 6, 8 and
    10 nats for an equal number of steps each; mean and standard deviation over the last half of a level's steps.

    Parameters
    ----------
    critic : {"joint", "separable"}
        Which of the two critics.
    cubed : bool
        Whether every y was cubed, which leaves the information as it is.

    Attributes
    ----------
    objective, level : int
        The sliders' values (synced with the notebook): places in the list of objectives and of levels.

    Raises
    ------
    ValueError
        If there is no such run, or a value that its slider hasn't.
    """

    kind = "staircase"
    title = "The staircase: one objective's climb, and all objectives at one level"
    control, label, shown = "objective", "Objective", "{name}"
    spoken = "{name}: {mean:.2f} of {truth:d} nats, deviation {sd:.2f}"
    second = {"name": "level", "label": "Level", "shown": "{truth:d} nats", "spoken": spoken}
    sentence = (
        "{name} at {truth:d} nats: mean {mean:.2f|a}, standard deviation over the steps {sd:.2f|a}{printed|plain}."
    )

    objective = traitlets.Int().tag(sync=True)
    level = traitlets.Int().tag(sync=True)

    def __init__(self, critic: str = "joint", cubed: bool = False):
        run = load_run("staircase-bounds")
        found = [r for r in run["runs"] if (r["critic"], r["cubed"]) == (critic, cubed)]
        if not found:
            raise ValueError(f"critic is {critic!r} and cubed {cubed!r}, wanted 'joint' or 'separable', with a run.")
        known = [name for name in NAMES if any(r["objective"] == name for r in found)]
        self._truths = [int(v) for v in run["about"]["levels"]]
        by_name = [[r for r in found if r["objective"] == name] for name in known]
        self._names = [NAMES[name] for name in known]
        self._mean = np.array([np.mean([r["mean"] for r in runs], 0) for runs in by_name]).round(3)
        self._sd = np.array([np.mean([r["sd"] for r in runs], 0) for runs in by_name]).round(3)
        told = run["published"].get(critic, {}) if not cubed else {}
        nothing = [None] * len(self._truths)
        self._published = [(told.get(name) or {}).get("mean") or nothing for name in known]
        self._step = np.array(by_name[0][0]["trace"]["step"])
        traces = [np.mean([r["trace"]["value"] for r in runs], 0) for runs in by_name]
        self._trace = np.clip(np.array(traces), LOW, HIGH).round(2)
        self._row = len(known) - 1.0 - np.arange(len(known))
        seeds = len(by_name[0])
        self.description = (
            f"Left: the value along the climb, mean of {seeds} seeds and of 40 stretches a level; dashed, the truth; "
            "shaded, the level that you look at. Right: all objectives at that level, the mean error and a bar of one "
            "standard deviation over the steps; rings, published means; dashed, no error. What lies beyond a frame is "
            "drawn on its edge."
        )
        data = {"truths": self._truths, "names": self._names, "mean": self._mean, "sd": self._sd}
        data |= {"published": self._published, "step": self._step, "trace": self._trace, "row": self._row}
        data |= {"left": LEFT, "right": RIGHT, "per_level": self._per_level}
        start = known.index("smile-1") if "smile-1" in known else 0
        levels = list(range(len(self._truths)))
        places = list(range(len(known)))
        super().__init__(places, start, data, printed=[0, len(known) // 2, len(known) - 1], second=(levels, levels[-1]))

    @property
    def _per_level(self) -> float:
        return float(self._step[-1]) / len(self._truths)

    @traitlets.validate("objective", "level")
    def _valid(self, proposal):
        name, most = proposal.trait.name, len(self._names if proposal.trait.name == "objective" else self._truths)
        if not 0 <= proposal.value < most:
            raise ValueError(f"{name} is {proposal.value!r}, wanted a whole number from 0 to {most - 1}.")
        return proposal.value

    def compute(self, objective: int, level: int) -> dict:
        """Return the climb of an objective and the errors of all at a level; see `Explorer.compute`."""
        truth, row = self._truths[level], self._row
        published = np.array([np.nan if p[level] is None else p[level] for p in self._published], dtype=float)
        error, sd = self._mean[:, level] - truth, self._sd[:, level]
        told = published[objective]
        steps = len(self._truths) * self._per_level
        return {
            "objective": objective,
            "level": level,
            "name": self._names[objective],
            "truth": truth,
            "mean": self._mean[objective, level],
            "sd": sd[objective],
            "printed": f"; published mean {number(told, '.2f')}" if np.isfinite(told) else "",
            "step": self._step,
            "trace": self._trace[objective],
            "from": level * self._per_level,
            "to": (level + 1) * self._per_level,
            "ends": [0, steps],
            "error": np.clip(error, LEFT, RIGHT),
            "low": np.clip(error - sd, LEFT, RIGHT),
            "high": np.clip(error + sd, LEFT, RIGHT),
            "under": row - 0.12,
            "over": row + 0.12,
            "row": row,
            "told": np.clip(published - truth, LEFT, RIGHT),
            "own_low": row[objective] - 0.5,
            "own_high": row[objective] + 0.5,
        }

    def _panels(self, state: dict) -> list[Panel]:
        count, per = len(self._names), self._per_level
        left = Panel(state, "The climb of one objective")
        plot = left.plot((40, 36, 288, 220), (0, per * len(self._truths)), (LOW, HIGH))
        plot.moving("boxes", "from", "to", str(LOW), str(HIGH), role="a")
        for k, truth in enumerate(self._truths):
            plot.fixed("line", [k * per, (k + 1) * per], [truth, truth], role="truth")
        plot.moving("line", "step", "trace", role="a")
        edges = [k * per for k in range(len(self._truths) + 1)]
        plot.axis("bottom", "steps, thousands", ticks=edges, names=[f"{v / 1000:g}" for v in edges])
        plot.axis("left", "value, nats", ticks=[0, 2, 4, 6, 8, 10, 12])

        right = Panel(state, "All objectives at one level")
        plot = right.plot((84, 36, 246, 220), (LEFT - 0.2, RIGHT + 0.2), (-0.7, count - 0.3))
        plot.moving("boxes", str(LEFT - 0.2), str(RIGHT + 0.2), "own_low", "own_high", role="a")
        plot.fixed("line", [0, 0], [-0.7, count - 0.3], role="truth")
        plot.moving("boxes", "low", "high", "under", "over", role="heat3")
        plot.moving("dots", "told", "row", role="ring")
        plot.moving("dots", "told", "row", role="pale")
        plot.moving("dots", "error", "row", role="ink")
        plot.axis("bottom", "mean − truth, nats", ticks=[-6, -4, -2, 0, 2, 4])
        plot.axis("left", "", ticks=list(self._row), names=self._names)
        return [left, right]
