"""The exercises of the chapter on samples of the product."""

import math

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

choice(
    "product-couples",
    "Couples in a batch",
    right="b",
    reasons={
        "a": "a shuffle may leave a pair in its place: a permutation without one is special, and has a name.",
        "b": "each of the 128 stays with chance 1/128, and these chances add up to one.",
        "c": "1/e is the chance that none survives, not the share that does.",
        "d": "the shuffle doesn't look at the data: its fixed points have nothing to do with their law.",
    },
)

numeric(
    "product-batch",
    "How large a batch?",
    value=float(math.ceil(math.exp(10))),
    rtol=0,
    atol=0.01,
    right="log n must be at least 10, so n is at least e to the tenth.",
    mistakes={
        float(math.floor(math.exp(10))): "its logarithm is just below 10: round up.",
        math.exp(10): "a batch holds a whole number of pairs: round up.",
        1024.0: "that is 2 to the tenth: the ten are nats, not bits.",
        float(10**10): "that is 10 to the tenth: the logarithm is natural.",
        float(math.ceil(math.exp(20))): "that is where the bound on the loss gets small; the ceiling asks for less.",
        128.0: "log 128 is less than 5.",
    },
)

choice(
    "product-statements",
    "Which sentence is true?",
    right="c",
    reasons={
        "a": "only if X and Y are independent: else a couple survives with chance 1/n, and the pairs are dependent.",
        "b": "two draws can take the same sample, so they are correlated unless X and Y are constants.",
        "c": "the data being fixed, only the indices are random, and those are independent and uniform.",
        "d": "each pair alone has that law, but one pair's x and another's y may be a couple.",
    },
)

# All strangers at once ------------------------------------------------------------------------------------------------

strangers = code("product-strangers", "All strangers at once")


@strangers.part("the mean")
def _(answer, rng):
    scores = rng.normal(1.0, 2.0, (int(rng.integers(4, 9)),) * 2)
    return {"scores": answer(scores), "-scores": answer(-scores)}  # means of either sign


@strangers.reference
def _(scores):
    return scores[~np.eye(len(scores), dtype=bool)].mean()


@strangers.mistake("the diagonal is in it: those are couples, and they bring the bias of one part in n.")
def _(scores):
    return scores.mean()


@strangers.mistake("the diagonal left the sum but not the count: how many pairs of strangers are there?")
def _(scores):
    return (scores.sum() - np.trace(scores)) / scores.size


@strangers.mistake("those are the couples: the strangers stand off the diagonal.")
def _(scores):
    return np.trace(scores) / len(scores)


@strangers.mistake("that is half of the strangers: below the diagonal there are others.")
def _(scores):
    return scores[np.triu_indices(len(scores), 1)].mean()


@strangers.mistake("a sum where an average belongs.")
def _(scores):
    return scores.sum() - np.trace(scores)


# A derangement --------------------------------------------------------------------------------------------------------

deranged = code("product-derangement", "A derangement")
DRAWS = 3000  # of four indices: nine derangements, each expected DRAWS / 9 times


def _permutation(seen, rng):
    for name, order in seen.items():
        if "." in name:
            return "one array of n indices is wanted, your function gave several values: give back the array alone."
        n, order = int(name.removeprefix("n")), np.ravel(order)
        if len(order) != n:
            return f"for n = {n} an array of {n} indices is wanted, yours has {len(order)}."
        if set(order) != set(range(n)):
            return f"for n = {n} that is no permutation of 0 to {n - 1}: some index is missing or comes twice."
    return None


@deranged.part("a permutation", judge=_permutation)
def _(answer, rng):
    return {f"n{n}": answer(n, rng) for n in (2, 3, int(rng.integers(20, 40)))}


def _apart(seen, rng):
    stay = np.ravel(seen["stay"])
    if stay.all():
        return "every index stays in its place: nothing was shuffled."
    return "an index may stay in its place: look at the fixed points before you hand it out." if stay.any() else None


@deranged.part("no fixed point", judge=_apart)
def _(answer, rng):
    sizes = rng.integers(2, 12, 60)
    return {"stay": np.array([np.sum(np.ravel(answer(int(n), rng)) == np.arange(n)) for n in sizes])}


def _even(seen, rng):
    draws = np.asarray(seen["draws"])
    if draws.shape != (DRAWS, 4):
        return "for n = 4 an array of 4 indices is wanted."
    kinds, counts = np.unique(draws, axis=0, return_counts=True)
    if len(kinds) == 1:
        return "every call gives the same: draw with the generator that is handed in."
    if any(sorted(kind) != [0, 1, 2, 3] or (kind == np.arange(4)).any() for kind in kinds):
        return "for n = 4 not all of them are derangements."
    shifts = all(len({(v - k) % 4 for k, v in enumerate(kind)}) == 1 for kind in kinds)
    if shifts:
        return "these are shifts only: of the nine derangements of four indices you give three."
    if len(kinds) == 6 and all(_is_cycle(kind) for kind in kinds):
        return "these are cycles only: two exchanged couples are a derangement as well."
    if not np.array_equal(seen["once"], seen["again"]):
        return (
            "two generators in the same state give two results: draw all that is random from rng, and from rng alone."
        )
    wanted = DRAWS / 9
    padded = np.zeros(9)
    padded[: len(counts)] = counts
    if ((padded - wanted) ** 2 / wanted).sum() > 50:  # eight degrees of freedom: below one in ten million by chance
        return "all are derangements, but not equally likely: mending a permutation favours some of them."
    return None


def _is_cycle(order) -> bool:
    return len({0, order[0], order[int(order[0])], order[int(order[int(order[0])])]}) == 4


@deranged.part("equally likely", judge=_even)
def _(answer, rng):
    once, again = (np.ravel(answer(30, np.random.default_rng(5))) for _ in range(2))
    return {"draws": np.array([np.ravel(answer(4, rng)) for _ in range(DRAWS)]), "once": once, "again": again}


text(
    "product-two",
    "The smallest derangement",
    rubric=[
        (1, "Each pair joins an x and a y of different samples, so its law is the product of the marginals."),
        (1, "X'_1 and Y'_2 are X_1 and Y_1, so the covariance is that of f(X) and g(Y)."),
        (1, "Concludes both ways: dependent pairs if X and Y are dependent, independent ones if they aren't."),
    ],
)
