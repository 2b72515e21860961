"""Reading a number as people write it: ``10,501``, ``0,83 nats``, ``3/4``, ``83 %``, ``2·10³``.

form.mjs reads the same on a page; tests/course/test_numbers.py holds one table against both. comma before exactly
three digits may be a thousands mark or a decimal comma: then both readings are returned, and who judges asks which was
meant unless one of them settles it.
"""

import math
import re
from dataclasses import dataclass, field
from itertools import product

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8"}
SIGNS = {"\u2212": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-", "**": "^"}
SIGNS |= dict.fromkeys("·⋅∙×", "*") | dict.fromkeys("⁄∕÷", "/") | dict.fromkeys("\u00a0\u2009\u202f", " ")
SIGNS |= dict.fromkeys("’_", "'")
GROUPED = re.compile(r"(\d{1,3}(?:[ ']\d{3})+)(?:[.,](\d+))?")  # 10 501, 10'501.5
COMMAS = re.compile(r"(\d{1,3}(?:,\d{3})+)(\.\d*)?")  # 10,501  1,234,567  1,234.5
POINTS = re.compile(r"(\d{1,3}(?:\.\d{3})+),(\d+)|(\d{1,3}(?:\.\d{3}){2,})")  # 1.234,5  1.234.567
DECIMAL = re.compile(r"(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?")
TERM = re.compile(r"([\d.,' ]*\d[.,]?(?:e[-+]?\d+)?|e(?=\^))(?:\^(?:([-+]?[\d.]+)|\(([-+]?[\d.]+)\)))?")
TAIL = re.compile(r"(%|[^\W\d_][^\d]*)$")  # a unit, and whatever words follow it
UNITS = {"nat": "nats", "nats": "nats", "bit": "bits", "bits": "bits"}
ONE = "one number is wanted, like 0.25 or 3/4."
FINITE = "a finite number is wanted."


@dataclass(frozen=True)
class Read:
    """What a text may mean: numbers, or a question to whoever wrote it."""

    values: list[float] = field(default_factory=list)
    ask: str = ""


def read(text: str, unit: str = "") -> Read:
    """Return the numbers that ``text`` may mean, in ``unit`` (bits become nats where nats are asked for)."""
    plain = _plain(text)
    if re.fullmatch(r"[-+]?(∞|inf|infinity|infinite|nan)\.?", plain):
        return Read(ask=FINITE)
    tail = TAIL.search(plain)
    body, word = (plain[: tail.start()].strip(), tail[1].strip()) if tail else (plain, "")
    readings = _expression(body)
    if not readings:
        return Read(ask=ONE)
    factor, ask = _factor(word, unit)
    if ask:
        return Read(ask=ask)
    values = [x * factor for x in readings]
    return Read(values) if all(map(math.isfinite, values)) else Read(ask=FINITE)


def which(text: str, values: list[float]) -> str:
    """Return the question that an ambiguous number is answered with."""
    many, few = (shown(x) for x in values)
    return f"does “{text.strip()}” mean {many} or {few}? Write it without the comma, or with a point."


def shown(x: float) -> str:
    """Return six digits of a number, the same here and in form.mjs."""
    if x == 0 or 1e-6 <= abs(x) < 1e15:
        text = f"{float(f'{x:.6g}'):.12f}".rstrip("0").rstrip(".")
    else:
        text = re.sub(r"e([-+])0*", r"e\1", f"{x:.5e}")
    return text.replace("-", "\u2212", 1) if x < 0 else text


def _plain(text: str) -> str:
    """Return ``text`` in one spelling: small letters, ``-``, ``*``, ``/``, ``^``, plain spaces."""
    out = text.strip().lower()
    for sign, plain in SIGNS.items():
        out = out.replace(sign, plain)
    out = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda m: "^" + m[0].translate(SUPERSCRIPTS), out)
    for sign, plain in VULGAR.items():
        out = re.sub(rf"(\d)?\s*{sign}", lambda m, p=plain: f"{m[1]} {p}" if m[1] else p, out)
    out = re.sub(r"(\d)\s*x\s*(?=10\^)", r"\1*", out)
    out = re.sub(r"\s*([*/^])\s*", r"\1", out)
    return re.sub(r"^[=≈~]\s*|(?<=[-+])\s+|\s+$", "", re.sub(r"\s+", " ", out))


def _expression(text: str) -> list[float]:
    """Return what a product or quotient of powers may mean; nothing if it is none."""
    if m := re.fullmatch(r"([-+]?)(\d+) (\d+)/(\d+)", text):  # 1 1/2
        sign, whole, above, below = m.groups()
        return [float(f"{sign}1") * (int(whole) + int(above) / int(below))] if int(below) else [math.inf]
    sign, rest = (text[0], text[1:]) if text[:1] in ("-", "+") else ("+", text)
    pieces = re.split(r"([*/])", rest)
    readings = [_term(piece) for piece in pieces[::2]]
    if not all(readings):
        return []
    out = []
    for chosen in product(*readings):
        x = chosen[0]
        for operation, y in zip(pieces[1::2], chosen[1:], strict=True):
            x = x * y if operation == "*" else (x / y if y else math.inf)
        out.append(-x if sign == "-" else x)
    return out


def _term(text: str) -> list[float]:
    m = TERM.fullmatch(text)
    if not m:
        return []
    bases = [math.e] if m[1] == "e" else _literal(m[1])
    power = m[2] or m[3]
    if power is None:
        return bases
    try:
        return [float(base ** float(power)) for base in bases]
    except (OverflowError, ZeroDivisionError):
        return [math.inf]
    except ValueError:
        return []


def _literal(text: str) -> list[float]:
    if m := GROUPED.fullmatch(text):
        return [float(re.sub(r"[ ']", "", m[1]) + "." + (m[2] or "0"))]
    if m := COMMAS.fullmatch(text):
        many = float(text.replace(",", ""))
        sure = m[2] is not None or m[1].count(",") > 1
        return [many] if sure else [float(text.replace(",", "."))] if text[0] == "0" else [many, many / 1000]
    if m := POINTS.fullmatch(text):
        return [float((m[1] or m[3]).replace(".", "") + "." + (m[2] or "0"))]
    return [float(text.replace(",", "."))] if DECIMAL.fullmatch(text) else []


def _factor(word: str, unit: str) -> tuple[float, str]:
    """Return the factor that a word after the number stands for, or a question about the word."""
    if word == "%":
        return 0.01, ""
    first = re.split(r"[\s.,;:?!]", word)[0]
    if unit in ("nats", "bits"):
        given = UNITS.get(first, "" if word else unit)
        if not given:
            return 1.0, f"which unit is “{word}”? Write nats, bits, or nothing after the number."
        return {"nats": math.log(2), "bits": 1 / math.log(2)}[unit] if given != unit else 1.0, ""
    if first in UNITS:
        return 1.0, f"this number has no unit: write it without “{first}”."
    return 1.0, ""
