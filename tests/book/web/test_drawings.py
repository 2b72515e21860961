"""Figures are sharp at every size, have a form for the dark, and can be enlarged by finger and keyboard."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from mi_lab.plots import MANY, C, svg
from tools.book.figures import COLOURS, GROUND, darkened, twofold
from tools.book.source import chapters

DRAWN = re.compile(r"_images/[0-9a-f]{16,}(\.dark)?\.svg$")


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG counts it."""

    def light(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_every_colour_of_the_house_stands_out_in_the_dark():
    assert {c.lower() for c in vars(C).values()} <= COLOURS.keys()
    dark = {old: contrast(new, GROUND) for old, new in COLOURS.items() if old != "#e3e3e3"}
    assert min(dark.values()) > 4.5
    assert contrast(COLOURS["#e3e3e3"], GROUND) < 2, "grid lines stay in the background"
    assert contrast(C.blue, GROUND) < 4.5, "which is why there are others"


def test_a_drawing_for_the_dark_keeps_its_pictures():
    picture = 'xlink:href="data:image/png;base64,#000000"'
    text = (
        f'<svg a="b"><path style="stroke: #000000; fill:#0072b2"/><image {picture}/><path style="fill: #ffffff"/></svg>'
    )
    dark = darkened(text)
    assert "stroke: #dfe4ea; fill:#52aef0" in dark
    assert picture in dark
    assert "fill: #ffffff" in dark
    assert f"background: {GROUND}" in dark


def test_a_page_made_twofold_twice_is_the_same():
    page = '<img alt="A line. It rises." src="../_images/0123456789abcdef0123.svg" />'
    page += '<img alt="x" src="_images/by-hand.svg" />'
    once = twofold(page)
    soup = BeautifulSoup(once, "html.parser")
    assert [a["href"] for a in soup.select("a.mi-enlarge")] == [i["src"] for i in soup.select("a > img")]
    assert [i["alt"] for i in soup.select("img")] == ["A line. It rises."] * 2 + ["x"]
    assert twofold(once) == once
    (sized, _, plain) = BeautifulSoup(twofold(page, {"0123456789abcdef0123.svg": (600, 340)}), "html.parser").select(
        "img"
    )
    assert (sized["width"], sized["height"]) == ("600", "340"), "the page does not jump when the picture comes"
    assert plain.get("width") is None


def test_a_figure_is_a_drawing_that_is_the_same_each_time_and_not_heavy():
    def drawn(marks: int) -> str:
        with plt.rc_context({"svg.hashsalt": "mi_lab"}):
            figure, ax = plt.subplots()
            ax.plot(*np.random.default_rng(0).standard_normal((2, marks)), ".")
            text = svg(figure)
            plt.close(figure)
        return text

    assert drawn(50) == drawn(50)
    assert "<image" not in drawn(50)
    assert "<image" in drawn(MANY + 1), "thousands of marks are pixels inside the drawing"
    assert len(drawn(20 * MANY)) < 400_000


@pytest.mark.parametrize("page", [p for p in chapters() if p.number], ids=lambda p: p.doc)
def test_every_computed_figure_of_a_chapter_has_both_forms(page, built_book):
    soup = BeautifulSoup((built_book / f"{page.doc}.html").read_text(encoding="utf-8"), "html.parser")
    images = [i for i in soup.select("article .cell_output img") if not i.find_parent(class_="mi-explorer")]
    assert images
    for image in images:
        assert DRAWN.search(image["src"])
        assert ((built_book / page.doc).parent / image["src"]).resolve().is_file()
    kinds = [next(c for c in i["class"] if c.startswith("mi-")) for i in images]
    assert kinds == ["mi-light", "mi-dark"] * (len(kinds) // 2)


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_only_the_form_that_shows_is_loaded(dark, book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", dark=dark)
    first = f"document.querySelector('.bd-article a.mi-{'dark' if dark else 'light'}')"
    page.evaluate(f"{first}.scrollIntoView()")
    page.wait_for_function(f"{first}.firstElementChild.naturalWidth > 0")
    loaded = [url for url in page.asked if DRAWN.search(url)]
    assert loaded
    assert {url.endswith(".dark.svg") for url in loaded} == {dark}
    shown = page.locator(f".bd-article img.mi-{'dark' if dark else 'light'}").first
    assert shown.is_visible()
    assert not page.locator(f".bd-article img.mi-{'light' if dark else 'dark'}").first.is_visible()


@pytest.mark.browser
def test_a_figure_is_enlarged_by_tap_and_by_keyboard(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", width=360, height=740, has_touch=True, bypass_csp=False)
    link = page.locator(".bd-article a.mi-enlarge.mi-light").first
    link.scroll_into_view_if_needed()
    small = link.locator("img").bounding_box()["width"]
    link.tap()
    large = page.locator("dialog.mi-large[open] img")
    assert large.bounding_box()["width"] > 2 * small
    page.locator("dialog.mi-large button").tap()
    assert page.locator("dialog.mi-large").count() == 0
    link.focus()
    page.keyboard.press("Enter")
    large.wait_for()
    page.keyboard.press("Escape")
    large.wait_for(state="detached")
    assert link.evaluate("e => e === document.activeElement")
    assert page.complaints == []
    assert page.url.endswith("07-mine.html")
