"""`python -m tools.formats.epub`: the built book as one EPUB 3, formulas as MathML, explorers as pictures.

Chromium opens each built page as it would be printed and tools/formats/epub.mjs turns it into XHTML; here the chapters,
their pictures, a cover and the table of contents are packed.
"""

import base64
import os
import re
import uuid
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import click
import yaml

from tools.book.source import BOOK, ROOT
from tools.formats.built import built_docs, site_option
from tools.formats.chromium import READY, chromium
from tools.formats.pdf import heading, parts_of
from tools.formats.whole import AS_PRINTED, FAULTS, Incomplete, epub_faults, require

HERE = Path(__file__).parent
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
XHTML = HEAD + (
    '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
    'lang="en" xml:lang="en"><head><title>{title}</title><link rel="stylesheet" type="text/css" href="{up}book.css"/>'
    "</head><body{kind}>{body}</body></html>\n"
)
CONTAINER = HEAD + (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
)
MEDIA = {".xhtml": "application/xhtml+xml", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
MEDIA |= {".jpg": "image/jpeg", ".gif": "image/gif"}
FEATURES = ["alternativeText", "MathML", "structuralNavigation", "tableOfContents", "readingOrder"]
COVER = """<style>body {{ margin: 0; height: 1600px; display: flex; flex-direction: column;
justify-content: space-around; align-items: center;
font-family: 'DejaVu Serif', serif; background: #fff; color: #102a43 }}
h1 {{ font-size: 92px; text-align: center; margin: 0 60px }} p {{ font-size: 40px; margin: 0 }}
svg {{ width: 1000px; height: auto }}</style><h1>{title}</h1>{picture}<p>{author}</p>"""


@dataclass
class Chapter:
    """One page of the book as the EPUB holds it."""

    title: str
    text: str  # XHTML of the body
    sections: list[tuple[str, str]]  # (anchor, heading), second level
    pictures: dict[str, bytes]  # path inside the EPUB -> bytes


def extracted(site: Path, docs: list[str], cover: str) -> tuple[dict[str, Chapter], bytes]:
    """Return doc -> chapter, and the cover's picture made from the HTML ``cover``."""
    work, out = (HERE / "epub.mjs").read_text(encoding="utf-8").strip().rstrip(";"), {}
    names = {doc: f"{doc}.xhtml" for doc in docs}
    with chromium("The EPUB") as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        page.set_content(cover)
        front = page.screenshot()
        page.close()
        for doc in docs:
            page = browser.new_page(color_scheme="light", bypass_csp=True)
            page.emulate_media(media="print")
            page.goto((site / f"{doc}.html").as_uri())
            page.evaluate(AS_PRINTED)
            page.evaluate(READY)
            if faults := page.evaluate(FAULTS):
                raise Incomplete(f"The page {doc} would be packed with faults: {'; '.join(faults[:5])}")
            got = page.evaluate(work, {"docs": names, "doc": doc, "site": site.as_uri() + "/"})
            page.close()
            out[doc] = _chapter(site, doc, got)
    return out, front


def _chapter(site: Path, doc: str, got: dict) -> Chapter:
    up, pictures = "../" * doc.count("/"), {}
    text = got["text"]
    for i, data in enumerate(got["pictures"]):
        name = f"pictures/{doc.replace('/', '-')}-{i}.png"
        pictures[name] = base64.b64decode(data.split(",")[1])
        text = text.replace(f"@picture-{i}@", up + name)
    for source in set(re.findall(r'<img [^>]*?src="([^"]+)"', text)):
        path = (site / doc).parent / source
        if path.is_file():
            name = path.resolve().relative_to(site).as_posix()
            pictures[name] = path.read_bytes()
    return Chapter(heading(site, doc), text, [tuple(s) for s in got["sections"]], pictures)


def contents(parts: list[tuple[str, list[str]]], book: dict[str, Chapter]) -> str:
    """Return the navigation document: parts, chapters, sections."""

    def entry(doc: str) -> str:
        inner = "".join(
            f'<li><a href="{doc}.xhtml#{escape(i)}">{escape(name)}</a></li>' for i, name in book[doc].sections
        )
        return f'<li><a href="{doc}.xhtml">{escape(book[doc].title)}</a>{f"<ol>{inner}</ol>" if inner else ""}</li>'

    rows = ""
    for caption, docs in parts:
        entries = "".join(entry(doc) for doc in docs)
        rows += f"<li><span>{escape(caption)}</span><ol>{entries}</ol></li>" if caption else entries
    body = f'<nav epub:type="toc" id="toc" role="doc-toc"><h1>Contents</h1><ol>{rows}</ol></nav>'
    return XHTML.format(title="Contents", up="", kind="", body=body)


def package(book: dict[str, Chapter], names: list[str], settings: dict) -> str:
    """Return the package document: what the book is, what it consists of, in which order it is read."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    now = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", datetime.now(UTC).timestamp())), UTC)
    meta = {"accessMode": ["textual", "visual"], "accessModeSufficient": ["textual"], "accessibilityFeature": FEATURES}
    meta |= {"accessibilityHazard": ["none"]}
    meta |= {"accessibilitySummary": ["Formulas are MathML; every figure has alternative text."]}
    lines = [f'<meta property="schema:{name}">{value}</meta>' for name, values in meta.items() for value in values]
    items, order = [], []
    for i, name in enumerate(names):
        chapter = book.get(name.removesuffix(".xhtml"))
        marks = [word for word in ("math", "svg") if chapter and f"<{word}" in chapter.text]
        marks = " ".join(mark.replace("math", "mathml") for mark in marks)
        marks = {"contents.xhtml": "nav", "cover.png": "cover-image"}.get(name, marks)
        extra = f' properties="{marks}"' if marks else ""
        items.append(f'<item id="i{i}" href="{name}" media-type="{MEDIA[Path(name).suffix]}"{extra}/>')
        if name.endswith(".xhtml"):
            order.append(f'<itemref idref="i{i}"/>')
    return HEAD + (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, settings["title"])}</dc:identifier>'
        f"<dc:title>{escape(settings['title'])}</dc:title><dc:creator>{escape(settings['author'])}</dc:creator>"
        f"<dc:language>en</dc:language><dc:date>{cited['date-released']}</dc:date>"
        f"<dc:description>Version {cited['version']}</dc:description><dc:rights>{cited['license']} licence</dc:rights>"
        f'<meta property="dcterms:modified">{now:%Y-%m-%dT%H:%M:%SZ}</meta>{"".join(lines)}</metadata>'
        f"<manifest>{''.join(items)}</manifest><spine>{''.join(order)}</spine></package>\n"
    )


def sheet() -> str:
    """Return the style: the book's few rules, and the colours of code."""
    from pygments.formatters import HtmlFormatter

    return (HERE / "epub.css").read_text(encoding="utf-8") + HtmlFormatter(
        style="a11y-high-contrast-light"
    ).get_style_defs(".highlight")


def make(site: Path, target: Path, docs: list[str]) -> int:
    """Write the EPUB of ``docs`` to ``target``; return its number of chapters."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    picture = (BOOK / "figures" / "family-tree.svg").read_text(encoding="utf-8")
    picture = picture[picture.index("<svg") :]
    words = {key: escape(settings[key]) for key in ("title", "author")}
    book, front = extracted(site.resolve(), docs, COVER.format(picture=picture, **words))
    files = {"cover.png": front, "book.css": sheet()}
    image = f'<img src="cover.png" alt="{words["title"]}. {words["author"]}." />'
    kind = ' epub:type="cover"'
    files["cover.xhtml"] = XHTML.format(title="Cover", up="", kind=kind, body=f"<div>{image}</div>")
    files["contents.xhtml"] = contents(parts_of(docs), book)
    for doc, chapter in book.items():
        up = "../" * doc.count("/")
        files[f"{doc}.xhtml"] = XHTML.format(title=escape(chapter.title), up=up, kind="", body=chapter.text)
        files |= chapter.pictures
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("book/package.opf", package(book, list(files), settings))
        for name, data in files.items():
            archive.writestr(f"book/{name}", data)
    require(epub_faults(target, docs, {doc: chapter.title for doc, chapter in book.items()}), target)
    return len(book)


@click.command()
@site_option
@click.option("--out", default=None, type=click.Path(path_type=Path), help="The file; left out: beside the site.")
def main(site: Path, out: Path | None) -> None:
    """Pack the built book into one EPUB."""
    docs = built_docs(site)
    target = out or site.parent / "estimating-mutual-information.epub"
    click.echo(f"{target}: {make(site, target, docs)} chapters")


if __name__ == "__main__":
    main()
