"""The house's imports: no circle, and the arrows point one way."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

LOW = ("device", "samples", "streams", "estimates", "certificates")  # what every room may use, and which use no room


def modules(root, package):
    """Return module -> the modules of the package that it imports, inside functions too."""
    paths = sorted((root / package).rglob("*.py"))
    names = {".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}
    return {name: imported(name, path, names) for name, path in names.items()}


def imported(name, path, names):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(names)
            whole = node.module in names and len(inner) < len(node.names)  # else only modules are taken out of it
            found |= inner | ({node.module} if whole else set())
    # a room's own front door names its rooms; they in turn never go through it
    return found - {name}


@pytest.mark.parametrize("package", ["mi_lab", "tools", "experiments", "benchmarks"])
def test_there_is_no_circle(package, root):
    graph = modules(root, package)
    assert len(graph) > 3
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_a_circle_would_be_found(tmp_path):
    for name, text in {"a": "from p.b import x", "b": "def f():\n    import p.c", "c": "from p import a"}.items():
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / f"{name}.py").write_text(text)
    with pytest.raises(CycleError):
        tuple(TopologicalSorter(modules(tmp_path, "p")).static_order())


def test_arrows_point_down(root):
    graph = modules(root, "mi_lab")
    for name, uses in graph.items():
        room = name.removeprefix("mi_lab.").split(".")[0]
        rooms = {u.removeprefix("mi_lab.").split(".")[0] for u in uses if u != "mi_lab"}
        if room not in (
            "teaching",
            "mi_lab",
            "arenas",
        ):  # the arena shows the book's result file, and estimates nothing
            assert "teaching" not in rooms, name  # what teaches is used by nothing that estimates
        if room in LOW:
            assert rooms <= {*LOW, "plots"}, name
        if room == "training":
            assert not rooms & {"trainers", "frontdoor", "counting", "laws"}, name
        if room in ("laws", "references", "objectives", "critics", "counting"):
            assert not rooms & {"training", "trainers", "frontdoor"}, name
