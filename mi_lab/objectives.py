"""Objectives: pure functions of the critic's scores, one per estimator (chapters 4, 6, 7 and 9).

`t` (…, b) holds the scores of joint samples and `t_ref` (…, b') those of reference samples; what comes back has
shape (…,) and is in nats.  Each docstring says what the function bounds.  An `Objective` pairs what is trained on
(`loss`) with what is reported (`value`): a surrogate is never reported.

Sums of exponentials are taken in the log domain, or in float64 where the estimator itself is an average of e^t, so that
scores of ±500 give finite values.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


def log_mean_exp(t: Tensor) -> Tensor:
    """Return log of the average of e^t over the last axis, without overflow: (…, b) -> (…,)."""
    top = t.detach().amax(-1, keepdim=True)
    return (t - top).exp().mean(-1).log() + top.squeeze(-1)


def donsker_varadhan(t: Tensor, t_ref: Tensor) -> Tensor:
    r"""Return avg t - log avg e^t over the reference: `eq-dv-sample`.

    With the expectations in place of the averages a lower bound on D(P‖P') for every critic.  On samples the logarithm
    of an average is biased downwards, so the value is biased *up*, and on the samples it was trained on it can exceed
    the truth: it bounds nothing unless evaluated on held-out samples, and then only nearly (bias of order 1/b').
    Reference: donsker1983.
    """
    return t.mean(-1) - log_mean_exp(t_ref)


def moving_average(log_m: Tensor, t_ref: Tensor, beta: float) -> Tensor:
    """Return log of m ← (1 - β) · avg e^t_ref + β · m: **β multiplies the old value**.

    β = 0 keeps only the new batch (its gradient is the plain, biased one of a minibatch); the nearer β is to 1, the
    longer the memory.  Other writings of MINE give the weight β to the new value instead.
    """
    new = log_mean_exp(t_ref.detach())
    if beta == 0:
        return new
    if beta == 1:
        return log_m
    return torch.logaddexp(new + math.log1p(-beta), log_m + math.log(beta))


def mine(t: Tensor, t_ref: Tensor, log_m: Tensor) -> Tensor:
    """Return the surrogate loss -avg t + avg e^t_ref / m, with m = exp(log_m) a constant: `eq-mine-surrogate`.

    Only its gradient means something: that of -avg t + log avg e^t_ref with m in the denominator.  It is a loss and not
    an estimate, and bounds nothing.  Reference: belghazi2018mine.
    """
    return -t.mean(-1) + (t_ref - log_m.detach().unsqueeze(-1)).exp().mean(-1)


def nwj(t: Tensor, t_ref: Tensor) -> Tensor:
    """Return avg t - avg e^(t_ref - 1): a lower bound on D(P‖P') in expectation, for every critic; never above DV.

    Its variance grows like e^I.  Best critic: 1 + log dP/dP'.  Reference: nguyen2010nwj; `eq-nwj`.
    """
    return (t.double().mean(-1) - (t_ref.double() - 1).exp().mean(-1)).to(_wide(t))


def tuba(t: Tensor, t_ref: Tensor, log_a: Tensor | float = 0.0) -> Tensor:
    """Return 1 + avg t - log a - avg e^t_ref / a: a lower bound in expectation for every baseline a > 0.

    a = e is `nwj`; the best constant is avg e^t_ref, which gives `donsker_varadhan`.  `log_a` broadcasts against the
    scores (one number, or one for each sample of y in both).  Reference: poole2019variational.
    """
    log_a = torch.as_tensor(log_a, dtype=torch.float64, device=t.device)
    shifted, shifted_ref = t.double() - log_a, t_ref.double() - log_a
    return (1 + shifted.mean(-1) - shifted_ref.exp().mean(-1)).to(_wide(t))


def _wide(t: Tensor) -> torch.dtype:
    return torch.float64 if t.dtype == torch.float32 else t.dtype


def js(t: Tensor, t_ref: Tensor) -> Tensor:
    """Return log 2 - avg softplus(-t)/2 - avg softplus(t_ref)/2.

    A lower bound on the divergence of Jensen and Shannon.  That is at most log 2 and no estimate of mutual information;
    the critic it is best for is the log ratio itself, which `nwj` of t + 1 then turns into a lower bound on D(P‖P').
    Reference: nowozin2016fgan; hjelm2019learning.
    """
    return math.log(2) - (softplus(-t).mean(-1) + softplus(t_ref).mean(-1)) / 2


def smile(t: Tensor, t_ref: Tensor, tau: float = 5.0) -> Tensor:
    """Return avg t - log avg clip(e^t_ref, e^-τ, e^τ): less variance than DV and **no bound** on anything.

    Reference: song2020understanding.
    """
    return t.mean(-1) - log_mean_exp(t_ref.clamp(-tau, tau))


def infonce(scores: Tensor) -> Tensor:
    """Return avg_i [t_ii - log avg_j e^t_ij] from all pairs of a batch, scores (…, b, b): at most log b.

    A lower bound on I(X;Y) in expectation.  Row i compares y_i with the batch's other y for the same x_i.
    Reference: oord2018representation.
    """
    return infonce_rows(scores).mean(-1)


def infonce_rows(scores: Tensor) -> Tensor:
    """Return t_ii - log avg_j e^t_ij for each row i of scores (…, b, b): `infonce` is their average."""
    return scores.diagonal(dim1=-2, dim2=-1) - log_mean_exp(scores)


_LOWER = "a lower bound in expectation"
_NEARLY = "nearly a lower bound: one in expectation up to the bias of a logarithm"


@dataclass(frozen=True)
class Objective:
    """What a trainer descends on, what it reports, and what the report bounds.

    Attributes
    ----------
    name : str
    value : callable
        (t, t_ref) -> nats; with `all_pairs`, scores (…, b, b) -> nats.
    loss : callable
        The same arguments; what is descended on.
    bounds : str
        What the reported value is, on samples the critic was not trained on.
    all_pairs : bool
        Whether it looks at all pairs of a batch instead of joint and reference samples.
    rows : callable or None
        With `all_pairs`, scores (…, b, b) -> (…, b), of which the value is the average.
    """

    name: str
    value: Callable[..., Tensor]
    loss: Callable[..., Tensor]
    bounds: str
    all_pairs: bool = False
    rows: Callable[..., Tensor] | None = None

    def state(self, members: int) -> dict[str, Tensor]:
        """Return what the objective remembers from step to step, one row a member."""
        return {}

    def gradient(self, scores: Tensor, b: int, state: dict[str, Tensor] | None = None) -> Tensor:
        """Return d loss / d score, same shape as scores (members, rows), whose first b rows are the joint ones."""
        with torch.enable_grad():
            leaf = scores.detach().requires_grad_()
            if self.all_pairs:
                loss = self.loss(leaf.view(*leaf.shape[:-1], b, b))
            else:
                loss = self.loss(leaf[..., :b], leaf[..., b:])
            return torch.autograd.grad(loss.sum(), leaf)[0]


class DVObjective(Objective):
    """Descend on minus the Donsker–Varadhan formula itself; its gradient is written out."""

    def gradient(self, scores: Tensor, b: int, state: dict[str, Tensor] | None = None) -> Tensor:
        # d/dt = -1/b on joint samples, e^t / sum e^t on reference samples
        grad = torch.empty_like(scores)
        grad[..., :b] = -1 / b
        grad[..., b:] = torch.softmax(scores[..., b:], -1)
        return grad


@dataclass(frozen=True)
class MINEObjective(Objective):
    """Descend on MINE's surrogate, report Donsker–Varadhan.  β multiplies the *old* m; m starts the average."""

    m: float = 1.0
    beta: float = 0.1

    def state(self, members: int) -> dict[str, Tensor]:
        return {"log_m": torch.full((members,), math.log(self.m))}

    def gradient(self, scores: Tensor, b: int, state: dict[str, Tensor] | None = None) -> Tensor:
        # the steps of `moving_average` and of the gradient of `mine`, sharing their exponentials
        t_ref = scores[..., b:]
        top = t_ref.amax(-1, keepdim=True)
        e = (t_ref - top).exp_()
        total = e.sum(-1, keepdim=True)
        new = (total.log() + top).squeeze(-1) - math.log(t_ref.shape[-1])  # log avg e^t_ref
        log_m = state["log_m"]
        if self.beta == 0:
            log_m.copy_(new)
        elif self.beta < 1:
            torch.logaddexp(new + math.log1p(-self.beta), log_m + math.log(self.beta), out=log_m)
        grad = torch.empty_like(scores)
        grad[..., :b] = -1 / b
        grad[..., b:] = e.mul_((top - log_m.unsqueeze(-1)).exp_() / t_ref.shape[-1])
        return grad


def mine_objective(m: float = 1.0, beta: float = 0.1) -> MINEObjective:
    """Return MINE's objective with the moving average m ← (1 - β) · new + β · m."""
    if not isinstance(m, (int, float)) or not 0 < m < math.inf:
        raise ValueError(f"m = {m!r}, wanted a finite number above 0 to start the moving average at.")
    if not isinstance(beta, (int, float)) or not 0 <= beta <= 1:
        raise ValueError(f"beta = {beta!r}, wanted a number from 0 (no memory) to 1 (m never changes).")
    return MINEObjective("mine", donsker_varadhan, mine, _NEARLY, m=float(m), beta=float(beta))


OBJECTIVES: dict[str, Objective] = {
    "dv": DVObjective("dv", donsker_varadhan, lambda t, r: -donsker_varadhan(t, r), _NEARLY),
    "nwj": Objective("nwj", nwj, lambda t, r: -nwj(t, r), _LOWER),
    "js": Objective("js", lambda t, r: nwj(t + 1, r + 1), lambda t, r: -js(t, r), _LOWER),
    "smile": Objective("smile", smile, lambda t, r: -js(t, r), "no bound"),
    "tuba": Objective("tuba", tuba, lambda t, r: -tuba(t, r), _LOWER),
    "infonce": Objective("infonce", infonce, lambda s: -infonce(s), _LOWER + ", at most log b", True, infonce_rows),
}
"""Name -> `Objective`, as trainers and `estimate` know them."""


def make_objective(objective: "str | Objective") -> Objective:
    """Return an objective by its name, or the one that was handed in."""
    if isinstance(objective, Objective):
        return objective
    if objective == "mine":
        return mine_objective()
    if objective not in OBJECTIVES:
        raise ValueError(f"unknown objective {objective!r}, wanted one of: mine, {', '.join(OBJECTIVES)}.")
    return OBJECTIVES[objective]
