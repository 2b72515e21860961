"""On paper: proofs open, forms and buttons out, a light figure; on the screen all is as it was afterwards."""

import pytest

from tools.book.sphinx_ext import written

pytestmark = pytest.mark.browser
DOC = "part2/04-donsker-varadhan"


def test_paper_shows_proofs_and_no_forms(book_url, open_page):
    page = open_page(f"{book_url}/{DOC}.html", dark=True)
    folded = page.locator(".bd-article details.sd-dropdown")
    assert folded.count() > 2
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".bd-article details.sd-dropdown:not([open])").count() == 0
    for gone in ("form", ".mi-controls", ".mi-dark", ".headerlink"):
        found = page.locator(f".bd-article {gone}").all()
        assert found
        assert not any(e.is_visible() for e in found)
    assert page.locator(".bd-article img.mi-light").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.locator(".bd-article details.sd-dropdown[open]").count() == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    {
        "a factor of 2.2e+03 in": "a factor of 2,200 in",
        "1.5e-09": "1.5 · 10⁻⁹",
        "3.25e+00": "3.25 · 10⁰",
        "from -0.7 to (-3)": "from −0.7 to (−3)",
        "pages 3-4, x-1, 2026-11-25, the-3": "pages 3-4, x-1, 2026-11-25, the-3",
    }.items(),
)
def test_numbers_are_written_as_in_books(text, wanted):
    assert written(text) == wanted
