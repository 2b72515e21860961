"""Engines: how the critics of one or many members are scored, differentiated and moved (chapter 19).

An engine holds `members` critics of the same shape.  It takes z (members, rows, columns) to scores (members, rows),
takes the derivative of the loss with respect to those scores, and moves the weights.  `Written` has the gradient of the
course's `Net` written out, on one flat tensor of weights; `Graph` leaves any other module to autograd.  All members at
once cost one batched matrix product a layer.
"""

import inspect
import math
from collections.abc import Callable
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from mi_lab import device as devices
from mi_lab.critics import Net, pairs_are_cheap
from mi_lab.training.written import FlatAdam, Written

LAST = 8  # η: the average is over about the last eighth of the path
PAIRS_AT_ONCE = 65_536  # of all members, where a critic goes through all pairs of a batch
Call = Callable[[nn.Module, Tensor], Tensor]  # (net, z (rows, columns)) -> scores (rows,)


class Graph:
    """Any module, differentiated by autograd and moved by `torch.optim.Adam`; many members by `torch.func.vmap`.

    Where all pairs of a batch are too many to be gone through at once, they are scored some rows at a time, and scored
    again, with their graph, when the derivative is known: half as much work again in a fraction of the memory.
    """

    def __init__(self, nets: list[nn.Module], device: torch.device, optimiser: dict, call: Call,
                 compile: bool | str = False, call_rows: Callable | None = None, averaged: bool = False):  # fmt: skip
        self.members, self.nets, self.call = len(nets), [net.to(device) for net in nets], call
        self.call_rows = None if call_rows is None or pairs_are_cheap(nets[0]) else call_rows
        if self.members == 1:
            self.parameters = [p for p in nets[0].parameters() if p.requires_grad]
        else:
            stacked, self.buffers = stack_module_state(self.nets)
            self.names = list(stacked)
            self.parameters = [stacked[name].detach().clone().requires_grad_() for name in self.names]
            self._all = vmap(self._one, randomness="different")
        self._forward = devices.compiled(self._plain, device, compile) if compile else self._plain
        self._lent = bool(compile) and device.type == "cuda"  # a CUDA graph writes its next answer over the last
        if not self.parameters:
            raise ValueError("the critic has no parameters to train.")
        fused = {"fused": True} if _can_fuse(self.parameters) else {}
        self.adam = torch.optim.Adam(self.parameters, **{**fused, **optimiser})
        for p in self.parameters:  # so that what is kept has the same names from the start
            self.adam.state[p] = {}
        self._first_state()
        self.means = [p.detach().clone() for p in self.parameters] if averaged else []

    def _one(self, parameters: dict, buffers: dict, z: Tensor) -> Tensor:
        return self.call(_Bound(self.nets[0], parameters, buffers), z)

    def graph(self, z: Tensor) -> Tensor:
        """Return t (members, rows) with its graph."""
        return self._forward(z)

    def _plain(self, z: Tensor) -> Tensor:
        if self.members == 1:
            return self.call(self.nets[0], z[0]).unsqueeze(0)
        return self._all(dict(zip(self.names, self.parameters, strict=True)), self.buffers, z)

    def _parts(self, z: Tensor) -> list[tuple[int, int]]:
        """Return in which rows all pairs of a batch are gone through; none if all at once."""
        b = z.shape[1]
        if self.call_rows is None or self.members * b * b <= PAIRS_AT_ONCE:
            return []
        some = max(1, PAIRS_AT_ONCE // (self.members * b))
        return [(first, min(first + some, b)) for first in range(0, b, some)]

    def _some(self, z: Tensor, first: int, last: int) -> Tensor:
        """Return the scores of some rows of all pairs, (members, rows · b)."""
        if self.members == 1:
            return self.call_rows(self.nets[0], z[0], first, last).unsqueeze(0)

        def one(parameters: dict, buffers: dict, z: Tensor) -> Tensor:
            return self.call_rows(_Bound(self.nets[0], parameters, buffers), z, first, last)

        every = vmap(one, randomness="different")
        return every(dict(zip(self.names, self.parameters, strict=True)), self.buffers, z)

    def scores(self, z: Tensor) -> Tensor:
        """Return t (members, rows) and keep what `backward` needs."""
        self._z = z if self._parts(z) else None
        if self._z is not None:
            with torch.no_grad():
                return self._pairs_by_parts(z)
        with torch.enable_grad():
            self._t = self.graph(z)
        return self._t.detach()

    def _pairs_by_parts(self, z: Tensor) -> Tensor:
        b = z.shape[1]
        t = z.new_empty(self.members, b * b)
        for first, last in self._parts(z):
            t[:, first * b : last * b] = self._some(z, first, last)
        return t

    def backward(self, dt: Tensor) -> None:
        """Take d loss / d t (members, rows) to the gradient of every weight."""
        self.adam.zero_grad(set_to_none=True)
        if self._z is not None:
            b = self._z.shape[1]
            for first, last in self._parts(self._z):
                with torch.enable_grad():
                    self._some(self._z, first, last).backward(dt[:, first * b : last * b])
            return
        self._t.backward(dt)
        self._t = None

    def step(self) -> None:
        """Move every weight by one step of Adam, and the averages after them."""
        self.adam.step()
        if self.means:
            with torch.no_grad():
                taken = float(self.adam.state[self.parameters[0]]["step"])
                torch._foreach_lerp_(self.means, [p.detach() for p in self.parameters], newest_share(taken))

    @contextmanager
    def _averages(self):
        """Let the averaged weights, if there are any, stand in the place of the latest ones."""

        def swap():
            for p, mean in zip(self.parameters, self.means, strict=False):
                p.data, mean.data = mean.data, p.data

        swap()
        try:
            yield
        finally:
            swap()

    @torch.no_grad()
    def evaluate(self, z: Tensor) -> Tensor:
        """Return t (members, rows) for rows that nothing is learned from."""
        modes = [net.training for net in self.nets]
        for net in self.nets:
            net.eval()
        try:
            with self._averages():
                t = self._pairs_by_parts(z) if self._parts(z) else self.graph(z)
            return t.clone() if self._lent else t
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
            kept |= {f"mean{i}": self.means[i]} if self.means else {}
        if self.members == 1:
            kept |= {f"buffer.{name}": b for name, b in self.nets[0].named_buffers()}
            kept = {name: t if name.endswith(".step") else t.unsqueeze(0) for name, t in kept.items()}
        return kept

    def learned(self) -> list[str]:
        """Return which of `tensors` scores depend on: not what the optimiser remembers."""
        weights = "mean" if self.means else "p"
        return [n for n in self.tensors() if n.startswith("buffer.") or (n.startswith(weights) and "." not in n)]

    def export(self, k: int, net: nn.Module) -> None:
        """Copy member k's weights into a net of the same shape."""
        with torch.no_grad(), self._averages():
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
            self.pairs = lambda x, y: functional_call(_Pairs(net, "pairs"), inner, (x, y))
        if hasattr(net, "some_pairs"):
            self.some_pairs = lambda *given: functional_call(_Pairs(net, "some_pairs"), inner, given)

    def __call__(self, *inputs: Tensor) -> Tensor:
        return functional_call(self.net, self.state, inputs)


class _Pairs(nn.Module):
    """A module whose `forward` is a method of another's."""

    def __init__(self, net: nn.Module, method: str):
        super().__init__()
        self.net, self.method = net, method

    def forward(self, *given) -> Tensor:
        return getattr(self.net, self.method)(*given)


def newest_share(steps: float) -> float:
    r"""Return the weight of the newest point in the average over the path of an optimiser, after so many steps.

    (η+1)/(η+t), which is an average over the last η-th or so of the path, however long it is: what a falling learning
    rate would do, without knowing when the path ends.  Reference: shamir2013.
    """
    return min(1.0, (LAST + 1) / (LAST + steps))


def _can_fuse(parameters: list[Tensor]) -> bool:
    kinds = {p.device.type for p in parameters}
    version = tuple(int(v) for v in torch.__version__.split("+")[0].split(".")[:2])
    since = {"cuda": (2, 0), "cpu": (2, 4), "mps": (2, 5)}  # fused Adam's first version, by device
    return all(p.is_floating_point() for p in parameters) and all(version >= since.get(k, (99,)) for k in kinds)


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


def make_engine(
    nets: list[nn.Module],
    device: torch.device,
    optimiser: dict,
    call: Call,
    written: bool = True,
    compile: bool | str = False,
    call_rows: Callable | None = None,
    averaged: bool = False,
):
    """Return the quickest engine that can train these critics; compiled code only if it is asked for.

    `averaged` ones answer, outside of training, with an average of the weights over the last of their path.
    """
    plain = all(type(net).forward is Net.forward and isinstance(net, Net) for net in nets)
    if written and not compile and plain and not averaged and set(optimiser) <= FlatAdam.NAMES:
        return Written(nets, device, optimiser)
    return Graph(nets, device, optimiser, call, compile, call_rows, averaged)
