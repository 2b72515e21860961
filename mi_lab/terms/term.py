"""`MITerm`: I(X;Z) as a number in somebody else's loss, with a critic that learns beside it."""

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from mi_lab.critics import Net, Separable, deep_net
from mi_lab.device import full_precision
from mi_lab.gradients import SpectralStein, information_term
from mi_lab.normalisers import with_normaliser
from mi_lab.objectives import OBJECTIVES, all_pairs, make_objective
from mi_lab.references.resampling import RESAMPLING
from mi_lab.streams import stream, stream_seed
from mi_lab.terms.clipping import clipped
from mi_lab.terms.scores import Scale, Scorer

LARGEST = 1000.0  # nats: no estimate of a batch is beyond, but that of a critic that diverged
METHODS = ("mine", *OBJECTIVES, "minee", "mige")


class MITerm(nn.Module):
    r"""I(X;Z) as a term of a loss: a differentiable estimate whose critic learns beside the model (chapters 16 to 18).

    ``term(x, z)`` is the information itself, in nats, whatever is done with it.  What is *subtracted* from a loss is
    made large, what is *added* is made small:

    - ``loss = task - 0.1 * term(x, z)`` maximises I(X;Z),
    - ``loss = task + 0.1 * term(x, z)`` minimises it; the critic still climbs, for itself.

    Say ``maximise=True`` or ``False`` as well, and a loss with the other sign is refused when its gradient is taken.

    A call reports what the critic says of a batch it has *not* learned from, and then lets it learn from that batch
    (detached copies, its own optimiser).  The model's optimiser never moves the critic, even if the term is a part of
    the model.  In ``eval()`` and under ``no_grad`` nothing is learned.

    Parameters
    ----------
    method : str
        "mine", or one of `OBJECTIVES`; "minee", with three critics and a Gaussian reference (chapter 8); or "mige",
        which has no critic and no value: 0 with the information's gradient (`information_term`).
    x_dim, z_dim : int
        Columns of x and of z; images and the like are flattened.
    maximise : bool, optional
        What the loss is meant to do; left out, the sign in the loss is all there is.
    critic : Module, optional
        A critic of x and z (for "minee" a dict of three: "joint", "x", "z"); left out a `Net` for few columns, a
        deeper one for many, a `Separable` where all pairs are looked at.
    steps : int
        Of the critic at each call, each with reference samples of its own.
    lr : float
        Of the critic's Adam.
    optimiser : callable, optional
        From the critic's parameters to an optimiser, in Adam's place.
    standardise : bool
        Bring x and z to scale by running means and variances, which changes no information.
    reference : str, optional
        One of "permutation", "derangement", "cyclic shift", "with replacement".
    pairs : bool
        Look at all pairs of a batch (`all_pairs`), for methods that don't anyway.
    seed : int
        Of the critic's weights and of the reference samples.
    writer : SummaryWriter, optional
        For TensorBoard: the value at every call that learns, under `tag`.
    **options
        Of the objective: beta and m of "mine", tau of "smile", weight and constant of "remine", alpha of "alpha-tuba";
        score of "mige".

    Attributes
    ----------
    calls : int
        How many batches it learned from.
    last : float
        The last value, in nats.
    diverged : bool
        The critic's value was no number: from then on the term is 0 and pulls at nothing.

    Raises
    ------
    ValueError
        An argument isn't understood, or x and z don't fit it; a sign that contradicts `maximise`.

    Examples
    --------
    >>> term = mi_lab.MITerm("mine", x_dim=784, z_dim=2, maximise=True)
    >>> loss = task - 0.1 * term(x, z)
    """

    def __init__(
        self,
        method: str = "mine",
        x_dim: int = 1,
        z_dim: int = 1,
        *,
        maximise: bool | None = None,
        critic: "nn.Module | dict[str, nn.Module] | None" = None,
        steps: int = 5,
        lr: float = 1e-3,
        optimiser: Callable[[list[nn.Parameter]], torch.optim.Optimizer] | None = None,
        standardise: bool = True,
        reference: str | None = None,
        pairs: bool = False,
        seed: int = 0,
        writer: Any = None,
        tag: str = "information",
        **options: Any,
    ):
        super().__init__()
        self.x_dim, self.z_dim = _whole(x_dim, "x_dim"), _whole(z_dim, "z_dim")
        self.steps, self.maximise = _whole(steps, "steps"), _direction(maximise)
        self.method, self.options = method, options
        self.writer, self.tag = writer, tag
        self.calls, self.diverged = 0, False
        self._last, self._sign_seen, self._skipped = torch.tensor(math.nan), False, False
        if method == "mige":
            self._takes(("score",))
            self.scorer = None
            return
        self.objective = self._objective(pairs)
        critics = self._critics(critic, seed)
        reference = "gaussian" if method == "minee" else reference or self.objective.reference
        if reference not in ("gaussian", *RESAMPLING) or (reference == "gaussian") != (method == "minee"):
            raise ValueError(f"reference = {reference!r}, wanted one of: {', '.join(RESAMPLING)}.")
        self.scorer = Scorer(critics, self.objective, reference, self.x_dim, self.z_dim)
        self.scales = nn.ModuleList([Scale(self.x_dim), Scale(self.z_dim)]) if standardise else None
        self.states = nn.Module()  # what the objective remembers, for each critic
        for name in critics:
            for key, value in self.objective.state(1).items():
                self.states.register_buffer(f"{name}_{key}", value)
        learned = list(self.scorer.parameters())
        self.optimiser = torch.optim.Adam(learned, lr=lr) if optimiser is None else optimiser(learned)
        self.generator = stream(seed, "term's reference")

    # ---- what is asked for ----

    def _takes(self, names: tuple[str, ...]) -> None:
        for name in self.options:
            if name not in names:
                known = f"wanted one of: {', '.join(names)}" if names else "it has none"
                raise ValueError(f"{name!r} is no option of method {self.method!r}; {known}.")

    def _objective(self, pairs: bool):
        if self.method not in METHODS:
            raise ValueError(f"unknown method {self.method!r}, wanted one of: {', '.join(METHODS)}.")
        known = {"mine": ("m", "beta"), "smile": ("tau",), "remine": ("weight", "constant"), "alpha-tuba": ("alpha",)}
        self._takes(known.get(self.method, ()))
        if self.method == "mine":
            return make_objective("mine", **({"beta": 0.99} | self.options))
        one = make_objective("dv" if self.method == "minee" else self.method, **self.options)
        return all_pairs(one) if pairs and self.method != "minee" else one

    def _critics(self, critic: Any, seed: int) -> dict[str, nn.Module]:
        columns = {"joint": self.x_dim + self.z_dim}
        columns |= {"x": self.x_dim, "z": self.z_dim} if self.method == "minee" else {}
        if critic is None:
            return {name: self._critic(name, d, stream_seed(seed, "term", name)) for name, d in columns.items()}
        critics = critic if isinstance(critic, dict) else {"joint": critic}
        if set(critics) != set(columns) or not all(isinstance(c, nn.Module) for c in critics.values()):
            wanted = "a dict of three modules, joint, x and z" if len(columns) > 1 else "a module of x and z"
            raise ValueError(f"critic is a {type(critic).__name__}, wanted {wanted}.")
        return {name: self._normalised(name, net) for name, net in critics.items()}

    def _critic(self, name: str, columns: int, seed: int) -> nn.Module:
        if self.objective.all_pairs:
            net = Separable(self.x_dim, self.z_dim, seed=seed, scale=0.05)
        else:
            net = Net(columns, seed=seed) if columns <= 4 else deep_net(columns, seed=seed)
        return self._normalised(name, net)

    def _normalised(self, name: str, net: nn.Module) -> nn.Module:
        return with_normaliser(net, self.objective.normaliser, self.x_dim, self.z_dim) if name == "joint" else net

    # ---- the term ----

    def forward(self, x: Tensor, z: Tensor, log_prob: Tensor | None = None) -> Tensor:
        """Return the estimate of I(X;Z) in nats, shape (), with its gradient by x and z; then let the critic learn.

        Parameters
        ----------
        x : Tensor of shape (n, x_dim)
            (n,) and (n, …) are flattened.  It may have a graph as well.
        z : Tensor of shape (n, z_dim)
        log_prob : Tensor of shape (n,), optional
            log q(z_i | x_i) with its graph: of "mige" alone.
        """
        x, z = self._checked(x, z)
        if self.method == "mige":
            value = information_term(x, z, log_prob=log_prob, score=self.options.get("score", SpectralStein))
            return self._with_sign(value)
        if log_prob is not None:
            raise ValueError(f'log_prob is of no use to method {self.method!r}: only "mige" takes it.')
        learning = self.training and torch.is_grad_enabled()
        if self.diverged:
            return _nothing(x, z)
        self._move_to(z.device)
        with full_precision(z.device):
            scaled = self._scaled(x, z, learning)
            value = self._value(*scaled)
            if not bool(value.detach().abs() < LARGEST):  # NaN is not smaller
                return self._stop(x, z, float(value.detach()))
            if learning:
                self._learn(*(s.detach() for s in scaled))
                self.calls += 1
                for scale, batch in zip(self.scales or (), (x, z), strict=False):
                    scale.see(batch.detach())
        self._note(value, learning)
        return self._with_sign(value)

    def loss(
        self, task: Tensor, x: Tensor, z: Tensor, weight: float, parameters: Iterable[Tensor] | None = None
    ) -> Tensor:
        """Return task - weight · I(X;Z) if the term was made to maximise, task + weight · I(X;Z) if to minimise.

        Parameters
        ----------
        task : Tensor, shape ()
            The loss without the term.
        x, z : Tensors
            As for a call.
        weight : float
            At least 0, in units of the task's loss per nat.
        parameters : iterable of Tensors, optional
            The model's: the term's gradient by them is then cut to the norm of the task's (`clipped`).

        Raises
        ------
        ValueError
            As for a call; the weight is negative; the term was made without `maximise`.
        """
        if self.maximise is None:
            raise ValueError("the term was made without maximise = True or False, so loss() doesn't know its sign.")
        if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not 0 <= weight < math.inf:
            raise ValueError(f"weight = {weight!r}, wanted a finite number of at least 0: maximise says the sign.")
        pull = (-weight if self.maximise else weight) * self(x, z)
        return task + pull if parameters is None else clipped(task, pull, parameters)

    def _checked(self, x: Any, z: Any) -> tuple[Tensor, Tensor]:
        out = []
        for name, given, wanted in (("x", x, self.x_dim), ("z", z, self.z_dim)):
            if not isinstance(given, Tensor) or given.is_complex() or given.ndim == 0:
                found = f"a tensor of {given.dtype}" if isinstance(given, Tensor) else f"a {type(given).__name__}"
                raise ValueError(f"{name} is {found}, wanted a tensor of real numbers, shape (n, {wanted}).")
            flat = given.reshape(len(given), -1)
            if flat.shape[1] != wanted:
                raise ValueError(
                    f"{name} has {flat.shape[1]} column(s), and the term was made with {name}_dim = {wanted}."
                )
            out.append(flat.to(z.device if isinstance(z, Tensor) else None, torch.float32))
        x, z = out
        if len(x) != len(z) or len(x) < 2:
            raise ValueError(f"x has {len(x)} samples and z has {len(z)}, wanted equally many, at least 2.")
        return x, z

    def _scaled(self, x: Tensor, z: Tensor, learning: bool) -> tuple[Tensor, Tensor]:
        """Return x and z on their scale, as nodes of their own whose gradient is a number or nothing."""
        x, z = (v.view_as(v) for v in (x, z))
        for v in (x, z):
            if v.requires_grad:
                v.register_hook(lambda g: torch.where(g.isfinite().all(), g, torch.zeros_like(g)))
        if self.scales is None:
            return x, z
        if learning and not self.calls:
            for scale, batch in zip(self.scales, (x, z), strict=True):
                scale.see(batch.detach())
        return self.scales[0](x), self.scales[1](z)

    def _value(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the estimate by the critic as it is now: by copies of its weights, which it may then change."""
        copies = {name: p.detach().clone() for name, p in self.scorer.named_parameters()}
        refs = self.scorer.draw(x, z, self.generator)
        scores = torch.func.functional_call(self.scorer, copies, (x, z, *refs))
        return self.scorer.value(scores, len(x)).float()

    def _learn(self, x: Tensor, z: Tensor) -> None:
        b = len(x)
        for _ in range(self.steps):
            scores = self.scorer(x, z, *self.scorer.draw(x, z, self.generator))
            gradients = []
            for name, t in scores.items():
                state = {key: getattr(self.states, f"{name}_{key}") for key in self.objective.state(1)}
                gradients.append(self.objective.gradient(t.detach(), b, state))
            self.optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(list(scores.values()), gradients)
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)  # another optimiser that holds the critic then leaves it alone

    # ---- states ----

    @property
    def setting(self) -> dict[str, Any]:
        """What a saved state must agree with."""
        plain = {k: v for k, v in self.options.items() if isinstance(v, (int, float, str))}
        told = {"method": self.method, "x_dim": self.x_dim, "z_dim": self.z_dim, "maximise": self.maximise}
        told |= {"options": plain, "steps": self.steps}
        if self.scorer is not None:
            shapes = [list(p.shape) for p in self.scorer.parameters()]
            kind = type(self.optimiser).__name__
            told |= {"critic": shapes, "optimiser": kind, "standardise": self.scales is not None}
        return told

    def get_extra_state(self) -> dict[str, Any]:
        """Return what is no weight: the setting, the optimiser, the generator, the counts (torch's `state_dict`)."""
        state = {"setting": self.setting, "calls": self.calls, "diverged": self.diverged, "last": self.last}
        if self.scorer is not None:
            state |= {"optimiser": self.optimiser.state_dict(), "generator": self.generator.get_state()}
        return state

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what `get_extra_state` gave."""
        self.calls, self.diverged, self._last = state["calls"], state["diverged"], torch.tensor(state["last"])
        if self.scorer is not None:
            self.optimiser.load_state_dict(state["optimiser"])
            self.generator.set_state(state["generator"].cpu())

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        """Refuse another term's state before anything is changed."""
        theirs = state_dict.get(f"{prefix}_extra_state", {}).get("setting")
        if theirs is not None:
            for name, mine in self.setting.items():
                if theirs.get(name) != mine:
                    raise ValueError(
                        f"the term was saved with {name} = {theirs.get(name)!r}, and this one has {mine!r}."
                    )
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def _apply(self, fn, *rest):
        """Move what the optimiser remembers along with the critic."""
        super()._apply(fn, *rest)
        for p, memory in self.optimiser.state.items() if self.scorer is not None else ():
            for name, value in memory.items():
                if isinstance(value, Tensor) and value.shape == p.shape:
                    memory[name] = value.to(p.device)
        return self

    # ---- signs, divergence, records ----

    @property
    def last(self) -> float:
        """The last value, in nats."""
        return float(self._last)

    def _with_sign(self, value: Tensor) -> Tensor:
        if self.maximise is not None and value.requires_grad and not self._sign_seen:
            value.register_hook(self._look_at_sign)
        return value

    def _look_at_sign(self, gradient: Tensor) -> None:
        """Compare the sign in the loss with the one that was said, once."""
        weight = float(gradient)
        if weight == 0 or self._sign_seen:
            return
        if (weight < 0) != self.maximise:
            said, does = ("maximise", "added to") if self.maximise else ("minimise", "subtracted from")
            raise ValueError(
                f"the term was made to {said} the information, and it is {does} the loss: "
                f"wanted task {'-' if self.maximise else '+'} weight * term(x, z)."
            )
        self._sign_seen = True

    def _stop(self, x: Tensor, z: Tensor, value: float) -> Tensor:
        if not bool(x.detach().isfinite().all() & z.detach().isfinite().all()):
            if not self._skipped:
                warnings.warn("x or z holds NaN or infinite values: the term leaves such batches out.", stacklevel=4)
            self._skipped = True
            return _nothing(x, z)
        self.diverged = True
        warnings.warn(
            f"the critic of the term diverged (its value is {value:.3g} nats): from here on the term is 0 and pulls at "
            "nothing; a smaller lr may help.",
            stacklevel=4,
        )
        return _nothing(x, z)

    def _note(self, value: Tensor, learning: bool) -> None:
        self._last = value.detach()
        if self.writer is not None and learning:
            self.writer.add_scalar(self.tag, float(self._last), self.calls)

    def _move_to(self, device: torch.device) -> None:
        if next(self.scorer.parameters()).device != device:
            self.to(device)


def _nothing(x: Tensor, z: Tensor) -> Tensor:
    """Return 0 with a graph whose gradient is 0, whatever x and z hold."""
    return sum(v.masked_fill(torch.ones_like(v, dtype=torch.bool), 0).sum() for v in (x, z))


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 1.")
    return value


def _direction(maximise: Any) -> bool | None:
    if maximise not in (None, True, False):
        raise ValueError(f"maximise = {maximise!r}, wanted True, False, or None to leave the sign to the loss.")
    return maximise
