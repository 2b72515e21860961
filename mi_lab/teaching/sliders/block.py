"""The block that a page shows: markup, style, data and module in one piece, alive without a kernel or a network.

The same text of style and module stands in every block of a kind, so that a content security policy can name their
hashes; the data stand apart as JSON, which no browser executes.  The block is well-formed XML too (for EPUB).
"""

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files

from mi_lab.teaching.sliders.words import fill, spans

KINDS = (
    "resampling",
    "ceiling",
    "gaussian",
    "noise",
    "tangent",
    "neighbourhood",
    "average",
    "frames",
    "knobs",
    "training",
    "constant",
    "staircase",
    "score",
    "infomax",
    "misfit",
    "proposal",
    "coverage",
    "lineup",
    "exclusive",
    "discovery",
    "modes",
    "sight",
    "price",
    "plane",
    "together",
    "reach",
)
LIMIT = 200_000  # bytes: what one block may add to a page


@cache
def _text(name: str) -> str:
    return (files("mi_lab.teaching.sliders") / name).read_text("utf-8")


@cache
def module(kind: str) -> str:
    """Return the ES module of an explorer: its mathematics, then the shell that all of them share."""
    return f'const kind = "{kind}";\n{_text(f"{kind}.mjs")}\n{_text("shell.mjs")}'


def style() -> str:
    """Return the style sheet, everything in it inside ``.mi-explorer``."""
    return _text("explorer.css")


def inline(text: str, comment: tuple[str, str]) -> str:
    """Wrap a script or a style so that HTML and XML parsers read the same text."""
    opening, closing = comment
    return f"{opening}<![CDATA[{closing}\n{text}\n{opening}]]>{closing}"


SCRIPT, SHEET = ("//", ""), ("/*", "*/")


def hashes() -> dict[str, list[str]]:
    """Return what a content security policy must allow for the blocks: ``script-src`` and ``style-src``."""

    def sha(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return {
        "script-src": [sha(inline(module(kind), SCRIPT)) for kind in KINDS],
        "style-src": [sha(inline(style(), SHEET))],
    }


def json_text(data: dict) -> str:
    """Write data as JSON that can stand inside a script element of HTML or XML."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def control(spec: dict, state: dict) -> str:
    """Return one labelled native range input."""
    at = spec["grid"].index(spec["start"])
    return (
        f'<label class="mi-control"><span class="mi-name">{escape(spec["label"])}</span>'
        f'<span class="mi-value" aria-hidden="true">{spans(spec["shown"], state)}</span>'
        f'<input type="range" min="0" max="{len(spec["grid"]) - 1}" step="1" value="{at}" disabled="disabled" '
        f'autocomplete="off" aria-label="{escape(spec["label"])}" '
        f'aria-valuetext="{escape(fill(spec["spoken"], state))}" /></label>'
    )


def buttons(words: dict) -> str:
    """Return the buttons that move the first control; dead, and hidden, until the module wakes them."""
    names = "".join(
        f'<button type="button" disabled="disabled">{escape(words[key])}</button>' for key in ("run", "step", "again")
    )
    return f'<div class="mi-play">{names}<span class="mi-status" role="status"></span></div>'


def markup(kind: str, pictures: str, data: dict, state: dict, title: str, sentence: str, description: str) -> str:
    """Return a block without its style, data and module: what a live notebook shows and the page begins with."""
    controls = "".join(control(spec, state) for spec in data["controls"])
    controls += "".join(buttons(spec["play"]) for spec in data["controls"] if "play" in spec)
    return (
        f'<figure class="mi-explorer" data-kind="{kind}" role="group" aria-label="{escape(title)}">'
        f'<div class="mi-panels">{pictures}</div>'
        f'<div class="mi-controls">{controls}</div>'
        f'<p class="mi-words">{spans(sentence, state)}</p>'
        '<div class="mi-row"></div>'
        f'<figcaption class="mi-description">{escape(description)}</figcaption>'
        "@@</figure>"
    )


def page(kind: str, body: str, data: dict) -> str:
    """Complete a block for the page: style first, so that the first picture is right before any script runs."""
    sheet = f"<style>{inline(style(), SHEET)}</style>"
    tail = (
        f'<script type="application/json">{json_text(data)}</script>'
        f'<script type="module">{inline(module(kind), SCRIPT)}</script>'
    )
    return sheet + body.replace("@@</figure>", tail + "</figure>")


def size(block: str) -> int:
    """Return a block's weight in bytes."""
    return len(block.encode("utf-8"))
