"""Executing the full chapters ahead of Sphinx, once, and keeping the result until something it depends on changes."""

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell
from tqdm import tqdm

from tools.book.source import ROOT, Page, SourceError, read, tags

CELL_SECONDS = 120
SKIP = "skip-execution"


def fingerprint(root: Path = ROOT) -> str:
    """Hash all that a page's numbers depend on besides its own source: ``mi_lab``, the lock and this Python."""
    digest = hashlib.sha256(sys.version.encode())
    files = [*(root / "mi_lab").rglob("*"), root / "requirements.txt", root / "constraints.txt", Path(__file__)]
    for path in sorted(f for f in files if f.is_file() and "__pycache__" not in f.parts):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def kept(page: Page, store: Path, common: str) -> Path:
    """Return where the executed notebook of ``page`` is kept for exactly this code and ``fingerprint``.

    Prose and captions have no say: `with_outputs` puts the outputs back beside whatever the source says now.
    """
    code = [(cell.source, tags(cell)) for cell in read(page.path).cells if cell.cell_type == "code"]
    key = hashlib.sha256(common.encode() + json.dumps(code).encode()).hexdigest()[:16]
    return store / f"{page.doc.replace('/', '.')}.{key}.ipynb"


def with_outputs(page: Page, executed: Path):
    """Return the notebook of ``page`` as its source stands, with the outputs of an execution of the same code.

    An execution of other code (``--only``, an older page) is returned as it was.
    """
    nb, ran = read(page.path), nbformat.read(executed, as_version=4)
    ours, theirs = ([cell for cell in book.cells if cell.cell_type == "code"] for book in (nb, ran))
    if [cell.source for cell in ours] != [cell.source for cell in theirs]:
        return ran
    for cell, done in zip(ours, theirs, strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
    return nb


def execute(pages: list[Page], store: Path, jobs: int = 2, fresh: bool = False) -> dict[str, Path]:
    """Run the notebooks among ``pages`` that are not kept yet, ``jobs`` at a time; return doc -> executed notebook.

    Raises
    ------
    SourceError
        If a cell raises, prints a warning or takes too long; the message names the chapter and the cell.
    """
    store.mkdir(parents=True, exist_ok=True)
    common = fingerprint()
    where = {page.doc: kept(page, store, common) for page in pages if page.is_notebook}
    todo = [page for page in pages if page.doc in where and (fresh or not where[page.doc].exists())]
    if todo:
        failures = asyncio.run(_all(todo, where, store, jobs))
        if failures:
            raise SourceError("\n".join(failures))
    for doc, path in where.items():  # what was kept for an older source has no use
        for old in store.glob(f"{doc.replace('/', '.')}.*.ipynb"):
            if old != path:
                old.unlink()
    return where


async def _all(todo: list[Page], where: dict[str, Path], store: Path, jobs: int) -> list[str]:
    gate, failures = asyncio.Semaphore(jobs), []
    with tqdm(total=len(todo), unit="page", desc="executing") as bar:

        async def one(page: Page) -> None:
            async with gate:
                try:
                    nb = await _run(page, store)
                except SourceError as e:
                    failures.append(str(e))
                else:
                    part = where[page.doc].with_suffix(".part")
                    nbformat.write(nb, part)
                    os.replace(part, where[page.doc])
                bar.set_postfix_str(page.doc)
                bar.update()

        await asyncio.gather(*(one(page) for page in todo))
    return failures


async def _run(page: Page, store: Path):
    nb = read(page.path)
    nb.cells.append(new_code_cell("import time\n\ntime.process_time()"))  # how much of the 45 s of CPU a page takes
    env = os.environ | {"MI_LAB_PAGE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    env.pop("MPLBACKEND", None)
    with tempfile.TemporaryDirectory() as folder:  # logs and files that a chapter writes leave with it
        client = NotebookClient(
            nb,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            skip_cells_with_tag=SKIP,
            shutdown_kernel="immediate",
        )
        try:
            await client.async_execute(env=env, stderr=subprocess.DEVNULL)  # a kernel's own chatter
        except CellExecutionError as e:
            log = store / f"{page.doc.replace('/', '.')}.error.txt"
            log.write_text(re.sub(r"\x1b\[[\d;]*m", "", str(e)), encoding="utf-8")
            what = f"{e.ename}: {e.evalue}".splitlines()[0][:200]
            raise SourceError(f"book/{page.doc}.md: a cell raised {what} (the whole of it: {log}).") from e
        except (CellTimeoutError, DeadKernelError) as e:
            raise SourceError(f"book/{page.doc}.md: {str(e).splitlines()[0]}") from e
    nb.metadata["cpu_seconds"] = float(nb.cells.pop().outputs[0]["data"]["text/plain"])
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" and "allow-stderr" not in tags(cell):
                text = output["text"].strip()[:300]
                raise SourceError(f"book/{page.doc}.md: cell {cell.id!r} printed a warning: {text}")
    return nb
