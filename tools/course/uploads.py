"""Finding what students handed in: ``<student>/<assignment>/<files>``, or a folder as Moodle or Canvas exports it."""

import hashlib
import json
import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

import nbformat

from tools.course.people import Person, Roster, moment, namesakes, of, worksheet
from tools.course.settings import Course, CourseError, write

STAMP = "timestamp.txt"
MOST_BYTES = 20 * 2**20  # of one file
MOST_FILES = 200
MOST_MEMBERS = 5000  # of an archive that holds a whole class
JUNK = re.compile(r"(^|/)(\.ipynb_checkpoints|__MACOSX|__pycache__|\.DS_Store|\.git|\._)")


@dataclass
class Upload:
    """Everything that one student handed in for one assignment (None: not said, to be found out from the content)."""

    student: str
    assignment: str | None
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # for everybody to read
    flags: list[str] = field(default_factory=list)  # for a person to look into
    person: Person | None = None
    refused: str = ""  # why nothing is graded

    @cached_property
    def digest(self) -> str:
        """A hash of all files."""
        total = hashlib.sha256()
        for name in sorted(self.files):
            total.update(name.encode() + b"\0" + hashlib.sha256(self.files[name]).digest())
        return total.hexdigest()[:16]


def find(folder: Path, course: Course, assignments: list[str]) -> list[Upload]:
    """Return what lies in ``folder``; nothing in it is changed, and no link in it is followed.

    Raises
    ------
    CourseError
        If there is no such folder, it is empty, or nothing in it is anybody's submission.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}: SUBMISSIONS must name the folder that holds the submissions.")
    if not _inside(folder):
        raise CourseError(f"{folder} is empty: there is nothing to grade.")
    with tempfile.TemporaryDirectory() as unpacked:
        search = _Search(assignments, Path(unpacked))
        search.folder(folder)
        roster, found = Roster(course), {}
        same = namesakes([person for person, *_ in search.found])
        for person, assignment, take in search.found:
            student, why = roster.find(person, same)
            key = (student or person.own, assignment)
            if key not in found:
                found[key] = Upload(*key, person=person, refused=why)
                if why:
                    found[key].assignment = assignment or "?"
            elif person.late or (person.when and person.when > (found[key].person.when or person.when)):
                found[key].person = person  # several files: the last one's time is the submission's
            take(found[key])
    if not found:
        names = ", ".join(e.name for e in _inside(folder)[:5])
        raise CourseError(
            f"0 submissions in {folder}: it holds {names}. Wanted: Moodle's or Canvas's export, zipped or not, "
            "notebooks, or folders student/assignment/notebook."
        )
    return [u for _, u in sorted(found.items(), key=lambda item: tuple(map(str, item[0])))]


def _inside(folder: Path) -> list[os.DirEntry]:
    return sorted((e for e in os.scandir(folder) if not JUNK.search(e.name)), key=lambda e: e.name)


class _Search:
    """Walks a folder of any known shape and collects (person, assignment or None, what takes the files)."""

    def __init__(self, assignments: list[str], unpacked: Path):
        self.assignments, self.unpacked = assignments, unpacked
        self.found: list[tuple[Person, str | None, Callable[[Upload], None]]] = []

    def add(self, person: Person, assignment: str | None, take: Callable[[Upload], None]) -> None:
        self.found.append((person, assignment, take))

    def folder(self, folder: Path) -> None:
        entries = _inside(folder)
        sheet = {}
        for e in entries:
            if e.name.lower().endswith(".csv") and e.is_file(follow_symlinks=False):
                sheet |= worksheet(Path(e.path))
        for e in entries:
            path, known = Path(e.path), of(e.name, str(folder), sheet)
            if e.is_symlink():
                self.add(Person(e.name), None, _link(e.name))
            elif known and e.is_dir(follow_symlinks=False):
                self.add(known[0], None, partial(_walk, folder=path))
            elif known and known[1]:
                self.add(known[0], None, partial(_take, path=path, name=known[1]))
            elif e.is_dir(follow_symlinks=False):
                if any(of(inner.name) for inner in _inside(path)):  # an export in a folder of its own
                    self.folder(path)
                else:
                    self.student(e)
            elif path.suffix.lower() == ".zip":
                self.archive(path)
            elif ".ipynb" in e.name.lower():
                self.add(Person(path.name.split(".ipynb")[0]), None, partial(_take, path=path, name=e.name))

    def archive(self, path: Path) -> None:
        """Look into an archive at the top: a whole export, or one student's work."""
        inner = self.unpacked / f"{len(list(self.unpacked.iterdir()))}" / path.stem
        box = Upload(path.stem, None)
        _unpack(box, path, path.name, most=MOST_MEMBERS)
        for name, data in box.files.items():
            target = inner / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        tops = {name.split("/")[0] for name in box.files}
        seconds = {tuple(name.split("/")[:2]) for name in box.files}
        shaped = any(len(s) == 2 and s[1] in self.assignments for s in seconds)
        if any(of(t) for t in tops) or any(of(s[1]) for s in seconds if len(s) == 2) or shaped:
            self.folder(inner)
        else:
            self.add(Person(path.stem), None, partial(_give, box=box))

    def student(self, entry: os.DirEntry) -> None:
        """Take a folder ``student/assignment/files`` or ``student/files``."""
        inside, person = _inside(Path(entry.path)), Person(entry.name)
        folders = [e for e in inside if e.is_dir(follow_symlinks=False)]
        known = [e for e in folders if e.name in self.assignments]
        for e in inside:
            path = Path(e.path)
            if e.is_symlink():
                mine = known[0].name if known else e.name if e.name in self.assignments else None
                self.add(person, mine, _link(e.name))
            elif e in folders and (e in known or not known):
                self.add(replace(person, when=_stamp(path)), e.name, partial(_walk, folder=path))
            elif e.is_file(follow_symlinks=False) and e.name != STAMP:
                when = _stamp(Path(entry.path))
                take = partial(_take, path=path, name=e.name)
                self.add(replace(person, when=when), known[0].name if known else None, take)
        if not inside:
            self.add(person, None, lambda upload: None)


def _link(name: str) -> Callable[[Upload], None]:
    return lambda upload: upload.flags.append(f"The file {name} is a symbolic link; it was not followed.")


def _give(upload: Upload, box: Upload) -> None:
    upload.files |= box.files
    upload.notes += box.notes
    upload.flags += box.flags


def _stamp(folder: Path) -> datetime | None:
    """Read the time that nbgrader's exchange, or the instructor, left beside a submission."""
    path = folder / STAMP
    if path.is_symlink() or not path.is_file():
        return None
    return moment(path.read_text(encoding="utf-8", errors="replace")[:100])


def _walk(upload: Upload, folder: Path) -> None:
    for base, folders, files in os.walk(folder, followlinks=False):
        for name in sorted(folders + files):
            path = Path(base, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                upload.flags.append(f"The file {relative} is a symbolic link; it was not followed.")
            elif path.is_file() and relative != STAMP and not JUNK.search(relative):
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


def _unpack(upload: Upload, path: Path, name: str, most: int = MOST_FILES) -> None:
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
                elif member.file_size > MOST_BYTES or len(upload.files) >= most:
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


def keep(upload: Upload, course: Course, assignment: str, received: datetime | None) -> dict:
    """Store what arrived, once and for ever, and return its record: when it was handed in, if anybody knows.

    The platform's stamp counts before what an instructor says (``received``), and that as it was said first.
    """
    folder = course.folder("received", upload.student, assignment, upload.digest)
    record = folder / "received.json"
    entry = {"student": upload.student, "assignment": assignment, "seen": datetime.now(UTC).isoformat("T", "seconds")}
    if record.is_file():
        entry |= json.loads(record.read_text(encoding="utf-8"))
    else:
        for name, data in upload.files.items():
            target = folder / "files" / re.sub(r"[^\w.()/ -]", "_", name).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o444)
        folder.mkdir(parents=True, exist_ok=True)
    stamp = upload.person.when if upload.person else None
    if stamp or (received and not entry.get("handed_in")):
        entry["handed_in"] = (stamp or received).astimezone(UTC).isoformat("T", "seconds")
    write(record, json.dumps(entry))
    return entry
