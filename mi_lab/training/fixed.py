"""Nets that nothing trains: terms of an estimate that are only evaluated (chapter 12)."""

import torch
from torch import Tensor, nn


class Fixed:
    """An engine that scores and never moves; a net takes rows z (rows, columns) to scores (rows,)."""

    def __init__(self, nets: list[nn.Module], device: torch.device):
        self.members, self.nets, self.rows = len(nets), [net.to(device).eval() for net in nets], {}
        for name, first in nets[0].state_dict().items():  # one tensor for all members, each net sees its row
            each = [net.state_dict()[name] for net in nets]
            self.rows[name] = torch.stack(each) if all(e.shape == first.shape for e in each) else None
        for k, net in enumerate(self.nets):
            own = dict(net.named_parameters()) | dict(net.named_buffers())
            for name, rows in self.rows.items():
                if rows is not None:
                    own[name].data = rows[k]

    @torch.no_grad()
    def graph(self, z: Tensor) -> Tensor:
        """Return t (members, rows)."""
        return torch.stack([net(some).reshape(-1) for net, some in zip(self.nets, z, strict=True)])

    scores = evaluate = graph

    def backward(self, dt: Tensor) -> None:
        """Nothing is learned."""

    def step(self) -> None:
        """Nothing moves."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what has to be kept to go on exactly from here, each with a row a member."""
        return {name: rows for name, rows in self.rows.items() if rows is not None}

    def learned(self) -> list[str]:
        """Return which of `tensors` training changes: none."""
        return []

    def export(self, k: int, net: nn.Module) -> None:
        """Copy member k's weights into a net of the same shape."""
        net.load_state_dict(self.nets[k].state_dict())
