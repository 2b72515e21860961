"""Pages that are lists: the index of exercises, made from the labels in the chapters."""

import re
from dataclasses import dataclass
from pathlib import Path

from tools.ledger import reading_order

EXERCISE = re.compile(r"^\((ex-[\w-]+)\)=\s*\n+#{2,4} Exercise (\d+)\.\s*(.+?)\s*$", re.M)
TITLE = re.compile(r"^# (.+?)\s*$", re.M)


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
        matches = list(EXERCISE.finditer(text))
        for match, after in zip(matches, [*matches[1:], None], strict=True):
            body = text[match.end() : after.start() if after else len(text)]
            body = re.split(r"^## ", body, maxsplit=1, flags=re.M)[0]
            doc = path.relative_to(book).with_suffix("").as_posix()
            found.append(Exercise(match[1], int(match[2]), match[3], doc, kind_of(body), '"nbgrader"' in body))
    return found


def kind_of(body: str) -> str:
    """Tell an exercise's kind from its source: choices, a checked cell, or neither."""
    if re.search(r"^- \*\*a\.\*\*", body, re.M):
        return "multiple choice"
    return "code" if "### BEGIN SOLUTION" in body else "in words"


def exercises_page(book: Path) -> str:
    """Return the index of exercises as MyST: one table a chapter, each title a link."""
    lines, listed = [HEAD], exercises(book)
    for doc in dict.fromkeys(e.doc for e in listed):
        lines += [f"\n## {{doc}}`/{doc}`\n", "| | exercise | kind |", "|---|---|---|"]
        lines += [f"| {e.number} | {{ref}}`{e.title} <{e.label}>` | {e.kind} |" for e in listed if e.doc == doc]
    return "\n".join(lines) + "\n"


HEAD = """# Exercises

Every exercise of the book, in order.
Those of kind *code* and *multiple choice* answer at once, with a hint that fits the mistake.
Those *in words* have a solution to open.
Open a chapter as a notebook to work on them.
"""
