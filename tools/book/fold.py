"""Which code a reader sees on a page: the estimator's lines stay, what draws folds away, `glue` is never seen.

A cell is cut at its first statement that draws; the rest, with all the outputs, becomes a folded cell of its own.
Everything before a page's first picture folds as well, unless it is a line or three. A cell tagged ``show-input`` is
left alone. The notebooks keep whole cells.
"""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy

from nbformat import NotebookNode

from tools.book.source import tags

CANVAS = {"ax", "axes", "fig", "plt", "plots"}  # what pictures are called; the first is found by what makes it
MAKERS = {"subplots", "Figure", "subplot_mosaic", "add_subplot", "figure", "twinx", "gca"}
PLUMBING = {"matplotlib", "mi_lab.plots"}
QUIET = {"use_style"}
HIDING = {"hide-input", "remove-input", "hide-cell", "remove-cell", "practice"}
SHORT = 3  # so many lines need no folding
PROMPTS = {
    "picture": ("Show the code of this picture", "Hide the code of this picture"),
    "numbers": ("Show how these numbers are computed", "Hide how these numbers are computed"),
}


def fold(nb: NotebookNode) -> NotebookNode:
    """Return a page's notebook with its cells cut and folded."""
    plotters, cells = _plotters(nb), []
    for cell in nb.cells:
        plain = cell.cell_type == "code" and not (HIDING | {"show-input"}) & set(tags(cell)) and cell.source.strip()
        cells += _cut(cell, plotters) if plain else [cell]
    nb.cells = cells
    _before_the_first_picture(nb)
    nb.cells = _together(nb.cells)
    return nb


def visible_lines(nb: NotebookNode) -> list[str]:
    """Return the lines of code that stand open on a page, without empty ones."""
    shown = [cell for cell in nb.cells if cell.cell_type == "code" and not HIDING & set(tags(cell))]
    return [line for cell in shown for line in cell.source.splitlines() if line.strip()]


def is_picture(cell: NotebookNode) -> bool:
    """Tell whether a cell shows a figure or an explorer."""
    data = [output.get("data", {}) for output in cell.get("outputs", [])]
    return any("mi-explorer" in "".join(d.get("text/html", "")) or any("image/" in k for k in d) for d in data)


def _plotters(nb: NotebookNode) -> set[str]:
    """Return the functions that a page has from mi_lab.plots, and its own that draw."""
    names: set[str] = set()
    for cell in nb.cells:
        for node in _statements(cell):
            if isinstance(node, ast.ImportFrom) and node.module == "mi_lab.plots":
                names |= {alias.asname or alias.name for alias in node.names}
            if isinstance(node, ast.FunctionDef) and _draws(node, names):
                names.add(node.name)
    return names - QUIET


def _statements(cell: NotebookNode) -> list[ast.stmt]:
    """Return a cell's statements; none where it is no plain Python."""
    try:
        return ast.parse(cell.source).body if cell.cell_type == "code" else []
    except SyntaxError:
        return []


def _calls(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (first name, last name) of everything that is called: ``ax.set(…)`` gives ("ax", "set")."""
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        f, last = call.func, ""
        while isinstance(f, ast.Attribute | ast.Subscript | ast.Call):
            last = last or (f.attr if isinstance(f, ast.Attribute) else "")
            f = f.func if isinstance(f, ast.Call) else f.value
        if isinstance(f, ast.Name):
            yield f.id, last or f.id


def _draws(node: ast.stmt, plotters: set[str], canvas: frozenset[str] | set[str] = frozenset(CANVAS)) -> bool:
    return any((a in canvas or a in plotters or b in MAKERS) and b not in QUIET for a, b in _calls(node))


def _is_glue(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and any(b == "glue" for _, b in _calls(node))


def _is_plumbing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        return all(m and (m in PLUMBING or m.split(".")[0] in PLUMBING) for m in modules)
    return isinstance(node, ast.Expr) and any(a in QUIET for a, _ in _calls(node))


def _cut(cell: NotebookNode, plotters: set[str]) -> list[NotebookNode]:
    """Return the pieces of one cell."""
    body = _statements(cell)
    if not body:
        return [cell]
    picture = next((k for k, node in enumerate(body) if _draws(node, plotters)), len(body))
    lead = [node for node in body[:picture] if not _is_glue(node) and not _is_plumbing(node)]
    lines = cell.source.splitlines()
    spans = _spans(body)
    if picture < len(body):
        moved = [node for node in body[:picture] if _is_plumbing(node)] + body[picture:]
        defines = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in lead)
        seen = _text(lines, [spans[node] for node in lead])
        if not defines and len([line for line in seen.splitlines() if line.strip()]) < SHORT:
            cell.source = _text(lines, [spans[node] for node in body if not _is_glue(node)])
            return [_folded(cell, "picture")]
        rest = deepcopy(cell)
        rest.source = _text(lines, [spans[node] for node in moved if not _is_glue(node)])
        rest.id = f"{cell.id[:50]}-draws"
        if rest.metadata.get("slideshow", {}).get("slide_type") in ("slide", "subslide"):
            del rest.metadata["slideshow"]  # the first half has begun it
        cell.source, cell.outputs = _without_names(seen), []
        cell.metadata.pop("mystnb", None)
        return [cell, _folded(rest, "picture")]
    glued = [node for node in body if _is_glue(node)]
    if glued:
        kept = [node for node in body if node not in glued]
        seen = _without_names(_text(lines, [spans[node] for node in kept]))
        only_sets = all(isinstance(node, ast.Assign) for node in kept)  # an import introduces something
        if not seen or (only_sets and len([line for line in seen.splitlines() if line.strip()]) <= SHORT):
            return [_folded(cell, "numbers")]
        cell.source = seen
    cell.source = _without_names(cell.source)
    return [cell]


def _spans(body: list[ast.stmt]) -> dict[ast.stmt, tuple[int, int]]:
    """Return where each statement stands, the comments above it and what follows on its last line included."""
    spans, last = {}, 0
    for node in body:
        spans[node] = (min(last, node.lineno - 1), node.end_lineno)
        last = node.end_lineno
    return spans


def _text(lines: list[str], spans: list[tuple[int, int]]) -> str:
    wanted = sorted({k for start, end in spans for k in range(start, end)})  # two statements may share a line
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines[k] for k in wanted)).strip("\n")


def _without_names(source: str) -> str:
    """Return ``source`` without importing what a page does not show: `glue` and `check`."""
    out = []
    for line in source.split("\n"):
        m = re.fullmatch(r"(from mi_lab import )([\w, ]+)", line)
        names = [n.strip() for n in m[2].split(",")] if m else []
        kept = [n for n in names if n not in ("glue", "check")]
        if not m or kept:
            out.append(m[1] + ", ".join(kept) if m else line)
    return "\n".join(out).strip("\n")


def _folded(cell: NotebookNode, what: str) -> NotebookNode:
    show, hide = PROMPTS[what]
    cell.metadata["tags"] = [*tags(cell), "hide-input"]
    cell.metadata.setdefault("mystnb", {}).update({"code_prompt_show": show, "code_prompt_hide": hide})
    return cell


def _together(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Return the cells with folded ones that follow each other as one, where no output stands between them."""

    def folds(cell: NotebookNode) -> bool:
        return cell.metadata.get("mystnb", {}).get("code_prompt_show") == PROMPTS["picture"][0]

    out: list[NotebookNode] = []
    for cell in cells:
        if out and folds(cell) and folds(out[-1]) and not out[-1].get("outputs"):
            cell.source = f"{out.pop().source}\n\n\n{cell.source}"
        out.append(cell)
    return out


def _before_the_first_picture(nb: NotebookNode) -> None:
    """Fold what stands open before a page's first picture, if it is more than a few lines."""
    first = next((k for k, cell in enumerate(nb.cells) if cell.cell_type == "code" and is_picture(cell)), None)
    if first is None:
        return
    before = nb.cells[:first]
    if len(visible_lines(NotebookNode(cells=[*before, nb.cells[first]]))) <= SHORT:
        return
    for cell in nb.cells[: first + 1]:
        if cell.cell_type == "code" and not (HIDING | {"show-input"}) & set(tags(cell)):
            _folded(cell, "picture")
