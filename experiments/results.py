"""What every long run has: a file that says by which command, commit and machine it was made, never half written."""

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from mi_lab.training.checkpoint import write_atomically

ROOT = Path(__file__).parents[1]
CURVES = ROOT / "mi_lab" / "teaching" / "curves"
PACKAGES = ("numpy", "scipy", "torch", "scikit-learn")


def commit() -> str:
    """Return the commit the working tree stands on, with a + where files differ from it."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True).stdout.strip()
    return name + ("+" if name and changed else "")


def machine() -> dict:
    """Describe the machine and the versions."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": len(getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)),
        "load before": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def about(command: str, **facts) -> dict:
    """Return the head of a result file: how it was made, and what else there is to say."""
    return {"command": command, "commit": commit(), "machine": machine(), **facts}


def finished(progress: Path, fresh: bool = False) -> list:
    """Return what a run that was stopped has left, a line of JSON a part; ``fresh`` forgets it.

    Makes the folder, so that the run can write its next line.
    """
    progress.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        progress.unlink(missing_ok=True)
    return [json.loads(line) for line in progress.read_text().splitlines()] if progress.exists() else []


def write(path: Path, head: dict, indent: int | None = None, **content) -> None:
    """Write a result file in one stroke: a run that is stopped in the middle of writing leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": head, **content}, indent=indent, ensure_ascii=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))
