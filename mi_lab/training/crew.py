"""A crew: some members of an ensemble that are trained together, by one batched step after another."""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mi_lab.device import CHUNK_BYTES, chunk_rows
from mi_lab.training.engines import make_engine

if TYPE_CHECKING:
    from mi_lab.training.loop import Trainer

EVALUATION_ROWS = 16_384  # scored at a time when nothing is learned
SHUFFLES = 4  # reference samples for each held-out sample: their average is what makes an estimate noisy
Scores = dict[str, tuple[Tensor, Tensor]]  # term -> scores of joint samples (members, h), of reference samples


class Crew:
    """Members with seeds of their own: their rows of the data, generators, critics and what their objectives remember.

    Parameters
    ----------
    trainer : Trainer
        Whose data, objective and batch size are used.
    seeds : list of int
        One a member.
    nets : dict of lists
        For each term of the estimate, one critic a member.
    """

    def __init__(self, trainer: "Trainer", seeds: list[int], nets: dict[str, list]):
        self.trainer, self.seeds = trainer, seeds
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        rows = [trainer.split(g) for g in self.generators]
        self.train_rows, self.test_rows = [a for a, _ in rows], [b for _, b in rows]
        self.engines = {
            term: make_engine(
                nets[term], trainer.device, trainer.optimiser, trainer.call, trainer.written, trainer.compile
            )
            for term in trainer.signs
        }
        self.states = {
            term: {k: v.to(trainer.device) for k, v in trainer.objective.state(len(seeds)).items()}
            for term in trainer.signs
        }
        self._evaluation = None  # the held-out blocks, kept while they are small
        self.extra: dict[str, Tensor] = {}  # what else training changes, a row a member
        trainer.equip(self)

    def epoch(self, stop) -> Scores:
        """Train on every batch of one epoch, or until `stop()`; return the scores met on the way."""
        trainer, b = self.trainer, self.trainer.batch_size
        orders = [
            rows[0][torch.randperm(len(rows[0]), generator=g).to(rows[0].device)]
            for rows, g in zip(self.train_rows, self.generators, strict=True)
        ]
        met: dict[str, list[Tensor]] = {term: [] for term in trainer.signs}
        at_once = min(trainer.n_iters_per_epoch, chunk_rows(4 * 2 * b * trainer.columns))  # batches gathered together
        for start in range(0, trainer.n_iters_per_epoch, at_once):
            steps = min(at_once, trainer.n_iters_per_epoch - start)
            blocks = self._gather([order[start * b : (start + steps) * b] for order in orders], steps)
            for j in range(steps):
                for term, engine in self.engines.items():
                    t = engine.scores(blocks[term][j])  # (members, b + b')
                    engine.backward(trainer.objective.gradient(t, b, self.states[term]))
                    engine.step()
                    met[term].append(t.clone())
                trainer.after_step(self, blocks, j)
                if stop():
                    return self._met(met)
        return self._met(met)

    def _gather(self, rows: list[Tensor], steps: int) -> dict[str, Tensor]:
        """Return for each term the batches (steps, members, b + b', columns): one gather for all of them."""
        blocks = {}
        for k, some in enumerate(rows):
            for term, (joint, ref) in self.trainer.draw(some, self, k).items():
                joint, ref = joint.view(steps, -1, joint.shape[1]), ref.view(steps, -1, ref.shape[1])
                if term not in blocks:
                    size = (steps, len(rows), joint.shape[1] + ref.shape[1], joint.shape[2])
                    blocks[term] = joint.new_empty(size)
                blocks[term][:, k, : joint.shape[1]] = joint
                blocks[term][:, k, joint.shape[1] :] = ref
        return blocks

    def _met(self, met: dict[str, list[Tensor]]) -> Scores:
        b = self.trainer.batch_size
        out = {}
        for term, scores in met.items():
            t = torch.stack(scores, 1)  # (members, steps, rows)
            out[term] = (t, t[..., :0]) if self.trainer.objective.all_pairs else (t[..., :b], t[..., b:])
        return out

    def evaluate(self) -> list[Scores]:
        """Return the scores of the held-out samples and of their reference, in an even number of separate parts.

        No reference sample of one part is made from samples of another, so that one half of the parts can choose when
        to stop and the other half report.  Empty when nothing was held out.
        """
        if not len(self.test_rows[0][0]):
            return []
        if self._evaluation is not None:
            return [self.score(part) for part in self._evaluation]
        parts = self._parts(self.test_rows[0], SHUFFLES)
        if parts > 2 or self.trainer.members_differ:  # large, or a moving reference: drawn anew each time
            return [self.score(part) for part in self._drawn(parts, SHUFFLES)]
        self._evaluation = list(self._drawn(parts, SHUFFLES))
        return [self.score(part) for part in self._evaluation]

    def _parts(self, rows: tuple[Tensor, ...], shuffles: int) -> int:
        total = 4 * self.trainer.columns * sum(len(r) for r in rows) * (1 + shuffles)
        return 2 * max(1, math.ceil(total / CHUNK_BYTES / 2))

    def _drawn(self, parts: int, shuffles: int) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
        split = [list(zip(*(r.tensor_split(parts) for r in rows), strict=True)) for rows in self.test_rows]
        for part in zip(*split, strict=True):  # the rows of this part, a tuple for every member
            drawn = [self.trainer.draw_held_out(rows, shuffles, self, k) for k, rows in enumerate(part)]
            yield {term: tuple(torch.stack([d[term][side] for d in drawn]) for side in (0, 1)) for term in drawn[0]}

    def evaluate_on(self, blocks: Callable[[int], dict[str, tuple[Tensor, Tensor]]]) -> Scores:
        """Return every member's scores of joint and of reference samples, `blocks(k)` giving those of member k."""
        m = len(self.seeds)
        if not self.trainer.members_differ:
            return self.score({term: tuple(z.expand(m, *z.shape) for z in pair) for term, pair in blocks(0).items()})
        drawn = [blocks(k) for k in range(m)]
        return self.score({t: tuple(torch.stack([d[t][side] for d in drawn]) for side in (0, 1)) for t in drawn[0]})

    def score(self, blocks: dict[str, tuple[Tensor, Tensor]]) -> Scores:
        """Return the scores of blocks (members, n, columns), some rows at a time."""
        return {term: tuple(self._score(self.engines[term], z) for z in pair) for term, pair in blocks.items()}

    def _score(self, engine, z: Tensor) -> Tensor:
        if z.shape[1] == 0:
            return z.new_empty(z.shape[0], 0)
        if self.trainer.objective.all_pairs:
            k = min(self.trainer.batch_size, z.shape[1])
            batches = z[:, : z.shape[1] // k * k].split(k, dim=1)
            return torch.stack([engine.evaluate(batch) for batch in batches], dim=1)  # (members, batches, k²)
        return torch.cat([engine.evaluate(part) for part in z.split(EVALUATION_ROWS, dim=1)], dim=1)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that training changes, by name; the generators aside."""
        kept = {}
        for term in self.engines:
            kept |= {f"{term}.{name}": value for name, value in self.engines[term].tensors().items()}
            kept |= {f"{term}.{name}": value for name, value in self.states[term].items()}
        kept |= {f"extra.{name}": value for name, value in self.extra.items()}
        return kept
