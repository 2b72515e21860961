"""The exercises of the chapter on private encoders."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

numeric(
    "private-kept",
    "What is kept",
    value=7.600902459542082,
    unit="nats",
    rtol=5e-3,
    right="the picture is a function of its codes, in whatever order: I(X;Z) = H(X) = log 2000.",
    mistakes={
        0.0: "the order is random, the codes are not: the set of them still determines the picture.",
        152.01804919084164: "layers don't add up: each is undone, and log 2000 is all there is to know.",
        2000.0: "that counts pictures: their information is its logarithm.",
        3.800451229771041: "the shuffling takes nothing away, let alone half.",
    },
)

choice(
    "private-small",
    "A small estimate",
    right="c",
    reasons={
        "a": "a lower bound has no error bar towards above: the critic may have missed nearly all.",
        "b": "that InfoNCE can't say more than log 250 limits what it says, and not what is there.",
        "c": "that is all that a lower bound says; an encoder that can be undone keeps log 5000.",
        "d": "an attack that looks elsewhere than the critic may name them all: it did on this page.",
    },
)

# What the attack proves -----------------------------------------------------------------------------------------------

proves = code("private-proved", "What the attack proves")


@proves.part("the nats")
def _(answer, rng):
    n = int(rng.integers(40, 400))
    found = {"some are right": answer(int(0.3 * n), n), "most are right": answer(n - 3, n)}
    return found | {"all are right": answer(n, n), "no better than chance": answer(1, n)}


def _two(s, n):
    """The divergence of a bit that is 1 with probability s from one with 1/n."""
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = (1 - s) * np.log((1 - s) * n / (n - 1)) if s < 1 else 0.0
        return s * np.log(s * n) + wrong


@proves.reference
def _(right, n):
    return _two(right / n, n)


@proves.mistake("the share of wrong guesses is missing: add (1 - s) log((1 - s) n / (n - 1)).")
def _(right, n):
    return right / n * np.log(right)


@proves.mistake("a success of s is not s of the entropy: compare s with the chance 1/n, in both terms.")
def _(right, n):
    return right / n * np.log(n)


@proves.mistake("a wrong guess has the chance (n - 1)/n under the product, not 1/n.")
def _(right, n):
    s = right / n
    return s * np.log(s * n) + ((1 - s) * np.log((1 - s) * n) if s < 1 else 0.0)


@proves.mistake("n is missing: without it that is minus the entropy of the bit, which compares s with nothing.")
def _(right, n):
    s = right / n
    return s * np.log(s) + ((1 - s) * np.log(1 - s) if s < 1 else 0.0)


@proves.mistake(
    "the divergence the other way round: the weights are s and 1 - s, the probabilities under the joint law."
)
def _(right, n):
    s = min(right / n, 1 - 1e-12)
    return 1 / n * np.log(1 / (s * n)) + (1 - 1 / n) * np.log((n - 1) / ((1 - s) * n))


# Before the attack is run ---------------------------------------------------------------------------------------------

deal = code("private-deal", "Before the attack is run")


@deal.part("share and entropy")
def _(answer, rng):
    found = {}
    for name, kinds in (("few signatures", 6), ("many signatures", 60)):
        n = int(rng.integers(70, 90))
        share, entropy = answer(rng.integers(0, kinds, n))
        found[name] = np.array([share, entropy], dtype=float)
    share, entropy = answer(rng.permutation(int(rng.integers(20, 30))))
    return found | {"all different": np.array([share, entropy], dtype=float)}


def _counts(labels):
    return np.unique(labels, return_counts=True)[1]


def _entropy(p):
    return float(-(p * np.log(p)).sum())


@deal.reference
def _(labels):
    counts = _counts(labels)
    return len(counts) / len(labels), _entropy(counts / counts.sum())


@deal.mistake("also among several pictures of one signature one is right on average: count the signatures.")
def _(labels):
    counts = _counts(labels)
    return (counts == 1).sum() / len(labels), _entropy(counts / counts.sum())


@deal.mistake("that is the chance that two pictures have one signature: on average each signature gives one match.")
def _(labels):
    p = _counts(labels) / len(labels)
    return float((p**2).sum()), _entropy(p)


@deal.mistake("the share is of the n pictures: divide the number of signatures by n.")
def _(labels):
    counts = _counts(labels)
    return len(counts), _entropy(counts / counts.sum())


@deal.mistake("signatures aren't equally likely: take the entropy of their shares, not the log of their number.")
def _(labels):
    counts = _counts(labels)
    return len(counts) / len(labels), float(np.log(len(counts)))


@deal.mistake("the entropy is in bits: take the natural logarithm.")
def _(labels):
    counts = _counts(labels)
    return len(counts) / len(labels), _entropy(counts / counts.sum()) / np.log(2)


@deal.mistake("that is the entropy of the picture, log n: asked is that of the signature.")
def _(labels):
    return len(_counts(labels)) / len(labels), float(np.log(len(labels)))


# How private is a channel? --------------------------------------------------------------------------------------------

epsilon = code("private-epsilon", "How private is a channel?")


@epsilon.part("the smallest epsilon")
def _(answer, rng):
    found = {}
    for name, (n, k) in (("more codes than pictures", (4, 7)), ("more pictures than codes", (8, 3))):
        q = rng.dirichlet(np.full(k, 1.5), size=n) + 0.02
        found[name] = answer(q / q.sum(1, keepdims=True))
    return found


@epsilon.reference
def _(q):
    return np.log(q.max(0) / q.min(0)).max()


@epsilon.mistake("compare pictures at one code, not codes of one picture: the maximum goes down a column.")
def _(q):
    return np.log(q.max(1) / q.min(1)).max()


@epsilon.mistake("the condition is for every code: the worst column counts, not their average.")
def _(q):
    return np.log(q.max(0) / q.min(0)).mean()


@epsilon.mistake(
    "the largest and the smallest of the whole table may belong to different codes: compare within a column."
)
def _(q):
    return np.log(q.max() / q.min())


@epsilon.mistake("that is e to the epsilon: take its logarithm.")
def _(q):
    return (q.max(0) / q.min(0)).max()


@epsilon.mistake("every pair of pictures counts, not only neighbours in the table.")
def _(q):
    return np.abs(np.diff(np.log(q), axis=0)).max()


@epsilon.mistake(
    "comparing with the average picture bounds the information, and the condition compares any two pictures."
)
def _(q):
    return np.log(q / q.mean(0)).max()


text(
    "private-letter",
    "A letter to the hospital",
    rubric=[
        (1, "Says that the number is a lower bound of one critic and bounds nothing from above."),
        (
            1,
            "Says that a fixed encoder that can be undone keeps all, or that an attack may prove more.",
        ),
        (1, "Asks for a guarantee of the channel: fresh noise and a bound for every pair, or cryptography."),
    ],
)
