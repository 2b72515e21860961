"""Chapter 9's exercise on FLO: a wrong answer is the right one with one choice or two changed, as in `ch09_infonce`."""

import numpy as np

from mi_lab.teaching.checks.ch09_infonce import table, tensor
from mi_lab.teaching.checks.exercise import code

# A normaliser for each pair -------------------------------------------------------------------------------------------

flo = code("bounds-flo", "A normaliser for each pair")


def _array(values):
    return np.asarray(values, dtype=float)


def _pairs(rng):
    s = table(rng)
    return tensor(s), tensor(rng.normal(-0.6, 0.5, len(s)))


@flo.part("any u", weight=2)
def _(answer, rng):
    return answer(*_pairs(rng))


@flo.part("a bad u")
def _(answer, rng):
    scores, u = _pairs(rng)
    return answer(scores, u + 3)  # so large that FLO is below zero


def _flo(own=0, of_u=0, columns=True, itself=False, over="K-1", u_inside=-1, u_outside=-1, one=1.0, last=-1, turned=1):
    """Return FLO with other choices; ``own`` and ``of_u``: 0 as it should be, 1 for the row, None left out."""

    def answer(scores, u):
        s, u = _array(scores), _array(u)
        s = s if columns else s.T
        k = len(u)
        score = {0: np.diag(s), 1: np.diag(s)[:, None], None: 0.0}[own]
        by = {0: u, 1: u[:, None]}[of_u]
        terms = np.exp(turned * (s - score) + u_inside * by)
        if not itself:
            np.fill_diagonal(terms, 0)
        average = terms.sum() / {"K-1": k * (k - 1), "K": k**2, "1": k, "all": 1}[over]
        return one + u_outside * u.mean() + last * average

    return answer


flo.reference(_flo())


@flo.form
def _(scores, u):
    k = len(u)
    exponent = scores - scores.diagonal() - u
    terms = exponent.exp()
    strangers = terms.sum(0) - terms.diagonal()
    return 1 - u.mean() - (strangers / (k - 1)).mean()


flo.mistake("the strangers x_i of y_j stand in column j: you went along its row.")(_flo(columns=False))
flo.mistake("you went along rows, and the pair itself is among the averaged terms.")(
    _flo(columns=False, itself=True, over="K")
)
flo.mistake("the pair itself is among the averaged terms: only the K - 1 strangers belong there.")(
    _flo(itself=True, over="K")
)
flo.mistake("the pair itself is in the sum, though you divide by K - 1.")(_flo(itself=True))
flo.mistake("each pair has K - 1 strangers: divide by K - 1, not by K.")(_flo(over="K"))
flo.mistake("the terms are summed, not averaged, over the strangers.")(_flo(over="1"))
flo.mistake("the exponent has -u: a sign got lost.")(_flo(u_inside=1))
flo.mistake("u is left out of the exponent: each pair's terms are divided by e^u.")(_flo(u_inside=0))
flo.mistake("both signs of u are turned: FLO has 1 - E u, and -u in the exponent.")(_flo(u_inside=1, u_outside=1))
flo.mistake("the exponent takes u by rows: term [i, j] belongs to pair j, so u_j.")(_flo(of_u=1))
flo.mistake("the exponent takes the pair's own score by rows: term [i, j] is relative to t(x_j, y_j).")(_flo(own=1))
flo.mistake("u and the pair's own score are taken by rows: term [i, j] belongs to pair j.")(_flo(own=1, of_u=1))
flo.mistake("the exponent lacks -t(x_j, y_j), the score of the pair itself.")(_flo(own=None))
flo.mistake("the exponent lacks -t(x_j, y_j), and has u with the wrong sign.")(_flo(own=None, u_inside=1))
flo.mistake("the exponent is turned: the stranger's score minus the pair's own.")(_flo(turned=-1))
flo.mistake("the 1 of the tangent is missing.")(_flo(one=0.0))
flo.mistake("u is added where it has to be taken away: FLO begins with 1 - E u.")(_flo(u_outside=1))
flo.mistake("the mean of u is missing: FLO begins with 1 - E u.")(_flo(u_outside=0))
flo.mistake("the average of the exponentials is taken away, not added.")(_flo(last=1))
flo.mistake("this is minus FLO, a loss: the sign is turned.")(_flo(one=-1.0, u_outside=1, last=1))
flo.mistake("this is minus FLO, a loss, and the 1 is missing.")(_flo(one=0.0, u_outside=1, last=1))


def _last(scores, u):
    """Return the average of the exponentials."""
    return 1 - _array(u).mean() - _flo()(scores, u)


def _last_without_u(scores):
    return 1 - _flo(u_inside=0, u_outside=0)(scores, np.zeros(len(scores)))


@flo.mistake("there is no logarithm in FLO: its tangent has taken the place.")
def _(scores, u):
    return 1 - _array(u).mean() - np.log(_last(scores, u))


@flo.mistake("the exponential is outside of the average: average the exponentials.")
def _(scores, u):
    s, v = _array(scores), _array(u)
    exponent = s - np.diag(s) - v
    np.fill_diagonal(exponent, 0)
    return 1 - v.mean() - np.exp(exponent.sum() / (len(v) * (len(v) - 1)))


@flo.mistake("pairs are summed up where they have to be averaged.")
def _(scores, u):
    return 1 - _array(u).sum() - _last(scores, u) * len(u) * (len(u) - 1)


@flo.mistake("all is summed over the pairs: average over them.")
def _(scores, u):
    return _flo()(scores, u) * len(u)


@flo.mistake("e^-u and the exponentials are averaged apart: each pair's terms go with its own e^-u.")
def _(scores, u):
    return 1 - _array(u).mean() - np.exp(-_array(u)).mean() * _last_without_u(scores)


@flo.mistake("one e^-u of the mean u serves all pairs: each pair's terms go with its own.")
def _(scores, u):
    return 1 - _array(u).mean() - np.exp(-_array(u).mean()) * _last_without_u(scores)


@flo.mistake("u is taken from the exponential: it belongs into the exponent.")
def _(scores, u):
    return 1 - _array(u).mean() - (_last_without_u(scores) - _array(u).mean())
