"""A point of the picture that can be dragged: by mouse and by finger, and the slider follows."""

import pytest
from conftest import settle

from mi_lab.teaching.sliders import CeilingExplorer

pytestmark = pytest.mark.browser

MIDDLE = """(e) => {
  const own = e.getAttribute("d").match(/[-\\d.]+/g).map(Number);
  const at = new DOMPoint(own[0], own[1]).matrixTransform(e.getScreenCTM());
  return [at.x, at.y];
}"""


def block_of(page, explorers, name):
    found = page.locator(".mi-explorer").nth(list(explorers).index(name))
    found.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    settle(page)
    return found


@pytest.mark.parametrize(
    ("name", "handle", "shift"),
    [
        ("gaussian", 0, (0, 40)),
        ("gaussian", 1, (60, 0)),
        ("resampling with replacement", 0, (50, 0)),
        ("ceiling", 0, (0, 40)),
        ("neighbours", 0, (60, 0)),
        ("bins", 0, (60, 0)),
        ("kernels", 0, (-40, 0)),
        ("noise", 0, (-60, 0)),
    ],
)
def test_the_point_follows_the_mouse_and_the_slider_the_point(open_page, gallery, explorers, name, handle, shift):
    page = open_page(gallery.as_uri())
    found = block_of(page, explorers, name)
    point, slider = found.locator("[data-drag]").nth(handle), found.locator("input").first
    before, said = int(slider.input_value()), slider.get_attribute("aria-valuetext")
    x, y = point.evaluate(MIDDLE)
    page.mouse.move(x + 9, y - 9)  # within a thumb's width of the point
    page.mouse.down()
    page.mouse.move(x + shift[0], y + shift[1], steps=5)
    settle(page)
    here = point.evaluate(MIDDLE)
    axis = 0 if shift[0] else 1
    assert abs(here[axis] - (x, y)[axis] - shift[axis]) < 4  # the slider's values are steps
    assert int(slider.input_value()) != before
    assert slider.get_attribute("aria-valuetext") != said
    page.mouse.up()
    after = slider.input_value()
    page.mouse.move(x, y)
    settle(page)
    assert slider.input_value() == after, "it goes on after the mouse was let go"
    assert page.complaints == []


def test_a_finger_drags_the_point_and_scrolls_elsewhere(open_page, gallery, explorers):
    page = open_page(gallery.as_uri(), width=360, height=740, has_touch=True, is_mobile=True)
    found = block_of(page, explorers, "gaussian")
    slider = found.locator("input").first
    found.locator("[data-drag]").nth(1).evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    settle(page)
    x, y = found.locator("[data-drag]").nth(1).evaluate(MIDDLE)
    before = int(slider.input_value())
    client = page.context.new_cdp_session(page)
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        points = [{"x": x - 12 * step, "y": y}]
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    assert int(slider.input_value()) < before - 10
    touch = "(e) => getComputedStyle(e).touchAction"
    assert found.locator("svg").first.evaluate(touch) == "auto"
    assert page.complaints == []


def test_all_dots_stay_whole_at_the_ends(open_page, gallery, explorers):
    """No large dot is cut by the edge of its plot, wherever the slider stands."""
    page = open_page(gallery.as_uri())
    outside = """(e) => [...e.querySelectorAll('.mi-dots[class*="mi-big-"]')].filter((dot) => {
      const at = (dot.getAttribute('d').match(/-?[\\d.]+ -?[\\d.]+/g) || []).map((p) => p.split(' ').map(Number));
      const plot = dot.parentNode, [w, h] = ['width', 'height'].map((k) => Number(plot.getAttribute(k)));
      const r = parseFloat(getComputedStyle(dot).strokeWidth) / 2;
      return at.some(([x, y]) => Math.min(x - r, y - r, w - x - r, h - y - r) < -0.5);
    }).length"""
    for name in ("gaussian", "resampling", "ceiling", "noise", "neighbours", "bins", "kernels"):
        found = page.locator(".mi-explorer").nth(list(explorers).index(name))
        slider = found.locator("input").first
        for key in ("Home", "End"):
            slider.focus()
            page.keyboard.press(key)
            settle(page)
            assert found.evaluate(outside) == 0, f"{name} at its {key}"


def test_a_ceiling_reports_what_a_perfect_critic_does(paged):
    """Against many samples of the laws themselves."""
    import numpy as np

    from mi_lab.laws import CorrelatedGaussian

    explorer = CeilingExplorer(128)
    for level in (2, 6, 10):
        law = CorrelatedGaussian.with_information(level, d=20)
        t = law.log_ratio(*law.sample(100_000, seed=level)).double().numpy()
        for n in (16, 128, 22027):
            shown = explorer.compute(n)
            left = np.log(n) - np.logaddexp(0, np.log(n - 1) - t)
            error = 4 * left.std() / np.sqrt(len(t)) + 0.01  # of the run, and of the explorer's 200 slices
            assert abs(left.mean() - shown["reported"][list(shown["levels"]).index(level)]) < error
            assert shown["left"] <= (1 - 1 / n) * 10 + 1e-9
            assert shown["left"] <= np.log(n)


def test_noise_lets_through_what_quadrature_says(paged):
    from mi_lab.laws import AdditiveNoise
    from mi_lab.teaching.sliders import NoiseExplorer

    explorer = NoiseExplorer()
    for sigma in (0.05, 0.1, 0.5, 1.0):
        shown = explorer.compute(sigma)
        for name, f in (("line", "x"), ("cube", "x^3"), ("sine", "sin x")):
            assert abs(shown[name] - AdditiveNoise(f, sigma).mutual_information) < 1e-3, (name, sigma)
