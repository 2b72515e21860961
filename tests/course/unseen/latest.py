"""More wrong answers to the exercises of later.py, other mistakes than there, written from the texts alone."""

import math

import numpy as np
import torch
from scipy.special import ndtri
from scipy.stats import norm

# ch. 1


def information(p):
    """Return I of a table, zeros left out."""
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).sum()


def entropy(p):
    p = p[p > 0]
    return -(p * np.log(p)).sum()


def table_zeros(p):
    product = np.outer(p.sum(1), p.sum(0))
    with np.errstate(all="ignore"):
        return (p * np.log(p / product)).sum()


def table_other_weights(p):
    product = np.outer(p.sum(1), p.sum(0))
    seen = p > 0
    return (product[seen] * np.log(p[seen] / product[seen])).sum()


def table_margins_exchanged(p):
    product = np.outer(p.sum(0), p.sum(1))
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).sum()


def table_mean(p):
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).mean()


TABLE = {
    "0 log 0 is NaN where a cell is zero": table_zeros,
    "in bits": lambda p: information(p) / math.log(2),
    "averaged with the chances of strangers, not of the table": table_other_weights,
    "columns' margin along the rows, rows' along the columns": table_margins_exchanged,
    "mean over the cells instead of the sum": table_mean,
    "joint entropy": entropy,
    "H(X,Y) - H(X) - H(Y), the sign": lambda p: entropy(p) - entropy(p.sum(1)) - entropy(p.sum(0)),
    "as a share of H(Y)": lambda p: information(p) / entropy(p.sum(0)),
}

# ch. 4


def tilt(rho):
    return 2 * rho / (1 + math.sqrt(1 + 4 * rho**2))


def tilt_brackets(rho):
    a = (-1 + math.sqrt(1 + 4 * rho**2)) / 2 * rho
    return a, a * rho + 0.5 * math.log(1 - a**2)


def tilt_clipped(rho):
    a = min(max(rho / (1 - rho**2), -0.99), 0.99)
    return a, a * rho + 0.5 * math.log(1 - a**2)


def tilt_positive(rho):
    grid = np.linspace(0, 0.9999, 10_000)
    values = grid * rho + 0.5 * np.log(1 - grid**2)
    return float(grid[values.argmax()]), float(values.max())


def tilt_whole_logarithm(rho):
    a = tilt(rho)
    return a, a * rho + math.log(1 - a**2)


def tilt_plus(rho):
    a = tilt(rho)
    return a, a * rho + 0.5 * math.log(1 + a**2)


def tilt_minus_under_root(rho):
    a = 2 * rho / (1 + math.sqrt(max(1 - 4 * rho**2, 0)))  # from rho = a/(1+a^2)
    return a, a * rho + 0.5 * math.log(max(1 - a**2, 1e-12))


TILT = {
    "brackets: (...) / 2 * rho": tilt_brackets,
    "the a of the best pair, clipped below one": tilt_clipped,
    "searched among positive a only": tilt_positive,
    "one half of the logarithm forgotten in the score": tilt_whole_logarithm,
    "log(1 + a^2)": tilt_plus,
    "rho = a/(1+a^2), a sign in the derivative": tilt_minus_under_root,
    "half of the truth for the score, guessed from the question": lambda rho: (tilt(rho), -0.25 * math.log(1 - rho**2)),
    "only the a": tilt,
}

# ch. 6

CONJUGATE = {
    "t/(t-1), the sign": lambda t: t / (t - 1),
    "u t at the maximum, f not subtracted": lambda t: t / (1 - t) ** 2,
    "1/(1-t)^2 - 1": lambda t: 1 / (1 - t) ** 2 - 1,
    "root of u = 1 - t, upside down": lambda t: t * (1 - t) ** 2 - t**2,
    "row of the reverse divergence: -1 - log(-t)": lambda t: -1 - np.log(-np.asarray(t, dtype=float)),
    "row of total variation": lambda t: np.maximum(t, -0.5),
    "cut off at zero": lambda t: np.maximum(t / (1 - t), 0),
    "absolute value of t below": lambda t: t / (1 - abs(t)),
}

# ch. 7

A = (math.sqrt(1 + 4 * 0.9**2) - 1) / (2 * 0.9)

TRUTH = {
    "the divergence the other way round, of ch. 11": 0.9**2 / (1 - 0.9**2) + 0.5 * math.log(1 - 0.9**2),
    "what the best diagonal tilt of ch. 4 scores": A * 0.9 + 0.5 * math.log(1 - A**2),
    "Fisher's z, artanh rho": math.atanh(0.9),
    "brackets: the logarithm is squared": -0.5 * math.log(1 - 0.9) ** 2,
    "a quarter: root and one half": -0.5 * math.log(math.sqrt(1 - 0.9**2)),
    "the rho that belongs to .9 nats": math.sqrt(1 - math.exp(-2 * 0.9)),
    "typo: rho = .09": -0.5 * torch.tensor(1 - 0.09**2).log(),
    "a function of rho, not called": lambda rho=0.9: -0.5 * math.log(1 - rho**2),
}

# ch. 11


def fit(x, y):
    a, b = np.polyfit(x, y, 1)
    return a, b, np.mean((y - a * x - b) ** 2), y.mean(), np.var(y)


def logs(y, middle, variance):
    return norm.logpdf(y, middle, np.sqrt(variance))


def doe_mu_zero(x, y, x_held, y_held):
    a, b, s2, _, v2 = fit(x, y)
    return np.mean(logs(y_held, a * x_held + b, s2) - logs(y_held, 0, v2))


def doe_parabola(x, y, x_held, y_held):
    line = np.polyfit(x, y, 2)
    s2 = np.mean((y - np.polyval(line, x)) ** 2)
    return np.mean(logs(y_held, np.polyval(line, x_held), s2) - logs(y_held, y.mean(), np.var(y)))


def doe_barber(x, y, x_held, y_held):
    a, b, s2, _, v2 = fit(x, y)
    return 0.5 * np.log(2 * np.pi * np.e * v2) + np.mean(logs(y_held, a * x_held + b, s2))


def doe_conditional_only(x, y, x_held, y_held):
    a, b, s2, _, _ = fit(x, y)
    return np.mean(logs(y_held, a * x_held + b, s2))


def doe_array(x, y, x_held, y_held):
    a, b, s2, mu, v2 = fit(x, y)
    return logs(y_held, a * x_held + b, s2) - logs(y_held, mu, v2)


def doe_log_of_variance(x, y, x_held, y_held):
    a, b, s2, mu, v2 = fit(x, y)
    conditional = -np.log(s2) - (y_held - a * x_held - b) ** 2 / (2 * s2)
    return np.mean(conditional + np.log(v2) + (y_held - mu) ** 2 / (2 * v2))


def doe_slope_r(x, y, x_held, y_held):
    a = np.corrcoef(x, y)[0, 1]
    b = y.mean() - a * x.mean()
    s2 = np.mean((y - a * x - b) ** 2)
    return np.mean(logs(y_held, a * x_held + b, s2) - logs(y_held, y.mean(), np.var(y)))


def doe_one_variance(x, y, x_held, y_held):
    a, b, _, mu, v2 = fit(x, y)
    return np.mean(logs(y_held, a * x_held + b, v2) - logs(y_held, mu, v2))


DOE = {
    "mu forgotten in the marginal": doe_mu_zero,
    "a parabola fitted": doe_parabola,
    "BA: the marginal's entropy by formula, from training, not judged on held-out samples": doe_barber,
    "marginal forgotten": doe_conditional_only,
    "not averaged, one number a sample": doe_array,
    "log of the variance, not halved": doe_log_of_variance,
    "correlation for the slope": doe_slope_r,
    "v^2 in both densities": doe_one_variance,
}

# ch. 14

LOST = {
    "share of the promise: 74 of 90": 0.74 / 0.9,
    "what is lost: .9 - .74": 0.9 - (norm.cdf(0.645) - norm.cdf(-2.645)),
    "1.645 - 1, no Phi": 1.645 - 1,
    "shifted by half the interval": norm.cdf(0) - norm.cdf(-2 * 1.645),
    "nine in ten of nine in ten": 0.9 * 0.9,
    "two standard errors for 1.645": norm.cdf(2 - 1) - norm.cdf(-2 - 1),
    "1 - 1.645, the sign": norm.cdf(1 - 1.645) - norm.cdf(-1 - 1.645),
    "nine in ten of two thirds": 0.9 * (norm.cdf(1) - norm.cdf(-1)),
}


def off(values, truths):
    """Return the error of every call, NaN if it was lost."""
    return np.abs(values - truths[:, None])


def counted(values, truths):
    return np.where(np.isnan(values), np.maximum(truths, 1)[:, None], off(values, truths))


def error_of_one_truth(values, truths):
    return np.where(np.isnan(values), np.maximum(truths, 1)[:, None], np.abs(values - truths.mean())).mean()


def error_largest_truth(values, truths):
    return np.where(np.isnan(values), max(truths.max(), 1), off(values, truths)).mean()


def error_branches(values, truths):
    return np.where(np.isnan(values), off(values, truths), np.maximum(truths, 1)[:, None]).mean()


ERROR = {
    "sum over all calls": lambda v, t: counted(v, t).sum(),
    "root of the mean square": lambda v, t: np.sqrt((counted(v, t) ** 2).mean()),
    "a lost call counts as no error": lambda v, t: np.nan_to_num(off(v, t)).mean(),
    "a lost call counts the truth and one": lambda v, t: np.where(np.isnan(v), t[:, None] + 1, off(v, t)).mean(),
    "a lost call counts the largest of all truths": error_largest_truth,
    "every error raised to one nat at least": lambda v, t: np.fmax(off(v, t), 1).mean(),
    "branches of where exchanged": error_branches,
    "mean of the truths taken for each": error_of_one_truth,
}


def cover(upper, lower):
    return norm.cdf(upper) - norm.cdf(lower)


def cover_risk(bias, error, z):
    ratio = error / math.hypot(bias, error)
    return cover(z * ratio, -z * ratio)


COVERAGE = {
    "bias over the variance": lambda b, s, z: cover(z - b / s**2, -z - b / s**2),
    "z s - b, all in nats": lambda b, s, z: cover(z * s - b, -z * s - b),
    "root of b^2 + s^2 as the standard deviation": cover_risk,
    "in per cent": lambda b, s, z: 100 * cover(z - b / s, -z - b / s),
    "one if the bias is inside, else zero": lambda b, s, z: float(abs(b) <= z * s),
    "sum of the two, no difference": lambda b, s, z: norm.cdf(z - b / s) + norm.cdf(-z - b / s),
    "lower end not moved": lambda b, s, z: cover(z - b / s, -z),
    "shift in units of half the interval": lambda b, s, z: cover(z - b / (z * s), -z - b / (z * s)),
}


def ranked(x):
    return x.argsort(0).argsort(0) + 1


def quietly(u):
    with np.errstate(all="ignore"):
        return ndtri(u)


def scores_standardised_ranks(x):
    r = ranked(x)
    return (r - r.mean(0)) / r.std(0)


def scores_logit(x):
    u = (ranked(x) - 0.5) / len(x)
    return np.log(u / (1 - u))


SCORES = {
    "plus one half": lambda x: quietly((ranked(x) + 0.5) / len(x)),
    "brackets: r - 1/2 / n": lambda x: quietly(ranked(x) - 0.5 / len(x)),
    "divided by n - 1": lambda x: quietly((ranked(x) - 0.5) / (len(x) - 1)),
    "ranks from zero, the half forgotten": lambda x: quietly((ranked(x) - 1) / len(x)),
    "ranks standardised, no Gaussian": scores_standardised_ranks,
    "logit for the inverse of Phi": scores_logit,
    "n = 1,000 whatever came": lambda x: quietly((ranked(x) - 0.5) / 1000),
    "ranks less one half, neither divided nor mapped": lambda x: ranked(x) - 0.5,
}


def gaussian(x, y):
    """Return the information of scores if they were jointly Gaussian."""
    one, two = (ndtri((ranked(np.asarray(z)) - 0.5) / len(z)) for z in (x, y))
    q, r = (np.linalg.qr(z - z.mean(0))[0] for z in (one, two))
    rho = np.clip(np.linalg.svd(q.T @ r, compute_uv=False), 0, 1 - 1e-9)
    return float(-0.5 * np.log(1 - rho**2).sum())


def arena_shuffled(x, y):
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    return gaussian(x, y[order])


def arena_flattened(x, y):
    number = min(x.numel(), y.numel())
    r = np.corrcoef(x.numpy().ravel()[:number], y.numpy().ravel()[:number])[0, 1]
    return float(-0.5 * np.log(1 - r**2))


def arena_entropy_of_bins(x, y):
    share = np.histogram(x[:, 0].numpy(), bins=10)[0] / len(x)
    return float(entropy(share))


def arena_prints(x, y):
    value = gaussian(x, y)
    f"{value:.3f} nats"  # a notebook would show it


ARENA = {
    "estimate of the shuffled pairs": arena_shuffled,
    "means of the rows": lambda x, y: gaussian(x.mean(1, keepdim=True), y.mean(1, keepdim=True)),
    "all columns strung together, correlation of the two strings": arena_flattened,
    "entropy of ten bins of x": arena_entropy_of_bins,
    "the first forty rows, to be quick": lambda x, y: gaussian(x[:40], y[:40]),
    "as a coefficient between 0 and 1": lambda x, y: math.sqrt(1 - math.exp(-2 * gaussian(x, y))),
    "shown, not returned": arena_prints,
    "divided by the number of pairs of columns": lambda x, y: gaussian(x, y) / (x.shape[1] * y.shape[1]),
}

# ch. 15

CHANCE = {
    "none, for the columns are independent": 0,
    "chance that none passes": 0.99 ** (40 * 39 / 2),
    "level of Bonferroni": 0.01 / (40 * 39 / 2),
    "the one of the text, of twenty columns at .05": 20 * 0.05,
    "level .1": 0.1 * 40 * 39 / 2,
    "halved twice": 0.01 * 40 * 39 / 4,
    "40 + 39": 0.01 * (40 + 39) / 2,
    "triples of columns": 0.01 * math.comb(40, 3),
}


def slices(p):
    return [information(p[:, :, k] / p[:, :, k].sum()) for k in range(p.shape[2])]


def margins(p):
    return p.sum((0, 1), keepdims=True), p.sum(1, keepdims=True), p.sum(0, keepdims=True)


def given_other_weights(p):
    pz, pxz, pyz = margins(p)
    model = pxz * pyz / pz
    kept = p > 0
    return np.sum(model[kept] * np.log(p[kept] / model[kept]))


def given_below(p):
    pz, pxz, pyz = margins(p)
    bottom = pz * pxz * pyz
    kept = p > 0
    return np.sum(p[kept] * np.log(p[kept] / bottom[kept]))


def given_first_axis_on_top(p):
    _, pxz, pyz = margins(p)
    top, bottom = p * p.sum((1, 2), keepdims=True), pxz * pyz
    kept = p > 0
    return np.sum(p[kept] * np.log(top[kept] / bottom[kept]))


def given_lost_entropy(p):
    return entropy(p.sum(1)) + entropy(p.sum(0)) - entropy(p)


def given_minus(p):
    return entropy(p) + entropy(p.sum((0, 1))) - entropy(p.sum(1)) - entropy(p.sum(0))


CONDITIONAL = {
    "averaged with the law of conditional independence": given_other_weights,
    "p(z) below instead of on top": given_below,
    "p(x) where p(z) belongs": given_first_axis_on_top,
    "H(X,Z) + H(Y,Z) - H(X,Y,Z), without H(Z)": given_lost_entropy,
    "sum of entropies with all signs turned": given_minus,
    "values of z added up without weights": lambda p: sum(slices(p)),
    "first value of z only": lambda p: slices(p)[0],
    "I(X;Y) - I(X;Z)": lambda p: information(p.sum(2)) - information(p.sum(1)),
}


def last(under):
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


def discoveries(p, level, line=lambda l, n: l / n):
    p = np.sort(p)
    return last(p <= level * line(np.arange(1, len(p) + 1), len(p)))


def rule_places(p, level):
    return int((p <= level * np.arange(1, len(p) + 1) / len(p)).sum())


def rule_above(p, level):
    p = np.sort(p)
    return int((p >= level * np.arange(1, len(p) + 1) / len(p)).sum())


def rule_yekutieli(p, level):
    return discoveries(p, level / (1 / np.arange(1, len(p) + 1)).sum())


RULE = {
    "not sorted, those below the line of their place counted": rule_places,
    "counts those above the line": rule_above,
    "fraction upside down: level * N / l": lambda p, level: discoveries(p, level, lambda l, n: n / l),
    "Benjamini and Yekutieli, level over the harmonic sum": rule_yekutieli,
    "expected number by chance, level * N": lambda p, level: int(level * len(p)),
    "share of discoveries, not their number": lambda p, level: discoveries(p, level) / len(p),
    "those that are no discoveries": lambda p, level: len(p) - discoveries(p, level),
    "one too many": lambda p, level: discoveries(p, level) + 1,
}


def lag_nan(x, y, lag):
    shifted = np.full(len(x), np.nan)
    shifted[lag:] = x[: len(x) - lag]
    return shifted, y


def lag_wrong_roll(x, y, lag):
    return np.roll(x, -lag)[lag:], y[lag:]


LAG = {
    "past of y first, present of x second": lambda x, y, lag: (y[: len(y) - lag], x[lag:]),
    "the first lag values of x": lambda x, y, lag: (x[:lag], y[lag:]),
    "lag counted from one": lambda x, y, lag: (x[: len(x) - lag + 1], y[max(lag - 1, 0) :]),
    "NaN in front, as pandas shifts": lag_nan,
    "rolled the wrong way, then cut": lag_wrong_roll,
    "only the past of x": lambda x, y, lag: x[: len(x) - lag],
    "moved twice": lambda x, y, lag: (x[: len(x) - 2 * lag], y[2 * lag :]),
    "the 442 rows of the text whatever n is": lambda x, y, lag: (x[: 442 - lag], y[lag:442]),
}

MISTAKES = {
    "mi-table": TABLE,
    "dv-tilt": TILT,
    "fdiv-conjugate": CONJUGATE,
    "mine-truth": TRUTH,
    "gen-doe": DOE,
    "which-lost": LOST,
    "which-error": ERROR,
    "which-coverage": COVERAGE,
    "which-scores": SCORES,
    "which-arena": ARENA,
    "tables-chance": CHANCE,
    "tables-conditional": CONDITIONAL,
    "tables-rule": RULE,
    "tables-lag": LAG,
}
