"""The exercises of the chapter on generative adversarial networks."""

import numpy as np

from mi_lab.teaching.checks.exercise import choice, code, numeric, text

numeric(
    "gans-lost",
    "Five modes lost",
    value=-1.2365,
    unit="nats",
    rtol=2e-3,
    right="2 JS − 2 log 2 with JS = .0749: .15 nats for a fifth of the law.",
    mistakes={
        -1.3863: "that is the value of a perfect generator: JS isn't zero here.",
        0.1498: "that is 2 JS: the value is 2 JS less 2 log 2.",
        0.0749: "that is JS alone: the value is 2 JS − 2 log 2.",
        -1.3114: "JS counts twice in the value.",
        0.2231: "that is log(25/20), the Kullback–Leibler divergence of the modes: asked is the game's value.",
        -0.5433: "2 log 2 is to be taken off, not log 2.",
    },
)

choice(
    "gans-infinite",
    "A zero that isn't there",
    right="c",
    reasons={
        "a": "X is a function of the code, but a continuous one: an entropy h of X given the code is minus infinity.",
        "b": "data processing bounds I(X;U) by I(U;U), which is infinite for a continuous code.",
        "c": "h(X|U) is minus infinity, so I(X;U) is plus infinity, before and after training.",
        "d": "a large h(X) makes no information finite: I(X;U) is infinite for a narrow X as well.",
    },
)

numeric(
    "gans-histogram-noise",
    "The histogram's own noise",
    value=0.01921,
    unit="nats",
    rtol=1e-2,
    right="999 / 52,000: a perfect generator is never seen to have KL 0.",
    mistakes={
        0.000480: "(K − 1)/(2n) with K = 1,000: that is for 25 modes or so, 24 of them free.",
        0.03842: "half of that: the second-order term of p log p is p²/2.",
        0.00961: "twice that: n stands once below, with a 2.",
        26.03: "upside down: more samples make less noise.",
        0.0: "the average over draws isn't zero: every uneven histogram has a positive KL.",
    },
)

# Modes from a histogram -----------------------------------------------------------------------------------------------

modes = code("gans-modes", "Modes from a histogram")


@modes.part("modes, share and KL")
def _(answer, rng):
    found = {}
    for name, kept, off in (("all modes there", 6, 0.1), ("two modes lost", 4, 0.35)):
        centres = np.array([[a, b] for a in (-1.0, 0.0, 1.0) for b in (0.0, 1.0)])
        which = rng.choice(kept, 300, p=rng.dirichlet(np.full(kept, 5.0)))
        x = centres[which] + 0.05 * rng.normal(size=(300, 2))
        far = rng.uniform(size=300) < off
        x[far] += rng.choice([-1, 1], (far.sum(), 2)) * rng.uniform(0.2, 0.45, (far.sum(), 2))
        found[name] = np.array([float(v) for v in answer(x.copy(), centres.copy(), 0.05)])
    return found


def _parts(x, centres):
    far = np.linalg.norm(x[:, None] - centres, axis=2)
    return far.argmin(1), far.min(1)


def _kl(hits):
    p = hits[hits > 0] / hits.sum()
    return np.sum(p * np.log(p * len(hits)))


def _scores(x, centres, sd, within=3.0, every=False, few=1):
    which, far = _parts(x, centres)
    near = far < within * sd
    hits = np.bincount(which[near], minlength=len(centres))
    used = np.bincount(which, minlength=len(centres)) if every else hits
    return (hits >= few).sum(), near.mean(), _kl(used)


modes.reference(_scores)


@modes.mistake("the KL is of the samples that are near: a sample between two modes belongs to neither.")
def _(x, centres, sd):
    return _scores(x, centres, sd, every=True)


@modes.mistake("a mode is hit if a sample lies within 3 sd of it, not if it is merely the nearest.")
def _(x, centres, sd):
    which, _ = _parts(x, centres)
    _, share, kl = _scores(x, centres, sd)
    return len(set(which.tolist())), share, kl


@modes.mistake("three standard deviations are 3 * sd, not 3.")
def _(x, centres, sd):
    return _scores(x, centres, 1.0)


@modes.mistake("one standard deviation is too near: within 3 sd.")
def _(x, centres, sd):
    return _scores(x, centres, sd, within=1.0)


@modes.mistake("the distance itself is compared with 3 sd, not its square.")
def _(x, centres, sd):
    which, far = _parts(x, centres)
    near = far**2 < 3 * sd
    hits = np.bincount(which[near], minlength=len(centres))
    return (hits > 0).sum(), near.mean(), _kl(hits)


@modes.mistake("KL against equal shares of all modes: the lost ones count in log K, too.")
def _(x, centres, sd):
    count, share, kl = _scores(x, centres, sd)
    return count, share, kl - np.log(len(centres) / count)


@modes.mistake("that is the entropy of the histogram: KL is log K less that.")
def _(x, centres, sd):
    count, share, kl = _scores(x, centres, sd)
    return count, share, np.log(len(centres)) - kl


@modes.mistake("that is the KL of equal shares from the histogram, infinite once a mode is lost: the other way round.")
def _(x, centres, sd):
    which, far = _parts(x, centres)
    hits = np.bincount(which[far < 3 * sd], minlength=len(centres)) / (far < 3 * sd).sum()
    count, share, _ = _scores(x, centres, sd)
    return count, share, float(-np.mean(np.log(np.maximum(hits, 1e-12) * len(centres))))


# The generator's loss -------------------------------------------------------------------------------------------------

loss = code("gans-loss", "The generator's loss")


@loss.part("the loss")
def _(answer, rng):
    import torch

    d, t, t_ref = (
        torch.tensor(rng.normal(m, 1.3, n), dtype=torch.float32) for m, n in ((-0.4, 32), (1.2, 32), (0, 40))
    )
    found = {"a small weight": answer(d, t, t_ref, 0.3), "a large one": answer(d, t, t_ref, 2.0)}
    found["scores that all agree"] = answer(d + 2, t + 2, t_ref, 1.5)  # a loss may be negative
    return found


def _game(d):
    from torch.nn.functional import softplus

    return softplus(-d).mean()


def _dv(t, t_ref):
    return t.mean() - (t_ref.logsumexp(0) - np.log(len(t_ref)))


@loss.reference
def _(d, t, t_ref, weight):
    return _game(d) - weight * _dv(t, t_ref)


@loss.mistake("the sign of the term: a loss is minimised, so what is to grow is taken off.")
def _(d, t, t_ref, weight):
    return _game(d) + weight * _dv(t, t_ref)


@loss.mistake("that is log(1 − D), which hardly pulls while the discriminator wins: the loss wanted is −log D.")
def _(d, t, t_ref, weight):
    from torch.nn.functional import softplus

    return -softplus(d).mean() - weight * _dv(t, t_ref)


@loss.mistake("that is the discriminator's part, softplus(+d): the generator wants its samples called real.")
def _(d, t, t_ref, weight):
    from torch.nn.functional import softplus

    return softplus(d).mean() - weight * _dv(t, t_ref)


@loss.mistake("the logarithm of the average is missing from the term's second part.")
def _(d, t, t_ref, weight):
    return _game(d) - weight * (t.mean() - t_ref.exp().mean())


@loss.mistake("the average of e^t, not its sum: take log n' off.")
def _(d, t, t_ref, weight):
    return _game(d) - weight * (t.mean() - t_ref.logsumexp(0))


@loss.mistake("d are logits: −log σ(d) is wanted, not −d.")
def _(d, t, t_ref, weight):
    return -d.mean() - weight * _dv(t, t_ref)


# Two gradients --------------------------------------------------------------------------------------------------------

clip = code("gans-clip", "Two gradients")


@clip.part("the sum")
def _(answer, rng):
    found = {}
    for name, size in (("a term that pulls harder", 4.0), ("a term that pulls less", 0.2)):
        game, term = rng.normal(0.3, 1, (2, 12))
        found[name] = answer(game.copy(), size * term)
    return found


@clip.reference
def _(game, term):
    return game + term * min(1.0, np.linalg.norm(game) / np.linalg.norm(term))


@clip.mistake("only a term that is longer than the game's gradient is shortened: min(1, …) keeps a short one.")
def _(game, term):
    return game + term * np.linalg.norm(game) / np.linalg.norm(term)


@clip.mistake("that shortens each number by itself: the whole gradient keeps its direction.")
def _(game, term):
    return game + np.clip(term, -abs(game), abs(game))


@clip.mistake("upside down: the factor is the game's length over the term's.")
def _(game, term):
    return game + term * min(1.0, np.linalg.norm(term) / np.linalg.norm(game))


@clip.mistake("it is the term that is shortened, not the game's gradient.")
def _(game, term):
    return term + game * min(1.0, np.linalg.norm(term) / np.linalg.norm(game))


@clip.mistake("that is the term's clipped gradient alone: add the game's.")
def _(game, term):
    return term * min(1.0, np.linalg.norm(game) / np.linalg.norm(term))


@clip.mistake("nothing is clipped: the term's length is to be at most the game's.")
def _(game, term):
    return game + term


@clip.mistake("a length is the root of the sum of squares, not the sum of squares.")
def _(game, term):
    return game + term * min(1.0, (game**2).sum() / (term**2).sum())


text(
    "gans-report",
    "Four nats and twelve modes",
    rubric=[
        (1, "Says that I(X;U) may be infinite and that a critic can find its nats inside a mode."),
        (1, "Compares what the modes can hold, I(M;U) ≤ log 25 − KL, with the critic's value."),
        (1, "Proposes a remedy: blur what the critic sees, another weight, or counting modes over seeds."),
    ],
)
