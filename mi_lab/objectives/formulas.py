"""Formulas: pure functions of the critic's scores, one per estimator (chapters 4, 6, 7 and 9; on all pairs: `pairs`).

`t` (…, b) holds the scores of joint samples and `t_ref` (…, b') those of reference samples; what comes back has
shape (…,) and is in nats.  Each docstring says what the function bounds.

The public functions look at their scores first: a `ValueError` says what is wrong with them.  A reference score of -inf
is a mass of zero and allowed.  Trainers call the formulas underneath and catch a NaN themselves.

Sums of exponentials are taken in the log domain, or in float64 where the estimator itself is an average of e^t, so that
scores of ±500 give finite values.  (MPS has no float64: there such an average is finite up to scores of 88.)
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from mi_lab.device import widest


def _scores(t: Any, name: str, floor: bool = False) -> Tensor:
    """Return scores, or say why they are none; `floor` allows -inf."""
    if not isinstance(t, Tensor) or not t.is_floating_point():
        found = f"a tensor of {t.dtype}" if isinstance(t, Tensor) else f"a {type(t).__name__}"
        raise ValueError(f"{name} is {found}, wanted a tensor of real scores, shape (…, b).")
    if t.ndim == 0 or t.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(t.shape)}, wanted scores of shape (…, b) with b >= 1.")
    low = t.detach().amin() if not floor else t.detach().amax(-1).amin()  # one finite score in a row will do
    if not bool(low.isfinite() & t.detach().amax().isfinite()):
        raise ValueError(f"{name} holds NaN or infinite scores: did the training diverge?")
    return t


def _looked_at(formula: Callable) -> Callable:
    """Check the scores of joint samples `t` and of reference samples `t_ref` before the formula sees them."""

    @wraps(formula)
    def public(t, t_ref, *rest, **named):
        t, t_ref = _scores(t, "t"), _scores(t_ref, "t_ref", floor=True)
        if t.shape[:-1] != t_ref.shape[:-1]:
            raise ValueError(
                f"t has shape {tuple(t.shape)} and t_ref {tuple(t_ref.shape)}, wanted (…, b) and (…, b') alike in "
                "all but the last."
            )
        return formula(t, t_ref, *rest, **named)

    return public


def log_mean_exp(t: Tensor) -> Tensor:
    """Return log of the average of e^t over the last axis, without overflow: (…, b) -> (…,)."""
    return unchecked_log_mean_exp(_scores(t, "t", floor=True))


def unchecked_log_mean_exp(t: Tensor) -> Tensor:
    """Do what `log_mean_exp` does, inside a training step."""
    top = t.detach().amax(-1, keepdim=True)
    return (t - top).exp().mean(-1).log() + top.squeeze(-1)


@_looked_at
def donsker_varadhan(t: Tensor, t_ref: Tensor) -> Tensor:
    r"""Return avg t - log avg e^t over the reference: `eq-dv-sample`.

    With the expectations in place of the averages a lower bound on D(P‖P') for every critic.  On samples the logarithm
    of an average is biased downwards, so the value is biased *up*, and on the samples it was trained on it can exceed
    the truth: it bounds nothing unless evaluated on held-out samples, and then only nearly (bias of order 1/b').
    Reference: donsker1983.
    """
    return t.mean(-1) - unchecked_log_mean_exp(t_ref)


def check_beta(beta: Any) -> None:
    """Raise a `ValueError` unless beta is a weight."""
    if not isinstance(beta, (int, float)) or isinstance(beta, bool) or not 0 <= beta <= 1:
        raise ValueError(f"beta = {beta!r}, wanted a number from 0 (no memory) to 1 (m never changes).")


def moving_average(log_m: Tensor, t_ref: Tensor, beta: float) -> Tensor:
    """Return log of m ← (1 - β) · avg e^t_ref + β · m: **β multiplies the old value**.

    β = 0 keeps only the new batch (its gradient is the plain, biased one of a minibatch); the nearer β is to 1, the
    longer the memory.  Other writings of MINE give the weight β to the new value instead.
    """
    check_beta(beta)
    new = log_mean_exp(t_ref.detach() if isinstance(t_ref, Tensor) else t_ref)
    if beta == 0:
        return new
    if beta == 1:
        return log_m
    return torch.logaddexp(new + math.log1p(-beta), log_m + math.log(beta))


@_looked_at
def mine(t: Tensor, t_ref: Tensor, log_m: Tensor | float) -> Tensor:
    """Return the surrogate loss -avg t + avg e^t_ref / m, with m = exp(log_m) a constant: `eq-mine-surrogate`.

    Only its gradient means something: that of -avg t + log avg e^t_ref with m in the denominator.  It is a loss and not
    an estimate, and bounds nothing.  Reference: belghazi2018mine.
    """
    log_m = torch.as_tensor(log_m, dtype=t.dtype, device=t.device)
    return -t.mean(-1) + (t_ref - log_m.detach().unsqueeze(-1)).exp().mean(-1)


@_looked_at
def nwj(t: Tensor, t_ref: Tensor) -> Tensor:
    """Return avg t - avg e^(t_ref - 1): a lower bound on D(P‖P') in expectation, for every critic; never above DV.

    Its variance grows like e^I.  Best critic: 1 + log dP/dP'.  Trained by its own gradient it is also called MINE-f.
    Reference: nguyen2010nwj; belghazi2018mine; `eq-nwj`.
    """
    wide = widest(t.device)
    return (t.to(wide).mean(-1) - (t_ref.to(wide) - 1).exp().mean(-1)).to(_wide(t))


@_looked_at
def tuba(t: Tensor, t_ref: Tensor, log_a: Tensor | float = 0.0) -> Tensor:
    """Return 1 + avg t - log a - avg e^t_ref / a: a lower bound in expectation for every baseline a > 0.

    a = e is `nwj`; the best constant is avg e^t_ref, which gives `donsker_varadhan`.  `log_a` broadcasts against the
    scores (one number, or one for each sample of y in both).  With a learned for each y, `Normalised`, the best is
    t = log dP/dP' + c(y) and a(y) = e^c(y): only t - log a matters.  Reference: poole2019variational; `eq-tuba`.
    """
    wide = widest(t.device)
    log_a = torch.as_tensor(log_a, dtype=wide, device=t.device)
    shifted, shifted_ref = t.to(wide) - log_a, t_ref.to(wide) - log_a
    return (1 + shifted.mean(-1) - shifted_ref.exp().mean(-1)).to(_wide(t))


def _wide(t: Tensor) -> torch.dtype:
    return widest(t.device) if t.dtype == torch.float32 else t.dtype


@_looked_at
def js(t: Tensor, t_ref: Tensor) -> Tensor:
    """Return log 2 - avg softplus(-t)/2 - avg softplus(t_ref)/2.

    A lower bound on the divergence of Jensen and Shannon.  That is at most log 2 and no estimate of mutual information;
    the critic it is best for is the log ratio itself, which `nwj` of t + 1 then turns into a lower bound on D(P‖P').
    Reference: nowozin2016fgan; hjelm2019learning.
    """
    return math.log(2) - (softplus(-t).mean(-1) + softplus(t_ref).mean(-1)) / 2


def check_tau(tau: Any) -> None:
    """Raise a `ValueError` unless scores can be clipped at tau."""
    if not isinstance(tau, (int, float)) or isinstance(tau, bool) or not tau > 0:
        raise ValueError(f"tau = {tau!r}, wanted a number above 0 to clip the scores at.")


@_looked_at
def smile(t: Tensor, t_ref: Tensor, tau: float = 5.0) -> Tensor:
    """Return avg t - log avg clip(e^t_ref, e^-τ, e^τ): less variance than DV and **no bound** on anything.

    The logarithm lies between -τ and τ.  τ = ∞ is `donsker_varadhan`.  Its critic is trained by `js`, whose best is
    log dP/dP'; a small τ then makes the second term too small and the value too large.
    Reference: song2020understanding; `eq-smile`.
    """
    check_tau(tau)
    return t.mean(-1) - unchecked_log_mean_exp(t_ref.clamp(-tau, tau))


def check_penalty(weight: Any, constant: Any) -> None:
    """Raise a `ValueError` unless weight and constant make a penalty."""
    for name, value, low in (("weight", weight, 0), ("constant", constant, -math.inf)):
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value < math.inf:
            wanted = "a finite number of at least 0" if name == "weight" else "a finite number"
            raise ValueError(f"{name} = {value!r}, wanted {wanted}.")


@_looked_at
def remine(t: Tensor, t_ref: Tensor, weight: float = 0.1, constant: float = 0.0) -> Tensor:
    """Return avg t - log avg e^t_ref - λ (log avg e^t_ref - C)², with λ = `weight` and C = `constant`.

    `donsker_varadhan` less a penalty on the constant that it leaves free: never above it, and as nearly a lower bound.
    The best critic is the one of the family log dP/dP' + c that has c = C; there the penalty is 0.  The penalised value
    is descended on and chooses, the plain one is reported.  Reference: choi2022remine; `eq-remine`.
    """
    check_penalty(weight, constant)
    log_mean = unchecked_log_mean_exp(t_ref)
    return t.mean(-1) - log_mean - weight * (log_mean - constant).square()


@_looked_at
def hellinger(t: Tensor, t_ref: Tensor) -> Tensor:
    """Return 2 - avg e^(-t/2) - avg e^(t_ref/2): a lower bound in expectation on the squared Hellinger distance.

    That is ∫ (√p - √p')², at most 2, and no mutual information; the best critic is log dP/dP', which `log_odds` then
    averages: the discriminator of HD-DIME is e^(-t/2).  Reference: letizia2024mutual.
    """
    wide = widest(t.device)
    return (2 - (-t.to(wide) / 2).exp().mean(-1) - (t_ref.to(wide) / 2).exp().mean(-1)).to(_wide(t))


@_looked_at
def log_odds(t: Tensor, t_ref: Tensor) -> Tensor:
    """Return avg t: what DEMI and f-DIME report, and **no bound**; the reference samples say nothing here.

    At t = log dP/dP', the log-odds of the best classifier between equally many joint and reference samples, it is the
    divergence with the variance of an average, Var t / b; any other constant in t goes straight into the value.
    The critic is trained by another objective with this optimum: `js` (DEMI; GAN-DIME against a derangement), `tuba`
    with a = 1 (KL-DIME) or `hellinger` (HD-DIME).  Reference: liao2020demi; letizia2024mutual;
    `eq-log-odds`.
    """
    return t.mean(-1)


def infonce(scores: Tensor) -> Tensor:
    """Return avg_i [t_ii - log avg_j e^t_ij] from all pairs of a batch, scores (…, b, b): at most log b.

    A lower bound on I(X;Y) in expectation.  Row i compares y_i with the batch's other y for the same x_i.
    Reference: oord2018representation; `eq-infonce`.
    """
    if _scores(scores, "scores").ndim < 2 or scores.shape[-1] != scores.shape[-2]:
        raise ValueError(f"scores has shape {tuple(scores.shape)}, wanted all pairs of a batch, (…, b, b).")
    return infonce_rows(scores).mean(-1)


def infonce_rows(scores: Tensor, first: int = 0) -> Tensor:
    """Return t_ii - log avg_j e^t_ij for rows i of scores (…, b, b), or some (…, k, b) from `first` on; (…, k)."""
    return scores.diagonal(first, dim1=-2, dim2=-1) - unchecked_log_mean_exp(scores)
