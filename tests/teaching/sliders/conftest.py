"""One page that holds every explorer, as the builder would put them on a page, and how to handle a slider."""

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageChops

from mi_lab.teaching.sliders import (
    BottleneckExplorer,
    CeilingExplorer,
    CoverageExplorer,
    DiscoveryExplorer,
    ExclusiveExplorer,
    FreeConstant,
    GaussianExplorer,
    InfomaxExplorer,
    LineupExplorer,
    MisfitExplorer,
    ModesExplorer,
    MovingAverage,
    Neighbourhood,
    NoiseExplorer,
    PlaneExplorer,
    ProposalExplorer,
    ReachExplorer,
    ResamplingExplorer,
    SampleScore,
    ScoreExplorer,
    SightExplorer,
    StaircaseExplorer,
    TangentExplorer,
    TogetherExplorer,
    TrainingExplorer,
    explore,
)

matplotlib.use("agg")

EXPLORERS = {
    "gaussian": lambda: GaussianExplorer(),
    "gaussian at an odd start": lambda: GaussianExplorer(0.333, n=50, seed=4),
    "resampling": lambda: ResamplingExplorer(),
    "resampling with replacement": lambda: ResamplingExplorer(replacement=True, n_=30),
    "resampling few": lambda: ResamplingExplorer(*np.random.default_rng(5).normal(size=(2, 6)), replacement=True),
    "ceiling": lambda: CeilingExplorer(),
    "ceiling at an odd start": lambda: CeilingExplorer(77),
    "noise": lambda: NoiseExplorer(),
    "tangent": lambda: TangentExplorer(),
    "tangent reverse": lambda: TangentExplorer("reverse", ratio=0.5),
    "tangent JS": lambda: TangentExplorer("JS"),
    "tangent chi2": lambda: TangentExplorer("chi2", ratio=1.5),
    "neighbours": lambda: Neighbourhood(),
    "bins": lambda: Neighbourhood(method="bins"),
    "kernels": lambda: Neighbourhood(method="kernels"),
    "average": lambda: MovingAverage(),
    "knobs": lambda: SampleScore(),
    "knobs of another law": lambda: SampleScore(-0.5, n=30, seed=1),
    "training": lambda: TrainingExplorer(),
    "training on few": lambda: TrainingExplorer(0.6, n=30, held_out=60, seed=3),
    "free constant": lambda: FreeConstant(),
    "free constant of small batches": lambda: FreeConstant(8, seed=3),
    "staircase": lambda: StaircaseExplorer(),
    "price": lambda: BottleneckExplorer(),
    "plane": lambda: PlaneExplorer(),
    "exclusive": lambda: ExclusiveExplorer(),
    "discovery": lambda: DiscoveryExplorer(),
    "score": lambda: ScoreExplorer(),
    "infomax": lambda: InfomaxExplorer(n=60),
    "misfit": lambda: MisfitExplorer(),
    "misfit of a weaker law": lambda: MisfitExplorer(0.333, rho=0.5, seed=2),
    "proposal": lambda: ProposalExplorer(),
    "proposal near a weaker law": lambda: ProposalExplorer(0.777, rho=0.6, seed=3),
    "coverage": lambda: CoverageExplorer(),
    "coverage at an odd start": lambda: CoverageExplorer(1.25),
    "line-up": lambda: LineupExplorer(),
    "modes": lambda: ModesExplorer(),
    "sight": lambda: SightExplorer(),
    "together": lambda: TogetherExplorer(),
    "reach": lambda: ReachExplorer(),
    "average without drift": lambda: MovingAverage(0.9, drift=0, batch=8),
}


def curve(a, b=1):
    """Draw a sine: something for `explore` to draw."""
    import matplotlib.pyplot as plt

    t = np.linspace(0, 6, 100)
    figure, axes = plt.subplots()
    axes.plot(t, a * np.sin(b * t))
    axes.set(xlabel="t, seconds", ylabel="height", title=f"amplitude {a}", ylim=(-3, 3))
    print(f"mean {np.mean(a * np.sin(b * t)):.3f}")


@pytest.fixture
def paged(monkeypatch):
    """What runs here runs as on a page that is being built."""
    monkeypatch.setenv("MI_LAB_PAGE", "1")


@pytest.fixture(scope="session")
def explorers() -> dict:
    """Every explorer in several settings, by name, made as on a page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MI_LAB_PAGE", "1")
        made = {name: make() for name, make in EXPLORERS.items()}
        made["explore one"] = explore(curve, a=[0.5, 1.0, 2.0], labels={"a": "amplitude"}, start={"a": 1.0})
        made["explore two"] = explore(curve, a=(0.5, 2.5), b=[1, 2])
        for explorer in list(made.values()):
            explorer.bundle = explorer._repr_mimebundle_()
    return made


@pytest.fixture(scope="session")
def gallery(explorers, tmp_path_factory):
    """A page with all explorers and nothing else, no theme."""
    folder = tmp_path_factory.mktemp("gallery")
    blocks = "".join(e.bundle["text/html"] for e in explorers.values())
    icon = '<link rel="icon" href="data:," />'
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8">{icon}<title>Explorers</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><body>{blocks}</body></html>',
        encoding="utf-8",
    )
    return folder / "index.html"


def places(explorer, count: int) -> list[list]:
    """Return values of an explorer's sliders: each in turn at ``count`` places, the others where they start."""
    controls = explorer._facts["controls"]
    found = []
    for i, control in enumerate(controls):
        grid = control["grid"]
        for at in np.unique(np.linspace(0, len(grid) - 1, count).astype(int)):
            found.append([grid[at] if j == i else c["start"] for j, c in enumerate(controls)])
    return found


def settle(page) -> None:
    """Wait until the browser has drawn what was asked of it."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def picture(page, block) -> Image.Image:
    """Take the picture of a block's panels, always from the same place of the screen."""
    panels = block.locator("> .mi-panels")
    panels.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    page.mouse.move(1, 1)
    # Chromium repaints only what changed, and an edge may differ by a level where such a part ends: have it all again.
    for visibility in ("hidden", ""):
        panels.evaluate("(e, v) => { e.style.visibility = v; }", visibility)
        settle(page)
    return Image.open(io.BytesIO(panels.screenshot(animations="disabled"))).convert("RGB")


def same(a: Image.Image, b: Image.Image) -> bool:
    """Say whether two pictures agree in every pixel."""
    return a.size == b.size and ImageChops.difference(a, b).getbbox() is None


def state(block) -> tuple:
    """Return what a block says: its slider's values in words, and the sentence."""
    return block.evaluate(
        "(e) => [...e.querySelectorAll('input')].map((i) => i.getAttribute('aria-valuetext'))"
        ".concat(e.querySelector('.mi-words').textContent, e.querySelector('.mi-value').textContent)"
    )


def go_to(page, slider, target: int) -> None:
    """Bring a slider to a position by keys alone."""
    slider.focus()
    at, most = int(slider.input_value()), int(slider.get_attribute("max"))
    if target < min(at, most - at):
        page.keyboard.press("Home")
        at = 0
    elif most - target < min(at, most - at):
        page.keyboard.press("End")
        at = most
    for _ in range(abs(target - at)):
        page.keyboard.press("ArrowRight" if at < target else "ArrowLeft")
    assert int(slider.input_value()) == target
    settle(page)


def drag(page, slider, share: float) -> None:
    """Drag a slider's thumb by mouse to a share of its length."""
    slider.evaluate("(e) => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = slider.bounding_box()
    at, most = int(slider.input_value()), int(slider.get_attribute("max"))
    inside = box["width"] - 24  # the thumb's middle travels inside the track
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 12 + inside * at / most, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 12 + inside * share, y, steps=4)
    page.mouse.up()
    settle(page)


def try_block(page, block, name: str) -> None:
    """Do what a reader does with every slider of a block, and compare pictures and words."""
    sliders = block.locator("input[type=range]")
    assert sliders.count() >= 1, f"{name}: no slider"
    for i in range(sliders.count()):
        slider = sliders.nth(i)
        assert slider.is_enabled(), f"{name}: the slider isn't alive"
        start, most = int(slider.input_value()), int(slider.get_attribute("max"))
        before, said = picture(page, block), state(block)
        drag(page, slider, 0.05 if start > most / 2 else 0.95)
        assert int(slider.input_value()) != start, f"{name}: dragging moves nothing"
        assert state(block) != said, f"{name}: dragging changes no words"
        assert not same(picture(page, block), before), f"{name}: dragging changes no picture"
        go_to(page, slider, start)
        assert state(block) == said, f"{name}: back at the start the words differ"
        assert same(picture(page, block), before), f"{name}: back at the start the picture differs"
        slider.focus()
        page.keyboard.press("Home" if start > most / 2 else "End")
        settle(page)
        assert state(block) != said, f"{name}: a key changes no words"
        assert not same(picture(page, block), before), f"{name}: a key changes no picture"
        go_to(page, slider, start)
        assert same(picture(page, block), before), f"{name}: back at the start by keys the picture differs"
