"""A kernel for a stranger's code: no network, no course folder, empty environment, its own processes, little memory.

With bubblewrap the kernel sees the system and Python read-only and a small scratch folder; without it (no Linux, or
namespaces forbidden) it runs as a plain process in a scratch folder, and the instructor is warned.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from tools.course.settings import Limits

HOME = "/home/student"
WARNING = (
    "bubblewrap does not work here: submissions run WITHOUT a sandbox, so their code can read and change whatever this "
    "account can. Install bubblewrap (apt install bubblewrap), or grade in a virtual machine."
)
PLAIN_TORCH = """\
import sys, types
def _disable_dynamo(fn=None, recursive=True):
    return fn if fn is not None else lambda fn: fn
sys.modules["torch._compile"] = types.ModuleType("torch._compile")
sys.modules["torch._compile"]._disable_dynamo = _disable_dynamo
"""  # torch's first optimiser imports its compiler, a second for each submission, only to leave itself uncompiled
TRIAL = """
import torch
w = torch.ones(2, requires_grad=True)
optimiser = torch.optim.Adam([w])
w.sum().backward(), optimiser.step()
assert float(w[0].detach()) < 1 and "torch._dynamo" not in sys.modules
"""
LAUNCH = """\
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_FSIZE, ({file}, {file}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from ipykernel import kernelapp
sys.argv = ["kernel", *sys.argv[1:]]
kernelapp.launch_new_instance(kernel_class=Guarded)
"""
GUARD = Path(__file__).with_name("guard.py").read_text(encoding="utf-8")


@cache
def available() -> bool:
    """Tell whether bubblewrap starts a process in namespaces of its own here."""
    if shutil.which("bwrap") is None:
        return False
    command = [*_walls(), "--ro-bind", "/", "/", "--", "/bin/true"]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


@cache
def prelude() -> str:
    """Return code that makes this torch start quicker, or nothing where it does not work with this version."""
    trial = [sys.executable, "-c", PLAIN_TORCH + TRIAL]
    return PLAIN_TORCH if subprocess.run(trial, capture_output=True, check=False).returncode == 0 else ""


def _walls() -> list[str]:
    shared = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    return ["bwrap", *shared, "--unshare-cgroup-try", "--die-with-parent", "--new-session"]


def command(limits: Limits, sockets: Path, home: Path, package: Path, caches: Path, walled: bool) -> list[str]:
    """Return the kernel's command line, ``{connection_file}`` left to the kernel manager.

    Parameters
    ----------
    limits : memory is enforced by the kernel's own limits, time and output by whoever talks to it
    sockets : the folder of the connection file and the sockets, the only thing that both sides see
    home : the files the assignment brings along (read-only in the sandbox)
    package : a folder with the ``mi_lab`` that is imported
    caches : matplotlib's font list, made once
    walled : with bubblewrap
    """
    memory = limits.memory_mb * 2**20
    code = prelude() + GUARD + LAUNCH.format(memory=memory, file=2**26)
    launch = [sys.executable, "-P", "-c", code, "-f", "{connection_file}"]
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
    folders = ["--proc", "/proc", "--dev", "/dev", "--size", str(2**28), "--tmpfs", "/tmp"]
    folders += ["--size", str(2**28), "--tmpfs", HOME]
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
