"""The exercises of the chapter on MI-NEE."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

_LOG2 = float(np.log(2))

numeric(
    "minee-cost",
    "What a wide reference costs",
    value=6 * (_LOG2 + 1 / 8 - 1 / 2),
    unit="nats",
    rtol=5e-3,
    right="d (log s + 1/(2s²) - ½) with d = 6 and s = 2.",
    mistakes={
        _LOG2 + 1 / 8 - 1 / 2: "that is the cost in one dimension: the six coordinates add up.",
        12 * (_LOG2 + 1 / 8 - 1 / 2): "that is the cost for X and for Y together.",
        6 * (2 - 1 / 2 - _LOG2): "that is the divergence of the reference from the data: the other way round.",
        6 * (_LOG2 + 1 / 4 - 1 / 2): "the width enters squared: 1/(2s²).",
        6 * (_LOG2 + 1 / 8): "where is the -½? At s = 1 the cost must vanish.",
    },
)

choice(
    "minee-bound",
    "What the difference certifies",
    right="c",
    reasons={
        "a": "a lower bound minus two others is no lower bound: too small a D(P_X‖R_X) makes the difference too large.",
        "b": "nor is it an upper bound: too small a D(P_XY‖R_X R_Y) makes the difference too small.",
        "c": "the error is the sum of the two marginal gaps minus the joint gap, and may have either sign.",
        "d": "the two marginal gaps add up: the error can be larger than the largest of the three.",
    },
)

choice(
    "minee-box",
    "A box that is too small",
    right="b",
    reasons={
        "a": "a small probability outside does not give a small divergence: the density ratio is infinite there.",
        "b": "where the data have mass and the reference none, the divergence is infinite, and ∞ - ∞ says nothing.",
        "c": "the three divergences are infinite, so nothing cancels: the theorem asks for finite ones.",
        "d": "X is outside the box with positive probability, so its own divergence is infinite as well.",
    },
)

# A reference of one's own ---------------------------------------------------------------------------------------------

box = code("minee-box-reference", "A uniform reference")

MANY = 4000


def _columns(rng):
    """Return x (n, 2) and y (n, 1) on scales of their own, and a factor by which to widen."""
    n = int(rng.integers(150, 250))
    scale, shift = rng.uniform(2, 5, 3) * np.array([1, 8, 1]), rng.uniform(20, 40, 3) * np.array([1, -1, 0])
    z = shift + scale * rng.standard_normal((n, 3))
    return z[:, :2], z[:, 2:], float(rng.uniform(1.4, 2.0))


def _boxes(seen, rng):
    x, y, factor = _columns(rng)
    z = np.concatenate([x, y], 1)
    if np.shape(seen["x"]) != (MANY, 2) or np.shape(seen["y"]) != (MANY, 1):
        return f"wanted {MANY} rows like those of x and of y, found {np.shape(seen['x'])} and {np.shape(seen['y'])}."
    drawn, again = np.concatenate([seen["x"], seen["y"]], 1), np.asarray(seen["again"])
    low, high = z.min(0), z.max(0)
    width, middle = high - low, (high + low) / 2
    ends = drawn.min(0), drawn.max(0)

    def spans(a, b):
        """Tell whether the draws fill exactly the box from a to b."""
        near = (np.abs(ends[0] - a) < 0.01 * (b - a) + 1e-6) & (np.abs(ends[1] - b) < 0.01 * (b - a) + 1e-6)
        return near.all() and (drawn > a - 1e-3).all() and (drawn < b + 1e-3).all()

    if spans(np.zeros(3), np.ones(3)):
        return "this is the unit box: stretch it to the data's."
    if np.isin(np.round(drawn[:, 0], 4), np.round(x[:, 0], 4)).mean() > 0.5:
        return "these are the data's own values, resampled: draw new ones, uniform on the box."
    if spans(low, high):
        return "the box just holds the data: widen its sides by the factor."
    if spans(low, low + factor * width):
        return "the box grew on one side only: keep its middle."
    if spans(middle - factor * width, middle + factor * width):
        return "twice too wide: half a side goes to the left of the middle and half to the right."
    if np.ptp(ends[0]) < 1 and np.ptp(ends[1]) < 1 + 0.01 * width.max():
        return "one box serves all columns: each column has its own smallest and largest value."
    if not spans(middle - factor * width / 2, middle + factor * width / 2):
        return "the draws do not fill the box around the middle of the data with sides wider by the factor."
    if abs((np.abs(drawn - middle) < factor * width / 4).mean(0) - 0.5).max() > 0.05:
        return "the draws are not uniform: half of them belong into the middle half of the box."
    if np.abs(np.corrcoef(drawn.T) - np.eye(3)).max() > 0.11:
        return "the columns depend on each other: a product reference needs fresh numbers for each column."
    if np.array_equal(again, seen["x"]):
        return "two calls give the same draw: is a seed set inside the function?"
    return None


@box.part("the draws", judge=_boxes)
def _(answer, rng):
    import torch

    x, y, factor = _columns(rng)
    x, y = (torch.tensor(v, dtype=torch.float32) for v in (x, y))
    x_ref, y_ref = answer(x, y, MANY, factor)
    return {"x": x_ref, "y": y_ref, "again": answer(x, y, MANY, factor)[0]}


# The loss of three critics --------------------------------------------------------------------------------------------

loss = code("minee-loss", "The loss of three critics")


def _scores(rng, grad=False):
    """Return three pairs of scores (t, t'), for the joint critic and the two marginal ones."""
    import torch

    def scores(mean, n):
        return torch.tensor(rng.normal(mean, 0.6, n), dtype=torch.float32, requires_grad=grad)

    n, n_ref = int(rng.integers(20, 40)), int(rng.integers(50, 90))
    return [(scores(m, n), scores(-m, n_ref)) for m in (0.8, 0.3, 0.5)]


@loss.part("the value", weight=1)
def _(answer, rng):
    return answer(*_scores(rng))


@loss.part("the gradient", weight=2)
def _(answer, rng):
    pairs = _scores(rng, grad=True)
    answer(*pairs).sum().backward()
    named = zip(("joint", "first", "second"), pairs, strict=True)
    return {
        f"{name}.{which}": 0 * t.detach() if t.grad is None else t.grad
        for name, pair in named
        for which, t in zip(("data", "reference"), pair, strict=True)
    }


def _value(t, t_ref):
    return t.mean() - t_ref.exp().mean().log()


@loss.reference
def _(*pairs):
    total = 0.0
    for t, t_ref in pairs:
        total = total + t_ref.exp().mean().log() - t.mean()
    return total


@loss.form
def _(joint, one, two):
    first = joint[1].exp().mean().log() - joint[0].mean()
    second = one[1].exp().mean().log() - one[0].mean()
    third = two[1].exp().mean().log() - two[0].mean()
    return first + second + third


@loss.form
def _(joint, one, two):
    total = 0.0
    for t, t_ref in (joint, one, two):
        total = total + t_ref.exp().mean().log() - t.mean()
    return total


@loss.mistake(
    "this is the estimate itself, whose marginal scores are taken away: a loss takes minus each of the three."
)
def _(joint, one, two):
    return _value(*joint) - _value(*one) - _value(*two)


@loss.mistake("this is minus the estimate: it would train the two marginal critics to be as bad as they can.")
def _(joint, one, two):
    return _value(*one) + _value(*two) - _value(*joint)


@loss.mistake("the sign: a loss is made small, so the scores come with a minus.")
def _(joint, one, two):
    return _value(*joint) + _value(*one) + _value(*two)


@loss.mistake("only the joint critic would learn: all three need to be trained.")
def _(joint, one, two):
    return -_value(*joint)


@loss.mistake("close: did you forget the logarithm of the mean?")
def _(*pairs):
    return sum(t_ref.exp().mean() - t.mean() for t, t_ref in pairs)


@loss.mistake("the mean of the logarithm is not the logarithm of the mean: the exponential comes before the average.")
def _(*pairs):
    return sum(t_ref.mean() - t.mean() for t, t_ref in pairs)


@loss.mistake("logsumexp is the logarithm of a sum: divide by the number of references.")
def _(*pairs):
    return sum(t_ref.logsumexp(0) - t.mean() for t, t_ref in pairs)


@loss.mistake("n against n': the second average runs over the n' references, you divided by n.")
def _(*pairs):
    return sum((t_ref.exp().sum() / len(t)).log() - t.mean() for t, t_ref in pairs)


@loss.mistake("an average of the three losses has a third of the gradient: add them.")
def _(*pairs):
    return sum(-_value(*pair) for pair in pairs) / 3


@loss.mistake("the loss cannot be differentiated: no detach, no item.")
def _(*pairs):
    return sum(-_value(*pair) for pair in pairs).detach()


@loss.mistake("the sign of the logarithm: a loss adds log of the mean and takes the mean of t away.")
def _(*pairs):
    return sum(-t_ref.exp().mean().log() - t.mean() for t, t_ref in pairs)


@loss.mistake("this is NWJ's loss, with exp(t' - 1): Donsker and Varadhan take the logarithm of the mean.")
def _(*pairs):
    return sum((t_ref - 1).exp().mean() - t.mean() for t, t_ref in pairs)


@loss.mistake("only the two marginal critics are in it: the joint one has to be trained as well.")
def _(joint, one, two):
    return -_value(*one) - _value(*two)


@loss.mistake("data and references change places: each pair is (t, t'), data first.")
def _(*pairs):
    return -sum(_value(t_ref, t) for t, t_ref in pairs)


@loss.mistake("this is a classifier's loss, with softplus: the loss of Donsker and Varadhan is wanted.")
def _(*pairs):
    from torch.nn.functional import softplus

    return sum(softplus(-t).mean() + softplus(t_ref).mean() for t, t_ref in pairs)


@loss.mistake("only the worst of the three is trained at a time: add the three losses.")
def _(*pairs):
    return max(-_value(*pair) for pair in pairs)


@loss.mistake("each mean is divided by the number of samples once more.")
def _(*pairs):
    return sum((t_ref.exp().mean().log() - t.mean()) / len(t) for t, t_ref in pairs)


@loss.mistake("the largest score stands for the logarithm of the mean: all references count.")
def _(*pairs):
    return sum(t_ref.max() - t.mean() for t, t_ref in pairs)


# A difference that overshoots -----------------------------------------------------------------------------------------

overshoot = code("minee-overshoot", "Overshoot on purpose")


def _tables(rng):
    """Return a joint table (k, m) and a product reference r_x (k,), r_y (m,), all positive."""
    k, m = int(rng.integers(3, 6)), int(rng.integers(3, 6))
    joint, r_x, r_y = rng.uniform(0.1, 1, (k, m)), rng.uniform(0.05, 1, k), rng.uniform(0.05, 1, m)
    joint = joint + np.pad(2 * np.eye(min(k, m)), [(0, k - min(k, m)), (0, m - min(k, m))])
    return joint / joint.sum(), r_x / r_x.sum(), r_y / r_y.sum()


def _dv(t, p, q):
    top = np.max(t)
    return (p * t).sum() - np.log((q * np.exp(t - top)).sum()) - top


def _overshot(seen, rng):
    joint, r_x, r_y = _tables(rng)
    t_xy, t_x, t_y = (np.asarray(seen[name], dtype=float) for name in ("joint", "first", "second"))
    if (t_xy.shape, t_x.shape, t_y.shape) != (joint.shape, r_x.shape, r_y.shape):
        return f"wanted critics of shapes {joint.shape}, {r_x.shape}, {r_y.shape}: one value for each outcome."
    if not all(np.isfinite(t).all() for t in (t_xy, t_x, t_y)):
        return "every critic must be finite everywhere."
    p_x, p_y, both = joint.sum(1), joint.sum(0), np.outer(r_x, r_y)
    truth = (joint * np.log(joint / np.outer(p_x, p_y))).sum()
    costs = (p_x * np.log(p_x / r_x)).sum(), (p_y * np.log(p_y / r_y)).sum()
    parts = _dv(t_xy, joint, both), _dv(t_x, p_x, r_x), _dv(t_y, p_y, r_y)
    value = parts[0] - parts[1] - parts[2]
    if value >= truth + sum(costs) - 1e-5:
        return None
    if max(map(abs, parts)) < 1e-6:
        return "three idle critics score nothing: the joint critic has to find its divergence."
    if abs(value - truth) < 1e-5:
        return "three perfect critics hit the truth: to overshoot, one of them must fail."
    if np.ptp(t_xy - np.log(joint / np.outer(p_x, p_y))) < 1e-5:
        return "the reference is r_x r_y, not the product of the marginals: against it the log-ratio is another one."
    if np.ptp(t_xy - joint / both) < 1e-5:
        return "the best critic is the logarithm of the density ratio."
    if np.ptp(t_xy + np.log(joint / both)) < 1e-5:
        return "the sign: the joint law belongs above, the reference below."
    if value > truth + 1e-5 and parts[0] < truth + sum(costs) - 1e-5 and max(abs(parts[1]), abs(parts[2])) < 1e-6:
        return "it overshoots, and two critics are idle, but the joint critic finds less than its whole divergence."
    if value > truth + 1e-5 and parts[0] < truth + sum(costs) - 1e-5:
        return (
            "it overshoots, but not yet by both marginal divergences: the joint critic finds less than its divergence."
        )
    if value > truth + 1e-5:
        return "it overshoots, but not yet by both marginal divergences: which critics still do their work?"
    return f"this estimate is {value:.3f} nats where the truth is {truth:.3f}: it does not overshoot."


@overshoot.part("the estimate", judge=_overshot)
def _(answer, rng):
    t_xy, t_x, t_y = answer(*_tables(rng))
    return {"joint": t_xy, "first": t_x, "second": t_y}


text(
    "minee-ceiling",
    "Why the training score has no ceiling",
    rubric=[
        (1, "Names a critic that is large near the n samples and zero elsewhere, with mass δ under the reference."),
        (1, "Shows that its score a - log(1 + δ(e^a - 1)) exceeds a - 1 for δ ≤ e^-a, hence has no bound."),
        (1, "Says what differs when the reference is all n² pairs: the samples have mass 1/n there, hence log n."),
    ],
)
