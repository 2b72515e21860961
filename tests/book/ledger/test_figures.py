"""Figures that are drawn by hand: well-formed, described, self-contained, readable on a telephone and in the dark."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

FIGURES = Path(__file__).parents[3] / "book" / "figures"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def tree():
    return ET.parse(FIGURES / "family-tree.svg").getroot()


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("path", sorted(FIGURES.glob("*.svg")), ids=lambda path: path.stem)
def test_drawing_is_well_formed_and_needs_nothing_from_elsewhere(path):
    root = ET.parse(path).getroot()
    assert root.tag == SVG + "svg"
    assert root.get("viewBox")
    assert not [e.tag for e in root.iter() if e.tag in {SVG + "script", SVG + "image", SVG + "foreignObject"}]
    links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href") and not v.startswith("#")]
    assert links == []


def test_tree_is_described_in_words(tree):
    ids = {e.get("id"): e.text for e in tree.iter() if e.get("id")}
    assert tree.get("role") == "img"
    assert all(len(ids[name]) > 20 for name in tree.get("aria-labelledby").split())


def test_tree_says_the_same_in_words_and_boxes(tree):
    """Every estimator named in a box is named in the text alternative."""
    told = tree.find(SVG + "desc").text
    drawn = " ".join("".join(t.itertext()) for t in tree.iter(SVG + "text"))
    for name in [
        "MINE",
        "MI-NEE",
        "Donsker–Varadhan",
        "NWJ",
        "Jensen–Shannon",
        "InfoNCE",
        "SMILE",
        "Barber–Agakov",
        "CLUB",
    ]:
        assert name in drawn
        assert name in told


def test_tree_is_text_that_a_telephone_can_show(tree):
    """At 330 px, what is left of a 360 px screen, letters keep 10 px; dark letters stand on a light box."""
    width = float(tree.get("viewBox").split()[2])
    texts = list(tree.iter(SVG + "text"))
    sizes = [float(t.get("font-size", tree.get("font-size"))) for t in texts]
    assert len(texts) > 12
    assert min(sizes) * 330 / width > 10
    fills = {r.get("fill") for r in tree.iter(SVG + "rect")}
    letters = {t.get("fill", tree.get("fill")) for t in texts}
    assert min(contrast(a, b) for a in fills for b in letters) > 7


def test_branches_show_on_a_white_page_and_on_a_dark_one(tree):
    line = tree.find(SVG + "g").get("stroke")
    assert contrast(line, "#FFFFFF") > 3
    assert contrast(line, "#121212") > 3
