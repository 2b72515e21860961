"""Names and symbols that the search finds although no page spells them so: book/search.yml goes into the built index.

Called by tools.book.sphinx_ext when Sphinx has written a site; running it twice changes nothing.
"""

import json
from pathlib import Path

import yaml

from tools.book.export import Exporter
from tools.book.labels import all_labels
from tools.book.source import BOOK, SourceError, chapters

HEAD, TAIL = "Search.setIndex(", ")"


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
    path.write_text(f"{HEAD}{json.dumps(index, ensure_ascii=False, separators=(',', ':'))}{TAIL}", encoding="utf-8")
