"""MI-NEE: three divergences from a product law that one can sample for ever (chapter 8)."""

import torch
from torch import nn

from mi_lab.critics import Net, one_score_each
from mi_lab.objectives.formulas import unchecked_log_mean_exp
from mi_lab.references import ProductLaw, TrainedReference, make_reference
from mi_lab.trainers.critic import PairTrainer
from mi_lab.training.data import try_critic
from mi_lab.training.members import members_of
from mi_lab.training.written import FlatAdam

TERMS = ("xy", "x", "y")
MINEE_SEED = 1_000_003  # sets the critics of x and of y apart from that of (x, y) under the same seed


class MINEETrainer(PairTrainer):
    """Estimate I(X;Y) = D(P_XY‖R_X R_Y) - D(P_X‖R_X) - D(P_Y‖R_Y) for a product reference R_X R_Y of our choosing.

    Each divergence has a critic of its own and is estimated by Donsker–Varadhan; the reference samples are fresh at
    every step.  A difference of lower bounds is **no bound**: with few samples in many dimensions it passes the truth.
    Reference: chan2019minee; `eq-minee`.

    Parameters
    ----------
    X, Y : array-like of shapes (n, d_x) and (n, d_y)
        Joint samples.
    net : Module or dict
        The critic of (x, y), called as net(z) with the columns side by side; critics for x and for y are made in its
        likeness when it is a `Net`.  Or {"xy": …, "x": …, "y": …}.
    n_iters_per_epoch : int
        Batches in a pass through the training samples.
    writer_params : dict, optional
        For TensorBoard's SummaryWriter, {} for its defaults; nothing is logged if left out.
    reference : str or ProductLaw
        "gaussian" or "uniform", fitted to the data; "trained", Gaussians whose means and widths are moved to bring
        D(P_XY‖R_X R_Y) down towards its infimum, which is I(X;Y) itself; or a law.
    factor : float
        How much wider than the data a fitted reference is.
    n_ref : int, optional
        Reference samples a step; as many as joint samples if left out.
    reference_lr : float
        Learning rate of a trained reference.
    **options
        objective, held_out, seed, split_seed, device, truth, written and Adam's options, as for `CriticTrainer`.

    Attributes
    ----------
    history
        Beside "train" and "held_out" their three divergences: "train xy", "train x", "train y", "held_out xy", ….

    Raises
    ------
    ValueError
        As for `CriticTrainer`; also when the reference has no mass at a sample, where the divergence is infinite.
    """

    name = "minee"
    bounds = "no bound: a difference of lower bounds"
    signs = {"xy": 1, "x": -1, "y": -1}

    def __init__(self, X, Y, net, n_iters_per_epoch, writer_params=None, *, objective="dv", reference="gaussian",
                 factor=1.5, n_ref=None, reference_lr=1e-2, **options):  # fmt: skip
        self._named, self.factor, self.n_ref, self.reference_lr = reference, factor, n_ref, reference_lr
        super().__init__(X, Y, net, n_iters_per_epoch, objective, writer_params, **options)

    def _take(self, held_out) -> None:
        super()._take(held_out)
        if self.objective.all_pairs:
            raise ValueError(f"objective {self.objective.name!r} looks at pairs (x, y): use CriticTrainer.")
        if self.n_ref is not None and (not isinstance(self.n_ref, int) or self.n_ref < 2):
            raise ValueError(f"n_ref = {self.n_ref!r}, wanted a whole number of at least 2.")
        law = make_reference(self._named, *self.data, self.factor)
        if not isinstance(law, ProductLaw):
            raise ValueError(
                f"{type(law).__name__} resamples the data: MI-NEE wants a law, one of: gaussian, uniform, trained."
            )
        for data in (self.data, self.test_data):
            if data is not None:
                law.check_covers(*data)
        self._law = law
        X, Y = self.data
        for term, net in self._likenesses().items():
            z = {"xy": torch.cat([X[:2], Y[:2]], 1), "x": X[:2], "y": Y[:2]}[term]
            try_critic(self.call, net, z)

    @property
    def members_differ(self) -> bool:
        """Whether the reference is moved along with the critics, each member's its own way."""
        return isinstance(self._law, TrainedReference)

    def equip(self, crew) -> None:
        """Give each member of a crew its reference; the parameters of trained ones lie in one tensor (members, P)."""
        if not self.members_differ:
            crew.laws = [self._law] * len(crew.seeds)
            return
        start = torch.cat([p.detach() for p in self._law.parameters()])
        theta = start.repeat(len(crew.seeds), 1)
        crew.laws = [self._law.at(row) for row in theta]
        crew.puller = FlatAdam(theta, lr=self.reference_lr)
        crew.extra = {"reference": theta, **crew.puller.tensors()}

    def _likenesses(self) -> dict[str, nn.Module]:
        """Return a critic for each divergence."""
        if isinstance(self.net, dict):
            if set(self.net) != set(TERMS):
                raise ValueError(f"net has the keys {', '.join(map(str, self.net))}, wanted: {', '.join(TERMS)}.")
            return self.net
        if not isinstance(self.net, Net):
            raise ValueError(
                f"net is a {type(self.net).__name__}: MI-NEE makes three critics from a Net, or takes a dict of them "
                'with the keys "xy", "x", "y".'
            )
        first = self.net.layers[0]
        shape = {"width": first.out_features, "depth": len(self.net.layers) - 1, "std": self.net.std}
        seed = self.seeds[0] + MINEE_SEED
        d_x, d_y = (z.shape[1] for z in self.data)
        return {"xy": self.net, "x": Net(d_x, seed=seed, **shape), "y": Net(d_y, seed=seed + 1, **shape)}

    def _nets(self):
        offset = {"xy": 0, "x": MINEE_SEED, "y": MINEE_SEED + 1}
        seeds = self.seeds
        if len(seeds) == 1:
            return {term: [net] for term, net in self._likenesses().items()}
        return {term: members_of(net, [s + offset[term] for s in seeds]) for term, net in self._likenesses().items()}

    def call(self, net, z):
        return one_score_each(net(z), len(z))

    def draw(self, rows, crew, k):
        x, y = self.samples(rows)
        n = len(rows) // self.batch_size * (self.n_ref or self.batch_size)
        with torch.no_grad():
            x_ref, y_ref = crew.laws[k](x, y, crew.generators[k], n)
        return self._terms(x, y, x_ref, y_ref)

    def held_out_blocks(self, x, y, shuffles, crew, k):
        generator = torch.Generator().manual_seed(len(x))  # the same reference at every call
        with torch.no_grad():
            x_ref, y_ref = crew.laws[k](x, y, generator, shuffles * len(x))
        return self._terms(x, y, x_ref, y_ref)

    @staticmethod
    def _terms(x, y, x_ref, y_ref):
        return {
            "xy": (torch.cat([x, y], 1), torch.cat([x_ref, y_ref], 1)),
            "x": (x, x_ref),
            "y": (y, y_ref),
        }

    def after_step(self, crew, blocks, j):
        """Move a trained reference downhill on avg t - log avg e^t(x', y'): towards the infimum over references."""
        if not self.members_differ:
            return
        n = blocks["xy"].shape[2] - self.batch_size
        with torch.enable_grad():
            drawn = [law(*self.data, g, n) for law, g in zip(crew.laws, crew.generators, strict=True)]
            z = torch.stack([torch.cat(pair, 1) for pair in drawn])  # (members, n, d_x + d_y)
            loss = -unchecked_log_mean_exp(crew.engines["xy"].graph(z)).sum()
            grads = torch.autograd.grad(loss, [p for law in crew.laws for p in law.parameters()])
        crew.puller.step(torch.cat([g.flatten() for g in grads]).view_as(crew.puller.theta))

    def resampled_reference(self, t_ref, pick, n, seed):
        """Return the reference scores as they are: the law is known and not sampled from the data."""
        return t_ref

    @property
    def divergences(self) -> dict[str, float]:
        """The three divergences (nats) of the latest epoch, members averaged: held-out if anything was held out."""
        where = "held_out" if "held_out" in self.history else "train"
        if f"{where} xy" not in self.history:
            return {}
        return {term: float(self.curves(f"{where} {term}")[:, -1].mean()) for term in TERMS}
