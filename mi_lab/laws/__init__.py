"""Laws of (X, Y) whose mutual information is known: to sample from, and to compare estimates with.

Every law has ``sample(n, seed) -> (x, y)``, ``mutual_information`` in nats and ``log_ratio(x, y)``, the logarithm of
p(x, y) / (p(x) p(y)), whose mean under the law is the mutual information.
"""

from mi_lab.laws.correlated_mixture import CorrelatedMixture
from mi_lab.laws.gaussian import BivariateGaussian, CorrelatedGaussian, course_data
from mi_lab.laws.law import Law
from mi_lab.laws.mixtures import MixedGaussian
from mi_lab.laws.noise import AdditiveNoise

__all__ = [
    "AdditiveNoise",
    "BivariateGaussian",
    "CorrelatedGaussian",
    "CorrelatedMixture",
    "Law",
    "MixedGaussian",
    "course_data",
]
