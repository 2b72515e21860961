"""`python -m tools.formats.slides`: a lecture deck a chapter from the built pages, by reveal.js without a network.

A section is a column of slides: its statements, formulas, figures and explorers (alive), of each paragraph one
sentence; all of it goes to the speaker's notes. Proofs and solutions stay on the page.
"""

import re
import shutil
from html import escape
from pathlib import Path

import click

from tools.book.head import POLICY
from tools.formats.built import built_docs, site_option
from tools.formats.chromium import READY, chromium

HERE = Path(__file__).parent
INLINE = "'unsafe-inline'"
DECK = """<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{title} (slides)</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="assets/favicon.svg"><link rel="stylesheet" href="assets/reveal.css">
<link rel="stylesheet" href="assets/pygments.css"><link rel="stylesheet" href="assets/formulas.css">
<link rel="stylesheet" href="assets/slides.css"></head>
<body><div class="reveal"><main class="slides">{slides}</main></div>
<script src="assets/reveal.js"></script><script src="assets/notes.js"></script>
<script type="module">{script}</script></body></html>
"""
# As for the pages, but that reveal.js writes the speaker's window with a script in it.
RULES = "; ".join(f"{name} {value}{' ' + INLINE if name == 'script-src' else ''}" for name, value in POLICY.items())
INDEX = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}"><title>Slides</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="assets/favicon.svg"><link rel="stylesheet" href="assets/slides.css"></head>
<body class="list"><main><h1>Slides</h1><ol>{rows}</ol>
<p>Arrow keys turn the slides, S opens what to say, F fills the screen, Esc shows all slides.</p></main></body></html>
"""


def extracted(site: Path, docs: list[str]) -> dict[str, dict]:
    """Return doc -> what tools/formats/slides.mjs finds on the built page."""
    work, found = (HERE / "slides.mjs").read_text(encoding="utf-8").strip().rstrip(";"), {}
    with chromium("A deck") as browser:
        for doc in docs:
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light", bypass_csp=True)
            page.goto((site / f"{doc}.html").as_uri())
            page.evaluate(READY)
            found[doc] = page.evaluate(work)
            page.close()
    return found


def item(entry: dict) -> str:
    """Return one thing on a slide, with what the speaker is told."""
    notes = f'<aside class="notes">{entry["notes"]}</aside>' if entry["notes"] else ""
    kinds = ["item", *(["fragment"] if entry["type"] == "fragment" else [])]
    kinds += [] if entry["html"] else ["only-notes"]
    marks = "".join(f' data-{name}="1"' for name in ("fresh", "picture", "lead") if entry[name])
    return f'<div class="{" ".join(kinds)}"{marks}>{entry["html"]}{notes}</div>'


def deck(found: dict) -> str:
    """Return the deck of one chapter."""
    slides = "".join(f"<section>{''.join(map(item, stack))}</section>" for stack in found["stacks"])
    slides = re.sub(r'src="(?:\.\./)*_images/', 'src="assets/', slides)
    script = (HERE / "deck.mjs").read_text(encoding="utf-8")
    return DECK.format(policy=RULES, title=escape(found["title"]), slides=slides, script=script)


def vendor(site: Path, target: Path) -> None:
    """Copy reveal.js (its files in the wheel of sphinx-revealjs), formulas' fonts and styles beside the decks."""
    import sphinx_revealjs

    reveal = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js", "LICENSE"):
        shutil.copy(reveal / name, target)
    shutil.copytree(site / "_static" / "mathjax", target / "mathjax", dirs_exist_ok=True)
    shutil.copy(HERE / "slides.css", target)
    for name in ("pygments.css", "formulas.css", "favicon.svg"):
        shutil.copy(site / "_static" / name, target)


def make(site: Path, folder: Path, docs: list[str]) -> list[Path]:
    """Write the decks of ``docs`` and an index to ``folder``; return the decks."""
    shutil.rmtree(folder, ignore_errors=True)
    vendor(site, folder / "assets")
    paths, rows = [], ""
    for doc, found in extracted(site.resolve(), docs).items():
        text, path = deck(found), folder / f"{doc.rsplit('/')[-1]}.html"
        for name in re.findall(r'src="assets/([^"]+\.(?:png|svg))"', text):
            shutil.copy(site / "_images" / name, folder / "assets")
        path.write_text(text, encoding="utf-8")
        paths.append(path)
        rows += f'<li><a href="{path.name}">{escape(found["title"])}</a></li>'
    (folder / "index.html").write_text(INDEX.format(policy=RULES, rows=rows), encoding="utf-8")
    return paths


@click.command()
@site_option
def main(site: Path) -> None:
    """Make a deck of every numbered chapter of the built book."""
    docs = built_docs(site, lambda page: page.number)
    folder = site.parent / "slides"
    click.echo(f"{len(make(site, folder, docs))} decks. Open {(folder / 'index.html').resolve().as_uri()}")


if __name__ == "__main__":
    main()
