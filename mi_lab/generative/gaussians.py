"""Gaussian models: the mean a line in x, or both mean and widths any function of x (chapter 11)."""

import torch
from torch import Tensor, nn

from mi_lab.generative.density import LOG_2PI, Density, Network, bounded, log_normal, randn


class LinearGaussian(Density):
    r"""q(y|x) = N(W x + b, Σ), all of it free; q(y) = N(b, Σ) without x.

    Right for Gaussian data, and then nothing beats it.  It starts from the least squares line.
    """

    def __init__(self, d_y: int, d_x: int = 0, seed: int | None = None):
        super().__init__(d_y, d_x)
        self.weight = nn.Parameter(torch.zeros(d_y, d_x))
        self.bias = nn.Parameter(torch.zeros(d_y))
        self.precision_root = nn.Parameter(torch.zeros(d_y, d_y))  # below the diagonal, and its logarithm on it

    @classmethod
    def known(cls, line: Tensor, offset: Tensor, covariance: Tensor) -> "LinearGaussian":
        """Return N(line x + offset, covariance) itself, with nothing to train: line (d_y, d_x), offset (d_y,)."""
        model = cls(line.shape[0], line.shape[1])
        root = torch.linalg.cholesky(covariance.double())
        model.line.copy_(line)
        model.offset.copy_(offset)
        model.root.copy_(root)
        model.root_inverse.copy_(torch.linalg.inv(root))
        model.log_det.copy_(root.diagonal().log().sum())
        return model.requires_grad_(False)

    def _reset(self):
        for p in self.parameters():
            p.data.zero_()

    def _precision_root(self) -> Tensor:
        p = self.precision_root
        return p.tril(-1) + torch.diag_embed(p.diagonal(dim1=-2, dim2=-1).exp())

    def _log_density(self, u, x):
        v = (u - x @ self.weight.mT - self.bias) @ self._precision_root().mT
        return log_normal(v).sum(-1) + self.precision_root.diagonal(dim1=-2, dim2=-1).sum(-1)

    def _draw(self, x, generator):
        v = randn(len(x), self.d_y, like=x, generator=generator)
        u = torch.linalg.solve_triangular(self._precision_root(), v.T, upper=False).T
        return u + x @ self.weight.T + self.bias

    def entropy(self) -> float:
        """Return h(Y|X) of the model, in nats: it is the same at every x."""
        log_det = self.log_det - self.precision_root.detach().diagonal().sum()
        return float(self.d_y * (LOG_2PI + 1) / 2 + log_det)


class HeteroscedasticGaussian(Density):
    """q(y|x) is a Gaussian whose mean and widths are a network's: one hump at every x, of any width.

    Its columns are independent in the frame u, where their covariance is 1 on average.  Wrong wherever y given x has
    several humps, whatever the network (chapter 11).
    """

    def __init__(self, d_y: int, d_x: int = 0, width: int = 64, depth: int = 2, seed: int | None = None):
        super().__init__(d_y, d_x)
        self.network = Network(d_x, 2 * d_y, width, depth)
        self.reset(seed)

    def _reset(self):
        self.network.reset()

    def _log_density(self, u, x):
        mean, raw = self.network(x).chunk(2, -1)
        return log_normal(u - mean, bounded(raw)).sum(-1)

    def _draw(self, x, generator):
        mean, raw = self.network(x).chunk(2, -1)
        return mean + bounded(raw).exp() * randn(len(x), self.d_y, like=x, generator=generator)
