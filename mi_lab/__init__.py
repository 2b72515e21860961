"""mi_lab: from samples to an estimate of mutual information, in the shape of the theory.

samples -> reference -> critic -> objective -> trainer -> Estimate

Importing the package is quick: a public name loads its module (and torch) when it is first used.
"""

from importlib import import_module

from mi_lab import moved as _moved  # noqa: F401  (old module paths keep working)

_HOME = {
    # module: the public names it holds
    "teaching.pages": "glue on_page",
    "teaching.checks": "check",
    "teaching.curves": "load_run",
    "arenas": "arena",
    "laws": "AdditiveNoise BivariateGaussian CorrelatedGaussian CorrelatedMixture MixedGaussian battery course_data",
    "counting": "bins kde ksg standard_error",
    "gradients": "GaussianScore MatchedScore SpectralStein entropy_term information_term",
    "critics": "Bilinear Net Separable all_pair_scores deep_net pair_scores",
    "normalisers": "Normalised PairNormalised",
    "objectives.formulas": "donsker_varadhan hellinger infonce js log_mean_exp log_odds mine moving_average nwj remine "
    "smile tuba",
    "objectives.pairs": "alpha_tuba flo joint_and_reference",
    "objectives": "OBJECTIVES Objective all_pairs",
    "generative": "AutoregressiveMixture CellClassifier Cells HeteroscedasticGaussian LinearGaussian MixtureDensity "
    "SplineFlow barber_agakov club difference_of_entropies gaussian_entropy leave_one_out",
    "references": "Conditional CyclicShift Derangement GaussianReference Permutation SameCell TrainedReference "
    "UniformReference WithReplacement",
    "estimates": "Estimate",
    "frontdoor": "METHODS estimate",
    "terms": "MITerm clipped",
    "trainers": "CriticTrainer DVTrainer GenerativeTrainer HybridTrainer MINEETrainer MINETrainer",
    "bottleneck": "Bottleneck bottleneck_curve bottleneck_step information_bottleneck",
    "tables.kinds": "kinds_of",
    "tables.significance": "Significance discoveries significance",
    "tables.lags": "lagged transfer_entropy",
    "tables.pairwise": "Pairs pairwise",
    "tables.rank": "rank",
    "large": "LargeTable open_table",
    "large.counting": "LabelCounts",
    "sklearn": "MutualInfoSelector",
    "parallel": "map_tasks",
    "samples": "as_array as_array_pair as_pair as_samples is_constant",
    "teaching.sliders": "BottleneckExplorer CeilingExplorer CoverageExplorer DiscoveryExplorer ExclusiveExplorer "
    "FreeConstant "
    "GaussianExplorer InfomaxExplorer LineupExplorer MisfitExplorer ModesExplorer MovingAverage Neighbourhood "
    "NoiseExplorer PlaneExplorer ProposalExplorer ReachExplorer ResamplingExplorer SampleScore ScoreExplorer "
    "SightExplorer StaircaseExplorer TangentExplorer TogetherExplorer TrainingExplorer explore",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}
__all__ = sorted(_MODULE_OF)
__version__ = "0.1.0"


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'mi_lab' has no attribute {name!r}; it has: {', '.join(__all__)}")
    value = getattr(import_module(f"mi_lab.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
