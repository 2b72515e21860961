"""The exercises of the chapter on real tables."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text


def _by_chance(columns, level):
    return level * columns * (columns - 1) / 2


numeric(
    "tables-chance",
    "Pairs by chance",
    value=7.8,
    rtol=5e-3,
    formula=_by_chance,
    given=(40, 0.01),
    right="780 pairs at .01 each; that they share columns doesn't change a mean.",
    mistakes={
        0.4: "that counts columns: tested are pairs, 40 · 39 / 2 of them.",
        15.6: "each pair is counted twice: I(X;Y) = I(Y;X) is one test.",
        8.2: "a column with itself is no test of independence: 40 · 39 / 2 pairs.",
        16.0: "40 · 40 counts each pair twice, and each column with itself.",
        39.0: "that is at the level .05: asked is .01.",
        780.0: "that is how many pairs are tested: one in a hundred passes by chance.",
        0.39: "that counts the couples of neighbours: every column is paired with all others.",
        3.9: "a p-value below .01 has chance .01: nothing is halved.",
        7.41: "40 columns have 40 · 39 / 2 pairs: one column was lost.",
        772.2: "that is how many do not pass: asked is how many pass by chance.",
        78.0: "that is at the level .1: asked is .01.",
        0.01 / 780: "that is Bonferroni's level for one pair: asked is how many pass at .01 each.",
        0.395: "40 columns have 40 · 39 / 2 pairs, not 40 + 39 halved.",
        0.79: "40 columns have 40 · 39 / 2 pairs, not 40 + 39.",
        0.00039396: "that is the chance that none passes: asked is how many do on average.",
        98.8: "those are triples of columns: each test takes two.",
        1.0: "that is the text's 20 columns at .05, one test each: here are 780 pairs at .01.",
        2.77885: "that is how much their number varies, its standard deviation: asked is the mean.",
        21.75: "that is the text's example, 30 columns at .05: here are 40 at .01.",
        4.35: "that is for 30 columns: here are 40.",
        0.999606: "that is the chance that at least one passes: asked is how many do on average.",
        0.2: "each column stands in 39 pairs, not in one.",
        0.01: "that is the chance of one pair: there are 780 of them.",
        0.078: "a hundred times too little: the level is .01, one in a hundred.",
    },
)

choice(
    "tables-nothing",
    "A column that tells nothing",
    right="b",
    reasons={
        "a": "by itself it tells nothing; beside another column it may decide everything, as in an exclusive or.",
        "b": "the two bits of an exclusive or show the largest case, a third that is independent the smallest.",
        "c": "the bits of an exclusive or are independent, and neither can be left out.",
        "d": "so it is with both bits of an exclusive or, which together determine it.",
    },
)

# Information under a condition ---------------------------------------------------------------------------------------

conditional = code("tables-conditional", "Information under a condition")


@conditional.part("the information")
def _(answer, rng):
    found = {}
    p = rng.dirichlet(np.full(24, 0.6)).reshape(2, 3, 4)
    found["a table without zeros"] = answer(p.copy())
    p[rng.integers(2), rng.integers(3), :2] = 0
    found["a table with zeros"] = answer(p / p.sum())
    return found


def _information(p):
    pz, pxz, pyz = p.sum((0, 1)), p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    top, bottom = p * pz, pxz * pyz
    kept = p > 0
    return np.sum(p[kept] * np.log(top[kept] / bottom[kept]))


conditional.reference(_information)


def _open(joint):
    """Return H(row | column) of a table of two variables."""
    seen = joint > 0
    return -np.sum(joint[seen] * np.log((joint / np.maximum(joint.sum(0), 1e-300))[seen]))


@conditional.mistake("that is I(X;Y) without the condition: keep z, and compare within each of its values.")
def _(p):
    return _information(p.sum(2, keepdims=True))


@conditional.mistake("p(x,y,z) beside p(x) p(y) p(z): that also counts what z tells, wanted is p(x|z) p(y|z).")
def _(p):
    product = p.sum((1, 2))[:, None, None] * p.sum((0, 2))[:, None] * p.sum((0, 1))
    kept = p > 0
    return np.sum(p[kept] * np.log(p[kept] / product[kept]))


@conditional.mistake("p(z) is missing: p(x,y|z) / (p(x|z) p(y|z)) is p(x,y,z) p(z) / (p(x,z) p(y,z)).")
def _(p):
    bottom = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    kept = p > 0
    return np.sum(p[kept] * np.log(p[kept] / bottom[kept]))


@conditional.mistake("each value of z counts as often as it occurs: weigh by p(z), don't just add up.")
def _(p):
    pz = p.sum((0, 1))
    return sum(_information((p[..., [k]]) / pz[k]) for k in range(p.shape[2]) if pz[k])


@conditional.mistake("that is I(X;Z|Y): the condition is the last axis.")
def _(p):
    return _information(np.swapaxes(p, 1, 2))


@conditional.mistake("that is I(X,Z;Y), by the chain rule I(X;Y|Z) and I(Z;Y) together.")
def _(p):
    rows = np.moveaxis(p, 1, 2).reshape(-1, p.shape[1])
    return _information(rows[:, :, None])


@conditional.mistake("that is I(Y;Z|X): the condition is the last axis.")
def _(p):
    return _information(np.moveaxis(p, 0, 2))


@conditional.mistake("that is one value of z alone: average over all of them, with the weights p(z).")
def _(p):
    return _information(p[..., [0]] / p[..., 0].sum())


@conditional.mistake("the values of z count alike: weigh each by p(z), don't take the plain mean.")
def _(p):
    pz = p.sum((0, 1))
    return np.mean([_information((p[..., [k]]) / pz[k]) if pz[k] else 0.0 for k in range(p.shape[2])])


@conditional.mistake("that is I(X;Y) - I(X;Y|Z), or its negative: wanted is what is left within each value of z.")
def _(p):
    return _information(p.sum(2, keepdims=True)) - _information(p)


@conditional.mistake("an empty cell adds nothing, but the other cells at its z do: leave out the cell alone.")
def _(p):
    pz = p.sum((0, 1))
    kept = [k for k in range(p.shape[2]) if (p[..., k] > 0).all()]
    return sum(pz[k] * _information(p[..., [k]] / pz[k]) for k in kept)


@conditional.form
def _(p):
    pz = p.sum((0, 1))
    pxz = p.sum(1)[:, None]
    pyz = p.sum(0)[None]
    kept = p > 0
    return np.sum(p[kept] * np.log((p * pz)[kept] / (pxz * pyz)[kept]))


@conditional.mistake("that is I(X;Y|Z) - I(X;Y): wanted is the first of the two alone.")
def _(p):
    return _information(p) - _information(p.sum(2, keepdims=True))


@conditional.mistake("that is H(X|Z) - H(X|Y): subtract H(X|Y,Z) from H(X|Z).")
def _(p):
    xz, xy = p.sum(1), p.sum(2)
    return _open(xz) - _open(xy)


@conditional.mistake("that is H(X|Z), what remains open given z: subtract H(X|Y,Z) from it.")
def _(p):
    return _open(p.sum(1))


@conditional.mistake("that is H(Y|Z), what remains open given z: subtract H(Y|X,Z) from it.")
def _(p):
    return _open(p.sum(0))


@conditional.mistake("that is I(X;Y,Z), by the chain rule I(X;Z) and I(X;Y|Z) together.")
def _(p):
    return _information(p.reshape(len(p), -1, 1))


@conditional.mistake("below stand p(x|z) and p(y|z), not the margins p(x) and p(y).")
def _(p):
    pz, px, py = p.sum((0, 1)), p.sum((1, 2))[:, None, None], p.sum((0, 2))[:, None]
    kept = p > 0
    return np.sum(p[kept] * np.log((p / pz / (px * py))[kept]))


@conditional.mistake("brackets: p p_z / p_xz * p_yz divides by p_xz and multiplies by p_yz; divide by their product.")
def _(p):
    kept = p > 0
    return np.sum(p[kept] * np.log((p * p.sum((0, 1)) / p.sum(1, keepdims=True) * p.sum(0))[kept]))


@conditional.mistake("p(z) stands on top, not p(x): p(x,y,z) p(z) / (p(x,z) p(y,z)).")
def _(p):
    kept = p > 0
    top = p * p.sum((1, 2))[:, None, None]
    return np.sum(p[kept] * np.log((top / (p.sum(1, keepdims=True) * p.sum(0, keepdims=True)))[kept]))


@conditional.mistake("the average runs under p(x,y,z) itself, not under p(x|z) p(y|z) p(z).")
def _(p):
    pz, product = p.sum((0, 1)), p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    kept = p > 0
    return np.sum((product / np.maximum(pz, 1e-300))[kept] * np.log((p * pz)[kept] / product[kept]))


text(
    "tables-report",
    "What to report",
    rubric=[
        (1, "Says that 200 idle columns give ten at the level .05 by chance, so that seven are no evidence."),
        (1, "Asks for a rule for many tests (Benjamini and Hochberg), or for what the columns tell given one another."),
        (1, "Asks for independent rows or a test that respects a series, or for an error of the .04 nats."),
    ],
)
