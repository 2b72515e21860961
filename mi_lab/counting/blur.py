r"""What bins and kernels blur away: measured by blurring more, and scaled as theory has it.

A loss that is unknown can be told from how it grows.  Blur the same samples a known amount more, and the estimate
drops; how much of the drop was there before depends on the law of growth, which is taken from the Gaussian pair whose
information is what was estimated, :math:`\rho^2 = 1 - e^{-2 \hat I}` (shared out among the pairs of columns).

Kernels of width h lose :math:`I - I_h` (`eq-kde-limit`).  Bins lose what the corners of the copula hold: at
:math:`(1/B, 1/B)` a Gaussian copula has the mass :math:`B^{-2/(1+\rho)}`, up to logarithms, and so does the loss grow,
from :math:`B^{-2}` for weak dependence to :math:`B^{-1}` for strong.
"""

import math
from typing import Any

from torch import Tensor

from mi_lab.counting.binning import bins
from mi_lab.counting.kernels import RULES, wider
from mi_lab.counting.tables import chosen

WIDER = math.sqrt(2)  # kernels so much wider lose four times as much, while the loss is small
WEAK = 0.05  # a correlation below which its third digit no longer matters


def blur(method: str, x: Tensor, y: Tensor, value: float, options: dict[str, Any]) -> tuple[float, float]:
    """Return how much (nats) the estimate drops when blurred more, and how much of that was lost before.

    Zeros where nothing is known: other methods, soft bins, bandwidths of the user's own, columns of labels.
    For bins the second is what is lost at most: chance, which the correction doesn't take off whole, lifts their
    estimate meanwhile.
    """
    pairs = min(x.shape[1], y.shape[1])
    rho = max(WEAK, math.sqrt(-math.expm1(-2 * max(value, 0.0) / pairs)))
    if method == "kde" and options.get("bandwidth", "likelihood") in RULES:
        known = {name: options[name] for name in ("own", "direct") if name in options}
        blurred, h = wider(x, y, WIDER, options.get("bandwidth", "likelihood"), **known)
        narrow, wide = kernel_loss(rho, h), kernel_loss(rho, WIDER * h)
        drop = value - blurred
        return drop, max(0.0, drop) * narrow / (wide - narrow)
    if method == "bins" and not options.get("soft"):
        return _bins(x, y, value, rho, options)
    return 0.0, 0.0


def _bins(x: Tensor, y: Tensor, value: float, rho: float, options: dict) -> tuple[float, float]:
    number = options.get("number")
    if number is None:
        number = chosen(x, y, options.get("kind", "mass"))
    fine = tuple(number) if isinstance(number, (tuple, list)) else (number, number)
    labels = [all(len(column.unique()) <= b for column in v.T) for v, b in zip((x, y), fine, strict=True)]
    coarse = tuple(b if fixed else max(1, b // 2) for b, fixed in zip(fine, labels, strict=True))
    if coarse == fine:
        return 0.0, 0.0
    drop = value - float(bins(x, y, **(options | {"number": coarse})))
    ratio = math.sqrt(math.prod(fine) / math.prod(coarse))
    return drop, max(0.0, drop) / (ratio ** (2 / (1 + rho)) - 1)


def kernel_loss(rho: float, h: float) -> float:
    """Return I − I_h of `eq-kde-limit`: what kernels of width h lose on a Gaussian pair, nats."""
    r = rho / (1 + h * h)
    kept = -0.5 * math.log1p(-r * r) + r * (rho - r) / ((1 + h * h) * (1 - r * r))
    return -0.5 * math.log1p(-rho * rho) - kept
