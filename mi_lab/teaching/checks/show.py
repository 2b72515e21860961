"""How a verdict looks: one or a few lines of text, coloured where the notebook can."""

from html import escape

from mi_lab.teaching.checks.judge import Verdict, sentence

SIGN = {True: "✓", False: "✗", None: "·", "?": "?"}
COLOURS = {True: "#1a7f37", False: "#b3541e", None: "#6a7280", "?": "#6a7280"}  # readable on white and on black


def lines(verdict: Verdict) -> list[tuple[bool | str | None, str]]:
    """Return (right, sentence) for each thing to be said; None for an exercise that waits, "?" for a question."""
    if not verdict.attempted:
        return [(None, "Not attempted yet.")]
    named = len(verdict.lines) > 1
    if verdict.right and named:
        return [(True, "Right: " + ", ".join(line.part for line in verdict.lines) + ".")]
    out = []
    for line in verdict.lines:
        out.append(("?" if line.asks else line.right, sentence(f"{line.part}: {line.text}" if named else line.text)))
    return out


def text(verdict: Verdict) -> str:
    """Return the verdict as plain text."""
    return "\n".join(f"{SIGN[right]} {said}" for right, said in lines(verdict))


def show(verdict: Verdict) -> None:
    """Print the verdict, or display it in a notebook."""
    plain = text(verdict)
    try:
        from IPython import get_ipython

        notebook = get_ipython() is not None
    except ImportError:
        notebook = False
    if not notebook:
        print(plain)
        return
    from IPython.display import publish_display_data

    html = "".join(
        f'<div style="border-left:4px solid {COLOURS[right]};padding:.2em .7em;margin:.2em 0">'
        f"{SIGN[right]} {escape(said)}</div>"
        for right, said in lines(verdict)
    )
    publish_display_data({"text/plain": plain, "text/html": f'<div role="status">{html}</div>'})
