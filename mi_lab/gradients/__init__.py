"""Gradients without values: score estimates, and terms of a loss whose gradient is that of an entropy or information.

A score is a function that maps rows z (m, d) to ∇ log q(z), (m, d); every estimate of one here is made from samples
and called like that.
"""

from mi_lab.gradients.affine import GaussianScore
from mi_lab.gradients.matching import MatchedScore
from mi_lab.gradients.spectral import SpectralStein
from mi_lab.gradients.terms import entropy_term, information_term

__all__ = ["GaussianScore", "MatchedScore", "SpectralStein", "entropy_term", "information_term"]
