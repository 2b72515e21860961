"""Finding what students handed in: ``<student>/<assignment>/<files>``, or a folder as Moodle or Canvas exports it."""

import csv
import hashlib
import json
import os
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import nbformat

from tools.course.settings import Course, CourseError

MOODLE = re.compile(r"^(?P<name>.+?)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?$")
CANVAS = re.compile(r"^(?P<name>[^_]+)_(?:LATE_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)$")
MOST_BYTES = 20 * 2**20  # of one file
MOST_FILES = 200
JUNK = re.compile(r"(^|/)(\.ipynb_checkpoints|__MACOSX|__pycache__|\.DS_Store|\.git|\._)")


@dataclass
class Upload:
    """Everything that one student handed in for one assignment (None: not said, to be found out from the content)."""

    student: str
    assignment: str | None
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # for everybody to read
    flags: list[str] = field(default_factory=list)  # for a person to look into

    @cached_property
    def digest(self) -> str:
        """A hash of all files."""
        total = hashlib.sha256()
        for name in sorted(self.files):
            total.update(name.encode() + b"\0" + hashlib.sha256(self.files[name]).digest())
        return total.hexdigest()[:16]


class Roster:
    """The students of ``students.csv`` (id, first_name, last_name, email, lms_id); without the file, anybody."""

    def __init__(self, course: Course):
        path = course.folder("students.csv")
        self.rows: list[dict[str, str]] = []
        self.closed = path.is_file()
        if self.closed:
            with path.open(encoding="utf-8-sig", newline="") as f:
                self.rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(f)]
            if any("id" not in row for row in self.rows):
                raise CourseError(f"{path} needs a column `id`.")

    def find(self, *names: str) -> str | None:
        """Return the id of the student who goes by one of ``names``; None for a stranger."""
        for name in filter(None, names):
            for row in self.rows:
                full = f"{row.get('first_name', '')} {row.get('last_name', '')}"
                known = {row["id"], row.get("lms_id"), row.get("email"), full, " ".join(reversed(full.split(" ", 1)))}
                if _plain(name) in {_plain(k) for k in known if k and k.strip()}:
                    return row["id"]
        return None if self.closed else re.sub(r"[^\w.@-]+", "-", next(filter(None, names))).strip("-.") or "unnamed"


def _plain(name: str) -> str:
    return re.sub(r"[^\w@]+", "", name.casefold())


def find(folder: Path, course: Course, assignments: list[str]) -> list[Upload]:
    """Return what lies in ``folder``; nothing in it is changed, and no link in it is followed.

    Raises
    ------
    CourseError
        If there is no such folder, or it is empty.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}: SUBMISSIONS must name the folder that holds the submissions.")
    entries = sorted((e for e in os.scandir(folder) if not JUNK.search(e.name)), key=lambda e: e.name)
    if not entries:
        raise CourseError(f"{folder} is empty: there is nothing to grade.")
    roster, found = Roster(course), {}

    def upload(names: tuple[str, ...], assignment: str | None) -> Upload:
        student = roster.find(*names)
        key = (student or names[0], assignment)
        if key not in found:
            found[key] = Upload(*key)
            if student is None:
                found[key].notes.append(f"{names[0]} is not in students.csv; nothing was graded.")
                found[key].assignment = found[key].assignment or "?"
        return found[key]

    for entry in entries:
        if entry.is_symlink():
            upload((entry.name,), None).flags.append(f"The file {entry.name} is a symbolic link; it was not followed.")
        elif entry.is_file(follow_symlinks=False):
            if m := CANVAS.match(entry.name):
                _take(
                    upload((m["user"], m["name"]) if roster.closed else (m["name"],), None), Path(entry.path), m["rest"]
                )
        elif m := MOODLE.match(entry.name):
            _walk(upload((m["user"], m["name"]) if roster.closed else (m["name"],), None), Path(entry.path))
        else:
            _student(entry, upload, assignments)
    return [u for _, u in sorted(found.items(), key=lambda item: tuple(map(str, item[0])))]


def _student(entry, upload, assignments: list[str]) -> None:
    inside = sorted((e for e in os.scandir(entry.path) if not JUNK.search(e.name)), key=lambda e: e.name)
    folders = [e for e in inside if e.is_dir(follow_symlinks=False)]
    known = [e for e in folders if e.name in assignments]
    for e in inside:
        if e.is_symlink():
            mine = known[0].name if known else e.name if e.name in assignments else None
            upload((entry.name,), mine).flags.append(f"The file {e.name} is a symbolic link; it was not followed.")
        elif e in known:
            _walk(upload((entry.name,), e.name), Path(e.path))
        elif e.is_file(follow_symlinks=False):
            _take(upload((entry.name,), known[0].name if known else None), Path(e.path), e.name)
        elif not known:
            _walk(upload((entry.name,), e.name), Path(e.path))
    if not inside:
        upload((entry.name,), None)


def _walk(upload: Upload, folder: Path) -> None:
    for base, folders, files in os.walk(folder, followlinks=False):
        for name in sorted(folders + files):
            path = Path(base, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                upload.flags.append(f"The file {relative} is a symbolic link; it was not followed.")
            elif path.is_file() and not JUNK.search(relative):
                _take(upload, path, relative)
            elif not path.is_dir() and not JUNK.search(relative):
                upload.notes.append(f"The file {relative} is no ordinary file; it was left out.")


def _take(upload: Upload, path: Path, name: str) -> None:
    if len(upload.files) >= MOST_FILES:
        upload.notes.append(f"more than {MOST_FILES} files; {name} was left out.")
    elif path.stat().st_size > MOST_BYTES:
        upload.notes.append(f"The file {name} is larger than {MOST_BYTES >> 20} MB; it was left out.")
    elif path.suffix.lower() == ".zip":
        _unpack(upload, path, name)
    else:
        upload.files[name] = path.read_bytes()


def _unpack(upload: Upload, path: Path, name: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                inner = PurePosixPath(member.filename)
                if member.is_dir() or JUNK.search(member.filename):
                    continue
                if inner.is_absolute() or ".." in inner.parts or (member.external_attr >> 28) == 0xA:
                    upload.flags.append(
                        f"The file {name} holds {member.filename}, which points outside; it was left out."
                    )
                elif member.file_size > MOST_BYTES or len(upload.files) >= MOST_FILES:
                    upload.notes.append(f"{member.filename} in {name} is too large; it was left out.")
                else:
                    upload.files[member.filename] = archive.read(member)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError):
        upload.notes.append(f"The file {name} cannot be unpacked.")


def notebook(data: bytes) -> nbformat.NotebookNode | str:
    """Return the notebook in ``data``, whatever its encoding and age, or a few words that say why there is none."""
    text = decoded(data)
    if not text.strip():
        return "is empty"
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return "is no notebook (it is not JSON)"
    if not isinstance(raw, dict) or not isinstance(raw.get("cells", raw.get("worksheets")), list):
        return "is no notebook (it has no cells)"
    raw.setdefault("nbformat", 4)
    raw.setdefault("nbformat_minor", 5)
    raw.setdefault("metadata", {})
    try:
        with warnings.catch_warnings():  # repeated or missing cell ids do not matter here
            warnings.simplefilter("ignore")
            nb = nbformat.reads(json.dumps(raw), as_version=4)
    except Exception:  # nbformat raises many kinds
        return "is no notebook that nbformat can read"
    nb.cells = [cell for cell in nb.cells if isinstance(cell, dict) and "cell_type" in cell]
    for cell in nb.cells:
        source = cell.get("source", "")
        cell.source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = nbformat.NotebookNode()
    return nb


def decoded(data: bytes) -> str:
    """Return ``data`` as text: UTF-8 with or without a mark, UTF-16, UTF-32 or Windows' own."""
    for mark, encoding in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:200]:
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def keep(upload: Upload, course: Course, assignment: str, received: str) -> dict:
    """Store what arrived, once and for ever, and return its record: when it was first seen, and its place."""
    folder = course.folder("received", upload.student, assignment, upload.digest)
    record = folder / "received.json"
    if not record.is_file():
        for name, data in upload.files.items():
            target = folder / "files" / re.sub(r"[^\w.()/ -]", "_", name).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o444)
        folder.mkdir(parents=True, exist_ok=True)
        part = record.with_suffix(".part")
        entry = {"student": upload.student, "assignment": assignment, "received": received}
        part.write_text(json.dumps(entry), encoding="utf-8")
        part.replace(record)
    return json.loads(record.read_text(encoding="utf-8"))
