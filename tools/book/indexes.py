"""Pages that are lists: the index of exercises, made from the labels in the chapters."""

import re
from dataclasses import dataclass
from pathlib import Path

from tools.book.ledger import heading, reading_order

EXERCISE = re.compile(r"^\((ex-[\w-]+)\)=\s*\n+#{2,4} Exercise (\d+)\.\s*(.+?)\s*$", re.M)


@dataclass(frozen=True)
class Exercise:
    """A labelled exercise and what kind it is."""

    label: str
    number: int
    title: str
    doc: str
    kind: str  # "code", "multiple choice" or "in words"
    graded: bool


def exercises(book: Path) -> list[Exercise]:
    """Return the exercises of every page below ``book``, in reading order."""
    found = []
    for path in reading_order(book):
        text = path.read_text(encoding="utf-8")
        doc = path.relative_to(book).with_suffix("").as_posix()
        for match, body in with_bodies(text):
            found.append(Exercise(match[1], int(match[2]), match[3], doc, kind_of(body), '"nbgrader"' in body))
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
    return "code" if "{code-cell}" in body and "### BEGIN SOLUTION" in body else "in words"


def exercises_page(book: Path) -> str:
    """Return the index of exercises as MyST: one table a chapter, each title a link."""
    lines, listed = [HEAD], exercises(book)
    for doc in dict.fromkeys(e.doc for e in listed):
        lines += [heading(book, doc), "| | exercise | kind |", "|---|---|---|"]
        lines += [f"| {e.number} | {{ref}}`{e.title} <{e.label}>` | {e.kind} |" for e in listed if e.doc == doc]
    return "\n".join(lines) + "\n"


HEAD = """# Exercises

Every exercise of the book, in order.
Those of kind *code* and *multiple choice* answer at once, with a hint that fits the mistake.
Those *in words* have a solution to open.
Open a chapter as a notebook to work on them.
"""
