"""What a trainer consists of: its samples, its members' critics, and the values of their scores."""

import copy
import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from mi_lab import device as devices
from mi_lab.objectives import make_objective
from mi_lab.training.crew import Crew, Scores
from mi_lab.training.engines import adam_options
from mi_lab.training.logs import Writer


class Members:
    """The members of an ensemble, one a seed, and what their trainer knows of them; `Trainer` trains them."""

    signs: dict[str, int] = {"joint": 1}  # term of the estimate -> its sign
    name = ""
    constant = False  # whether a variable never varies, so that there is nothing to train
    members_differ = False  # whether members evaluate on references of their own

    def __init__(self, net, n_iters_per_epoch, objective, writer_params=None, *, held_out=0.2, seed=0, split_seed=None,
                 device=None, truth=None, written=True, compile=False, **optimiser):  # fmt: skip
        self.objective, self.net = make_objective(objective), net
        self.optimiser, self.truth = adam_options(optimiser), truth
        self.written, self.compile = written, compile
        self.seeds, self.split_seed = _seeds(seed), split_seed
        self.device = devices.pick_device(device)
        self.n_iters_per_epoch = positive(n_iters_per_epoch, "n_iters_per_epoch")
        self._take(held_out)
        self.batch_size = self.n_train[0] // self.n_iters_per_epoch
        if min(self.n_train) < 2 * self.n_iters_per_epoch:
            raise ValueError(
                f"n_iters_per_epoch = {n_iters_per_epoch} batches of at least 2 want {2 * self.n_iters_per_epoch} "
                f"training samples and there are {min(self.n_train)}: take fewer batches."
            )
        self.writer = Writer(writer_params, truth) if writer_params is not None else None
        self._begin()

    def _begin(self) -> None:
        """Make the members' critics and share them among crews: on the CPU one crew a core, each in a thread."""
        self.epochs = self.steps = 0
        self.history: dict[str, list] = {"epoch": [], "step": []}
        self.stopped: str | None = None
        self.alive = np.ones(len(self.seeds), dtype=bool)
        nets, m = self._nets(), len(self.seeds)
        n_crews = min(devices.cores(), m) if self.device.type == "cpu" else 1
        cuts = [m * i // n_crews for i in range(n_crews + 1)]
        self.crews = [
            Crew(self, self.seeds[a:b], {term: members[a:b] for term, members in nets.items()})
            for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        ]
        self._good = self.snapshot()

    def with_seeds(self, seeds: Iterable[int], split_seed: int | None = None) -> "Members":
        """Return an untrained trainer like this one with one member a seed, each critic drawn anew from its seed."""
        other = copy.copy(self)
        other.seeds, other.split_seed, other.writer = _seeds(seeds), split_seed, None
        other._begin()
        return other

    # ---- what a subclass provides -------------------------------------------------------------------------------

    def _take(self, held_out) -> None:
        """Check the samples and set `data`, `test_data` (None if a share of the data), `n_train`, `columns`."""
        raise NotImplementedError

    def draw(self, rows: Tensor, crew: Crew, k: int) -> dict[str, tuple[Tensor, Tensor]]:
        """Return for each term joint samples (n, columns) of a crew's member k and reference samples (n', columns)."""
        raise NotImplementedError

    def draw_held_out(self, rows: tuple[Tensor, ...], shuffles: int, crew: Crew, k: int) -> dict[str, tuple]:
        """Return the same for held-out rows, with the same random numbers at every call."""
        raise NotImplementedError

    def call(self, net: nn.Module, z: Tensor) -> Tensor:
        """Return a critic's scores (rows,) of a block z (rows, columns)."""
        raise NotImplementedError

    def equip(self, crew: Crew) -> None:
        """Give a new crew what else it needs."""

    def after_step(self, crew: Crew, blocks: dict[str, Tensor], j: int) -> None:
        """Do what else a step wants done."""

    def split(self, generator: torch.Generator) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Return the rows to train on and the rows held out, of each set of samples that is split by itself."""
        if self.test_data is not None:
            sizes = [len(z) for z in self.test_data[: len(self.n_train)]]
            return tuple(_range(n, self.device) for n in self.n_train), tuple(_range(n, self.device) for n in sizes)
        if self.split_seed is not None:
            generator = torch.Generator().manual_seed(self.split_seed)
        train, test = [], []
        for z, n_train in zip(self.data, self.n_train, strict=False):
            rows = torch.randperm(len(z), generator=generator).to(self.device)
            test.append(rows[: len(z) - n_train])
            train.append(rows[len(z) - n_train :])
        return tuple(train), tuple(test)

    def _nets(self) -> dict[str, list[nn.Module]]:
        """Return for each term one critic a member."""
        return {"joint": members_of(self.net, self.seeds)}

    def member(self, k: int = 0, term: str | None = None) -> nn.Module:
        """Return a copy of member k's critic, of a term of the estimate if there are several."""
        term = term or next(iter(self.signs))
        if term not in self.signs:
            raise ValueError(f"unknown term {term!r}, wanted one of: {', '.join(self.signs)}.")
        if not 0 <= k < len(self.seeds):
            raise ValueError(f"k = {k!r}, and the {len(self.seeds)} members are numbered from 0.")
        for crew in self.crews:
            if k < len(crew.seeds):
                break
            k -= len(crew.seeds)
        engine = crew.engines[term]
        net = copy.deepcopy(engine.nets[k])
        engine.export(k, net)
        return net

    # ---- values ----

    def value_of(self, t: Tensor, t_ref: Tensor) -> Tensor:
        """Return the objective's value (nats) of scores, over the last axis."""
        if self.objective.all_pairs:
            k = math.isqrt(t.shape[-1])
            return self.objective.value(t.reshape(*t.shape[:-1], k, k))
        return self.objective.value(t, t_ref)

    def values(self, parts: list[Scores]) -> dict[str, np.ndarray]:
        """Return each term's value and, as "total", their signed sum (nats), one number a member."""
        out = {}
        for term in self.signs:
            if self.objective.all_pairs:  # a value for each batch, then their mean
                each = [self.value_of(*part[term]).flatten(1) for part in parts]
                value = torch.cat(each, 1).mean(1)
            else:
                value = self.value_of(*(torch.cat([p[term][side].flatten(1) for p in parts], 1) for side in (0, 1)))
            out[term] = value.cpu().double().numpy()
        total = sum(sign * out[term] for term, sign in self.signs.items())
        return {"total": total, **(out if len(out) > 1 else {})}

    def held_out_rows(self, parts: int) -> list[tuple[Tensor, ...]]:
        """Return for each member the held-out samples' numbers, in the parts that they are evaluated in."""
        return [rows[0].tensor_split(parts) for crew in self.crews for rows in crew.test_rows]

    def resampled(self, parts: list[dict], picks: list[Tensor], seed: int) -> float:
        """Return the estimate (nats) of one member's scores (on the CPU) with the picked samples, some repeatedly."""
        total = 0.0
        for term, sign in self.signs.items():
            t, t_ref = [], []
            for part, pick in zip(parts, picks, strict=True):
                joint, ref = part[term]
                if self.objective.all_pairs:  # batches (batches, k²): the rows' values are what is resampled
                    joint = self.objective.rows(joint.view(len(joint), *2 * [math.isqrt(joint.shape[1])])).flatten()
                    pick = pick[pick < len(joint)]
                t.append(joint[pick])
                t_ref.append(self.resampled_reference(ref, pick, len(joint), seed))
            if not sum(map(len, t)):
                return math.nan
            t, t_ref = torch.cat(t), torch.cat(t_ref)
            total += sign * float(t.mean() if self.objective.all_pairs else self.objective.value(t, t_ref))
        return total

    def resampled_reference(self, t_ref: Tensor, pick: Tensor, n: int, seed: int) -> Tensor:
        """Return the reference scores that go with picked samples: of pairs made from them, shifts (s, n) flattened."""
        return t_ref.view(-1, n)[:, pick].flatten() if len(t_ref) else t_ref

    @property
    def bounds(self) -> str:
        """What the estimate is, on samples the critic was not trained on."""
        return self.objective.bounds

    @property
    def value(self) -> float:
        past = self.history.get("held_out") or self.history.get("train")
        return float(np.mean(past[-1])) if past else math.nan

    def curves(self, name: str = "held_out") -> np.ndarray:
        """Return a column of the history as (members, epochs), ready for a band."""
        if name not in self.history:
            raise ValueError(f"the history has no {name!r}, it has: {', '.join(self.history)}.")
        past = np.asarray(self.history[name], dtype=float)
        return past[None] if past.ndim == 1 else past.T

    # ---- states ----

    def snapshot(self, into: list | None = None, which: np.ndarray | None = None) -> list[dict[str, Tensor]]:
        """Return a copy of everything that training changes; or copy the chosen members' into an earlier one."""
        if into is None:
            return [{name: t.clone() for name, t in crew.tensors().items()} for crew in self.crews]
        for crew, kept, chosen in zip(self.crews, into, self._by_crew(which), strict=True):
            for name, t in crew.tensors().items():
                _put(kept[name], t, chosen)
        return into

    def _by_crew(self, which: np.ndarray) -> list[Tensor]:
        return list(torch.from_numpy(which).split([len(crew.seeds) for crew in self.crews]))

    def restore(self, snapshot: list[dict[str, Tensor]], which: np.ndarray) -> None:
        """Put the members for which `which` is True back to a snapshot."""
        for crew, kept, chosen in zip(self.crews, snapshot, self._by_crew(which), strict=True):
            for name, t in crew.tensors().items():
                _put(t, kept[name], chosen)


def members_of(net: nn.Module, seeds: list[int]) -> list[nn.Module]:
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


@torch.no_grad()
def _put(target: Tensor, source: Tensor, chosen: Tensor) -> None:
    """Copy the chosen members' rows; a number that all members share goes along when all are chosen."""
    if bool(chosen.all()):
        target.copy_(source)
    elif target.ndim and bool(chosen.any()):
        rows = chosen.to(target.device)
        target[rows] = source[rows]


def _range(n: int, device: torch.device) -> Tensor:
    return torch.arange(n).to(device)


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
