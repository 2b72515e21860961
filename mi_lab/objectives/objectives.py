"""Objectives: what a trainer descends on (`loss`) beside what is reported (`value`); a surrogate is never reported."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mi_lab.objectives.formulas import (
    check_beta,
    check_penalty,
    check_tau,
    donsker_varadhan,
    hellinger,
    infonce_rows,
    js,
    log_odds,
    mine,
    nwj,
    remine,
    smile,
    tuba,
)
from mi_lab.objectives.pairs import alpha_tuba_rows, check_alpha, joint_and_reference, tuba_rows

# Inside a training step nothing is checked: the formulas underneath.
_dv, _mine, _nwj, _tuba, _js, _smile, _remine, _hellinger, _log_odds = (
    f.__wrapped__ for f in (donsker_varadhan, mine, nwj, tuba, js, smile, remine, hellinger, log_odds)
)

ROWS = 256  # of all pairs of a batch, looked at together; a batch that is larger goes part by part
LARGEST = 60.0  # exponent of a weight in a gradient: beyond it nothing is learned, and float32 ends at 88
_LOWER = "a lower bound in expectation"
_NEARLY = "nearly a lower bound: one in expectation up to the bias of a logarithm"


@dataclass(frozen=True)
class Objective:
    """What a trainer descends on, what it reports, and what the report bounds (chapters 4, 6, 7 and 9).

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
        With `all_pairs`, scores (…, b, b) -> (…, b), of which the value is the average; None if it is none.
    part : callable or None
        The same of some rows alone, (…, k, b) and the number of the first -> (…, k), where minus their average is what
        is descended on: large batches then go part by part.
    by_y : bool
        A part's rows are of a y, with all x: scores are transposed first.
    maximised : callable or None
        What chooses when to stop, on held-out samples, where the value is no lower bound and must not; the value itself
        if left out.
    normaliser : str or None
        What is learned beside the critic and taken off its scores: "y", log a(y) (`Normalised`); "pair", log a(x, y)
        of the joint sample (`PairNormalised`).  Only where the samples are pairs.
    reference : str
        Which reference it is trained with unless told otherwise.
    options : dict
        Its options, such as tau, with their values.
    """

    name: str
    value: Callable[..., Tensor]
    loss: Callable[..., Tensor]
    bounds: str
    all_pairs: bool = False
    rows: Callable[..., Tensor] | None = None
    maximised: Callable[..., Tensor] | None = None
    normaliser: str | None = None
    reference: str = "permutation"
    part: Callable[..., Tensor] | None = None
    by_y: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chooses(self) -> Callable[..., Tensor]:
        """What is maximised on held-out samples to choose when to stop."""
        return self.maximised or self.value

    def state(self, members: int) -> dict[str, Tensor]:
        """Return what the objective remembers from step to step, one row a member."""
        return {}

    def gradient(self, scores: Tensor, b: int, state: dict[str, Tensor] | None = None) -> Tensor:
        """Return d loss / d score, same shape as scores (members, rows), whose first b rows are the joint ones."""
        if self.part and b > ROWS:
            return self._gradient_by_rows(scores, b)
        with torch.enable_grad():
            leaf = scores.detach().requires_grad_()
            if self.all_pairs:
                loss = self.loss(leaf.view(*leaf.shape[:-1], b, b))
            else:
                loss = self.loss(leaf[..., :b], leaf[..., b:])
            return torch.autograd.grad(loss.sum(), leaf)[0]

    def _gradient_by_rows(self, scores: Tensor, b: int) -> Tensor:
        """Do what `gradient` does some rows at a time, so that what autograd keeps is small beside the scores."""
        grad = torch.empty_like(scores)
        rows, into = (z.view(*z.shape[:-1], b, b) for z in (scores.detach(), grad))
        if self.by_y:
            rows, into = rows.mT, into.mT
        for first in range(0, b, ROWS):
            with torch.enable_grad():
                leaf = rows[..., first : first + ROWS, :].clone().requires_grad_()
                loss = -self.part(leaf, first).sum() / b
                into[..., first : first + ROWS, :] = torch.autograd.grad(loss, leaf)[0]
        return grad


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


def smile_objective(tau: float = 5.0) -> Objective:
    """Return SMILE's objective: `js` is descended on, `smile` with this τ reported."""
    check_tau(tau)
    value = partial(_smile, tau=float(tau))
    return Objective("smile", value, _minus(_js), "no bound", maximised=_js, options={"tau": float(tau)})


def remine_objective(weight: float = 0.1, constant: float = 0.0) -> Objective:
    """Return ReMINE's objective: `remine` is climbed and chooses, Donsker–Varadhan is reported."""
    check_penalty(weight, constant)
    options = {"weight": float(weight), "constant": float(constant)}
    penalised = partial(_remine, **options)
    return Objective("remine", _dv, _minus(penalised), _NEARLY, maximised=penalised, options=options)


def alpha_tuba_objective(alpha: float = 0.5) -> Objective:
    """Return the objective between TUBA (α = 0) and InfoNCE (α = 1), with a normaliser a(y) that is learned."""
    check_alpha(alpha)
    bounds = _LOWER + ", at most 1 + log((b - 1) / alpha)"
    normaliser = "y" if alpha < 1 else None

    def part(scores: Tensor, first: int = 0) -> Tensor:
        return alpha_tuba_rows(scores, float(alpha), first)

    return _of_rows("alpha-tuba", part, bounds, normaliser, {"alpha": alpha}, by_y=True)


def _minus(formula: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *scores: -formula(*scores)


def _of_rows(name, part, bounds, normaliser=None, options=None, by_y=False) -> Objective:
    """Return an objective on all pairs that averages one value a sample."""

    def rows(scores: Tensor) -> Tensor:
        some = (scores.mT if by_y else scores).split(ROWS, -2)
        return torch.cat([part(rows, k * ROWS) for k, rows in enumerate(some)], -1)

    def value(scores: Tensor) -> Tensor:
        return rows(scores).mean(-1)

    options = options or {}
    return Objective(
        name, value, _minus(value), bounds, True, rows, normaliser=normaliser, part=part, by_y=by_y, options=options
    )


def _dime(name: str, formula: Callable[..., Tensor], reference: str = "derangement") -> Objective:
    """Return an objective that climbs a formula whose best critic is the log-ratio, and reports the critic's mean."""
    return Objective(name, _log_odds, _minus(formula), "no bound", maximised=formula, reference=reference)


OBJECTIVES: dict[str, Objective] = {
    "dv": DVObjective("dv", _dv, _minus(_dv), _NEARLY),
    "nwj": Objective("nwj", _nwj, _minus(_nwj), _LOWER),
    "mine-f": Objective("mine-f", _nwj, _minus(_nwj), _LOWER),
    "js": Objective("js", lambda t, r: _nwj(t + 1, r + 1), _minus(_js), _LOWER),
    "smile": smile_objective(),
    "remine": remine_objective(),
    "tuba": Objective("tuba", _tuba, _minus(_tuba), _LOWER, normaliser="y"),
    "alpha-tuba": alpha_tuba_objective(),
    "infonce": _of_rows("infonce", infonce_rows, _LOWER + ", at most log b"),
    "flo": _of_rows("flo", tuba_rows, _LOWER, "pair"),
    "demi": _dime("demi", _js, "permutation"),
    "gan-dime": _dime("gan-dime", _js),
    "kl-dime": _dime("kl-dime", _tuba),
    "hd-dime": _dime("hd-dime", _hellinger),
}
"""Name -> `Objective`, as trainers and `estimate` know them (chapters 4, 6, 7 and 9)."""

_MAKERS = {
    "mine": mine_objective,
    "smile": smile_objective,
    "remine": remine_objective,
    "alpha-tuba": alpha_tuba_objective,
}


def option_names(objective: "str | Objective") -> list[str]:
    """Return the options that an objective takes when it is named, such as tau; of mine none, it has a trainer."""
    named = isinstance(objective, str) and objective in _MAKERS and objective != "mine"
    return list(inspect.signature(_MAKERS[objective]).parameters) if named else []


def make_objective(objective: "str | Objective", **options: Any) -> Objective:
    """Return an objective by its name, with its options, or the one that was handed in."""
    if isinstance(objective, Objective):
        return objective
    if objective in _MAKERS:
        return _MAKERS[objective](**options)
    if objective not in OBJECTIVES:
        raise ValueError(f"unknown objective {objective!r}, wanted one of: mine, {', '.join(OBJECTIVES)}.")
    return OBJECTIVES[objective]


def all_pairs(objective: "str | Objective") -> Objective:
    """Return an objective of joint and reference samples on all pairs of a batch: b (b - 1) reference samples.

    Of less variance, and as dear as b² scores; a separable critic has them nearly for nothing (chapter 9).
    """
    one = make_objective(objective)
    if one.all_pairs:
        return one
    if isinstance(one, MINEObjective):
        raise ValueError("mine's moving average wants reference samples of their own: take all_pairs('dv').")

    def on_pairs(formula):
        return formula and (lambda scores: formula(*joint_and_reference(scores)))

    plain = {k: getattr(one, k) for k in ("name", "bounds", "normaliser", "reference", "options")}
    return Objective(
        value=on_pairs(one.value), loss=on_pairs(one.loss), maximised=on_pairs(one.maximised), all_pairs=True, **plain
    )
