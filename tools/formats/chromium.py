"""The machine's Chromium with its network cut: it prints the PDF and turns pages into EPUB chapters."""

import shutil
from contextlib import contextmanager

import click

FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
READY = """async () => {
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  document.querySelectorAll('img[loading]').forEach(i => { i.loading = 'eager'; });
  await document.fonts.ready;
  await Promise.all([...document.images].map(i => i.decode().catch(() => {})));
}"""


@contextmanager
def chromium(what: str):
    """Yield a headless browser; ``what`` it makes stands in the message if there is none on this machine."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise click.ClickException(f"{what} is made by Chromium, which is not here: apt-get install chromium.")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()
