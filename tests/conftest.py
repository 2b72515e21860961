"""What many tests share: the built book, served to a Chromium whose network is cut."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from standin import accelerator  # noqa: F401  (the devices that tests run on)

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
INSTALL = "no Chromium on this machine; on Debian: apt-get install chromium"
LEFT = "net::ERR_ABORTED"
# Name look-ups fail, as on a train: only the loopback address answers.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def built_book(tmp_path_factory) -> Path:
    """The folder of the built site, built once for a whole test run (seconds where nothing changed)."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    stamp = ROOT / "_build" / ".tested"
    stamp.parent.mkdir(exist_ok=True)
    with FileLock(stamp.with_suffix(".lock")):
        if not stamp.exists() or stamp.read_text() != run:
            done = subprocess.run(
                [sys.executable, "-m", "tools.book.build"], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            stamp.write_text(run)
    return ROOT / "_build" / "html"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def serve():
    """Function: serve a folder on a free loopback port, return its address; all servers end with the session."""
    servers = []

    def start(folder: Path) -> str:
        handler = functools.partial(_Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()


@pytest.fixture(scope="session")
def book_url(built_book, serve) -> str:
    """The address of the built book, served from its folder."""
    return serve(built_book)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium with its network cut; gone with the module, since its event loop admits no other."""
    if CHROMIUM is None:
        pytest.skip(INSTALL)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def visit(browser):
    """Function: open an address; the page it returns has ``.complaints``, what failed or was written to the console,
    and ``.asked``, the addresses that it asked for.  Who opens it closes its ``.context``, or the module does.
    """
    contexts = []

    def opened(url: str, width: int = 1280, height: int = 900, dark: bool = False, **options):
        scheme = "dark" if dark else "light"
        # Waiting for a function evaluates a string, which the pages' own policy forbids; tests/book/web/test_pages.py
        # and test_policy.py open them with the policy in force.
        options = {"bypass_csp": True} | options
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("request", lambda r: page.asked.append(r.url))
        page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: page.complaints.append(f"error: {e}"))
        # what a reader leaves behind unfinished by going to another page has not failed
        page.on("requestfailed", lambda r: r.failure == LEFT or page.complaints.append(f"failed: {r.url}"))
        page.on("response", lambda r: r.status >= 400 and page.complaints.append(f"{r.status}: {r.url}"))
        page.goto(url, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(visit):
    """Function: `visit` for one test, after which the pages are closed."""
    pages = []

    def opened(url: str, *args, **options):
        pages.append(visit(url, *args, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()
