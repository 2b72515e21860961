"""Normalisers learned beside a critic: of y (TUBA's) or of every joint sample (FLO's), chapter 9.

Only the difference of critic and normaliser matters to a bound, so both are one critic to whoever trains it.
"""

import torch
from torch import Tensor, nn

from mi_lab.critics import Net, Separable, one_score_each, score_all_pairs
from mi_lab.streams import stream_seed


class Normalised(nn.Module):
    """A critic and a normaliser a(y) learned beside it: t(x, y) - log a(y), TUBA's (chapter 9).

    Only the difference matters to the bound, so the two are one critic to whoever trains it.

    Parameters
    ----------
    net : Module
        A critic of x and y.
    log_a : Module
        y (n, d_y) -> log a(y), shape (n,) or (n, 1).
    """

    pairs_by = "net"  # whose pairs say whether all pairs are cheap

    def __init__(self, net: nn.Module, log_a: nn.Module):
        super().__init__()
        self.net, self.log_a = net, log_a

    def reset(self, seed: int | None = None) -> "Normalised":
        """Draw the weights of both anew."""
        _reset_all(seed, critic=self.net, normaliser=self.log_a)
        return self

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return t(x[i], y[i]) - log a(y[i]), shape (n,)."""
        return one_score_each(self.net(x, y), len(x)) - one_score_each(self.log_a(y), len(y))

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        """Return t(x[i], y[j]) - log a(y[j]), shape (n, n′)."""
        return score_all_pairs(self.net, x, y) - one_score_each(self.log_a(y), len(y))


class PairNormalised(nn.Module):
    """A critic and a normaliser a(x, y) learned beside it for every joint sample: FLO's (chapter 9).

    Its scores are s_ij = t(x_i, y_j) - log a(x_i, y_i), of which `flo` with u = log a - t(x_i, y_i) is the `tuba` with
    a = 1.  The best a(x, y) is E_y' e^t(x, y').

    Parameters
    ----------
    net, log_a : Module
        Critics of x and y.
    """

    pairs_by = "net"

    def __init__(self, net: nn.Module, log_a: nn.Module):
        super().__init__()
        self.net, self.log_a = net, log_a

    def reset(self, seed: int | None = None) -> "PairNormalised":
        """Draw the weights of both anew."""
        _reset_all(seed, critic=self.net, normaliser=self.log_a)
        return self

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return t(x[i], y[i]) - log a(x[i], y[i]) = -u, shape (n,): at its best the log-ratio itself."""
        return one_score_each(self.net(x, y), len(x)) - one_score_each(self.log_a(x, y), len(x))

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        """Return s (n, n) of joint samples x[i], y[i]."""
        if len(x) != len(y):
            raise ValueError(f"x has {len(x)} samples and y has {len(y)}: FLO's scores want joint samples.")
        return self.some_pairs(x, y, 0, len(x))

    def some_pairs(self, x: Tensor, y: Tensor, first: int, last: int) -> Tensor:
        """Return the rows of s from number `first` up to `last`."""
        x = x[first:last]
        return score_all_pairs(self.net, x, y) - one_score_each(self.log_a(x, y[first:last]), len(x)).unsqueeze(1)


def _reset_all(seed: int | None, **nets: nn.Module) -> None:
    """Draw the weights of several nets anew, each from a stream of its own."""
    for role, net in nets.items():
        if hasattr(net, "reset"):
            net.reset(seed if role == "critic" or seed is None else stream_seed(seed, role))
            continue
        with torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.manual_seed(seed if role == "critic" else stream_seed(seed, role))
            for module in net.modules():
                if hasattr(module, "reset_parameters"):
                    module.reset_parameters()


def with_normaliser(net: nn.Module, kind: str | None, d_x: int, d_y: int) -> nn.Module:
    """Return the critic with the normaliser that an objective wants, unless it has it already."""
    wanted = {None: nn.Module, "y": Normalised, "pair": PairNormalised}[kind]
    if isinstance(net, wanted) or not isinstance(net, nn.Module):  # what is no module is refused by who trains it
        return net
    layers = net.layers if isinstance(net, Net) else net.g.layers if isinstance(net, Separable) else None
    shape = {"width": layers[0].out_features, "depth": len(layers) - 1} if layers else {}
    own = Net(d_y if kind == "y" else d_x + d_y, std=None, seed=stream_seed("normaliser"), **shape)
    return wanted(net, own)
