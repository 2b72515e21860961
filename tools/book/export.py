"""`python -m tools.book.export`: book/**.md -> notebooks/**.ipynb, the same bytes each time.

jupytext reads the MyST notebook; what is done here is only what no library does: directives, roles and macros become
Markdown and LaTeX that any notebook shows, solutions become stubs, and a first cell makes the notebook run on Colab.
"""

import base64
import re
import textwrap
from functools import cache
from pathlib import Path

import click
import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.book.labels import Label, all_labels
from tools.book.macros import expand, macros
from tools.book.settings import repository, site
from tools.book.source import ROOT, Page, SourceError, chapters, read, tags, without_answers

FENCE = re.compile(
    r"^(?P<indent>\s*)(?P<fence>`{3,}|~{3,}|:{3,})(?:\{(?P<name>[\w:-]+)\}|(?P<code>\S*))\s*(?P<title>.*?)\s*$"
)
ROLE = re.compile(r"\{(?P<role>[a-z][\w:.-]*)\}`(?P<text>[^`]+)`")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:.*?)(?<!`)\1(?!`)", re.S)
TITLED = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^>]+)>$", re.S)
PLAIN = {"note", "tip", "warning", "important", "seealso", "caution", "hint", "attention"}
KEPT_METADATA = ("nbgrader", "tags", "slideshow")


class Exporter:
    """Turns one page's MyST into plain Markdown; knows the labels of the whole book and the bibliography."""

    def __init__(self, page: Page, labels: dict[str, Label]):
        self.page, self.labels = page, labels
        self.cited: list[str] = []
        self.attachments: dict[str, dict] = {}

    # ---- blocks ----

    def markdown(self, text: str) -> str:
        """Return ``text`` with every directive, role, target, comment and macro replaced."""
        lines, out, i = text.split("\n"), [], 0
        while i < len(lines):
            line = lines[i]
            fence = FENCE.match(line)
            if fence and (fence["name"] or fence["code"] or fence["fence"][0] in "`~"):
                end = self._closing(lines, i, fence["fence"])
                body = lines[i + 1 : end]
                if fence["name"]:
                    out.append(self._directive(fence["name"], fence["title"], body))
                else:
                    out.extend(lines[i : end + 1])
                i = end + 1
                continue
            if line.strip().startswith("$$"):
                end = i
                while not (lines[end].strip().startswith("$$") and (end > i or lines[end].strip().count("$$") == 2)):
                    end += 1
                    if end == len(lines):
                        raise SourceError(f"book/{self.page.doc}.md: a $$ block is not closed: {line!r}")
                out.append(self._display("\n".join(lines[i : end + 1])))
                i = end + 1
                continue
            if m := re.match(r"^\(([\w:.-]+)\)=\s*$", line):
                out.append(f'<a id="{m[1]}"></a>\n')
            elif not line.startswith("% ") and line != "%":
                out.append(line)
            i += 1
        return self._inline("\n".join(out)).strip("\n")

    def _closing(self, lines: list[str], start: int, fence: str) -> int:
        for j in range(start + 1, len(lines)):
            bare = lines[j].strip()
            if set(bare) == {fence[0]} and len(bare) >= len(fence):
                return j
        raise SourceError(f"book/{self.page.doc}.md: the block {lines[start]!r} is not closed.")

    def _display(self, block: str) -> str:
        m = re.match(r"^\s*\$\$(?P<math>.*?)\$\$\s*(?:\((?P<label>[\w:.-]+)\))?\s*$", block, re.S)
        if not m:
            raise SourceError(f"book/{self.page.doc}.md: cannot read the equation {block!r}")
        tag = f"\\tag{{{self._label(m['label']).number}}}\n" if m["label"] else ""
        anchor = f'<a id="{m["label"]}"></a>\n\n' if m["label"] else ""
        return f"{anchor}$$\n{textwrap.dedent(m['math'].strip(chr(10))).strip()}\n{tag}$$"

    def _directive(self, name: str, title: str, body: list[str]) -> str:
        options, body = self._options(body)
        text = self.markdown(textwrap.dedent("\n".join(body)))
        if name.startswith("prf:"):
            kind = name.removeprefix("prf:")
            head = kind.capitalize() if kind == "proof" else self._label(options.get("label")).words
            anchor = f'<a id="{options["label"]}"></a>\n\n' if "label" in options else ""
            return f"{anchor}**{head}{f' ({title})' if title else ''}.** {text}\n"
        if name == "dropdown":
            if re.match(r"(solution|answer|lösung)", title, re.I):
                return f"*{title}: {self._on_the_web('on the web page')}.*\n"
            if title == "Reveal":  # what was to be guessed first stays folded
                return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>\n"
            return f"**{title.rstrip('.')}.** {text}\n"
        if name == "admonition":
            return f"**{title}**\n\n{text}\n"
        if name in PLAIN:
            return f"**{title or name.capitalize()}.** {text}\n"
        if name == "math":
            return self._display(
                "$$\n" + "\n".join(body) + "\n$$" + (f" ({options['label']})" if "label" in options else "")
            )
        if name in ("figure", "image"):
            return self._figure(title, options, text)
        if name in ("only-html", "bibliography", "raw"):
            return ""
        raise SourceError(
            f"book/{self.page.doc}.md: the exporter does not know the directive {{{name}}}; teach tools/book/export.py."
        )

    def _options(self, body: list[str]) -> tuple[dict[str, str], list[str]]:
        options = {}
        if body and body[0].strip() == "---":
            end = next(j for j in range(1, len(body)) if body[j].strip() == "---")
            return yaml.safe_load("\n".join(body[1:end])) or {}, body[end + 1 :]
        while body and (m := re.match(r"^\s*:([\w-]+):\s*(.*)$", body[0])):
            options[m[1]] = m[2].strip()
            body = body[1:]
        return options, body

    def _figure(self, source: str, options: dict, caption: str) -> str:
        path = (self.page.path.parent / source).resolve()
        if not path.is_file():
            raise SourceError(f"book/{self.page.doc}.md: the figure {source!r} does not exist.")
        alt = options.get("alt", "")
        if not alt:
            raise SourceError(f"book/{self.page.doc}.md: the figure {source!r} has no :alt: text.")
        mime = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}[path.suffix]
        self.attachments[path.name] = {mime: base64.b64encode(path.read_bytes()).decode()}
        name = options.get("name")
        head = f"**{self._label(name).words}.** " if name else ""
        anchor = f'<a id="{name}"></a>\n\n' if name else ""
        return f"{anchor}![{alt}](attachment:{path.name})\n\n{head}{caption}\n"

    # ---- within a line ----

    def _inline(self, text: str) -> str:
        """Replace roles and macros outside code; MyST's own marks vanish."""
        text = ROLE.sub(self._role, text)
        text = re.sub(r"\[([^\]]*)\]\(#([\w:.-]+)\)", lambda m: self._reference(m[2], m[1]), text)
        pieces, last = [], 0
        for m in re.finditer(r"(?m)^(```|~~~)[^\n]*\n.*?^\1|" + CODE_SPAN.pattern.replace(r"\1", r"\2"), text, re.S):
            pieces += [expand(text[last : m.start()], macros()), m[0]]
            last = m.end()
        return "".join([*pieces, expand(text[last:], macros())])

    def _role(self, m: re.Match) -> str:
        role, text = m["role"], m["text"]
        if role.startswith("cite"):
            return self._cite(role, text)
        if role in ("eq", "ref", "numref", "prf:ref", "doc"):
            titled = TITLED.match(text)
            target, words = (titled["target"], titled["text"]) if titled else (text, "")
            return self._page_link(target, words) if role == "doc" else self._reference(target, words)
        if role == "glue:text" or role == "glue":
            return f"`{text.split(':')[0]}`"
        if role == "math":
            return f"${text}$"
        if role == "term":
            titled = TITLED.match(text)
            return titled["text"] if titled else text
        if role in ("abbr", "index", "sub", "sup", "kbd"):
            return text
        raise SourceError(
            f"book/{self.page.doc}.md: the exporter does not know the role {{{role}}}; teach tools/book/export.py."
        )

    def _label(self, name: str | None) -> Label:
        if name not in self.labels:
            raise SourceError(f"book/{self.page.doc}.md: a reference goes to {name!r}, which no page defines.")
        return self.labels[name]

    def _reference(self, name: str, words: str) -> str:
        label = self._label(name)
        words = re.sub(r"%s|\{number\}", label.number, words) if words else label.words
        if label.page.doc == self.page.doc:
            return f"[{words}](#{name})"
        where = f" in chapter {label.page.number}" if label.page.number and label.kind != "section" else ""
        return _web_link(label.page.doc, f"{words}{where}", self._anchor(label))

    @staticmethod
    def _anchor(label: Label) -> str:
        return f"equation-{label.name}" if label.kind == "equation" else label.name

    def _page_link(self, target: str, words: str) -> str:
        start = ROOT / "book" if target.startswith("/") else self.page.path.parent
        doc = (start / target.lstrip("/")).resolve().relative_to(ROOT / "book").as_posix()
        page = next((p for p in chapters() if p.doc == doc), None)
        if page is None:
            raise SourceError(f"book/{self.page.doc}.md: {{doc}} goes to {target!r}, which is not in _toc.yml.")
        return _web_link(doc, words or _heading(page), "")

    def _on_the_web(self, words: str) -> str:
        return _web_link(self.page.doc, words, "")

    def _cite(self, role: str, keys: str) -> str:
        shown = []
        for key in (k.strip() for k in keys.split(",")):
            if key not in bibliography():
                raise SourceError(f"book/{self.page.doc}.md: {key!r} is cited, but is not in references.bib.")
            self.cited += [key] * (key not in self.cited)
            names, year = authors(key)
            shown.append(f"{names} ({year})" if role.startswith("cite:t") else f"{names}, {year}")
        return ", ".join(shown) if role.startswith("cite:t") else f"({'; '.join(shown)})"


def _heading(page: Page) -> str:
    return next(
        line[2:].strip() for line in page.path.read_text(encoding="utf-8").splitlines() if line.startswith("# ")
    )


def _web_link(doc: str, words: str, anchor: str) -> str:
    return f"[{words}]({site()}/{doc}.html{'#' + anchor if anchor else ''})" if site() else words


@cache
def bibliography():
    """Return references.bib as pybtex reads it."""
    from pybtex.database import parse_file

    return parse_file(str(ROOT / "references.bib")).entries


def authors(key: str) -> tuple[str, str]:
    """Return ("Belghazi et al.", "2018") for a key."""
    from pylatexenc.latex2text import LatexNodes2Text

    entry = bibliography()[key]
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [LatexNodes2Text().latex_to_text(" ".join(p.prelast_names + p.last_names)) for p in people]
    joined = names[0] + " et al." if len(names) > 2 else " and ".join(names)
    return joined, entry.fields.get("year", "n.d.")


def reference_list(keys: list[str]) -> str:
    """Return the cited works as a Markdown list, formatted by pybtex."""
    from pybtex.database import BibliographyData
    from pybtex.plugin import find_plugin

    data = BibliographyData({key: bibliography()[key] for key in keys})
    formatted = find_plugin("pybtex.style.formatting", "plain")().format_bibliography(data)
    backend = find_plugin("pybtex.backends", "markdown")()
    return "\n".join(f"- {entry.text.render(backend)}" for entry in sorted(formatted, key=lambda e: keys.index(e.key)))


def first_cell() -> str:
    """Return the code that makes a notebook run on Colab and does nothing elsewhere."""
    url, branch = repository()
    target = f"git+{url}.git@{branch}" if url else ""
    return textwrap.dedent(f'''\
        # On Colab, install mi_lab (the torch and numpy that are there stay); anywhere else this cell does nothing.
        import sys

        MI_LAB = "{target}"  # set once, as repository.url in _config.yml
        if "google.colab" in sys.modules:
            import importlib.util
            import subprocess

            if importlib.util.find_spec("mi_lab") is None:
                if not MI_LAB:
                    raise SystemExit("Set repository.url in _config.yml, run `make notebooks`, or install a wheel.")
                subprocess.run([sys.executable, "-m", "pip", "install", "-q", MI_LAB], check=True)''')


def export(page: Page, labels: dict[str, Label]) -> str:
    """Return the text of the reader's notebook for ``page``."""
    return nbformat.writes(plain(page, labels, without_answers(read(page.path))), indent=1) + "\n"


def plain(page: Page, labels: dict[str, Label], nb):
    """Return ``nb``, read from ``page``, as a notebook that any program shows: plain Markdown, no outputs."""
    exporter = Exporter(page, labels)
    cells = [new_code_cell(first_cell(), id="colab", metadata={"tags": ["colab"]})]
    for cell in nb.cells:
        if "page-only" in tags(cell):
            continue
        cell.metadata = {k: cell.metadata[k] for k in KEPT_METADATA if k in cell.metadata}
        if cell.cell_type == "markdown":
            exporter.attachments = {}
            cell.source = exporter.markdown(cell.source)
            if exporter.attachments:
                cell["attachments"] = exporter.attachments
            if not cell.source and "nbgrader" not in cell.metadata:
                continue
        else:
            cell.outputs, cell.execution_count = [], None
        cells.append(cell)
    if exporter.cited:
        cells.append(new_markdown_cell(f"## References\n\n{reference_list(exporter.cited)}", id="references"))
    nb.cells = cells
    nbformat.validate(nb)
    return nb


def outputs(folder: Path) -> dict[Path, str]:
    """Return file -> text for every notebook of the book, were it written to ``folder``."""
    pages = chapters()
    labels = all_labels(pages)
    return {folder / f"{page.doc}.ipynb": export(page, labels) for page in pages if page.has_notebook}


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a notebook is not what its chapter gives.")
def main(check: bool) -> None:
    """Write notebooks/**.ipynb from book/**.md."""
    try:
        wanted = outputs(ROOT / "notebooks")
    except SourceError as e:
        raise click.ClickException(str(e)) from e
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    left = set((ROOT / "notebooks").rglob("*.ipynb")) - set(wanted)
    left = {p for p in left if ".ipynb_checkpoints" not in p.parts}
    if check:
        if stale:
            names = ", ".join(str(p.relative_to(ROOT)) for p in stale)
            raise click.ClickException(f"{names} is not what its chapter gives: run `make notebooks` and commit.")
        return
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    for path in sorted(left):
        click.echo(f"{path.relative_to(ROOT)} comes from no chapter; it is left as it is.")
    click.echo(f"{len(wanted)} notebooks, {len(stale)} of them new.")


if __name__ == "__main__":
    main()
