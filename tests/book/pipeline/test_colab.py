"""Notebooks where Colab opens them: alone, without this repository, mi_lab installed by their own first cell."""

import ast
import json
import subprocess

import pytest

from tests.book.pipeline.colab import Colab
from tools.book.source import ROOT

SHORT = "part2/04-donsker-varadhan"


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    made = Colab(tmp_path_factory.mktemp("colab"))
    yield made
    made.close()


def ask(colab, code: str) -> subprocess.CompletedProcess:
    """Run ``code`` in the environment, in a folder of its own."""
    command = [str(colab.python), "-c", code]
    return subprocess.run(
        command, cwd=colab.folder / "env", env=colab.environment, capture_output=True, text=True, check=False
    )


def test_a_notebook_runs_whole_and_installs_the_package_itself(colab):
    colab.fresh()
    assert "No module named 'mi_lab'" in ask(colab, "import mi_lab").stderr
    nb = colab.run(SHORT)
    assert "127.0.0.1" in nb.cells[0].source
    where = ask(colab, "import mi_lab; print(mi_lab.__file__)").stdout
    assert where.startswith(str(colab.packages))
    assert str(ROOT) not in where
    shown = [out for cell in nb.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("image/png" in out.get("data", {}) for out in shown)


def test_the_book_s_own_tools_are_not_there(colab):
    for name in ("jupyter_book", "sphinx", "nbgrader", "playwright", "tools", "tests"):
        assert ask(colab, f"import {name}").returncode, name


def test_everything_that_any_notebook_imports_is_there(colab):
    ask(colab, colab.notebooks[SHORT].cells[0].source)  # which does nothing where the package is
    lines = set()
    for doc, nb in colab.notebooks.items():
        for cell in nb.cells:
            text = "\n".join(x for x in cell.source.splitlines() if not x.lstrip().startswith(("%", "!")))
            if cell.cell_type == "code":
                found = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import | ast.ImportFrom)]
                lines |= {(ast.unparse(node), doc) for node in found if "google" not in ast.unparse(node)}
    assert len({doc for _, doc in lines}) == len(colab.notebooks)
    code = f"import json\nfor line, doc in json.loads({json.dumps(json.dumps(sorted(lines)))}):\n"
    code += "    try: exec(line)\n    except ImportError as e: print(doc, line, e)\n"
    done = ask(colab, code)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
