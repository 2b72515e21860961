"""The front door: samples in, an estimate out, by any method.

To add a method put one line into `METHODS`: its name, and a function ``f(x, y, **options)`` of validated samples
(tensors (n, d_x) and (n, d_y)) that returns an `Estimate`, a number of nats, or a pair (nats, standard error).  The
options ``seed``, ``device``, ``progress`` and ``truth`` are handed over if the function names them.  A string
``"module:function"`` is imported when the method is first used.
"""

import inspect
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mi_lab.counting.front import counting
from mi_lab.critics import Net, Separable, deep_net
from mi_lab.device import pick_device
from mi_lab.estimates import Estimate, check_units
from mi_lab.findings import findings
from mi_lab.large.sources import is_large
from mi_lab.objectives import OBJECTIVES
from mi_lab.samples import as_array_pair, is_constant
from mi_lab.tables.conditions import difference, of_functions
from mi_lab.tables.mixed import RATIOS, by_kinds, takes
from mi_lab.tables.reading import read
from mi_lab.training.data import is_samples
from mi_lab.training.plan import plan

MODELLED = "mi_lab.trainers.front"  # density models and hybrids, loaded when they are used

MIN_SAMPLES = 8
QUICK_RATE = 5e-3  # of Adam, for critics of one column each: a fifth of the steps that 1e-3 takes, no less accurate
LIMIT = 10.0  # nats: the scores of separable critics where e^t is averaged
SLOW = ("flo", "alpha-tuba")  # averages of e^t over a separable critic's pairs leave the rails at that rate
STEPS, PATIENCE = 2_000, 200  # at most so many, and so many without improvement (benchmarks.front_door)


def standardised(z, by=None) -> Tensor:
    """Return columns with mean 0 and standard deviation 1 as float32: the mutual information is the same.

    In float64 up to the last moment, so that a large offset costs no digits; a column that never varies becomes 0.
    `by`: other samples whose mean and standard deviation are taken.
    """
    z, by = (v.double() if isinstance(v, Tensor) else torch.from_numpy(v) for v in (z, z if by is None else by))
    spread, mean = torch.std_mean(by, dim=0)
    if not bool((spread.isfinite() & (spread > 0)).all()):  # constant, or squares beyond the limits of float64
        largest = by.abs().amax(0)
        largest = torch.where(largest > 0, largest, 1.0)
        z, by = z / largest, by / largest
        spread, mean = torch.std_mean(by, dim=0)
    return ((z - mean) / torch.where(spread > 0, spread, 1.0)).float()


def _alike(held_out, samples) -> tuple:
    """Return other samples to evaluate on as the samples are standardised; a trainer says what is wrong with them."""
    pair = as_array_pair(*held_out, ("held-out X", "held-out Y"))
    if any(z.shape[1] != by.shape[1] for z, by in zip(pair, samples, strict=True)):
        return pair
    return tuple(standardised(z, by) for z, by in zip(pair, samples, strict=True))


def _is_critics(function: Callable) -> bool:
    return isinstance(function, partial) and function.func is neural


def neural(
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
    renew: Callable | None = None,
    **options: Any,
) -> Estimate:
    """Train critics with held-out early stopping, several seeds at once.

    Parameters
    ----------
    method : str
        "mine", "minee", or the name of an objective.
    seed, seeds : int
        Members are numbered from seed · seeds on, so that two calls with other seeds share none.  They take turns in
        what they hold out.
    covers
        As for `Trainer.fit`.
    net : Module, optional
        A critic of x and y; `Net` for one column each, a deeper one for more, a separable one for objectives on
        all pairs.
    batch_size : int, optional
        Samples a step, as near as equal batches allow; a tenth of the samples, between 50 and 500, if left out.
    max_epochs, patience : int, optional
        As for `Trainer.fit`; left out, 2,000 steps and 200 without improvement, or 20 passes and 2 if those are more.
    renew : callable, optional
        Called with the trainer's problem before each look at what is held out, to put other samples into its data:
        how a table that does not fit is trained on (`mi_lab.open_table`).
    **options
        Of the objective (tau, alpha, …), the trainer (m, beta, reference, held_out, device, …) and Adam (lr, …).
        MINE's beta is `memory` of the number of batches if left out, and lr is 5e-3 for one column each, 1e-3 for more.
    """
    from mi_lab.trainers import CriticTrainer, MINEETrainer, MINETrainer

    columns = x.shape[1] + y.shape[1]
    held_out = options.get("held_out", 0.2)
    own = plan(len(x), batch_size, held_out, max_epochs, patience, STEPS, PATIENCE)
    if net is None:
        on_pairs = method in OBJECTIVES and OBJECTIVES[method].all_pairs
        shape = {} if method == "infonce" else {"scale": 0.05, "limit": LIMIT}
        net = Separable(x.shape[1], y.shape[1], seed=seed, **shape) if on_pairs else _critic(columns, seed)
    quick = columns == 2 and method not in SLOW
    adam = {"lr": QUICK_RATE if quick else 1e-3} | ({"beta": None} if method == "mine" else {})
    kind = {"mine": MINETrainer, "minee": MINEETrainer}.get(method, partial(CriticTrainer, objective=method))
    first = seed * seeds if isinstance(seeds, int) else seed
    trainer = kind(x, y, net, n_iters_per_epoch=own.batches, seed=first, **(adam | options))
    trainer.problem.renew = renew
    several = None if seeds == 1 else seeds
    return trainer.fit(own.max_epochs, own.patience, several, covers, progress)


def _critic(columns: int, seed: int) -> Net:
    return Net(columns, std=None, seed=seed) if columns == 2 else deep_net(columns, seed=seed)


METHODS: dict[str, Callable | str] = {
    "auto": "mi_lab.default:automatic",
    **{name: partial(neural, method=name) for name in ("mine", "minee", *OBJECTIVES)},
    **{name: f"{MODELLED}:modelled" for name in ("ba", "doe", "gm", "club", "l1out", "pq")},
    **{name: partial(counting, method=name) for name in ("ksg", "kde", "bins")},  # options: `mi_lab.counting.front`
    "counts": by_kinds,
}
"""Name of a method -> the function behind `estimate` (chapters 3, 4 and 6 to 9); a line here is all that one needs."""


def estimate(
    x: Any,
    y: Any,
    method: str = "auto",
    *,
    given: Any = None,
    kinds: dict | None = None,
    missing: str = "refuse",
    marks: Any = (),
    normalize: str | None = None,
    units: str = "nats",
    seed: int = 0,
    truth: float | None = None,
    device: str | None = None,
    progress: bool | None = None,
    standardise: bool = True,
    **options: Any,
) -> Estimate:
    r"""Estimate the mutual information of joint samples, I(X;Y), or I(X;Y|Z) given others.

    Parameters
    ----------
    x, y : array-like of shapes (n,) or (n, d_x) and (n,) or (n, d_y)
        NumPy, torch, pandas (indices are aligned or refused), sparse matrices or lists, of numbers, words, booleans,
        categories, dates or durations; sample i of x goes with sample i of y.  Or columns of `open_table`, or long
        arrays that are mapped into memory: read in chunks, with ``subsample=`` and ``chunk=`` rows held at most
        (`mi_lab.large.front`).
    method : str
        "auto" (the default, `mi_lab.default`): looks at the samples, picks and combines, says how (`Estimate.how`) and
        how far off it may be (`Estimate.interval`); ``budget=seconds`` trades time for error, Ctrl-C gives what there
        is so far.  Or "mine", "minee", "dv", "nwj", "mine-f", "js", "smile", "remine", "tuba", "alpha-tuba", "infonce",
        "flo", "demi", "gan-dime", "kl-dime", "hd-dime" (critics), "ba", "doe", "gm", "club", "l1out", "pq" (density
        models), "doe+mine", "pq+smile" or any other such pair (hybrids), "ksg", "kde", "bins" (counting), "counts"
        (every value a label).
    given : array-like of shape (n,) or (n, d_z), optional
        A condition Z of any kinds.  "ksg", "bins" and "counts" estimate I(X;Y|Z) at once (`mi_lab.tables.mixed`), all
        others but "kde" by the chain rule, I(X;Y,Z) - I(X;Z), or by a conditional reference (``by="reference"``).
    kinds : dict, optional
        Name of a column, or "x", "y", "given" -> "number", "count" or "label", where `kinds_of` finds it wrong.
        To critics and density models labels become columns of 0 and 1.
    missing : {"refuse", "drop"}
        What becomes of rows with a gap; those that were left out are counted in `Estimate.warnings`.
    marks : optional
        Values that stand for a missing one, such as ``(-999,)``.
    normalize : {"sqrt", "min", "max", "sum", "joint"}, optional
        Divide by the geometric mean of H(X) and H(Y), the smaller, the larger, their mean, or H(X,Y): a ratio in [0, 1]
        without a unit.
    units : {"nats", "bits"}
    seed : int
        Of everything random.
    truth : float, optional
        The known value **in nats**, carried along and drawn.
    device : str, optional
        "cpu", "cuda", "mps" or "auto"; the CPU if left out.
    progress : bool, optional
        Show a progress bar; left out, only where someone watches, after two seconds.
    standardise : bool
        Give every column mean 0 and standard deviation 1 first, or, for "ksg" and "kde", Gaussian scores of its ranks
        (``scores=False`` turns that off), which leaves the mutual information as it is.
    **options
        Of the method: see `neural`, `mi_lab.trainers.front.modelled`, `ksg`, `kde`, `bins` and `mi_lab.counting`.

    Returns
    -------
    Estimate
        0 with a warning if a variable is constant, infinite with one if a continuous column is a copy, a monotone or a
        linear function of the other side's.  What else the number doesn't show (copied rows, rows that follow one
        another, a bias that rules) is said once, and kept in `Estimate.warnings`.

    Raises
    ------
    ValueError
        Bad samples, an unknown method, unit or option.

    Examples
    --------
    >>> x, y, truth = course_data()
    >>> estimate(x, y, truth=truth).interval(0.9)
    >>> estimate(x, y, method="mine", truth=truth, seed=0)
    """
    function = _function(method)
    check_units(units)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed = {seed!r}, wanted a whole number of at least 0.")
    if truth is not None and not (isinstance(truth, (int, float)) and math.isfinite(truth)):
        raise ValueError(f"truth = {truth!r}, wanted a finite number of nats.")
    pick_device(device)  # also where the work is too little for one
    if any(is_large(v) for v in (x, y, given)):
        from mi_lab.large.front import estimate_large

        own = {} if standardise else {"standardise": False}
        own |= {n: v for n, v in {"device": device, "progress": progress}.items() if v is not None}
        result = estimate_large(
            estimate, x, y, method, given, kinds, missing, marks, normalize, seed, truth, **own, **options
        )
        for sentence in result.warnings:
            warnings.warn(sentence, stacklevel=2)
        return result.to(units)
    rows = read(x, y, given, kinds, missing, marks, MIN_SAMPLES)
    if normalize is not None:
        if getattr(function, "func", function) not in (counting, by_kinds) and not takes(rows, method):
            raise ValueError(f"normalize divides by entropies of labels, and method {method!r} sees none: take counts.")
        options["normalize"] = RATIOS.get(normalize, normalize)
    x, y = rows.x.values, rows.y.values
    made = {"truth": truth, "method": method, "n": len(x)}
    if is_constant(x, "x") or is_constant(y, "y"):
        said = (*rows.sentences, "a variable is constant: nothing was estimated.")
        return Estimate(0.0, 0.0, "nothing", warnings=said, **made).to(units)
    seen = findings(x, y)
    seen = replace(seen, sentences=rows.sentences + seen.sentences)
    fixed = of_functions(rows)
    if fixed:
        seen = replace(seen, sentences=(*rows.sentences, fixed), infinite=False)
    if fixed or (seen.infinite and not options.get("normalize")):
        for sentence in seen.sentences:
            warnings.warn(sentence, stacklevel=2)
        return Estimate(0.0 if fixed else math.inf, warnings=seen.sentences, **made).to(units)
    shared = {"seed": seed, "truth": truth, "device": device, "progress": progress, "block": seen.block}
    if takes(rows, method) and "discrete" not in options:
        function, x, y = partial(by_kinds, rows, method), None, None
        if method == "auto":
            options.pop("budget", None)  # counting labels takes no time
    elif rows.z is not None:
        function, x, y = partial(difference, estimate, rows, method), None, None
        shared |= {"standardise": standardise}
    elif method == "kde" and any(len(c.labels) > 2 for side in rows.sides for c in side.columns):
        raise ValueError('kernels have no use for labels: take "ksg", or "counts" where all columns are labels.')
    elif method == "auto" or getattr(function, "func", None) is counting:  # ranks of what is given, in float64
        shared["standardise"] = standardise
    else:
        if rows.has_labels:
            x, y = rows.x.indicators(), rows.y.indicators()
        with np.errstate(divide="ignore"):
            shared["log_scale"] = float(np.log(y.std(0, ddof=1)).sum()) if standardise else 0.0
        if standardise and _is_critics(function):
            shared["standardise"] = True  # again, each member by what it trains on
        if standardise and is_samples(options.get("held_out")):
            options["held_out"] = _alike(options["held_out"], (x, y))
        x, y = (standardised(z) if standardise else torch.from_numpy(z).float() for z in (x, y))
    result = _call(function, method, x, y, shared, options)
    if not isinstance(result, Estimate):
        value, error = result if isinstance(result, tuple) else (result, None)
        covers = "nothing" if error is None else "subsampling"
        result = Estimate(float(value), error, covers, bounds="no bound", **made)
    if method == "auto" and not result.how:
        result = replace(
            result, how=(f"There are labels, counts or a condition: {result.method}, by kinds of columns.",)
        )
    if not math.isfinite(result.value):
        seen = replace(seen, sentences=(*seen.sentences, f"{method} gave {result.value}: not an estimate."))
    result = replace(result, warnings=seen.sentences + (() if seen.copied else result.warnings))
    for sentence in result.warnings:
        warnings.warn(sentence, stacklevel=2)
    return result.to(units)


def _function(method: str) -> Callable:
    """Return the function behind a method, imported if need be; that of hybrids for a pair with a plus.

    Raises
    ------
    ValueError
        There is no such method.
    """
    function = METHODS.get(method) if isinstance(method, str) else None
    if function is None and isinstance(method, str) and "+" in method:
        home = import_module(MODELLED)
        function = home.modelled if home.known(method) else None
    if function is None:
        raise ValueError(
            f"unknown method {method!r}, wanted one of: {', '.join(METHODS)}, or a density model's and a critic's "
            "with a plus, such as doe+mine."
        )
    if isinstance(function, str):
        module, name = function.split(":")
        function = getattr(import_module(module), name)
    return partial(function, method=method) if getattr(function, "__module__", "") == MODELLED else function


def _call(function: Callable, method: str, x: Tensor, y: Tensor, shared: dict, options: dict) -> Any:
    """Call a method with the shared options it names and the caller's own, refusing those that it doesn't know."""
    parameters = inspect.signature(function).parameters
    takes_any = _is_critics(function)
    shared = {n: v for n, v in shared.items() if n != "log_scale" or n in parameters}
    known = {n: v for n, v in shared.items() if n not in options and (n in parameters or (takes_any and n != "block"))}
    try:
        return function(*(() if x is None else (x, y)), **known, **options)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        said = str(error).split("() ")[-1]
        raise ValueError(f"method {method!r} {said}.") from None
