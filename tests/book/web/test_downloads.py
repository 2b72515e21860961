"""Downloads and decks: offered where they were made, nowhere else; the zip is the site and opens from a folder."""

import shutil
import zipfile

import pytest
from bs4 import BeautifulSoup
from test_links import broken

from tools.formats.downloads import PLACES, WORDS, offer, withdraw

pytestmark = pytest.mark.browser
CHAPTER = "part2/05-training-a-critic"
DECK = "slides/05-training-a-critic.html"


def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def links(page) -> set[str]:
    return {a["href"] for a in soup(page).select(".downloads a")}


@pytest.fixture(scope="module")
def offered(built_book, tmp_path_factory):
    """A copy of the site with downloads and decks of its first page and a chapter, and what its pages were before."""
    site = shutil.copytree(built_book, tmp_path_factory.mktemp("site") / "html")
    withdraw(site)
    before = {doc: (site / f"{doc}.html").read_bytes() for doc in PLACES}
    offer(site, ["index", CHAPTER])
    return site, before


def test_a_plain_build_offers_nothing(offered, root):
    assert "withdraw(" in (root / "tools" / "book" / "build.py").read_text(encoding="utf-8")
    assert set(offered[1]) == {"index", "teaching"}
    for text in offered[1].values():
        assert b'"downloads' not in text
        assert b'"slides/' not in text


def test_each_link_leads_to_a_file_and_each_file_has_its_link(offered):
    site, _ = offered
    assert links(site / "index.html") == {f"downloads/{name}" for name in WORDS}
    assert {p.name for p in (site / "downloads").iterdir()} == set(WORDS)
    heads = {"book.pdf": b"%PDF", "book.epub": b"PK", "book.zip": b"PK"}
    assert all((site / "downloads" / name).read_bytes().startswith(head) for name, head in heads.items())
    assert links(site / "teaching.html") == {DECK}
    assert {p.name for p in (site / "slides").glob("*.html")} == {"index.html", DECK.removeprefix("slides/")}
    assert broken({page: soup(page) for doc in PLACES if (page := site / f"{doc}.html")}) == []


def test_the_zip_opens_from_a_folder_without_a_broken_link(offered, tmp_path, open_page):
    site, before = offered
    with zipfile.ZipFile(site / "downloads" / "book.zip") as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert (folder / "index.html").read_bytes() == before["index"]
    inside = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
    assert inside == {p.relative_to(site) for p in site.rglob("*") if p.is_file() and p.parent.name != "downloads"}
    page = open_page((folder / "index.html").as_uri(), bypass_csp=False)
    slider = page.locator(".mi-explorer input").first
    words = page.locator(".mi-explorer .mi-words").first.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".mi-explorer .mi-words").first.filter(has_not_text=words).wait_for()
    page.goto((folder / "teaching.html").as_uri())
    page.click(".downloads a")
    page.wait_for_url("**/slides/*.html")
    page.wait_for_selector("section.present")
    assert page.complaints == []


def test_a_second_offer_and_a_withdrawal_leave_nothing_behind(offered):
    site, before = offered
    withdraw(site)
    assert {doc: (site / f"{doc}.html").read_bytes() for doc in PLACES} == before
    assert not (site / "downloads").exists()
    assert not (site / "slides").exists()
