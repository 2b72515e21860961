r"""The spectral Stein estimator: a score in the eigenfunctions of a kernel, its coefficients by Stein's identity.

In whitened coordinates, with kernel k(z, z′) = exp(-|z - z′|²/2h²), the eigenvectors u_j and eigenvalues λ_j of its
matrix on the samples, and the eigenfunctions continued to all z by Nyström's formula:

    φ_j(z) = √n/λ_j Σ_l u_jl k(z, z_l)          avg φ_j φ_k = 1 if j = k else 0
    b_j = -avg ∇φ_j                              Stein: E[φ ∇log q] = -E[∇φ]
    ŝ(z) = Σ_j b_j φ_j(z)

With the base "gaussian" the same is done for what a Gaussian leaves, ∇log q(z) + z: b_j = -avg ∇φ_j + avg z φ_j, and
ŝ(z) = -z + Σ_j b_j (φ_j(z) - avg φ_j - z·avg z φ_j).  Subtracting the affine part makes Stein's identity exact for
affine functions: a shift, a scale and a rotation of the samples change their entropy as they must.
"""

import math
from typing import Any

import torch
from torch import Tensor

from mi_lab.gradients.affine import Coordinates, Score, checked
from mi_lab.streams import stream

ROWS = 500  # eigenvectors of a larger matrix take seconds: more samples are averaged over, without kernels of their own
WIDTHS = (0.5, 1.0, 2.0)  # bandwidths tried, in median distances
SMALLEST = 1e-3  # an eigenvalue, as a share of the largest, below which an eigenfunction is noise between samples


class Expansion:
    """The eigenfunctions of one kernel on some samples, and the coefficients of a score in them.

    Parameters
    ----------
    z : Tensor of shape (n, d)
        Samples; Stein's averages run over all.
    anchors : Tensor of shape (a, d)
        Those that the kernel's matrix is made of.
    h : float
        Bandwidth.
    base : bool
        Expand what a standard Gaussian leaves.
    """

    def __init__(self, z: Tensor, anchors: Tensor, h: float, base: bool):
        self.anchors, self.h, self.base = anchors, h, base
        values, vectors = torch.linalg.eigh(self.kernel(anchors))
        self.eigenvalues = values.flip(0)  # (a,), falling
        kept = int((self.eigenvalues > SMALLEST * self.eigenvalues[0]).sum())
        # φ_j(z) = Σ_l k(z, z_l) weights[l, j]
        self.weights = vectors.flip(1)[:, :kept] * (math.sqrt(len(anchors)) / self.eigenvalues[:kept])  # (a, K)
        k = self.kernel(z)  # (n, a)
        # Σ_i ∇k(z_i, z_l) = -Σ_i (z_i - z_l) k(z_i, z_l) / h²
        slope = -(k.T @ z - k.sum(0)[:, None] * anchors) / h**2  # (a, d)
        self.coefficients = -(self.weights.T @ slope) / len(z)  # b_j = -avg ∇φ_j, (K, d)
        if base:
            self.mean, self.tilt = self.weights.T @ k.mean(0), self.weights.T @ (k.T @ z) / len(z)  # avg φ_j, avg z φ_j
            self.coefficients += self.tilt

    def kernel(self, z: Tensor) -> Tensor:
        """Return k(z_i, anchor_l), shape (n, a)."""
        return torch.exp(-torch.cdist(z, self.anchors).square() / (2 * self.h**2))

    def score(self, z: Tensor, number: int) -> Tensor:
        """Return ŝ(z) by the first eigenfunctions, shape (m, d)."""
        if not number:
            return -z
        b = self.coefficients[:number]
        s = self.kernel(z) @ (self.weights[:, :number] @ b)
        return s - z - (self.mean[:number, None] * b).sum(0) - z @ (self.tilt[:number].T @ b) if self.base else s

    def losses(self, z: Tensor, numbers: list[int]) -> Tensor:
        """Return ½|ŝ|² + div ŝ at other samples, for each number of eigenfunctions, shape (numbers, m).

        Its mean is half the mean squared error of the score, up to a constant that no choice changes
        (hyvarinen2005).
        """
        k, b = self.kernel(z), self.coefficients
        functions = k @ self.weights  # φ_j(z_i), (m, K)
        # b_j·∇φ_j(z_i) = Σ_l k(z_i, z_l) weights[l, j] b_j·(z_l - z_i) / h²
        slopes = (k @ (self.weights * (self.anchors @ b.T)) - functions * (z @ b.T)) / self.h**2
        if self.base:
            slopes -= (b * self.tilt).sum(1)
        none = torch.zeros_like(z[:, :1])
        divergence = torch.cat([none, slopes.cumsum(1)], 1).T - (z.shape[1] if self.base else 0)  # (K + 1, m)
        square = torch.stack([self.score(z, j).square().sum(1) / 2 for j in numbers])
        return square + divergence[numbers]


class SpectralStein(Score):
    r"""The score ∇ log q of a law from samples of it, by the spectral Stein estimator (SSGE).

    .. math::
        \hat s(z) = \sum_{j \le J} \hat b_j \hat\varphi_j(z), \qquad
        \hat b_j = -\frac1n \sum_i \nabla \hat\varphi_j(z_i)

    Equation ``eq-ssge``; shi2018spectral.  The samples are whitened first, the score is carried back.

    Parameters
    ----------
    x : array-like of shape (n, d)
        Samples of the law, n > d + 1, no columns constant, discrete or linearly dependent.
    number : int, optional
        J, how many eigenfunctions.
    share : float, optional
        J is the least number whose eigenvalues make up this share of their sum (shi2018spectral).  Without number and
        share: the fewest whose held-out loss avg(½|s|² + div s) is within a standard error of the least
        (hyvarinen2005); each half of the samples is held out once, and bandwidths are tried as well.
    bandwidth : float, optional
        h, in the whitened coordinates.  Left out: the median distance of two samples, or what the loss chooses.
    base : {"gaussian", None}
        Expand only what the best Gaussian leaves, so that J = 0 is a Gaussian's score; or the whole score.
    whiten : bool
        Whiten; otherwise, without a base only, divide every column by its standard deviation.

    Attributes
    ----------
    number : int
    bandwidth : float
    eigenvalues : Tensor of shape (n,), falling

    Raises
    ------
    ValueError
        Bad samples, both number and share given, number beyond n, a share outside of (0, 1], bandwidth not above 0,
        a base without whitening.
    """

    def __init__(
        self,
        x: Any,
        *,
        number: int | None = None,
        share: float | None = None,
        bandwidth: float | None = None,
        base: str | None = "gaussian",
        whiten: bool = True,
    ):
        x = checked(x)
        _options(len(x), number, share, bandwidth, base)
        if base and not whiten:
            raise ValueError(
                "base = 'gaussian' and whiten = False: what a Gaussian leaves is known in whitened columns only."
            )
        self._like, self.columns = x[:1], x.shape[1]
        self._coordinates = Coordinates(x, whiten)
        z, gaussian = self._coordinates.of(x), base == "gaussian"
        anchors = _some(z, ROWS)
        chosen = None
        if number is None and share is None:
            widths = WIDTHS if bandwidth is None else (1.0,)
            h = median_distance(anchors) if bandwidth is None else float(bandwidth)
            chosen = _held_out(z, [w * h for w in widths], gaussian)
        self.bandwidth = chosen[0] if chosen else median_distance(anchors) if bandwidth is None else float(bandwidth)
        self._expansion = Expansion(z, anchors, self.bandwidth, gaussian)
        self.eigenvalues = self._expansion.eigenvalues
        if share is not None:
            explained = self.eigenvalues.cumsum(0) / self.eigenvalues.sum()
            number = int((explained < min(share, float(explained[-1]))).sum()) + 1
        self.number = min(chosen[1] if chosen else number, self._expansion.weights.shape[1])

    def __repr__(self) -> str:
        return f"SpectralStein({self.columns} columns, number={self.number}, bandwidth={self.bandwidth:.3g})"

    def _at(self, z: Tensor) -> Tensor:
        coordinates = self._coordinates
        return coordinates.back(self._expansion.score(coordinates.of(z), self.number))


def median_distance(z: Tensor) -> float:
    """Return the median distance of two samples (n, d)."""
    return float(torch.nn.functional.pdist(z).median()) if z.device.type == "cpu" else float(_pairs(z).median())


def _pairs(z: Tensor) -> Tensor:
    """Return the distances of all pairs: `pdist` without its own kernel."""
    i, j = torch.triu_indices(len(z), len(z), 1, device=z.device)
    return torch.cdist(z, z)[i, j]


def _some(z: Tensor, most: int) -> Tensor:
    """Return at most so many rows, drawn without replacement, always the same."""
    if len(z) <= most:
        return z
    return z[torch.randperm(len(z), generator=stream("anchors", len(z)))[:most].to(z.device)]


def _held_out(z: Tensor, bandwidths: list[float], base: bool) -> tuple[float, int]:
    """Return the bandwidth and number that are best on the half that an expansion didn't see, over both halves."""
    halves = z[0::2], z[1::2]
    numbers = sorted({0} | {round(2 ** (k / 2)) for k in range(2, 2 * int(math.log2(len(halves[1]))) + 1)} | {1})
    numbers = [j for j in numbers if base or j]
    losses, choices = [], []
    for h in bandwidths:
        parts = []
        for seen, other in (halves, halves[::-1]):
            expansion = Expansion(seen, _some(seen, ROWS // 2), h, base)
            parts.append(expansion.losses(other, [min(j, expansion.weights.shape[1]) for j in numbers]))
        losses.append(torch.cat(parts, 1))
        choices += [(j, h) for j in numbers]
    losses = torch.cat(losses)  # (choices, n)
    # the fewest functions, then the widest kernel, that are worse than the best by no more than a standard error
    worse = losses - losses[losses.mean(1).argmin()]
    fine = (worse.mean(1) <= worse.std(1) / math.sqrt(worse.shape[1])).tolist()
    number, h = min((j, -h) for (j, h), good in zip(choices, fine, strict=True) if good)
    return -h, number


def _options(n: int, number, share, bandwidth, base) -> None:
    whole = isinstance(number, int) and not isinstance(number, bool)
    least = 0 if base == "gaussian" else 1
    if number is not None and not (whole and least <= number <= min(n, ROWS)):
        raise ValueError(f"number = {number!r}, wanted a whole number from {least} to {min(n, ROWS)} for {n} rows.")
    if number is not None and share is not None:
        raise ValueError(f"number = {number} and share = {share}: wanted one of them, or none.")
    if share is not None and not (isinstance(share, (int, float)) and 0 < share <= 1):
        raise ValueError(f"share = {share!r}, wanted a number above 0 and at most 1.")
    if bandwidth is not None and not (isinstance(bandwidth, (int, float)) and 0 < bandwidth < math.inf):
        raise ValueError(f"bandwidth = {bandwidth!r}, wanted a finite number above 0.")
    if base not in ("gaussian", None):
        raise ValueError(f"base = {base!r}, wanted 'gaussian' or None.")
