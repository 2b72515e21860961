"""What other programs show of a page: a card of the right size, a title and first words, addresses only if known."""

from docutils.core import publish_doctree
from PIL import Image

from tools.book.card import SIZE, WORDS, description, draw, tags
from tools.book.source import chapters


def test_the_card_has_its_size_and_a_picture(tmp_path):
    draw(tmp_path / "card.png")
    with Image.open(tmp_path / "card.png") as card:
        assert card.size == SIZE
        assert len(card.convert("RGB").getcolors(1 << 20)) > 50
        edge = card.convert("RGB").crop((SIZE[0] - 20, 0, *SIZE))
        assert len(edge.getcolors()) == 1, "the title runs out of the card"
    assert (tmp_path / "card.png").stat().st_size < 200_000


def test_every_page_tells_its_title_and_first_words(built_book):
    said = set()
    for page in chapters():
        text = (built_book / f"{page.doc}.html").read_text(encoding="utf-8")
        (words,) = [line for line in text.split("<meta ") if line.startswith('name="description"')]
        words = words.split('content="')[1].split('"')[0]
        assert len(words) > 20
        said.add(words)
        assert '<meta property="og:title" content="' in text
        assert '<link rel="icon"' in text
    assert len(said) == len(chapters())
    assert (built_book / "_static" / "card.png").is_file()
    assert (built_book / "_static" / "favicon.svg").is_file()


def test_addresses_stand_there_only_where_the_site_s_own_is_known():
    assert "og:image" not in tags("A", "b", "x", "")
    known = tags('A "title"', "b", "x", "https://someone.example/book")
    assert 'content="https://someone.example/book/_static/card.png"' in known
    assert 'content="https://someone.example/book/x.html"' in known
    assert "A &quot;title&quot;" in known


def test_the_first_words_are_whole_sentences():
    text = "Title\n=====\n\n" + "One sentence of some length stands here. " * 12 + "\n\nAnother."
    words = description(publish_doctree(text, settings_overrides={"doctitle_xform": False}))
    assert len(words) <= WORDS
    assert words.endswith("here.")
    assert description(None) == ""
