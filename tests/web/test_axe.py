"""Every built page through axe-core, on a phone and on a laptop, light and dark: nothing serious."""

from pathlib import Path

import axe_playwright_python
import pytest

from tools.source import chapters

pytestmark = pytest.mark.browser
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
DOCS = [*(page.doc for page in chapters()), "search", "genindex"]
# The inside of a formula is MathJax's (its text is checked as the formula's own); leaving it out is ten times faster.
RUN = """async () => {
  const found = await axe.run({exclude: [['mjx-container > *']]}, {resultTypes: ['violations']});
  return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary.slice(0, 300)}`));
}"""


def findings(page) -> list[str]:
    """Return what axe holds to be serious, all folded parts opened."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.evaluate("document.querySelectorAll('table tr:nth-child(n + 13)').forEach(row => row.remove())")  # of a kind
    page.wait_for_timeout(500)  # what was folded is measured when it opens
    page.evaluate(AXE)
    return page.evaluate(RUN)


@pytest.mark.parametrize("doc", DOCS)
@pytest.mark.parametrize(("width", "dark"), [(360, True), (1280, False)])
def test_axe_finds_nothing_serious(doc, width, dark, book_url, open_page):
    assert findings(open_page(f"{book_url}/{doc}.html", width=width, dark=dark)) == []


def test_axe_would_find_something(book_url, open_page):
    page = open_page(f"{book_url}/colophon.html")
    page.evaluate("document.querySelector('article h1').insertAdjacentHTML('afterend', '<p style=color:#ddd>pale</p>')")
    assert any(line.startswith("color-contrast") for line in findings(page))


SPACING = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"


@pytest.mark.parametrize("doc", DOCS)
def test_zoom_and_wide_text_need_no_sideways_scrolling(doc, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html", width=640, height=450)  # 1280 x 900 at 200 %
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    page.add_style_tag(content=SPACING + "p { margin-bottom: 2em !important; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_a_wide_formula_scrolls_by_keyboard_and_keeps_its_number(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", width=360, height=740)
    page.wait_for_selector("mjx-container[data-wide]", state="attached")
    formula = page.locator("div.math:has(> .eqno) mjx-container[data-wide]").first
    number = formula.locator("xpath=../span[@class='eqno']")
    assert formula.get_attribute("tabindex") == "0"
    assert number.bounding_box()["y"] >= formula.bounding_box()["y"] + formula.bounding_box()["height"] - 1
    formula.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("f => f.scrollLeft > 0", arg=formula.element_handle())
