"""Progress and guesses: kept in the reader's browser, shown in the contents, and missed by nobody who keeps nothing."""

import pytest

from tools.book.source import chapters

pytestmark = pytest.mark.browser
NUMBERED = [page.doc for page in chapters() if page.number]
FORBID = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"


def marks(page) -> list[str]:
    """Return the marks in the contents, as a screen reader has them."""
    return page.eval_on_selector_all(".mi-mark", "m => m.map(x => x.textContent.trim())")


def test_reading_and_answering_fill_the_mark_and_the_first_page_leads_back(book_url, open_page):
    page = open_page(f"{book_url}/part1/01-mutual-information.html")
    page.wait_for_selector(".mi-mark", state="attached")
    before = marks(page)[0]
    assert before.startswith("(0 of ")
    page.evaluate("document.querySelector('#see-it').lastElementChild.scrollIntoView({block: 'center'})")
    page.wait_for_function("document.querySelector('.mi-mark').textContent.includes('1 of')")
    form = page.locator("form.mi-check").first
    page.locator("[form=check-mi-invariance][value=d]").check()
    form.locator("button").click()
    page.wait_for_function("document.querySelector('.mi-mark').title.includes(', 1 of')")
    page.goto(f"{book_url}/index.html")
    assert marks(page) == [marks(page)[0]]
    link = page.locator(".mi-continue a")
    assert link.inner_text().startswith("1. Mutual information")
    link.click()
    page.wait_for_url("**/part1/01-mutual-information.html#*")
    page.goto(f"{book_url}/index.html")
    page.locator(".mi-continue button").click()
    assert marks(page) == []
    page.reload()
    assert page.locator(".mi-continue").count() == 0
    assert page.complaints == []


@pytest.mark.parametrize("doc", NUMBERED)
def test_a_guess_comes_before_the_answer_and_is_remembered(doc, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html")
    box = page.locator(".admonition.predict").first
    answer = box.locator("details .sd-summary-content")
    assert not answer.is_visible()
    choices = box.locator(".mi-choices button")
    if choices.count():
        assert all(len(name) > 4 for name in choices.all_inner_texts()), "a button says what it stands for"
        right = answer.locator("strong").first.evaluate("s => s.textContent[0]")
        assert right in choices.evaluate_all("l => l.map(b => b.value)")
        box.locator(f".mi-choices button[value={right}]").click()
        told = f"You guessed {right}, and so it is."
    else:
        box.locator("input").fill("0.5")
        box.locator(".mi-guess button").click()
        told = "You guessed 0.5."
    assert answer.is_visible()
    assert box.locator("[role=status]").inner_text() == told
    page.reload()
    assert page.locator(".admonition.predict [role=status]").first.inner_text() == told
    assert not answer.is_visible()
    assert page.complaints == []


def test_where_a_browser_keeps_nothing_all_still_works(browser, book_url):
    context = browser.new_context()
    context.add_init_script(FORBID)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto(f"{book_url}/part2/07-mine.html")
    page.locator(".admonition.predict .mi-choices button").first.click()
    assert page.locator(".admonition.predict details .sd-summary-content").first.is_visible()
    context.close()
    assert [e for e in errors if "reader.js" in e] == []


def test_without_scripts_question_and_answer_can_be_read(book_url, open_page, root):
    source = (root / "book" / "part1" / "01-mutual-information.md").read_text(encoding="utf-8")
    choices = source.split(":class: predict")[1].split("::::")[0].count("\n- **")
    assert choices > 1
    page = open_page(f"{book_url}/part1/01-mutual-information.html", java_script_enabled=False)
    box = page.locator(".admonition.predict").first
    assert box.locator("li").count() == choices
    box.locator("summary").click()
    assert box.locator(".sd-summary-content").is_visible()
