"""What the person who marks free text goes by: question, rubric, model answer; beside each answer in Formgrader."""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor

from mi_lab.teaching.checks.exercise import everything
from tools.course.feedback import RUBRIC
from tools.course.rebuild import is_solution, nbgrader
from tools.course.settings import Course

MARKER = re.compile(r"^### (BEGIN|END) SOLUTION\s*$", re.M)


def manual_cells(folder: Path):
    """Yield (notebook, cell) for each answer that a person marks."""
    for path in sorted(folder.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if nbgrader(cell).get("grade") and is_solution(cell):
                yield path.stem, cell


def rubrics(course: Course, assignment: str) -> dict[str, str]:
    """Return grade id -> rubric and model answer, in Markdown."""
    texts = {name: task for name, task in everything().items() if task.kind == "text"}
    found = {}
    for _, cell in manual_cells(course.folder("source", assignment)):
        name = nbgrader(cell)["grade_id"]
        task = texts.get(name)
        points = [f"- {points:g}: {words}" for points, words in (task.rubric if task else [])]
        model = MARKER.sub("", cell.source).strip()
        found[name] = "\n".join([*points, "", "Model answer:", "", model])
    return found


def write_rubrics(course: Course) -> None:
    """Write one page per assignment into ``rubrics/``."""
    for assignment in course.assignments():
        known, out = rubrics(course, assignment), [f"# Rubric of {assignment}\n"]
        for book, cell in manual_cells(course.folder("source", assignment)):
            data = nbgrader(cell)
            out.append(f"## {data['grade_id']} ({data['points']:g} points, {book})\n\n{known[data['grade_id']]}\n")
        if known:
            target = course.folder("rubrics", f"{assignment}.md")
            target.parent.mkdir(exist_ok=True)
            target.write_text("\n".join(out), encoding="utf-8")


class RubricBeside(NbGraderPreprocessor):
    """Puts each rubric below the answer in the autograded notebook; feedback pages leave it out."""

    known: dict[str, str] = {}

    @classmethod
    def bound(cls, known: dict[str, str]):
        """Return the class for one assignment (nbconvert makes the instance)."""
        return type("Rubric", (cls,), {"known": known})

    def preprocess(self, nb, resources):
        cells = []
        for cell in nb.cells:
            cells.append(cell)
            if is_solution(cell) and nbgrader(cell).get("grade_id") in self.known:
                name = nbgrader(cell)["grade_id"]
                words = f"**Rubric of {name}** (students don't see this)\n\n{self.known[name]}"
                cells.append(new_markdown_cell(words, id=f"rubric-{name}"[:64], metadata={"tags": [RUBRIC]}))
        nb.cells = cells
        return nb, resources
