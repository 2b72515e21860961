"""MI-NEE: three divergences from a product law that one can sample for ever (chapter 8)."""

import torch
from torch import nn

from mi_lab.critics import Net, one_score_each
from mi_lab.objectives.formulas import unchecked_log_mean_exp
from mi_lab.references import ProductLaw, TrainedReference, make_reference
from mi_lab.streams import stream_seed
from mi_lab.trainers.joint import PairProblem, PairTrainer
from mi_lab.training.data import try_critic
from mi_lab.training.problem import FRESH, Block, likenesses
from mi_lab.training.written import FlatAdam

TERMS = ("xy", "x", "y")


class MINEEProblem(PairProblem):
    """I(X;Y) = D(P_XY‖R_X R_Y) - D(P_X‖R_X) - D(P_Y‖R_Y): three bounds are maximised, their difference is reported."""

    name = "minee"
    bounds = "no bound: a difference of lower bounds"
    terms = {"xy": 1, "x": -1, "y": -1}

    def __init__(self, X, Y, net, objective="dv", reference="gaussian", factor=1.5, n_ref=None, reference_lr=1e-2,
                 held_out=0.2, device=None, standardise=False):  # fmt: skip
        super().__init__(X, Y, net, objective, held_out, device)
        self.n_ref, self.reference_lr = n_ref, reference_lr
        if self.objective.all_pairs:
            raise ValueError(f"objective {self.objective.name!r} looks at pairs (x, y): use CriticTrainer.")
        if n_ref is not None and (isinstance(n_ref, bool) or not isinstance(n_ref, int) or n_ref < 2):
            raise ValueError(f"n_ref = {n_ref!r}, wanted a whole number of at least 2.")
        self.law = make_reference(reference, *self.data, factor)
        if not isinstance(self.law, ProductLaw):
            raise ValueError(
                f"{type(self.law).__name__} resamples the data: MI-NEE wants a law, one of: gaussian, uniform, trained."
            )
        self.moving = isinstance(self.law, TrainedReference)
        self.fitted = factor if reference == "gaussian" else None  # anew to what each member trains on
        self.own_reference = self.moving or self.fitted is not None
        self.standardise = standardise and self.fitted is not None  # another law has a scale of its own
        for data in (self.data, self.test_data):
            if data is not None:
                self.law.check_covers(*data)
        X, Y = self.data
        for term, one in self.critics(0).items():
            try_critic(self.call, one, {"xy": torch.cat([X[:2], Y[:2]], 1), "x": X[:2], "y": Y[:2]}[term])

    def critics(self, seed: int) -> dict[str, nn.Module]:
        """Return a critic for each divergence: those that were handed in, or two more in the likeness of a `Net`."""
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
        columns = {"x": self.data[0].shape[1], "y": self.data[1].shape[1]}
        return {"xy": self.net} | {
            term: Net(d, seed=stream_seed(seed, f"critic of {term}"), **shape) for term, d in columns.items()
        }

    def nets(self, seeds):
        if len(seeds) == 1:
            return {term: [net] for term, net in self.critics(seeds[0]).items()}
        own = {"xy": seeds} | {term: [stream_seed(s, f"critic of {term}") for s in seeds] for term in "xy"}
        return {term: likenesses(net, own[term]) for term, net in self.critics(seeds[0]).items()}

    def call(self, net, z):
        return one_score_each(net(z), len(z))

    def pair_scores(self, nets, x, y):
        if self.fitted is None:
            raise ValueError(
                f"the reference of method {self.name!r} was made to cover the held-out samples too, so they can't "
                'certify it: take reference="gaussian".'
            )
        both = self.call(nets["xy"], torch.cat([x, y], 1))
        return both - self.call(nets["x"], x) - self.call(nets["y"], y)

    def equip(self, members):
        """Give each member its reference; the parameters of trained ones lie in one tensor (members, P)."""
        if not self.moving:
            for member in members:
                rows = self.samples(member.train[0], member)
                member.reference = make_reference("gaussian", *rows, self.fitted) if self.fitted else self.law
            return {}
        start = torch.cat([p.detach() for p in self.law.parameters()])
        theta = start.repeat(len(members), 1)
        for member, row in zip(members, theta, strict=True):
            member.reference = self.law.at(row)
        members[0].puller = FlatAdam(theta, lr=self.reference_lr)  # one for all of a crew
        return {"reference": theta, **members[0].puller.tensors()}

    def draw(self, rows, member, steps):
        x, y = self.samples(rows, member)
        n = steps * (self.n_ref or len(rows) // steps)
        with torch.no_grad():
            x_ref, y_ref = member.reference(x, y, member.generator, n)
        return {"xy": (torch.cat([x, y], 1), torch.cat([x_ref, y_ref], 1)), "x": (x, x_ref), "y": (y, y_ref)}

    def blocks(self, x, y, of, member, shuffles, generator):
        with torch.no_grad():
            x_ref, y_ref = member.reference(x, y, generator, shuffles * len(x))
        ref_of = FRESH + torch.arange(len(x_ref), device=of.device).unsqueeze(1)
        return {
            "xy": Block(torch.cat([x, y], 1), torch.cat([x_ref, y_ref], 1), of, ref_of),
            "x": Block(x, x_ref, of, ref_of),
            "y": Block(y, y_ref, of, ref_of),
        }

    def offset(self, member, rows):
        """Return 2 (avg log r_X(x) + avg log r_Y(y)): D(P‖R) + E log r = -h(P) whatever R, for each of the three terms.

        So critics that were trained against different references can be compared.
        """
        X, Y = self.data if self.test_data is None else self.test_data
        return 2 * float(member.reference.log_density(X[rows[0]], Y[rows[0]]).mean())

    def after_step(self, members, engines, n_ref):
        """Move trained references downhill on avg t - log avg e^t(x', y'): towards the infimum over references."""
        if not self.moving:
            return
        with torch.enable_grad():
            drawn = [m.reference(*self.data, m.generator, n_ref) for m in members]
            z = torch.stack([torch.cat(pair, 1) for pair in drawn])  # (members, n, d_x + d_y)
            loss = -unchecked_log_mean_exp(engines["xy"].graph(z)).sum()
            grads = torch.autograd.grad(loss, [p for m in members for p in m.reference.parameters()])
        puller = members[0].puller
        puller.step(torch.cat([g.flatten() for g in grads]).view_as(puller.theta))


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
        "gaussian", fitted to what a member trains on; "uniform", on the box that holds all samples, held-out ones too
        (it must have mass there); "trained", Gaussians whose means and widths are moved to bring
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

    def __init__(self, X, Y, net, n_iters_per_epoch, writer_params=None, *, objective="dv", reference="gaussian",
                 factor=1.5, n_ref=None, reference_lr=1e-2, held_out=0.2, device=None, standardise=False,
                 **options):  # fmt: skip
        problem = MINEEProblem(X, Y, net, objective, reference, factor, n_ref, reference_lr, held_out, device,
                               standardise)  # fmt: skip
        super().__init__(problem, n_iters_per_epoch, writer_params, **options)

    @property
    def divergences(self) -> dict[str, float]:
        """The three divergences (nats) of the latest epoch, members averaged: held-out if anything was held out."""
        where = "held_out" if "held_out" in self.history else "train"
        if f"{where} xy" not in self.history:
            return {}
        return {term: float(self.curves(f"{where} {term}")[:, -1].mean()) for term in TERMS}
