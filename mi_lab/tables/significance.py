r"""Is it more than chance?  Tests by permutation, whose level needs no theory of the estimator.

Under the null the rows of x could have come in another order; how often the estimate of such an order is as large as
that of the data is a p-value.  Which orders are as likely as the one that came depends on what the rows are:

=====================  ==============================================================================
rows                   orders
=====================  ==============================================================================
independent            all
under labels z         all within each stratum of z: exact
under numbers z        each row takes the x of one of its nearest rows in z (runge2018): nearly exact
a series               cyclic shifts of x: exact up to the seam, if one of the series is stationary
a series, in blocks    blocks of x change places
=====================  ==============================================================================
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Significance:
    """What a permutation test found.

    Attributes
    ----------
    p : float
        The p-value: with probability at most a it is at most a, if x tells nothing about y (given z).
    statistic : float
        Of the data, in nats.
    chance : float
        The mean of the statistic over the orders that were tried, in nats.
    drawn : int
        How many orders were tried.
    rows : str
        What the rows were taken for: "independent", "strata", "local", "shifts" or "blocks".
    n : int
    """

    p: float
    statistic: float
    chance: float
    drawn: int
    rows: str
    n: int

    def __float__(self) -> float:
        return self.p


def significance(
    x: Any,
    y: Any,
    given: Any = None,
    permutations: int = 999,
    *,
    rows: str = "auto",
    kinds: dict | None = None,
    missing: str = "refuse",
    marks: Any = (),
    seed: int = 0,
    early: bool = True,
) -> Significance:
    """Test whether x tells about y (given z) more than chance does."""
    raise NotImplementedError("comes next")
