r"""Certificates: what held-out samples prove about I(X;Y), whatever its law, whoever trained the critic (chapter 10).

Take a critic t that these samples neither trained nor chose, clip it to [-low, high], and shuffle the samples into
couples (i, j).  What a couple gains,

.. math:: g = 1 + \frac{t(x_i,y_i) + t(x_j,y_j)}{2} - \frac{e^{t(x_i,y_j)} + e^{t(x_j,y_i)}}{2} ,

has a mean of at most I(X;Y) (`eq-limits-gain`), is never below the floor 1 - low - e^high, and couples are independent.
Whoever bets the share u of a purse on every couple's gain against a claim "I(X;Y) is at most L" owns

.. math:: V_u(L) = \prod_{couples} \Bigl(1 - u + u \frac{g - floor}{L - floor}\Bigr)

in the end, on average at most 1 if the claim is true (`eq-limits-purse`).  So do averages of purses over stakes, over
shufflings, and over critics, however they depend on each other.  The certificate is the largest L against which the
average still reaches 1/(1 - confidence).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STAKES = np.array([0.01, 0.02, 0.04, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 0.9])  # shares u of a purse
LOWS, HIGHS = (2.0, 3.0, 4.0), (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)  # where to clip, nats
SCALES = (0.7, 1.0)  # temperatures: factors on the critic
SHUFFLES, TRIED = 16, 4  # shufflings into couples: of the samples that certify, of those that choose the clipping
FEW = 6  # clippings that are looked at closely
COUPLES = 16_384  # if that many couples are reached by fewer shufflings, those will do
DEFAULT = 0.95


@dataclass(frozen=True)
class Clip:
    """How a critic is tempered, shifted and clipped, all chosen on other samples: t ← clip(scale · t + shift)."""

    scale: float
    shift: float
    low: float
    high: float

    def __call__(self, t: np.ndarray) -> np.ndarray:
        return np.clip(self.scale * np.nan_to_num(t) + self.shift, -self.low, self.high)

    @property
    def floor(self) -> float:
        """The least that a couple can gain."""
        return 1 - self.low - math.exp(self.high)


@dataclass(frozen=True)
class Purse:
    """Gains of independent couples, for one or several shufflings into couples: (shufflings, couples), nats."""

    gains: np.ndarray
    floor: float


def couples(n: int, shuffles: int, rng: np.random.Generator) -> np.ndarray:
    """Return `shuffles` shufflings of n samples into couples: (shuffles, n // 2, 2), no sample twice in one."""
    return np.stack([rng.permutation(n)[: n // 2 * 2].reshape(-1, 2) for _ in range(shuffles)])


def shufflings(n: int, most: int = SHUFFLES) -> int:
    """Return how many shufflings of n samples are worth their time."""
    return max(1, min(most, 2 * COUPLES // max(n, 1)))


def couple_gains(t: np.ndarray, t_cross: np.ndarray, clip: Clip) -> np.ndarray:
    """Return what couples gain, from scores (…, couples, 2) of both joint samples and of both crossed pairs."""
    return 1 + clip(t).mean(-1) - np.exp(clip(t_cross)).mean(-1)


def log_purse(purse: Purse, claim: float, stakes: Sequence[float] = STAKES) -> float:
    """Return log of the average purse over stakes and shufflings, against the claim that the mean gain is that low."""
    ratio = (np.asarray(purse.gains, dtype=float) - purse.floor) / (claim - purse.floor) - 1
    return log_mean([np.log1p(u * ratio).sum(-1) for u in stakes])


def log_mean(logs) -> float:
    """Return log of the mean of numbers given by their logarithms."""
    logs = np.asarray(logs, dtype=float)
    top = logs.max()
    return float(top + np.log(np.exp(logs - top).mean())) if np.isfinite(top) else float(top)


def largest_claim(purses: Sequence[Purse], confidence: float = DEFAULT, given_up: int = 0) -> float:
    """Return the largest L that the average purse refutes at this confidence, nats; 0 if it refutes nothing above it.

    `given_up`: purses that are counted as empty.
    """
    wanted = -math.log1p(-confidence) + math.log((len(purses) + given_up) / max(1, len(purses)))

    def refuted(claim: float) -> bool:
        return log_mean([log_purse(p, claim) for p in purses]) >= wanted

    if not purses or not refuted(0.0):
        return 0.0
    low, high = 0.0, max(float(p.gains.max()) for p in purses)  # no purse grows against a claim of the largest gain
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def best_clip(t: np.ndarray, t_cross: np.ndarray) -> Clip:
    """Return the temperature, shift and clipping that certify most on these samples, which won't certify.

    t and t_cross as for `couple_gains`.  A Bernstein bound picks a few of the clippings, a purse one of these.
    """
    tried = []
    for scale in SCALES:
        for high in HIGHS:
            for low in LOWS:
                clip = Clip(scale, _shift(scale * np.nan_to_num(t_cross), low, high), low, high)
                purse = Purse(couple_gains(t, t_cross, clip), clip.floor)
                tried.append((_expected(purse), len(tried), clip, purse))
    few = sorted(tried, reverse=True)[:FEW]
    return max(few, key=lambda one: (largest_claim([one[3]]), one[0]))[2]


def _shift(t_cross: np.ndarray, low: float, high: float) -> float:
    """Return the shift after which the clipped e^t has mean 1 over crossed pairs, its best constant."""
    shift = 0.0
    for _ in range(20):
        move = float(np.log(np.exp(np.clip(t_cross + shift, -low, high)).mean()))
        shift -= move
        if abs(move) < 1e-3:
            break
    return shift


def _expected(purse: Purse) -> float:
    """Return about what a purse certifies: the mean less the two terms of Bernstein's bound."""
    gains = purse.gains
    log, many = -math.log(1 - DEFAULT), gains.shape[-1]
    spread = gains.mean(0).var() if gains.ndim > 1 else gains.var()
    return gains.mean() - math.sqrt(2 * log * spread / many) - (gains.mean() - purse.floor) * log / (2 * many)


def check_confidence(confidence) -> float:
    """Return a confidence, or say why it is none."""
    number = isinstance(confidence, (int, float, np.floating)) and not isinstance(confidence, bool)
    if not number or not 0 < confidence < 1:
        raise ValueError(f"confidence = {confidence!r}, wanted a number between 0 and 1, both left out.")
    return float(confidence)
