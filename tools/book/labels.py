"""Every label of the book and the number that the web page gives it, found in the sources without running Sphinx."""

import re
from dataclasses import dataclass

from tools.book.source import Page, SourceError

EQUATION = re.compile(r"^\s*\$\$\s*\((?P<label>[\w:.-]+)\)\s*$")
TARGET = re.compile(r"^\((?P<label>[\w:.-]+)\)=\s*$")
HEADING = re.compile(r"^(?P<marks>#+)\s+(?P<title>.*?)\s*$")
PROOF = re.compile(r"^\s*(?:`{3,}|:{3,})\{prf:(?P<kind>\w+)\}\s*(?P<title>.*)$")
FIGURE = re.compile(r"^\s*(?:`{3,}|:{3,})\{(?P<kind>figure|table|list-table)\}")
OPTION = re.compile(r"^\s*:(?:label|name):\s*(?P<label>[\w:.-]+)\s*$")
CELL_NAME = re.compile(r"^\s*name:\s*(?P<label>fig-[\w:.-]+)\s*$")
FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})")


@dataclass(frozen=True)
class Label:
    """Where a label points, and the words and number that a reference to it shows."""

    name: str
    kind: str  # "equation", "theorem", …, "figure", "section", "place"
    number: str  # "7.2"; empty where the page has none
    title: str
    page: Page
    line: int

    @property
    def words(self) -> str:
        """What a reference shows: ``(7.2)``, ``Theorem 7.1``, ``Figure 7.3``, or a heading's text."""
        if self.kind == "equation":
            return f"({self.number})"
        if self.kind in ("section", "place"):
            return self.title
        return f"{self.kind.capitalize()} {self.number}".strip()


def all_labels(pages: list[Page]) -> dict[str, Label]:
    """Return every label of ``pages`` by name.

    Raises
    ------
    SourceError
        If one label stands twice.
    """
    found: dict[str, Label] = {}
    unnumbered: dict[str, int] = {}  # pages without a number share one count
    for page in pages:
        if not page.path.is_file():
            continue
        for label in _labels(page, {} if page.number else unnumbered):
            if label.name in found:
                other = found[label.name].page.doc
                raise SourceError(f"The label {label.name!r} stands twice: in book/{other}.md and book/{page.doc}.md.")
            found[label.name] = label
    return found


def _labels(page: Page, counts: dict[str, int]):
    waiting: list[tuple[str, int]] = []  # (label)= lines whose heading comes next
    block: tuple[str, str] | None = None  # a directive whose options are being read

    def number(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        return f"{page.number}.{counts[kind]}" if page.number else str(counts[kind])

    for n, line in enumerate(page.path.read_text(encoding="utf-8").splitlines(), 1):
        if m := TARGET.match(line):
            waiting.append((m["label"], n))
        elif waiting and line.strip():
            m = HEADING.match(line)
            title = m["title"] if m else waiting[0][0]
            kind = "section" if m else "place"
            own = str(page.number or "") if m and m["marks"] == "#" else ""
            yield from (Label(name, kind, own, title, page, at) for name, at in waiting)
            waiting = []
        if m := EQUATION.match(line):
            yield Label(m["label"], "equation", number("equation"), "", page, n)
        elif m := PROOF.match(line):
            block = (m["kind"], m["title"])
            if m["kind"] == "proof":
                block = None
        elif m := FIGURE.match(line):
            block = ("figure" if m["kind"] == "figure" else "table", "")
        elif m := OPTION.match(line):
            if block:
                yield Label(m["label"], block[0], number(block[0]), block[1], page, n)
                block = None
        elif m := CELL_NAME.match(line):
            yield Label(m["label"], "figure", number("figure"), "", page, n)
        elif block and not line.strip():
            number(block[0])  # it has no label, but it has a number
            block = None
        elif FENCE.match(line) and block:
            block = None
