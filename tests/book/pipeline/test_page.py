"""What a page makes of a chapter: forms for exercises, folded drawing, no `glue`, a box that says how to start."""

import re
import subprocess
import sys

import nbformat
import pytest
from IPython import display
from myst_nb.core.variables import format_plain_text
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mi_lab.teaching import pages
from tools.book import start
from tools.book.build import page_notebook
from tools.book.exercises import given, with_forms
from tools.book.export import first_cell
from tools.book.fold import fold, is_picture, visible_lines
from tools.book.source import ROOT, SourceError, chapters, tags
from tools.book.start import PLACE, box, first_estimate, install, with_box

NUMBERED = [page.doc for page in chapters() if page.number]
MOST_LINES = 100  # of code that stand open in a chapter
BEFORE = 3  # of them before its first picture
PNG = [new_output("display_data", {"image/png": "x"})]
DRAWS = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])"


def page(*sources, picture=None):
    cells = [new_code_cell(source, outputs=PNG if k == picture else []) for k, source in enumerate(sources)]
    return new_notebook(cells=cells)


# ---- what is seen of the code ----


@pytest.fixture(scope="module")
def staged(built_book):
    """Function: the notebook that became a page."""
    return lambda doc: nbformat.read(built_book.parent / "stage" / f"{doc}.ipynb", as_version=4)


@pytest.mark.parametrize("text", ["100,000", "6 to 30", "3", "[1, 2]", "it's"])
def test_a_text_that_is_glued_is_printed_as_it_is(text, monkeypatch):
    """MyST-NB evaluates what it can: "100,000" once stood on a page as (100, 0)."""
    shown = []
    monkeypatch.setattr(pages, "on_page", lambda: True)
    monkeypatch.setattr(display, "display", lambda data, **_: shown.append(data))
    pages.glue(found=text)
    assert format_plain_text(*shown[0].values(), "s") == text


@pytest.mark.parametrize("doc", NUMBERED)
def test_a_chapter_shows_the_estimator_s_lines_and_no_others(doc, staged):
    nb = staged(doc)
    lines = visible_lines(nb)
    assert 10 < len(lines) <= MOST_LINES
    assert [line for line in lines if re.search(r"\bglue\b|\bcheck\(", line)] == []
    first = next(k for k, cell in enumerate(nb.cells) if cell.cell_type == "code" and is_picture(cell))
    assert len(visible_lines(nbformat.NotebookNode(cells=nb.cells[: first + 1]))) <= BEFORE


@pytest.mark.parametrize("doc", NUMBERED)
def test_the_built_page_has_the_same_open_lines(doc, built_book, staged):
    from bs4 import BeautifulSoup

    soup = BeautifulSoup((built_book / f"{doc}.html").read_text(encoding="utf-8"), "html.parser")
    open_cells = [c for c in soup.select("div.cell_input") if not c.find_parent("details")]
    lines = [line for cell in open_cells for line in cell.get_text().splitlines() if line.strip()]
    assert lines == visible_lines(staged(doc))


def test_a_cell_is_cut_where_drawing_begins():
    nb = page("show()", f"def f(x):\n    return x\n\n\ny = f(2)\n# the picture\n{DRAWS};", picture=0)
    nb.cells[1].outputs = PNG
    _, lead, rest = fold(nb).cells
    assert lead.source == "def f(x):\n    return x\n\n\ny = f(2)"
    assert rest.source == f"# the picture\n{DRAWS};"
    assert "hide-input" not in tags(lead)
    assert "hide-input" in tags(rest)
    assert lead.outputs == []
    assert is_picture(rest)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("glue(a=1)", ""),
        ("a = f(1)\nglue(a=a)", ""),
        ("from mi_lab import glue\n\nglue(a=1)", ""),
        ("from mi_lab import KSG, glue\n\na = KSG(1)\nglue(a=a)", "from mi_lab import KSG\n\na = KSG(1)"),
        ("b = 1\nc = 2\nd = 3\ne = 4\nglue(a=b)", "b = 1\nc = 2\nd = 3\ne = 4"),
        ("for k in range(3):\n    a = k\n    print(a)\nglue(a=a)", "for k in range(3):\n    a = k\n    print(a)"),
        ("x = 1\n" + DRAWS, ""),
        ("def g(x):\n    return x\n\n\n" + DRAWS + "\nglue(a=1)", "def g(x):\n    return x"),
        ("def g(a):\n    fig = Figure()\n    return fig", ""),
        ("from mi_lab.plots import band\n\nband(1, 2)", ""),
        ("%load_ext tensorboard", "%load_ext tensorboard"),
        ("t = critic(x, y)  # (n,)", "t = critic(x, y)  # (n,)"),
    ],
)
def test_what_draws_or_glues_is_not_seen(source, seen):
    assert "\n".join(visible_lines(fold(page(source)))) == re.sub(r"\n+", "\n", seen)


@pytest.mark.parametrize("source", ["glue(a=1)", "from mi_lab import glue\n\nglue(a=1)", "a = 1\nglue(a=a)", DRAWS])
def test_no_cell_becomes_empty(source):
    """MyST-NB leaves an empty cell out, with its outputs."""
    assert all(cell.source.strip() for cell in fold(page(source)).cells)


def test_a_tag_leaves_a_cell_alone():
    nb = page(DRAWS)
    nb.cells[0].metadata["tags"] = ["show-input"]
    assert visible_lines(fold(nb)) == DRAWS.splitlines()


def test_many_lines_before_the_first_picture_fold():
    few, many = fold(page("a = 1", "show()", picture=1)), fold(page("a = 1\nb = 2\nc = 3\nd = 4", "show()", picture=1))
    assert len(visible_lines(few)) == 2
    assert visible_lines(many) == []
    assert [cell.source for cell in many.cells] == ["a = 1\nb = 2\nc = 3\nd = 4\n\n\nshow()"], "one fold, not two"


# ---- exercises ----

GRADED = {"nbgrader": {"grade": False, "grade_id": "mi-invariance", "solution": True}}
ANSWER = 'answer = ...  # a letter\n### BEGIN SOLUTION\nanswer = "d"\n### END SOLUTION'


def test_a_choice_has_its_form_first_then_its_hint_then_its_solution():
    nb = new_notebook(cells=[new_markdown_cell("### Exercise\n\n- **a.** x\n\n:::{dropdown} Hint\nThink.\n:::")])
    nb.cells.append(new_code_cell(ANSWER.replace("d", "b"), metadata={"tags": ["practice"]}))
    nb.cells.append(new_code_cell('check("mi-relu", answer)'))
    question, form, hint, solution = page_notebook(nb, "part1/x").cells
    assert question.source.endswith("- **a.** x")
    assert "remove-input" in tags(form)
    assert 'id="check-mi-relu"' in form.outputs[0]["data"]["text/html"]
    assert hint.source.startswith(":::{dropdown} Hint")
    assert solution.source.startswith(":::{dropdown} Solution\n**b.** With chance one half")


def test_a_graded_choice_leaves_neither_stub_nor_answer():
    cells = [new_code_cell(ANSWER, metadata=GRADED), new_code_cell('check("mi-invariance", answer)')]
    (form,) = page_notebook(new_notebook(cells=cells), "part1/x").cells
    text = nbformat.writes(new_notebook(cells=[form]))
    assert "answer = ..." not in text
    assert "SOLUTION" not in text
    assert "this mixes the two variables" not in text.lower()


def test_code_leads_to_the_notebook(monkeypatch):
    cells = [
        new_code_cell("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION", metadata=GRADED),
        new_code_cell(
            'check("mi-table", f)\n### BEGIN HIDDEN TESTS\ncheck("mi-table", f, seed=1)\n### END HIDDEN TESTS'
        ),
    ]
    monkeypatch.delenv("REPOSITORY_URL", raising=False)
    (form,) = with_forms(new_notebook(cells=cells), "part1/01-a").cells
    html = form.outputs[0]["data"]["text/html"]
    assert 'href="../notebooks/part1/01-a.ipynb"' in html
    assert "return 1" not in html
    assert "Colab" not in html
    monkeypatch.setenv("REPOSITORY_URL", "https://github.com/someone/book")
    (form,) = with_forms(new_notebook(cells=cells), "part1/01-a").cells
    assert "colab.research.google.com/github/someone/book" in form.outputs[0]["data"]["text/html"]


def test_what_a_stub_brings_along_stays():
    stub = "from mi_lab import Net\n\nX = draw()  # to train with\ncritic = ...\n### BEGIN SOLUTION\ncritic = Net()\n"
    assert given(stub + "### END SOLUTION") == "from mi_lab import Net\nX = draw()  # to train with"
    assert given("from mi_lab import check\n\n" + ANSWER) == ""
    assert given("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION") == ""


def test_only_the_first_form_of_a_page_brings_the_script():
    cells = [new_code_cell(f'check("{name}", a)') for name in ("mi-relu", "mi-bits", "mi-table")]
    forms = [cell.outputs[0]["data"]["text/html"] for cell in with_forms(new_notebook(cells=cells), "x").cells]
    assert ["<style>" in form for form in forms] == [True, False, False]
    assert ["const attach" in form for form in forms] == [True, False, False]


# ---- how to start ----


def test_without_an_address_the_box_installs_from_the_files(monkeypatch):
    monkeypatch.delenv("REPOSITORY_URL", raising=False)
    monkeypatch.setattr(start, "repository", lambda: ("", "main"))
    monkeypatch.setattr(start, "colab_url", lambda doc: None)
    text = box(("import mi_lab", "0.7 nats"))
    assert re.search(r"^python -m pip install \.$", text, re.M)
    assert "http" not in text
    assert "0.7 nats" in text


def test_with_an_address_the_box_names_it(monkeypatch):
    monkeypatch.setenv("REPOSITORY_URL", "https://github.com/someone/book")
    assert install() == 'python -m pip install "git+https://github.com/someone/book.git@main"'
    assert install().split('"')[1] in first_cell(), "the notebooks' first cell installs the same"
    assert "colab.research.google.com/github/someone/book/blob/main/notebooks/practice.ipynb" in box(None)


def test_the_pages_that_promise_a_number_have_the_box(built_book):
    for doc in ("index", "practice"):
        assert len(PLACE.findall((ROOT / "book" / f"{doc}.md").read_text(encoding="utf-8"))) == 1
        text = (built_book / f"{doc}.html").read_text(encoding="utf-8")
        assert "pip install" in re.sub("<[^>]*>", "", text)
        assert "start-box" not in text


def test_the_first_estimate_prints_what_the_page_says(built_book, tmp_path):
    """What a reader copies out of the box gives, in a fresh Python, what stands under it."""
    (executed,) = (built_book.parent / "executed").glob("practice.*.ipynb")
    code, printed = first_estimate(executed)
    assert printed in with_box("% start-box\n", (code, printed))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == printed


def test_an_unknown_exercise_is_named_with_its_page():
    with pytest.raises(SourceError, match=r"book/part1/x.md: .*'mi-reluu'; did you mean 'mi-relu'"):
        with_forms(page('check("mi-reluu", a)'), "part1/x")
