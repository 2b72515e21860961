"""A problem: what is to be estimated from which samples, apart from who trains it and how.

A new estimator is a new problem and nothing else: its terms and their signs, a critic for each, how the joint and the
reference samples of a step and of the held-out part are drawn, what is **maximised** (which also chooses when to stop)
and what is **reported** (which need not be the same: a difference of lower bounds is reported and never maximised).
"""

import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn

from mi_lab.objectives import Objective, make_objective
from mi_lab.streams import digest, stream

FRESH = 1 << 40  # from here on count the numbers of reference samples that are drawn from a law: each is a sample


class Block(NamedTuple):
    """Samples to evaluate on, and which of the data each of them is made of (for error bars that know it)."""

    joint: Tensor  # (h, columns)
    ref: Tensor  # (h', columns)
    joint_of: Tensor  # (h,) numbers of samples
    ref_of: Tensor  # (h', k) numbers of the samples that a reference sample was made of


@dataclass
class Member:
    """One run of an ensemble: its seed, its rows of the data, and a reference of its own if it has one."""

    seed: int
    generator: Generator  # of its batches and of its reference samples
    train: tuple[Tensor, ...]  # rows to train on, of each set of samples that is split by itself
    test: tuple[Tensor, ...]  # rows that are held out
    reference: Any = field(default=None)
    scales: Any = field(default=None)  # mean and spread of what it trains on, where it brings its samples to scale


class Problem:
    """What is to be estimated; subclasses set `data`, `n_train`, `columns` and say where samples come from.

    Attributes
    ----------
    terms : dict
        Name of a divergence -> its sign in what is reported.
    data : tuple of Tensors
        All samples; the first `len(n_train)` of them are split by themselves.
    test_data : tuple of Tensors or None
        Other samples to evaluate on; None if a share of the data is held out.
    n_train : tuple of int
        Samples to train on, of each set.
    columns : int
        Of what the widest critic sees.
    constant : bool
        A variable never varies: there is nothing to train, the answer is 0.
    fixed : set of str
        Terms that are only evaluated: nothing trains their nets, which take rows z to scores.
    own_reference : bool
        Members evaluate on references of their own.
    moving : bool
        And training moves them.
    """

    name = ""
    terms: dict[str, int] = {"joint": 1}
    constant = False
    fixed: "frozenset[str] | set[str]" = frozenset()
    own_reference = False
    moving = False
    renew = None  # (problem) -> None: puts other samples into `data` before each look at what is held out
    call_rows = None  # (net, z, first, last) -> `call`'s scores of all pairs, those of some x alone, if there is a way
    data: tuple[Tensor, ...]
    test_data: tuple[Tensor, ...] | None = None
    n_train: tuple[int, ...]
    columns: int

    def __init__(self, net: Any, objective: "str | Objective", device: torch.device):
        self.net, self.objective, self.device = net, make_objective(objective), device

    # ---- what a new problem says ----

    def call(self, net: nn.Module, z: Tensor) -> Tensor:
        """Return a critic's scores (rows,) of a block z (rows, columns)."""
        raise NotImplementedError

    def draw(self, rows: Tensor, member: Member, steps: int) -> dict[str, tuple[Tensor, Tensor]]:
        """Return for each term joint samples (n, columns), those of `rows`, and reference samples (n', columns).

        They are those of `steps` steps, one after another; n and n' are multiples of it.
        """
        raise NotImplementedError

    def draw_held_out(self, rows: tuple, member: Member, shuffles: int, generator: Generator) -> dict[str, Block]:
        """Return for each term samples to evaluate on, made of these held-out rows alone.

        Up to `shuffles` reference samples for each joint one.
        """
        raise NotImplementedError

    # ---- what most problems leave as it is ----

    def objective_of(self, term: str) -> Objective:
        """Return what a term's critic descends on and reports: the same for all terms, unless told otherwise."""
        return self.objective

    def nets(self, seeds: list[int]) -> dict[str, list[nn.Module]]:
        """Return for each term one critic a member."""
        return {"joint": likenesses(self.net, seeds)}

    def nets_of(self, members: list[Member]) -> dict[str, list[nn.Module]]:
        """Return the same for members that have their samples already, where a critic starts from them."""
        return self.nets([member.seed for member in members])

    def equip(self, members: list[Member]) -> dict[str, Tensor]:
        """Give members what else they need; return what of it training changes, a row a member."""
        return {}

    def after_step(self, members: list[Member], engines: dict, n_ref: int) -> None:
        """Do what else a step wants done, which saw so many reference samples."""

    def maximised(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return what chooses when to stop, from each term's value: the sum of all, whatever their signs."""
        return sum(values[term] for term in self.terms)

    def offset(self, member: Member, rows: tuple[Tensor, ...]) -> float:
        """Return what makes a member's `maximised` comparable while its reference moves; only asked for if `moving`."""
        return 0.0

    def held_out(self, rows: Tensor, member: Member) -> tuple[Tensor, Tensor]:
        """Return held-out samples x, y of these rows, on the member's scale, for `pair_scores`."""
        raise ValueError(f"method {self.name!r} has no critic of pairs (x, y), so there is nothing to certify.")

    def pair_scores(self, nets: dict[str, nn.Module], x: Tensor, y: Tensor) -> Tensor:
        """Return the scores (n,) of pairs by a critic of I(X;Y) made of these nets, for a certificate (chapter 10).

        It may depend on nothing but what the member was trained on.
        """
        raise ValueError(f"method {self.name!r} has no critic of pairs (x, y), so there is nothing to certify.")

    def reported(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Return what is wanted, from each term's value: the signed sum."""
        return sum(sign * values[term] for term, sign in self.terms.items())

    @property
    def bounds(self) -> str:
        """What the estimate is, on samples the critic was not trained on."""
        return self.objective.bounds

    @property
    def held_out_size(self) -> int:
        """How many samples are held out, of the first set."""
        return len(self.test_data[0]) if self.test_data is not None else len(self.data[0]) - self.n_train[0]

    def split(self, generator: Generator, turn: int = 0) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return the rows to train on and the rows held out, of each set of samples that is split by itself.

        The rows are shuffled, and `turn` · h of them passed over before h are held out: with one generator for all,
        members with turns 0, 1, 2, … hold out other samples as long as there are any.
        """
        if self.test_data is not None:
            sizes = [len(z) for z in self.test_data[: len(self.n_train)]]
            return tuple(self._range(n) for n in self.n_train), tuple(self._range(n) for n in sizes)
        train, test = [], []
        for z, n_train in zip(self.data, self.n_train, strict=False):
            held = len(z) - n_train
            rows = torch.randperm(len(z), generator=generator).roll(-turn * held).to(self.device)
            test.append(rows[:held])
            train.append(rows[held:])
        return tuple(train), tuple(test)

    def held_out_generator(self, member: Member, part: int) -> Generator:
        """Return the source of a part's reference samples: the same at every call, another for every part and data."""
        return stream(member.seed, "held-out reference", part, self.digest)

    @property
    def digest(self) -> int:
        """A number that tells this data set from others."""
        if not hasattr(self, "_digest"):
            self._digest = digest(*self.data)
        return self._digest

    def _range(self, n: int) -> Tensor:
        return torch.arange(n).to(self.device)


def likenesses(net: nn.Module, seeds: list[int]) -> list[nn.Module]:
    """Return the net itself for one seed; for several, copies drawn anew as `Net(seed=…)` would be."""
    if len(seeds) == 1:
        return [net]
    out = []
    for seed in seeds:
        one = copy.deepcopy(net)
        if hasattr(one, "reset"):
            one.reset(seed)
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                for module in one.modules():
                    if hasattr(module, "reset_parameters"):
                        module.reset_parameters()
        out.append(one)
    return out
