"""Mixtures of Gaussians: of the whole y at once, or of one column after another (chapter 11)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mi_lab.generative.density import Density, Network, bounded, choices, log_normal, randn, whole

SPREAD = 1.5  # of the components' means at first, in the frame where y has width 1


class MixtureDensity(Density):
    """q(y|x) = Σ_k π_k(x) N(y; μ_k(x), widths_k(x)): a mixture density network.

    Reference: bishop1994.  Columns are independent within a component, so humps of single columns need components for
    all their combinations: for many columns see `AutoregressiveMixture`.
    """

    def __init__(self, d_y: int, d_x: int = 0, components: int = 8, width: int = 64, depth: int = 2,
                 seed: int | None = None):  # fmt: skip
        super().__init__(d_y, d_x)
        self.components = whole(components, "components", 1)
        self.network = Network(d_x, components * (1 + 2 * d_y), width, depth)
        self.reset(seed)

    @torch.no_grad()
    def _reset(self):
        self.network.reset()
        k, d = self.components, self.d_y
        self.network.last.bias[k : k + k * d] = SPREAD * torch.randn(k * d)

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, mean, raw = self.network(x).split([self.components] + 2 * [self.components * self.d_y], -1)
        shape = (*x.shape[:-1], self.components, self.d_y)
        return logits, mean.reshape(shape), bounded(raw.reshape(shape))

    def _log_density(self, u, x):
        logits, mean, log_width = self._parts(x)
        each = log_normal(u.unsqueeze(-2) - mean, log_width).sum(-1)  # (…, K)
        return torch.logsumexp(torch.log_softmax(logits, -1) + each, -1)

    def _draw(self, x, generator):
        logits, mean, log_width = self._parts(x)
        pick = choices(logits, generator).view(-1, 1, 1).expand(-1, 1, self.d_y)
        mean, log_width = mean.gather(1, pick).squeeze(1), log_width.gather(1, pick).squeeze(1)
        return mean + log_width.exp() * randn(len(x), self.d_y, like=x, generator=generator)


class AutoregressiveMixture(Density):
    r"""log q(y|x) = Σ_j log q(y_j | x, y_1, …, y_{j-1}), each factor a mixture of K Gaussians with a network.

    The chain rule, so any law can be approached; K components a column, not K for all columns together.  The networks
    of all columns work as one batched product, whose first layer hides from column j what comes after it.
    """

    def __init__(self, d_y: int, d_x: int = 0, components: int = 8, width: int = 64, depth: int = 2,
                 seed: int | None = None):  # fmt: skip
        super().__init__(d_y, d_x)
        self.components = whole(components, "components", 1)
        sizes = [d_x + d_y] + [whole(width, "width", 1)] * whole(depth, "depth", 1) + [3 * components]
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        self.weights = nn.ParameterList(nn.Parameter(torch.zeros(d_y, a, b)) for a, b in pairs)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(d_y, b)) for _, b in pairs)
        before = torch.ones(d_y, d_y).tril(-1)  # column j sees the columns before it
        self.register_buffer("sees", torch.cat([torch.ones(d_y, d_x), before], 1).unsqueeze(-1))
        self.reset(seed)

    @torch.no_grad()
    def _reset(self):
        for weight, bias in zip(self.weights, self.biases, strict=True):
            weight.normal_(std=weight.shape[1] ** -0.5)
            bias.zero_()
        self.weights[-1].mul_(0.02 * self.weights[-1].shape[1] ** 0.5)
        k = self.components
        self.biases[-1][:, k : 2 * k] = SPREAD * torch.randn(self.d_y, k)

    def _parts(self, inputs: Tensor, columns: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
        """Return log-weights, means and log-widths (…, columns, K) for inputs (…, d_x + d_y)."""
        h = torch.einsum("...i,jiw->...jw", inputs, (self.weights[0] * self.sees)[columns]) + self.biases[0][columns]
        for k in range(1, len(self.weights)):  # a slice of a ParameterList would be a copy, which nothing trains
            h = torch.einsum("...jv,jvw->...jw", F.elu(h), self.weights[k][columns]) + self.biases[k][columns]
        logits, mean, raw = h.chunk(3, -1)
        return torch.log_softmax(logits, -1), mean, bounded(raw)

    def _log_density(self, u, x):
        shape = torch.broadcast_shapes(u.shape[:-1], x.shape[:-1])
        u = u.expand(*shape, -1)
        log_weight, mean, log_width = self._parts(torch.cat([x.expand(*shape, -1), u], -1))
        each = log_weight + log_normal(u.unsqueeze(-1) - mean, log_width)  # (…, d_y, K)
        return torch.logsumexp(each, -1).sum(-1)

    def _draw(self, x, generator):
        inputs = torch.cat([x, x.new_zeros(len(x), self.d_y)], 1)
        noise = randn(len(x), self.d_y, like=x, generator=generator)
        for j in range(self.d_y):
            parts = (part[:, 0] for part in self._parts(inputs, slice(j, j + 1)))  # (n, K) each
            log_weight, mean, log_width = parts
            pick = choices(log_weight, generator).unsqueeze(1)
            mean, log_width = mean.gather(1, pick)[:, 0], log_width.gather(1, pick)[:, 0]
            inputs[:, self.d_x + j] = mean + log_width.exp() * noise[:, j]
        return inputs[:, self.d_x :]
