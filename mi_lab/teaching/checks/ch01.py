"""The exercises of the chapter on mutual information."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "mi-invariance",
    "What can change it",
    right="d",
    reasons={
        "a": "the cube is invertible: from x³ one gets x back, so nothing is lost and nothing gained.",
        "b": "a change of sign is invertible, and Y is transformed by itself.",
        "c": "mutual information is symmetric.",
        "d": "this mixes the two variables: for a Gaussian pair, the sum and the difference are even independent.",
    },
)

numeric(
    "mi-bits",
    "Reading someone else's table",
    value=float(np.sqrt(1 - 2**-2.4)),
    rtol=2e-3,
    right="1.2 bits are 1.2 log 2 nats, and |ρ| = √(1 - exp(-2 I)).",
    mistakes={
        float(np.sqrt(1 - np.exp(-2.4))): "1.2 was taken for nats: turn the bits into nats first.",
        float(1 - 2**-2.4): "that is ρ²: a root is missing.",
        float(np.sqrt(1 - 2**-1.2)): "the factor ½ in front of the logarithm got lost.",
        float(np.sqrt(1 - np.exp(-2.4 / np.log(2)))): "the wrong way round: a bit is log 2 nats, less than a nat.",
        1.2 * float(np.log(2)): "that is the information in nats: now solve for ρ.",
    },
)

choice(
    "mi-relu",
    "A rectifier without noise",
    right="b",
    reasons={
        "a": "the sign alone is worth log 2, but wherever Y is positive it tells X to the last digit.",
        "b": "with chance one half Y is continuous and a function of X: no finite number holds that much.",
        "c": "h is no amount of information, and Y has an atom at zero, so that it has no density either.",
        "d": "h is measured against a ruler: half of it means nothing.",
    },
)

# A table of probabilities ---------------------------------------------------------------------------------------------

table = code("mi-table", "A table of probabilities")


def _table(rng, zeros):
    counts = rng.integers(1, 30, (int(rng.integers(3, 5)), int(rng.integers(5, 8)))).astype(float)
    if zeros:
        counts[0, 0] = counts[1, 2] = counts[2, 4] = 0
    return counts / counts.sum()


@table.part("a full table")
def _(answer, rng):
    return answer(_table(rng, zeros=False))


@table.part("a table with empty cells")
def _(answer, rng):
    return answer(_table(rng, zeros=True))


def _entropy(p):
    p = np.ravel(p)[np.ravel(p) > 0]
    return -np.dot(p, np.log(p))


@table.reference
def _(p):
    return _entropy(p.sum(axis=1)) + _entropy(p.sum(axis=0)) - _entropy(p)


@table.form
def _(p):
    p_x = p.sum(1)
    p_y = p.sum(0)
    seen = p > 0
    return (p[seen] * np.log(p[seen] / np.outer(p_x, p_y)[seen])).sum()


def _ratios(p):
    p = np.maximum(p, 1e-300)
    return np.log(p) - np.log(np.outer(p.sum(1), p.sum(0)))


@table.mistake("the average runs over the product of the marginals: mutual information averages under the joint law.")
def _(p):
    return np.sum(np.outer(p.sum(1), p.sum(0)) * _ratios(p))


@table.mistake("every cell counts the same: weight the logarithms by the probabilities, an expectation is no mean.")
def _(p):
    return np.mean(_ratios(p))


@table.mistake("the logarithms are added up without their probabilities.")
def _(p):
    return np.sum(_ratios(p))


@table.mistake("only the cells of the diagonal are counted: the sum runs over all cells.")
def _(p):
    return np.sum(np.diag(p) * np.diag(_ratios(p)))


@table.mistake("an empty cell adds nothing, but the other cells of its row do: leave out the cell alone.")
def _(p):
    return np.sum((p * _ratios(p))[(p > 0).all(1)])


@table.mistake("an empty cell adds nothing, but the other cells of its column do: leave out the cell alone.")
def _(p):
    return np.sum((p * _ratios(p))[:, (p > 0).all(0)])


def _kept(p):
    """Return the information of a table of what is left, made to sum to one."""
    p = p / p.sum()
    return np.sum(p * _ratios(p))


@table.mistake("an empty cell adds nothing, but the other cells of its row do: leave out the cell alone.")
def _(p):
    kept = p[(p > 0).all(1)]
    return np.sum(kept * np.log(kept / np.outer(kept.sum(1), kept.sum(0))))


@table.mistake("an empty cell adds nothing, but the other cells of its row do: leave out the cell alone.")
def _(p):
    return _kept(p[(p > 0).all(1)])


@table.mistake("an empty cell adds nothing, but the other cells of its column do: leave out the cell alone.")
def _(p):
    kept = p[:, (p > 0).all(0)]
    return np.sum(kept * np.log(kept / np.outer(kept.sum(1), kept.sum(0))))


@table.mistake("an empty cell adds nothing, but the other cells of its column do: leave out the cell alone.")
def _(p):
    return _kept(p[:, (p > 0).all(0)])


@table.mistake("brackets: p / p_x * p_y divides by p_x and multiplies by p_y; divide by their product.")
def _(p):
    seen = p > 0
    return np.sum(p[seen] * np.log((p / p.sum(1, keepdims=True) * p.sum(0))[seen]))


@table.mistake("only the first row is in it: the sum runs over all of them. Does return stand inside the loop?")
def _(p):
    return np.sum((p * _ratios(p))[0])


@table.mistake("the rows count alike: weigh the divergence of each p(y|x) from p(y) by p(x).")
def _(p):
    rows = p / p.sum(1, keepdims=True)
    return np.sum(rows * np.log(np.maximum(rows, 1e-300) / p.sum(0)))


@table.mistake("the columns count alike: weigh the divergence of each p(x|y) from p(x) by p(y).")
def _(p):
    columns = p / p.sum(0)
    return np.sum(columns * np.log(np.maximum(columns, 1e-300) / p.sum(1, keepdims=True)))


@table.mistake("a logarithm of the quotient is wanted, not a quotient of the logarithms.")
def _(p):
    seen = p > 0
    return np.sum((p[seen] * np.log(p[seen])) / np.log(np.outer(p.sum(1), p.sum(0))[seen]))


@table.mistake("-½ log(1 - ρ²) holds for Gaussian pairs: this is a table, whose rows and columns need no numbers.")
def _(p):
    x, y = np.indices(p.shape)
    mean = [np.sum(p * v) for v in (x, y)]
    cov, var_x, var_y = (
        np.sum(p * (u - mean[i]) * (v - mean[j])) for u, v, i, j in ((x, y, 0, 1), (x, x, 0, 0), (y, y, 1, 1))
    )
    return -0.5 * np.log(1 - cov**2 / (var_x * var_y))


@table.mistake("an empty cell stays empty in the margins: you put something else there before summing.")
def _(p):
    p = np.where(p > 0, p, 1.0)
    return np.sum(p * _ratios(p))


@table.mistake("that is a share of H(Y): wanted is the information itself, in nats.")
def _(p):
    return np.sum(p * _ratios(p)) / _entropy(p.sum(0))


@table.mistake("that is a share of H(X): wanted is the information itself, in nats.")
def _(p):
    return np.sum(p * _ratios(p)) / _entropy(p.sum(1))


@table.mistake("the margins come from the table: p is summed along its rows and columns, they are not all equal.")
def _(p):
    return np.sum(p * np.log(np.maximum(p, 1e-300) * p.size))


@table.mistake("that is H(X) + H(Y): subtract the joint entropy from it.")
def _(p):
    return _entropy(p.sum(1)) + _entropy(p.sum(0))


@table.mistake("that is what the sums of absolute terms give: some cells count negatively, and have to.")
def _(p):
    return np.sum(np.abs(p * _ratios(p)))


@table.mistake("only the cells where p exceeds the product are counted: the others count negatively, and have to.")
def _(p):
    return np.sum(np.maximum(p * _ratios(p), 0))


@table.mistake("that is the joint entropy: compare with the product of the marginals.")
def _(p):
    return _entropy(p)


@table.mistake("that is a conditional entropy, what remains open, not what was learnt.")
def _(p):
    return _entropy(p) - _entropy(p.sum(0))


@table.mistake("that is a conditional entropy, of the columns given the rows, not what was learnt.")
def _(p):
    return _entropy(p) - _entropy(p.sum(1))


@table.mistake("these are the entropies of rows and columns added up: the joint entropy is still to be subtracted.")
def _(p):
    return _entropy(p.sum(axis=0)) + _entropy(p.sum(axis=1))


@table.mistake("the margins are sums over rows and columns, not their averages.")
def _(p):
    seen = p > 0
    return np.sum(p[seen] * np.log(p[seen] / np.outer(p.mean(1), p.mean(0))[seen]))


# Gaussian vectors -----------------------------------------------------------------------------------------------------

blocks = code("mi-blocks", "Gaussian vectors")


def _covariance(rng, size, unit=1.0):
    a = rng.normal(size=(size, 2 * size))
    return unit**2 * (a @ a.T) / size


@blocks.part("a few coordinates")
def _(answer, rng):
    d = int(rng.integers(2, 4))
    return answer(_covariance(rng, d + int(rng.integers(4, 6))), d)


@blocks.part("five hundred coordinates in small units")
def _(answer, rng):
    return answer(_covariance(rng, 500, unit=1e-4), int(rng.integers(100, 200)))


def _log_det(a):
    return 2 * np.log(np.diag(np.linalg.cholesky(a))).sum()


def _block_information(cov, d):
    return 0.5 * (_log_det(cov[:d, :d]) + _log_det(cov[d:, d:]) - _log_det(cov))


@blocks.reference
def _(cov, d):
    return _block_information(cov, d)


@blocks.mistake("twice too much: where is the factor ½?")
def _(cov, d):
    return 2 * _block_information(cov, d)


@blocks.mistake("the wrong blocks: the second one holds all coordinates from d on.")
def _(cov, d):
    return 0.5 * (_log_det(cov[:d, :d]) + _log_det(cov[:d, :d]) - _log_det(cov))


@blocks.mistake("the diagonal alone forgets how the coordinates of X hang together: take the determinants of blocks.")
def _(cov, d):
    return 0.5 * (np.log(np.diag(cov)).sum() - _log_det(cov))


@blocks.mistake("that is one correlation, between the first coordinates of X and of Y: the others inform as well.")
def _(cov, d):
    return -0.5 * np.log(1 - cov[0, d] ** 2 / (cov[0, 0] * cov[d, d]))


text(
    "mi-uncorrelated",
    "Uncorrelated, and yet",
    rubric=[
        (1, "Shows that Y is a standard Gaussian (it is one given either value of W) and that E[XY] = 0."),
        (1, "Reduces I > 0 to dependence, because the information is zero only for independent variables."),
        (1, "Proves dependence by a definite computation, for instance E[X²Y²] = 1 + 2ρ² against 1."),
    ],
)
