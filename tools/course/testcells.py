"""What the source of a cell says before it runs: which exercises it checks, what it would have defined.

And how a test is made to mean what its author meant: its ``np`` is NumPy and its ``abs`` Python's, whatever a student
called by these names; the student's own functions go on with the student's.
"""

import ast
import builtins
from functools import lru_cache
from pathlib import Path

import nbformat

from tools.course.hidden import STEADY
from tools.course.rebuild import defined, nbgrader
from tools.course.suspicion import as_python


def gives_partial_credit(source: str) -> bool:
    """Tell whether a test's ``check(…, points=…)`` gives a share of the points."""
    try:
        calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    except SyntaxError:
        return False
    return any(getattr(n.func, "id", "") == "check" and any(k.arg == "points" for k in n.keywords) for n in calls)


def hidden_checks(source: str) -> list[tuple[str, int]]:
    """Return (exercise, seed) for every ``check(…, seed=…)`` in a test cell."""
    try:
        calls = [
            n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "check"
        ]
    except SyntaxError:
        return []
    found = []
    for call in calls:
        seeds = [k.value.value for k in call.keywords if k.arg == "seed" and isinstance(k.value, ast.Constant)]
        if seeds and call.args and isinstance(call.args[0], ast.Constant):
            found.append((call.args[0].value, seeds[0]))
    return found


def unread(source: str) -> dict[str, str]:
    """Return name -> why, for what a cell would define if Python could read it; nothing of such a cell runs."""
    try:
        ast.parse(as_python(source))
    except (SyntaxError, ValueError) as e:
        lines = source.splitlines() or [""]
        line = lines[min(max((getattr(e, "lineno", 1) or 1) - 1, 0), len(lines) - 1)].strip()[:60]
        why = f"has a syntax error ({getattr(e, 'msg', e)}), in the line `{line}`"
        return dict.fromkeys(defined(source), why)
    except RecursionError:
        pass
    return {}


def imports(sources: list[str]) -> dict[str, str]:
    """Return name -> the statement that binds it under its steady name, for what the given cells import."""
    found: dict[str, str] = {}
    for source in sources:
        try:
            nodes = list(ast.walk(ast.parse(as_python(source))))
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.split(".")[0]
                    found[name] = f"import {alias.name if alias.asname else name} as {STEADY}{name}"
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level and node.module != "__future__":
                for alias in node.names:
                    name = alias.asname or alias.name
                    found[name] = f"from {node.module} import {alias.name} as {STEADY}{name}"
    return found


def steadied(source: str, known: dict[str, str]) -> str:
    """Return a test's source with names of Python and of given imports made safe from a student's."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return source
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.JoinedStr) for n in ast.walk(f)}  # places unknown
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in inside]
    own = {n.id for n in nodes if not isinstance(n.ctx, ast.Load)} | set(imports([source]))
    own |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    own |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    python = {name for name in vars(builtins) if not name.startswith("_")}
    used = sorted({n.id for n in nodes} & (python | set(known)) - own - {"check"})
    lines = source.encode().split(b"\n")
    for n in sorted(nodes, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        if n.id in used:
            line = lines[n.lineno - 1]
            lines[n.lineno - 1] = line[: n.col_offset] + STEADY.encode() + line[n.col_offset :]
    head = [known.get(name, f"from builtins import {name} as {STEADY}{name}") for name in used]
    return "\n".join([*head, b"\n".join(lines).decode()])


@lru_cache(maxsize=16)
def released(release: Path, stamp: str) -> tuple[frozenset[str], dict[str, str]]:
    """Return what the release's cells say that are no answers, and what they import, read once a process."""
    cells = [cell for path in release.glob("*.ipynb") for cell in nbformat.read(path, as_version=4).cells]
    given = frozenset(cell.source for cell in cells if not nbgrader(cell).get("solution"))
    return given, imports([cell.source for cell in cells if cell.cell_type == "code"])
