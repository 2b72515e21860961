"""The builder: keeps what has not changed, notices what has, says in one line what is wrong, loses nothing."""

import shutil
import subprocess
import sys

import nbformat
import pytest
from click.testing import CliRunner

from tools.book import build, execute, source
from tools.book.source import ROOT, Page, SourceError, chapters

HEAD = (
    "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\n"
    "kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n\n# A page\n\n"
)


def page(folder, code, name="page"):
    path = folder / f"{name}.md"
    path.write_text(HEAD + f"```{{code-cell}} ipython3\n{code}\n```\n", encoding="utf-8")
    return Page(name, 1, path)


def test_a_missing_chapter_is_named(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.md").write_text("# x\n")
    (tmp_path / "_toc.yml").write_text("root: index\nparts:\n- chapters:\n  - file: part9/99-none\n")
    with pytest.raises(SourceError, match=r"_toc.yml names 'part9/99-none'.*write it or take the line out"):
        chapters(tmp_path)


def test_the_command_says_it_in_one_line(monkeypatch):
    def missing():
        raise SourceError("_toc.yml names 'x', but book/x.md does not exist.")

    monkeypatch.setattr(build, "chapters", missing)
    result = CliRunner().invoke(build.main, [])
    assert result.exit_code == 1
    assert result.output.strip() == "Error: _toc.yml names 'x', but book/x.md does not exist."


def test_a_chapter_that_raises_or_warns_is_named(tmp_path):
    pages = [page(tmp_path, "1 / 0", "raises"), page(tmp_path, "import warnings\nwarnings.warn('hm')", "warns")]
    with pytest.raises(SourceError) as e:
        execute.execute(pages, tmp_path / "store")
    assert "book/raises.md: a cell raised ZeroDivisionError" in str(e.value)
    assert "book/warns.md: cell" in str(e.value)
    assert "printed a warning" in str(e.value)
    assert not list((tmp_path / "store").glob("*.ipynb"))


def test_an_execution_is_kept_until_its_source_or_the_package_changes(tmp_path, monkeypatch):
    one = page(tmp_path, "import time; print(time.time_ns())")
    kept = execute.execute([one], tmp_path / "store")["page"]
    first = kept.read_bytes()
    assert execute.execute([one], tmp_path / "store")["page"].read_bytes() == first
    monkeypatch.setattr(execute, "fingerprint", lambda: "another mi_lab")
    again = execute.execute([one], tmp_path / "store")["page"]
    assert again.read_bytes() != first
    assert not kept.exists(), "what nothing needs any more is removed"
    other = page(tmp_path, "print('changed')")
    assert b"changed" in execute.execute([other], tmp_path / "store")["page"].read_bytes()


def test_a_changed_word_repeats_no_execution_and_is_shown(tmp_path):
    one = page(tmp_path, "import time; print(time.time_ns())")
    kept = execute.execute([one], tmp_path / "store")["page"]
    output = nbformat.read(kept, as_version=4).cells[-1].outputs
    one.path.write_text(one.path.read_text().replace("# A page", "# Another title"))
    assert execute.execute([one], tmp_path / "store")["page"] == kept
    shown = execute.with_outputs(one, kept)
    assert shown.cells[0].source == "# Another title"
    assert shown.cells[-1].outputs == output
    one.path.write_text(
        one.path.read_text().replace("```{code-cell} ipython3\n", "```{code-cell} ipython3\n:tags: [x]\n")
    )
    assert execute.kept(one, tmp_path / "store", execute.fingerprint()) != kept


def test_the_fingerprint_is_that_of_the_package_and_the_lock(tmp_path):
    for name in ("requirements.txt", "constraints.txt"):
        (tmp_path / name).write_text("x==1\n")
    shutil.copytree(ROOT / "mi_lab", tmp_path / "mi_lab", ignore=shutil.ignore_patterns("__pycache__"))
    prints = {execute.fingerprint(tmp_path)}
    (tmp_path / "constraints.txt").write_text("x==2\n")
    prints.add(execute.fingerprint(tmp_path))
    (tmp_path / "mi_lab" / "teaching" / "pages.py").write_text("# other\n")
    prints.add(execute.fingerprint(tmp_path))
    assert len(prints) == 3


def test_the_page_keeps_outputs_and_practice_answers_but_no_graded_one(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        HEAD + "```{code-cell} ipython3\n:nbgrader: {grade: false, grade_id: g, solution: true}\n"
        "### BEGIN SOLUTION\nprint('shown', 'by the answer')\n### END SOLUTION\n```\n\n"
        "```{code-cell} ipython3\n:tags: [practice]\n### BEGIN SOLUTION\nx = 'folded away'\n### END SOLUTION\n```\n",
        encoding="utf-8",
    )
    kept = execute.execute([Page("page", 1, path)], tmp_path / "store")["page"]
    nb = build.page_notebook(nbformat.read(kept, as_version=4))
    graded, practice = (cell for cell in nb.cells if cell.cell_type == "code")
    assert "print('shown'" not in graded.source
    assert graded.outputs[0]["text"] == "shown by the answer\n"
    assert "folded away" in practice.source
    assert "hide-input" in practice.metadata["tags"]


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_a_python_that_is_too_old_is_told_so(tmp_path):
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexec " + sys.executable + ' "$@"\n')
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    text = (tmp_path / "Makefile").read_text().replace("v = sys.version_info", "v = (3, 9)")
    (tmp_path / "Makefile").write_text(text)
    done = subprocess.run(["make", f"PYTHON={old}", "book"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Python 3.9 is too old: this book needs 3.11 or newer" in done.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_clean_leaves_what_people_made(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    theirs = [
        "submissions/ann/part1/x.ipynb",
        "course/gradebook.db",
        "runs/events",
        "notebooks/mine.ipynb",
        "work/a.ipynb",
    ]
    for name in [*theirs, "_build/html/index.html", "mi_lab/__pycache__/x.pyc"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, check=True)
    assert all((tmp_path / name).exists() for name in theirs)
    assert not (tmp_path / "_build").exists()
    assert not (tmp_path / "mi_lab" / "__pycache__").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_help_lists_every_command(root):
    text = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True).stdout
    names = "book test serve lab notebooks lint format clean course grade release formgrader pdf epub site slides"
    for name in names.split():
        assert f"make {name} " in text


def test_generated_pages_are_known_to_the_table_of_contents():
    assert set(source.GENERATED) <= {page.doc for page in chapters()}


def test_a_formula_keeps_its_marks_and_no_word_moves():
    from docutils.core import publish_doctree

    from tools.book.sphinx_ext import hold_punctuation

    text = "Let :math:`a`. See *this*. It (:math:`b`) is :math:`c`, or :math:`d`. The :math:`k`-th is :math:`e`; *so*."
    tree = publish_doctree(text, settings_overrides={"report_level": 5})
    before = tree.astext()
    hold_punctuation(None, tree, "page")
    assert tree.astext() == before
    held = [span.astext() for span in tree.findall(lambda n: "held" in getattr(n, "attributes", {}).get("classes", []))]
    assert held == ["a.", "(b)", "c,", "d.", "e;"]


def test_a_change_of_look_changes_the_digest(tmp_path, monkeypatch):
    for name in ("book/_static/book.css", "tools/book/sphinx_ext.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(build, "BOOK", tmp_path / "book")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    seen = {build.look()}
    for name in ("book/_static/book.css", "tools/book/sphinx_ext.py"):
        (tmp_path / name).write_text("two")
        seen.add(build.look())
    assert len(seen) == 3
