"""The exercises of the chapter on the family of bounds that look at all pairs of a batch."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import code

# InfoNCE from a table of scores ---------------------------------------------------------------------------------------

infonce = code("bounds-infonce", "InfoNCE from a table of scores")


def _tensor(values):
    import torch

    return torch.tensor(values, dtype=torch.float32)


def _scores(rng, scale=1.0):
    k = int(rng.integers(6, 11))
    return scale * (rng.normal(0, 0.9, (k, k)) + 1.4 * np.eye(k) + rng.normal(0, 0.5, k))


@infonce.part("the value", weight=2)
def _(answer, rng):
    return answer(_tensor(_scores(rng)))


@infonce.part("large scores")
def _(answer, rng):
    return answer(_tensor(_scores(rng, 150.0)))


def _lse(s, axis=None):
    top = s.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis=axis) + np.log(np.exp(s - top).sum(axis))


def _array(scores):
    return np.asarray(scores, dtype=float)


def _nce(s):
    return float((np.diag(s) - _lse(s, 0)).mean() + math.log(len(s)))


@infonce.reference
def _(scores):
    return _nce(_array(scores))


@infonce.mistake("a row holds the y's of one x: the strangers of y_j stand in its column.")
def _(scores):
    return _nce(_array(scores).T)


@infonce.mistake("the sum of K exponentials is not their average: log K is missing.")
def _(scores):
    s = _array(scores)
    return _nce(s) - math.log(len(s))


@infonce.mistake("the partner is missing in the denominator: the average is over all K, the partner included.")
def _(scores):
    s = _array(scores)
    others = np.where(np.eye(len(s), dtype=bool), -np.inf, s)
    return (np.diag(s) - _lse(others, 0)).mean() + math.log(len(s) - 1)


@infonce.mistake("the partner is missing in the sum, though you divide by K: the average is over all K.")
def _(scores):
    s = _array(scores)
    others = np.where(np.eye(len(s), dtype=bool), -np.inf, s)
    return (np.diag(s) - _lse(others, 0)).mean() + math.log(len(s))


@infonce.mistake("one denominator serves all columns: that is DV with all pairs; each y has a normaliser of its own.")
def _(scores):
    s = _array(scores)
    return np.diag(s).mean() - _lse(s) + 2 * math.log(len(s))


@infonce.mistake("one denominator serves all columns, and the partners are left out: that is DV, not InfoNCE.")
def _(scores):
    s = _array(scores)
    others = np.where(np.eye(len(s), dtype=bool), -np.inf, s)
    return np.diag(s).mean() - _lse(others) + math.log(len(s) * (len(s) - 1))


@infonce.mistake("this averages over the whole table: the numerator has the partners alone, the diagonal.")
def _(scores):
    s = _array(scores)
    return (s - _lse(s, 0)).mean() + math.log(len(s))


@infonce.mistake(
    "the mean over the columns is taken inside the logarithm: take the logarithm of each column's share first."
)
def _(scores):
    s = _array(scores)
    return _lse(np.diag(s) - _lse(s, 0))  # log mean share + log K


@infonce.mistake("this is a loss: the sign is turned.")
def _(scores):
    return -_nce(_array(scores))


@infonce.mistake("the average of the scores stands for the logarithm of the average exponential.")
def _(scores):
    s = _array(scores)
    return (np.diag(s) - s.mean(0)).mean()


@infonce.mistake("without the logarithm of the ratio this is a share of the partner, times K.")
def _(scores):
    s = _array(scores)
    return len(s) * np.exp(np.diag(s) - _lse(s, 0)).mean()


@infonce.mistake("log K goes the other way: the average divides the sum by K, which *adds* log K to the value.")
def _(scores):
    s = _array(scores)
    return _nce(s) - 2 * math.log(len(s))


# A normaliser for each pair -------------------------------------------------------------------------------------------

flo = code("bounds-flo", "A normaliser for each pair")


def _pairs(rng):
    s = _scores(rng)
    return _tensor(s), _tensor(rng.normal(-0.6, 0.5, len(s)))


@flo.part("any u", weight=2)
def _(answer, rng):
    return answer(*_pairs(rng))


@flo.part("a bad u")
def _(answer, rng):
    scores, u = _pairs(rng)
    return answer(scores, u + 3)  # so large that FLO is below zero


def _flo(scores, u, *, own=True, sign=1.0, columns=True):
    s, u = _array(scores), _array(u)
    s = s if columns else s.T
    k = len(u)
    exponent = s - (np.diag(s) if own else 0) - sign * u
    terms = np.exp(exponent)
    np.fill_diagonal(terms, 0)
    return {"u": u, "terms": terms, "k": k, "last": terms.sum() / (k * (k - 1))}


@flo.reference
def _(scores, u):
    f = _flo(scores, u)
    return 1 - f["u"].mean() - f["last"]


@flo.mistake("the strangers x_i of y_j stand in column j: you went along its row.")
def _(scores, u):
    f = _flo(scores, u, columns=False)
    return 1 - f["u"].mean() - f["last"]


@flo.mistake("the pair itself is among the averaged terms: only the K - 1 strangers belong there.")
def _(scores, u):
    f = _flo(scores, u)
    return 1 - f["u"].mean() - (f["terms"].sum() + np.exp(-f["u"]).sum()) / f["k"] ** 2


@flo.mistake("each pair has K - 1 strangers: divide by K - 1, not by K.")
def _(scores, u):
    f = _flo(scores, u)
    return 1 - f["u"].mean() - f["terms"].sum() / f["k"] ** 2


@flo.mistake("the exponent has -u: a sign got lost.")
def _(scores, u):
    f = _flo(scores, u, sign=-1.0)
    return 1 - f["u"].mean() - f["last"]


@flo.mistake("the exponent lacks -t(x_j, y_j), the score of the pair itself.")
def _(scores, u):
    f = _flo(scores, u, own=False)
    return 1 - f["u"].mean() - f["last"]


@flo.mistake("the 1 of the tangent is missing.")
def _(scores, u):
    f = _flo(scores, u)
    return -f["u"].mean() - f["last"]


@flo.mistake("this is minus FLO, a loss: the sign is turned.")
def _(scores, u):
    f = _flo(scores, u)
    return -(1 - f["u"].mean() - f["last"])


@flo.mistake("u is added where it has to be taken away: FLO begins with 1 - E u.")
def _(scores, u):
    f = _flo(scores, u)
    return 1 + f["u"].mean() - f["last"]


@flo.mistake("the exponential's average is missing a logarithm nowhere: FLO takes none, that is its point.")
def _(scores, u):
    f = _flo(scores, u)
    return 1 - f["u"].mean() - np.log(f["last"])


@flo.mistake("the terms are summed, not averaged, over the strangers.")
def _(scores, u):
    f = _flo(scores, u)
    return 1 - f["u"].mean() - f["terms"].sum() / f["k"]


@flo.mistake("u is left out of the exponent: each pair's terms are divided by e^u.")
def _(scores, u):
    f = _flo(scores, u, sign=0.0)
    return 1 - f["u"].mean() - f["last"]
