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
