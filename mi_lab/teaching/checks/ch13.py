"""The exercises of the chapter on gradients without values."""

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

numeric(
    "gradients-scale",
    "The gradient of a scale",
    value=6.0,
    unit="nats",
    rtol=5e-3,
    right="h(aX) = h(X) + d log a, and d/a is 3/.5.",
    mistakes={
        2.0: "that is the slope in one dimension: each of the three columns adds its own.",
        -2.079441541679836: "that is what the scaling adds to the entropy, d log a: asked is its derivative.",
        1.5: "d·a is the derivative of nothing here: the derivative of log a is 1/a.",
        12.0: "d/a² is the size of the second derivative: the first one is d/a.",
        -6.0: "the sign: a larger scale spreads the law, so its entropy rises.",
    },
)

choice(
    "gradients-noise",
    "An encoder without noise",
    right="b",
    reasons={
        "a": "I(X;Z) is infinite before and after the training: it can't rise.",
        "b": "a continuous Z that is a function of X tells infinitely much; h(Z) is what moves.",
        "c": "the entropy's gradient needs no noise, and a larger scale always raises h(Z).",
        "d": "for a continuous Z no entropy of Z given X is zero: h(Z|X) is minus infinity.",
    },
)

# The gradient of an entropy -------------------------------------------------------------------------------------------

gradient = code("gradients-entropy", "The gradient of an entropy")


@gradient.part("the gradient")
def _(answer, rng):
    import torch

    n, d = int(rng.integers(20, 40)), int(rng.integers(3, 5))
    score, moved = torch.tensor(rng.normal(0.4, 1, (2, n, d)), dtype=torch.float32)
    return answer(score, moved)


@gradient.reference
def _(score, moved):
    return -(score * moved).sum(1).mean()


@gradient.mistake("the sign: samples that move towards the crowd, up the score, lower the entropy.")
def _(score, moved):
    return (score * moved).sum(1).mean()


@gradient.mistake("an average over columns as well: a dot product is a sum over the columns.")
def _(score, moved):
    return -(score * moved).mean()


@gradient.mistake("that is the sum over the samples: an expectation becomes their average.")
def _(score, moved):
    return -(score * moved).sum()


@gradient.mistake("an average of products is not the product of averages: multiply sample by sample, then average.")
def _(score, moved):
    return -(score.mean(0) * moved.mean(0)).sum()


@gradient.mistake("one number is wanted: sum over the columns too.")
def _(score, moved):
    return -(score * moved).mean(0)


# Stein's coefficients -------------------------------------------------------------------------------------------------

stein = code("gradients-stein", "A score by Stein's identity")


@stein.part("the score")
def _(answer, rng):
    import torch

    n, number, d = int(rng.integers(20, 30)), int(rng.integers(3, 6)), int(rng.integers(2, 4))
    functions = torch.tensor(rng.normal(0.3, 1, (n, number)), dtype=torch.float32)
    slopes = torch.tensor(rng.normal(0.5, 1, (n, number, d)), dtype=torch.float32)
    return answer(functions, slopes)


@stein.reference
def _(functions, slopes):
    return -functions @ slopes.mean(0)


@stein.mistake("the sign: Stein's identity has a minus, a_j = -avg ∇φ_j.")
def _(functions, slopes):
    return functions @ slopes.mean(0)


@stein.mistake("divide by n: the coefficients are averages over the samples, not sums.")
def _(functions, slopes):
    return -functions @ slopes.sum(0)


@stein.mistake("average the slopes first: each sample has used its own slope in the place of the coefficient.")
def _(functions, slopes):
    return -(functions[:, :, None] * slopes).sum(1)


@stein.mistake("the functions are added up, not averaged: no division by their number.")
def _(functions, slopes):
    return -functions @ slopes.mean(0) / functions.shape[1]


@stein.mistake("these are the coefficients: sum them, each times its function at the sample.")
def _(functions, slopes):
    return -slopes.mean(0)


# A term of a loss -----------------------------------------------------------------------------------------------------

term = code("gradients-term", "A term of a loss")


@term.part("its gradient")
def _(answer, rng):
    import torch

    n, found = int(rng.integers(20, 40)), {}
    weights = torch.tensor([1.5, 0.5, 1.0, 2.0])
    for name, sign, d in (("a score that pulls", -1, 3), ("a score that pushes", 1, 4)):  # values of either sign
        x = torch.tensor(rng.normal(0.5, 1, (n, d)), dtype=torch.float32)
        theta = torch.tensor(rng.uniform(1, 2, d), dtype=torch.float32, requires_grad=True)
        answer(lambda v, by=sign * weights[:d]: v * by + 0.3, theta * x).backward()
        found[name] = torch.zeros(d) if theta.grad is None else theta.grad
    return found


@term.reference
def _(score, z):
    return -(score(z).detach() * z).sum(1).mean()


@term.mistake("the score is to be held fixed: detach it, else its own derivative is added.")
def _(score, z):
    return -(score(z) * z).sum(1).mean()


@term.mistake("the sign: the gradient of the entropy has a minus before the score.")
def _(score, z):
    return (score(z).detach() * z).sum(1).mean()


@term.mistake("no gradient arrives: detach the score, and leave z its graph.")
def _(score, z):
    return (score(z) * z).detach().mean() + 0 * z.sum()


@term.mistake("the wrong one is detached: z has to carry the gradient, the score is fixed.")
def _(score, z):
    return -(score(z) * z.detach()).sum(1).mean()


@term.mistake("an average over columns too: the dot product sums over the columns.")
def _(score, z):
    return -(score(z).detach() * z).mean()


@term.mistake("that is the sum over the samples: take their average.")
def _(score, z):
    return -(score(z).detach() * z).sum()


text(
    "gradients-value",
    "What the gradient doesn't tell",
    rubric=[
        (1, "Says that the score fixes log q only up to a constant, so that neither entropy nor information follows."),
        (1, "Names a question that needs the value: significance, comparing two pairs, when to stop, reporting."),
        (1, "Names a question that needs the gradient only, such as training an encoder."),
    ],
)
