"""The exercises of the chapter on MINE that end in training: the loss, and reaching the truth."""

import numpy as np

from mi_lab.teaching.checks.exercise import code, numeric

# The loss -------------------------------------------------------------------------------------------------------------

loss = code("mine-loss", "The loss with the moving average")


def _batch(rng, grad=False):
    import torch

    n, n_ref = int(rng.integers(20, 40)), int(rng.integers(50, 90))
    t, t_ref = rng.normal(0.4, 0.7, n), rng.normal(-0.3, 0.6, n_ref)
    m = float(rng.uniform(1.5, 3))
    return *(torch.tensor(v, dtype=torch.float32, requires_grad=grad) for v in (t, t_ref)), m


@loss.part("the average m", weight=1)
def _(answer, rng):
    t, t_ref, m = _batch(rng)
    return answer(t, t_ref, m, float(rng.uniform(0.1, 0.4)))[1]


@loss.part("the value", weight=1)
def _(answer, rng):
    t, t_ref, m = _batch(rng)  # beta is one half: when swapped it costs its mark in the first part alone
    return {"": answer(t, t_ref, m, 0.5)[0], "high": answer(t + 9, t_ref, m, 0.5)[0]}  # there the loss is negative


@loss.part("the gradient", weight=2)
def _(answer, rng):
    t, t_ref, m = _batch(rng, grad=True)
    value = answer(t, t_ref, m, 0.5)[0]
    value.sum().backward()
    zero = 0 * t.detach(), 0 * t_ref.detach()
    return {"joint": zero[0] if t.grad is None else t.grad, "reference": zero[1] if t_ref.grad is None else t_ref.grad}


def _average(t_ref, m, beta):
    return (1 - beta) * t_ref.exp().mean().detach() + beta * m


@loss.reference
def _(t, t_ref, m, beta):
    m = _average(t_ref, m, beta)
    return t_ref.exp().mean() / m - t.mean(), m


@loss.form
def _(t, t_ref, m, beta):
    new = (1 - beta) * t_ref.exp().mean().detach() + beta * m
    return -t.mean() + t_ref.exp().mean() / new, new


@loss.form
def _(t, t_ref, m, beta):
    average = t_ref.exp().mean()
    new = (1 - beta) * average.detach() + beta * m
    return -t.mean() + average / new, new


@loss.mistake("beta multiplies the old value of m, and 1 - beta the new average: yours is the other way round.")
def _(t, t_ref, m, beta):
    m = _average(t_ref, m, 1 - beta)
    return t_ref.exp().mean() / m - t.mean(), m


@loss.mistake("the sign: a loss is made small, so the average over the joint samples comes with a minus.")
def _(t, t_ref, m, beta):
    m = _average(t_ref, m, beta)
    return t.mean() - t_ref.exp().mean() / m, m


@loss.mistake("missing detach: m is a constant in this loss, yet your gradient runs through it.")
def _(t, t_ref, m, beta):
    m = (1 - beta) * t_ref.exp().mean() + beta * m
    return t_ref.exp().mean() / m - t.mean(), m


@loss.mistake("this is the loss without the moving average: divide avg exp(t') by m instead of taking its logarithm.")
def _(t, t_ref, m, beta):
    return t_ref.exp().mean().log() - t.mean(), _average(t_ref, m, beta)


@loss.mistake("the mean of the logarithm is not the logarithm of the mean: the exponential comes before the average.")
def _(t, t_ref, m, beta):
    return t_ref.mean() - t.mean(), (1 - beta) * t_ref.mean().detach() + beta * m


@loss.mistake("no m in the loss: divide avg exp(t') by the moving average.")
def _(t, t_ref, m, beta):
    return t_ref.exp().mean() - t.mean(), _average(t_ref, m, beta)


@loss.mistake("n against n': the second average runs over the n' reference scores, you divided by n.")
def _(t, t_ref, m, beta):
    mean = t_ref.exp().sum() / len(t)
    m = (1 - beta) * mean.detach() + beta * m
    return mean / m - t.mean(), m


@loss.mistake("n against n': the average in m runs over the n' reference scores, the one in the loss over n of them.")
def _(t, t_ref, m, beta):
    m = _average(t_ref, m, beta)
    return t_ref.exp().sum() / len(t) / m - t.mean(), m


@loss.mistake("a sum where an average belongs: divide by the number of samples.")
def _(t, t_ref, m, beta):
    m = (1 - beta) * t_ref.exp().sum().detach() + beta * m
    return t_ref.exp().sum() / m - t.sum(), m


@loss.mistake("the second average runs over the reference scores t', not over t again.")
def _(t, t_ref, m, beta):
    m = _average(t, m, beta)
    return t.exp().mean() / m - t.mean(), m


@loss.mistake("the loss uses the old m: update the average first, then divide by it.")
def _(t, t_ref, m, beta):
    return t_ref.exp().mean() / m - t.mean(), _average(t_ref, m, beta)


@loss.mistake("the loss cannot be differentiated: only m is to be detached, not the scores.")
def _(t, t_ref, m, beta):
    m = _average(t_ref, m, beta)
    return (t_ref.exp().mean() / m - t.mean()).detach(), m


@loss.mistake("the m that comes back is the old one: return the updated average.")
def _(t, t_ref, m, beta):
    return t_ref.exp().mean() / _average(t_ref, m, beta) - t.mean(), m


@loss.mistake("m forgets the past: it is (1 - beta) times the new average plus beta times the old m.")
def _(t, t_ref, m, beta):
    mean = t_ref.exp().mean().detach()
    return t_ref.exp().mean() / mean - t.mean(), mean


@loss.mistake("a logarithm too many: the average of exp(t') itself is divided by m.")
def _(t, t_ref, m, beta):
    m = _average(t_ref, m, beta)
    return t_ref.logsumexp(0) / m - t.mean(), m


# Reach the truth ------------------------------------------------------------------------------------------------------

RHO = 0.9
TRUTH = -0.5 * np.log(1 - RHO**2)


def _gaussian(rho):
    return -0.5 * np.log(1 - rho**2)


numeric(
    "mine-truth",
    "The truth",
    value=float(TRUTH),
    unit="nats",
    rtol=5e-3,
    formula=_gaussian,
    given=(RHO,),
    right="-½ log(1 - ρ²), in nats.",
    mistakes={
        float(-np.log(1 - RHO**2)): "twice the truth: where is the factor ½?",
        float(-0.5 * np.log(1 - RHO)): "ρ enters squared.",
        float(-0.25 * np.log(1 - RHO**2)): "half the truth: ½ log(1 - ρ²) already contains the square root.",
        RHO**2: "that is ρ², a share of explained variance, not an information.",
        RHO: "that is ρ itself.",
        float(RHO**2 / (1 - RHO**2) + 0.5 * np.log(1 - RHO**2)): "that is the divergence the other way round, of the "
        "product from the joint law.",
        float(np.sqrt(1 - np.exp(-2 * RHO))): "that is the ρ that belongs to .9 nats: here ρ is .9, and I is asked.",
        float(-0.5 * np.log(1 - 0.09**2)): "that is the truth for ρ = .09: here ρ is .9.",
        float(-0.5 * np.log(RHO**2)): "1 - ρ² stands inside the logarithm, not ρ².",
        float(-np.log(RHO**2)): "1 - ρ² stands inside the logarithm, not ρ².",
        float(-0.5 * np.log(1 - RHO) ** 2): "the square stands at ρ, not at the logarithm.",
        float(0.5 * np.log(2 * np.pi * np.e * (1 - RHO**2))): "that is h(Y|X), what remains open, not what was learnt.",
        float(0.5 * np.log(2 * np.pi * np.e)): "that is h(Y): subtract h(Y|X) from it.",
        float(-0.5 * np.log(1 - 0.8**2)): "that is the truth for ρ = .8: here ρ is .9.",
        float(-0.5 * np.log(1 - 0.6**2)): "that is the truth for ρ = .6: here ρ is .9.",
        float(-0.5 * np.log(1 - 0.5**2)): "that is the truth for ρ = .5: here ρ is .9.",
        1 - RHO**2: "that is 1 - ρ²: the logarithm and the factor -½ are missing.",
        float(1 / (1 - RHO**2)): "that is e^(2I): take half of its logarithm.",
        float((1 - RHO**2) ** -0.5): "that is e^I: take its logarithm.",
        float(1 / (1 - RHO**2) - 1): "that is e^(2I) - 1, the chi-square of the pair: wanted is I.",
        float(np.sqrt(1 - RHO**2)): "that is the standard deviation of Y given X: wanted is minus its logarithm.",
        float(np.arctanh(RHO)): "that is Fisher's transform of ρ, artanh ρ: wanted is -½ log(1 - ρ²).",
        float(0.5 * np.log(1 + RHO**2)): "the sign inside the logarithm: 1 - ρ², with a minus before the whole.",
    },
)

reach = code("mine-reach", "Reach the truth", seconds=30)


def _value(t, t_ref):
    """Return the Donsker-Varadhan value of scores."""
    top = t_ref.max()
    return t.mean() - np.log(np.exp(t_ref - top).mean()) - top


def _sampled(rng):
    """Return the samples of the law and of its marginals that a critic meets."""
    from mi_lab.laws import BivariateGaussian

    law, seed = BivariateGaussian(RHO), int(rng.integers(2**31))
    return law.sample(10_000, seed), law.sample_product(10_000, seed + 1)


def _shape(t, x, y) -> str:
    """Say what a critic is made of, if little else than x, y, their squares and their product is in it."""
    x, y = (np.ravel(v.numpy()).astype(float) for v in (x, y))
    columns = {"a constant": np.ones(len(x)), "x": x, "y": y, "x²": x * x, "y²": y * y, "xy": x * y}
    design = np.stack(list(columns.values()), 1)
    weights = np.linalg.lstsq(design, t, rcond=None)[0]
    if np.ptp(t) == 0 or np.var(t - design @ weights) > 1e-4 * np.var(t):
        return ""
    size = dict(zip(columns, np.abs(weights) * design.std(0), strict=True))
    there = [name for name, s in size.items() if name != "a constant" and s > 0.02 * max(size.values())]
    missing = [name for name in ("x²", "y²", "xy") if name not in there]
    if missing:
        made, lacks = " and ".join(there), " and ".join(missing)
        return f"it is made of {made}, and {lacks} would have to be in it too, so train longer."
    if weights[5] <= 0:
        return "it falls where x and y grow together, though these are positively correlated."
    wanted = RHO / (1 - RHO**2)
    way = "less" if weights[5] < wanted else "more"
    return f"it has the right ingredients, x², y² and xy, but grows {way} with xy than the log-ratio does."


def _reached(seen, rng):
    t, t_ref = np.ravel(seen["joint"]), np.ravel(seen["reference"])
    if len(t) != 10_000 or len(t_ref) != 10_000:
        return f"one score for each of 10000 pairs is wanted, your critic gives {len(t)}."
    if not (np.isfinite(t).all() and np.isfinite(t_ref).all()):
        return "some scores are not finite."
    if TRUTH - 0.12 < _value(t, t_ref) < TRUTH + 0.12:
        return None
    value, old = _value(t, t_ref), _value(np.ravel(seen["old"]), np.ravel(seen["old_reference"]))
    if np.ptp(np.concatenate([t, t_ref])) < 1e-2:
        return "the critic says the same of every pair: was it trained, and was the reference shuffled?"
    if _value(-t, -t_ref) > TRUTH - 0.15:
        return "the sign: your critic is large where it should be small."
    low, high = min(t.min(), t_ref.min()), max(t.max(), t_ref.max())
    if low >= 0 and high <= 1:
        return "this critic stays between 0 and 1, as a probability does: hand over the log-ratio, log p/(1 - p)."
    if low > 0 and _value(np.log(t), np.log(t_ref)) > TRUTH - 0.15:
        return "this critic is the density ratio: hand over its logarithm."
    if old > value + 0.25:
        return (
            f"trained on the test set? Your critic reaches {old:.2f} nats on the samples it was trained with, but "
            f"{value:.2f} on new ones: hold samples out and stop earlier."
        )
    scales = np.geomspace(0.2, 5, 25)
    best = max(scales, key=lambda a: _value(a * t, a * t_ref))
    if _value(best * t, best * t_ref) > TRUTH - 0.12:
        return f"this critic has the right shape, but the wrong scale: about {best:.2g} times it would do."
    if words := _shape(t, *_sampled(rng)[0]):
        return f"on new samples the critic scores {value:.2f} nats: {words}"
    if value < 0.1:
        return f"on new samples the critic scores {value:.2f} nats, no better than saying nothing: was it trained?"
    return f"on new samples the critic reaches {value:.2f} nats, too far from the truth: train longer."


@reach.part("on new samples", judge=_reached)
def _(answer, rng):
    import torch

    from mi_lab.laws import BivariateGaussian

    (x, y), (x_ref, y_ref) = _sampled(rng)
    x_old, y_old = BivariateGaussian(RHO).sample(2000, seed=7)  # what the exercise gave for training
    with torch.no_grad():
        return {
            "joint": answer(x, y),
            "reference": answer(x_ref, y_ref),
            "old": answer(x_old, y_old),
            "old_reference": answer(x_old, y_old.roll(1, 0)),
        }
