"""``python -m mi_lab.cli``."""

from mi_lab.cli.commands import main

main(prog_name="mi-lab")
