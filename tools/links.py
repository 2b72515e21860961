"""`python -m tools.links`: ask every outside address of the staged book whether it still answers (needs the network).

Run it after a build. Addresses inside the book need none of this: tests/web/test_links.py checks them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import click

from tools.source import ROOT


def broken(report: Path) -> list[str]:
    """Return a line for each address that Sphinx's report calls broken."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = [line for line in lines if line["status"] == "broken"]
    return [f"{line['filename']}:{line['lineno']}: {line['uri']} ({line['info'][:120]})" for line in found]


@click.command()
@click.option("--out", default=ROOT, type=click.Path(path_type=Path), help="The folder that holds _build.")
def main(out: Path) -> None:
    """Check the addresses outside the book."""
    stage = out / "_build" / "stage"
    if not (stage / "_toc.yml").is_file():
        raise click.ClickException("The book is not built yet: run `make book` first.")
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(stage)]
    apart = out / "_build" / "links"  # Jupyter Book writes into the folder of the pages
    command += ["--path-output", str(apart), "--builder", "linkcheck", "-q"]
    (report := apart / "_build" / "html" / "output.json").unlink(missing_ok=True)
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True
    )
    if not report.is_file():
        raise click.ClickException(f"Sphinx wrote no report:\n{(done.stdout + done.stderr)[-2000:]}")
    if lost := broken(report):
        raise click.ClickException("These addresses don't answer:\n" + "\n".join(lost))
    click.echo("Every address outside the book answers.")


if __name__ == "__main__":
    main()
