r"""Soft bins: every sample is shared out among neighbouring bins, so that the table moves smoothly with the data.

A hard count is constant until a sample crosses an edge: its gradient is zero wherever it exists.  Weights that add up
to 1 and are smooth in the sample keep the table a distribution and give it a gradient (daub2004 use B-splines).
"""

import torch
from torch import Tensor

from mi_lab.device import full_precision

KERNELS = ("linear", "quadratic", "cubic", "gaussian")
WIDTH = 0.5  # standard deviation of the Gaussian kernel, in bins
_HELD = 1 << 24  # weights held at once


def soft_table(x: Tensor, y: Tensor, sizes: tuple[int, int], kernel: str, spans: tuple = (None, None)) -> Tensor:
    r"""Return the soft table :math:`\hat p_{ab} = \frac1n \sum_i w_a(x_i) w_b(y_i)`, equation ``eq-soft-table``.

    Parameters
    ----------
    x, y : Tensors (A, n)
    sizes : bins of x, bins of y
    kernel : {"linear", "quadratic", "cubic", "gaussian"}
    spans : (low, high) or None (the data's range, through which gradients flow too) for x and for y

    Returns
    -------
    Tensor (A, bins of x, bins of y), each table adding up to 1
    """
    x, y = (place(v, number, kernel, span) for v, number, span in zip((x, y), sizes, spans, strict=True))
    items, n = x.shape
    rows = max(1, _HELD // (items * (sizes[0] + sizes[1])))
    table = 0
    with full_precision(x.device):
        for i in range(0, n, rows):
            wx, wy = (shares(v[:, i : i + rows], number, kernel) for v, number in ((x, sizes[0]), (y, sizes[1])))
            table = table + wx.mT @ wy  # eq-soft-table, before the division
    return table / n


def place(v: Tensor, number: int, kernel: str, span: tuple | None = None) -> Tensor:
    """Map values (A, n) to [0, number of intervals between the outermost places]: the axis on which shares are cut."""
    degree = _degree(kernel)
    if number <= degree:
        raise ValueError(f"number = {number} bins, wanted at least {degree + 1} for {kernel} soft bins.")
    intervals = number - max(degree, 1)
    if span is None:
        low, high = v.amin(1, keepdim=True), v.amax(1, keepdim=True)
        room = high - low
        room = torch.where(room > 0, room, torch.ones_like(room))
    else:
        low, room = span[0], span[1] - span[0]
    return ((v - low) / room).clamp(0, 1) * intervals


def shares(u: Tensor, number: int, kernel: str) -> Tensor:
    r"""Return how much of each sample goes to each bin, (A, n, bins): smooth, not negative, adding up to 1.

    B-splines of degree 1, 2 and 3 (zero beyond 1, 1.5 and 2 bins), or a Gaussian made to add up to 1 (a softmax).
    """
    degree = _degree(kernel)
    s = u[..., None] - torch.arange(number, dtype=u.dtype, device=u.device)  # in bins, from the centre of each
    if kernel == "gaussian":
        return torch.softmax(-0.5 * (s / WIDTH).square(), -1)
    s = (s + (degree - 1) / 2).abs()
    if degree == 1:
        return (1 - s).clamp_min(0)
    if degree == 2:
        return torch.where(s < 0.5, 0.75 - s.square(), 0.5 * (1.5 - s).clamp_min(0).square())
    near = 2 / 3 - s.square() + s**3 / 2
    return torch.where(s < 1, near, (2 - s).clamp_min(0) ** 3 / 6)


def _degree(kernel: str) -> int:
    return {"linear": 1, "quadratic": 2, "cubic": 3, "gaussian": 0}[kernel]
