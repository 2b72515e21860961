"""Running a rebuilt submission: nbgrader's Execute with caps, a sandbox, and a judge outside the student's process."""

import hashlib
import re
import textwrap
import time
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade

from mi_lab.teaching.checks.run import OBSERVED, verdict_on
from mi_lab.teaching.checks.show import text
from tools.course.hidden import lines as hidden_lines
from tools.course.hidden import scrub
from tools.course.kernel import Kernel, Ran
from tools.course.slicing import needed
from tools.course.testcells import gives_partial_credit, hidden_checks, steadied, unread

PRELUDE = "from mi_lab import check\n"
WHY = {
    "time": "stopped: it took longer than {0:g} seconds.",
    "memory": "stopped: it took more than {1} MB of memory.",
    "output": "stopped: it printed more than {2} kB.",
    "died": "ended the kernel.",
}
MOST_RESTARTS = 3
NUMBER = re.compile(
    r"^(?:np\.\w+|numpy\.\w+|tensor|array)\(\s*([-+.\deE]+|nan|inf)(?:,.*)?\)$", re.S
)  # as NumPy and torch print one
SEED = re.compile(r"\bseed\s*=\s*(\d+)")


@dataclass
class Report:
    """What the marking of one notebook has to say besides the marks."""

    notes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)  # grade id -> what was wrong
    tallies: dict[str, dict] = field(default_factory=dict)  # exercise -> numbers for the class's table


class CourseExecute(NbGraderPreprocessor):
    """Runs the notebook; a test cell's outputs become exactly what nbgrader is to read from them."""

    kernel: Kernel = None  # set by `bound`
    report: Report = None
    given: frozenset[str] | None = None  # what the release's cells say; None: run every cell
    imports: dict[str, str] = {}  # what the release imports, by name
    student_seed: str = ""
    unread: dict[str, str] = {}  # name -> which cell, that Python cannot read, would have defined it
    hidden: frozenset[str] = frozenset()  # the lines of hidden tests, which no output may show

    @classmethod
    def bound(cls, **settings):
        """Return the class for one submission (nbconvert makes the instance)."""
        return type("Execute", (cls,), settings)

    def preprocess(self, nb: NotebookNode, resources):
        """Run every code cell; a cell that kills the kernel costs itself, and what ran before runs again."""
        with self.kernel:
            self._run(nb)
        return nb, resources

    def _run(self, nb: NotebookNode) -> None:
        limits, done, restarts, alive = self.kernel.limits, [], 0, True
        self.hidden, self.unread = hidden_lines(nb.cells), {}
        end = time.monotonic() + limits.notebook_seconds
        wanted = None if self.given is None else needed(nb.cells, self.given)
        for index, cell in enumerate(nb.cells):
            if cell.cell_type != "code" or not cell.source.strip() or (wanted is not None and index not in wanted):
                continue
            graded = is_grade(cell)
            if "skip-execution" in cell.metadata.get("tags", []) and not graded:
                continue
            seconds = min(limits.cell_seconds, end - time.monotonic())
            if seconds <= 0 or not alive:
                why = "the notebook had used up its time." if seconds <= 0 else "the kernel could not be revived."
                cell.outputs = [_error("NotRun", why)]
                self._note(f"{_name(cell)} was not run: {why}")
                continue
            source = self._seeded(cell.source)
            self.unread |= {name: f"{_name(cell)} {why}" for name, why in unread(cell.source).items()}
            ran = self.kernel.run(PRELUDE + steadied(source, self.imports) if graded else source, seconds)
            if self._starved(ran):
                ran.stopped, ran.dead, ran.outputs = "memory", True, []  # what could still be said is about the kernel
            cell.outputs = ran.outputs
            if ran.stopped:
                said = WHY[ran.stopped].format(limits.cell_seconds, limits.memory_mb, limits.output_kb)
                self._note(f"{_name(cell)} {said}")
                cell.outputs.append(_error("Stopped", f"This cell {said}"))
            self._hide(cell)
            if graded:
                self._mistrust(cell, ran)
                self.mark(cell, source)
            elif not ran.dead:
                done.append(source)
            if ran.dead:
                restarts += 1
                alive = restarts <= MOST_RESTARTS and self._revive(done, end)

    def _seeded(self, source: str) -> str:
        """Give every student hidden tests of their own, where the instructor wishes so."""
        if not self.student_seed:
            return source

        def own(m: re.Match) -> str:
            digest = hashlib.sha256(f"{self.student_seed}|{m[1]}".encode()).hexdigest()
            return f"seed={int(digest[:8], 16)}"

        return SEED.sub(own, source)

    def _starved(self, ran: Ran) -> bool:
        """Tell whether a cell left so much in memory that nothing after it can run.

        The error itself may then not be shown as one, for lack of memory: its name may stand in the reply alone, among
        what was printed, or nowhere, where no reply came at all.
        """
        said = [ran.raised, *(o.get("ename", "") + str(o.get("text", "")) for o in ran.outputs)]
        full = any("MemoryError" in words for words in said) or not ran.status or ran.changed is None
        return not ran.dead and full and self.kernel.memory_mb() > 0.5 * self.kernel.limits.memory_mb

    def _revive(self, done: list[str], end: float) -> bool:
        """Start a new kernel and run again what ran before; forget a cell that does not survive this time."""
        self.kernel.start()
        for source in list(done):
            seconds = min(self.kernel.limits.cell_seconds, end - time.monotonic())
            if seconds <= 0:
                return False
            if self.kernel.run(source, seconds).dead:
                done.remove(source)
                return False
        return True

    def _hide(self, cell: NotebookNode) -> None:
        """Leave out, and flag, an output that shows what a hidden test says."""
        for output in cell.outputs:
            if scrub(output, self.hidden, is_grade(cell)):
                self.report.flags.append(f"{_name(cell)} put out lines of a hidden test; they were left out.")

    def _mistrust(self, cell: NotebookNode, ran: Ran) -> None:
        """Believe the kernel's own reply more than what a cell shows; flag what was replaced in libraries and shell."""
        name = _name(cell)
        for words in ran.changed or []:
            flag = f"{words} was replaced by the student's code; it was put back before each test."
            if flag not in self.report.flags:
                self.report.flags.append(flag)
        shown = any(o.output_type == "error" for o in cell.outputs)
        if ran.stopped or ran.dead:
            return
        if ran.status == "error" and not shown:
            self.report.flags.append(f"{name} failed ({ran.raised}), but its error was kept from sight.")
            kind, _, words = ran.raised.partition(": ")
            cell.outputs.append(_error(kind or "Error", words))
        elif not shown and (ran.status != "ok" or ran.changed is None):
            self.report.flags.append(
                f"{name}: the kernel did not answer as it should; its shell may have been replaced."
            )
            cell.outputs.append(_error("NoAnswer", "This test gave no answer that can be relied on."))
        elif not shown and ran.changed_now:
            self.report.flags.append(f"{name}: {', '.join(ran.changed_now)} was replaced while the test ran.")
            cell.outputs.append(_error("Replaced", "What this test uses was replaced while it ran."))

    def _note(self, words: str) -> None:
        if words not in self.report.notes:
            self.report.notes.append(words)

    def mark(self, cell: NotebookNode, source: str) -> None:
        """Turn what a test cell put out into an error (no points), a number (some points) or neither (full points)."""
        expected = hidden_checks(source)
        seen, shown, error, result = {}, [], None, None
        for output in cell.outputs:
            data = output.get("data", {})
            if OBSERVED in data:
                message = data[OBSERVED]
                if isinstance(message, dict):
                    seen[(message.get("exercise"), message.get("seed"))] = message.get("observed")
            elif output.output_type == "error":
                error = error or output
            elif output.output_type == "execute_result":
                result = output
            elif output.output_type == "stream":
                shown.append(new_output("stream", name="stdout", text=output.text))  # stderr costs nothing
            else:
                shown.append(output)
        points, partial = float(cell.metadata.nbgrader["points"]), gives_partial_credit(source)
        share, said = 1.0, []
        for key in expected:
            if key not in seen:
                share = 0.0
                if error is None:
                    self.report.flags.append(f"{_name(cell)}: the checker gave no answer; it may have been replaced.")
                    said.append("The checker gave no answer.")
                continue
            verdict = self._verdict(*key, seen[key])
            share = min(share, verdict.score)
            said += (textwrap.fill(line, 100, subsequent_indent="  ") for line in text(verdict).splitlines())
            if not verdict.right:
                self.report.hints[cell.metadata.nbgrader.grade_id] = verdict.hint
        if said:
            shown.append(new_output("stream", name="stdout", text="\n".join(said) + "\n"))
        missing = re.match(r"name '(\w+)' is not defined", error.evalue) if error is not None else None
        if missing and missing[1] in self.unread:
            error = _error("SyntaxError", f"{self.unread[missing[1]]}: nothing in that cell was run.")
        if error is not None:
            shown.append(error)
            self.report.hints.setdefault(cell.metadata.nbgrader.grade_id, f"{error.ename}: {error.evalue}"[:200])
        elif expected:
            if partial and 0 < share < 1:
                shown.append(_number(round(points * share, 2)))
            elif share < 1:
                shown.append(_error("NotRight", "No points yet."))
        elif not expected and result is not None:
            shown.append(self._score(result, points, cell))
        cell.outputs = shown

    def _verdict(self, exercise: str, seed: int, observed):
        from mi_lab.teaching.checks.exercise import find
        from mi_lab.teaching.checks.judge import Line, Verdict

        try:
            if (tally := find(exercise).tally) and (numbers := tally(observed, seed)):
                self.report.tallies[exercise] = numbers
            return verdict_on(exercise, observed, seed)
        except Exception as e:  # whatever a stranger's message provokes costs the stranger, not the run
            self.report.flags.append(f"{exercise}: what came back cannot be judged ({type(e).__name__}: {e}).")
            return Verdict(0.0, [Line(False, "what came back cannot be judged.")])

    def _score(self, result, points: float, cell):
        """Return what the last line of a test gives as a mark: as nbgrader does, but always from 0 to the points."""
        said = result["data"].get("text/plain", "").strip()
        value = {"True": points, "False": 0.0}.get(said)
        if value is None:
            try:
                value = float(NUMBER.sub(r"\1", said))
            except ValueError:
                value = -1.0
        if 0 <= value <= points:
            return _number(value)
        self.report.flags.append(f"{_name(cell)} gave {said[:40]!r} as its mark, which is none from 0 to {points:g}.")
        return _error("NoMark", "This test gave no mark between 0 and its points.")


def _error(name: str, words: str):
    return new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])


def _number(value: float):
    return new_output("execute_result", data={"text/plain": f"{value:g}"}, execution_count=None)


def _name(cell) -> str:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id:
        return f"the cell {grade_id}"
    first = next((line for line in cell.source.splitlines() if line.strip()), "").strip()
    return f"the cell that begins `{first[:40]}`"
