"""One stranger's kernel: runs a cell, and always comes back with what happened, whatever the cell does."""

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from secrets import token_bytes

import psutil
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from nbformat.v4 import output_from_msg

from tools.course import nursery, sandbox
from tools.course.settings import Limits

START_SECONDS = 60
GRACE = 3  # seconds that an interrupted cell has before its kernel is ended
REPLY_SECONDS = 5
PATIENCE = 5  # between two looks whether a starting kernel still lives


@dataclass
class Ran:
    """What running a cell came to: its outputs, and why it stopped if it did not end by itself."""

    outputs: list = field(default_factory=list)
    stopped: str = ""  # "", "time", "memory", "output" or "died"
    dead: bool = False  # the kernel is gone
    status: str = ""  # what the kernel's reply says: "ok", "error", or nothing
    raised: str = ""  # and which error
    changed: list[str] | None = None  # what the guard found replaced up to now; None: no guard answered
    changed_now: list[str] = field(default_factory=list)  # and what this very cell replaced


class Kernel:
    """A kernel in the sandbox; use it as a context manager."""

    def __init__(self, limits: Limits, home: Path, package: Path, caches: Path, walled: bool = True):
        self.limits, self.home, self.package, self.caches, self.walled = limits, home, package, caches, walled
        self.process: nursery.Alone | nursery.Forked | None = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def start(self) -> None:
        """Start a fresh kernel and wait until it answers."""
        self.end()
        self.scratch = Path(tempfile.mkdtemp(prefix="mi-home-"))
        for attempt in range(3):  # a source may have died; the third kernel starts alone
            source = (
                nursery.of(self.limits, self.home, self.package, self.caches) if self.walled and attempt < 2 else None
            )
            try:
                self._begin(source)
                break
            except OSError:
                if source is None:
                    raise
                nursery.close()
        self.client = BlockingKernelClient(connection_file=str(self.connection))
        self.client.load_connection_file()
        self.client.start_channels(hb=False, stdin=False)
        end = time.monotonic() + START_SECONDS
        while True:  # until it answers, or has died
            try:
                self.client.wait_for_ready(timeout=PATIENCE)
                return
            except RuntimeError:
                if time.monotonic() > end or not self.process.alive():
                    raise

    def _begin(self, source: "nursery.Nursery | None") -> None:
        """Fork a kernel that has imported everything, or start one that has not."""
        self.sockets = source.folder() if source else Path(tempfile.mkdtemp(prefix="k"))
        self.connection = self.sockets / "connection.json"
        write_connection_file(
            str(self.connection), ip=str(self.sockets / "s"), transport="ipc", key=token_bytes(16).hex().encode()
        )
        if source:
            self.process = source.fork(self.sockets, connection=str(self.connection))
            return
        for item in self.home.iterdir() if not self.walled else ():
            if item.is_file():
                shutil.copy(item, self.scratch)
        argv = sandbox.command(self.limits, self.sockets, self.home, self.package, self.caches, self.walled)
        env = sandbox.environment(self.package, self.caches, str(self.scratch))
        self.process = nursery.Alone(argv, env, self.scratch)

    def end(self) -> None:
        """End the kernel and all its processes at once."""
        if self.process is None:
            return
        with contextlib.suppress(Exception):
            self.client.stop_channels()
        self.process.end()
        self.process = None
        shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def run(self, source: str, seconds: float) -> Ran:
        """Run a cell within the limits."""
        ran, size = Ran(), 0
        deadline = time.monotonic() + seconds
        look = time.monotonic() + 0.25
        request = self.client.execute(source, allow_stdin=False, stop_on_error=False)
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=0.1)
            except Empty:
                message = None
            now = time.monotonic()
            if message and message["parent_header"].get("msg_id") == request:
                kind, content = message["msg_type"], message["content"]
                if kind == "status" and content["execution_state"] == "idle":
                    self._replied(ran, request)
                    return ran
                if kind == "clear_output":
                    ran.outputs = []
                elif kind in ("stream", "display_data", "execute_result", "error"):
                    size += _size(content)
                    if size <= self.limits.output_kb * 1024 or kind == "error" or _is_observation(content):
                        _append(ran.outputs, output_from_msg(message))
                    elif not ran.stopped:
                        ran.stopped, deadline = "output", now + GRACE
                        self.interrupt()
            if now > look:
                look = now + 0.25
                if not self.process.alive():
                    ran.stopped, ran.dead = ran.stopped or "died", True
                    return ran
                if self.memory_mb() > self.limits.memory_mb:
                    ran.stopped = "memory"
                    deadline = now
            if now > deadline:
                if ran.stopped:  # the grace is over, or memory cannot wait
                    ran.dead = True
                    self.end()
                    return ran
                ran.stopped, deadline = "time", now + GRACE
                self.interrupt()

    def _replied(self, ran: Ran, request: str) -> None:
        """Take in what the kernel itself says about the cell: it says so even where an error is kept from sight."""
        deadline = time.monotonic() + REPLY_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = self.client.get_shell_msg(timeout=left)
            except Empty:
                return
            if reply["parent_header"].get("msg_id") == request:
                content = reply["content"]
                ran.status = str(content.get("status", ""))
                ran.raised = f"{content.get('ename', '')}: {content.get('evalue', '')}"[:200]
                if isinstance(content.get("changed"), list):
                    ran.changed = [str(c)[:80] for c in content["changed"][:20]]
                    ran.changed_now = [str(c)[:80] for c in content.get("changed_now", [])[:20]]
                return

    def interrupt(self) -> None:
        """Ask the cell to stop."""
        with contextlib.suppress(Exception):
            self.client.session.send(self.client.control_channel.socket, "interrupt_request", {})

    def memory_mb(self) -> float:
        """Return what the kernel and its children hold."""
        total = 0
        with contextlib.suppress(psutil.Error):
            for process in self.process.counted():
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total / 2**20


def _append(outputs: list, output) -> None:
    last = outputs[-1] if outputs else None
    if last and output.output_type == "stream" == last.output_type and output.name == last.name:
        last.text += output.text
    else:
        outputs.append(output)


def _size(content: dict) -> int:
    data = content.get("data", {})
    return len(content.get("text", "")) + sum(len(str(v)) for v in data.values())


def _is_observation(content: dict) -> bool:
    from mi_lab.teaching.checks.run import OBSERVED

    return OBSERVED in content.get("data", {})
