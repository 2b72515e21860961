"""The report to the instructor: one page that says what came in, what needs a person, and where students struggle."""

from collections import Counter

import jinja2
import nbformat

from mi_lab.teaching.checks.exercise import find
from tools.course import sandbox
from tools.course.rebuild import nbgrader
from tools.course.settings import Course

# ruff: noqa: E501 - HTML is read by browsers
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Grading report</title><style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem; } th { text-align: left; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #8886; vertical-align: top; } td.n { text-align: right; }
.warn { border-left: 5px solid #b3541e; padding: .4rem 1rem; } .wide { overflow-x: auto; }
</style></head><body>
<h1>Grading report</h1>
{% if not walled %}<p class="warn"><strong>Warning.</strong> {{ warning }}</p>{% endif %}
<p>{{ rows|length }} submissions, {{ flagged|length }} flagged, {{ refused|length }} not graded, {{ waiting|length }} with
answers that wait for a person (<code>make formgrader</code>).</p>
{% if flagged %}<h2>To be looked at</h2>
<p>A flag is a reason to look, not a judgement: it has cost no mark by itself. Only a test that gave no answer to rely on,
or whose tools were replaced while it ran, gave no points.</p>
<div class="wide"><table><tr><th>Student</th><th>Assignment</th><th>Why</th></tr>
{% for e in flagged %}<tr><td>{{ e.student }}</td><td>{{ e.assignment }}</td><td>{% for f in e.flags %}{{ f }}<br>{% endfor %}
</td></tr>{% endfor %}</table></div>{% endif %}
{% if refused %}<h2>Not graded</h2><div class="wide"><table><tr><th>Student</th><th>Assignment</th><th>Why</th></tr>
{% for e in refused %}<tr><td>{{ e.student }}</td><td>{{ e.assignment }}</td><td>{{ e.refused }}</td></tr>{% endfor %}
</table></div>{% endif %}
{% for assignment, cells in questions.items() %}<h2>{{ assignment }}: where points were lost</h2>
<div class="wide"><table><tr><th>Question</th><th>Points</th><th>Mean</th><th>Full marks</th><th>Most frequent hints</th></tr>
{% for c in cells %}<tr><td>{{ c.name }}</td><td class="n">{{ c.points }}</td><td class="n">{{ c.mean }}</td>
<td class="n">{{ c.full }}</td><td>{% if c.waits %}{{ c.waits }} awaiting a person<br>{% endif %}{% for hint, n in c.hints %}{{ n }} × {{ hint }}<br>{% endfor %}</td></tr>{% endfor %}
</table></div>{% endfor %}
{% for title, t in tables.items() %}<h2>{{ title }}: the class, without names</h2>
<p>Mean errors in nats on the same kinds of samples, best first; a table to show to the class.</p>
<div class="wide"><table><tr><th>Place</th>{% for c in t.columns %}<th>{{ c }}</th>{% endfor %}</tr>
{% for r in t.rows %}<tr><td>{{ r.place }}</td>{% for v in r.cells %}<td class="n">{{ v }}</td>{% endfor %}</tr>{% endfor %}
</table></div>{% endfor %}
<h2>Marks</h2><div class="wide"><table><tr><th>Student</th><th>Assignment</th><th>Score</th><th>of</th><th>Points awaiting a person</th><th>Message</th></tr>
{% for r in rows %}<tr><td>{{ r.student }}</td><td>{{ r.assignment }}</td><td class="n">{{ r.score }}</td>
<td class="n">{{ r.max_score }}</td><td class="n">{{ r.awaiting or "" }}</td><td>{{ r.message }}</td></tr>{% endfor %}</table></div>
</body></html>
"""


def write_report(course: Course, entries: list, rows: list[dict], walled: bool) -> None:
    """Write ``report.html`` into the course."""
    page = jinja2.Environment(autoescape=True).from_string(PAGE)
    html = page.render(
        rows=rows,
        walled=walled,
        warning=sandbox.WARNING,
        flagged=[e for e in entries if e.flags],
        refused=[e for e in entries if e.refused],
        waiting=[r for r in rows if "for a person" in r["message"]],
        questions=questions(course, entries),
        tables=class_tables(entries),
    )
    course.folder("report.html").write_text(html, encoding="utf-8")


def class_tables(entries: list) -> dict[str, dict]:
    """Return, for each exercise that keeps a tally, its class's table: places without names, and the baselines."""
    found: dict[str, list[dict]] = {}
    for entry in entries:
        for exercise, numbers in entry.tallies.items():
            found.setdefault(exercise, []).append(numbers)
    tables = {}
    for exercise, tallies in sorted(found.items()):
        columns = list(dict.fromkeys(column for numbers in tallies for column in numbers))
        rows = [[numbers[c][0] if c in numbers else None for c in columns] for numbers in tallies]
        rows.sort(key=lambda row: (None in row, sum(v or 0 for v in row)))  # who did all before who did some
        lines = [(f"{place}.", row) for place, row in enumerate(rows, 1)]
        for c in columns:
            known = [numbers[c] for numbers in tallies if c in numbers]
            mean = sum(theirs for *_, theirs in known) / len(known)
            lines.append((known[0][1], [mean if other == c else None for other in columns]))
        shown = [{"place": name, "cells": ["–" if v is None else f"{v:.3f}" for v in cells]} for name, cells in lines]
        tables[find(exercise).title] = {"columns": columns, "rows": shown}
    return tables


def questions(course: Course, entries: list) -> dict[str, list[dict]]:
    """Return, for each assignment, each question with its mean, its share of full marks and its commonest hints."""
    found: dict[str, list[dict]] = {}
    for assignment in sorted({e.assignment for e in entries if not e.refused}):
        hints: dict[str, Counter] = {}
        for entry in entries:
            if entry.assignment == assignment:
                for name, hint in entry.hints.items():
                    hints.setdefault(name, Counter())[hint] += 1
        scores: dict[str, list[float]] = {}
        waits: Counter = Counter()
        with course.gradebook() as gb:
            for submission in gb.assignment_submissions(assignment):
                for nb in submission.notebooks:
                    for g in nb.grades:
                        if g.needs_manual_grade:
                            waits[g.name] += 1
                        else:
                            scores.setdefault(g.name, []).append(g.score)
        rows = []
        for path in sorted(course.folder("source", assignment).glob("*.ipynb")):
            for cell in nbformat.read(path, as_version=4).cells:
                data = nbgrader(cell)
                name = data.get("grade_id")
                if not data.get("grade") or not (scores.get(name) or waits[name]):
                    continue
                got, points = scores.get(name, []), float(data["points"])
                full = f"{sum(s >= points for s in got) / len(got):.0%}" if got else "–"
                mean = f"{sum(got) / len(got):.2f}" if got else "–"
                common = hints.get(data["grade_id"], Counter()).most_common(3)
                rows.append(
                    {"name": name, "points": f"{points:g}", "mean": mean, "waits": waits[name]}
                    | {"full": full, "hints": common}
                )
        found[assignment] = rows
    return found
