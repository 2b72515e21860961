"""Wrong answers to graded exercises of later rounds, and of chapters 14 and 15, written from the texts alone."""

import math

import numpy as np
import torch
from scipy.special import digamma, erfinv, ndtr, ndtri
from scipy.stats import norm, rankdata

# ch. 1


def table_conditional_entropy(p):
    p = np.asarray(p)
    py = p.sum(0)
    total = 0.0
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            if p[i, j] > 0:
                total -= p[i, j] * np.log(p[i, j] / py[j])
    return total


def table_diagonal(p):
    px, py = p.sum(1), p.sum(0)
    total = 0.0
    for i in range(min(p.shape)):
        if p[i, i] > 0:
            total += p[i, i] * np.log(p[i, i] / (px[i] * py[i]))
    return total


def table_flat(p):
    p = p[p > 0]
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    return (p * np.log(p / product)).sum()


def table_full_rows(p):
    p = p[(p > 0).all(1)]
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    return (p * np.log(p / product)).sum()


def table_even(p):
    a, b = p.shape
    seen = p[p > 0]
    return (seen * np.log(seen * a * b)).sum()


def table_log_quotient(p):
    product = np.outer(p.sum(1), p.sum(0))
    seen = p > 0
    return (p[seen] * (np.log(p[seen]) / np.log(product[seen]))).sum()


def table_means(p):
    product = p.mean(1, keepdims=True) * p.mean(0, keepdims=True)
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).sum()


def table_unweighted_rows(p):
    total = 0.0
    for row in p / p.sum(1, keepdims=True):
        seen = row > 0
        total += (row[seen] * np.log(row[seen] / p.sum(0)[seen])).sum()
    return total


def table_gaussian(p):
    i, j = np.indices(p.shape)
    ex, ey = (p * i).sum(), (p * j).sum()
    cov = (p * (i - ex) * (j - ey)).sum()
    rho2 = cov**2 / ((p * (i - ex) ** 2).sum() * (p * (j - ey) ** 2).sum())
    return -0.5 * np.log(1 - rho2)


def table_brackets(p):
    px, py = p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    terms = p * np.log(np.where(p > 0, p, 1) / px * py)
    return terms[p > 0].sum()


def table_not_outer(p):
    product = p.sum(1) * p.sum(0)
    terms = p * np.log(np.where(p > 0, p, 1) / product)
    return terms[p > 0].sum()


def table_ones(p):
    p = np.where(p == 0, 1.0, p)
    product = np.outer(p.sum(1), p.sum(0))
    return (p * np.log(p / product)).sum()


def table_umbrella(p):
    p = np.array([[0.30, 0.10], [0.10, 0.50]])
    return (p * np.log(p / np.outer(p.sum(1), p.sum(0)))).sum()


def table_early(p):
    px, py = p.sum(1), p.sum(0)
    total = 0.0
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            if p[i, j] > 0:
                total += p[i, j] * np.log(p[i, j] / (px[i] * py[j]))
        return total


def table_right(p):
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).sum()


def table_without_return(p):
    total = table_right(p)
    total = round(total, 3)


TABLE = {
    "H(X|Y), what is left open instead of what is taken": table_conditional_entropy,
    "loops over the diagonal only": table_diagonal,
    "picks the positive cells first, then has no rows to sum": table_flat,
    "throws away every row with a zero in it": table_full_rows,
    "takes 1/a and 1/b for the marginals": table_even,
    "quotient of the logarithms, not logarithm of the quotient": table_log_quotient,
    "marginals by mean, not by sum": table_means,
    "divergences of the rows p(y|x), not weighted with p(x)": table_unweighted_rows,
    "the Gaussian formula with the correlation of row and column numbers": table_gaussian,
    "brackets: p / px * py": table_brackets,
    "product of the two margins entry by entry, no outer product": table_not_outer,
    "zeros replaced by one before the margins are taken": table_ones,
    "ignores p and gives the number of the umbrella": table_umbrella,
    "return stands inside the outer loop": table_early,
    "nothing is returned": table_without_return,
    "with the one half of the Gaussian formula": lambda p: 0.5 * table_right(p),
}

# ch. 4


def tilt_a(rho):
    return 2 * rho / (1 + math.sqrt(1 + 4 * rho**2))


def tilt_score(a, rho):
    return a * rho + 0.5 * math.log(1 - a**2)


def tilt_pair(rho):
    a = rho / (1 - rho**2)
    return a, a * rho + 0.5 * math.log(1 - a**2)


def tilt_rho(rho):
    return rho, rho**2 + 0.5 * math.log(1 - rho**2)


def tilt_other_root(rho):
    a = (-1 - math.sqrt(1 + 4 * rho**2)) / (2 * rho) if rho else 0.0
    return a, a * rho + 0.5 * math.log(abs(1 - a**2))


def tilt_lost_half(rho):
    a = rho / (1 + math.sqrt(1 + rho**2))  # from ρ = 2a/(1-a²)
    return a, tilt_score(a, rho)


def tilt_divides(rho):
    a = (math.sqrt(1 + 4 * rho**2) - 1) / (2 * rho)
    return a, tilt_score(a, rho)


def tilt_minus(rho):
    a = tilt_a(rho)
    return a, a * rho - 0.5 * math.log(1 - a**2)


def tilt_absolute(rho):
    a = tilt_a(abs(rho)) + 0.0
    return a, a * rho + 0.5 * math.log(1 - a**2)


def tilt_grid(rho):
    best = max((k / 10 for k in range(-9, 10)), key=lambda a: tilt_score(a, rho))
    return best, tilt_score(best, rho)


def tilt_few_steps(rho):
    a = 0.0
    for _ in range(10):
        a += 0.1 * (rho - a / (1 - a**2))
    return a, tilt_score(a, rho)


def tilt_keeps_b(rho):
    a, b = tilt_a(rho), rho**2 / (1 - rho**2)
    return a, a * rho - b + 0.5 * math.log((1 + b) ** 2 - a**2)


def tilt_root_typo(rho):
    a = 2 * rho / (1 + math.sqrt(1 + 2 * rho**2))
    return a, tilt_score(a, rho)


def tilt_log_minus_a(rho):
    a = tilt_a(rho)
    return a, a * rho + 0.5 * math.log(1 - a)


TILT = {
    "the a of the best pair, b left out": tilt_pair,
    "a = rho": tilt_rho,
    "the other root of the quadratic": tilt_other_root,
    "derivative 2a/(1-a^2), the half forgotten": tilt_lost_half,
    "divides by rho, also at zero": tilt_divides,
    "minus one half of the logarithm": tilt_minus,
    "absolute value of rho for a": tilt_absolute,
    "searched on a grid with steps of a tenth": tilt_grid,
    "ten steps of gradient ascent": tilt_few_steps,
    "b not set to zero in the score": tilt_keeps_b,
    "2 for 4 under the root": tilt_root_typo,
    "log(1 - a) for log(1 - a^2)": tilt_log_minus_a,
    "the truth for the score": lambda rho: (tilt_a(rho), -0.5 * math.log(1 - rho**2)),
    "score in the first place, a in the second": lambda rho: (tilt_score(tilt_a(rho), rho), tilt_a(rho)),
    "only the score": lambda rho: tilt_score(tilt_a(rho), rho),
    "score with the sign of what a minimiser minimised": lambda rho: (tilt_a(rho), -tilt_score(tilt_a(rho), rho)),
}

# ch. 6


def conjugate_grid(t):
    u = np.linspace(0, 1, 1001)
    return np.max(u * np.asarray(t)[..., None] - (np.sqrt(u) - 1) ** 2, axis=-1)


CONJUGATE = {
    "t/(1+t), a sign lost": lambda t: t / (1 + t),
    "negative of it: sup of f(u) - ut": lambda t: -t / (1 - t),
    "1/(1-t), the +1 of the square forgotten": lambda t: 1 / (1 - t),
    "the u at which the maximum is": lambda t: 1 / (1 - t) ** 2,
    "the function f itself": lambda t: (t**0.5 - 1) ** 2,
    "the derivative of f": lambda t: 1 - 1 / t**0.5,
    "row of the table above: e^(t-1)": lambda t: np.exp(np.asarray(t) - 1),
    "row of the table below: chi squared": lambda t: t + t * t / 4,
    "of half the divergence, (sqrt u - 1)^2 / 2": lambda t: t / (1 - 2 * t),
    "brackets: t / 1 - t": lambda t: t / 1 - t,
    "sup over u between 0 and 1 only": conjugate_grid,
    "u = 1/(1-t) put in, the root forgotten": lambda t: t / (1 - t) - (1 / (1 - t) ** 0.5 - 1) ** 2,
    "square of it": lambda t: (t / (1 - t)) ** 2,
    "f misread as the root of (u - 1)^2, conjugate 1": lambda t: 1.0 + 0 * t,
    "series broken off after t^2": lambda t: t + t**2,
    "t u + f(u) at the right u": lambda t: t / (1 - t) ** 2 + (1 / (1 - t) - 1) ** 2,
}

# ch. 7

TRUTH = {
    "minus sign forgotten": 0.5 * math.log(1 - 0.9**2),
    "one half forgotten": -math.log(1 - 0.9**2),
    "in bits": -0.5 * math.log2(1 - 0.9**2),
    "rho not squared": -0.5 * math.log(1 - 0.9),
    "rho squared twice": -0.5 * math.log(1 - 0.81**2),
    "base 10": -0.5 * math.log10(1 - 0.9**2),
    "1 + rho^2": 0.5 * math.log(1 + 0.9**2),
    "the correlation": 0.9,
    "the share of variance": 0.81,
    "entropy of Y given X": 0.5 * math.log(2 * math.pi * math.e * (1 - 0.9**2)),
    "entropy of Y": 0.5 * math.log(2 * math.pi * math.e),
    "log rho^2 for log(1 - rho^2)": -0.5 * math.log(0.9**2),
    "rho = .8 from another chapter": -0.5 * math.log(1 - 0.8**2),
    "brackets: log(1) - rho^2": -0.5 * (math.log(1) - 0.9**2),
    "rho times 2 for rho squared, NaN": -0.5 * torch.tensor(1 - 0.9 * 2).log(),
    "chi squared, e^(2I) - 1": 1 / (1 - 0.9**2) - 1,
}

# ch. 11


def doe_parts(x, y, x_held, y_held, spread=np.var, quadratic=0.5, logs=0.5, after=np.mean):
    """Return the mean logarithm of the two models' ratio, with one thing wrong."""
    a, b = np.polyfit(x, y, 1)
    s2, v2 = spread(y - a * x - b), spread(y)
    conditional = -logs * np.log(s2) - quadratic * (y_held - a * x_held - b) ** 2 / s2
    marginal = -logs * np.log(v2) - quadratic * (y_held - y.mean()) ** 2 / v2
    return after(conditional - marginal)


def doe_held_variances(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    s2, v2 = np.mean((y_held - a * x_held - b) ** 2), np.mean((y_held - y.mean()) ** 2)
    return 0.5 * np.log(v2 / s2)


def doe_backwards(x, y, x_held, y_held):
    a, b = np.polyfit(y, x, 1)
    s2, v2 = np.mean((y - a * x - b) ** 2), np.var(y)
    conditional = norm.logpdf(y_held, a * x_held + b, np.sqrt(s2))
    return np.mean(conditional - norm.logpdf(y_held, y.mean(), np.sqrt(v2)))


def doe_slope_second(x, y, x_held, y_held):
    b, a = np.polyfit(x, y, 1)
    s2 = np.mean((y - a * x - b) ** 2)
    conditional = norm.logpdf(y_held, a * x_held + b, np.sqrt(s2))
    return np.mean(conditional - norm.logpdf(y_held, y.mean(), y.std()))


def doe_variance_as_scale(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    s2, v2 = np.mean((y - a * x - b) ** 2), np.var(y)
    return np.mean(norm.logpdf(y_held, a * x_held + b, s2) - norm.logpdf(y_held, y.mean(), v2))


def doe_one_constant(x, y, x_held, y_held):
    return doe_parts(x, y, x_held, y_held) - 0.5 * np.log(2 * np.pi)


def doe_through_zero(x, y, x_held, y_held):
    a = (x * y).sum() / (x * x).sum()
    s2 = np.mean((y - a * x) ** 2)
    conditional = norm.logpdf(y_held, a * x_held, np.sqrt(s2))
    return np.mean(conditional - norm.logpdf(y_held, y.mean(), y.std()))


def doe_club(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    s2 = np.mean((y - a * x - b) ** 2)
    strangers = np.roll(x_held, 1)
    return np.mean((y_held - a * strangers - b) ** 2 - (y_held - a * x_held - b) ** 2) / (2 * s2)


def doe_correlation(x, y, x_held, y_held):
    a, b = np.polyfit(x, y, 1)
    s2 = np.var(y) * (1 - abs(np.corrcoef(x, y)[0, 1]))
    conditional = norm.logpdf(y_held, a * x_held + b, np.sqrt(s2))
    return np.mean(conditional - norm.logpdf(y_held, y.mean(), y.std()))


DOE = {
    "fitted to the held-out samples": lambda x, y, u, v: doe_parts(u, v, u, v),
    "evaluated on the training samples": lambda x, y, u, v: doe_parts(x, y, x, y),
    "means from training, variances from the held-out samples": doe_held_variances,
    "line through zero, b forgotten": doe_through_zero,
    "marginal less conditional": lambda x, y, u, v: -doe_parts(x, y, u, v),
    "in bits": lambda x, y, u, v: doe_parts(x, y, u, v) / math.log(2),
    "variance handed over as the scale of norm": doe_variance_as_scale,
    "standard deviations where variances belong": lambda x, y, u, v: doe_parts(x, y, u, v, spread=np.std),
    "line of x on y": doe_backwards,
    "slope and intercept of polyfit exchanged": doe_slope_second,
    "squares not halved": lambda x, y, u, v: doe_parts(x, y, u, v, quadratic=1),
    "logarithms of the variances left out": lambda x, y, u, v: doe_parts(x, y, u, v, logs=0),
    "sum over the samples": lambda x, y, u, v: doe_parts(x, y, u, v, after=np.sum),
    "2 pi in one of the densities only": doe_one_constant,
    "CLUB: strangers in place of the marginal": doe_club,
    "s^2 = v^2 (1 - r), r not squared": doe_correlation,
}

# ch. 14

SHIFTED = 1.645 - 1, -1.645 - 1

LOST = {
    "no change: .9": 0.9,
    "interval widened by the bias instead of moved": norm.cdf(1.645 + 1) - norm.cdf(-1.645 - 1),
    "interval shortened at both ends": norm.cdf(1.645 - 1) - norm.cdf(-1.645 + 1),
    "the share that is missed": 1 - (norm.cdf(SHIFTED[0]) - norm.cdf(SHIFTED[1])),
    "Phi(1.645), no bias and one side": norm.cdf(1.645),
    "1.96 of a 95 % interval": norm.cdf(1.96 - 1) - norm.cdf(-1.96 - 1),
    "1.28, the one-sided 90 %": norm.cdf(1.282 - 1) - norm.cdf(-1.282 - 1),
    "density for distribution function": norm.pdf(SHIFTED[0]) - norm.pdf(SHIFTED[1]),
    "within one standard error: .68": norm.cdf(1) - norm.cdf(-1),
    "bias counted as more variance": norm.cdf(1.645 / 2**0.5) - norm.cdf(-1.645 / 2**0.5),
    "erf without the root of two": 0.5 * (math.erf(SHIFTED[0]) - math.erf(SHIFTED[1])),
    "shifted by 2 s": norm.cdf(1.645 - 2) - norm.cdf(-1.645 - 2),
    "shifted by half a standard error": norm.cdf(1.645 - 0.5) - norm.cdf(-1.645 - 0.5),
    "ends the wrong way round, negative": norm.cdf(SHIFTED[1]) - norm.cdf(SHIFTED[0]),
    "by proportion: .9 (1 - 1/1.645)": 0.9 * (1 - 1 / 1.645),
    "both values of Phi, no difference": norm.cdf(np.array(SHIFTED)),
}


def errors(values, truths, lost=lambda truths: np.maximum(truths, 1), error=np.abs, after=np.mean):
    """Return the mean error over the calls, with one thing wrong."""
    truths = truths[:, None]
    return after(np.where(np.isnan(values), lost(truths), error(values - truths)))


def error_laws_along_columns(values, truths):
    return np.where(np.isnan(values), np.maximum(truths, 1), np.abs(values - truths)).mean()


def error_of_means(values, truths):
    middle = np.nanmean(values, axis=1)
    return np.where(np.isnan(middle), np.maximum(truths, 1), np.abs(middle - truths)).mean()


def error_lost_laws(values, truths):
    off = np.abs(values - truths[:, None]).mean(1)  # NaN if one is
    return np.where(np.isnan(off), np.maximum(truths, 1), off).mean()


def error_equals_nan(values, truths):
    truths = truths[:, None]
    return np.where(values == np.nan, np.maximum(truths, 1), np.abs(values - truths)).mean()


def error_divided_by_answered(values, truths):
    off = np.abs(values - truths[:, None])
    lost = np.isnan(values)
    penalty = (lost * np.maximum(truths, 1)[:, None]).sum()
    return (np.nansum(off) + penalty) / (~lost).sum()


def error_first_seed(values, truths):
    return errors(values[:, :1], truths)


def error_estimate_one(values, truths):
    return np.abs(np.where(np.isnan(values), 1, values) - truths[:, None]).mean()


def error_relative(values, truths):
    truths = np.where(truths == 0, 1, truths)
    return np.where(
        np.isnan(values), np.maximum(truths, 1)[:, None], np.abs(values - truths[:, None]) / truths[:, None]
    ).mean()


ERROR = {
    "lost calls left out": lambda v, t: np.nanmean(np.abs(v - t[:, None])),
    "a lost call counts one nat, whatever the truth": lambda v, t: errors(v, t, lost=lambda u: 1.0),
    "a lost call counts the truth, however small": lambda v, t: errors(v, t, lost=lambda u: u),
    "the smaller of truth and one": lambda v, t: errors(v, t, lost=lambda u: np.minimum(u, 1)),
    "truths along the seeds": error_laws_along_columns,
    "squared errors": lambda v, t: errors(v, t, error=np.square),
    "absolute value forgotten": lambda v, t: errors(v, t, error=lambda d: d),
    "estimates averaged over seeds before the error": error_of_means,
    "one lost call loses the whole law": error_lost_laws,
    "asks whether values == nan": error_equals_nan,
    "lost calls in the sum, not in the number": error_divided_by_answered,
    "only the first seed": error_first_seed,
    "NaN replaced by an estimate of one nat": error_estimate_one,
    "errors in shares of the truth": error_relative,
    "one number for each law": lambda v, t: errors(v, t, after=lambda e: e.mean(1)),
    "median instead of mean": lambda v, t: errors(v, t, after=np.median),
}


def cover(upper, lower, phi=norm.cdf):
    return phi(upper) - phi(lower)


def cover_inward(bias, error, z):
    shift = abs(bias) / error
    return norm.cdf(z - shift) - norm.cdf(-z + shift)


def cover_simulated(bias, error, z):
    draws = bias + error * np.random.default_rng(0).standard_normal(50)
    return np.mean(np.abs(draws) <= z * error)


def cover_level(bias, error, z):
    half = norm.ppf((1 + z) / 2)
    return norm.cdf(half - bias / error) - norm.cdf(-half - bias / error)


COVERAGE = {
    "upper end only": lambda b, s, z: norm.cdf(z - b / s),
    "bias not in units of s": lambda b, s, z: cover(z - b, -z - b),
    "s / b": lambda b, s, z: cover(z - s / b, -z - s / b) if b else 1.0,
    "both ends moved inward": cover_inward,
    "both ends moved outward": lambda b, s, z: cover(z + abs(b) / s, -z - abs(b) / s),
    "bias ignored": lambda b, s, z: cover(z, -z),
    "erf taken for Phi": lambda b, s, z: cover(z - b / s, -z - b / s, math.erf),
    "erf of x over root two, not halved": lambda b, s, z: cover(z - b / s, -z - b / s, lambda v: math.erf(v / 2**0.5)),
    "erf of x over two": lambda b, s, z: cover(z - b / s, -z - b / s, lambda v: 0.5 * (1 + math.erf(v / 2))),
    "the share that misses": lambda b, s, z: 1 - cover(z - b / s, -z - b / s),
    "density for distribution function": lambda b, s, z: cover(z - b / s, -z - b / s, norm.pdf),
    "z of 90 % whatever z is": lambda b, s, z: cover(1.645 - b / s, -1.645 - b / s),
    "already widened by the allowance": lambda b, s, z: cover(z, -z - 2 * abs(b) / s),
    "interval of z nats, not of z s": lambda b, s, z: cover(z, -z, lambda v: norm.cdf(v, loc=b, scale=s)),
    "fifty draws, a share of them": cover_simulated,
    "z taken for the level": cover_level,
}


def to_ranks(x, axis=0):
    return x.argsort(axis).argsort(axis) + 1


SCORES = {
    "argsort once: places, not ranks": lambda x: ndtri((x.argsort(0) + 0.5) / len(x)),
    "ranks over the whole array": lambda x: ndtri((rankdata(x).reshape(x.shape) - 0.5) / x.size),
    "ranks along the rows, argsort's own axis": lambda x: ndtri((x.argsort().argsort() + 0.5) / x.shape[1]),
    "r/n, infinite at the top": lambda x: ndtri(to_ranks(x) / len(x)),
    "r/(n+1)": lambda x: ndtri(to_ranks(x) / (len(x) + 1)),
    "ranks from zero, less one half": lambda x: ndtri((x.argsort(0).argsort(0) - 0.5) / len(x)),
    "shares, not sent through the inverse": lambda x: (to_ranks(x) - 0.5) / len(x),
    "Phi for its inverse": lambda x: ndtr((to_ranks(x) - 0.5) / len(x)),
    "standardised columns": lambda x: (x - x.mean(0)) / x.std(0),
    "(r - 3/8)/(n + 1/4), of another book": lambda x: ndtri((to_ranks(x) - 0.375) / (len(x) + 0.25)),
    "the largest gets rank one": lambda x: ndtri((to_ranks(-x) - 0.5) / len(x)),
    "n is the number of columns": lambda x: ndtri((to_ranks(x) - 0.5) / x.shape[-1]),
    "scores of the first column only": lambda x: ndtri((to_ranks(x[:, 0]) - 0.5) / len(x)),
    "scores in sorted order": lambda x: np.sort(ndtri((to_ranks(x) - 0.5) / len(x)), axis=0),
    "returned as (d, n)": lambda x: ndtri((to_ranks(x) - 0.5) / len(x)).T,
    "erfinv without the root of two": lambda x: erfinv(2 * (to_ranks(x) - 0.5) / len(x) - 1),
}


def normal_scores(x, axis=0):
    ranks = rankdata(np.asarray(x), axis=axis)
    return ndtri((ranks - 0.5) / np.asarray(x).shape[axis])


def canonical(x, y):
    """Return the canonical correlations of two arrays (n, columns)."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    qx, qy = (np.linalg.qr(z - z.mean(0))[0] for z in (x, y))
    return np.clip(np.linalg.svd(qx.T @ qy, compute_uv=False), 0, 1 - 1e-12)


def gaussian_nats(x, y):
    return -0.5 * np.log(1 - canonical(x, y) ** 2).sum()


def scored(x, y):
    return gaussian_nats(normal_scores(x), normal_scores(y))


def chance(x, y):
    return x.shape[1] * y.shape[1] / 2 / (len(x) - x.shape[1] - y.shape[1])


def plug_in(a, b, number):
    p = np.histogram2d(np.asarray(a), np.asarray(b), bins=number)[0]
    p = p / p.sum()
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    return (p[p > 0] * np.log(p[p > 0] / product[p > 0])).sum()


def neighbours(x, y, k=3):
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(x)
    dx, dy = (np.abs(z[:, None] - z).max(2) for z in (x, y))
    eps = np.sort(np.maximum(dx, dy), axis=1)[:, k]
    nx, ny = ((d < eps[:, None]).sum(1) - 1 for d in (dx, dy))
    return float(digamma(k) + digamma(n) - np.mean(digamma(nx + 1) + digamma(ny + 1)))


def arena_first(x, y):
    r = np.corrcoef(x[:, 0].numpy(), y[:, 0].numpy())[0, 1]
    return float(-0.5 * np.log(1 - r**2))


def arena_rows(x, y):
    r = np.corrcoef(x.numpy(), y.numpy())
    with np.errstate(all="ignore"):
        return float(-0.5 * np.log(1 - r**2).sum())


def arena_all_bins(x, y):
    return float(sum(plug_in(a, b, 10) for a in x.T for b in y.T))


def arena_entropy(x, y):
    both = np.cov(np.hstack([x.numpy(), y.numpy()]).T)
    return float(0.5 * np.linalg.slogdet(2 * np.pi * np.e * both)[1])


def arena_signs(x, y):
    both = np.cov(np.hstack([x.numpy(), y.numpy()]).T)
    d = x.shape[1]
    one, two, all_of = (np.linalg.slogdet(c)[1] for c in (both[:d, :d], both[d:, d:], both))
    return float(0.5 * (all_of - one - two))


def arena_baseline(x, y):
    shuffled = y
    return neighbours(x, y) - neighbours(x, shuffled)


def arena_log_of_mean(x, y):
    return float(-0.5 * np.log(1 - np.mean(canonical(normal_scores(x), normal_scores(y)) ** 2)))


def arena_axis(x, y):
    return float(gaussian_nats(normal_scores(x, axis=1), normal_scores(y, axis=1)))


ARENA = {
    "always one nat": lambda x, y: 1.0,
    "entropy of all columns, no information": arena_entropy,
    "correlation of the first columns, without ranks": arena_first,
    "corrcoef of the rows": arena_rows,
    "ten bins, summed over all pairs of columns": arena_all_bins,
    "negative: determinants the wrong way round": arena_signs,
    "baseline subtracted that was never shuffled": arena_baseline,
    "canonical correlations averaged, not summed": arena_log_of_mean,
    "ranks within the rows": arena_axis,
    "both sides sorted, each by itself": lambda x, y: float(scored(x.sort(0).values, y.sort(0).values)),
    "one half forgotten": lambda x, y: float(2 * scored(x, y) - chance(x, y)),
    "what chance adds, not divided by n": lambda x, y: float(scored(x, y) - x.shape[1] * y.shape[1] / 2),
    "fifty bins of the first columns": lambda x, y: float(plug_in(x[:, 0], y[:, 0], 50)),
    "two bins of the first columns": lambda x, y: float(plug_in(x[:, 0], y[:, 0], 2)),
    "the largest canonical correlation itself": lambda x, y: float(canonical(x, y).max()),
    "one number for each canonical correlation": lambda x, y: -0.5 * np.log(1 - canonical(x, y) ** 2),
}

# ch. 15

CHANCE = {
    "each pair counted twice": 0.01 * 40 * 39,
    "40 times 40 cells": 0.01 * 40 * 40,
    "the diagonal counted with the half": 0.01 * 40 * 41 / 2,
    "one test for each column": 0.01 * 40,
    "half of 40 squared": 0.01 * 40**2 / 2,
    "level .05 of the text": 0.05 * 40 * 39 / 2,
    "the number of the pairs": 40 * 39 / 2,
    "chance that at least one passes": 1 - 0.99 ** (40 * 39 / 2),
    "those that don't pass": 0.99 * 40 * 39 / 2,
    "neighbouring columns only": 0.01 * 39,
    "off by one: 39 * 38 / 2": 0.01 * 39 * 38 / 2,
    "the 22 of the text, of thirty columns": 0.05 * 30 * 29 / 2,
    "thirty columns": 0.01 * 30 * 29 / 2,
    "level halved for two sides": 0.005 * 40 * 39 / 2,
    "standard deviation instead of mean": math.sqrt(0.01 * 0.99 * 40 * 39 / 2),
    "twenty pairs, each column in one": 0.01 * 40 / 2,
}


def plain(p):
    """Return I of a table, zeros left out."""
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    return np.sum(p[p > 0] * np.log(p[p > 0] / product[p > 0]))


def given_z(p, top=lambda p, pz: p * pz, weight=lambda p, pz, pxz, pyz: p, log=np.log):
    """Return I(X;Y|Z) with one thing wrong."""
    pz, pxz, pyz = p.sum((0, 1), keepdims=True), p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    kept = p > 0
    return np.sum(weight(p, pz, pxz, pyz)[kept] * log(top(p, pz)[kept] / (pxz * pyz)[kept]))


def given_zeros(p):
    pz, pxz, pyz = p.sum((0, 1)), p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    return (p * np.log(p * pz / (pxz * pyz))).sum()


def given_no_keepdims(p):
    pz, pxz, pyz = p.sum((0, 1)), p.sum(1), p.sum(0)
    kept = p > 0
    return np.sum(p[kept] * np.log((p * pz)[kept] / (pxz * pyz)[kept]))


def given_brackets(p):
    pz, pxz, pyz = p.sum((0, 1)), p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    kept = p > 0
    return np.sum(p[kept] * np.log((p * pz / pxz * pyz)[kept]))


def slices(p):
    return np.array([plain(p[:, :, k] / p[:, :, k].sum()) for k in range(p.shape[2])])


def given_in_the_numerator_only(p):
    px, py, pz = p.sum((1, 2))[:, None, None], p.sum((0, 2))[:, None], p.sum((0, 1))
    kept = p > 0
    return np.sum(p[kept] * np.log((p / pz)[kept] / (px * py + 0 * p)[kept]))


def given_entropy_only(p):
    pz, pxz = p.sum((0, 1)), p.sum(1)
    kept = pxz > 0
    return -np.sum(pxz[kept] * np.log((pxz / pz)[kept]))


def given_full_cells(p):
    kept = [k for k in range(p.shape[2]) if (p[:, :, k] > 0).all()]
    return sum(p[:, :, k].sum() * slices(p)[k] for k in kept)


def given_other_condition(p):
    def left(pair):  # H(first | second)
        low = pair.sum(0)
        return -np.sum(pair[pair > 0] * np.log((pair / low)[pair > 0]))

    return left(p.sum(1)) - left(p.sum(2))


CONDITIONAL = {
    "no condition: I(X;Y)": lambda p: plain(p.sum(2)),
    "zeros not left out": given_zeros,
    "in bits": lambda p: given_z(p, log=np.log2),
    "conditioned on the first axis": lambda p: given_z(np.moveaxis(p, 0, 2)),
    "conditioned on the second axis": lambda p: given_z(np.moveaxis(p, 1, 2)),
    "p(z) forgotten": lambda p: given_z(p, top=lambda p, pz: p + 0 * pz),
    "values of z weighted evenly": lambda p: slices(p).mean(),
    "p(x) p(y) below, not given z": given_in_the_numerator_only,
    "H(X|Z) only": given_entropy_only,
    "I(X;Y|Z) - I(X;Y)": lambda p: given_z(p) - plain(p.sum(2)),
    "I(X;Y,Z)": lambda p: plain(p.reshape(p.shape[0], -1)),
    "sums without keepdims": given_no_keepdims,
    "brackets: p pz / pxz * pyz": given_brackets,
    "a number for each z": slices,
    "slices with a zero cell left out": given_full_cells,
    "H(X|Z) - H(X|Y)": given_other_condition,
}


def rule_line(p, level, first=1, factor=None):
    p = np.sort(p)
    l = np.arange(first, len(p) + first)
    under = p <= (level * l / len(p) if factor is None else factor(l, len(p)))
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


def under_line(p, level):
    p = np.sort(p)
    return p <= level * np.arange(1, len(p) + 1) / len(p)


def rule_unsorted(p, level):
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


def rule_first_failure(p, level):
    number = 0
    for ok in under_line(p, level):
        if not ok:
            break
        number += 1
    return number


def rule_index(p, level):
    under = under_line(p, level)
    return int(np.flatnonzero(under).max()) if under.any() else 0


def rule_descending(p, level):
    p = np.sort(p)[::-1]
    under = p <= level * np.arange(1, len(p) + 1) / len(p)
    return int(np.flatnonzero(under).max() + 1) if under.any() else 0


def rule_smallest(p, level):
    under = under_line(p, level)
    return int(np.argmax(under)) + 1 if under.any() else 0


def rule_from_behind(p, level):
    return len(p) - int(np.argmax(under_line(p, level)[::-1]))


def rule_without_none(p, level):
    return int(np.flatnonzero(under_line(p, level)).max() + 1)


def rule_threshold(p, level):
    number = rule_line(p, level)
    return float(np.sort(p)[number - 1]) if number else 0.0


def rule_mask(p, level):
    number = rule_line(p, level)
    return p <= (np.sort(p)[number - 1] if number else -1)


def rule_holm(p, level):
    p, n = np.sort(p), len(p)
    under = p <= level / (n - np.arange(n))
    return n if under.all() else int(np.argmin(under))


RULE = {
    "all below the level": lambda p, level: int((p <= level).sum()),
    "Bonferroni: level / N for all": lambda p, level: int((p <= level / len(p)).sum()),
    "p-values not sorted": rule_unsorted,
    "stops at the first above the line": rule_first_failure,
    "counts those below the line, not the last of them": lambda p, level: int(under_line(p, level).sum()),
    "index of the last, from zero": rule_index,
    "sorted from the largest": rule_descending,
    "line begins at zero: level * (l - 1) / N": lambda p, level: rule_line(p, level, first=0),
    "the smallest l instead of the largest": rule_smallest,
    "argmax from behind, N if there is none": rule_from_behind,
    "raises if there is none": rule_without_none,
    "the p-value at which to cut": rule_threshold,
    "which are discoveries, not how many": rule_mask,
    "level * l, not divided by N": lambda p, level: rule_line(p, level, factor=lambda l, n: level * l),
    "Holm's line": rule_holm,
    "level .05 whatever is asked": lambda p, level: rule_line(p, 0.05),
}


def lag_roll(x, y, lag):
    return np.roll(x, lag), y


def lag_padded(x, y, lag):
    return np.concatenate([np.zeros(lag), x[: len(x) - lag]]), y


def lag_difference(x, y, lag):
    return x[lag:] - x[: len(x) - lag], y[lag:]


def lag_backwards(x, y, lag):
    return x[::-1][lag:], y[lag:]


LAG = {
    "future of x beside y": lambda x, y, lag: (x[lag:], y[: len(y) - lag]),
    "x[:-lag], empty at lag 0": lambda x, y, lag: (x[:-lag], y[lag:]),
    "rolled round, n rows": lag_roll,
    "one step too many": lambda x, y, lag: (x[: len(x) - lag - 1], y[lag + 1 :]),
    "both cut at the end": lambda x, y, lag: (x[: len(x) - lag], y[: len(y) - lag]),
    "both cut at the start": lambda x, y, lag: (x[lag:], y[lag:]),
    "x left whole": lambda x, y, lag: (x, y[lag:]),
    "one array of two columns": lambda x, y, lag: np.column_stack([x[: len(x) - lag], y[lag:]]),
    "y first": lambda x, y, lag: (y[lag:], x[: len(x) - lag]),
    "filled up with zeros": lag_padded,
    "lag 1 whatever is asked": lambda x, y, lag: (x[:-1], y[1:]),
    "the change of x in place of its past": lag_difference,
    "x run backwards": lag_backwards,
    "every lag-th row": lambda x, y, lag: (x[::lag], y[::lag]),
    "list of couples": lambda x, y, lag: list(zip(x[: len(x) - lag], y[lag:], strict=True)),
    "lag subtracted from the values": lambda x, y, lag: ((x - lag)[lag:], y[lag:]),
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
