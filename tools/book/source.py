"""A chapter's one source: finding it, reading it as a notebook with stable cell ids, and taking its answers out.

chapters(ROOT)            the pages of _toc.yml, in order
read(path)                a MyST notebook as a NotebookNode, solutions and hidden tests included
without_answers(nb)       the same with stubs for every marked solution and without hidden tests
"""

import hashlib
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import jupytext
import yaml
from jupytext.myst import MystMetadataParsingError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
STUB = "# YOUR CODE HERE\n..."  # nothing in it raises: a notebook with nothing solved runs to its end
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class SourceError(Exception):
    """A mistake in the book's sources; its message is one sentence that says what to do."""


@dataclass(frozen=True)
class Page:
    """One entry of the table of contents."""

    doc: str  # path inside book/, without suffix: the page's address on the site
    number: int | None  # the chapter's number, None for pages that have none
    path: Path

    @property
    def is_notebook(self) -> bool:
        return self.doc not in GENERATED and self.path.read_text(encoding="utf-8").startswith("---\njupytext:")

    @property
    def has_notebook(self) -> bool:
        """Whether readers get a notebook of this page: not where its header says ``export: false``."""
        return self.is_notebook and "\nexport: false\n" not in self.path.read_text(encoding="utf-8").split("\n---\n")[0]


def chapters(root: Path = ROOT) -> list[Page]:
    """Return the pages named in ``_toc.yml`` in reading order, numbered as the web book numbers them."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages, number = [_page(root, toc["root"], None)], 0
    for part in toc.get("parts", []):
        for entry in part.get("chapters") or []:
            if "file" not in entry:
                continue
            if part.get("numbered"):
                number += 1
            pages.append(_page(root, entry["file"], number if part.get("numbered") else None))
    return pages


def _page(root: Path, doc: str, number: int | None) -> Page:
    path = root / "book" / f"{doc}.md"
    if path.is_file() or doc in GENERATED:
        return Page(doc, number, path)
    raise SourceError(f"_toc.yml names {doc!r}, but book/{doc}.md does not exist: write it or take the line out.")


GENERATED = {"ledger": ".md", "exercises": ".md", "api": ".rst"}  # pages that the builder writes, and in what


def read(path: Path) -> NotebookNode:
    """Read a MyST notebook; every cell gets an id that depends on nothing but the source.

    A graded cell's id is its ``grade_id``, any other's is a hash of what it says (repeated text is numbered).
    """
    try:
        nb = jupytext.read(path)
    except (ValueError, MystMetadataParsingError) as e:
        raise SourceError(f"{path.name}: {str(e).splitlines()[0]}") from e
    seen: dict[str, int] = {}
    for cell in nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        name = grade_id or hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        name = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:56]
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"
    nb.metadata = NotebookNode({"kernelspec": dict(KERNEL), "language_info": {"name": "python"}})
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def tags(cell) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def without_answers(nb: NotebookNode, practice: bool = True) -> NotebookNode:
    """Return a copy with stubs for marked solutions and without hidden tests; outputs stay.

    Parameters
    ----------
    nb : the full notebook
    practice : also take out the solutions of practice cells (the web page shows those on request)

    Raises
    ------
    SourceError
        If a region is left open or nested.
    """
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    solutions = ClearSolutions(
        code_stub={"python": STUB}, text_stub="*Write your answer here.*", enforce_metadata=False
    )
    hidden = ClearHiddenTests(enforce_metadata=False)
    nb = deepcopy(nb)
    for index, cell in enumerate(nb.cells):
        if "practice" in tags(cell) and not practice:
            cell.source = MARKER.sub("", cell.source)
            continue
        try:
            solutions.preprocess_cell(cell, {"language": "python"}, index)
            hidden.preprocess_cell(cell, {}, index)
        except RuntimeError as e:
            raise SourceError(f"Cell {cell.id!r}: {e}; it begins with {cell.source[:60]!r}.") from e
    return nb


MARKER = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*\n?", re.M)
