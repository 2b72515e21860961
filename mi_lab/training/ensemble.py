"""An ensemble: the members of a problem, one a seed, shared among crews; their critics, values and states."""

import copy
import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from mi_lab import device as devices
from mi_lab.streams import stream
from mi_lab.training.crew import Crew, Scores
from mi_lab.training.engines import adam_options
from mi_lab.training.logs import Writer
from mi_lab.training.problem import Member, Problem


class Ensemble:
    """The members of a problem, and what is known of them; `Loop` trains them."""

    def __init__(self, problem: Problem, n_iters_per_epoch, writer_params=None, *, seed=0, split_seed=None,
                 truth=None, written=True, compile=False, averaged=False, **optimiser):  # fmt: skip
        self.problem = problem
        self.optimiser, self.truth = adam_options(optimiser), truth
        self.written, self.compile, self.averaged = written, compile, averaged
        self.seeds, self.split_seed, self.folds = _seeds(seed), split_seed, None
        self.n_iters_per_epoch = positive(n_iters_per_epoch, "n_iters_per_epoch")
        self.batch_size = problem.n_train[0] // self.n_iters_per_epoch
        if min(problem.n_train) < 2 * self.n_iters_per_epoch:
            raise ValueError(
                f"n_iters_per_epoch = {n_iters_per_epoch} batches of at least 2 want {2 * self.n_iters_per_epoch} "
                f"training samples and there are {min(problem.n_train)}: take fewer batches."
            )
        self.writer = Writer(writer_params, truth) if writer_params is not None else None
        self.begin()

    def begin(self) -> None:
        """Make the members' critics and share them among crews: on the CPU one crew a core, each in a thread."""
        self.epochs = self.steps = 0
        self.history: dict[str, list] = {"epoch": [], "step": []}
        self.stopped: str | None = None
        self.alive = np.ones(len(self.seeds), dtype=bool)
        self.chosen = self._purses = None  # the critics that either half of the held-out samples chose; what they earn
        self.stopped_by_held_out = False
        members = [self._member(seed, turn) for turn, seed in enumerate(self.seeds)]
        nets, m = self.problem.nets_of(members), len(self.seeds)
        n_crews = min(devices.cores(), m) if self.problem.device.type == "cpu" else 1
        cuts = [m * i // n_crews for i in range(n_crews + 1)]
        self.crews = [
            Crew(self.problem, members[a:b], {term: some[a:b] for term, some in nets.items()}, self.n_iters_per_epoch,
                 self.optimiser, self.written, self.compile, self.averaged)
            for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        ]  # fmt: skip
        self._good = self.snapshot()

    def _member(self, seed: int, turn: int) -> Member:
        """Return a member with its split: one for all, or the next fold of one, or a split of its own."""
        if self.split_seed is not None:
            train, test = self.problem.split(stream(self.split_seed, "split"))
        elif self.folds is not None:
            train, test = self.problem.split(stream(self.folds, "split"), turn)
        else:
            train, test = self.problem.split(stream(seed, "split"))
        return Member(seed, stream(seed, "batches"), train, test)

    def with_seeds(self, seeds: Iterable[int], split_seed: int | None = None, folds: int | None = None) -> "Ensemble":
        """Return an untrained trainer like this one with one member a seed, each critic drawn anew from its seed.

        `split_seed` holds the same samples out for all; `folds` (a seed too) lets them take turns.
        """
        other = copy.copy(self)
        other.seeds, other.split_seed, other.folds, other.writer = _seeds(seeds), split_seed, folds, None
        other.begin()
        return other

    # ---- what the problem says ----

    data = property(lambda self: self.problem.data, doc="The samples, as tensors.")
    test_data = property(lambda self: self.problem.test_data, doc="Other samples to evaluate on, or None.")
    n_train = property(lambda self: self.problem.n_train, doc="How many samples are trained on, of each set.")
    net = property(lambda self: self.problem.net, doc="The critic that was handed in.")
    objective = property(lambda self: self.problem.objective, doc="What is descended on and what is reported.")
    device = property(lambda self: self.problem.device, doc="Where the samples and the critics are.")
    name = property(lambda self: self.problem.name, doc="The method's name.")
    constant = property(lambda self: self.problem.constant, doc="Whether a variable never varies.")
    bounds = property(lambda self: self.problem.bounds, doc="What the estimate is, on samples that trained nothing.")

    @property
    def members(self) -> list[Member]:
        """The members, in the order of their seeds."""
        return [member for crew in self.crews for member in crew.members]

    @property
    def holds_out(self) -> bool:
        """Whether any samples are held out."""
        return bool(len(self.crews[0].members[0].test[0]))

    def member(self, k: int = 0, term: str | None = None) -> nn.Module:
        """Return a copy of member k's critic, of a term of the estimate if there are several."""
        term = term or next(iter(self.problem.terms))
        if term not in self.problem.terms:
            raise ValueError(f"unknown term {term!r}, wanted one of: {', '.join(self.problem.terms)}.")
        if not 0 <= k < len(self.seeds):
            raise ValueError(f"k = {k!r}, and the {len(self.seeds)} members are numbered from 0.")
        for crew in self.crews:
            if k < len(crew.members):
                break
            k -= len(crew.members)
        engine = crew.engines[term]
        net = copy.deepcopy(engine.nets[k])
        engine.export(k, net)
        return net

    # ---- values ----

    def _formula(self, term: str, t: Tensor, t_ref: Tensor, which: str) -> Tensor:
        """Return "value" or "chooses" of a term's objective, of scores over the last axis."""
        objective = self.problem.objective_of(term)
        formula = getattr(objective, which)
        if objective.all_pairs:
            k = math.isqrt(t.shape[-1])
            return formula(t.reshape(*t.shape[:-1], k, k))
        return formula(t, t_ref)

    def _terms(self, parts: list[Scores], which: str) -> dict[str, np.ndarray]:
        out = {}
        for term in self.problem.terms:
            if self.problem.objective_of(term).all_pairs:  # a value for each batch, then their mean
                each = [self._formula(term, *part[term], which).flatten(1) for part in parts]
                value = torch.cat(each, 1).mean(1)
            else:
                joined = (torch.cat([p[term][side].flatten(1) for p in parts], 1) for side in (0, 1))
                value = self._formula(term, *joined, which)
            out[term] = value.cpu().double().numpy()
        return out

    def values(self, parts: list[Scores]) -> dict[str, np.ndarray]:
        """Return what is reported, as "total", and each term's value if there are several (nats, one a member)."""
        terms = self._terms(parts, "value")
        return {"total": self.problem.reported(terms), **(terms if len(terms) > 1 else {})}

    def maximised(self, parts: list[Scores], half: int | None = None) -> np.ndarray:
        """Return what chooses when to stop (nats, one a member), on a half of the held-out samples or on both."""
        value = self.problem.maximised(self._terms(parts, "chooses"))
        if not self.problem.moving:
            return value
        rows = [m.test if half is None else [r.tensor_split(2)[half] for r in m.test] for m in self.members]
        return value + np.array([self.problem.offset(m, some) for m, some in zip(self.members, rows, strict=True)])

    def met_values(self, met: Scores) -> dict[str, np.ndarray]:
        """Return what `values` does of what was met in training, where all pairs of a step are one number already."""
        terms = {}
        for term in self.problem.terms:
            if self.problem.objective_of(term).all_pairs:
                terms[term] = met[term][0].flatten(1).mean(1).cpu().double().numpy()
            else:
                t, t_ref = (side.flatten(1) for side in met[term])
                terms[term] = self._formula(term, t, t_ref, "value").cpu().double().numpy()
        return {"total": self.problem.reported(terms), **(terms if len(terms) > 1 else {})}

    def loss(self, met: Scores) -> float:
        """Return minus the value of a step, averaged over steps and members."""
        on_pairs = {t: self.problem.objective_of(t).all_pairs for t in self.problem.terms}
        terms = [met[t][0] if on_pairs[t] else self._formula(t, *met[t], "value") for t in self.problem.terms]
        return -float(sum(values.mean() for values in terms))

    @property
    def value(self) -> float:
        """The latest estimate in nats, held-out if anything was held out, the mean over members."""
        past = self.history.get("held_out") or self.history.get("train")
        return float(np.mean(past[-1])) if past else math.nan

    def curves(self, name: str = "held_out") -> np.ndarray:
        """Return a column of the history as (members, epochs), ready for a band."""
        if name not in self.history:
            raise ValueError(f"the history has no {name!r}, it has: {', '.join(self.history)}.")
        past = np.asarray(self.history[name], dtype=float)
        return past[None] if past.ndim == 1 else past.T

    # ---- states ----

    def snapshot(self, into: list | None = None, which: np.ndarray | None = None, weights: bool = False) -> list[dict]:
        """Return a copy of what training changes, or of the `weights` alone.

        Or copy the chosen members' into an earlier one.
        """
        now = [crew.weights() if weights else crew.tensors() for crew in self.crews]
        if into is None:
            return [{name: t.clone() for name, t in tensors.items()} for tensors in now]
        for tensors, kept, chosen in zip(now, into, self._by_crew(which), strict=True):
            for name, t in tensors.items():
                _put(kept[name], t, chosen)
        return into

    def _by_crew(self, which: np.ndarray) -> list[Tensor]:
        return list(torch.from_numpy(which).split([len(crew.members) for crew in self.crews]))

    def restore(self, snapshot: list[dict[str, Tensor]], which: np.ndarray | None = None) -> None:
        """Put the members for which `which` is True (all, if left out) back to a snapshot."""
        which = np.ones(len(self.seeds), dtype=bool) if which is None else which
        for crew, kept, chosen in zip(self.crews, snapshot, self._by_crew(which), strict=True):
            now = crew.tensors()
            for name, t in kept.items():
                _put(now[name], t, chosen)


@torch.no_grad()
def _put(target: Tensor, source: Tensor, chosen: Tensor) -> None:
    """Copy the chosen members' rows; a number that all members share goes along when all are chosen."""
    if bool(chosen.all()):
        target.copy_(source)
    elif target.ndim and bool(chosen.any()):
        rows = chosen.to(target.device)
        target[rows] = source[rows]


def positive(value, name: str) -> int:
    """Return a whole number of at least 1, or raise a `ValueError` that names the argument."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} = {value!r}, wanted a whole number of at least 1.")
    return int(value)


def _seeds(seed) -> list[int]:
    seeds = list(seed) if isinstance(seed, Iterable) and not isinstance(seed, (str, bytes)) else [seed]
    if not seeds or any(isinstance(s, bool) or not isinstance(s, (int, np.integer)) or s < 0 for s in seeds):
        raise ValueError(f"seed = {seed!r}, wanted a whole number of at least 0, or several of them.")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seed = {seed!r} names a seed twice: members with the same seed are the same.")
    return [int(s) for s in seeds]
