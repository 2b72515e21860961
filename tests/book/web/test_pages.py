"""Every built page in a real browser whose network is cut: no failed request, no complaint, mathematics typeset."""

import pytest

from tools.book.source import chapters

pytestmark = pytest.mark.browser
DOCS = [page.doc for page in chapters()]
WIDTHS = 360, 768, 1280
# What a page shows that it should not: a formula that was not typeset or not understood, an error, a missing text.
FAULTS = r"""() => {
  const all = selector => [...document.querySelectorAll(selector)].map(e => e.outerHTML.slice(0, 120));
  const text = document.querySelector('main').innerText;
  return [
    // A formula is read aloud by its MathML.
    ...all('.math:not(:has(mjx-container))'), ...all('mjx-container:not(:has(mjx-assistive-mml math))'),
    ...all('mjx-merror, [data-mjx-error]'), ...all('img:not([alt])'),
    // An empty text is right only for the lower layer of an explorer's picture, whose upper layer is described.
    ...all("article img[alt='']:not(.mi-image)"),
    ...['\\(', '\\[', 'Traceback (most recent call last)'].filter(words => text.includes(words)),
    ...[...document.images].filter(i => i.complete && !i.naturalWidth && !i.src.endsWith('.svg')).map(i => i.src),
  ];
}"""

# Formulas and code that are wider than the column of a laptop: there nobody should have to scroll sideways.
CUT = """() => {
  const all = selector => [...document.querySelectorAll(`article ${selector}`)];
  const too = (e, need, room) => room && need > room ? [`${need} > ${room}: ${e.textContent.slice(0, 90)}`] : [];
  const box = f => f.hasAttribute('display') ? f : f.closest('p, li, td, dd, div, figcaption');
  return [
    ...all('mjx-container').flatMap(f => too(f, f.firstElementChild.offsetWidth, box(f).clientWidth)),
    ...all('pre').flatMap(e => too(e, e.scrollWidth, e.clientWidth)),
  ];
}"""
AS_WRITTEN = {"ledger", "api"}  # the tests' and the package's own lines


@pytest.mark.parametrize("doc", [*DOCS, "search", "genindex"])
def test_a_page_shows_itself_whole_at_every_width_asking_nobody_else(doc, book_url, open_page):
    page = open_page(f"{book_url}/{doc}.html", width=WIDTHS[0], height=740, bypass_csp=False)
    assert page.locator("article details[open]").count() == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator(f"html[data-theme={scheme}]").wait_for(state="attached")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(FAULTS) == []
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{doc} is {wide} px wide on a screen of {width}"
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for scheme in ("dark", "light"):  # each has figures of its own
        page.emulate_media(color_scheme=scheme)
        page.evaluate("document.querySelectorAll('[loading=lazy]').forEach(i => i.scrollIntoView())")
        page.wait_for_load_state("networkidle")
        assert page.evaluate(FAULTS) == []
        assert doc in AS_WRITTEN or page.evaluate(CUT) == []
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith((book_url, "data:", "blob:"))] == []


def test_a_page_with_faults_would_be_seen(book_url, open_page):
    page = open_page(f"{book_url}/colophon.html", bypass_csp=False)
    page.evaluate(r"""document.querySelector('article').insertAdjacentHTML('beforeend', String.raw`<p>\(x\)</p>
      <span class="math">x</span><img src="no.png"><img alt="" src="http://192.0.2.1/x.png">`)""")
    page.wait_for_load_state("networkidle")
    assert len(page.evaluate(FAULTS)) >= 4
    page.evaluate("document.querySelector('article').insertAdjacentHTML('beforeend', `<pre>${'x'.repeat(200)}</pre>`)")
    assert len(page.evaluate(CUT)) == 1
    assert len(page.complaints) >= 2
    assert any("192.0.2.1" in url for url in page.asked + page.complaints)


@pytest.mark.parametrize("doc", DOCS)
def test_a_page_opens_from_a_folder(doc, built_book, open_page):
    page = open_page((built_book / f"{doc}.html").as_uri(), bypass_csp=False)
    assert page.complaints == []
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0


def test_the_front_page_is_the_site_s_first(book_url, open_page):
    page = open_page(f"{book_url}/")
    assert page.inner_text("h1").startswith("Estimating mutual information")


def test_the_notebook_of_each_chapter_can_be_downloaded(book_url, open_page, built_book):
    for page in chapters():
        if page.has_notebook:
            assert (built_book / "notebooks" / f"{page.doc}.ipynb").is_file()
            opened = open_page(f"{book_url}/{page.doc}.html")
            link = opened.locator("a[href$='.ipynb']").first
            address = link.evaluate("a => a.href")
            assert address == f"{book_url}/notebooks/{page.doc}.ipynb"


@pytest.mark.parametrize("doc", [page.doc for page in chapters() if page.is_notebook])
def test_a_chapter_keeps_within_its_45_seconds_of_cpu(doc, built_book):
    import nbformat

    (kept,) = (built_book.parent / "executed").glob(f"{doc.replace('/', '.')}.*.ipynb")
    assert nbformat.read(kept, as_version=4).metadata["cpu_seconds"] < 45


def test_on_a_phone_a_formula_is_set_a_little_smaller_before_it_scrolls(book_url, open_page):
    page = open_page(f"{book_url}/part1/02-samples-of-the-product.html", width=360, height=740)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.wait_for_function("document.querySelector('mjx-container.broad[data-wide]')")
    sizes = """() => [...document.querySelectorAll('article mjx-container')].filter(f => f.style.fontSize).map(f => [
      parseFloat(getComputedStyle(f).fontSize) / parseFloat(getComputedStyle(f.parentElement).fontSize) * 100
        / parseFloat(f.dataset.size || f.style.fontSize), f.firstElementChild.offsetWidth > f.clientWidth + 1])"""
    scales = page.evaluate(sizes)
    assert min(scale for scale, _ in scales) == pytest.approx(0.8, abs=0.01)  # and no smaller
    assert all(scale < 0.81 for scale, scrolls in scales if scrolls)  # what scrolls was made as small as it may be
    assert any(0.81 < scale < 0.99 for scale, _ in scales)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("!document.querySelector('mjx-container.broad')")
    assert {round(scale, 2) for scale, _ in page.evaluate(sizes)} == {1.0}
