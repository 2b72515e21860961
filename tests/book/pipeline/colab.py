"""Colab's door: a notebook alone in an empty folder, in an environment with what Colab has and not a package more.

`python -m tests.book.pipeline.colab [PART...]` runs every notebook (or those whose name holds a PART) from top
to bottom and prints its seconds.
The first cell is the one that a fork on GitHub gets; only the address in it is a local server.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import nbformat
from packaging.requirements import Requirement

from tools.book.source import ROOT

PRESENT = ["ipykernel", "pip", "setuptools"]  # beside what mi_lab names in pyproject.toml, all of which Colab has
# What Colab's kernel has loaded before the first cell; anywidget asks it to switch its widgets on.
LOADED = """import sys, types
colab = types.ModuleType("google.colab")
colab.output = types.SimpleNamespace(enable_custom_widget_manager=lambda: None)
sys.modules["google.colab"] = colab
import google
google.colab = colab
"""


def closure(names: list[str]) -> set[str]:
    """Return the installed distributions that ``names`` need, themselves included."""
    found, todo = set(), list(names)
    while todo:
        name = todo.pop().lower().replace("_", "-")
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another system
        if name in found:
            continue
        found.add(name)
        wanted = (Requirement(line) for line in needs)
        todo += [r.name for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Colab:
    """A Python environment in ``folder``, a server with the package's repository, and notebooks that name it."""

    def __init__(self, folder: Path):
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
        self.python = folder / "env" / "bin" / "python"
        self.packages = next((folder / "env" / "lib").glob("python*")) / "site-packages"
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for name in closure([*PRESENT, *(Requirement(line).name for line in project["dependencies"])]):
            self._link(distribution(name))
        (self.packages / "sitecustomize.py").write_text(LOADED, encoding="utf-8")
        kernel = folder / "share" / "kernels" / "colab"
        kernel.mkdir(parents=True)
        command = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": "Colab", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        self._serve()
        self.notebooks = self._notebooks()

    def _link(self, dist) -> None:
        for top in {file.parts[0] for file in dist.files or []} - {"..", "__pycache__"}:
            source, target = Path(dist.locate_file(top)), self.packages / top
            if source.exists() and not target.exists():
                target.symlink_to(source)

    def _serve(self) -> None:
        """Serve a bare repository with the package as it stands, as the plain files that git can fetch."""
        source = self.folder / "book"
        shutil.copytree(ROOT / "mi_lab", source / "mi_lab", ignore=shutil.ignore_patterns("__pycache__", "*.part"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        author = ["-c", "user.name=book", "-c", "user.email=book@localhost"]
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*author, "commit", "-qm", "The package"]):
            subprocess.run(["git", *words], cwd=source, check=True)
        site = self.folder / "served"
        subprocess.run(["git", "clone", "-q", "--bare", str(source), str(site / "book.git")], check=True)
        subprocess.run(["git", "update-server-info"], cwd=site / "book.git", check=True)
        handler = functools.partial(_Quiet, directory=str(site))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _notebooks(self) -> dict[str, nbformat.NotebookNode]:
        from tools.book.export import outputs

        settings = {"REPOSITORY_URL": f"http://127.0.0.1:{self.server.server_port}/book", "REPOSITORY_BRANCH": "main"}
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            texts = outputs(Path())
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        return {path.with_suffix("").as_posix(): nbformat.reads(text, as_version=4) for path, text in texts.items()}

    @property
    def environment(self) -> dict[str, str]:
        """What a kernel here is told: no index to install from, nothing of this repository, one thread."""
        own = {"PATH": f"{self.python.parent}:{os.environ['PATH']}", "JUPYTER_PATH": str(self.folder / "share")}
        own |= {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "OMP_NUM_THREADS": "1"}
        dropped = {"PYTHONPATH", "MI_LAB_PAGE", "VIRTUAL_ENV", "MPLBACKEND"}
        return {name: value for name, value in os.environ.items() if name not in dropped} | own

    def fresh(self) -> None:
        """Take mi_lab out of the environment again, if a notebook put it there."""
        for path in self.packages.glob("mi_lab*"):
            shutil.rmtree(path)

    def run(self, doc: str, limit: int = 300) -> nbformat.NotebookNode:
        """Run one notebook in an empty folder, from a fresh environment; return it with its outputs."""
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient

        self.fresh()
        finder = KernelSpecManager(kernel_dirs=[str(self.folder / "share" / "kernels")])
        manager = AsyncKernelManager(kernel_name="colab", kernel_spec_manager=finder)
        with tempfile.TemporaryDirectory(dir=self.folder) as empty:
            nb = nbformat.from_dict(self.notebooks[doc])
            client = NotebookClient(nb, km=manager, timeout=limit, resources={"metadata": {"path": empty}})
            client.execute(env=self.environment, stderr=subprocess.DEVNULL)
        return nb

    def close(self) -> None:
        """Stop the server."""
        self.server.shutdown()


def main(parts: list[str]) -> None:
    """Run the notebooks whose names hold one of ``parts``, or all."""
    with tempfile.TemporaryDirectory() as folder:
        colab = Colab(Path(folder))
        for doc in colab.notebooks:
            if not parts or any(part in doc for part in parts):
                start = time.perf_counter()
                colab.run(doc)
                print(f"{doc}: {time.perf_counter() - start:.0f} s", flush=True)
        colab.close()


if __name__ == "__main__":
    main(sys.argv[1:])
