"""Pages for students and for the person who marks: they need no network, fit a phone, and say what they should."""

import re

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from tests.course import own
from tools.course.feedback import formulas
from tools.course.formgrading import Offline
from tools.course.grade import grade
from tools.course.make import make
from tools.course.settings import Course

LONG = r"Since $p_i\le 1$, $$H=" + "+".join(rf"p_{{{k}}}\log\frac1{{p_{{{k}}}}}" for k in range(1, 20)) + r"\ge 0 .$$"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course with one submission that holds a wide formula and a syntax error."""
    folder = tmp_path_factory.mktemp("looks")
    course = Course(folder / "course")
    make(course, own.source(folder / "source"))
    release = nbformat.read(course.folder("release", "entropy", "entropy.ipynb"), as_version=4)
    code = own.RIGHT.replace("(p):", "(p)")
    own.hand_in(folder / "in" / "ada" / "entropy" / "entropy.ipynb", own.solved(release, code, why=LONG))
    assert grade(course, folder / "in")["waiting"] == 1
    return course


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_a_feedback_page_fits_and_fetches_nothing(course, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto(course.folder("feedback", "ada", "entropy", "entropy.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(asked) == 1
    assert page.locator("math").count() == 2
    said = page.inner_text("body")
    assert said.count("has a syntax error") == 2  # at each test: neither says that a name is missing
    assert "Rubric" not in said
    page.close()


def test_formgrader_draws_formulas_and_rubrics_without_a_network(course):
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    path = course.folder("autograded", "ada", "entropy", "entropy.ipynb")
    resources = {"base_url": "", "notebook_id": "entropy", "index": 0, "total": 1, "assignment_id": "entropy"}
    plain, _ = HTMLExporter(config=config).from_filename(str(path), resources=dict(resources))
    page, _ = Offline(HTMLExporter(config=config)).from_filename(str(path), resources=dict(resources))
    assert re.search(r'src="https?://', plain)
    assert not re.search(r'src="(https?:)?//', page)
    assert page.count("<math") == 3  # two of the student's, one of the model answer
    assert page.index("H</mi>") < page.index('class="mi-rubric') < page.index("No probability exceeds")
    assert "window.MathJax = " in page  # nbgrader's script waits for it


@pytest.mark.parametrize("tex", ["$n'$", "$x'_j$", r"$\mathbb{E}_{P'}$"])
def test_a_prime_is_as_large_as_its_letter(tex):
    drawn = formulas(tex)
    assert "<mo lspace" in drawn
    assert "&#x02032;</mo></mrow>" in drawn
    assert "<mi>&#x02032;" not in drawn  # a raised one, which fonts without a script form draw as a dot
