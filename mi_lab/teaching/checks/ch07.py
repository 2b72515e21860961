"""The exercises of the chapter on MINE."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "mine-n-prime",
    "Why n' is at most n",
    right="b",
    reasons={
        "a": "memory is no obstacle: the samples exist already, only their indices are drawn.",
        "b": "each reference pair uses up one of the n values of X and one of the n values of Y.",
        "c": "there are indeed n² pairs of an x and a y, but drawing without replacement never uses a value twice, "
        "so after n pairs nothing is left.",
        "d": "the law of large numbers asks for many samples, it forbids none.",
    },
)

choice(
    "mine-iid",
    "Are resampled pairs i.i.d.?",
    right="c",
    reasons={
        "a": "with chance 1/n both indices agree, and then the pair is a joint sample: the law is not the product.",
        "b": "two pairs can share the same x, since both come out of the same n values: they are not independent.",
        "c": "each pair is a joint sample with chance 1/n and a sample of the product otherwise; "
        "two pairs may share a value, so they depend on each other.",
        "d": "every pair is drawn in the same way, so all of them have the same law.",
    },
)

text(
    "mine-iid-proof",
    "Proof that resampled pairs are not i.i.d.",
    rubric=[
        (1, "Splits by whether the two indices agree (chance 1/n) and gets (1 - 1/n) P_X P_Y + (1/n) P_XY."),
        (1, "Says why all pairs have this one law (the indices of every pair are drawn in the same way)."),
        (1, "Shows dependence by a definite case or event, for instance n = 1 and n' = 2, where both pairs are equal."),
    ],
)

# Resampling -----------------------------------------------------------------------------------------------------------

resample = code("mine-resample", "Resampling with replacement")


def _draw(answer, n, n_ref):
    """Return which of the n samples were drawn, as indices; x and y carry their index as their value."""
    import torch

    index = torch.arange(n, dtype=torch.float32)[:, None]
    x_ref, y_ref = answer(index, index + 10_000, n_ref)
    return {"x": x_ref, "y": y_ref - 10_000}


def _sizes(rng):
    n = int(rng.integers(40, 60))
    return n, n + int(rng.integers(20, 40)), int(rng.integers(10, 20))


def _how_many(seen, rng):
    n, more, fewer = _sizes(rng)
    for name, wanted in (("more", more), ("fewer", fewer)):
        x, y = np.ravel(seen[f"{name}.x"]), np.ravel(seen[f"{name}.y"])
        if {len(x), len(y)} == {n}:
            return f"asked for n' = {wanted} pairs you gave n = {n}: the number of pairs is n', whatever n is."
        if len(x) != wanted or len(y) != wanted:
            return f"asked for n' = {wanted} pairs you gave {len(x)} values of x and {len(y)} of y."
        if set(x) & set(y + 10_000) or not (set(x) <= set(range(n)) and set(y) <= set(range(n))):
            return "x' must consist of values of x, and y' of values of y."
    return None


@resample.part("any number of pairs", judge=_how_many)
def _(answer, rng):
    n, more, fewer = _sizes(rng)
    return {"more": _draw(answer, n, more), "fewer": _draw(answer, n, fewer)}


def _replaced(seen, rng):
    n = int(rng.integers(40, 60))
    x, y = np.ravel(seen["x"]), np.ravel(seen["y"])
    if len(x) != n or len(y) != n:
        return f"asked for n' = {n} pairs you gave {len(x)}."
    if len(set(x)) == n and len(set(y)) == n:
        return "with n' = n every sample comes exactly once: that is drawing without replacement."
    if len(set(x)) == n or len(set(y)) == n:
        left = "x" if len(set(x)) == n else "y"
        return f"{left} is not drawn with replacement: each of its samples comes exactly once."
    return None


@resample.part("with replacement", judge=_replaced)
def _(answer, rng):
    n = int(rng.integers(40, 60))
    return _draw(answer, n, n)


def _independent(seen, rng):
    n = int(rng.integers(6, 9))
    x, y, again = np.ravel(seen["x"]), np.ravel(seen["y"]), np.ravel(seen["again"])
    if len(x) != len(y) or len(x) < 1000:
        return "too few pairs came back to see whether they are independent."
    if np.array_equal(x, y):
        return "the same indices pick x' and y': the pairs are not broken up, the reference is the joint sample again."
    if np.array_equal(x, again):
        return "two calls give the same draw: is a seed set inside the function?"
    if set(range(n)) - set(x) or set(range(n)) - set(y):
        return "some sample is never drawn: which end of the range is exclusive?"
    if np.array_equal(np.sort(x), np.sort(y)):  # by chance less than once in a thousand million
        return "y' has the same indices as x', in another order: draw an index of its own for each y'."
    for name, drawn in (("x'", x), ("y'", y)):
        counts = np.bincount(drawn.astype(int), minlength=n)
        if ((counts - len(drawn) / n) ** 2).sum() / (len(drawn) / n) < 0.01:  # by chance once in a million
            return f"every sample comes equally often in {name}: an independent draw leaves that to chance."
    table = np.histogram2d(x, y, bins=[np.arange(n + 1) - 0.5] * 2)[0]
    if (np.diag(table) == 0).all():
        return "x_i never meets y_i: with independent indices it does, with chance 1/n."
    wanted = len(x) / n**2
    if ((table - wanted) ** 2 / wanted).sum() > n**2 + 8 * np.sqrt(2) * n:  # a chi-square, 8 standard deviations up
        return "x' and y' are not independent: draw an index for each of them separately and evenly."
    return None


@resample.part("independent", judge=_independent)
def _(answer, rng):
    n = int(rng.integers(6, 9))
    return _draw(answer, n, 4000) | {"again": _draw(answer, n, 4000)["x"]}


# The critic -----------------------------------------------------------------------------------------------------------

forward = code("mine-forward", "The critic's forward")


def _critic(rng):
    """Return n, x, y and layers whose output tells every wiring apart: x + 10 y."""
    import torch

    n = int(rng.integers(5, 9))
    x, y = (torch.tensor(rng.normal(size=(n, 1)), dtype=torch.float32) for _ in range(2))
    layers = torch.nn.Linear(2, 1, bias=False)
    layers.weight.data = torch.tensor([[1.0, 10.0]])
    return n, x, y, layers


def _scores(seen, rng):
    n, x, y, _ = _critic(rng)
    t, x, y = np.squeeze(seen["t"]), x.numpy().ravel(), y.numpy().ravel()
    right = x + 10 * y
    if t.shape == (n, 2):
        return "this is the pair (x, y) itself: send it through self.layers."
    if t.shape != (n,):
        return f"one score for each of the {n} pairs is wanted, your answer has shape {t.shape}."
    for wiring in (right, y + 10 * x):  # which of the two comes first is a matter of taste
        if np.allclose(t, wiring, rtol=1e-4, atol=1e-5):
            return None if seen["graph"] else "the score cannot be differentiated: leave out detach, item and no_grad."
        if np.allclose(t, np.exp(wiring), rtol=1e-4):
            return "the critic is the log ratio: no exponential."
        if np.allclose(t, -wiring, rtol=1e-4, atol=1e-5):
            return "the sign of the score is wrong."
        if np.allclose(t, 1 / (1 + np.exp(-wiring)), rtol=1e-4):
            return "the critic takes any real value: no sigmoid at the end."
        if np.allclose(t, np.tanh(wiring), rtol=1e-4):
            return "the critic takes any real value: no tanh at the end."
    if np.allclose(t, 11 * x, rtol=1e-4, atol=1e-5) or np.allclose(t, 11 * y, rtol=1e-4, atol=1e-5):
        return "the score must depend on both x and y: one of them comes twice."
    mixed = np.add.outer(x, 10 * y)  # every x with every y
    if (np.abs(mixed.ravel()[:, None] - t).min(0) < 1e-3).all():
        return "the pairs are mixed up: t[i] must belong to x[i] and y[i]."
    return "the scores are not self.layers of the pairs (x, y)."


@forward.part("the scores", judge=_scores)
def _(answer, rng):
    import torch

    _, x, y, layers = _critic(rng)
    critic = answer() if isinstance(answer, type) else answer
    critic.layers = layers
    t = critic(x, y)
    return {"t": t, "graph": float(bool(getattr(t, "requires_grad", False)))} if torch.is_tensor(t) else t


class _Wrong:
    """A lazily built wrong critic, so that importing this module leaves torch alone."""

    def __init__(self, wiring):
        self.wiring, self.layers = wiring, None

    def __call__(self, x, y):
        return self.wiring(self.layers, x, y)


def _stacked(layers, x, y):
    import torch

    return layers(torch.cat([x, y], dim=0))


forward.mistake("the axis is wrong: x and y go side by side, n rows and two columns, not one below the other.")(
    _Wrong(_stacked)
)
forward.mistake("x and y are added before the critic sees them: concatenate them, two columns.")(
    _Wrong(lambda layers, x, y: layers(x + y))
)

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


# Reach the truth ------------------------------------------------------------------------------------------------------

RHO = 0.9
TRUTH = -0.5 * np.log(1 - RHO**2)

numeric(
    "mine-truth",
    "The truth",
    value=float(TRUTH),
    unit="nats",
    rtol=5e-3,
    right="-½ log(1 - ρ²), in nats.",
    mistakes={
        float(-np.log(1 - RHO**2)): "twice the truth: where is the factor ½?",
        float(-0.5 * np.log(1 - RHO)): "ρ enters squared.",
        float(-0.25 * np.log(1 - RHO**2)): "half the truth: ½ log(1 - ρ²) already contains the square root.",
        RHO**2: "that is ρ², a share of explained variance, not an information.",
    },
)

reach = code("mine-reach", "Reach the truth", seconds=30)


def _value(t, t_ref):
    """Return the Donsker-Varadhan value of scores."""
    top = t_ref.max()
    return t.mean() - np.log(np.exp(t_ref - top).mean()) - top


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
    if t.min() > 0 and t_ref.min() > 0 and _value(np.log(t), np.log(t_ref)) > TRUTH - 0.15:
        return "this critic is the density ratio: hand over its logarithm."
    if old > value + 0.25:
        return (
            f"trained on the test set? Your critic reaches {old:.2f} nats on the samples it was trained with, but "
            f"{value:.2f} on new ones: hold samples out and stop earlier."
        )
    return f"on new samples the critic reaches {value:.2f} nats, too far from the truth: train longer."


@reach.part("on new samples", judge=_reached)
def _(answer, rng):
    import torch

    from mi_lab.laws import BivariateGaussian

    law, seed = BivariateGaussian(RHO), int(rng.integers(2**31))
    (x, y), (x_ref, y_ref) = law.sample(10_000, seed), law.sample_product(10_000, seed + 1)
    x_old, y_old = law.sample(2000, seed=7)  # what the exercise gave for training
    with torch.no_grad():
        return {
            "joint": answer(x, y),
            "reference": answer(x_ref, y_ref),
            "old": answer(x_old, y_old),
            "old_reference": answer(x_old, y_old.roll(1, 0)),
        }
