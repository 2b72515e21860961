"""Maps that lose nothing: I(f(X); g(Y)) = I(X;Y) where f and g can be undone."""

import math

import numpy as np
from scipy.special import ndtr, ndtri

from mi_lab.laws.law import Law


class Map:
    """A map of rows that can be undone: ``map(z)`` and ``map.inverse(w)`` take and return arrays (n, columns)."""

    def __call__(self, z: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def inverse(self, w: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def columns(self, d: int) -> int:
        """Return how many columns come out when d go in."""
        return d

    def __repr__(self) -> str:
        return type(self).__name__


class Transformed(Law):
    """The law of (f(X), g(Y)): the information of (X, Y), for f and g can be undone.

    Parameters
    ----------
    law : Law
    f, g : Map or sequence of Maps
        Applied one after the other; g is f if it is left out, and nothing if it is empty.
    """

    def __init__(self, law: Law, f, g=None):
        self.law = law
        self.f = (f,) if isinstance(f, Map) else tuple(f)
        self.g = self.f if g is None else (g,) if isinstance(g, Map) else tuple(g)

    def __repr__(self) -> str:
        return f"Transformed({self.law!r}, {list(self.f)}, {list(self.g)})"

    @property
    def dims(self) -> tuple[int, int]:
        out = []
        for d, maps in zip(self.law.dims, (self.f, self.g), strict=True):
            for m in maps:
                d = m.columns(d)
            out.append(d)
        return out[0], out[1]

    @property
    def mutual_information(self) -> float:
        return self.law.mutual_information

    def _draw(self, n, rng):
        x, y = self.law._draw(n, rng)
        for m in self.f:
            x = m(x)
        for m in self.g:
            y = m(y)
        return x, y

    def _undo(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        for m in reversed(self.f):
            x = m.inverse(x)
        for m in reversed(self.g):
            y = m.inverse(y)
        return x, y

    def _log_ratio(self, x, y):
        return self.law._log_ratio(*self._undo(x, y))


class NormalCdf(Map):
    """Φ of each column: a standard Gaussian becomes uniform on (0, 1)."""

    def __call__(self, z):
        return ndtr(z)

    def inverse(self, w):
        return ndtri(w)


class Power(Map):
    """sign(z) |z|^p of each column; p = 3/2 is called the half-cube, p = 3 makes heavy tails."""

    def __init__(self, p: float = 1.5):
        self.p = p

    def __call__(self, z):
        return np.sign(z) * np.abs(z) ** self.p

    def inverse(self, w):
        return np.sign(w) * np.abs(w) ** (1 / self.p)

    def __repr__(self) -> str:
        return f"Power({self.p:g})"


class Asinh(Map):
    """asinh of each column, which tames heavy tails."""

    def __call__(self, z):
        return np.arcsinh(z)

    def inverse(self, w):
        return np.sinh(w)


class Exp(Map):
    """exp(s z) of each column: a Gaussian becomes log-normal."""

    def __init__(self, scale: float = 1.0):
        self.scale = scale

    def __call__(self, z):
        return np.exp(self.scale * z)

    def inverse(self, w):
        return np.log(w) / self.scale


class Wiggle(Map):
    """z + .4 sin z + .2 sin(1.7 z + 1) + .03 sin(3.3 z - 2.5) of each column: increasing, in waves."""

    TERMS = ((0.4, 1.0, 0.0), (0.2, 1.7, 1.0), (0.03, 3.3, -2.5))

    def _waves(self, z):
        return sum(a * np.sin(b * z + c) for a, b, c in self.TERMS)

    def __call__(self, z):
        return z + self._waves(z)

    def inverse(self, w):
        z = w.copy()
        for _ in range(120):  # a contraction: the slopes of the waves add up to .84
            z = w - self._waves(z)
        return z


class Bimodal(Map):
    """A standard Gaussian column becomes an even mixture of two with means ±1 and standard deviation .3."""

    MEAN, SD = 1.0, 0.3

    def inverse(self, w):
        # by the nearer tail, so that neither Φ is rounded to 1
        lower = (ndtr((-np.abs(w) - self.MEAN) / self.SD) + ndtr((-np.abs(w) + self.MEAN) / self.SD)) / 2
        return -np.sign(w) * ndtri(lower)

    def __call__(self, z):
        low, high = np.full_like(z, -5.0), np.full_like(z, 5.0)
        for _ in range(60):  # bisection: the mixture's distribution function has no closed inverse
            middle = (low + high) / 2
            above = self.inverse(middle) > z
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return (low + high) / 2


class Spiral(Map):
    """Turn each row by an angle that grows with its radius, v |z|², in the planes of neighbouring columns.

    A turn keeps the radius, so it can be turned back; the density keeps its height, for turns keep volume.
    """

    def __init__(self, speed: float = 1.0):
        self.speed = speed

    def _turned(self, z, sign):
        z = z.copy()
        angle = sign * self.speed * (z**2).sum(1)
        c, s = np.cos(angle), np.sin(angle)
        planes = range(z.shape[1] - 1)
        for j in planes if sign > 0 else reversed(planes):
            z[:, j], z[:, j + 1] = c * z[:, j] - s * z[:, j + 1], s * z[:, j] + c * z[:, j + 1]
        return z

    def __call__(self, z):
        return self._turned(z, 1)

    def inverse(self, w):
        return self._turned(w, -1)

    def __repr__(self) -> str:
        return f"Spiral({self.speed:g})"


class Wave(Map):
    """Add a sine of the second column to the first: a shear."""

    def __init__(self, height: float = 1.0, frequency: float = 3.0):
        self.height, self.frequency = height, frequency

    def _shift(self, z):
        return self.height * np.sin(self.frequency * z[:, 1:2])

    def __call__(self, z):
        return np.hstack([z[:, :1] + self._shift(z), z[:, 1:]])

    def inverse(self, w):
        return np.hstack([w[:, :1] - self._shift(w), w[:, 1:]])

    def __repr__(self) -> str:
        return f"Wave({self.height:g}, {self.frequency:g})"


class SwissRoll(Map):
    """Roll the unit square up in space: (u, v) becomes (t cos t, v, t sin t) / 21 with t = 1.5 π (1 + 2u)."""

    def columns(self, d):
        return 3

    def __call__(self, z):
        t = 1.5 * math.pi * (1 + 2 * z[:, 0])
        return np.stack([t * np.cos(t) / 21, z[:, 1], t * np.sin(t) / 21], 1)

    def inverse(self, w):
        t = 21 * np.hypot(w[:, 0], w[:, 2])
        return np.stack([(t / (1.5 * math.pi) - 1) / 2, w[:, 1]], 1)


class Mixing(Map):
    """Multiply rows with an invertible matrix: a rotation and a stretch drawn from a seed."""

    def __init__(self, d: int, seed: int = 0, stretch: float = 2.0):
        rng = np.random.default_rng([d, seed])
        u, _ = np.linalg.qr(rng.standard_normal((d, d)))
        v, _ = np.linalg.qr(rng.standard_normal((d, d)))
        self.matrix = u * np.geomspace(1, stretch, d) @ v.T

    def __call__(self, z):
        return z @ self.matrix.T

    def inverse(self, w):
        return np.linalg.solve(self.matrix, w.T).T

    def __repr__(self) -> str:
        return f"Mixing({len(self.matrix)})"
