"""Pictures in the dark: lines are turned over, colours that stand for numbers stay, on white paper."""

import numpy as np
import pytest

from mi_lab import explore


def lines(a):
    import matplotlib.pyplot as plt

    plt.subplots()[1].plot([0, a])


def heat(a):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    figure.colorbar(axes.imshow(a * np.eye(3)))


def points(a):
    import matplotlib.pyplot as plt

    plt.subplots()[1].scatter([0, 1], [0, a], c=[0, 1])


def block(draw) -> str:
    return explore(draw, a=[1, 2]).html()


@pytest.fixture
def on_a_page(monkeypatch):
    monkeypatch.setenv("MI_LAB_PAGE", "1")


@pytest.mark.browser
@pytest.mark.parametrize("dark", ['data-theme="dark"', "system"])
@pytest.mark.parametrize(("draw", "kept"), [(lines, False), (heat, True), (points, True)])
def test_colours_that_mean_numbers_stay_in_the_dark(draw, kept, dark, on_a_page, browser):
    page = browser.new_page(color_scheme="dark")
    page.set_content(f"<!doctype html><html {dark}><body>{block(draw)}</body></html>")
    filters = page.eval_on_selector_all("img.mi-image", "l => l.map(i => getComputedStyle(i).filter)")
    paper = page.eval_on_selector(".mi-stack", "s => getComputedStyle(s).backgroundColor")
    page.close()
    assert len(filters) >= 1
    assert all((f == "none") == kept for f in filters)
    assert (paper == "rgb(255, 255, 255)") == kept
