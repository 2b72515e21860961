"""The PDF: pages printed and joined, numbered, with bookmarks, and with links that stay inside."""

import re

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from tools.formats.pdf import heading, make, parts_of
from tools.formats.whole import Incomplete, pdf_faults, require

pytestmark = pytest.mark.browser


DOCS = ["index", "part2/04-donsker-varadhan", "cheat-sheet"]


@pytest.fixture(scope="module")
def file(built_book, tmp_path_factory):
    """Three pages of the book as a PDF."""
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    sheets = make(built_book, target, DOCS)
    assert len(PdfReader(target).pages) == sheets
    return target


@pytest.fixture(scope="module")
def reader(file):
    return PdfReader(file)


@pytest.fixture(scope="module")
def texts(reader) -> list[str]:
    """What each sheet says."""
    return [page.extract_text() for page in reader.pages]


def goals(reader) -> list[int]:
    """Return the sheets to which the links of the book lead."""
    links = [a.get_object() for page in reader.pages for a in page.get("/Annots") or []]
    assert not [a for a in links if str((a.get("/A") or {}).get("/URI", "")).startswith("file:")]
    return [reader.get_page_number(a["/Dest"][0].get_object()) for a in links if "/Dest" in a]


def test_bookmarks_stand_under_their_parts(reader):
    first, part, inside, appendix, last = reader.outline
    assert first.title == "Estimating mutual information"
    assert part.title.startswith("Part II")
    assert [mark.title for mark in inside] == ["4. The Donsker–Varadhan formula"]
    assert (appendix.title, [mark.title for mark in last]) == ("Appendix", ["Cheat sheet"])


def test_contents_name_the_sheets_on_which_the_chapters_begin(reader, texts):
    assert "Contents" in texts[1]
    for title, words in {"The Donsker–Varadhan formula": "nobody has given us", "Cheat sheet": "One sheet of"}.items():
        sheet = next(i for i, text in enumerate(texts) if words in text)
        assert re.search(rf"{title}\s*{sheet + 1}\b", texts[1])
        assert re.search(rf"{title}\s*{sheet + 1}$", texts[sheet].strip())
        assert sheet in goals(reader)


def test_what_folds_and_moves_is_printed(texts):
    text = " ".join(" ".join(texts).split())
    assert "By Lusin" in text  # within a proof
    assert "a critic that tells no two points apart" in text  # within a solution
    assert text.count("knowing x shrinks") > 1, "the explorer's frames"
    assert "Choose one" not in text
    (asked,) = [" ".join(sheet.split()) for sheet in texts if "Both below the truth" in " ".join(sheet.split())]
    assert all(words in asked for words in ("Predict", "Both above", "The answer", "On its own samples"))
    assert "(4.10)" in text


def test_links_to_other_chapters_lead_to_the_very_place(reader, texts, built_book):
    page = (built_book / "cheat-sheet.html").read_text(encoding="utf-8")
    numbers = re.findall(r'href="part2/04-donsker-varadhan\.html#equation-[^"]*">(\(4\.\d+\))', page)
    assert len(numbers) > 1
    first = next(i for i, text in enumerate(texts) if "nobody has given us" in text)
    last = next(i for i, text in enumerate(texts) if "One sheet of" in text)
    ends = [
        a.get_object()["/Dest"]
        for p in reader.pages[last:]
        for a in p.get("/Annots") or []
        if "/Dest" in a.get_object()
    ]
    assert all(end[1] == "/XYZ" for end in ends)
    sheets = {reader.get_page_number(end[0].get_object()) for end in ends}
    assert all(any(number in texts[sheet] for sheet in sheets) for number in numbers)
    assert len({sheet for sheet in sheets if first <= sheet < last}) > 1


def test_a_good_pdf_has_no_faults_and_a_bad_one_has_its_names(file, built_book, tmp_path):
    parts, titles = parts_of(DOCS), {doc: heading(built_book, doc) for doc in DOCS}
    assert pdf_faults(file, parts, titles) == []
    bad, target = PdfWriter(clone_from=file), tmp_path / "bad.pdf"
    bad.remove_page(1)
    bare = {"/Subtype": "/Type1", "/BaseFont": "/Bare"}
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in bare.items()})
    bad.pages[0]["/Resources"][NameObject("/Font")] = DictionaryObject({NameObject("/F"): font})
    link = DictionaryObject({NameObject("/Dest"): TextStringObject("nowhere")})
    bad.pages[0][NameObject("/Annots")] = ArrayObject([bad._add_object(link)])
    bad.write(target)
    found = "\n".join(pdf_faults(target, [*parts, ("Part III", ["lost"])], titles | {"lost": "A lost chapter"}))
    for words in ("bookmarks are", "begin on sheets", "the font /Bare", "nowhere: nowhere", "the contents do not say"):
        assert words in found
    with pytest.raises(Incomplete, match=r"bad\.pdf would not be whole"):
        require(found.splitlines(), target)
    assert not target.exists()
