"""The first explorer of chapter 16: a game through its training, with and without a term for information."""

import traitlets

from mi_lab.teaching.curves import load_run
from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

NAMES = {"without": "without the term", "sharp": "term", "blurred": "term, blurred", "strong": "term, strong"}
FAR = 2.6  # where the picture ends


class ModesExplorer(Explorer):
    """Walk through the training of a generator on 25 Gaussians; a second slider switches the term on.

    Samples and numbers are those of the first seed of the book's own run, `python -m experiments gans`.

    Parameters
    ----------
    step : int, optional
        Of the training, at the start; the last one if left out.

    Attributes
    ----------
    step : int
        The first slider's value (synced with the notebook).
    term : str
        The second's: "without the term", "term", "term, blurred" or "term, strong".

    Raises
    ------
    ValueError
        For a value that a slider doesn't have.
    """

    kind = "modes"
    title = "A generator’s samples through its training, with and without a term for information"
    control, label, shown = "step", "Step of the training", "{step:d}"
    spoken = "step {step:d}, {modes:d} modes hit, {share:.0%} of the samples near one, divergence {kl:.2f} nats"
    second = {
        "name": "term",
        "label": "In the generator’s loss",
        "shown": "{term}",
        "spoken": "{term}, {modes:d} modes hit, {share:.0%} of the samples near one, divergence {kl:.2f} nats",
    }
    sentence = (
        "After {step:d} steps ({term|plain}) {modes:d} of 25 modes are hit, {share:.0%} of the samples lie within "
        "three standard deviations of one, and the modes’ histogram is {kl:.2f|b} nats from equal shares."
    )
    description = (
        "Left: 250 samples of a generator (orange) and the 25 modes of the law (blue). Right: the divergence of the "
        "modes’ histogram from equal shares, in nats, against the steps of the training: orange for the game chosen, "
        "grey for the others."
    )

    step = traitlets.Int().tag(sync=True)
    term = traitlets.Unicode().tag(sync=True)

    def __init__(self, step: int | None = None):
        run = load_run("gans")
        kept = run["samples"]["25 Gaussians"]
        first = {r["arm"]: r for r in run["runs"] if r["law"] == "25 Gaussians" and r["seed"] == 0}
        arms = [arm for arm in NAMES if arm in first]
        self._steps, self._terms = kept["step"], [NAMES[arm] for arm in arms]
        self._points = [kept[arm] for arm in arms]
        self._found = [{key: first[arm][key] for key in ("modes", "share", "kl")} for arm in arms]
        start = self._checked("step", self._steps[-1] if step is None else step)
        data = {"steps": self._steps, "terms": self._terms, "points": self._points, "found": self._found}
        printed = sorted({start, *self._steps[3:-1:3]})
        super().__init__(self._steps, start, data, printed=printed, second=(self._terms, self._terms[0]))

    def _checked(self, name: str, value):
        known = self._steps if name == "step" else self._terms
        if value not in known:
            raise ValueError(f"{name} is {value!r}, wanted one of: {', '.join(map(str, known))}.")
        return value

    @traitlets.validate("step", "term")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, step: int, term: str) -> dict:
        """Return the samples at this step and what was counted; see `Explorer.compute`."""
        at, arm = self._steps.index(step), self._terms.index(term)
        found, (x, y) = self._found[arm], self._points[arm][at]
        return {
            "step": step,
            "term": term,
            "modes": found["modes"][at],
            "share": found["share"][at],
            "kl": found["kl"][at],
            "x": x,
            "y": y,
            "thousands": step / 1000,
            "line": [s / 1000 for s in self._steps],
            "kl_line": found["kl"],
        }

    def _panels(self, state: dict) -> list[Panel]:
        left = Panel(state, "Samples of the generator and the modes of the law")
        plot = left.plot((44, 36, 220, 220), (-FAR, FAR), (-FAR, FAR))
        grid = [(a, b) for a in range(-2, 3) for b in range(-2, 3)]
        plot.fixed("dots", [a for a, _ in grid], [b for _, b in grid], role="big-a")
        plot.moving("dots", "x", "y", role="b")
        plot.axis("bottom", "first column", ticks=[-2, -1, 0, 1, 2])
        plot.axis("left", "second column", ticks=[-2, -1, 0, 1, 2])

        right = Panel(state, "Divergence of the modes’ histogram over the training")
        top = max(v for found in self._found for v in found["kl"])
        plot = right.plot((50, 36, 278, 220), (0, self._steps[-1] / 1000), (0, 1.05 * top))
        for found in self._found:
            plot.fixed("line", state["line"], found["kl"], role="guide")
        plot.moving("line", "line", "kl_line", role="b")
        plot.moving("dots", "thousands", "kl", role="halo")
        plot.moving("dots", "thousands", "kl", role="big-b")
        plot.axis("bottom", "steps, thousands")
        plot.axis("left", "divergence, nats")
        return [left, right]
