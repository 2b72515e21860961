"""Every built page through axe-core, at three widths, light and dark: nothing serious.

Axe spends nine tenths of its time on the contrast of single words, so it looks at every word in one view, and in the
others at two of each kind: words of one colour, size and weight on the same grounds have the same contrast.  And a
formula is two thirds of a page's elements, which axe walks through even where it is told to leave them out: so each
is made a box of the same size that holds what is read aloud.
"""

from pathlib import Path

import axe_playwright_python
import pytest

from tools.book.source import chapters

pytestmark = pytest.mark.browser
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
DOCS = [*(page.doc for page in chapters()), "search", "genindex"]
WIDTHS = 1280, 768, 360
WHOLE = 1280, False
COLOURS = ["color-contrast", "link-in-text-block"]
# The inside of a formula is MathJax's; its text is checked as the formula's own.
RUN = """async (options) => {
  const where = {exclude: [['mjx-container > *']], ...options?.context};
  const found = await axe.run(where, {resultTypes: ['violations'], ...options?.rules});
  return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary.slice(0, 300)}`));
}"""
# Marks two words of each kind for axe; returns the formulas whose colour and ground no word has.
MARK = """() => {
  document.querySelectorAll('[data-kind]').forEach(e => e.removeAttribute('data-kind'));
  const grounds = new Map(), kinds = new Map(), known = new Set(), formulas = [];
  const ground = e => {
    if (!e) return '';
    if (!grounds.has(e)) {
      const s = getComputedStyle(e);
      const own = [s.backgroundColor, s.backgroundImage, s.opacity, s.filter, s.mixBlendMode].join();
      const none = 'rgba(0, 0, 0, 0),none,1,none,normal';
      grounds.set(e, ground(e.parentElement) + (own === none ? '' : `/${own}`));
    }
    return grounds.get(e);
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT, {acceptNode: e =>
    e.parentElement.localName === 'mjx-container' ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT});
  for (let e = words.nextNode(); e; e = words.nextNode()) {
    const formula = e.localName === 'mjx-container';
    const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || e.matches('input, select');
    if (!(formula || text) || !e.checkVisibility({visibilityProperty: true})) continue;
    const s = getComputedStyle(e), colour = `${s.color} on ${ground(e)}`;
    if (formula) formulas.push([colour, e]);
    else {
      known.add(colour);
      const kind = `${colour} ${s.fontSize} ${s.fontWeight} ${s.textShadow} ${s.position} ${e.closest('svg') !== null}`;
      kinds.set(kind, [...kinds.get(kind) ?? [], e]);
    }
  }
  for (const all of kinds.values())
    for (const e of [all[0], all.at(-1)]) e.setAttribute('data-kind', '');
  return formulas.filter(([colour]) => !known.has(colour))
    .map(([colour, e]) => `${colour}: ${e.parentElement.outerHTML.slice(0, 80)}`);
}"""
# What shows; of the two logos, and of each figure's two forms, each scheme has one: as many, and not the same.
SHOWN = """() => {
  const shows = e => Number(e.checkVisibility({visibilityProperty: true}));
  const pairs = '.only-light, .only-dark, .mi-light, .mi-dark, .mi-light *, .mi-dark *';
  const all = [...document.querySelectorAll(`body *:not(mjx-container *, ${pairs})`)].map(shows).join('');
  return `${all} ${[...document.querySelectorAll('.mi-light, .mi-dark')].filter(shows).length}`;
}"""


BOXES = """() => {
  for (const f of document.querySelectorAll('mjx-container')) {
    const { width, height } = f.firstElementChild.getBoundingClientRect(), box = document.createElement('span');
    box.textContent = f.querySelector('mjx-assistive-mml').textContent;
    box.style.cssText = `display: inline-block; overflow: hidden; width: ${width}px; height: ${height}px`;
    f.replaceChildren(box);
  }
}"""


def prepare(page) -> None:
    """Open all folded parts, keep a dozen rows of each table and a dozen of the ledger's tests, bring axe."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    many = "table tr:nth-child(n + 13), #the-tests-themselves > details:nth-of-type(n + 13)"  # of a kind
    page.evaluate(f"document.querySelectorAll('{many}').forEach(e => e.remove())")
    page.wait_for_timeout(500)  # what was folded is measured when it opens
    page.evaluate(BOXES)
    page.evaluate(AXE)


def findings(page) -> list[str]:
    """Return what axe holds to be serious, all folded parts opened."""
    prepare(page)
    return page.evaluate(RUN)


def colours(page) -> list[str]:
    """Return what axe finds in the colours of two words of each kind, and formulas in a colour of no word."""
    odd = page.evaluate(MARK)
    rules = {"runOnly": COLOURS}
    context = {"include": [["[data-kind]"]], "exclude": [["mjx-container > *"], ["[data-kind] :not([data-kind])"]]}
    return odd + page.evaluate(RUN, {"context": context, "rules": rules})


def shapes(page) -> list[str]:
    """Return what axe finds serious besides colours."""
    return page.evaluate(RUN, {"rules": {"rules": {rule: {"enabled": False} for rule in COLOURS}}})


SPACING = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"


@pytest.fixture(scope="module", params=DOCS)
def visited(request, visit, book_url):
    """A page for both tests below, which stand in this order."""
    page = visit(f"{book_url}/{request.param}.html{'?q=Donsker' if request.param == 'search' else ''}")
    if request.param == "search":
        page.wait_for_selector("#search-results span.highlighted")
    yield page
    page.context.close()


def test_zoom_and_wide_text_need_no_sideways_scrolling(visited):
    page = visited
    page.set_viewport_size({"width": 640, "height": 450})  # 1280 x 900 at 200 %
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    sheet = page.add_style_tag(content=SPACING + "p { margin-bottom: 2em !important; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    sheet.evaluate("s => s.remove()")


def test_axe_finds_nothing_serious(visited):
    page = visited
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    prepare(page)
    found, shown = {}, {}
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("new Promise(done => setTimeout(done, 250))")  # colours and bars glide
            assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
            if (width, dark) == WHOLE:
                found[width, dark] = page.evaluate(RUN)
            else:
                found[width, dark] = colours(page) + (shapes(page) if not dark else [])
            # The dark shows the same things in other colours, so what else axe says of the light holds for it.
            shows = page.evaluate(SHOWN)
            assert shown.setdefault(width, shows) == shows
    assert {view: lines for view, lines in found.items() if lines} == {}


def test_axe_would_find_something(book_url, open_page):
    page = open_page(f"{book_url}/colophon.html")
    page.evaluate("document.querySelector('article h1').insertAdjacentHTML('afterend', '<p style=color:#ddd>pale</p>')")
    assert any(line.startswith("color-contrast") for line in findings(page))
    assert any(line.startswith("color-contrast") for line in colours(page))
    page.evaluate("document.querySelector('article h1').insertAdjacentHTML('afterend', '<button></button>')")
    assert any(line.startswith("button-name") for line in shapes(page))


def test_a_page_that_turns_dark_looks_like_one_opened_in_the_dark(book_url, open_page):
    """So that one opening is enough for both."""
    names = ["color", "backgroundColor", "backgroundImage", "opacity", "fill", "stroke", "borderTopColor", "display"]
    every = "[...document.querySelectorAll('body *:not(.mi-mark)')]"
    look = f"{every}.map(e => {names}.map(n => getComputedStyle(e)[n]).join()).join()"
    turned = open_page(f"{book_url}/part2/07-mine.html")
    turned.emulate_media(color_scheme="dark")
    turned.wait_for_timeout(500)
    opened = open_page(f"{book_url}/part2/07-mine.html", dark=True)
    opened.wait_for_timeout(500)
    assert turned.evaluate(look) == opened.evaluate(look)


@pytest.mark.parametrize("doc", ["part2/07-mine", "search"])
def test_what_a_button_says_is_its_name(doc, book_url, open_page):
    """Who speaks to the machine says what stands there; and all that stands there is in some landmark.

    Two rules that axe keeps apart, as experimental and as moderate.
    """
    page = open_page(f"{book_url}/{doc}.html")
    prepare(page)
    rule = {"runOnly": ["label-content-name-mismatch", "region"]}
    found = page.evaluate("async rules => (await axe.run({exclude: [['mjx-container']]}, rules)).violations", rule)
    assert [node["html"] for rule in found for node in rule["nodes"]] == []
    assert doc == "search" or page.locator("summary:has(.collapsed)").first.get_attribute("aria-label") is None


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
