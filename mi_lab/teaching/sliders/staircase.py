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
CRITICS = ("separable", "joint")


class StaircaseExplorer(Explorer):
    """Climb the staircase with one objective after the other, and look at every level beside published figures.

    The setting is the published one, but for the number of steps: 20 Gaussian pairs, batches of 64 drawn afresh at each
    step, 2, 4, 6, 8 and 10 nats for an equal number of steps each; mean and standard deviation over the last half of a
    level's steps.

    Parameters
    ----------
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
    spoken = "{name}, {truth:d} nats{separable}{joint}{printed}"
    second = {"name": "level", "label": "Level", "shown": "{truth:d} nats", "spoken": spoken}
    sentence = "{name} at {truth:d} nats{separable|plain}{joint|plain}{printed|plain}."

    objective = traitlets.Int().tag(sync=True)
    level = traitlets.Int().tag(sync=True)

    def __init__(self, cubed: bool = False):
        run = load_run("staircase-bounds")
        found = [r for r in run["runs"] if r["cubed"] == cubed]
        if not found:
            raise ValueError(f"cubed is {cubed!r}, wanted True or False, with a run in the file.")
        known = [name for name in NAMES if any(r["objective"] == name for r in found)]
        self._truths, self._names = [int(v) for v in run["about"]["levels"]], [NAMES[name] for name in known]
        self._mean, self._sd, self._step, self._trace, told = {}, {}, {}, {}, []
        for critic in CRITICS:
            by_name = [[r for r in found if (r["critic"], r["objective"]) == (critic, name)] for name in known]
            self._mean[critic] = self._table(by_name, "mean").round(3)
            self._sd[critic] = self._table(by_name, "sd").round(3)
            first = next((runs[0] for runs in by_name if runs), None)
            steps = np.array(first["trace"]["step"]) / first["steps"] if first else np.zeros(1)
            self._step[critic] = (steps - steps[0] / 2).round(3)  # the middle of what was averaged
            traces = [_over_seeds([r["trace"]["value"] for r in runs], len(steps)) for runs in by_name]
            self._trace[critic] = np.clip(np.array(traces), LOW, HIGH).round(2)
            if first:
                seeds = max(map(len, by_name))
                climbed = int(np.isfinite(self._mean[critic]).any(0).sum())
                only = f", {self._truths[climbed - 1]} nats at most" if climbed < len(self._truths) else ""
                told.append(f"{critic} critic, {seeds} seed{'s' * (seeds > 1)}, {first['steps']} steps a level{only}")
        figures = {} if cubed else run["published"].get("joint", {})
        self._published = self._numbers([(figures.get(name) or {}).get("mean") for name in known])
        self._row = len(known) - 1.0 - np.arange(len(known))
        self.description = (
            f"Left: the value along the climb, {', '.join(told)}; dashed, the truth; shaded, the chosen level. "
            "Right: all objectives at that level, the mean error and a bar of one standard deviation over the steps; "
            "rings, published means of a joint critic, 4,000 steps a level; dashed, no error. Blue is the separable "
            "critic, orange the joint one. What lies beyond a frame is drawn on its edge."
        )
        data = {"truths": self._truths, "names": self._names, "left": LEFT, "right": RIGHT, "row": self._row}
        for critic in CRITICS:
            data[critic] = {
                "mean": _nulls(self._mean[critic]),
                "sd": _nulls(self._sd[critic]),
                "step": self._step[critic],
                "trace": _nulls(self._trace[critic]),
            }
        data["published"] = _nulls(self._published)
        start = known.index("smile-1") if "smile-1" in known else 0
        levels, places = list(range(len(self._truths))), list(range(len(known)))
        super().__init__(places, start, data, printed=[0, len(known) // 2, len(known) - 1], second=(levels, levels[-1]))

    def _numbers(self, rows: list) -> np.ndarray:
        nothing = [None] * len(self._truths)
        return np.array([row or nothing for row in rows], dtype=float)

    def _table(self, by_name: list, key: str) -> np.ndarray:
        """Return the mean over seeds, (objectives, levels); NaN where there is none."""
        return np.array([_over_seeds([r[key] for r in runs], len(self._truths)) for runs in by_name])

    @traitlets.validate("objective", "level")
    def _valid(self, proposal):
        name, most = proposal.trait.name, len(self._names if proposal.trait.name == "objective" else self._truths)
        if not 0 <= proposal.value < most:
            raise ValueError(f"{name} is {proposal.value!r}, wanted a whole number from 0 to {most - 1}.")
        return proposal.value

    def compute(self, objective: int, level: int) -> dict:
        """Return the climb of an objective and the errors of all at a level; see `Explorer.compute`."""
        truth, row = self._truths[level], self._row
        published = self._published[:, level]
        told = published[objective]
        state = {
            "objective": objective,
            "level": level,
            "name": self._names[objective],
            "truth": truth,
            "printed": f"; published mean {number(told, '.2f')}" if np.isfinite(told) else "",
            "to": level + 1,
            "row": row,
            "told": np.clip(published - truth, LEFT, RIGHT),
            "own_low": row[objective] - 0.5,
            "own_high": row[objective] + 0.5,
        }
        for critic, shift in zip(CRITICS, (0.15, -0.15), strict=True):
            error, sd = self._mean[critic][:, level] - truth, self._sd[critic][:, level]
            mean, own = self._mean[critic][objective, level], self._sd[critic][objective, level]
            state |= {
                critic: f"; {critic} critic {number(mean, '.2f')} ± {number(own, '.2f')}" if np.isfinite(mean) else "",
                f"step_{critic}": self._step[critic],
                f"trace_{critic}": self._trace[critic][objective],
                f"error_{critic}": np.clip(error, LEFT, RIGHT),
                f"low_{critic}": np.clip(error - sd, LEFT, RIGHT),
                f"high_{critic}": np.clip(error + sd, LEFT, RIGHT),
                f"row_{critic}": row + shift,
                f"under_{critic}": row + shift - 0.1,
                f"over_{critic}": row + shift + 0.1,
            }
        return state

    def _panels(self, state: dict) -> list[Panel]:
        count, roles = len(self._names), dict(zip(CRITICS, "ab", strict=True))
        left = Panel(state, "The climb of one objective")
        plot = left.plot((40, 36, 288, 220), (0, len(self._truths)), (LOW, HIGH))
        plot.moving("boxes", "level", "to", str(LOW), str(HIGH), role="a")
        for k, truth in enumerate(self._truths):
            plot.fixed("line", [k, k + 1], [truth, truth], role="truth")
        for critic, role in roles.items():
            plot.moving("line", f"step_{critic}", f"trace_{critic}", role=role)
        middles = [k + 0.5 for k in range(len(self._truths))]
        plot.axis("bottom", "level, nats", ticks=middles, names=list(map(str, self._truths)))
        plot.axis("left", "value, nats", ticks=[0, 2, 4, 6, 8, 10, 12])

        right = Panel(state, "All objectives at one level")
        plot = right.plot((84, 36, 246, 220), (LEFT - 0.2, RIGHT + 0.2), (-0.7, count - 0.3))
        plot.moving("boxes", str(LEFT - 0.2), str(RIGHT + 0.2), "own_low", "own_high", role="a")
        plot.fixed("line", [0, 0], [-0.7, count - 0.3], role="truth")
        for critic, heat in zip(CRITICS, ("heat3", "cold2"), strict=True):
            bar = (f"{side}_{critic}" for side in ("low", "high", "under", "over"))
            plot.moving("boxes", *bar, role=heat)
        plot.moving("dots", "told", "row", role="ring")
        plot.moving("dots", "told", "row", role="pale")
        for critic, role in roles.items():
            plot.moving("dots", f"error_{critic}", f"row_{critic}", role=role)
        plot.axis("bottom", "mean − truth, nats", ticks=[-6, -4, -2, 0, 2, 4])
        plot.axis("left", "", ticks=list(self._row), names=self._names)
        return [left, right]


def _over_seeds(values: list[list], length: int) -> np.ndarray:
    """Return the mean over seeds of what is finite, NaN where nothing is."""
    table = np.array(values, dtype=float).reshape(-1, length)
    there = np.isfinite(table)
    with np.errstate(invalid="ignore"):
        return np.where(there, table, 0).sum(0) / np.where(there.any(0), there.sum(0), np.nan)


def _nulls(values: np.ndarray) -> list:
    """Return a table as lists with None for NaN, as JSON has it."""
    return [[None if np.isnan(v) else v for v in row] for row in values.tolist()]
