"""Chapter 9's exercise on InfoNCE.

A wrong answer is the right one with one choice or two changed: `_nce` takes the choices as arguments, so that each
mistake is a line.
"""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import code

# InfoNCE from a table of scores ---------------------------------------------------------------------------------------

infonce = code("bounds-infonce", "InfoNCE from a table of scores")


def tensor(values):
    """Return values as the float32 tensor that an answer is given."""
    import torch

    return torch.tensor(values, dtype=torch.float32)


def table(rng, scale=1.0):
    """Return random scores (k, k) of a batch whose partners, on the diagonal, mostly score highest."""
    k = int(rng.integers(6, 11))
    return scale * (rng.normal(0, 0.9, (k, k)) + 1.4 * np.eye(k) + rng.normal(0, 0.5, k))


@infonce.part("the value", weight=2)
def _(answer, rng):
    return answer(tensor(table(rng)))


@infonce.part("large scores")
def _(answer, rng):
    return answer(tensor(table(rng, 150.0)))


def _array(scores):
    return np.asarray(scores, dtype=float)


def _lse(s, axis=None):
    top = s.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis=axis) + np.log(np.exp(s - top).sum(axis))


def _others(s):
    return np.where(np.eye(len(s), dtype=bool), -np.inf, s)


def _nce(axis=0, partner=True, over="K", sign=1, outer=np.mean, top=np.diag):
    """Return InfoNCE with other choices: the axis, whether the partner counts, what the sum is divided by."""

    def answer(scores):
        s = _array(scores)
        shift = {"K": math.log(len(s)), "K-1": math.log(len(s) - 1), "1": 0.0, "1/K": -math.log(len(s))}[over]
        return sign * outer(top(s) - _lse(s if partner else _others(s), axis) + shift)

    return answer


def _mean_exp(v):
    return np.exp(v).mean()


infonce.reference(_nce())


@infonce.form
def _(scores):
    return (scores.diagonal() - scores.logsumexp(0)).mean() + math.log(len(scores))


@infonce.form
def _(scores):
    return (scores.diagonal() - (scores.exp().mean(0)).log()).mean()


infonce.mistake("a row holds the y's of one x: the strangers of y_j stand in its column.")(_nce(1))
infonce.mistake("the strangers of y_j stand in its column, not in a row; and log K is missing.")(_nce(1, over="1"))
infonce.mistake("the sum of K exponentials is not their average: log K is missing.")(_nce(over="1"))
infonce.mistake("K terms are averaged by dividing by K: you divided by K - 1.")(_nce(over="K-1"))
infonce.mistake("K terms are averaged by dividing by K, and they stand in a column.")(_nce(1, over="K-1"))
infonce.mistake("log K goes the other way: the average divides the sum by K, which *adds* log K to the value.")(
    _nce(over="1/K")
)
infonce.mistake("the partner is missing in the denominator: the average is over all K, the partner included.")(
    _nce(partner=False, over="K-1")
)
infonce.mistake("the partner is missing in the sum, though you divide by K: the average is over all K.")(
    _nce(partner=False)
)
infonce.mistake("the partner is missing in the denominator, and so is the average: it is a sum.")(
    _nce(partner=False, over="1")
)
infonce.mistake("you went along rows, and the partner is missing in the denominator.")(_nce(1, False, "K-1"))
infonce.mistake("you went along rows, and the partner is missing in the sum.")(_nce(1, False))
infonce.mistake("you went along rows, and the partner and log K are missing.")(_nce(1, False, "1"))
infonce.mistake("this is a loss: the sign is turned.")(_nce(sign=-1))
infonce.mistake("this is a loss, and along rows: turn the sign, and take columns.")(_nce(1, sign=-1))
infonce.mistake("this is the cross-entropy of finding the partner; InfoNCE is log K minus it.")(_nce(over="1", sign=-1))
infonce.mistake("this is a cross-entropy, along rows: InfoNCE is log K minus that of the columns.")(
    _nce(1, over="1", sign=-1)
)
infonce.mistake("the columns are summed up: average over them.")(_nce(outer=np.sum))
infonce.mistake("the columns are summed up, and log K is missing in each.")(_nce(over="1", outer=np.sum))
infonce.mistake("without the logarithm this is the partner's share, times K.")(_nce(outer=_mean_exp))
infonce.mistake("this is the partner's mean share: take its logarithm in each column, and add log K.")(
    _nce(over="1", outer=_mean_exp)
)
infonce.mistake("this is the partner's mean share along rows: take logarithms, and columns.")(
    _nce(1, over="1", outer=_mean_exp)
)
infonce.mistake("the mean over columns is inside the logarithm: take the logarithm of each column's share.")(
    _nce(outer=lambda v: np.log(_mean_exp(v)))
)
infonce.mistake("the columns are summed inside the logarithm: take each column's logarithm, then average.")(
    _nce(outer=_lse)
)
infonce.mistake("this averages over the whole table: the numerator has the partners alone, the diagonal.")(
    _nce(top=lambda s: s)
)


def _one_for_all(partner=True, shift=1.0):
    """Return DV on the table: one denominator for all columns."""

    def answer(scores):
        s = _array(scores)
        k = len(s)
        most = 2 * math.log(k) if partner else math.log(k * (k - 1))
        return np.diag(s).mean() - _lse(s if partner else _others(s)) + shift * most

    return answer


infonce.mistake("one denominator serves all columns: that is DV with all pairs; each y has a normaliser of its own.")(
    _one_for_all()
)
infonce.mistake("one denominator serves all columns, and the partners are left out: that is DV, not InfoNCE.")(
    _one_for_all(partner=False)
)
infonce.mistake("one denominator serves all columns, and it is a sum: each y has an average of its own.")(
    _one_for_all(shift=0)
)


@infonce.mistake("the average of the scores stands for the logarithm of the average exponential.")
def _(scores):
    s = _array(scores)
    return (np.diag(s) - s.mean(0)).mean()


@infonce.mistake("the largest score of a column stands for the logarithm of the average exponential.")
def _(scores):
    s = _array(scores)
    return (np.diag(s) - s.max(0)).mean()


@infonce.mistake("this averages both ways, rows and columns; the formula takes columns alone.")
def _(scores):
    return (_nce()(scores) + _nce(1)(scores)) / 2


@infonce.mistake("this is NWJ, a normaliser of e for all: InfoNCE divides by the column's average.")
def _(scores):
    s = _array(scores)
    return np.diag(s).mean() - np.exp(s - 1).mean()


@infonce.mistake("this is NWJ on the strangers: InfoNCE divides by the column's average.")
def _(scores):
    s = _array(scores)
    return np.diag(s).mean() - np.exp(_others(s) - 1).sum() / (len(s) * (len(s) - 1))
