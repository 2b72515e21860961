"""What the source of a cell says before it runs: which exercises it checks, what it would have defined."""

import ast

from tools.course.rebuild import defined
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
