"""Making the course: from the book's Parts, or from a folder of the instructor's own MyST notebooks."""

import filecmp
import hashlib
import json
import secrets
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import SaveCells

from tools.book.export import plain
from tools.book.labels import all_labels
from tools.book.settings import repository
from tools.book.source import Page, SourceError, chapters, read, without_answers
from tools.course.rebuild import nbgrader
from tools.course.rubrics import write_rubrics
from tools.course.settings import MARK, TEMPLATE, Course, CourseError, convert

CONFIG = '''\
"""nbgrader's configuration of this course; written by `make course`, read by nbgrader's own commands and Formgrader."""

c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = ""
c.CourseDirectory.db_url = {db!r}
c.ClearSolutions.code_stub = {{"python": {stub!r}}}
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.Execute.timeout = 60
c.Exchange.root = {exchange!r}
'''


def sources(source: Path | None, by: str = "part") -> dict[str, dict[str, nbformat.NotebookNode | Path]]:
    """Return assignment -> file name -> notebook with its answers (or another file, to be copied).

    Raises
    ------
    CourseError
        If the folder does not hold what an assignment needs.
    """
    try:
        found = _folder(source) if source else _book(by)
    except SourceError as e:
        raise CourseError(str(e)) from e
    seen: dict[str, str] = {}
    for assignment, files in found.items():
        for name, nb in files.items():
            if isinstance(nb, Path):
                continue
            for cell in nb.cells:
                if grade_id := nbgrader(cell).get("grade_id"):
                    where = f"{assignment}/{name}"
                    if grade_id in seen:
                        raise CourseError(f"The grade_id {grade_id!r} stands in {seen[grade_id]} and in {where}.")
                    seen[grade_id] = where
    if not any(
        nbgrader(c) for files in found.values() for nb in files.values() if not isinstance(nb, Path) for c in nb.cells
    ):
        raise CourseError(f"{source or 'The book'} holds no graded cell, so there is nothing to make a course of.")
    return found


def _book(by: str = "part"):
    pages = chapters()
    labels = all_labels(pages)
    found: dict[str, dict] = {}
    for page in pages:
        if page.is_notebook and page.number:
            part, _, name = page.doc.rpartition("/")
            nb = plain(page, labels, with_graded_answers(page.path))
            if not repository()[0]:  # the cell for Colab could only complain, and students can't mend that
                nb.cells = [cell for cell in nb.cells if "colab" not in cell.metadata.get("tags", [])]
            found.setdefault(name if by == "chapter" else part, {})[f"{name}.ipynb"] = nb
    return {part: files for part, files in found.items() if any(nbgrader(c) for nb in files.values() for c in nb.cells)}


def with_graded_answers(path: Path):
    """Read a chapter: graded answers stay for nbgrader to take out, those of practice cells become stubs here."""
    nb = read(path)
    for cell, bare in zip(nb.cells, without_answers(nb).cells, strict=True):
        if not nbgrader(cell):
            cell.source = bare.source
    return nb


def _folder(source: Path):
    if not source.is_dir():
        raise CourseError(f"There is no folder {source}: SOURCE must name the folder of your assignments.")
    found: dict[str, dict] = {}
    pages = []
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if not path.is_file() or any(part.startswith((".", "_")) for part in relative.parts):
            continue
        inside = len(relative.parts) > 1
        assignment, name = (relative.parts[0], "/".join(relative.parts[1:])) if inside else (path.stem, path.name)
        if path.suffix == ".md" and path.read_text(encoding="utf-8").startswith("---\n"):
            page = Page(relative.with_suffix("").as_posix(), None, path)
            pages.append((assignment, page))
        elif path.suffix == ".ipynb":
            found.setdefault(assignment, {})[name] = nbformat.read(path, as_version=4)
        elif inside:
            found.setdefault(assignment, {})[name] = path
    labels = all_labels([page for _, page in pages])
    for assignment, page in pages:
        nb = plain(page, labels, with_graded_answers(page.path))
        nb.cells = [cell for cell in nb.cells if "colab" not in cell.metadata.get("tags", [])]
        found.setdefault(assignment, {})[f"{page.path.stem}.ipynb"] = nb
    if not found:
        raise CourseError(f"{source} holds no assignment: put MyST notebooks into {source}/<assignment>/.")
    return found


def make(course: Course, source: Path | None, by: str = "") -> list[str]:
    """Make the course, or bring an existing one up to date; return what was done, one line each.

    ``by`` says whether an assignment is a ``chapter`` of the book or a ``part``; a course stays with its first choice.

    A folder that holds anything else is left alone. Assignments that have submissions only change as long as their
    graded cells and points stay: marks belong to those.
    """
    if course.root.exists() and not course.exists and any(course.root.iterdir()):
        raise CourseError(f"{course.root} exists and is no course: name another folder, nothing was written.")
    done = []
    with tempfile.TemporaryDirectory() as fresh:
        if course.exists and by and by != course.by:
            raise CourseError(
                f"{course.root} goes by {course.by}: name another COURSE folder for one that goes by {by}."
            )
        by = by or (course.by if course.exists else "part")
        wanted = write(sources(source, by), Path(fresh))
        course.root.mkdir(parents=True, exist_ok=True)
        if not course.exists:
            (course.root / MARK).write_text(
                TEMPLATE.format(seed=secrets.randbelow(10**9), every="true" if source else "false", by=by),
                encoding="utf-8",
            )
        _configure(course)
        for assignment in wanted:
            done.append(_release(course, assignment, Path(fresh, assignment)))
    write_rubrics(course)
    return done


def write(found: dict, folder: Path) -> list[str]:
    """Write the sources of all assignments to ``folder``, laid out as nbgrader wants them."""
    for assignment, files in found.items():
        for name, content in files.items():
            target = folder / assignment / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, target)
            else:
                target.write_text(nbformat.writes(content, indent=1) + "\n", encoding="utf-8")
    return sorted(found)


def _configure(course: Course) -> None:
    from tools.book.source import STUB

    exchange = course.folder("exchange")  # unused, but Formgrader complains about every page without it
    exchange.mkdir(exist_ok=True)
    exchange.chmod(0o777)
    text = CONFIG.format(root=str(course.root), db=course.db_url, stub=STUB, exchange=str(exchange))
    path = course.root / "nbgrader_config.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _release(course: Course, assignment: str, fresh: Path) -> str:
    source, release = course.folder("source", assignment), course.folder("release", assignment)
    if release.is_dir() and source.is_dir() and _equal(fresh, source):
        return f"{assignment}: unchanged."
    with course.gradebook() as gb:
        handed_in = [s for s in gb.assignment_submissions(assignment)] if _known(gb, assignment) else []
    if handed_in and graded_cells(fresh) != graded_cells(source):
        raise CourseError(
            f"{assignment} has {len(handed_in)} graded submissions and its graded cells or points have changed: "
            "name another COURSE folder for the new version, nothing was overwritten."
        )
    _try_out(fresh, assignment)
    if source.is_dir():
        old = course.folder("older", f"{assignment}-{fingerprint(source)}")
        if not old.exists():
            shutil.copytree(source, old)
        shutil.rmtree(source)
    shutil.copytree(fresh, source)
    convert(GenerateAssignment(coursedir=course.coursedir(assignment), config=course.config()))
    due, _ = course.due(assignment)
    with course.gradebook() as gb:
        gb.update_or_create_assignment(assignment, duedate=str(due) if due else None)
    count = len(list(release.glob("*.ipynb")))
    return f"{assignment}: released, {count} notebook{'s' * (count != 1)}, {total_points(source):g} points."


def _try_out(fresh: Path, assignment: str) -> None:
    """Let nbgrader make the release elsewhere first: a source that it refuses must not cost the release that exists."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Course(Path(folder))
        Path(folder, MARK).touch()
        shutil.copytree(fresh, trial.folder("source", assignment))
        converter = GenerateAssignment(coursedir=trial.coursedir(assignment), config=trial.config())
        converter.no_database = True
        converter.preprocessors = [p for p in converter.preprocessors if p is not SaveCells]
        try:
            convert(converter)
        except CourseError as e:
            raise CourseError(f"nbgrader cannot make {assignment}: {_reason(fresh) or e}") from e


def _known(gb, assignment: str) -> bool:
    return assignment in {a.name for a in gb.assignments}


def _equal(a: Path, b: Path) -> bool:
    files = {p.relative_to(a) for p in a.rglob("*") if p.is_file()}
    if files != {p.relative_to(b) for p in b.rglob("*") if p.is_file()}:
        return False
    return all(filecmp.cmp(a / f, b / f, shallow=False) for f in files)


def _reason(source: Path) -> str:
    """Find what nbgrader's own message does not say: the cell, and what is wrong with its metadata."""
    for path in sorted(source.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            data, head = nbgrader(cell), f"{path.name}, the cell {nbgrader(cell).get('grade_id')!r}: "
            if not data:
                continue
            points = data.get("points")
            if data.get("grade") and (not isinstance(points, int | float) or points < 0):
                return f"{head}a graded cell needs points, 0 or more."
            if "AUTOTEST" in cell.source:
                return f"{head}the word AUTOTEST is nbgrader's own; write it differently."
            if cell.source.count("### BEGIN SOLUTION") != cell.source.count("### END SOLUTION"):
                return f"{head}### BEGIN SOLUTION and ### END SOLUTION do not match."
            if cell.source.count("### BEGIN HIDDEN TESTS") != cell.source.count("### END HIDDEN TESTS"):
                return f"{head}### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS do not match."
    return ""


def graded_cells(folder: Path) -> dict[str, float]:
    """Return grade id -> points of an assignment's sources."""
    found = {}
    for path in folder.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if nbgrader(cell).get("grade"):
                found[nbgrader(cell)["grade_id"]] = float(nbgrader(cell)["points"])
    return found


def total_points(folder: Path) -> float:
    return sum(graded_cells(folder).values())


def fingerprint(folder: Path, which: str = "*") -> str:
    """Return a hash of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob(which) if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def state(course: Course, *names: str) -> dict:
    """Read a small JSON record of the course, or nothing."""
    path = course.folder("state", *names)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
