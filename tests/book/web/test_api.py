"""The package's reference: every public name stands there with its docstring, and leads to the book and back."""

import re

import pytest
from bs4 import BeautifulSoup

from tools.book.api import docstring, linked, places, public, used
from tools.book.source import chapters

NAMES = sorted(places())
ESTIMATORS = [
    name
    for module in ("frontdoor", "counting", "objectives", "objectives.formulas", "trainers")
    for name in public()[module]
]


@pytest.fixture(scope="module")
def reference(built_book):
    return BeautifulSoup((built_book / "api.html").read_text(encoding="utf-8"), "html.parser")


def test_the_reference_knows_what_the_package_s_root_hands_out():
    import mi_lab

    assert mi_lab.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_stands_there_with_its_docstring(name, reference):
    signature = reference.find("dt", id=f"mi_lab.{name}")
    text = " ".join(signature.find_next_sibling("dd").get_text().split()).replace("−", "-")  # a minus on pages
    plain = re.split(r"`|:math:|\*\*|\n\n", docstring(name))[0].replace("'", "’")
    assert len(plain) > 6
    assert " ".join(plain.split()).replace("−", "-") in text


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_leads_to_its_chapter_or_equation(name, reference):
    body = reference.find("dt", id=f"mi_lab.{name}").find_next_sibling("dd")
    goals = [a["href"].split("#")[0].removesuffix(".html") for a in body.select("a.internal")]
    assert {page.doc for page in chapters() if page.number or page.doc == "practice"} & set(goals), goals


@pytest.mark.parametrize("page", [p for p in chapters() if p.number], ids=lambda p: p.doc)
def test_a_chapter_leads_to_the_names_it_uses(page, built_book):
    built = BeautifulSoup((built_book / f"{page.doc}.html").read_text(encoding="utf-8"), "html.parser")
    goals = {a["href"].split("#")[1] for a in built.select(".from-the-package a")}
    assert goals == {f"mi_lab.{name}" for name in used(page)}
    assert "mi_lab.check" in goals


def test_names_labels_and_sources_become_links_and_the_rest_stays():
    (line,) = linked(["See `nwj`, ``eq-nwj`` and `prop-mi-basic` (chapter 7, donsker1983): `x` or :math:`|x|_2`."])
    assert line == (
        "See :py:obj:`~mi_lab.nwj`, :eq:`eq-nwj` and :prf:ref:`prop-mi-basic` "
        "(chapter :doc:`7 </part2/07-mine>`, :cite:t:`donsker1983`): ``x`` or :math:`|x|_2`."
    )
