"""The reference of `mi_lab`: a page made from its docstrings by Sphinx's autodoc, tied to the chapters both ways.

page(PAGES)        the page of the book, reStructuredText: every public name, its equation, where the book uses it
links(page)        the lines at a chapter's end that lead to these names
setup(app)         what Sphinx needs; docstrings become reStructuredText whose names, labels and sources are links
"""

import ast
import re
from functools import cache

from tools.book.export import bibliography
from tools.book.labels import all_labels
from tools.book.settings import repository
from tools.book.source import ROOT, Page, chapters

IMPORT = re.compile(r"^\s*from mi_lab(?:\.\w+)* import ([^(\n]+|\([^)]*\))", re.M)
DOTTED = re.compile(r"\bmi_lab\.(?:\w+\.)*(\w+)")
TICKED = re.compile(r"(?<![`}])`(\w+)(?:\([^`\n]*\))?`(?!`)")
CHAPTER = re.compile(r"\bchapters? ((?:\d+(?:, | and )?)+)")
LABEL = re.compile(r"\b((?:eq|thm|prop|lem|cor|def)-[a-z][a-z0-9-]*)\b")
SPAN = re.compile(r":[a-z:]+:`[^`]+`|(`{1,2})([^`\n]+)\1(?!`)")  # a role is left alone
KEY = re.compile(r"(?<![\w`:])([a-z]+(?:19|20)\d\d[a-z]*)\b")
BAR = re.compile(r":[a-z:]+:`[^`]+`|``[^`]+``|\|")  # a bar is an absolute value, no substitution


@cache
def public() -> dict[str, list[str]]:
    """Return module -> the public names it holds, as the package's root lists them."""
    from mi_lab import _HOME  # which imports nothing heavy

    return {module: names.split() for module, names in _HOME.items()}


@cache
def book_labels() -> dict:
    """Return every label of the book."""
    return all_labels(chapters())


@cache
def places() -> dict[str, tuple[str, ast.AST, str]]:
    """Return public name -> (file, its definition, the docstring of the module it is defined in)."""
    names, found = {name for group in public().values() for name in group}, {}
    for path in sorted((ROOT / "mi_lab").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            targets = [node] if isinstance(node, ast.ClassDef | ast.FunctionDef) else getattr(node, "targets", [])
            targets = targets or ([node.target] if isinstance(node, ast.AnnAssign) else [])
            for target in targets:
                name = getattr(target, "name", getattr(target, "id", None))
                if name in names and name not in found:
                    after = tree.body[tree.body.index(node) + 1 :][:1]  # the string under a constant documents it
                    text = after[0] if after and isinstance(after[0], ast.Expr) else None
                    node.said = text.value.value if text and isinstance(text.value, ast.Constant) else ""
                    found[name] = path.relative_to(ROOT).as_posix(), node, ast.get_docstring(tree) or ""
    return found


def docstring(name: str) -> str:
    """Return what a public name says of itself."""
    node = places()[name][1]
    return node.said if isinstance(node, ast.Assign | ast.AnnAssign) else ast.get_docstring(node) or ""


@cache
def used(page: Page) -> list[str]:
    """Return the public names that a page imports, calls or speaks of, in the order in which they come up."""
    text = page.path.read_text(encoding="utf-8")
    at: dict[str, int] = {}
    for pattern in (IMPORT, DOTTED, TICKED):
        for match in pattern.finditer(text):
            for name in re.findall(r"\w+", match[1]):
                at[name] = min(at.get(name, match.start()), match.start())
    return [name for name in sorted(at, key=at.get) if name in places()]


def links(page: Page) -> str:
    """Return the end of a chapter: the names of `mi_lab` that it uses, each a link to the reference."""
    names = ", ".join(f"{{py:obj}}`{name} <mi_lab.{name}>`" for name in used(page))
    return f":::{{admonition}} From the package\n:class: from-the-package\n{names}.\n:::" if names else ""


def told(name: str, pages: list[Page]) -> list[Page]:
    """Return the pages to read on in: those that a docstring names, or whose labels it names, then those that use it.

    Where there are none, the chapters that the module names.
    """
    labels = book_labels()
    homes = [labels[label].page.number for label in LABEL.findall(docstring(name))]
    homes += _numbers(docstring(name))
    users = [page for page in pages if page.path.is_file() and name in used(page)]
    if not homes and not users:
        homes = _numbers(places()[name][2])
    home = [page for page in pages if page.number in homes]
    return home + [page for page in users if page not in home]


def _numbers(text: str) -> list[int]:
    return [int(n) for m in CHAPTER.findall(text) for n in re.findall(r"\d+", m)]


def page(pages: list[Page] | None = None) -> str:
    """Return the reference as reStructuredText."""
    pages = [p for p in pages or chapters() if p.doc not in ("index", "notation")]
    lines = [HEAD]
    for module in [*TITLES, *(m for m in public() if m not in TITLES)]:
        title = TITLES.get(module, module.capitalize())
        lines += [title, "-" * len(title), ""]
        for name in public().get(module, []):
            lines += entry(name, pages)
    return "\n".join(lines)


def entry(name: str, pages: list[Page]) -> list[str]:
    """Return one name's lines: the directive that fetches its docstring, and where to read on."""
    file, node, _ = places()[name]
    kind = {ast.ClassDef: "class", ast.FunctionDef: "function"}.get(type(node), "data")
    text = docstring(name)
    lines = [f".. auto{kind}:: mi_lab.{name}" if kind != "data" else f".. py:data:: mi_lab.{name}", ""]
    if kind == "data":
        lines += [f"   {line}" for line in [*linked(text.splitlines()), ""]]
    for label in [label for label in LABEL.findall(text) if label.startswith("eq-")][:1]:
        # a comment: when the equation changes so does this page, and Sphinx reads it again
        lines += [f"   .. the equation {' '.join(equation(label).split())}", ""]
    where = [f":doc:`{_words(p)} </{p.doc}>`" for p in told(name, pages)]
    where = [f"Read on: {', '.join(where)}."] if where else []
    lines += [f"   {' '.join([*where, source(file, node.lineno)])}", ""]
    if kind == "class":
        for method in methods(name, pages):
            lines += [f"   .. automethod:: mi_lab.{name}.{method}", ""]
    return lines


@cache
def classes() -> dict[str, ast.ClassDef]:
    """Return name -> the definition of every class of the package."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "mi_lab").rglob("*.py"))]
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


def methods(name: str, pages: list[Page]) -> list[str]:
    """Return the methods of a class, inherited ones too, that say their parameters or that the book's pages call."""
    said: dict[str, str] = {}
    line = [name]
    for cls in line:  # which grows by the bases, nearest first
        node = classes().get(cls)
        for item in node.body if node else []:
            if isinstance(item, ast.FunctionDef) and not any("property" in ast.unparse(d) for d in item.decorator_list):
                said.setdefault(item.name, ast.get_docstring(item) or "")
        line += [base.id for base in (node.bases if node else []) if isinstance(base, ast.Name)]
    called = set().union(*(calls(page) for page in pages)) - {*dir(str), *dir(dict)}  # those are most likely another's
    return sorted(m for m, text in said.items() if m[0] != "_" and text and (m in called or "---" in text))


@cache
def calls(page: Page) -> set[str]:
    """Return the names of methods that a page's text calls."""
    text = page.path.read_text(encoding="utf-8") if page.path.is_file() else ""
    return set(re.findall(r"\.(\w+)\(", text))


@cache
def equation(label: str) -> str:
    """Return the LaTeX of a labelled equation of the book."""
    text = book_labels()[label].page.path.read_text(encoding="utf-8")
    end = text.index(f"$$ ({label})")
    return text[text.rindex("$$", 0, end) + 2 : end].strip()


def source(file: str, line: int) -> str:
    """Return a link to the line in the repository; the place in words while no repository is set."""
    url, branch = repository()
    return f"`Source <{url}/blob/{branch}/{file}#L{line}>`__." if url else f"Source: ``{file}``."


def linked(lines: list[str]) -> list[str]:
    """Return a docstring's lines with the names, labels, sources and chapters in them made into roles."""
    numbered = {p.number: p for p in chapters() if p.number}

    def span(m: re.Match) -> str:
        if not m[1]:
            return m[0]
        word = m[2].split("(")[0]
        if LABEL.fullmatch(word):
            return f":eq:`{word}`" if word.startswith("eq-") else f":prf:ref:`{word}`"
        return f":py:obj:`~mi_lab.{word}`" if word in places() else f"``{m[2]}``"

    def chapter(m: re.Match) -> str:
        return re.sub(
            r"\d+", lambda n: f":doc:`{n[0]} </{numbered[int(n[0])].doc}>`" if int(n[0]) in numbered else n[0], m[0]
        )

    text = SPAN.sub(span, "\n".join(lines))
    text = KEY.sub(lambda m: f":cite:t:`{m[1]}`" if m[1] in bibliography() else m[0], text)
    text = BAR.sub(lambda m: r"\|" if m[0] == "|" else m[0], text)
    return CHAPTER.sub(chapter, text).split("\n")


def _words(page: Page) -> str:
    return f"chapter {page.number}" if page.number else page.path.stem.replace("-", " ")


def process(app, what, name, obj, options, lines) -> None:
    """Set the equation that a docstring names under its first line, and make links of what else it names."""
    text = "\n".join(lines)
    named = [label for label in LABEL.findall(text) if label.startswith("eq-")]
    after = lines.index("") if "" in lines else len(lines)
    lines[:] = linked(lines)
    if named and ".. math::" not in text:
        latex = equation(named[0])
        lines[after:after] = ["", ".. math::", "", *(f"   {line}" for line in latex.splitlines()), ""]


def setup(app):
    """Connect the above to Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-docstring", process, priority=100)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}


TITLES = {
    "frontdoor": "The front door",
    "estimates": "What comes back",
    "samples": "Samples",
    "tables.kinds": "Kinds of columns",
    "tables.significance": "More than chance?",
    "tables.lags": "Series",
    "laws": "Laws with a known answer",
    "arenas": "The arena",
    "counting": "Counting",
    "references": "References",
    "critics": "Critics",
    "normalisers": "Normalisers beside a critic",
    "objectives": "Objectives",
    "objectives.formulas": "The objectives' formulas",
    "objectives.pairs": "Formulas on all pairs of a batch",
    "generative": "Density models, and estimators made of them",
    "gradients": "Gradients without values",
    "bottleneck": "The information bottleneck",
    "trainers": "Trainers",
    "tables.pairwise": "Tables: all pairs of columns",
    "large": "Tables that do not fit",
    "large.counting": "Tables that do not fit: counts that add up",
    "tables.rank": "Tables: which columns tell most",
    "sklearn": "A step of a scikit-learn pipeline",
    "parallel": "Many tasks on many cores",
    "teaching.sliders": "Explorers",
    "teaching.checks": "Exercises",
    "teaching.curves": "Long runs",
    "teaching.pages": "Pages",
}

HEAD = """.. _api:

The package
===========

Everything that ``import mi_lab`` offers, from samples to an estimate.
Each entry shows its formula, names the chapters to read on in, and is what those chapters' own code calls.
All information is in nats.

"""
