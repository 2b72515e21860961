"""The book's TeX macros, read from _config.yml where they stand once, and written out for readers that know none."""

import re
from functools import cache

import yaml

from tools.book.source import ROOT


@cache
def defined() -> dict[str, str | list]:
    """Return the macros as _config.yml has them, which is how MathJax takes them."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return settings["sphinx"]["config"]["mathjax3_config"]["tex"]["macros"]


@cache
def macros() -> dict[str, tuple[str, int]]:
    """Return name -> (body, number of arguments), with MathJax's outer grouping braces taken off."""
    both = {name: (m, 0) if isinstance(m, str) else (m[0], m[1]) for name, m in defined().items()}
    return {name: (body[1:-1] if body[:1] == "{" and body[-1:] == "}" else body, n) for name, (body, n) in both.items()}


def expand(text: str, table: dict[str, tuple[str, int]]) -> str:
    r"""Return ``text`` with each macro of ``table`` written out, arguments included.

    >>> expand(r"\KL{P}{Q}", {"KL": (r"D(#1\|#2)", 2)})
    'D(P\\|Q)'
    >>> expand(r"0\le\I", {"I": ("I", 0)})
    '0\\le I'
    """
    pattern = re.compile(r"\\(" + "|".join(sorted(map(re.escape, table), key=len, reverse=True)) + r")(?![A-Za-z])")
    position = 0
    while m := pattern.search(text, position):
        body, count = table[m[1]]
        end, arguments = m.end(), []
        for _ in range(count):
            argument, end = _argument(text, end)
            arguments.append(argument)
        written = re.sub(r"#(\d)", lambda a, given=arguments: given[int(a[1]) - 1], body)
        if re.search(r"\\[A-Za-z]+$", written) and text[end : end + 1].isalpha():
            written += " "
        if written[:1].isalpha() and re.search(r"\\[A-Za-z]+$", text[: m.start()]):
            written = " " + written  # \le\I is no \leI
        text = text[: m.start()] + written + text[end:]
        # A macro that writes itself (\I -> I) must not be searched again, one that uses another must.
        position = m.start() + (len(written) if f"\\{m[1]}" in body else 0)
    return text


def _argument(text: str, start: int) -> tuple[str, int]:
    while text[start : start + 1].isspace():
        start += 1
    if text[start : start + 1] != "{":
        m = re.match(r"\\[A-Za-z]+|.", text[start:])
        return m[0], start + m.end()
    depth = 0
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0) * (text[i - 1] != "\\")
        if depth == 0:
            return text[start + 1 : i], i + 1
    raise ValueError(f"A macro's argument is not closed: {text[start : start + 60]!r}")
