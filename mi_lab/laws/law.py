"""What every law has: sampling, its mutual information in nats, and the log-ratio whose mean that is."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mi_lab.samples import as_pair

Seed = int | np.random.Generator | None


def count(n: Any, name: str = "n") -> int:
    """Return a whole number of at least 1, or raise a `ValueError` that names the argument."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"{name} = {n!r}, wanted a whole number of at least 1.")
    return int(n)


def correlation(rho: Any) -> float:
    """Return a correlation between -1 and 1, or raise a `ValueError`."""
    try:
        value = float(rho)
    except (TypeError, ValueError):
        raise ValueError(f"rho = {rho!r}, wanted a number with -1 < rho < 1.") from None
    if not -1 < value < 1:
        raise ValueError(f"rho = {rho!r}, wanted -1 < rho < 1 (at ±1 the mutual information is infinite).")
    return value


def tensor(a: np.ndarray) -> Tensor:
    """Return samples as a float32 tensor."""
    return torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32))


class Law:
    """A law of (X, Y): subclasses give `_draw`, `_log_ratio` (both in float64 NumPy) and `mutual_information`."""

    d = 1  # dimensions of X, and of Y; a law with another number of columns on the two sides says so in `dims`
    mutual_information: float

    @property
    def dims(self) -> tuple[int, int]:
        """Columns of X, and of Y."""
        return self.d, self.d

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _log_ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def sample(self, n: int, seed: Seed = None) -> tuple[Tensor, Tensor]:
        """Draw n independent samples of the joint law.

        Parameters
        ----------
        n : int
            How many.
        seed : int or numpy Generator, optional
            The same seed gives the same samples.

        Returns
        -------
        x, y : Tensors of shape (n, columns of X), (n, columns of Y), float32
        """
        x, y = self._draw(count(n), np.random.default_rng(seed))
        return tensor(x), tensor(y)

    def sample_product(self, n: int, seed: Seed = None) -> tuple[Tensor, Tensor]:
        """Draw n independent samples of the product of the marginals: x of one draw beside y of another."""
        rng = np.random.default_rng(seed)
        return tensor(self._draw(count(n), rng)[0]), tensor(self._draw(n, rng)[1])

    def log_ratio(self, x: Any, y: Any) -> Tensor:
        """Return log p(x, y) / (p(x) p(y)) in nats, shape (n,), float32: the critic that attains the truth."""
        x, y = as_pair(x, y, minimum=1)
        found, wanted = (x.shape[1], y.shape[1]), self.dims
        if found != wanted:
            said = f"{wanted[0]} each" if wanted[0] == wanted[1] else f"{wanted[0]} and {wanted[1]}"
            raise ValueError(f"x and y have {found[0]} and {found[1]} columns, wanted {said} for {self!r}.")
        ratio = self._log_ratio(x.detach().cpu().double().numpy(), y.detach().cpu().double().numpy())
        return tensor(ratio).to(x.device)
