"""Every chapter has all the parts that the book promises, and its sources keep the house's habits."""

import re
from collections import Counter
from pathlib import Path

import chapter_rules as rules
import pytest

ROOT = Path(__file__).parents[3]
BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("part*/*.md"))
PAGES = sorted(BOOK.rglob("*.md"))
TRAPS = [
    f"trap-{name}"
    for name in re.findall(
        r"\S+",
        """dv-without-log surrogate training-samples critic-is-ratio mi-as-product-expectation batch-index entropies
        infonce difference-of-bounds deterministic bits-nats stated-truth resampled-iid soft-bins""",
    )
]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(chapter, rule):
    complaints = rule(chapter.read_text(encoding="utf-8"))
    assert not complaints, "\n".join(f"{chapter.name}: {c}" for c in complaints)


def test_every_chapter_is_in_the_contents_once_and_in_order():
    listed = re.findall(r"^ *- file: (part\d/(\d\d)-[\w-]+)$", (ROOT / "_toc.yml").read_text(encoding="utf-8"), re.M)
    assert [f"{path.parent.name}/{path.stem}" for path in CHAPTERS] == [doc for doc, _ in listed]
    numbers = [number for _, number in listed]
    assert numbers[:9] == [f"{k:02d}" for k in range(1, 10)]
    assert numbers == sorted(set(numbers))


def bibliography() -> dict[str, str]:
    text = (ROOT / "references.bib").read_text(encoding="utf-8")
    return dict(re.findall(r"^@\w+\{([^,\s]+),(.*?)^\}", text, re.M | re.S))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_source_that_is_cited_exists(page):
    assert rules.cited(page.read_text(encoding="utf-8")) <= set(bibliography())


def test_every_source_can_be_found_by_a_reader():
    lost = [key for key, body in bibliography().items() if not re.search(r"^\s*(doi|eprint|isbn|url)\s*=", body, re.M)]
    assert not lost


def test_bibliography_has_no_key_twice():
    keys = re.findall(r"^@\w+\{([^,\s]+),", (ROOT / "references.bib").read_text(encoding="utf-8"), re.M)
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_labels_are_unique_in_the_book():
    found = Counter()
    for page in PAGES:
        found.update(re.findall(r"^\(([\w-]+)\)=\s*$", rules.without_cells(page.read_text(encoding="utf-8")), re.M))
    assert [label for label, times in found.items() if times > 1] == []


@pytest.mark.parametrize("label", TRAPS)
def test_trap_is_shown_in_a_chapter_and_listed_in_the_appendix(label):
    places = [p.stem for p in CHAPTERS if re.search(rf"^\({label}\)=\s*$", p.read_text(encoding="utf-8"), re.M)]
    assert len(places) == 1, f"{label} stands in {places}"
    assert f"<{label}>`" in (BOOK / "traps.md").read_text(encoding="utf-8")


SOUND = """---
jupytext: {}
---
# A title

```{admonition} What you will learn
To look.
```

## See it

One sentence.

## A run with known truth

```{code-cell} ipython3
---
mystnb:
  figure: {caption: C, name: fig-a}
  image: {alt: A line}
---
fig, ax = plt.subplots()
glue(a=1.0)
```

It is {glue:text}`a:.2f`.

## Break it
## Exercises
EXERCISES
## Recap
FILLER
## Further reading
"""
CHOICE = '(ex-c{0})=\n### Exercise {0}. C\n- **a.** yes\n\n```{{code-cell}} ipython3\ncheck("c", 1)\n```\n'
CODE = "(ex-c{0})=\n### Exercise {0}. C\n```{{code-cell}} ipython3\n### BEGIN SOLUTION\nx\n### END SOLUTION\n```\n\n"
CODE += '```{{code-cell}} ipython3\ncheck("c", 1)\n```\n'
WORDS = "(ex-c{0})=\n### Exercise {0}. C\nWhy?\n\n```{{dropdown}} Solution\nSo.\n```\n"
SIX = "\n".join(kind.format(k) for k, kind in enumerate([CHOICE, CODE, WORDS] * 2, 1))
SOUND = SOUND.replace("EXERCISES", SIX).replace("FILLER", "A few more words stand here.\n" * 300)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_a_sound_chapter_passes(rule):
    assert rule(SOUND) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        (rules.parts, "# A title\n", ""),
        (rules.parts, "What you will learn", "Goals"),
        (rules.parts, "## Break it\n", ""),
        (rules.parts, "## Break it\n", "## Recap\n"),
        (rules.six_exercises_of_three_kinds, "(ex-c6)=\n", ""),
        (rules.six_exercises_of_three_kinds, "Exercise 2.", "Exercise 3."),
        (rules.six_exercises_of_three_kinds, "- **a.** yes", ""),
        (rules.six_exercises_of_three_kinds, 'check("c", 1)', "pass"),
        (rules.six_exercises_of_three_kinds, "{dropdown} Solution", "{note} Hm"),
        (rules.figures_described, "alt: A line", "width: 3"),
        (rules.figures_described, "name: fig-a", "label: a"),
        (rules.words, "A few more words", "So"),
        (rules.words, "A few more words", "A few more words, and many more, and then still more,"),
        (rules.one_sentence_a_line, "One sentence.", "One sentence. And two."),
        (rules.one_sentence_a_line, "One sentence.", "It is $x$. And two."),
        (rules.short_cells, "glue(a=1.0)", "glue(a=1.0)\n" * 12),
        (rules.glued, "glue(a=1.0)", "glue(b=1.0)"),
        (rules.no_align, "One sentence.", "\\begin{align}"),
    ],
)
def test_a_chapter_with_one_thing_wrong_is_caught(rule, old, new):
    assert rule(SOUND.replace(old, new))
