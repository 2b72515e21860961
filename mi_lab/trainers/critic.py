"""The trainer of one critic on joint samples (X, Y) by any objective (chapters 7 and 9)."""

import torch

from mi_lab.critics import one_score_each, score_all_pairs
from mi_lab.device import full_precision
from mi_lab.references import ProductLaw, make_reference
from mi_lab.samples import as_pair, is_constant
from mi_lab.training.data import MIN_HELD_OUT, MIN_SAMPLES, is_samples, n_held_out, same_columns, shifted, try_critic
from mi_lab.training.loop import Trainer

EVALUATION_PAIRS = 65_536  # reference pairs of `estimate` when it may choose


class PairTrainer(Trainer):
    """A trainer whose data are joint samples (X, Y)."""

    def __init__(self, X, Y, net, n_iters_per_epoch, objective, writer_params=None, **options):
        self.data = (X, Y)
        super().__init__(net, n_iters_per_epoch, objective, writer_params, **options)

    def _take(self, held_out) -> None:
        X, Y = (z.detach() for z in as_pair(*self.data, ("X", "Y"), MIN_SAMPLES, self.device))
        self.data, self.test_data = (X, Y), None
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

    def samples(self, rows, held_out: bool = False):
        """Return the joint samples of these rows."""
        X, Y = self.test_data if held_out and self.test_data is not None else self.data
        return X[rows], Y[rows]

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
            n = len(self.crews[0].test_rows[0][0])
            if not n:
                raise ValueError("nothing was held out: hand in samples X, Y to evaluate on.")
        if self.constant:
            return 0.0
        shuffles = shuffles or max(1, EVALUATION_PAIRS // n)
        values = []
        with full_precision(self.device):
            for crew in self.crews:
                if X is not None:
                    parts = [crew.evaluate_on(lambda k, crew=crew: self.held_out_blocks(X, Y, shuffles, crew, k))]
                else:
                    parts = [crew.score(part) for part in crew._drawn(2, shuffles)]
                values.append(self.values(parts)["total"])
        return float(torch.cat([torch.from_numpy(v) for v in values]).mean())

    def draw_held_out(self, rows, shuffles, crew, k):
        return self.held_out_blocks(*self.samples(rows[0], held_out=True), shuffles, crew, k)

    def held_out_blocks(self, x, y, shuffles: int, crew, k: int) -> dict[str, tuple]:
        """Return for each term the joint samples and the reference samples to evaluate on."""
        raise NotImplementedError


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
        One of "dv", "mine", "nwj", "js", "smile", "tuba", "infonce".
    writer_params : dict, optional
        For TensorBoard's SummaryWriter, {} for its defaults; nothing is logged if left out.
    reference : str or callable
        One of "permutation", "derangement", "cyclic shift", "with replacement".
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
    truth : float, optional
        The known mutual information, drawn in TensorBoard.
    written : bool
        Use the written-out gradient where the critic is a `Net`; False leaves it to autograd.
    compile : bool or str
        Let `torch.compile` have the critic, on CUDA as CUDA graphs; a string names a back end.  Pays for large critics.
    **optimiser
        For Adam: lr, betas, eps, weight_decay, …

    Raises
    ------
    ValueError
        Anything wrong with the samples, the critic or an option, in one sentence.
    """

    def __init__(self, X, Y, net, n_iters_per_epoch, objective="dv", writer_params=None, *, reference="permutation",
                 **options):  # fmt: skip
        self.reference = reference
        super().__init__(X, Y, net, n_iters_per_epoch, objective, writer_params, **options)

    @property
    def name(self) -> str:
        """The method's name."""
        return self.objective.name

    def _take(self, held_out) -> None:
        super()._take(held_out)
        self.reference = make_reference(self.reference, *self.data)
        if isinstance(self.reference, ProductLaw):
            raise ValueError(
                f"{type(self.reference).__name__} isn't made of the samples' marginals, so one divergence from it is "
                "not the mutual information: use MINEETrainer, or a reference that resamples."
            )
        try_critic(self.call, self.net, torch.cat([z[:2] for z in self.data], 1))

    def call(self, net, z):
        d = self.data[0].shape[1]
        x, y = z[..., :d], z[..., d:]
        if self.objective.all_pairs:
            return score_all_pairs(net, x, y).flatten()
        return one_score_each(net(x, y), len(z))

    def draw(self, rows, crew, k):
        x, y = self.samples(rows)
        joint = torch.cat([x, y], 1)  # (n, d_x + d_y)
        if self.objective.all_pairs:
            return {"joint": (joint, joint[:0])}
        return {"joint": (joint, torch.cat(self.reference(x, y, crew.generators[k]), 1))}

    def held_out_blocks(self, x, y, shuffles, crew, k):
        joint = torch.cat([x, y], 1)
        if self.objective.all_pairs:
            return {"joint": (joint, joint[:0])}
        return {"joint": (joint, torch.cat(shifted(x, y, shuffles), 1))}
