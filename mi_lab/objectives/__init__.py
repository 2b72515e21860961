"""Objectives: `formulas` are pure functions of scores; `objectives` say what is descended on and what is reported."""

from mi_lab.objectives.formulas import (
    donsker_varadhan,
    infonce,
    js,
    log_mean_exp,
    mine,
    moving_average,
    nwj,
    smile,
    tuba,
)
from mi_lab.objectives.objectives import OBJECTIVES, Objective, make_objective, mine_objective

__all__ = [
    "OBJECTIVES",
    "Objective",
    "donsker_varadhan",
    "infonce",
    "js",
    "log_mean_exp",
    "make_objective",
    "mine",
    "mine_objective",
    "moving_average",
    "nwj",
    "smile",
    "tuba",
]
