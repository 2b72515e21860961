"""Formulas stand in the pages, set when the book was built: no script, no MathJax, one small sheet and small fonts."""

import re
from io import StringIO

import pytest
import tinycss2
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from tools.book.formulas import FormulaError, Setter, needed
from tools.book.source import chapters

DOCS = [page.doc for page in chapters()]


@pytest.fixture(scope="module")
def setter(tmp_path_factory):
    made = Setter(tmp_path_factory.mktemp("formulas"))
    yield made
    made.close()


def test_the_book_s_macros_are_known_and_others_are_a_fault(setter):
    html = setter.html(r"\KL{P}{Q}\le\E\log r", display=False)
    text = BeautifulSoup(html, "html.parser").select_one("mjx-assistive-mml math").get_text()
    assert text.replace("\u2061", "") == "D(P‖Q)≤Elogr"
    assert BeautifulSoup(setter.html("x", display=True), "html.parser").select_one(
        "mjx-container[display] math[display]"
    )
    for wrong in (r"\nobody{x}", r"\frac{1}", r"\begin{aligned} x"):
        with pytest.raises(FormulaError):
            setter.html(wrong, display=False)


def test_what_was_set_is_kept_and_asks_no_node(tmp_path):
    first = Setter(tmp_path)
    html = first.html(r"\rho^2", display=False)
    first.close()
    again = Setter(tmp_path)
    assert again.html(r"\rho^2", display=False) == html
    assert len(again.css) > 1000
    assert again.process is None
    other = Setter(tmp_path, macros={"E": "{\\mathrm{E}}"})
    assert other.kept == {}, "other macros, other formulas"


def test_a_wrong_macro_fails_the_build(tmp_path):
    """As Sphinx runs it: a warning with its place, which `-W` makes an error."""
    from sphinx.application import Sphinx

    (tmp_path / "conf.py").write_text("extensions = ['tools.book.formulas']\nhtml_math_renderer = 'formulas'\n")
    (tmp_path / "index.rst").write_text("Title\n=====\n\nA letter :math:`\\nobody`.\n")
    words = StringIO()
    app = Sphinx(tmp_path, tmp_path, tmp_path / "out", tmp_path / "trees", "html", status=None, warning=words)
    app.build()
    app.formulas.close()
    assert re.search(r"index\.rst:4: WARNING: .*\\nobody", words.getvalue())


@pytest.mark.parametrize("doc", [*DOCS, "search", "genindex"])
def test_a_page_has_all_its_formulas_and_no_mathjax(doc, built_book):
    text = (built_book / f"{doc}.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    assert not [s for s in page.select("script") if "mathjax" in (s.get("src") or s.get_text()).lower()]
    for formula in page.select(".math"):
        assert formula.select_one("mjx-container mjx-math[aria-hidden=true]")
        assert formula.select_one("mjx-container mjx-assistive-mml math").get_text().strip()
    assert "\\(" not in page.select_one("main").get_text()


def letters(css: str) -> set[tuple[str, ...]]:
    """Return the letters, by their classes, that a sheet has a rule for; an error in the sheet fails."""
    found = set()
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        assert rule.type != "error", rule.message
        assert not [t for t in getattr(rule, "content", None) or [] if t.type == "error"], rule.serialize()[:200]
        for part in tinycss2.serialize(rule.prelude).split(","):
            if m := re.fullmatch(r"\s*mjx-c\.(mjx-c[0-9A-F]+(?:\.[\w-]+)*)::?before\s*", part):
                found.add(tuple(sorted(m[1].split("."))))
    return found


def test_every_letter_that_a_formula_shows_has_its_rule(built_book):
    """After a removed rule for "}" half a rule was left, and the browser dropped the next: no 𝒯, no space."""
    shown, grown = set(), set()
    for doc in DOCS:
        text = (built_book / f"{doc}.html").read_text(encoding="utf-8")
        shown |= {tuple(sorted(names.split())) for names in re.findall(r'<mjx-c class="(mjx-c[0-9A-F]+[^"]*)"', text)}
        grown |= set(re.findall(r'<(mjx-stretchy-[hv]) [^>]*?class="(mjx-c[0-9A-F]+)', text))  # a tall ‖
    assert len(shown) > 100
    assert len(grown) > 0
    for sheet in ("formulas.css", "all.css"):
        text = (built_book / "_static" / sheet).read_text(encoding="utf-8")
        assert [pair for pair in grown if f"{pair[0]}.{pair[1]} mjx-ext mjx-c::before" not in text] == [], sheet
        missing = shown - letters((built_book / "_static" / sheet).read_text(encoding="utf-8"))
        assert {names for names in missing if not names[0].startswith("mjx-c206")} == set(), sheet  # seen by nobody


def test_the_fonts_are_small_and_hold_every_letter(built_book):
    static = built_book / "_static"
    files = list((static / "mathjax").glob("*.woff"))
    assert sum(f.stat().st_size for f in files) < 150_000
    assert {f.suffix for f in (static / "mathjax").iterdir()} == {".woff", ""}
    held = set().union(*(TTFont(f).getBestCmap() for f in files))
    css = (static / "formulas.css").read_text(encoding="utf-8")
    strings = re.findall(r'content: "\\([0-9A-F]+)"', css)
    assert len(strings) > 50
    assert {int(code, 16) for code in strings} - held <= {0x2061, 0x2062, 0x2063, 0x2064, 0xA0}, "not to be seen"


def test_rules_of_letters_that_nobody_wrote_are_left_out():
    css = "mjx-c.mjx-c41::before {\n a: 1;\n}\n\nmjx-c.mjx-c41.TEX-B::before {\n b: 2;\n}\n\nmjx-x {\n c: 3;\n}\n"
    assert "a: 1" in needed(css, '<mjx-c class="mjx-c41"></mjx-c>')
    assert "b: 2" not in needed(css, '<mjx-c class="mjx-c41"></mjx-c>')
    assert "b: 2" in needed(css, '<mjx-c class="mjx-c41 TEX-B"></mjx-c>')
    assert "c: 3" in needed(css, "")


@pytest.mark.browser
def test_formulas_show_without_scripts(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", java_script_enabled=False)
    box = page.locator("article div.math mjx-math").first.bounding_box()
    assert box["width"] > 40
    assert box["height"] > 15
    assert "\\" not in page.locator("article div.math").first.inner_text()
