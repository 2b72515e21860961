"""What in a student's code a person should look at: tampering with marks, the checker, other files, the network.

A flag costs no mark. Honest work must never raise one, so ordinary imports, magics, plots and file names do not.
"""

import ast
import importlib.util
import re
import sys

NETWORK = {"socket", "requests", "urllib", "http", "ftplib", "smtplib", "httpx", "aiohttp", "paramiko", "websockets"}
MACHINE = {"ctypes", "cffi", "pty", "nbgrader", "sqlite3", "subprocess", "resource", "faulthandler", "zmq"}
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
WORDS = re.compile(
    r"gradebook|hidden.?test|mi_lab\.(?:teaching\.)?checks|vnd\.mi-lab|MI_LAB_GRADING|nbgrader|connection\.json", re.I
)
PLACES = re.compile(r"^/(?:etc|proc|root|home|usr|var|srv|sys|dev/(?!null))|^(?:\.\./)+|^~/")
COLLECTOR = {"get_objects", "get_referrers", "get_referents"}  # gc.collect() harms nobody
REACHES = re.compile(
    r"\b(?:curl|wget|ssh|scp|nc|ncat|telnet|kill|pkill|killall)\b"
    r"|(?:^|[\s'\"=])(?:/(?:etc|proc|root|home|usr|var|srv|sys)\b|\.\./|~/)"
)
BUILT = {"join", "decode", "b64decode", "chr", "bytes", "fromhex", "format", "replace", "decompress"}  # hides a text


def flags(source: str) -> list[str]:
    """Return one sentence for each suspicious thing in a cell."""
    code = as_python(source)
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ["mentions the grade book or hidden tests."] if WORDS.search(source) else []
    modules, shells = _modules(tree), _shells(tree)
    return sorted({words for node in ast.walk(tree) for words in _look(node, modules, shells)})


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
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names if _is_module(node.module, alias.name)}
    return names | {"mi_lab", "torch", "np", "numpy", "builtins", "sys", "os"}


def _is_module(package: str | None, name: str) -> bool:
    """Tell whether ``from package import name`` gives a module, without importing anything of a stranger's."""
    if package in ROOMS:
        return name in (*INNER, "pages")
    if (package or "").partition(".")[0] not in ("numpy", "torch", "scipy", "pandas", "unittest", "IPython"):
        return False
    try:
        return importlib.util.find_spec(f"{package}.{name}") is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _shells(tree: ast.AST) -> set[str]:
    """Return the names that stand for the shell: ``ip = get_ipython()``."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_shell(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _look(node: ast.AST, modules: set[str], shells: set[str]):
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
        yield from _attribute(node, shells)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and _root(target) in modules and not _is_setting(target):
                yield f"replaces {ast.unparse(target)}."
            if isinstance(target, ast.Attribute) and _is_shell(target.value, shells):
                yield f"reaches into IPython ({target.attr})."
    elif isinstance(node, ast.Call):
        yield from _call(node, modules, shells)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 2000:
        if WORDS.search(node.value):
            yield "mentions the grade book, the grader or hidden tests."
        if PLACES.search(node.value):
            yield f"names a place outside its folder: {node.value[:60]!r}."
    elif isinstance(node, ast.Name) and node.id in ("__builtins__", "In", "_ih"):
        yield f"uses {node.id}."


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_setting(target: ast.Attribute) -> bool:
    """Tell whether a library is only told its own options: ``torch.backends.cudnn.deterministic = True``."""
    return ast.unparse(target).startswith(("torch.backends.", "pd.options.", "pandas.options.", "plt.", "mpl.", "sns."))


def _attribute(node: ast.Attribute, shells: set[str]):
    owner = node.value.id if isinstance(node.value, ast.Name) else ""
    if owner in ("os", "signal", "posix") and node.attr in SYSTEM | {"signal", "raise_signal"}:
        yield f"controls processes ({owner}.{node.attr})."
    if owner == "sys" and node.attr in ("modules", "meta_path", "settrace", "setprofile", "path_hooks"):
        yield f"reaches into the interpreter (sys.{node.attr})."
    if node.attr in FRAMES | INNARDS:
        yield f"looks at the code around it ({node.attr})."
    if node.attr in INNER and owner in ("mi_lab", "teaching"):
        yield "uses the checker's own modules."
    if node.attr in SHELL and _is_shell(node.value, shells):
        yield f"reaches into IPython ({node.attr})."
    if node.attr in COLLECTOR and owner == "gc":
        yield f"looks through all objects (gc.{node.attr})."


def _is_shell(node: ast.expr, shells: set[str]) -> bool:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "type" and node.args:
        return _is_shell(node.args[0], shells)  # its class counts as well
    if isinstance(node, ast.Attribute) and node.attr == "__class__":
        return _is_shell(node.value, shells)
    if isinstance(node, ast.Name):
        return node.id in shells
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "get_ipython"


def _call(node: ast.Call, modules: set[str], shells: set[str]):
    name = getattr(node.func, "id", "")
    if name in ("setattr", "delattr") and node.args and _root(node.args[0]) in modules:
        yield f"replaces an attribute of {ast.unparse(node.args[0])}."
    if name in ("setattr", "delattr") and node.args and _is_shell(node.args[0], shells):
        yield "reaches into IPython."
    if name in ("exec", "eval", "__import__", "compile"):
        yield from _from_text(node, name)
    if isinstance(node.func, ast.Attribute) and _is_shell(node.func.value, shells) and node.args:
        words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if node.func.attr in ("system", "getoutput") and REACHES.search(" ".join(words)):
            yield f"runs a command: {words[0][:60]!r}."
        if node.func.attr == "run_cell_magic" and words:
            yield from _magic(words)


def _from_text(node: ast.Call, name: str):
    """Look at code that is run from a text: into it where it stands there, askance where it was pieced together."""
    text = node.args[0] if node.args else None
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        inner = f"import {text.value}" if name == "__import__" else text.value
        yield from flags(inner)
        return
    pieced = any(
        isinstance(n, ast.BinOp) or getattr(n, "attr", getattr(n, "id", "")) in BUILT for n in ast.walk(text or node)
    )
    if name != "eval" or pieced:
        yield f"runs code from text ({name})."


def _magic(words: list[str]):
    magic, line, body = (*words, "", "")[:3]
    if magic == "writefile" and shadows(line.split()[-1] if line.split() else ""):
        yield f"writes the file {line.split()[-1]}, which would stand in for a library."
    if magic in ("bash", "sh", "script", "system", "sx", "!") and REACHES.search(body):
        yield f"runs a %%{magic} cell that reaches outside its folder."


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
