"""What the pages need beyond Jupyter Book: MathJax from a wheel, formulas that keep their marks, links that open, no
script from elsewhere."""

import re
from pathlib import Path

from docutils import nodes

from tools.book.card import add_tags
from tools.book.settings import colab_url
from tools.book.source import ROOT

MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")
# Shipped by the theme or Jupyter Book on every page; this book uses none of them.
UNUSED = ("thebe", "require.js", "require.min.js", "html-manager", "embed-amd")
BEFORE, AFTER = re.compile(r"[(\[“‘]+$"), re.compile(r"[^\s\w(\[“‘–—-]+|\w\b")  # what may not leave a formula


def vendor_mathjax(app) -> None:
    """Copy the parts of MathJax that pages use next to them.

    They join the static path only now: Jupyter Book links every script that it finds there earlier on every page.
    """
    import shutil

    import mathjax

    source = Path(mathjax.__file__).parent / "static" / "mathjax" / "es5"
    target = Path(app.doctreedir).parent / "vendor"
    for part in MATHJAX_PARTS:
        src, dst = source / part, target / "mathjax" / part
        if not dst.exists():
            dst.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if src.is_dir() else shutil.copy)(src, dst)
    shutil.copy(source.parent / "LICENSE", target / "mathjax" / "LICENSE")
    app.config.html_static_path.append(str(target))


def buttons(app, pagename, templatename, context, doctree) -> None:
    """Put the page's buttons: open in Colab (if a repository is set), download the notebook, print."""
    if "header_buttons" not in context:
        return
    mine = []
    if (ROOT / "notebooks" / f"{pagename}.ipynb").exists():
        if address := colab_url(pagename):
            mine.append(_link(address, "Open in Colab", "fas fa-rocket", "launch-colab-button"))
        notebook = f"{context['pathto']('notebooks', 1)}/{pagename}.ipynb"
        mine.append(
            _link(notebook, "Download this chapter as a notebook", "fas fa-download", "download-notebook-button")
        )
    kept = {"fullscreen-button"}
    context["header_buttons"] = mine + [b for b in context["header_buttons"] if b.get("label") in kept]


def _link(url: str, words: str, icon: str, label: str) -> dict:
    return {"type": "link", "url": url, "tooltip": words, "icon": icon, "label": label}


def drop_unused_scripts(app, pagename, templatename, context, doctree) -> None:
    """Leave out scripts that the book does not use: they come from other hosts, and one of them throws."""

    def used(script) -> bool:
        name = str(getattr(script, "filename", script) or "") + str(getattr(script, "attributes", {}).get("body", ""))
        return not any(word in name for word in UNUSED)

    context["script_files"] = [s for s in context.get("script_files", []) if used(s)]
    context["css_files"] = [s for s in context.get("css_files", []) if used(s)]


def hold_punctuation(app, doctree, docname) -> None:
    """Put each formula in a text and the marks around it on one line: a browser may break before or after a formula."""
    for math in list(doctree.findall(nodes.math)):
        line = math.parent
        i = next(k for k, node in enumerate(line) if node is math)  # by identity: equal texts are many
        before, after = line[i - 1] if i else None, line[i + 1] if i + 1 < len(line) else None
        left = BEFORE.search(before) if isinstance(before, nodes.Text) else None
        right = AFTER.match(after) if isinstance(after, nodes.Text) else None
        if not (left or right):
            continue
        held = nodes.inline("", "", classes=["held"])
        line[i] = held
        held += [nodes.Text(left[0]) if left else nodes.Text(""), math, nodes.Text(right[0] if right else "")]
        if left:
            line[i - 1] = nodes.Text(before[: left.start()])
        if right:
            line[i + 1] = nodes.Text(after[right.end() :])


def copy_notebooks(app, error) -> None:
    """Offer the readers' notebooks for download from the same file that Colab opens."""
    import shutil

    source, target = ROOT / "notebooks", Path(app.outdir) / "notebooks"
    if error is None and source.is_dir() and app.builder.format == "html":
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))


def make_light(app, error) -> None:
    """Take out of the written site what no page uses, and put into its search what readers may ask for."""
    from tools.book.card import draw
    from tools.book.light import lighten
    from tools.book.search import add_terms

    if error is None and app.builder.name == "html":
        add_terms(Path(app.outdir))
        card = Path(app.outdir) / "_static" / "card.png"
        if not card.exists() or card.stat().st_mtime < (ROOT / "tools" / "book" / "card.py").stat().st_mtime:
            draw(card)
        lighten(Path(app.outdir))


def silence_thebe(app, config) -> None:
    """Unhook sphinx-thebe, which Jupyter Book always loads: it needs a server and writes a script on every page."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [x for x in listeners if not x.handler.__module__.startswith("sphinx_thebe")]


def setup(app):
    """Connect the above to Sphinx."""
    app.connect("config-inited", silence_thebe, priority=1)
    app.connect("builder-inited", vendor_mathjax)
    app.connect("doctree-resolved", hold_punctuation)
    app.connect("html-page-context", buttons, priority=900)
    app.connect("html-page-context", drop_unused_scripts, priority=950)
    app.connect("html-page-context", add_tags)
    app.connect("build-finished", copy_notebooks)
    app.connect("build-finished", make_light, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
