"""`python -m tests.course.hints`: what `check` says to mistakes that nobody planned for, in one table with a score."""

import re
from importlib import import_module
from pathlib import Path

import click

from mi_lab.teaching.checks.exercise import everything
from mi_lab.teaching.checks.run import assess

LATER = import_module("tests.course.mistakes.later").LATER  # what was read when hints had changed
MISTAKES = {}
for path in sorted((Path(__file__).parent / "mistakes").glob("ch*.py")):
    MISTAKES |= import_module(f"tests.course.mistakes.{path.stem}").MISTAKES
VAGUE = re.compile(r"not right yet|^not yet|one (?:number|value) is wanted\.$|: train longer|close, but not within")


def of_choice(task) -> dict:
    """Return every wrong way to answer a choice, with words of the reason that it must be given."""
    wrong = [c for c in task.reasons if c not in task.right]
    found = {c: (c, task.reasons[c][:20]) for c in wrong}
    found |= {f"{c} and the right one": (c + task.right, task.reasons[c][:20]) for c in wrong}
    others = {"no such letter": "z", "a number": 2, "words": "none of them", "a truth value": True}
    return found | {name: (answer, "the choices are") for name, answer in others.items()}


def wrong(name: str) -> dict:
    """Return the wrong answers to an exercise that nobody planned for."""
    task = everything()[name]
    if task.kind == "choice":
        return of_choice(task)
    later = LATER.get(name, {})
    return {mistake: (answer, later.get(mistake, words)) for mistake, (answer, words) in MISTAKES.get(name, {}).items()}


def said(name: str) -> dict[str, tuple[str, float, bool]]:
    """Return mistake -> what `check` says, the mark, and whether it is what a person found true and specific."""
    found = {}
    for mistake, (answer, words) in wrong(name).items():
        verdict = assess(name, answer)
        hit = bool(words) and words.lower() in verdict.hint.lower() and not VAGUE.search(verdict.hint)
        found[mistake] = (verdict.hint, verdict.score, hit)
    return found


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Print the table in Markdown, for all graded exercises or those named."""
    from tools.course.make import sources
    from tools.course.release import graded_exercises

    hits = total = 0
    click.echo("| exercise | mistake | what `check` says | mark | specific |\n|---|---|---|---|---|")
    for name in names or sorted(graded_exercises(sources(None))):
        for mistake, (hint, score, hit) in said(name).items():
            click.echo(f"| {name} | {mistake} | {hint.replace('|', '/')} | {score:.0%} | {'yes' if hit else 'no'} |")
            hits, total = hits + hit, total + 1
    click.echo(f"\n{hits} of {total} hints are specific, {hits / max(total, 1):.0%}.")


if __name__ == "__main__":
    main()
