"""`make release`: the students' files, and the proof that no solution and no hidden test is in them or on the site."""

import html
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from mi_lab.teaching.checks.exercise import everything
from tools.book.settings import repository
from tools.book.source import ROOT
from tools.course.make import make, sources
from tools.course.package import wheel
from tools.course.rebuild import is_solution, nbgrader
from tools.course.settings import Course, CourseError
from tools.course.testcells import hidden_checks

README = """\
{name}
======

Open the notebooks in Jupyter, write your answers where it says so, run all cells, save, and hand in the notebooks
(.ipynb) as they are. Cells with tests cannot be changed; cells of your own may be added anywhere.
{install}"""
INSTALL = """
The notebooks import mi_lab, which comes with them:

    python -m pip install {0}

On Colab, upload that file and begin with a cell that says `!pip install {0}`.
"""
SHORTEST = 12  # a shorter line says nothing by itself
TEXTS = {".html", ".ipynb", ".md", ".txt", ".js", ".json", ".py", ".csv", ".inv", ".xml", ".xhtml", ".map"}


def secrets(found: dict) -> dict[str, str]:
    """Return line -> grade id for every line of a graded solution or hidden test.

    A line that also stands in what students are given (a formula of the chapter, an import) is no secret.
    """
    lines: dict[str, str] = {}
    given = ""
    for files in found.values():
        for nb in files.values():
            if isinstance(nb, Path):
                continue
            for cell in nb.cells:
                hidden = _hidden(cell)
                shown = [line for line in cell.source.splitlines() if line.strip() not in hidden]
                given += _bare("\n".join(shown)) + "\n"
                lines |= {line: nbgrader(cell).get("grade_id", "") for line in hidden if len(line) > SHORTEST}
    return {line: name for line, name in lines.items() if _bare(line) not in given}


def _hidden(cell) -> list[str]:
    if not nbgrader(cell):
        return []
    whole = [line.strip() for line in cell.source.splitlines()]
    if is_solution(cell) and nbgrader(cell).get("grade"):
        return [line for line in whole if not line.startswith("###")]
    left = nbformat.from_dict(dict(cell))
    ClearSolutions(enforce_metadata=False).preprocess_cell(left, {"language": "python"}, 0)
    ClearHiddenTests(enforce_metadata=False).preprocess_cell(left, {}, 0)
    kept = {line.strip() for line in left.source.splitlines()}
    return [line for line in whole if line not in kept and not line.startswith("###")]


def leaks(lines: dict[str, str], folders: list[Path]) -> list[str]:
    """Return one sentence for every secret line that is found in a file under ``folders``."""
    found = []
    wanted = {_bare(line): (line, name) for line, name in lines.items()}
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in TEXTS):
            text = _bare(_text(path))
            for bare, (line, name) in wanted.items():
                if bare in text:
                    found.append(f"{path}: holds a line of {name}: {line[:60]!r}.")
    return found


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".html", ".xhtml", ".xml"):
        return html.unescape(re.sub(r"<[^>]+>", "", text)) + html.unescape(text)
    if path.suffix in (".ipynb", ".json", ".js", ".map"):
        return text + text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    return text


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def graded_exercises(found: dict) -> set[str]:
    """Return the exercises of the book that an assignment's points hang on: those must not lie open in the package."""
    return {
        name
        for files in found.values()
        for nb in files.values()
        if not isinstance(nb, Path)
        for cell in nb.cells
        if nbgrader(cell).get("grade")
        for name in [nbgrader(cell)["grade_id"], *(exercise for exercise, _ in hidden_checks(cell.source))]
    } & set(everything())


def answers_in(package: Path, graded: set[str]) -> list[str]:
    """Return one sentence for every graded exercise whose answer lies in a copy of the package."""
    code = "import json, sys\nfrom mi_lab.teaching.checks.exercise import everything\nfound = []\n"
    code += "for name in json.loads(sys.argv[1]):\n    task = everything()[name]\n"
    code += "    held = [k for k in ('answers', 'right', 'rubric', 'mistakes') if getattr(task, k, None)]\n"
    code += "    held += ['value'] if getattr(task, 'value', 0.0) == getattr(task, 'value', 0.0) != 0.0 else []\n"
    code += "    held += ['reasons'] if any(getattr(task, 'reasons', {}).values()) else []\n"
    code += "    found += [f'{name}: {key}' for key in held]\nprint(json.dumps(found))"
    env = {"PYTHONPATH": str(package), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-c", code, json.dumps(sorted(graded))]
    out = subprocess.run(words, capture_output=True, text=True, check=True, env=env, cwd=package).stdout
    return [f"The students' package holds an answer, {words}." for words in json.loads(out)]


def release(course: Course, source: Path | None, site: Path | None = None, by: str = "") -> list[str]:
    """Bring the course up to date, prove that nothing leaks, pack one archive per assignment; return what was done.

    Raises
    ------
    CourseError
        If a line of a graded solution or of a hidden test stands in a release, in the notebooks or on the built site.
    """
    done = make(course, source, by)
    from_sources = sources(source, course.by)
    graded = graded_exercises(from_sources)
    site = site or ROOT / "_build" / "html"
    looked = [course.folder("release"), *([] if source else [p for p in (site, ROOT / "notebooks") if p.is_dir()])]
    found = leaks(secrets(from_sources), looked)
    with tempfile.TemporaryDirectory() as folder:
        wheel_file, open_wheel = wheel(Path(folder), graded), Path(folder, "open")
        with zipfile.ZipFile(wheel_file) as archive:
            archive.extractall(open_wheel)
        found += answers_in(open_wheel, graded)
        package = {f"{wheel_file.name}": wheel_file.read_bytes()}
    if found:
        more = f"\n… and {len(found) - 10} more" if len(found) > 10 else ""
        raise CourseError("A solution would leak, nothing was packed:\n" + "\n".join(found[:10]) + more)
    for assignment in course.assignments():
        target = course.folder("packed", f"{assignment}.zip")
        target.parent.mkdir(exist_ok=True)
        files = sorted(p for p in course.folder("release", assignment).rglob("*") if p.is_file())
        uses = any("mi_lab" in p.read_text(encoding="utf-8") for p in files if p.suffix == ".ipynb")
        extra = {
            "README.txt": README.format(name=assignment, install=INSTALL.format(*package) if uses else "").encode()
        }
        extra |= package if uses else {}
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                member = zipfile.ZipInfo(path.relative_to(course.folder("release")).as_posix(), (2020, 1, 1, 0, 0, 0))
                archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
            for name, data in extra.items():
                member = zipfile.ZipInfo(f"{assignment}/{name}", (2020, 1, 1, 0, 0, 0))
                archive.writestr(member, data, zipfile.ZIP_DEFLATED)
        done.append(f"{target}: {len(files) + len(extra)} files.")
    if not source and not repository()[0]:
        done.append(
            "repository.url in _config.yml is not set: the notebooks have no cell for Colab; README.txt says how."
        )
    done.append(f"No solution found in {', '.join(str(p) for p in looked)}.")
    return done
