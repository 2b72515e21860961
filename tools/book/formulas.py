r"""Formulas, set once at build time by MathJax in Node: a page needs no script and no MathJax for them.

setter = Setter(folder)           folder: where set formulas are kept from build to build
setter.html(tex, display)         the formula as HTML, MathML for who listens included; FormulaError if TeX is wrong
setter.css                        the style sheet that it needs
setup(app)                        lets Sphinx write every formula so

MathJax comes in one wheel (django-static-mathjax), Node in another (playwright's driver); nothing else is asked.
"""

import hashlib
import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from tools.book.macros import defined

HERE = Path(__file__).parent
RENDERER, SHEET = "formulas", "formulas.css"


class FormulaError(ValueError):
    """A formula that MathJax does not understand."""


class Setter:
    """MathJax in a process that starts with the first formula that is not kept yet."""

    def __init__(self, folder: Path, macros: dict | None = None):
        self.macros = defined() if macros is None else macros
        program = (HERE / "formulas.mjs").read_bytes() + json.dumps(self.macros, sort_keys=True).encode()
        self.path = folder / f"formulas.{hashlib.sha256(program).hexdigest()[:16]}.json"
        self.kept = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.new, self.process = False, None

    @property
    def css(self) -> str:
        """The style sheet of all formulas."""
        if "css" not in self.kept:
            self._start()
        return self.kept["css"]

    def html(self, tex: str, display: bool) -> str:
        """Return the formula as HTML.

        Raises
        ------
        FormulaError
            With MathJax's words, if it is no TeX or uses a macro that is not defined.
        """
        key = f"{'display' if display else 'inline'} {tex}"
        if key not in self.kept:
            found = self._ask({"tex": tex, "display": display})
            if "fault" in found:
                raise FormulaError(f"{found['fault']}: {tex}")
            self.kept[key], self.new = compact(found["html"]), True
        return self.kept[key]

    def close(self) -> None:
        """End Node and keep what was set."""
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process = None
        if self.new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for old in self.path.parent.glob("formulas.*.json"):
                old.unlink()
            self.path.write_text(json.dumps(self.kept, ensure_ascii=False), encoding="utf-8")

    def _ask(self, line: dict) -> dict:
        if self.process is None:
            self._start()
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        if not (answer := self.process.stdout.readline()):
            raise FormulaError("Node ended while it set a formula")
        return json.loads(answer)

    def _start(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        command = [str(node()), str(HERE / "formulas.mjs")]
        self.process = subprocess.Popen(command, text=True, encoding="utf-8", **pipes)
        self.kept["css"] = self._ask({"folder": str(mathjax()), "macros": self.macros})["css"]
        self.new = True


def node() -> Path:
    """Return the Node that the wheel of playwright brings."""
    import playwright

    driver = Path(playwright.__file__).parent / "driver"
    return next(path for path in (driver / "node", driver / "node.exe") if path.is_file())


def mathjax() -> Path:
    """Return MathJax's folder in its wheel."""
    import mathjax

    return Path(mathjax.__file__).parent / "static" / "mathjax" / "es5"


def compact(html: str) -> str:
    """Return a set formula without the attributes that only MathJax's own scripts read."""
    html = re.sub(r' data-mjx-[\w-]+="[^"]*"| texclass="[^"]*"| unselectable="on"', "", html)
    return html.replace(' class="MathJax"', "").replace(' class=" MJX-TEX"', ' class="MJX-TEX"')


def needed(css: str, formulas: str) -> str:
    """Return the style sheet with the rules of those letters that the formulas show."""
    shown = {tuple(sorted(names.split())) for names in re.findall(r'class="(mjx-c[0-9A-F]+[^"]*)"', formulas)}
    grown = set(re.findall(r'<mjx-stretchy-[hv] [^>]*?class="(mjx-c[0-9A-F]+)', formulas))

    def kept(m) -> str:
        names = re.findall(r"\.([\w-]+)", m[1].removeprefix(".mjx-stretched "))
        wanted = names[0] in grown if m[1].startswith("mjx-stretchy") else tuple(sorted(names)) in shown
        return m[0] if wanted else ""

    alphabets = {name for names in shown for name in names if name.startswith("TEX-")} | {
        f"TEX-S{i}" for i in range(1, 5)
    }
    css = re.sub(
        r"\n*@font-face[^{]*\{\s*font-family: MJX(TEX-[\w-]+);[^}]*\}", lambda m: m[0] * (m[1] in alphabets), css
    )
    body = r"\{(?:[^}\"]|\"[^\"]*\")*\}"  # a brace in quotes is a letter
    head = r"(?:\.mjx-stretched )?mjx-(?:c|stretchy-[hv])\.mjx-c[0-9A-F]+[^{,]*"
    return re.sub(rf"\n+({head}){body}", kept, css)


def write(setter: Setter, static: Path) -> None:
    """Write the formulas' style sheet and their fonts, cut down to the letters that are shown, beside the pages."""
    from tools.book.light import subset

    css = needed(setter.css, "".join(setter.kept.values()))
    sheet, folder = static / SHEET, static / "mathjax"
    if sheet.exists() and sheet.read_text(encoding="utf-8") == css and folder.is_dir():
        return
    strings = "\n".join(re.findall(r'content: "((?:\\.|[^"\\])*)"', css))
    codes = {
        ord(c) for c in re.sub(r"\\([0-9A-F]{1,6}) ?|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], strings)
    }
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in sorted(set(re.findall(r"mathjax/(MathJax_[\w-]+)\.woff", css))):
        font = mathjax() / "output" / "chtml" / "fonts" / "woff-v2" / f"{name}.woff"
        if name == "MathJax_Zero":  # letters without width, all of them
            shutil.copy(font, folder)
        else:
            subset(font, codes, folder / font.name)
    shutil.copy(mathjax().parent / "LICENSE", folder)
    sheet.write_text(css, encoding="utf-8")


def inline(self, node) -> None:
    """Write a formula in a sentence (a visitor of Sphinx's HTML translator)."""
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(f"{_set(self, node, node.astext(), display=False)}</span>")
    raise nodes.SkipNode


def displayed(self, node) -> None:
    """Write a formula on a line of its own, with its number."""
    from sphinx.util.math import get_node_equation_number

    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    tex = node.astext().strip()
    if not node["nowrap"] and r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    self.body.append(f"{_set(self, node, tex, display=True)}</div>\n")
    raise nodes.SkipNode


def _set(translator, node, tex: str, display: bool) -> str:
    try:
        return translator.builder.app.formulas.html(tex, display)
    except FormulaError as e:
        logging.getLogger(__name__).warning(f"a formula is no TeX that this book knows: {e}", location=node)
        return f"<code>{escape(tex)}</code>"


def setup(app) -> None:
    """Let Sphinx write formulas so (html_math_renderer in _config.yml names this renderer)."""
    app.formulas = Setter(Path(app.doctreedir).parent)
    app.add_html_math_renderer(RENDERER, (inline, None), (displayed, None))
