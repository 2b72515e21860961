"""Every built page in a real browser whose network is cut: no failed request, no complaint, mathematics typeset."""

import pytest

from tools.source import chapters

pytestmark = pytest.mark.browser
DOCS = [page.doc for page in chapters()]


@pytest.mark.parametrize("doc", DOCS)
def test_a_page_opens_without_a_complaint(doc, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html", bypass_csp=False)
    assert page.complaints == []
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    text = page.inner_text("article")
    assert "Traceback (most recent call last)" not in text
    assert "\\(" not in text
    assert "\\[" not in text
    # An empty text is right only for the lower layer of an explorer's picture, whose upper layer is described.
    assert page.locator("article img:not([alt]), article img[alt='']:not(.mi-image)").count() == 0


@pytest.mark.parametrize("doc", DOCS)
@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_needs_no_sideways_scrolling(doc, dark, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html", width=360, height=740, dark=dark)
    assert page.complaints == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, f"{doc} is {wide} px wide on a phone of 360"


@pytest.mark.parametrize("doc", DOCS)
def test_a_page_opens_from_a_folder(doc, built_book, open_page):
    page = open_page((built_book / f"{doc}.html").as_uri(), bypass_csp=False)
    assert page.complaints == []
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0


def test_the_front_page_is_the_site_s_first(book_url, open_page):
    page = open_page(f"{book_url}/")
    assert page.inner_text("h1").startswith("Estimating mutual information")


def test_the_notebook_of_each_chapter_can_be_downloaded(book_url, open_page, built_book):
    for page in chapters():
        if page.has_notebook:
            assert (built_book / "notebooks" / f"{page.doc}.ipynb").is_file()
            opened = open_page(f"{book_url}/{page.doc}.html")
            link = opened.locator("a[href$='.ipynb']").first
            address = link.evaluate("a => a.href")
            assert address == f"{book_url}/notebooks/{page.doc}.ipynb"


@pytest.mark.parametrize("doc", [page.doc for page in chapters() if page.is_notebook])
def test_a_chapter_keeps_within_its_45_seconds_of_cpu(doc, built_book):
    import nbformat

    (kept,) = (built_book.parent / "executed").glob(f"{doc.replace('/', '.')}.*.ipynb")
    assert nbformat.read(kept, as_version=4).metadata["cpu_seconds"] < 45
