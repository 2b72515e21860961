"""Without a mouse: the focus always shows, what opens closes with Escape and gives the focus back."""

import pytest

pytestmark = pytest.mark.browser
DOC = "part2/05-training-a-critic"
# Goes through all that takes the focus, as the Tab key does; returns what does not show it or stands out of order.
WALK = """() => {
  const wanted = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const ring = s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none';
  const faults = [];
  for (const e of document.querySelectorAll(wanted)) {
    if (e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true}) || e.closest('[inert]')) continue;
    if (e.tabIndex > 0) faults.push(`out of order: ${e.outerHTML.slice(0, 120)}`);
    e.focus();
    if (document.activeElement !== e) continue;
    const shown = [e, e.closest('form.bd-search')].filter(Boolean).map(x => getComputedStyle(x));
    if (![...shown, getComputedStyle(e, '::after')].some(ring) || shown[0].opacity < 0.9)
      faults.push(`no ring: ${e.outerHTML.slice(0, 120)}`);
  }
  return faults;
}"""
FOCUS = "document.activeElement.className"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("doc", ["index", DOC, "search"])
def test_the_focus_always_shows(doc, width, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html", width=width)
    page.add_style_tag(content="* { transition: none !important }")
    page.keyboard.press("Tab")  # from now on the focus is the keyboard's
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
    assert page.evaluate(WALK) == []


def test_a_missing_ring_would_be_seen(book_url, open_page):
    page = open_page(f"{book_url}/colophon.html")
    page.add_style_tag(
        content=".search-button-field:focus-visible { outline: none !important; box-shadow: none !important }"
    )
    page.keyboard.press("Tab")
    assert any("search-button-field" in line for line in page.evaluate(WALK))


def test_the_first_key_leads_past_the_side_bar(book_url, open_page):
    page = open_page(f"{book_url}/{DOC}.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_search_opens_and_closes_by_keyboard(book_url, open_page):
    page = open_page(f"{book_url}/{DOC}.html")
    proof = page.locator("summary").first
    proof.focus()
    page.keyboard.press("Control+k")
    page.wait_for_function("document.activeElement.matches('dialog[open] input')")
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('dialog[open]')")
    assert proof.evaluate("e => document.activeElement === e")


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_a_side_bar_opens_and_closes_by_keyboard(side, book_url, open_page):
    page = open_page(f"{book_url}/{DOC}.html", width=360, height=740)
    page.locator(f".{side}-toggle").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.activeElement.closest('#pst-{side}-sidebar-modal[open]')")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.wait_for_function(f"document.activeElement.matches('.{side}-toggle')")
    assert page.locator("dialog[open]").count() == 0
