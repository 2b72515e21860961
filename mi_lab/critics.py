"""Critics: networks that score a pair, t(x, y) (chapter 5).

A critic is any module that maps x (n, d_x) and y (n, d_y) to scores (n,); `pair_scores` and `all_pair_scores` call it.
`Net` also takes z = (x, y) side by side, as `DVTrainer` hands it over.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mi_lab.samples import as_tensor, as_tensor_pair


def _whole(value, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 1.")
    return value


def _layers(sizes: list[int]) -> nn.ModuleList:
    """Return linear layers with weights yet to be drawn: a seeded net then leaves the global generator alone."""
    pairs = zip(sizes[:-1], sizes[1:], strict=True)
    return nn.ModuleList(nn.utils.skip_init(nn.Linear, a, b) for a, b in pairs)


class Net(nn.Module):
    """The critic of the course: dim → 100 → 100 → 1 with ELU, weights N(0, .02²), biases 0, so that t ≈ 0 at first.

    Parameters
    ----------
    dim : int
        Columns of x and y together; 2 for one each.
    width, depth : int
        Units in a hidden layer, and hidden layers.
    std : float or None
        Standard deviation of the weights; None scales a hidden layer's by 1/√(its inputs), which deep nets need.
    seed : int, optional
        Seed of the weights; torch's global generator if left out.
    """

    def __init__(
        self, dim: int = 2, width: int = 100, depth: int = 2, std: float | None = 0.02, seed: int | None = None
    ):
        super().__init__()
        sizes = [_whole(dim, "dim")] + [_whole(width, "width")] * _whole(depth, "depth") + [1]
        if std is not None and not 0 < std < float("inf"):
            raise ValueError(f"std = {std!r}, wanted a finite number above 0, or None.")
        self.dim, self.std = dim, std
        self.layers = _layers(sizes)
        self.reset(seed)

    @torch.no_grad()
    def reset(self, seed: int | None = None) -> "Net":
        """Draw the weights anew; the same seed gives the same weights."""
        generator = None if seed is None else torch.Generator().manual_seed(int(seed))
        for layer in self.layers:
            last = layer.out_features == 1
            std = self.std or (0.02 if last else layer.in_features**-0.5)
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * std)
            layer.bias.zero_()
        return self

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the scores (n,) of pairs: x (n, d_x) and y (n, d_y), or z (n, d_x + d_y) alone."""
        z = x if y is None else torch.cat([x, y], dim=-1)  # (n, dim)
        if z.shape[-1] != self.dim:
            raise ValueError(
                f"the critic takes {self.dim} columns and got {z.shape[-1]}: make it with dim={z.shape[-1]}."
            )
        for layer in self.layers[:-1]:
            z = F.elu(layer(z))  # (n, width)
        return self.layers[-1](z).squeeze(-1)  # (n,)

    def plot(self, law=None, extent: float = 3.0, samples=None, axes=None):
        """Draw t(x, y) as a heat map, beside the true log-ratio of `law` if one is given.

        t is known up to a constant, so the critic is shifted by the mean difference on the square that is drawn,
        weighted by the law's samples.  For x and y of one column each.  Returns (figure, axes).
        """
        from mi_lab.plots import heat_maps  # drawing is loaded only when asked for

        if self.dim != 2:
            raise ValueError(f"the critic takes {self.dim} columns: a heat map wants one of x and one of y.")
        here = self.layers[0].weight.device

        def score(x: Tensor, y: Tensor) -> Tensor:
            return self(x.to(here), y.to(here)).cpu()

        if law is None:
            return heat_maps({"critic t(x, y)": score}, extent, samples=samples, axes=axes)
        with torch.no_grad():
            x, y = law.sample(4000, seed=0)
            shift = (law.log_ratio(x, y) - score(x, y)).mean()
        surfaces = {"critic t(x, y) + c": lambda x, y: score(x, y) + shift, "true log-ratio": law.log_ratio}
        return heat_maps(surfaces, extent, samples=samples, axes=axes)


def deep_net(dim: int = 2, width: int = 256, depth: int = 3, seed: int | None = None) -> Net:
    """Return a deeper and wider `Net`, for samples of many columns: its weights are scaled by 1/√(inputs)."""
    return Net(dim, width, depth, std=None, seed=seed)


class _Features(Net):
    """A `Net` whose last layer gives many numbers instead of one."""

    def __init__(self, dim: int, width: int, depth: int, features: int):
        nn.Module.__init__(self)
        sizes = (
            [_whole(dim, "dim")] + [_whole(width, "width")] * _whole(depth, "depth") + [_whole(features, "features")]
        )
        self.layers = _layers(sizes)

    def forward(self, z: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            z = F.elu(layer(z))
        return self.layers[-1](z)  # (n, features)


class Separable(nn.Module):
    """A critic g(x)·h(y) with two networks: all n·n′ pairs cost one matrix product.

    Parameters
    ----------
    d_x, d_y : int
        Columns of x and of y.
    width, depth : int
        Of either network.
    features : int
        Length of g(x) and h(y).
    seed : int, optional
        Seed of the weights.
    scale : float
        What h's last weights are multiplied by at first.  At 1 scores start with a spread of several nats, which
        InfoNCE soon divides away; objectives that average e^t itself want .05, t ≈ 0 at first.
    limit : float, optional
        Bends scores into ± this many nats, by t ↦ limit · tanh(t / limit): a product of two networks grows like a
        square where there are no samples, and e to its power is then all that an average sees.
    """

    def __init__(self, d_x: int = 1, d_y: int = 1, width: int = 100, depth: int = 2, features: int = 32,
                 seed: int | None = None, scale: float = 1.0, limit: float | None = None):  # fmt: skip
        super().__init__()
        self.scale, self.limit = scale, limit
        self.g, self.h = _Features(d_x, width, depth, features), _Features(d_y, width, depth, features)
        self.reset(seed)

    @torch.no_grad()
    def reset(self, seed: int | None = None) -> "Separable":
        """Draw the weights anew: N(0, 1/inputs), biases 0."""
        generator = None if seed is None else torch.Generator().manual_seed(int(seed))
        for layer in [*self.g.layers, *self.h.layers]:
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * layer.in_features**-0.5)
            layer.bias.zero_()
        self.h.layers[-1].weight.mul_(self.scale)
        return self

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scores (n,) of the pairs (x[i], y[i])."""
        return self._bent((self.g(x) * self.h(y)).sum(-1))

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scores (n, n′) of all pairs (x[i], y[j])."""
        return self._bent(self.g(x) @ self.h(y).mT)

    def _bent(self, t: Tensor) -> Tensor:
        return t if self.limit is None else self.limit * (t / self.limit).tanh()


class Bilinear(Separable):
    """A critic g(x)ᵀ W h(y): a `Separable` one with a matrix between its networks.

    W could as well be the last layer of g, so it scores nothing that `Separable` can't; it learns at another pace.
    Parameters as for `Separable`.
    """

    def __init__(self, d_x: int = 1, d_y: int = 1, width: int = 100, depth: int = 2, features: int = 32,
                 seed: int | None = None, scale: float = 1.0, limit: float | None = None):  # fmt: skip
        nn.Module.__init__(self)
        self.scale, self.limit = scale, limit
        self.g, self.h = _Features(d_x, width, depth, features), _Features(d_y, width, depth, features)
        self.between = nn.utils.skip_init(nn.Linear, features, features, bias=False)
        self.reset(seed)

    @torch.no_grad()
    def reset(self, seed: int | None = None) -> "Bilinear":
        """Draw the weights of g and h anew, as those of `Separable`; W starts as the identity."""
        super().reset(seed)
        nn.init.eye_(self.between.weight)
        return self

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scores (n,) of the pairs (x[i], y[i])."""
        return self._bent((self.between(self.g(x)) * self.h(y)).sum(-1))

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scores (n, n′) of all pairs (x[i], y[j])."""
        return self._bent(self.between(self.g(x)) @ self.h(y).mT)


def _check_critic(critic) -> None:
    if not callable(critic):
        raise ValueError(f"critic is a {type(critic).__name__}, wanted a module or function of x and y.")


def pair_scores(critic: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return t(x[i], y[i]), shape (n,), of any critic, whether it answers with (n,) or (n, 1).

    Raises
    ------
    ValueError
        x and y aren't joint samples (see `as_pair`), or the critic's answer isn't one score a pair.
    """
    _check_critic(critic)
    x, y = as_tensor_pair(x, y)
    return one_score_each(critic(x, y), len(x))


def all_pair_scores(critic: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return t(x[i], y[j]), shape (n, n′): by the critic's own `pairs` if it has one, else by scoring every pair."""
    _check_critic(critic)
    return score_all_pairs(critic, as_tensor(x, "x"), as_tensor(y, "y"))


def score_all_pairs(critic: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Do what `all_pair_scores` does with tensors that have been looked at already."""
    if hasattr(critic, "pairs"):
        return critic.pairs(x, y)
    n, k = len(x), len(y)
    grid_x = x.unsqueeze(1).expand(n, k, x.shape[-1]).reshape(n * k, -1)
    grid_y = y.unsqueeze(0).expand(n, k, y.shape[-1]).reshape(n * k, -1)
    return one_score_each(critic(grid_x, grid_y), n * k).view(n, k)


def score_some_pairs(critic: nn.Module, x: Tensor, y: Tensor, first: int, last: int) -> Tensor:
    """Return the rows of `score_all_pairs` from number `first` up to `last`."""
    if hasattr(critic, "some_pairs"):
        return critic.some_pairs(x, y, first, last)
    return score_all_pairs(critic, x[first:last], y)


def pairs_are_cheap(critic: nn.Module) -> bool:
    """Say whether a critic scores all pairs by a product of its own, and not by going through them."""
    if getattr(critic, "pairs_by", None):  # a normaliser: its critic's pairs, less a number each
        return pairs_are_cheap(getattr(critic, critic.pairs_by))
    return hasattr(critic, "pairs")


def one_score_each(t: Tensor, n: int) -> Tensor:
    """Return a critic's answer as (n,), or say that it isn't one score for each of n pairs."""
    if not isinstance(t, Tensor) or t.numel() != n:
        found = f"shape {tuple(t.shape)}" if isinstance(t, Tensor) else f"a {type(t).__name__}"
        raise ValueError(f"the critic answered {found} to {n} pairs, wanted one score each: (n,) or (n, 1).")
    return t.reshape(n)
