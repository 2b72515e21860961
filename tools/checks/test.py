"""`python -m tools.checks.test`: every test, every notebook and every chapter's full version, on both cores."""

import os
import subprocess
import sys

import click

from tools.book.source import ROOT

NBVAL = ["-p", "tools.checks.nbval_myst", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=180"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--jobs", default=2, show_default=True, help="Test processes at a time.")
@click.option("--quick", is_flag=True, help="Leave out the execution of notebooks and chapters.")
@click.argument("more", nargs=-1, type=click.UNPROCESSED)
def main(jobs: int, quick: bool, more: tuple[str, ...]) -> None:
    """Run the whole test suite; MORE goes to pytest (a path, -k words, -x …)."""
    paths = (
        [] if any(not word.startswith("-") for word in more) else ["tests"] + ([] if quick else ["notebooks", "book"])
    )
    command = [sys.executable, "-m", "pytest", *NBVAL, "-n", str(jobs), "--dist", "loadscope", *paths, *more]
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    sys.exit(subprocess.run(command, cwd=ROOT, env=env, check=False).returncode)


if __name__ == "__main__":
    main()
