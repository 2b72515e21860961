"""Right and wrong answers to the exercises of the chapter on which estimator to use, as students write them."""

import math

import numpy as np
import torch
from scipy import stats
from scipy.special import ndtri, psi

from mi_lab import bins, ksg
from tests.course.answers import Answers

ANSWERS = {
    "which-lost": Answers(
        reference=stats.norm.cdf(0.644854) - stats.norm.cdf(-2.644854),
        alternative="73.7 %",
        wrong={
            "no bias": (0.9, "without a bias"),
            "one end": (0.7405, "other end"),
            "wrong way": (stats.norm.cdf(2.644854), "takes coverage away"),
            "misses": (0.2634, "misses"),
        },
    ),
    "which-tuned": Answers(
        reference="c",
        alternative=["C"],
        wrong={
            "luck": ("a", "scatter alike"),
            "harder": ("b", "same families"),
            "mixed": ("d", "flatters"),
            "no such choice": ("e", "choices are"),
        },
    ),
}


def error(values, truths):
    t = np.asarray(truths)[:, None]
    return np.where(np.isfinite(values), abs(values - t), np.maximum(t, 1.0)).mean()


def error_by_loops(values, truths):
    total, calls = 0.0, 0
    for row, truth in zip(values, truths, strict=True):
        for value in row:
            total += max(1.0, truth) if math.isnan(value) else abs(value - truth)
            calls += 1
    return torch.tensor([total / calls])


def error_stub(values, truths): ...


ANSWERS["which-error"] = Answers(
    error,
    error_by_loops,
    stub=error_stub,
    wrong={
        "mean over seeds first": (lambda v, t: abs(np.nanmean(v, 1) - t).mean(), "seed by seed"),
        "lost calls left out": (lambda v, t: np.nanmean(abs(v - t[:, None])), "lost call"),
        "sum": (lambda v, t: error(v, t) * v.size, "not their sum"),
        "a row for each law": (
            lambda v, t: np.array([error(a[None], b[None]) for a, b in zip(v, t, strict=True)]),
            "one number",
        ),
        "median": (
            lambda v, t: np.median(np.where(np.isnan(v), np.maximum(t[:, None], 1), abs(v - t[:, None]))),
            "median",
        ),
    },
)


def coverage(bias, error, z):
    return stats.norm.cdf(z - bias / error) - stats.norm.cdf(-z - bias / error)


def coverage_by_erf(bias, error, z):
    half = [math.erf((side * z - bias / error) / math.sqrt(2)) / 2 for side in (1, -1)]
    return torch.tensor(half[0] - half[1], dtype=torch.float64)


def coverage_stub(bias, error, z): ...


ANSWERS["which-coverage"] = Answers(
    coverage,
    coverage_by_erf,
    stub=coverage_stub,
    wrong={
        "no bias": (lambda b, s, z: 2 * stats.norm.cdf(z) - 1, "without a bias"),
        "one end": (lambda b, s, z: stats.norm.cdf(z - b / s), "other end"),
        "bias in nats": (lambda b, s, z: stats.norm.cdf(z - b) - stats.norm.cdf(-z - b), "in standard errors"),
        "misses": (lambda b, s, z: 1 - coverage(b, s, z), "that miss"),
        "both inwards": (lambda b, s, z: stats.norm.cdf(z - b / s) - stats.norm.cdf(b / s - z), "same way"),
    },
)


def scores(x):
    return ndtri((stats.rankdata(x, axis=0) - 0.5) / len(x))


def scores_by_columns(x):
    out = np.empty(x.shape)
    for j in range(x.shape[1]):
        out[np.argsort(x[:, j]), j] = stats.norm.ppf((np.arange(len(x)) + 0.5) / len(x))
    return torch.from_numpy(out)


def scores_stub(x): ...


ANSWERS["which-scores"] = Answers(
    scores,
    scores_by_columns,
    stub=scores_stub,
    wrong={
        "argsort once": (lambda x: ndtri((np.argsort(x, 0) + 0.5) / len(x)), "no rank"),
        "shares": (lambda x: (stats.rankdata(x, axis=0) - 0.5) / len(x), "apply"),
        "n + 1": (lambda x: ndtri(stats.rankdata(x, axis=0) / (len(x) + 1)), "another convention"),
        "standardised": (lambda x: (x - x.mean(0)) / x.std(0), "take ranks"),
        "all entries": (lambda x: ndtri((stats.rankdata(x).reshape(x.shape) - 0.5) / x.size), "column by column"),
    },
)


def copula(x, y):
    """The closed form of a Gaussian copula, with its bias taken off."""
    x, y = (scores(np.asarray(v, dtype=float)) for v in (x, y))
    n, (dx, dy) = len(x), (x.shape[1], y.shape[1])
    both = np.hstack([x, y])
    log_det = lambda z: np.linalg.slogdet(np.atleast_2d(np.cov(z.T)))[1]  # noqa: E731
    bias = lambda d: psi((n - np.arange(1, d + 1)) / 2).sum()  # noqa: E731
    plain = (log_det(x) + log_det(y) - log_det(both)) / 2
    return plain - (bias(dx) + bias(dy) - bias(dx + dy)) / 2


def copula_by_correlations(x, y):
    """The same by canonical correlations, each without what chance adds; as a pair with an error."""
    q = []
    for v in (x, y):
        z = scores(v.numpy().astype(float))
        q.append(np.linalg.qr(z - z.mean(0))[0])
    r2 = np.linalg.svd(q[0].T @ q[1], compute_uv=False) ** 2
    n, d = len(x), x.shape[1] + y.shape[1]
    return torch.tensor(-np.log1p(-r2).sum() / 2 - x.shape[1] * y.shape[1] / 2 / (n - d)), 0.1


def copula_stub(x, y): ...


def plug_in(x, y):
    """Ten bins an axis; of many columns the first."""
    return bins(x[:, 0], y[:, 0], 10, correction="plug-in", kind="width")


ANSWERS["which-arena"] = Answers(
    copula,
    copula_by_correlations,
    stub=copula_stub,
    wrong={
        "a constant": (lambda x, y: 0.4, "the same number"),
        "bits": (lambda x, y: copula(x, y) / math.log(2), "in bits"),
        "sign": (lambda x, y: -copula(x, y), "never negative"),
        "lost": (lambda x, y: math.nan, "are lost"),
        "plug-in bins": (plug_in, "plug-in bins an axis on the same samples"),
        "neighbours": (lambda x, y: ksg(x, y), "nearest neighbours on the same samples"),
    },
)
