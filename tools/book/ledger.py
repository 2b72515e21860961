"""The ledger: which test checks which labelled equation and statement of the book, and the page that says so.

labels(BOOK)              every labelled equation and prf: statement, in reading order
tests_of(TESTS)           every @pytest.mark.ledger("label", ...) with its test
definitions(BOOK)         labels that only define: nothing to check
page(BOOK, TESTS)         the page of the book, MyST
"""

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import yaml

STATEMENTS = {"theorem", "proposition", "lemma", "corollary"}  # these need a test; the others only define or show
PROOF_KINDS = STATEMENTS | {"definition", "remark", "example", "algorithm", "conjecture", "axiom", "criterion"}

TITLE = re.compile(r"^# (.+?)\s*$", re.M)


@dataclass(frozen=True)
class Label:
    """A labelled equation or ``prf:`` directive."""

    name: str
    kind: str  # "equation", "theorem", …
    title: str  # of a statement; "" for an equation
    doc: str  # path inside book/ without suffix
    line: int

    @property
    def needs_test(self) -> bool:
        return self.kind == "equation" or self.kind in STATEMENTS


@dataclass(frozen=True)
class Test:
    """A test function that carries the mark ``ledger``."""

    __test__ = False  # pytest: not a class of tests

    file: str  # path inside tests/
    name: str
    line: int
    source: str


class LedgerError(Exception):
    """A label or a mark that the ledger cannot read; the message says where."""


FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})\s*(.*)$")
PRF = re.compile(r"^\{prf:(\w+)\}\s*(.*)$")
OPTION = re.compile(r"^\s*:label:\s*(\S+)\s*$")
DOLLARS = re.compile(r"\$\$\s*\(([\w:.-]+)\)\s*$")


def reading_order(book: Path) -> list[Path]:
    """Return the book's pages as a reader meets them: front matter, parts, and what follows."""
    return sorted(book.rglob("*.md"), key=lambda p: (p.parent != book, p.relative_to(book).as_posix()))


def labels(book: Path) -> dict[str, Label]:
    """Return every labelled equation and ``prf:`` directive below ``book``, in reading order.

    Raises
    ------
    LedgerError
        If a label is given twice.
    """
    found: dict[str, Label] = {}
    for path in reading_order(book):
        doc = path.relative_to(book).with_suffix("").as_posix()
        for label in _labels_of(path.read_text(encoding="utf-8"), doc):
            if label.name in found:
                other = found[label.name]
                raise LedgerError(f"{label.name} is given twice: {other.doc}:{other.line} and {doc}:{label.line}")
            found[label.name] = label
    return found


def _labels_of(text: str, doc: str):
    stack: list[tuple[str, str, str]] = []  # open fences: mark, kind, title
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        inside_code = stack and stack[-1][1] == "code"
        if fence and stack and not fence[2] and fence[1][0] == stack[-1][0][0] and len(fence[1]) >= len(stack[-1][0]):
            stack.pop()
        elif inside_code:
            continue
        elif fence:
            prf = PRF.match(fence[2])
            is_directive = fence[2].startswith("{") and not fence[2].startswith(("{code", "{literal"))
            math = fence[2].startswith("{math}")
            kind = prf[1] if prf else "equation" if math else "block" if is_directive or fence[1][0] == ":" else "code"
            stack.append((fence[1], kind, prf[2] if prf else ""))
        elif match := DOLLARS.search(line):
            yield Label(match[1], "equation", "", doc, number)
        elif stack and (match := OPTION.match(line)) and (stack[-1][1] in PROOF_KINDS or stack[-1][1] == "equation"):
            yield Label(match[1], stack[-1][1], stack[-1][2], doc, number)


def tests_of(tests: Path) -> dict[str, list[Test]]:
    """Return label -> the tests below ``tests`` that are marked with it (read from the source, nothing is run)."""
    found: dict[str, list[Test]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        file = path.relative_to(tests).as_posix()
        for function in ast.walk(ast.parse(text)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or not function.name.startswith("test"):
                continue
            start = min([function.lineno, *(d.lineno for d in function.decorator_list)])
            source = "\n".join(text.splitlines()[start - 1 : function.end_lineno])
            for name in _marks(function, file):
                found[name].append(Test(file, function.name, start, source))
    return dict(found)


def _marks(function: ast.FunctionDef, file: str):
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "ledger":
                for argument in node.args:
                    if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                        raise LedgerError(
                            f"{file}:{node.lineno}: write the label as a string, the ledger reads sources"
                        )
                    yield argument.value


def definitions(book: Path) -> set[str]:
    """Return the labels that ``book/ledger.yml`` lists under ``definitions:`` (a list, or label: why)."""
    path = book / "ledger.yml"
    listed = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    return set((listed or {}).get("definitions") or [])


def orphans(book: Path, tests: Path) -> list[str]:
    """Return a sentence for every statement without a test, and for every test or definition without a statement."""
    named, tested, defined = labels(book), tests_of(tests), definitions(book)
    sentences = [
        f"{label.doc}:{label.line}: {label.kind} {label.name} has no test: mark one with "
        f'@pytest.mark.ledger("{label.name}"), or list it under definitions: in book/ledger.yml if it only defines.'
        for label in named.values()
        if label.needs_test and label.name not in tested and label.name not in defined
    ]
    for name, its_tests in tested.items():
        if name not in named:
            sentences += [f"tests/{t.file}:{t.line}: {t.name} checks {name}, which the book lacks." for t in its_tests]
    sentences += [f"book/ledger.yml: {name} is no label of the book." for name in sorted(defined - set(named))]
    sentences += [f"book/ledger.yml: {name} has a test, so it is no mere definition." for name in defined & set(tested)]
    return sentences


def heading(book: Path, doc: str) -> str:
    """Return a heading that leads to a chapter, in words: the contents of a page show it before links are found."""
    title = TITLE.search((book / f"{doc}.md").read_text(encoding="utf-8"))[1]
    return f"\n## {{doc}}`{title} </{doc}>`\n"


def page(book: Path, tests: Path) -> str:
    """Return the page that lists every labelled equation and statement beside its tests, and shows these tests."""
    named, tested, defined = labels(book), tests_of(tests), definitions(book)
    lines = [HEAD]
    for doc in dict.fromkeys(label.doc for label in named.values()):
        lines += [heading(book, doc), "| | what | checked by |", "|---|---|---|"]
        for label in (x for x in named.values() if x.doc == doc):
            what = f"{{eq}}`{label.name}`" if label.kind == "equation" else f"{{prf:ref}}`{label.name}`"
            by = "; ".join(f"{{ref}}`{_spoken(t)} <{_anchor(t)}>`" for t in tested.get(label.name, []))
            missing = "*nothing yet*" if label.needs_test and label.name not in defined else "a definition"
            lines.append(f"| {what} | {label.title or label.kind} | {by or missing} |")
    lines.append(TESTS_HEAD)
    shown = {(t.file, t.name): t for name in named for t in tested.get(name, [])}
    for t in shown.values():
        lines += [f"({_anchor(t)})=\n**{t.name}**, `tests/{t.file}`, line {t.line}\n"]
        lines += [f"````{{dropdown}} The test\n```python\n{t.source}\n```\n````\n"]
    return "\n".join(lines) + "\n"


def _spoken(test: Test) -> str:
    """Return a test's name as words, which a narrow page can break."""
    return test.name.removeprefix("test_").replace("_", " ")


def _anchor(test: Test) -> str:
    return "test-" + re.sub(r"[^a-z0-9]+", "-", f"{test.file.removesuffix('.py')}-{test.name}".lower()).strip("-")


HEAD = """# The ledger

A book of formulas is as good as its worst typing error.
So every labelled equation, theorem, proposition, lemma and corollary stands here, beside the test that checks it.
A check is an exact computation on a finite alphabet, a comparison with a closed form, a search for a violation of
a bound, or a gradient beside finite differences.
What only defines has nothing to be checked and says so.
The project's own tests fail when a statement here has no test, or a test no statement.
"""

TESTS_HEAD = """
## The tests themselves

Each is short, and reading it tells what exactly was checked.
"""
