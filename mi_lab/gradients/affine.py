"""The coordinates in which scores are estimated, the score of the Gaussian that fits, and what samples must be."""

import warnings
from typing import Any

import torch
from torch import Tensor

from mi_lab.device import widest
from mi_lab.samples import as_tensor

FEWEST = 10  # rows below which nothing is estimated
FLAT = 1e-10  # an eigenvalue of the correlation matrix below which columns count as linearly dependent


def checked(x: Any, name: str = "x") -> Tensor:
    """Return samples (n, d) without their graph, in float64, on a device that has it and eigenvectors.

    Raises
    ------
    ValueError
        Not numbers of shape (n,) or (n, d), NaN or infinite, fewer than `FEWEST` rows or than d + 2, or a column that
        holds mostly repeated values: it has no density, and so no score.
    """
    x = as_tensor(x, name, FEWEST).detach()
    n, d = x.shape
    if n < d + 2:
        raise ValueError(f"{name} has n = {n} rows for {d} columns, wanted more rows than columns: at least {d + 2}.")
    # Metal has neither float64 nor eigenvectors
    x = x.to(dtype=torch.float64, device=x.device if widest(x.device) == torch.float64 else "cpu")
    for i, column in enumerate(x.T):
        distinct = len(torch.unique(column))
        if distinct == 1:
            raise ValueError(f"column {i} of {name} is constant in all {n} rows: leave it out, it has no score.")
        if distinct < n / 2:
            raise ValueError(
                f"column {i} of {name} takes only {distinct} values in {n} rows: it is discrete or cut off, has no "
                "density and so no score."
            )
    if n < 2 * d:
        warnings.warn(
            f"{name} has n = {n} rows for {d} columns: so few that its covariance is mostly noise.", stacklevel=4
        )
    return x


class Coordinates:
    r"""Coordinates z = A⁻¹(x - μ) with mean 0 and variance 1, and how a score goes from them to the samples' own.

    .. math:: \nabla_x \log q(x) = A^{-\top}\, \nabla_z \log q(z)

    Parameters
    ----------
    x : Tensor of shape (n, d)
        Of `checked`.
    whiten : bool
        A is the Cholesky factor of the covariance; otherwise the diagonal matrix of standard deviations.

    Raises
    ------
    ValueError
        The columns are linearly dependent.
    """

    def __init__(self, x: Tensor, whiten: bool = True, name: str = "x"):
        self.mean = x.mean(0)
        away = x - self.mean
        spread = away.square().mean(0).sqrt()
        correlation = (away / spread).T @ (away / spread) / len(x)
        if torch.linalg.eigvalsh(correlation)[0] < FLAT:
            raise ValueError(
                f"the columns of {name} are linearly dependent: they have no joint density, hence no score "
                "(a variable that is a linear function of the other holds infinite information on it)."
            )
        self.factor = torch.diag(spread)
        if whiten:
            self.factor = self.factor @ torch.linalg.cholesky(correlation)

    def of(self, x: Tensor) -> Tensor:
        """Return the coordinates (m, d) of rows (m, d)."""
        return torch.linalg.solve_triangular(self.factor, (x - self.mean).T, upper=False).T

    def back(self, score: Tensor) -> Tensor:
        """Return a score (m, d) in the samples' own coordinates."""
        return torch.linalg.solve_triangular(self.factor.T, score.T, upper=True).T


class Score:
    """What is shared: a score is called with rows of any type and device, and answers in theirs."""

    name: str
    columns: int

    def __call__(self, z: Tensor) -> Tensor:
        """Return the score (m, d) at rows (m, d), without a graph, in the rows' type and on their device."""
        z = as_tensor(z, "z").detach()
        if z.shape[1] != self.columns:
            raise ValueError(f"z has {z.shape[1]} columns and the score was estimated from {self.columns}.")
        return self._at(z.to(self._like)).to(z)

    _like: Tensor

    def _at(self, z: Tensor) -> Tensor:
        raise NotImplementedError


class GaussianScore(Score):
    r"""The score of the Gaussian that fits the samples, which needs no kernel and sees no second mode.

    .. math:: \hat s(z) = -\hat\Sigma^{-1}(z - \hat\mu)

    Parameters
    ----------
    x : array-like of shape (n, d)

    Raises
    ------
    ValueError
        As `SpectralStein`.
    """

    def __init__(self, x: Any):
        samples = checked(x)
        self._like, self.columns = samples[:1], samples.shape[1]
        self._coordinates = Coordinates(samples)

    def _at(self, z: Tensor) -> Tensor:
        return -self._coordinates.back(self._coordinates.of(z))
