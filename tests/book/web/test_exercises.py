"""Exercises on a page, as a reader meets them: by mouse, by keyboard, wrong and right, after a reload, forgotten."""

import pytest
from bs4 import BeautifulSoup

from mi_lab.teaching.checks.exercise import everything
from mi_lab.teaching.checks.judge import sentence
from tools.book.source import chapters

pytestmark = pytest.mark.browser
NUMBERED = [page.doc for page in chapters() if page.number]
ONE = "part1/01-mutual-information"
# What stands between the headings of the exercises, as words.
ORDER = """() => [...document.querySelectorAll('#exercises > section')].map(s => [...s.children].flatMap(e => [
  e.matches('ul.mi-options') ? 'choices' : e.querySelector?.('form.mi-check') ? 'form'
  : e.matches('details') || e.querySelector('details') ? 'folded' : e.matches('.cell') ? 'code' : []].flat()))"""


@pytest.fixture(scope="module", params=NUMBERED)
def chapter(request, visit, book_url):
    """A chapter that several tests only look at, opened once."""
    page = visit(f"{book_url}/{request.param}.html")
    page.doc = request.param
    yield page
    page.context.close()


def test_an_exercise_has_its_form_before_its_solution_and_nothing_to_type_python_into(chapter):
    page = chapter
    for order in page.evaluate(ORDER):
        last = max((k for k, kind in enumerate(order) if kind == "form"), default=0)
        assert "code" not in order[last:]
        if "choices" in order:
            assert order.index("choices") + 1 == order.index("form")
        if "folded" in order and "form" in order:
            assert order.index("form") < order.index("folded")
    text = page.locator("#exercises").inner_text()
    for words in ("YOUR CODE HERE", "Write your answer here", "= ..."):
        assert words not in text
    assert page.complaints == []


def test_every_choice_is_a_labelled_button_with_its_words(chapter):
    page = chapter
    tasks = everything()
    forms = page.locator("form.mi-choice")
    assert forms.count() >= 1
    for form in forms.all():
        name = form.get_attribute("id")
        task = tasks[name.removeprefix("check-")]
        radios = page.locator(f"[form={name}]")
        assert radios.count() == len(task.reasons)
        assert form.locator("input").count() == 0
        for radio in radios.all():
            label = radio.evaluate("r => r.labels[0].innerText")
            assert label.startswith(f"{radio.get_attribute('value')}.")
            assert len(label) > 3
        several = len(task.right) > 1  # then all that hold are chosen
        assert {radio.get_attribute("type") for radio in radios.all()} == {"checkbox" if several else "radio"}
        group = page.locator(f"[role={'group' if several else 'radiogroup'}]:has(> * [form={name}])")
        assert group.get_attribute("aria-labelledby") == f"{name}-legend"


def test_by_keyboard_wrong_then_right_then_again_after_a_reload(book_url, open_page):
    page = open_page(f"{book_url}/{ONE}.html")
    task = everything()["mi-invariance"]
    form = page.locator("#check-mi-invariance")
    said, heading = form.locator(".mi-verdict"), page.locator("#exercise-1-what-can-change-it h3")
    page.locator("[form=check-mi-invariance]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # b
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert said.inner_text() == f"✗ {sentence(task.reasons['b'])}"
    assert heading.locator(".mi-tick").count() == 0
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowUp")
    assert said.inner_text() == "", "a verdict goes with the answer that it was given to"
    page.keyboard.press("ArrowUp")  # around to d
    page.keyboard.press("Enter")
    assert said.inner_text() == f"✓ {sentence('right: ' + task.reasons['d'])}"
    assert heading.locator(".mi-tick").inner_text().startswith("✓")
    page.reload()
    page.wait_for_selector("#exercise-1-what-can-change-it .mi-tick")
    assert page.locator("[form=check-mi-invariance]:checked").get_attribute("value") == "d"
    assert said.inner_text().startswith("✓")
    assert page.complaints == []


def test_answers_are_listed_and_forgotten_in_one_place(book_url, open_page):
    page = open_page(f"{book_url}/{ONE}.html")
    number = page.locator("#check-mi-bits")
    number.locator("input").fill("0,9")
    number.locator("button").click()
    page.locator("#check-mi-relu-legend").scroll_into_view_if_needed()
    page.locator("[form=check-mi-relu][value=a]").check()
    page.locator("#check-mi-relu button").click()
    page.locator("#check-mi-blocks input").check()
    page.goto(f"{book_url}/exercises.html")
    state = {
        row.locator(".mi-done").get_attribute("data-checks"): row.locator(".mi-done").inner_text()
        for row in page.locator("tr:has(.mi-done)").all()
    }
    assert state["check-mi-bits"].startswith("✓")
    assert state["check-mi-blocks"].startswith("✓")
    assert state["check-mi-relu"] == "tried"
    assert [words for words in state.values() if words.startswith("✓")] == [state["check-mi-bits"]] * 2
    line = page.locator(".mi-forget")
    assert line.inner_text().startswith(f"2 of {len(state)} answered.")
    line.locator("button").click()
    line.locator("button").evaluate("b => b.blur()")
    line.locator("button").click()  # the first press again
    assert line.inner_text().startswith("2 of")
    line.locator("button").click()
    assert line.inner_text().startswith("0 of")
    assert not line.locator("button").is_visible()
    page.goto(f"{book_url}/{ONE}.html")
    assert number.locator("input").input_value() == ""
    assert page.locator(".mi-tick").count() == 0
    assert page.complaints == []


def test_every_form_of_the_book_is_in_the_list(built_book):
    def soup(doc):
        return BeautifulSoup((built_book / f"{doc}.html").read_text(encoding="utf-8"), "html.parser")

    listed = " ".join(place["data-checks"] for place in soup("exercises").select(".mi-done")).split()
    found = [form["id"] for doc in NUMBERED for form in soup(doc).select("form.mi-check")]
    assert len(found) > 3 * len(NUMBERED)
    assert sorted(listed) == sorted(found)


def test_the_notebook_that_an_exercise_leads_to_is_there(chapter, book_url, built_book):
    links = chapter.locator("form.mi-code a[download]").evaluate_all("a => a.map(x => x.href)")
    assert links
    assert set(links) == {f"{book_url}/notebooks/{chapter.doc}.ipynb"}
    assert (built_book / "notebooks" / f"{chapter.doc}.ipynb").is_file()


def test_without_scripts_the_question_can_be_read_and_no_dead_form_stands_there(book_url, open_page):
    page = open_page(f"{book_url}/{ONE}.html", java_script_enabled=False)
    assert page.locator("#exercise-1-what-can-change-it li").count() == 4
    assert not page.locator("#check-mi-invariance").is_visible()
    assert page.locator("#check-mi-table a").is_visible()


def test_on_paper_the_choices_are_plain(book_url, open_page):
    page = open_page(f"{book_url}/{ONE}.html")
    page.emulate_media(media="print")
    assert page.locator("ul.mi-options li").first.is_visible()
    assert not page.locator("[form=check-mi-invariance]").first.is_visible()
