"""What the package's docstrings name exists: keys of the bibliography, labels of the book."""

import ast
import re

from tools.book.export import bibliography
from tools.book.labels import all_labels
from tools.book.source import ROOT, chapters

KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z]*\b")
LABEL = re.compile(r"`?\b((?:eq|thm|prop|lem|cor|def)-[a-z][a-z0-9-]*)\b")


def docstrings():
    for path in (ROOT / "mi_lab").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                yield f"{path.relative_to(ROOT)}:{getattr(node, 'name', 'module')}", text


def test_every_source_that_a_docstring_names_is_in_the_bibliography():
    named = {(where, key) for where, text in docstrings() for key in KEY.findall(text)}
    assert len(named) > 10
    missing = sorted(f"{where} names {key}" for where, key in named if key not in bibliography())
    assert not missing, missing


def test_every_label_that_a_docstring_names_is_in_the_book():
    labels = all_labels(chapters())
    named = {(where, label) for where, text in docstrings() for label in LABEL.findall(text)}
    assert len(named) > 10
    missing = sorted(f"{where} names {label}" for where, label in named if label not in labels)
    assert not missing, missing
