"""What the pages need beyond Jupyter Book: formulas that keep their marks, numbers as books write them, links that
open, no script from elsewhere."""

import re
from pathlib import Path

from docutils import nodes

from tools.book import formulas
from tools.book.card import add_tags
from tools.book.settings import colab_url
from tools.book.source import ROOT

# Shipped by the theme or Jupyter Book on every page; this book uses none of them.
UNUSED = ("thebe", "sphinx_highlight", "require.js", "require.min.js", "html-manager", "embed-amd")
BEFORE, AFTER = re.compile(r"[(\[“‘]+$"), re.compile(r"[^\s\w(\[“‘–—-]+|\w\b")  # what may not leave a formula


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


def set_numbers(app, doctree, docname) -> None:
    """Write numbers as books do: −0.7 with a minus sign, 2,200 or 2.2 · 10⁹ for what a program writes 2.2e+03."""
    apart = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)
    for text in list(doctree.findall(nodes.Text)):
        if any(isinstance(node, apart) for node in _ancestors(text)):
            continue
        if (new := written(text)) != text:
            text.parent.replace(text, nodes.Text(new))
    for raw in doctree.findall(nodes.raw):  # tables of a data frame
        if "<td" in raw.astext():
            raw.children = [nodes.Text(re.sub(r"(<td[^>]*>\s*)-(?=\d)", "\\1−", raw.astext()))]


def _ancestors(node):
    while node := node.parent:
        yield node


POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def written(text: str) -> str:
    """Return a sentence with its numbers as books write them.

    >>> written("-0.7 and 2.2e+03, 1.5e-09; 3-4, x-1")
    '−0.7 and 2,200, 1.5 · 10⁻⁹; 3-4, x-1'
    """

    def number(m) -> str:
        digits, power = m[1], int(m[2])
        if 0 <= power <= 5 and len(digits.replace(".", "")) <= power + 1:
            return f"{float(m[0]):,.0f}"
        return f"{digits} · 10{str(power).translate(POWERS)}"

    text = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d+)(?!\w)", number, text)
    return re.sub(r"(?<![\w.)\]/–-])-(?=\d)", "−", text)


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

    app.formulas.close()
    if error is None and app.builder.name == "html":
        formulas.write(app.formulas, Path(app.outdir) / "_static")
        app.formulas.close()
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
    from tools.book.search import collect_formulas

    collect_formulas()
    formulas.setup(app)
    app.connect("config-inited", silence_thebe, priority=1)
    app.connect("doctree-resolved", hold_punctuation)
    app.connect("doctree-resolved", set_numbers)
    app.connect("html-page-context", buttons, priority=900)
    app.connect("html-page-context", drop_unused_scripts, priority=950)
    app.connect("html-page-context", add_tags)
    app.connect("build-finished", copy_notebooks)
    app.connect("build-finished", make_light, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
