"""Numbers as people write them: one table, read by Python and by the page's script."""

import itertools
import math

import pytest

from mi_lab.teaching.checks import exercise as declared
from mi_lab.teaching.checks import show
from mi_lab.teaching.checks.form import html
from mi_lab.teaching.checks.numbers import read, shown
from mi_lab.teaching.checks.run import assess

COUNT, TRUTH, RHO = "critic-count", "mine-truth", "mi-bits"  # 11,501; .8304 nats; a correlation
TRUE, BITS = -math.log(1 - 0.81) / 2, -math.log2(1 - 0.81) / 2
# exercise, what is typed, words of what is said; "" where it is right
TABLE = [
    ("mine-truth", "0.8", "rounded too much"),
    *((COUNT, typed, "") for typed in ("11501", "11,501", "11 501", "11\u202f501", "11'501", "11’501", "11_501")),
    *((COUNT, typed, "") for typed in ("11501.", "11,501.0", "11.501,0", "1.1501e4", "1.1501·10⁴", "1.1501 x 10^4")),
    *((COUNT, typed, "") for typed in ("1.1501*10**4", "+11501", "= 11501", "23002/2", "11501 weights", "115.01×10²")),
    *((COUNT, typed, "") for typed in ("1150100 %", "11,501 parameters in all", "11.501e3")),
    (COUNT, "10,501", "one column each"),
    (COUNT, "10501", "one column each"),
    (COUNT, "12,501", "does “12,501” mean 12501 or 12.501?"),
    (COUNT, "1,234", "mean 1234 or 1.234"),
    (COUNT, "11.501", "11.501 is too small"),
    (COUNT, "1,234,567", "1234570 is too large"),
    (COUNT, "1.234.567", "1234570 is too large"),
    (COUNT, "0,501", "0.501 is too small"),
    (COUNT, "\u22123", "\u22123 is too small"),
    (COUNT, "2^3", "8 is too small"),
    (COUNT, "e^2", "7.38906 is too small"),
    (COUNT, "10^20", "1.00000e+20 is too large"),
    (COUNT, "1e-9", "1.00000e-9 is too small"),
    (COUNT, "11501 nats", "no unit: write it without “nats”"),
    (COUNT, "1e999", "a finite number"),
    (COUNT, "1/0", "a finite number"),
    (COUNT, "∞", "a finite number"),
    (COUNT, "infinite", "a finite number"),
    (COUNT, "nan", "a finite number"),
    *((COUNT, typed, "one number is wanted") for typed in ("many", "1 2", "1,2,3", "12,34,567", "3 or 4", "--3", "^2")),
    *((COUNT, typed, "one number is wanted") for typed in ("1..2", "2^^3", "1.2.3", "1/", "*3", "7 5/8/9", "1^1.2.3")),
    *((TRUTH, typed, "") for typed in ("0.8304", ".8304", "0,8304", ",8304", "0,830", "83.04 %", "83,04%")),
    *((TRUTH, typed, "") for typed in ("0.83 nats", "0.83 nat", "0.83nats", "830.4e-3", "8304·10⁻⁴", "8304*10^(-4)")),
    *(
        (TRUTH, typed, "")
        for typed in (f"{BITS:.4f} bits", f"{BITS:.4f} bit".replace(".", ","), "0.83 Nats, I think", "0.83 nats?")
    ),
    *((TRUTH, typed, "") for typed in ("8304/10000", "4152⁄5000", "0.8304 ", "\u00a00.8304")),
    (TRUTH, f"{BITS:.3f}", "bits"),
    (TRUTH, f"{BITS:.3f} nats", "bits"),
    (TRUTH, "0.83 bits", "0.575312 is too small"),
    (TRUTH, "\u22120.8304", "sign"),
    (TRUTH, "–0,8304", "sign"),
    (TRUTH, "0.85", "more digits"),
    (TRUTH, "0.83 nots", "which unit is “nots”"),
    (TRUTH, "1½", "1.5 is too large"),
    (TRUTH, "1 1/2", "1.5 is too large"),
    (TRUTH, "½", "0.5 is too small"),
    (TRUTH, "3/4", "0.75 is too small"),
    *((RHO, typed, "") for typed in ("0,9", "9/10", "90 %", "9·10⁻¹")),
]


@pytest.mark.parametrize(("name", "typed", "words"), TABLE)
def test_python_reads_it(name, typed, words):
    verdict = assess(name, typed)
    assert verdict.right == (words == ""), verdict
    assert words in verdict.hint


@pytest.mark.browser
def test_the_page_says_the_same_word_for_word(browser, tmp_path):
    names = sorted({name for name, _, _ in TABLE})
    forms = "".join(html(declared.find(name), first=k == 0) for k, name in enumerate(names))
    (tmp_path / "page.html").write_text(f'<!DOCTYPE html><meta charset="utf-8">{forms}', encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    for name, typed, _ in TABLE:
        form = page.locator(f"#check-{name}")
        form.locator("input").fill(typed)
        form.locator("button").click()
        verdict = assess(name, typed)
        said = form.locator(".mi-verdict").text_content()
        assert said == show.text(verdict), (name, typed)


def test_one_reading_that_is_right_settles_a_comma():
    task = declared.numeric("test-comma", "A comma", value=1.234, rtol=1e-6)
    try:
        assert assess("test-comma", "1,234").right
        assert assess("test-comma", "1.234").right
        assert not assess("test-comma", "1234").right
        assert "mean 2345 or 2.345" in assess("test-comma", "2,345").hint
    finally:
        declared.EXERCISES.pop(task.id)


def test_a_comma_in_python_makes_two_numbers_and_is_told_so():
    assert "two numbers, 11 and 501" in assess(COUNT, (11, 501)).hint
    assert not assess(COUNT, "").attempted


def test_what_is_shown_is_read_again_as_the_same_number():
    for power, digits in itertools.product(range(-12, 20), (1, 2.5, 123456)):
        for sign in (1, -1):
            x = sign * digits * 10.0**power
            (again,) = read(shown(x)).values
            assert again == pytest.approx(x, rel=1e-5)
