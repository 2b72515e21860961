"""A kernel for a stranger's code: no network, no course folder, empty environment, its own processes, little memory.

With bubblewrap the kernel sees the system and Python read-only and a small scratch folder; without it (no Linux, or
namespaces forbidden) it runs as a plain process in a scratch folder, and the instructor is warned.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from tools.course.settings import Limits

HOME = "/desk"  # where the kernel works, in a world of its own
WARNING = (
    "bubblewrap does not work here: submissions run WITHOUT a sandbox, so their code can read and change whatever this "
    "account can. Install bubblewrap (apt install bubblewrap), or grade in a virtual machine."
)
BEGIN = "\nmain(Guarded)\n"
TRIED = """
import json, os
found = {"number": os.getpid(), "others": [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 2]}
found["powers"] = [line.split()[1].strip("0") for line in open("/proc/self/status") if line.startswith("Cap")]
found["left"] = [name for name in os.listdir("/tmp") if name not in ("mpl",) and not os.path.isdir("/tmp/" + name)]
open(order["folder"] + "/tried.json", "w").write(json.dumps(found))
"""  # what a forked copy sees of the world, before anybody trusts it
PROGRAM = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("guard.py", "warm.py")]
SIZE = 2**28  # of each folder that a submission may write to


@cache
def available() -> bool:
    """Tell whether bubblewrap starts a process in namespaces of its own here."""
    if shutil.which("bwrap") is None:
        return False
    command = [*_walls(), "--ro-bind", "/", "/", "--", "/bin/true"]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def _walls() -> list[str]:
    shared = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    return ["bwrap", *shared, "--unshare-cgroup-try", "--die-with-parent", "--new-session"]


def command(
    limits: Limits, sockets: Path, home: Path, package: Path, caches: Path, walled: bool, warm: str = ""
) -> list[str]:
    """Return the command line of a kernel, or of a process that gives a warmed-up kernel to each who asks.

    Parameters
    ----------
    limits : memory is enforced by the kernel's own limits, time and output by whoever talks to it
    sockets : the folder of the connection file and the sockets, the only thing that both sides see
    home : the files the assignment brings along (read-only in the sandbox)
    package : a folder with the ``mi_lab`` that is imported
    caches : matplotlib's font list, made once
    walled : with bubblewrap
    warm : "torch": import it first and fork for each order that comes in; "nothing": fork only; needs walls
    """
    settings = {"memory": limits.memory_mb * 2**20, "file": 2**26, "size": SIZE, "home": HOME, "warm": warm}
    settings |= {"places": ["/tmp", HOME, "/dev/shm"], "connection": str(sockets / "connection.json")}
    code = "".join(PROGRAM) + BEGIN
    launch = [sys.executable, "-P", "-c", code, json.dumps(settings)]
    if not walled:
        return launch
    seen = [
        "/usr",
        "/lib",
        "/lib64",
        "/lib32",
        "/bin",
        "/sbin",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/mime.types",
    ]
    python = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), str(Path(sys.executable).resolve().parent)}
    binds = [word for path in seen for word in ("--ro-bind-try", path, path)]
    # a copy mounts its own view of its own processes, which the system allows only over a whole one
    folders = ["--bind", "/proc", "/proc"] if warm else ["--proc", "/proc"]
    for place in ("/tmp", HOME):
        folders += ["--size", str(SIZE), "--tmpfs", place]
    folders += ["--dev", "/dev", "--size", str(SIZE), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    # after the fresh /tmp: the project itself may lie there
    folders += [word for path in sorted(python) if not path.startswith("/usr") for word in ("--ro-bind", path, path)]
    for item in sorted(home.iterdir()):
        folders += ["--ro-bind", str(item), f"{HOME}/{item.name}"]
    for item in sorted(caches.iterdir()):
        folders += ["--ro-bind", str(item), f"/tmp/mpl/{item.name}"]
    folders += ["--ro-bind", str(package), str(package), "--bind", str(sockets), str(sockets)]
    folders += ["--remount-ro", "/", "--chdir", HOME, "--clearenv"]
    settings = [word for k, v in environment(package, "/tmp/mpl", HOME).items() for word in ("--setenv", k, v)]
    return [*_walls(), *binds, *folders, *settings, "--", *launch]


def environment(package: Path, caches: Path | str, home: str) -> dict[str, str]:
    """Return all of the kernel's environment: nothing of the instructor's is passed on."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(package),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "MI_LAB_GRADING": "1",
        "MPLCONFIGDIR": str(caches),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PIP_NO_INDEX": "1",  # `!pip install` fails at once instead of waiting for a network
        "TQDM_DISABLE": "1",
        "TERM": "dumb",
    }


def caches(target: Path) -> Path:
    """Let matplotlib make its list of fonts once: a fresh kernel would need seconds for it."""
    if not list(target.glob("fontlist*.json")):
        target.mkdir(parents=True, exist_ok=True)
        env = os.environ | {"MPLCONFIGDIR": str(target)}
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], env=env, check=False)
    return target
