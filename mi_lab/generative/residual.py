"""A critic that also sees what the best line leaves: where ridges are narrow, it need not learn to subtract."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mi_lab.generative.density import whole
from mi_lab.generative.gaussians import LinearGaussian


class ResidualCritic(nn.Module):
    """t(x, y) = MLP(x, y, u), where u = L⁻¹(y - Wx - b) is y less its least squares line in x, with covariance 1.

    A function of x and y like any other critic; the frame is taken from samples once and never trained.

    Parameters
    ----------
    x, y : Tensor (n, d_x), (n, d_y)
        Samples for the frame: in honest use, some to train on.
    width, depth : int
        Of the hidden layers, of ReLUs.
    seed : int, optional
        Of the weights.
    """

    def __init__(self, x: Tensor, y: Tensor, width: int = 128, depth: int = 3, seed: int | None = None):
        super().__init__()
        frame = LinearGaussian(y.shape[1], x.shape[1]).start(x, y)
        for name in ("line", "offset", "root_inverse"):
            self.register_buffer(name, getattr(frame, name).clone())
        sizes = [x.shape[1] + 2 * y.shape[1]] + [whole(width, "width", 1)] * whole(depth, "depth", 1) + [1]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.reset(seed)

    def reset(self, seed: int | None = None) -> "ResidualCritic":
        """Draw the weights anew; the same seed gives the same weights, and leaves torch's generator alone."""
        with torch.random.fork_rng(devices=[], enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(int(seed))
            for layer in self.layers:
                layer.reset_parameters()
        return self

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scores (n,) of the pairs (x[i], y[i])."""
        u = (y - x @ self.line.mT - self.offset) @ self.root_inverse.mT
        h = torch.cat([x, y, u], -1)
        for layer in self.layers[:-1]:
            h = F.relu(layer(h))
        return self.layers[-1](h).squeeze(-1)
