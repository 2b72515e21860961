"""The decks: made from the built chapters, offline, every slide within its frame, keyboard and explorers alive."""

import re

import pytest
from bs4 import BeautifulSoup

from tools.book.source import BOOK, chapters, read
from tools.formats.slides import make

pytestmark = pytest.mark.browser
DOC, OTHER = "part2/07-mine", "part2/04-donsker-varadhan"
FITS = """() => {
  const over = [];
  for (const slide of document.querySelectorAll('.slides > section > section')) {
    Reveal.slide(...Object.values(Reveal.getIndices(slide)).slice(0, 2));
    if (slide.scrollHeight > 721 || slide.scrollWidth > 1281) over.push(slide.innerText.slice(0, 80));
    if (!slide.innerText.trim()) over.push('an empty slide');
  }
  return over;
}"""


@pytest.fixture(scope="module")
def decks(built_book, tmp_path_factory):
    """Two chapters' decks: doc -> file."""
    return dict(zip([DOC, OTHER], make(built_book, tmp_path_factory.mktemp("slides"), [DOC, OTHER]), strict=True))


@pytest.fixture
def deck(decks):
    return decks[DOC]


@pytest.fixture
def shown(deck, open_page):
    page = open_page(deck.as_uri(), height=720)
    page.wait_for_function("window.Reveal?.isReady()")
    return page


def test_a_deck_asks_nobody_and_every_slide_fits(shown):
    assert shown.evaluate(FITS) == []
    assert shown.complaints == []


def test_the_keyboard_moves_and_the_explorer_too(shown):
    assert "MINE" in shown.evaluate("Reveal.getCurrentSlide().innerText")
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate("Reveal.getIndices().h") == 1
    slider = shown.locator("section.present .mi-explorer input")
    words = shown.locator("section.present .mi-explorer .mi-words")
    before = words.inner_text()
    slider.focus()
    shown.keyboard.press("ArrowRight")
    shown.wait_for_function("w => document.querySelector('section.present .mi-words').innerText !== w", arg=before)
    assert shown.evaluate("Reveal.getIndices().h") == 1, "the arrow moved the slider, not the deck"


def test_statements_and_sections_are_there_and_long_prose_is_for_the_speaker(deck, built_book):
    page = BeautifulSoup((built_book / f"{DOC}.html").read_text(encoding="utf-8"), "html.parser").article
    soup = BeautifulSoup(deck.read_text(encoding="utf-8"), "html.parser")
    for name in (".proof", ".eqno"):
        outside = [e for e in page.select(name) if not e.find_parent("details")]
        assert len(soup.select(f".item {name}")) == len(outside) > 3
    heads = [h.get_text().removesuffix("#") for h in page.select("section > h2")]
    assert [h.get_text() for h in soup.select(".item > h2")] == [h for h in heads if h != "Further reading"]
    for notes in soup.select("aside.notes"):
        notes.extract()
    said = [p.get_text() for p in soup.select(".item > p")]
    assert max(map(len, said)) < 700 < max(len(p.get_text()) for p in page.select("section > p")) + 100


def test_the_source_s_slide_metadata_is_kept(decks):
    source = BOOK / f"{OTHER}.md"
    asked = [(c.metadata.slideshow.slide_type, c) for c in read(source).cells if "slideshow" in c.metadata]
    assert {"skip", "-"} <= {kind for kind, _ in asked}
    soup = BeautifulSoup(decks[OTHER].read_text(encoding="utf-8"), "html.parser")
    for notes in soup.select("aside.notes"):
        notes.extract()
    text = soup.select_one("main").get_text()
    for kind, cell in asked:
        line = max(cell.source.replace("$", "").splitlines(), key=lambda x: len(re.sub(r"[\\\\{`].*", "", x)))
        words = re.split(r"[\\\\{`*]", line)[0].strip()
        assert (words in text) is (kind != "skip"), words


def test_no_graded_solution_or_hidden_test_is_on_a_slide(deck):
    text = deck.read_text(encoding="utf-8")
    soup = BeautifulSoup(text, "html.parser").get_text()
    page = next(p for p in chapters() if p.doc == DOC)
    regions = r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END"
    lines = {
        line.strip()
        for cell in read(page.path).cells
        for region in re.findall(regions, cell.source, re.S)
        for line in region.splitlines()
        if len(line.strip()) > 12
    }
    assert len(lines) > 5
    assert not [line for line in lines if line in soup]
    assert "Show a solution" not in text


def test_the_speaker_s_window_opens_under_the_decks_policy(decks, open_page):
    page = open_page(decks[DOC].as_uri(), height=720, bypass_csp=False)
    page.wait_for_selector("section.present")
    page.keyboard.press("ArrowRight")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    opened.value.wait_for_selector(".speaker-controls-notes:not(.hidden) .value:not(:empty)")
    assert "MINE divides" in opened.value.inner_text(".speaker-controls-notes .value")
    assert page.complaints == []
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2/x.png'}))")
    page.wait_for_timeout(200)
    assert any("Content Security Policy" in line for line in page.complaints)
    index = open_page((decks[DOC].parent / "index.html").as_uri(), width=360, bypass_csp=False)
    assert index.locator("ol a").count() == len(decks)
    assert index.complaints == []
