"""How a text file is written: what separates its fields, its decimal mark, its header, read off its first lines."""

import csv
import re
from collections import Counter
from dataclasses import dataclass, field

LINES = 200  # that are looked at
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas", r"\s+": "blanks"}
PLAIN = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
COMMA = re.compile(r"^[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?$")
GROUPED = {  # thousands marks, with the decimal mark that goes with them
    ",": re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"),
    ".": re.compile(r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"),
    "'": re.compile(r"^[+-]?\d{1,3}('\d{3})+([.,]\d+)?$"),
    " ": re.compile(r"^[+-]?\d{1,3}( \d{3})+([.,]\d+)?$"),
}
NOTHING = re.compile(r"^(|-+|–|—|\.+|\?|n/?a|n\.a\.|nan|null|none|#n/a)$", re.I)
MARKS = {".": "point", ",": "comma"}


@dataclass
class Style:
    """How a text file is written; `body` holds its rows without header, comments and what stands above."""

    sep: str
    quote: str = '"'
    decimal: str = "."
    thousands: str | None = None
    names: list[str] = field(default_factory=list)
    header: bool = True
    body: str = ""
    above: int = 0  # lines before the first row
    comments: int = 0
    preamble: int = 0
    notes: list[str] = field(default_factory=list)

    def told(self) -> list[str]:
        """Return what was found, in words."""
        out = [f"fields between {SEPARATORS.get(self.sep, repr(self.sep))}"] if len(self.names) > 1 else ["one column"]
        out += ["quoted by '"] * (self.quote == "'")
        out += ["decimal comma"] * (self.decimal == ",")
        out += [f"thousands marked by {self.thousands!r}"] * (self.thousands is not None)
        out += [f"{self.comments} comment line{'s' * (self.comments > 1)}"] * (self.comments > 0)
        out += [f"{self.preamble} line{'s' * (self.preamble > 1)} above the header left out"] * (self.preamble > 0)
        out += ["no header"] * (not self.header)
        return out + self.notes


def sniff(text: str, told: dict) -> Style:
    """Look at a text and say how it is written; what is `told` isn't guessed.

    Raises
    ------
    ValueError
        What is told can't be.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub("[\u00a0\u202f\u2009]", " ", text)  # blanks that don't break
    text = re.sub(r"(?<![\w])\u2212(?=[\d.,])", "-", text)  # a minus sign that is no hyphen
    lines = text.split("\n")
    said = re.match(r"^sep=(.)$", lines[0].strip()) if lines else None  # as spreadsheets write it
    if said:
        lines = lines[1:]
    comments = [(i, line) for i, line in enumerate(lines) if line.lstrip()[:1] in ("#", "%")]
    kept = [(i, line) for i, line in enumerate(lines) if line.strip() and line.lstrip()[:1] not in ("#", "%")]
    if not kept:  # nothing but comments: a header whose rows are to come, or no table at all
        kept, comments = [(i, line) for i, line in enumerate(lines) if line.strip()], []
    some = [line for _, line in kept[:LINES]]
    sep = told.get("sep") or (said[1] if said else None)
    sep = {"\\t": "\t", "tab": "\t", " ": r"\s+", "space": r"\s+"}.get(sep, sep) if sep else None
    if sep is not None and len(sep) != 1 and sep != r"\s+":
        raise ValueError(f"--sep {sep!r}, wanted one character, 'tab' or 'space'.")
    quote = '"'
    if sep is None:
        sep, quote = _separator(some)
    rows = [_fields(line, sep, quote) for line in some]
    width = _width(rows)
    style = Style(sep, quote, comments=len(comments) + bool(said))
    held = max((_filled(row) for row in rows if len(row) == width), default=width)  # behind it separators alone
    start = next((i for i, row in enumerate(rows) if len(row) >= held), 0)
    style.preamble, above = start, kept[start][0] if kept else 0
    body, first = kept[start:], rows[start] if rows else []
    _numbers([cell for row in rows[start + 1 :] or rows for cell in row], told, style)
    style.header = told.get("header", not any(_is_number(c, style) for c in first))
    names = [c.strip() for c in first] if style.header else []
    if not style.header and "header" not in told:  # NumPy writes its header as a comment
        before = [c for i, c in comments if i < above]
        spoken = _fields(before[-1].lstrip(" #%"), sep, quote) if before else []
        if len(spoken) == width and not any(_is_number(c, style) for c in spoken):
            names, style.header = [c.strip() for c in spoken], True
            style.notes.append("the header is a comment")
            body = [(-1, "")] + body
    width = max(width, len(names))
    style.names = _unique([names[j] if j < len(names) and names[j] else f"column {j + 1}" for j in range(width)])
    rest = body[1:] if style.header else body
    style.above = rest[0][0] if rest else 0
    style.body = "\n".join(line for _, line in rest) + "\n"
    if sep == r"\s+":
        style.body = "\n".join(line.strip() for line in style.body.split("\n"))
    return style


def _separator(lines: list[str]) -> tuple[str, str]:
    """Return what separates fields so that most lines have equally many that look like one value, and quotes."""
    best, found = (0.0, 0.0, 0), (",", '"')
    for sep in SEPARATORS:
        for quote in ('"', "'"):
            rows = [_fields(line, sep, quote) for line in lines]
            width = _width(rows)
            if width < 2:
                continue
            same = sum(len(r) == width for r in rows) / len(rows)
            if sep == r"\s+" and same < 1:  # words that hold blanks
                continue
            cells = [c for r in rows[1:] or rows for c in r]
            clear = sum(_looks_whole(c) for c in cells) / max(1, len(cells))
            quoted = sum(c[:1] == quote for line in lines[:20] for c in line.split(sep if len(sep) == 1 else None))
            score = (
                round(same, 1),
                round(clear, 2),
                bool(quoted) - (sep == r"\s+") - 0.5 * (quote == "'" and not quoted),
            )
            if score > best:
                best, found = score, (sep, quote)
    return found


def _looks_whole(cell: str) -> bool:
    """Say whether a field looks like one value: a number in any writing, nothing, a date, or a word without marks."""
    cell = cell.strip()
    if PLAIN.match(cell) or COMMA.match(cell) or NOTHING.match(cell) or any(g.match(cell) for g in GROUPED.values()):
        return True
    return not re.search(r"[;\t|,]", cell)


def _fields(line: str, sep: str, quote: str = '"') -> list[str]:
    if sep == r"\s+":
        line, sep = re.sub(r"\s+", " ", line.strip()), " "
    return next(csv.reader([line], delimiter=sep, quotechar=quote, skipinitialspace=True), [])


def _filled(row: list[str]) -> int:
    """Return how many fields there are up to the last that holds something."""
    return max((j + 1 for j, cell in enumerate(row) if cell.strip()), default=0)


def _width(rows: list[list[str]]) -> int:
    """Return the usual number of fields; of equally usual ones the larger."""
    count = Counter(map(len, rows))
    return max(count, key=lambda w: (count[w], w), default=0)


def _numbers(cells: list[str], told: dict, style: Style) -> None:
    """Find decimal and thousands marks in the fields of the first rows."""
    cells = [c.strip() for c in cells if c.strip()]
    grouped = {mark: [c for c in cells if shape.match(c)] for mark, shape in GROUPED.items()}
    certain = {  # what can be read one way only
        ",": [
            c for c in cells if COMMA.match(c) and not (GROUPED[","].match(c) and not c.lstrip("+-").startswith("0"))
        ],
        ".": [c for c in cells if PLAIN.match(c) and "." in c and not GROUPED["."].match(c)],
    }
    certain[","] += [c for c in grouped["."] if "," in c] + [c for m in "' " for c in grouped[m] if "," in c]
    certain["."] += [c for c in grouped[","] if "." in c] + [c for m in "' " for c in grouped[m] if "." in c]
    style.decimal = told.get("decimal") or ("," if len(certain[","]) > len(certain["."]) else ".")
    if style.decimal not in MARKS:
        raise ValueError(f"--decimal {style.decimal!r}, wanted '.' or ','.")
    other = "," if style.decimal == "." else "."
    shape = COMMA if other == "," else PLAIN
    stray = [c for c in cells if other in c and shape.match(c) and not GROUPED[other].match(c)]
    maybe = [m for m in (other, "'", " ") if grouped[m] and not (m == other and stray)]
    if style.sep == r"\s+" and " " in maybe:
        maybe.remove(" ")
    style.thousands = told.get("thousands", maybe[0] if maybe else None)
    if style.thousands == style.decimal:
        raise ValueError(f"{style.thousands!r} can't be both the decimal and the thousands mark.")
    unclear = not certain["."] and not certain[","] and all(c.count(",") == 1 for c in grouped[","])
    if style.thousands == "," and unclear and "decimal" not in told and "thousands" not in told:
        one = grouped[","][0]
        style.notes.append(f"{one} is taken for {one.replace(',', '')} (--decimal , if it is {one.replace(',', '.')})")


def _is_number(cell: str, style: Style) -> bool:
    cell = cell.strip()
    if style.thousands:
        cell = cell.replace(style.thousands, "")
    return bool(PLAIN.match(cell.replace(",", ".") if style.decimal == "," else cell))


def _unique(names: list[str]) -> list[str]:
    seen: Counter = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1}")
    return out
