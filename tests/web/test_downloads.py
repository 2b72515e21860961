"""The downloads: offered where they were made, nowhere else; the zip is the site itself and opens from a folder."""

import shutil
import zipfile

import pytest
from bs4 import BeautifulSoup

from tools.downloads import WORDS, offer, withdraw

pytestmark = pytest.mark.browser


def links(page) -> set[str]:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {a["href"] for a in soup.select("a[href*=downloads]")}


@pytest.fixture(scope="module")
def offered(built_book, tmp_path_factory):
    """A copy of the site with its downloads, made from its first page alone."""
    site = shutil.copytree(built_book, tmp_path_factory.mktemp("site") / "html")
    withdraw(site)
    before = (site / "index.html").read_bytes()
    offer(site, ["index"])
    return site, before


def test_a_plain_build_offers_nothing(offered, built_book, root):
    assert "withdraw(" in (root / "tools" / "build.py").read_text(encoding="utf-8")
    assert b"downloads/" not in offered[1]


def test_each_link_leads_to_a_file_and_each_file_has_its_link(offered):
    site, _ = offered
    assert links(site / "index.html") == {f"downloads/{name}" for name in WORDS}
    assert {p.name for p in (site / "downloads").iterdir()} == set(WORDS)
    heads = {"book.pdf": b"%PDF", "book.epub": b"PK", "book.zip": b"PK"}
    assert all((site / "downloads" / name).read_bytes().startswith(head) for name, head in heads.items())


def test_the_zip_opens_from_a_folder_without_a_broken_link(offered, tmp_path, open_page):
    site, before = offered
    with zipfile.ZipFile(site / "downloads" / "book.zip") as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert (folder / "index.html").read_bytes() == before
    inside = {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()}
    assert inside == {p.relative_to(site) for p in site.rglob("*") if p.is_file() and p.parent.name != "downloads"}
    page = open_page((folder / "index.html").as_uri())
    slider = page.locator(".mi-explorer input").first
    words = page.locator(".mi-explorer .mi-words").first.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("w => document.querySelector('.mi-explorer .mi-words').innerText !== w", arg=words)
    assert page.complaints == []


def test_a_second_offer_and_a_withdrawal_leave_nothing_behind(offered, tmp_path):
    site, before = offered
    withdraw(site)
    assert (site / "index.html").read_bytes() == before
    assert not (site / "downloads").exists()
