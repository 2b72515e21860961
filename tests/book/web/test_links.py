"""No broken link inside the built site: every address that a page names is a file, every anchor is there."""

import http.server
import json
import threading
import time
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from tools.checks.links import ask, read


@pytest.fixture(scope="module")
def pages(built_book):
    found = {}
    for path in built_book.rglob("*.html"):
        if "_static" not in path.relative_to(built_book).parts:
            found[path] = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return found


def broken(pages: dict) -> list[str]:
    """Return every address inside the site that leads nowhere."""
    anchors = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    lost = []
    for path, page in pages.items():
        for tag in page.find_all(["a", "link", "img", "script"]):
            address = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not address:
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            if not goal.is_file():
                lost.append(f"{path.name}: {address}")
            elif place and goal in anchors and place not in anchors[goal]:
                lost.append(f"{path.name}: {address} has no such place")
    return lost


def test_no_link_inside_is_broken(pages):
    assert len(pages) > 15
    assert broken(pages) == []


def test_the_outside_report_names_what_is_broken(tmp_path):
    line = {"filename": "book/x.md", "lineno": 3, "code": 0, "uri": "https://gone.example/", "info": ""}
    report = tmp_path / "output.json"
    states = [
        ("working", ""),
        ("broken", "404"),
        ("timeout", "slow"),
        ("broken", "429 Client Error"),
        ("redirected", ""),
    ]
    report.write_text("\n".join(json.dumps(line | {"status": s, "info": info}) for s, info in states))
    words = "book/x.md:3: https://gone.example/"
    assert read(report) == ([f"{words} (404)", f"{words} (slow)"], [f"{words} (429 Client Error)"])


class Moody(http.server.BaseHTTPRequestHandler):
    """Answers as the path says: with its number, late, or to GET alone."""

    def do_GET(self):
        word = self.path.strip("/")
        if word == "late":
            time.sleep(3)
        self.send_response(int(word) if word.isdigit() else 200)
        if word == "301":
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self):
        if self.path == "/get-only":
            self.send_response(405)
            self.end_headers()
        else:
            self.do_GET()

    def log_message(self, *args):
        pass


def test_a_server_of_every_mood_is_understood(root, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"http://127.0.0.1:{server.server_address[1]}"
    stage = tmp_path / "stage"
    stage.mkdir()
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    asked = {name: value for name, value in settings.items() if name.startswith("linkcheck_")}
    assert any("doi" in pattern for pattern in asked["linkcheck_ignore"])
    asked |= {"linkcheck_timeout": 1, "linkcheck_rate_limit_timeout": 0, "linkcheck_ignore": [f"{site}/ignored"]}
    (stage / "_config.yml").write_text(yaml.safe_dump({"title": "x", "sphinx": {"config": asked}}))
    (stage / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    moods = ["200", "301", "404", "410", "429", "500", "503", "late", "get-only", "ignored"]
    (stage / "index.md").write_text("# x\n\n" + "\n".join(f"[{mood}]({site}/{mood})" for mood in moods))
    lost, busy = ask(stage, tmp_path / "apart")
    server.shutdown()
    assert [line.split()[1].rsplit("/")[-1] for line in sorted(lost)] == ["404", "410", "500", "late"]
    assert [line.split()[1].rsplit("/")[-1] for line in busy] == ["429"]


def test_a_broken_link_would_be_found(tmp_path):
    page = tmp_path / "x.html"
    page.write_text("x")
    soup = BeautifulSoup('<p id="here"></p><a href="#here"></a><a href="#gone"></a><img src="no.png">', "html.parser")
    assert broken({page: soup}) == ["x.html: #gone has no such place", "x.html: no.png"]
