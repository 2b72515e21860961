"""`python -m tools.book.build`: the whole web book from its sources.

sources --execute once--> _build/executed --strip graded answers--> _build/stage --Jupyter Book--> _build/html
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import nbformat
import yaml
from filelock import FileLock
from nbformat.v4 import new_markdown_cell

from tools.book.api import links
from tools.book.execute import execute, with_outputs
from tools.book.exercises import WORDS, with_forms
from tools.book.fold import fold
from tools.book.source import BOOK, GENERATED, ROOT, Page, SourceError, chapters, read, tags, without_answers
from tools.book.start import first_estimate, with_box
from tools.formats.downloads import withdraw

WRITERS = ("sphinx_ext", "formulas", "light", "head", "search", "card", "figures")


def page_notebook(nb, doc: str = ""):
    """Return the notebook that becomes the page: forms for exercises, graded answers out, drawing folded away."""
    nb = without_answers(with_forms(nb, doc), practice=False)
    nb.metadata.pop("cpu_seconds", None)
    nb.cells = [cell for cell in nb.cells if "notebook-only" not in tags(cell)]
    nb = fold(nb)
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)
        cell.metadata.pop("execution", None)
        if kind := cell.metadata.get("slideshow", {}).get("slide_type"):  # for tools.formats.slides
            if cell.cell_type == "code":
                cell.metadata["tags"] = [*tags(cell), f"slide-{kind}"]
            else:
                cell.source = f"<!-- slide: {kind} -->\n\n{cell.source}\n\n<!-- slide: -->"
        if "practice" in tags(cell):
            cell.metadata["tags"] = [*tags(cell), "hide-input"]
            cell.metadata.setdefault("mystnb", {}).update(WORDS)
    return nb


def write(path: Path, text: str) -> None:
    """Write ``text`` if it differs from what is there: Sphinx rebuilds what has a new date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def stage(pages: list[Page], executed: dict[str, Path], folder: Path) -> None:
    """Lay out what Jupyter Book reads: executed pages, plain pages, figures, contents, bibliography."""
    wanted, estimate = set(), first_estimate(executed.get("practice"))
    for page in pages:
        target = folder / f"{page.doc}{'.ipynb' if page.doc in executed else GENERATED.get(page.doc, '.md')}"
        wanted.add(target)
        if page.doc in executed:
            nb = page_notebook(with_outputs(page, executed[page.doc]), page.doc)
            for cell in nb.cells:
                cell.source = with_box(cell.source, estimate) if cell.cell_type == "markdown" else cell.source
            if page.number and (text := links(page)):
                nb.cells.append(new_markdown_cell(text, id="from-the-package"))
            write(target, nbformat.writes(nb))
        elif page.doc not in GENERATED:
            write(target, with_box(page.path.read_text(encoding="utf-8"), estimate))
        else:
            write(target, generated(page.doc))
    for path in BOOK.rglob("*"):
        if path.is_file() and path.suffix in {".svg", ".png", ".css", ".js", ".mjs", ".html", ".csv", ".json"}:
            target = folder / path.relative_to(BOOK)
            wanted.add(target)
            if not target.exists() or target.read_bytes() != path.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    toc["parts"] = [part for part in toc["parts"] if part.get("chapters")]
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    for name, text in {
        "_toc.yml": yaml.safe_dump(toc, allow_unicode=True, sort_keys=False),
        "_config.yml": yaml.safe_dump(settings, allow_unicode=True, sort_keys=False),
        "references.bib": (ROOT / "references.bib").read_text(encoding="utf-8"),
    }.items():
        write(folder / name, text)
        wanted.add(folder / name)
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


def generated(doc: str) -> str:
    """Return the text of a page that is made from the sources: the ledger, the package, the index of exercises."""
    if doc == "api":
        from tools.book.api import page

        return page()
    if doc == "ledger":
        from tools.book.ledger import page

        return page(BOOK, ROOT / "tests")
    from tools.book.indexes import exercises_page

    return exercises_page(BOOK)


def as_they_are(pages: list[Page], executed: dict[str, Path], store: Path) -> dict[str, Path]:
    """Return, for the notebooks that were not asked for, an older execution or the bare notebook."""
    others = {}
    for page in pages:
        if page.is_notebook and page.doc not in executed:
            name = page.doc.replace("/", ".")
            others[page.doc] = next(store.glob(f"{name}.*.ipynb"), store / f"{name}.bare")
            if others[page.doc].suffix == ".bare":
                nbformat.write(read(page.path), others[page.doc])
    return others


def look() -> str:
    """Return a digest of what changes every page: styles, scripts, and what Sphinx calls when it writes one."""
    files = sorted((BOOK / "_static").glob("*.*")) + [ROOT / "tools" / "book" / f"{name}.py" for name in WRITERS]
    files.append(ROOT / "tools" / "book" / "formulas.mjs")
    return hashlib.sha256(b"".join(p.read_bytes() for p in files if p.is_file())).hexdigest()


def sphinx(folder: Path, out: Path, strict: bool = True, everything: bool = False) -> None:
    """Run Jupyter Book over the stage, warnings as errors if ``strict``, on pages that haven't changed if told to.

    Raises
    ------
    SourceError
        With the warnings, if there are any.
    """
    if find_spec("jupyter_book") is None:
        raise SourceError("jupyter-book is not installed in this Python: run `make book`, or activate .venv first.")
    command = [
        sys.executable,
        "-c",
        "import tools; from jupyter_book.cli.main import main; main()",
        "build",
        str(folder),
    ]
    command += [
        "--path-output",
        str(out),
        "-q",
        *(["--all"] if everything else []),
        *(["-W", "-n", "--keep-going"] if strict else []),
    ]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    text = (done.stdout + done.stderr).replace(str(folder), "book")
    found = [line for line in text.splitlines() if "WARNING" in line or "ERROR" in line]
    if done.returncode:
        raise SourceError("Jupyter Book found mistakes:\n" + "\n".join(found or text.splitlines()[-25:]))
    if found:
        click.echo("\n".join(found))


@click.command()
@click.option("--jobs", default=2, show_default=True, help="Notebooks executed at a time.")
@click.option("--fresh", is_flag=True, help="Execute every chapter again, whatever is kept.")
@click.option("--only", multiple=True, metavar="DOC", help="While writing: execute just this page (part2/07-mine).")
@click.option("--out", default=ROOT, type=click.Path(path_type=Path), help="The folder in which _build is made.")
def main(jobs: int, fresh: bool, only: tuple[str, ...], out: Path) -> None:
    """Build the web book: execute what changed, strip graded answers, render, with warnings as errors."""
    out = out.resolve() / "_build"
    out.mkdir(parents=True, exist_ok=True)
    try:
        pages = chapters()
        if unknown := set(only) - {page.doc for page in pages}:
            raise SourceError(f"--only: {', '.join(sorted(unknown))} is not in _toc.yml.")
        with FileLock(out / ".lock"):
            run = [page for page in pages if not only or page.doc in only]
            executed = execute(run, out / "executed", jobs, fresh)
            if only:
                executed |= as_they_are(pages, executed, out / "executed")
            stage(pages, executed, out / "stage")
            now, kept = look(), out / ".look"
            same = kept.exists() and kept.read_text(encoding="utf-8") == now
            sphinx(out / "stage", out.parent, strict=not only, everything=not same)
            kept.write_text(now, encoding="utf-8")
            withdraw(out / "html")
    except SourceError as e:
        raise click.ClickException(str(e)) from e
    click.echo(f"The book is built. Open {(out / 'html' / 'index.html').as_uri()}")


if __name__ == "__main__":
    main()
