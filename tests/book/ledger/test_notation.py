"""Letters that the notation page reserves mean nothing else in any chapter: read from the formulas of the sources."""

import re
from pathlib import Path

import chapter_rules as rules
import pytest

BOOK = Path(__file__).parents[3] / "book"
CHAPTERS = sorted(BOOK.glob("part*/*.md"))
LETTER = r"(?<![A-Za-z\\]){}(?![A-Za-z])"

# what is reserved: a pattern that would use it otherwise, and the chapters in which it is at home
RESERVED = {
    "ψ is the digamma function": (r"\\psi(?![A-Za-z])", ["03", "11"]),
    "β without an index is the weight of the old value": (r"\\beta(?![A-Za-z]|_[12])", ["07", "08", "17"]),
    "m is the moving average of the denominator": (LETTER.format("m"), ["07", "08"]),
    "e is 2.718…": (
        r"\\(?:bar|hat|tilde|widetilde|overline) ?\{?e(?![A-Za-z])|" + LETTER.format("e") + r"(?:_| ?=)",
        [],
    ),
    "a chosen product reference is R_X R_Y": (r"P_\{X'\}|P_\{Y'\}", []),
}


def formulas(text: str) -> list[str]:
    """Return what stands between dollar signs, code cells left out and roman words taken away."""
    bare = re.sub(r"\\(?:text|mathrm|operatorname)\*?\{[^}]*\}", " ", rules.without_cells(text))
    return re.findall(r"\$\$(.*?)\$\$", bare, re.S) + re.findall(r"(?<!\$)\$([^$\n]+)\$(?!\$)", bare)


def misused(text: str, pattern: str) -> list[str]:
    return [f for f in formulas(text) if re.search(pattern, f)]


@pytest.mark.parametrize("meaning", RESERVED)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_reserved_letters_mean_nothing_else(chapter, meaning):
    pattern, homes = RESERVED[meaning]
    found = [] if chapter.stem[:2] in homes else misused(chapter.read_text(encoding="utf-8"), pattern)
    assert not found, f"{meaning}, but {chapter.name} writes {found}"


@pytest.mark.parametrize(
    ("meaning", "wrong", "right"),
    [
        ("ψ is the digamma function", r"the function $\psi(u)$", r"the function $\varphi(u)$"),
        ("β without an index is the weight of the old value", r"$\eta<2/\beta$", r"$\eta<2/\kappa$, $\beta_1=.9$"),
        ("m is the moving average of the denominator", r"$t_m\to t$", r"$t_l\to t$, $\max t$, $\mathrm{m}$"),
        ("e is 2.718…", r"a ratio $\bar e$", r"a ratio $\bar w=e^{t}$, $2\pi e$, $\tfrac1e$"),
        ("e is 2.718…", r"with $e=e^{t(z)}$", r"with $w=e^{t(z)}$"),
        ("a chosen product reference is R_X R_Y", "$P_{X'}P_{Y'}$", "$R_XR_Y$ and $P'$"),
    ],
)
def test_the_rule_sees_what_it_is_for(meaning, wrong, right):
    assert misused(wrong, RESERVED[meaning][0])
    assert not misused(right, RESERVED[meaning][0])


def test_the_page_lists_what_is_reserved():
    page = (BOOK / "notation.md").read_text(encoding="utf-8")
    for sign in (r"$\psi$", r"$m$, $\beta$", "$e$", "$R_XR_Y$"):
        assert f"| {sign} |" in page
