"""No statement of the book without a test, no test without a statement; and the reader of both reads rightly."""

from pathlib import Path

import pytest

from tools.book import indexes, ledger

ROOT = Path(__file__).parents[3]
BOOK, TESTS = ROOT / "book", ROOT / "tests"

PAGE = """# A title

$$
a = b
$$ (eq-one)

$$ a = c $$ (eq-two)

````{prf:theorem} Its name
:label: thm-one

$$
c = d
$$ (eq-three)

```{dropdown} Proof
Clear.
```
````

```{prf:definition}
:label: def-one

A thing.
```

```{math}
:label: eq-four
a = e
```

```python
$$ not = maths $$ (eq-code)
```

```{code-cell} ipython3
text = "$$ (eq-code)"
```
"""

MARKED = """import pytest

@pytest.mark.ledger("eq-one", "thm-one")
@pytest.mark.parametrize("x", [1])
def test_a(x):
    assert x

@pytest.mark.ledger("eq-two")
def test_b():
    assert True

@pytest.mark.ledger("eq-two")
def helper():
    pass
"""


@pytest.fixture
def small(tmp_path):
    """A book of one page and a folder with one file of tests."""
    (tmp_path / "book" / "part1").mkdir(parents=True)
    (tmp_path / "book" / "part1" / "01-a.md").write_text(PAGE)
    (tmp_path / "book" / "ledger.yml").write_text("definitions:\n  - eq-three\n  - eq-four\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(MARKED)
    return tmp_path / "book", tmp_path / "tests"


def test_no_orphan_either_way_round():
    found = ledger.orphans(BOOK, TESTS)
    assert not found, "\n".join(found)


def test_labels_are_read_with_their_kind_and_place(small):
    found = ledger.labels(small[0])
    assert {name: label.kind for name, label in found.items()} == {
        "eq-one": "equation",
        "eq-two": "equation",
        "thm-one": "theorem",
        "eq-three": "equation",
        "def-one": "definition",
        "eq-four": "equation",
    }
    assert (found["thm-one"].title, found["thm-one"].doc, found["eq-two"].line) == ("Its name", "part1/01-a", 7)


def test_marks_are_read_from_test_functions_only(small):
    found = ledger.tests_of(small[1])
    assert {name: [t.name for t in tests] for name, tests in found.items()} == {
        "eq-one": ["test_a"],
        "thm-one": ["test_a"],
        "eq-two": ["test_b"],
    }
    assert found["eq-one"][0].source.startswith("@pytest.mark.ledger")
    assert "assert x" in found["eq-one"][0].source


def test_a_complete_ledger_has_no_orphans(small):
    assert ledger.orphans(*small) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "orphan"),
    [
        ("tests/test_a.py", '"thm-one"', '"eq-one"', "thm-one has no test"),
        ("tests/test_a.py", '"eq-two"', '"eq-2"', "the book lacks"),
        ("book/ledger.yml", "  - eq-four\n", "", "eq-four has no test"),
        ("book/ledger.yml", "eq-four", "eq-four\n  - eq-five", "eq-five is no label"),
        ("book/ledger.yml", "eq-four", "eq-four\n  - eq-one", "no mere definition"),
    ],
)
def test_one_thing_amiss_is_one_orphan(small, file, old, new, orphan):
    path = small[0].parent / file
    path.write_text(path.read_text().replace(old, new))
    assert any(orphan in sentence for sentence in ledger.orphans(*small))


def test_a_label_given_twice_is_refused(small):
    (small[0] / "part1" / "02-b.md").write_text("$$ a = b $$ (eq-one)\n")
    with pytest.raises(ledger.LedgerError, match="eq-one is given twice"):
        ledger.labels(small[0])


def test_a_mark_that_is_no_string_is_refused(small):
    (small[1] / "test_b.py").write_text("@pytest.mark.ledger(NAME)\ndef test_c():\n    assert 1\n")
    with pytest.raises(ledger.LedgerError, match="test_b.py:1"):
        ledger.tests_of(small[1])


def test_the_page_links_every_statement_to_its_tests_and_shows_them(small):
    text = ledger.page(*small)
    assert "| {prf:ref}`thm-one` | Its name | {ref}`a <test-test-a-test-a>` |" in text
    assert "(test-test-a-test-a)=" in text
    assert "| {eq}`eq-three` | equation | a definition |" in text
    assert text.count("def test_a(x)") == 1


def test_exercises_are_listed_with_their_kind(tmp_path):
    (tmp_path / "part1").mkdir()
    (tmp_path / "part1" / "01-a.md").write_text(
        "# A chapter\n\n(ex-a)=\n### Exercise 1. One\n- **a.** x\n\n"
        "(ex-b)=\n### Exercise 2. Two\n```{code-cell} ipython3\n### BEGIN SOLUTION\n"
        '\n(ex-c)=\n### Exercise 3. Three\nWhy?\n\n+++ {"nbgrader": {}}\n## Recap\n- **a.** x\n'
    )
    listed = indexes.exercises(tmp_path)
    assert [(e.label, e.number, e.title, e.kind, e.graded) for e in listed] == [
        ("ex-a", 1, "One", "multiple choice", False),
        ("ex-b", 2, "Two", "code", False),
        ("ex-c", 3, "Three", "in words", True),
    ]
    text = indexes.exercises_page(tmp_path)
    assert "| 2 | {ref}`Two <ex-b>` | code |" in text
    assert "## {doc}`A chapter </part1/01-a>`" in text  # in words, for the contents beside the page


def test_every_exercise_of_the_book_is_in_the_index():
    labels = {label for path in BOOK.rglob("*.md") for label in _exercise_labels(path)}
    assert labels == {e.label for e in indexes.exercises(BOOK)}


def _exercise_labels(path: Path) -> list[str]:
    return [line[1:-2] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("(ex-")]
