"""Lines of hidden tests: which they are, and outputs that show one."""

import re

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked

REGION = re.compile(r"### BEGIN HIDDEN TESTS(.*?)### END HIDDEN TESTS", re.S)
SHORTEST = 8  # a shorter line, or one of the given notebook, gives nothing away
STEADY = "_given_"  # begins the names by which a test knows Python's and the given imports (see testcells)
LEFT_OUT = "[left out: this shows what a test holds]"


def lines(cells: list[NotebookNode]) -> frozenset[str]:
    """Return the lines of hidden tests, without their spaces, that stand nowhere else in the notebook."""
    hidden, shown = set(), ""
    for cell in cells:
        if is_grade(cell) and is_locked(cell):
            for region in REGION.findall(cell.source):
                hidden |= {bare(line) for line in region.splitlines()}
            shown += bare(REGION.sub("", cell.source))
    return frozenset(line for line in hidden if len(line) >= SHORTEST and line not in shown)


def bare(text: str) -> str:
    """Return a text without spaces, colours and escapes."""
    return re.sub(r"\\n|\\|\s+|['\"]", "", re.sub(r"\x1b\[[0-9;]*m", "", text)).replace(STEADY, "")


def scrub(output: NotebookNode, secret: frozenset[str], test: bool = False) -> bool:
    """Replace what shows a secret line in an output; tell whether that is worth a person's look.

    A test's own traceback and the warnings that it provokes quote the test by themselves: nobody is to blame for those.
    """
    texts = [output.get("text", ""), output.get("evalue", "")]
    texts += [] if test else output.get("traceback", [])
    texts += [v for v in output.get("data", {}).values() if isinstance(v, str)]
    if not any(line in bare(text) for text in texts for line in secret):
        return False
    if output.get("name") == "stderr":
        kept = [line for line in output.text.splitlines() if not any(s in bare(line) for s in secret)]
        output.text = "\n".join(kept) + "\n"
        return not test
    if "text" in output:
        output.text = LEFT_OUT + "\n"
    if "traceback" in output:
        output.evalue, output.traceback = LEFT_OUT, [LEFT_OUT]
    for kind in output.get("data", {}):
        output.data[kind] = LEFT_OUT
    return True
