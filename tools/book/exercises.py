"""What an exercise becomes on a page: a form to answer in, then its hints, then its solution, folded.

A notebook has a stub and a `check` cell; a page, where nobody can type Python, has neither. Choices and numbers get a
form that answers at once, code and proofs a link to the notebook. The solutions of practice exercises fold away, graded
ones do not come at all.
"""

import ast
import re
from copy import deepcopy
from html import escape

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mi_lab.teaching.checks.exercise import Exercise, find
from mi_lab.teaching.checks.form import html
from mi_lab.teaching.checks.judge import sentence
from tools.book.settings import colab_url
from tools.book.source import MARKER, SourceError, tags

HEADING = re.compile(r"^#{2,4} ", re.M)
HINT = re.compile(r"^(:{3,}|`{3,})\{dropdown\} Hint", re.M)
REGION = re.compile(r"^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION[ \t]*\n?", re.M | re.S)
STUB = re.compile(r"^\w+ = \.\.\..*\n", re.M)
IMPORT = re.compile(r"^from mi_lab import check\n+", re.M)
WORDS = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide the solution"}


def with_forms(nb: NotebookNode, doc: str) -> NotebookNode:
    """Return a copy of an executed page with forms where its source has stubs and checks.

    Raises
    ------
    SourceError
        If no exercise has the name that a cell checks.
    """
    try:
        return _with_forms(nb, doc)
    except ValueError as e:
        raise SourceError(f"book/{doc}.md: {e}") from e


def _with_forms(nb: NotebookNode, doc: str) -> NotebookNode:
    out: list[NotebookNode] = []
    waiting: list[NotebookNode] = []  # answers, until it is known which exercise they belong to
    made = 0
    for cell in deepcopy(nb.cells):
        if cell.cell_type == "code" and (is_practice(cell) or is_graded_answer(cell)):
            waiting.append(cell)
            continue
        if name := checked(cell):
            out, made = out + around(out, find(name), waiting, doc, made == 0), made + 1
            waiting = []
            continue
        if cell.cell_type == "markdown" and is_graded_answer(cell):
            task = find(cell.metadata["nbgrader"]["grade_id"])
            out.append(form_cell(task, where(doc, "A person marks it."), made == 0))
            made += 1
            continue
        out += [shown(answer) for answer in waiting] + [cell]
        waiting = []
    nb = deepcopy(nb)
    nb.cells = out + [shown(answer) for answer in waiting]
    return nb


def around(before: list[NotebookNode], task: Exercise, answers: list[NotebookNode], doc: str, first: bool) -> list:
    """Return the cells of one exercise after its question; hints in the question's cell are moved behind the form."""
    place = where(doc, f'There <code>check("{escape(task.id)}", …)</code> answers.') if task.kind == "code" else ""
    cells = [form_cell(task, place, first)]
    if before and before[-1].cell_type == "markdown" and (m := HINT.search(before[-1].source)):
        text = before[-1].source
        if m.start() > max([h.start() for h in HEADING.finditer(text)], default=0):
            before[-1].source = text[: m.start()].rstrip()
            cells.append(new_markdown_cell(text[m.start() :], id=f"hint-{task.id}"[:64]))
    for answer in answers:
        if "practice" not in tags(answer):
            answer.source = given(answer.source)
            answer.metadata.pop("nbgrader", None)
            answer.metadata["tags"] = tags(answer) if answer.source else [*tags(answer), "remove-input"]
            cells = [answer, *cells] if answer.source or answer.outputs else cells
        elif task.kind == "choice":
            cells.append(new_markdown_cell(solution(task), id=f"solution-{task.id}"[:64]))
        else:
            cells.append(shown(answer))
    return cells


def form_cell(task: Exercise, place: str, first: bool) -> NotebookNode:
    """Return a cell that shows a form and nothing else."""
    output = new_output("display_data", {"text/html": html(task, place, first), "text/plain": ""})
    source = "# the form"  # MyST-NB leaves out a cell without any source
    return new_code_cell(source, outputs=[output], id=f"form-{task.id}"[:64], metadata={"tags": ["remove-input"]})


def where(doc: str, then: str) -> str:
    """Return the sentence that leads to the notebook."""
    up = "../" * doc.count("/")
    links = f'<a href="{up}notebooks/{doc}.ipynb" download>this chapter’s notebook</a>'
    if colab := colab_url(doc):
        links += f' or <a class="external" href="{escape(colab)}">in Colab</a>'
    return f"Write it in {links}. {then}"


def solution(task: Exercise) -> str:
    """Return the folded solution of a choice, in MyST: the letter and its reason."""
    lines = [f"**{letter}.** {escaped(sentence(task.reasons[letter]))}" for letter in task.right]
    return "\n".join([":::{dropdown} Solution", *lines, ":::"])


def escaped(text: str) -> str:
    """Return plain text as MyST that shows it."""
    return re.sub(r"([\\`*_{}\[\]<>$|#])", r"\\\1", text)


def given(source: str) -> str:
    """Return what a stub brings besides the answer's place: data to work on, for instance."""
    bare = IMPORT.sub("", REGION.sub(r"\1pass\n", source))
    lines, kept = bare.splitlines(), []
    for node in ast.parse(bare).body:
        stub = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is ...
        if not stub and not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Pass):
            kept.append(node)
    if all(isinstance(node, ast.Import | ast.ImportFrom) for node in kept):
        return ""
    return "\n".join(line for node in kept for line in lines[node.lineno - 1 : node.end_lineno])


def shown(cell: NotebookNode) -> NotebookNode:
    """Return a practice answer without its stub, ready to be folded."""
    if "practice" in tags(cell):
        cell.source = IMPORT.sub("", STUB.sub("", MARKER.sub("", cell.source))).strip("\n")
    return cell


def is_practice(cell: NotebookNode) -> bool:
    """Tell whether a cell holds the answer to an exercise that nobody marks."""
    return "practice" in tags(cell)


def is_graded_answer(cell: NotebookNode) -> bool:
    """Tell whether a cell holds an answer that is marked."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def checked(cell: NotebookNode) -> str:
    """Return the exercise that a cell checks, an empty text for any other cell."""
    if cell.cell_type != "code" or "check(" not in cell.source:
        return ""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return ""
    for node in body:
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check":
            return call.args[0].value
    return ""
