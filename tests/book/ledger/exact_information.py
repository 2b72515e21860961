"""Exact arithmetic for tests: entropies of rational tables as rational combinations of logarithms of primes.

Two sums of logarithms are equal exactly when their coefficients at every prime are, so identities between entropies
and divergences are checked without rounding.
"""

import math
from collections import Counter
from fractions import Fraction
from functools import cache

import numpy as np
from sympy import factorint


class Logs(dict):
    """A sum of c_k log k over primes k, with rational c_k; zero is the empty one."""

    def __add__(self, other):
        keys = self.keys() | other.keys()
        return Logs({k: c for k in keys if (c := self.get(k, 0) + other.get(k, 0))})

    def __mul__(self, factor):
        return Logs({k: c * factor for k, c in self.items() if c * factor})

    __rmul__ = __mul__

    def __neg__(self):
        return self * Fraction(-1)

    def __sub__(self, other):
        return self + -other

    def __float__(self):
        return float(sum(float(c) * math.log(k) for k, c in self.items()))


@cache
def _factors(n: int) -> tuple:
    return tuple(factorint(n).items())


def log(q: Fraction) -> Logs:
    """Return log q exactly."""
    q, powers = Fraction(q), Counter()
    for n, sign in ((q.numerator, 1), (q.denominator, -1)):
        for prime, power in _factors(n):
            powers[prime] += sign * power
    return Logs({k: Fraction(c) for k, c in powers.items() if c})


def divergence(p: dict, q: dict) -> Logs | float:
    """Return D(p || q) of two tables outcome -> probability: exact, or math.inf."""
    total = Logs()
    for outcome, mass in p.items():
        if mass and not q.get(outcome, 0):
            return math.inf
        if mass:
            total = total + mass * log(mass / q[outcome])
    return total


def entropy(p: dict) -> Logs:
    """Return H(p)."""
    total = Logs()
    for mass in p.values():
        if mass:
            total = total - mass * log(mass)
    return total


def push(p: dict, f) -> dict:
    """Return the law of f(outcome)."""
    image = Counter()
    for outcome, mass in p.items():
        image[f(*outcome) if isinstance(outcome, tuple) else f(outcome)] += mass
    return dict(image)


def product(p: dict, q: dict) -> dict:
    """Return the law of an independent pair."""
    return {(a, b): u * v for a, u in p.items() for b, v in q.items()}


def information(joint: dict) -> Logs | float:
    """Return I(X;Y) of a table (x, y) -> probability, by its definition."""
    return divergence(joint, product(push(joint, lambda x, y: x), push(joint, lambda x, y: y)))


def table(rng: np.random.Generator, *sizes: int, zeros: float = 0.0) -> dict:
    """Return a random table of rational probabilities; a share of cells is zero."""
    counts = rng.integers(1, 12, sizes) * (rng.random(sizes) >= zeros)
    counts.flat[0] = max(counts.flat[0], 1)
    total = int(counts.sum())
    cells = ((index if len(sizes) > 1 else index[0], count) for index, count in np.ndenumerate(counts))
    return {index: Fraction(int(count), total) for index, count in cells}
