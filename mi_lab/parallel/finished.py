"""What is finished: a file with a line for each result, which whatever ends the program leaves whole."""

import json
import os
from pathlib import Path
from typing import Any

MARK = b'{"tasks of mi_lab"'  # how a file of finished tasks begins


class Finished:
    """A file of finished tasks: a line that says what they depend on, then one a result; without a path, nothing."""

    def __init__(self, path: str | os.PathLike | None, about: dict):
        self.path = None if path is None else Path(path)
        self.about = json.loads(json.dumps(about, default=str))
        self.results: dict[int, Any] = {}
        self._file = None

    def __enter__(self) -> "Finished":
        if self.path is None:
            return self
        if not self.path.parent.is_dir():
            raise ValueError(f"there is no folder {str(self.path.parent)!r} for {self.path.name!r}: make it first.")
        if self.path.exists() and not self.path.is_file():
            raise ValueError(f"{str(self.path)!r} is no file: name one that may be written.")
        try:
            self._file = open(self.path, "r+b" if self.path.exists() else "x+b", buffering=0)
        except OSError as error:
            raise ValueError(f"{str(self.path)!r} can't be written: {error.strerror}.") from None
        try:
            _lock(self._file, self.path)
            self._read()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, task: int, result: Any) -> None:
        """Write a result at once, so that whatever ends this program leaves it."""
        if self._file is not None:
            self._line({"task": task, "result": result})

    def _line(self, content: dict) -> None:
        line = json.dumps(content).encode() + b"\n"
        try:
            while line:  # a disk that fills up takes a part of it first
                line = line[self._file.write(line) :]
        except OSError as error:  # the disk is full, or the share is gone
            raise OSError(
                f"{str(self.path)!r} can't be written any more ({error.strerror}): what is in it stays, make room and "
                "the same call goes on there."
            ) from None

    def _read(self) -> None:
        """Take over what is there up to the last whole line; begin an empty file."""
        lines = self._file.read().split(b"\n")
        whole = lines[:-1]  # what stands behind the last end of line was cut off in the middle
        if not whole:
            if not (MARK.startswith(lines[-1]) or lines[-1].startswith(MARK)):
                raise ValueError(f"{str(self.path)!r} is another kind of file: it stays as it is, name a new one.")
            self._file.seek(0)
            self._file.truncate()
            self._line({"tasks of mi_lab": self.about})
            return
        try:
            before = json.loads(whole[0])["tasks of mi_lab"]
            self.results = {r["task"]: r["result"] for r in map(json.loads, whole[1:])}
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{str(self.path)!r} is another kind of file: it stays as it is, name a new one."
            ) from None
        if before != self.about:
            names = sorted(k for k in {*before, *self.about} if before.get(k) != self.about.get(k))
            raise ValueError(
                f"{str(self.path)!r} holds results of something else ({', '.join(names)} differ): it stays as it is, "
                "name a new file."
            )
        end = sum(len(line) + 1 for line in whole)
        self._file.seek(end)
        self._file.truncate()


def _lock(file, path: Path) -> None:
    """Let no second program write the same file; what ends this one ends the lock."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ValueError(
            f"{str(path)!r} is being written by another program: wait for it, or name a new file."
        ) from None
