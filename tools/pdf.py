"""`python -m tools.pdf`: the built book as one PDF, printed by Chromium page by page, with bookmarks and links inside.

Explorers stand as their printed pictures, folded proofs and solutions are opened.
"""

from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, FloatObject, NameObject, NullObject

from tools.chromium import READY, chromium
from tools.source import ROOT, chapters

FOOT = (
    '<div style="font: 8px sans-serif; width: 100%; padding: 0 14mm; display: flex; justify-content: space-between;'
    ' color: #333"><span class="title"></span><span class="pageNumber"></span></div>'
)
MARGIN = {"top": "16mm", "bottom": "18mm", "left": "15mm", "right": "15mm"}


def printed(site: Path, docs: list[str]) -> dict[str, bytes]:
    """Return doc -> its PDF, printed from the built pages of ``site`` with the network cut."""
    sheets = {}
    with chromium("The PDF") as browser:
        for doc in docs:
            page = browser.new_page(color_scheme="light")
            page.goto((site / f"{doc}.html").as_uri())
            page.evaluate(READY)
            sheets[doc] = page.pdf(
                format="A4", margin=MARGIN, display_header_footer=True, header_template="<span></span>",
                footer_template=FOOT, print_background=True,
            )  # fmt: skip
            page.close()
    return sheets


def join(sheets: dict[str, bytes], titles: dict[str, str], site: Path) -> PdfWriter:
    """Join the sheets: a bookmark a page; links within the book lead to the place, or to the page that holds it."""
    writer, first, places = PdfWriter(), {}, {}
    for doc, data in sheets.items():
        reader = PdfReader(BytesIO(data))
        first[doc] = len(writer.pages)
        for name, place in reader.named_destinations.items():
            number = reader.get_destination_page_number(place)
            places[doc, name.lstrip("/")] = first[doc] + number, place.get("/Top")
        writer.append(reader, import_outline=False)
        writer.add_outline_item(titles[doc], first[doc])
    owner = [doc for doc in first for _ in PdfReader(BytesIO(sheets[doc])).pages]
    for doc, sheet in zip(owner, list(writer.pages), strict=True):
        kept = ArrayObject()
        for reference in sheet.get("/Annots") or []:
            link = reference.get_object()
            address = urlsplit(str((link.get("/A") or {}).get("/URI", "")))
            goal, name = doc, str(link.get("/Dest", "")).lstrip("/")
            if address.scheme == "file":
                path, name = Path(unquote(address.path)), unquote(address.fragment)
                goal = path.relative_to(site).with_suffix("").as_posix() if path.is_relative_to(site) else ""
                if goal not in first:
                    continue
                del link["/A"]
            if address.scheme == "file" or name:
                number, top = places.get((goal, name), (first[goal], None))
                target = ArrayObject([writer.pages[number].indirect_reference, NameObject("/Fit")])
                if top is not None:
                    kind = [NameObject("/XYZ"), NullObject(), FloatObject(top), NullObject()]
                    target = ArrayObject([target[0], *kind])
                link[NameObject("/Dest")] = target
            kept.append(reference)
        sheet[NameObject("/Annots")] = kept
    writer.add_metadata({"/Title": "Estimating mutual information", "/Author": "The mi_lab authors"})
    writer.page_mode = "/UseOutlines"
    return writer


def heading(site: Path, doc: str) -> str:
    """Return a built page's title, with its number."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup((site / f"{doc}.html").read_text(encoding="utf-8"), "html.parser")
    head = page.select_one("article h1")
    for mark in head.select(".headerlink"):
        mark.decompose()
    return " ".join(head.get_text().split())


def make(site: Path, target: Path, docs: list[str]) -> int:
    """Write the PDF of ``docs`` to ``target``; return its number of sheets."""
    site = site.resolve()
    writer = join(printed(site, docs), {doc: heading(site, doc) for doc in docs}, site)
    writer.compress_identical_objects()
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)
    return len(writer.pages)


@click.command()
@click.option("--site", default=ROOT / "_build" / "html", type=click.Path(path_type=Path), help="The built book.")
@click.option("--out", default=None, type=click.Path(path_type=Path), help="The file; left out: beside the site.")
def main(site: Path, out: Path | None) -> None:
    """Print the built book into one PDF."""
    docs = [page.doc for page in chapters() if page.doc != "ledger"]
    if missing := [doc for doc in docs if not (site / f"{doc}.html").is_file()]:
        raise click.ClickException(f"{missing[0]} is not built yet: run `make book` first.")
    target = out or site.parent / "estimating-mutual-information.pdf"
    click.echo(f"{target}: {make(site, target, docs)} pages")


if __name__ == "__main__":
    main()
