"""Wrong answers to the graded exercises of the chapter on the family of bounds."""

import math

import torch


def softmax(scores):
    return scores.softmax(0).diagonal().mean()


def both_ways(scores):
    return (scores.log_softmax(0) + scores.log_softmax(1)).diagonal().mean() / 2 + math.log(len(scores))


def beside(scores):
    return scores.masked_fill(torch.eye(len(scores), dtype=torch.bool), -math.inf)


def first_column(scores):
    return scores[0, 0] - scores[:, 0].logsumexp(0) + math.log(len(scores))


def leave_own_out_of_rows(scores):
    return (scores.diagonal() - beside(scores).logsumexp(1)).mean() + math.log(len(scores) - 1)


def median(scores):
    return (scores.diagonal() - scores.logsumexp(0) + math.log(len(scores))).median()


def terms(scores, u):
    return (scores - scores.diagonal() - u).exp().fill_diagonal_(0)


def average(scores, u):
    return terms(scores, u).sum() / (len(u) * (len(u) - 1))


MISTAKES = {
    "bounds-noise": {
        "variance of one": (402, "to 1"),
        "half a nat": (805, "its square"),
        "Gaussian": (651_016, "Gaussian"),
        "with 2 I and not squared": (math.expm1(12) / 0.5, None),
        "root": (20.06, "deviation with one sample"),
        "times a half": (201.2, "divide by that"),
        "in thousands": (1.61, "thousand"),
        "I itself": (24, "like e^I"),
        "a logarithm": (math.log(1609.7), "logarithm"),
        "exponent of 36": (4 * math.expm1(3), "e^(I/2)"),
        "bits": (252, "not with 2"),
    },
    "bounds-infonce": {
        "softmax": (softmax, "mean share"),
        "both ways": (both_ways, "both ways"),
        "rows without the partner": (leave_own_out_of_rows, "rows"),
        "cross-entropy": (lambda s: torch.nn.functional.cross_entropy(s.T, torch.arange(len(s))), "cross-entropy"),
        "cross-entropy of rows": (lambda s: torch.nn.functional.cross_entropy(s, torch.arange(len(s))), "along rows"),
        "one column": (first_column, None),
        "a sum over columns": (lambda s: (s.log_softmax(0).diagonal() + math.log(len(s))).sum(), "summed up"),
        "bits": (lambda s: (s.log_softmax(0).diagonal().mean() + math.log(len(s))) / math.log(2), "bits"),
        "log base 2 of K": (lambda s: s.log_softmax(0).diagonal().mean() + math.log2(len(s)), None),
        "NWJ": (lambda s: s.diagonal().mean() - (s - 1).exp().mean(), "NWJ"),
        "NWJ beside": (
            lambda s: s.diagonal().mean() - (beside(s) - 1).exp().sum() / len(s) / (len(s) - 1),
            "NWJ on the strangers",
        ),
        "K - 1": (lambda s: s.log_softmax(0).diagonal().mean() + math.log(len(s) - 1), "by K - 1"),
        "the largest": (lambda s: (s.diagonal() - s.max(0).values).mean(), "largest score"),
        "median": (median, None),
        "only partners": (lambda s: s.diagonal().mean(), None),
        "no loss": (lambda s: s.logsumexp(0).mean() - s.diagonal().mean() - math.log(len(s)), "sign"),
        "per column": (lambda s: s.log_softmax(0).diagonal() + math.log(len(s)), "one number"),
        "no return": (lambda s: print(s.mean()), "nothing back"),
        "text": (lambda s: "1.0", "a number is wanted"),
    },
    "bounds-flo": {
        "u by rows": (
            lambda s, u: (
                1 - u.mean() - (s - s.diagonal() - u[:, None]).exp().fill_diagonal_(0).sum() / (len(u) * (len(u) - 1))
            ),
            "by rows",
        ),
        "own score by rows": (
            lambda s, u: (
                1 - u.mean() - (s - s.diagonal()[:, None] - u).exp().fill_diagonal_(0).sum() / (len(u) * (len(u) - 1))
            ),
            "by rows",
        ),
        "last term added": (lambda s, u: 1 - u.mean() + average(s, u), "taken away"),
        "without E u": (lambda s, u: 1 - average(s, u), "mean of u"),
        "per pair": (lambda s, u: 1 - u - terms(s, u).sum(0) / (len(u) - 1), "one number"),
        "all summed": (lambda s, u: 1 - u.sum() - terms(s, u).sum(), "summed"),
        "over K": (lambda s, u: 1 - u.mean() - terms(s, u).mean(), "not by K"),
        "a loss without its 1": (lambda s, u: u.mean() + average(s, u), "1 is missing"),
        "apart": (
            lambda s, u: 1 - u.mean() - (-u).exp().mean() * average(s, 0 * u),
            "averaged apart",
        ),
        "only strangers": (lambda s, u: average(s, u), None),
        "squared": (lambda s, u: 1 - u.mean() - average(s, u) ** 2, None),
        "half": (lambda s, u: (1 - u.mean() - average(s, u)) / 2, "half"),
        "the best u": (lambda s, u: -average(s, 0 * u).log(), None),
        "log-sum-exp": (lambda s, u: 1 - u.mean() - average(s, u).log(), "no logarithm"),
        "no return": (lambda s, u: print(average(s, u)), "nothing back"),
    },
}
