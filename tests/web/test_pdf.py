"""The PDF: pages printed and joined, numbered, with bookmarks, and with links that stay inside."""

import re

import pytest
from pypdf import PdfReader

from tools.pdf import make

pytestmark = pytest.mark.browser


DOCS = ["index", "part2/04-donsker-varadhan", "cheat-sheet"]


@pytest.fixture(scope="module")
def reader(built_book, tmp_path_factory):
    """Three pages of the book as a PDF."""
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    sheets = make(built_book, target, DOCS)
    opened = PdfReader(target)
    assert len(opened.pages) == sheets
    return opened


@pytest.fixture(scope="module")
def texts(reader) -> list[str]:
    """What each sheet says."""
    return [page.extract_text() for page in reader.pages]


def goals(reader) -> list[int]:
    """Return the sheets to which the links of the book lead."""
    links = [a.get_object() for page in reader.pages for a in page.get("/Annots") or []]
    assert not [a for a in links if str((a.get("/A") or {}).get("/URI", "")).startswith("file:")]
    return [reader.get_page_number(a["/Dest"][0].get_object()) for a in links if "/Dest" in a]


def test_bookmarks_stand_under_their_parts(reader):
    first, part, inside, appendix, last = reader.outline
    assert first.title == "Estimating mutual information"
    assert part.title.startswith("Part II")
    assert [mark.title for mark in inside] == ["4. The Donsker–Varadhan formula"]
    assert (appendix.title, [mark.title for mark in last]) == ("Appendix", ["Cheat sheet"])


def test_contents_name_the_sheets_on_which_the_chapters_begin(reader, texts):
    assert "Contents" in texts[1]
    for title, words in {"The Donsker–Varadhan formula": "nobody has given us", "Cheat sheet": "One sheet of"}.items():
        sheet = next(i for i, text in enumerate(texts) if words in text)
        assert re.search(rf"{title}\s*{sheet + 1}\b", texts[1])
        assert re.search(rf"{title}\s*{sheet + 1}$", texts[sheet].strip())
        assert sheet in goals(reader)


def test_what_folds_and_moves_is_printed(texts):
    text = " ".join(" ".join(texts).split())
    assert "By Lusin" in text  # within a proof
    assert 'answer_constant = "a"' in text  # within a solution
    assert text.count("knowing x shrinks") > 1, "the explorer's frames"
    assert "Choose one" not in text
    assert "(4.10)" in text
