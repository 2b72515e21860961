"""Which of the cells that students were given must run so that their answers can: marking must not train a chapter.

A chapter's own demonstrations take half a minute; an answer needs a few imports and perhaps the data of them. A given
cell that the student left as it was runs only if it binds, or changes in place, a name that something after it uses.
"""

import ast
import builtins
import symtable

from tools.course.suspicion import as_python

ALWAYS = frozenset(dir(builtins))
LIBRARIES = frozenset(
    {"np", "torch", "plt", "nn", "mi_lab", "math", "pd", "sns", "scipy"}
)  # a call changes nothing here


def needed(cells: list, given: set[str]) -> set[int]:
    """Return the indices of the code cells that are to run: all that are not ``given``, and what those depend on."""
    run: set[int] = set()
    names: set[str] = set()
    for i in reversed(range(len(cells))):
        cell = cells[i]
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        own = cell.source not in given or "nbgrader" in cell.metadata
        try:
            code = as_python(cell.source)
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError):
            if own:
                run.add(i)
            continue
        bound, touched, imported = _binds(tree)
        bound, touched, imported = _binds(tree)
        if own or (bound | (touched - imported)) & names:
            run.add(i)
            names = (names - bound) | (_free(code, tree) - ALWAYS)
    return run


def _binds(tree: ast.AST) -> tuple[set[str], set[str], set[str]]:
    """Return names that a cell binds at its top level, names it may change in place, and names it imports."""
    bound, touched, imported = set(), set(), set()
    for node in _at_top(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            root = node
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name):
                touched.add(root.id)
    return bound | imported, touched, imported | LIBRARIES


def _at_top(tree: ast.AST):
    """Walk a cell without going into its functions and classes."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _free(code: str, tree: ast.AST) -> set[str]:
    """Return the names that a cell takes from earlier cells: used in it, or in its functions, and not bound by it."""
    used, bound = set(), set()
    scopes = [symtable.symtable(code, "cell", "exec")]
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        top = scope.get_type() == "module"
        for symbol in scope.get_symbols():
            if symbol.is_referenced() and (top or symbol.is_global()):
                used.add(symbol.get_name())
            if top and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
    changed = {n.target.id for n in ast.walk(tree) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    return (used - bound) | changed
