"""The exercises of the chapter on generative estimators."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

_CONSTANT = 0.5 * math.log(2 * math.pi * math.e)  # h(Y) of a standard Gaussian

numeric(
    "gen-ba",
    "What a half-learnt model reports",
    value=0.5 - 0.5 * math.log(0.75) - 0.3,
    unit="nats",
    rtol=5e-3,
    right="h(Y) - ½ log(2π s²) - E(Y - ax)²/(2s²), with s² = .75 and E(Y - ax)² = .45.",
    mistakes={
        -0.5 * math.log(0.36): "that is the information itself: this model has learnt only part of it.",
        0.5 - 0.5 * math.log(0.75) - 0.6: "the square is divided by twice the variance, 2s².",
        -0.5 * math.log(0.75): "that takes s² for the mean square error, which is 1 - 2aρ + a² = .45.",
        -0.5 * math.log(0.45): "that is for the best variance of this slope, .45; the model says .75.",
        0.4 / 0.75: "that is CLUB, aρ/s².",
        0.2 - 0.5 * math.log(0.75) - _CONSTANT: "that is the mean of log q alone: where is h(Y)?",
        0.5 - math.log(0.75) - 0.4: "that takes .75 for the standard deviation: it is the variance.",
    },
)

choice(
    "gen-side",
    "Who may say so?",
    right="ad",
    reasons={
        "a": "BA is a lower bound for every model.",
        "b": "a poor marginal model lifts a difference of entropies above the truth, and training doesn't rule it out.",
        "c": "CLUB tends to pass the truth and to end above it; with a trained model it is no bound at all.",
        "d": "PQ is a lower bound for every classifier, if it stays below log 32.",
    },
)

numeric(
    "gen-cells",
    "Enough cells",
    value=149,
    rtol=0,
    atol=0.3,
    right="log 148 = 4.997 is just below 5, log 149 = 5.004.",
    mistakes={
        148: "log 148 = 4.997: the wall is still a little too low.",
        math.exp(5): "close, but one can't have a part of a cell: which whole number is enough?",
        32: "2⁵ would be right for 5 bits: the book counts in nats.",
        5: "the wall is the logarithm of the number of cells, not the number.",
        25: "the wall is log B: invert the logarithm, not a square root.",
    },
)

# Leave one out --------------------------------------------------------------------------------------------------------

l1out = code("gen-l1out", "Leave one out")


def _matrix(rng, signal: float, offset: float):
    """Return log q(y_j|x_i): a bonus on the diagonal, and an offset of its own for each y."""
    import torch

    k = int(rng.integers(6, 12))
    log_q = rng.normal(0, 1, (k, k)) + signal * np.eye(k) - offset * rng.uniform(0.5, 1, k)
    return torch.tensor(log_q, dtype=torch.float64)


for name, signal, offset in (
    ("a model that prefers strangers", -2.0, 1.0),
    ("a model that has learnt", 3.0, 4.0),
    ("entries of minus several hundred", 3.0, 900.0),
):
    l1out.part(name)(lambda answer, rng, made=(signal, offset): answer(_matrix(rng, *made)))


def _others(log_q, dim: int = 0):
    import torch

    return torch.logsumexp(log_q - 1e9 * torch.eye(len(log_q), dtype=log_q.dtype), dim)


@l1out.reference
def _(log_q):
    return (log_q.diagonal() - _others(log_q)).mean() + math.log(len(log_q) - 1)


@l1out.form
def _(log_q):
    own = log_q.diagonal()
    others = (log_q.exp().sum(0) - own.exp()) / (len(log_q) - 1)
    return (own - others.log()).mean()


l1out.mistake("the diagonal is left out, so K - 1 terms are averaged: you divided by K.")(
    lambda log_q: (log_q.diagonal() - _others(log_q)).mean() + math.log(len(log_q))
)

l1out.mistake("a sum is not an average: divide by K - 1.")(lambda log_q: (log_q.diagonal() - _others(log_q)).mean())

l1out.mistake("the pair's own x belongs left out: what you have is InfoNCE, and stops at log K.")(
    lambda log_q: (log_q.diagonal() - log_q.logsumexp(0)).mean() + math.log(len(log_q))
)

l1out.mistake("rows and columns: for each y_j the average runs over the other x_i.")(
    lambda log_q: (log_q.diagonal() - _others(log_q, 1)).mean() + math.log(len(log_q) - 1)
)


l1out.mistake("a sum over the samples: average them.")(
    lambda log_q: (log_q.diagonal() - _others(log_q) + math.log(len(log_q) - 1)).sum()
)


@l1out.mistake("that is CLUB: the logarithm stands outside the average, not inside.")
def _(log_q):
    k = len(log_q)
    return log_q.diagonal().mean() - (log_q.sum() - log_q.diagonal().sum()) / (k * (k - 1))


# A difference of entropies --------------------------------------------------------------------------------------------

doe = code("gen-doe", "A difference of entropies")


def _columns(rng, slope_held: float | None = None):
    n, k = int(rng.integers(30, 50)), int(rng.integers(60, 90))
    slope, shift = rng.uniform(0.8, 1.5), rng.normal(0, 2, 2)

    def draw(size, a):
        x = rng.normal(0, 1, size)
        return x + shift[0], a * x + shift[1] + 0.5 * rng.normal(0, 1, size)

    return *draw(n, slope), *draw(k, slope if slope_held is None else slope_held)


@doe.part("dependent columns", weight=2)
def _(answer, rng):
    return answer(*_columns(rng))


@doe.part("held-out samples of another law", weight=1)
def _(answer, rng):
    return answer(*_columns(rng, slope_held=-1.0))


def _fit(x, y):
    a = np.mean((x - x.mean()) * (y - y.mean())) / np.var(x)
    return a, y.mean() - a * x.mean()


def _difference(x, y, x_held, y_held, spare=0, marginal=1.0):
    a, b = _fit(x, y)
    s2 = np.sum((y - a * x - b) ** 2) / (len(x) - spare)
    v2 = np.sum((y - y.mean()) ** 2) / (len(x) - min(spare, 1))
    conditional = -0.5 * np.log(s2) - np.mean((y_held - a * x_held - b) ** 2) / (2 * s2)
    return conditional - marginal * (-0.5 * np.log(v2) - np.mean((y_held - y.mean()) ** 2) / (2 * v2))


doe.reference(_difference)


@doe.form
def _(x, y, x_held, y_held):
    a = np.mean((x - x.mean()) * (y - y.mean())) / np.var(x)
    b = y.mean() - a * x.mean()
    s2 = np.mean((y - a * x - b) ** 2)
    v2 = np.mean((y - y.mean()) ** 2)
    conditional = -0.5 * np.log(s2) - (y_held - a * x_held - b) ** 2 / (2 * s2)
    marginal = -0.5 * np.log(v2) - (y_held - y.mean()) ** 2 / (2 * v2)
    return conditional.mean() - marginal.mean()


doe.mistake("that is the value on the training samples: fit on them, and take the mean over the held-out ones.")(
    lambda x, y, x_held, y_held: _difference(x, y, x, y)
)

doe.mistake("fitted to the held-out samples: they are there to judge, not to learn from.")(
    lambda x, y, x_held, y_held: _difference(x_held, y_held, x_held, y_held)
)

doe.mistake("maximum likelihood divides the squares by n: no degrees of freedom are taken off.")(
    lambda x, y, x_held, y_held: _difference(x, y, x_held, y_held, spare=1)
)

doe.mistake("maximum likelihood divides the squares by n: you divided those of the conditional by n - 2.")(
    lambda x, y, x_held, y_held: _difference(x, y, x_held, y_held, spare=2)
)

doe.mistake("that is the conditional model alone: subtract the mean of log q_Y.")(
    lambda x, y, x_held, y_held: _difference(x, y, x_held, y_held, marginal=0.0) - 0.5 * math.log(2 * math.pi)
)

doe.mistake("fitted to all samples: the held-out ones are there to judge, not to learn from.")(
    lambda x, y, *held: _difference(*2 * (np.append(x, held[0]), np.append(y, held[1])))
)

doe.mistake("that is the marginal model alone: the conditional's mean of log q is missing.")(
    lambda *z: _difference(*z) - _difference(*z, marginal=0.0)
)


@doe.mistake("that is a line through the origin: fit the intercept b, too.")
def _(x, y, x_held, y_held):
    a = np.sum(x * y) / np.sum(x**2)
    s2, v2 = np.mean((y - a * x) ** 2), np.var(y)
    conditional = -0.5 * np.log(s2) - np.mean((y_held - a * x_held) ** 2) / (2 * s2)
    return conditional + 0.5 * np.log(v2) + np.mean((y_held - y.mean()) ** 2) / (2 * v2)


def _densities(x, y, x_held, y_held, s2=None, v2=None, logs=1.0, to=None):
    """Return the mean log density of the conditional and of the marginal, with other variances or points if wished."""
    a, b = _fit(x, y)
    s2 = np.mean((y - a * x - b) ** 2) if s2 is None else s2(y - a * x - b, y_held - a * x_held - b)
    v2 = np.var(y) if v2 is None else v2(y - y.mean(), y_held - y.mean())
    marginal = y_held if to is None else to
    conditional = -0.5 * logs * np.log(2 * np.pi * s2) - np.mean((y_held - a * x_held - b) ** 2) / (2 * s2)
    return conditional + 0.5 * logs * np.log(2 * np.pi * v2) + np.mean((marginal - y.mean()) ** 2) / (2 * v2)


doe.mistake("the variances are those of the training samples: yours are taken over the held-out ones.")(
    lambda *z: _densities(*z, s2=lambda _, r: np.mean(r**2), v2=lambda _, r: np.mean(r**2))
)

doe.mistake("the variances are those of the training samples: yours are taken over the held-out ones.")(
    lambda *z: _densities(*z, s2=lambda _, r: np.var(r), v2=lambda _, r: np.var(z[3]))
)

doe.mistake("the logarithms of the variances are left out: a density has its normaliser.")(
    lambda *z: _densities(*z, logs=0.0)
)

doe.mistake("standard deviations stand where variances belong.")(
    lambda *z: _densities(*z, s2=lambda r, _: np.sqrt(np.mean(r**2)), v2=lambda r, _: r.std())
)

doe.mistake(
    "the variance is given as the standard deviation: the scale of a normal density is the root of its variance."
)(lambda *z: _densities(*z, s2=lambda r, _: np.mean(r**2) ** 2, v2=lambda r, _: np.var(r) ** 2))

doe.mistake("the marginal's mean log density runs over the held-out samples too, not over the training ones.")(
    lambda *z: _densities(*z, to=z[1])
)

doe.mistake("the conditional's variance is that of the residuals, not of y.")(
    lambda *z: _densities(*z, s2=lambda r, _: np.var(z[1]))
)

doe.mistake(
    "that is what the two variances say alone, ½ log(v²/s²): take the mean log densities of the held-out samples."
)(lambda x, y, *_: 0.5 * np.log(np.var(y) / np.mean((y - _fit(x, y)[0] * x - _fit(x, y)[1]) ** 2)))


@doe.mistake(
    "that is CLUB: it compares with strangers under the conditional; here the marginal has a model of its own."
)
def _(x, y, x_held, y_held):
    a, b = _fit(x, y)
    s2 = np.mean((y - a * x - b) ** 2)
    own = -((y_held - a * x_held - b) ** 2) / (2 * s2)
    strangers = -((y_held[:, None] - a * x_held[None] - b) ** 2) / (2 * s2)
    return own.mean() - strangers.mean()


for _step in (1, -1):

    @doe.mistake(
        "that is CLUB: it compares with strangers under the conditional; here the marginal has a model of its own."
    )
    def _(x, y, x_held, y_held, _step=_step):
        a, b = _fit(x, y)
        s2 = np.mean((y - a * x - b) ** 2)
        strangers = (y_held - a * np.roll(x_held, _step) - b) ** 2
        return np.mean(strangers - (y_held - a * x_held - b) ** 2) / (2 * s2)


def _with_line(x, y, x_held, y_held, a, b, s2=None):
    s2 = np.mean((y - a * x - b) ** 2) if s2 is None else s2
    conditional = -0.5 * np.log(s2) - np.mean((y_held - a * x_held - b) ** 2) / (2 * s2)
    return conditional + 0.5 * np.log(np.var(y)) + np.mean((y_held - y.mean()) ** 2) / (2 * np.var(y))


doe.mistake("that is the line of x on y: fit y by x.")(lambda x, y, *held: _with_line(x, y, *held, *_fit(y, x)))

doe.mistake("slope and intercept have changed places: polyfit gives the highest power first.")(
    lambda x, y, *held: _with_line(x, y, *held, *_fit(x, y)[::-1])
)

doe.mistake("the residuals' variance is v² (1 - r²): the correlation enters squared.")(
    lambda x, y, *held: _with_line(x, y, *held, *_fit(x, y), np.var(y) * (1 - abs(np.corrcoef(x, y)[0, 1])))
)


@doe.mistake("the squares stand over twice the variance: (y - mean)² / (2 s²).")
def _(x, y, x_held, y_held):
    a, b = _fit(x, y)
    s2, v2 = np.mean((y - a * x - b) ** 2), np.var(y)
    conditional = -0.5 * np.log(s2) - np.mean((y_held - a * x_held - b) ** 2) / s2
    return conditional + 0.5 * np.log(v2) + np.mean((y_held - y.mean()) ** 2) / v2


@doe.mistake("half the logarithm of the variance belongs into a log density: the root of it is the deviation.")
def _(x, y, x_held, y_held):
    return _densities(x, y, x_held, y_held, logs=2.0)


doe.mistake("the slope is r times the quotient of the deviations of y and x, not the correlation itself.")(
    lambda x, y, *held: _with_line(x, y, *held, np.corrcoef(x, y)[0, 1], y.mean() - np.corrcoef(x, y)[0, 1] * x.mean())
)


@doe.mistake("a straight line is asked for, no parabola.")
def _(x, y, x_held, y_held):
    curve = np.polyfit(x, y, 2)
    s2, v2 = np.mean((y - np.polyval(curve, x)) ** 2), np.var(y)
    conditional = -0.5 * np.log(s2) - np.mean((y_held - np.polyval(curve, x_held)) ** 2) / (2 * s2)
    return conditional + 0.5 * np.log(v2) + np.mean((y_held - y.mean()) ** 2) / (2 * v2)


# Predictive quantisation ----------------------------------------------------------------------------------------------

pq = code("gen-pq", "Predictive quantisation")


def _classified(rng, skill: float):
    n, b = int(rng.integers(60, 90)), int(rng.integers(5, 9))
    cells = rng.choice(b - 1, n, p=rng.dirichlet(np.full(b - 1, 3.0)))  # the last cell stays empty
    logits = rng.normal(0, 0.5, (n, b)) + skill * np.eye(b)[cells]
    return cells, logits - np.log(np.exp(logits).sum(1, keepdims=True))


for name, skill in (("a skilful classifier", 4.0), ("a poor classifier", -3.0)):
    pq.part(name)(lambda answer, rng, skill=skill: answer(*_classified(rng, skill)))


def _entropy(cells):
    share = np.unique(cells, return_counts=True)[1] / len(cells)
    return -(share * np.log(share)).sum()


def _score(cells, log_q):
    return np.mean([row[c] for row, c in zip(log_q, cells, strict=True)])


@pq.reference
def _(cells, log_q):
    return _entropy(cells) + _score(cells, log_q)


pq.mistake("log B is the wall; H(C) is smaller where the cells aren't equally full.")(
    lambda cells, log_q: math.log(log_q.shape[1]) + _score(cells, log_q)
)

pq.mistake("the sign of the entropy: both terms are added, and the second one is negative.")(
    lambda cells, log_q: -_entropy(cells) + _score(cells, log_q)
)

pq.mistake("that is the classifier's score alone: add H(C).")(lambda cells, log_q: _score(cells, log_q))

pq.mistake("the average of all entries: of each row only the entry of the sample's own cell counts.")(
    lambda cells, log_q: _entropy(cells) + log_q.mean()
)

pq.mistake("that is the share of samples that the likeliest cell gets right: average the logarithm instead.")(
    lambda cells, log_q: np.mean(log_q.argmax(1) == cells)
)

text(
    "gen-improve",
    "A better model, a worse estimate",
    rubric=[
        (1, "Says that CLUB bounds from above for the true conditional only, not for a model."),
        (1, "Says what minimising it leads to: a model that ignores x (CLUB 0), or worse, no bound below."),
        (1, "Trains and compares models by held-out likelihood (BA), and says what CLUB estimates instead."),
    ],
)
