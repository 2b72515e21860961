"""Product laws R_X R_Y that one can sample for ever: MI-NEE's references (chapter 8)."""

import copy
import math
from typing import Any

import torch
from torch import Generator, Tensor

from mi_lab.samples import as_tensor_pair


def how_many(n: int | None, available: int, most: int | None, who: str) -> int:
    """Return how many reference samples are wanted, at most `most` of them."""
    n = available if n is None else n
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n = {n!r} reference samples, wanted a whole number of at least 1.")
    if most is not None and n > most:
        raise ValueError(f"n = {n} reference samples, but {who} gives at most as many as there are samples, {most}.")
    return n


class ProductLaw:
    """A law R_X R_Y that one can sample for ever: subclasses say how by `_draw` and where it has mass by `_misses`."""

    def __init__(self, first: tuple, second: tuple):
        self.first, self.second = first, second  # the parameters of R_X and of R_Y

    def _draw(self, parameters: tuple, n: int, generator: Generator | None, device: torch.device) -> Tensor:
        raise NotImplementedError

    def _misses(self, parameters: tuple, z: Tensor) -> Tensor:
        return torch.zeros(len(z), dtype=torch.bool, device=z.device)

    def __call__(self, x: Tensor, y: Tensor, generator: Generator | None = None, n: int | None = None):
        """Return x_ref (n, d_x) and y_ref (n, d_y), independent samples of R_X and of R_Y."""
        if not isinstance(x, Tensor) or not isinstance(y, Tensor):
            x, y = as_tensor_pair(x, y)
        n = how_many(n, len(x), None, "")
        return self._draw(self.first, n, generator, x.device), self._draw(self.second, n, generator, y.device)

    def check_covers(self, x: Tensor, y: Tensor) -> None:
        """Raise a `ValueError` where the reference has no mass at a sample: the divergence is then infinite."""
        for name, parameters, z in (("x", self.first, x), ("y", self.second, y)):
            d = parameters[0].shape[-1]
            if z.shape[1] != d:
                raise ValueError(f"{name} has {z.shape[1]} columns and its reference has {d}: wanted equally many.")
            outside = int(self._misses(parameters, z).sum())
            if outside:
                raise ValueError(
                    f"the reference has no mass at {outside} of the {len(z)} samples of {name}: the divergence from it "
                    "is infinite, so choose one that is wider."
                )


def _factor(factor: Any) -> float:
    if not isinstance(factor, (int, float)) or isinstance(factor, bool) or not 0 < factor < float("inf"):
        raise ValueError(f"factor = {factor!r}, wanted a finite number above 0.")
    return float(factor)


class GaussianReference(ProductLaw):
    """X' and Y' independent Gaussians, each with a mean (d,) and a matrix square root (d, d) of its covariance."""

    def __init__(self, mean_x: Tensor, root_x: Tensor, mean_y: Tensor, root_y: Tensor):
        for name, mean, root in (("x", mean_x, root_x), ("y", mean_y, root_y)):
            if mean.ndim != 1 or tuple(root.shape) != (len(mean), len(mean)):
                raise ValueError(
                    f"the Gaussian for {name} has a mean of shape {tuple(mean.shape)} and a root of shape "
                    f"{tuple(root.shape)}, wanted (d,) and (d, d)."
                )
        super().__init__((mean_x, root_x), (mean_y, root_y))

    @classmethod
    def standard(cls, d_x: int = 1, d_y: int = 1, factor: float = 1.0) -> "GaussianReference":
        """Standard Gaussians whose standard deviations are `factor`."""
        f = _factor(factor)
        return cls(torch.zeros(d_x), f * torch.eye(d_x), torch.zeros(d_y), f * torch.eye(d_y))

    @classmethod
    def fitted(cls, x: Tensor, y: Tensor, factor: float = 1.0) -> "GaussianReference":
        """Gaussians with the data's means and covariances, standard deviations wider by `factor`."""
        x, y = as_tensor_pair(x, y, minimum=2)
        f, parameters = _factor(factor), []
        for z in (x, y):
            here, z = z.device, z.detach().cpu().double()  # not every device has float64, or eigenvectors
            centred = z - z.mean(0)
            values, vectors = torch.linalg.eigh(centred.T @ centred / (len(z) - 1))
            # a direction in which the data never vary keeps a sliver of width, so that the law has a density
            widths = values.clamp(min=max(1e-8 * float(values.max()), 1e-30)).sqrt()
            parameters += [v.float().to(here) for v in (z.mean(0), f * vectors * widths)]
        return cls(*parameters)

    def _draw(self, parameters, n, generator, device):
        mean, root = (p.to(device) for p in parameters)
        where = generator.device if generator is not None else device
        z = torch.randn(n, len(mean), generator=generator, device=where).to(device)  # (n, d)
        return torch.addmm(mean, z, root.T)


class UniformReference(ProductLaw):
    """X' and Y' independent and uniform on a box each, from `low` (d,) to `high` (d,)."""

    def __init__(self, low_x: Tensor, high_x: Tensor, low_y: Tensor, high_y: Tensor):
        for name, low, high in (("x", low_x, high_x), ("y", low_y, high_y)):
            if low.ndim != 1 or low.shape != high.shape or not bool((low < high).all()):
                raise ValueError(f"the box for {name} goes from {low} to {high}, wanted two (d,) with low < high.")
        super().__init__((low_x, high_x), (low_y, high_y))

    @classmethod
    def fitted(cls, x: Tensor, y: Tensor, factor: float = 1.0) -> "UniformReference":
        """The boxes that just hold the data, their sides wider by `factor` about the middle."""
        x, y = as_tensor_pair(x, y, minimum=2)
        f, parameters = _factor(factor), []
        for z in (x, y):
            low, high = z.detach().cpu().double().aminmax(dim=0)
            middle, half = (low + high) / 2, f * (high - low).clamp(min=1e-6) / 2
            if f >= 1:
                half = half * (1 + 1e-6)  # rounding to float32 must not push the extreme samples out
            parameters += [v.float().to(z.device) for v in (middle - half, middle + half)]
        return cls(*parameters)

    def _draw(self, parameters, n, generator, device):
        low, high = (p.to(device) for p in parameters)
        where = generator.device if generator is not None else device
        return low + (high - low) * torch.rand(n, len(low), generator=generator, device=where).to(device)

    def _misses(self, parameters, z):
        low, high = (p.to(z.device) for p in parameters)
        return ((z < low) | (z > high)).any(1)


class TrainedReference(ProductLaw):
    """Gaussians with independent coordinates whose means and widths are trained to bring the divergence down.

    I(X;Y) is the infimum of D(P_XY || R_X R_Y) over product references; a sample is mean + width · noise, so that the
    critic's scores carry the gradient to both parameters.
    """

    def __init__(self, x: Tensor, y: Tensor, factor: float = 2.0):
        x, y = as_tensor_pair(x, y, minimum=2)
        f = _factor(factor)
        super().__init__(*((z.mean(0), (f * z.std(0)).clamp(min=1e-4).log()) for z in (x.detach(), y.detach())))
        for p in self.parameters():
            p.requires_grad_()

    def at(self, flat: Tensor) -> "TrainedReference":
        """Return a reference like this one whose parameters are views of a flat tensor."""
        other = copy.copy(self)
        parts = [p.requires_grad_() for p in flat.detach().split([len(p) for p in self.parameters()])]
        other.first, other.second = tuple(parts[:2]), tuple(parts[2:])
        return other

    def parameters(self) -> list[Tensor]:
        """Return the trained tensors: mean and log width of R_X, then of R_Y."""
        return [*self.first, *self.second]

    @torch.no_grad()
    def log_density(self, x: Tensor, y: Tensor) -> Tensor:
        """Return log r_X(x) + log r_Y(y), shape (n,)."""
        total = x.new_zeros(len(x))
        for z, (mean, log_width) in ((x, self.first), (y, self.second)):
            total -= (((z - mean) / log_width.exp()).square() / 2 + log_width + math.log(2 * math.pi) / 2).sum(1)
        return total

    def _draw(self, parameters, n, generator, device):
        mean, log_width = parameters
        where = generator.device if generator is not None else device
        return mean + log_width.exp() * torch.randn(n, len(mean), generator=generator, device=where).to(device)
