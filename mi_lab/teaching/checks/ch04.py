"""The exercises of the chapter on the Donsker-Varadhan formula."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "dv-constant",
    "A critic without opinions",
    right="a",
    reasons={
        "a": "5 - log e⁵ = 0: a critic that tells no two points apart certifies nothing.",
        "b": "the second term takes the 5 away again: log E e⁵ = 5.",
        "c": "that is the formula without its logarithm: log E e⁵ is 5, not e⁵.",
        "d": "a constant has the same average under every law, so neither P nor P' can enter.",
    },
)

choice(
    "dv-missing-log",
    "The missing nat",
    right="b",
    reasons={
        "a": "without the logarithm the best critic reaches the divergence minus one, not the divergence.",
        "b": "without its logarithm the formula is at most the divergence minus one, and the best critic attains that.",
        "c": "the nat goes missing from the value, so it is to be added, not taken away once more.",
        "d": "the value is already in nats, no exponential undoes the missing logarithm.",
    },
)

# The score ------------------------------------------------------------------------------------------------------------

score = code("dv-score", "The score that never overflows")


def _scores(rng, scale):
    import torch

    n, n_ref = int(rng.integers(20, 40)), int(rng.integers(50, 90))
    t, t_ref = scale * rng.normal(0.4, 0.7, n), scale * rng.normal(-0.3, 0.6, n_ref)
    return tuple(torch.tensor(v, dtype=torch.float32) for v in (t, t_ref))


@score.part("ordinary values")
def _(answer, rng):
    return answer(*_scores(rng, 1.0))


def _large(seen, rng):
    t, t_ref = (v.double().numpy() for v in _scores(rng, 5000.0))
    value, right = float(np.ravel(seen)[0]), _score(t, t_ref)
    if not np.isfinite(value):
        return "large critics overflow: take the largest value out before the exponential, or use torch.logsumexp."
    if abs(value - right) < 1e-4 * abs(right):
        return None
    if abs(value - right) > 1e-2 * abs(right):
        return "large critics give another number: values of ten thousand must neither be clipped nor lost."
    return "large critics lose digits."


@score.part("very large values", judge=_large)
def _(answer, rng):
    return answer(*_scores(rng, 5000.0))


def _score(t, t_ref):
    top = t_ref.max()
    return float(t.mean() - top - np.log(np.exp(t_ref - top).mean()))


@score.reference
def _(t, t_ref):
    return _score(t.double().numpy(), t_ref.double().numpy())


@score.mistake("close: did you forget the logarithm in front of the average of the exponentials?")
def _(t, t_ref):
    return t.mean() - t_ref.exp().mean()


@score.mistake("logsumexp sums: the average asks for log n' to be taken away from it.")
def _(t, t_ref):
    return t.mean() - t_ref.logsumexp(0)


@score.mistake("n against n': the second average runs over the n' reference scores.")
def _(t, t_ref):
    return t.mean() - t_ref.logsumexp(0) + np.log(len(t))


@score.mistake("the log n' has the wrong sign: an average divides, so its logarithm is the smaller one.")
def _(t, t_ref):
    return t.mean() - t_ref.logsumexp(0) - np.log(len(t_ref))


@score.mistake("the logarithm and the average have changed places: the average comes first.")
def _(t, t_ref):
    return t.mean() - t_ref.mean()


@score.mistake("the exponential is averaged over the reference scores, not over the joint ones.")
def _(t, t_ref):
    return _score(t_ref.double().numpy(), t.double().numpy())


@score.mistake("the sign: this is a loss, minus the score.")
def _(t, t_ref):
    return -_score(t.double().numpy(), t_ref.double().numpy())


# From critic to ratio -------------------------------------------------------------------------------------------------

ratio = code("dv-ratio", "From critic to ratio")


@ratio.part("the ratios")
def _(answer, rng):
    return answer(_scores(rng, 2.0)[1])


@ratio.reference
def _(t_ref):
    w = np.exp(t_ref.double().numpy() - t_ref.max().item())
    return w / w.mean()


@ratio.mistake("the weights sum to one, but their mean is to be one: multiply by n'.")
def _(t_ref):
    return t_ref.softmax(0)


@ratio.mistake("normalise: the exponential alone is the ratio times an unknown constant.")
def _(t_ref):
    return t_ref.exp()


@ratio.mistake("these are logarithms of ratios: one exponential is missing.")
def _(t_ref):
    return t_ref - t_ref.logsumexp(0) + np.log(len(t_ref))


@ratio.mistake("take the exponential before you normalise: the critic itself has no meaningful mean.")
def _(t_ref):
    return t_ref / t_ref.mean()


@ratio.mistake("subtract the logarithm of the mean of the exponentials, not the mean of the critic.")
def _(t_ref):
    return (t_ref - t_ref.mean()).exp()


@ratio.mistake("dividing by the largest value makes the largest ratio one; the mean is to be one.")
def _(t_ref):
    return (t_ref - t_ref.max()).exp()


# How large a batch ----------------------------------------------------------------------------------------------------

numeric(
    "dv-batch",
    "How large a batch",
    value=float(np.expm1(6) / 0.02),
    rtol=5e-3,
    right="about twenty thousand, for six nats; each further nat multiplies it by e.",
    mistakes={
        float(np.expm1(6) / 0.01): "twice the number: the 2 in the denominator is missing.",
        float(np.expm1(6) / 0.04): "half the number: the 2 is there already.",
        6 / 0.02: "the divergence enters through its exponential.",
        float(np.expm1(12) / 0.02): "that is χ² of a Gaussian pair; here only the lower estimate is asked for.",
        float(np.expm1(6) * 0.01 / 2): "n' is in the denominator of the bias: divide by the bias, don't multiply.",
    },
)

# The best diagonal tilt -----------------------------------------------------------------------------------------------

tilt = code("dv-tilt", "The best diagonal tilt")


def _tilt(rho):
    """Return the best slope by solving a² ρ + a - ρ = 0 numerically, and its score."""
    from scipy.optimize import brentq

    a = brentq(lambda v: rho * v * v + v - rho, -1, 1, xtol=1e-14)
    return a, a * rho + np.log1p(-(a**2)) / 2


def _pair(result):
    a, value = result
    return {"a": float(a), "score": float(value)}


@tilt.part("correlations of either sign", weight=2)
def _(answer, rng):
    rhos = [float(rng.uniform(0.2, 0.95)), -float(rng.uniform(0.2, 0.95))]
    return {f"{k}": _pair(answer(rho)) for k, rho in enumerate(rhos)}


def _at_zero(seen, rng):
    a, value = float(seen["a"]), float(seen["score"])
    if not np.isfinite([a, value]).all():
        return "at ρ = 0 your formula divides zero by zero: write the root so that it doesn't."
    return None if abs(a) < 1e-6 and abs(value) < 1e-6 else "at ρ = 0 the best critic is zero, with score zero."


@tilt.part("no correlation", judge=_at_zero)
def _(answer, rng):
    try:
        return _pair(answer(0.0))
    except ZeroDivisionError:
        return {"a": float("nan"), "score": float("nan")}


@tilt.reference
def _(rho):
    return _tilt(rho)


@tilt.mistake("that is the best slope when b is free as well; here b = 0, so the optimum moves.")
def _(rho):
    a = rho / (1 - rho**2)
    return a, -0.5 * np.log(1 - rho**2)


@tilt.mistake("a = ρ is not where the derivative of the score vanishes.")
def _(rho):
    return rho, rho**2 + np.log1p(-(rho**2)) / 2


@tilt.mistake("the score's logarithm has a plus sign: log E e^t = -½ log(1 - a²).")
def _(rho):
    a = _tilt(rho)[0]
    return a, a * rho - np.log1p(-(a**2)) / 2


@tilt.mistake("the slope is right; the factor ½ in front of the logarithm is missing.")
def _(rho):
    a = _tilt(rho)[0]
    return a, a * rho + np.log1p(-(a**2))


@tilt.mistake("of the two roots, the one with |a| > 1 makes E e^t infinite.")
def _(rho):
    a = -1 / _tilt(rho)[0] if rho else -np.inf
    return a, a * rho + np.log(abs(1 - a**2)) / 2


@tilt.mistake("the sign of the slope: a positive correlation wants a positive a.")
def _(rho):
    a, value = _tilt(rho)
    return -a, value


# How heavy is the tail ------------------------------------------------------------------------------------------------

moments = code("dv-moments", "How heavy is the tail?")


def _moment(rho, s, power=1.0, shift=1.0):
    """Return E' r^s by the Gaussian integral along u, v = (x ± y)/√2: the density of r's exponent is e^(-rate u²/2)."""
    rest = 1 - rho**2
    rates = [1 + s * (rho**2 + sign * rho) / rest for sign in (1, -1)]
    if min(rates) <= 0:
        return np.inf
    return rest ** (-power * s / 2) * (rates[0] * rates[1]) ** -0.5


@moments.part("finite moments", weight=2)
def _(answer, rng):
    rhos = [float(rng.uniform(0.2, 0.9)) * sign for sign in (1, -1)]
    powers = [
        2.0,
        0.5,
        float(1 + rng.uniform(0.1, 0.9) / abs(rhos[0])),
        float(1 - rng.uniform(0.1, 0.9) / abs(rhos[0])),
    ]
    return [float(answer(rhos[0], s)) for s in powers] + [float(answer(rhos[1], s)) for s in (2.0, 0.5)]


def _ends(seen, rng):
    large, negative, edge, independent = (float(seen[key]) for key in ("large", "negative", "edge", "independent"))
    if np.isnan([large, negative, edge]).any():
        return "where the moment is infinite your formula takes the root of a negative number: return math.inf there."
    if np.isfinite(large):
        return "for large s the integral diverges: e^t in two Gaussian variables wants |sa| < 1 + sb."
    if np.isfinite(negative):
        return "negative s has an end too: there the ratio's small values count."
    if np.isfinite(edge):
        return "at the edge itself, s = 1 + 1/|ρ|, the integral diverges as well."
    return None if abs(independent - 1) < 1e-9 else "at ρ = 0 the ratio is one everywhere, and so is every moment."


@moments.part("where they end", judge=_ends)
def _(answer, rng):
    rho = float(rng.uniform(0.3, 0.9))
    asked = {
        "large": (rho, 1 + 1.3 / rho),
        "negative": (-rho, 1 - 1.3 / rho),
        "edge": (0.5, 3.0),
        "independent": (0.0, 7.0),
    }

    def value(rho, s):
        try:
            found = answer(rho, s)
            return float("nan") if isinstance(found, complex) else float(found)
        except (ValueError, ZeroDivisionError):
            return float("nan")

    return {key: value(*at) for key, at in asked.items()}


moments.reference(_moment)


@moments.mistake("close: log r = I + t, so the constant contributes the factor e^(sI).")
def _(rho, s):
    return _moment(rho, s, power=0.0)


@moments.mistake("that is the moment under the joint law, E_P r^s, one power more than asked for.")
def _(rho, s):
    return _moment(rho, s + 1)


@moments.mistake("the inverse: E e^t is one over the square root of (1 + sb)² - s²a².")
def _(rho, s):
    value = _moment(rho, s, power=0.0)
    return (1 - rho**2) ** (-s / 2) / value if np.isfinite(value) else np.inf


@moments.mistake("E r^s is not (E r)^s = 1: the power stands inside the mean.")
def _(rho, s):
    return 1.0


@moments.mistake("s multiplies a and b alike: b is missing, or without its s.")
def _(rho, s):
    rest = 1 - rho**2
    inside = (1 + rho**2 / rest) ** 2 - (s * rho / rest) ** 2
    return rest ** (-s / 2) * inside**-0.5 if inside > 0 else np.inf


text("dv-processing", "Data processing in three lines")

text(
    "dv-dual",
    "The formula read backwards",
    rubric=[
        (1, "Rearranges the gap equation into log E' e^t - (E_P t - D(P||P')) = D(P||Q_t), or proves this directly."),
        (1, "Concludes the inequality for every P and equality only for P = Q_t, and checks D(Q_t||P') < ∞."),
        (1, "Says that the maximiser is the tilted law, the law for which t is the best critic."),
    ],
)
