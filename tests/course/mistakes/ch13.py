"""Wrong answers to the graded exercises of the chapter on gradients without values."""


def term(score, z):
    return -(score(z).detach() * z).sum(1).mean()


MISTAKES = {
    "gradients-entropy": {
        "sign": (lambda s, m: (s * m).sum(1).mean(), "sign"),
        "mean of all": (lambda s, m: -(s * m).mean(), "over columns"),
        "sum of all": (lambda s, m: -(s * m).sum(), "sum over the samples"),
        "one for each sample": (lambda s, m: -(s * m).sum(1), "which axis"),
        "one for each column": (lambda s, m: -(s * m).mean(0), "one number"),
        "averages first": (lambda s, m: -(s.mean(0) * m.mean(0)).sum(), "product of averages"),
        "no return": (lambda s, m: print(len(s)), "nothing back"),
        "score alone": (lambda s, m: -s.sum(1).mean(), None),
    },
    "gradients-stein": {
        "sign": (lambda f, s: f @ s.mean(0), "sign"),
        "summed": (lambda f, s: -f @ s.sum(0), "divide by n"),
        "own slopes": (lambda f, s: -(f[:, :, None] * s).sum(1), "average the slopes first"),
        "mean over functions": (lambda f, s: -(f @ s.mean(0)) / f.shape[1], "added up"),
        "coefficients": (lambda f, s: -s.mean(0), "coefficients"),
        "no return": (lambda f, s: print(len(f)), "nothing back"),
        "functions averaged": (lambda f, s: -f.mean(0) @ s.mean(0), "which axis"),
        "slopes of the first": (lambda f, s: -f @ s[0], None),
    },
    "gradients-term": {
        "not detached": (lambda s, z: -(s(z) * z).sum(1).mean(), "detach it"),
        "sign": (lambda s, z: -term(s, z), "sign"),
        "z detached": (lambda s, z: -(s(z) * z.detach()).sum(1).mean(), "wrong one is detached"),
        "mean of all": (lambda s, z: term(s, z) / z.shape[1], "over columns"),
        "sum of all": (lambda s, z: term(s, z) * len(z), "sum over the samples"),
        "all detached": (lambda s, z: (s(z) * z).mean().detach() + 0 * z.sum(), "no gradient arrives"),
        "no return": (lambda s, z: print(len(z)), "nothing back"),
        "score alone": (lambda s, z: -s(z).sum(1).mean(), None),
        "a third": (lambda s, z: term(s, z) / 3, "which factor"),
    },
}
