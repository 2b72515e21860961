"""Running an estimator on the battery: one call after the other, or many at a time, kept in a file as they come."""

import contextlib
import json
import math
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mi_lab import parallel
from mi_lab.arenas.cage import Cage, pickled
from mi_lab.arenas.standing import Bout, Standing
from mi_lab.laws.battery import Benchmark, battery

PARTS = 3  # a worker starts its process so many times


def arena(
    estimator: Callable[[Any, Any], Any],
    n: int = 1000,
    seeds: int = 1,
    limit: float = 20.0,
    laws: Iterable[str | Benchmark] | None = None,
    name: str | None = None,
    file: str | Path | None = None,
    progress: bool | None = None,
    n_jobs: int | None = None,
) -> Standing:
    """Run an estimator on the battery, and return how it stands.

    It runs in a process of its own, on one thread.  A call that raises, that takes longer than `limit` or returns
    nothing finite loses that law with that seed: it counts as an error of one nat, or of the truth if that is larger.
    Ctrl-C returns what there is.

    Parameters
    ----------
    estimator : function
        Takes x, (n, columns), and y, float32 tensors; returns nats: a number, a pair (number, standard error), a
        triple (number, low, high) with the ends of a 90 % interval, or an `Estimate`.
    n : int
        Samples of each law, at least 8.
    seeds : int
        Samples of each law are drawn so many times; seed i draws the same ones for everybody.
    limit : float
        Seconds for one call.
    laws : names or Benchmarks, optional
        Which; all of `mi_lab.battery()` if left out.
    name : str, optional
        In tables and pictures; the function's own if left out.
    file : path, optional
        Bouts are kept there, and a run that was stopped goes on; those of a function with another code are dropped.
    progress : bool, optional
        Show a progress bar; left out, only where someone watches, after two seconds.
    n_jobs : int, optional
        As in scikit-learn: 1 if left out, unless `joblib.parallel_config` says otherwise; each worker has a process
        for the estimator.  `limit` counts on the clock, so leave it room if workers have to share cores.

    Returns
    -------
    Standing
        ``print`` it, or take ``.table()``, ``.beside("ksg")``, ``.plot()``.

    Raises
    ------
    ValueError
        No function, no such law, or a number that makes no sense.

    Examples
    --------
    >>> arena(lambda x, y: 0.0, n=100, laws=["X"])
    """
    from tqdm import tqdm

    if not callable(estimator):
        raise ValueError(f"estimator is a {type(estimator).__name__}, wanted a function of x and y.")
    for what, value, least in (("n", n, 8), ("seeds", seeds, 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{what} = {value!r}, wanted a whole number of at least {least}.")
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit < math.inf:
        raise ValueError(f"limit = {limit!r}, wanted seconds above 0.")
    name = name or getattr(estimator, "__name__", type(estimator).__name__)
    laws, mark = _chosen(laws), _fingerprint(estimator)
    kept = _kept(file, mark, n)
    todo = [(one, seed) for seed in range(seeds) for one in laws if (one.name, seed) not in kept]
    bar = tqdm(total=len(todo), desc=f"arena, {name}", delay=2, disable=None if progress is None else not progress)
    try:
        for bout in _bouts(estimator, limit, n, todo, n_jobs, bar):
            kept[bout.law, bout.seed] = bout
            bar.update()
            if file is not None:
                with Path(file).open("a", encoding="utf-8") as out:
                    out.write(json.dumps([mark, n, bout.line()], ensure_ascii=False) + "\n")
    except KeyboardInterrupt:
        warnings.warn(f"stopped after {len(kept)} of {seeds * len(laws)} calls: this is what there is.", stacklevel=2)
    finally:
        bar.close()
    wanted = {(one.name, seed) for one in laws for seed in range(seeds)}
    return Standing(name, n, [bout for key, bout in kept.items() if key in wanted])


def _bouts(estimator, limit: float, n: int, todo: list, n_jobs: int | None, bar) -> Iterator[Bout]:
    """Yield what comes of every call, here or from workers."""
    jobs = parallel.workers(n_jobs)
    if jobs == 1:
        cage = Cage(estimator, limit)
        try:
            for one, seed in todo:
                bar.set_postfix_str(one.name)
                yield cage.call(one, n, seed)
        finally:
            cage.end()
        return
    each = max(1, math.ceil(len(todo) / (PARTS * jobs)))
    tasks = [todo[i : i + each] for i in range(0, len(todo), each)]
    for i, bouts in parallel.as_done(_part, tasks, shared=(pickled(estimator), limit, n), n_jobs=n_jobs):
        if isinstance(bouts, parallel.Lost):
            bouts = [Bout(one.name, seed, lost="its worker died") for one, seed in tasks[i]]
        yield from bouts


def _part(task: list, estimator: bytes, limit: float, n: int) -> list[Bout]:
    """Return what comes of some calls, in one process beside the worker."""
    cage = Cage(estimator, limit)
    try:
        return [cage.call(one, n, seed) for one, seed in task]
    finally:
        cage.end()


def _chosen(laws) -> list[Benchmark]:
    every = {one.name: one for one in battery()}
    if laws is None:
        return list(every.values())
    laws = [laws] if isinstance(laws, (str, Benchmark)) else list(laws)
    for law in laws:
        if not isinstance(law, Benchmark) and law not in every:
            raise ValueError(f"there is no law {law!r}, wanted some of: {', '.join(every)}.")
    if not laws:
        raise ValueError("laws is empty, wanted at least one.")
    return [law if isinstance(law, Benchmark) else every[law] for law in laws]


def _fingerprint(estimator: Callable) -> int:
    """Return a number that changes with a function's code, so that old results aren't taken for those of a new one."""
    seen, todo = [], [getattr(estimator, "__code__", None)]
    while todo:
        code = todo.pop()
        if code is None:
            seen.append(repr(getattr(estimator, "key", type(estimator).__qualname__)))
            continue
        todo += [c for c in code.co_consts if hasattr(c, "co_code")]
        seen += [code.co_code.hex(), str([c for c in code.co_consts if not hasattr(c, "co_code")]), str(code.co_names)]
    return zlib.crc32("".join(seen).encode())


def _kept(file, mark: int, n: int) -> dict[tuple[str, int], Bout]:
    if file is None or not Path(file).is_file():
        return {}
    lines = []
    for text in Path(file).read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a line that was cut off when the run was killed
            lines.append(json.loads(text))
    bouts = [Bout.read(line) for of, size, line in lines if (of, size) == (mark, n)]
    return {(b.law, b.seed): b for b in bouts}


def cca(x: Any, y: Any) -> float:
    r"""Return the information of Gaussians with the samples' canonical correlations, in nats: the plainest baseline.

    .. math:: \hat I = -\tfrac12 \sum_j \log(1 - r_j^2)

    No bound, and too large by about d_x d_y / 2n for Gaussians; blind to everything that correlation doesn't see.
    """
    z = [np.asarray(v, dtype=float) - np.asarray(v, dtype=float).mean(0) for v in (x, y)]
    q = [np.linalg.qr(v)[0] for v in z]
    r = np.linalg.svd(q[0].T @ q[1], compute_uv=False)
    return float(-np.log1p(-(np.clip(r, 0, 1 - 1e-12) ** 2)).sum() / 2)
