"""References nearer to the joint law than the product is: what hybrids score against (chapter 12)."""

import torch
from torch import Generator, Tensor

from mi_lab.references.product_laws import how_many


class Conditional:
    """x keeps its rows, and y′ is drawn anew from a model q(y|x): any number of pairs, samples of P_X q(y|x).

    Parameters
    ----------
    model
        Anything with ``sample(x, generator)`` -> (n, d_y), such as a model of `mi_lab.generative`.
    """

    def __init__(self, model):
        if not callable(getattr(model, "sample", None)):
            raise ValueError(f"model is a {type(model).__name__}, wanted one with sample(x, generator).")
        self.model = model

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        n = how_many(n, len(x), None, "")
        x_ref = x.repeat(-(-n // len(x)), 1)[:n]
        return x_ref, self.model.sample(x_ref, generator)


class SameCell:
    """x keeps its rows, and y′ is that of another sample in the cell of its own y: hard to tell from a joint sample.

    Samples of Σ_c P(x, c) P(y|c), up to what a finite number of samples leaves: a sample alone in its cell keeps its
    own y.

    Parameters
    ----------
    cells : callable
        y (n, d) -> number of the cell (n,), such as `mi_lab.generative.Cells`.
    """

    def __init__(self, cells):
        if not callable(cells):
            raise ValueError(f"cells is a {type(cells).__name__}, wanted a function from y to the numbers of cells.")
        self.cells = cells

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        n = how_many(n, len(x), None, "")
        rows = torch.arange(n, device=x.device) % len(x)
        return x[rows], y[self.partners(self.cells(y)[rows], rows, self.cells(y), generator)]

    def partners(self, cell: Tensor, own: Tensor, pool: Tensor, generator: Generator | None = None) -> Tensor:
        """Return for each cell (n,) the place of a sample in it among `pool`, the cells of all; never the own place.

        `own` (n,) are the samples' own places in the pool.  One that is alone keeps its place.
        """
        order = pool.argsort(stable=True)
        count = torch.bincount(pool, minlength=int(cell.max()) + 1)
        first = count.cumsum(0) - count  # where a cell begins, in that order
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(pool), device=pool.device) - first[pool[order]]
        where = generator.device if generator is not None else pool.device
        u = torch.rand(len(cell), generator=generator, device=where).to(pool.device)
        others = (count[cell] - 1).clamp(min=1)
        step = 1 + (u * others).long().clamp(max=others - 1)  # from the own place on, round the cell
        return order[first[cell] + (rank[own] + step) % count[cell]]


class JointModel:
    """Pairs drawn from a model of (x, y) side by side, as many as wanted.

    Parameters
    ----------
    model
        With ``sample(n, generator)`` -> (n, d_x + d_y).
    d_x : int
        Columns of x.
    """

    def __init__(self, model, d_x: int):
        self.model, self.d_x = model, d_x

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y)."""
        z = self.model.sample(how_many(n, len(x), None, ""), generator)
        return z[:, : self.d_x], z[:, self.d_x :]
