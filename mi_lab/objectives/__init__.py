"""Objectives: pure functions of scores in `formulas` and, on all pairs of a batch, `pairs`; `objectives` say what is
descended on and what is reported."""

from mi_lab.objectives.formulas import (
    donsker_varadhan,
    hellinger,
    infonce,
    js,
    log_mean_exp,
    log_odds,
    mine,
    moving_average,
    nwj,
    remine,
    smile,
    tuba,
)
from mi_lab.objectives.objectives import (
    OBJECTIVES,
    Objective,
    all_pairs,
    alpha_tuba_objective,
    make_objective,
    mine_objective,
    remine_objective,
    smile_objective,
)
from mi_lab.objectives.pairs import alpha_tuba, flo, joint_and_reference

__all__ = [
    "OBJECTIVES",
    "Objective",
    "all_pairs",
    "alpha_tuba",
    "alpha_tuba_objective",
    "donsker_varadhan",
    "flo",
    "hellinger",
    "infonce",
    "joint_and_reference",
    "js",
    "log_mean_exp",
    "log_odds",
    "make_objective",
    "mine",
    "mine_objective",
    "moving_average",
    "nwj",
    "remine",
    "remine_objective",
    "smile",
    "smile_objective",
    "tuba",
]
