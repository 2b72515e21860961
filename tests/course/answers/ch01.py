"""Right and wrong answers to the exercises of the chapter on mutual information."""

import math

import numpy as np

from tests.course.answers import Answers

ANSWERS = {
    "mi-invariance": Answers(
        reference="d",
        alternative="(D)",
        wrong={
            "cube": ("a", "invertible"),
            "sign": ("b", "change of sign"),
            "exchange": ("c", "symmetric"),
            "no such choice": ("e", "choices are"),
        },
    ),
    "mi-bits": Answers(
        reference=math.sqrt(1 - math.exp(-2 * 1.2 * math.log(2))),
        alternative=np.array([math.sqrt(1 - 4**-1.2)]),
        wrong={
            "taken for nats": (math.sqrt(1 - math.exp(-2.4)), "taken for nats"),
            "not rooted": (1 - math.exp(-2.4 * math.log(2)), "root"),
            "no half": (math.sqrt(1 - math.exp(-1.2 * math.log(2))), "factor"),
            "divided": (math.sqrt(1 - math.exp(-2.4 / math.log(2))), "wrong way round"),
            "nats": (1.2 * math.log(2), "solve for"),
            "a guess": (0.5, "too small"),
            "text": ("large", "one number"),
        },
    ),
    "mi-relu": Answers(
        reference="b",
        alternative=["b"],
        wrong={
            "the sign": ("a", "last digit"),
            "h of Y": ("c", "no amount"),
            "half of h": ("d", "ruler"),
            "a number": (1, "choices are"),
        },
    ),
}

# A table of probabilities ---------------------------------------------------------------------------------------------


def table_mi(p):
    product = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    seen = p > 0
    return (p[seen] * np.log(p[seen] / product[seen])).sum()


def table_by_loops(p):
    total = 0.0
    for _i, row in enumerate(p):
        for j, mass in enumerate(row):
            if mass:
                total += mass * math.log(mass / (sum(row) * sum(p[:, j])))
    return total


def table_stub(p): ...


def zeros_forgotten(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return (p * np.log(p / np.outer(p.sum(1), p.sum(0)))).sum()


def _log_ratio(p):
    return np.log(np.maximum(p, 1e-300) / np.outer(p.sum(1), p.sum(0)))


def _h(p):
    return -sum(v * math.log(v) for v in np.ravel(p) if v)


ANSWERS["mi-table"] = Answers(
    reference=table_mi,
    alternative=table_by_loops,
    stub=table_stub,
    wrong={
        "zeros": (zeros_forgotten, "logarithm is taken of zero"),
        "bits": (lambda p: table_mi(p) / math.log(2), "bits"),
        "sign": (lambda p: -table_mi(p), "sign"),
        "under the product": (lambda p: (np.outer(p.sum(1), p.sum(0)) * _log_ratio(p)).sum(), "joint law"),
        "mean": (lambda p: _log_ratio(p).mean(), "weight"),
        "sum": (lambda p: _log_ratio(p).sum(), "without their probabilities"),
        "joint entropy": (_h, "joint entropy"),
        "what remains open": (lambda p: _h(p) - _h(p.sum(0)), "conditional entropy, what remains"),
        "the array of terms": (lambda p: p * _log_ratio(p), "shape"),
    },
)

# Gaussian vectors -----------------------------------------------------------------------------------------------------


def gaussian_mi(cov, d):
    log_det = [np.linalg.slogdet(block)[1] for block in (cov[:d, :d], cov[d:, d:], cov)]
    return (log_det[0] + log_det[1] - log_det[2]) / 2


def by_canonical_correlations(cov, d):
    """-½ Σ log(1 - r²) over the canonical correlations r."""
    white = np.linalg.solve(cov[:d, :d], cov[:d, d:]) @ np.linalg.solve(cov[d:, d:], cov[d:, :d])
    return -0.5 * np.log(1 - np.linalg.eigvals(white).real).sum()


def blocks_stub(cov, d): ...


def overflowing(cov, d):
    with np.errstate(all="ignore"):
        det = np.linalg.det
        return 0.5 * np.log(det(cov[:d, :d]) * det(cov[d:, d:]) / det(cov))


def same_block_twice(cov, d):
    log_det = [np.linalg.slogdet(block)[1] for block in (cov[:d, :d], cov[:d, :d], cov)]
    return (log_det[0] + log_det[1] - log_det[2]) / 2


ANSWERS["mi-blocks"] = Answers(
    reference=gaussian_mi,
    alternative=by_canonical_correlations,
    stub=blocks_stub,
    wrong={
        "determinants that vanish": (overflowing, "not finite"),
        "no half": (lambda cov, d: 2 * gaussian_mi(cov, d), "factor ½"),
        "sign": (lambda cov, d: -gaussian_mi(cov, d), "sign"),
        "same block twice": (same_block_twice, "wrong blocks"),
        "diagonal": (
            lambda cov, d: 0.5 * (np.log(np.diag(cov)).sum() - np.linalg.slogdet(cov)[1]),
            "determinants of blocks",
        ),
        "one correlation": (
            lambda cov, d: -0.5 * np.log(1 - cov[0, d] ** 2 / (cov[0, 0] * cov[d, d])),
            "one correlation",
        ),
        "swapped arguments": (lambda cov, d: gaussian_mi(d, cov), "raised"),
    },
)
