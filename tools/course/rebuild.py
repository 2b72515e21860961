"""Building each submission anew from the release: the release's cells and metadata, the student's answers.

Whatever a program did to the file (renamed, re-encoded, metadata dropped, ids changed) and whatever a student did to
the cells (deleted, copied, moved, edited), what is graded has every cell of the release exactly once and in order.
Cells that the student added stay where they are, between the same neighbours.
"""

import ast
import difflib
import re
from copy import deepcopy
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

LIKE = 0.6  # two texts that agree this far are the same cell
LONGEST = 200_000  # characters in a cell
IMAGES = {"image/png", "image/jpeg"}


@dataclass
class Rebuilt:
    """The notebook that is graded, and what is to be said about how it came about."""

    nb: NotebookNode
    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)  # grade ids whose answer is not the stub


def nbgrader(cell) -> dict:
    """Return a cell's nbgrader metadata, or nothing."""
    data = cell.metadata.get("nbgrader", {})
    return data if isinstance(data, dict) else {}


def is_solution(cell) -> bool:
    return bool(nbgrader(cell).get("solution"))


def is_locked(cell) -> bool:
    data = nbgrader(cell)
    return not data.get("solution") and bool(data.get("locked") or data.get("grade"))


def rebuild(release: NotebookNode, student: NotebookNode) -> Rebuilt:
    """Return the release with the student's answers in it."""
    place = match(release.cells, student.cells)  # student's cell -> release's cell
    out = Rebuilt(deepcopy(release))
    cells: list[NotebookNode] = []
    extra = _Extra()
    mine: dict[int, list[int]] = {}
    for s, r in place.items():
        mine.setdefault(r, []).append(s)
    added: dict[int, list[int]] = {}
    last = -1
    for s in range(len(student.cells)):
        last = place.get(s, last)
        if s not in place and student.cells[s].source.strip():
            added.setdefault(last, []).append(s)
    for s in added.get(-1, []):
        cells += extra(student.cells[s])
    for r, cell in enumerate(out.nb.cells):
        found = [student.cells[s] for s in sorted(mine.get(r, []))]
        name = nbgrader(cell).get("grade_id", "")
        if is_solution(cell):
            cells += _answer(cell, found, extra, out, name)
        elif is_locked(cell):
            cells += _locked(cell, found, extra, out, name)
        elif found:
            for other in found[:-1]:
                cells += extra(other)
            if (
                cell.cell_type == "code"
                and found[-1].cell_type == "code"
                and "colab" not in cell.metadata.get("tags", [])
            ):
                cell.source = found[-1].source[:LONGEST]
        cells.append(cell)
        for s in added.get(r, []):
            cells += extra(student.cells[s])
    out.nb.cells = cells
    return out


class _Extra:
    """Turns a student's own cell into one without metadata and with an id of its own."""

    def __init__(self):
        self.count = 0

    def __call__(self, cell: NotebookNode) -> list[NotebookNode]:
        if cell.cell_type not in ("code", "markdown") or not cell.source.strip():
            return []
        self.count += 1
        make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        return [make(cell.source[:LONGEST], id=f"own-{self.count}")]


def _answer(cell, found, extra, out: Rebuilt, name: str) -> list[NotebookNode]:
    """Fill in the answer: the last of the student's versions that is not the stub; earlier ones run before it."""
    if not found:
        out.notes.append(f"the cell {name} was missing and counts as not answered.")
        return []
    stub = cell.source.strip()
    given = [c for c in found if c.source.strip() not in ("", stub)]
    if not given:
        return []
    before = []
    for other in given[:-1]:
        if cell.cell_type == "code":
            before += extra(other)
    if len(given) > 1:
        out.notes.append(f"the cell {name} stood {len(given)} times; the last one counts.")
    cell.source = given[-1].source[:LONGEST]
    if cell.cell_type == "markdown" and len(given) > 1:
        cell.source = "\n\n".join(c.source for c in given)[:LONGEST]
    if given[-1].cell_type == "markdown" == cell.cell_type and "attachments" in given[-1]:
        kept = {k: v for k, v in given[-1].attachments.items() if isinstance(v, dict) and set(v) <= IMAGES}
        if kept:
            cell["attachments"] = kept
    out.answered.add(name)
    return before


def _locked(cell, found, extra, out: Rebuilt, name: str) -> list[NotebookNode]:
    """Keep the release's cell; statements that the student added to it run before it, without marks of their own."""
    before = []
    for other in found:
        data = nbgrader(other)
        if "points" in data and data["points"] != nbgrader(cell).get("points"):
            out.flags.append(
                f"the points of {name} were changed from {nbgrader(cell).get('points')} to {data['points']}."
            )
        if "skip-execution" in other.metadata.get("tags", []):
            out.flags.append(f"the test cell {name} was tagged to be skipped.")
        if _statements(other.source) - _statements(cell.source):
            out.notes.append(f"the locked cell {name} was edited; the original was used.")
            if cell.cell_type == "code" == other.cell_type:
                before += extra(other)
    return before


def _statements(source: str) -> set[str]:
    try:
        return {ast.unparse(node) for node in ast.parse(source).body}
    except (SyntaxError, ValueError, RecursionError):
        return {re.sub(r"\s+", "", source)}


def match(release: list, student: list) -> dict[int, int]:
    """Return which cell of the release each of the student's cells is: by grade id, id, text, name, likeness."""
    place: dict[int, int] = {}
    ids = {nbgrader(c)["grade_id"]: r for r, c in enumerate(release) if "grade_id" in nbgrader(c)}
    for s, cell in enumerate(student):
        grade_id = nbgrader(cell).get("grade_id")
        if isinstance(grade_id, str) and grade_id in ids:
            place[s] = ids[grade_id]

    def pair(same):
        taken = set(place.values())
        for r, theirs in enumerate(release):
            if r in taken:
                continue
            for s, cell in enumerate(student):
                if s not in place and same(theirs, cell):
                    place[s] = r
                    break

    pair(lambda theirs, cell: theirs.get("id") and theirs.get("id") == cell.get("id"))
    pair(lambda theirs, cell: _squeezed(theirs.source) == _squeezed(cell.source))
    pair(lambda theirs, cell: is_solution(theirs) and bool(defined(theirs.source) & defined(cell.source)))
    pair(lambda theirs, cell: theirs.cell_type == cell.cell_type and _alike(theirs.source, cell.source))
    _between(release, student, place)
    return place


def _between(release: list, student: list, place: dict[int, int]) -> None:
    """Match a written answer that nothing else finds: the one Markdown cell between the same neighbours."""
    for r, theirs in enumerate(release):
        if r in place.values() or not is_solution(theirs) or theirs.cell_type != "markdown":
            continue
        before = max((s for s, q in place.items() if q < r), default=-1)
        after = min((s for s, q in place.items() if q > r and s > before), default=len(student))
        free = [s for s in range(before + 1, after) if s not in place and student[s].source.strip()]
        if free and student[free[0]].cell_type == "markdown":
            place[free[0]] = r


def _squeezed(source: str) -> str:
    return re.sub(r"\s+", "", source)


def defined(source: str) -> set[str]:
    """Return the functions and classes that a cell defines and the names it assigns at its top level."""
    names = set(re.findall(r"^(?:def|class)\s+(\w+)", source, re.M))
    return (
        names
        or set(re.findall(r"^(\w+)\s*=\s*\.\.\.", source, re.M))
        or set(re.findall(r"^(\w+)\s*=[^=]", source, re.M))
    )


def _alike(a: str, b: str) -> bool:
    if not a.strip() or not b.strip() or len(a) + len(b) > 20_000:
        return False
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return matcher.real_quick_ratio() > LIKE and matcher.quick_ratio() > LIKE and matcher.ratio() > LIKE


def likeness(release: NotebookNode, student: NotebookNode) -> float:
    """Return how far a notebook is this release: the share of the release's cells that are found in it."""
    ids = {nbgrader(c)["grade_id"] for c in release.cells if "grade_id" in nbgrader(c)}
    theirs = {nbgrader(c).get("grade_id") for c in student.cells}
    by_id = len(ids & theirs) / len(ids) if ids else 0.0
    texts = {
        _squeezed(c.source) for c in release.cells if c.source.strip() and "colab" not in c.metadata.get("tags", [])
    }
    by_text = len(texts & {_squeezed(c.source) for c in student.cells}) / len(texts) if texts else 0.0
    return max(by_id, by_text)
