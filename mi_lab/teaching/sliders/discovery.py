"""The second explorer of chapter 15: a hundred tests, a level, and how many discoveries are chance."""

import numpy as np
import traitlets

from mi_lab.teaching.sliders.explorer import Explorer
from mi_lab.teaching.sliders.svg import Panel

TESTS, REALS = 100, (0, 5, 10, 20, 40)


class DiscoveryExplorer(Explorer):
    r"""Test a hundred columns at a level: each by itself, and all of them by Benjamini and Hochberg's rule.

    Columns that tell nothing have p-values uniform on (0, 1); of those that tell something it is the upper tail of a
    standard Gaussian at a draw of N(3, 1).

    Parameters
    ----------
    level : float
        At the start, .01 to .2.
    real : int
        Columns that tell something at the start: 0, 5, 10, 20 or 40.
    seed : int
        Of the p-values.

    Attributes
    ----------
    level : float
    real : int
        The sliders' values (synced with the notebook).

    Raises
    ------
    ValueError
        For a level or a number that the sliders don't have.
    """

    kind = "discovery"
    title = "A hundred tests: discoveries one by one, and by Benjamini and Hochberg's rule"
    control, label, shown = "level", "Level", "level {level:.2f}"
    spoken = "level {level:.2f}: {alone:d} discoveries one by one, {alone_wrong:d} by chance; {found:d} by the rule"
    second = {
        "name": "real",
        "label": "Columns that tell something",
        "shown": "{real:d} of 100",
        "spoken": "{real:d} of a hundred columns tell something",
    }
    sentence = (
        "One by one, {alone:d|b} columns pass the level {level:.2f}; {alone_wrong:d} of them tell nothing. "
        "The rule calls {found:d|a} discoveries, of which {found_wrong:d} tell nothing: {share:.0%}."
    )
    description = (
        "The p-values of a hundred columns in rising order: green, of columns that tell something; grey, of columns "
        "that tell nothing. What lies under the flat orange line passes the level by itself. The rule takes all up to "
        "the last that lies under the rising blue line, level times rank over a hundred. Only p-values up to .25 are "
        "shown."
    )

    level = traitlets.Float().tag(sync=True)
    real = traitlets.Int().tag(sync=True)

    def __init__(self, level: float = 0.05, real: int = 10, *, seed: int = 0):
        self._checked("level", level), self._checked("real", real)
        made = [p_values(number, seed) for number in REALS]
        self._p, self._linked = ([m[i] for m in made] for i in (0, 1))
        data = {"reals": REALS, "p": self._p, "linked": self._linked, "ranks": list(range(1, TESTS + 1))}
        grid = np.linspace(0.01, 0.2, 20).round(2).tolist()
        super().__init__(grid, float(level), data, printed=[0.05, 0.1, 0.2], second=(list(REALS), real))

    @staticmethod
    def _checked(name: str, value):
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if name == "real" and not (number and value in REALS):
            raise ValueError(f"real is {value!r}, wanted one of {', '.join(map(str, REALS))}.")
        if name == "level" and not (number and 0.01 <= value <= 0.2):
            raise ValueError(f"level is {value!r}, wanted a level from 0.01 to 0.2.")
        return int(value) if name == "real" else float(value)

    @traitlets.validate("level", "real")
    def _valid(self, proposal):
        return self._checked(proposal.trait.name, proposal.value)

    def compute(self, level: float, real: int) -> dict:
        """Return the discoveries and the chance among them; see `Explorer.compute`."""
        at = REALS.index(real)
        p, linked = np.array(self._p[at]), np.array(self._linked[at])
        ranks = np.arange(1, TESTS + 1)
        alone = int((p <= level).sum())
        found = int(max((ranks * (p <= level * ranks / TESTS)).max(), 0))
        wrong = found - int(linked[:found].sum())
        return {
            "level": level,
            "real": real,
            "alone": alone,
            "found": found,
            "alone_wrong": alone - int(linked[:alone].sum()),
            "found_wrong": wrong,
            "share": wrong / found if found else 0.0,
            "ranks": ranks,
            "linked": [v if one else None for v, one in zip(p.tolist(), linked, strict=True)],
            "idle": [None if one else v for v, one in zip(p.tolist(), linked, strict=True)],
            "ends": [0, TESTS],
            "flat": [level, level],
            "slope": [0, level],
        }

    def _panels(self, state: dict) -> list[Panel]:
        panel = Panel(state, "P-values in rising order, and two thresholds")
        plot = panel.plot((50, 36, 278, 220), (0, 60), (-0.005, 0.25))
        plot.moving("line", "ends", "flat", role="b")
        plot.moving("line", "ends", "slope", role="a")
        plot.moving("dots", "ranks", "idle", role="data")
        plot.moving("dots", "ranks", "linked", role="c")
        plot.axis("bottom", "rank", ticks=[0, 20, 40, 60])
        plot.axis("left", "p-value", ticks=[0, 0.05, 0.1, 0.15, 0.2, 0.25])
        return [panel]


def p_values(real: int, seed: int) -> tuple[list, list]:
    """Return a hundred p-values in rising order, and for each whether its column tells something."""
    from scipy.stats import norm

    rng = np.random.default_rng([seed, real])
    p = np.concatenate([norm.sf(rng.normal(3, 1, real)), rng.uniform(size=TESTS - real)])
    order = np.argsort(p)
    return p[order].round(5).tolist(), (order < real).astype(int).tolist()
