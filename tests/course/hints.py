"""`python -m tests.course.hints`: what `check` says to every wrong answer of the graded graders, as one table."""

import click

from mi_lab.teaching.checks.run import assess
from tests.course.test_graders import ANSWERS


@click.command()
def main() -> None:
    """Print the table in Markdown."""
    click.echo("| exercise | wrong answer | what `check` says | mark |\n|---|---|---|---|")
    for name in sorted(ANSWERS):
        for mistake, (answer, _) in ANSWERS[name].wrong.items():
            verdict = assess(name, answer)
            click.echo(f"| {name} | {mistake} | {verdict.hint.replace('|', '/')} | {verdict.score:.0%} |")


if __name__ == "__main__":
    main()
