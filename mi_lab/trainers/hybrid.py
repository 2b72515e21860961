r"""Hybrids: a density model, and a critic for what it leaves (chapter 12).

.. math:: I(X;Y) = E \log\frac{q(Y|X)}{p(Y)} + D(P_{XY} \| P_X\, q(Y|X))

The first term is a generative estimator's, the second a critic's whose reference is drawn from q(y|x) instead of from
the marginal.  The models are trained first, on samples of their own among those to train on, and then frozen.
"""

import copy
import warnings

import torch

from mi_lab.critics import one_score_each
from mi_lab.normalisers import with_normaliser
from mi_lab.objectives import mine_objective
from mi_lab.objectives.objectives import make_objective, memory, option_names
from mi_lab.references import Conditional, JointModel, SameCell
from mi_lab.trainers.generative import ESTIMATORS, GenerativeProblem
from mi_lab.trainers.joint import PairProblem, PairTrainer
from mi_lab.training.data import try_critic
from mi_lab.training.ensemble import positive
from mi_lab.training.problem import FRESH, Block, likenesses
from mi_lab.training.trainer import Trainer

OWN = 0.1  # share of the samples to train on that choose when the models' training stops


class ProposalProblem(GenerativeProblem):
    """A generative estimator whose held-out samples are among those to train on: the hybrid's stay untouched."""

    def __init__(self, outer: PairProblem, **options):
        super().__init__(*outer.data, held_out=None, device=outer.device, **options)
        self.outer = outer
        (n,) = outer.n_train
        self.own = max(4, round(OWN * n))
        if n - self.own < 4:
            raise ValueError(f"a hybrid wants more samples to train on than {n}: its models hold {self.own} of them.")
        self.n_train = (n - self.own,)

    @property
    def held_out_size(self):
        return self.own

    def split(self, generator, turn=0):
        train, _ = self.outer.split(generator, turn)
        rows = train[0][torch.randperm(len(train[0]), generator=generator).to(self.device)]
        return (rows[self.own :],), (rows[: self.own],)


class HybridProblem(PairProblem):
    """A critic against the reference of frozen models, plus what the models say."""

    def __init__(self, X, Y, net, objective="mine", generative="doe", held_out=0.2, device=None, **options):
        super().__init__(X, Y, net, objective, held_out, device)
        if self.objective.all_pairs:
            raise ValueError(
                f"objective {self.objective.name!r} looks at all pairs of a batch, and a hybrid's reference pairs are "
                "drawn one a sample: take mine, dv, nwj, js, smile, …."
            )
        if generative not in ESTIMATORS:
            raise ValueError(f"unknown estimator {generative!r}, wanted one of: {', '.join(ESTIMATORS)}.")
        self.net = net = with_normaliser(net, self.objective.normaliser, *(z.shape[1] for z in self.data))
        self.name, self.own_reference = f"{generative}+{self.objective.name}", True
        self.models = ProposalProblem(self, estimator=generative, **options)
        self.terms = {"critic": 1, **self.models.terms}
        self.fixed = set(self.models.terms)
        if not self.constant:
            try_critic(self.call, net, torch.cat([z[:2] for z in self.data], 1))

    @property
    def bounds(self):
        return {
            "ba": "no bound: a Gaussian's entropy and a critic's bound",
            "pq": f"a classifier's bound and a critic's: {self.objective.bounds}",
        }.get(self.models.name, "no bound: a difference of entropies and a critic's bound")

    def objective_of(self, term):
        return self.objective if term == "critic" else self.models.objective

    def nets_of(self, members):
        frozen = self.models.nets_of(members)
        for term, nets in frozen.items():
            frozen[term] = [copy.deepcopy(net).requires_grad_(False) for net in nets]
        for k, member in enumerate(members if not self.constant else ()):
            member.reference = self.reference(member, {term: nets[k] for term, nets in frozen.items()})
        return {"critic": likenesses(self.net, [member.seed for member in members]), **frozen}

    def reference(self, member, models: dict):
        """Return where a member's reference pairs come from."""
        if self.models.name == "pq":
            return SameCell(models["conditional"].cells)
        if self.models.name == "gm":
            return JointModel(models["joint"], self.data[0].shape[1])
        return Conditional(getattr(models["conditional"], "model", models["conditional"]))

    def call(self, net, z):
        d = self.data[0].shape[1]
        return one_score_each(net(z[..., :d], z[..., d:]), len(z))

    def draw(self, rows, member, steps):
        x, y = self.samples(rows, member)
        with torch.no_grad():
            if isinstance(member.reference, SameCell):
                pool = member.train[0]
                where = torch.empty(len(self.data[0]), dtype=torch.long, device=pool.device)
                where[pool] = torch.arange(len(pool), device=pool.device)
                cells = member.reference.cells(self.data[1])
                other = member.reference.partners(cells[rows], where[rows], cells[pool], member.generator)
                x_ref, y_ref = x, self.data[1][pool[other]]
            else:
                x_ref, y_ref = member.reference(x, y, member.generator, len(x))
        critic = (torch.cat([x, y], 1), torch.cat([x_ref, y_ref], 1))
        return {"critic": critic, **self.models.draw(rows, member, steps)}

    def blocks(self, x, y, of, member, shuffles, generator):
        n = shuffles * len(x)
        places = torch.arange(n, device=of.device).remainder(len(x))
        with torch.no_grad():
            if isinstance(member.reference, SameCell):
                cells = member.reference.cells(y)
                other = member.reference.partners(cells[places], places, cells, generator)
                x_ref, y_ref, ref_of = x[places], y[other], of[torch.stack([places, other], 1)]
            else:
                x_ref, y_ref = member.reference(x, y, generator, n)
                ref_of = of[places].unsqueeze(1)  # x′ is the sample's own x: left out with it
                if isinstance(member.reference, JointModel):
                    ref_of = FRESH + torch.arange(n, device=of.device).unsqueeze(1)
        critic = Block(torch.cat([x, y], 1), torch.cat([x_ref, y_ref], 1), of, ref_of)
        return {"critic": critic, **self.models.blocks(x, y, of, member, shuffles, generator)}

    def pair_scores(self, nets, x, y):
        return one_score_each(nets["critic"](x, y), len(x)) + self.models.pair_scores(nets, x, y)

    def maximised(self, values):
        return values["critic"]  # the models are frozen

    def reported(self, values):
        return values["critic"] + self.models.reported(values)


class HybridTrainer(PairTrainer):
    """Estimate I(X;Y) by density models and a critic (chapter 12): E log q(Y|X)/p(Y) + D(P_XY‖P_X q(Y|X)).

    The models are those of `GenerativeTrainer`; they are trained first (`prepare`, which the first step does by itself)
    and frozen.  The critic is trained against pairs (x, y′) with y′ drawn from q(y|x), or, with "pq", y′ of the same
    cell: its denominator has the variance (E r - 1)/n′ with r = p(y|x)/q(y|x), so it falls as q nears p.  Where the
    critic is right the models' misfit cancels, but for that of q(y), if there is one.  Reference: federici2023.

    Parameters
    ----------
    X, Y : array-like of shapes (n, d_x) and (n, d_y)
        Joint samples.
    net : Module
        The critic, called as net(x, y).
    n_iters_per_epoch : int
        Batches in a pass through the training samples.
    generative : str
        "doe", "ba", "gm", "club", "l1out" or "pq".
    objective : str or Objective
        "mine", "dv", "nwj", "js", "smile", "tuba": of the critic.
    writer_params : dict, optional
        For TensorBoard's SummaryWriter, {} for its defaults; nothing is logged if left out.
    conditional, marginal, entropy, cells
        As for `GenerativeTrainer`.
    model_options : dict, optional
        Adam's options for the models, their `averaged`, and max_epochs and patience of their `fit`.
    **options
        held_out, seed, split_seed, device, truth, written and Adam's options, as for `CriticTrainer`.

    Attributes
    ----------
    history
        Beside "train" and "held_out", their sum, each term: "held_out critic", "held_out conditional", ….

    Raises
    ------
    ValueError
        As for `GenerativeTrainer` and `CriticTrainer`.
    """

    def __init__(self, X, Y, net, n_iters_per_epoch, generative="doe", objective="mine", writer_params=None, *,
                 conditional="autoregressive", marginal=None, entropy=None, cells=32, model_options=None,
                 held_out=0.2, device=None, **options):  # fmt: skip
        if objective == "mine":  # as steady an average as MINE has by itself
            objective = mine_objective(beta=memory(positive(n_iters_per_epoch, "n_iters_per_epoch")))
        own = {name: options.pop(name) for name in option_names(objective) if name in options}
        objective = make_objective(objective, **own)
        problem = HybridProblem(
            X, Y, net, objective, generative, held_out, device,
            conditional=conditional, marginal=marginal, entropy=entropy, cells=cells,
        )  # fmt: skip
        self.model_options = {"averaged": True} | (model_options or {})
        self.model_fit = {k: self.model_options.pop(k, None) for k in ("max_epochs", "patience")}
        super().__init__(problem, n_iters_per_epoch, writer_params, **options)

    def begin(self):
        self.models = None if self.constant else Proposal(self)
        self.ready = self.constant
        super().begin()

    def prepare(self, progress=None) -> "HybridTrainer":
        """Train the models, if they aren't trained yet, and freeze them; return this trainer.

        Ctrl-C ends their training and keeps what was trained.
        """
        if self.ready:
            return self
        models = self.models
        if set(models.problem.terms) - set(models.problem.fixed):
            models.fit(progress=progress, **self.model_fit)
            if models.stopped and "interrupted" in models.stopped:
                warnings.warn("the models' training was interrupted: they are frozen as they are.", stacklevel=3)
        k = 0
        for crew in self.crews:
            for i in range(len(crew.members)):
                for term in models.problem.terms:
                    crew.engines[term].nets[i].load_state_dict(models.member(k, term).state_dict())
                k += 1
        self.ready = True
        self._good = self.snapshot()
        return self

    def run(self, epochs, show=False, each=None, every=1):
        self.prepare(show)
        super().run(epochs, show, each, every)

    def save(self, path):
        """Write the state to a file, the frozen models included (they are trained now if they weren't)."""
        self.prepare()
        super().save(path)

    def load(self, path):
        """Go on where a saved trainer was, and return this trainer."""
        super().load(path)
        self.ready = True
        return self

    def _setting(self):
        return super()._setting() | {"estimator": self.name, "models": self.models._setting()["models"]}


class Proposal(Trainer):
    """The models of a hybrid trainer: its members, its splits, its batches."""

    def __init__(self, hybrid: HybridTrainer):
        super().__init__(
            hybrid.problem.models, hybrid.n_iters_per_epoch, seed=hybrid.seeds, split_seed=hybrid.split_seed,
            **hybrid.model_options,
        )  # fmt: skip
        if hybrid.folds is not None:
            self.folds = hybrid.folds
            self.begin()

    def _setting(self):
        return {"models": [f"{term}: {type(e.nets[0]).__name__}" for term, e in self.crews[0].engines.items()]}
