"""Formgrader as the course opens it: nbgrader's own, with formulas drawn on the server: no network is needed."""

import re

from nbgrader.server_extensions.formgrader.formgrader import load_jupyter_server_extension

from tools.course.feedback import formulas

OUTSIDE = re.compile(r"<script\b[^>]*\bsrc=[\"'](?:https?:)?//.*?</script>", re.S | re.I)
MATHJAX = re.compile(r"<script\b[^>]*text/x-mathjax-config.*?</script>", re.S | re.I)
HEAD = """<style>.mi-rubric { border-left: 4px solid #7a5195; padding: .2em 1em; background: #7a519514; }</style>
<script>window.MathJax = {Hub: {Startup: {signal: {Interest: (tell) => tell("End")}}}};</script>"""
RUBRIC = re.compile(r'<div class="([^"]*rendered_html[^"]*)"([^>]*)>(?=\s*<p><strong>Rubric of )')


def offline(page: str) -> str:
    """Return a page of Formgrader with MathML for TeX, and without the scripts that it would fetch from elsewhere."""
    page = MATHJAX.sub("", OUTSIDE.sub("", page))
    page = RUBRIC.sub(r'<div class="mi-rubric \1"\2>', formulas(page))
    return page.replace("</head>", f"{HEAD}</head>", 1)


class Offline:
    """nbgrader's exporter, with its pages made readable offline."""

    def __init__(self, exporter):
        self.exporter = exporter

    def from_filename(self, *args, **kwargs):
        """Return the page of a submission."""
        page, resources = self.exporter.from_filename(*args, **kwargs)
        return offline(page), resources


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app) -> None:
    load_jupyter_server_extension(app)
    settings = app.web_app.settings
    settings["nbgrader_exporter"] = Offline(settings["nbgrader_exporter"])
