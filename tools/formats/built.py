"""The built site, for the commands that make something else of it: PDF, EPUB, decks, downloads."""

from collections.abc import Callable
from pathlib import Path

import click

from tools.book.source import ROOT, Page, chapters

site_option = click.option(
    "--site", default=ROOT / "_build" / "html", type=click.Path(path_type=Path), help="The built book."
)


def built_docs(site: Path, wanted: Callable[[Page], bool] = lambda page: True) -> list[str]:
    """Return the wanted pages in reading order, or say that one is not built."""
    docs = [page.doc for page in chapters() if wanted(page)]
    if missing := [doc for doc in docs if not (site / f"{doc}.html").is_file()]:
        raise click.ClickException(f"{missing[0]} is not built yet: run `make book` first.")
    return docs
