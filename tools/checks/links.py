"""`python -m tools.checks.links`: ask every outside address of the staged book whether it answers (needs the network).

Run it after a build. Addresses inside the book need none of this: tests/book/web/test_links.py checks them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import click

from tools.book.source import ROOT


def read(report: Path) -> tuple[list[str], list[str]]:
    """Return a line for each address that Sphinx's report calls broken, and one for each that was asked too often."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines() if line.strip()]
    lost = [line for line in lines if line["status"] in ("broken", "timeout")]
    words = [f"{line['filename']}:{line['lineno']}: {line['uri']} ({line['info'][:120]})" for line in lost]
    busy = [line["info"].startswith("429") for line in lost]  # the place is there, and has had enough of programs
    pairs = list(zip(words, busy, strict=True))
    return [word for word, is_busy in pairs if not is_busy], [word for word, is_busy in pairs if is_busy]


def ask(stage: Path, apart: Path) -> tuple[list[str], list[str]]:
    """Have Sphinx ask all outside addresses of the book in ``stage``; what it writes goes to ``apart``."""
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(stage)]
    command += ["--path-output", str(apart), "--builder", "linkcheck", "-q"]
    (report := apart / "_build" / "html" / "output.json").unlink(missing_ok=True)
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True
    )
    if not report.is_file():
        raise click.ClickException(f"Sphinx wrote no report:\n{(done.stdout + done.stderr)[-2000:]}")
    return read(report)


@click.command()
@click.option("--out", default=ROOT, type=click.Path(path_type=Path), help="The folder that holds _build.")
def main(out: Path) -> None:
    """Check the addresses outside the book."""
    stage = out / "_build" / "stage"
    if not (stage / "_toc.yml").is_file():
        raise click.ClickException("The book is not built yet: run `make book` first.")
    lost, busy = ask(stage, out / "_build" / "links")  # Jupyter Book writes into the folder of the pages
    if busy:
        click.echo("These would not be asked so often; look at them by hand:\n" + "\n".join(busy))
    if lost:
        raise click.ClickException("These addresses don't answer:\n" + "\n".join(lost))
    click.echo("Every other address outside the book answers." if busy else "Every address outside the book answers.")


if __name__ == "__main__":
    main()
