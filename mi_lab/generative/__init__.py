"""Generative: models of a density, and the estimators that are made of them (chapters 11 and 12).

A conditional model q(y|x) answers ``log_prob(y, x)`` and ``sample(x)``, a marginal model q(y) the same without x.
"""

from mi_lab.generative.cells import CellClassifier, Cells
from mi_lab.generative.density import AllPairs, Density
from mi_lab.generative.flows import SplineFlow
from mi_lab.generative.formulas import (
    barber_agakov,
    club,
    difference_of_entropies,
    gaussian_entropy,
    generative_model,
    leave_one_out,
)
from mi_lab.generative.gaussians import HeteroscedasticGaussian, LinearGaussian
from mi_lab.generative.mixtures import AutoregressiveMixture, MixtureDensity
from mi_lab.generative.residual import ResidualCritic

MODELS = {
    "linear": LinearGaussian,
    "heteroscedastic": HeteroscedasticGaussian,
    "mixture": MixtureDensity,
    "autoregressive": AutoregressiveMixture,
    "spline": SplineFlow,
}

__all__ = [
    "MODELS",
    "AllPairs",
    "AutoregressiveMixture",
    "CellClassifier",
    "Cells",
    "Density",
    "HeteroscedasticGaussian",
    "LinearGaussian",
    "MixtureDensity",
    "ResidualCritic",
    "SplineFlow",
    "barber_agakov",
    "club",
    "difference_of_entropies",
    "gaussian_entropy",
    "generative_model",
    "leave_one_out",
    "make_model",
]


def make_model(model, d_y: int, d_x: int = 0, seed: int | None = None) -> Density:
    """Return a model by its name, or the one that was handed in if its columns are these.

    Raises
    ------
    ValueError
        There is no model of that name, or the model was made for other columns.
    """
    if isinstance(model, str):
        if model not in MODELS:
            raise ValueError(f"unknown model {model!r}, wanted one of: {', '.join(MODELS)}.")
        return MODELS[model](d_y, d_x, seed=seed)
    if not hasattr(model, "log_prob") or not hasattr(model, "forward"):
        raise ValueError(f"model is a {type(model).__name__}, wanted a density model or one of: {', '.join(MODELS)}.")
    if (model.d_y, model.d_x) != (d_y, d_x):
        raise ValueError(
            f"the model was made for d_y = {model.d_y} and d_x = {model.d_x}, and the samples want {d_y} and {d_x}."
        )
    return model
