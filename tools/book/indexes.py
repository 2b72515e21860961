"""Pages that are lists: the index of exercises, made from the labels in the chapters."""

import re
from dataclasses import dataclass
from pathlib import Path

from mi_lab.teaching.checks.exercise import EXERCISES, everything
from tools.book.ledger import heading, reading_order

EXERCISE = re.compile(r"^\((ex-[\w-]+)\)=\s*\n+#{2,4} Exercise (\d+)\.\s*(.+?)\s*$", re.M)


@dataclass(frozen=True)
class Exercise:
    """A labelled exercise and what kind it is."""

    label: str
    number: int
    title: str
    doc: str
    kind: str  # "code", "multiple choice", "number" or "in words"
    graded: bool
    checks: tuple[str, ...] = ()  # the names of its forms


def exercises(book: Path) -> list[Exercise]:
    """Return the exercises of every page below ``book``, in reading order."""
    found = []
    for path in reading_order(book):
        text = path.read_text(encoding="utf-8")
        doc = path.relative_to(book).with_suffix("").as_posix()
        for match, body in with_bodies(text):
            number, graded = int(match[2]), '"nbgrader"' in body
            found.append(Exercise(match[1], number, match[3], doc, kind_of(body), graded, checks(body)))
    return found


def with_bodies(text: str) -> list[tuple[re.Match, str]]:
    """Return each exercise's heading, matched, with what stands under it."""
    matches = list(EXERCISE.finditer(text))
    ends = [match.start() for match in matches[1:]] + [len(text)]
    pieces = [(match, text[match.end() : end]) for match, end in zip(matches, ends, strict=False)]
    return [(match, re.split(r"^## ", body, maxsplit=1, flags=re.M)[0]) for match, body in pieces]


def kind_of(body: str) -> str:
    """Tell an exercise's kind from its source: choices, a checked cell, or neither."""
    if re.search(r"^- \*\*a\.\*\*", body, re.M):
        return "multiple choice"
    if not ("{code-cell}" in body and "### BEGIN SOLUTION" in body):
        return "in words"
    kinds = {task.kind for name in checks(body) if (task := EXERCISES.get(name) or everything().get(name))}
    return "number" if kinds == {"numeric"} else "code"


def checks(body: str) -> tuple[str, ...]:
    """Return the names under which an exercise's answers are checked or marked, in order."""
    text = re.findall(r'^check\("([\w-]+)"|^\+\+\+ .*"grade_id": "([\w-]+)"', body, re.M)
    return tuple(dict.fromkeys(a or b for a, b in text))


def exercises_page(book: Path) -> str:
    """Return the index of exercises as MyST: one table a chapter, each title a link."""
    lines, listed = [HEAD], exercises(book)
    for doc in dict.fromkeys(e.doc for e in listed):
        lines += [heading(book, doc), "| | exercise | kind | answered |", "|---|---|---|---|"]
        rows = [(e.number, f"{{ref}}`{e.title} <{e.label}>`", e.kind, _place(e)) for e in listed if e.doc == doc]
        lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _place(exercise: Exercise) -> str:
    """Return where the reader's browser ticks an exercise: with what reader.js has kept."""
    names = " ".join(f"check-{name}" for name in exercise.checks)
    return f'<span class="mi-done" data-checks="{names}"></span>' if names else ""


HEAD = """# Exercises

Every exercise of the book, in order.
Those of kind *multiple choice* and *number* answer on the page, with a hint that fits the mistake.
A number may be written as you are used to: `10,501`, `3/4`, `83 %`, `2·10³`, `1.2 bits`.
Those of kind *code* do the same in the chapter's notebook, which the page links to.
Those *in words* have a solution to open, or wait for a person who marks them.
Answers stay in your browser, and nowhere else.

<p class="mi-forget" hidden></p>
"""
