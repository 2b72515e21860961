"""The command line: ``mi-lab estimate|matrix|rank|lags FILE``."""

from mi_lab.cli.commands import main

__all__ = ["main"]
