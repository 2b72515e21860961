"""Names and symbols that the search finds although no page spells them so: book/search.yml goes into the built index.

Called by tools.book.sphinx_ext: `formula_words` while Sphinx reads, `add_terms` when it has written a site; running
that twice changes nothing. What the browser does is in book/_static/find.js.
"""

import json
import re
import unicodedata
from contextlib import contextmanager
from pathlib import Path

import yaml

from tools.book.export import Exporter
from tools.book.labels import all_labels
from tools.book.macros import expand, macros
from tools.book.source import BOOK, SourceError, chapters

HEAD, TAIL = "Search.setIndex(", ")"
# ρ -> rho: the letter as pages write it, its name as formulas do; a reader types either
GREEK = {chr(c): unicodedata.name(chr(c)).split()[-1].lower() for c in range(0x3B1, 0x3CA) if c != 0x3C2}
GREEK["λ"] = "lambda"  # Unicode writes lamda
FUNCTIONS = {"log", "exp", "sup", "inf", "max", "min", "arg", "lim", "tanh", "det"}
LAYOUT = re.compile(r"\\(?:begin|end)\{[a-z*]+\}|\\(?:big|Big|left|right|middle)(?![a-z])[lrm]?")


def formula_words(tex: str) -> list[str]:
    r"""Return the words of a formula that a reader may search for: letters, their names, functions, words in it.

    >>> formula_words(r"\\E\\log\\frac{\\rho}{2}\\text{ for all }x")
    ['E', 'log', 'rho', '2', 'for', 'all', 'x']
    """
    known = FUNCTIONS | set(GREEK.values())
    text = LAYOUT.sub(" ", expand(tex, macros()))
    text = re.sub(r"\\([A-Za-z]+)", lambda m: f" {m[1]} " if m[1] in known else " ", text)
    return re.findall(r"[^\W_]+", text)


def collect_formulas() -> None:
    """Let Sphinx put a formula's words into its index in place of raw TeX, where "left" and "frac" are words."""
    from sphinx.search import IndexBuilder

    if hasattr(IndexBuilder, "_plain_collector"):
        return
    IndexBuilder._plain_collector = IndexBuilder._word_collector

    def _word_collector(self, doctree):
        with _in_words(doctree):
            return self._plain_collector(doctree)

    IndexBuilder._word_collector = _word_collector


@contextmanager
def _in_words(doctree):
    """Let formulas hold their words inside the block; those in titles stay TeX, which the results' page sets."""
    from docutils import nodes

    kept = []
    for math in doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block)):
        above = math.parent
        while above is not None and not isinstance(above, nodes.title):
            above = above.parent
        if above is None:
            kept.append((math, math.children))
    try:
        for math, _ in kept:
            math.children = [nodes.Text(" ".join(formula_words(math.astext())))]
        yield
    finally:
        for math, children in kept:
            math.children = children


def terms() -> dict[str, list[str]]:
    """Return label -> what else its place is called."""
    return yaml.safe_load((BOOK / "search.yml").read_text(encoding="utf-8"))


def add_terms(site: Path) -> None:
    """Add the terms to the search index of ``site``, each with the place that it leads to.

    Raises
    ------
    SourceError
        If a label stands nowhere in the book.
    """
    path, labels = site / "searchindex.js", all_labels(chapters())
    index = json.loads(path.read_text(encoding="utf-8").strip().removeprefix(HEAD).removesuffix(TAIL))
    number = {doc: n for n, doc in enumerate(index["docnames"])}
    for name, words in terms().items():
        if name not in labels:
            raise SourceError(f"book/search.yml names {name!r}, which is no label of the book.")
        place = [number[labels[name].page.doc], Exporter._anchor(labels[name]), True]
        for word in words:
            entry = index["indexentries"].setdefault(word.lower(), [])
            if place not in entry:
                entry.append(place)
    for letter, name in GREEK.items():
        pages = set()
        for word in (letter, name):
            at = index["terms"].get(word, [])
            pages |= set(at if isinstance(at, list) else [at])
        if pages:
            index["terms"] |= {word: sorted(pages) for word in (letter, name)}
    index["greek"] = GREEK
    path.write_text(f"{HEAD}{json.dumps(index, ensure_ascii=False, separators=(',', ':'))}{TAIL}", encoding="utf-8")
