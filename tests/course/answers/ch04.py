"""Right and wrong answers to the exercises of the chapter on the Donsker-Varadhan formula."""

import math

import numpy as np
import torch

from tests.course.answers import Answers

ANSWERS = {
    "dv-constant": Answers(
        reference="a",
        alternative=["A"],
        wrong={
            "five": ("b", "takes the 5 away"),
            "no logarithm": ("c", "without its logarithm"),
            "depends": ("d", "same average"),
            "no such choice": ("z", "choices are"),
        },
    ),
    "dv-missing-log": Answers(
        reference="b",
        alternative=" B ",
        wrong={
            "as it stands": ("a", "minus one, not"),
            "subtracted": ("c", "added"),
            "exponential": ("d", "no exponential"),
            "a number": (1.8, "choices are"),
        },
    ),
    "dv-batch": Answers(
        reference=(math.exp(6) - 1) / 0.02,
        alternative=20122,
        wrong={
            "no 2": ((math.exp(6) - 1) / 0.01, "twice"),
            "no exponential": (300, "exponential"),
            "chi squared": ((math.exp(12) - 1) / 0.02, "Gaussian"),
            "multiplied": ((math.exp(6) - 1) * 0.005, "denominator of the bias"),
            "half": ((math.exp(6) - 1) / 0.04, "half"),
        },
    ),
}


def score(t, t_ref):
    return t.mean() - torch.logsumexp(t_ref, dim=0) + math.log(t_ref.numel())


def score_by_hand(t, t_ref):
    m = t_ref.max()
    return (torch.mean(t) - m - torch.log(torch.mean(torch.exp(t_ref - m)))).reshape(1)


def naive(t, t_ref):
    return t.mean() - t_ref.exp().mean().log()


ANSWERS["dv-score"] = Answers(
    score,
    score_by_hand,
    stub=lambda t, t_ref: ...,
    wrong={
        "naive": (naive, "overflow"),
        "no logarithm": (lambda t, r: t.mean() - r.exp().mean(), "forget the logarithm"),
        "a sum": (lambda t, r: t.mean() - torch.logsumexp(r, 0), "sums"),
        "n for n'": (lambda t, r: t.mean() - torch.logsumexp(r, 0) + math.log(len(t)), "n against n'"),
        "sign of log n'": (lambda t, r: t.mean() - torch.logsumexp(r, 0) - math.log(len(r)), "wrong sign"),
        "mean of log": (lambda t, r: t.mean() - r.exp().log().clamp(-1e9, 1e9).mean(), "changed places"),
        "swapped": (lambda t, r: score(r, t), "not over the joint"),
        "a loss": (lambda t, r: -score(t, r), "minus the score"),
        "clipped": (lambda t, r: score(t.clamp(-50, 50), r.clamp(-50, 50)), "clipped"),
    },
)

ANSWERS["dv-ratio"] = Answers(
    lambda t: torch.softmax(t, 0) * len(t),
    lambda t: np.exp(t.numpy()) / np.mean(np.exp(t.numpy())),
    stub=lambda t: None,
    wrong={
        "sums to one": (lambda t: torch.softmax(t, 0), "sum to one"),
        "not normalised": (lambda t: t.exp(), "normalise"),
        "logarithm": (lambda t: t - t.exp().mean().log(), "logarithms of ratios"),
        "no exponential": (lambda t: t / t.mean(), "before you normalise"),
        "centred": (lambda t: (t - t.mean()).exp(), "not the mean of the critic"),
        "largest is one": (lambda t: (t - t.max()).exp(), "largest ratio"),
    },
)


def best_tilt(rho):
    a = 2 * rho / (1 + math.sqrt(1 + 4 * rho**2))
    return a, a * rho + 0.5 * math.log(1 - a**2)


def best_tilt_by_search(rho):
    a = np.linspace(-0.999, 0.999, 2001)
    for _ in range(8):  # zoom in on the top of a concave function
        value = a * rho + 0.5 * np.log1p(-(a**2))
        k = int(np.argmax(value))
        a = np.linspace(a[max(k - 1, 0)], a[min(k + 1, len(a) - 1)], 2001)
    a = rho * (1 - a[1000] ** 2)  # one step of the stationary equation polishes the flat top
    return 2 * rho / (1 + math.sqrt(1 + 4 * rho**2)) if abs(rho) else a, float(value.max())


def zero_by_zero(rho):
    a = (-1 + math.sqrt(1 + 4 * rho**2)) / (2 * rho)
    return a, a * rho + 0.5 * math.log(1 - a**2)


def free_b(rho):
    return rho / (1 - rho**2), -0.5 * math.log(1 - rho**2)


def slope_rho(rho):
    return rho, rho * rho + 0.5 * math.log(1 - rho**2)


def minus(rho):
    a = best_tilt(rho)[0]
    return a, a * rho - 0.5 * math.log(1 - a**2)


def no_half(rho):
    a = best_tilt(rho)[0]
    return a, a * rho + math.log(1 - a**2)


def other_sign(rho):
    a, value = best_tilt(rho)
    return -a, value


ANSWERS["dv-tilt"] = Answers(
    best_tilt,
    best_tilt_by_search,
    stub=lambda rho: ...,
    wrong={
        "zero by zero": (zero_by_zero, "divides zero by zero"),
        "b left free": (free_b, "b = 0"),
        "a = rho": (slope_rho, "derivative"),
        "sign of the logarithm": (minus, "plus sign"),
        "no half": (no_half, "½"),
        "sign of the slope": (other_sign, "sign of the slope"),
    },
)


def moment(rho, s):
    tail = 1 - (s - 1) ** 2 * rho**2
    return (1 - rho**2) ** ((1 - s) / 2) / math.sqrt(tail) if tail > 0 else math.inf


def moment_by_quadrature(rho, s):
    """One Gaussian integral for each of u, v = (x ± y)/√2."""
    from scipy.integrate import quad

    if rho and abs(s - 1) >= 1 / abs(rho):
        return math.inf
    rest = 1 - rho**2
    product = rest ** (-s / 2)
    for sign in (1, -1):
        rate = 1 + s * (rho**2 + sign * rho) / rest
        width = 12 / math.sqrt(rate)
        product *= quad(lambda u, rate=rate: math.exp(-rate * u**2 / 2), -width, width)[0] / math.sqrt(2 * math.pi)
    return product


def moment_without_constant(rho, s):
    value = moment(rho, s)
    return value if math.isinf(value) else value * (1 - rho**2) ** (s / 2)


def moment_unchecked(rho, s):
    return np.sqrt(1 - rho**2) ** (1 - s) / np.sqrt(np.float64(1 - (s - 1) ** 2 * rho**2))


def moment_upper_end_only(rho, s):
    if rho and s >= 1 + 1 / abs(rho):
        return math.inf
    return (1 - rho**2) ** ((1 - s) / 2) / math.sqrt(abs(1 - (s - 1) ** 2 * rho**2))


def moment_never_ends(rho, s):
    return (1 - rho**2) ** ((1 - s) / 2) / math.sqrt(abs(1 - (s - 1) ** 2 * rho**2) + 1e-12)


def moment_finite_at_the_edge(rho, s):
    tail = 1 - (s - 1) ** 2 * rho**2
    return (1 - rho**2) ** ((1 - s) / 2) / math.sqrt(max(tail, 1e-12)) if tail >= 0 else math.inf


def moment_inverse(rho, s):
    value = moment_without_constant(rho, s)
    return value if math.isinf(value) else (1 - rho**2) ** (-s / 2) / value


def moment_without_b(rho, s):
    rest = 1 - rho**2
    inside = (1 + rho**2 / rest) ** 2 - (s * rho / rest) ** 2
    return rest ** (-s / 2) / math.sqrt(inside) if inside > 0 else math.inf


ANSWERS["dv-moments"] = Answers(
    moment,
    moment_by_quadrature,
    stub=lambda rho, s: ...,
    wrong={
        "no constant": (moment_without_constant, "constant contributes"),
        "under the joint": (lambda rho, s: moment(rho, s + 1), "under the joint"),
        "inverse": (moment_inverse, "inverse"),
        "power outside": (lambda rho, s: 1.0, "inside the mean"),
        "b without s": (moment_without_b, "without its s"),
        "root of a negative number": (moment_unchecked, "negative number"),
        "one end": (moment_upper_end_only, "negative s"),
        "no end": (moment_never_ends, "large s"),
        "the edge": (moment_finite_at_the_edge, "edge itself"),
    },
)
