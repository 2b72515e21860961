"""The PDF: two pages printed and joined, with bookmarks, and with links that stay inside."""

import pytest
from pypdf import PdfReader

from tools.pdf import make

pytestmark = pytest.mark.browser


def test_two_pages_become_one_pdf(built_book, tmp_path):
    target = tmp_path / "book.pdf"
    sheets = make(built_book, target, ["index", "cheat-sheet"])
    reader = PdfReader(target)
    assert len(reader.pages) == sheets
    assert [mark.title for mark in reader.outline] == ["Estimating mutual information", "Cheat sheet"]
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "Two columns of numbers" in text
    assert "Before you believe" in text
    links = [a.get_object() for page in reader.pages for a in page.get("/Annots") or []]
    assert not [a for a in links if str((a.get("/A") or {}).get("/URI", "")).startswith("file:")]
    second = next(i for i, page in enumerate(reader.pages) if "One sheet of estimators" in page.extract_text())
    goals = {reader.get_page_number(a["/Dest"][0].get_object()) for a in links if "/Dest" in a}
    assert second in goals
