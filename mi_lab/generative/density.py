r"""What all density models share: a protocol, and the frame of the best linear Gaussian that each starts from.

A model of q(y|x) answers ``log_prob(y, x)`` in nats and draws by ``sample(x)``; with d_x = 0 it is a marginal model
q(y), ``log_prob(y)`` and ``sample(n)``.  Inside it describes

.. math:: u = L^{-1} (y - W x - b), \qquad \log q(y|x) = \log q_u(u|x) - \log \det L,

where W, b are the least squares line of the training samples and L L^T is the covariance of what is left: u has mean 0
and covariance 1, whatever the units of x and y, and a model that has learned nothing is the best linear Gaussian.
"""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from mi_lab.samples import as_tensor, as_tensor_pair

LOG_2PI = math.log(2 * math.pi)
SINGULAR = 1e-10  # share of a column's variance below which the others explain it all, as far as float32 tells


class Density(nn.Module):
    """A model of y given x; subclasses give `_log_density(u, x)`, `_draw(x, generator)` and `_reset()`.

    Parameters
    ----------
    d_y, d_x : int
        Columns of y, and of x; 0 columns of x make it a model of y alone.
    """

    def __init__(self, d_y: int, d_x: int = 0):
        super().__init__()
        self.d_y, self.d_x = whole(d_y, "d_y", 1), whole(d_x, "d_x", 0)
        for name, shape in (("line", (d_y, d_x)), ("offset", (d_y,)), ("x_mean", (d_x,))):
            self.register_buffer(name, torch.zeros(shape))
        for name in ("root", "root_inverse"):
            self.register_buffer(name, torch.eye(d_y))
        self.register_buffer("log_det", torch.zeros(()))
        self.register_buffer("x_width", torch.ones(d_x))

    # ---- what a model says ----

    def _log_density(self, u: Tensor, x: Tensor) -> Tensor:
        """Return log q_u(u|x) for u (…, d_y) and x (…, d_x), standardised, whose leading axes broadcast."""
        raise NotImplementedError

    def _draw(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Return u (n, d_y) for x (n, d_x), standardised."""
        raise NotImplementedError

    def _reset(self) -> None:
        """Draw the weights anew, from torch's global generator."""

    # ---- the protocol ----

    def log_prob(self, y, x=None) -> Tensor:
        """Return log q(y|x), shape (n,), in nats; log q(y) of a marginal model.

        Raises
        ------
        ValueError
            The samples aren't joint samples with the model's numbers of columns.
        """
        x, y = self._checked(x, y)
        return self.forward(torch.cat([x, y], 1))

    def sample(self, x=None, generator: Generator | None = None) -> Tensor:
        """Return one y (n, d_y) for each row of x (n, d_x); of a marginal model, x is how many."""
        if self.d_x == 0:
            x = torch.zeros(whole(x, "n", 1), 0, device=self.offset.device)
        x = as_tensor(x, "x") if self.d_x else x
        if x.shape[1] != self.d_x:
            raise ValueError(f"x has {x.shape[1]} columns, and the model was made for d_x = {self.d_x}.")
        with torch.no_grad():
            u = self._draw((x - self.x_mean) / self.x_width, generator)
            return x @ self.line.T + self.offset + u @ self.root.T

    def pairs(self, x: Tensor, y: Tensor) -> Tensor:
        """Return log q(y_j|x_i), shape (n, n′)."""
        return self._at(x.unsqueeze(-2), y.unsqueeze(-3))

    def forward(self, z: Tensor) -> Tensor:
        """Return log q(y|x) of rows z = (x, y), shape (n, d_x + d_y): how the trainers call it."""
        return self._at(z[..., : self.d_x], z[..., self.d_x :])

    def _at(self, x: Tensor, y: Tensor) -> Tensor:
        u = (y - x @ self.line.mT - self.offset) @ self.root_inverse.mT
        return self._log_density(u, (x - self.x_mean) / self.x_width) - self.log_det

    def _checked(self, x, y) -> tuple[Tensor, Tensor]:
        if self.d_x == 0:
            y = as_tensor(y, "y")
            x = y[:, :0]
        else:
            x, y = as_tensor_pair(x, y)
        for name, z, d in (("y", y, self.d_y), ("x", x, self.d_x)):
            if z.shape[1] != d:
                raise ValueError(f"{name} has {z.shape[1]} columns, and the model was made for d_{name} = {d}.")
        return x, y

    # ---- where it starts ----

    def reset(self, seed: int | None = None) -> "Density":
        """Draw the weights anew; the same seed gives the same weights, and leaves torch's generator alone."""
        if seed is None:
            self._reset()
            return self
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(seed))
            self._reset()
        return self

    @torch.no_grad()
    def start(self, x: Tensor, y: Tensor) -> "Density":
        """Take the frame from samples x (n, d_x), y (n, d_y): the line, and the covariance of what it leaves.

        Raises
        ------
        ValueError
            Fewer samples than columns, or a column of y that the other columns explain: it has no density.
        """
        x, y, here = x.detach().cpu().double(), y.detach().cpu().double(), self.offset.device
        n, columns = len(y), self.d_x + self.d_y
        if n < columns + 2:
            raise ValueError(
                f"a density model of {columns} columns wants at least {columns + 2} samples to train on, and there are "
                f"{n}: take fewer columns, or more samples."
            )
        scale, x_width = widths(y), widths(x)
        basis = torch.cat([(x - x.mean(0)) / x_width, torch.ones(n, 1).double()], 1)
        target = (y - y.mean(0)) / scale
        # the driver that also knows what to do where columns of x are dependent
        coefficients = torch.linalg.lstsq(basis, target, driver="gelsd").solution  # (d_x + 1, d_y)
        rest = target - basis @ coefficients
        covariance = rest.T @ rest / n
        root, failed = torch.linalg.cholesky_ex(covariance)
        pivots = root.diagonal()[: int(failed) - 1 if int(failed) else None] ** 2  # as far as the factor exists
        if int(failed) or bool((pivots < SINGULAR).any()):
            first = int((pivots < SINGULAR).nonzero()[0]) if bool((pivots < SINGULAR).any()) else len(pivots)
            others = "the columns before it" + (" and x" if self.d_x else "")
            raise ValueError(
                f"column {first} of y is a linear function of {others}, as far as float32 tells: their covariance is "
                "singular, there is no density (leave the column out)."
            )
        root = scale[:, None] * root
        line = scale[:, None] * coefficients[:-1].T / x_width
        for name, value in (
            ("line", line),
            ("offset", y.mean(0) + scale * coefficients[-1] - line @ x.mean(0)),
            ("root", root),
            ("root_inverse", torch.linalg.inv(root)),
            ("log_det", root.diagonal().log().sum()),
            ("x_mean", x.mean(0)),
            ("x_width", x_width),
        ):
            getattr(self, name).copy_(value.float().to(here))
        return self


# ---- parts -----------------------------------------------------------------------------------------------------------


class Network(nn.Module):
    """From inputs (…, d) to so many numbers: layers with ELU; without inputs, numbers alone."""

    def __init__(self, inputs: int, outputs: int, width: int = 64, depth: int = 2):
        super().__init__()
        sizes = [inputs] + [whole(width, "width", 1)] * whole(depth, "depth", 1) if inputs else []
        self.layers = nn.ModuleList(
            nn.utils.skip_init(nn.Linear, a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        self.last = nn.utils.skip_init(nn.Linear, sizes[-1], outputs) if sizes else _Constant(outputs)

    @torch.no_grad()
    def reset(self) -> None:
        """Draw the weights N(0, 1/inputs), the last layer's N(0, .02²), biases 0: the answer is near its bias."""
        for layer in self.layers:
            layer.weight.normal_(std=layer.in_features**-0.5)
            layer.bias.zero_()
        if len(self.layers):
            self.last.weight.normal_(std=0.02)
        self.last.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.elu(layer(x))
        return self.last(x)


class _Constant(nn.Module):
    """The same numbers whatever x is, as a last layer."""

    def __init__(self, outputs: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.bias.expand(*x.shape[:-1], -1)


class AllPairs(nn.Module):
    """A model that answers to a batch of rows (x, y) with all pairs, log q(y_j|x_i), row by row: (k², )."""

    def __init__(self, model: Density):
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        return self.model.pairs(z[..., : self.model.d_x], z[..., self.model.d_x :]).flatten(-2)


def widths(z: Tensor) -> Tensor:
    """Return the columns' standard deviations, 1 for one that never varies."""
    width = z.var(0, correction=0).sqrt() if z.shape[1] else z.new_ones(0)
    return torch.where(width > 0, width, 1.0)


def log_normal(u: Tensor, log_width: Tensor | float = 0.0) -> Tensor:
    """Return the log-density of N(0, width²) at u, element by element."""
    log_width = torch.as_tensor(log_width, dtype=u.dtype, device=u.device)
    return -((u * (-log_width).exp()) ** 2) / 2 - log_width - LOG_2PI / 2


def bounded(raw: Tensor, limit: float = 7.0) -> Tensor:
    """Return a log-width between ±limit: no component shrinks onto a sample, none leaves float range."""
    return limit * torch.tanh(raw / limit)


def randn(*shape: int, like: Tensor, generator: Generator | None) -> Tensor:
    """Return standard normal numbers where `like` is, whatever device the generator is on."""
    where = generator.device if generator is not None else like.device
    return torch.randn(*shape, generator=generator, device=where).to(like.device)


def choices(logits: Tensor, generator: Generator | None) -> Tensor:
    """Return one number of a category for each row of logits (n, K)."""
    where = generator.device if generator is not None else logits.device
    u = torch.rand(len(logits), 1, generator=generator, device=where).to(logits.device)
    return (torch.softmax(logits, -1).cumsum(-1) < u).sum(-1).clamp(max=logits.shape[-1] - 1)


def whole(value, name: str, least: int) -> int:
    """Return a whole number of at least `least`, or raise a `ValueError` that names the argument."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} = {value!r}, wanted a whole number of at least {least}.")
    return value
