"""The EPUB: formulas as MathML, printed explorers, open proofs and right links, and nothing that epubcheck minds."""

import re
import shutil
import subprocess
import zipfile

import pytest
from bs4 import BeautifulSoup

from tools.book.source import BOOK
from tools.formats.epub import make
from tools.formats.pdf import heading
from tools.formats.whole import epub_faults

pytestmark = pytest.mark.browser
CHAPTER = "part2/04-donsker-varadhan"
DOCS = ["index", CHAPTER, "api", "bibliography"]


@pytest.fixture(scope="module")
def epub(built_book, tmp_path_factory):
    """The file, and path -> text of what is in it."""
    target = tmp_path_factory.mktemp("epub") / "book.epub"
    assert make(built_book, target, DOCS) == len(DOCS)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist()[0] == "mimetype"
        texts = {n: archive.read(n).decode() for n in archive.namelist() if n.endswith(("xhtml", "opf"))}
    return target, texts


def check(file) -> subprocess.CompletedProcess:
    """Run epubcheck, which Debian packs as a jar that only some systems run by its name."""
    program = shutil.which("epubcheck")
    if program is None or shutil.which("java") is None:
        pytest.skip("no epubcheck on this machine; on Debian: apt-get install epubcheck")
    command = ["java", "-XX:TieredStopAtLevel=1", "-jar", program] if zipfile.is_zipfile(program) else [program]
    return subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)


def test_epubcheck_finds_nothing_and_would_find_a_broken_link(epub, tmp_path):
    file, _ = epub
    done = check(file)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / "broken.epub"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(broken, "w") as new:
        for item in old.infolist():
            text = old.read(item)
            new.writestr(item, text.replace(b'href="#eq', b'href="#no') if item.filename.endswith("xhtml") else text)
    assert check(broken).returncode != 0


def test_formulas_are_mathml_with_the_page_s_numbers(epub, built_book):
    page = BeautifulSoup((built_book / f"{CHAPTER}.html").read_text(encoding="utf-8"), "html.parser").article
    text = epub[1][f"book/{CHAPTER}.xhtml"]
    assert text.count("<math ") == len(page.select(".math")) > 50
    assert "merror" not in text
    numbers = [e.get_text().removesuffix("#") for e in page.select(".eqno")]
    assert re.findall(r'class="eqno">(\([\d.]+\))', text) == numbers
    assert "<mi>𝔼</mi>" in text


def test_nothing_waits_for_a_hand(epub):
    for name, text in epub[1].items():
        assert not re.search(r"<(script|style|form|input|button|details|summary)\b", text), name
    text = epub[1]["book/index.xhtml"]
    source = (BOOK / "index.md").read_text(encoding="utf-8")
    assert text.count('class="mi-sheet"') > source.count("Explorer(")
    assert re.search(r'<figcaption class="mi-description">\w', text)
    assert not re.search(r'<path [^>]*stroke="rgb\(0, 0, 0\)"[^>]*class="mi-b', text), "drawings lost their colours"
    proofs = (BOOK / f"{CHAPTER}.md").read_text(encoding="utf-8").count("{dropdown} Proof")
    assert epub[1][f"book/{CHAPTER}.xhtml"].count('class="folded-title">Proof') == proofs > 1


def test_a_picture_of_layers_is_one_picture(epub):
    soup = BeautifulSoup(epub[1][f"book/{CHAPTER}.xhtml"].split("?>")[1], "html.parser")
    stacks = soup.select(".mi-stack")
    assert len(stacks) > 1
    assert all(len(stack.select("img")) == 1 and stack.img["alt"] for stack in stacks)


def test_links_lead_into_the_book_or_to_the_web(epub):
    soups = {n: BeautifulSoup(text.split("?>")[1], "html.parser") for n, text in epub[1].items() if "xhtml" in n}
    links = [a["href"] for soup in soups.values() for a in soup.select("a[href]")]
    assert all(re.match(r"https?://|(\.\./)*[\w/-]*(\.xhtml)?(#.+)?$", link) for link in links)
    cited = [a["href"] for a in soups[f"book/{CHAPTER}.xhtml"].select("a[href*=bibliography]")]
    places = {e["id"] for e in soups["book/bibliography.xhtml"].select("[id]")}
    assert {link.split("#")[1] for link in cited} <= places
    assert len(cited) > 3
    entries = soups["book/contents.xhtml"].select("nav a[href]")
    assert {a["href"].split("#")[0] for a in entries} == {f"{doc}.xhtml" for doc in DOCS}
    assert any("Part II" in span.get_text() for span in soups["book/contents.xhtml"].select("nav li > span"))


CHANGES = {
    "leads nowhere": lambda name, data: data.replace(b'href="api.xhtml', b'href="gone.xhtml'),
    "the contents list": lambda name, data: data.replace(b'href="api.xhtml"', b'href="index.xhtml"'),
    "the reading order": lambda name, data: data.replace(b"<itemref", b"<itemless", 1),
    "does not begin with": lambda name, data: data.replace(b"<h1", b"<h2").replace(b"</h1", b"</h2"),
    "a formula with an error": lambda name, data: data.replace(b"<math ", b'<math class="merror" '),
    "the files in the archive": lambda name, data: None if name == "book/book.css" else data,
}


@pytest.mark.parametrize(("words", "change"), CHANGES.items(), ids=CHANGES)
def test_a_good_epub_has_no_faults_and_a_bad_one_has_its_name(words, change, epub, built_book, tmp_path):
    titles = {doc: heading(built_book, doc) for doc in DOCS}
    assert epub_faults(epub[0], DOCS, titles) == []
    with zipfile.ZipFile(epub[0]) as old, zipfile.ZipFile(tmp_path / "bad.epub", "w") as new:
        for name in old.namelist():
            if (data := change(name, old.read(name))) is not None:
                new.writestr(name, data)
    assert any(words in line for line in epub_faults(tmp_path / "bad.epub", DOCS, titles))


def test_choices_are_a_plain_list_and_no_code_only_draws(epub):
    text = epub[1][f"book/{CHAPTER}.xhtml"]
    assert "<strong>d.</strong>" in text
    for words in ("radiogroup", "aria-labelledby", "<label", "Show the code", "plt.subplots"):
        assert words not in text
    assert "def log_mean_exp" in re.sub("<[^>]*>", "", text)
