"""The exercises of the chapter on the Donsker-Varadhan formula that ask for a formula: the best tilt, its moments."""

import numpy as np

from mi_lab.teaching.checks.exercise import code

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


def _climbed(rho, steps, rate=0.1):
    """Return where so many steps uphill on the score lead from a = 0."""
    a = 0.0
    for _ in range(steps):
        a += rate * (rho - a / (1 - a**2))
    return a


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


@tilt.form
def _(rho):
    a = (np.sqrt(1 + 4 * rho**2) - 1) / (2 * rho)
    return a, a * rho + 0.5 * np.log(1 - a**2)


@tilt.form
def _(rho):
    a = 2 * rho / (1 + np.sqrt(1 + 4 * rho**2))
    return a, a * rho + 0.5 * np.log(1 - a**2)


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


@tilt.mistake("the score asked for is that of the best a; -½ log(1 - ρ²) is the truth, which b = 0 does not reach.")
def _(rho):
    return _tilt(rho)[0], -0.5 * np.log1p(-(rho**2))


@tilt.mistake("a is a step of a search, not its end: the derivative of the score has a root in closed form.")
def _(rho):
    a = _climbed(rho, 10)
    return a, a * rho + np.log1p(-(a**2)) / 2


@tilt.mistake("E e^t is the integral over independent X' and Y': -½ log(1 - a²), where a stands squared.")
def _(rho):
    a = _tilt(rho)[0]
    return a, a * rho + np.log1p(-abs(a)) / 2


@tilt.mistake("the score is E t minus the logarithm: a E[XY] = a ρ comes first.")
def _(rho):
    a = _tilt(rho)[0]
    return a, np.log1p(-(a**2)) / 2


@tilt.mistake("that is the exponential of the second term: its logarithm belongs into the score.")
def _(rho):
    a = _tilt(rho)[0]
    return a, a * rho - (1 - a**2) ** -0.5


@tilt.mistake("the derivative of ½ log(1 - a²) is -a / (1 - a²): a factor 2 is too many in yours.")
def _(rho):
    a = rho / (1 + np.sqrt(1 + rho**2))
    return a, a * rho + np.log1p(-(a**2)) / 2


@tilt.mistake("the derivative of -½ log(1 - a²) is a / (1 - a²): in yours it is a / (2 (1 - a²)).")
def _(rho):
    a = 4 * rho / (1 + np.sqrt(1 + 16 * rho**2))
    return a, a * rho + np.log1p(-(a**2)) / 2


def _on_grid(rho, step):
    grid = np.arange(-1 + step, 1 - step / 2, step)
    scores = grid * rho + np.log1p(-(grid**2)) / 2
    return grid[scores.argmax()], scores.max()


for _wide in (0.1, 0.05, 0.02, 0.01, 0.001):
    tilt.mistake("a is the best of a grid, no more exact than its steps: the root has a closed form.")(
        lambda rho, step=_wide: _on_grid(rho, step)
    )


@tilt.mistake("b is set to zero in the score as well: without it E t is a ρ, and log E e^t is -½ log(1 - a²).")
def _(rho):
    a, b = _tilt(rho)[0], rho**2 / (1 - rho**2)
    return a, a * rho - b + np.log((1 + b) ** 2 - a**2) / 2


@tilt.mistake("ρ = a / (1 - a²), with a minus: the derivative of 1 - a² is -2a.")
def _(rho):
    a = 2 * rho / (1 + np.sqrt(max(1 - 4 * rho**2, 0)))
    return a, a * rho + np.log(max(1 - a**2, 1e-12)) / 2


@tilt.mistake("with b = 0 the optimum moves and stays below one by itself: nothing has to be clipped.")
def _(rho):
    a = np.clip(rho / (1 - rho**2), -0.99, 0.99)
    return a, a * rho + np.log1p(-(a**2)) / 2


@tilt.mistake("the score comes from the best a put in: it is no fixed share of the truth.")
def _(rho):
    return _tilt(rho)[0], -0.25 * np.log1p(-(rho**2))


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
