"""A normalising flow of monotone splines, by the library zuko (chapter 11)."""

import warnings

import torch

from mi_lab.generative.density import Density, randn, whole


class SplineFlow(Density):
    """y is a standard Gaussian that went through monotone rational-quadratic splines, one column after another.

    Any smooth density, with tails that stay Gaussian outside ±5 widths.  Reference: durkan2019neural.
    """

    def __init__(self, d_y: int, d_x: int = 0, bins: int = 8, transforms: int = 1, width: int = 64, depth: int = 2,
                 seed: int | None = None):  # fmt: skip
        super().__init__(d_y, d_x)
        self.shape = {
            "bins": whole(bins, "bins", 2),
            "transforms": whole(transforms, "transforms", 1),
            "hidden_features": [whole(width, "width", 1)] * whole(depth, "depth", 1),
        }
        self.reset(seed)

    def _reset(self):
        from zuko.flows import NSF  # half a second, and only flows need it

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")  # the first column sees nothing
            self.flow = NSF(self.d_y, self.d_x, **self.shape).to(self.offset.device)

    def _at_x(self, x):
        return self.flow(x) if self.d_x else self.flow()

    def _log_density(self, u, x):
        shape = torch.broadcast_shapes(u.shape[:-1], x.shape[:-1])
        return self._at_x(x.expand(*shape, -1)).log_prob(u.expand(*shape, -1))

    def _draw(self, x, generator):
        noise = randn(len(x), self.d_y, like=x, generator=generator)
        return self._at_x(x).transform.inv(noise)
