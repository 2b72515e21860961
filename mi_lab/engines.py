"""Engines: how the critics of one or many members are scored, differentiated and moved (chapter 19).

An engine holds `members` critics of the same shape.  It takes z (members, rows, columns) to scores (members, rows),
takes the derivative of the loss with respect to those scores, and moves the weights.  `Written` has the gradient of the
course's `Net` written out, on one flat tensor of weights; `Graph` leaves any other module to autograd.  All members at
once cost one batched matrix product a layer.
"""

import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F

from mi_lab.critics import Net

Call = Callable[[nn.Module, Tensor], Tensor]  # (net, z (rows, columns)) -> scores (rows,)
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


class Graph:
    """Any module, differentiated by autograd and moved by `torch.optim.Adam`; many members by `torch.func.vmap`."""

    def __init__(self, nets: list[nn.Module], device: torch.device, optimiser: dict, call: Call):
        self.members, self.nets, self.call = len(nets), [net.to(device) for net in nets], call
        if self.members == 1:
            self.parameters = [p for p in nets[0].parameters() if p.requires_grad]
        else:
            stacked, self.buffers = stack_module_state(self.nets)
            self.names = list(stacked)
            self.parameters = [stacked[name].detach().clone().requires_grad_() for name in self.names]
            self._all = vmap(self._one, randomness="different")
        if not self.parameters:
            raise ValueError("the critic has no parameters to train.")
        fused = {"fused": True} if _can_fuse(self.parameters) else {}
        self.adam = torch.optim.Adam(self.parameters, **{**fused, **optimiser})
        for p in self.parameters:  # so that what is kept has the same names from the start
            self.adam.state[p] = {}
        self._first_state()

    def _one(self, parameters: dict, buffers: dict, z: Tensor) -> Tensor:
        return self.call(_Bound(self.nets[0], parameters, buffers), z)

    def graph(self, z: Tensor) -> Tensor:
        """Return t (members, rows) with its graph."""
        if self.members == 1:
            return self.call(self.nets[0], z[0]).unsqueeze(0)
        return self._all(dict(zip(self.names, self.parameters, strict=True)), self.buffers, z)

    def scores(self, z: Tensor) -> Tensor:
        """Return t (members, rows) and keep what `backward` needs."""
        with torch.enable_grad():
            self._t = self.graph(z)
        return self._t.detach()

    def backward(self, dt: Tensor) -> None:
        """Take d loss / d t (members, rows) to the gradient of every weight."""
        self.adam.zero_grad(set_to_none=True)
        self._t.backward(dt)
        self._t = None

    def step(self) -> None:
        """Move every weight by one step of Adam."""
        self.adam.step()

    @torch.no_grad()
    def evaluate(self, z: Tensor) -> Tensor:
        """Return t (members, rows) for rows that nothing is learned from."""
        modes = [net.training for net in self.nets]
        for net in self.nets:
            net.eval()
        try:
            return self.graph(z)
        finally:
            for net, mode in zip(self.nets, modes, strict=True):
                net.train(mode)

    def _first_state(self) -> None:
        """Give the optimiser its state before the first step, as that step would."""
        for group in self.adam.param_groups:
            for p in group["params"]:
                where = p.device if group.get("fused") or group.get("capturable") else "cpu"
                state = {"step": torch.zeros((), dtype=torch.float32, device=where)}
                state |= {"exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
                if group["amsgrad"]:
                    state["max_exp_avg_sq"] = torch.zeros_like(p)
                self.adam.state[p] = state

    def tensors(self) -> dict[str, Tensor]:
        """Return what has to be kept to go on exactly from here, each with a row a member (but the step count)."""
        kept = {}
        for i, p in enumerate(self.parameters):
            kept[f"p{i}"] = p.detach()
            kept |= {f"p{i}.{name}": value for name, value in self.adam.state[p].items()}
        if self.members == 1:
            kept |= {f"buffer.{name}": b for name, b in self.nets[0].named_buffers()}
            kept = {name: t if name.endswith(".step") else t.unsqueeze(0) for name, t in kept.items()}
        return kept

    def export(self, k: int, net: nn.Module) -> None:
        """Copy member k's weights into a net of the same shape."""
        with torch.no_grad():
            if self.members == 1:
                net.load_state_dict(self.nets[0].state_dict())
            else:
                for name, p in zip(self.names, self.parameters, strict=True):
                    net.get_parameter(name).copy_(p[k])


class _Bound:
    """A module with one member's weights put in: called like the module itself, its `pairs` too."""

    def __init__(self, net: nn.Module, parameters: dict, buffers: dict):
        self.net, self.state = net, {**parameters, **buffers}
        if hasattr(net, "pairs"):
            inner = {f"net.{name}": value for name, value in self.state.items()}
            self.pairs = lambda x, y: functional_call(_Pairs(net), inner, (x, y))

    def __call__(self, *inputs: Tensor) -> Tensor:
        return functional_call(self.net, self.state, inputs)


class _Pairs(nn.Module):
    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.net.pairs(x, y)


def _can_fuse(parameters: list[Tensor]) -> bool:
    kinds = {p.device.type for p in parameters}
    new = tuple(int(v) for v in torch.__version__.split("+")[0].split(".")[:2]) >= (2, 4)  # fused Adam on the CPU
    return all(p.is_floating_point() for p in parameters) and (kinds == {"cuda"} or (new and kinds <= {"cpu", "mps"}))


def adam_options(optimiser: dict) -> dict:
    """Check the optimiser's keyword arguments against `torch.optim.Adam`, learning rate included."""
    known = [p for p in inspect.signature(torch.optim.Adam).parameters if p != "params"]
    for name in optimiser:
        if name not in known:
            raise ValueError(f"unknown option {name!r}; the optimiser, Adam, takes: {', '.join(known)}.")
    lr = optimiser.get("lr", 1e-3)
    if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not 0 < lr < math.inf:
        raise ValueError(f"lr = {lr!r}, wanted a finite number above 0.")
    return optimiser


def make_engine(nets: list[nn.Module], device: torch.device, optimiser: dict, call: Call, written: bool = True):
    """Return the quickest engine that can train these critics."""
    plain = all(type(net).forward is Net.forward and isinstance(net, Net) for net in nets)
    if written and plain and set(optimiser) <= FlatAdam.NAMES:
        return Written(nets, device, optimiser)
    return Graph(nets, device, optimiser, call)
