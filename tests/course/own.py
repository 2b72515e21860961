"""The assignment of CONTRIBUTING.md, as an instructor takes it from there, and notebooks handed in for it."""

import re
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from tools.book.source import ROOT

RIGHT = "import numpy as np\ndef entropy(p):\n    p = p[p > 0]\n    return -np.sum(p * np.log(p))"
HALF = "import numpy as np\ndef entropy(p):\n    return -np.sum(p * np.log(p))"  # nan where a probability is 0
LOG2 = "import numpy as np\ndef entropy(p):\n    p = p[p > 0]\n    return -np.sum(p * np.log2(p))"
EXIT = "import os\nos._exit(3)"  # ends its kernel
NONE = "import numpy as np\ndef entropy(p):\n    return 0.0"


def example() -> str:
    """Return the whole example of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## An assignment of your own")[1]
    return re.search(r"````markdown\n(.*?)````", text, re.S)[1]


def source(folder: Path) -> Path:
    """Write it as ``folder/entropy/entropy.md``."""
    (folder / "entropy").mkdir(parents=True)
    (folder / "entropy" / "entropy.md").write_text(example(), encoding="utf-8")
    return folder


def solved(release: nbformat.NotebookNode, code: str, *before: str, why: str = "No term is negative.") -> str:
    """Return the release with an answer, and cells before the first test."""
    nb = deepcopy(release)
    for index, cell in reversed(list(enumerate(nb.cells))):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "entropy":
            cell.source = code
            nb.cells[index + 1 : index + 1] = [new_code_cell(source) for source in before]
        elif name == "entropy-why":
            cell.source = why
    return nbformat.writes(nb)


def hand_in(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
