"""The package that students get, and the one that submissions run with: ``mi_lab`` without answers to graded exercises.

References and known mistakes leave; what they do with the inputs that a notebook's ``check`` uses is kept as
numbers, so that hints still name mistakes. Judges that could betray a formula leave with them.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mi_lab
from mi_lab.teaching.checks.coding import DERIVED
from mi_lab.teaching.checks.exercise import EXPECTED, everything

ANSWERS = ("reference", "mistake", "form")
NAN = ast.parse("float('nan')", mode="eval").body
NOTHING = {  # what is known of a graded exercise that needs no code, by its kind
    "choice": {"right": ast.Constant("")},
    "numeric": {
        "value": ast.parse("float('nan')", mode="eval").body,
        "right": ast.Constant(""),
        "mistakes": ast.Dict([], []),
        "formula": ast.Constant(None),
    },
    "text": {"rubric": ast.List([], ast.Load())},
}


def package(target: Path, graded: set[str] | None = None) -> Path:
    """Copy ``mi_lab`` to ``target`` without the answers to ``graded`` exercises (None: to all of them)."""
    source, copy = Path(mi_lab.__file__).parent, target / "mi_lab"
    if copy.is_dir():
        return target
    part = target / f"part-{os.getpid()}"
    shutil.copytree(source, part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    checks = part / "teaching" / "checks"
    for path in checks.glob("ch*.py"):
        path.write_text(without_answers(path.read_text(encoding="utf-8"), graded), encoding="utf-8")
    if graded:
        (checks / EXPECTED.name).write_text(json.dumps(expected(graded)), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(part)], check=False, capture_output=True)
    try:
        part.rename(copy)
    except OSError:  # another worker was quicker
        shutil.rmtree(part)
    return target


def expected(graded: set[str]) -> dict:
    """Return exercise -> part -> [hint or None, what that answer does], for the inputs of a notebook's ``check``."""
    tasks = everything()
    found: dict[str, dict] = {}
    for name in sorted(graded):
        task = tasks.get(name)
        if task is None or task.kind != "code" or not any(hint is None for hint, _ in task.answers):
            continue
        found[name] = {part.name: task.expected(part.name, task.seed) for part in task.parts}
        found[name] |= {
            f"{part.name}{DERIVED}": task.derived(part.name, task.seed) for part in task.parts if not part.judge
        }
    return found


def without_answers(text: str, graded: set[str] | None = None) -> str:
    """Return a module of exercises without the answers to ``graded`` ones."""
    tree = ast.parse(text)
    names = {}  # variable -> exercise, for those declared as `loss = code("mine-loss", ...)`
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_task(node.value):
            names |= {t.id: node.value.args[0].value for t in node.targets if isinstance(t, ast.Name)}
    closed = {v for v, exercise in names.items() if graded is None or exercise in graded}
    referenced = {_owner(n) for n in _answers(tree) if _kind(n) == "reference"}
    tree.body = [node for node in tree.body if not (_answers_in(node) & closed)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for d in node.decorator_list:
                if _kind(d) == "part" and _owner(d) in closed & referenced:
                    d.keywords = [k for k in d.keywords if k.arg != "judge"]
        elif isinstance(node, ast.Call) and _is_task(node) and (graded is None or node.args[0].value in graded):
            for keyword in node.keywords:
                keyword.value = NOTHING.get(node.func.id, {}).get(keyword.arg, keyword.value)
                if keyword.arg == "reasons" and isinstance(keyword.value, ast.Dict):
                    keyword.value.values = [ast.Constant("") for _ in keyword.value.keys]
    _drop_unused(tree)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _is_task(call: ast.Call) -> bool:
    kinds = ("code", "choice", "numeric", "text")
    return getattr(call.func, "id", "") in kinds and bool(call.args) and isinstance(call.args[0], ast.Constant)


def _call(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Call):
        node = node.func
    return node


def _kind(node: ast.expr) -> str:
    return getattr(_call(node), "attr", "")


def _owner(node: ast.expr) -> str:
    return getattr(getattr(_call(node), "value", None), "id", "")


def _answers(tree: ast.AST) -> list[ast.expr]:
    """Return the decorators and calls that declare references and mistakes."""
    found = [d for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for d in n.decorator_list]
    found += [n.value for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    return [d for d in found if _kind(d) in ANSWERS]


def _answers_in(node: ast.stmt) -> set[str]:
    """Return whose answer a statement of the module is, or what stands in its loop."""
    if isinstance(node, ast.For):
        return set().union(*map(_answers_in, node.body))
    here = list(getattr(node, "decorator_list", []))
    here += [node.value] if isinstance(node, ast.Expr) else []
    return {_owner(d) for d in here if _kind(d) in ANSWERS}


def _drop_unused(tree: ast.Module) -> None:
    """Take out helpers that nothing uses any more: they were the answers'."""
    while True:
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        left = [n for n in tree.body if not (_name(n) and _name(n) not in used)]
        if len(left) == len(tree.body):
            return
        tree.body = left


def _name(node: ast.stmt) -> str:
    """Return the private helper or the constant that a statement defines; nothing for all else."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
        return node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return "" if isinstance(node.value, ast.Call) and _is_task(node.value) else node.targets[0].id
    return ""


def wheel(target: Path, graded: set[str]) -> Path:
    """Build the students' wheel into ``target``; needs no network."""
    from tools.book.source import ROOT

    work = target / "wheel"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    package(work, graded)
    for cache in work.rglob("__pycache__"):
        shutil.rmtree(cache)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, work / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        str(work),
    ]
    subprocess.run([*command, "--wheel-dir", str(target)], check=True, capture_output=True, cwd=work)
    shutil.rmtree(work)
    return next(target.glob("mi_lab-*.whl"))
