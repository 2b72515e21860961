"""The command line: ``mi-lab estimate table.csv --x a,b --y c``."""

import json
import sys
import warnings
from pathlib import Path

import click

READERS = (".csv", ".tsv", ".npz", ".parquet")


def read_table(path: str):
    """Read a CSV, TSV, NPZ or Parquet file and return a mapping from a column's name to its values.

    Raises
    ------
    ValueError
        There is no such file, it has another ending, or it can't be read.
    """
    import numpy as np
    import pandas as pd

    file = Path(path)
    kind = file.suffix.lower()
    if kind not in READERS:
        raise ValueError(f"{path!r} ends in {kind or 'nothing'}, wanted one of: {', '.join(READERS)}.")
    if not file.is_file():
        raise ValueError(f"there is no file {path!r}.")
    try:
        if kind == ".npz":
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        if kind == ".parquet":
            return pd.read_parquet(file)
        return pd.read_csv(file, sep="\t" if kind == ".tsv" else ",")
    except ImportError:
        raise ValueError("reading Parquet needs pyarrow: pip install pyarrow.") from None
    except Exception as error:  # readers raise many kinds for a file that isn't what its name says
        raise ValueError(f"{path!r} can't be read as {kind[1:]}: {str(error).splitlines()[0]}") from None


def columns(table, names: str, option: str):
    """Return the named columns side by side, (n, d).

    Raises
    ------
    ValueError
        A name isn't in the table (the message lists those that are), or a column isn't numbers.
    """
    import numpy as np

    from mi_lab.samples import as_array

    there = list(table.keys())
    parts = []
    for name in (part.strip() for part in names.split(",")):
        if name not in there:
            raise ValueError(f"{option} names {name!r}, and the file has: {', '.join(map(str, there))}.")
        parts.append(as_array(table[name], f"column {name!r}"))
    if len({len(part) for part in parts}) > 1:
        raise ValueError(f"the columns of {option} have different lengths: {', '.join(str(len(p)) for p in parts)}.")
    return np.concatenate(parts, axis=1)


@click.group(help="Estimate mutual information from samples.")
@click.version_option(package_name="mi-lab")
def main() -> None:
    """Group the commands: `mi-lab estimate`."""


@main.command("estimate")
@click.argument("table", type=click.Path())
@click.option("--x", "x_names", required=True, help="Columns of X, separated by commas.")
@click.option("--y", "y_names", required=True, help="Columns of Y, separated by commas.")
@click.option(
    "--method",
    default="auto",
    show_default=True,
    help="auto, mine, nwj, infonce, flo, …, doe, pq, …, doe+mine, …, ksg, kde, bins.",
)
@click.option("--units", default="nats", show_default=True, help="nats or bits.")
@click.option("--seed", default=0, show_default=True, help="Seed of everything random.")
@click.option("--seeds", type=int, default=None, help="Members of the ensemble (critics only).")
@click.option("--truth", type=float, default=None, help="The known value in nats, carried along.")
@click.option("--device", default=None, help="cpu, cuda, mps or auto.")
@click.option(
    "--option", "pairs", multiple=True, metavar="NAME=VALUE", help="Another option of the method; repeatable."
)
@click.option("--json/--text", "as_json", default=True, help="JSON (the default) or a readable line.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def estimate_command(table, x_names, y_names, method, units, seed, seeds, truth, device, pairs, as_json, quiet) -> None:
    """Estimate the mutual information of columns of TABLE, a CSV, TSV, NPZ or Parquet file."""
    try:
        options = dict(_option(pair) for pair in pairs)
        if seeds is not None:
            options["seeds"] = seeds
        frame = read_table(table)
        x, y = columns(frame, x_names, "--x"), columns(frame, y_names, "--y")
        from mi_lab.frontdoor import estimate

        show = not quiet and sys.stderr.isatty()
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *rest, **more: click.echo(f"warning: {message}", err=True)
            result = estimate(
                x, y, method, units=units, seed=seed, truth=truth, device=device, progress=show, **options
            )
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(result.to_dict()) if as_json else repr(result))


def _option(pair: str):
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise ValueError(f"--option {pair!r}, wanted NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


if __name__ == "__main__":
    main()
