r"""Formulas of log-densities: a line each, in nats (chapter 11).

`log_q` (…, n) holds log q(y_i|x_i) of joint samples, `log_q_marginal` log q(y_i).
"""

import math

import torch
from torch import Tensor


def barber_agakov(log_q: Tensor, entropy: float) -> Tensor:
    """Return avg log q(y|x) + h(Y): a **lower** bound on I(X;Y) in expectation, for every q, if h(Y) is true.

    Short of the truth by E D(P_{Y|X}‖q).  With a Gaussian's entropy in the place of h(Y), which is at least h(Y), it is
    neither.  Reference: barber2003.
    """
    return log_q.mean(-1) + entropy


def difference_of_entropies(log_q: Tensor, log_q_marginal: Tensor) -> Tensor:
    """Return avg log q(y|x) - avg log q(y): **neither** bound.

    Wrong by D(P_Y‖q_Y) - E D(P_{Y|X}‖q): either misfit alone would give it a side.  Where both models are right it is
    the truth.  Reference: mcallester2020limits.
    """
    return log_q.mean(-1) - log_q_marginal.mean(-1)


def generative_model(log_q_joint: Tensor, log_q_x: Tensor, log_q_y: Tensor) -> Tensor:
    """Return avg log q(x, y) - avg log q(x) - avg log q(y), three models: **neither** bound.

    Reference: song2020understanding.
    """
    return log_q_joint.mean(-1) - log_q_x.mean(-1) - log_q_y.mean(-1)


def club(log_q: Tensor, log_q_ref: Tensor) -> Tensor:
    """Return avg log q(y|x) - avg log q(y′|x′) over reference pairs, independent ones.

    With the **true** conditional an upper bound, I(X;Y) + D(P_X P_Y‖P_XY): far above for strong dependence.  With a
    learned q **neither**.  Reference: cheng2020club.
    """
    return log_q.mean(-1) - log_q_ref.mean(-1)


def leave_one_out(scores: Tensor) -> Tensor:
    r"""Return avg_j [log q(y_j|x_j) - log 1/(N-1) Σ_{i≠j} q(y_j|x_i)], scores[i, j] = log q(y_j|x_i) of a batch of N.

    With the **true** conditional an upper bound in expectation; with a learned q **neither**.  The average has N-1
    terms: dividing by N, as some code does, adds log N/(N-1).  Reference: poole2019variational.
    """
    return leave_one_out_columns(scores).mean(-1)


def leave_one_out_columns(scores: Tensor) -> Tensor:
    """Return the terms of `leave_one_out`, one a column of scores (…, N, N)."""
    n = scores.shape[-1]
    own = torch.eye(n, dtype=torch.bool, device=scores.device)
    others = torch.logsumexp(scores.masked_fill(own, -math.inf), -2) - math.log(max(1, n - 1))
    return scores.diagonal(dim1=-2, dim2=-1) - others


def gaussian_entropy(y: Tensor) -> float:
    """Return ½ log det(2πe Σ) of the samples' covariance: at least h(Y), and h(Y) itself for a Gaussian."""
    y = y.detach().cpu().double()
    covariance = torch.atleast_2d(torch.cov(y.T))
    return float(torch.logdet(2 * math.pi * math.e * covariance) / 2)
