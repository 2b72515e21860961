"""The readers' notebooks: made from the chapters, plain Markdown, the same bytes each time, able to stand alone."""

import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from latex2mathml.converter import convert as mathml

from tools.book.export import Exporter, first_cell, outputs
from tools.book.labels import all_labels
from tools.book.macros import expand, macros
from tools.book.source import ROOT, Page, SourceError, chapters, read, without_answers

NOTEBOOKS = {p.doc: ROOT / "notebooks" / f"{p.doc}.ipynb" for p in chapters() if p.has_notebook}


@pytest.fixture(scope="module")
def fresh():
    return outputs(ROOT / "notebooks")


def test_committed_notebooks_are_what_the_chapters_give(fresh):
    for path, text in fresh.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make notebooks`"
    assert set(fresh) == set(NOTEBOOKS.values())


def test_a_page_can_do_without_a_notebook(tmp_path):
    head = "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\n"
    for line, wanted in (("export: false\n", False), ("", True)):
        path = tmp_path / "x.md"
        path.write_text(f"{head}{line}kernelspec: {{name: python3}}\n---\n\n# A page\n", encoding="utf-8")
        page = Page("x", None, path)
        assert page.is_notebook
        assert page.has_notebook is wanted


def test_a_second_conversion_gives_the_same_bytes(fresh):
    assert outputs(ROOT / "notebooks") == fresh


def test_a_changed_chapter_changes_its_notebook(tmp_path, fresh):
    page = next(p for p in chapters() if p.has_notebook)
    changed = tmp_path / page.path.name
    changed.write_text(page.path.read_text(encoding="utf-8").replace("\n## ", "\n## More: ", 1), encoding="utf-8")
    from tools.book.export import export

    labels = all_labels(chapters())
    assert export(Page(page.doc, page.number, changed), labels) != fresh[NOTEBOOKS[page.doc]]


@pytest.mark.parametrize("doc", NOTEBOOKS)
def test_nothing_of_sphinx_is_left(doc):
    nb = nbformat.read(NOTEBOOKS[doc], as_version=4)
    nbformat.validate(nb)
    assert len({cell.id for cell in nb.cells}) == len(nb.cells)
    used = "|".join(map(re.escape, macros()))
    for cell in nb.cells:
        assert not cell.get("outputs")
        if cell.cell_type != "markdown":
            assert "BEGIN SOLUTION" not in cell.source
            assert "HIDDEN TESTS" not in cell.source
            continue
        prose = re.sub(r"`[^`]*`", "", cell.source)
        assert not re.search(r"^\s*(`{3,}|:{3,})\{", cell.source, re.M), cell.source[:200]
        assert not re.search(r"\{[a-z:-]+\}`", cell.source), cell.source[:200]
        assert not re.search(rf"\\({used})(?![A-Za-z])", prose), cell.source[:200]
        assert not re.search(r"^\([\w-]+\)=", cell.source, re.M)


def test_equations_have_the_page_s_numbers(built_book):
    from bs4 import BeautifulSoup

    labels = all_labels(chapters())
    compared = 0
    for page in chapters():
        soup = BeautifulSoup((built_book / f"{page.doc}.html").read_text(encoding="utf-8"), "html.parser")
        for label in (x for x in labels.values() if x.page.doc == page.doc):
            if label.kind == "equation":
                shown = soup.find(id=f"equation-{label.name}").select_one(".eqno").get_text()
                assert shown.startswith(label.words), (label, shown)
            elif label.kind == "figure" or label.kind not in ("section", "place"):
                shown = soup.find(id=label.name).select_one(".caption-number").get_text().strip()
                assert shown == label.words, (label, shown)
            else:
                continue
            compared += 1
    assert compared > 5


def test_the_first_cell_does_nothing_off_colab(monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("the first cell installed something")

    monkeypatch.setattr(subprocess, "run", forbidden)
    exec(first_cell(), {})
    monkeypatch.setitem(sys.modules, "google.colab", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises((SystemExit, AssertionError)):
        exec(first_cell(), {})


def test_the_repository_is_one_setting(monkeypatch):
    from tools.book.settings import colab_url

    monkeypatch.setenv("REPOSITORY_URL", "https://github.com/someone/book")
    assert colab_url("part2/07-mine").endswith("/github/someone/book/blob/main/notebooks/part2/07-mine.ipynb")
    assert "git+https://github.com/someone/book.git@main" in first_cell()
    monkeypatch.setenv("REPOSITORY_URL", "")


def test_macros_are_written_out():
    table = {"KL": (r"D\left(#1\,\middle\|\,#2\right)", 2), "I": ("I", 0), "E": (r"\mathbb{E}", 0)}
    assert expand(r"\KL{P_{X}}{Q}", table) == r"D\left(P_{X}\,\middle\|\,Q\right)"
    assert expand(r"\I(X;Y) \Even \E X", table) == r"I(X;Y) \Even \mathbb{E} X"
    assert expand(r"\KL{\KL{a}{b}}{c}", table).count("middle") == 2
    assert expand(r"0\le\I\to\KL{P}{Q}", table) == r"0\le I\to D\left(P\,\middle\|\,Q\right)"


@pytest.mark.parametrize("doc", NOTEBOOKS)
def test_every_formula_of_a_notebook_is_tex_that_a_reader_knows(doc):
    """A second reader of TeX, which leaves what it doesn't know as it is, takes every formula."""
    nb = nbformat.read(NOTEBOOKS[doc], as_version=4)
    text = "\n\n".join(re.sub(r"`[^`]*`", "", cell.source) for cell in nb.cells if cell.cell_type == "markdown")
    found = re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", text, re.S)
    for display, inline in found:
        assert not re.findall(r"\\[A-Za-z]+", mathml(display or inline)), display or inline


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```{unheard-of}\nx\n```", "does not know the directive"),
        ("{unheard}`x`", "does not know the role"),
        ("{eq}`eq-nowhere`", "no page defines"),
        ("{cite:t}`nobody1900`", "not in references.bib"),
        ("```{figure} figures/none.svg\n:alt: x\n```", "does not exist"),
        ("$$\na = b", "not closed"),
        ("```{note}\nx", "not closed"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_its_place(text, message):
    page = next(p for p in chapters() if p.has_notebook)
    with pytest.raises(SourceError, match=message) as e:
        Exporter(page, all_labels(chapters())).markdown(text)
    assert page.doc in str(e.value)


def test_answers_are_taken_out(tmp_path):
    source = tmp_path / "x.md"
    source.write_text(
        "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\n"
        "kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n\n"
        "```{code-cell} ipython3\n:nbgrader: {grade: false, grade_id: f, solution: true}\n"
        "def f(x):\n    ### BEGIN SOLUTION\n    return secret_of(x)\n    ### END SOLUTION\n```\n\n"
        "```{code-cell} ipython3\n:tags: [practice]\nanswer = ...\n"
        "### BEGIN SOLUTION\nanswer = 'b'\n### END SOLUTION\n```\n"
    )
    nb = read(source)
    assert nb.cells[0].id == "f"
    bare, page = without_answers(nb), without_answers(nb, practice=False)
    assert "secret_of" not in bare.cells[0].source
    assert "..." in bare.cells[0].source
    assert "'b'" not in bare.cells[1].source
    assert "secret_of" not in page.cells[0].source
    assert "'b'" in page.cells[1].source
    assert "BEGIN SOLUTION" not in page.cells[1].source
    exec(bare.cells[0].source + "\n" + bare.cells[1].source, {})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of mi_lab, unpacked where nothing else is."""
    out = tmp_path_factory.mktemp("wheel")
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "mi_lab", source / "mi_lab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        archive.extractall(out / "site")
    return out / "site"


def test_the_wheel_carries_every_file_of_the_package(wheel):
    wanted = {
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "mi_lab").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".part"
    }
    have = {p.relative_to(wheel).as_posix() for p in (wheel / "mi_lab").rglob("*") if p.is_file()}
    assert wanted <= have, wanted - have
