"""`python -m tools.formats.downloads`: lecture decks, PDF, EPUB and zip beside the built site, offered on its pages.

offer(site, docs)   makes site/slides, linked from the teaching page, and site/downloads/book.{zip,pdf,epub}, linked
                    from the first page; the decks are in the zip as well
withdraw(site)      takes all of it away again: a plain build must not offer what it has not made
"""

import re
import shutil
import zipfile
from html import escape
from pathlib import Path

import click

from tools.book.source import chapters
from tools.formats.built import built_docs, site_option

LINE = re.compile(r'\n?<(p|div) class="downloads">.*?</\1>', re.S)
# page -> what stands before its line
PLACES = {
    "index": re.compile(r'<section id="how-to-read-it">.*?(?=\n</section>)', re.S),
    "teaching": re.compile(r'<section[^>]* id="teach-with-it">(?:.*?<section id="lectures">)?.*?</p>', re.S),
}
WORDS = {
    "book.pdf": "one PDF",
    "book.epub": "an EPUB for a reading program",
    "book.zip": "the whole site in a zip, explorers and lecture decks alive, no network needed",
}


def withdraw(site: Path) -> None:
    """Take decks, downloads and the lines that offer them out of the built ``site``."""
    for name in ("downloads", "slides"):
        shutil.rmtree(site / name, ignore_errors=True)
    for doc in PLACES:
        page = site / f"{doc}.html"
        text = page.read_text(encoding="utf-8")
        if (new := LINE.sub("", text)) != text:
            page.write_text(new, encoding="utf-8")


def insert(site: Path, doc: str, line: str) -> None:
    """Put the ``line`` that offers something into its place on a built page."""
    page = site / f"{doc}.html"
    text, count = PLACES[doc].subn(lambda m: f"{m[0]}\n{line}", page.read_text(encoding="utf-8"), count=1)
    if not count:
        raise click.ClickException(f"The page {doc!r} has changed and has no place for its downloads: see PLACES.")
    page.write_text(text, encoding="utf-8")


def zipped(site: Path, target: Path) -> None:
    """Write ``site`` to a zip that opens into one folder."""
    files = sorted(p for p in site.rglob("*") if p.is_file() and p.suffix != ".part")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, Path("estimating-mutual-information") / path.relative_to(site))


def decks(site: Path, docs: list[str]) -> None:
    """Make the lecture decks of the chapters among ``docs`` and offer them on the teaching page."""
    from tools.formats import pdf, slides  # which a plain build need not wait for

    if not docs:
        return
    entries = ""
    for doc, path in zip(docs, slides.make(site, site / "slides", docs), strict=True):
        entries += f'<li><a href="slides/{path.name}">{escape(pdf.heading(site, doc))}</a></li>'
    words = "The lecture decks, one a chapter, sliders alive; the key S opens the speaker’s notes:"
    insert(site, "teaching", f'<div class="downloads"><p>{words}</p><ul>{entries}</ul></div>')


def offer(site: Path, docs: list[str]) -> dict[str, int]:
    """Make decks and downloads from the built ``site``, then offer them on its pages; return name -> bytes."""
    from tools.formats import epub, pdf

    withdraw(site)
    numbered = {page.doc for page in chapters() if page.number}
    folder = site.parent / "downloads.part"  # outside the site until all three stand
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pdf.make(site, folder / "book.pdf", docs)
    epub.make(site, folder / "book.epub", docs)
    decks(site, [doc for doc in docs if doc in numbered])
    zipped(site, folder / "book.zip")
    folder.rename(site / "downloads")
    sizes = {name: (site / "downloads" / name).stat().st_size for name in WORDS}
    links = [f'<a href="downloads/{n}" download>{words}</a> ({sizes[n] / 1e6:.1f} MB)' for n, words in WORDS.items()]
    insert(site, "index", f'<p class="downloads">To keep: {", ".join(links[:-1])}, or {links[-1]}.</p>')
    return sizes


@click.command()
@site_option
def main(site: Path) -> None:
    """Put lecture decks, PDF, EPUB and zip beside the built site, and offer them on its pages."""
    docs = built_docs(site)
    for name, size in offer(site.resolve(), docs).items():
        click.echo(f"{site / 'downloads' / name}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
