"""`python -m experiments NAME`: run one of the long runs behind the book's figures; `--help` lists them."""

import ast
from importlib import import_module
from pathlib import Path

import click

APART = {"__init__", "__main__", "players", "results"}


class Experiments(click.Group):
    """A command a module of this folder; none is imported before it is asked for."""

    def list_commands(self, context) -> list[str]:
        return sorted(p.stem.replace("_", "-") for p in Path(__file__).parent.glob("*.py") if p.stem not in APART)

    def get_command(self, context, name):
        if name not in self.list_commands(context):
            return None
        return import_module(f"experiments.{name.replace('-', '_')}").main

    def format_commands(self, context, formatter) -> None:
        rows = []
        for name in self.list_commands(context):
            path = Path(__file__).parent / f"{name.replace('-', '_')}.py"
            rows.append((name, (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]))
        with formatter.section("Experiments"):
            formatter.write_dl(rows)


@click.command(cls=Experiments)
def main() -> None:
    """Run a long run and write its result file into mi_lab/teaching/curves."""


if __name__ == "__main__":
    main(prog_name="python -m experiments")
