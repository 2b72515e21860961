"""No broken link inside the built site: every address that a page names is a file, every anchor is there."""

import json
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tools.links import broken as outside


@pytest.fixture(scope="module")
def pages(built_book):
    found = {}
    for path in built_book.rglob("*.html"):
        if "_static" not in path.relative_to(built_book).parts:
            found[path] = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return found


def broken(pages: dict) -> list[str]:
    """Return every address inside the site that leads nowhere."""
    anchors = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    lost = []
    for path, page in pages.items():
        for tag in page.find_all(["a", "link", "img", "script"]):
            address = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not address:
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            if not goal.is_file():
                lost.append(f"{path.name}: {address}")
            elif place and goal in anchors and place not in anchors[goal]:
                lost.append(f"{path.name}: {address} has no such place")
    return lost


def test_no_link_inside_is_broken(pages):
    assert len(pages) > 15
    assert broken(pages) == []


def test_the_outside_report_names_what_is_broken(tmp_path):
    line = {
        "filename": "book/x.md",
        "lineno": 3,
        "status": "broken",
        "code": 0,
        "uri": "https://gone.example/",
        "info": "404",
    }
    report = tmp_path / "output.json"
    report.write_text(json.dumps(line | {"status": "working"}) + "\n" + json.dumps(line) + "\n")
    assert outside(report) == ["book/x.md:3: https://gone.example/ (404)"]


def test_a_broken_link_would_be_found(tmp_path):
    page = tmp_path / "x.html"
    page.write_text("x")
    soup = BeautifulSoup('<p id="here"></p><a href="#here"></a><a href="#gone"></a><img src="no.png">', "html.parser")
    assert broken({page: soup}) == ["x.html: #gone has no such place", "x.html: no.png"]
