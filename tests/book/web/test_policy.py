"""Every page lives under a strict content security policy: no other site, no script but the builder's."""

import re

import pytest

from tools.book.head import CLOSED, POLICY, finish
from tools.book.source import chapters

pytestmark = pytest.mark.browser
CHAPTERS = [page.doc for page in chapters() if page.number]
WATCH = "addEventListener('securitypolicyviolation', e => console.error(`forbidden: ${e.violatedDirective}`))"


def policy(text: str) -> dict[str, str]:
    """Return directive -> what it allows, as the page's own meta element has it."""
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    return dict(rule.strip().split(" ", 1) for rule in content.split(";"))


def test_every_page_has_the_policy_before_anything_that_it_governs(built_book):
    pages = [p for p in built_book.rglob("*.html") if not {"_static", "slides"} & set(p.relative_to(built_book).parts)]
    assert len(pages) > 15
    for path in pages:
        text = path.read_text(encoding="utf-8")
        allowed = policy(text)
        wanted = POLICY | (CLOSED if path.name == "your-table.html" else {})
        assert set(allowed) == set(wanted)
        for name, value in wanted.items():
            extra = allowed[name].removeprefix(value)
            assert name == "script-src" or extra == ""
            assert re.fullmatch(r"( 'sha256-[\w+/=]{44}')*", extra)
        head = text[: text.index("Content-Security-Policy")]
        assert not re.search("<script|<style|<link", head)
        assert not re.search(r"<[^>]*\son\w+=", text), "an attribute that runs a script"


@pytest.mark.parametrize("doc", CHAPTERS)
def test_explorers_move_and_answers_are_judged_under_it(doc, book_url, open_page, browser):
    page = open_page(f"{book_url}/{doc}.html", bypass_csp=False)
    for explorer in page.locator("figure.mi-explorer").all():
        words = explorer.locator(".mi-words")
        for slider in explorer.locator("input[type=range]").all():
            slider.press("End")
            slider.press("Home")
        page.wait_for_timeout(100)
        before = words.inner_text()  # at one end; a page may open one step from it
        slider.press("ArrowRight")
        page.wait_for_timeout(100)
        assert words.inner_text() != before
    for form in page.locator("form.mi-choice, form.mi-numeric").all():
        first = page.locator(f"[form={form.get_attribute('id')}]").or_(form.locator("input")).first
        first.fill("1") if first.get_attribute("type") == "text" else first.check()
        form.locator("button").click()
        assert form.locator(".mi-verdict").inner_text() != ""
    assert page.complaints == []


def test_what_the_builder_did_not_write_does_not_run(book_url, open_page):
    page = open_page(f"{book_url}/colophon.html", bypass_csp=False)
    page.evaluate(WATCH)
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2/x.png'}))")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert sum("forbidden" in c for c in page.complaints) == 2


def test_one_style_sheet_holds_what_pages_use_and_finishing_twice_changes_nothing(tmp_path):
    static = tmp_path / "_static"
    (static / "styles").mkdir(parents=True)
    (static / "styles" / "a.css").write_text('@import "../b.css";\n.seen { color: red; }\n.unseen, .seen p { top: 0 }')
    (static / "b.css").write_text(
        "/* c */ @media print { .unseen { left: 0 } .js-made { left: 1px } } p:not(.x) {right: 0}"
    )
    (static / "m.js").write_text("e.className = 'js-made'")
    text = (
        '<head><meta charset="utf-8" /><link href="_static/styles/a.css?v=1" rel="stylesheet" /></head><p class="seen">'
    )
    (tmp_path / "x.html").write_text(text + "<script>1</script>")
    finish(tmp_path)
    sheet = (static / "all.css").read_text()
    rules = "@media print {.js-made{left: 1px}}\np:not(.x){right: 0}\n.seen{color: red}\n.seen p{top: 0}"
    assert sheet.split("\n", 1)[1] == rules
    page = (tmp_path / "x.html").read_text()
    assert re.search(r'<link rel="stylesheet" href="_static/all.css\?v=\w{8}" />', page)
    assert "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='" in policy(page)["script-src"]  # of the text "1"
    finish(tmp_path)
    assert (static / "all.css").read_text() == sheet
    assert (tmp_path / "x.html").read_text() == page
