"""The battery: laws of many families whose mutual information is known, for estimators to be measured on.

In each family some laws are marked ``tuned``: an estimator may be developed on them.  The others are for reporting.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from torch import Tensor

from mi_lab.laws import labels
from mi_lab.laws import transforms as t
from mi_lab.laws.circles import NoisyCircle
from mi_lab.laws.correlated_mixture import CorrelatedMixture
from mi_lab.laws.gaussian import BivariateGaussian, CorrelatedGaussian
from mi_lab.laws.gaussian_mixtures import GaussianMixture
from mi_lab.laws.joint_gaussian import JointGaussian, Student
from mi_lab.laws.law import Law, Seed
from mi_lab.laws.mixtures import MixedGaussian
from mi_lab.laws.noise import AdditiveNoise
from mi_lab.laws.products import Copies, Independent
from mi_lab.laws.uniform_noise import UniformNoise

FAMILIES = (
    "one column",
    "many columns",
    "heavy tails",
    "monotone maps",
    "rotations",
    "mixtures",
    "labels",
    "manifolds",
    "independence",
)


@dataclass(frozen=True)
class Benchmark:
    """A law of the battery.

    Attributes
    ----------
    name : str
        Short, and its own.
    family : str
        One of `FAMILIES`.
    law : Law
    tuned : bool
        Whether the default estimator may have been developed on it.
    """

    name: str
    family: str
    law: Law = field(repr=False)
    tuned: bool

    @property
    def dims(self) -> tuple[int, int]:
        """Columns of X, and of Y."""
        return self.law.dims

    @cached_property
    def truth(self) -> float:
        """Mutual information in nats, by closed form or quadrature."""
        return float(self.law.mutual_information)

    def sample(self, n: int, seed: Seed = None) -> tuple[Tensor, Tensor]:
        """Draw n independent rows: x and y, float32, (n, columns); the same seed gives the same rows."""
        return self.law.sample(n, seed)


def _one_column():
    yield "normal, .3 nats", BivariateGaussian.with_information(0.3), True
    yield "normal, 2 nats", BivariateGaussian.with_information(2.0), False
    yield "uniform noise, wide", UniformNoise(0.75), True
    yield "uniform noise, narrow", UniformNoise(0.1), False
    yield "bimodal", t.Transformed(BivariateGaussian(0.75), t.Bimodal()), True
    yield "sine and noise", AdditiveNoise("sin x", 0.1), False
    yield "cosine and noise", AdditiveNoise(_cosine, 0.2), False


def _cosine(x: np.ndarray) -> np.ndarray:
    return np.cos(2 * math.pi * x)


def _many_columns():
    yield "dense, 3+3", JointGaussian.dense(3, 3, 0.5), True
    yield "dense, 25+25", JointGaussian.dense(25, 25, 0.5), False
    yield "dense, 50+50", JointGaussian.dense(50, 50, 0.5), True
    yield "two pairs, 5+5", JointGaussian.sparse(5, 5, 0.8), True
    yield "two pairs, 25+25", JointGaussian.sparse(25, 25, 0.8), False
    yield "two pairs, 50+50", JointGaussian.sparse(50, 50, 0.9), False
    yield "dense, 1+20", JointGaussian.dense(1, 20, 0.4), False
    yield "5 nats, 10+10", CorrelatedGaussian.with_information(5.0, 10), True
    yield "10 nats, 20+20", CorrelatedGaussian.with_information(10.0, 20), False


def _heavy_tails():
    one, two, three = (JointGaussian.sparse(d, d, 0.75, 1).covariance for d in (1, 2, 3))
    yield "Student 1, 1+1", Student(one, 1, 1), True
    yield "Student 2, 2+2", Student(two, 2, 2), False
    yield "Student 3, 3+3", Student(three, 3, 3), True
    yield "Student 5, 5+5", Student(JointGaussian.sparse(5, 5, 0.75).covariance, 5, 5), False
    yield "asinh of Student 1, 1+1", t.Transformed(Student(one, 1, 1), t.Asinh()), False
    yield "asinh of Student 2, 3+3", t.Transformed(Student(three, 3, 2), t.Asinh()), True
    yield "cubes, 2+2", t.Transformed(JointGaussian.dense(2, 2, 0.6), t.Power(3)), False


def _monotone_maps():
    yield "normal cdf, 1+1", t.Transformed(BivariateGaussian(0.9), t.NormalCdf()), True
    yield "normal cdf, 5+5", t.Transformed(JointGaussian.sparse(5, 5, 0.7), t.NormalCdf()), False
    yield "half-cube, 1+1", t.Transformed(BivariateGaussian(0.75), t.Power(1.5)), False
    yield "half-cube, 25+25", t.Transformed(JointGaussian.dense(25, 25, 0.4), t.Power(1.5)), True
    yield "wiggly, 1+1", t.Transformed(BivariateGaussian(0.85), t.Wiggle(), t.Exp(2)), True
    yield "wiggly, 3+3", t.Transformed(CorrelatedGaussian(0.7, 3), t.Wiggle()), False


def _rotations():
    three = JointGaussian.sparse(3, 3, 0.85)
    yield "spiral, 2+2", t.Transformed(CorrelatedGaussian(0.8, 2), t.Spiral(0.5)), True
    yield "spiral, 3+3", t.Transformed(three, t.Spiral(0.5)), False
    yield "spiral, 5+5", t.Transformed(JointGaussian.sparse(5, 5, 0.8), t.Spiral(0.3)), False
    yield "uniform spiral, 3+3", t.Transformed(three, (t.NormalCdf(), _Centre(), t.Spiral(3))), True
    yield "one side spiral, 2+1", t.Transformed(JointGaussian.dense(2, 1, 0.6), t.Spiral(0.7), ()), False


class _Centre(t.Map):
    """Move the unit cube onto the origin."""

    def __call__(self, z):
        return 2 * z - 1

    def inverse(self, w):
        return (w + 1) / 2


def _mixtures():
    crosses = t.Transformed(Copies(MixedGaussian(0.9), 3), t.Mixing(3, 0), t.Mixing(3, 1))
    two = [[1.5, 0, 1.0], [-1.5, 0, -1.0]]
    bent = [[0, x, y] for x, y in ((-2.0, -1.0), (0.0, 1.0), (2.0, -1.0))]
    corners = [[1, 1, 1.0], [-1, -1, 1.0], [1, -1, -1.0], [-1, 1, -1.0]]
    yield "X", MixedGaussian(0.9), True
    yield "three X, mixed", crosses, False
    yield "rings", GaussianMixture.rings(), False
    yield "waves", t.Transformed(GaussianMixture.clusters(bent, 0.5, 2), t.Wave(1.5, 3), ()), True
    yield "galaxy", t.Transformed(GaussianMixture.clusters(two, 0.6, 2), t.Spiral(0.7), ()), False
    yield "four clusters", GaussianMixture.clusters(corners, 0.45, 2), True
    yield "ridges, 1+1", CorrelatedMixture(1), True
    yield "ridges, 5+5", CorrelatedMixture(5), False


def _labels():
    table = np.array([[0.10, 0.02, 0.08, 0.05], [0.02, 0.20, 0.03, 0.05], [0.06, 0.02, 0.07, 0.30]])
    yield "table, 3 by 4", labels.LabelTable(table), True
    yield "rounded normal", labels.LabelTable.rounded_gaussian(0.8, [-1.5, -0.5, 0.5, 1.5]), False
    yield "exclusive or", labels.NoisyXor(0.1), False
    yield "uniform steps", labels.UniformSteps(5), True
    yield "counts", labels.PoissonCounts(0.0), False
    yield "counts, more zeros", labels.PoissonCounts(0.15), True
    yield "8 labelled clusters", labels.LabelledClusters(3, 1.0), False
    yield "spikes and normal", labels.SpikedGaussian(0.5, 0.8, 0.9), True


def _manifolds():
    roll = t.Transformed(JointGaussian.dense(2, 1, 0.6), (t.NormalCdf(), t.SwissRoll()), t.NormalCdf())
    line = np.kron([[1, 1], [1, 1]], np.ones((20, 20))) / 4 + np.eye(40)
    yield "circle, 2+2", NoisyCircle(0.3), True
    yield "circle, 10+10", t.Transformed(NoisyCircle(0.3, 10), t.Mixing(10, 0, 1), t.Mixing(10, 1, 1)), False
    yield "torus, 4+4", Copies(NoisyCircle((0.2, 0.4)), 2), False
    yield "line, 20+20", JointGaussian(line, 20), True
    yield "swiss roll, 3+1", roll, False


def _independence():
    yield "independent, 1+1", CorrelatedGaussian(0.0, 1), True
    yield "independent, 5+5", CorrelatedGaussian(0.0, 5), False
    yield "independent, 20+20", CorrelatedGaussian(0.0, 20), True
    yield "independent, heavy", Independent(Student(np.eye(4), 2, 1), Student(np.eye(4), 2, 1)), False
    yield "independent, label", Independent(labels.UniformSteps(5), GaussianMixture.rings()), False


_MEMBERS: tuple[Callable, ...] = (
    _one_column,
    _many_columns,
    _heavy_tails,
    _monotone_maps,
    _rotations,
    _mixtures,
    _labels,
    _manifolds,
    _independence,
)


@lru_cache(1)
def _all() -> tuple[Benchmark, ...]:
    pairs = zip(FAMILIES, _MEMBERS, strict=True)
    return tuple(Benchmark(name, family, law, tuned) for family, make in pairs for name, law, tuned in make())


def battery(family: str | None = None, tuned: bool | None = None) -> list[Benchmark]:
    """Return the laws of the battery: each with name, family, dims, truth in nats, and `sample(n, seed)`.

    Parameters
    ----------
    family : str, optional
        Only this one.
    tuned : bool, optional
        Only laws on which an estimator may be developed (True), or only those on which it is reported (False).

    Returns
    -------
    list of Benchmark

    Raises
    ------
    ValueError
        There is no such family.
    """
    if family is not None and family not in FAMILIES:
        raise ValueError(f"family = {family!r}, wanted one of: {', '.join(FAMILIES)}.")
    return [b for b in _all() if family in (None, b.family) and tuned in (None, b.tuned)]
