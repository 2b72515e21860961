"""The book in one file is made of every page of the contents in order, from pages that lack nothing.

That what was made lacks nothing either: tests/book/web/test_pdf.py and test_epub.py.
"""

import re

import pytest
import yaml

from tools.formats import pdf
from tools.formats.built import built_docs
from tools.formats.whole import AS_PRINTED, FAULTS, anchors

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def listed(root) -> list[str]:
    """The pages of _toc.yml."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


def test_pdf_and_epub_are_made_of_every_page_in_order_and_chapters_are_numbered(built_book, listed):
    docs = built_docs(built_book)
    assert docs == listed
    assert [doc for _, inside in pdf.parts_of(docs) for doc in inside] == listed
    numbers = [m[1] for doc in docs if (m := re.match(r"(\d+)\. ", pdf.heading(built_book, doc)))]
    assert numbers == [str(i) for i in range(1, len(numbers) + 1)]
    assert len(numbers) == len([doc for doc in listed if doc.startswith("part")])


def test_every_place_that_a_page_refers_to_is_there(built_book, listed):
    found = anchors(built_book, listed)
    assert len(found["part2/04-donsker-varadhan"]) > 10
    for doc, names in found.items():
        text = (built_book / f"{doc}.html").read_text(encoding="utf-8")
        assert [name for name in names if f'id="{name}"' not in text] == []


def test_a_page_that_lacks_a_picture_or_a_formula_is_not_printed(built_book, open_page):
    page = open_page((built_book / "colophon.html").as_uri())
    assert page.evaluate(FAULTS) == []
    page.evaluate("""document.querySelector('article').insertAdjacentHTML('beforeend',
      '<img src="gone.png"><span class="math">x</span><mjx-merror></mjx-merror>')""")
    page.wait_for_load_state("networkidle")
    assert [line.split()[1] for line in page.evaluate(FAULTS)] == ["picture", "formula", "formula"]


def test_the_ledger_s_tests_stay_on_the_web_and_no_link_to_them_is_left(built_book, open_page):
    page = open_page((built_book / "ledger.html").as_uri())
    before = page.locator("article td a").count()
    page.evaluate(AS_PRINTED)
    assert page.locator("article pre, article a[href^='#test-']").count() == 0
    assert 0 < page.locator("article td a").count() < before
