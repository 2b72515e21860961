"""The second explorer of chapter 17: the information plane through training time, with the bins in your hands."""

import math

import traitlets

from mi_lab.teaching.curves import load_run
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel
from mi_lab.teaching.sliders.words import number

EXACT = "as many as there are numbers"
NETS = {"tanh": "tanh", "relu": "ReLU"}


class PlaneExplorer(Explorer):
    """Train small nets, twenty of each kind, and choose how coarsely their layers are read.

    The numbers are those of the book's own run, `python -m experiments plane`: means over the seeds.

    Parameters
    ----------
    bins : str
        Bins of each unit at the start: "2", "3", …, "10000", or "as many as there are numbers".

    Attributes
    ----------
    epoch : int
        The first slider's value (synced with the notebook): passes over the training words.
    bins : str
        The second's.

    Raises
    ------
    ValueError
        For bins or an epoch that the sliders don't have.
    """

    kind = "plane"
    title = "The information plane of two kinds of nets, by the number of bins"
    control, label, shown = "epoch", "Passes over the words", "{epoch:d}"
    spoken = "{epoch:d} passes: last hidden layer at {tanh:.2f} nats with tanh, at {relu:.2f} with ReLU"
    second = {
        "name": "bins",
        "label": "Bins of each unit",
        "shown": "{bins_said}",
        "spoken": "{bins_said} bins: last hidden layer at {tanh:.2f} nats with tanh, at {relu:.2f} with ReLU",
    }
    sentence = (
        "After {epoch:d} passes, read with {bins_said|plain} bins, the last hidden layer stands at {tanh:.2f|a} nats "
        "with tanh and at {relu:.2f|b} with ReLU; the first at {tanh_first:.2f} and {relu_first:.2f}."
    )
    description = (
        "Information plane of tanh nets (left) and ReLU nets (right), means over seeds, nats. Each numbered dot is a "
        "hidden layer, 1 the first; its line is where it has been since the beginning. Dashed: log 4096 across and "
        "H(Y) up, the most that any layer can have."
    )

    epoch = traitlets.Int().tag(sync=True)
    bins = traitlets.Unicode().tag(sync=True)

    def __init__(self, bins: str = "30"):
        run = load_run("plane")
        self._times = run["times"]
        self._bins = [*map(str, run["bins"]), EXACT]
        start = self._checked("bins", bins)
        self._planes = {
            net: [
                [[at[key][axis] for axis in ("x", "y")] for key in (*map(str, run["bins"]), "exact")]
                for at in run[net]["plane"]
            ]
            for net in NETS
        }  # net → time → bins → axis → layer
        share = run["about"]["ones"] / 4096
        self._most = -share * math.log(share) - (1 - share) * math.log(1 - share)
        data = {"times": self._times, "bins": self._bins, "planes": self._planes}
        super().__init__(
            self._times, self._times[-1], data, printed=[0, 16, self._times[-1]], second=(self._bins, start)
        )

    def _checked(self, name: str, value):
        known = self._times if name == "epoch" else self._bins
        if value not in known:
            raise ValueError(f"{name} is {value!r}, wanted one of: {', '.join(map(str, known))}.")
        return value

    @traitlets.validate("epoch", "bins")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, epoch: int, bins: str) -> dict:
        """Return the layers' places and their paths; see `Explorer.compute`."""
        last, at = self._times.index(epoch), self._bins.index(bins)
        state = {"epoch": epoch, "bins": bins, "bins_said": bins if bins == EXACT else number(int(bins), "d")}
        for net, times in self._planes.items():
            places = [times[k][at] for k in range(last + 1)]
            for layer in range(len(places[0][0])):
                path = [[place[axis][layer] for place in places] for axis in (0, 1)]
                for axis, values in zip("xy", path, strict=True):
                    state[f"{net}_{axis}{layer + 1}"] = values[-1]
                    state[f"{net}_p{axis}{layer + 1}"] = values
            state[net], state[f"{net}_first"] = places[-1][0][-1], places[-1][0][0]
        return state

    def _panels(self, state: dict) -> list[Panel]:
        panels = []
        for (net, name), role in zip(NETS.items(), "ab", strict=True):
            panel = Panel(state, f"Information plane of {name} nets")
            plot = panel.plot((50, 36, 278, 220), (-0.3, 9), (-0.03, 0.8))
            plot.fixed("line", [-0.3, 9], [self._most, self._most], role="truth")
            plot.fixed("line", [math.log(4096)] * 2, [-0.03, 0.8], role="truth")
            layers = range(1, len(self._planes[net][0][0][0]) + 1)
            for k in layers:
                plot.moving("line", f"{net}_px{k}", f"{net}_py{k}", role="soft")
            for k in layers:
                plot.moving("dots", f"{net}_x{k}", f"{net}_y{k}", role="halo")
                plot.moving("dots", f"{net}_x{k}", f"{net}_y{k}", role=f"big-{role}")
                plot.note(f"{net}_x{k}", f"{net}_y{k}", str(k), anchor="middle", dy=-8)
            plot.note(8.1, 0.03, name, anchor="end")
            plot.axis("bottom", "I(X; T in bins), nats", ticks=[0, 2, 4, 6, 8])
            plot.axis("left", "I(T in bins; Y), nats", ticks=[0, 0.2, 0.4, 0.6])
            panels.append(panel)
        return panels
