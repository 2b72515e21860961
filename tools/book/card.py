"""What other programs show of a page: its title, its first words, and a card drawn from the book's first figure."""

from html import escape
from pathlib import Path

from tools.book.settings import site

SIZE = (1200, 630)
WORDS = 200
INK, PAPER, BLUE, ORANGE = "#102a43", "#ffffff", "#0072B2", "#D55E00"


def draw(target: Path) -> None:
    """Draw the card: the cloud of chapter 1 with its ellipses, beside the book's title."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rho = 0.8
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.06, 0.46, 0.88))
    z, w = np.random.default_rng(0).standard_normal((2, 700))
    axes.plot(z, rho * z + np.sqrt(1 - rho**2) * w, ".", color=BLUE, alpha=0.55, ms=7)
    angle = np.linspace(0, 2 * np.pi, 200)
    for radius in (1, 2):
        x = radius * np.cos(angle)
        axes.plot(x, rho * x + np.sqrt(1 - rho**2) * radius * np.sin(angle), color=INK, lw=3)
    axes.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal")
    axes.axis("off")
    figure.text(0.5, 0.60, "Estimating\nmutual information", size=35, color=INK, weight="bold", linespacing=1.25)
    figure.text(0.5, 0.46, "an interactive book", size=26, color=INK)
    figure.text(0.5, 0.28, rf"$I(X;Y) = {-0.5 * np.log(1 - rho**2):.3f}$ nats", size=32, color=ORANGE)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, format="png", metadata={"Software": None})


def description(doctree) -> str:
    """Return the first words of a page: whole sentences, or as many words as fit."""
    from docutils import nodes

    if doctree is None:
        return ""
    text = ""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            text = f"{text} {' '.join(paragraph.astext().split())}".strip()
        if len(text) > WORDS / 2:
            break
    if len(text) <= WORDS:
        return text
    cut = text[:WORDS]
    end = max(cut.rfind(mark) for mark in (". ", "? ", "! "))
    return cut[: end + 1] if end > WORDS / 3 else f"{cut.rsplit(' ', 1)[0]} …"


def tags(title: str, words: str, page: str, site: str) -> str:
    """Return the meta elements of a page; addresses only where the site's own is known."""
    names = {"og:type": "article", "og:site_name": "Estimating mutual information", "og:title": title}
    names |= {"og:description": words} if words else {}
    if site:
        names |= {"og:url": f"{site}/{page}.html", "og:image": f"{site}/_static/card.png"}
        names |= {"og:image:width": SIZE[0], "og:image:height": SIZE[1]}
        names |= {"og:image:alt": "A cloud of correlated points and the book's title"}
    lines = [f'<meta property="{name}" content="{escape(str(value))}" />' for name, value in names.items()]
    lines += [f'<meta name="twitter:card" content="{"summary_large_image" if site else "summary"}" />']
    lines += [f'<meta name="description" content="{escape(words)}" />'] if words else []
    return "\n    ".join(["", *lines])


def add_tags(app, pagename, templatename, context, doctree) -> None:
    """Put the meta elements on a page (an event of Sphinx)."""
    import re

    title = re.sub(r"<[^>]+>", "", context.get("title") or "") or "Estimating mutual information"
    context["metatags"] = context.get("metatags", "") + tags(title, description(doctree), pagename, site())
