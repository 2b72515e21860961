"""Where kernels come from: started for one submission alone, or forked from a process that has imported everything.

A kernel's start is two seconds of importing; a fork is a twentieth. A forked kernel has walls of its own within the
sandbox (see ``warm.py``), and none is trusted before a trial copy was seen to stand alone.
"""

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

import psutil

from tools.course import sandbox
from tools.course.settings import Limits

FORK_SECONDS = 120  # the first has to wait for torch, on a busy machine
PATIENCE = 0.2


class Alone:
    """A kernel's process with a sandbox of its own, or with none."""

    def __init__(self, argv: list[str], env: dict[str, str], folder: Path):
        self.started = subprocess.Popen(
            argv, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.process = psutil.Process(self.started.pid)

    def alive(self) -> bool:
        return self.started.poll() is None

    def counted(self) -> list[psutil.Process]:
        """Return the processes whose memory is the submission's."""
        return [self.process, *self.process.children(recursive=True)]

    def end(self) -> None:
        """End it with all that it started."""
        children = []
        with contextlib.suppress(psutil.Error):
            children = self.process.children(recursive=True)
        self.started.kill()
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        self.started.wait()


class Forked:
    """A kernel that was forked: known by the first process of its own world, with which all others end."""

    def __init__(self, pid: int):
        self.process = psutil.Process(pid)

    def alive(self) -> bool:
        with contextlib.suppress(psutil.Error):
            return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        return False

    def counted(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)

    def end(self) -> None:
        with contextlib.suppress(psutil.Error):
            self.process.kill()
            self.process.wait(10)


class Nursery:
    """A process in the sandbox that has imported what answers need, and forks a kernel for each order."""

    def __init__(self, limits: Limits, home: Path, package: Path, caches: Path, warm: str = "torch"):
        self.root = Path(tempfile.mkdtemp(prefix="k"))
        self.count = 0
        argv = sandbox.command(limits, self.root, home, package, caches, True, warm)
        null = subprocess.DEVNULL
        self.started = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=null, stderr=null)
        self.process = psutil.Process(self.started.pid)

    def folder(self) -> Path:
        """Return a new folder that the next copy, and no other, will see."""
        self.count += 1
        folder = self.root / str(self.count)
        folder.mkdir()
        return folder

    def fork(self, folder: Path, **order) -> Forked:
        """Return a copy that sees ``folder``.

        Raises
        ------
        OSError
            If none comes in time, or not with all its walls.
        """
        hello = folder / "hello"
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(hello))
            door.listen(1)
            door.settimeout(PATIENCE)
            self.started.stdin.write(json.dumps({"folder": str(folder), "hello": str(hello)} | order).encode() + b"\n")
            self.started.stdin.flush()
            end = time.monotonic() + FORK_SECONDS
            while True:
                try:
                    guest, _ = door.accept()
                    break
                except TimeoutError:
                    if time.monotonic() > end or self.started.poll() is not None:
                        raise OSError("no copy was made") from None
            with guest:
                guest.settimeout(FORK_SECONDS)
                pid = struct.unpack("3i", guest.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
                if guest.recv(16) != b"ready":
                    raise OSError("a copy could not be walled in")
                try:
                    copy = Forked(pid)
                except psutil.Error as e:
                    raise OSError("a copy died at once") from e
                guest.sendall(b"go")
        hello.unlink()
        return copy

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.started.stdin.close()
        self.started.kill()
        self.started.wait()
        shutil.rmtree(self.root, ignore_errors=True)


_open: dict[tuple, Nursery] = {}  # at most one a worker


def of(limits: Limits, home: Path, package: Path, caches: Path) -> Nursery | None:
    """Return this process's nursery for an assignment, starting it if need be; None where forking isn't trusted."""
    if os.environ.get("MI_LAB_COLD") or not trusted():
        return None
    key = (os.getpid(), str(limits), home, package)
    found = _open.get(key)
    if found and found.started.poll() is None:
        return found
    close()
    _open[key] = Nursery(limits, home, package, caches)
    Finalize(None, close, exitpriority=10)  # a worker of a pool runs no atexit
    return _open[key]


def close() -> None:
    """End this process's nursery."""
    for (pid, *_), nursery in list(_open.items()):
        if pid == os.getpid():  # a parent's nursery is the parent's to end
            nursery.end()
    _open.clear()


@cache
def trusted() -> bool:
    """Tell whether a forked copy stands alone here: its own processes, no powers, nothing in its folders."""
    if not sandbox.available():
        return False
    with tempfile.TemporaryDirectory() as folder:
        rooms = [Path(folder, name) for name in ("home", "package", "fonts")]
        for room in rooms:
            room.mkdir()
        nursery = Nursery(Limits(), *rooms, "nothing")
        try:
            seen = tried(nursery)
        except (OSError, ValueError, KeyError):
            return False
        finally:
            nursery.end()
    return seen == {"number": 2, "others": [], "powers": [""] * 5, "left": []}


def tried(nursery: Nursery, trial: str = sandbox.TRIED) -> dict:
    """Return what a copy saw that ran ``trial`` instead of a kernel."""
    place = nursery.folder()
    copy = nursery.fork(place, trial=trial)
    end = time.monotonic() + FORK_SECONDS
    while copy.alive() and time.monotonic() < end:
        time.sleep(0.01)
    return json.loads((place / "tried.json").read_text(encoding="utf-8"))
