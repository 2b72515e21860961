"""A look at what a reference refers to: by mouse and keyboard, from this page and others, and gone with Escape."""

import pytest
from test_axe import AXE, RUN

pytestmark = pytest.mark.browser
SHOWN = "#preview:not([hidden])"
KINDS = {
    "equation": ("part2/07-mine", "a.internal[href='#equation-eq-mine-surrogate']", "mjx-container"),
    "equation of another chapter": ("part2/07-mine", "a.internal[href$='.html#equation-eq-dv']", "mjx-container"),
    "statement": ("part2/07-mine", "a.internal[href$='#thm-dv']", ".proof mjx-container"),
    "figure": ("part2/07-mine", "a.internal[href='#fig-mine-bias']", "figure img"),
    "source": ("part2/07-mine", "a.internal[href*='bibliography.html#']", "div.citation"),
    "word": ("part2/04-donsker-varadhan", "a.internal[href*='glossary.html#term-']", "dt + p"),
    "function": ("part2/07-mine", "a.internal[href$='#mi_lab.MINETrainer']", "dt + p"),
}


@pytest.mark.parametrize(("doc", "link", "shows"), KINDS.values(), ids=KINDS)
def test_hovering_a_reference_shows_its_target(doc, link, shows, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.locator(f"article {link}").first.hover()
    box = page.wait_for_selector(SHOWN)
    assert box.query_selector(shows)
    assert box.query_selector("mjx-merror, [id], [href], [tabindex='0']") is None
    assert "\\(" not in box.inner_text()
    page.wait_for_function("[...document.querySelectorAll('#preview img')].every(i => i.naturalWidth > 0)")
    page.locator(SHOWN).hover()  # it may be read at leisure
    page.wait_for_timeout(500)
    assert page.locator(SHOWN).count() == 1
    page.keyboard.press("Escape")
    assert page.locator(SHOWN).count() == 0
    assert page.complaints == []


def test_the_keyboard_s_focus_shows_it_and_axe_finds_nothing(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", width=360, dark=True)
    link = page.locator("article a.internal[href$='.html#equation-eq-dv']").first
    page.keyboard.press("Tab")  # from now on the focus is the keyboard's
    link.focus()
    box = page.wait_for_selector(SHOWN)
    assert link.get_attribute("aria-describedby") == "preview"
    frame = box.bounding_box()
    assert frame["x"] >= 0
    assert frame["x"] + frame["width"] <= 360
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    page.keyboard.press("Tab")
    assert page.locator(SHOWN).count() == 0


def test_touch_follows_the_link_and_a_folder_shows_what_is_on_the_page(book_url, built_book, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", has_touch=True, width=360, height=740)
    page.locator("article a.internal[href='#equation-eq-mine-surrogate']").first.tap()
    page.wait_for_timeout(500)
    assert page.locator(SHOWN).count() == 0
    assert page.url.endswith("#equation-eq-mine-surrogate")
    page = open_page((built_book / "part2/07-mine.html").as_uri())
    page.locator("article a.internal[href$='.html#equation-eq-dv']").first.hover()
    page.wait_for_timeout(500)
    assert page.locator(SHOWN).count() == 0
    page.locator("article a.internal[href='#equation-eq-mine-surrogate']").first.hover()
    page.wait_for_selector(SHOWN)
    assert page.complaints == []
