"""Estimators without a critic: bins, kernels and neighbours (chapter 3)."""

from mi_lab.counting.binning import bins
from mi_lab.counting.errors import standard_error
from mi_lab.counting.kernels import kde
from mi_lab.counting.kraskov import ksg

__all__ = ["bins", "kde", "ksg", "standard_error"]
