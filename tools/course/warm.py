"""Runs inside the sandbox, before a stranger's kernel: imports once, then gives each submission a copy of itself.

Each copy gets walls of its own within bubblewrap's: its own processes, mounts, network and memory, and fresh folders to
write to. So two students share what was imported before either's code ran, and nothing that either does.
This text is handed to Python as its program, so it imports nothing of this repository's tools.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import socket
import struct
import sys

NEW = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # mounts, IPC, users, processes, network
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
IMPORTED = (
    "torch",
    "torch._dynamo",
    "torch.optim",
    "numpy",
    "numpy.testing",
    "scipy.special",
    "scipy.stats",
    "mi_lab",
    "mi_lab.laws",
)
IMPORTED += ("mi_lab.trainers", "mi_lab.teaching.checks.exercise", "mi_lab.teaching.checks.probing", "mi_lab.plots")
IMPORTED += ("ipykernel.kernelapp", "ipykernel.ipkernel", "IPython.display", "matplotlib.pyplot", "unittest.mock")
libc = ctypes.CDLL(None, use_errno=True)


def must(result: int, what: str) -> None:
    """Raise where the system refuses: half a wall is none."""
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    words = [word.encode() for word in (source, target, kind)]
    must(libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def below(places: list[str]) -> list[str]:
    """Return what is mounted below these places."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        points = {line.split()[4].encode().decode("unicode_escape") for line in f}
    return sorted(p for p in points if p not in places and any(p.startswith(place + "/") for place in places))


def fresh(places: list[str], kept: list[str], size: int) -> None:
    """Lay an empty folder over each place; what the instructor had mounted there, and ``kept``, is put back."""
    mounted = below(places)
    outer = [p for p in mounted if not any(p.startswith(q + "/") for q in mounted)]  # a mount brings those below it
    held = {path: os.open(path, os.O_PATH) for path in [*outer, *kept]}
    for place in sorted(places, key=len):
        os.makedirs(place, exist_ok=True)
        mount("tmpfs", place, "tmpfs", NO_SUID | NO_DEV, f"size={size},mode=755")
    for path, fd in sorted(held.items()):
        if os.path.isdir(f"/proc/self/fd/{fd}"):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        # the system refuses a mount without those below it, which a stranger's namespace must not lay bare
        mount(f"/proc/self/fd/{fd}", path, "none", BIND | RECURSIVE)
        os.close(fd)


def loopback() -> None:
    """Switch on the copy's own way to itself, as bubblewrap does."""
    with socket.socket() as s:
        request = struct.pack("16sh14x", b"lo", 1)  # IFF_UP
        buffer = ctypes.create_string_buffer(request, 40)
        must(libc.ioctl(s.fileno(), ctypes.c_ulong(0x8914), buffer), "loopback")  # SIOCSIFFLAGS


def powerless() -> None:
    """Give up for good what a new user namespace gave."""
    for power in range(64):
        if libc.prctl(24, power, 0, 0, 0) != 0:  # PR_CAPBSET_DROP; past the last one it refuses
            break
    must(libc.prctl(47, 4, 0, 0, 0), "ambient")  # PR_CAP_AMBIENT_CLEAR_ALL
    must(libc.prctl(38, 1, 0, 0, 0), "no new privileges")
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    must(libc.capset(head, (ctypes.c_uint32 * 6)()), "capset")


def apart(places: list[str], kept: list[str], size: int, hello: str) -> None:
    """Put this process, and what it starts, behind walls of its own; returns in the one that is to be the kernel."""
    user, group = os.getuid(), os.getgid()
    must(libc.unshare(NEW), "unshare")
    for name, words in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as f:
            f.write(words)
    if first := os.fork():
        _, status = os.waitpid(first, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 255)
    os.setsid()  # a signal to "my group" must not leave the walls
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(hello)  # the other end learns our number from the system
        mount("none", "/", "none", RECURSIVE | PRIVATE)
        fresh(places, kept, size)
        mount("proc", "/proc", "proc", READ_ONLY | NO_SUID | NO_DEV | NO_EXEC)
        loopback()
        powerless()
        s.sendall(b"ready")
        s.recv(2)  # until the other end has us in hand: a short life must not end before
    if kernel := os.fork():
        os.closerange(0, 1024)
        while True:  # the first process of its world: buries the dead, and ends with the kernel
            done, status = os.wait()
            if done == kernel:
                os._exit(os.waitstatus_to_exitcode(status) & 255)


def limited(memory: int, file: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def silent() -> None:
    """Leave nothing open that belongs to whoever started us."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.closerange(3, 1024)


def kernel(connection: str, kind: type) -> None:
    """Become an IPython kernel; returns when that ends."""
    from ipykernel import kernelapp

    sys.argv = ["kernel", "-f", connection, "--HistoryManager.enabled=False"]
    kernelapp.launch_new_instance(kernel_class=kind)


def serve(settings: dict, kind: type) -> None:
    """Wait for orders, one line of JSON each, and fork for each of them."""
    for name in IMPORTED if settings["warm"] == "torch" else ():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is shared stays shared
    for line in sys.stdin.buffer:
        order = json.loads(line)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork():
            continue
        try:
            places = [*settings["places"], os.path.dirname(order["folder"])]
            apart(places, [order["folder"]], settings["size"], order["hello"])
            silent()
            limited(settings["memory"], settings["file"])
            os.chdir(settings["home"])
            if "trial" in order:
                exec(order["trial"])
            else:
                sys.modules["numpy"].random.seed()  # else a class would share its luck (Python's own sees to itself)
                sys.modules["torch"].seed()
                kernel(order["connection"], kind)
        finally:
            os._exit(0)


def main(kind: type) -> None:
    settings = json.loads(sys.argv[1])
    if settings["warm"]:
        serve(settings, kind)
    else:
        limited(settings["memory"], settings["file"])
        kernel(settings["connection"], kind)
