"""`make release`: the students' files, and the proof that no solution and no hidden test is in them or on the site."""

import html
import re
import zipfile
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from tools.book.source import ROOT
from tools.course.make import make, sources
from tools.course.rebuild import is_solution, nbgrader
from tools.course.settings import Course, CourseError

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


def release(course: Course, source: Path | None, site: Path | None = None) -> list[str]:
    """Bring the course up to date, prove that nothing leaks, pack one archive per assignment; return what was done.

    Raises
    ------
    CourseError
        If a line of a graded solution or of a hidden test stands in a release, in the notebooks or on the built site.
    """
    done = make(course, source)
    site = site or ROOT / "_build" / "html"
    looked = [course.folder("release"), *([] if source else [p for p in (site, ROOT / "notebooks") if p.is_dir()])]
    found = leaks(secrets(sources(source)), looked)
    if found:
        more = f"\n… and {len(found) - 10} more" if len(found) > 10 else ""
        raise CourseError("A solution would leak, nothing was packed:\n" + "\n".join(found[:10]) + more)
    for assignment in course.assignments():
        target = course.folder("packed", f"{assignment}.zip")
        target.parent.mkdir(exist_ok=True)
        files = sorted(p for p in course.folder("release", assignment).rglob("*") if p.is_file())
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                member = zipfile.ZipInfo(path.relative_to(course.folder("release")).as_posix(), (2020, 1, 1, 0, 0, 0))
                archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
        done.append(f"{target}: {len(files)} files.")
    done.append(f"No solution found in {', '.join(str(p) for p in looked)}.")
    return done
