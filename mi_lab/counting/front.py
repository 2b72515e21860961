r"""Counting as the front door does it: columns prepared, an error bar, and a sentence for everything it leaves out.

Mutual information stays as it is when a column is replaced by any increasing function of it, but distances don't.  So
neighbours and kernels see Gaussian scores of the ranks: a heavy tail or one wild value then changes nothing, and the
densities are close to those for which the bandwidths are meant.  Bins of equal mass look at ranks anyway.
"""

import math
from typing import Any

import numpy as np
import torch

from mi_lab.counting.binning import bins
from mi_lab.counting.blur import blur
from mi_lab.counting.errors import Scatter, halves
from mi_lab.counting.kernels import kde
from mi_lab.counting.kraskov import ksg
from mi_lab.device import pick_device, widest
from mi_lab.estimates import Estimate

COUNTERS = {"ksg": ksg, "kde": kde, "bins": bins}
NEAR = 1.0  # nats below what n samples can show at most
LONG = 6.0  # standard deviations between the middle and the end of a long tail
FAR = 2.0  # errors that a bias may have, as the halves see it, before the result says so
# The same for what blur takes, which is seen more sharply.  With a bias of b errors, ± 2 of them cover the truth with
# probability Φ(2 − b) − Φ(−2 − b): 90 % at b = .7.  Of bins `blur` says what is lost at most, twice what is, about.
SHORT = {"kde": 0.7, "bins": 1.5}


def gaussian_scores(v: np.ndarray) -> np.ndarray:
    r"""Return :math:`\Phi^{-1}((r - \frac12) / n)` of the ranks r of every column (n, d); equal values share a rank.

    A column most of whose values repeat stays as it is, unless its tail is long: counts and rounded numbers lie on a
    lattice that `ksg` knows, and scores would bend it.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    out = v.copy()
    for j in range(v.shape[1]):
        scaled = v[:, j] / max(abs(v[:, j]).max(), 1e-300)
        long = abs(scaled - np.median(scaled)).max() > LONG * scaled.std()
        if long or len(np.unique(v[:, j])) > len(v) / 2:
            out[:, j] = ndtri((rankdata(v[:, j]) - 0.5) / len(v))
    return out


def counting(
    x: np.ndarray,
    y: np.ndarray,
    method: str,
    seed: int = 0,
    parts: int | None = None,
    device: str | None = None,
    truth: float | None = None,
    scores: bool | None = None,
    standardise: bool = True,
    block: int = 1,
    **options: Any,
) -> Estimate:
    """Count bins, kernels or neighbours; the error bar comes from pairs of halves of the samples.

    Parameters
    ----------
    x, y : ndarrays (n, d_x) and (n, d_y), float64
    parts : int, optional
        Pairs of halves, see `standard_error`; 0 for no error bar.
    scores : bool, optional
        Replace columns by Gaussian scores of their ranks.  Left out: for "ksg", and for "kde" with a bandwidth by a
        rule, unless the columns are to be left as they are (``standardise=False``).
    block : int
        Rows that stay together in the error bar, as they follow one another.
    **options
        Of `ksg`, `kde` or `bins`.
    """
    for name in ("pointwise", "batch", "error"):
        if name in options:
            raise ValueError(f"{name} is an option of mi_lab.{method}, not of estimate.")
    if scores is None:
        by_rule = method == "ksg" or (method == "kde" and isinstance(options.get("bandwidth", ""), str))
        scores = standardise and by_rule
    if scores:
        x, y = (v if options.get("discrete") == name else gaussian_scores(v) for name, v in (("x", x), ("y", y)))
    elif standardise and method == "kde":
        x, y = (torch.from_numpy(v) for v in (x, y))
        x, y = ((v - v.mean(0)) / torch.where(v.std(0) > 0, v.std(0), 1.0) for v in (x, y))
    x, y = (on(torch.as_tensor(v), pick_device(device)) for v in (x, y))
    function, n = COUNTERS[method], len(x)
    unit = "ratio" if options.get("normalize") else "nats"
    made = {"method": method, "n": n, "truth": truth, "bounds": "no bound", "units": unit}
    least = 2 * block if block > 1 else max(4, int(options.get("k", 3)) + 1)
    if parts == 0 or n < 2 * least:
        return Estimate(float(function(x, y, **options)), **made)
    found = halves(function, x, y, parts, seed, block=block, **options)
    value, error = float(found.value), float(found.error)
    said = [] if unit == "ratio" else list(_told(found, method, x, y, options))
    if float(found.failed) > 0.5 or not math.isfinite(error):
        said.append("too few of the halves of the samples gave a number: there is no error bar.")
        return Estimate(value, warnings=tuple(said), **made)
    return Estimate(value, error, "subsampling", warnings=tuple(said), **made)


def on(v: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return samples on a device, in its widest type where that is narrower than theirs."""
    return v.to(widest(device)).to(device) if widest(device) != torch.float64 else v.to(device)


def _told(found: Scatter, method: str, x: torch.Tensor, y: torch.Tensor, options: dict):
    r"""Yield a sentence where the bias rules.

    A bias that falls like :math:`n^{-a}` changes from n/2 to n samples by :math:`2^a - 1` times what is left of it, so
    the halves' mean tells how much that is; a = 1 in two columns, 2/d in d of them, where cells, kernels and
    neighbourhoods shrink like :math:`n^{-1/d}` and blur by their square.  Bins and kernels can be blurred more, which
    tells more and goes first (`blur`).
    """
    value, error, drift = (float(v) for v in found[:3])
    n, rate = len(x), min(1.0, 2 / (x.shape[1] + y.shape[1]))
    left = drift / (2**rate - 1)  # the bias that is left, below the truth if negative
    most = _most(method, n, options)
    if value > most - min(NEAR, most / 4):
        yield (
            f"{value:.2f} nats is about the most that {method} can show with n = {n} samples ({most:.2f}): the truth "
            "may be anything above, infinite included."
        )
    elif error > 0:
        drop, lost = blur(method, x, y, value, options) if method in SHORT else (0.0, 0.0)
        if lost > SHORT.get(method, math.inf) * error:
            how = "half as many bins" if method == "bins" else "kernels 1.4 times as wide"
            size = "up to about" if method == "bins" else "about"
            yield (
                f"bias rules: {how} show {drop:.3f} nats less, so the estimate is probably too low by {size} "
                f"{lost:.2g} nats, which the error bar doesn't cover."
            )
        elif abs(left) > FAR * error:
            side = "low" if left < 0 else "high"
            yield (
                f"bias rules: halves of the samples give {abs(drift):.3f} nats {'less' if drift < 0 else 'more'} on "
                f"average, so the estimate is probably too {side} by about {abs(left):.2g} nats, which the error bar "
                "doesn't cover."
            )


def _most(method: str, n: int, options: dict) -> float:
    """Return the most nats that n samples can show: prop-ksg-ceiling for neighbours, log n for the others."""
    from scipy.special import digamma

    if method == "ksg" and not options.get("discrete") and not options.get("nonuniformity"):
        k = int(options.get("k", 3))
        return float(digamma(n) - digamma(k) - 1 / k)
    return math.log(n)
