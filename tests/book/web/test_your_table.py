"""The page for the reader's own table, in a real browser under its own policy; its numbers: tests/teaching/table."""

import numpy as np
import pytest
from test_axe import AXE, RUN

pytestmark = pytest.mark.browser
DOC = "your-table"


def part(page, name: str):
    return page.locator(f".mi-table [data-part='{name}']")


def done(page) -> None:
    """Wait until the worker has ended."""
    part(page, "progress").wait_for(state="hidden")
    part(page, "strongest").locator("li").first.wait_for()


def paste(page, text: str) -> None:
    if not part(page, "text").is_visible():
        page.locator(".mi-table summary", has_text="Paste").click()
    part(page, "text").fill(text)
    part(page, "paste").click()


def table(rows: int, columns: int, seed: int = 0) -> str:
    z = np.random.default_rng(seed).normal(size=(rows, columns))
    z[:, 1] += z[:, 0]
    return "\n".join([";".join(f"c{j}" for j in range(columns)), *(";".join(f"{v:.5f}" for v in row) for row in z)])


@pytest.fixture
def page(book_url, open_page):
    return open_page(f"{book_url}/{DOC}.html", bypass_csp=False)


def test_the_example_is_estimated_and_shuffled_and_nothing_is_asked_of_anybody(page):
    page.wait_for_load_state("networkidle")  # the browser fetches the site's own icon when it likes
    before = len(page.asked)
    part(page, "example").click()
    done(page)
    said = part(page, "say").inner_text()
    assert said.startswith("91 pairs are estimated.")
    assert part(page, "matrix").locator("td").count() == 14 * 14
    assert part(page, "matrix").locator("td[data-chosen]").count() == 2
    part(page, "shuffle").click()
    part(page, "shuffled").locator("svg").wait_for()
    assert "None of 199 shuffles" in part(page, "chance").inner_text()
    assert "One standard error, from halves of the rows, is ± 0.0" in part(page, "estimate").inner_text()
    assert "p = 0.005" in part(page, "chance").inner_text()  # 1 / 200
    assert [url for url in page.asked[before:] if not url.startswith("blob:")] == []
    assert page.complaints == []


def test_neither_the_page_nor_what_runs_beside_it_may_connect(page):
    send = "fetch('/index.html').then(() => 'sent', () => 'forbidden')"
    assert page.evaluate(send) == "forbidden"
    beside = f"""new Promise(done => {{
      const text = `{send}.then(postMessage)`;
      const worker = new Worker(URL.createObjectURL(new Blob([text], {{ type: 'text/javascript' }})));
      worker.onmessage = (event) => done(event.data);
    }})"""
    assert page.evaluate(beside) == "forbidden"
    assert not any("index.html" in url for url in page.asked)


def test_all_of_it_goes_by_keyboard(page):
    part(page, "example").focus()
    page.keyboard.press("Enter")
    done(page)
    part(page, "matrix").locator("td[tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert [part(page, side).input_value() for side in "xy"] == ["malic_acid", "ash"]
    assert part(page, "say").inner_text().startswith("I(malic_acid; ash) ≈ ")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("malic_acid and ash: ")


def test_another_kind_is_estimated_anew_and_a_wrong_one_refused(page):
    rows = [f"{i % 5},{'uvw'[i % 3]},{(i * 7919) % 101 / 10}" for i in range(60)]
    paste(page, "\n".join(["step,group,size", *rows]))
    done(page)
    page.locator(".mi-table summary", has_text="Kinds of columns").click()
    kind = part(page, "columns").locator("select")
    kind.nth(1).select_option("number")
    assert "Row 2, column “group”: “u” is no number" in part(page, "trouble").inner_text()
    assert kind.nth(1).input_value() == "label"
    page.locator(".mi-table [data-part=x]").select_option("step")
    page.locator(".mi-table [data-part=y]").select_option("size")
    assert "by neighbours (k = 3)" in part(page, "estimate").inner_text()
    kind.nth(0).select_option("label")
    done(page)
    assert "under each label" in part(page, "estimate").inner_text()
    assert part(page, "trouble").inner_text() == ""
    kind.nth(2).select_option("leave out")
    done(page)
    assert part(page, "matrix").locator("td").count() == 4


def test_what_is_wrong_with_a_table_is_said_and_the_next_one_taken(page):
    lines = table(20, 3).splitlines()
    paste(page, "\n".join([*lines[:7], "1;2", *lines[7:]]))
    part(page, "trouble").filter(has_text="row 8 has 2 cells, wanted 3").wait_for()
    paste(page, "\n".join(lines))
    done(page)
    assert part(page, "trouble").inner_text() == ""
    assert "semicolons between the cells" in part(page, "read").inner_text()


def test_the_page_lives_while_it_counts_and_a_run_can_be_stopped(page):
    file = {"name": "large.csv", "mimeType": "text/csv", "buffer": table(12_000, 16).encode()}
    part(page, "file").set_input_files(file)
    part(page, "stop").wait_for()
    part(page, "matrix").locator("td", has_text=".").first.wait_for()
    part(page, "stop").click()  # a page that is busy takes no click
    part(page, "progress").wait_for(state="hidden")
    filled = part(page, "matrix").locator("td[aria-label]").count() - 16
    assert 0 < filled < 16 * 15
    part(page, "x").select_option("c14")
    part(page, "y").select_option("c15")
    assert "the run was stopped" in part(page, "estimate").inner_text()


def test_filled_it_fits_a_phone_and_axe_finds_nothing_serious(book_url, open_page):
    page = open_page(f"{book_url}/{DOC}.html", width=360, height=740)
    part(page, "example").click()
    done(page)
    part(page, "shuffle").click()
    part(page, "shuffled").locator("svg").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator(f"html[data-theme={scheme}]").wait_for(state="attached")
        page.wait_for_timeout(300)
        found = page.evaluate(RUN, {"context": {"include": [[".mi-table"]]}})
        assert found == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_works_from_a_folder(built_book, open_page):
    page = open_page((built_book / f"{DOC}.html").as_uri(), bypass_csp=False)
    part(page, "example").click()
    done(page)
    assert page.complaints == []
