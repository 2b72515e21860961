"""`python -m tools.downloads`: the book as PDF, EPUB and zip beside the built site, offered on its first page.

offer(site, docs)   makes site/downloads/book.{zip,pdf,epub} and the line that links to them
withdraw(site)      takes both away again: a plain build must not offer what it has not made
"""

import re
import shutil
import zipfile
from pathlib import Path

import click

from tools.built import built_docs, site_option

LINE = re.compile(r'\n?<p class="downloads">.*?</p>', re.S)
PLACE = re.compile(r'(<section id="how-to-read-it">.*?)(\n</section>)', re.S)
WORDS = {
    "book.pdf": "one PDF",
    "book.epub": "an EPUB for a reading program",
    "book.zip": "the whole site in a zip, explorers alive, no network needed",
}


def withdraw(site: Path) -> None:
    """Take the downloads and the line that offers them out of the built ``site``."""
    shutil.rmtree(site / "downloads", ignore_errors=True)
    page = site / "index.html"
    text = page.read_text(encoding="utf-8")
    if (new := LINE.sub("", text)) != text:
        page.write_text(new, encoding="utf-8")


def zipped(site: Path, target: Path) -> None:
    """Write ``site`` to a zip that opens into one folder."""
    files = sorted(p for p in site.rglob("*") if p.is_file() and p.suffix != ".part")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, Path("estimating-mutual-information") / path.relative_to(site))


def offer(site: Path, docs: list[str]) -> dict[str, int]:
    """Make the three downloads from the built ``site``, then offer them on its first page; return name -> bytes."""
    from tools import epub, pdf  # which a plain build need not wait for

    withdraw(site)
    folder = site.parent / "downloads.part"  # outside the site until all three stand
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    zipped(site, folder / "book.zip")
    pdf.make(site, folder / "book.pdf", [doc for doc in docs if doc not in pdf.WEB_ONLY])
    epub.make(site, folder / "book.epub", docs)
    folder.rename(site / "downloads")
    sizes = {name: (site / "downloads" / name).stat().st_size for name in WORDS}
    links = [f'<a href="downloads/{n}" download>{words}</a> ({sizes[n] / 1e6:.1f} MB)' for n, words in WORDS.items()]
    line = f'<p class="downloads">To keep: {", ".join(links[:-1])}, or {links[-1]}.</p>'
    page = site / "index.html"
    text, count = PLACE.subn(lambda m: f"{m[1]}\n{line}{m[2]}", page.read_text(encoding="utf-8"), count=1)
    if not count:
        raise click.ClickException(
            "book/index.md has no section 'How to read it' any more: where shall the downloads go?"
        )
    page.write_text(text, encoding="utf-8")
    return sizes


@click.command()
@site_option
def main(site: Path) -> None:
    """Put the book as PDF, EPUB and zip beside the built site, and offer them on its first page."""
    docs = built_docs(site)
    for name, size in offer(site.resolve(), docs).items():
        click.echo(f"{site / 'downloads' / name}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
