"""The blocks as text, the traits in Python, and what happens to bad input."""

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from mi_lab import explore
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
    block,
)
from mi_lab.teaching.sliders.pictures import aligned, shoot, split
from mi_lab.teaching.sliders.words import number, signed


def test_blocks_are_light_whole_and_static(paged, explorers):
    for name, explorer in explorers.items():
        html = explorer.bundle["text/html"]
        assert len(html.encode()) < block.LIMIT, name
        tree = ET.fromstring(f"<r>{html}</r>")  # well-formed: fit for EPUB too
        for part in tree.iter():
            assert "style" not in part.attrib, f"{name}: an inline style"
            assert not [a for a in part.attrib if a.startswith("on")], f"{name}: an inline handler"
        assert "http" not in re.sub(r"http://www\.w3\.org/\S+?\"", "", html), f"{name}: an address"
        assert not re.search(r"\beval\(|new Function|import\(|^import ", html, re.M), name
        assert html == explorer._repr_mimebundle_()["text/html"]


def test_one_kind_has_one_module(explorers):
    by_kind: dict[str, set] = {}
    for explorer in explorers.values():
        html = explorer.bundle["text/html"]
        kind = re.search(r'<figure class="mi-explorer" data-kind="(\w+)"', html)[1]
        by_kind.setdefault(kind, set()).add(re.search(r'<script type="module">(.*?)</script>', html, re.S)[1])
    assert set(by_kind) == set(block.KINDS)
    assert all(len(texts) == 1 for texts in by_kind.values())


def test_a_page_opens_no_widget(paged):
    explorer = GaussianExplorer()
    assert explorer.comm is None
    assert "application/vnd.jupyter.widget-view+json" not in explorer._repr_mimebundle_()
    explorer.rho = 0.9  # and its traits work nevertheless
    assert explorer.information == pytest.approx(-0.5 * np.log(0.19))


def test_live_it_is_a_widget_and_its_numbers_follow():
    explorer = TangentExplorer("KL", ratio=2.0)
    bundle, _ = explorer._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    explorer.t = 1.0
    assert explorer.bound == pytest.approx(2.0 - 1.0)
    assert explorer.gap == pytest.approx(2 * np.log(2) - 1)
    assert "1.000" in explorer.words()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianExplorer(1.0), "rho is 1.0"),
        (lambda: GaussianExplorer(float("nan")), "rho is nan"),
        (lambda: GaussianExplorer(0.5, n=1), "n is 1"),
        (lambda: ResamplingExplorer([1, 2, float("nan")], [1, 2, 3]), "x holds 1 NaN"),
        (lambda: ResamplingExplorer([1, 2], [1, 2, 3]), "x has 2 samples and y has 3"),
        (lambda: ResamplingExplorer([1, 2]), "give both or neither"),
        (lambda: ResamplingExplorer(np.ones((5, 2)), np.ones(5)), "2 columns"),
        (lambda: ResamplingExplorer(np.arange(2000), np.arange(2000)), "2000 samples"),
        (lambda: ResamplingExplorer(n_=101), "from 2 to 100"),
        (lambda: NoiseExplorer(0), "sigma is 0"),
        (lambda: CeilingExplorer(1), "n is 1"),
        (lambda: CeilingExplorer(2.5), "n is 2.5"),
        (lambda: TangentExplorer("KLD"), "f is 'KLD'"),
        (lambda: TangentExplorer("JS", t=0.4), "t is 0.4"),
        (lambda: TangentExplorer(ratio=0), "ratio is 0"),
        (lambda: Neighbourhood(method="knn"), "method is 'knn'"),
        (lambda: Neighbourhood(np.arange(20), np.arange(20)), "truth is None"),
        (lambda: Neighbourhood(np.full(20, np.nan), np.arange(20), truth=1), "x holds 20 NaN"),
        (lambda: Neighbourhood(value=2.5), "a whole number from 1 to 60"),
        (lambda: Neighbourhood(point=200), "0 to 199"),
        (lambda: MovingAverage(1.0), "beta is 1.0"),
        (lambda: MovingAverage(batch=1), "batch is 1"),
        (lambda: MovingAverage(drift=-1), "drift is -1"),
        (lambda: SampleScore(n=1), "n is 1"),
        (lambda: FreeConstant(1), "n is 1"),
        (lambda: FreeConstant(64.5), "n is 64.5"),
        (lambda: StaircaseExplorer("yes"), "cubed is 'yes'"),
        (lambda: ExclusiveExplorer(1.0), "p is 1.0, wanted a probability"),
        (lambda: ExclusiveExplorer(turned=0.07), "turned is 0.07, wanted one of"),
        (lambda: BottleneckExplorer(0.015), "beta is 0.015, wanted a price from 0 to 0.35"),
        (lambda: PlaneExplorer("31"), "bins is '31', wanted one of: 2, 3"),
        (lambda: DiscoveryExplorer(0.5), "level is 0.5"),
        (lambda: DiscoveryExplorer(real=7), "real is 7, wanted one of 0, 5"),
        (lambda: ScoreExplorer(13), "number is 13, wanted one of 1, 2"),
        (lambda: ScoreExplorer(n=60), "n is 60"),
        (lambda: InfomaxExplorer(31), "angle is 31"),
        (lambda: TogetherExplorer(3), "members is 3, wanted one of 1, 2, 4"),
        (lambda: TogetherExplorer(share=55), "share is 55, wanted one of 10, 20"),
        (lambda: ReachExplorer(7), "columns is 7, wanted one of 30, 60"),
        (lambda: ReachExplorer(cores=3), "cores is 3, wanted one of 1, 2, 8"),
        (lambda: InfomaxExplorer(n=10), "n is 10"),
        (lambda: CoverageExplorer(5), "bias is 5, wanted a number of standard errors from 0 to 4"),
        (lambda: LineupExplorer("Y"), "law is 'Y', wanted one of: normal, 2 nats"),
        (lambda: MisfitExplorer(1.5), "share is 1.5"),
        (lambda: MisfitExplorer(rho=1), "rho is 1"),
        (lambda: ProposalExplorer(-1), "near is -1"),
        (lambda: ProposalExplorer(rho=0), "rho is 0"),
        (lambda: ModesExplorer(7), "step is 7, wanted one of: 0,"),
        (lambda: SightExplorer(0.4), "s is 0.4, wanted one of: 0.001"),
        (lambda: TrainingExplorer(n=5), "n is 5"),
        (lambda: TrainingExplorer(held_out=2000), "held_out is 2000"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_bad_values_of_a_trait_leave_it_alone():
    explorer = GaussianExplorer(0.5)
    with pytest.raises(ValueError, match="rho is 2"):
        explorer.rho = 2
    assert explorer.rho == 0.5
    knobs, training = SampleScore(), TrainingExplorer()
    with pytest.raises(ValueError, match="b is 9"):
        knobs.b = 9
    with pytest.raises(ValueError, match="step is 201"):
        training.step = 201
    assert (knobs.b, training.step) == (2.3, 0)
    constant, stairs = FreeConstant(), StaircaseExplorer()
    with pytest.raises(ValueError, match="information is 2.2"):
        constant.information = 2.2
    with pytest.raises(ValueError, match="c is 4"):
        constant.c = 4
    with pytest.raises(ValueError, match="level is 5"):
        stairs.level = 5
    assert (constant.c, constant.information, stairs.level) == (0.0, 2.0, 4)


def line(k=1, m=1):
    import matplotlib.pyplot as plt

    if k == 3:
        raise ZeroDivisionError("no third")
    figure, axes = plt.subplots()
    axes.plot([0, k], [0, m])


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({}, "0 parameters"),
        ({"k": (5, 5)}, "is empty"),
        ({"k": (5, 2)}, "is reversed"),
        ({"k": (0, float("nan"))}, "finite"),
        ({"k": (0, 10, 0)}, "must be positive"),
        ({"k": (0, 10, 20)}, "at most high"),
        ({"k": []}, "0 value(s)"),
        ({"k": [1]}, "1 value(s)"),
        ({"k": [1, 1]}, "twice"),
        ({"k": [1.0, float("inf")]}, "isn't finite"),
        ({"k": 3}, "wanted (low, high)"),
        ({"k": "abc"}, "wanted (low, high)"),
        ({"k": (1, 1000, 1)}, "1000 pictures, a page takes at most 64"),
        ({"k": list(range(9)), "m": list(range(9))}, "81 pictures"),
    ],
)
def test_explore_refuses_bad_ranges(paged, ranges, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        explore(line, **ranges)


def test_explore_refuses_what_it_cannot_call(paged):
    with pytest.raises(TypeError, match="can't be called with j alone"):
        explore(line, j=(1, 2))
    with pytest.raises(TypeError, match="draw is a int"):
        explore(3, k=(1, 2))
    with pytest.raises(ValueError, match="can't start at 7"):
        explore(line, k=[1, 2], start={"k": 7})


def test_a_value_that_fails_is_shown_and_stops_the_build(paged, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    with pytest.raises(RuntimeError, match=r"line\(k=3\) raised ZeroDivisionError: no third"):
        explore(line, k=[1, 2, 3])
    assert "line(k=3) raised ZeroDivisionError: no third" in shown[0].html()


def test_live_a_failing_value_is_shown_and_the_next_one_works():
    live = explore(line, k=[1, 2, 3])
    assert "<img" in live.picture.value
    live.sliders["k"].value = 3
    assert "ZeroDivisionError: no third" in live.picture.value
    live.sliders["k"].value = 2
    assert "<img" in live.picture.value


def test_live_explore_follows_and_speaks():
    def say(n_):
        import matplotlib.pyplot as plt

        plt.plot([0, n_])
        plt.title(f"<{n_}>")
        print(f"n′ is {n_}")

    live = explore(say, n_=(2, 1000))
    first = live.picture.value
    assert "n′ is 2" in first
    assert "&lt;2&gt;" in first
    live.sliders["n_"].value = 77
    assert live.values == {"n_": 77}
    assert "n′ is 77" in live.picture.value
    assert live.picture.value.split("alt=")[0] != first.split("alt=")[0]


def test_a_block_too_heavy_says_what_to_do(paged):
    def noise(k):
        import matplotlib.pyplot as plt

        plt.imshow(np.random.default_rng(k).random((300, 400, 3)))

    with pytest.raises(ValueError, match=r"6 pictures weigh \d+ kB, the limit of a block is 200 kB: name fewer values"):
        explore(noise, k=(1, 6, 1))


def test_any_way_of_drawing(paged):
    """Current figure, returned figure, returned axes, a seaborn grid; nothing is left open."""
    import matplotlib.pyplot as plt
    import seaborn
    from matplotlib.figure import Figure

    def current(k):
        plt.plot([1, k])

    def figure(k):
        made = Figure()
        made.add_subplot().plot([1, k])
        return made

    def axes(k):
        return plt.subplots()[1]

    def grid(k):
        return seaborn.jointplot(x=np.arange(9.0) ** k, y=np.arange(9.0))

    for draw in (current, figure, axes, grid):
        shot = shoot(draw, {"k": 2}, (4, 3), 60)
        assert shot.error is None, draw
        assert shot.image.size[0] >= 200
    assert plt.get_fignums() == []
    assert "drew nothing" in str(shoot(lambda k: 3, {"k": 1}, (4, 3), 60).error)
    assert "2 figures" in str(shoot(lambda k: (plt.figure(), plt.figure()) == k, {"k": 1}, (4, 3), 60).error)


def test_equal_pictures_are_carried_once(paged):
    def same(k):
        import matplotlib.pyplot as plt

        plt.plot([0, k // 10])

    few, many = (len(explore(same, k=list(range(n))).html()) for n in (2, 10))
    assert many < few + 3000  # eight more values, words for them, and no picture


def test_shared_and_own_parts_give_the_picture_back(paged):
    def sine(b):
        import matplotlib.pyplot as plt

        plt.plot(np.sin(b * np.linspace(0, 6)))
        plt.ylim(-1, 1)

    shots = [shoot(sine, {"b": b}, (4, 3), 100) for b in (1, 2, 3)]
    whole, size = aligned(shots)
    shared, own = split(whole)
    assert {image.size for image in whole} == {size}
    for image, part in zip(whole, own, strict=True):
        ground, wanted = (Image.new("RGBA", size, "white") for _ in range(2))
        ground.alpha_composite(shared)
        ground.alpha_composite(part)
        wanted.alpha_composite(image)
        different = np.abs(np.asarray(ground).astype(int) - np.asarray(wanted)).max(-1) > 0
        assert different.mean() < 0.01  # only half-transparent edges under the rim
    assert all(a != b for a, b in itertools.combinations([part.tobytes() for part in own], 2))


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("c rises by -0.04", "c rises by \u22120.04"),
        ("(-.5, -2e-3)", "(\u2212.5, \u22122e-3)"),
        ("MI-NEE at x-3, 2024-01-02", "MI-NEE at x-3, 2024-01-02"),
    ],
)
def test_printed_negative_numbers_have_a_minus_sign(printed, shown):
    assert signed(printed) == shown


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [(1e6, "d", "1,000,000"), (-1234.56789, ".4f", "\u22121,234.5679"), (999.1234567, ".6f", "999.123457")],
)
def test_large_numbers_have_thousands_marks(value, form, text):
    assert number(value, form) == text
