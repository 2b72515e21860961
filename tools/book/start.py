"""The box that says how to start: install, open a notebook, a first estimate; true with and without an address."""

import re
import tomllib
from pathlib import Path

import nbformat

from tools.book.settings import colab_url, repository
from tools.book.source import ROOT

PLACE = re.compile(r"^% start-box(?P<short> short)?$", re.M)


def install() -> str:
    """Return the command that installs mi_lab: from the repository if its address is set, else from its folder."""
    url, branch = repository()
    return f'python -m pip install "git+{url}.git@{branch}"' if url else "python -m pip install ."


def box(estimate: tuple[str, str] | None, short: bool = False) -> str:
    """Return the box in MyST.

    Parameters
    ----------
    estimate : code of a first estimate and what it prints, if they are to stand in the box
    short : on the page that shows the first estimate itself
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = project["requires-python"].removeprefix(">=")
    command = install()
    if not repository()[0]:
        wheel = f"{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl"
        command = f"# in the folder of the book's files\n{command}\n# or, from a wheel\n{command[:-1]}{wheel}"
    colab = colab_url("practice")
    instead = f" Or [open one in Colab]({colab}), with nothing to install." if colab else ""
    lines = [
        "::::{admonition} Start",
        ":class: tip start",
        f"**Install**, with Python {python} or newer.",
        "",
        f"```bash\n{command}\n```",
        "",
        f"**Open a notebook** (`python -m pip install jupyterlab`, if there is none).{instead}",
        "",
        "```bash\njupyter lab\n```",
        "",
        "**Estimate**, as in the cell below." if short else "**Estimate.**",
    ]
    if estimate and not short:
        code, printed = estimate
        lines += ["", f"```python\n{code}\n```", "", f"```text\n{printed}\n```"]
    return "\n".join([*lines, "::::"])


def first_estimate(executed: Path | None) -> tuple[str, str] | None:
    """Return the first cell of an executed page that prints, and what it printed."""
    if executed is None or not executed.exists():
        return None
    for cell in nbformat.read(executed, as_version=4).cells:
        printed = "".join(o["text"] for o in cell.get("outputs", []) if o.get("name") == "stdout").rstrip()
        if cell.cell_type == "code" and printed:
            return cell.source, printed
    return None


def with_box(text: str, estimate: tuple[str, str] | None) -> str:
    """Return a page's text with the box where the source asks for it."""
    return PLACE.sub(lambda m: box(estimate, bool(m["short"])), text)
