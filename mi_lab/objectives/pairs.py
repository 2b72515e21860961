"""Formulas on all pairs of a batch: InfoNCE's neighbours (chapter 9).

`scores` (…, b, b) holds t(x_i, y_j): joint samples on the diagonal, b (b - 1) reference pairs beside it.  `infonce`
stands with the other formulas; its sum of exponentials holds the joint sample, those here leave it out.

Where a function ends in `_rows` it takes all rows of scores or some of them (…, k, b), from number `first` on, and
gives a value for each (…, k); the formula is the average over all.
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from mi_lab.device import widest
from mi_lab.objectives.formulas import _scores, _wide


def _square(formula: Callable) -> Callable:
    """Check that scores are all pairs of a batch of at least two before the formula sees them."""

    @wraps(formula)
    def public(scores, *rest, **named):
        scores = _scores(scores, "scores")
        if scores.ndim < 2 or scores.shape[-1] != scores.shape[-2] or scores.shape[-1] < 2:
            raise ValueError(f"scores has shape {tuple(scores.shape)}, wanted all pairs of a batch, (…, b, b), b >= 2.")
        return formula(scores, *rest, **named)

    return public


def joint_and_reference(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the diagonal (…, b) of scores (…, b, b), and all that lies beside it (…, b (b - 1))."""
    b = scores.shape[-1]
    # after each element of the diagonal come b others, before the next one
    beside = scores.flatten(-2)[..., 1:].unflatten(-1, (b - 1, b + 1))[..., :b] if b > 1 else scores[..., :0]
    return scores.diagonal(dim1=-2, dim2=-1), beside.flatten(-2)


@_square
def flo(scores: Tensor, u: Tensor) -> Tensor:
    """Return 1 - avg_i [u_i + e^(-u_i) avg_{j≠i} e^(t_ij - t_ii)]: a normaliser u(x, y) learned for every joint sample.

    A lower bound on I(X;Y) in expectation, for every t and u and every b: -log z is the largest of 1 - u - e^(-u) z.
    Best: t = log p(y|x)/p(y) + c(x) and u = log E_y' e^(t(x,y') - t(x,y)), which is then -log p(y|x)/p(y).  With the
    best u for any t it is E [t(x,y) - log E_y' e^t(x,y')], `donsker_varadhan` with a normaliser for each x.
    u: (…, b).  Reference: guo2022flo; `eq-flo`.
    """
    if not isinstance(u, Tensor) or u.shape != scores.shape[:-1]:
        found = tuple(u.shape) if isinstance(u, Tensor) else f"a {type(u).__name__}"
        raise ValueError(f"u is {found}, wanted one number for each joint sample, {tuple(scores.shape[:-1])}.")
    return tuba_rows(scores - (scores.diagonal(dim1=-2, dim2=-1) + u).unsqueeze(-1)).mean(-1)


def tuba_rows(scores: Tensor, first: int = 0) -> Tensor:
    """Return 1 + s_ii - avg_{j≠i} e^s_ij for rows of normalised scores: `flo`, or `tuba` with a = 1."""
    wide = scores.to(widest(scores.device))
    others = wide.masked_fill(_own(scores, first), -math.inf).exp().sum(-1) / (scores.shape[-1] - 1)
    return (1 + wide.diagonal(first, dim1=-2, dim2=-1) - others).to(_wide(scores))


def _own(scores: Tensor, first: int) -> Tensor:
    """Say of rows (k, b) from `first` on where their own sample stands."""
    k, b = scores.shape[-2:]
    return torch.arange(b, device=scores.device) == torch.arange(first, first + k, device=scores.device).unsqueeze(1)


def check_alpha(alpha: Any) -> None:
    """Raise a `ValueError` unless alpha is a weight."""
    if not isinstance(alpha, (int, float)) or isinstance(alpha, bool) or not 0 <= alpha <= 1:
        raise ValueError(f"alpha = {alpha!r}, wanted a number from 0 (TUBA) to 1 (InfoNCE).")


@_square
def alpha_tuba(scores: Tensor, alpha: float = 0.5, log_a: Tensor | float = 0.0) -> Tensor:
    r"""Return the interpolation between TUBA (α = 0; NWJ with a = e) and InfoNCE (α = 1).

    .. math:: 1 + \E\log\frac{e^{t(x_1,y)}}{\alpha m(y;x_{1:K}) + (1-\alpha) a(y)}
              - \E'\frac{e^{t(x'_1,y)}}{\alpha m(y;x'_{1:K}) + (1-\alpha) a(y)},
              \qquad m(y;x_{1:K}) = \tfrac1K\sum_k e^{t(x_k,y)}

    Under E the pair (x_1, y) is joint, under E' no x'_k belongs to y; K = b - 1 in both: in the first every other
    sample is left out in turn, in the second y's own.  That is what makes it a lower bound on I(X;Y) in expectation,
    for every α, t and a.  It is at most 1 + log(K/α); at α = 1 the last term is 1, and it is at most log K.
    At α = 0 the best is that of `tuba`, t = log p(y|x)/p(y) + log a(y), and tight; at α = 1 that of `infonce`, where a
    plays no part; between them neither is best exactly, and the bound is not tight.
    `log_a` is a number or (…, b), one for each y.  Reference: poole2019variational; `eq-alpha-tuba`.
    """
    check_alpha(alpha)
    log_a = torch.as_tensor(log_a, dtype=scores.dtype, device=scores.device)
    return alpha_tuba_rows((scores - log_a.unsqueeze(-2) if log_a.ndim else scores - log_a).mT, alpha).mean(-1)


def alpha_tuba_rows(scores: Tensor, alpha: float, first: int = 0) -> Tensor:
    """Return for each y_j its part of `alpha_tuba` with a = 1, from **transposed** scores: a row holds all x of a y."""
    s = scores.to(widest(scores.device))
    b = s.shape[-1]
    own = s.diagonal(first, dim1=-2, dim2=-1)
    log_m = log_mean_without_each(s)  # [j, i]: y_j's mean without x_i
    log_a = math.log1p(-alpha) if alpha < 1 else -math.inf
    log_alpha = math.log(alpha) if alpha > 0 else -math.inf
    log_mix = torch.logaddexp(log_m + log_alpha, torch.full_like(log_m, log_a)) if alpha < 1 else log_m
    mix_own = log_mix.diagonal(first, dim1=-2, dim2=-1)
    joint = own - (log_mix.sum(-1) - mix_own) / (b - 1)  # joint: the mean over those that are left out
    product = (log_m.diagonal(first, dim1=-2, dim2=-1) - mix_own).exp()  # avg_{i≠j} e^s is m without x_j itself
    return (1 + joint - product).to(_wide(scores))


def log_mean_without_each(s: Tensor) -> Tensor:
    """Return log of the average of e^s over the last axis without each of its elements in turn, same shape as s.

    The sum without one element is the sum minus it, unless it is the largest, where nothing might be left of it.
    """
    top = s.detach().argmax(-1, keepdim=True)
    is_top = torch.zeros_like(s, dtype=torch.bool).scatter_(-1, top, True)
    total = s.logsumexp(-1, keepdim=True)
    rest = s.masked_fill(is_top, -math.inf).logsumexp(-1, keepdim=True)
    share = (s - total).masked_fill(is_top, -math.inf).exp()  # at most 1/2
    return torch.where(is_top, rest, total + torch.log1p(-share)) - math.log(s.shape[-1] - 1)
