"""In a real browser with its network cut: every explorer, then every slider of the built book, served and as files."""

import re

import pytest
from conftest import go_to, picture, places, same, settle, state, try_block

from mi_lab.teaching.sliders import block as blocks

pytestmark = pytest.mark.browser


def pages_with_explorers(folder) -> list:
    return [p for p in sorted(folder.rglob("*.html")) if 'class="mi-explorer"' in p.read_text("utf-8")]


def try_page(open_page, address: str, name: str, only: list[int] | None = None) -> int:
    page = open_page(address)
    found = page.locator(".mi-explorer")
    count = found.count()
    for i in range(count) if only is None else only:
        if found.nth(i).is_visible():
            try_block(page, found.nth(i), f"{name}, block {i + 1}")
    assert page.complaints == [], name
    return count


def test_explorers_that_the_book_does_not_show(open_page, gallery, explorers):
    """Other settings, and two sliders at once; the book's own are tried in the book."""
    names = list(explorers)
    only = [names.index(name) for name in ("resampling few", "tangent chi2", "bins", "kernels", "explore two")]
    assert try_page(open_page, gallery.as_uri(), "gallery", only) == len(explorers)


@pytest.mark.parametrize("how", ["served", "files"])
def test_every_slider_in_the_book(open_page, built_book, book_url, how):
    pages = pages_with_explorers(built_book)
    assert pages, "the book has no explorer"
    for path in pages:
        name = str(path.relative_to(built_book))
        try_page(open_page, f"{book_url}/{name}" if how == "served" else path.as_uri(), name)


def test_blocks_in_the_book_are_light(built_book):
    for path in pages_with_explorers(built_book):
        found = re.findall(r'<figure class="mi-explorer".*?</figure>', path.read_text("utf-8"), re.S)
        assert found, path
        for one in found:
            assert len(one.encode()) + len(blocks.style()) < 200_000, path.name


def test_the_first_picture_needs_no_script(open_page, gallery, explorers):
    """Without scripts: the same first picture, its words, and no dead slider."""
    alive, dead = open_page(gallery.as_uri()), open_page(gallery.as_uri(), java_script_enabled=False)
    for i, name in enumerate(explorers):
        one, other = (page.locator(".mi-explorer").nth(i) for page in (alive, dead))
        assert not other.locator("input").first.is_visible(), name
        assert other.locator(".mi-words").inner_text() == one.locator(".mi-words").inner_text(), name
        assert len(other.locator(".mi-description").inner_text()) > 40, name
        parts = "(e) => [...e.querySelectorAll('[data-draw]')].map((p) => p.getAttribute('d') || p.textContent)"
        assert one.evaluate(parts) == dead_parts(explorers[name]), name


def dead_parts(explorer) -> list[str]:
    """Read the moving parts from the markup that Python wrote."""
    import xml.etree.ElementTree as ET

    tree = ET.fromstring("<r>" + explorer.bundle["text/html"] + "</r>")
    return [part.get("d") or part.text or "" for part in tree.iter() if part.get("data-draw")]


def test_drawn_paths_are_those_python_draws(open_page, gallery, explorers):
    """Not only the numbers: at other values too, every path and letter in the browser is the one Python would draw."""
    page = open_page(gallery.as_uri())
    parts = "(e) => [...e.querySelectorAll('[data-draw]')].map((p) => p.getAttribute('d') || p.textContent)"
    for i, (name, explorer) in enumerate(explorers.items()):
        if name.startswith("explore"):
            continue
        found = page.locator(".mi-explorer").nth(i)
        grids = [control["grid"] for control in explorer._facts["controls"]]
        for values in places(explorer, 4):
            for k, (grid, value) in enumerate(zip(grids, values, strict=True)):
                move = "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }"
                found.locator("input").nth(k).evaluate(move, grid.index(value))
            settle(page)
            shown = explorer.compute(*values)
            wanted = "".join(panel.markup() for panel in explorer._panels(shown))
            assert found.evaluate(parts) == drawn(wanted), f"{name} at {values}"


def drawn(markup: str) -> list[str]:
    import xml.etree.ElementTree as ET

    tree = ET.fromstring(f"<r>{markup}</r>")
    return [part.get("d") or part.text or "" for part in tree.iter() if part.get("data-draw")]


def steps(block) -> int:
    return int(block.locator("input").input_value())


def test_a_critic_trains_at_the_press_of_a_button(open_page, gallery, explorers):
    """Play, pause, one step, start again, by mouse and by keys; a hand on the slider stops the run."""
    page = open_page(gallery.as_uri())
    found = page.locator(".mi-explorer").nth(list(explorers).index("training"))
    button = {name: found.get_by_role("button", name=name, exact=True) for name in ("Train", "Pause", "One step")}
    again, status = found.get_by_role("button", name="Start again"), found.get_by_role("status")
    button["One step"].focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert steps(found) == 2
    assert status.inner_text().startswith("2 steps, training value")
    button["Train"].click()
    button["Pause"].wait_for()
    page.wait_for_function("(e) => Number(e.value) > 6", arg=found.locator("input").element_handle())
    button["Pause"].click()
    at = steps(found)
    page.wait_for_timeout(250)
    assert steps(found) == at
    assert status.inner_text().startswith(f"{at} steps")
    shown = explorers["training"].compute(at)
    assert f"scores {shown['train']:.3f} nats".replace("-", "−") in found.locator(".mi-words").inner_text()
    again.click()
    assert steps(found) == 0
    button["Train"].click()
    page.wait_for_function("(e) => Number(e.value) > 3", arg=found.locator("input").element_handle())
    found.locator("input").press("ArrowRight")  # stops the run: from here on only the hand moves it
    go_to(page, found.locator("input"), 195)
    page.wait_for_timeout(250)
    assert steps(found) == 195  # the run stopped when the slider was taken
    button["Train"].click()
    page.wait_for_function("(e) => Number(e.value) === 200", arg=found.locator("input").element_handle())
    button["Train"].wait_for()  # at the end it pauses by itself
    assert page.complaints == []


def test_who_wants_no_motion_gets_none(open_page, gallery, explorers):
    page = open_page(gallery.as_uri(), reduced_motion="reduce")
    found = page.locator(".mi-explorer").nth(list(explorers).index("training"))
    found.get_by_role("button", name="Train 20 steps").click()
    assert steps(found) == 20
    page.wait_for_timeout(250)
    assert steps(found) == 20


def test_a_point_is_dragged_in_the_picture(open_page, gallery, explorers):
    """A handle moves both sliders at once, to the values under the pointer."""
    page = open_page(gallery.as_uri())
    found = page.locator(".mi-explorer").nth(list(explorers).index("knobs"))
    handle = found.locator(".mi-handle")
    handle.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    unit = found.locator("svg.mi-panel").first.bounding_box()["width"] / 340
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 1.9 * 292 / 6.3 * unit, y - 1.1 * 220 / 5.3 * unit, steps=5)
    page.mouse.up()
    settle(page)
    assert [int(found.locator("input").nth(i).input_value()) for i in (0, 1)] == [39, 34]
    page.mouse.move(5, 5)  # let go: it stays
    settle(page)
    assert [int(found.locator("input").nth(i).input_value()) for i in (0, 1)] == [39, 34]


def test_keys_focus_and_words(open_page, gallery):
    """Tab reaches the slider, arrows, page keys, home and end move it, words follow, and the focus shows."""
    page = open_page(gallery.as_uri())
    page.keyboard.press("Tab")
    slider = page.locator(".mi-explorer").first.locator("input")
    assert slider.evaluate("(e) => e === document.activeElement")
    assert slider.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    assert slider.evaluate("(e) => e.labels.length") == 1
    assert page.get_by_label("Correlation ρ").count() >= 1
    seen = []
    for key in ("Home", "End", "PageDown", "ArrowLeft", "ArrowRight", "PageUp"):
        page.keyboard.press(key)
        settle(page)
        seen.append((int(slider.input_value()), slider.get_attribute("aria-valuetext")))
    places = [place for place, _ in seen]
    assert places[0] == 0
    assert places[1] == 198
    assert places[2] < places[1] - 5
    assert places[3] == places[2] - 1
    assert places[4] == places[2]
    assert places[5] > places[4] + 5
    assert seen[0][1] == "correlation −0.99, mutual information 1.959 nats"
    assert all(before[1] != after[1] for before, after in zip(seen, seen[1:], strict=False))


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone(open_page, gallery, dark):
    """At 360 px nothing is wider than the screen, the slider follows a finger and is large enough for one."""
    page = open_page(gallery.as_uri(), width=360, height=740, dark=dark, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for i in range(page.locator(".mi-explorer").count()):
        found = page.locator(".mi-explorer").nth(i)
        slider = found.locator("input").first
        slider.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
        box, said = slider.bounding_box(), state(found)
        assert box["height"] >= 44
        start, most = int(slider.input_value()), int(slider.get_attribute("max"))
        page.touchscreen.tap(box["x"] + box["width"] * (0.1 if start > most / 2 else 0.9), box["y"] + 22)
        settle(page)
        assert state(found) != said
        letters = found.locator("svg text").first
        if letters.count():
            assert letters.evaluate("(e) => e.getBoundingClientRect().height") >= 10
    assert page.complaints == []


def luminance(colour: str) -> float:
    parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: float, b: float) -> float:
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


GROUND = """(e) => {
  for (; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (!/^(transparent|rgba\\(0, 0, 0, 0\\))$/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
}"""


def test_words_stand_out_in_the_book(open_page, built_book):
    """Against the ground that the book's theme really lays under a block; one page of each kind of explorer."""
    by_kind = {}
    for path in pages_with_explorers(built_book):
        for kind in re.findall(r'class="mi-explorer" data-kind="(\w+)"', path.read_text("utf-8")):
            by_kind.setdefault(kind, path)
    for path in sorted(set(by_kind.values()))[::2]:
        page = open_page(path.as_uri())
        found = page.locator(".mi-explorer").first
        for theme in ("dark", "light"):
            page.evaluate("(t) => { document.documentElement.dataset.theme = t; }", theme)
            page.wait_for_timeout(300)  # the theme fades
            for part in (".mi-words", ".mi-description", ".mi-name"):
                ground = luminance(found.locator(part).first.evaluate(GROUND))
                ink = luminance(found.locator(part).first.evaluate("(e) => getComputedStyle(e).color"))
                assert contrast(ink, ground) > 4.5, (path.name, part, theme)


def test_light_and_dark(open_page, gallery):
    """The page's theme wins over the system's wish; text stands out from the ground either way (WCAG: 4.5 to 1)."""
    page = open_page(gallery.as_uri(), dark=True)
    found = page.locator(".mi-explorer").first
    ink = "(e) => getComputedStyle(e).color"

    for theme, ground in (("light", 1.0), ("dark", luminance("rgb(20, 24, 30)")), (None, luminance("rgb(20, 24, 30)"))):
        set_theme = (
            "(t) => t ? document.documentElement.dataset.theme = t : delete document.documentElement.dataset.theme"
        )
        page.evaluate(set_theme, theme)
        for part in (".mi-words", ".mi-description"):
            assert contrast(luminance(found.locator(part).evaluate(ink)), ground) > 4.5, (theme, part)


def test_paper_shows_a_row_of_pictures(open_page, gallery, explorers):
    page = open_page(gallery.as_uri())
    page.emulate_media(media="print")
    settle(page)
    for i, name in enumerate(explorers):
        found = page.locator(".mi-explorer").nth(i)
        frames = found.locator(".mi-sheet")
        assert 3 <= frames.count() <= 4, name
        assert not found.locator("input").first.is_visible()
        assert all(frames.nth(j).locator(".mi-panels").count() == 1 for j in range(frames.count())), name
        words = [
            frames.nth(j).evaluate("(e) => e.textContent + (e.querySelector('img[data-draw]')?.src ?? '')")
            for j in range(frames.count())
        ]
        assert len(set(words)) == len(words), name
        tops = {round(frames.nth(j).bounding_box()["y"]) for j in range(frames.count())}
        assert len(tops) == 1, f"{name}: the pictures don't stand in a row"
    page.emulate_media(media="screen")
    settle(page)
    assert page.locator(".mi-sheet").count() == 0
    assert page.locator(".mi-explorer").first.locator("input").is_visible()


def test_a_strict_policy_lets_the_blocks_live(open_page, gallery, serve, explorers, tmp_path):
    """The modules and styles can be allowed by their hashes alone: nothing is evaluated, nothing inline is missed."""
    allowed = {name: " ".join(values) for name, values in blocks.hashes().items()}
    policy = f"default-src 'none'; img-src data:; script-src {allowed['script-src']}; style-src {allowed['style-src']}"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    text = gallery.read_text("utf-8").replace('<meta charset="utf-8">', f'<meta charset="utf-8">{meta}')
    (tmp_path / "index.html").write_text(text, "utf-8")
    page = open_page(serve(tmp_path) + "/index.html")
    assert page.locator(".mi-explorer[data-alive]").count() == len(explorers)
    found = page.locator(".mi-explorer").first
    before = picture(page, found)
    start = int(found.locator("input").input_value())
    go_to(page, found.locator("input"), start - 20)
    assert not same(picture(page, found), before)
    assert page.complaints == []
