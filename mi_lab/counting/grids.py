r"""Sums of Gaussian kernels in time linear in n: spread on a grid, convolve by FFT, read off at the samples.

Each sample is shared out among four grid points along each axis by a cubic B-spline (two, by a linear one, where they
are many); the grid's transform is multiplied by the kernel's; the densities are read at the samples with the same
shares.  Spreading and reading blur, by the fourth power of a sinc each (the second); the transform is divided by both,
and what remains is the Gaussian itself, up to aliasing.
"""

import math

import torch
from torch import Tensor

FINE = 1.6  # grid points per bandwidth for values right to 1e-3
SMOOTH = 2.5  # the same where a gradient is wanted
SEARCH, MANY = 1.1, 2000  # the same in the search for a bandwidth, with more samples than so many
REACH = 6.0  # bandwidths between the data and their periodic image
LARGEST = 1024  # grid points along an axis in the search for a bandwidth
FLOOR = 1e-6  # of its own kernel: what is less at a sample can't be told from rounding
_SIZES = [round(2**j * f) for j in range(5, 13) for f in (1, 1.125, 1.25, 1.5, 1.75)]
_HELD = 1 << 18  # grid points worked on at once: they stay in the processor's cache
_WIDE = 1 << 24  # grid points, and samples' shares, worked on at once by a device that wants much work at a time


class Gridded:
    """Samples u, v (A, n), in a common unit, ready for kernel sums of any bandwidth."""

    def __init__(self, u: Tensor, v: Tensor):
        self.u, self.v = (t - t.detach().amin(1, keepdim=True) for t in (u, v))
        self.room = torch.maximum(self.u.detach().amax(1), self.v.detach().amax(1)).tolist()
        slope = torch.is_grad_enabled() and (u.requires_grad or v.requires_grad)
        self.fine = SMOOTH if slope else FINE
        self.width = 4 if slope or u.shape[1] <= MANY else 2  # with many samples the linear spline's errors cancel
        self.finest = max(max(self.room) / (LARGEST / self.fine - REACH), 1e-6)

    def size(self, item: int, h: float, fine: float | None = None) -> int:
        """Return how many grid points an item needs along each axis."""
        wanted = (fine or self.fine) * (self.room[item] / h + REACH)
        return next((s for s in _SIZES if s >= wanted), math.ceil(wanted))

    def likelihood(self, h: Tensor, active: Tensor) -> Tensor:
        """Return the mean leave-one-out log density of the pairs for bandwidths h, (A,), of the `active` items."""
        out = torch.zeros_like(h)
        fine = FINE if self.u.shape[1] <= MANY else SEARCH
        which = active.nonzero()[:, 0].tolist()
        for items, size in self._groups(which, h[which].tolist(), fine):
            out[items] = self._sums(items, h[items], size, (0.0,), self.width)[0].mean(1)
        return out

    def log_densities(self, h: Tensor, weights: tuple) -> list[Tensor]:
        """Return log p̂ of the pairs, of u and of v at the samples, each (A, n); bandwidths h (A,).

        `weights`: how much of its own kernel a sample sees, in the three densities.
        """
        out = [torch.zeros_like(self.u)] * 3
        for items, size in self._groups(range(len(self.u)), h.tolist()):
            index = torch.as_tensor(items, device=self.u.device)
            parts = self._sums(items, h[index], size, weights, self.width)
            out = [o.index_copy(0, index, p) for o, p in zip(out, parts, strict=True)]
        return out

    def _groups(self, which, hs, fine: float | None = None):
        """Yield items that need equally fine grids, as many together as memory allows, and the grid's size."""
        by_size: dict[int, list[int]] = {}
        for i, h in zip(which, hs, strict=True):
            by_size.setdefault(self.size(i, h, fine), []).append(i)
        for size, items in by_size.items():
            if self.u.device.type == "cpu":
                together = max(1, _HELD // size**2)
            else:
                together = max(1, _WIDE // max(size**2, self.width * self.u.shape[1]))
            for start in range(0, len(items), together):
                yield items[start : start + together], size

    def _sums(self, items: list[int], h: Tensor, size: int, weights: tuple, width: int) -> list[Tensor]:
        """Return the log densities of the pairs and, with three weights, of u and v; spread over `width` points."""
        u, v = self.u[items], self.v[items]
        room = u.new_tensor([self.room[i] for i in items])
        step = (room + REACH * h) / size  # (A,)
        (i, a), (j, b) = (_corners(t / step[:, None], width) for t in (u, v))  # (A, n, width)
        grid = u.new_zeros(len(u), size * size)
        shares = [a[..., p, None] * b for p in range(width)]
        for p in range(width):
            grid = grid.scatter_add(1, (i[..., p, None] * size + j).flatten(1), shares[p].flatten(1))
        grid = grid.view(-1, size, size)
        kernel = _transform(h / step, size, width)  # (A, size // 2 + 1)
        around = torch.fft.irfft(kernel, n=size)[:, :width]  # the kernel at distances of 0, 1, … grid points
        own = [_own(share, around) for share in (a, b)]
        # one axis after the other: quicker than an inverse transform in two dimensions; now (A, v, u)
        smooth = _along(_along(grid, kernel).mT, kernel).flatten(1)
        read = 0
        for p in range(width):
            found = smooth.gather(1, (i[..., p, None] + j * size).flatten(1)).view_as(j)
            read = read + (found * shares[p]).sum(-1)
        out = [self._log(read, own[0] * own[1], weights[0], step.square())]
        if len(weights) == 1:
            return out
        for axis, (at, share) in enumerate(((i, a), (j, b))):
            smooth = _along(grid.sum(2 - axis)[:, None], kernel)[:, 0]
            read = (smooth.gather(1, at.flatten(1)).view_as(share) * share).sum(-1)
            out.append(self._log(read, own[axis], weights[axis + 1], step))
        return out

    def _log(self, read: Tensor, own: Tensor, weight: float, cell: Tensor) -> Tensor:
        """Return the log of a sum of kernels, each sample's own weighed by `weight`, as a density."""
        total = torch.maximum(read + (weight - 1) * own, FLOOR * own)
        return torch.log(total) - torch.log(cell * (self.u.shape[1] - 1 + weight))[:, None]


def _along(grid: Tensor, kernel: Tensor) -> Tensor:
    """Convolve each line of grids (A, lines, size) with a kernel given by its transform, (A, size // 2 + 1)."""
    return torch.fft.irfft(torch.fft.rfft(grid) * kernel[:, None], n=grid.shape[-1])


def _corners(place: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return the grid points around each place, (A, n, width), and the B-spline's shares of them."""
    left = place.detach().floor()
    t = (place - left)[..., None]
    if width == 2:
        share = torch.cat([1 - t, t], -1)
    else:
        share = torch.cat([(1 - t) ** 3, (3 * t - 6) * t**2 + 4, ((3 - 3 * t) * t + 3) * t + 1, t**3], -1) / 6
    return left.long()[..., None] + torch.arange(width, device=place.device), share  # the margin `REACH` has room


def _own(share: Tensor, around: Tensor) -> Tensor:
    """Return what a sample that was spread by `share` reads of itself along one axis, (A, n)."""
    total = share.square().sum(-1) * around[:, :1]
    for m in range(1, share.shape[-1]):
        total = total + 2 * (share[..., m:] * share[..., :-m]).sum(-1) * around[:, m : m + 1]
    return total


def _transform(h: Tensor, size: int, width: int) -> Tensor:
    """Return the Gaussian's transform over that of spreading and reading, (A, size // 2 + 1); h in grid points."""
    ω = torch.arange(size // 2 + 1, dtype=h.dtype, device=h.device) * (2 * math.pi / size)
    return torch.exp(-0.5 * (h[:, None] * ω) ** 2) / torch.sinc(ω / (2 * math.pi)) ** (2 * width)
