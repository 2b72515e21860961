"""The gradient of the course's `Net` written out, and Adam, on one flat tensor of weights (chapter 19).

A step of a network this small spends most of its time on bookkeeping; these two do without nearly all of it.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mi_lab.critics import Net

_elu_backward = torch.ops.aten.elu_backward  # the kernel that autograd itself calls


class Written:
    """The gradient of `Net`, written out layer by layer.

    With h_0 = z, a_k = h_{k-1} W_kᵀ + b_k, h_k = elu(a_k) and t = h_K wᵀ + c the chain rule reads, from the top down,
    δ_K = dt w ⊙ elu'(a_K), ∂W_k = δ_kᵀ h_{k-1}, ∂b_k = Σ δ_k, δ_{k-1} = δ_k W_k ⊙ elu'(a_{k-1}),
    and elu'(a) is 1 where h > 0 and 1 + h elsewhere.
    """

    def __init__(self, nets: list[Net], device: torch.device, optimiser: dict):
        self.members, self.nets = len(nets), nets
        shapes = [p.shape for p in nets[0].parameters()]  # W_1, b_1, W_2, b_2, …
        flat = [torch.cat([p.detach().reshape(-1) for p in net.parameters()]) for net in nets]
        self.theta = torch.stack(flat).to(device, torch.float32)  # (members, P)
        self.grad = torch.zeros_like(self.theta)
        self.weights, self.biases = self._views(self.theta, shapes)
        self.grad_weights, self.grad_biases = self._views(self.grad, shapes)
        if self.members == 1:  # the net that was handed in *is* what is trained: it shares the memory
            for p, view in zip(nets[0].parameters(), self._split(self.theta, shapes), strict=True):
                p.data = view[0]
        self.adam = FlatAdam(self.theta, **optimiser)
        self._buffers: dict[int, tuple] = {}

    def _split(self, flat: Tensor, shapes: list) -> list[Tensor]:
        sizes = [math.prod(s) for s in shapes]
        return [v.view(self.members, *s) for v, s in zip(flat.split(sizes, dim=1), shapes, strict=True)]

    def _views(self, flat: Tensor, shapes: list) -> tuple[list[Tensor], list[Tensor]]:
        views = self._split(flat, shapes)
        if self.members == 1:
            return [w[0] for w in views[0::2]], [b[0] for b in views[1::2]]
        return views[0::2], [b.unsqueeze(1) for b in views[1::2]]  # (members, out, in), (members, 1, out)

    def _layer(self, k: int, h: Tensor, out: Tensor | None = None) -> Tensor:
        affine = torch.addmm if self.members == 1 else torch.baddbmm
        return affine(self.biases[k], h, self.weights[k].mT, out=out)

    @torch.no_grad()
    def scores(self, z: Tensor) -> Tensor:
        """Return t (members, rows) and keep what `backward` needs."""
        rows = z.shape[1]
        if rows not in self._buffers:
            widths = [w.shape[-2] for w in self.weights]
            lead = (rows,) if self.members == 1 else (self.members, rows)
            hidden = [z.new_empty(*lead, w) for w in widths]
            deltas = [torch.empty_like(h) for h in hidden[:-1]]
            self._buffers = {rows: (hidden, deltas, z.new_ones(*lead[:-1], 1, rows))}
        hidden, _, _ = self._buffers[rows]
        h = z[0] if self.members == 1 else z
        self._z = h
        for k, out in enumerate(hidden):
            h = self._layer(k, h, out)
            if k < len(hidden) - 1:
                F.elu_(h)
        return h.view(self.members, rows)

    @torch.no_grad()
    def backward(self, dt: Tensor) -> None:
        """Take d loss / d t (members, rows) to the gradient of every weight."""
        hidden, deltas, ones = self._buffers[dt.shape[1]]
        product = torch.mm if self.members == 1 else torch.bmm
        delta = dt.unsqueeze(-1)  # (members, rows, 1)
        if self.members == 1:
            delta = delta[0]
        for k in range(len(hidden) - 1, -1, -1):
            below = hidden[k - 1] if k else self._z
            product(delta.mT, below, out=self.grad_weights[k])  # ∂W_k = δ_kᵀ h_{k-1}
            bias = self.grad_biases[k]
            product(ones, delta, out=bias.unsqueeze(0) if self.members == 1 else bias)  # ∂b_k = Σ δ_k
            if k:
                if delta.shape[-1] == 1:
                    delta = torch.mul(delta, self.weights[k], out=deltas[k - 1])
                else:
                    delta = product(delta, self.weights[k], out=deltas[k - 1])
                delta = _elu_backward.grad_input(delta, 1.0, 1.0, 1.0, True, below, grad_input=delta)

    def step(self) -> None:
        """Move every weight by one step of Adam."""
        self.adam.step(self.grad)

    def graph(self, z: Tensor) -> Tensor:
        """Return t (members, rows), differentiable with respect to z."""
        h = z[0] if self.members == 1 else z
        for k in range(len(self.weights)):
            h = self._layer(k, h)
            if k < len(self.weights) - 1:
                h = F.elu(h)
        return h.reshape(self.members, z.shape[1])

    @torch.no_grad()
    def evaluate(self, z: Tensor) -> Tensor:
        """Return t (members, rows) for rows that nothing is learned from."""
        return self.graph(z)

    def tensors(self) -> dict[str, Tensor]:
        """Return what has to be kept to go on exactly from here, each with a row a member."""
        return {"theta": self.theta, **self.adam.tensors()}

    def learned(self) -> list[str]:
        """Return which of `tensors` scores depend on: not what the optimiser remembers."""
        return ["theta"]

    def export(self, k: int, net: nn.Module) -> None:
        """Copy member k's weights into a net of the same shape."""
        with torch.no_grad():
            nn.utils.vector_to_parameters(self.theta[k].clone(), net.parameters())


class FlatAdam:
    """Adam on one flat tensor (members, P): the same numbers as `torch.optim.Adam` at a tenth of its overhead.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  θ ← θ - lr · m̂ / (√v̂ + ε),  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ).
    Reference: kingma2015adam.
    """

    NAMES = {"lr", "betas", "eps", "weight_decay"}

    def __init__(self, theta: Tensor, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.theta, self.lr, self.betas, self.eps, self.weight_decay = theta, lr, betas, eps, weight_decay
        self.first, self.second = torch.zeros_like(theta), torch.zeros_like(theta)
        self._root = torch.empty_like(theta)
        self.count = torch.zeros(len(theta), dtype=torch.int64)  # on the CPU, equal for all members

    @torch.no_grad()
    def step(self, grad: Tensor) -> None:
        """Move θ along one gradient."""
        self.count += 1
        t, (b1, b2) = int(self.count[0]), self.betas
        if self.weight_decay:
            grad = grad.add(self.theta, alpha=self.weight_decay)
        self.first.lerp_(grad, 1 - b1)
        self.second.mul_(b2).addcmul_(grad, grad, value=1 - b2)
        torch.sqrt(self.second, out=self._root).mul_(1 / math.sqrt(1 - b2**t)).add_(self.eps)
        self.theta.addcdiv_(self.first, self._root, value=-self.lr / (1 - b1**t))

    def tensors(self) -> dict[str, Tensor]:
        return {"first": self.first, "second": self.second, "count": self.count}
