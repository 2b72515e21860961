"""A pytest plugin: nbval on the chapters themselves, solutions and hidden tests included, not only on .ipynb files."""

from unittest import mock

import pytest
from nbval.plugin import IPyNbFile

from tools.book.source import read


class ChapterFile(IPyNbFile):
    """A MyST notebook, collected cell by cell as nbval collects an .ipynb file."""

    def collect(self):
        with mock.patch("nbval.plugin.nbformat.read", return_value=read(self.path)):
            yield from super().collect()


def pytest_collect_file(file_path, parent):
    """Collect book/**.md where they are notebooks."""
    option = parent.config.option
    if (option.nbval or option.nbval_lax) and file_path.suffix == ".md":
        text = file_path.read_text(encoding="utf-8")
        if text.startswith("---\njupytext:"):
            return ChapterFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    """Give notebooks a folder of their own to write logs in, and one thread each: two run side by side."""
    import os

    os.environ.setdefault("OMP_NUM_THREADS", "1")
