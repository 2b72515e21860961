"""The front door's methods that are made of density models: "doe", "pq", …, and hybrids such as "doe+mine"."""

from typing import Any

import torch
from torch import Tensor

from mi_lab.critics import deep_net
from mi_lab.estimates import Estimate
from mi_lab.trainers.generative import ESTIMATORS, GenerativeTrainer
from mi_lab.trainers.hybrid import HybridTrainer
from mi_lab.training.plan import plan

MODEL_RATE, CRITIC_RATE = 5e-3, 1e-3  # of Adam
STEPS, PATIENCE = 4_000, 100  # at most so many, and so many without improvement: of models, whose averages are calm
CRITIC_PATIENCE = 200  # and of a hybrid's critic


def modelled(
    x: Tensor,
    y: Tensor,
    method: str,
    seed: int = 0,
    seeds: int = 4,
    covers: str | None = None,
    net: torch.nn.Module | None = None,
    batch_size: int | None = None,
    max_epochs: int | None = None,
    patience: int | None = None,
    progress: bool | None = None,
    device: str | None = None,
    truth: float | None = None,
    entropy: float | None = None,
    log_scale: float = 0.0,
    **options: Any,
) -> Estimate:
    """Train density models, and a critic against them where the method has a plus.

    Parameters
    ----------
    method : str
        "ba", "doe", "gm", "club", "l1out", "pq", or one of these, a plus and an objective.
    seed, seeds, covers, batch_size, max_epochs, patience
        As for `mi_lab.frontdoor.neural`; left out, 4,000 steps and 100 without improvement, 200 of a hybrid's critic.
    net : Module, optional
        The critic of a hybrid; `deep_net` if left out.
    entropy : float, optional
        h(Y) in nats, for "ba", of y as it was handed in.
    log_scale : float
        By how much that exceeds the entropy of the y that comes here: the front door standardises.
    **options
        conditional, marginal, cells, held_out, model_options, an objective's (tau, …) and Adam's.
    """
    generative, plus, objective = method.partition("+")
    asked = (len(x), batch_size, options.get("held_out", 0.2), max_epochs, patience, STEPS)
    batches, max_epochs, patience = plan(*asked, PATIENCE)
    if isinstance(entropy, (int, float)) and not isinstance(entropy, bool):
        entropy = entropy - log_scale
    shared = {"seed": seed * seeds if isinstance(seeds, int) else seed, "device": device, "truth": truth}
    if plus:
        net = deep_net(x.shape[1] + y.shape[1], seed=seed) if net is None else net
        models = {"lr": MODEL_RATE, "max_epochs": max_epochs, "patience": patience} | options.pop("model_options", {})
        own = {"lr": CRITIC_RATE, "entropy": entropy, "model_options": models}
        trainer = HybridTrainer(x, y, net, batches, generative, objective, **(shared | own | options))
        patience = plan(*asked, CRITIC_PATIENCE).patience
    else:
        if net is not None:
            raise ValueError(f"net is a critic, and method {method!r} has none: it takes conditional and marginal.")
        own = {"lr": MODEL_RATE, "entropy": entropy}
        trainer = GenerativeTrainer(x, y, batches, generative, **(shared | own | options))
    return trainer.fit(max_epochs, patience, None if seeds == 1 else seeds, covers, progress)


def known(method: str) -> bool:
    """Say whether a method is "<generative>+<objective>"."""
    from mi_lab.objectives import OBJECTIVES

    generative, plus, objective = method.partition("+")
    return bool(plus) and generative in ESTIMATORS and (objective == "mine" or objective in OBJECTIVES)
