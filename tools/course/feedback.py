"""Feedback pages: nbgrader's, without hidden tests, without scripts, readable offline, formulas included."""

import html
import re
from functools import lru_cache

from jinja2 import BytecodeCache
from latex2mathml.converter import convert as mathml
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests, GetGrades, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_locked
from traitlets import List, default

from tools.course import hidden
from tools.course.settings import Course, convert

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:\">"
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>.output pre, .output_area pre, .input_area pre { white-space: pre-wrap; } "
    "div.nbgrader_cell .panel-heading { height: auto !important; overflow: hidden; } "  # a score takes a second line
    ".tex.block { display: block; overflow-x: auto; overflow-y: hidden; padding: .2em 0; } "
    "@media (max-width: 600px) { .tex.inline { display: inline-block; max-width: 100%; overflow-x: auto; "
    "overflow-y: hidden; vertical-align: middle; } table { display: block; overflow-x: auto; } "
    "div#notebook-container { padding: 0; } .input_area { min-width: 0; } "
    "div.prompt { min-width: 0; } .input_area, .highlight { width: 100%; } }</style>"
)
RUBRIC = "rubric"  # the tag of what only the person who marks sees
WAITS = "awaiting a person"
SHOWN = ("image/png", "image/jpeg", "text/plain")
CODE = re.compile(r"(<(pre|code|textarea|style|script)\b.*?</\2>|<[^>]*>)", re.S)  # no formulas in there
FORMULA = re.compile(r"\$\$.{1,4000}?\$\$|\$[^$\n]{1,1000}?\$", re.S)
NAMELESS = re.compile(r"<img\b(?![^>]*\balt=)")
ATOM = r"(<mi>[^<]*</mi>)"
PRIME = '<mo lspace="0" rspace="0">&#x02032;</mo>'  # as large as a letter: raised, fonts without a script form lose it
PRIMES = [
    (re.compile(rf"<msup>{ATOM}<mi>&#x02032;</mi></msup>"), rf"<mrow>\1{PRIME}</mrow>"),
    (re.compile(rf"<msubsup>{ATOM}{ATOM}<mi>&#x02032;</mi></msubsup>"), rf"<msub><mrow>\1{PRIME}</mrow>\2</msub>"),
]
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Compiled(BytecodeCache):
    """Templates that this process has compiled: the same for every student."""

    known: dict[str, bytes] = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket):
        self.known[bucket.key] = bucket.bytecode_to_string()


class Page(HTMLExporter):
    """nbconvert's page in half its time: templates compiled once, and not read again as a whole to name pictures."""

    def _create_environment(self):
        environment = super()._create_environment()
        environment.bytecode_cache = Compiled()
        return environment

    def from_notebook_node(self, nb, resources=None, **kw):
        resources = self._init_resources(resources)
        self.register_filter("highlight_code", Highlight2HTML(parent=self))
        kinds = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, parent=self, resources=resources)
        self.register_filter("filter_data_type", kinds)
        page, resources = TemplateExporter.from_notebook_node(self, nb, resources, **kw)
        return NAMELESS.sub('<img alt="a picture that this cell put out"', page), resources


class Sanitise(NbGraderPreprocessor):
    """Leaves of every cell what a student may see and a browser may show: text, pictures, no code of anybody's."""

    def preprocess(self, nb, resources):
        self.secret = hidden.lines(nb.cells)
        nb.cells = [cell for cell in nb.cells if RUBRIC not in cell.metadata.get("tags", [])]
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell, resources, cell_index):
        for output in cell.get("outputs", []):
            hidden.scrub(output, self.secret, is_grade(cell))  # once more: what marking left in is not for students
        cell.pop("attachments", None) if cell.cell_type != "markdown" else None
        if is_grade(cell) and is_locked(cell):
            ClearHiddenTests(enforce_metadata=False).preprocess_cell(cell, resources, cell_index)
            cell.source = cell.source if cell.source.strip() else "# tests that are not shown"
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
        display = "block" if written.startswith("$$") else "inline"
        drawn = mathml(tex, display=display)
        for written_so, better in PRIMES:
            drawn = written_so.sub(better, drawn)
        return f'<span class="tex {display}">{drawn}</span>'
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


class Awaiting(NbGraderPreprocessor):
    """Notes which answers no person has marked yet: their score is not 0, it is not there."""

    def preprocess(self, nb, resources):
        data = resources["nbgrader"]
        with Gradebook(data["db_url"]) as gb:
            found = gb.find_submission_notebook(data["notebook"], data["assignment"], data["student"])
            data["awaiting"] = sorted(g.name for g in found.grades if g.needs_manual_grade)
        return nb, resources


def awaiting(page: str, names: list[str]) -> str:
    """Say on a page that an answer awaits a person, where nbgrader's template says that it got 0."""
    for name in names:
        place = re.escape(name)
        page = re.sub(rf'(href="#{place}">[^<]*</a>) \(Score: [\d.]+ / ([\d.]+)\)', rf"\1 ({WAITS}, \2 points)", page)
        head = rf'(<a name="{place}"></a>\s*<div class="panel-heading">.{{0,200}}?)Score: [\d.]+ / ([\d.]+)'
        page = re.sub(head, rf"\1{WAITS}, \2 points", page, count=1, flags=re.S)
    if names:
        page = re.sub(
            r"(<h4>.*?\(Score: [\d.]+ / [\d.]+)\)</h4>", rf"\1 so far; {len(names)} {WAITS})</h4>", page, count=1
        )
    return page


class Feedback(GenerateFeedback):
    """nbgrader's feedback with the sanitised cells, and a page that may load nothing."""

    @default("exporter_class")
    def _exporter_class_default(self):
        return Page

    preprocessors = List([GetGrades, Awaiting, Sanitise, *GenerateFeedback.preprocessors.default_args[0][1:]])

    def write_single_notebook(self, output: str, resources) -> None:
        output = re.sub(r"<script\b.*?</script>", "", output, flags=re.S | re.I)
        output = re.sub(r"@font-face\s*\{[^}]*\}", "", output)
        output = re.sub(r"<link\b[^>]*>", "", output, flags=re.I)
        output = output.replace("<head>", f"<head>{POLICY}", 1).replace("<html>", '<html lang="en">', 1)
        output = awaiting(output, resources["nbgrader"].get("awaiting", []))
        super().write_single_notebook(formulas(output), resources)


def write(course: Course, assignment: str, student: str) -> None:
    """Write the feedback pages of one submission."""
    config = course.config()
    config.HTMLExporter.sanitize_html = True
    convert(Feedback(coursedir=course.coursedir(assignment, student), config=config))
