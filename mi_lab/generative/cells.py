"""Cells of y, and a classifier that predicts the cell from x: predictive quantisation (chapter 11)."""

import numpy as np
import torch
from torch import Generator, Tensor, nn

from mi_lab.generative.density import Network, choices, whole, widths
from mi_lab.samples import as_tensor

MANY = 20_000  # samples that k-means looks at: more don't move 32 centres


class Cells(nn.Module):
    """The cells of nearest centres: called with y (n, d), returns the number of the cell of each, (n,).

    Parameters
    ----------
    centres : Tensor (B, d)
    width : Tensor (d,), optional
        By which distances in each column are divided.
    """

    def __init__(self, centres: Tensor, width: Tensor | None = None):
        super().__init__()
        self.register_buffer("centres", centres)
        self.register_buffer("width", torch.ones(centres.shape[1]) if width is None else width)

    @property
    def number(self) -> int:
        """How many cells there are."""
        return len(self.centres)

    @classmethod
    def fitted(cls, y, number: int = 32, seed: int = 0) -> "Cells":
        """Return cells about the k-means centres of y; where y has no more than `number` values, a cell a value.

        Raises
        ------
        ValueError
            `number` isn't a whole number of at least 2, or there are fewer samples.
        """
        from sklearn.cluster import KMeans

        y = as_tensor(y, "y", 2)
        if len(y) < whole(number, "cells", 2):
            raise ValueError(f"{number} cells want at least as many samples, and there are {len(y)}: take fewer cells.")
        values = y.detach().cpu().double().numpy()
        width = values.std(0)
        width = np.where(width > 0, width, 1.0)
        distinct = np.unique(values[:: max(1, len(values) // 2000)], axis=0)
        if len(distinct) <= number:  # labels, perhaps: look at all of them
            distinct = np.unique(values, axis=0)
        if len(distinct) <= number:
            centres = distinct / width
        else:
            picked = np.random.default_rng(seed).permutation(len(values))[:MANY]
            centres = KMeans(number, n_init=1, random_state=seed).fit(values[picked] / width).cluster_centers_
        centres, width = (torch.from_numpy(a).float().to(y.device) for a in (centres * width, width))
        return cls(centres, width)

    def forward(self, y: Tensor) -> Tensor:
        centres = self.centres / self.width
        # |y - c|² without |y|², which is the same for all cells
        return (centres.square().sum(-1) - 2 * (y / self.width) @ centres.mT).argmin(-1)


class CellClassifier(nn.Module):
    """q(c|x), the probabilities of the cells c of y: a network and a softmax; without x, the cells' frequencies.

    ``log_prob(y, x)`` is the logarithm of the probability of y's own cell, in nats: no density.
    """

    def __init__(self, cells: Cells, d_x: int = 0, width: int = 64, depth: int = 2, seed: int | None = None):
        super().__init__()
        self.cells, self.d_y, self.d_x = cells, cells.centres.shape[1], whole(d_x, "d_x", 0)
        self.network = Network(d_x, cells.number, width, depth)
        self.register_buffer("x_mean", torch.zeros(d_x))
        self.register_buffer("x_width", torch.ones(d_x))
        self.reset(seed)

    def reset(self, seed: int | None = None) -> "CellClassifier":
        """Draw the weights anew; the same seed gives the same weights."""
        with torch.random.fork_rng(devices=[], enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(int(seed))
            self.network.reset()
        return self

    @torch.no_grad()
    def start(self, x: Tensor, y: Tensor) -> "CellClassifier":
        """Start from the cells' frequencies among samples (half a sample more in each, so that none is 0)."""
        count = torch.bincount(self.cells(y), minlength=self.cells.number).float()
        self.network.last.bias.copy_(((count + 0.5) / (count.sum() + 0.5 * len(count))).log())
        self.x_mean.copy_(x.mean(0))
        self.x_width.copy_(widths(x))
        return self

    def forward(self, z: Tensor) -> Tensor:
        """Return log q(c(y)|x) of rows z = (x, y), shape (n,)."""
        x, y = z[..., : self.d_x], z[..., self.d_x :]
        return self._log_probabilities(x).gather(-1, self.cells(y).unsqueeze(-1)).squeeze(-1)

    def _log_probabilities(self, x: Tensor) -> Tensor:
        return torch.log_softmax(self.network((x - self.x_mean) / self.x_width), -1)

    def log_prob(self, y, x=None) -> Tensor:
        """Return log q(c(y)|x), shape (n,), in nats."""
        y = as_tensor(y, "y")
        x = y[:, :0] if self.d_x == 0 else as_tensor(x, "x")
        return self.forward(torch.cat([x, y], 1))

    @torch.no_grad()
    def sample(self, x=None, generator: Generator | None = None) -> Tensor:
        """Return the number of a cell for each row of x, (n,); of a model without x, for as many as x says."""
        x = torch.zeros(whole(x, "n", 1), 0) if self.d_x == 0 else as_tensor(x, "x")
        return choices(self._log_probabilities(x.to(self.x_mean.device)), generator)
