"""Laws of (X, Y) whose mutual information is known: to sample from, and to compare estimates with.

Every law has ``sample(n, seed) -> (x, y)``, ``mutual_information`` in nats and ``log_ratio(x, y)``, the logarithm of
p(x, y) / (p(x) p(y)), whose mean under the law is the mutual information.
"""

from mi_lab.laws.battery import FAMILIES, Benchmark, battery
from mi_lab.laws.circles import NoisyCircle
from mi_lab.laws.correlated_mixture import CorrelatedMixture
from mi_lab.laws.gaussian import BivariateGaussian, CorrelatedGaussian, course_data
from mi_lab.laws.gaussian_mixtures import GaussianMixture
from mi_lab.laws.joint_gaussian import JointGaussian, Student
from mi_lab.laws.labels import LabelledClusters, LabelTable, NoisyXor, PoissonCounts, SpikedGaussian, UniformSteps
from mi_lab.laws.law import Law
from mi_lab.laws.mixtures import MixedGaussian
from mi_lab.laws.noise import AdditiveNoise
from mi_lab.laws.products import Copies, Independent
from mi_lab.laws.transforms import Transformed
from mi_lab.laws.uniform_noise import UniformNoise

__all__ = [
    "FAMILIES",
    "AdditiveNoise",
    "Benchmark",
    "BivariateGaussian",
    "Copies",
    "CorrelatedGaussian",
    "CorrelatedMixture",
    "GaussianMixture",
    "Independent",
    "JointGaussian",
    "LabelTable",
    "LabelledClusters",
    "Law",
    "MixedGaussian",
    "NoisyCircle",
    "NoisyXor",
    "PoissonCounts",
    "SpikedGaussian",
    "Student",
    "Transformed",
    "UniformNoise",
    "UniformSteps",
    "battery",
    "course_data",
]
