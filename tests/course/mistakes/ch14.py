"""Wrong answers to the graded exercises of the chapter on which estimator to use."""

import math

import numpy as np
from scipy import stats
from scipy.special import ndtri

from mi_lab import bins, kde, ksg


def _abs(v, t):
    t = t[:, None]
    return np.where(np.isnan(v), np.maximum(t, 1), np.abs(v - t))


def _cov(b, s, z):
    return stats.norm.cdf(z - b / s) - stats.norm.cdf(-z - b / s)


def _ranks(x):
    return stats.rankdata(x, axis=0)


def _cca(x, y):
    z = [np.asarray(v, dtype=float) - np.asarray(v, dtype=float).mean(0) for v in (x, y)]
    q = [np.linalg.qr(v)[0] for v in z]
    return -np.log1p(-(np.linalg.svd(q[0].T @ q[1], compute_uv=False) ** 2)).sum() / 2


MISTAKES = {
    "which-error": {
        "signed": (lambda v, t: abs(np.where(np.isnan(v), np.maximum(t[:, None], 1), v - t[:, None]).mean()), "cancel"),
        "root mean square": (lambda v, t: np.sqrt((_abs(v, t) ** 2).mean()), "root mean square"),
        "squares": (lambda v, t: (_abs(v, t) ** 2).mean(), "squares"),
        "worst": (lambda v, t: _abs(v, t).max(), "worst"),
        "relative": (lambda v, t: (_abs(v, t) / t[:, None]).mean(), "share of the truth"),
        "one nat always": (lambda v, t: np.where(np.isnan(v), 1, abs(v - t[:, None])).mean(), "lost call"),
        "the truth always": (lambda v, t: np.where(np.isnan(v), t[:, None], abs(v - t[:, None])).mean(), "lost call"),
        "no return": (lambda v, t: print(len(v)), "nothing back"),
        "lost as zero error": (lambda v, t: np.nan_to_num(abs(v - t[:, None])).mean(), "no call without error"),
    },
    "which-coverage": {
        "upper end alone": (lambda b, s, z: stats.norm.cdf(z - b / s), "other end"),
        "no bias": (lambda b, s, z: stats.norm.cdf(z) - stats.norm.cdf(-z), "without a bias"),
        "in nats": (lambda b, s, z: stats.norm.cdf(z * s - b) - stats.norm.cdf(-z * s - b), "counts once"),
        "density": (lambda b, s, z: stats.norm.pdf(z - b / s) - stats.norm.pdf(-z - b / s), "density"),
        "erf without root": (lambda b, s, z: (math.erf(z - b / s) - math.erf(-z - b / s)) / 2, "root of two"),
        "erf without half": (lambda b, s, z: 2 * _cov(b, s, z), "half"),
        "misses": (lambda b, s, z: 1 - _cov(b, s, z), "that miss"),
        "no return": (lambda b, s, z: print(z), "nothing back"),
        "per cent": (lambda b, s, z: 100 * _cov(b, s, z), "factor"),
    },
    "which-scores": {
        "argsort once": (lambda x: ndtri((np.argsort(x, 0) + 0.5) / len(x)), "no rank"),
        "shares": (lambda x: (_ranks(x) - 0.5) / len(x), "apply"),
        "n + 1": (lambda x: ndtri(_ranks(x) / (len(x) + 1)), "another convention"),
        "reversed": (lambda x: ndtri(1 - (_ranks(x) - 0.5) / len(x)), "sign"),
        "rows": (lambda x: ndtri((stats.rankdata(x, axis=1) - 0.5) / x.shape[1]), "along the rows"),
        "z-scores": (lambda x: (x - x.mean(0)) / x.std(0), "take ranks"),
        "ranks": (_ranks, "into shares"),
        "no return": (lambda x: print(len(x)), "nothing back"),
        "ranks over n": (lambda x: ndtri(np.minimum(_ranks(x) / len(x), 0.999)), None),
    },
    "which-arena": {
        "zero": (lambda x, y: 0.0, "the same number"),
        "three times": (lambda x, y: _cca(x, y) * 3, "too large"),
        "ten bins": (lambda x, y: bins(x[:, 0], y[:, 0], 10, correction="plug-in", kind="width"), "plug-in bins"),
        "thirty bins": (lambda x, y: bins(x[:, 0], y[:, 0], 30, correction="plug-in", kind="width"), "too large"),
        "neighbours": (lambda x, y: ksg(x, y), "nearest neighbours"),
        "kernels of the first columns": (lambda x, y: kde(x[:, 0], y[:, 0]), "too small"),
        "infinite": (lambda x, y: math.inf, "are lost"),
        "negative": (lambda x, y: -_cca(x, y), "never"),
        "no return": (lambda x, y: print(len(x)), "nothing back"),
    },
}
