"""`check` itself: what it tolerates, what it names, when it gives up, how it marks, and the form on the page."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from mi_lab import check
from mi_lab.teaching.checks import coding
from mi_lab.teaching.checks import exercise as declared
from mi_lab.teaching.checks.form import cipher, html, mix
from mi_lab.teaching.checks.judge import sentence
from mi_lab.teaching.checks.observe import MOST_VALUES, Unusable, observe
from mi_lab.teaching.checks.run import assess

RNG = np.random.default_rng(0)


@pytest.fixture
def task():
    """Return a code exercise that exists for one test only: the mean of a vector, and its logarithm."""
    task = declared.code("test-mean", "A mean", seconds=1)

    @task.part("value")
    def _(answer, rng):
        return answer(rng.normal(3, 1, 20))

    task.reference(lambda x: x.mean())
    task.mistake("a sum where an average belongs.")(lambda x: x.sum())
    yield task
    declared.EXERCISES.pop("test-mean")
    coding._expected.cache_clear()


def nothing(x):
    mean = x.mean()
    mean * 1.0


def printing(x):
    print(x.mean())


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, torch.float32, torch.float64, float])
def test_shape_type_and_float_noise_are_tolerated(task, kind, shape):
    def answer(x):
        value = x.mean() * (1 + 1e-6)
        if kind is float:
            return float(value) if shape == () else [float(value)]
        return torch.full(shape, value, dtype=kind) if isinstance(kind, torch.dtype) else np.full(shape, value, kind)

    assert assess("test-mean", answer).right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: -x.mean(), "sign"),
        (lambda x: x.mean() / np.log(2), "bits"),
        (lambda x: x.mean() / np.log(10), "base 10"),
        (lambda x: np.exp(x.mean()), "logarithm missing"),
        (lambda x: x.sum(), "a sum where"),
        (lambda x: x, "missing is the average"),
        (lambda x: float("nan"), "not finite"),
        (lambda x: (x.mean(), "1"), "give back the first value alone"),
        (lambda x: {"a": 1.0, "b": 2.0}, "one number is wanted, your function gave two values"),
        (lambda x: "3", "number is wanted"),
        (lambda x: np.mean, "brackets"),
        (lambda x: 1j, "complex"),
        (lambda x: object(), "gave a object"),
        (lambda x: np.zeros(MOST_VALUES + 1), "far larger"),
        (lambda x: x.men(), "AttributeError"),
        (lambda: 0, "takes () but is called with 1 argument"),
        (lambda x, y: 0, "takes (x, y) but is called with 1 argument"),
        (3.0, "a function is wanted, yours is a number"),
        (nothing, "is a `return` missing"),
        (printing, "prints something but gives nothing back"),
        (lambda x: (x.mean(), None), "None"),
        (lambda x: 2 * x.mean(), "twice what is wanted"),
        (lambda x: x.mean() ** 2, "square"),
        (lambda x: 4.2, "for every input tried"),
        (lambda x: x.mean() + 0.5, "off by the same amount"),
        (lambda x: np.median(x), "too small|too large|close|not right yet|stays the same"),
    ],
)
def test_the_mistake_is_named(task, answer, words):
    verdict = assess("test-mean", answer)
    assert verdict.score == 0
    assert re.search(re.escape(words) if "|" not in words else words, verdict.hint), verdict.hint


@pytest.mark.parametrize("answer", [None, ..., lambda x: None, lambda x: ..., NotImplemented])
def test_what_is_not_attempted_is_said_so(task, answer, capsys):
    assert not assess("test-mean", answer).attempted
    check("test-mean", answer)
    assert "Not attempted yet" in capsys.readouterr().out


def test_raising_not_implemented_is_not_attempted(task):
    def answer(x):
        raise NotImplementedError

    assert not assess("test-mean", answer).attempted


def test_an_endless_answer_is_given_up_politely(task):
    def answer(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    start = time.monotonic()
    assert "endless loop" in assess("test-mean", answer).hint
    assert time.monotonic() - start < 10


def test_check_leaves_random_numbers_as_they_were(task):
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    wanted = np.random.random(), torch.rand(1)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    assess("test-mean", lambda x: np.random.random() + torch.rand(1).item())  # noqa: NPY002
    assert (np.random.random(), torch.rand(1)) == wanted  # noqa: NPY002


def test_a_hidden_test_fails_with_the_hint_and_gives_partial_credit(task):
    with pytest.raises(AssertionError, match="a sum where"):
        check("test-mean", np.sum, seed=3)
    assert check("test-mean", np.mean, seed=3) is None
    second = task.part("double", weight=3)(lambda answer, rng: 2 * answer(rng.normal(size=5)) + 1)
    assert second
    assert check("test-mean", np.mean, seed=3, points=8) == 8
    assert check("test-mean", lambda x: x.mean() if len(x) == 20 else 9, seed=3, points=8) == 2


def test_nobody_reads_the_solution_in_a_hint(task):
    verdict = assess("test-mean", lambda x: 17.0)
    right = np.random.default_rng([0, 0]).normal(3, 1, 20).mean()
    assert f"{right:.3g}" not in verdict.hint


def test_an_unknown_exercise_is_named_with_its_neighbour():
    with pytest.raises(ValueError, match="did you mean 'mine-loss'"):
        check("mine-los", 1)
    with pytest.raises(ValueError, match="a person marks"):
        check("mine-iid-proof", "text")


def test_two_exercises_cannot_share_a_name():
    with pytest.raises(ValueError, match="two exercises"):
        declared.text("mine-loss", "Another one")


def test_importing_the_checker_is_quick_and_leaves_torch_alone():
    code = (
        "import sys; from mi_lab.teaching.checks import exercise; exercise.everything(); print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert out.stdout.strip() == "False"


def test_estimators_do_not_import_the_checker():
    code = "import sys, mi_lab; [getattr(mi_lab, n) for n in mi_lab.__all__ if n != 'check']\n"
    code += "print('mi_lab.teaching.checks' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert out.stdout.strip() == "False"


def test_observations_are_plain_json():
    seen = observe({"a": torch.ones(2, 3, requires_grad=True), "b": (1, [2.0, 3.0]), "c": "text"})
    assert json.loads(json.dumps(seen)) == seen
    assert seen["a"]["shape"] == [2, 3]
    assert set(seen) == {"a", "b.0", "b.1", "c"}
    with pytest.raises(Unusable):
        observe({"a": object()})


def test_a_numeric_answer_is_read_in_any_form():
    for answer in (
        0.8304,
        np.float32(0.8304),
        torch.tensor(0.8304),
        [[0.8304]],
        torch.tensor([0.83], requires_grad=True),
    ):
        assert assess("mine-truth", answer).right
    assert "too small" in assess("mine-truth", 0.2).hint
    assert "one number" in assess("mine-truth", [0.8, 0.8]).hint


def test_several_choices_may_be_right():
    task = declared.choice("test-several", "Several", right="ac", reasons={"a": "A.", "b": "not B.", "c": "C."})
    try:
        assert assess("test-several", {"a", "c"}).right
        assert assess("test-several", "C, a").right
        assert "not all" in assess("test-several", "a").hint
        assert "not B" in assess("test-several", "abc").hint
        assert 'type="checkbox"' in html(task)
    finally:
        declared.EXERCISES.pop("test-several")


# ---- the form on the page ----


@pytest.mark.parametrize("name", ["mine-iid", "mine-truth"])
def test_the_form_shows_no_answer_and_runs_no_handlers(name):
    task = declared.find(name)
    page = html(task)
    for hint in getattr(task, "reasons", {}).values():
        assert hint not in page
    assert "0.83" not in page
    for forbidden in ("eval(", "Function(", "onclick", "onsubmit", "http://", "https://", "innerHTML"):
        assert forbidden not in page


def test_cipher_depends_on_the_key():
    assert cipher("a hint", "one") != cipher("a hint", "two")
    assert mix("mine-iid|c", 1) != mix("mine-iid|b", 1)


@pytest.mark.browser
def test_the_form_answers_by_mouse_and_keyboard_without_a_server(browser, tmp_path):
    tasks = [declared.find(name) for name in ("mine-iid", "mine-truth")]
    body = "".join(html(task, first=k == 0) for k, task in enumerate(tasks))
    file = tmp_path / "page.html"
    file.write_text(
        f'<!DOCTYPE html><html lang="en" data-theme="dark"><meta charset="utf-8">{body}</html>', encoding="utf-8"
    )
    page = browser.new_page()
    problems = []
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.goto(file.as_uri())
    choice, number = page.locator("#check-mine-iid"), page.locator("#check-mine-truth")
    said = choice.locator(".mi-verdict")
    choice.locator("button").click()
    assert "Choose first" in said.inner_text()
    for letter, reason in tasks[0].reasons.items():
        choice.locator(f"input[value={letter}]").check()
        choice.locator("button").click()
        assert reason[1:] in said.inner_text()
        assert said.get_attribute("data-right") == str(int(letter == tasks[0].right))
    field, said = number.locator("input"), number.locator(".mi-verdict")
    for typed, words, right in (
        ("0.8304", "Right", "1"),
        ("0,83 nats", "Right", "1"),
        ("1.198 bits", "Right", "1"),
        ("1.198", "bits", "0"),
        ("-.8304", "sign", "0"),
        ("1.6607", "twice", "0"),
        ("0.85", "more digits", "0"),
        ("7", "too large", "0"),
        ("much", "One number", "?"),
    ):
        field.focus()
        field.fill(typed)
        page.keyboard.press("Enter")
        assert words.lower() in said.inner_text().lower(), typed
        assert said.get_attribute("data-right") == right, typed
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    assert problems == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("h is no amount of information", "h is no amount of information"),
        ("n' is in the denominator", "n' is in the denominator"),
        ("ρ enters squared", "ρ enters squared"),
        ("t + t²/4 is the conjugate", "t + t²/4 is the conjugate"),
        ("log 128 is less than 5", "log 128 is less than 5"),
        ("f(0) is missing", "f(0) is missing"),
        ("x_ref has another shape", "x_ref has another shape"),
        ("np.log is natural", "np.log is natural"),
        ("a = ρ is a zero", "a = ρ is a zero"),
        ("a sum where an average\n  belongs", "A sum where an average belongs"),
        ("the numbers", "The numbers"),
        ("½ is missing", "½ is missing"),
        ("", ""),
    ],
)
def test_a_symbol_keeps_its_size(text, shown):
    assert sentence(text) == shown


def test_no_hint_of_the_book_turns_a_symbol_into_another():
    """Shown as it is in a notebook and on a page, no hint begins with a lone letter that its author did not write."""
    seen = 0
    for task in declared.everything().values():
        hints = [*getattr(task, "reasons", {}).values(), *getattr(task, "mistakes", {}).values()]
        for hint in hints + [hint for hint, _ in getattr(task, "answers", []) if hint]:
            first = sentence(hint).split(" ")[0].strip("'.,:²³")
            if len(first) == 1 and first.isalpha() and first not in "AI":
                assert hint.startswith(first), hint
                seen += 1
    assert seen > 5
