"""References: where the pairs (x', y') of the second expectation come from (chapters 2 and 8).

A reference is called with joint samples and returns reference samples,
``x_ref, y_ref = reference(x, y, generator, n)``.
`resampling` draws rows of x and of y anew; `product_laws` knows a law to draw from; `proposals` come near to the
joint law itself.
"""

from mi_lab.references.product_laws import GaussianReference, ProductLaw, TrainedReference, UniformReference
from mi_lab.references.proposals import Conditional, JointModel, SameCell
from mi_lab.references.resampling import (
    CyclicShift,
    Derangement,
    Permutation,
    WithReplacement,
    make_reference,
)

__all__ = [
    "Conditional",
    "CyclicShift",
    "Derangement",
    "GaussianReference",
    "JointModel",
    "Permutation",
    "ProductLaw",
    "SameCell",
    "TrainedReference",
    "UniformReference",
    "WithReplacement",
    "make_reference",
]
