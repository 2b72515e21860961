"""A crew: some members of an ensemble that are trained together, by one batched step after another."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mi_lab.device import CHUNK_BYTES, chunk_rows
from mi_lab.training.engines import make_engine
from mi_lab.training.fixed import Fixed
from mi_lab.training.problem import Block, Member, Problem

EVALUATION_ROWS = 16_384  # scored at a time when nothing is learned
FIXED_ROWS = 4_096  # of a term that nothing trains, scored while the others train
SHUFFLES = 4  # reference samples for each held-out sample while training: their average is what makes a value noisy
Scores = dict[str, tuple[Tensor, Tensor]]  # term -> scores of joint samples (members, h), of reference samples
Origins = list[dict[str, tuple[Tensor, Tensor]]]  # for each member, term -> what the scored samples are made of


class Crew:
    """Members with seeds of their own: their critics, and what their objectives remember.

    Parameters
    ----------
    problem : Problem
        Whose samples and objective are used.
    members : list of Member
    nets : dict of lists
        For each term of the estimate, one critic a member.
    steps : int
        Steps in an epoch.
    optimiser : dict
        Adam's options.
    written, compile, averaged
        As for `make_engine`.
    """

    def __init__(self, problem: Problem, members: list[Member], nets: dict[str, list], steps: int, optimiser: dict,
                 written: bool = True, compile: bool | str = False, averaged: bool = False):  # fmt: skip
        self.problem, self.members, self.steps = problem, members, steps
        self.batch = problem.n_train[0] // steps
        self.engines = {
            term: Fixed(nets[term], problem.device)
            if term in problem.fixed
            else make_engine(
                nets[term],
                problem.device,
                optimiser,
                problem.call,
                written and not problem.objective_of(term).all_pairs,
                compile,
                problem.call_rows if problem.objective_of(term).all_pairs else None,
                averaged,
            )
            for term in problem.terms
        }
        self.states = {
            term: {k: v.to(problem.device) for k, v in problem.objective_of(term).state(len(members)).items()}
            for term in problem.terms
        }
        self.extra = problem.equip(members)  # what else training changes, a row a member
        self._evaluation = None  # the held-out blocks, kept while they are small

    # ---- training ----

    def epoch(self, stop: Callable[[], bool]) -> Scores:
        """Train on every batch of one epoch, or until `stop()`; return the scores met on the way."""
        problem, b = self.problem, self.batch
        orders = [
            m.train[0][torch.randperm(len(m.train[0]), generator=m.generator).to(problem.device)] for m in self.members
        ]
        met: dict[str, list[Tensor]] = {term: [] for term in problem.terms}
        at_once = min(self.steps, chunk_rows(4 * 2 * b * problem.columns))  # batches gathered together
        for start in range(0, self.steps, at_once):
            steps = min(at_once, self.steps - start)
            blocks = self._gather([order[start * b : (start + steps) * b] for order in orders], steps)
            n_ref = next(iter(blocks.values())).shape[2] - b
            for term in problem.fixed:  # nothing moves between the steps: some of them at once
                met[term] += self._at_once(term, blocks[term])
            for j in range(steps):
                for term, engine in self.engines.items():
                    if term in problem.fixed:
                        continue
                    t = engine.scores(blocks[term][j])  # (members, b + b')
                    engine.backward(problem.objective_of(term).gradient(t, b, self.states[term]))
                    engine.step()
                    met[term].append(self._noted(term, t))
                problem.after_step(self.members, self.engines, n_ref)
                if stop():
                    return self._met(met)
        return self._met(met)

    def _at_once(self, term: str, blocks: Tensor) -> list[Tensor]:
        """Return the scores (members, rows) of blocks (steps, members, rows, columns), one a step.

        Of as many steps as make `FIXED_ROWS`: a term that nothing trains has its say in the training curve alone here.
        """
        blocks = blocks[: max(1, FIXED_ROWS // max(1, blocks.shape[2]))]
        engine, (steps, members, rows, columns) = self.engines[term], blocks.shape
        if self.problem.objective_of(term).all_pairs:
            return [engine.scores(blocks[0])]  # one step speaks for all
        z = blocks.transpose(0, 1).reshape(members, steps * rows, columns)
        return list(engine.scores(z).view(members, steps, rows).unbind(1))

    def _gather(self, rows: list[Tensor], steps: int) -> dict[str, Tensor]:
        """Return for each term the batches (steps, members, b + b', columns): one gather for all of them."""
        blocks = {}
        for k, (some, member) in enumerate(zip(rows, self.members, strict=True)):
            for term, (joint, ref) in self.problem.draw(some, member, steps).items():
                joint, ref = joint.view(steps, -1, joint.shape[1]), ref.view(steps, -1, ref.shape[1])
                if term not in blocks:
                    size = (steps, len(rows), joint.shape[1] + ref.shape[1], joint.shape[2])
                    blocks[term] = joint.new_empty(size)
                blocks[term][:, k, : joint.shape[1]] = joint
                blocks[term][:, k, joint.shape[1] :] = ref
        return blocks

    def _noted(self, term: str, t: Tensor) -> Tensor:
        """Return what is kept of a step: its scores; of all pairs, which are many, only their value (members, 1)."""
        objective = self.problem.objective_of(term)
        if not objective.all_pairs:
            return t.clone()
        return objective.value(t.view(len(t), self.batch, self.batch)).unsqueeze(1)

    def _met(self, met: dict[str, list[Tensor]]) -> Scores:
        out = {}
        for term, scores in met.items():
            t = torch.stack(scores, 1)  # (members, steps, rows)
            b = t.shape[2] if self.problem.objective_of(term).all_pairs else self.batch
            out[term] = (t[..., :b], t[..., b:])
        return out

    # ---- evaluation ----

    def evaluate(self) -> tuple[list[Scores], list[Scores]]:
        """Return the scores of the held-out samples and of their reference, for either half of them, part by part.

        No reference sample of one half is made from samples of the other, nor by the same random numbers, so that one
        half can choose when to stop and the other report.  Empty when nothing was held out.
        """
        if not len(self.members[0].test[0]):
            return [], []
        if self._evaluation is not None:
            return tuple([self.score(part) for part in half] for half in self._evaluation)
        parts = self.parts(SHUFFLES)
        if parts > 1 or self.problem.moving:  # large, or a moving reference: drawn anew each time
            return tuple([self.score(blocks) for blocks, _ in self.drawn(half, SHUFFLES)] for half in (0, 1))
        self._evaluation = tuple([blocks for blocks, _ in self.drawn(half, SHUFFLES)] for half in (0, 1))
        return tuple([self.score(part) for part in half] for half in self._evaluation)

    def parts(self, shuffles: int) -> int:
        """Return in how many parts a half is drawn and scored, so that each fits the budget of memory."""
        rows = sum(len(r) for m in self.members for r in m.test)
        return max(1, math.ceil(4 * self.problem.columns * rows * (1 + shuffles) / CHUNK_BYTES / 2))

    def drawn(self, half: int, shuffles: int) -> Iterator[tuple[dict[str, tuple[Tensor, Tensor]], Origins]]:
        """Yield a half of the held-out samples part by part: blocks (members, rows, columns), what they are made of."""
        parts = self.parts(shuffles)
        split = [
            list(zip(*(r.tensor_split(2)[half].tensor_split(parts) for r in m.test), strict=True)) for m in self.members
        ]
        for p, part in enumerate(zip(*split, strict=True)):  # the rows of this part, a tuple for every member
            drawn = [
                self.problem.draw_held_out(rows, m, shuffles, self.problem.held_out_generator(m, 2 * p + half))
                for rows, m in zip(part, self.members, strict=True)
            ]
            yield _stacked(drawn), [{term: (b.joint_of, b.ref_of) for term, b in d.items()} for d in drawn]

    def evaluate_on(self, blocks: Callable[[Member], dict[str, Block]]) -> Scores:
        """Return every member's scores of samples, `blocks(member)` giving those of a member."""
        if self.problem.own_reference:
            return self.score(_stacked([blocks(member) for member in self.members]))
        m, shared = len(self.members), blocks(self.members[0])
        return self.score({t: tuple(z.expand(m, *z.shape) for z in block[:2]) for t, block in shared.items()})

    def score(self, blocks: dict[str, tuple[Tensor, Tensor]]) -> Scores:
        """Return the scores of blocks (members, n, columns), some rows at a time."""
        return {term: tuple(self._score(term, z) for z in pair) for term, pair in blocks.items()}

    def _score(self, term: str, z: Tensor) -> Tensor:
        engine = self.engines[term]
        if z.shape[1] == 0:
            return z.new_empty(z.shape[0], 0)
        if self.problem.objective_of(term).all_pairs:
            k = min(self.batch, z.shape[1])
            batches = z[:, : z.shape[1] // k * k].split(k, dim=1)
            return torch.stack([engine.evaluate(batch) for batch in batches], dim=1)  # (members, batches, k²)
        return torch.cat([engine.evaluate(part) for part in z.split(EVALUATION_ROWS, dim=1)], dim=1)

    # ---- states ----

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that training changes, by name; the generators aside."""
        kept = {}
        for term in self.engines:
            kept |= {f"{term}.{name}": value for name, value in self.engines[term].tensors().items()}
            kept |= {f"{term}.{name}": value for name, value in self.states[term].items()}
        return kept | {f"extra.{name}": value for name, value in self.extra.items()}

    def weights(self) -> dict[str, Tensor]:
        """Return what scores and references depend on: of `tensors`, all but what the optimiser remembers."""
        names = {f"{term}.{name}" for term in self.engines for name in self.engines[term].learned()}
        return {name: t for name, t in self.tensors().items() if name in names or name.startswith("extra.")}


def _stacked(drawn: list[dict[str, Block]]) -> dict[str, tuple[Tensor, Tensor]]:
    return {term: tuple(torch.stack([d[term][side] for d in drawn]) for side in (0, 1)) for term in drawn[0]}
