"""The commands: each reads a table, says what it understood, calls one public function, and prints.

Results go to the standard output, everything said on the way to the error stream.
"""

import functools
import json
import math
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

EXIT = """Exit codes: 0 done, 1 bad input (one sentence says what), 2 no such option, 3 done but no number came out,
130 stopped by Ctrl-C."""
NO_NUMBER, STOPPED = 3, 130

FILE = [
    click.argument("file", type=click.Path()),
    click.option("--sep", help="What separates fields: one character, tab or space.  [found by looking]"),
    click.option("--decimal", help="Decimal mark, . or ,  [found by looking]"),
    click.option("--thousands", help="Thousands mark.  [found by looking]"),
    click.option("--encoding", help="Such as utf-8 or latin-1.  [found by looking]"),
    click.option("--header/--no-header", default=None, help="Whether the first line names the columns.  [found]"),
    click.option("--na", multiple=True, metavar="WORD", help="Another word or number for a missing value; repeatable."),
    click.option("--month-first/--day-first", default=None, help="How dates such as 3/4/2024 are meant.  [day first]"),
    click.option("--sheet", help="Name or number of a spreadsheet's sheet.  [the first]"),
]
COMMON = [
    click.option("--missing", type=click.Choice(["refuse", "drop"]), default="refuse", show_default=True,
                 help="What becomes of rows with missing values."),
    click.option("--kind", "kinds", multiple=True, metavar="COLUMN=KIND",
                 help="number, count or label, where the guess is wrong; repeatable."),
    click.option("--units", default="nats", show_default=True, help="nats or bits."),
    click.option("--seed", default=0, show_default=True, help="Seed of everything random."),
    click.option("--json/--text", "as_json", default=False, help="JSON for programs, or lines for people (default)."),
    click.option("--plot", type=click.Path(), help="Draw into this file (png, svg, pdf, …), which must not exist yet."),
    click.option("--quiet", is_flag=True, help="Print the result alone: not what was understood, no progress bar."),
]  # fmt: skip
JOBS = [click.option("--jobs", default=-1, show_default=True, help="Processes; -1 for one on every core.")]
PERMUTATIONS = [
    click.option("--permutations", default=0, show_default=True, help="Shuffles for p-values; 0 for none."),
    click.option("--errors", is_flag=True, help="Standard errors, too (twenty times the work)."),
    click.option("--resume", type=click.Path(), help="Keep what is finished in this file, and go on from it."),
]


def options(*groups: list) -> Callable:
    """Give a command options, in the order in which they are to be listed."""

    def add(function: Callable) -> Callable:
        for option in reversed([o for group in groups for o in group]):
            function = option(function)
        return function

    return add


def answered(function: Callable) -> Callable:
    """Make one sentence and an exit code of whatever goes wrong; show warnings as lines of the error stream."""

    @functools.wraps(function)
    def call(*args, **named):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", UserWarning)
                warnings.showwarning = lambda message, *rest, **more: click.echo(f"warning: {message}", err=True)
                code = function(*args, **named)
        except (ValueError, OSError) as error:  # OSError: the disk is full, or the like
            raise click.ClickException(_in_words(str(error), named.get("file", ""))) from None
        except KeyboardInterrupt:
            kept = named.get("resume")
            after = f": what is finished is in {kept}, the same command goes on" if kept else ""
            click.echo(f"stopped{after}.", err=True)
            code = STOPPED
        if code:
            sys.exit(code)

    return call


def _in_words(message: str, file: str) -> str:
    """Return a message of the package as one of the command line: with the file, its rows from 1 on, and options."""
    for python, words in {
        'missing="drop"': "--missing drop", "marks=": "--na ", "resume = ": "--resume ", "kinds names": "--kind names",
        "kinds says": "--kind says", "by kinds={…: 'label'}": "by --kind COLUMN=label",
    }.items():  # fmt: skip
        message = message.replace(python, words)
    message = re.sub(r"\brow (\d+)\b", lambda found: f"row {int(found[1]) + 1} below the header", message)
    message = message.replace(
        "make it numbers first (pandas.to_numeric), or", "correct it, call it missing by --na WORD, or"
    )
    return message if file in ("", "-") or file in message else f"{file}: {message}"


@click.group(help="Estimate mutual information from the columns of a table.", epilog=EXIT)
@click.version_option(package_name="mi-lab")
def main() -> None:
    """Group the commands."""


@main.command("estimate", epilog=EXIT)
@options(FILE)
@click.option("--x", "x_names", required=True, help="Columns of X: names, numbers, patterns, separated by commas.")
@click.option("--y", "y_names", required=True, help="Columns of Y.")
@click.option("--given", help="Columns of a condition Z: I(X;Y|Z).")
@click.option("--method", help="ksg, kde, bins, counts, mine, nwj, …, doe, pq, …, doe+mine, …  [the package's default]")
@click.option("--normalize", help="A ratio instead: sqrt, min, max, sum or joint.")
@click.option("--seeds", type=int, help="Members of the ensemble (critics only).")
@click.option("--truth", type=float, help="The known value in nats, carried along.")
@click.option("--device", help="cpu, cuda, mps or auto.")
@click.option(
    "--option", "pairs", multiple=True, metavar="NAME=VALUE", help="Another option of the method; repeatable."
)
@options(COMMON)
@answered
def estimate_command(
    file,
    x_names,
    y_names,
    given,
    method,
    normalize,
    seeds,
    truth,
    device,
    pairs,
    units,
    seed,
    as_json,
    plot,
    quiet,
    **how,
) -> int:
    """Estimate the mutual information of columns of FILE: CSV and the like, Parquet, Feather, Excel or npz.

    A folder of Parquet files, and a Parquet file of a million rows or more, are read in chunks and never held whole
    (--option subsample=ROWS where rows are needed).
    """
    from mi_lab.frontdoor import estimate

    more = dict(_option(pair) for pair in pairs)
    more |= {n: v for n, v in {"method": method, "seeds": seeds, "given": given}.items() if v is not None}
    _free(plot)
    frame = _table(file, how, quiet, chunks=True)
    x, y = _pick(frame, x_names, "--x"), _pick(frame, y_names, "--y")
    if given is not None:
        more["given"] = frame[_pick(frame, given, "--given")]
    kinds = _kinds(how["kinds"], [*x, *y, *more.get("given", [])])
    show = not quiet and sys.stderr.isatty()
    result = estimate(
        frame[x], frame[y], kinds=kinds, missing=how["missing"], normalize=normalize, units=units, seed=seed,
        truth=truth, device=device, progress=show, **more,
    )  # fmt: skip
    if as_json:
        about = {"x": x, "y": y, "given": list(more.get("given", []))}
        click.echo(json.dumps(about | result.to_dict() | {"how": list(getattr(result, "how", ()) or ())}))
    else:
        under = f" | {', '.join(more['given'])}" if given is not None else ""
        click.echo(f"I({', '.join(x)}; {', '.join(y)}{under}) = {result!r}")
        if not quiet:
            for sentence in getattr(result, "how", ()) or ():
                click.echo(sentence, err=True)
    if plot:
        from mi_lab.cli.drawing import draw_estimate

        _save(draw_estimate(frame.sample(10_000) if hasattr(frame, "chunks") else frame, x, y, result), plot)
    return 0 if not math.isnan(result.value) else NO_NUMBER


@main.command("matrix", epilog=EXIT)
@options(FILE)
@click.option("--columns", help="Which columns: names, numbers, patterns, separated by commas.  [all]")
@click.option("--method", help="One of estimate's methods for every pair.  [by kinds, counting]")
@click.option("--top", default=20, show_default=True, help="Pairs to list where the matrix is too wide.")
@options(PERMUTATIONS, JOBS, COMMON)
@answered
def matrix_command(
    file, columns, method, top, permutations, errors, resume, jobs, units, seed, as_json, plot, quiet, **how
) -> int:
    """Estimate the mutual information of all pairs of columns of FILE."""
    from mi_lab.tables.pairwise import pairwise

    _free(plot)
    frame = _table(file, how, quiet, chunks=True)
    chosen = _pick(frame, columns, "--columns") if columns else list(frame.columns)
    out = pairwise(
        frame, chosen, kinds=_kinds(how["kinds"], chosen), missing=how["missing"], method=method, units=units,
        errors=errors, permutations=permutations, seed=seed, n_jobs=jobs, progress=_bar(quiet), resume=resume,
    )  # fmt: skip
    if as_json:
        tables = {"values": out, "errors": out.errors, "p": out.p, "rows": out.rows}
        square = {name: None if v is None else _plain(v.to_numpy().tolist()) for name, v in tables.items()}
        facts = {"columns": list(out.columns), "kinds": out.kinds, "units": out.units, "warnings": list(out.warnings)}
        click.echo(json.dumps(facts | square))
    elif len(out) <= 8:
        click.echo(out.to_string(float_format="{:.3f}".format, na_rep="-"))
        if out.p is not None or out.errors is not None:
            click.echo(_lines(out.top(top)))
    else:
        click.echo(_lines(out.top(top)))
    if plot:
        import seaborn

        grid = out.dendrogram() if len(out) > 2 and plot else out.heatmap()
        _save(grid.figure if not isinstance(grid, seaborn.matrix.ClusterGrid) else grid.figure, plot)
    found = out.to_numpy()[~_diagonal(len(out))]
    return 0 if any(not math.isnan(v) for v in found) else NO_NUMBER


@main.command("rank", epilog=EXIT)
@options(FILE)
@click.option("--target", required=True, help="The column that is to be told about: a name or number.")
@click.option("--columns", help="Which columns to rank.  [all others]")
@click.option("--given", help="Columns that are known already.")
@click.option("--how", "way", default="relevance", show_default=True, help="relevance, mrmr, jmi or cmim.")
@click.option("--number", type=int, help="How many to choose.  [all]")
@options(PERMUTATIONS, JOBS, COMMON)
@answered
def rank_command(
    file,
    target,
    columns,
    given,
    way,
    number,
    permutations,
    errors,
    resume,
    jobs,
    units,
    seed,
    as_json,
    plot,
    quiet,
    **how,
) -> int:
    """Rank the columns of FILE by what they tell about one of them."""
    from mi_lab.tables.rank import rank

    _free(plot)
    frame = _table(file, how, quiet)
    goal = _pick(frame, target, "--target")
    if len(goal) != 1:
        raise ValueError(f"--target means {len(goal)} columns ({', '.join(goal)}), wanted one.")
    known = _pick(frame, given, "--given") if given else []
    chosen = _pick(frame, columns, "--columns") if columns else list(frame.columns)
    out = rank(
        frame, goal[0], known or None, way, columns=[c for c in chosen if c not in (*goal, *known)], number=number,
        kinds=_kinds(how["kinds"], [*chosen, *goal, *known]), missing=how["missing"], units=units, errors=errors,
        permutations=permutations, seed=seed, n_jobs=jobs, progress=_bar(quiet), resume=resume,
    )  # fmt: skip
    if as_json:
        rows = _plain(out.reset_index().to_dict("records"))
        click.echo(json.dumps(out.attrs | {"warnings": list(out.attrs["warnings"]), "ranking": rows}))
    else:
        click.echo(_lines(out.reset_index()))
    if plot:
        from mi_lab.cli.drawing import draw_ranking

        _save(draw_ranking(out), plot)
    return 0 if out["information"].notna().any() else NO_NUMBER


@main.command("lags", epilog=EXIT)
@options(FILE)
@click.option("--x", "x_names", required=True, help="Columns of the series X.")
@click.option("--y", "y_names", required=True, help="Columns of the series Y.")
@click.option("--lags", default="10", show_default=True, help="10 for -10 to 10, or 0-24, or 1,2,7.")
@click.option("--given", help="Columns of a condition Z at the time of Y.")
@click.option("--method", default="ksg", show_default=True, help="As for estimate.")
@options(COMMON)
@answered
def lags_command(file, x_names, y_names, lags, given, method, units, seed, as_json, plot, quiet, **how) -> int:
    """Estimate I(X earlier by a lag; Y) for several lags: the rows of FILE follow one another in time."""
    from mi_lab.tables.lags import lagged

    _free(plot)
    frame = _table(file, how, quiet)
    x, y = _pick(frame, x_names, "--x"), _pick(frame, y_names, "--y")
    z = _pick(frame, given, "--given") if given else []
    more = {"given": frame[z]} if z else {}
    kinds = _kinds(how["kinds"], [*x, *y, *z])
    out = lagged(
        frame[x], frame[y], _steps(lags), method, units=units, seed=seed, missing=how["missing"], kinds=kinds, **more
    )
    if as_json:
        click.echo(
            json.dumps(
                {"x": x, "y": y, "given": z, "units": units, "lags": _plain(out.reset_index().to_dict("records"))}
            )
        )
    else:
        click.echo(_lines(out.reset_index()))
        best = out["value"].idxmax()
        if not quiet and best == best:
            click.echo(f"most at lag {best}: {out['value'].max():.3f} {units}", err=True)
    if plot:
        from mi_lab.cli.drawing import draw_lags

        _save(draw_lags(out, ", ".join(x), ", ".join(y), units), plot)
    return 0 if out["value"].notna().any() else NO_NUMBER


def _steps(lags: str) -> int | list[int]:
    span = re.fullmatch(r"\s*(-?\d+)\s*-\s*(-?\d+)\s*", lags)
    if span and int(span[1]) <= int(span[2]):
        return list(range(int(span[1]), int(span[2]) + 1))
    try:
        steps = [int(part) for part in lags.split(",")]
    except ValueError:
        raise ValueError(f"--lags {lags!r}, wanted a number, a range such as 0-24, or a list such as 1,2,7.") from None
    return steps[0] if len(steps) == 1 and steps[0] > 0 else steps


# ---- what commands share -------------------------------------------------------------------------------------------


def _table(file: str, how: dict, quiet: bool, chunks: bool = False) -> Any:
    """Return the file's table; where `chunks` may be read, that of a folder or a large Parquet file unread."""
    from mi_lab.cli.reading import in_chunks, read_table

    if (large := in_chunks(file, chunks)) is not None:
        if not quiet:
            click.echo(f"opened {file}: {len(large)} rows, {len(large.columns)} columns; read in chunks", err=True)
        return large

    told = {n: how.get(n) for n in ("sep", "decimal", "thousands", "encoding", "header", "month_first", "sheet")}
    table = read_table(file, told | {"missing": list(how.get("na") or ())})
    if not quiet:
        click.echo(table.told(), err=True)
    return table.frame


def _pick(frame: Any, words: str, option: str) -> list[str]:
    from mi_lab.cli.columns import pick

    return pick(frame, words, option)


def _kinds(pairs: tuple, names: list[str]) -> dict | None:
    out = {}
    for pair in pairs:
        name, equals, kind = pair.rpartition("=")
        if not equals or kind not in ("number", "count", "label"):
            raise ValueError(f"--kind {pair!r}, wanted COLUMN=number, COLUMN=count or COLUMN=label.")
        if name not in names:
            raise ValueError(f"--kind names {name!r}, which is none of the columns used: {', '.join(names)}.")
        out[name] = kind
    return out or None


def _option(pair: str) -> tuple[str, Any]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise ValueError(f"--option {pair!r}, wanted NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _bar(quiet: bool) -> bool | None:
    return False if quiet else None


def _free(plot: str | None) -> None:
    if plot is None:
        return
    if Path(plot).exists():
        raise ValueError(f"--plot {plot!r} is there already and stays as it is: name a new file.")
    if not Path(plot).parent.is_dir():
        raise ValueError(f"--plot: there is no folder {str(Path(plot).parent)!r}.")
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = FigureCanvasBase.get_supported_filetypes()
    if Path(plot).suffix[1:].lower() not in kinds:
        raise ValueError(
            f"--plot {plot!r} ends in {Path(plot).suffix or 'nothing'}, wanted one of: {', '.join(kinds)}."
        )


def _save(figure: Any, plot: str) -> None:
    figure.savefig(plot, bbox_inches="tight", dpi=150)
    click.echo(f"drawn into {plot}", err=True)


def _lines(frame: Any) -> str:
    digits = {c: (lambda v: f"{v:.4g}") if c == "p" else (lambda v: f"{v:.3f}") for c in frame.columns}
    numbers = {c: f for c, f in digits.items() if frame[c].dtype.kind == "f"}
    return frame.to_string(index=False, formatters=numbers, na_rep="-")


def _plain(v: Any) -> Any:
    """Return what JSON can hold: None for what is missing, "inf" for what is infinite."""
    if isinstance(v, list):
        return [_plain(e) for e in v]
    if isinstance(v, dict):
        return {str(k): _plain(e) for k, e in v.items()}
    if isinstance(v, float) and not math.isfinite(v):
        return None if math.isnan(v) else "inf" if v > 0 else "-inf"
    return v


def _diagonal(p: int) -> Any:
    import numpy as np

    return np.eye(p, dtype=bool)
