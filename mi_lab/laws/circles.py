"""A hidden angle, seen twice through noise: a manifold in a space of more columns."""

import math
from functools import cached_property

import numpy as np
from scipy import integrate
from scipy.special import i0e

from mi_lab.laws.law import Law, count


def _log_i0(r):
    return np.log(i0e(r)) + r


class NoisyCircle(Law):
    r"""One uniform angle θ; X and Y are the point (cos θ, sin θ) with Gaussian noise of their own.

    Further columns hold noise alone.  With X° the first two columns, ε the noise and κ = 1/ε²,

    .. math::
        \log\frac{p(x,y)}{p(x)p(y)} = \log I_0(|κ_x x° + κ_y y°|) - \log I_0(κ_x |x°|) - \log I_0(κ_y |y°|),

    and each argument has Rice's law, so that I(X;Y) = F(κ_x + κ_y) - F(κ_x) - F(κ_y) with F(κ) the mean of
    log I_0(|U|) for U Gaussian with mean (κ, 0) and covariance κ 1.

    Parameters
    ----------
    noise : float or pair of floats
        Standard deviation of the noise in X and in Y.
    d : int
        Columns of X, and of Y, at least 2.
    """

    def __init__(self, noise=0.3, d: int = 2):
        one, two = (noise, noise) if np.ndim(noise) == 0 else noise
        if not (0 < one < math.inf and 0 < two < math.inf):
            raise ValueError(f"noise = {noise!r}, wanted finite numbers above 0.")
        if count(d, "d") < 2:
            raise ValueError(f"d = {d!r}, wanted at least the 2 columns of a circle.")
        self.noise, self.d = (float(one), float(two)), d

    def __repr__(self) -> str:
        return f"NoisyCircle(noise={self.noise}, d={self.d})"

    @staticmethod
    def _mean_log_i0(k: float) -> float:
        """Return F(κ); the density of r = |U| is r/κ exp(-(r - κ)²/2κ) e^{-r} I_0(r)."""
        s = math.sqrt(k)

        def integrand(r):
            return r / k * math.exp(-((r - k) ** 2) / (2 * k)) * i0e(r) * _log_i0(r)

        return integrate.quad(integrand, max(0.0, k - 10 * s), k + 10 * s, epsabs=1e-11, limit=400)[0]

    @cached_property
    def mutual_information(self) -> float:
        one, two = (1 / e**2 for e in self.noise)
        return self._mean_log_i0(one + two) - self._mean_log_i0(one) - self._mean_log_i0(two)

    def _draw(self, n, rng):
        angle = rng.uniform(0, 2 * math.pi, n)
        out = []
        for e in self.noise:
            z = e * rng.standard_normal((n, self.d))
            z[:, 0] += np.cos(angle)
            z[:, 1] += np.sin(angle)
            out.append(z)
        return out[0], out[1]

    def _log_ratio(self, x, y):
        a, b = x[:, :2] / self.noise[0] ** 2, y[:, :2] / self.noise[1] ** 2
        return _log_i0(np.hypot(*(a + b).T)) - _log_i0(np.hypot(*a.T)) - _log_i0(np.hypot(*b.T))
