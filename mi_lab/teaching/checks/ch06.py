"""The exercises of the chapter on f-divergences."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, text

choice(
    "fdiv-which",
    "Which divergence?",
    right="b",
    reasons={
        "a": "for Kullback-Leibler the conjugate is an exponential; here it is a square.",
        "b": "t + t²/4 is the conjugate of (u - 1)², for slopes above -2.",
        "c": "the conjugate of (√u - 1)² is t/(1 - t), and wants slopes below one.",
        "d": "exchanging the laws gives f(u) = -log u, whose conjugate has a logarithm in it.",
    },
)

choice(
    "fdiv-critic",
    "What the critic became",
    right="c",
    reasons={
        "a": "the critic is no ratio: it is built from the logarithm of one.",
        "b": "close: the best critic of NWJ is one more than the log-ratio.",
        "c": "the best critic is 1 + log r, so log r = 2.",
        "d": "that is so for DV; NWJ has no flat direction and pins the constant.",
    },
)

# Any divergence of two finite laws ------------------------------------------------------------------------------------

exact = code("fdiv-exact", "Any divergence of two finite laws")


def _kl(u):
    return u * math.log(u)


def _hellinger(u):
    return (math.sqrt(u) - 1) ** 2


def _reverse(u):
    return -math.log(u)


def _laws(rng, missing_p=(), missing_q=()):
    k = int(rng.integers(6, 9))
    p, q = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k))
    p[list(missing_p)], q[list(missing_q)] = 0, 0
    return p / p.sum(), q / q.sum()


@exact.part("both laws positive")
def _(answer, rng):
    p, q = _laws(rng)
    return {"f1": answer(_kl, p, q, 0.0, math.inf), "f2": answer(_hellinger, p, q, 1.0, 1.0)}


@exact.part("letters the joint never uses")
def _(answer, rng):
    p, q = _laws(rng, missing_p=[0, 2])
    return {"f1": answer(_kl, p, q, 0.0, math.inf), "f2": answer(_hellinger, p, q, 1.0, 1.0)}


def _outside(seen, rng):
    p, q = _laws(rng, missing_p=[3], missing_q=[1, 2])
    value, infinite = float(seen["finite"]), float(seen["infinite"])
    right = _by_loop(_hellinger, p, q, 1.0, 1.0)
    if abs(value - right) > 1e-6:
        if abs(value - right + p[q == 0].sum()) < 1e-6:
            return "the joint's letters outside the reference are left out: they cost f'(∞) each time."
        return "letters that only the joint uses cost their probability times f'(∞)."
    return None if infinite == math.inf else "with f'(∞) infinite and a letter outside, the divergence is infinite."


@exact.part("letters the reference never uses", judge=_outside)
def _(answer, rng):
    p, q = _laws(rng, missing_p=[3], missing_q=[1, 2])
    return {"finite": answer(_hellinger, p, q, 1.0, 1.0), "infinite": answer(_kl, p, q, 0.0, math.inf)}


def _nobody(seen, rng):
    p, q = _laws(rng, missing_p=[1, 2], missing_q=[1])
    finite, infinite = float(seen["finite"]), float(seen["infinite"])
    if not np.isfinite(finite):
        return "a letter that neither law uses costs nothing: 0 · ∞ = 0."
    if abs(finite - _by_loop(_kl, p, q, 0.0, math.inf)) > 1e-6:
        return "a letter that neither law uses must change nothing."
    return None if infinite == math.inf else "where f(0) is infinite, a letter that only the reference uses costs ∞."


@exact.part("letters nobody uses", judge=_nobody)
def _(answer, rng):
    p, q = _laws(rng, missing_p=[1, 2], missing_q=[1])
    return {"finite": answer(_kl, p, q, 0.0, math.inf), "infinite": answer(_reverse, p, q, math.inf, 0.0)}


def _by_loop(f, p, q, f0, f_inf):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        if a == b == 0:
            continue
        total += a * f_inf if b == 0 else b * (f0 if a == 0 else f(a / b))
    return total


exact.reference(_by_loop)


@exact.mistake("the ratio is upside down: r = p/q, joint over reference.")
def _(f, p, q, f0, f_inf):
    return _by_loop(f, q, p, f0, f_inf)


@exact.mistake("the average of f(r) runs over the reference, not over the joint.")
def _(f, p, q, f0, f_inf):
    return sum(a * (f(a / b) if a > 0 else 0.0) for a, b in zip(p, q, strict=True))


@exact.mistake("every letter counts the same here: weigh f(r) with the reference's probabilities.")
def _(f, p, q, f0, f_inf):
    return sum(f(a / b) if a > 0 else f0 for a, b in zip(p, q, strict=True))


@exact.mistake("f(0) is missing: letters that only the reference uses cost their probability times f(0).")
def _(f, p, q, f0, f_inf):
    return sum(b * f(a / b) for a, b in zip(p, q, strict=True) if a > 0 and b > 0)


# A conjugate by hand --------------------------------------------------------------------------------------------------

conjugate = code("fdiv-conjugate", "A conjugate by hand")


@conjugate.part("slopes below one")
def _(answer, rng):
    slopes = [float(v) for v in (rng.uniform(0.1, 0.9), -rng.uniform(0.2, 5), rng.uniform(-0.5, 0.5))]
    return [float(answer(v)) for v in slopes]


def _far_out(seen, rng):
    slope = float(rng.uniform(0.97, 0.99))
    right, value = slope / (1 - slope), float(seen)
    if abs(value - right) <= 1e-4 * right:
        return None
    if 0 < value < right:  # as every supremum over too few u is
        return "too small near the slope 1: the tangent touches at u = 1/(1 - t)², far out; does a search end before?"
    return "near the slope 1 the value is wrong as well."


@conjugate.part("a slope close to one", judge=_far_out)
def _(answer, rng):
    return float(answer(float(rng.uniform(0.97, 0.99))))  # the tangent touches at u between 1,111 and 10,000


@conjugate.reference
def _(t):
    root = 1 / (1 - t)  # √u where the tangent touches
    return t * root**2 - (root - 1) ** 2


@conjugate.form
def _(t):
    u = 1 / (1 - t) ** 2
    return t * u - (np.sqrt(u) - 1) ** 2


@conjugate.form
def _(t):
    return t / (1 - t)


@conjugate.mistake("that is f at the slope, (√t - 1)²: the conjugate is the largest t u - f(u) over all u.")
def _(t):
    return (abs(t) ** 0.5 - 1) ** 2


@conjugate.mistake("too small near the slope 1: your search over u ends at 10, but the tangent touches farther out.")
def _(t):
    u = min(10.0, (1 - t) ** -2)
    return t * u - (u**0.5 - 1) ** 2


@conjugate.mistake("that is the conjugate of half of f: here f is (√u - 1)² itself.")
def _(t):
    return t / (1 - 2 * t)


@conjugate.mistake("the conjugate is a supremum over u, a number for each slope t: yours is the value at one u alone.")
def _(t):
    return t * 1.0


@conjugate.mistake("your search over u ends at 1: u is any positive number, a ratio of densities.")
def _(t):
    u = min(1.0, (1 - t) ** -2)
    return t * u - (u**0.5 - 1) ** 2


@conjugate.mistake("that is the beginning of the series t + t² + …: t / (1 - t) sums all of it.")
def _(t):
    return t + t**2


@conjugate.mistake("that is the beginning of the series t + t² + …: t / (1 - t) sums all of it.")
def _(t):
    return t + t**2 + t**3


@conjugate.mistake("for negative slopes t stands below the line as it is: no absolute value.")
def _(t):
    return t / (1 - abs(t))


@conjugate.mistake("that is the conjugate of -log u, the reverse divergence: here f(u) = (√u - 1)².")
def _(t):
    with np.errstate(invalid="ignore"):
        return -1 - np.log(-np.float64(t))


@conjugate.mistake("that is total variation's, t itself: here f(u) = (√u - 1)².")
def _(t):
    return max(t, -0.5)


@conjugate.mistake("that is u - 1 where the tangent touches: the conjugate is t u - f(u) there.")
def _(t):
    return (1 - t) ** -2 - 1


@conjugate.mistake("that is where the tangent touches, u = 1/(1 - t)²; the conjugate is t u - f(u) there.")
def _(t):
    return (1 - t) ** -2


@conjugate.mistake("the sign: the conjugate is t u - f(u), not f(u) - t u.")
def _(t):
    return -t / (1 - t)


@conjugate.mistake("that is the curve at the point of contact; subtract it from t u.")
def _(t):
    return (t / (1 - t)) ** 2


@conjugate.mistake("the derivative of (√u - 1)² is 1 - 1/√u: a sign got lost, and with it the domain t < 1.")
def _(t):
    return t / (1 + t)


@conjugate.mistake("that is the derivative of f, taken at t: the conjugate comes out of a supremum over u.")
def _(t):
    return 1 - abs(t) ** -0.5


@conjugate.mistake("that is the conjugate of u log u, Kullback and Leibler's; here f(u) = (√u - 1)².")
def _(t):
    return math.exp(t - 1)


@conjugate.mistake("that is the conjugate of (u - 1)²; here a root stands under the square.")
def _(t):
    return t + t * t / 4


@conjugate.mistake("that is f at the slope t; the conjugate is the supremum of t u - f(u) over u.")
def _(t):
    return (math.sqrt(t) - 1) ** 2


# The shift that DV finds by itself ------------------------------------------------------------------------------------

shift = code("fdiv-shift", "The shift that DV finds by itself")


def _scores(rng, scale=1.0):
    import torch

    n, n_ref = int(rng.integers(20, 40)), int(rng.integers(50, 90))
    t, t_ref = scale * rng.normal(0.4, 0.8, n), scale * rng.normal(-0.3, 0.6, n_ref)
    return tuple(torch.tensor(v, dtype=torch.float32) for v in (t, t_ref))


def _named(pair):
    c, value = pair
    return {"c": c, "value": value}


@shift.part("shift and value", weight=2)
def _(answer, rng):
    return _named(answer(*_scores(rng)))


def _large(seen, rng):
    t, t_ref = (v.double().numpy() for v in _scores(rng, 200.0))
    c, value = _shift(t, t_ref)
    if not np.isfinite([float(seen["c"]), float(seen["value"])]).all():
        return "scores of a few hundred overflow: use logsumexp, and simplify the value before you compute it."
    if abs(float(seen["c"]) - c) + abs(float(seen["value"]) - value) > 1e-2:
        return "with scores of a few hundred the numbers are off."
    return None


@shift.part("large scores", judge=_large)
def _(answer, rng):
    return _named(answer(*_scores(rng, 200.0)))


def _shift(t, t_ref):
    top = t_ref.max()
    log_mean = top + np.log(np.exp(t_ref - top).mean())
    return 1 - log_mean, t.mean() - log_mean


@shift.reference
def _(t, t_ref):
    return _shift(t.double().numpy(), t_ref.double().numpy())


@shift.mistake("the shift misses its 1: at the optimum the mean of exp(t + c - 1) is one.")
def _(t, t_ref):
    c, value = _shift(t.double().numpy(), t_ref.double().numpy())
    return c - 1, value


@shift.mistake("the shift is right; the value at this shift is avg t + c - 1, the DV value.")
def _(t, t_ref):
    c, value = _shift(t.double().numpy(), t_ref.double().numpy())
    return c, value + 1


@shift.mistake("logsumexp sums: the mean asks for log n' to be taken away.")
def _(t, t_ref):
    sum_ = t_ref.double().logsumexp(0)
    return 1 - sum_, t.double().mean() - sum_


@shift.mistake("the sign of the shift: a critic that is too large must be lowered.")
def _(t, t_ref):
    c, value = _shift(t.double().numpy(), t_ref.double().numpy())
    return -c, value


@shift.mistake("that is NWJ without any shift.")
def _(t, t_ref):
    return 0.0 * t.mean(), t.double().mean() - (t_ref.double() - 1).exp().mean()


# From a classifier to information -------------------------------------------------------------------------------------

classifier = code("fdiv-js", "From a classifier to information")


def _probabilities(rng):
    t, t_ref = _scores(rng, 1.5)
    return t.sigmoid(), t_ref.sigmoid()


@classifier.part("the value")
def _(answer, rng):
    pi, pi_ref = _probabilities(rng)
    return {"π, π'": answer(pi, pi_ref), "π', π": answer(pi_ref, pi)}  # values of either sign


def _value(t, t_ref):
    return t.mean() - np.log(np.exp(t_ref).mean())


@classifier.reference
def _(pi, pi_ref):
    odds = [(p / (1 - p)).double().numpy() for p in (pi, pi_ref)]
    return np.log(odds[0]).mean() - np.log(odds[1].mean())


@classifier.mistake("the critic is the logit log(π/(1-π)): log π alone is not the log-ratio.")
def _(pi, pi_ref):
    return _value(pi.double().log().numpy(), pi_ref.double().log().numpy())


@classifier.mistake("the probability itself is no critic for DV: turn it into a log-ratio first.")
def _(pi, pi_ref):
    return _value(pi.double().numpy(), pi_ref.double().numpy())


@classifier.mistake("that is the odds, the ratio; the critic is its logarithm.")
def _(pi, pi_ref):
    odds, odds_ref = (p.double() / (1 - p.double()) for p in (pi, pi_ref))
    return _value(odds.numpy(), odds_ref.numpy())


@classifier.mistake("this is the Jensen-Shannon value of the classifier; DV of its logit is asked for.")
def _(pi, pi_ref):
    return np.log(2) + 0.5 * (pi.double().log().mean() + (1 - pi_ref.double()).log().mean())


@classifier.mistake("the average of the logits replaced the logarithm of the average odds.")
def _(pi, pi_ref):
    return pi.double().logit().mean() - pi_ref.double().logit().mean()


@classifier.mistake("the logarithm in the second term is missing: DV takes the log of the average odds.")
def _(pi, pi_ref):
    return pi.double().logit().mean() - (pi_ref.double() / (1 - pi_ref.double())).mean()


text("fdiv-singular", "When does Jensen-Shannon reach its ceiling?")

text(
    "fdiv-processing",
    "One proof for all of them",
    rubric=[
        (1, "Notes that for a fixed critic the objective is linear in the pair of laws."),
        (1, "Takes the supremum correctly and gets joint convexity."),
        (1, "Composes critics with the map and gets the data-processing inequality."),
        (1, "Says where it matters that the class of critics is the same for all pairs of laws."),
    ],
)
