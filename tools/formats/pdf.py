"""`python -m tools.formats.pdf`: the built book as one PDF, printed by Chromium page by page, with bookmarks.

Explorers stand as their printed pictures, folded proofs and solutions are opened. What was written is read again
(tools/formats/whole.py): a book that lacks a chapter, a picture, a font or the goal of a link is an error.
"""

from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, FloatObject, NameObject, NullObject

from tools.book.source import BOOK, ROOT
from tools.formats.built import built_docs, site_option
from tools.formats.chromium import READY, chromium
from tools.formats.whole import AS_PRINTED, FAULTS, Incomplete, anchors, pdf_faults, require

FRONT = 2  # sheets: title, contents
MARGIN = {"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
PAPER = """<style>@page {{ size: A4; margin: 0 }} body {{ margin: 0; font: 10pt 'DejaVu Sans', sans-serif;
  color: #222 }}
.sheet {{ height: 297mm; width: 210mm; box-sizing: border-box; position: relative; break-after: page;
  overflow: hidden }}
.foot {{ position: absolute; bottom: 8mm; left: 16mm; right: 16mm; display: flex; justify-content: space-between;
  font-size: 7pt; color: #444 }}
.front {{ padding: 40mm 25mm; text-align: center }} .front svg {{ width: 130mm; height: auto; margin: 20mm 0 }}
.list {{ padding: 22mm 25mm }} h1 {{ font-size: 26pt; font-weight: 500 }} .list h1 {{ font-size: 18pt }}
.list p {{ display: flex; justify-content: space-between; margin: 1.5mm 0 }} .list .part {{ margin-top: 6mm }}
.list a {{ color: #0b56c4; text-decoration: none }}</style>{body}"""


@dataclass
class Book:
    """What is printed: the built pages, their titles, the parts that hold them."""

    site: Path
    parts: list[tuple[str, list[str]]]  # (caption, docs); the front page has no caption
    titles: dict[str, str]
    title: str
    author: str


# Chromium notes the places that links of the page itself lead to: so links to what other pages refer to are added.
NAMES = """names => names.forEach(name => document.querySelector('article').append(
  Object.assign(document.createElement('a'), {href: `#${encodeURIComponent(name)}`})))"""
SOLUTIONS = "document.querySelectorAll('.hide .collapsed').forEach(e => { e.textContent = 'A solution' })"


def printed(book: Book) -> dict[str, bytes]:
    """Return doc -> its PDF, printed with the network cut; "front": title and contents; "feet": what goes beneath."""
    sheets, style = {}, Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    docs = [doc for _, inside in book.parts for doc in inside]
    wanted = anchors(book.site, docs)
    with chromium("The PDF") as browser:
        for doc in docs:
            page = browser.new_page(color_scheme="light", bypass_csp=True)
            page.goto((book.site / f"{doc}.html").as_uri())
            page.add_style_tag(content=style)
            page.evaluate(AS_PRINTED)
            page.evaluate(READY)
            page.evaluate(SOLUTIONS)
            if faults := page.evaluate(FAULTS):
                raise Incomplete(f"The page {doc} would be printed with faults: {'; '.join(faults[:5])}")
            page.evaluate(NAMES, sorted(wanted[doc]))
            sheets[doc] = page.pdf(format="A4", margin=MARGIN, print_background=True)
            page.close()
        lengths = {doc: len(PdfReader(BytesIO(data)).pages) for doc, data in sheets.items()}
        page = browser.new_page()
        for name, body in {"front": front(book, lengths), "feet": feet(book, lengths)}.items():
            page.set_content(PAPER.format(body=body))
            sheets[name] = page.pdf(format="A4", print_background=True, prefer_css_page_size=True)
    return sheets


def front(book: Book, lengths: dict[str, int]) -> str:
    """Return the title and the contents, one sheet each."""
    drawing = (BOOK / "figures" / "family-tree.svg").read_text(encoding="utf-8")
    number, rows = FRONT + 1, ""
    for caption, docs in book.parts:
        rows += f'<p class="part"><b>{escape(caption)}</b></p>' if caption else ""
        for doc in docs:
            address = (book.site / f"{doc}.html").as_uri()
            rows += f'<p><a href="{address}">{escape(book.titles[doc])}</a><span>{number}</span></p>'
            number += lengths[doc]
    title = f"<h1>{escape(book.title)}</h1>{drawing[drawing.index('<svg') :]}<p>{escape(book.author)}</p>"
    return f'<div class="sheet front">{title}</div><div class="sheet list"><h1>Contents</h1>{rows}</div>'


def feet(book: Book, lengths: dict[str, int]) -> str:
    """Return a sheet a page, empty but for the chapter's title and the page's number."""
    titles = [book.titles[doc] for doc, length in lengths.items() for _ in range(length)]
    return "".join(
        f'<div class="sheet"><div class="foot"><span>{escape(title)}</span><span>{i}</span></div></div>'
        for i, title in enumerate(titles, FRONT + 1)
    )


def join(sheets: dict[str, bytes], book: Book) -> PdfWriter:
    """Join the sheets: a bookmark a page; links within the book lead to the very place.

    Raises
    ------
    Incomplete
        If the place of a link is not there.
    """
    writer, first, places, lost, site = PdfWriter(), {}, {}, set(), book.site
    under = PdfReader(BytesIO(sheets.pop("feet"))).pages
    sheets = {"front": sheets.pop("front"), **sheets}
    marks = {doc: caption for caption, docs in book.parts for doc in docs}
    made = {"": None}
    for doc, data in sheets.items():
        reader = PdfReader(BytesIO(data))
        first[doc] = len(writer.pages)
        for name, place in reader.named_destinations.items():
            number = reader.get_destination_page_number(place)
            places[doc, name.lstrip("/")] = first[doc] + number, place.get("/Top")
        writer.append(reader, import_outline=False)
        if doc == "front":
            continue
        if marks[doc] not in made:
            made[marks[doc]] = writer.add_outline_item(marks[doc], first[doc])
        writer.add_outline_item(book.titles[doc], first[doc], parent=made[marks[doc]])
    for sheet, foot in zip(list(writer.pages)[FRONT:], under, strict=True):
        sheet.merge_page(foot)
        sheet.compress_content_streams()
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
                if name and (goal, name) not in places:
                    lost.add(f"{doc} refers to {goal}#{name}")
                number, top = places.get((goal, name), (first[goal], None))
                target = ArrayObject([writer.pages[number].indirect_reference, NameObject("/Fit")])
                if top is not None:
                    kind = [NameObject("/XYZ"), NullObject(), FloatObject(top), NullObject()]
                    target = ArrayObject([target[0], *kind])
                link[NameObject("/Dest")] = target
            kept.append(reference)
        sheet[NameObject("/Annots")] = kept
    if lost:
        raise Incomplete("Links of the PDF would lead nowhere:\n" + "\n".join(sorted(lost)[:20]))
    writer.add_metadata({"/Title": book.title, "/Author": book.author})
    writer.page_mode = "/UseOutlines"
    return writer


def heading(site: Path, doc: str) -> str:
    """Return a built page's title, with its number."""
    from bs4 import BeautifulSoup

    text = (site / f"{doc}.html").read_text(encoding="utf-8")
    text = text[text.index("<article") :]
    head = BeautifulSoup(text[text.index("<h1") : text.index("</h1>")], "html.parser")
    for mark in head.select(".headerlink"):
        mark.decompose()
    return " ".join(head.get_text().split())


def parts_of(docs: list[str]) -> list[tuple[str, list[str]]]:
    """Return (caption, docs) in reading order; the front page has no caption."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [("", [toc["root"]])]
    parts += [(p.get("caption", ""), [entry["file"] for entry in p.get("chapters") or []]) for p in toc["parts"]]
    kept = [(caption, [doc for doc in inside if doc in docs]) for caption, inside in parts]
    return [(caption, inside) for caption, inside in kept if inside]


def make(site: Path, target: Path, docs: list[str]) -> int:
    """Write the PDF of ``docs`` to ``target``; return its number of sheets."""
    site = site.resolve()
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    titles = {doc: heading(site, doc) for doc in docs}
    book = Book(site, parts_of(docs), titles, settings["title"], settings["author"])
    writer = join(printed(book), book)
    writer.compress_identical_objects()
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)
    require(pdf_faults(target, book.parts, titles, FRONT), target)
    return len(writer.pages)


@click.command()
@site_option
@click.option("--out", default=None, type=click.Path(path_type=Path), help="The file; left out: beside the site.")
def main(site: Path, out: Path | None) -> None:
    """Print the built book into one PDF."""
    docs = built_docs(site)
    target = out or site.parent / "estimating-mutual-information.pdf"
    click.echo(f"{target}: {make(site, target, docs)} pages")


if __name__ == "__main__":
    main()
