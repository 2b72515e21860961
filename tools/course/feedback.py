"""Feedback pages: nbgrader's, without hidden tests, without scripts, readable offline, formulas included."""

import html
import re
from functools import lru_cache

from latex2mathml.converter import convert as mathml
from nbformat.v4 import new_output
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests, GetGrades, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked
from traitlets import List

from tools.course.settings import Course, convert

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:\">"
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>.output pre, .output_area pre { white-space: pre-wrap; }</style>"
)
SHOWN = ("image/png", "image/jpeg", "text/plain")
CODE = re.compile(r"(<(pre|code|textarea|style)\b.*?</\2>|<[^>]*>)", re.S)  # no formulas in there
FORMULA = re.compile(r"\$\$.{1,4000}?\$\$|\$[^$\n]{1,1000}?\$", re.S)
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Sanitise(NbGraderPreprocessor):
    """Leaves of every cell what a student may see and a browser may show: text, pictures, no code of anybody's."""

    def preprocess_cell(self, cell, resources, cell_index):
        cell.pop("attachments", None) if cell.cell_type != "markdown" else None
        if is_grade(cell) and is_locked(cell):
            ClearHiddenTests(enforce_metadata=False).preprocess_cell(cell, resources, cell_index)
        if cell.cell_type == "code":
            cell.outputs = [shown for output in cell.outputs if (shown := self._shown(output, is_grade(cell)))]
        return cell, resources

    def _shown(self, output, graded: bool):
        if output.output_type == "stream":
            return new_output("stream", name="stdout", text=ANSI.sub("", output.text))
        if output.output_type == "error":
            lines = [f"{output.ename}: {output.evalue}"]
            if not graded:  # a test's traceback would show the hidden test
                lines = [ANSI.sub("", line) for line in output.traceback][-12:] or lines
            return new_output("error", ename=output.ename, evalue=output.evalue, traceback=lines)
        for kind in SHOWN:
            if kind in output.get("data", {}):
                if graded and output.output_type == "execute_result":
                    return None  # the mark itself stands in the heading
                return new_output("display_data", data={kind: output["data"][kind]})
        return None


@lru_cache(maxsize=4096)
def _formula(written: str) -> str:
    tex = html.unescape(written.strip("$"))
    try:
        return mathml(tex, display="block" if written.startswith("$$") else "inline")
    except Exception:  # whatever a student wrote between two dollars; it is shown as written
        return written


def formulas(page: str) -> str:
    """Turn TeX between dollars into MathML, which browsers draw without a script."""
    parts = CODE.split(page)
    for i in range(0, len(parts), 3):  # text, then what is left alone, then its name
        parts[i] = FORMULA.sub(lambda m: _formula(m[0]), parts[i])
        if i + 2 < len(parts):
            parts[i + 2] = ""
    return "".join(parts)


class Feedback(GenerateFeedback):
    """nbgrader's feedback with the sanitised cells, and a page that may load nothing."""

    preprocessors = List([GetGrades, Sanitise, *GenerateFeedback.preprocessors.default_args[0][1:]])

    def write_single_notebook(self, output: str, resources) -> None:
        output = re.sub(r"<script\b.*?</script>", "", output, flags=re.S | re.I)
        output = re.sub(r"@font-face\s*\{[^}]*\}", "", output)
        output = re.sub(r"<link\b[^>]*>", "", output, flags=re.I)
        output = output.replace("<head>", f"<head>{POLICY}", 1).replace("<html>", '<html lang="en">', 1)
        super().write_single_notebook(formulas(output), resources)


def write(course: Course, assignment: str, student: str) -> None:
    """Write the feedback pages of one submission."""
    config = course.config()
    config.HTMLExporter.sanitize_html = True
    convert(Feedback(coursedir=course.coursedir(assignment, student), config=config))
