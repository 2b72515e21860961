"""Terms: an estimate of mutual information as a part of somebody else's loss (chapters 16 to 18)."""

from mi_lab.terms.clipping import clipped
from mi_lab.terms.term import MITerm

__all__ = ["MITerm", "clipped"]
