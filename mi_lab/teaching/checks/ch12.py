"""The exercises of the chapter on hybrid estimators."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

_LOG2 = math.log(2)

numeric(
    "hybrid-rest",
    "What is left for the critic",
    value=0.5 * (_LOG2 - 0.5),
    unit="nats",
    rtol=5e-3,
    right="½ (v/s² - 1 - log(v/s²)) with v/s² = ½: the slope is right, so only the widths count.",
    mistakes={
        -0.5 * math.log(0.19): "that is the whole information: this proposal knows most of it.",
        -0.5 * math.log(0.19) - 0.5 * (_LOG2 - 0.5): "that is what the proposal knows: the critic gets the rest.",
        0.5 * _LOG2: "that is the difference of the logarithms of the widths alone; the squares don't cancel.",
        0.5 * (2 - 1 - _LOG2): "that is the divergence the other way round, of the proposal from the truth.",
        _LOG2 - 0.5: "a Gaussian's divergence has a factor ½ in front.",
        0.5 * (0.25 - 1 + 2 * _LOG2): "twice the variance, not twice the standard deviation.",
    },
)

choice(
    "hybrid-bounds",
    "Which hybrids certify?",
    right="ac",
    reasons={
        "a": "BA falls short by D(P_XY‖P_X Q), and DV finds no more than that.",
        "b": "the marginal model's misfit pushes a difference of entropies up, and no critic takes it away.",
        "c": "PQ is at most I(X;C) and DV at most I(X;Y|C): a sum of lower bounds is one.",
        "d": "CLUB is no lower bound, and a score that is added to it doesn't make it one.",
    },
)

# The sum --------------------------------------------------------------------------------------------------------------

value = code("hybrid-value", "The sum")


def _scores(rng, lift: float = 0.0, known: float = 1.5):
    import torch

    def draw(mean, n):
        return torch.tensor(rng.normal(mean, 0.7, n), dtype=torch.float64)

    n, n_ref = int(rng.integers(20, 40)), int(rng.integers(50, 90))
    return draw(known - 2, n), draw(-2, n), draw(lift + 0.8, n), draw(lift, n_ref)


@value.part("a model that helps", weight=1)
def _(answer, rng):
    return answer(*_scores(rng))


@value.part("a model that harms", weight=1)
def _(answer, rng):
    return answer(*_scores(rng, known=-3.0))


@value.part("scores of several hundred", weight=1)
def _(answer, rng):
    return answer(*_scores(rng, lift=900.0))


def _score(t, t_ref):
    return t.mean() - t_ref.logsumexp(0) + math.log(len(t_ref))


@value.reference
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() + _score(t, t_ref)


@value.form
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() + t.mean() - t_ref.logsumexp(0) + math.log(len(t_ref))


@value.form
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() + t.mean() - t_ref.exp().mean().log()


@value.mistake("that is the model alone: add the critic's score.")
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean()


@value.mistake("that is the critic alone: add what the model knows.")
def _(log_q, log_q_y, t, t_ref):
    return _score(t, t_ref)


@value.mistake("the marginal model is missing: what the model knows is log q(y|x) minus log q_Y(y).")
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() + _score(t, t_ref)


@value.mistake("logsumexp is the logarithm of a sum: divide by the number of references.")
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() + t.mean() - t_ref.logsumexp(0)


@value.mistake("n against n': the references are averaged over their own number.")
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() + t.mean() - t_ref.logsumexp(0) + math.log(len(t))


@value.mistake("the mean of the scores on references, where the logarithm of the mean of eᵗ belongs.")
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() + t.mean() - t_ref.mean()


value.mistake("the mean of eᵗ itself: where is its logarithm?")(
    lambda log_q, log_q_y, t, t_ref: (log_q - log_q_y).mean() + t.mean() - t_ref.clamp(max=500).exp().mean()
)

value.mistake("the marginal's logarithm is subtracted, not added: log q/q_Y is wanted.")(
    lambda log_q, log_q_y, t, t_ref: (log_q + log_q_y).mean() + _score(t, t_ref)
)

value.mistake("the critic's scores on the samples are averaged, not summed.")(
    lambda log_q, log_q_y, t, t_ref: (log_q - log_q_y).mean() + _score(t, t_ref) - t.mean() + t.sum()
)


@value.mistake("the critic's score is added, not subtracted: it is what the model has left over.")
def _(log_q, log_q_y, t, t_ref):
    return log_q.mean() - log_q_y.mean() - _score(t, t_ref)


# The noise of the denominator -----------------------------------------------------------------------------------------

noise = code("hybrid-noise", "How noisy is the denominator?")


@noise.part("the standard deviation")
def _(answer, rng):
    k, l, n_ref = (int(v) for v in rng.integers([3, 3, 20], [6, 6, 90]))
    p_x, p, q = rng.dirichlet(np.ones(k)), rng.dirichlet(np.full(l, 0.7), k), rng.dirichlet(np.full(l, 3.0), k)
    q = 0.9 * q + 0.1 / l  # nowhere tiny
    return answer(p_x, p, q, n_ref)


@noise.reference
def _(p_x, p, q, n_ref):
    ratio = p / q
    variance = sum(a * (row * (r - 1) ** 2).sum() for a, row, r in zip(p_x, q, ratio, strict=True))
    return np.sqrt(variance / n_ref)


@noise.form
def _(p_x, p, q, n_ref):
    r = p / q
    second = (p_x[:, None] * q * r**2).sum()
    mean = (p_x[:, None] * q * r).sum()
    return np.sqrt((second - mean**2) / n_ref)


@noise.form
def _(p_x, p, q, n_ref):
    r = p / q
    variance = (p_x * (q * r**2).sum(1)).sum() - 1
    return np.sqrt(variance) / np.sqrt(n_ref)


noise.mistake("that is the variance: the standard deviation is its root.")(
    lambda p_x, p, q, n_ref: ((p_x[:, None] * p * p / q).sum() - 1) / n_ref
)

noise.mistake("that is for one reference: a mean of n' has its standard deviation divided by √n'.")(
    lambda p_x, p, q, n_ref: np.sqrt((p_x[:, None] * p * p / q).sum() - 1)
)

noise.mistake("the root of n' divides a standard deviation; you divided by n' itself.")(
    lambda p_x, p, q, n_ref: np.sqrt((p_x[:, None] * p * p / q).sum() - 1) / n_ref
)

noise.mistake("subtract the square of the mean, which is 1.")(
    lambda p_x, p, q, n_ref: np.sqrt((p_x[:, None] * p * p / q).sum() / n_ref)
)

noise.mistake("the rows aren't equally probable: weight them by p_x.")(
    lambda p_x, p, q, n_ref: np.sqrt(((p * p / q).sum(1).mean() - 1) / n_ref)
)

noise.mistake("p_x is missing from the mean under the joint law.")(
    lambda p_x, p, q, n_ref: np.sqrt(abs((p * p / q).sum() - 1) / n_ref)
)

noise.mistake("that is the variance for one reference: divide it by n', and take the root.")(
    lambda p_x, p, q, n_ref: (p_x[:, None] * p * p / q).sum() - 1
)

noise.mistake("q over p: r is the true over the proposed probability.")(
    lambda p_x, p, q, n_ref: np.sqrt(((p_x[:, None] * q * q / p).sum() - 1) / n_ref)
)

noise.mistake("that is the noise against shuffled pairs: the references come from q here.")(
    lambda p_x, p, q, n_ref: np.sqrt(((p_x[:, None] * p * p / (p_x @ p)).sum() - 1) / n_ref)
)

noise.mistake("that is the spread of r under the joint law: the references come from the proposal.")(
    lambda p_x, p, q, n_ref: np.sqrt(
        ((p_x[:, None] * p * (p / q) ** 2).sum() - (p_x[:, None] * p * p / q).sum() ** 2) / n_ref
    )
)

# Another sample of the same cell --------------------------------------------------------------------------------------

cell = code("hybrid-cell", "Another sample of the same cell")


def _cells(rng):
    cells = np.concatenate([np.repeat(np.arange(4), [2, 3, 6, 12]), [4]])  # the last one is alone
    return rng.permutation(cells) * 3 + 1


def _drawn(seen, rng):
    cells, places = _cells(rng), np.asarray(seen, dtype=float)
    if places.ndim != 2 or places.shape[1] != len(cells):
        return f"wanted one place for each of the {len(cells)} samples."
    own, alone = np.arange(len(cells)), np.array([np.sum(cells == c) == 1 for c in cells])
    if np.array_equal(places, np.tile(cells, (len(places), 1))):
        return "these are the cells, and right ones: wanted are the places, 0 to n - 1, where the partners stand."
    if not np.array_equal(places, places.round()) or places.min() < 0 or places.max() >= len(cells):
        if np.array_equal(places, places.round()) and places.max() > len(cells):
            return "places are whole numbers from 0 to n - 1: return where the partner stands, not its cell."
        if places.min() < 0 and not (places[:, ~alone] < 0).any():
            return "a sample that is alone in its cell keeps its own place, and gets no negative one."
        return "places are whole numbers from 0 to n - 1, of where the partners stand among all samples."
    places = places.astype(int)
    if (places < np.array([np.sum(cells == c) for c in cells])).all():
        return "these are ranks within each cell, below the number of its samples: wanted are places among all samples."
    if (cells[places] != cells).mean() > 0.5:
        return "most partners come from other cells: look only among the samples of the same cell."
    if (places[:, alone] != own[alone]).any():
        return "a sample that is alone in its cell keeps its own place."
    if (cells[places] != cells).any():
        share = (cells[places] != cells).mean()
        return f"{share:.0%} of the partners come from other cells: look only among the samples of the same cell."
    if (places == own)[:, ~alone].any():
        return "some samples were paired with themselves: another sample is wanted, where there is one."
    if (places == places[0]).all():
        return "every call gives the same partners: draw them with rng."
    many = np.flatnonzero(cells == np.bincount(cells).argmax())
    share = np.array([[np.mean(places[:, i] == j) for j in many] for i in many])
    if np.abs(share[~np.eye(len(many), dtype=bool)] - 1 / (len(many) - 1)).max() > 6 / math.sqrt(12 * len(places)):
        return "not every other sample of the cell is equally likely to be drawn."
    return _tied(places[:, many], many)


def _tied(places, many):
    """Say whether the samples of one cell draw together: alone each may be right, and yet one draw tells another."""
    rank, (i, j) = np.searchsorted(many, places), np.triu_indices(len(many), 1)
    step = (rank - np.arange(len(many))) % len(many)  # 1 to m - 1, evenly
    same, by_chance = (step[:, i] == step[:, j]).mean(), 1 / (len(many) - 1)
    meet, by_chance_too = (rank[:, i] == rank[:, j]).mean(), (len(many) - 2) / (len(many) - 1) ** 2
    allowed = 6 * math.sqrt(by_chance / rank[:, i].size)  # couples of independent draws agree independently
    if same > 0.9:
        return "all samples of a cell move by one common step: draw a partner for each of them by itself."
    if meet == 0:
        return "the partners of a cell exclude each other, as in a permutation: draw one for each sample by itself."
    if max(abs(same - by_chance), abs(meet - by_chance_too)) > allowed:
        return "the partners of a cell depend on each other: draw one for each sample by itself."
    return None


@cell.part("the partners", judge=_drawn)
def _(answer, rng):
    cells, own = _cells(rng), np.random.default_rng(int(rng.integers(2**31)))
    return np.stack([np.asarray(answer(cells.copy(), own)) for _ in range(400)])


text(
    "hybrid-why",
    "Where did the nats go?",
    rubric=[
        (1, "Names the marginal model's misfit, D(P_Y‖q_Y), as the only upward term of exact expectations."),
        (1, "Tells it from the denominator: fresh references, or the marginal's held-out likelihood."),
        (1, "Says what to do: a richer marginal family, PQ or known h(Y); a wider proposal if it is the denominator."),
    ],
)
