"""The reader's own table, on a page of the book: read, estimated and shuffled by the browser alone.

``core.mjs`` holds the estimators, ``read.mjs`` makes columns of text (cut into cells by Papa Parse, in ``vendor``),
``worker.mjs`` runs both beside the page, ``page.mjs`` shows.  tools/book/head.py gives the page that holds this block a
stricter policy: its scripts may connect to nothing.
"""

import re
from functools import cache
from html import escape
from importlib.resources import files

from mi_lab.teaching.sliders.block import SCRIPT, SHEET, inline, json_text

WORKER = "vendor/papaparse.min.js", "core.mjs", "read.mjs", "worker.mjs"
CONTROL = {
    "header": ("First row", {"guess": "as it looks", "yes": "names", "no": "no names"}),
    "decimal": ("Numbers", {"guess": "as they look", "point": "1.5", "comma": "1,5"}),
}


@cache
def text(name: str) -> str:
    """Return a file that lies beside this module."""
    return (files(__package__) / name).read_text("utf-8")


@cache
def worker() -> str:
    """Return the program that runs beside the page: one plain script, whose parts export nothing."""
    return "\n".join(re.sub(r"^export ", "", text(name), flags=re.M) for name in WORKER)


def example() -> dict[str, str]:
    """Return the wines of scikit-learn (178 bottles, three cultivars) as CSV, with the name that is shown."""
    from sklearn.datasets import load_wine

    data = load_wine(as_frame=True)
    table = data.data.rename(columns={"od280/od315_of_diluted_wines": "od280_od315"})
    table.insert(0, "cultivar", [str(data.target_names[c]).replace("class_", "cultivar ") for c in data.target])
    return {"name": "The example, 178 wines", "text": table.to_csv(index=False)}


def _choice(name: str) -> str:
    label, options = CONTROL[name]
    inner = "".join(f'<option value="{value}">{escape(words)}</option>' for value, words in options.items())
    return f'<label>{label} <select data-part="{name}" disabled="disabled">{inner}</select></label>'


MARKUP = """
<p class="mi-dead">This part of the page needs a browser that runs its script. In Python,
<code>mi_lab.estimate(x, y)</code> does the same.</p>
<div class="mi-alive">
<div class="mi-drop" data-part="drop">
<p class="mi-line"><label>A file with your table (CSV) <input type="file" data-part="file" disabled="disabled"
accept=".csv,.tsv,.txt,.dat,.data,text/*"/></label> <span>or drop it here</span></p>
<details><summary>Paste a table</summary>
<label for="mi-paste">Cells with commas, semicolons or tabs between them</label>
<textarea id="mi-paste" data-part="text" spellcheck="false"></textarea>
<p><button type="button" data-part="paste" disabled="disabled">Read what is pasted</button></p></details>
<p class="mi-line"><button type="button" data-part="example" disabled="disabled">
Take the example: 178 wines</button></p>
<details><summary>How to read it</summary>
<p class="mi-line">CHOICES
<label>Also missing <input data-part="missing" size="12" placeholder="-200 -9999" autocomplete="off"
disabled="disabled"/></label></p></details>
</div>
<div class="mi-line" data-part="progress" hidden="hidden"><span data-part="doing"></span>
<progress data-part="bar" max="1" aria-label="Done so far"></progress>
<button type="button" data-part="stop">Stop</button></div>
<p class="mi-trouble" data-part="trouble" role="alert"></p>
<p class="mi-say" data-part="say" role="status"></p>
<div class="mi-full">
<h2>What was read</h2>
<p data-part="read"></p>
<ul data-part="notes"></ul>
<details><summary data-part="kinds">Columns and their kinds</summary>
<div class="mi-wide" tabindex="0" role="region" aria-label="Columns and their kinds"><table>
<thead><tr><th scope="col">column</th><th scope="col">kind</th>
<th scope="col">different</th><th scope="col">missing</th></tr></thead>
<tbody data-part="columns"></tbody></table></div></details>
<div data-part="results">
<h2>All pairs</h2>
<p>Mutual information in nats; the darker, the more. Choose a cell, with the arrow keys and Enter if you like.</p>
<div class="mi-wide mi-matrix" tabindex="0" role="region" aria-label="All pairs">
<table><tbody data-part="matrix"></tbody></table></div>
<h3>The strongest</h3>
<ol data-part="strongest"></ol>
<h2>One pair</h2>
<p class="mi-line"><label>x <select data-part="x"></select></label> <label>y <select data-part="y"></select></label></p>
<p data-part="estimate"></p>
<div data-part="picture"></div>
<p class="mi-line"><button type="button" data-part="shuffle" disabled="disabled">How much does chance give?</button>
<label>shuffles of y <select data-part="times"><option>199</option><option>999</option></select></label></p>
<p data-part="chance"></p>
<div data-part="shuffled"></div>
</div>
</div>
</div>
"""


class YourTable:
    """The block as a notebook's output: HTML with its style, its data and its module, alive without a kernel."""

    def _repr_html_(self) -> str:
        body = MARKUP.replace("CHOICES", " ".join(map(_choice, CONTROL)))
        return (
            '<div class="mi-table" role="group" aria-label="Your own table">'
            f"<style>{inline(text('table.css'), SHEET)}</style>{body}"
            f'<script type="application/json">{json_text({"worker": worker(), "example": example()})}</script>'
            f'<script type="module">{inline(text("page.mjs"), SCRIPT)}</script></div>'
        )
