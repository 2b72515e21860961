"""The exercises of the chapter on the information bottleneck."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

numeric(
    "bottleneck-ceiling",
    "What three bins can hold",
    value=2 * np.log(3),
    unit="nats",
    rtol=5e-3,
    right="two units of three bins have nine cells, and a law on nine cells has at most log 9 nats.",
    mistakes={
        np.log(4096): "that is the ceiling of the words: nine cells can't tell 4,096 words apart.",
        np.log(3): "that is one unit: two of them have 3 · 3 cells.",
        np.log(2): "that is the ceiling of a label: asked is what the cells can tell about X.",
        np.log(6): "3 + 3 counts the bins: the cells are pairs of bins, 3 · 3.",
        np.log(8): "2³ exchanges base and exponent: two units of three bins have 3² cells.",
        9.0: "that is the number of cells: the information is at most its logarithm.",
    },
)

choice(
    "bottleneck-sign",
    "The sign of the term",
    right="c",
    reasons={
        "a": "the code is charged only if its information is added to the loss: here it is taken away.",
        "b": "the critic's own step raises the value, and is right to; the encoder's sign is not.",
        "c": "the encoder descends the loss, so it climbs the information: it is paid for what it was to forget.",
        "d": "a lower bound has a gradient all the same, and the encoder follows it.",
    },
)

# One step of Blahut and Arimoto ---------------------------------------------------------------------------------------

step = code("bottleneck-step", "One step of Blahut and Arimoto")


@step.part("the new encoder")
def _(answer, rng):
    found = {}
    for name, beta in (("a low price", 0.2), ("a high price", 1.7)):
        p = rng.dirichlet(np.full(12, 0.8)).reshape(4, 3) + 0.01
        found[name] = answer(p / p.sum(), rng.dirichlet(np.ones(5), 4), beta)
    return found


def _parts(p, q):
    p_x = p.sum(1)
    q_z = p_x @ q
    given_x, given_z = p / p_x[:, None], (q.T @ p) / q_z[:, None]  # p(y|x), q(y|z)
    d = (given_x[:, None] * np.log(given_x[:, None] / given_z)).sum(-1)
    return q_z, given_x, given_z, d


@step.reference
def _(p, q, beta):
    q_z, _, _, d = _parts(p, q)
    new = q_z * np.exp(-d / beta)
    return new / new.sum(1, keepdims=True)


@step.mistake("the sign: a letter whose q(y|z) lies far from p(y|x) is to become less likely, exp(-D/β).")
def _(p, q, beta):
    q_z, _, _, d = _parts(p, q)
    new = q_z * np.exp(d / beta)
    return new / new.sum(1, keepdims=True)


@step.mistake("q(z) is missing: a letter that is used more often costs less to use.")
def _(p, q, beta):
    d = _parts(p, q)[3]
    new = np.exp(-d / beta)
    return new / new.sum(1, keepdims=True)


@step.mistake("divide by β, don't multiply: a high price of what is kept makes the letters more alike.")
def _(p, q, beta):
    q_z, _, _, d = _parts(p, q)
    new = q_z * np.exp(-d * beta)
    return new / new.sum(1, keepdims=True)


@step.mistake("each row must sum to one: divide by the sum over z.")
def _(p, q, beta):
    q_z, _, _, d = _parts(p, q)
    return q_z * np.exp(-d / beta)


@step.mistake("normalised along the wrong axis: for each x the probabilities of all z sum to one.")
def _(p, q, beta):
    q_z, _, _, d = _parts(p, q)
    new = q_z * np.exp(-d / beta)
    return new / new.sum(0)


@step.mistake("the divergence the other way round: it is that of p(y|x) from q(y|z), averaged under p(y|x).")
def _(p, q, beta):
    q_z, given_x, given_z, _ = _parts(p, q)
    d = (given_z * np.log(given_z / given_x[:, None])).sum(-1)
    new = q_z * np.exp(-d / beta)
    return new / new.sum(1, keepdims=True)


@step.mistake("the old q(z|x) has taken the place of q(z): the marginal is the same for all x.")
def _(p, q, beta):
    d = _parts(p, q)[3]
    new = q * np.exp(-d / beta)
    return new / new.sum(1, keepdims=True)


@step.mistake("weigh the letters of X by p(x): they aren't equally likely.")
def _(p, q, beta):
    given_x = p / p.sum(1, keepdims=True)
    q_z = q.mean(0)
    given_z = (q.T @ given_x) / q.sum(0)[:, None]
    d = (given_x[:, None] * np.log(given_x[:, None] / given_z)).sum(-1)
    new = q_z * np.exp(-d / beta)
    return new / new.sum(1, keepdims=True)


# The rate of a Gaussian code ------------------------------------------------------------------------------------------

rate = code("bottleneck-rate", "The rate of a Gaussian code")


@rate.part("the rate")
def _(answer, rng):
    import torch

    n, d = int(rng.integers(20, 40)), int(rng.integers(3, 6))
    mean = torch.tensor(rng.normal(0.5, 1, (n, d)), dtype=torch.float32)
    std = torch.tensor(rng.uniform(0.2, 0.8, (n, d)), dtype=torch.float32)
    return answer(mean, std)


@rate.reference
def _(mean, std):
    return ((mean**2 + std**2 - 1) / 2 - std.log()).sum(1).mean()


@rate.mistake("an average over columns as well: independent columns add their divergences.")
def _(mean, std):
    return ((mean**2 + std**2 - 1) / 2 - std.log()).mean()


@rate.mistake("that is the sum over the rows: the expectation over X becomes their average.")
def _(mean, std):
    return ((mean**2 + std**2 - 1) / 2 - std.log()).sum()


@rate.mistake("the sign of the logarithm: a narrow law is farther from the standard one, and -log of its width grows.")
def _(mean, std):
    return ((mean**2 + std**2 - 1) / 2 + std.log()).sum(1).mean()


@rate.mistake("the means are missing: a law that is moved away from zero costs, too.")
def _(mean, std):
    return ((std**2 - 1) / 2 - std.log()).sum(1).mean()


@rate.mistake("std is a standard deviation: its square is the variance.")
def _(mean, std):
    return ((mean**2 + std - 1) / 2 - std.log() / 2).sum(1).mean()


@rate.mistake("the divergence the other way round: that is of the standard law from the code's.")
def _(mean, std):
    return (((mean**2 + 1) / std**2 - 1) / 2 + std.log()).sum(1).mean()


@rate.mistake("one number is wanted: take the average over the rows.")
def _(mean, std):
    return ((mean**2 + std**2 - 1) / 2 - std.log()).sum(1)


# A layer in bins ------------------------------------------------------------------------------------------------------

binned = code("bottleneck-bins", "A layer in bins")


@binned.part("the information")
def _(answer, rng):
    t = np.tanh(rng.normal(0.2, 1.0, (400, 2)) @ rng.normal(0, 1, (2, 3)))
    return {f"{bins} bins": answer(t.copy(), bins) for bins in (2, 5)}


def _shares(t, bins):
    cells = np.minimum(np.floor((t + 1) / 2 * bins), bins - 1)
    counts = np.unique(cells, axis=0, return_counts=True)[1]
    return counts / len(t)


@binned.reference
def _(t, bins):
    p = _shares(t, bins)
    return -np.sum(p * np.log(p))


@binned.mistake("a cell is a whole row: the units' entropies don't add up where the units depend on each other.")
def _(t, bins):
    return sum(-np.sum(p * np.log(p)) for p in (_shares(t[:, [k]], bins) for k in range(t.shape[1])))


@binned.mistake("that is the logarithm of the number of cells in use: they aren't equally likely.")
def _(t, bins):
    return np.log(len(_shares(t, bins)))


@binned.mistake("the bins reach from -1 to 1: from 0 to 1 all that is negative falls out of them.")
def _(t, bins):
    p = _shares(2 * np.clip(t, 0, 1) - 1, bins)
    return -np.sum(p * np.log(p))


@binned.mistake("one bin more than asked for: rounding makes half bins at both ends.")
def _(t, bins):
    counts = np.unique(np.round((t + 1) / 2 * bins), axis=0, return_counts=True)[1]
    p = counts / len(t)
    return -np.sum(p * np.log(p))


@binned.mistake("all units have been thrown into one: keep each row together.")
def _(t, bins):
    p = _shares(t.reshape(-1, 1), bins)
    return -np.sum(p * np.log(p))


@binned.mistake("only the first unit is read: a cell is a whole row.")
def _(t, bins):
    p = _shares(t[:, :1], bins)
    return -np.sum(p * np.log(p))


text(
    "bottleneck-claim",
    "A figure with a falling curve",
    rubric=[
        (1, "Says that without noise T is a function of X, so I(X;T) = H(T): infinite, or log 4096 on these words."),
        (1, "Says that what falls is H(bin T): the bins, or the range they span, decide about it."),
        (
            1,
            "Names a check: other numbers of bins, exact values, or noise of a stated width with an estimate for that.",
        ),
    ],
)
