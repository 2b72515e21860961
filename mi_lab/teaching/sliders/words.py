"""Sentences with numbers in them: one template, filled in Python for the first picture and by the browser afterwards.

A place is written ``{name:.2f}``: ``.2f`` digits, ``d`` a whole number, ``.1%`` a share, nothing for text; thousands
are marked as the book does.  ``{name:.2f|a}`` gives the number the colour of role ``a``.  ``shell.mjs`` holds the
same function, and the tests compare both.
"""

import html
import math
import re
from numbers import Real

PLACE = re.compile(r"\{(\w+)(?::([^}|]*))?(?:\|(\w+))?\}")
SUBSCRIPT = re.compile(r"\b(n)_([xy])\b")


def rounded(value: float, digits: int) -> float:
    """Round half up, by the same floating-point operations as the browser's copy (the built-in rounds half to even)."""
    return math.floor(value * 10**digits + 0.5) / 10**digits


def number(value, form: str | None) -> str:
    """Write one number as a template's place asks for it."""
    if not form:
        return str(value)
    if not math.isfinite(value):
        return "undefined"
    scale, digits = (100, int(form[1:-1])) if form.endswith("%") else (1, 0 if form == "d" else int(form[1:-1]))
    text = f"{rounded(value * scale, digits):,.{digits}f}".replace("-", "\u2212")
    return text + ("\u202f%" if scale == 100 else "")


def signed(text: str) -> str:
    """Return what a program printed with the minus signs that people write; hyphens in words and names stay."""
    return re.sub(r"(?<![\w.)\]-])-(?=\.?\d)", "\u2212", text)


def fill(template: str, state: dict) -> str:
    """Fill a template's places from ``state``."""
    return PLACE.sub(lambda place: number(state[place[1]], place[2]), template)


def spans(template: str, state: dict) -> str:
    """Fill a template and wrap every number in an element that carries its own place for a script to refill."""

    def span(place: re.Match) -> str:
        own = place[0].replace(f"|{place[3]}", "") if place[3] else place[0]
        role = f' class="mi-{place[3]}"' if place[3] else ""
        return f'<b{role} data-fill="{html.escape(own)}">{html.escape(fill(own, state))}</b>'

    def literal(text: str) -> str:
        return SUBSCRIPT.sub(r"\1<sub>\2</sub>", html.escape(text))

    parts, end = [], 0
    for place in PLACE.finditer(template):
        parts += [literal(template[end : place.start()]), span(place)]
        end = place.end()
    return "".join([*parts, literal(template[end:])])


def within(limits: dict, name: str, value) -> float:
    """Return a slider's value as a float, or raise a `ValueError` that names it, what was found and its limits."""
    low, high = limits[name]
    if not (isinstance(value, Real) and low <= value <= high):
        raise ValueError(f"{name} is {value!r}, wanted a number from {low:g} to {high:g}.")
    return float(value)
