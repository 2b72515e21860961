"""The head of every built page: one small style sheet, scripts that wait for the text, and a content security policy.

Called by tools.book.light, after the pages are written; running it twice changes nothing.
"""

import base64
import hashlib
import re
from pathlib import Path

import tinycss2

# What a page may load: its own site and nothing else; inline scripts only those whose hashes the builder has written.
# Styles may stand inline: formulas are set with them, and explorers write them while the reader looks.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
# The page on which readers lay their own tables: its scripts may connect to nothing at all, not even to its own site,
# and may start what runs beside the page, which lives under the same policy.
OWN_TABLE, CLOSED = 'class="mi-table"', {"connect-src": "'none'", "form-action": "'none'", "worker-src": "blob:"}
SHEET = re.compile(r"\s*<link[^>]*?rel=\"stylesheet\"[^>]*?>")
HREF = re.compile(r"href=\"(?P<way>[^\"]*_static/)(?P<name>[^\"?]*)[^\"]*\"")
SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.S)
OPTIONS = re.compile(r"<script src=\"[^\"]*documentation_options\.js[^\"]*\"></script>")
EAGER = re.compile(r"<script (?=src=)")
PRELOAD = re.compile(r"\s*(?:<!-- Pre-loaded scripts[^>]*-->)?\s*<link rel=\"preload\" as=\"script\"[^>]*>")
META = re.compile(r"\s*<meta http-equiv=\"Content-Security-Policy\"[^>]*>")
TITLE = re.compile(r"<title>([^<]*) (?:—|&#8212;) \1</title>")  # the first page's title is the book's
MODE = "document.documentElement.dataset.mode = localStorage"
# A browser may forbid a page to keep anything; then the theme's scripts find a store that forgets.
STORE = """try { localStorage.getItem("mode"); } catch {
      Object.defineProperty(window, "localStorage", { value: { getItem: () => null, setItem() {}, removeItem() {} } });
    }
    """
SELECTOR = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")
ALL, FORMULAS = "all.css", "formulas.css"
APART = {"_static", "slides"}  # folders whose pages have heads of their own


def finish(site: Path) -> None:
    """Give every page of ``site`` its one style sheet, its waiting scripts and its policy."""
    pages = [p for p in sorted(site.rglob("*.html")) if not APART & set(p.relative_to(site).parts)]
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    static = site / "_static"
    scripts = "".join(p.read_text(encoding="utf-8") for p in static.rglob("*.js"))
    one = static / ALL
    names = max((sheets(text) for text in texts.values()), key=len, default=[])
    if not names and one.exists():  # no page was written anew: its first line tells what it was made of
        names = one.read_text(encoding="utf-8").split("\n")[0].strip("/* ").split()
    if names and (static / FORMULAS).exists() and FORMULAS not in names:
        names = [*names, FORMULAS]
    if names:
        known = set(re.findall(r"[\w-]+", scripts + "".join(texts.values())))
        one.write_text(f"/* {' '.join(names)} */\n{pruned(merged(static, names), known)}", encoding="utf-8")
    version = re.sub(r"\W", "", sha(one.read_text(encoding="utf-8")))[:8] if names else ""
    options = static / "documentation_options.js"
    inline = options.read_text(encoding="utf-8").strip() if options.exists() else ""
    for path, text in texts.items():
        new = page(text, inline, version)
        if new != text:
            path.write_text(new, encoding="utf-8")
    for path in static.rglob("*.map"):
        path.unlink()


def sheets(text: str) -> list[str]:
    """Return the style sheets that a page as Sphinx writes it links to, in order; none of a page that is finished."""
    names = [m["name"] for link in SHEET.findall(text) if (m := HREF.search(link))]
    return [] if ALL in names else names


def merged(static: Path, names: list[str]) -> str:
    """Return the style sheets as one; addresses in them are taken from the folder of the one."""
    out = []
    for name in names:
        text = (static / name).read_text(encoding="utf-8")
        folder = Path(name).parent.as_posix()
        text = re.sub(
            r"@import \"([^\"]+)\";?",
            lambda m, f=folder: merged(static, [re.sub(r"[^/]+/\.\./", "", f"{f}/{m[1]}")]),
            text,
        )
        out.append(re.sub(r"@charset[^;]*;|/\*#? ?sourceMappingURL=[^*]*\*/", "", text))
    return "\n".join(out)


def pruned(css: str, known: set[str]) -> str:
    """Return a style sheet without comments and without the rules for classes and names that no page knows."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "\n".join(filter(None, (_rule(rule, known) for rule in rules)))


def _rule(rule, known: set[str]) -> str:
    if rule.type == "qualified-rule":
        head = tinycss2.serialize(rule.prelude)
        parts = re.split(r",(?![^(\[]*[)\]])", head)
        kept = [p.strip() for p in parts if known.issuperset(SELECTOR.findall(re.sub(r"\[[^]]*\]|:not\(.*?\)", "", p)))]
        return f"{','.join(kept)}{{{_squeezed(tinycss2.serialize(rule.content))}}}" if kept else ""
    if rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports") and rule.content is not None:
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        text = "".join(filter(None, (_rule(r, known) for r in inner)))
        return f"@{rule.lower_at_keyword}{tinycss2.serialize(rule.prelude)}{{{text}}}" if text else ""
    return _squeezed(rule.serialize()) if rule.type == "at-rule" else ""


def _squeezed(text: str) -> str:
    """Return declarations without comments and spare space; strings and addresses are left alone."""
    pieces = re.split(r"(\"[^\"]*\"|'[^']*'|url\([^)]*\))", re.sub(r"/\*.*?\*/", "", text, flags=re.S))
    pieces[::2] = [re.sub(r"\s*([;{}])\s*", r"\1", re.sub(r"\s+", " ", piece)) for piece in pieces[::2]]
    return "".join(pieces).strip().removesuffix(";")


def page(text: str, options: str, version: str) -> str:
    """Return a page with its head in order."""
    if options:
        text = OPTIONS.sub(lambda m: f"<script>{options}</script>", text)
    text = EAGER.sub("<script defer ", PRELOAD.sub("", text))
    text = text.replace(' onclick="toggleFullScreen()"', "")
    if STORE not in text:
        text = text.replace(MODE, STORE + MODE)
    links = SHEET.findall(text)
    if links and (way := HREF.search(links[0])):
        one = f'\n  <link rel="stylesheet" href="{way["way"]}{ALL}?v={version}" />'
        text = SHEET.sub("", text.replace(links[0], "\0", 1)).replace("\0", one)
    text = TITLE.sub(r"<title>\1</title>", META.sub("", text))
    return re.sub(r"(<meta charset=\"utf-8\" ?/?>)", lambda m: m[1] + meta(text), text, count=1)


def meta(text: str) -> str:
    """Return the policy of a page as a meta element, with the hashes of the scripts that stand in it."""
    inline = [
        m["text"] for m in SCRIPT.finditer(text) if " src=" not in m["attributes"] and "json" not in m["attributes"]
    ]
    hashes = " ".join(sorted({f"'sha256-{sha(script)}'" for script in inline}))
    policy = POLICY | (CLOSED if OWN_TABLE in text else {})
    rules = "; ".join(
        f"{name} {value} {hashes if name == 'script-src' else ''}".strip() for name, value in policy.items()
    )
    return f'\n    <meta http-equiv="Content-Security-Policy" content="{rules}" />'


def sha(text: str) -> str:
    """Return the hash that a policy names a script by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
