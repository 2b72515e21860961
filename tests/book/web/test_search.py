"""The search finds formulas by their names, other spellings and symbols, and leads to the place itself."""

from urllib.parse import quote

import pytest

from tools.book.labels import all_labels
from tools.book.search import terms
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
