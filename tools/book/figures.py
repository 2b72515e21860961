"""Figures in light and dark: of every drawing of Matplotlib a second one is written, and each links to itself enlarged.

Called by tools.book.light when the pages are written; running it twice changes nothing.
"""

import re
from html import escape, unescape
from pathlib import Path

IMAGE = re.compile(
    r'(?<!>)<img (?P<rest>[^>]*?)src="(?P<way>[^"]*_images/)(?P<name>[0-9a-f]{16,}\.svg)"(?P<end>[^>]*)/?>'
)
LIGHT, DARK, ENLARGE = "mi-light", "mi-dark", "mi-enlarge"
GROUND = "#121212"  # the theme's dark page
# Okabe and Ito's colours, and the greys of mi_lab.plots, each with one of the same hue that stands out on dark ground.
COLOURS = {
    "#000000": "#dfe4ea",
    "#222222": "#f2f4f6",
    "#e3e3e3": "#363d46",
    "#6e6e6e": "#a9b1ba",
    "#0072b2": "#52aef0",
    "#d55e00": "#ff8a3d",
    "#009e73": "#2cc49a",
    "#cc79a7": "#e39ac2",
    "#e69f00": "#f0b429",
    "#56b4e9": "#7cc8f2",
}
COLOUR = re.compile(r"(?<=[:\"] )#[0-9a-f]{6}\b|(?<=:)#[0-9a-f]{6}\b", re.I)
WHITE = 'style="background: #ffffff" '
ROOT = re.compile(r"<svg ")


def darkened(svg: str) -> str:
    """Return a drawing for dark ground: ink becomes light, lines keep their hue, pictures in it (heat maps) stay."""
    svg = COLOUR.sub(lambda m: COLOURS.get(m[0].lower(), m[0]), svg)
    return ROOT.sub(f'<svg fill="{COLOURS["#000000"]}" style="background: {GROUND}" ', svg, count=1)


def enlightened(svg: str) -> str:
    """Return a drawing that has a white ground where it stands alone, when it is enlarged; as EPUBs want it."""
    if "<svg style" in svg:
        return svg
    svg = re.sub(r"<!DOCTYPE.*?>\s*|<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<path (?![^>]*\bd=)", '<path d="M0 0" ', svg)  # the glyph of a space
    return ROOT.sub(f"<svg {WHITE}", svg, count=1)


def sizes(site: Path) -> dict[str, tuple[int, int]]:
    """Return name -> width and height in pixels of the drawings in ``site``, so that no page jumps when they come."""
    found = {}
    for path in (site / "_images").glob("*.svg"):
        head = path.read_text(encoding="utf-8")[:1000]
        if m := re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', head):
            found[path.name] = (round(float(m[1]) * 4 / 3), round(float(m[2]) * 4 / 3))
    return found


def twofold(text: str, sizes: dict[str, tuple[int, int]] | None = None) -> str:
    """Return a page on which each drawing stands in its light and its dark form, as a link to itself."""

    def both(m) -> str:
        if LIGHT in m[0] or DARK in m[0]:
            return m[0]
        out = ""
        alt = re.search(r'alt="([^"]*)"', m[0])
        words = escape(f"Enlarge: {unescape(alt[1]).split('. ')[0]}" if alt else "Enlarge")
        size = (sizes or {}).get(m["name"])
        room = f'width="{size[0]}" height="{size[1]}" ' if size and "width=" not in m[0] else ""
        for kind, name in ((LIGHT, m["name"]), (DARK, m["name"].replace(".svg", ".dark.svg"))):
            rest = re.sub(r'\s*(?:class|loading)="[^"]*"', "", m["rest"]).strip()
            marks = f'{rest} {room}class="{kind} dark-light" loading="lazy"'
            image = f'<img {marks} src="{m["way"]}{name}"{m["end"].rstrip(" /")} />'
            out += f'<a class="{ENLARGE} {kind}" href="{m["way"]}{name}" title="{words}">{image}</a>'
        return out

    return IMAGE.sub(both, text)


def write(site: Path) -> None:
    """Write the dark form of every drawing in ``site``."""
    for path in sorted((site / "_images").glob("*.svg")):
        if not re.fullmatch(r"[0-9a-f]{16,}", path.stem):  # drawn by hand: it looks after itself
            continue
        text, dark = path.read_text(encoding="utf-8"), path.with_suffix(".dark.svg")
        if (new := enlightened(text)) != text:
            path.write_text(new, encoding="utf-8")
            dark.write_text(darkened(new.replace(WHITE, "")), encoding="utf-8")
        elif not dark.exists():
            dark.write_text(darkened(text.replace(WHITE, "")), encoding="utf-8")
