"""References that resample: rows of x and rows of y drawn anew (chapter 2).

A generator may live on the CPU whatever the data's device: the draws are then the same on every device.
"""

from typing import Any

import torch
from torch import Generator, Tensor

from mi_lab.references.product_laws import GaussianReference, TrainedReference, UniformReference, how_many
from mi_lab.samples import as_tensor_pair


def _rows(n: int, generator: Generator | None, device: torch.device) -> Tensor:
    where = generator.device if generator is not None else device
    return torch.randperm(n, generator=generator, device=where).to(device)


class Permutation:
    """Without replacement: x keeps its rows, y has its own permuted; at most n pairs.

    A pair is a joint sample with probability 1/n: the law of one pair is (1 - 1/n) P_X P_Y + (1/n) P_XY.
    """

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        x, y = as_tensor_pair(x, y, minimum=2)
        n = how_many(n, len(x), len(x), "a permutation")
        rows = _rows(len(y), generator, y.device)[:n]
        if n == len(x):
            return x, y[rows]
        return x[_rows(len(x), generator, x.device)[:n]], y[rows]


class Derangement:
    """A permutation that leaves no sample in its place, uniform among those: no pair is a joint sample."""

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        x, y = as_tensor_pair(x, y, minimum=2)
        n = how_many(n, len(x), len(x), "a derangement")
        own = torch.arange(len(y), device=y.device)
        while True:  # a permutation is a derangement with probability about 1/e
            rows = _rows(len(y), generator, y.device)
            if not bool((rows == own).any()):
                break
        if n == len(x):
            return x, y[rows]
        some = _rows(len(x), generator, x.device)[:n]
        return x[some], y[rows[some]]


class CyclicShift:
    """The derangement i -> i + s mod n, with s given or drawn anew at each call among 1 … n-1.

    Meant for samples in random order: in a time series neighbours depend on each other.
    """

    def __init__(self, shift: int | None = None):
        if shift is not None and (isinstance(shift, bool) or not isinstance(shift, int)):
            raise ValueError(f"shift = {shift!r}, wanted a whole number or None.")
        self.shift = shift

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        x, y = as_tensor_pair(x, y, minimum=2)
        n = how_many(n, len(x), len(x), "a cyclic shift")
        where = generator.device if generator is not None else "cpu"
        shift = self.shift
        if shift is None:
            shift = int(torch.randint(1, len(x), (1,), generator=generator, device=where))
        if shift % len(x) == 0:
            raise ValueError(f"shift = {shift} moves {len(x)} samples onto themselves, wanted one that doesn't.")
        return x[:n], y.roll(-shift, 0)[:n]


class WithReplacement:
    """Rows of x and rows of y drawn independently and with replacement: any number of pairs.

    Given the data they are independent samples of the product of the *empirical* marginals; not given the data they are
    neither independent of each other nor samples of P_X P_Y.
    """

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        x, y = as_tensor_pair(x, y, minimum=2)
        n = how_many(n, len(x), None, "")
        where = generator.device if generator is not None else x.device
        i, j = torch.randint(len(x), (2, n), generator=generator, device=where).to(x.device)
        return x[i], y[j]


RESAMPLING = {
    "permutation": Permutation,
    "derangement": Derangement,
    "cyclic shift": CyclicShift,
    "with replacement": WithReplacement,
}
LAWS = {"gaussian": GaussianReference, "uniform": UniformReference}


def make_reference(reference: Any, x: Tensor, y: Tensor, factor: float = 1.0):
    """Return a reference by name ("gaussian" and "uniform" are fitted to x and y), or the one that was handed in."""
    if callable(reference):
        return reference
    if reference in RESAMPLING:
        return RESAMPLING[reference]()
    if reference in LAWS:
        return LAWS[reference].fitted(x, y, factor)
    if reference == "trained":
        return TrainedReference(x, y)
    names = ", ".join([*RESAMPLING, *LAWS, "trained"])
    raise ValueError(f"unknown reference {reference!r}, wanted one of: {names}.")
