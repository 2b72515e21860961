"""What a reader has who listens: a language, one title, headings that nest, landmarks, formulas in MathML."""

from collections import Counter

import pytest
from bs4 import BeautifulSoup

from tools.book.source import chapters

DOCS = [*(page.doc for page in chapters()), "search", "genindex"]


@pytest.fixture(scope="module")
def pages(built_book):
    return {doc: BeautifulSoup((built_book / f"{doc}.html").read_text(encoding="utf-8"), "html.parser") for doc in DOCS}


def outline(page) -> list[int]:
    """Return the levels of the headings that are read; the theme keeps a second copy of the title for paper."""
    return [
        int(head.name[1])
        for head in page.select("h1, h2, h3, h4, h5, h6")
        if not head.find_parent(id="jb-print-docs-body")
    ]


@pytest.mark.parametrize("doc", DOCS)
def test_headings_nest_and_landmarks_are_named(doc, pages):
    page = pages[doc]
    assert page.html["lang"] == "en"
    levels = outline(page)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert len(page.select("main")) == 1
    names = [nav.get("aria-label") or nav.get("aria-labelledby") for nav in page.select("nav")]
    assert "Main" in names
    assert None not in names
    assert max(Counter(names).values()) == 1
    assert page.select_one("main h1") is not None


@pytest.mark.parametrize("doc", DOCS)
def test_the_contents_of_a_page_say_what_its_headings_say(doc, pages):
    heads = [" ".join(h.get_text().removesuffix("#").split()) for h in pages[doc].select("main h2, main h3")]
    for link in pages[doc].select("#pst-page-toc-nav a"):
        name = pages[doc].find("dt", id=link["href"].removeprefix("#"))  # a function's, which has no heading
        assert name or " ".join(link.get_text().split()) in heads


def test_every_page_has_its_own_title(pages):
    titles = [page.title.get_text() for page in pages.values()]
    assert len(set(titles)) == len(titles)
    assert pages["index"].title.get_text() == "Estimating mutual information"


def test_a_jump_would_be_seen():
    page = BeautifulSoup("<div id=jb-print-docs-body><h1>x</h1></div><h1>x</h1><h3>y</h3>", "html.parser")
    assert outline(page) == [1, 3]
