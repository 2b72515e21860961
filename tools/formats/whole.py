"""Whether the book in one file is whole: PDF and EPUB are read again when they are written.

pdf_faults(file, parts, titles)   lines that say what a PDF lacks; none for a good one
epub_faults(file, docs, titles)   the same for an EPUB
"""

import os
import posixpath
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import click
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

# Run in a page before it is printed: pictures that did not come, formulas that were not set.
FAULTS = r"""() => [
  ...[...document.querySelectorAll('article img')].filter(i => !i.naturalWidth).map(i => `no picture ${i.src}`),
  ...[...document.querySelectorAll('.math:not(:has(mjx-container))')].map(e => `a formula not set: ${e.textContent}`),
  ...[...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map(e => `a formula with an error: ${e.outerHTML}`),
].map(line => line.slice(0, 200))"""
# Also before: a figure stands once, in its light form, and is no link; code that only draws and the ledger's seven
# hundred kilobytes of tests stay on the web; links to what is not there become words; nothing is revealed by a click.
AS_PRINTED = r"""() => {
  document.querySelector('#the-tests-themselves')?.remove();
  for (const e of document.querySelectorAll('.mi-dark')) e.remove();
  for (const a of document.querySelectorAll('a.mi-enlarge')) a.replaceWith(...a.childNodes);
  for (const a of document.querySelectorAll('article a[href^="#"]'))
    if (!document.getElementById(decodeURIComponent(a.hash.slice(1)))) a.replaceWith(...a.childNodes);
  for (const e of document.querySelectorAll('details.hide'))  // what only draws is read where it can be run
    if (/^Show (the code|how)/.test(e.querySelector('summary .collapsed')?.textContent.trim() ?? '')) e.remove();
  for (const e of document.querySelectorAll('.mi-choices button')) e.replaceWith(...e.childNodes);
  for (const e of document.querySelectorAll('.predict summary .sd-summary-text')) e.textContent = 'The answer';
}"""
LINK = re.compile(r'<a [^>]*?href="([^":?]*)#([^"]+)"')


class Incomplete(click.ClickException):
    """The book in one file lacks something; the message says what."""


def require(faults: list[str], target: Path) -> None:
    """Raise Incomplete, and take the file away, if there are faults."""
    if faults:
        target.unlink(missing_ok=True)
        lines = "\n".join(faults[:20])
        raise Incomplete(f"{target.name} would not be whole:\n{lines}")


def anchors(site: Path, docs: list[str]) -> dict[str, set[str]]:
    """Return doc -> the places on it to which the other pages among ``docs`` refer."""
    found: dict[str, set[str]] = {doc: set() for doc in docs}
    for doc in docs:
        text = (site / f"{doc}.html").read_text(encoding="utf-8")
        for path, name in LINK.findall(text[text.index("<article") : text.index("</article>")]):
            goal = posixpath.normpath(posixpath.join(posixpath.dirname(doc), path)).removesuffix(".html")
            if path and goal in found:
                found[goal].add(unquote(name))
    return found


def words(text: str) -> str:
    """Return a text for comparison: letters and figures alone."""
    return re.sub(r"\W", "", text)


def pdf_faults(file: Path, parts: list[tuple[str, list[str]]], titles: dict[str, str], front: int = 2) -> list[str]:
    """Return what a PDF of the ``parts`` lacks: bookmarks in order, titles, numbers, fonts, goals of links."""
    reader, faults, wanted, found = PdfReader(file), [], [], []
    for caption, docs in parts:
        wanted += [(0, caption)] if caption else []
        wanted += [(1 if caption else 0, titles[doc]) for doc in docs]

    def walk(marks, depth: int) -> None:
        for mark in marks:
            if isinstance(mark, list):
                walk(mark, depth + 1)
            else:
                found.append((depth, mark.title, reader.get_destination_page_number(mark)))

    walk(reader.outline, 0)
    if [mark[:2] for mark in found] != wanted:
        faults.append(f"bookmarks are {[mark[1] for mark in found]}, not {[title for _, title in wanted]}")
    begins = [mark for mark in found if mark[:2] in wanted and mark[1] in titles.values()]
    sheets = [sheet for _, _, sheet in begins]
    if sheets != sorted(set(sheets)) or not sheets or sheets[0] != front:
        faults.append(f"chapters begin on sheets {sheets}")
    contents = " ".join(reader.pages[1].extract_text().split())
    for _, title, sheet in begins:
        text = reader.pages[sheet].extract_text()
        if words(title) not in words(text[:400]):
            faults.append(f"sheet {sheet + 1} does not begin with {title!r}")
        if not text.strip().endswith(str(sheet + 1)):
            faults.append(f"sheet {sheet + 1} bears another number")
        if not re.search(rf"{re.escape(title)}\s*{sheet + 1}\b", contents):
            faults.append(f"the contents do not say that {title!r} begins on sheet {sheet + 1}")
    return faults + _fonts(reader) + _goals(reader)


def _fonts(reader: PdfReader) -> list[str]:
    """Return the fonts that a machine without them could not show."""
    seen, bare = set(), set()

    def visit(resources: DictionaryObject) -> None:
        for value in (resources.get("/Font") or {}).values():
            font = value.get_object()
            for inner in [x.get_object() for x in font.get("/DescendantFonts", [])] or [font]:
                descriptor = (inner.get("/FontDescriptor") or DictionaryObject()).get_object()
                held = {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)
                if not held and font.get("/Subtype") != "/Type3":
                    bare.add(str(font.get("/BaseFont")))
        for value in (resources.get("/XObject") or {}).values():
            if (key := getattr(value, "idnum", id(value))) not in seen:
                seen.add(key)
                visit((value.get_object().get("/Resources") or DictionaryObject()).get_object())

    for page in reader.pages:
        visit((page.get("/Resources") or DictionaryObject()).get_object())
    return [f"the font {name} is not in the file" for name in sorted(bare)]


def _goals(reader: PdfReader) -> list[str]:
    """Return the links that lead nowhere: to a file of the machine, or to no sheet of this book."""
    sheets, faults = {page.indirect_reference.idnum for page in reader.pages}, []
    for number, page in enumerate(reader.pages, 1):
        for reference in page.get("/Annots") or []:
            link = reference.get_object()
            address, goal = urlsplit(str((link.get("/A") or {}).get("/URI", ""))), link.get("/Dest")
            inside = isinstance(goal, ArrayObject) and getattr(goal[0], "idnum", None) in sheets
            if not inside and address.scheme not in ("http", "https", "mailto"):
                faults.append(f"a link on sheet {number} leads nowhere: {address.geturl() or goal}")
    return faults


def epub_faults(file: Path, docs: list[str], titles: dict[str, str]) -> list[str]:
    """Return what an EPUB of ``docs`` lacks: chapters in order, titles, pictures, goals of links, clean formulas."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        texts = {n: archive.read(n).decode() for n in sorted(names) if n.endswith((".xhtml", ".opf"))}
    trees = {name: ElementTree.fromstring(text) for name, text in texts.items()}
    package, faults = trees.pop("book/package.opf"), []
    tag = "{http://www.idpf.org/2007/opf}"
    files = {item.get("id"): item.get("href") for item in package.iter(f"{tag}item")}
    order = [files[item.get("idref")] for item in package.iter(f"{tag}itemref")]
    if order != ["cover.xhtml", "contents.xhtml", *(f"{doc}.xhtml" for doc in docs)]:
        faults.append(f"the reading order is {order}")
    if {f"book/{name}" for name in files.values()} | {"book/package.opf"} != {
        n for n in names if n.startswith("book/")
    }:
        faults.append("the files in the archive are not those of the package document")
    html = "{http://www.w3.org/1999/xhtml}"
    listed = [a.get("href") for a in trees["book/contents.xhtml"].iter(f"{html}a")]
    if [link for link in listed if "#" not in link] != [f"{doc}.xhtml" for doc in docs]:
        faults.append(f"the contents list {listed}")
    ids = {name: {e.get("id") for e in tree.iter()} for name, tree in trees.items()}
    for doc in docs:
        head = next(trees[f"book/{doc}.xhtml"].iter(f"{html}h1"), None)
        if head is None or words("".join(head.itertext())) != words(titles[doc]):
            faults.append(f"{doc} does not begin with {titles[doc]!r}")
    for name, tree in trees.items():
        base = os.path.dirname(name)
        for element in tree.iter():
            address = element.get("href") or element.get("src") or ""
            if urlsplit(address).scheme or not address:
                continue
            path, _, place = address.partition("#")
            goal = posixpath.normpath(posixpath.join(base, unquote(path))) if path else name
            if goal not in names or (place and unquote(place) not in ids[goal]):
                faults.append(f"{name}: {address} leads nowhere")
        if "merror" in texts[name]:
            faults.append(f"{name}: a formula with an error")
    return faults
