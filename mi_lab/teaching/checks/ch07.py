"""The exercises of the chapter on MINE."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, text

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
    """Return which of the n samples were drawn, as indices; x and y carry their index in each of their two columns."""
    import torch

    index = torch.arange(n, dtype=torch.float32)[:, None].repeat(1, 2)
    x_ref, y_ref = answer(index, index + 10_000, n_ref)
    return {"x": x_ref, "y": y_ref - 10_000}


def _places(drawn) -> np.ndarray:
    """Return the indices that were drawn: of whole rows one column, of anything else all."""
    drawn = np.asarray(drawn)
    return drawn[:, 0] if drawn.ndim == 2 and drawn.shape[1] == 2 else drawn.ravel()


def _flat(drawn) -> bool:
    """Tell whether whole rows were laid end to end."""
    drawn = np.asarray(drawn)
    return drawn.ndim == 1 and len(drawn) % 2 == 0 and np.array_equal(drawn[::2], drawn[1::2])


def _torn(*drawn) -> bool:
    return any(np.ndim(v) == 2 and np.shape(v)[1] == 2 and (v[:, 0] != v[:, 1]).any() for v in drawn)


def _sizes(rng):
    n = int(rng.integers(40, 60))
    return n, n + int(rng.integers(20, 40)), int(rng.integers(10, 20))


def _how_many(seen, rng):
    n, more, fewer = _sizes(rng)
    for name, wanted in (("more", more), ("fewer", fewer)):
        if any(_flat(seen[f"{name}.{side}"]) for side in "xy"):
            return "x' and y' keep their columns: a row for each pair, not one long row of numbers."
        x, y = _places(seen[f"{name}.x"]), _places(seen[f"{name}.y"])
        if {len(x), len(y)} == {n}:
            return f"asked for n' = {wanted} pairs you gave n = {n}: the number of pairs is n', whatever n is."
        if len(x) != wanted or len(y) != wanted:
            return f"asked for n' = {wanted} pairs you gave {len(x)} values of x and {len(y)} of y."
        if set(x) <= set(np.arange(n) + 10_000) and set(y) <= set(np.arange(n) - 10_000):
            return "x' and y' have changed places: give back x', then y'."
        if set(x) & set(y + 10_000) or not (set(x) <= set(range(n)) and set(y) <= set(range(n))):
            return "x' must consist of values of x, and y' of values of y."
        if _torn(seen[f"{name}.x"], seen[f"{name}.y"]):
            return "the columns of a sample are torn apart: draw whole rows, one index for all columns of x'."
    return None


@resample.part("any number of pairs", judge=_how_many)
def _(answer, rng):
    n, more, fewer = _sizes(rng)
    return {"more": _draw(answer, n, more), "fewer": _draw(answer, n, fewer)}


def _replaced(seen, rng):
    n = int(rng.integers(40, 60))
    x, y = _places(seen["x"]), _places(seen["y"])
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
    x, y, again = (_places(seen[name]) for name in ("x", "y", "again"))
    if _torn(seen["x"], seen["y"]):
        return "the columns of a sample are torn apart: draw whole rows, one index for all columns of x'."
    if len(x) != len(y) or len(x) < 1000:
        return "too few pairs came back to see whether they are independent."
    if np.array_equal(x, y):
        return "the same indices pick x' and y': the pairs are not broken up, the reference is the joint sample again."
    if np.array_equal(x, again):
        return "two calls give the same draw: is a seed set inside the function?"
    if set(range(n)) - set(x) or set(range(n)) - set(y):
        missing = (set(range(n)) - set(x)) | (set(range(n)) - set(y))
        if missing <= {0, n - 1}:
            return "some sample is never drawn: which end of the range is exclusive?"
        return f"{len(missing)} of the {n} samples are never drawn in {len(x)} pairs."
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
