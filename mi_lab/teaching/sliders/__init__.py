"""Explorers: a picture, one slider, one idea; live with a kernel, and alive on the static page without one."""

from importlib import import_module

_HOME = {
    "BottleneckExplorer": "price",
    "CeilingExplorer": "ceiling",
    "CoverageExplorer": "coverage",
    "DiscoveryExplorer": "discovery",
    "ExclusiveExplorer": "exclusive",
    "GaussianExplorer": "gaussian",
    "InfomaxExplorer": "infomax",
    "LineupExplorer": "lineup",
    "MisfitExplorer": "misfit",
    "ModesExplorer": "modes",
    "MovingAverage": "average",
    "FreeConstant": "constant",
    "Neighbourhood": "neighbourhood",
    "NoiseExplorer": "noise",
    "PlaneExplorer": "plane",
    "ProposalExplorer": "proposal",
    "ReachExplorer": "reach",
    "ResamplingExplorer": "resampling",
    "SampleScore": "knobs",
    "SightExplorer": "sight",
    "StaircaseExplorer": "staircase",
    "ScoreExplorer": "score",
    "TogetherExplorer": "together",
    "TrainingExplorer": "training",
    "TangentExplorer": "tangent",
    "explore": "interaction",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(
            f"module 'mi_lab.teaching.sliders' has no attribute {name!r}; it has: {', '.join(__all__)}"
        )
    return getattr(import_module(f"mi_lab.teaching.sliders.{_HOME[name]}"), name)
