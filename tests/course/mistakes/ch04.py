"""Wrong answers to the graded exercises of the chapter on the Donsker-Varadhan formula."""

import math


def slope(rho):
    return 2 * rho / (1 + math.sqrt(1 + 4 * rho**2))


def score(a, rho):
    return a * rho + 0.5 * math.log(1 - a**2)


def printed(rho):
    print(slope(rho), score(slope(rho), rho))


def quadratic_formula_halved(rho):
    return (math.sqrt(1 + 4 * rho**2) - 1) / 2, 0.0


def names(rho):
    return {"slope": slope(rho), "score": score(slope(rho), rho)}


def truth_for_score(rho):
    return slope(rho), -0.5 * math.log(1 - rho**2)


def positive_only(rho):
    a = abs(slope(rho))
    return a, score(a, abs(rho))


def bits(rho):
    return slope(rho), score(slope(rho), rho) / math.log(2)


def rounded(rho):
    return round(slope(rho), 2), round(score(slope(rho), rho), 2)


def forgot_root(rho):
    a = 2 * rho / (1 + 1 + 4 * rho**2)
    return a, score(a, rho)


def special_case_missing(rho):
    a = (-1 + math.sqrt(1 + 4 * rho**2)) / (2 * rho)
    return a, score(a, rho)


def undefined(rho):
    return alpha, 0.0  # noqa: F821


MISTAKES = {
    "dv-tilt": {
        "printed": (printed, "prints something"),
        "only the slope": (slope, "the rest is missing"),
        "only the score": (lambda rho: score(slope(rho), rho), "the rest is missing"),
        "swapped": (lambda rho: (score(slope(rho), rho), slope(rho)), "wrong order"),
        "score is zero": (lambda rho: (slope(rho), 0.0), "score not: your answer is 0"),
        "the truth as score": (truth_for_score, "the truth, which b = 0"),
        "positive only": (positive_only, "a not: the size is right"),
        "in bits": (bits, "in bits"),
        "rho squared": (lambda rho: (slope(rho**2), score(slope(rho), rho)), None),
        "list": (lambda rho: [slope(rho), score(slope(rho), rho), 0], "two values are wanted"),
        "sign lost by a square": (
            lambda rho: (slope(rho), score(slope(rho), rho) ** 2),
            "score not: this is the square",
        ),
        "logarithm lost": (lambda rho: (slope(rho), slope(rho) * rho), None),
        "at a = 1/2": (lambda rho: (0.5, score(0.5, rho)), "0.5 for every"),
        "rounded": (rounded, "close, but off"),
        "a root forgotten": (forgot_root, "without the root of the sum with rho"),
        "minus the score": (lambda rho: (slope(rho), -score(slope(rho), rho)), "score not: the size"),
        "three values": (lambda rho: (slope(rho), score(slope(rho), rho), rho), "three values"),
        "unknown name": (undefined, "NameError"),
        "nothing at zero": (special_case_missing, "divides zero by zero"),
        "twice the slope": (lambda rho: (2 * slope(rho), score(slope(rho), rho)), "a not: every value is twice"),
    },
}
