"""Estimators that are made of density models, and their training by the loop of all trainers (chapter 11)."""

import copy
import math
from typing import NamedTuple

import torch
from torch import nn

from mi_lab.generative import AllPairs, CellClassifier, Cells, LinearGaussian, make_model
from mi_lab.generative.formulas import leave_one_out, leave_one_out_columns
from mi_lab.objectives import Objective
from mi_lab.streams import stream_seed
from mi_lab.trainers.joint import PairProblem, PairTrainer
from mi_lab.training.data import shifted
from mi_lab.training.problem import Block


def _average(t, t_ref=None):
    return t.mean(-1)


def _diagonal_mean(scores):
    return scores.diagonal(dim1=-2, dim2=-1).mean(-1)


class Likelihood(Objective):
    """Climb on avg log q, whatever is reported; its gradient is written out."""

    def gradient(self, scores, b, state=None):
        grad = torch.zeros_like(scores)
        if self.all_pairs:
            grad.view(*scores.shape[:-1], b, b).diagonal(dim1=-2, dim2=-1).fill_(-1 / b)
        else:
            grad[..., :b] = -1 / b
        return grad


LIKELIHOOD = Likelihood("likelihood", _average, lambda t, r=None: -_average(t), "", maximised=_average)
CLUB = Likelihood(
    "club", lambda t, r: t.mean(-1) - r.mean(-1), lambda t, r: -_average(t), "", maximised=lambda t, r: _average(t)
)
LEAVE_ONE_OUT = Likelihood(
    "l1out", leave_one_out, lambda s: -_diagonal_mean(s), "", True, leave_one_out_columns, _diagonal_mean
)


class Kind(NamedTuple):
    """What an estimator is made of: the sign of each term's average log-density, and what it bounds."""

    terms: dict[str, int]
    bounds: str
    objective: Objective = LIKELIHOOD


ESTIMATORS = {
    "ba": Kind({"conditional": 1, "marginal": -1}, "no bound: the entropy is a Gaussian's, which is too large"),
    "doe": Kind({"conditional": 1, "marginal": -1}, "no bound: a difference of two entropies"),
    "gm": Kind({"joint": 1, "x": -1, "marginal": -1}, "no bound: a difference of entropies"),
    "club": Kind({"conditional": 1}, "no bound: an upper one only with the true conditional", CLUB),
    "l1out": Kind({"conditional": 1}, "no bound: an upper one only with the true conditional", LEAVE_ONE_OUT),
    "pq": Kind({"conditional": 1, "marginal": -1}, "nearly a lower bound, at most log of the number of cells"),
}
DISTINCT, ATOM = 0.2, 0.05  # shares: of different values that are too few, of one value that are too many


class GenerativeProblem(PairProblem):
    """I(X;Y) from the average log-densities of models: each is maximised, their signed sum is reported."""

    def __init__(self, X, Y, estimator="doe", conditional="autoregressive", marginal=None, entropy=None, cells=32,
                 held_out=0.2, device=None):  # fmt: skip
        if estimator not in ESTIMATORS:
            raise ValueError(f"unknown estimator {estimator!r}, wanted one of: {', '.join(ESTIMATORS)}.")
        self.kind = ESTIMATORS[estimator]
        super().__init__(X, Y, None, self.kind.objective, held_out, device)
        self.name, self.terms = estimator, dict(self.kind.terms)
        if entropy is not None:
            if estimator != "ba":
                raise ValueError(f"entropy is what the estimator 'ba' knows of Y, and the estimator is {estimator!r}.")
            if isinstance(entropy, bool) or not isinstance(entropy, (int, float)) or not math.isfinite(entropy):
                raise ValueError(f"entropy = {entropy!r}, wanted a finite number of nats, h(Y), or None.")
            self.terms = {"conditional": 1}
        self.entropy, self.cells = entropy, cells
        self.conditional, self.given_marginal = conditional, marginal
        if self.constant:  # nothing will be trained
            self.prototypes, self.fixed = {}, set(self.terms)
            return
        if estimator != "pq":
            for name, z in zip("XY", self.data, strict=True) if estimator == "gm" else [("Y", self.data[1])]:
                check_continuous(z, name)
        self.prototypes = self.models()
        self.fixed = {
            term
            for term, one in self.prototypes.items()
            if one is not None and not any(p.requires_grad for p in one.parameters())
        }

    def models(self) -> dict[str, nn.Module | None]:
        """Return a model for each term, None where it is made when the samples are dealt."""
        d_x, d_y = (z.shape[1] for z in self.data)
        if self.name == "pq":
            return dict.fromkeys(self.terms)
        marginal = LinearGaussian(d_y) if self.name == "ba" else self.given_marginal
        if marginal is None:
            marginal = self.conditional if isinstance(self.conditional, str) else "autoregressive"
        wanted = {
            "conditional": (self.conditional, d_y, d_x),
            "marginal": (marginal, d_y, 0),
            "joint": (self.conditional, d_x + d_y, 0),
            "x": (marginal, d_x, 0),
        }
        out = {}
        for term in self.terms:
            model = make_model(*wanted[term], seed=stream_seed(0, term))
            out[term] = AllPairs(model) if self.objective.all_pairs else model
        return out

    def nets_of(self, members):
        if self.constant:
            return {term: [nn.Identity() for _ in members] for term in self.terms}
        out = {}
        for member in members:
            if self.name == "pq":
                y = self.data[1][member.train[0]]
                member.cells = Cells.fitted(y, self.cells, stream_seed(member.seed, "cells") % 2**32)
        for term, one in self.prototypes.items():
            if one is None:
                d_x = self.data[0].shape[1] if term == "conditional" else 0
                nets = [CellClassifier(m.cells, d_x, seed=stream_seed(m.seed, term)) for m in members]
            elif term in self.fixed:
                nets = [one for _ in members]
            else:
                nets = [copy.deepcopy(one) for _ in members]
            for net, member in zip(nets, members, strict=True):
                if term in self.fixed:
                    continue
                model = net.model if isinstance(net, AllPairs) else net
                rows = self.columns_of(term, *self.samples(member.train[0], member))
                model.reset(stream_seed(member.seed, term)).to(self.device)
                model.start(rows[:, : model.d_x], rows[:, model.d_x :])
            out[term] = nets
        return out

    @property
    def bounds(self):
        if self.name == "ba" and self.entropy is not None:
            return "a lower bound in expectation, if that is the entropy of Y"
        return self.kind.bounds

    def call(self, net, z):
        return net(z)

    def columns_of(self, term, x, y):
        """Return the columns that a term's model sees."""
        return {"conditional": torch.cat([x, y], 1), "joint": torch.cat([x, y], 1), "x": x, "marginal": y}[term]

    def draw(self, rows, member, steps):
        x, y = self.samples(rows, member)
        out = {}
        for term in self.terms:
            z = self.columns_of(term, x, y)
            out[term] = (z, z[:0])
        if self.objective is CLUB:  # another y of the same step
            y_ref = y.view(steps, -1, y.shape[1]).roll(-1, 1).reshape(y.shape)
            out["conditional"] = (out["conditional"][0], torch.cat([x, y_ref], 1))
        return out

    def blocks(self, x, y, of, member, shuffles, generator):
        out = {}
        for term in self.terms:
            z = self.columns_of(term, x, y)
            out[term] = Block(z, z[:0], of, of.new_empty(0, 2))
        if self.objective is CLUB:
            x_ref, y_ref, places = shifted(x, y, shuffles)
            out["conditional"] = out["conditional"]._replace(ref=torch.cat([x_ref, y_ref], 1), ref_of=of[places])
        return out

    def pair_scores(self, nets, x, y):
        """Return the models' log-ratio of pairs, (n,): as good a critic as any."""
        total = 0.0
        for term, sign in self.terms.items():
            net = getattr(nets[term], "model", nets[term])
            total = total + sign * net(self.columns_of(term, x, y))
        return total

    def reported(self, values):
        return super().reported({term: values[term] for term in self.terms}) + (self.entropy or 0.0)


def check_continuous(z, name: str) -> None:
    """Raise a `ValueError` where a column repeats its values: it has no density, and a model's would grow for ever."""
    for j in range(z.shape[1]):
        values, counts = z[:, j].unique(return_counts=True)
        most = int(counts.max())
        if len(values) < DISTINCT * len(z) or most > max(2, ATOM * len(z)):
            column = name if z.shape[1] == 1 else f"column {j} of {name}"
            raise ValueError(
                f"{column} has {len(values)} different values among {len(z)} samples: discrete, so it has no density "
                "(use method 'pq', whose cells are then the values, or 'bins')."
            )


class GenerativeTrainer(PairTrainer):
    """Estimate I(X;Y) by density models, trained by maximum likelihood with held-out early stopping (chapter 11).

    Parameters
    ----------
    X, Y : array-like of shapes (n, d_x) and (n, d_y)
        Joint samples.
    n_iters_per_epoch : int
        Batches in a pass through the training samples.
    estimator : str
        "ba": avg log q(y|x) + h(Y), a lower bound if `entropy` is h(Y); without it a Gaussian's entropy, and no bound.
        "doe": avg log q(y|x) - avg log q(y), no bound.  "gm": three models, no bound.  "club", "l1out": upper bounds
        only with the true conditional.  "pq": k-means cells of y and a classifier, nearly a lower bound and at most
        the logarithm of the number of cells.
    writer_params : dict, optional
        For TensorBoard's SummaryWriter, {} for its defaults; nothing is logged if left out.
    conditional, marginal : str or Density
        Models of q(y|x) and of q(y): "linear", "heteroscedastic", "mixture", "autoregressive", "spline", or a model.
        The marginal is of the same kind as the conditional if left out.  A model with nothing to train, such as
        ``law.conditional()``, is taken as it is.
    entropy : float, optional
        h(Y) in nats, for "ba".
    cells : int
        For "pq".
    **options
        held_out, seed, split_seed, device, truth and Adam's options, as for `CriticTrainer`.  ``averaged=False`` takes
        the latest weights, not their average over the last eighth of the steps, where the noise of the steps is gone.

    Raises
    ------
    ValueError
        As for `CriticTrainer`; also where Y repeats its values or a covariance is singular: there is no density then.
    """

    def __init__(self, X, Y, n_iters_per_epoch, estimator="doe", writer_params=None, *, conditional="autoregressive",
                 marginal=None, entropy=None, cells=32, held_out=0.2, device=None, **options):  # fmt: skip
        problem = GenerativeProblem(X, Y, estimator, conditional, marginal, entropy, cells, held_out, device)
        super().__init__(problem, n_iters_per_epoch, writer_params, **({"averaged": True} | options))

    def _setting(self):
        made = [f"{term}: {type(engine.nets[0]).__name__}" for term, engine in self.crews[0].engines.items()]
        return super()._setting() | {"estimator": self.name, "models": made, "entropy": self.problem.entropy}
