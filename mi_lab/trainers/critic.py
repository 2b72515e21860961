"""One critic on joint samples (X, Y) by any objective (chapters 7 and 9)."""

import torch

from mi_lab.critics import one_score_each, score_all_pairs, score_some_pairs
from mi_lab.normalisers import with_normaliser
from mi_lab.objectives.objectives import make_objective, option_names
from mi_lab.references import ProductLaw, make_reference
from mi_lab.trainers.joint import PairProblem, PairTrainer
from mi_lab.training.data import shifted, try_critic
from mi_lab.training.problem import Block


class CriticProblem(PairProblem):
    """I(X;Y) by one critic: joint samples against a reference that is made of them."""

    def __init__(self, X, Y, net, objective="dv", reference=None, held_out=0.2, device=None, standardise=False):
        super().__init__(X, Y, net, objective, held_out, device, standardise)
        self.name = self.objective.name
        self.net = net = with_normaliser(net, self.objective.normaliser, *(z.shape[1] for z in self.data))
        self.reference = make_reference(reference or self.objective.reference, *self.data)
        if isinstance(self.reference, ProductLaw):
            raise ValueError(
                f"{type(self.reference).__name__} isn't made of the samples' marginals, so one divergence from it is "
                "not the mutual information: use MINEETrainer, or a reference that resamples."
            )
        try_critic(self.call, net, torch.cat([z[:2] for z in self.data], 1))

    def call(self, net, z):
        d = self.data[0].shape[1]
        x, y = z[..., :d], z[..., d:]
        if self.objective.all_pairs:
            return score_all_pairs(net, x, y).flatten()
        return one_score_each(net(x, y), len(z))

    def call_rows(self, net, z, first, last):  # as `call`, of x from number `first` up to `last`
        d = self.data[0].shape[1]
        return score_some_pairs(net, z[..., :d], z[..., d:], first, last).flatten()

    def draw(self, rows, member, steps):
        x, y = self.samples(rows, member)
        joint = torch.cat([x, y], 1)  # (n, d_x + d_y)
        if self.objective.all_pairs:
            return {"joint": (joint, joint[:0])}
        return {"joint": (joint, torch.cat(self.reference(x, y, member.generator), 1))}

    def pair_scores(self, nets, x, y):
        return one_score_each(nets["joint"](x, y), len(x))

    def blocks(self, x, y, of, member, shuffles, generator):
        joint = torch.cat([x, y], 1)
        if self.objective.all_pairs:
            return {"joint": Block(joint, joint[:0], of, of.new_empty(0, 2))}
        x_ref, y_ref, places = shifted(x, y, shuffles)
        return {"joint": Block(joint, torch.cat([x_ref, y_ref], 1), of, of[places])}


class CriticTrainer(PairTrainer):
    """Estimate I(X;Y) by any objective: one critic, joint samples against a reference made from them.

    Parameters
    ----------
    X, Y : array-like of shapes (n, d_x) and (n, d_y)
        Joint samples.
    net : Module
        The critic, called as net(x, y).
    n_iters_per_epoch : int
        Batches in a pass through the training samples.
    objective : str or Objective
        One of "dv", "mine", "nwj", "mine-f", "js", "smile" (tau=5), "remine" (weight=.1, constant=0), "tuba",
        "alpha-tuba" (alpha=.5), "infonce", "flo", "demi", "gan-dime", "kl-dime", "hd-dime"; or `all_pairs` of one.
        What "tuba", "alpha-tuba" and "flo" normalise by is a net of its own, in the critic's likeness, unless the
        critic is `Normalised` or `PairNormalised` already.
    writer_params : dict, optional
        For TensorBoard's SummaryWriter, {} for its defaults; nothing is logged if left out.
    reference : str or callable
        One of "permutation", "derangement", "cyclic shift", "with replacement"; the objective's own if left out: a
        derangement for f-DIME, a permutation else.
    held_out : float, None, or (X, Y)
        The fraction of the samples, or other samples, that the estimate is reported on; None trains and reports on
        all samples, which over-fits.
    seed : int or several
        Of the split, the batches and the reference.  Several seeds train as many members at once, each with its own
        copy of the critic as `Net(seed=…)` would draw it.
    split_seed : int, optional
        Holds the same samples out for every member.
    device : str, optional
        "cpu", "cuda", "mps" or "auto".
    standardise : bool
        Give each member's samples mean 0 and standard deviation 1 by what that member trains on.
    truth : float, optional
        The known mutual information, drawn in TensorBoard.
    written : bool
        Use the written-out gradient where the critic is a `Net`; False leaves it to autograd.
    compile : bool or str
        Let `torch.compile` have the critic, on CUDA as CUDA graphs; a string names a back end.  Pays for large critics.
    **options
        The objective's own (tau, alpha, weight, constant), and Adam's: lr, betas, eps, weight_decay, …

    Raises
    ------
    ValueError
        Anything wrong with the samples, the critic or an option, in one sentence.
    """

    def __init__(self, X, Y, net, n_iters_per_epoch, objective="dv", writer_params=None, *, reference=None,
                 held_out=0.2, device=None, standardise=False, **options):  # fmt: skip
        own = {name: options.pop(name) for name in option_names(objective) if name in options}
        objective = make_objective(objective, **own)
        problem = CriticProblem(X, Y, net, objective, reference, held_out, device, standardise)
        super().__init__(problem, n_iters_per_epoch, writer_params, **options)

    reference = property(lambda self: self.problem.reference, doc="Where the reference samples come from.")
