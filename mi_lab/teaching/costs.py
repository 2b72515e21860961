"""A model of what work costs: so many seconds for each unit of something, fitted on small runs (chapter 19)."""

import numpy as np


def fit_cost(units: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    r"""Return the seconds that a unit of each kind of work takes, none negative.

    .. math:: \min_{c \ge 0} \sum_i \Big( \frac{\sum_j c_j u_{ij} - T_i}{T_i} \Big)^2

    Relative errors, since a run of a minute would otherwise drown a run of a millisecond.  Equation `eq-scale-fit`.

    Parameters
    ----------
    units : array (runs, kinds)
        How much of each kind of work a run is.
    seconds : array (runs,)
        How long it took.
    """
    from scipy.optimize import nnls

    units, seconds = np.asarray(units, float), np.asarray(seconds, float)
    return nnls(units / seconds[:, None], np.ones(len(seconds)))[0]


def pair_units(columns: int, rows: int) -> list[float]:
    """Return what the matrix of all pairs of columns is made of: columns to rank, pairs, and pairs times n log n."""
    pairs, sorting = columns * (columns - 1) / 2, rows * np.log(rows)
    return [columns * sorting, pairs, pairs * sorting]


def step_units(members: int, batch: int) -> list[float]:
    """Return what a step of several members is made of: one call of each operation, and rows that pass the networks."""
    return [1.0, members * 2 * batch]
