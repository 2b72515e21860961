"""What in a student's code a person should look at: tampering with marks, the checker, other files, the network.

A flag costs no mark. Honest work must never raise one, so ordinary imports, magics, plots and file names do not.
"""

import ast
import importlib.util
import re
import sys

NETWORK = {"socket", "requests", "urllib", "http", "ftplib", "smtplib", "httpx", "aiohttp", "paramiko", "websockets"}
MACHINE = {"ctypes", "cffi", "pty", "nbgrader", "sqlite3", "subprocess", "resource", "faulthandler", "gc", "zmq"}
SYSTEM = {
    "_exit",
    "kill",
    "killpg",
    "abort",
    "fork",
    "forkpty",
    "system",
    "popen",
    "execv",
    "execve",
    "spawnv",
    "symlink",
}
FRAMES = {"_getframe", "_current_frames", "currentframe", "f_back", "f_globals", "f_locals", "tb_frame", "settrace"}
INNARDS = {"__globals__", "__subclasses__", "__code__", "__closure__", "__builtins__", "__loader__"}
SHELL = {"events", "kernel", "display_pub", "displayhook", "ast_transformers", "user_ns", "run_cell", "set_custom_exc"}
SHELL |= {"input_transformers_post", "input_transformers_cleanup", "history_manager", "user_global_ns"}
ROOMS = ("mi_lab", "mi_lab.teaching")  # what the checker lives in,
INNER = ("checks", "teaching")  # and what it is called there
CHECKERS = ("mi_lab.teaching.checks", "mi_lab.checks")
WORDS = re.compile(r"gradebook|hidden.?test|vnd\.mi-lab|MI_LAB_GRADING|nbgrader|connection\.json", re.I)
PLACES = re.compile(r"^/(?:etc|proc|root|home|usr|var|srv|sys|dev/(?!null))|^(?:\.\./)+|^~/")
HARMLESS = re.compile(
    r"^\s*(?:pip3?|conda|mamba|uv|apt(?:-get)?|ls|pwd|nvidia-smi|git clone|mkdir|head|cat [\w./-]+$|wc)\b"
)


def flags(source: str) -> list[str]:
    """Return one sentence for each suspicious thing in a cell."""
    code = as_python(source)
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ["mentions the grade book or hidden tests."] if WORDS.search(source) else []
    modules = _modules(tree)
    return sorted({words for node in ast.walk(tree) for words in _look(node, modules)})


def as_python(source: str) -> str:
    """Return a cell with its magics and shell lines turned into calls."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return TransformerManager().transform_cell(source)
    except Exception:  # a cell that even IPython cannot read
        return source


def _modules(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in ("mi_lab", "mi_lab.teaching"):
            names |= {
                alias.asname or alias.name for alias in node.names if alias.name in ("checks", "pages", "teaching")
            }
    return names | {"mi_lab", "torch", "np", "numpy", "builtins", "sys", "os"}


def _look(node: ast.AST, modules: set[str]):
    if isinstance(node, ast.Import | ast.ImportFrom):
        whole = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for name in whole:
            root = name.split(".")[0]
            if root in NETWORK:
                yield f"imports {root}, which reaches for the network."
            if root in MACHINE:
                yield f"imports {root}."
            if name.startswith(CHECKERS):
                yield "imports the checker's own modules."
        if isinstance(node, ast.ImportFrom) and node.module in ROOMS and any(a.name in INNER for a in node.names):
            yield "imports the checker's own modules."
        if isinstance(node, ast.ImportFrom) and node.module == "os" and {a.name for a in node.names} & SYSTEM:
            yield "controls processes."
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node, modules)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id in modules:
                yield f"replaces {target.value.id}.{target.attr}."
    elif isinstance(node, ast.Call):
        yield from _call(node, modules)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 2000:
        if WORDS.search(node.value):
            yield "mentions the grade book, the grader or hidden tests."
        if PLACES.search(node.value):
            yield f"names a place outside its folder: {node.value[:60]!r}."
    elif isinstance(node, ast.Name) and node.id in ("__builtins__", "In", "_ih"):
        yield f"uses {node.id}."


def _attribute(node: ast.Attribute, modules: set[str]):
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    if owner in ("os", "signal", "posix") and node.attr in SYSTEM | {"signal", "raise_signal"}:
        yield f"controls processes ({owner}.{node.attr})."
    if owner == "sys" and node.attr in ("modules", "meta_path", "settrace", "setprofile", "path_hooks"):
        yield f"reaches into the interpreter (sys.{node.attr})."
    if node.attr in FRAMES | INNARDS:
        yield f"looks at the code around it ({node.attr})."
    if node.attr in INNER and owner in ("mi_lab", "teaching"):
        yield "uses the checker's own modules."
    if node.attr in SHELL and _is_shell(node.value):
        yield f"reaches into IPython ({node.attr})."


def _is_shell(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "get_ipython"


def _call(node: ast.Call, modules: set[str]):
    name = getattr(node.func, "id", "")
    if name in ("setattr", "delattr") and node.args and getattr(node.args[0], "id", "") in modules:
        yield f"replaces an attribute of {node.args[0].id}."
    if name in ("exec", "eval", "__import__"):
        yield f"runs code from text ({name})."
    if isinstance(node.func, ast.Attribute) and _is_shell(node.func.value) and node.args:
        text = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
        if node.func.attr in ("system", "getoutput") and not HARMLESS.match(str(text)):
            yield f"runs a command: {str(text)[:60]!r}."
        if node.func.attr == "run_cell_magic" and text in ("bash", "sh", "script", "system", "sx", "writefile"):
            yield f"runs a %%{text} cell."


def shadows(name: str) -> bool:
    """Tell whether a file of that name would stand in for a library."""
    stem, dot, suffix = name.rpartition("/")[2].partition(".")
    if suffix not in ("py", "so", "pyc", "pth"):
        return name.endswith(("__init__.py", ".pth"))
    if stem in sys.stdlib_module_names or stem in ("sitecustomize", "usercustomize", "conftest"):
        return True
    try:
        return importlib.util.find_spec(stem) is not None
    except (ImportError, ValueError, AttributeError):
        return False
