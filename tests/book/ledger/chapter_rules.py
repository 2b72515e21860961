"""What a chapter of the book must look like: each rule takes a chapter's source and returns complaints."""

import re

from tools.book.indexes import kind_of, with_bodies

PARTS = ["See it", "A run with known truth", "Break it", "Exercises", "Recap", "Further reading"]
CELL = re.compile(r"^(`{3,})\{code-cell\}.*?\n(.*?)^\1\s*$", re.M | re.S)
BLOCK = re.compile(r"^(`{3,})(?:\{math\}|python|text|bash|console)[^\n]*\n.*?^\1\s*$", re.M | re.S)
NO_END = re.compile(r"^(?:#+ .*|\d+\. |- |\* )|\b(?:et al|e\.g|i\.e|cf|vs|Dr|No)\.|\*\*[\w ]{1,60}\.\*\*|\b[A-Z]\.")
SECTION = r"^## {}\s*\n(.*?)(?=^## |\Z)"
GLUE_USE = re.compile(r"\{glue:text\}`([A-Za-z_]\w*)")
FOLDED = re.compile(r"^(:{3,}|`{3,})\{dropdown\}.*?^\1[ \t]*$", re.M | re.S)
CITE = re.compile(r"\{cite:\w+\}`([^`]+)`")


def cells(text: str) -> list[tuple[str, str]]:
    """Return the code cells as (metadata, source)."""
    found = []
    for _, body in CELL.findall(text):
        meta = re.match(r"---\n(.*?)^---\n|((?::[^\n]*\n)+)", body, re.M | re.S)
        found.append((meta[0] if meta else "", body[meta.end() :] if meta else body))
    return found


def section(text: str, name: str) -> str:
    """Return what stands under ``## name``, "" without it; headings inside code cells do not count."""
    match = re.search(SECTION.format(re.escape(name)), without_cells(text), re.M | re.S)
    return match[1] if match else ""


def without_cells(text: str) -> str:
    """Return the source without its header and its code cells."""
    return CELL.sub("", re.sub(r"\A---\n.*?^---\n", "", text, count=1, flags=re.M | re.S))


def prose(text: str) -> list[str]:
    """Return the lines a reader reads as sentences, with inline maths and code replaced by a letter."""
    text = re.sub(
        r"^(`{3,})(?:\{math\}|python|text|bash|console)[^\n]*\n.*?^\1\s*$", "", without_cells(text), flags=re.M | re.S
    )
    text = re.sub(r"\$\$.*?\$\$(?:\s*\([\w:.-]+\))?", "", text, flags=re.S)
    lines = []
    for line in text.splitlines():
        if re.match(r"\s*(?:`{3,}|:{3,}|~{3,}|:[\w-]+:|\([\w-]+\)=|\+\+\+|%|<!--|\|)", line):
            continue
        line = re.sub(r"\$[^$]+\$", "x", line)
        lines.append(re.sub(r"(?:\{[\w:]+\})?`[^`]+`", "x", line).strip())
    return lines


def parts(text: str) -> list[str]:
    bare = without_cells(text)
    complaints = []
    if len(re.findall(r"^# \S", bare, re.M)) != 1:
        complaints.append("wants exactly one title, '# …'")
    if not re.search(r"\{admonition\} What you will learn\s*$", bare, re.M):
        complaints.append("lacks the admonition 'What you will learn'")
    headings = re.findall(r"^## (.+?)\s*$", bare, re.M)
    complaints += [
        f"wants '## {part}' once, found {headings.count(part)}" for part in PARTS if headings.count(part) != 1
    ]
    if not complaints and [h for h in headings if h in PARTS] != PARTS:
        complaints.append(f"its parts come in another order than {PARTS}")
    return complaints


def six_exercises_of_three_kinds(text: str) -> list[str]:
    exercises, complaints, kinds = with_bodies(text), [], set()
    for match, body in exercises:
        kinds.add(kind := kind_of(body))
        if kind == "in words" and not re.search(r"\{dropdown\}.*Solution|\"nbgrader\"", body):
            complaints.append(f"{match[1]} has neither a solution to open nor a graded answer")
        if kind != "in words" and not re.search(r"^check\(\s*\"", body, re.M):
            complaints.append(f"{match[1]} has no check")
    if len(exercises) < 6 or len(kinds) < 3:
        complaints.append(f"wants six exercises of three kinds, found {len(exercises)} of {sorted(kinds)}")
    if [int(m[2]) for m, _ in exercises] != list(range(1, len(exercises) + 1)):
        complaints.append(f"exercises are numbered {[int(m[2]) for m, _ in exercises]}")
    if len(re.findall(r"^\(ex-", text, re.M)) != len(exercises):
        complaints.append("an (ex-…)= label is not followed by '### Exercise N. Title'")
    return complaints


def figures_described(text: str) -> list[str]:
    complaints = []
    for meta, source in cells(text.split("\n## Exercises")[0]):
        # what stands in a function draws when it is called; `explore` brings alternative texts of its own
        outside = re.sub(r"^def .*\n(?:[ \t]+.*\n|\n)*|^(?:import|from) .*$", "", source + "\n", flags=re.M)
        draws = re.search(r"\bplt\.|subplots\(|heat_maps\(", outside)
        if (draws or "figure:" in meta) and not (re.search(r"\balt:\s*\S", meta) and re.search(r"name:\s*fig-", meta)):
            complaints.append(f"a figure without alternative text or name: {source.strip()[:70]!r}")
    for fence, body in re.findall(r"^(`{3,}|:{3,})\{figure\}[^\n]*\n(.*?)^\1", text, re.M | re.S):
        del fence
        if ":alt:" not in body or ":name:" not in body:
            complaints.append(f"a figure without alternative text or name: {body[:70]!r}")
    return complaints


def words(text: str) -> list[str]:
    told = re.sub(SECTION.format("Exercises"), "", without_cells(text), flags=re.M | re.S)
    told = re.sub(r"^::::\{admonition\} Predict\n.*?^::::\n", "", told, flags=re.M | re.S)  # an exercise, too
    path = FOLDED.sub("", told)  # what lies folded, proofs and tools, is read by choice
    most, least = (len(re.findall(r"[^\W\d_][\w'’-]*", " ".join(prose(t)))) for t in (path, told))
    if least < 1500:
        return [f"has {least} words, wanted 1,500 (without code and exercises)"]
    return [] if most <= 2500 else [f"has {most} unfolded words, wanted 2,500 at most (without code and exercises)"]


def one_sentence_a_line(text: str) -> list[str]:
    complaints = []
    for line in prose(text):
        bare = re.sub(
            r"^(?:#+ .*|\d+\. |- |\* )|\b(?:et al|e\.g|i\.e|cf|vs|Fig|Eq|Dr|No|St)\.|\*\*[\w ]{1,60}\.\*\*|\b[A-Z]\.",
            "",
            line,
        )
        if re.search(r"[a-z0-9x)\"”*][.?!][\"”)*]* +[\"“*(]?[A-ZÀ-Þ]", bare):
            complaints.append(f"two sentences on a line: {line[:90]!r}")
    return complaints


def short_cells(text: str) -> list[str]:
    complaints = []
    for _, source in cells(text):
        lines = [ln for ln in source.splitlines() if ln.strip() and not re.match(r"\s*### (?:BEGIN|END) ", ln)]
        if len(lines) > 12:
            complaints.append(f"a cell of {len(lines)} lines: {lines[0][:70]!r}")
    return complaints


def glued(text: str) -> list[str]:
    given = set()
    for _, source in cells(text):
        for call in re.findall(r"\bglue\((.*)\)", source, re.S):
            given |= set(re.findall(r"(\w+)\s*=(?!=)", call))
    return [f"prints {name}, which no cell glues" for name in sorted(set(GLUE_USE.findall(text)) - given)]


def no_align(text: str) -> list[str]:
    return ["has \\begin{align}: write aligned"] if "\\begin{align}" in text else []


def cited(text: str) -> set[str]:
    """Return the cite keys of a page."""
    return {key.strip() for keys in CITE.findall(text) for key in keys.split(",")}


RULES = [
    parts,
    six_exercises_of_three_kinds,
    figures_described,
    words,
    one_sentence_a_line,
    short_cells,
    glued,
    no_align,
]
