"""Objectives: what a trainer descends on (`loss`) beside what is reported (`value`); a surrogate is never reported."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mi_lab.objectives.formulas import check_beta, donsker_varadhan, infonce_rows, js, mine, nwj, smile, tuba

# Inside a training step nothing is checked: the formulas underneath.
_dv, _mine, _nwj, _tuba, _js, _smile = (f.__wrapped__ for f in (donsker_varadhan, mine, nwj, tuba, js, smile))

LARGEST = 60.0  # exponent of a weight in a gradient: beyond it nothing is learned, and float32 ends at 88
_LOWER = "a lower bound in expectation"
_NEARLY = "nearly a lower bound: one in expectation up to the bias of a logarithm"


@dataclass(frozen=True)
class Objective:
    """What a trainer descends on, what it reports, and what the report bounds (chapters 4, 6 and 7).

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
    maximised : callable or None
        What chooses when to stop, on held-out samples, where the value is no lower bound and must not; the value itself
        if left out.
    """

    name: str
    value: Callable[..., Tensor]
    loss: Callable[..., Tensor]
    bounds: str
    all_pairs: bool = False
    rows: Callable[..., Tensor] | None = None
    maximised: Callable[..., Tensor] | None = None

    @property
    def chooses(self) -> Callable[..., Tensor]:
        """What is maximised on held-out samples to choose when to stop."""
        return self.maximised or self.value

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
        # m holds (1 - β) of this batch, so the ratio is at most b' / (1 - β); only a fixed m (β = 1) can be far below
        grad[..., b:] = e.mul_((top - log_m.unsqueeze(-1)).clamp_(max=LARGEST).exp_() / t_ref.shape[-1])
        return grad


PASSES = 10  # through the training samples, whose reference samples the moving average looks back at by default


def memory(batches: int) -> float:
    r"""Return the β for which the moving average is as steady as the plain mean of ten passes' batches.

    An average with weight β on its old value has (1 - β)/(1 + β) of a batch's variance, a mean of W batches 1/W, so
    β = (W - 1)/(W + 1), with W = 10 · `batches`, the batches of a pass (chapter 7).
    """
    return (PASSES * batches - 1) / (PASSES * batches + 1)


def mine_objective(m: float = 1.0, beta: float = 0.1) -> MINEObjective:
    """Return MINE's objective with the moving average m ← (1 - β) · new + β · m."""
    if not isinstance(m, (int, float)) or not 0 < m < math.inf:
        raise ValueError(f"m = {m!r}, wanted a finite number above 0 to start the moving average at.")
    check_beta(beta)
    return MINEObjective("mine", _dv, _mine, _NEARLY, m=float(m), beta=float(beta))


OBJECTIVES: dict[str, Objective] = {
    "dv": DVObjective("dv", _dv, lambda t, r: -_dv(t, r), _NEARLY),
    "nwj": Objective("nwj", _nwj, lambda t, r: -_nwj(t, r), _LOWER),
    "js": Objective("js", lambda t, r: _nwj(t + 1, r + 1), lambda t, r: -_js(t, r), _LOWER),
    "smile": Objective("smile", _smile, lambda t, r: -_js(t, r), "no bound", maximised=_js),
    "tuba": Objective("tuba", _tuba, lambda t, r: -_tuba(t, r), _LOWER),
    "infonce": Objective(
        "infonce",
        lambda s: infonce_rows(s).mean(-1),
        lambda s: -infonce_rows(s).mean(-1),
        _LOWER + ", at most log b",
        True,
        infonce_rows,
    ),
}
"""Name -> `Objective`, as trainers and `estimate` know them (chapters 4, 6 and 7)."""


def make_objective(objective: "str | Objective") -> Objective:
    """Return an objective by its name, or the one that was handed in."""
    if isinstance(objective, Objective):
        return objective
    if objective == "mine":
        return mine_objective()
    if objective not in OBJECTIVES:
        raise ValueError(f"unknown objective {objective!r}, wanted one of: mine, {', '.join(OBJECTIVES)}.")
    return OBJECTIVES[objective]
