"""The exercises of the chapter on limits."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

numeric(
    "limits-samples",
    "Samples for 25 nats",
    value=float(np.exp(10)),
    unit="samples",
    rtol=5e-3,
    right="2 log n + 5 = 25 gives n = e^10, about 22,000.",
    mistakes={
        float(np.exp(20)): "half of it: the logarithm counts twice.",
        float(np.exp(12.5)): "the five nats are a gift: take them off first.",
        float(np.exp(15)): "take the five nats off, do not add them.",
        10.0: "that is log n: what is n?",
        float(2**10): "the logarithm is natural: e, not 2.",
    },
)

choice(
    "limits-claim",
    "What the limit forbids",
    right="c",
    reasons={
        "a": "they can't *certify* more for every law; an estimate that assumes something may say more and be right.",
        "b": "the limit is about a number that is below the truth with high probability, not about expectations.",
        "c": "if the data are Gaussian it may be right, and if not it promises nothing: no distribution-free bound.",
        "d": "the limit holds for every recipe that promises to be below the truth for every law, fits included.",
    },
)

choice(
    "limits-halves",
    "Which samples may certify?",
    right="b",
    reasons={
        "a": "the second part chose: among four critics and many epochs it kept those on which it had luck.",
        "b": "choosing is learning: only the third part had no say in the critic.",
        "c": "it was not trained on, but it chose the critic, and so flatters it.",
        "d": "valid for every law, yes, but only for a critic in which the samples had no part.",
    },
)

# The gain of a couple -------------------------------------------------------------------------------------------------

gains = code("limits-gains", "What a couple gains")


def _scores(rng):
    """Return scores of joint and of crossed pairs, (N, 2) each, and where to clip them; some lie outside."""
    number = int(rng.integers(20, 40))
    own, crossed = rng.normal(1.5, 2.5, (number, 2)), rng.normal(-1, 2.5, (number, 2))
    return own, crossed, float(rng.uniform(1.5, 2.5)), float(rng.uniform(1.0, 2.0))


@gains.part("the gains", weight=2)
def _(answer, rng):
    return answer(*_scores(rng))


@gains.part("wild scores", weight=1)
def _(answer, rng):
    own, crossed, a, b = _scores(rng)
    return answer(own * 400, crossed * 400, a, b)


def _clip(t, a, b):
    return np.clip(t, -a, b)


@gains.reference
def _(own, crossed, a, b):
    own, crossed = _clip(own, a, b), _clip(crossed, a, b)
    return 1 + (own[:, 0] + own[:, 1]) / 2 - (np.exp(crossed[:, 0]) + np.exp(crossed[:, 1])) / 2


@gains.form
def _(own, crossed, a, b):
    own = np.clip(own, -a, b)
    crossed = np.clip(crossed, -a, b)
    return 1 + 0.5 * own.sum(1) - 0.5 * np.exp(crossed).sum(1)


@gains.form
def _(own, crossed, a, b):
    own = np.clip(own, -a, b)
    crossed = np.clip(crossed, -a, b)
    return 1 + own.mean(1) - np.exp(crossed).mean(1)


@gains.mistake("where is the clipping? One wild score would decide over the whole purse.")
def _(own, crossed, a, b):
    return 1 + own.mean(1) - np.exp(np.minimum(crossed, 700)).mean(1)


@gains.mistake("clip the joint scores as well: it must be the same critic in both terms.")
def _(own, crossed, a, b):
    return 1 + own.mean(1) - np.exp(_clip(crossed, a, b)).mean(1)


@gains.mistake("clip the crossed scores as well: it must be the same critic in both terms.")
def _(own, crossed, a, b):
    return 1 + _clip(own, a, b).mean(1) - np.exp(np.minimum(crossed, 700)).mean(1)


@gains.mistake("one nat is missing: the constant 1 stands in front.")
def _(own, crossed, a, b):
    return _clip(own, a, b).mean(1) - np.exp(_clip(crossed, a, b)).mean(1)


@gains.mistake("the mean of two scores, not their sum: halve both brackets.")
def _(own, crossed, a, b):
    return 1 + _clip(own, a, b).sum(1) - np.exp(_clip(crossed, a, b)).sum(1)


@gains.mistake("the mean of the exponentials, not the exponential of the mean.")
def _(own, crossed, a, b):
    return 1 + _clip(own, a, b).mean(1) - np.exp(_clip(crossed, a, b).mean(1))


@gains.mistake("a logarithm of the mean of two exponentials errs upwards: this gain is no lower bound.")
def _(own, crossed, a, b):
    return _clip(own, a, b).mean(1) - np.log(np.exp(_clip(crossed, a, b)).mean(1))


@gains.mistake("joint and crossed pairs have changed places.")
def _(own, crossed, a, b):
    return 1 + _clip(crossed, a, b).mean(1) - np.exp(_clip(own, a, b)).mean(1)


@gains.mistake("a number for each couple is wanted, not their mean: a purse bets on one after the other.")
def _(own, crossed, a, b):
    return (1 + _clip(own, a, b).mean(1) - np.exp(_clip(crossed, a, b)).mean(1)).mean()


@gains.mistake("the ends of the clipping have changed places: from -a to b.")
def _(own, crossed, a, b):
    return 1 + np.clip(own, -b, a).mean(1) - np.exp(np.clip(crossed, -b, a)).mean(1)


@gains.mistake("clipped above only: a score far below -a makes the floor false.")
def _(own, crossed, a, b):
    return 1 + np.minimum(own, b).mean(1) - np.exp(np.minimum(crossed, b)).mean(1)


@gains.mistake("the scores are to be clipped, not the gain that comes out.")
def _(own, crossed, a, b):
    return np.clip(1 + own.mean(1) - np.exp(np.minimum(crossed, 700)).mean(1), -a, b)


@gains.mistake("the crossed scores stand in an exponential.")
def _(own, crossed, a, b):
    return 1 + _clip(own, a, b).mean(1) - _clip(crossed, a, b).mean(1)


@gains.mistake("the sign: what the crossed pairs score is taken away.")
def _(own, crossed, a, b):
    return 1 + _clip(own, a, b).mean(1) + np.exp(_clip(crossed, a, b)).mean(1)


@gains.mistake("both pairs of a couple count, not the first alone.")
def _(own, crossed, a, b):
    return 1 + _clip(own, a, b)[:, 0] - np.exp(_clip(crossed, a, b))[:, 0]


# The purse ------------------------------------------------------------------------------------------------------------

purse = code("limits-purse", "The purse")


def _game(rng, number=None):
    """Return gains (N,), their floor, a claim and a stake."""
    floor = -float(rng.uniform(4, 8))
    number = number or int(rng.integers(30, 60))
    return rng.uniform(floor * 0.6, 3, number), floor, float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.8))


@purse.part("the logarithm", weight=2)
def _(answer, rng):
    return answer(*_game(rng))


@purse.part("forty thousand couples", weight=1)
def _(answer, rng):
    g, floor, claim, stake = _game(rng, 40_000)
    return answer(g + 1, floor, claim, stake)


def _ratio(g, floor, claim):
    return (g - floor) / (claim - floor)


@purse.reference
def _(g, floor, claim, stake):
    return np.log(1 - stake + stake * _ratio(g, floor, claim)).sum()


@purse.form
def _(g, floor, L, u):
    return np.log(1 - u + u * (g - floor) / (L - floor)).sum()


@purse.mistake("that is the purse itself: its logarithm is wanted, a sum of logarithms.")
def _(g, floor, claim, stake):
    with np.errstate(over="ignore"):
        return np.prod(1 - stake + stake * _ratio(g, floor, claim))


@purse.mistake("the part of the purse that is not staked stays: 1 - u is missing.")
def _(g, floor, claim, stake):
    return np.log(stake * _ratio(g, floor, claim)).sum()


@purse.mistake("the whole purse is staked here: only a share u is.")
def _(g, floor, claim, stake):
    return np.log(_ratio(g, floor, claim)).sum()


@purse.mistake("gain and claim are measured from the floor: subtract it from both.")
def _(g, floor, claim, stake):
    return np.log(np.abs(1 - stake + stake * g / claim)).sum()


@purse.mistake("the purses of all couples multiply, so their logarithms add: a sum, not a mean.")
def _(g, floor, claim, stake):
    return np.log(1 - stake + stake * _ratio(g, floor, claim)).mean()


@purse.mistake("the logarithm of the sum is not the sum of the logarithms.")
def _(g, floor, claim, stake):
    return np.log((1 - stake + stake * _ratio(g, floor, claim)).sum())


@purse.mistake("claim and gain have changed places: the purse grows when the gain exceeds the claim.")
def _(g, floor, claim, stake):
    return np.log(1 - stake + stake / _ratio(g, floor, claim)).sum()


@purse.mistake("a share 1 - u is staked here and u kept: the other way round.")
def _(g, floor, claim, stake):
    return np.log(stake + (1 - stake) * _ratio(g, floor, claim)).sum()


@purse.mistake("the floor is added here: it is subtracted from gain and claim.")
def _(g, floor, claim, stake):
    return np.log(np.abs(1 - stake + stake * (g + floor) / (claim + floor))).sum()


@purse.mistake("the claim, too, is measured from the floor: L - floor below the line.")
def _(g, floor, claim, stake):
    return np.log(np.abs(1 - stake + stake * (g - floor) / claim)).sum()


@purse.mistake("what is kept and what is staked add up to the purse: 1 - u, not 1.")
def _(g, floor, claim, stake):
    return np.log(1 + stake * _ratio(g, floor, claim)).sum()


@purse.mistake("the sign: this purse loses what it should win.")
def _(g, floor, claim, stake):
    return -np.log(1 - stake + stake * _ratio(g, floor, claim)).sum()


@purse.mistake("one number is wanted, the sum over all couples.")
def _(g, floor, claim, stake):
    return np.log(1 - stake + stake * _ratio(g, floor, claim))


@purse.mistake("a natural logarithm is wanted.")
def _(g, floor, claim, stake):
    return np.log2(1 - stake + stake * _ratio(g, floor, claim)).sum()


text(
    "limits-average",
    "Why purses may be averaged and not multiplied",
    rubric=[
        (
            1,
            "Says that means add whatever depends on what, so an average of fair purses is fair.",
        ),
        (1, "Says that the mean of a product factors only for independent purses."),
        (1, "Says why these are not: the samples of one purse trained the critic of the other."),
    ],
)
