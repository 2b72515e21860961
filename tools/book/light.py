"""Making the built site light: what the theme ships and no page uses is left out; text shows before scripts run.

Called by tools.book.sphinx_ext when Sphinx has written a site; running it twice changes nothing.
"""

import re
import shutil
from pathlib import Path

from tools.book import figures
from tools.book.head import APART, finish

ICON_RULE = re.compile(r"(?:\.fa-[a-z0-9-]+::?before,?)+\{content:\"[^\"]*\"\}")
ICON_NAME = re.compile(r"\.(fa-[a-z0-9-]+)::?before")
ICON_CODE = re.compile(r"[\"']\\(f[0-9a-f]{3})[\"']")
SCRIPTED = {"fa-xmark", "fa-bars", "fa-list"}  # put in by the theme's own scripts
# Font Awesome as a program (half a megabyte, compressed) draws what its style sheet and a small font draw too.
PROGRAM = re.compile(
    r"\s*(?:<!-- So that users can add custom icons -->\s*)?<script[^>]*fontawesome\.js[^>]*></script>"
)
FACE = re.compile(r"@font-face ?\{[^}]*vendor/fontawesome/[^}]*\}")
SEARCH = re.compile(r"\s*<script src=\"[^\"]*(?:searchtools|language_data|searchindex)\.js[^\"]*\"></script>")
TABS = re.compile(r"\s*<script[^>]*design-tabs\.js[^>]*></script>")
VIEWPORT = re.compile(r"\s*<meta name=\"viewport\" content=\"width=device-width, ?initial-scale=1\" ?/>")
FIND = re.compile(r"\s*<script[^>]*_static/find\.js[^>]*></script>")
INDEX = re.compile(r"\s*<script[^>]*searchindex\.js[^>]*></script>")
# What shows is the name: a second one for who listens says less ("Toggle hidden content") or differs ("Search").
NAMED = re.compile(
    r'(<summary) aria-label="Toggle hidden content"'
    r'|(<button class="btn search-button-field[^>]*?) title="Search" aria-label="Search"'
)
UNUSED = ("scripts/fontawesome.js", "scripts/fontawesome.js.map", "scripts/bootstrap.js.map", "design-tabs.js")
UNUSED += (
    "sphinx_highlight.js",
    "sphinx-thebe.js",
    "sphinx-thebe.css",
    "webpack-macros.html",
    "sbt-webpack-macros.html",
    "locales",
)


def lighten(site: Path) -> None:
    """Take unused scripts, icons and fonts out of ``site`` and let its scripts wait for the text."""
    figures.write(site)
    sizes = figures.sizes(site)
    pages, used = sorted(site.rglob("*.html")), set(SCRIPTED)
    for path in pages:
        if APART & set(path.relative_to(site).parts):
            continue
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"\bfa-[a-z0-9-]+", text))
        new = TABS.sub("", PROGRAM.sub("", text))
        if path.name != "search.html":  # which does need what follows
            new = SEARCH.sub("", new)
        elif (index := INDEX.search(new)) and (find := FIND.search(new)) and find.start() < index.start():
            new = FIND.sub("", new.replace(index[0], f"{find[0]}{index[0]}".replace(find[0], "\0", 1))).replace(
                "\0", find[0]
            )
        new = figures.twofold(new, sizes)
        new = NAMED.sub(lambda m: m[1] or m[2], new)
        # docutils' lists of sources: the children of a list must be list items
        new = VIEWPORT.sub("", new).replace('role="doc-biblioentry"', 'role="listitem"')
        new = new.replace(
            '<div id="pst-primary-sidebar" class',
            '<div id="pst-primary-sidebar" role="region" aria-label="Sidebar" class',
        )
        if new != text:
            path.write_text(new, encoding="utf-8")
    static = site / "_static"
    sheets = [p for p in static.rglob("*.css") if p.is_file()]
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        new = FACE.sub("", ICON_RULE.sub(lambda m: m[0] if used & set(ICON_NAME.findall(m[0])) else "", text))
        if new != text:
            sheet.write_text(new, encoding="utf-8")
    text = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    codes = {int(c, 16) for c in ICON_CODE.findall(text)} | {ord(c) for c in text if "\ue000" <= c <= "\uf8ff"}
    font = static / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf"
    if font.is_file():
        subset(font, codes, static / "icons.woff")
        shutil.rmtree(static / "vendor" / "fontawesome")
    for name in UNUSED:
        path = static / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    finish(site)


def subset(font: Path, codes: set[int], target: Path) -> None:
    """Write to ``target`` the glyphs ``codes`` of a font: a few kB of 400."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    glyphs = TTFont(font)
    options = Options(layout_features=[], name_IDs=[0, 1, 2, 13, 14], notdef_outline=True)
    options.drop_tables += ["FFTM"]  # when a program made it
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(glyphs)
    glyphs.flavor = "woff"
    glyphs.save(target)
