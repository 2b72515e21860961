"""What the problems of joint samples (X, Y) share, and the evaluation of their trainers."""

import torch
from torch import Generator, Tensor

from mi_lab.device import full_precision, pick_device, widest
from mi_lab.samples import as_pair, is_constant
from mi_lab.streams import digest, stream
from mi_lab.training.data import MIN_HELD_OUT, MIN_SAMPLES, is_samples, n_held_out, same_columns
from mi_lab.training.problem import Block, Member, Problem
from mi_lab.training.trainer import Trainer

EVALUATION_PAIRS = 65_536  # reference pairs of `estimate` when it may choose


class PairProblem(Problem):
    """A problem whose data are joint samples (X, Y); subclasses give `blocks`, `call` and `draw`."""

    def __init__(self, X, Y, net, objective, held_out=0.2, device=None, standardise=False):
        super().__init__(net, objective, pick_device(device))
        self.standardise = self.own_reference = standardise
        X, Y = (z.detach() for z in as_pair(X, Y, ("X", "Y"), MIN_SAMPLES, self.device))
        self.data = (X, Y)
        self.columns = X.shape[1] + Y.shape[1]
        self.constant = is_constant(X, "X") or is_constant(Y, "Y")
        if is_samples(held_out):
            names = ("held-out X", "held-out Y")
            self.test_data = tuple(z.detach() for z in as_pair(*held_out, names, MIN_HELD_OUT, self.device))
            for z, own, name, of in zip(self.test_data, self.data, names, "XY", strict=True):
                same_columns(z, own, name, of)
            self.n_train = (len(X),)
        else:
            self.n_train = (len(X) - n_held_out(len(X), held_out),)

    def samples(self, rows: Tensor, member: Member) -> tuple[Tensor, Tensor]:
        """Return the joint samples of these rows, on the member's scale."""
        return self.scaled(self.data[0][rows], self.data[1][rows], member)

    def held_out(self, rows: Tensor, member: Member) -> tuple[Tensor, Tensor]:
        """Return the samples of these rows of what is held out, on the member's scale."""
        X, Y = self.data if self.test_data is None else self.test_data
        return self.scaled(X[rows], Y[rows], member)

    def scaled(self, x: Tensor, y: Tensor, member: Member) -> tuple[Tensor, Tensor]:
        """Return x and y less the mean, over the spread, of what the member trains on, if that is wanted.

        What it holds out moves neither, so a certificate's samples have no part in its critic (chapter 10).
        """
        if not self.standardise:
            return x, y
        if member.scales is None:
            member.scales = [_scale(z[member.train[0]]) for z in self.data]
        (mean_x, spread_x), (mean_y, spread_y) = member.scales
        return (x - mean_x) / spread_x, (y - mean_y) / spread_y

    def blocks(self, x: Tensor, y: Tensor, of: Tensor, member: Member, shuffles: int, generator: Generator) -> dict:
        """Return for each term a `Block` of joint samples x, y, whose numbers are `of`, and of their reference."""
        raise NotImplementedError

    def draw_held_out(self, rows, member, shuffles, generator) -> dict[str, Block]:
        x, y = self.held_out(rows[0], member)
        return self.blocks(x, y, rows[0], member, shuffles, generator)


def _scale(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the spread of each column; 1 for the spread of one that never varies."""
    spread, mean = torch.std_mean(z.to(widest(z.device)), dim=0)
    return mean.to(z.dtype), torch.where(spread > 0, spread, 1.0).to(z.dtype)


class PairTrainer(Trainer):
    """A trainer of a `PairProblem`."""

    @torch.no_grad()
    def estimate(self, X=None, Y=None, shuffles: int | None = None) -> float:
        """Return the value (nats) of the critics as they are, on other samples or on those that were held out.

        Parameters
        ----------
        X, Y : array-like of shapes (n, d_x) and (n, d_y), optional
            Samples of the same law; the held-out ones if left out.
        shuffles : int, optional
            Reference samples for each joint one; as many as 65,536 pairs allow if left out.

        Returns
        -------
        float
            The mean over the members.
        """
        if (X is None) != (Y is None):
            raise ValueError("only one of X and Y was given: wanted both, or neither for the held-out samples.")
        if shuffles is not None and (isinstance(shuffles, bool) or not isinstance(shuffles, int) or shuffles < 1):
            raise ValueError(f"shuffles = {shuffles!r}, wanted a whole number of at least 1.")
        if X is not None:
            X, Y = as_pair(X, Y, ("X", "Y"), MIN_HELD_OUT, self.device)
            for z, own, name in zip((X, Y), self.data, "XY", strict=True):
                same_columns(z, own, name, f"the {name} that was trained on")
            n = len(X)
        else:
            n = self.problem.held_out_size
            if not n:
                raise ValueError("nothing was held out: hand in samples X, Y to evaluate on.")
        if self.constant:
            return 0.0
        shuffles = shuffles or max(1, EVALUATION_PAIRS // n)
        values, problem = [], self.problem
        with full_precision(self.device):
            for crew in self.crews:
                if X is None:
                    parts = [crew.score(blocks) for half in (0, 1) for blocks, _ in crew.drawn(half, shuffles)]
                else:
                    of = torch.arange(n, device=self.device)

                    def blocks(member):
                        generator = stream(member.seed, "estimate", digest(X, Y))
                        x, y = problem.scaled(X, Y, member)
                        return problem.blocks(x, y, of, member, shuffles, generator)  # noqa: B023  (called at once)

                    parts = [crew.evaluate_on(blocks)]
                values.append(self.values(parts)["total"])
        return float(torch.cat([torch.from_numpy(v) for v in values]).mean())
