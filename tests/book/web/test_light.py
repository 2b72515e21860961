"""Pages are light, readable before their scripts come, and fold, search and copy as promised."""

import gzip
import http.server
import re
import threading
from pathlib import Path

import pytest

from tools.book.light import lighten, subset
from tools.book.source import chapters

pytestmark = pytest.mark.browser
DOCS = [page.doc for page in chapters()]
LIMIT = 1_500_000
# A slow phone connection: 1.6 Mbit/s down, 150 ms to the server and back.
THROTTLE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}


@pytest.fixture(scope="module")
def zipped(built_book):
    """The address of the book served with compression, as any host serves it."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = Path(self.translate_path(self.path))
            if not path.is_file():
                return self.send_error(404)
            data = path.read_bytes()
            packs = path.suffix in {".html", ".css", ".js", ".mjs", ".svg", ".json", ".ipynb"}
            data = gzip.compress(data, 6) if packs else data
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Length", str(len(data)))
            if packs:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            return self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Handler(*a, directory=str(built_book)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize("doc", [*DOCS, "search", "genindex"])
def test_a_page_weighs_little_and_asks_nobody_else(doc, zipped, browser):
    context = browser.new_context()
    page, sizes, urls = context.new_page(), [], []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"]))
    page.on("request", lambda r: urls.append(r.url))
    page.goto(f"{zipped}/{doc}.html", wait_until="networkidle")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    context.close()
    assert sum(sizes) < LIMIT
    assert all(u.startswith((zipped, "data:", "blob:")) for u in urls)


def first_text(doc: str, zipped: str, browser) -> float:
    """Return the seconds after which a phone on the slow connection shows the first text."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, bypass_csp=True)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", THROTTLE)
    page.goto(f"{zipped}/{doc}.html", wait_until="commit")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    seconds = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
    context.close()
    return seconds


@pytest.mark.parametrize("doc", ["index", "part2/07-mine"])
def test_text_is_there_within_a_second_of_a_slow_connection(doc, zipped, browser):
    """The best of five tries: the connection is slow by agreement, a busy machine is not the page's fault."""
    tries = []
    while len(tries) < 5 and min(tries, default=2) >= 1:
        tries.append(first_text(doc, zipped, browser))
    print(f"{doc}: text after {min(tries):.2f} s")
    assert min(tries) < 1


@pytest.mark.parametrize("doc", [*DOCS, "search", "genindex"])
def test_what_any_page_s_text_waits_for_is_a_second_s_load_at_most(doc, built_book):
    """Two round trips and the bytes that it needs: the page up to its first words, the style sheet, no script."""
    text = (built_book / f"{doc}.html").read_text(encoding="utf-8")
    head, body = text.split("<body", 1)
    needed = head + body[: body.index("</h1>", body.index('id="main-content"'))]
    assert not re.findall(r"<script(?=[^>]* src=)(?![^>]*(?:defer|async|module))[^>]*>", needed)
    sheets = re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="([^"?]*)', head)
    assert len(sheets) == 1
    sheet = ((built_book / f"{doc}.html").parent / sheets[0]).read_bytes()
    sent = sum(len(gzip.compress(data, 6)) for data in (needed.encode(), sheet))
    assert 2 * THROTTLE["latency"] / 1000 + sent / THROTTLE["downloadThroughput"] < 1


@pytest.mark.parametrize("doc", DOCS)
def test_the_text_stands_without_scripts(doc, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html", java_script_enabled=False)
    assert page.locator("article h1").is_visible()
    assert len(page.inner_text("article")) > 200


def test_a_proof_opens_by_keyboard(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html")
    proof = page.locator("article details.sd-dropdown").first
    proof.locator("summary").focus()
    page.keyboard.press("Enter")
    assert proof.get_attribute("open") is not None


@pytest.mark.parametrize(("word", "doc"), [("Donsker", "04-donsker-varadhan"), ("NWJ", "06-f-divergences")])
def test_search_finds_the_names_of_formulas(word, doc, book_url, open_page):
    page = open_page(f"{book_url}/search.html?q={word}")
    page.wait_for_selector("#search-results li a")
    page.wait_for_function("!document.querySelector('#search-progress')?.textContent?.includes('Searching')")
    assert any(doc in a for a in page.eval_on_selector_all("#search-results li a", "l => l.map(a => a.href)"))


def test_search_works_from_a_folder(built_book, open_page):
    page = open_page(f"{(built_book / 'search.html').as_uri()}?q=Donsker")
    page.wait_for_selector("#search-results li a")
    assert page.complaints == []


def test_code_can_be_copied(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html", permissions=["clipboard-read", "clipboard-write"])
    cell = page.locator("div.cell_input div.highlight").first
    cell.hover()
    cell.locator("button.copybtn").click()
    page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()").strip() == cell.locator("pre").inner_text().strip()


def test_every_icon_of_the_page_is_in_the_small_font(book_url, open_page):
    page = open_page(f"{book_url}/part2/07-mine.html")
    assert page.complaints == []
    page.evaluate("document.fonts.ready.then(() => true)")
    used = page.evaluate(
        "[...document.fonts].filter(f => f.family.includes('Awesome') && f.status === 'loaded').length"
    )
    assert used >= 1


def test_making_a_site_light_twice_changes_nothing(tmp_path):
    static = tmp_path / "_static"
    (static / "locales" / "fr").mkdir(parents=True)
    (static / "theme.css").write_text('.fa-a:before{content:"\\f001"}.fa-bars:before{content:"\\f0c9"}p{color:red}')
    page = tmp_path / "x.html"
    page.write_text(
        '<script defer src="_static/scripts/fontawesome.js?d=1"></script><i class="fas fa-bars"></i><p>x</p>'
    )
    lighten(tmp_path)
    first = (page.read_text(), (static / "theme.css").read_text())
    assert first == ('<i class="fas fa-bars"></i><p>x</p>', '.fa-bars:before{content:"\\f0c9"}p{color:red}')
    assert not (static / "locales").exists()
    lighten(tmp_path)
    assert (page.read_text(), (static / "theme.css").read_text()) == first


def test_the_small_font_holds_what_it_was_asked_for(tmp_path):
    import matplotlib
    from fontTools.ttLib import TTFont

    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    subset(font, {0x41, 0x42}, tmp_path / "small.woff")
    assert set(TTFont(tmp_path / "small.woff").getBestCmap()) == {0x41, 0x42}
    assert (tmp_path / "small.woff").stat().st_size < font.stat().st_size / 50
