"""The search finds formulas by their names, other spellings and symbols, and leads to the place itself."""

from urllib.parse import quote

import pytest

from tools.book.labels import all_labels
from tools.book.search import formula_words, terms
from tools.book.source import chapters

pytestmark = pytest.mark.browser
ASKED = {
    "Donsker–Varadhan": "eq-dv",
    "donsker varadhan": "eq-dv",
    "DV": "eq-dv",
    "psi": "eq-ksg",
    "ψ": "eq-ksg",
    "KSG": "eq-ksg",
    "I(X;Y)": "eq-mi",
    "beta": "eq-mine-moving-average",
    "logsumexp": "eq-logsumexp",
}
FOUND = """() => {
  return WORDS.map(word => {
    const [query, ...rest] = Search._parseQuery(word);
    return Search._performSearch(query, ...rest).reverse().slice(0, 5).map(r => `${r[0]}${r[2]}`);
  });
}"""


def place(name: str) -> str:
    label = all_labels(chapters())[name]
    return f"{label.page.doc}#{'equation-' if label.kind == 'equation' else ''}{name}"


@pytest.mark.parametrize(("word", "label"), ASKED.items(), ids=ASKED)
def test_a_reader_finds_a_formula_by_what_it_is_called(word, label, book_url, open_page):
    page = open_page(f"{book_url}/search.html?q={quote(word)}")
    page.set_default_timeout(10_000)
    page.wait_for_selector("#search-results li a")
    first = page.locator("#search-results li a").first
    doc, anchor = place(label).split("#")
    assert first.get_attribute("href").split("?")[0].split("#")[0] == f"{doc}.html"
    first.click()
    page.wait_for_url(f"**/{doc}.html*")
    assert page.url.endswith(f"#{anchor}")
    assert page.locator(f"[id='{anchor}']").count() == 1
    assert page.complaints == []


def test_every_term_of_the_map_is_found(book_url, open_page):
    page = open_page(f"{book_url}/search.html?q=information")
    words = [(word, label) for label, group in terms().items() for word in group]
    page.wait_for_selector("#search-results li a")
    page.evaluate(f"window.WORDS = {[w for w, _ in words]!r}")
    found = page.evaluate(FOUND)
    lost = [word for (word, label), places in zip(words, found, strict=True) if place(label) not in places]
    assert lost == []


def results(page, url: str, query: str) -> list[tuple[str, str]]:
    """Return (title, address without what is to be marked) of the results, summaries loaded."""
    page.goto(f"{url}/search.html?q={quote(query)}")
    done = "/finished|did not match/.test(document.querySelector('.search-summary')?.innerText)"
    page.wait_for_function(done)
    page.wait_for_function(
        "[...document.querySelectorAll('#search-results ul.search > li')].every(l => l.querySelector('p, span'))"
    )
    links = page.locator("#search-results ul.search > li > a").all()
    return [(" ".join(a.inner_text().split()), a.get_attribute("href").split("?")[0]) for a in links]


def test_a_letter_is_found_by_its_name_with_and_without_a_backslash(book_url, open_page):
    page = open_page(f"{book_url}/search.html")
    by_letter, by_name, by_command = (results(page, book_url, query) for query in ("ρ", "rho", r"\rho"))
    assert by_name == by_command
    assert {r[1] for r in by_letter} == {r[1] for r in by_name}
    assert len(by_name) > 3
    assert results(page, book_url, r"\mathbb") == [], "no words of TeX's own"


def test_a_result_names_its_section_and_shows_its_formulas(book_url, open_page):
    page = open_page(f"{book_url}/search.html")
    found = results(page, book_url, "surrogate")
    assert sum(" › " in title for title, _ in found) > len(found) / 2
    assert all("#" in address for title, address in found if " › " in title)
    found = results(page, book_url, "Donsker")
    assert page.locator("#search-results p.context mjx-container").count() > 0
    words = page.locator("#search-results").inner_text()
    assert not [mark for mark in ("\\(", "\\[", "\\E", "\\KL", "\\Pxy") if mark in words]
    assert page.complaints == []


def test_marks_go_with_the_reader_s_wish_and_to_no_other_page(book_url, open_page):
    page = open_page(f"{book_url}/search.html?q=Donsker")
    page.locator("#search-results li a").first.click()
    page.wait_for_url("**/part2/04*")
    marks = page.locator("article span.highlighted")
    assert marks.count() > 0
    assert page.locator(".math span.highlighted").count() == 0, "a formula stays as it was set"
    assert "highlight" not in page.url
    text = page.locator("article").inner_text()
    page.keyboard.press("Escape")
    assert marks.count() == 0
    assert page.locator(".mi-unmark").count() == 0
    assert text.startswith(page.locator("article").inner_text()[:2000])
    page.goto(f"{book_url}/search.html?q=Donsker")
    page.wait_for_selector("#search-results li a")
    page.goto(f"{book_url}/part2/04-donsker-varadhan.html")  # without following a result
    page.wait_for_timeout(200)
    assert marks.count() == 0
    assert page.complaints == []


def test_words_of_a_formula():
    assert formula_words(r"\E\log\frac{\rho}{2}\text{ for all }x") == ["E", "log", "rho", "2", "for", "all", "x"]
    assert formula_words(r"\begin{aligned}\KL{\Pxy}{Q}&\le1\end{aligned}") == ["D", "P", "XY", "Q", "1"]
